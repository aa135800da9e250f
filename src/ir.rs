//! The typed program: every name resolved, every call bound to its catalogue entry. Made by `check`, read by `compile`.

use std::fmt;

use crate::builtin::Builtin;
use crate::dist::{Distribution, Question, Wrapper};
use crate::source::{Source, Span};
use crate::types::{ElementType, Type};

/// Index into [`Model::variables`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VariableId(pub usize);

/// Index into [`Model::functions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FunctionId(pub usize);

/// A checked model file (or a checked expression over a model's names, for the REPL).
#[derive(Clone, Debug)]
pub struct Model {
    pub source: Source,
    pub variables: Vec<Variable>,
    pub functions: Vec<Function>,
    pub body: Vec<Statement>,
}

#[derive(Clone, Debug)]
pub struct Variable {
    pub name: String,
    /// Where it is defined; for data that nothing declares, its first use.
    pub span: Span,
    pub role: Role,
    /// `##` documentation.
    pub doc: Option<String>,
    /// As far as known before there is data.
    pub ty: Type,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Comes from the data and is conditioned on.
    Data,
    /// Comes from the data and stands on the left of some `~`.
    Observed,
    /// Left of `~` and not in the data.
    Latent,
    Deterministic,
    /// `param`
    PointEstimate,
    /// The variable of a `for`.
    Loop,
    /// A function's parameter or local, or a plain name defined in the body of a loop.
    Local,
}

#[derive(Clone, Debug)]
pub struct Function {
    pub name: String,
    pub span: Span,
    pub parameters: Vec<VariableId>,
    /// Ends with [`StatementKind::Return`] on every path (an expression body is a single return).
    pub body: Vec<Statement>,
}

#[derive(Clone, Debug)]
pub struct Statement {
    pub kind: StatementKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum StatementKind {
    /// The only statement of a latent, outside loops: `alpha[county] ~ D`; the plates say how many draws.
    Latent {
        variable: VariableId,
        plates: Vec<Expr>,
        distribution: Expr,
    },
    /// One of several statements of a latent, or one in a loop: `z[t] ~ D` defines elements.
    LatentElements {
        variable: VariableId,
        indices: Vec<Index>,
        distribution: Expr,
    },
    /// `value` depends on data alone.
    Observe {
        value: Expr,
        distribution: Expr,
    },
    Define {
        variable: VariableId,
        value: Expr,
    },
    DefineElements {
        variable: VariableId,
        indices: Vec<Index>,
        value: Expr,
    },
    For {
        variable: VariableId,
        range: Expr,
        body: Vec<Statement>,
    },
    If {
        arms: Vec<(Expr, Vec<Statement>)>,
        otherwise: Vec<Statement>,
    },
    /// A declaration to hold the data against.
    Data {
        variable: VariableId,
        element: ElementType,
        dims: Option<Vec<Expr>>,
        range: Option<(Expr, Expr)>,
    },
    Param {
        variable: VariableId,
        dims: Vec<Expr>,
        range: Option<(Expr, Expr)>,
        start: Option<Expr>,
    },
    Factor {
        value: Expr,
    },
    Return {
        value: Expr,
    },
}

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
    /// As far as known before there is data; unknown for distributions.
    pub ty: Type,
}

#[derive(Clone)]
pub enum ExprKind {
    Number(f64, ElementType),
    /// A level's name, in an index only.
    Str(String),
    Variable(VariableId),
    /// Number of rows of the table.
    Rows,
    /// `[a, b, c]`
    Array(Vec<Expr>),
    /// A function or operator; arguments in the order of its parameters, variadic ones spread at the end.
    Call {
        builtin: &'static dyn Builtin,
        args: Vec<Option<Expr>>,
    },
    Apply {
        function: FunctionId,
        args: Vec<Expr>,
    },
    /// A function that a parameter holds, called: `g(x)` in `fn twice(g, x) = g(g(x))`.
    ApplyVariable {
        variable: VariableId,
        args: Vec<Expr>,
    },
    /// A function of the file, passed as a value.
    Function(FunctionId),
    /// Arguments in the order of the chosen form; `None` takes the default.
    Distribution {
        dist: &'static dyn Distribution,
        form: usize,
        args: Vec<Option<Expr>>,
    },
    /// `inner` are expressions of type distribution.
    Wrapped {
        wrapper: &'static dyn Wrapper,
        inner: Vec<Expr>,
        args: Vec<Option<Expr>>,
    },
    /// `lpdf(D, x)`, `mean(D)`: elementwise over batches.
    Ask {
        question: &'static Question,
        distribution: Box<Expr>,
        at: Option<Box<Expr>>,
    },
    /// `mean(v)` in a function that may be given a distribution or an array.
    AskOrCall {
        question: &'static Question,
        builtin: &'static dyn Builtin,
        value: Box<Expr>,
    },
    /// `a:b`, both included.
    Range {
        from: Box<Expr>,
        to: Box<Expr>,
    },
    /// One row of state per time.
    Ode(Box<Ode>),
    Index {
        base: Box<Expr>,
        indices: Vec<Index>,
    },
}

/// Ways to solve a differential equation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OdeMethod {
    #[default]
    Explicit,
    /// For stiff equations.
    Implicit,
}

impl OdeMethod {
    /// Names in a model, the usual one first.
    pub const NAMES: &[(&str, OdeMethod)] =
        &[("rk45", OdeMethod::Explicit), ("bdf", OdeMethod::Implicit), ("rodas", OdeMethod::Implicit)];
}

/// dy/dt = f(t, y, args...), from y0 at t0.
#[derive(Clone, Debug)]
pub struct Ode {
    /// A function of the file, or a name that holds one.
    pub function: Expr,
    pub start: Expr,
    pub t0: Expr,
    pub times: Expr,
    /// Numbers, arrays or functions.
    pub args: Vec<Expr>,
    pub method: OdeMethod,
    pub rtol: Option<Expr>,
    pub atol: Option<Expr>,
    pub max_steps: Option<Expr>,
}

impl Ode {
    /// The function, then all that it is solved for.
    pub fn parts(&self) -> impl Iterator<Item = &Expr> {
        [&self.function, &self.start, &self.t0, &self.times]
            .into_iter()
            .chain(&self.args)
            .chain(self.options().map(|(_, option)| option))
    }

    /// Options that were given, by name.
    pub fn options(&self) -> impl Iterator<Item = (&'static str, &Expr)> {
        let all = [("rtol", &self.rtol), ("atol", &self.atol), ("max_steps", &self.max_steps)];
        all.into_iter().filter_map(|(name, option)| Some((name, option.as_ref()?)))
    }
}

#[derive(Clone, Debug)]
pub enum Index {
    At(Expr),
    /// `:`, `a:`, `:b`
    Slice {
        lower: Option<Expr>,
        upper: Option<Expr>,
        span: Span,
    },
}

impl Model {
    pub fn variable(&self, id: VariableId) -> &Variable {
        &self.variables[id.0]
    }

    pub fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id.0]
    }
}

impl fmt::Debug for ExprKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExprKind::Number(value, element) => write!(f, "{value}: {element}"),
            ExprKind::Str(level) => write!(f, "{level:?}"),
            ExprKind::Variable(id) => write!(f, "{id:?}"),
            ExprKind::Rows => f.write_str("rows"),
            ExprKind::Array(items) => f.debug_tuple("Array").field(items).finish(),
            ExprKind::Call { builtin, args } => f.debug_tuple(builtin.name()).field(args).finish(),
            ExprKind::Apply { function, args } => f.debug_tuple("Apply").field(function).field(args).finish(),
            ExprKind::ApplyVariable { variable, args } => {
                f.debug_tuple("Apply").field(variable).field(args).finish()
            }
            ExprKind::Function(id) => write!(f, "{id:?}"),
            ExprKind::Distribution { dist, form, args } => {
                f.debug_tuple(dist.name()).field(form).field(args).finish()
            }
            ExprKind::Wrapped { wrapper, inner, args } => {
                f.debug_tuple(wrapper.name()).field(inner).field(args).finish()
            }
            ExprKind::Ask { question, distribution, at } => {
                f.debug_tuple(question.name).field(distribution).field(at).finish()
            }
            ExprKind::Ode(ode) => f.debug_list().entries(ode.parts()).finish(),
            ExprKind::AskOrCall { question, value, .. } => f.debug_tuple(question.name).field(value).finish(),
            ExprKind::Range { from, to } => f.debug_tuple("Range").field(from).field(to).finish(),
            ExprKind::Index { base, indices } => f.debug_tuple("Index").field(base).field(indices).finish(),
        }
    }
}
