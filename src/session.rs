//! Load, check, compile, fit, ask: what the command line and the REPL both do, with its timings and warnings.

mod calibrate;
mod count;
mod distrust;
mod evidence;
mod failed;
mod fit;
mod formulas;
mod impute;
mod loo;
mod observables;
mod sample;

use std::path::Path;
use std::time::Instant;

use miette::{Diagnostic, Report, Severity};
use thiserror::Error;

use crate::check::{self, DataSummary};
use crate::compile::{CompileOptions, Compiled, Quantity, VariableReport, compile};
use crate::data::{DataArg, Dataset};
use crate::density::{LogDensity, TermKind};
use crate::formula::Rewritten;
use crate::ir;
use crate::posterior::{
    Answer, DataRecord, FittedCoordinate, Method, Posterior, Reported, Scope, Seconds, StatesFound, Verdict,
    ask, find_states, fit_file,
};
use crate::source::Source;
use crate::syntax::{self, Line, ast};

use failed::{with_help_on_data, with_warnings};

pub use calibrate::{CalibrationProgress, CalibrationRequest, Subject};
pub use count::count;
pub use evidence::EvidenceChoice;
pub use failed::in_order;
pub use fit::FitRequest;
pub use formulas::expand;
pub use observables::unlike;
pub use sample::SampleRequest;

/// Names of the data that a warning lists; the others are counted.
const MAX_NAMED: usize = 8;

/// A model, its data, and how to compile them.
#[derive(Clone, Debug)]
pub struct Request {
    pub model: Source,
    pub data: Vec<DataArg>,
    /// Names of the data to leave out.
    pub drop: Vec<String>,
    pub compile: CompileOptions,
}

/// A model that has met its data.
pub struct Prepared {
    pub model: ir::Model,
    pub dataset: Dataset,
    pub record: DataRecord,
    pub compiled: Compiled,
    /// Warnings of all phases so far, with the text they point into.
    pub warnings: Vec<Report>,
    /// Lints that are worth a word when somebody asks (`vippl check`), not before every fit.
    pub advice: Vec<Report>,
    pub seconds: Seconds,
    /// Where the plain program comes from, where there are formulas.
    rewritten: Option<Rewritten>,
}

/// A checked model, with what it was checked against.
pub struct Checked {
    /// Of the plain program, where there are formulas.
    pub model: ir::Model,
    pub warnings: Vec<Report>,
    /// Where the plain program comes from, where there are formulas.
    rewritten: Option<Rewritten>,
}

#[derive(Debug, Error, Diagnostic)]
enum SessionError {
    #[error("cannot read {file}: {cause}")]
    #[diagnostic(code(vippl::model::unreadable), help("{help}"))]
    UnreadableModel { file: String, cause: std::io::Error, help: &'static str },

    #[error("{file} looks like {found}, not like a model")]
    #[diagnostic(code(vippl::model::another_kind), help("{help}"))]
    NotAModel { file: String, found: &'static str, help: &'static str },

    #[error("the model has no `~`: nothing to fit")]
    #[diagnostic(
        code(vippl::fit::nothing_to_fit),
        help("say what is random, for example `y ~ Normal(mu, 1)`")
    )]
    NothingToFit,

    #[error("the data are not those of the fit: {difference}")]
    #[diagnostic(
        code(vippl::repl::other_data),
        help("give the data of the fit, or the model in place of the fit file: `:load MODEL`, then `:fit`")
    )]
    OtherData { difference: String },

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
        Ok(text) => match another_kind(path, &text) {
            Some((found, help)) => Err(SessionError::NotAModel { file, found, help }.into()),
            None => Ok(Source::new(file, text.strip_prefix('\u{feff}').unwrap_or(&text))),
        },
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

/// What a file is instead of a model, as far as its name and its beginning tell, and what to do with it.
fn another_kind(path: &Path, text: &str) -> Option<(&'static str, &'static str)> {
    let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
    match extension.as_ref().and_then(|extension| extension.to_str()) {
        Some("csv" | "tsv") => Some(("a data file", DATA_HELP)),
        _ if text.trim_start().starts_with('{') && fit_file::is_fit(path) => {
            Some(("a fit file", "`vippl summary FIT` shows it; `vippl repl FIT` answers questions about it"))
        }
        Some("json") => Some(("a data file", DATA_HELP)),
        _ => None,
    }
}

const DATA_HELP: &str = "give the model first, then the data: `vippl fit MODEL --data FILE`";

/// Parses and checks a model, against the data where there are some.
///
/// Formulas are expanded with what is known of the data: without a data set their columns are taken for numbers.
pub fn check(
    model: &Source,
    data: Option<&DataSummary>,
    dataset: Option<&Dataset>,
) -> Result<Checked, Report> {
    let syntax = syntax::parse(model)?;
    let Some(expansion) = formulas::expansion(model, &syntax, dataset)? else {
        let checked = check::check(model, &syntax, data)?;
        let warnings = checked.lints.into_iter().map(|lint| warning(lint, model)).collect();
        return Ok(Checked { model: checked.model, warnings, rewritten: None });
    };
    let plain = &expansion.rewritten.source;
    let located = |report: Report| formulas::located(report, &expansion.rewritten);
    let syntax = syntax::parse(plain).map_err(|errors| located(errors.into()))?;
    let checked = check::check(plain, &syntax, data).map_err(|errors| located(errors.into()))?;
    let is_own = |report: &Report| formulas::is_about_own_text(report, &expansion.rewritten);
    let lints = checked.lints.into_iter().map(|lint| warning(lint, plain)).filter(is_own);
    let mut warnings: Vec<Report> = lints.map(located).collect();
    warnings.extend(expansion.advice.iter().cloned().map(|advice| warning(advice, model)));
    if let Some(dataset) = dataset {
        let doubts = formulas::doubts(&expansion, &checked.model, dataset)?;
        warnings.extend(doubts.into_iter().map(|doubt| warning(doubt, model)));
    }
    Ok(Checked { model: checked.model, warnings, rewritten: Some(expansion.rewritten) })
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
    let data = read_data(&request.data, &request.drop)?;
    let load = seconds_since(start);
    let mut prepared = bind(&request.model, data, &request.compile)?;
    prepared.seconds.load = load;
    Ok(prepared)
}

/// Checks and compiles, with data that a program made.
pub fn prepare_in_memory(
    model: &Source,
    dataset: Dataset,
    options: &CompileOptions,
) -> Result<Prepared, Report> {
    let record = DataRecord::new(&dataset, Vec::new(), Vec::new());
    bind(model, (dataset, record, Vec::new()), options)
}

fn bind(
    model: &Source,
    (dataset, record, mut warnings): (Dataset, DataRecord, Vec<Report>),
    options: &CompileOptions,
) -> Result<Prepared, Report> {
    let start = Instant::now();
    let explained = |error: Report| if dataset.is_empty() { with_help_on_data(error) } else { error };
    let checked = match check(model, Some(&record.summary()), Some(&dataset)) {
        Ok(checked) => checked,
        Err(error) => return Err(with_warnings(explained(error), warnings)),
    };
    let is_advice = |report: &Report| report.severity() == Some(Severity::Advice);
    let (advice, lints): (Vec<Report>, Vec<Report>) = checked.warnings.into_iter().partition(is_advice);
    warnings.extend(lints);
    let compiled = match compile(&checked.model, &dataset, options) {
        Ok(compiled) => compiled,
        Err(errors) => {
            let error = match &checked.rewritten {
                Some(rewritten) => formulas::located(errors.into(), rewritten),
                None => errors.into(),
            };
            return Err(with_warnings(explained(error), warnings));
        }
    };
    let seconds = Seconds { compile: seconds_since(start), ..Seconds::default() };
    let Checked { model, rewritten, .. } = checked;
    Ok(Prepared { model, dataset, record, compiled, warnings, advice, seconds, rewritten })
}

impl Prepared {
    pub fn scope(&self) -> Scope<'_> {
        Scope { model: &self.model, dataset: Some(&self.dataset) }
    }

    /// What is reported, with what is known of the model whatever the method; its warnings are those of states and imputed entries.
    fn posterior(
        &self,
        quantities: Vec<Quantity>,
        method: Method,
        Reported { basis, summaries, draws, points }: Reported,
        verdicts: Vec<Verdict>,
    ) -> Posterior {
        let mut posterior = Posterior {
            model: self.model.source.clone(),
            data: self.record.clone(),
            quantities,
            coordinates: FittedCoordinate::all_of(&self.compiled.density),
            training_constants: self.compiled.training_constants.clone(),
            evidence: self.compiled.evidence,
            is_split: self.compiled.is_split,
            method,
            summaries,
            verdicts,
            basis,
            draws,
            states: Vec::new(),
            loo: None,
            warnings: Vec::new(),
            approximation_warnings: Vec::new(),
            seconds: self.seconds,
        };
        let Compiled { density, summed_out, .. } = &self.compiled;
        let found = find_states(&posterior, density, summed_out, &points);
        let (drawn, others): (Vec<_>, Vec<_>) = found.into_iter().partition(StatesFound::has_draws);
        drawn.into_iter().for_each(|found| posterior.add_states(found));
        let not_imputed = self.impute(&mut posterior, &points);
        posterior.warnings.extend(not_imputed);
        others.into_iter().for_each(|found| posterior.add_states(found));
        posterior
    }

    /// Warnings that do not depend on how the posterior is found.
    fn own_warnings(&self) -> Vec<String> {
        let said = self.warnings.iter().map(Report::to_string);
        said.chain(self.nothing_observed()).chain(self.without_a_value()).collect()
    }

    /// Warnings of definitions that are not finite whatever the latents are: a table of the posterior has no line for them.
    fn without_a_value(&self) -> impl Iterator<Item = String> + '_ {
        self.compiled.variables.iter().filter_map(|variable| {
            let value = variable.not_finite?;
            let what = if value.is_nan() { "is not a number" } else { "is infinite" };
            let text = variable.distribution.as_ref().map(|text| format!(", `{text}`,")).unwrap_or_default();
            Some(format!(
                "`{}`{text} {what}, whatever the latents are: there is nothing to summarise",
                variable.name
            ))
        })
    }

    /// A warning where no statement holds data: usually a name in the model is spelt otherwise in the data.
    fn nothing_observed(&self) -> Option<String> {
        let statements = self.compiled.density.statements();
        let is_observed = |variable: &VariableReport| variable.role == ir::Role::Observed;
        if statements.iter().any(|statement| statement.kind != TermKind::Prior)
            || self.compiled.variables.iter().any(is_observed)
        {
            return None;
        }
        let is_used = |name: &str| self.compiled.variables.iter().any(|variable| variable.name == name);
        let unused: Vec<String> =
            self.dataset.names().filter(|name| !is_used(name)).map(|name| format!("`{name}`")).collect();
        let names = match unused.as_slice() {
            [] => String::new(),
            names if names.len() > MAX_NAMED => {
                format!(
                    "; unused columns: {} and {} more",
                    names[..MAX_NAMED].join(", "),
                    names.len() - MAX_NAMED
                )
            }
            names => format!("; unused columns: {}", names.join(", ")),
        };
        Some(format!("nothing is observed: these are draws from the prior{names}"))
    }
}

/// The model of a fit that was read from a file, checked against what is known of its data.
pub fn recheck(posterior: &Posterior) -> Result<ir::Model, Report> {
    Ok(check(&posterior.model, Some(&posterior.data.summary()), None)?.model)
}

/// The same, checked against data that are to be those of the fit, with these data and their warnings.
pub fn recheck_with_data(
    posterior: &Posterior,
    data: &[DataArg],
    drop: &[String],
) -> Result<(ir::Model, Dataset, Vec<Report>), Report> {
    let (dataset, record, warnings) = read_data(data, drop)?;
    if let Some(difference) = posterior.data.difference(&dataset) {
        return Err(SessionError::OtherData { difference }.into());
    }
    Ok((check(&posterior.model, Some(&record.summary()), Some(&dataset))?.model, dataset, warnings))
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

#[cfg(test)]
mod tests;
