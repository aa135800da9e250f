//! Load, check, compile, fit, ask: what the command line and the REPL both do, with its timings and warnings.

mod loo;
mod sample;

use std::fmt;
use std::path::Path;
use std::time::Instant;

use miette::{Diagnostic, LabeledSpan, Report, Severity, SourceCode};
use thiserror::Error;

use crate::check::{self, DataSummary};
use crate::compile::{CompileOptions, Compiled, VariableReport, compile};
use crate::data::{DataArg, Dataset};
use crate::density::{LogDensity, TermKind};
use crate::inference::{self, FitOptions, Progress, Weighted};
use crate::ir;
use crate::posterior::{
    Answer, DEFAULT_DRAWS, DataRecord, FittedCoordinate, Judged, Marginals, Method, Posterior, Scope,
    Seconds, Verdict, Witnesses, ask, fit_file, judge, summarise,
};
use crate::source::Source;
use crate::syntax::{self, Line, ast};

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

/// What a fit needs beyond the compiled model.
#[derive(Clone)]
pub struct FitRequest {
    pub options: FitOptions,
    /// Draws of the posterior.
    pub n_draws: usize,
    /// Whether each observation is left out in turn, for comparing models.
    pub loo: bool,
}

impl Default for FitRequest {
    fn default() -> Self {
        FitRequest { options: FitOptions::default(), n_draws: DEFAULT_DRAWS, loo: false }
    }
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

    #[error("{file} looks like {found}, not like a model")]
    #[diagnostic(code(vippl::model::another_kind), help("{help}"))]
    NotAModel { file: String, found: &'static str, help: &'static str },

    #[error("the model has no `~`: nothing to fit")]
    #[diagnostic(
        code(vippl::fit::nothing_to_fit),
        help("say what is random, for example `y ~ Normal(mu, 1)`")
    )]
    NothingToFit,

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
    // A name that nobody defines, or a latent where there should be data, is most often in data that were not given.
    let without_data = |error: Report| {
        if dataset.is_empty() && wants_data(error.as_ref()) {
            Failed { error, warnings: Vec::new(), help: Some(NO_DATA_HELP) }.into()
        } else {
            error
        }
    };
    let checked = match check(model, Some(&record.summary())) {
        Ok(checked) => checked,
        Err(error) => return Err(with_warnings(without_data(error), warnings)),
    };
    let is_advice = |report: &Report| report.severity() == Some(Severity::Advice);
    let (advice, lints): (Vec<Report>, Vec<Report>) = checked.warnings.into_iter().partition(is_advice);
    warnings.extend(lints);
    let compiled = match compile(&checked.model, &dataset, options) {
        Ok(compiled) => compiled,
        Err(errors) => return Err(with_warnings(without_data(errors.into()), warnings)),
    };
    let seconds = Seconds { compile: seconds_since(start), ..Seconds::default() };
    Ok(Prepared { model: checked.model, dataset, record, compiled, warnings, advice, seconds })
}

impl Prepared {
    /// Fits the model. `progress` hears of each iteration.
    pub fn fit(&self, request: &FitRequest, progress: &mut dyn FnMut(Progress)) -> Result<Posterior, Report> {
        let start = Instant::now();
        let density = &self.compiled.density;
        if density.statements().is_empty() {
            return Err(SessionError::NothingToFit.into());
        }
        let fitted = inference::fit(density, &request.options, progress)
            .map_err(|error| Report::new(error).with_source_code(self.model.source.named()))?;
        let fit = &fitted.fit;
        let mut quantities = self.compiled.quantities.clone();
        if let Some(other) = fit.centring.as_ref().and_then(|centring| density.recentred(centring)) {
            quantities = quantities.iter().map(|quantity| quantity.recentred(&*other)).collect();
        }
        let family = "a fit is made by a family of the catalogue";
        let marginals = marginals(fit).expect(family);
        let mut beyond = None;
        let summarised = summarise(density, &quantities, &marginals, request.n_draws, |n| {
            let z = fit.sample(density, n, fit.seed).expect(family);
            beyond = outside(density, &z, n);
            z
        });
        let mut warnings: Vec<String> = self.warnings.iter().map(Report::to_string).collect();
        warnings.extend(self.nothing_observed());
        warnings.extend(self.without_a_value());
        warnings.extend(fit.warnings.iter().cloned());
        if !fit.warnings.iter().any(|warning| warning.contains(BEYOND)) {
            warnings.extend(beyond);
        }
        warnings.extend(summarised.warnings.iter().cloned());
        let mut judged = match &fitted.weighted {
            None => Judged::unheard(summarised.clone()),
            Some(weighted) => {
                let sound = if weighted.is_sound() { Witnesses::Weights(weighted) } else { Witnesses::None };
                judge(density, &summarised, sound, fit.seed)
            }
        };
        let fit_seconds = seconds_since(start);
        let (mut audit_seconds, mut heard_chains) = (None, None);
        if judged.worst() == Some(Verdict::Distrust) {
            let audit_start = Instant::now();
            if let Some(chains) = inference::audit(density, &fitted) {
                let heard = judge(density, &summarised, Witnesses::Chains(&chains), fit.seed);
                let is_sound = fitted.weighted.as_ref().is_some_and(Weighted::is_sound);
                if !is_sound || heard.n_distrusted() < judged.n_distrusted() {
                    judged = heard;
                    heard_chains = Some(chains);
                }
            }
            audit_seconds = seconds_since(audit_start);
        }
        warnings.extend(self.distrust(&judged, fit));
        let (loo, loo_seconds) = match request.loo {
            true => self.leave_out_of_fit(fitted.weighted.as_ref(), heard_chains.as_ref()),
            false => (None, None),
        };
        let phases = [self.seconds.load, self.seconds.compile, fit_seconds, audit_seconds, loo_seconds];
        let total = Some(phases.into_iter().flatten().sum());
        Ok(Posterior {
            model: self.model.source.clone(),
            data: self.record.clone(),
            quantities,
            coordinates: FittedCoordinate::all_of(density),
            training_constants: self.compiled.training_constants.clone(),
            evidence: self.compiled.evidence,
            method: Method::Variational(Box::new(fitted.fit)),
            summaries: judged.summaries,
            verdicts: judged.verdicts,
            basis: judged.basis,
            draws: judged.draws,
            loo,
            warnings,
            seconds: Seconds {
                fit: fit_seconds,
                audit: audit_seconds,
                loo: loo_seconds,
                total,
                ..self.seconds
            },
        })
    }

    /// A warning that names what is trusted least, where it comes from, and what might help.
    fn distrust(&self, judged: &Judged, fit: &inference::Fit) -> Option<String> {
        let (row, why) = judged.complaint.as_ref()?;
        let quantity =
            self.compiled.quantities.iter().find(|q| (q.offset..q.offset + q.len()).contains(row))?;
        let name = quantity.element_name(row - quantity.offset);
        let others = match judged.n_distrusted() {
            0 | 1 => String::new(),
            2 => " and one more".to_string(),
            n => format!(" and {} more", n - 1),
        };
        let density = &self.compiled.density;
        let coordinate = density.coordinates().iter().find(|c| c.name == name);
        let statement = coordinate.map(|c| density.statements()[c.statement].text.clone());
        let statement = statement.map(|text| format!(" (`{text}`)")).unwrap_or_default();
        let as_written = fit.centring.is_none() && !density.recentrable().is_empty();
        let help = if as_written { "; `--centring learned` may help" } else { "" };
        Some(format!("do not trust `{name}`{statement}{others}: {why}{help}"))
    }

    pub fn scope(&self) -> Scope<'_> {
        Scope { model: &self.model, dataset: Some(&self.dataset) }
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

/// How the warnings about draws without a finite density end.
const BEYOND: &str = "q reaches beyond where the model is defined";
/// Observed elements times draws up to which the density of each posterior draw is looked at.
const MAX_LOOKED_AT: usize = 1 << 24;
/// Points of one call.
const LANES: usize = 64;

/// A warning where some of the `n` draws `z[D][n]` have no finite density.
fn outside(density: &dyn LogDensity, z: &[f64], n: usize) -> Option<String> {
    if n == 0 || (density.n_pointwise() + density.dim()).saturating_mul(n) > MAX_LOOKED_AT {
        return None;
    }
    let mut n_outside = 0;
    for first in (0..n).step_by(LANES) {
        let lanes = LANES.min(n - first);
        let batch: Vec<f64> =
            z.chunks_exact(n).flat_map(|row| row[first..first + lanes].iter().copied()).collect();
        let mut values = vec![0.0; lanes];
        density.value(lanes, &batch, &mut values);
        n_outside += values.iter().filter(|value| !value.is_finite()).count();
    }
    (n_outside > 0).then(|| format!("{n_outside} of {n} draws from q have no finite density: {BEYOND}"))
}

/// A lint or warning with the model text it points into.
fn warning(warning: impl Diagnostic + Send + Sync + 'static, model: &Source) -> Report {
    Report::new(warning).with_source_code(model.named())
}

const NO_DATA_HELP: &str = "no data were given: `--data FILE`, at the prompt `:data FILE`";

/// Ends of the codes of errors about names that data give, and about latents where there should be data.
const ABOUT_DATA: [&str; 7] = [
    "::unknown_name",
    "::order",
    "::data_only",
    "::check::index",
    "::compile::elimination",
    "::compile::data_only",
    "::compile::latent",
];

/// Whether an error, or one of several, would not be one had data been given.
fn wants_data(error: &dyn Diagnostic) -> bool {
    error.code().is_some_and(|code| {
        let code = code.to_string();
        ABOUT_DATA.iter().any(|end| code.ends_with(end))
    }) || error.related().is_some_and(|mut related| related.any(wants_data))
}

/// An error that comes together with the warnings before it: they often say why.
fn with_warnings(error: Report, warnings: Vec<Report>) -> Report {
    if warnings.is_empty() { error } else { Failed { error, warnings, help: None }.into() }
}

/// What to show for a report, in this order: the warnings that came before an error, and the error.
pub fn in_order(report: &Report) -> Vec<&dyn Diagnostic> {
    let warnings = report.downcast_ref::<Failed>().map_or(&[][..], |failed| &failed.warnings);
    warnings.iter().chain([report]).map(|report| -> &dyn Diagnostic { report.as_ref() }).collect()
}

/// An error with what is known beyond it: warnings that came before it, a help beside its own.
#[derive(Debug)]
struct Failed {
    error: Report,
    warnings: Vec<Report>,
    help: Option<&'static str>,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Failed {}

impl Diagnostic for Failed {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.error.code()
    }

    fn severity(&self) -> Option<Severity> {
        self.error.severity()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        match (self.error.help(), self.help) {
            (Some(own), Some(more)) => Some(Box::new(format!("{own}\n{more}"))),
            (own, more) => own.or(more.map(|more| -> Box<dyn fmt::Display> { Box::new(more) })),
        }
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.error.source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.error.labels()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        self.error.related()
    }
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
mod tests {
    use super::*;
    use crate::posterior::AnswerKind;
    use crate::posterior::testing::posterior;
    use crate::posterior::{Summary, mean_sd, quantile_in_place};

    fn asked(line: &str) -> Result<(Posterior, Answer), Report> {
        let posterior = posterior(4000);
        let model = recheck(&posterior).expect("the toy model is right");
        let scope = Scope { model: &model, dataset: None };
        let answer = answer(&posterior, scope, line)?;
        Ok((posterior, answer))
    }

    /// Values and errors of an answer that is a number or an array of them.
    fn fixed(line: &str) -> (Vec<f64>, Option<Vec<f64>>) {
        match asked(line).unwrap_or_else(|report| panic!("{line}: {report:?}")).1.kind {
            AnswerKind::Fixed { values, errors } => (values, errors),
            other => panic!("{line}: {other:?}"),
        }
    }

    fn random(line: &str) -> (Vec<String>, Vec<Summary>) {
        let answer = asked(line).unwrap_or_else(|report| panic!("{line}: {report:?}")).1;
        match answer.kind {
            AnswerKind::Random(summaries) => (answer.names, summaries),
            other => panic!("{line}: {other:?}"),
        }
    }

    fn code(line: &str) -> String {
        let report = asked(line).err().unwrap_or_else(|| panic!("{line} has an answer"));
        report.code().map(|code| code.to_string()).unwrap_or_default()
    }

    #[test]
    fn quantities_and_their_elements_agree_with_the_table() {
        let posterior = posterior(4000);
        assert_eq!(random("mu").1, posterior.summaries[..1]);
        let (names, summaries) = random("alpha");
        assert_eq!(names, ["alpha[AITKIN]", "alpha[HENNEPIN]"]);
        assert_eq!(summaries, posterior.summaries[2..4]);
        for line in ["alpha[\"HENNEPIN\"]", "alpha[2]", "(alpha)[1 + 1]"] {
            let (names, summaries) = random(line);
            assert_eq!(
                (names, summaries.as_slice()),
                (vec!["alpha[HENNEPIN]".into()], &posterior.summaries[3..4])
            );
        }
        let table = &posterior.summaries[3];
        assert_eq!(fixed("mean(alpha[\"HENNEPIN\"])"), (vec![table.mean.unwrap()], Some(vec![0.0])));
        assert_eq!(fixed("mean(alpha)[\"HENNEPIN\"]").0, vec![table.mean.unwrap()]);
        assert_eq!(fixed("sd(alpha[2])").0, vec![table.sd.unwrap()]);
        assert_eq!(fixed("median(alpha[2])").0, vec![table.q50.unwrap()]);
        assert_eq!(fixed("quantile(alpha[2], 0.95)"), (vec![table.q95.unwrap()], Some(vec![0.0])));
    }

    #[test]
    fn expressions_are_taken_in_each_draw() {
        let posterior = posterior(4000);
        let (mu, tau) = (posterior.draws.row(0), posterior.draws.row(1));
        let by_hand: Vec<f64> = mu.iter().zip(tau).map(|(mu, tau)| mu / tau - 1.0).collect();
        let (names, summaries) = random("mu / tau - 1");
        assert_eq!(names, [""]);
        assert_eq!(summaries, [Summary::of_draws(&by_hand)]);
        let (mean, sd) = mean_sd(&by_hand);
        let n = by_hand.len() as f64;
        assert_eq!(fixed("mean(mu / tau - 1)"), (vec![mean], Some(vec![sd / n.sqrt()])));
        assert_eq!(fixed("sd(mu / tau - 1)").0, [sd]);
        assert_eq!(fixed("var(mu / tau - 1)").0, [sd * sd]);
        assert_eq!(fixed("quantile(mu / tau - 1, 0.3)").0, [quantile_in_place(&mut by_hand.clone(), 0.3)]);
        // The deterministic quantity and its definition are the same numbers.
        assert_eq!(random("total - mu - tau").1[0].sd.map(|sd| sd < 1e-12), Some(true));
    }

    #[test]
    fn probabilities_count_draws() {
        let posterior = posterior(4000);
        let (mu, tau) = (posterior.draws.row(0), posterior.draws.row(1));
        let share = mu.iter().zip(tau).filter(|(mu, tau)| mu > tau).count() as f64 / 4000.0;
        let (values, errors) = fixed("P(mu > tau)");
        assert_eq!(values, [share]);
        let error = errors.unwrap()[0];
        assert!((error - (share * (1.0 - share) / 4000.0).sqrt()).abs() < 1e-5);
        let (both, _) = fixed("P(alpha > 0.1)");
        assert_eq!(both.len(), 2);
        assert!(both[0] > 0.8 && both[1] < 0.1, "{both:?}");
        // Never is not known for certain from 4000 draws.
        let (never, errors) = fixed("P(tau < 0)");
        assert_eq!(never, [0.0]);
        assert!(errors.unwrap()[0] > 0.0);
        assert_eq!(fixed("P(mu > tau && !(mu > tau))").0, [0.0]);
    }

    #[test]
    fn summaries_stand_within_arithmetic() {
        let posterior = posterior(4000);
        let mu = posterior.summaries[0];
        assert_eq!(fixed("mean(mu) / sd(mu)"), (vec![mu.mean.unwrap() / mu.sd.unwrap()], None));
        let centred = random("alpha - mean(alpha)").1;
        assert!(centred.iter().all(|summary| summary.mean.unwrap().abs() < 0.01), "{centred:?}");
        assert_eq!(fixed("P(mu > mean(mu))").0[0], fixed("P(mu - mean(mu) > 0)").0[0]);
        assert_eq!(fixed("mean(alpha)[2] - mean(alpha[2])").0, [0.0]);
        // With a named argument, a function of the language in each draw.
        let inner = random("mean(alpha, axis = 1)").1[0];
        let outer = fixed("mean(alpha)").0;
        assert!((inner.mean.unwrap() - (outer[0] + outer[1]) / 2.0).abs() < 0.01);
    }

    #[test]
    fn several_quantiles_are_a_table() {
        let (posterior, answer) = asked("quantile(alpha, [0.05, 0.95])").unwrap();
        let AnswerKind::Quantiles { probabilities, values, .. } = answer.kind else { panic!("{answer:?}") };
        assert_eq!(probabilities, [0.05, 0.95]);
        let expected = posterior.summaries[2..4].iter().flat_map(|s| [s.q05.unwrap(), s.q95.unwrap()]);
        assert_eq!(values, expected.collect::<Vec<_>>());
    }

    #[test]
    fn what_has_no_posterior_is_itself() {
        assert_eq!(fixed("1 + 2 * 3"), (vec![7.0], None));
        assert_eq!(fixed("mean([1, 2, 6])"), (vec![3.0], None));
        assert_eq!(fixed("P(2 > 1)").0, [1.0]);
    }

    #[test]
    fn questions_without_an_answer_say_why() {
        for (line, expected) in [
            ("P(mu)", "vippl::ask::condition"),
            ("P(mu > 0, 1)", "vippl::ask::arity"),
            ("median()", "vippl::ask::arity"),
            ("quantile(mu)", "vippl::ask::arity"),
            ("quantile(mu, 2)", "vippl::ask::probability"),
            ("quantile(mu, tau)", "vippl::ask::probability"),
            ("nu", "vippl::check::unknown_name"),
            ("mean(nu)", "vippl::check::unknown_name"),
            ("P(nu > 0)", "vippl::check::unknown_name"),
            ("mu = 3", "vippl::repl::not_supported_yet"),
        ] {
            assert_eq!(code(line), expected, "{line}");
        }
        for line in ["alpha[3]", "alpha[\"X\"]", "mu +* 2", "y", "Normal(0, 1)", "(", "mu[1]", "alpha[mu]"] {
            assert!(asked(line).is_err(), "{line}");
        }
    }
}
