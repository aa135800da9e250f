//! Forgets where things stand, so that trees can be compared by what they say.

use super::ast::*;
use crate::source::Span;

/// Sets every span of the file to zero.
pub fn strip_spans(file: &mut File) {
    file.statements.iter_mut().for_each(statement);
}

/// Sets every span of the expression to zero.
pub fn strip_expr_spans(expr: &mut Expr) {
    expr.span = Span::default();
    match &mut expr.kind {
        ExprKind::Int(_) | ExprKind::Real(_) | ExprKind::Bool(_) | ExprKind::Str(_) | ExprKind::Name(_) => {}
        ExprKind::Array(elements) => elements.iter_mut().for_each(strip_expr_spans),
        ExprKind::Group(inner) | ExprKind::Transpose(inner) => strip_expr_spans(inner),
        ExprKind::Unary { operand, .. } => strip_expr_spans(operand),
        ExprKind::Binary { op_span, left, right, .. } => {
            *op_span = Span::default();
            strip_expr_spans(left);
            strip_expr_spans(right);
        }
        ExprKind::Call { function, arguments } => {
            name(function);
            for argument in arguments {
                argument.name.iter_mut().for_each(name);
                strip_expr_spans(&mut argument.value);
            }
        }
        ExprKind::Index { base, indices } => {
            strip_expr_spans(base);
            indices.iter_mut().for_each(index);
        }
        ExprKind::Lm(model) => {
            term(&mut model.formula);
            for option in &mut model.options {
                option.name.iter_mut().for_each(name);
                strip_expr_spans(&mut option.value);
            }
        }
    }
}

fn term(part: &mut Term) {
    part.span = Span::default();
    match &mut part.kind {
        TermKind::Number(_) => {}
        TermKind::Column(column) => strip_expr_spans(column),
        TermKind::Group(inner) | TermKind::Minus(inner) => term(inner),
        TermKind::Binary { op_span, left, right, .. } => {
            *op_span = Span::default();
            term(left);
            term(right);
        }
        TermKind::Effects { terms, bar, groups, .. } => {
            *bar = Span::default();
            term(terms);
            term(groups);
        }
    }
}

fn statement(statement: &mut Statement) {
    statement.span = Span::default();
    match &mut statement.kind {
        StatementKind::Sample { target: left, distribution: right }
        | StatementKind::Define { target: left, value: right } => {
            strip_expr_spans(left);
            strip_expr_spans(right);
        }
        StatementKind::For { variable, range, body } => {
            name(variable);
            strip_expr_spans(range);
            block(body);
        }
        StatementKind::If { arms, otherwise } => {
            for (condition, body) in arms {
                strip_expr_spans(condition);
                block(body);
            }
            otherwise.iter_mut().for_each(block);
        }
        StatementKind::Data { name: declared, element, dims, range } => {
            name(declared);
            name(element);
            dims.iter_mut().flatten().for_each(strip_expr_spans);
            range.iter_mut().for_each(interval);
        }
        StatementKind::Param { name: declared, dims, range, start } => {
            name(declared);
            dims.iter_mut().flatten().for_each(strip_expr_spans);
            range.iter_mut().for_each(interval);
            start.iter_mut().for_each(strip_expr_spans);
        }
        StatementKind::Function { name: function, parameters, body } => {
            name(function);
            parameters.iter_mut().for_each(name);
            match body {
                FunctionBody::Expr(value) => strip_expr_spans(value),
                FunctionBody::Block(body) => block(body),
            }
        }
        StatementKind::Factor { value } | StatementKind::Return { value } => strip_expr_spans(value),
    }
}

fn block(block: &mut Block) {
    block.span = Span::default();
    block.statements.iter_mut().for_each(statement);
}

fn interval(interval: &mut Interval) {
    interval.span = Span::default();
    strip_expr_spans(&mut interval.lower);
    strip_expr_spans(&mut interval.upper);
}

fn index(index: &mut Index) {
    match index {
        Index::At(at) => strip_expr_spans(at),
        Index::Slice { lower, upper, span } => {
            *span = Span::default();
            lower.iter_mut().chain(upper).for_each(strip_expr_spans);
        }
    }
}

fn name(name: &mut Name) {
    name.span = Span::default();
}
