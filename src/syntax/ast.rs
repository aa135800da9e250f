//! The abstract syntax tree: what was written, with nothing resolved.

use crate::source::Span;

/// A model file.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct File {
    pub statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub kind: StatementKind,
    pub span: Span,
    /// The `##` lines above the statement, joined by newlines.
    pub doc: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// `target ~ distribution`
    Sample { target: Expr, distribution: Expr },
    /// `target = value`; the target is a name or an indexed name.
    Define { target: Expr, value: Expr },
    /// `for variable in range { body }`; the range is an expression, usually `a:b`.
    For { variable: Name, range: Expr, body: Block },
    /// `if c { ... } else if d { ... } else { ... }`: one arm per condition, in order.
    If { arms: Vec<(Expr, Block)>, otherwise: Option<Block> },
    /// `data x: real[N, K] in (lo, hi)`
    Data { name: Name, element: ElementName, dims: Option<Vec<Expr>>, range: Option<Interval> },
    /// `param w[H] in (0, inf) = 1`
    Param { name: Name, dims: Option<Vec<Expr>>, range: Option<Interval>, start: Option<Expr> },
    /// `fn f(a, b) = expr` or `fn f(a, b) { ...; return expr }`
    Function { name: Name, parameters: Vec<Name>, body: FunctionBody },
    /// `factor expr`
    Factor { value: Expr },
    /// `return expr`, in a function body only.
    Return { value: Expr },
}

/// `{ ... }`
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub statements: Vec<Statement>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum FunctionBody {
    Expr(Expr),
    Block(Block),
}

/// `(lo, hi)` after `in`.
#[derive(Clone, Debug, PartialEq)]
pub struct Interval {
    pub lower: Expr,
    pub upper: Expr,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// Without backquotes.
    pub text: String,
    pub span: Span,
}

/// The type word of a `data` declaration, kept as written; `check` knows `real`, `int`, `bool`, `category`.
pub type ElementName = Name;

#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    Int(i64),
    Real(f64),
    Bool(bool),
    /// A level's name.
    Str(String),
    Name(String),
    /// `[a, b, c]`
    Array(Vec<Expr>),
    /// `(e)`: kept so that printing gives back what was written.
    Group(Box<Expr>),
    Unary {
        op: UnaryOp,
        operand: Box<Expr>,
    },
    Binary {
        op: BinaryOp,
        op_span: Span,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// Postfix `'`
    Transpose(Box<Expr>),
    Call {
        function: Name,
        arguments: Vec<Argument>,
    },
    Index {
        base: Box<Expr>,
        indices: Vec<Index>,
    },
    /// `lm(1 + x + (1 | g), prior = D)`: rewritten into plain statements before anything is checked.
    Lm(Box<LinearModel>),
}

/// `formula, prior = D, ...`
#[derive(Clone, Debug, PartialEq)]
pub struct LinearModel {
    pub formula: Term,
    /// Each has a name.
    pub options: Vec<Argument>,
}

/// A formula, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    pub kind: TermKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TermKind {
    /// `1` or `0`: with or without an intercept.
    Number(i64),
    /// A column, or an expression of columns: `x`, `log(x)`, `x^2`.
    Column(Expr),
    /// `(a + b)`
    Group(Box<Term>),
    /// `-1`
    Minus(Box<Term>),
    /// `a + b`, `a * b`, ...
    Binary { op: TermOp, op_span: Span, left: Box<Term>, right: Box<Term> },
    /// `(1 + x | g)`; `(1 + x || g)` without correlations.
    Effects { terms: Box<Term>, bar: Span, correlated: bool, groups: Box<Term> },
}

/// Loosest first, as in R.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermOp {
    Add,
    Remove,
    /// `a * b`: a + b + a:b
    Cross,
    /// `a / b`: a + a:b
    Nest,
    /// `a:b`
    Interact,
}

impl TermOp {
    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            TermOp::Add => "+",
            TermOp::Remove => "-",
            TermOp::Cross => "*",
            TermOp::Nest => "/",
            TermOp::Interact => ":",
        }
    }
}

/// `value` or `name = value`
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    pub name: Option<Name>,
    pub value: Expr,
}

/// One entry between the brackets of `x[...]`.
#[derive(Clone, Debug, PartialEq)]
pub enum Index {
    /// An expression; `a:b` arrives here as a `Binary` with [`BinaryOp::Range`].
    At(Expr),
    /// `:`, `a:` or `:b`
    Slice { lower: Option<Expr>, upper: Option<Expr>, span: Span },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    Neg,
    Not,
}

/// Loosest first, as in the language reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    Or,
    And,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    Range,
    Add,
    Sub,
    Mul,
    Div,
    MatMul,
    Pow,
}
