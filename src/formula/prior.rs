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
                errors.push(refuse(
                    format!("`lm` has no argument `{}`", name.text),
                    name.span,
                    "unknown",
                    help,
                ));
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
        let unused =
            unused.into_iter().map(|(prior, is_used, name, why)| (prior.clone(), is_used, name, why));
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

/// A distribution, and in words what its numbers are.
pub struct Default {
    pub text: String,
    pub words: String,
}

pub fn default_intercept(scale: &Scale) -> Default {
    let width = WIDTH * scale.unit.as_ref().map_or(1.0, |unit| unit.value);
    let (centre, name) = match &scale.centre {
        Some(centre) => (rounded(centre.value, width), centre.name.as_str()),
        None => ("0".into(), "0"),
    };
    let words = format!("{name}, {}", width_name(scale));
    Default { text: format!("Normal({centre}, {})", significant(width)), words }
}

/// Of slopes; `spread` is the sd of each column.
pub fn default_slopes(scale: &Scale, spread: &str) -> Default {
    let words = format!("0, {} / sd of the column", width_name(scale));
    Default { text: format!("Normal(0, {} / {spread})", width(scale)), words }
}

/// Of sds among groups: as wide as that of the slope, as in bambi. Without `spread` of the intercept.
pub fn default_sd(scale: &Scale, spread: Option<&str>) -> Default {
    match spread {
        None => Default { text: format!("HalfNormal({})", width(scale)), words: width_name(scale) },
        Some(spread) => Default {
            text: format!("HalfNormal({} / {spread})", width(scale)),
            words: format!("{} / sd of the column", width_name(scale)),
        },
    }
}

fn width(scale: &Scale) -> String {
    significant(WIDTH * scale.unit.as_ref().map_or(1.0, |unit| unit.value))
}

fn width_name(scale: &Scale) -> String {
    scale.unit.as_ref().map_or_else(|| WIDTH.to_string(), |unit| format!("{WIDTH} * {}", unit.name))
}

/// To three digits.
pub fn significant(x: f64) -> String {
    let places = 2 - x.abs().log10().floor() as i32;
    to_places(x, places)
}

/// To a hundredth of `width`.
pub fn rounded(x: f64, width: f64) -> String {
    to_places(x, 2 - width.log10().floor() as i32)
}

fn to_places(x: f64, places: i32) -> String {
    match usize::try_from(places) {
        Ok(places) if places <= 15 => {
            let text = format!("{x:.places$}");
            let text = if places > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
            if text == "-0" { "0".into() } else { text.to_owned() }
        }
        Ok(_) => format!("{x:.2e}"),
        Err(_) => {
            let step = 10f64.powi(-places);
            let rounded = (x / step).round() * step;
            if rounded.abs() < 1e15 { format!("{rounded:.0}") } else { format!("{x:.2e}") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_to_what_matters() {
        let shown = [141.4999, 0.123456, 2.5, 25.0, 1234567.0, 3.0e-20, 4.0e20].map(significant);
        assert_eq!(shown, ["141", "0.123", "2.5", "25", "1230000", "3.00e-20", "4.00e20"]);
        assert_eq!(
            [rounded(298.507, 141.0), rounded(-0.0001, 2.5), rounded(1e6 + 0.5, 0.1)],
            ["299", "0", "1000000.5"]
        );
    }
}
