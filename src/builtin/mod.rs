//! Functions and operators of the language.
//!
//! Each is an entry of the catalogue in the file of its family; [`ALL`] holds them all.

pub mod call;
pub mod elementwise;
pub mod function;
pub mod linear;
pub mod reduction;
#[cfg(test)]
mod tests;
pub mod typing;
pub mod vector;

pub use elementwise::arithmetic::{DIVIDED, MINUS, TIMES};
pub use elementwise::choice::WHERE;
pub use linear::product::{AT, DOT};
pub use reduction::sums::SUM;
pub use vector::sequence::RANGE;

use crate::tape::{Graph, Node};
use crate::types::{ElementType, Type};

/// One argument of a builtin.
#[derive(Debug)]
pub struct Param {
    pub name: &'static str,
    pub kind: ParamKind,
    /// What it is, where its name does not say it; empty otherwise.
    pub doc: &'static str,
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
    /// The argument would do if it were the same in every pass of a loop.
    pub varies: bool,
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

    /// A reduction over rows whose value from the fit is kept in predictions (`mean`, `center`, `levels`). Of `min` and
    /// `max` this holds where one array is given: of several values they work element by element.
    fn training_constant(&self) -> bool {
        false
    }

    /// Position of the argument whose levels the first dimension of the result stands for, one element each.
    fn over_levels_of(&self) -> Option<usize> {
        None
    }

    /// The elements of the result are elements of the first argument: levels stay levels.
    fn keeps_levels(&self) -> bool {
        false
    }

    /// The result is a category: its levels are the combinations of the arguments' levels that occur, in order.
    fn combines_levels(&self) -> bool {
        false
    }

    /// Of a result of this many dimensions: for each, the argument and the dimension of it whose labels it has.
    fn dimensions_of(&self) -> &'static [(usize, usize)] {
        &[]
    }

    /// An expression that uses it, and is run by the tests.
    fn example(&self) -> &'static str;
}

/// Every function and operator.
pub static ALL: &[&dyn Builtin] = &joined::<{ count(GROUPS) }>(GROUPS);

/// Names of the language's functions that later versions bring.
pub static PLANNED: &[&str] = &[];

/// Products, in which an infinite number has no use: whatever multiplies it, the result is 0 times infinity or infinite.
pub static PRODUCTS: &[&dyn Builtin] = &[&TIMES, &AT, &DOT];

/// Functions that ask an array for no element's value: entries may be missing.
const TAKING_MISSING: &[&str] = &["len", "nrow", "ncol", "isnan"];

/// Whether a function has an answer for arrays with missing entries.
pub fn takes_missing(builtin: &dyn Builtin) -> bool {
    TAKING_MISSING.contains(&builtin.name())
}

/// How a function goes over vectors of several lengths at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OfRagged {
    /// It asks for the length alone.
    Length,
    /// It gives the same with such elements at the end, but for what it gives for them.
    Fill(f64),
    Mean,
    Variance {
        is_root: bool,
    },
}

const OF_RAGGED: &[(&str, OfRagged)] = &[
    ("len", OfRagged::Length),
    ("nrow", OfRagged::Length),
    ("sum", OfRagged::Fill(0.0)),
    ("prod", OfRagged::Fill(1.0)),
    ("logsumexp", OfRagged::Fill(f64::NEG_INFINITY)),
    ("norm", OfRagged::Fill(0.0)),
    ("any", OfRagged::Fill(0.0)),
    ("all", OfRagged::Fill(1.0)),
    ("min", OfRagged::Fill(f64::INFINITY)),
    ("max", OfRagged::Fill(f64::NEG_INFINITY)),
    ("mean", OfRagged::Mean),
    ("var", OfRagged::Variance { is_root: false }),
    ("sd", OfRagged::Variance { is_root: true }),
    ("cumsum", OfRagged::Fill(0.0)),
    ("softmax", OfRagged::Fill(f64::NEG_INFINITY)),
    ("log_softmax", OfRagged::Fill(f64::NEG_INFINITY)),
    ("cbind", OfRagged::Fill(0.0)),
    ("@", OfRagged::Fill(0.0)),
    ("dot", OfRagged::Fill(0.0)),
];

/// How a function goes over vectors of several lengths at once; `None` where it takes one length at a time.
pub fn of_ragged(builtin: &dyn Builtin) -> Option<OfRagged> {
    OF_RAGGED.iter().find(|(name, _)| *name == builtin.name()).map(|(_, rule)| *rule)
}

/// The function of this name.
pub fn find(name: &str) -> Option<&'static dyn Builtin> {
    ALL.iter().copied().find(|f| f.name() == name)
}

/// What a group is for, and its functions, file by file.
pub type Group = (&'static str, &'static [&'static [&'static dyn Builtin]]);

/// The functions by what they are for, in the order of the reference.
pub const GROUPS: &[Group] = &[
    ("Arithmetic", &[elementwise::arithmetic::ALL]),
    ("Conditions", &[elementwise::comparison::ALL, elementwise::logic::ALL, elementwise::choice::ALL]),
    ("Exponentials and logarithms", &[elementwise::exponential::ALL]),
    ("Trigonometric and hyperbolic functions", &[elementwise::trigonometric::ALL]),
    ("Links and activations", &[elementwise::probability::ALL, elementwise::neural::ALL]),
    ("Special functions", &[elementwise::special::ALL]),
    ("Rounding", &[elementwise::rounding::ALL]),
    (
        "Reductions",
        &[
            reduction::sums::ALL,
            reduction::moments::ALL,
            reduction::extremes::ALL,
            reduction::cumulative::ALL,
        ],
    ),
    (
        "Vectors and arrays",
        &[
            vector::size::ALL,
            vector::fill::ALL,
            vector::sequence::ALL,
            vector::bind::ALL,
            vector::order::ALL,
            vector::grouping::ALL,
            vector::scaling::ALL,
            vector::softmax::ALL,
        ],
    ),
    (
        "Linear algebra",
        &[
            linear::product::ALL,
            linear::diagonal::ALL,
            linear::solve::ALL,
            linear::determinant::ALL,
            linear::eigen::ALL,
        ],
    ),
    ("Covariance kernels", &[linear::kernel::ALL]),
];

const fn count(groups: &[Group]) -> usize {
    let (mut n, mut i) = (0, 0);
    while i < groups.len() {
        let mut j = 0;
        while j < groups[i].1.len() {
            n += groups[i].1[j].len();
            j += 1;
        }
        i += 1;
    }
    n
}

const fn joined<const N: usize>(groups: &[Group]) -> [&'static dyn Builtin; N] {
    let mut all = [groups[0].1[0][0]; N];
    let (mut n, mut i) = (0, 0);
    while i < groups.len() {
        let mut j = 0;
        while j < groups[i].1.len() {
            let mut k = 0;
            while k < groups[i].1[j].len() {
                all[n] = groups[i].1[j][k];
                n += 1;
                k += 1;
            }
            j += 1;
        }
        i += 1;
    }
    all
}
