//! Default priors, and what replaces them.

use super::error::FormulaError;
use super::scale::Scale;
use super::terms::did_you_mean;
use crate::source::{Source, Span};
use crate::syntax::ast::*;

/// Sds of the predictor that an effect may well have: rstanarm's and bambi's weakly informative scale. Gabry and Goodrich, "Prior
/// Distributions for rstanarm Models"; Capretto et al., "Bambi", Journal of Statistical Software 103 (2022).
const WIDTH: f64 = 2.5;

/// Shape of the prior of correlations: above 1 it keeps away from -1 and 1, where a few groups would put a posterior that no
/// Gaussian resembles. brms and rstanarm have 1.
const LKJ_SHAPE: u32 = 2;

/// What was asked for in place of the defaults: texts of distributions, with their places.
#[derive(Debug, Default)]
pub struct Priors {
    pub slopes: Option<Prior>,
    pub intercept: Option<Prior>,
    pub sd: Option<Prior>,
    pub correlation: Option<(Correlation, Prior)>,
}

/// A distribution as it was written.
#[derive(Clone, Debug)]
pub struct Prior {
    pub text: String,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correlation {
    /// Of the matrix.
    Matrix,
    /// Of its Cholesky factor.
    Factor,
}

const OPTIONS: [(&str, &str); 4] = [
    ("prior", "Normal(0, 1)"),
    ("intercept", "Normal(0, 10)"),
    ("sd", "HalfNormal(1)"),
    ("cor", "LkjCorr(2)"),
];

impl Priors {
    pub fn read(source: &Source, options: &[Argument]) -> Result<Priors, Vec<FormulaError>> {
        let mut priors = Priors::default();
        let mut errors = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        for Argument { name, value } in options {
            let Some(name) = name else { continue };
            let refuse = |message: String, at: Span, label: &str, help: String| FormulaError::Option {
                message,
                at: at.into(),
                label: label.into(),
                help: Some(help),
            };
            let prior = Prior { text: source.slice(value.span).to_owned(), span: value.span };
            let Some((known, example)) = OPTIONS.iter().find(|(known, _)| *known == name.text) else {
                let near = did_you_mean(&name.text, OPTIONS.iter().map(|(known, _)| *known));
                let known = "formulas take prior =, intercept =, sd = and cor =".to_string();
                let help = near.map_or(known.clone(), |near| format!("{near} {known}"));
                errors.push(refuse(format!("`lm` has no argument `{}`", name.text), name.span, "unknown", help));
                continue;
            };
            if seen.contains(known) {
                let help = "one distribution for all: `vippl expand` writes the program in which each can have its own";
                errors.push(refuse(format!("`{known}` is given twice"), name.span, "again", help.into()));
                continue;
            }
            seen.push(known);
            match *known {
                "prior" => priors.slopes = Some(prior),
                "intercept" => priors.intercept = Some(prior),
                "sd" => priors.sd = Some(prior),
                _ => match correlation(value) {
                    Some((kind, shape)) => {
                        let text = source.slice(shape).to_owned();
                        priors.correlation = Some((kind, Prior { text, span: value.span }));
                    }
                    None => errors.push(refuse(
                        "a prior of correlations is `LkjCorr(shape)` or `LkjCholesky(shape)`".into(),
                        value.span,
                        "another distribution",
                        format!("write `cor = {example}`: the number of effects is known"),
                    )),
                },
            }
        }
        if errors.is_empty() { Ok(priors) } else { Err(errors) }
    }

    /// Errors for what was asked of parts that the formula has not.
    pub fn unused(&self, has: Parts) -> Vec<FormulaError> {
        let unused = [
            (&self.intercept, has.intercept, "intercept", "the formula has no intercept"),
            (&self.slopes, has.slopes, "prior", "the formula has no terms beside the intercept"),
            (&self.sd, has.effects, "sd", "the formula has no group effects, `(1 | g)`"),
        ];
        let correlation = self.correlation.as_ref().map(|(_, prior)| prior.clone());
        let unused = unused.into_iter().map(|(prior, is_used, name, why)| (prior.clone(), is_used, name, why));
        let why = "no group effects of the formula are correlated, as those of `(1 + x | g)` are";
        unused
            .chain([(correlation, has.correlations, "cor", why)])
            .filter(|(_, is_used, ..)| !is_used)
            .filter_map(|(prior, _, name, why)| {
                Some(FormulaError::Option {
                    message: format!("`{name}` has nothing to be the prior of: {why}"),
                    at: prior?.span.into(),
                    label: "not needed".into(),
                    help: Some("leave it out".into()),
                })
            })
            .collect()
    }
}

/// What a formula has.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    pub intercept: bool,
    pub slopes: bool,
    pub effects: bool,
    pub correlations: bool,
}

/// The kind of a prior of correlations, and where its shape stands.
fn correlation(value: &Expr) -> Option<(Correlation, Span)> {
    let ExprKind::Call { function, arguments } = &value.kind else { return None };
    let kind = match function.text.as_str() {
        "LkjCorr" => Correlation::Matrix,
        "LkjCholesky" => Correlation::Factor,
        _ => return None,
    };
    let is_shape = |name: &Option<Name>| name.as_ref().is_none_or(|name| name.text == "eta");
    match arguments.as_slice() {
        [Argument { name, value }] if is_shape(name) => Some((kind, value.span)),
        _ => None,
    }
}

pub fn default_correlation() -> String {
    LKJ_SHAPE.to_string()
}

pub fn default_intercept(scale: &Scale) -> String {
    let centre = scale.centre.as_deref().unwrap_or("0");
    format!("Normal({centre}, {})", default_width(scale))
}

/// Of slopes; `spread` is the sd of each column.
pub fn default_slopes(scale: &Scale, spread: &str) -> String {
    format!("Normal(0, {} / {spread})", default_width(scale))
}

/// Of sds among groups: as wide as that of the slope, as in bambi. Without `spread` of the intercept.
pub fn default_sd(scale: &Scale, spread: Option<&str>) -> String {
    let width = default_width(scale);
    match spread {
        None => format!("HalfNormal({width})"),
        Some(spread) => format!("HalfNormal({width} / {spread})"),
    }
}

fn default_width(scale: &Scale) -> String {
    match &scale.unit {
        None => WIDTH.to_string(),
        Some(unit) => format!("{WIDTH} * {unit}"),
    }
}
