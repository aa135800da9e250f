//! What an expression becomes while a model is traced: nodes of the program with named leading axes.

use std::sync::Arc;

use super::CompileError;
use crate::data::Levels;
use crate::dist::{Distribution, Wrapper};
use crate::ir::FunctionId;
use crate::source::Span;
use crate::tape::Node;
use crate::types::ElementType;

/// An axis in front of a value's own dimensions. The order is that of the dimensions: domain first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Axis {
    /// One row per iteration of the loops around the value; index into `Tracer::domains`.
    Domain(usize),
    /// One entry per value of a discrete latent; index into `Tracer::enumerations`.
    Enumeration(usize),
}

/// Which graph a node belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Main,
    /// The body of the scan being traced: one step's value.
    Step,
    /// A step's value that the scan will hand out for all steps; number of the export.
    Export(usize),
}

/// Where the levels of an int or categorical value are found.
#[derive(Clone, Debug)]
pub enum ValueLevels {
    /// Values are codes into these.
    Category(Arc<Levels>),
    /// Values of an int column of the data, by name: its levels are computed when a plate needs them.
    IntColumn(Arc<str>),
}

/// A number or array: node shape = one length per axis, then `dims`.
#[derive(Clone, Debug)]
pub struct Traced {
    pub node: Node,
    pub place: Place,
    pub axes: Vec<Axis>,
    /// The value's own dimensions, as the model's author sees them.
    pub dims: Vec<usize>,
    pub element: ElementType,
    /// Levels that label each dimension.
    pub labels: Vec<Option<Arc<Levels>>>,
    pub levels: Option<ValueLevels>,
}

impl Traced {
    pub fn new(node: Node, dims: Vec<usize>, element: ElementType) -> Traced {
        let labels = vec![None; dims.len()];
        Traced { node, place: Place::Main, axes: Vec::new(), dims, element, labels, levels: None }
    }

    pub fn rank(&self) -> usize {
        self.dims.len()
    }

    pub fn domain(&self) -> Option<usize> {
        self.axes.iter().find_map(|axis| match axis {
            Axis::Domain(domain) => Some(*domain),
            Axis::Enumeration(_) => None,
        })
    }

    pub fn is_enumerated(&self) -> bool {
        self.axes.iter().any(|axis| matches!(axis, Axis::Enumeration(_)))
    }
}

/// A distribution with traced arguments.
#[derive(Clone)]
pub struct TracedDistribution {
    pub kind: DistributionKind,
    pub span: Span,
}

#[derive(Clone)]
pub enum DistributionKind {
    Plain { dist: &'static dyn Distribution, form: usize, args: Vec<Traced> },
    Wrapped { wrapper: &'static dyn Wrapper, inner: Vec<TracedDistribution>, args: Vec<Option<Traced>> },
}

/// The value of an expression.
#[derive(Clone)]
pub enum Value {
    Array(Traced),
    Distribution(TracedDistribution),
    Function(FunctionId),
}

/// Most elements of an array or iterations of a loop that a model makes out of nothing: 1 GiB of numbers.
pub const MAX_ELEMENTS: usize = 1 << 27;

/// Most coordinates of one latent: each has a name, a mean and an sd.
pub const MAX_COORDINATES: usize = 10_000_000;

/// An error where `what`, of these dimensions, has more than `most` elements.
pub fn fits_in_memory(what: &str, dims: &[usize], most: usize, at: Span) -> Result<(), CompileError> {
    let elements = dims.iter().map(|&len| len as u128).fold(1, u128::saturating_mul);
    if elements > most as u128 {
        return Err(CompileError::TooLarge { name: what.to_string(), elements, at });
    }
    Ok(())
}

/// How the entries of an index tuple are packed: models index with at most this many brackets.
pub const MAX_INDEX_RANK: usize = 6;

/// The 1-based indices of one element of an array that is built up.
pub type Tuple = [u32; MAX_INDEX_RANK];
