//! Functions that reduce an array to a number, or along one dimension with `axis = k`.

pub mod cumulative;
pub mod extremes;
pub mod moments;
pub mod sums;

use super::function::{arity, typ};
use super::typing::{Element, length, numeric};
use super::{Builtin, Call, CallError, Param};
use crate::tape::{Graph, Node};
use crate::types::{Dim, Shape, Type};

/// f(x), over everything or along an axis.
pub struct Reduction {
    pub name: &'static str,
    pub summary: &'static str,
    pub example: &'static str,
    pub element: Element,
    pub empty: Empty,
    pub training_constant: bool,
    /// Removes the axis, whose length is at least 1.
    pub build: fn(&mut Graph, Node, usize) -> Node,
}

/// What there is to say about few elements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Empty {
    /// Value of the reduction of no elements.
    Is(f64),
    /// Fewer elements than this are an error.
    AtLeast(usize),
}

pub const X_AXIS: &[Param] = &[
    Param::required("x").doc("numbers: a vector, or an array of any shape"),
    Param::named("axis").doc(AXIS),
];

/// What the argument `axis` of a reduction is.
pub const AXIS: &str = "dimension to go along: of a matrix 1 gives a value for each column, 2 for each row";

impl Builtin for Reduction {
    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn params(&self) -> &'static [Param] {
        X_AXIS
    }

    fn result(&self, args: &[Option<Type>]) -> Result<Type, CallError> {
        arity(self.name, self.params(), args)?;
        numeric(args)?;
        let x = typ(args, 0)?;
        let axis = args.get(1).and_then(Option::as_ref);
        let shape = reduced(self.name, x, axis, self.empty)?;
        Ok(Type { element: self.element.of([x]), shape, size: None })
    }

    fn build(&self, g: &mut Graph, call: &Call) -> Result<Node, CallError> {
        self.result(&call.types(g))?;
        let (x, axis) = operand(g, call, self.name)?;
        if let (Empty::Is(value), 0) = (self.empty, g.shape(x)[axis]) {
            let mut shape = g.shape(x).to_vec();
            shape.remove(axis);
            let value = g.scalar(value);
            return Ok(g.broadcast(value, &shape));
        }
        Ok((self.build)(g, x, axis))
    }

    fn training_constant(&self) -> bool {
        self.training_constant
    }

    fn example(&self) -> &'static str {
        self.example
    }
}

/// Shape of `x` without its axis, or a scalar without one given.
pub fn reduced(name: &str, x: &Type, axis: Option<&Type>, empty: Empty) -> Result<Shape, CallError> {
    let Some(dims) = x.shape.dims() else {
        return Ok(if axis.is_some() { Shape::UNKNOWN } else { Shape::scalar() });
    };
    let Some(axis) = axis else {
        let total = dims.iter().fold(Dim::Known(1), |n, d| n.times(d));
        enough(name, &total, empty)?;
        return Ok(Shape::scalar());
    };
    match axis_of(name, axis, dims.len())? {
        Some(k) => {
            enough(name, &dims[k], empty)?;
            let mut rest = dims.to_vec();
            rest.remove(k);
            Ok(Shape(Some(rest)))
        }
        None => Ok(Shape(Some(vec![Dim::Unknown; dims.len() - 1]))),
    }
}

/// 0-based axis, if it is known, of a value of the given rank.
pub fn axis_of(name: &str, axis: &Type, rank: usize) -> Result<Option<usize>, CallError> {
    let what = format!("the axis of `{name}`");
    let n = length(axis, 1, &what)?;
    let dimensions = if rank == 1 { "1 dimension".to_string() } else { format!("{rank} dimensions") };
    match n {
        Dim::Known(k) if (1..=rank).contains(&k) => Ok(Some(k - 1)),
        Dim::Known(k) => Err(CallError::new(format!("{what} is {k}, but the value has {dimensions}"))
            .help("axes count from 1")
            .about(1)),
        _ if rank == 0 => Err(CallError::new(format!("`{name}` of a scalar has no axis")).about(1)),
        _ => Ok(None),
    }
}

fn enough(name: &str, n: &Dim, empty: Empty) -> Result<(), CallError> {
    match (empty, n) {
        (Empty::AtLeast(least), Dim::Known(n)) if *n < least => {
            let elements = if least == 1 { "1 element" } else { "2 elements" };
            Err(CallError::new(format!("`{name}` needs at least {elements}, found {n}")).about(0))
        }
        _ => Ok(()),
    }
}

/// The node to reduce and its axis: all event dimensions made one unless an axis is given (argument 1).
pub fn operand(g: &mut Graph, call: &Call, name: &str) -> Result<(Node, usize), CallError> {
    let x = call.arg(0)?;
    let event = call.event(g, x);
    if call.optional(1).is_none() {
        return Ok((call.reshaped(g, x, &[event.iter().product()]), call.batch));
    }
    let k = call.known_length(g, 1, &format!("the axis of `{name}`"))?;
    Ok((x.node, call.batch + k - 1))
}
