//! How expressions are written: spaces, brackets, the parentheses that precedence asks for.

use super::Printer;
use super::doc::Doc;
use crate::source::Span;
use crate::syntax::ast::*;
use crate::syntax::lexer::is_plain_name;

/// How tightly an expression holds together; the levels of the grammar, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Or,
    And,
    Comparison,
    Range,
    Sum,
    Product,
    MatrixProduct,
    Unary,
    Power,
    Postfix,
}

impl Level {
    fn of_operator(op: BinaryOp) -> Self {
        use BinaryOp::*;
        match op {
            Or => Level::Or,
            And => Level::And,
            Less | LessEqual | Greater | GreaterEqual | Equal | NotEqual => Level::Comparison,
            Range => Level::Range,
            Add | Sub => Level::Sum,
            Mul | Div => Level::Product,
            MatMul => Level::MatrixProduct,
            Pow => Level::Power,
        }
    }

    fn of(expr: &Expr) -> Self {
        match &expr.kind {
            ExprKind::Binary { op, .. } => Level::of_operator(*op),
            ExprKind::Unary { .. } => Level::Unary,
            ExprKind::Int(value) if *value < 0 => Level::Unary,
            ExprKind::Real(value) if value.is_sign_negative() => Level::Unary,
            _ => Level::Postfix,
        }
    }

    /// The next tighter one.
    fn above(self) -> Self {
        match self {
            Level::Or => Level::And,
            Level::And => Level::Comparison,
            Level::Comparison => Level::Range,
            Level::Range => Level::Sum,
            Level::Sum => Level::Product,
            Level::Product => Level::MatrixProduct,
            Level::MatrixProduct => Level::Unary,
            Level::Unary => Level::Power,
            Level::Power | Level::Postfix => Level::Postfix,
        }
    }
}

/// As it is written between its operands.
pub fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Or => "||",
        BinaryOp::And => "&&",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Range => ":",
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::MatMul => "@",
        BinaryOp::Pow => "^",
    }
}

/// As it is written before its operand.
pub fn unary_symbol(op: UnaryOp) -> &'static str {
    match op {
        UnaryOp::Neg => "-",
        UnaryOp::Not => "!",
    }
}

/// In backquotes where the text alone would not be read as a name.
pub fn name(text: &str) -> String {
    if is_plain_name(text) { text.to_owned() } else { format!("`{text}`") }
}

fn string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The shortest way to write the number that reads back as the same one.
fn real(value: f64) -> String {
    if value.is_nan() {
        "nan".into()
    } else if value.is_infinite() {
        if value > 0.0 { "inf".into() } else { "-inf".into() }
    } else {
        format!("{value:?}")
    }
}

/// As a `Group` would be printed.
pub(super) fn parenthesised(inner: Vec<Doc>) -> Vec<Doc> {
    let mut inside = vec![Doc::Soft];
    inside.extend(inner);
    vec![Doc::text("("), Doc::Group(vec![Doc::Indent(inside), Doc::Soft]), Doc::text(")")]
}

/// Whether a comma at the end of a broken list is kept from the source as a wish to keep it broken.
#[derive(Clone, Copy, PartialEq)]
enum Lists {
    KeepBroken,
    JoinIfFits,
}

impl Printer<'_> {
    pub(super) fn expr(&mut self, expr: &Expr) -> Vec<Doc> {
        self.operand(expr, Level::Or)
    }

    /// In parentheses if it is looser than `at_least`.
    fn operand(&mut self, expr: &Expr, at_least: Level) -> Vec<Doc> {
        if Level::of(expr) >= at_least {
            return self.open_expr(expr);
        }
        parenthesised(self.open_expr(expr))
    }

    fn open_expr(&mut self, expr: &Expr) -> Vec<Doc> {
        match &expr.kind {
            ExprKind::Int(value) => {
                let written = self.number(expr.span).unwrap_or_else(|| value.to_string());
                self.leaf(expr.span, written)
            }
            ExprKind::Real(value) => {
                let written = self.number(expr.span).unwrap_or_else(|| real(*value));
                self.leaf(expr.span, written)
            }
            ExprKind::Bool(value) => self.leaf(expr.span, value.to_string()),
            ExprKind::Str(text) => self.leaf(expr.span, string(text)),
            ExprKind::Name(text) => self.leaf(expr.span, name(text)),
            ExprKind::Array(elements) => {
                let mut docs = self.leaf(expr.span, "[".into());
                docs.push(self.list(
                    elements,
                    expr.span.end,
                    Lists::KeepBroken,
                    |p, e| p.expr(e),
                    |e| e.span,
                ));
                docs.push(Doc::text("]"));
                docs
            }
            ExprKind::Group(inner) => {
                let mut docs = self.leaf(expr.span, "(".into());
                let mut inside = self.comments_before(inner.span.start);
                inside.push(Doc::Soft);
                inside.extend(self.expr(inner));
                let mut all = vec![Doc::Indent(inside)];
                all.extend(self.comments_before(expr.span.end));
                all.push(Doc::Soft);
                docs.extend([Doc::Group(all), Doc::text(")")]);
                docs
            }
            ExprKind::Unary { op, operand } => {
                let mut docs = self.leaf(expr.span, unary_symbol(*op).into());
                docs.extend(self.operand(operand, Level::Unary));
                docs
            }
            ExprKind::Binary { op, op_span, left, right } => self.binary(*op, *op_span, left, right),
            ExprKind::Transpose(operand) => {
                let mut docs = self.operand(operand, Level::Postfix);
                docs.push(Doc::text("'"));
                docs
            }
            ExprKind::Call { function, arguments } => {
                let mut docs = self.leaf(function.span, name(&function.text));
                docs.push(Doc::text("("));
                let start =
                    |argument: &Argument| argument.name.as_ref().map_or(argument.value.span, |n| n.span);
                docs.push(self.list(
                    arguments,
                    expr.span.end,
                    Lists::KeepBroken,
                    |p, a| p.argument(a),
                    start,
                ));
                docs.push(Doc::text(")"));
                docs
            }
            ExprKind::Index { base, indices } => {
                let mut docs = self.operand(base, Level::Postfix);
                docs.push(Doc::text("["));
                let start = |index: &Index| match index {
                    Index::At(at) => at.span,
                    Index::Slice { span, .. } => *span,
                };
                docs.push(self.list(indices, expr.span.end, Lists::JoinIfFits, |p, i| p.index(i), start));
                docs.push(Doc::text("]"));
                docs
            }
            ExprKind::Lm(model) => self.lm(model, expr.span),
        }
    }

    /// Chains of one level break before each operator that would not fit; `^` and `:` never break.
    fn binary(&mut self, op: BinaryOp, op_span: Span, left: &Expr, right: &Expr) -> Vec<Doc> {
        let level = Level::of_operator(op);
        match op {
            BinaryOp::Pow => {
                let mut docs = self.operand(left, Level::Postfix);
                docs.extend(self.leaf(op_span, "^".into()));
                docs.extend(self.exponent(right));
                docs
            }
            BinaryOp::Range => {
                let mut docs = self.operand(left, level.above());
                docs.extend(self.leaf(op_span, ":".into()));
                docs.extend(self.operand(right, level.above()));
                docs
            }
            _ => {
                let is_chain = level != Level::Comparison;
                let mut links = vec![(op, op_span, right)];
                let mut first = left;
                while let ExprKind::Binary { op, op_span, left, right } = &first.kind
                    && is_chain
                    && Level::of_operator(*op) == level
                {
                    links.push((*op, *op_span, right));
                    first = left;
                }
                let mut docs = self.operand(first, if is_chain { level } else { level.above() });
                let mut chain = Vec::new();
                for (op, op_span, operand) in links.into_iter().rev() {
                    let mut link = self.comments_before(op_span.start);
                    link.extend([Doc::Line, Doc::text(symbol(op)), Doc::text(" ")]);
                    link.extend(self.operand(operand, level.above()));
                    chain.push(Doc::Group(link));
                }
                docs.push(Doc::Indent(chain));
                docs
            }
        }
    }

    /// The right of `^`, which may carry signs.
    fn exponent(&mut self, expr: &Expr) -> Vec<Doc> {
        match &expr.kind {
            ExprKind::Unary { op: UnaryOp::Neg, operand } => {
                let mut docs = self.leaf(expr.span, "-".into());
                docs.extend(self.exponent(operand));
                docs
            }
            _ => self.operand(expr, Level::Power),
        }
    }

    pub(super) fn argument(&mut self, argument: &Argument) -> Vec<Doc> {
        let mut docs = Vec::new();
        if let Some(given) = &argument.name {
            docs.extend(self.leaf(given.span, name(&given.text)));
            docs.push(Doc::text(" = "));
        }
        docs.extend(self.expr(&argument.value));
        docs
    }

    fn index(&mut self, index: &Index) -> Vec<Doc> {
        match index {
            Index::At(at) => self.expr(at),
            Index::Slice { lower, upper, .. } => {
                let mut docs = Vec::new();
                if let Some(lower) = lower {
                    docs.extend(self.operand(lower, Level::Sum));
                }
                docs.push(Doc::text(":"));
                if let Some(upper) = upper {
                    docs.extend(self.operand(upper, Level::Sum));
                }
                docs
            }
        }
    }

    /// What stands between brackets: on one line, or one item a line with a comma behind each.
    fn list<T>(
        &mut self,
        items: &[T],
        end: u32,
        commas: Lists,
        print: impl Fn(&mut Self, &T) -> Vec<Doc>,
        place: impl Fn(&T) -> Span,
    ) -> Doc {
        let keep_broken = commas == Lists::KeepBroken && self.ends_with_comma_and_newline(end);
        let mut inside = Vec::new();
        for (position, item) in items.iter().enumerate() {
            if position > 0 {
                inside.push(Doc::text(","));
            }
            inside.extend(self.comments_before(place(item).start));
            inside.push(if position > 0 { Doc::Line } else { Doc::Soft });
            inside.extend(print(self, item));
        }
        if !items.is_empty() {
            inside.push(Doc::IfBroken(","));
        }
        inside.extend(self.comments_before(end));
        let all = vec![Doc::Indent(inside), Doc::Soft];
        if keep_broken && !items.is_empty() { Doc::Broken(all) } else { Doc::Group(all) }
    }

    /// The names of a function's parameters, between its parentheses.
    pub(super) fn names(&mut self, names: &[Name], end: u32) -> Doc {
        self.list(names, end, Lists::JoinIfFits, |p, n| p.leaf(n.span, name(&n.text)), |n| n.span)
    }

    /// The sizes in a declaration, between its brackets.
    pub(super) fn dims(&mut self, dims: &[Expr]) -> Vec<Doc> {
        let end = self.end_of(']', dims.last().map_or(0, |last| last.span.end));
        let list = self.list(dims, end, Lists::JoinIfFits, |p, e| p.expr(e), |e| e.span);
        vec![Doc::text("["), list, Doc::text("]")]
    }
}
