//! Load, check, compile, fit, ask: what the command line and the REPL both do, with its timings and warnings.

use std::path::Path;
use std::time::Instant;

use miette::{Diagnostic, Report};
use thiserror::Error;

use crate::check::{self, DataSummary};
use crate::compile::{CompileOptions, Compiled, GradientMode, compile};
use crate::data::{DataArg, Dataset};
use crate::inference::{self, FitOptions, Progress};
use crate::ir;
use crate::posterior::{
    Answer, DEFAULT_DRAWS, DataRecord, FittedCoordinate, Marginals, Posterior, Scope, Seconds, ask, summarise,
};
use crate::source::Source;
use crate::syntax::{self, Line, ast};

/// A model, its data, and how to compile them.
#[derive(Clone, Debug)]
pub struct Request {
    pub model: Source,
    pub data: Vec<DataArg>,
    /// Names of the data to leave out.
    pub drop: Vec<String>,
    pub gradient: GradientMode,
}

/// What a fit needs beyond the compiled model.
#[derive(Clone)]
pub struct FitRequest {
    pub options: FitOptions,
    /// Draws of the posterior.
    pub n_draws: usize,
}

impl Default for FitRequest {
    fn default() -> Self {
        FitRequest { options: FitOptions::default(), n_draws: DEFAULT_DRAWS }
    }
}

/// A model that has met its data.
pub struct Prepared {
    pub model: ir::Model,
    pub dataset: Dataset,
    pub record: DataRecord,
    pub compiled: Compiled,
    /// Lints and warnings of all phases so far, with the text they point into.
    pub warnings: Vec<Report>,
    pub seconds: Seconds,
}

/// A checked model, with what it was checked against.
pub struct Checked {
    pub syntax: ast::File,
    pub model: ir::Model,
    pub warnings: Vec<Report>,
}

#[derive(Debug, Error, Diagnostic)]
enum SessionError {
    #[error("cannot read {file}: {cause}")]
    #[diagnostic(code(vippl::model::unreadable), help("{help}"))]
    UnreadableModel { file: String, cause: std::io::Error, help: &'static str },

    #[error("statements cannot be typed at the prompt yet")]
    #[diagnostic(
        code(vippl::repl::not_supported_yet),
        help("write them in a model file and read it with `:load FILE`; `:help` lists what can be typed")
    )]
    Statements {
        #[source_code]
        source_code: miette::NamedSource<std::sync::Arc<str>>,
        #[label("a statement")]
        at: miette::SourceSpan,
    },
}

/// Reads a model file.
///
/// # Errors
/// If it cannot be read as UTF-8 text.
pub fn read_model(path: &Path) -> Result<Source, Report> {
    let file = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Source::new(file, text.strip_prefix('\u{feff}').unwrap_or(&text))),
        Err(cause) => {
            let help = match cause.kind() {
                std::io::ErrorKind::NotFound => "is the path right?",
                std::io::ErrorKind::InvalidData => "a model file is UTF-8 text",
                _ => "give the path of a model file",
            };
            Err(SessionError::UnreadableModel { file, cause, help }.into())
        }
    }
}

/// Parses and checks a model, against the data where there are some.
pub fn check(model: &Source, data: Option<&DataSummary>) -> Result<Checked, Report> {
    let syntax = syntax::parse(model)?;
    let checked = check::check(model, &syntax, data)?;
    let warnings = checked.lints.into_iter().map(|lint| warning(lint, model)).collect();
    Ok(Checked { syntax, model: checked.model, warnings })
}

/// Reads the data of a request.
pub fn read_data(data: &[DataArg], drop: &[String]) -> Result<(Dataset, DataRecord, Vec<Report>), Report> {
    let (dataset, warnings) = Dataset::load(data, drop)?;
    let files = data.iter().map(file_of).collect();
    let record = DataRecord::new(&dataset, files, drop.to_vec());
    Ok((dataset, record, warnings.into_iter().map(Report::new).collect()))
}

/// Reads, checks and compiles.
pub fn prepare(request: &Request) -> Result<Prepared, Report> {
    let start = Instant::now();
    let (dataset, record, mut warnings) = read_data(&request.data, &request.drop)?;
    let load = seconds_since(start);
    let start = Instant::now();
    let checked = check(&request.model, Some(&record.summary()))?;
    warnings.extend(checked.warnings);
    let options = CompileOptions { gradient: request.gradient };
    let compiled = compile(&checked.model, &dataset, &options)?;
    let seconds = Seconds { load, compile: seconds_since(start), ..Seconds::default() };
    Ok(Prepared { model: checked.model, dataset, record, compiled, warnings, seconds })
}

impl Prepared {
    /// Fits the model. `progress` hears of each iteration.
    pub fn fit(&self, request: &FitRequest, progress: &mut dyn FnMut(Progress)) -> Result<Posterior, Report> {
        let start = Instant::now();
        let density = &self.compiled.density;
        let fit = inference::fit(density, &request.options, progress)
            .map_err(|error| Report::new(error).with_source_code(self.model.source.named()))?;
        let quantities = self.compiled.quantities.clone();
        let family = "a fit is made by a family of the catalogue";
        let marginals = marginals(&fit).expect(family);
        let summarised = summarise(density, &quantities, &marginals, request.n_draws, |n| {
            fit.sample_unconstrained(n, fit.seed).expect(family)
        });
        let mut warnings: Vec<String> = self.warnings.iter().map(Report::to_string).collect();
        warnings.extend(fit.warnings.iter().cloned());
        warnings.extend(summarised.warnings);
        let fit_seconds = seconds_since(start);
        let phases = [self.seconds.load, self.seconds.compile, fit_seconds];
        let total = Some(phases.into_iter().flatten().sum());
        Ok(Posterior {
            model: self.model.source.clone(),
            data: self.record.clone(),
            quantities,
            coordinates: FittedCoordinate::all_of(density),
            training_constants: self.compiled.training_constants.clone(),
            evidence: self.compiled.evidence,
            fit,
            summaries: summarised.summaries,
            draws: summarised.draws,
            warnings,
            seconds: Seconds { fit: fit_seconds, total, ..self.seconds },
        })
    }

    pub fn scope(&self) -> Scope<'_> {
        Scope { model: &self.model, dataset: Some(&self.dataset) }
    }
}

/// The model of a fit that was read from a file, checked against what is known of its data.
pub fn recheck(posterior: &Posterior) -> Result<ir::Model, Report> {
    Ok(check(&posterior.model, Some(&posterior.data.summary()))?.model)
}

/// Answers a line typed at the prompt.
pub fn answer(posterior: &Posterior, scope: Scope<'_>, line: &str) -> Result<Answer, Report> {
    let source = Source::new("prompt", line);
    ask(posterior, scope, &source, &expression(&source)?)
}

/// The expression that a line holds.
pub fn expression(source: &Source) -> Result<ast::Expr, Report> {
    match syntax::parse_line(source)? {
        Line::Expression(expr) => Ok(expr),
        Line::Statements(file) => {
            let span = file.statements.first().map(|statement| statement.span).unwrap_or_default();
            Err(SessionError::Statements { source_code: source.named(), at: span.into() }.into())
        }
    }
}

/// Mean and sd of each coordinate under q; a point estimate is its value with sd 0.
fn marginals(fit: &inference::Fit) -> Option<Marginals> {
    let (latent_mean, latent_sd) = fit.marginals()?;
    let dim = fit.latent.len() + fit.point_estimated.len();
    let (mut mean, mut sd) = (vec![0.0; dim], vec![0.0; dim]);
    for (k, &i) in fit.latent.iter().enumerate() {
        (mean[i], sd[i]) = (latent_mean[k], latent_sd[k]);
    }
    for (theta, &i) in fit.theta.iter().zip(&fit.point_estimated) {
        mean[i] = *theta;
    }
    Some(Marginals { mean, sd })
}

/// A lint or warning with the model text it points into.
fn warning(warning: impl Diagnostic + Send + Sync + 'static, model: &Source) -> Report {
    Report::new(warning).with_source_code(model.named())
}

fn file_of(data: &DataArg) -> String {
    match data {
        DataArg::File(path) => path.display().to_string(),
        DataArg::Named { name, path } => format!("{name}={}", path.display()),
    }
}

fn seconds_since(start: Instant) -> Option<f64> {
    Some(start.elapsed().as_secs_f64())
}
