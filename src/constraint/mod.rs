//! Constraints: smooth bijections from R^n to the support of a latent, with their log-Jacobians.

use crate::tape::{Graph, Node};

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

    /// Inverse for one event (a single number where the event rank is 0). `None` where x is outside or on the edge.
    fn unconstrain(&self, x: &[f64], bounds: &[f64]) -> Option<Vec<f64>>;

    /// Why one event is outside the (closed) support, in words that follow "the value ...": `must be positive`.
    fn violation(&self, x: &[f64], bounds: &[f64]) -> Option<String>;
}
