//! What models observe, and how: densities of different quantities, or densities and probabilities, cannot be ranked.

use std::collections::BTreeMap;

use super::recheck;
use crate::ir::{Expr, ExprKind, Model, Statement, StatementKind};
use crate::posterior::Posterior;
use crate::types::ElementType;

/// Of what stands on the left of `~`, without what picks elements of it: whether it has a density (or a probability).
type Observables = BTreeMap<String, bool>;

/// Why the predictions of these models, each with its name, cannot be set side by side, if so, and what to do.
pub fn unlike(posteriors: &[(&str, &Posterior)]) -> Option<String> {
    let known: Vec<(&str, Observables)> = posteriors
        .iter()
        .filter_map(|(name, posterior)| Some((*name, observables(&recheck(posterior).ok()?))))
        .collect();
    let (first, rest) = known.split_first()?;
    rest.iter().find_map(|other| difference(first, other))
}

fn difference((a_name, a): &(&str, Observables), (b_name, b): &(&str, Observables)) -> Option<String> {
    let alone = |own: &Observables, other: &Observables| {
        own.iter().find(|(left, _)| !other.contains_key(*left)).map(|(left, dense)| (left.clone(), *dense))
    };
    let shared = a.iter().filter_map(|(left, dense)| Some((left, *dense, *b.get(left)?)));
    let mixed = shared.into_iter().find(|(_, in_a, in_b)| in_a != in_b);
    let ((left_a, in_a), (left_b, in_b)) = match mixed {
        Some((left, in_a, in_b)) => ((left.clone(), in_a), (left.clone(), in_b)),
        None => (alone(a, b)?, alone(b, a)?),
    };
    let what = |dense: bool| if dense { "densities" } else { "probabilities" };
    let each = format!("{a_name} has {} of `{left_a}`, {b_name} {} of `{left_b}`", what(in_a), what(in_b));
    match (in_a, in_b) {
        (false, false) => None,
        (true, true) => Some(format!(
            "{each}, and a density changes with the unit. Write both for one of the two: `log(y) ~ Normal(m, s)` is \
             `y ~ LogNormal(m, s)`"
        )),
        _ => Some(format!(
            "{each}, and a density is no probability. Give both of them distributions of one kind, discrete or continuous"
        )),
    }
}

fn observables(model: &Model) -> Observables {
    let mut found = Observables::new();
    block(model, &model.body, &mut found);
    found
}

fn block(model: &Model, body: &[Statement], found: &mut Observables) {
    for statement in body {
        match &statement.kind {
            StatementKind::Observe { value, distribution } => {
                let text = model.source.slice(whole(value).span);
                let left = text.split_whitespace().collect::<Vec<&str>>().join(" ");
                found.insert(left, is_dense(distribution).unwrap_or(true));
            }
            StatementKind::For { body, .. } => block(model, body, found),
            StatementKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, arm)| block(model, arm, found));
                block(model, otherwise, found);
            }
            _ => {}
        }
    }
}

/// Of what an expression picks elements.
fn whole(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Index { base, .. } => whole(base),
        _ => expr,
    }
}

/// Whether a distribution has a density; `None` where a function makes it.
fn is_dense(distribution: &Expr) -> Option<bool> {
    match &distribution.kind {
        ExprKind::Distribution { dist, .. } => Some(dist.element() == ElementType::Real),
        ExprKind::Wrapped { inner, .. } => is_dense(inner.first()?),
        ExprKind::Array(items) => is_dense(items.first()?),
        _ => None,
    }
}
