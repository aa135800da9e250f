//! Taking questions apart: walking, rewriting and replacing parts of a syntax tree.

use miette::Report;

use super::reduction::Reduction;
use crate::syntax::ast::{Expr, ExprKind, Index};

/// An array of numbers as an expression in the place of `expr`.
pub(super) fn constant(expr: &Expr, dims: &[usize], values: &[f64]) -> Expr {
    let kind = match dims {
        [] => ExprKind::Real(values[0]),
        [n, inner @ ..] => {
            let block = inner.iter().product::<usize>();
            ExprKind::Array(
                (0..*n).map(|i| constant(expr, inner, &values[i * block..(i + 1) * block])).collect(),
            )
        }
    };
    Expr { kind, span: expr.span }
}

/// `mean(x)["a"]` becomes `mean(x["a"])`, where the labels of x are still known.
pub(super) fn push_indices_in(expr: &Expr) -> Expr {
    let ExprKind::Index { base, indices } = &expr.kind else { return expr.clone() };
    let ExprKind::Call { function, arguments } = &ungroup(base).kind else { return expr.clone() };
    let elementwise = matches!(Reduction::find(&function.text), Some(r) if r != Reduction::Quantile);
    let [argument] = arguments.as_slice() else { return expr.clone() };
    if !elementwise || argument.name.is_some() {
        return expr.clone();
    }
    let inner = &argument.value;
    let base = Box::new(Expr { kind: ExprKind::Group(Box::new(inner.clone())), span: inner.span });
    let value = Expr { kind: ExprKind::Index { base, indices: indices.clone() }, span: expr.span };
    let mut argument = argument.clone();
    argument.value = value;
    let kind = ExprKind::Call { function: function.clone(), arguments: vec![argument] };
    Expr { kind, span: expr.span }
}

pub(super) fn ungroup(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Group(inner) => ungroup(inner),
        _ => expr,
    }
}

pub(super) fn index_parts(index: &Index) -> Vec<&Expr> {
    match index {
        Index::At(at) => vec![at],
        Index::Slice { lower, upper, .. } => lower.iter().chain(upper).collect(),
    }
}

/// Calls `f` on `expr` and everything in it.
pub(super) fn visit<'a>(expr: &'a Expr, f: &mut dyn FnMut(&'a Expr)) {
    f(expr);
    match &expr.kind {
        ExprKind::Array(items) => items.iter().for_each(|item| visit(item, f)),
        ExprKind::Group(inner) | ExprKind::Transpose(inner) => visit(inner, f),
        ExprKind::Unary { operand, .. } => visit(operand, f),
        ExprKind::Binary { left, right, .. } => {
            visit(left, f);
            visit(right, f);
        }
        ExprKind::Call { arguments, .. } => arguments.iter().for_each(|argument| visit(&argument.value, f)),
        ExprKind::Index { base, indices } => {
            visit(base, f);
            indices.iter().flat_map(index_parts).for_each(|part| visit(part, f));
        }
        ExprKind::Int(_) | ExprKind::Real(_) | ExprKind::Bool(_) | ExprKind::Str(_) | ExprKind::Name(_) => {}
        // Refused where the expression is checked.
        ExprKind::Lm(_) => {}
    }
}

/// A copy of `expr` with `f` applied to each direct part.
pub(super) fn try_map_children(
    expr: &Expr,
    f: &mut dyn FnMut(&Expr) -> Result<Expr, Report>,
) -> Result<Expr, Report> {
    let mut expr = expr.clone();
    let mut replace = |part: &mut Expr| -> Result<(), Report> {
        *part = f(part)?;
        Ok(())
    };
    match &mut expr.kind {
        ExprKind::Array(items) => items.iter_mut().try_for_each(replace)?,
        ExprKind::Group(inner) | ExprKind::Transpose(inner) => replace(inner)?,
        ExprKind::Unary { operand, .. } => replace(operand)?,
        ExprKind::Binary { left, right, .. } => {
            replace(left)?;
            replace(right)?;
        }
        ExprKind::Call { arguments, .. } => {
            arguments.iter_mut().try_for_each(|argument| replace(&mut argument.value))?;
        }
        ExprKind::Index { base, indices } => {
            replace(base)?;
            for index in indices {
                match index {
                    Index::At(at) => replace(at)?,
                    Index::Slice { lower, upper, .. } => {
                        lower.iter_mut().chain(upper).try_for_each(&mut replace)?;
                    }
                }
            }
        }
        ExprKind::Int(_) | ExprKind::Real(_) | ExprKind::Bool(_) | ExprKind::Str(_) | ExprKind::Name(_) => {}
        // Refused where the expression is checked.
        ExprKind::Lm(_) => {}
    }
    Ok(expr)
}
