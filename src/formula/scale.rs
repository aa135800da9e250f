//! On which scale a formula predicts: where its value goes says what an effect of one unit means.

use super::columns::Columns;
use super::find::names_in;
use crate::source::Span;
use crate::syntax::ast::*;
use crate::syntax::print_expr;

/// The scale of a linear predictor. Of data that a model draws it holds numbers: those of the fit, whatever is drawn later.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scale {
    /// Where it is usually; `None`: 0.
    pub centre: Option<Measure>,
    /// How far it usually varies; `None`: 1.
    pub unit: Option<Measure>,
    /// Whether anything says so.
    pub is_known: bool,
}

/// A number and what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// `sd(y)`
    pub name: String,
    pub value: f64,
}

/// How the predictor enters a distribution of y.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// It is a location of y.
    Identity,
    /// It is the log of the mean of y.
    Log,
    /// It is a location of log(y).
    OfLog,
    /// It is a logit, a probit, or the like: a scale without units.
    Unitless,
}

/// Distributions, their argument by name and by position, and what it is to y.
const ROLES: &[(&str, &str, Option<usize>, Link)] = &[
    ("Normal", "mean", Some(0), Link::Identity),
    ("StudentT", "loc", Some(1), Link::Identity),
    ("Laplace", "loc", Some(0), Link::Identity),
    ("AsymmetricLaplace", "loc", Some(0), Link::Identity),
    ("Cauchy", "loc", Some(0), Link::Identity),
    ("Logistic", "loc", Some(0), Link::Identity),
    ("Gumbel", "loc", Some(0), Link::Identity),
    ("SkewNormal", "loc", Some(0), Link::Identity),
    ("ExpModNormal", "mean", Some(0), Link::Identity),
    ("GeneralizedExtremeValue", "loc", Some(0), Link::Identity),
    ("MvNormal", "mean", Some(0), Link::Identity),
    ("MvStudentT", "loc", Some(1), Link::Identity),
    ("LogNormal", "meanlog", Some(0), Link::OfLog),
    ("Poisson", "log", None, Link::Log),
    ("NegBinomial", "log", None, Link::Log),
    ("Bernoulli", "logit", None, Link::Unitless),
    ("Binomial", "logit", None, Link::Unitless),
    ("LogitNormal", "mean", Some(0), Link::Unitless),
    ("OrderedLogistic", "eta", Some(0), Link::Unitless),
    ("OrderedProbit", "eta", Some(0), Link::Unitless),
];

/// Means that a predictor may be the log of: `Poisson(exp(lm(...)))`.
const MEANS: &[(&str, &str, Option<usize>)] = &[
    ("Poisson", "rate", Some(0)),
    ("NegBinomial", "mean", Some(0)),
    ("Gamma", "mean", None),
    ("InverseGaussian", "mean", Some(0)),
    ("Normal", "mean", Some(0)),
];

/// Functions whose argument has a scale without units.
const UNITLESS: &[&str] = &["inv_logit", "sigmoid", "inv_probit", "logit", "probit", "softmax", "tanh"];

/// The scale of the formula at `formula` in `statement`; `after` are the statements below it, `offsets` what it adds to its own terms.
pub fn scale(
    formula: Span,
    statement: &Statement,
    after: &[Statement],
    offsets: &[String],
    columns: &Columns,
) -> Scale {
    let is_it = |expr: &Expr| matches!(expr.kind, ExprKind::Lm(_)) && expr.span == formula;
    let own = Path { added: offsets.to_vec(), ..Path::default() };
    match &statement.kind {
        StatementKind::Sample { target, distribution } => in_distribution(distribution, false, &is_it)
            .and_then(|path| Some(own.and(path)?.scale(target, columns))),
        StatementKind::Define { target: Expr { kind: ExprKind::Name(name), .. }, value } => {
            of_value(value, &is_it).and_then(|path| own.and(path)).and_then(|own| {
                let is_name = |expr: &Expr| matches!(&expr.kind, ExprKind::Name(other) if other == name);
                after.iter().find_map(|statement| match &statement.kind {
                    StatementKind::Sample { target, distribution } => {
                        let used = in_distribution(distribution, own.exponentiated, &is_name)?;
                        let path = own.clone().and(used)?;
                        Some(path.scale(target, columns))
                    }
                    _ => None,
                })
            })
        }
        _ => None,
    }
    .unwrap_or_default()
}

/// What happens to a predictor on its way into a distribution.
#[derive(Clone, Debug, Default)]
struct Path {
    /// What is added to it.
    added: Vec<String>,
    exponentiated: bool,
    unitless: bool,
    link: Option<Link>,
}

impl Path {
    /// First this way, then the other.
    fn and(mut self, then: Path) -> Option<Path> {
        if self.exponentiated && (then.exponentiated || !then.added.is_empty()) {
            return None;
        }
        self.added.extend(then.added);
        self.exponentiated |= then.exponentiated;
        self.unitless |= then.unitless;
        self.link = then.link;
        Some(self)
    }

    fn scale(&self, target: &Expr, columns: &Columns) -> Scale {
        let link = if self.unitless { Some(Link::Unitless) } else { self.link };
        let Some(link) = link else { return Scale::default() };
        let known = Scale { is_known: true, ..Scale::default() };
        if link == Link::Unitless || !columns.has_data() {
            return known;
        }
        let y = match link {
            Link::OfLog => format!("log({})", observed(target, columns)),
            _ => observed(target, columns),
        };
        let is_data = |name: &&str| columns.is_data(name);
        let Some((mean, sd)) = columns.moments(&y).filter(|_| names_in(target).iter().all(is_data)) else {
            return Scale::default();
        };
        let (mut name, mut value) = match link {
            Link::Log if mean > 0.0 => (format!("log(mean({y}))"), mean.ln()),
            Link::Log => return known,
            _ => (format!("mean({y})"), mean),
        };
        for added in &self.added {
            if let Some((mean, _)) = columns.moments(added) {
                name = format!("{name} - mean({added})");
                value -= mean;
            }
        }
        let unit = (link != Link::Log && sd > 0.0).then(|| Measure { name: format!("sd({y})"), value: sd });
        Scale { centre: Some(Measure { name, value }), unit, is_known: true }
    }
}

/// What was observed of y: without the entries that are missing.
fn observed(target: &Expr, columns: &Columns) -> String {
    let text = print_expr(target);
    match &target.kind {
        ExprKind::Name(name) if columns.has_missing(name) => format!("{text}[!isnan({text})]"),
        _ => text,
    }
}

/// `was_exponentiated`: what is looked for is the exponential of the predictor.
fn in_distribution(
    distribution: &Expr,
    was_exponentiated: bool,
    is_it: &dyn Fn(&Expr) -> bool,
) -> Option<Path> {
    match &distribution.kind {
        ExprKind::Group(inner) => in_distribution(inner, was_exponentiated, is_it),
        ExprKind::Array(items) => {
            items.iter().find_map(|item| in_distribution(item, was_exponentiated, is_it))
        }
        ExprKind::Call { function, arguments } => arguments.iter().enumerate().find_map(|(at, argument)| {
            let name = argument.name.as_ref().map(|name| name.text.as_str());
            let is_role = |distribution: &str, own: &str, position: Option<usize>| {
                function.text == distribution && name.map_or(position == Some(at), |name| name == own)
            };
            if let Some(path) = of_value(&argument.value, is_it) {
                let link = match path.exponentiated || was_exponentiated {
                    false => ROLES.iter().find(|(d, own, k, _)| is_role(d, own, *k)).map(|role| role.3),
                    true => MEANS.iter().find(|(d, own, k)| is_role(d, own, *k)).map(|_| Link::Log),
                };
                return Some(Path { link, ..path });
            }
            in_distribution(&argument.value, was_exponentiated, is_it)
        }),
        _ => None,
    }
}

/// The way from a predictor to a value that is made of it.
fn of_value(value: &Expr, is_it: &dyn Fn(&Expr) -> bool) -> Option<Path> {
    if is_it(value) {
        return Some(Path::default());
    }
    match &value.kind {
        ExprKind::Group(inner) => of_value(inner, is_it),
        ExprKind::Binary { op: BinaryOp::Add, left, right, .. } => {
            let (path, other) = match of_value(left, is_it) {
                Some(path) => (path, right),
                None => (of_value(right, is_it)?, left),
            };
            path.and(Path { added: vec![print_expr(other)], ..Path::default() })
        }
        ExprKind::Call { function, arguments } => {
            let [Argument { value, name: None }] = arguments.as_slice() else { return None };
            let path = of_value(value, is_it)?;
            match function.text.as_str() {
                "exp" => path.and(Path { exponentiated: true, ..Path::default() }),
                name if UNITLESS.contains(&name) => path.and(Path { unitless: true, ..Path::default() }),
                _ => None,
            }
        }
        _ => None,
    }
}
