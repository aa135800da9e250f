//! What would do where observed values are none of their distribution: another coding, a mended row, another distribution.

use super::CompileError;
use super::value::{Traced, ValueLevels};
use crate::dist::{Instance, Support, fitting};
use crate::source::Span;
use crate::tape::{Graph, Node, Tensor};
use crate::types::ElementType;

/// Levels of a column that are listed.
const MOST_LEVELS: usize = 5;

/// An observed value outside the support of its distribution.
pub struct Outside {
    /// Its position among all.
    pub flat: usize,
    /// What follows `a value of D`.
    pub violation: String,
    /// The bound that it breaks, where one can be told.
    pub bound: Option<Node>,
}

/// Refuses a column of words under a distribution of numbers: its levels have positions, but no values.
pub fn words_as_numbers(instance: &Instance, x: &Traced, name: &str, at: Span) -> Option<CompileError> {
    let Some(ValueLevels::Category(levels)) = &x.levels else { return None };
    let dist = innermost(instance)?;
    if x.element != ElementType::Category || fitting::is_of_categories(dist) {
        return None;
    }
    let names = levels.names();
    let mut shown: Vec<&str> = names.iter().take(MOST_LEVELS).map(String::as_str).collect();
    if names.len() > MOST_LEVELS {
        shown.push("...");
    }
    let binary = fitting::is_binary(dist);
    let of = if binary { "0 and 1" } else { "numbers" };
    let help = match names {
        [no, yes] if binary => format!(
            "code the column 0 and 1 in the data, `{no}` as 0 and `{yes}` as 1; or write `{name} ~ Categorical([1 - p, p])`, \
             where p is the probability of `{yes}`"
        ),
        _ => {
            "code the column as numbers in the data; one of several categories is drawn from `Categorical(p)`"
                .into()
        }
    };
    Some(CompileError::Call {
        message: format!(
            "`{name}` is a column of words ({}), and {} is a distribution of {of}",
            shown.join(", "),
            instance.describe()
        ),
        help: Some(help),
        at,
    })
}

/// What to do about the value `name[flat]` among `values`, all of them called `name`.
pub fn on_outside(
    g: &mut Graph,
    instance: &Instance,
    values: &Tensor,
    name: &str,
    outside: &Outside,
) -> String {
    let offending = values.iter().nth(outside.flat).copied().unwrap_or(f64::NAN);
    if let Instance::Wrapped { wrapper, .. } = instance
        && let Some(words) = wrapper.outside_advice()
    {
        return words.into();
    }
    from_one(g, instance, values, name, offending)
        .or_else(|| bound_of_the_arguments(g, instance, outside.bound?))
        .unwrap_or_else(|| another_distribution(instance, values, offending))
}

/// Categories that are counted from 0.
fn from_one(
    g: &mut Graph,
    instance: &Instance,
    values: &Tensor,
    name: &str,
    offending: f64,
) -> Option<String> {
    let dist = innermost(instance).filter(|dist| fitting::is_of_categories(*dist))?;
    let Support::Integers { upper: Some(upper), .. } = instance.support(g) else { return None };
    let most = g.value(upper)?.iter().copied().fold(f64::INFINITY, f64::min);
    let fits = values.iter().all(|&x| x.fract() == 0.0 && x >= 0.0 && x < most);
    (offending == 0.0 && fits).then(|| {
        format!(
            "categories are counted from 1, and `{name}` from 0: write `{name} + 1 ~ {}(...)`",
            dist.name()
        )
    })
}

/// A bound that is an argument: `n` of a Binomial.
fn bound_of_the_arguments(g: &Graph, instance: &Instance, bound: Node) -> Option<String> {
    let Instance::Plain { dist, form, args } = instance else { return None };
    let at = g.value(bound)?.first().copied();
    if fitting::fixed_ends(*dist).contains(&at) {
        return None;
    }
    let Some(k) = args.iter().position(|&arg| arg == bound) else {
        // The length of a vector, a sum.
        return Some(format!("the arguments of {} set this bound: check them and the data", dist.name()));
    };
    let param = &dist.forms()[*form][k];
    Some(format!(
        "this bound is `{}` of {}, the {}: mend the row where they do not go together, or the argument",
        param.name,
        dist.name(),
        param.doc
    ))
}

/// Distributions whose support holds the values.
fn another_distribution(instance: &Instance, values: &Tensor, offending: f64) -> String {
    let flat: Vec<f64> = values.iter().copied().collect();
    let discrete = instance.element() != ElementType::Real;
    let names = if instance.event_rank() > 0 {
        Vec::new()
    } else {
        fitting::holding(&flat, discrete, &instance.describe())
    };
    let mut advice = match names.split_last() {
        None => "check the data, or choose a distribution whose support holds it".to_string(),
        Some((only, [])) => format!("check the data; {only} takes values like these"),
        Some((last, others)) => {
            format!("check the data; {} and {last} take values like these", others.join(", "))
        }
    };
    if !discrete && offending == 0.0 && instance.event_rank() == 0 {
        let inner = instance.describe();
        advice.push_str(&format!(". Zeros of another origin: `hurdle(p, {inner}(...))`"));
    }
    advice
}

/// The distribution of single numbers inside all wrappers, where there is one.
fn innermost(instance: &Instance) -> Option<&'static dyn crate::dist::Distribution> {
    match instance {
        Instance::Plain { dist, .. } => (dist.event_rank() == 0).then_some(*dist),
        Instance::Wrapped { inner, .. } => innermost(inner.first()?),
    }
}
