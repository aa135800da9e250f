//! Walks over syntax trees: names in an expression, formulas in a statement.

use crate::source::Span;
use crate::syntax::ast::*;

/// A formula and where it stands.
pub struct Found<'a> {
    pub model: &'a LinearModel,
    pub span: Span,
    /// It may be replaced by a sum as it is: an argument, or the whole right side.
    pub is_alone: bool,
}

/// The names that an expression reads, in their order; those of functions that it calls aside.
pub fn names_in(expr: &Expr) -> Vec<&str> {
    let mut names = Vec::new();
    visit(expr, &mut |part| {
        if let ExprKind::Name(name) = &part.kind {
            names.push(name.as_str());
        }
    });
    names
}

/// The formulas of an expression, in their order.
pub fn formulas_in(expr: &Expr) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    collect(expr, true, &mut found);
    found
}

fn collect<'a>(expr: &'a Expr, is_alone: bool, found: &mut Vec<Found<'a>>) {
    match &expr.kind {
        ExprKind::Lm(model) => found.push(Found { model, span: expr.span, is_alone }),
        ExprKind::Call { .. } | ExprKind::Group(_) | ExprKind::Array(_) => {
            children(expr, &mut |child| collect(child, true, found));
        }
        // Sums of sums need no brackets.
        ExprKind::Binary { op: op @ (BinaryOp::Add | BinaryOp::Sub), left, right, .. } => {
            collect(left, is_alone, found);
            collect(right, is_alone && *op == BinaryOp::Add, found);
        }
        _ => children(expr, &mut |child| collect(child, false, found)),
    }
}

/// The expression and all of its parts.
pub fn visit<'a>(expr: &'a Expr, f: &mut dyn FnMut(&'a Expr)) {
    f(expr);
    children(expr, &mut |child| visit(child, f));
}

/// The expressions right below; those within a formula are its own.
fn children<'a>(expr: &'a Expr, f: &mut dyn FnMut(&'a Expr)) {
    match &expr.kind {
        ExprKind::Array(items) => items.iter().for_each(f),
        ExprKind::Group(inner) | ExprKind::Transpose(inner) => f(inner),
        ExprKind::Unary { operand, .. } => f(operand),
        ExprKind::Binary { left, right, .. } => {
            f(left);
            f(right);
        }
        ExprKind::Call { arguments, .. } => arguments.iter().for_each(|argument| f(&argument.value)),
        ExprKind::Index { base, indices } => {
            f(base);
            for index in indices {
                match index {
                    Index::At(at) => f(at),
                    Index::Slice { lower, upper, .. } => lower.iter().chain(upper).for_each(&mut *f),
                }
            }
        }
        ExprKind::Lm(_)
        | ExprKind::Int(_)
        | ExprKind::Real(_)
        | ExprKind::Bool(_)
        | ExprKind::Str(_)
        | ExprKind::Name(_) => {}
    }
}

/// The expressions of a statement itself, without those of its blocks.
pub fn expressions(statement: &Statement) -> Vec<&Expr> {
    match &statement.kind {
        StatementKind::Sample { target: left, distribution: right }
        | StatementKind::Define { target: left, value: right } => vec![left, right],
        StatementKind::For { range, .. } => vec![range],
        StatementKind::If { arms, .. } => arms.iter().map(|(condition, _)| condition).collect(),
        StatementKind::Data { dims, range, .. } => {
            let ends = range.iter().flat_map(|range| [&range.lower, &range.upper]);
            dims.iter().flatten().chain(ends).collect()
        }
        StatementKind::Param { dims, range, start, .. } => {
            let ends = range.iter().flat_map(|range| [&range.lower, &range.upper]);
            dims.iter().flatten().chain(ends).chain(start).collect()
        }
        StatementKind::Function { body: FunctionBody::Expr(value), .. }
        | StatementKind::Factor { value }
        | StatementKind::Return { value } => vec![value],
        StatementKind::Function { body: FunctionBody::Block(_), .. } => Vec::new(),
    }
}

/// The blocks of a statement, and whether a formula may stand in them.
pub fn blocks(statement: &Statement) -> (Vec<&Block>, bool) {
    match &statement.kind {
        StatementKind::For { body, .. } | StatementKind::Function { body: FunctionBody::Block(body), .. } => {
            (vec![body], false)
        }
        StatementKind::If { arms, otherwise } => {
            (arms.iter().map(|(_, body)| body).chain(otherwise).collect(), true)
        }
        _ => (Vec::new(), true),
    }
}
