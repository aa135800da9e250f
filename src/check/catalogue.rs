//! The built-in names as the checker sees them: what each is and how it is called.

use super::aliases;
use crate::builtin::{self, Builtin, ParamKind};
use crate::dist::{self, Distribution, Param, Question, Wrapper, question};

/// A builtin that can be called by its name (operators have symbols).
pub(super) fn function(name: &str) -> Option<&'static dyn Builtin> {
    if is_operator(name) { None } else { builtin::find(name) }
}

/// Operators are written with symbols; `neg` and `range` are operators whose symbol is taken.
pub fn is_operator(name: &str) -> bool {
    matches!(name, "neg" | "range") || !name.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// `function`, `distribution`; `None` for a name that is nobody's.
pub(super) fn what_is(name: &str) -> Option<&'static str> {
    if dist::find(name).is_some() || (aliases::planned(name) && name.starts_with(char::is_uppercase)) {
        Some("distribution")
    } else if question::find(name).is_some()
        || function(name).is_some()
        || dist::wrappers::find(name).is_some()
        || aliases::planned(name)
    {
        Some("function")
    } else {
        None
    }
}

/// How a built-in name is called: `Normal(mean, sd)`.
pub(super) fn signature(name: &str) -> Option<String> {
    if name == "ode" {
        return Some(super::ode::SIGNATURE.into());
    }
    if let Some(dist) = dist::find(name) {
        return Some(distribution_signature(dist));
    }
    if let Some(wrapper) = dist::wrappers::find(name) {
        return Some(wrapper_signature(wrapper));
    }
    let ways = function(name).map(builtin_signature).into_iter();
    let ways: Vec<String> = ways.chain(question::find(name).map(Question::signature)).collect();
    (!ways.is_empty()).then(|| ways.join(" or "))
}

/// `Bernoulli(p) or Bernoulli(logit =)`.
pub(super) fn distribution_signature(dist: &dyn Distribution) -> String {
    form_signatures(dist).join(" or ")
}

/// One for each parameterisation: `Bernoulli(p)`, `Bernoulli(logit =)`.
pub fn form_signatures(dist: &dyn Distribution) -> Vec<String> {
    let one = |(k, form): (usize, &&[Param])| {
        let argument = |p: &Param| match (k, p.default) {
            (0, None) => p.name.to_string(),
            (_, Some(default)) => format!("{} = {default}", p.name),
            (_, None) => format!("{} =", p.name),
        };
        format!("{}({})", dist.name(), form.iter().map(argument).collect::<Vec<_>>().join(", "))
    };
    dist.forms().iter().enumerate().map(one).collect()
}

/// `truncated(D, lower =, upper =)`.
pub fn wrapper_signature(wrapper: &dyn Wrapper) -> String {
    let mut arguments: Vec<String> = wrapper
        .params()
        .iter()
        .map(|p| if wrapper.inner_position() > 0 { p.name.to_string() } else { format!("{} =", p.name) })
        .collect();
    arguments.insert(wrapper.inner_position().min(arguments.len()), "D".into());
    format!("{}({})", wrapper.name(), arguments.join(", "))
}

/// `sum(x, axis =)`; optional arguments in square brackets.
pub fn builtin_signature(builtin: &dyn Builtin) -> String {
    let written = |p: &builtin::Param| match p.kind {
        ParamKind::Required => p.name.to_string(),
        ParamKind::Optional => format!("[{}]", p.name),
        ParamKind::Variadic => format!("{}, ...", p.name),
        ParamKind::Named => format!("{} =", p.name),
    };
    let (named, positional): (Vec<_>, Vec<_>) =
        builtin.params().iter().partition(|p| p.kind == ParamKind::Named);
    let arguments: Vec<String> = positional.into_iter().chain(named).map(written).collect();
    format!("{}({})", builtin.name(), arguments.join(", "))
}
