//! Which arrays statements define, and which they read.

use std::collections::BTreeSet;

use super::partly::{AllPartly, elements_named};
use crate::builtin;
use crate::ir::{Expr, ExprKind, Index, Model, Statement, StatementKind, VariableId};

/// Adds to the arrays that are held up what a body defines by them; whether that was anything new.
pub fn hold_up(body: &[Statement], partly: &AllPartly, held: &mut BTreeSet<VariableId>) -> bool {
    let mut grown = false;
    for statement in body {
        let mut read = BTreeSet::new();
        let defined = match &statement.kind {
            StatementKind::LatentElements { variable, indices, distribution: value }
            | StatementKind::DefineElements { variable, indices, value } => {
                indices_use(indices, &mut read);
                expr_uses(value, &mut read);
                *variable
            }
            StatementKind::Latent { variable, distribution: value, .. }
            | StatementKind::Define { variable, value } => {
                expr_uses(value, &mut read);
                *variable
            }
            StatementKind::For { body, .. } => {
                grown |= hold_up(body, partly, held);
                continue;
            }
            StatementKind::If { arms, otherwise } => {
                for body in arms.iter().map(|(_, body)| body).chain([otherwise]) {
                    grown |= hold_up(body, partly, held);
                }
                continue;
            }
            StatementKind::Observe { value, distribution } => {
                let Some(variable) = defined_by(value, partly) else { continue };
                expr_uses(distribution, &mut read);
                variable
            }
            StatementKind::Factor { .. }
            | StatementKind::Return { .. }
            | StatementKind::Data { .. }
            | StatementKind::Param { .. } => continue,
        };
        grown |= !read.is_disjoint(held) && held.insert(defined);
    }
    grown
}

/// Whether a body defines elements of an array that it also reads, so that iterations may feed each other.
pub fn feeds_itself(body: &[Statement], partly: &AllPartly) -> bool {
    let (mut defined, mut read) = (BTreeSet::new(), BTreeSet::new());
    uses(body, partly, &mut defined, &mut read);
    defined.intersection(&read).next().is_some()
}

/// All variables whose elements something reads: definitions, arguments, indices, functions; not as the left of `~`.
pub fn reads_of(model: &Model) -> BTreeSet<VariableId> {
    let (mut defined, mut read) = (BTreeSet::new(), BTreeSet::new());
    for body in model.functions.iter().map(|function| &function.body).chain([&model.body]) {
        uses(body, &AllPartly::new(), &mut defined, &mut read);
    }
    read
}

/// Variables whose elements an expression reads.
pub fn read_in(expr: &Expr) -> BTreeSet<VariableId> {
    let mut read = BTreeSet::new();
    expr_uses(expr, &mut read);
    read
}

/// The data with missing entries that a statement with this left side defines.
fn defined_by(left: &Expr, partly: &AllPartly) -> Option<VariableId> {
    elements_named(left).filter(|variable| partly.contains_key(variable))
}

fn uses(
    body: &[Statement],
    partly: &AllPartly,
    defined: &mut BTreeSet<VariableId>,
    read: &mut BTreeSet<VariableId>,
) {
    for statement in body {
        match &statement.kind {
            StatementKind::LatentElements { variable, indices, distribution: value }
            | StatementKind::DefineElements { variable, indices, value } => {
                defined.insert(*variable);
                indices_use(indices, read);
                expr_uses(value, read);
            }
            StatementKind::Observe { value, distribution } => {
                defined.extend(defined_by(value, partly));
                left_uses(value, read);
                expr_uses(distribution, read);
            }
            StatementKind::Latent { distribution: value, .. }
            | StatementKind::Define { value, .. }
            | StatementKind::Factor { value }
            | StatementKind::Return { value } => expr_uses(value, read),
            StatementKind::For { range, body, .. } => {
                expr_uses(range, read);
                uses(body, partly, defined, read);
            }
            StatementKind::If { arms, otherwise } => {
                for (condition, arm) in arms {
                    expr_uses(condition, read);
                    uses(arm, partly, defined, read);
                }
                uses(otherwise, partly, defined, read);
            }
            StatementKind::Data { .. } | StatementKind::Param { .. } => {}
        }
    }
}

fn indices_use(indices: &[Index], read: &mut BTreeSet<VariableId>) {
    for index in indices {
        match index {
            Index::At(expr) => expr_uses(expr, read),
            Index::Slice { lower, upper, .. } => {
                lower.iter().chain(upper).for_each(|end| expr_uses(end, read))
            }
        }
    }
}

/// Names that are read to know what stands left of `~`.
fn left_uses(left: &Expr, read: &mut BTreeSet<VariableId>) {
    match &left.kind {
        ExprKind::Variable(_) => {}
        ExprKind::Index { base, indices } => {
            left_uses(base, read);
            indices_use(indices, read);
        }
        _ => expr_uses(left, read),
    }
}

/// Names that an expression reads.
fn expr_uses(expr: &Expr, read: &mut BTreeSet<VariableId>) {
    match &expr.kind {
        ExprKind::Variable(variable) => {
            read.insert(*variable);
        }
        ExprKind::Number(..) | ExprKind::Str(_) | ExprKind::Rows | ExprKind::Function(_) => {}
        ExprKind::Array(items)
        | ExprKind::Apply { args: items, .. }
        | ExprKind::ApplyVariable { args: items, .. } => {
            items.iter().for_each(|item| expr_uses(item, read));
        }
        ExprKind::Call { builtin, args } => {
            let reads = if builtin::takes_missing(*builtin) { left_uses } else { expr_uses };
            args.iter().flatten().for_each(|arg| reads(arg, read));
        }
        ExprKind::Distribution { args, .. } => {
            args.iter().flatten().for_each(|arg| expr_uses(arg, read));
        }
        ExprKind::Wrapped { inner, args, .. } => {
            inner.iter().chain(args.iter().flatten()).for_each(|arg| expr_uses(arg, read));
        }
        ExprKind::Ask { distribution, at, .. } => {
            std::iter::once(distribution).chain(at).for_each(|part| expr_uses(part, read));
        }
        ExprKind::AskOrCall { value, .. } => expr_uses(value, read),
        ExprKind::Range { from, to } => {
            expr_uses(from, read);
            expr_uses(to, read);
        }
        ExprKind::Ode(ode) => ode.parts().for_each(|part| expr_uses(part, read)),
        ExprKind::Index { base, indices } if picks_observed(base, indices) => {}
        ExprKind::Index { base, indices } => {
            expr_uses(base, read);
            indices_use(indices, read);
        }
    }
}

/// `y[!isnan(y)]`: nothing that is missing is among it.
fn picks_observed(base: &Expr, indices: &[Index]) -> bool {
    let [Index::At(filter)] = indices else { return false };
    let of = |expr: &Expr, name: &str| match &expr.kind {
        ExprKind::Call { builtin, args } if builtin.name() == name => args.first().cloned().flatten(),
        _ => None,
    };
    let variable = |expr: &Expr| match expr.kind {
        ExprKind::Variable(variable) => Some(variable),
        _ => None,
    };
    let asked = of(filter, "!").and_then(|inner| of(&inner, "isnan")).and_then(|asked| variable(&asked));
    asked.is_some() && asked == variable(base)
}
