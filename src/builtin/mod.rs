//! Functions and operators of the language.

use crate::tape::{Graph, Node};
use crate::types::{ElementType, Type};

/// One argument of a builtin.
#[derive(Debug)]
pub struct Param {
    pub name: &'static str,
    pub kind: ParamKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    Required,
    Optional,
    /// Any number of positional arguments from here on (at least one): `cbind(a, b, c)`.
    Variadic,
    /// By name only: `axis = 1`.
    Named,
}

/// Why a call cannot be: words for the user, and which argument they are about.
#[derive(Clone, Debug, PartialEq)]
pub struct CallError {
    pub message: String,
    pub help: Option<String>,
    pub argument: Option<usize>,
}

/// A traced argument: a node of shape `[batch..., event...]`.
#[derive(Clone, Copy, Debug)]
pub struct Arg {
    pub node: Node,
    /// Trailing dimensions that are the value's own.
    pub rank: usize,
    pub element: ElementType,
}

/// A call with its arguments in the order of `params` (variadic ones spread at the end); not given ones are `None`.
/// Every node has the same number `batch` of leading dimensions (of length 1 where it does not vary with them).
#[derive(Debug)]
pub struct Call<'a> {
    pub args: &'a [Option<Arg>],
    pub batch: usize,
}

/// A function: all its facts in one place. Operators are functions with a symbol for a name (`+`).
pub trait Builtin: Sync {
    fn name(&self) -> &'static str;

    /// One line of help.
    fn summary(&self) -> &'static str;

    fn params(&self) -> &'static [Param];

    /// Type of the result; checks shapes and element types as far as they are known. Before there is data shapes are
    /// symbolic, after it exact.
    fn result(&self, args: &[Option<Type>]) -> Result<Type, CallError>;

    /// Nodes that compute it. Called after `result` agreed on exact types; may still refuse what only values show.
    /// The result has shape `[batch..., event...]`.
    fn build(&self, g: &mut Graph, call: &Call) -> Result<Node, CallError>;

    /// Works element by element with broadcasting: arguments arrive with equal event ranks when `call.batch > 0`.
    fn elementwise(&self) -> bool {
        false
    }

    /// A reduction over rows whose value from the fit is kept in predictions (`mean`, `center`, `levels`).
    fn training_constant(&self) -> bool {
        false
    }

    /// An expression that uses it, and is run by the tests.
    fn example(&self) -> &'static str;
}
