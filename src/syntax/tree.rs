//! Builds the tree for the grammar: what the rules of `vippl.lalrpop` do, and what they refuse.

use std::collections::HashMap;

use super::ast::*;
use super::error::SyntaxError;
use super::foreign;
use crate::source::{Source, Span};

/// A tree is this deep at most; a chain of n operators is n deep. Guards the stack of everything that walks it.
pub const MAX_DEPTH: u32 = 500;

/// What the rules need beside the tokens.
pub struct Context<'s> {
    pub source: &'s Source,
    /// The `##` lines above a statement, by its offset.
    pub docs: &'s HashMap<u32, String>,
    pub errors: Vec<SyntaxError>,
}

/// An expression and the depth of its tree.
#[derive(Debug)]
pub struct Node {
    expr: Expr,
    depth: u32,
}

impl Node {
    pub fn leaf(start: u32, end: u32, kind: ExprKind) -> Self {
        Node { expr: Expr { kind, span: span(start, end) }, depth: 1 }
    }

    pub fn into_expr(self) -> Expr {
        self.expr
    }
}

/// A part of a formula and the depth of its tree.
#[derive(Debug)]
pub struct TermNode {
    term: Term,
    depth: u32,
}

impl TermNode {
    pub fn leaf(start: u32, end: u32, kind: TermKind) -> Self {
        TermNode { term: Term { kind, span: span(start, end) }, depth: 1 }
    }
}

/// A binary operator and its place.
#[derive(Clone, Copy, Debug)]
pub struct Op {
    op: BinaryOp,
    at: Span,
}

impl Op {
    pub fn new(op: BinaryOp, start: u32, end: u32) -> Self {
        Op { op, at: span(start, end) }
    }
}

/// `value` or `name = value`
#[derive(Debug)]
pub struct ArgumentNode {
    pub name: Option<Name>,
    pub value: Node,
}

/// An index entry and its depth.
#[derive(Debug)]
pub struct IndexNode {
    index: Index,
    depth: u32,
}

impl IndexNode {
    pub fn at(node: Node) -> Self {
        IndexNode { depth: node.depth, index: Index::At(node.expr) }
    }

    /// `:`, `a:` or `:b`
    pub fn slice(cx: &mut Context, lower: Option<Node>, colon: Op, upper: Option<Node>) -> Self {
        if let Some(lower) = &lower {
            refuse_second_range(cx, &lower.expr, colon);
        }
        let depth = lower.iter().chain(&upper).map(|node| node.depth).max().unwrap_or(0);
        let lower = lower.map(Node::into_expr);
        let upper = upper.map(Node::into_expr);
        let all = lower.iter().chain(&upper).fold(colon.at, |all, expr| all.to(expr.span));
        IndexNode { depth, index: Index::Slice { lower, upper, span: all } }
    }
}

/// The arms of an `if`; one without a condition failed to parse.
#[derive(Debug)]
pub struct Arms {
    start: u32,
    arms: Vec<(Option<Expr>, Block)>,
}

impl Arms {
    pub fn new(start: u32, condition: Option<Node>, body: Block) -> Self {
        Arms { start, arms: Vec::new() }.and(condition, body)
    }

    pub fn and(mut self, condition: Option<Node>, body: Block) -> Self {
        self.arms.push((condition.map(Node::into_expr), body));
        self
    }
}

pub fn span(start: u32, end: u32) -> Span {
    Span { start, end }
}

// Statements

pub fn statement(cx: &mut Context, start: u32, end: u32, kind: StatementKind) -> Option<Box<Statement>> {
    Some(Box::new(Statement { kind, span: span(start, end), doc: cx.docs.get(&start).cloned() }))
}

/// `target ~ distribution`; which expressions may be observed is for `check` to say.
pub fn sample(cx: &mut Context, target: Node, distribution: Node) -> Option<Box<Statement>> {
    let (target, distribution) = (target.expr, distribution.expr);
    let (start, end) = (target.span.start, distribution.span.end);
    statement(cx, start, end, StatementKind::Sample { target, distribution })
}

/// `target = value`; the target is a name or an element of one.
pub fn define(cx: &mut Context, target: Node, value: Node) -> Option<Box<Statement>> {
    let (target, value) = (target.expr, value.expr);
    if let Some(word) = foreign::declared_type(&target) {
        cx.errors.push(SyntaxError::Declaration { at: word.span });
    } else if !is_definable(&target) {
        let help = match &target.kind {
            ExprKind::Call { function, .. } if function.text != "target" => {
                Some(foreign::link(&function.text).unwrap_or_else(|| {
                    format!("a function is defined with `fn {}(...) = ...`", function.text)
                }))
            }
            ExprKind::Binary { op, .. } if is_comparison(*op) => {
                Some("bounds come from the distribution, or from `truncated(D, lower = 0)`".into())
            }
            _ => Some("give the value a name of its own: `u = ...`".into()),
        };
        cx.errors.push(SyntaxError::BadTarget { help, at: target.span });
    }
    let (start, end) = (target.span.start, value.span.end);
    statement(cx, start, end, StatementKind::Define { target, value })
}

fn is_definable(target: &Expr) -> bool {
    match &target.kind {
        ExprKind::Name(_) => true,
        ExprKind::Index { base, .. } => matches!(base.kind, ExprKind::Name(_)),
        _ => false,
    }
}

/// An expression that stands alone: no statement, but often one in another language.
pub fn bare(cx: &mut Context, node: Node) -> Option<Box<Statement>> {
    let expr = node.expr;
    let error = match &expr.kind {
        ExprKind::Binary { op: BinaryOp::Less, op_span, left, right }
            if matches!(right.kind, ExprKind::Binary { .. } | ExprKind::Unary { .. })
                && cx.source.text[op_span.end as usize..].starts_with('-') =>
        {
            let link = match &left.kind {
                ExprKind::Call { function, .. } => foreign::link(&function.text),
                _ => None,
            };
            let at = Span { start: op_span.start, end: op_span.end + 1 };
            match link {
                Some(help) => SyntaxError::BadTarget { help: Some(help), at: left.span },
                None => SyntaxError::LeftArrow { name: cx.source.slice(left.span).to_owned(), at },
            }
        }
        ExprKind::Binary { op: BinaryOp::Equal, left, right, .. } => {
            let (left, right) = (cx.source.slice(left.span), cx.source.slice(right.span));
            let help = Some(format!("`==` compares; to define a quantity write `{left} = {right}`"));
            SyntaxError::BareExpression { help, at: expr.span }
        }
        ExprKind::Call { function, .. } => {
            let written = cx.source.slice(expr.span);
            let is_distribution = function.text.starts_with(char::is_uppercase);
            let help = if is_distribution {
                format!("say what has this distribution: `x ~ {written}`")
            } else {
                format!("give it a name, `x = {written}`, or add it to the log density, `factor {written}`")
            };
            SyntaxError::BareExpression { help: Some(help), at: expr.span }
        }
        _ => {
            let help = "a statement is `x ~ D(...)`, `x = ...` or `factor ...`".to_owned();
            SyntaxError::BareExpression { help: Some(help), at: expr.span }
        }
    };
    cx.errors.push(error);
    None
}

pub fn for_loop(
    cx: &mut Context,
    start: u32,
    variable: Name,
    range: Node,
    body: Block,
) -> Option<Box<Statement>> {
    let end = body.span.end;
    statement(cx, start, end, StatementKind::For { variable, range: range.expr, body })
}

/// `if`, its `else if`s and its `else`; `None` if a condition failed to parse.
pub fn conditional(cx: &mut Context, arms: Arms, otherwise: Option<Block>) -> Option<Box<Statement>> {
    let last = otherwise.as_ref().or(arms.arms.last().map(|(_, body)| body));
    let end = last.map_or(arms.start, |body| body.span.end);
    let complete: Option<Vec<_>> =
        arms.arms.into_iter().map(|(condition, body)| condition.map(|condition| (condition, body))).collect();
    statement(cx, arms.start, end, StatementKind::If { arms: complete?, otherwise })
}

pub fn block(start: u32, end: u32, statements: Vec<Statement>) -> Block {
    Block { statements, span: span(start, end) }
}

// Expressions

pub fn binary(cx: &mut Context, left: Node, op: Op, right: Node) -> Node {
    let depth = left.depth.max(right.depth);
    let all = left.expr.span.to(right.expr.span);
    let kind = ExprKind::Binary {
        op: op.op,
        op_span: op.at,
        left: Box::new(left.expr),
        right: Box::new(right.expr),
    };
    over(cx, depth, all, kind)
}

/// `a < b`, unless `a` is a comparison itself.
pub fn comparison(cx: &mut Context, left: Node, op: Op, right: Node) -> Node {
    if matches!(left.expr.kind, ExprKind::Binary { op, .. } if is_comparison(op)) {
        cx.errors.push(SyntaxError::ChainedComparison { at: op.at });
    }
    binary(cx, left, op, right)
}

pub fn range(cx: &mut Context, left: Node, op: Op, right: Node) -> Node {
    refuse_second_range(cx, &left.expr, op);
    binary(cx, left, op, right)
}

fn refuse_second_range(cx: &mut Context, left: &Expr, colon: Op) {
    if matches!(left.kind, ExprKind::Binary { op: BinaryOp::Range, .. }) {
        cx.errors.push(SyntaxError::ChainedRange { at: colon.at });
    }
}

fn is_comparison(op: BinaryOp) -> bool {
    use BinaryOp::*;
    matches!(op, Less | LessEqual | Greater | GreaterEqual | Equal | NotEqual)
}

pub fn unary(cx: &mut Context, start: u32, op: UnaryOp, operand: Node) -> Node {
    let all = span(start, operand.expr.span.end);
    over(cx, operand.depth, all, ExprKind::Unary { op, operand: Box::new(operand.expr) })
}

pub fn transpose(cx: &mut Context, operand: Node, end: u32) -> Node {
    let all = span(operand.expr.span.start, end);
    over(cx, operand.depth, all, ExprKind::Transpose(Box::new(operand.expr)))
}

pub fn group(cx: &mut Context, start: u32, inner: Node, end: u32) -> Node {
    over(cx, inner.depth, span(start, end), ExprKind::Group(Box::new(inner.expr)))
}

pub fn array(cx: &mut Context, start: u32, elements: Vec<Node>, end: u32) -> Node {
    let depth = elements.iter().map(|node| node.depth).max().unwrap_or(0);
    let elements = elements.into_iter().map(Node::into_expr).collect();
    over(cx, depth, span(start, end), ExprKind::Array(elements))
}

pub fn index(cx: &mut Context, base: Node, indices: Vec<IndexNode>, end: u32) -> Node {
    let depth = indices.iter().map(|entry| entry.depth).fold(base.depth, u32::max);
    let all = span(base.expr.span.start, end);
    let indices = indices.into_iter().map(|entry| entry.index).collect();
    over(cx, depth, all, ExprKind::Index { base: Box::new(base.expr), indices })
}

pub fn call(cx: &mut Context, function: Node, arguments: Vec<ArgumentNode>, end: u32) -> Node {
    let depth = arguments.iter().map(|argument| argument.value.depth).fold(function.depth, u32::max);
    let all = span(function.expr.span.start, end);
    let called = function.expr.span;
    let ExprKind::Name(text) = function.expr.kind else {
        cx.errors.push(SyntaxError::NotCallable { at: called });
        return Node::leaf(all.start, all.end, ExprKind::Int(0));
    };
    let arguments = arguments
        .into_iter()
        .map(|argument| Argument { name: argument.name, value: argument.value.into_expr() })
        .collect();
    over(cx, depth, all, ExprKind::Call { function: Name { text, span: called }, arguments })
}

pub fn named_argument(cx: &mut Context, name: Node, value: Node) -> ArgumentNode {
    let at = name.expr.span;
    let name = match name.expr.kind {
        ExprKind::Name(text) => Some(Name { text, span: at }),
        _ => {
            cx.errors.push(SyntaxError::BadArgumentName { at });
            None
        }
    };
    ArgumentNode { name, value }
}

// Formulas

/// `lm(formula, name = value, ...)`
pub fn lm(cx: &mut Context, start: u32, formula: TermNode, options: Vec<ArgumentNode>, end: u32) -> Node {
    let depth = options.iter().map(|option| option.value.depth).fold(formula.depth, u32::max);
    let options =
        options.into_iter().map(|option| Argument { name: option.name, value: option.value.into_expr() });
    let model = LinearModel { formula: formula.term, options: options.collect() };
    over(cx, depth, span(start, end), ExprKind::Lm(Box::new(model)))
}

pub fn term(cx: &mut Context, left: TermNode, (op, op_span): (TermOp, Span), right: TermNode) -> TermNode {
    let depth = left.depth.max(right.depth);
    let all = left.term.span.to(right.term.span);
    let (left, right) = (Box::new(left.term), Box::new(right.term));
    over_term(cx, depth, all, TermKind::Binary { op, op_span, left, right })
}

pub fn minus(cx: &mut Context, start: u32, operand: TermNode) -> TermNode {
    let all = span(start, operand.term.span.end);
    over_term(cx, operand.depth, all, TermKind::Minus(Box::new(operand.term)))
}

pub fn column(cx: &mut Context, column: Node) -> TermNode {
    over_term(cx, column.depth, column.expr.span, TermKind::Column(column.expr))
}

pub fn term_group(cx: &mut Context, start: u32, inner: TermNode, end: u32) -> TermNode {
    over_term(cx, inner.depth, span(start, end), TermKind::Group(Box::new(inner.term)))
}

/// `(terms | groups)`; with `||` not correlated.
pub fn effects(
    cx: &mut Context,
    start: u32,
    terms: TermNode,
    (correlated, bar): (bool, Span),
    groups: TermNode,
    end: u32,
) -> TermNode {
    let depth = terms.depth.max(groups.depth);
    let (terms, groups) = (Box::new(terms.term), Box::new(groups.term));
    over_term(cx, depth, span(start, end), TermKind::Effects { terms, bar, correlated, groups })
}

fn over_term(cx: &mut Context, depth_below: u32, at: Span, kind: TermKind) -> TermNode {
    let depth = depth_below + 1;
    if depth <= MAX_DEPTH {
        return TermNode { term: Term { kind, span: at }, depth };
    }
    too_deep(cx, at);
    TermNode::leaf(at.start, at.end, TermKind::Number(1))
}

/// One level above parts of this depth. Beyond the limit the parts are dropped, and reported once.
fn over(cx: &mut Context, depth_below: u32, at: Span, kind: ExprKind) -> Node {
    let depth = depth_below + 1;
    if depth <= MAX_DEPTH {
        return Node { expr: Expr { kind, span: at }, depth };
    }
    too_deep(cx, at);
    Node::leaf(at.start, at.end, ExprKind::Int(0))
}

fn too_deep(cx: &mut Context, at: Span) {
    let reported = |error: &SyntaxError| matches!(error, SyntaxError::ExpressionTooDeep { .. });
    if !cx.errors.iter().any(reported) {
        cx.errors.push(SyntaxError::ExpressionTooDeep { limit: MAX_DEPTH as usize, at });
    }
}
