//! Constraints: smooth bijections from R^n to the support of a latent, with their log-Jacobians.

mod angle;
mod interval;
mod lower;
mod ordered;
mod positive_ordered;
mod real;
mod simplex;
#[cfg(test)]
mod tests;
mod upper;

pub use angle::Angle;
pub use interval::Interval;
pub use lower::Lower;
pub use ordered::Ordered;
pub use positive_ordered::PositiveOrdered;
pub use real::Real;
pub use simplex::Simplex;
pub use upper::Upper;

use crate::tape::{Graph, Node};

/// Every constraint.
pub static ALL: &[&dyn Constraint] =
    &[&Real, &Lower, &Upper, &Interval, &Angle, &Ordered, &PositiveOrdered, &Simplex];

/// A bijection from unconstrained to constrained values, elementwise (event rank 0) or over the last
/// `event_rank` dimensions. Leading dimensions are batch.
pub trait Constraint: Sync + std::fmt::Debug {
    /// As shown to people: `positive`, `interval`, `simplex`.
    fn name(&self) -> &'static str;

    fn summary(&self) -> &'static str;

    /// Names of the bounds that the constraint takes, in order: `["lower", "upper"]`.
    fn bounds(&self) -> &'static [&'static str] {
        &[]
    }

    /// How many trailing dimensions belong together: 0 elementwise, 1 vectors, 2 matrices.
    fn event_rank(&self) -> usize {
        0
    }

    /// Shape of the unconstrained values behind constrained values of `shape` (batch and event dimensions).
    fn unconstrained_shape(&self, shape: &[usize]) -> Vec<usize> {
        shape.to_vec()
    }

    /// `y` (of the unconstrained shape) to (x of the constrained shape, log |dx/dy| of the batch shape).
    /// The bounds broadcast against the batch shape.
    fn constrain(&self, g: &mut Graph, y: Node, bounds: &[Node]) -> (Node, Node);

    /// Whether constrained values are known to be increasing functions of their own coordinates, so that the order of draws
    /// is kept; `bounds` are those that are known, in order.
    fn increasing(&self, _bounds: &[Option<f64>]) -> bool {
        false
    }

    /// Inverse for one event (a single number where the event rank is 0). `None` where x is outside or on the edge.
    fn unconstrain(&self, x: &[f64], bounds: &[f64]) -> Option<Vec<f64>>;

    /// Why one event is outside the (closed) support, in words that follow "the value ...": `must be positive`.
    fn violation(&self, x: &[f64], bounds: &[f64]) -> Option<String>;
}

/// Elements `from..to` of the last axis.
fn slice_last(g: &mut Graph, x: Node, from: usize, to: usize) -> Node {
    let shape = g.shape(x).to_vec();
    let (Some(&n), k) = (shape.last(), to - from) else { return x };
    if from == 0 && to == n {
        return x;
    }
    let batch: usize = shape[..shape.len() - 1].iter().product();
    let index: Vec<u32> = (0..batch).flat_map(|b| (from..to).map(move |i| (b * n + i) as u32)).collect();
    let mut out = shape;
    *out.last_mut().expect("a vector") = k;
    g.gather(x, index.into(), &out)
}

/// Sum over the last axis: one log-Jacobian an event.
fn sum_last(g: &mut Graph, x: Node) -> Node {
    let last = g.shape(x).len() - 1;
    g.sum(x, &[last])
}
