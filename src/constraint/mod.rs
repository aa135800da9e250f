//! Constraints: smooth bijections from R^n to the support of a latent, with their log-Jacobians.

mod angle;
mod cholesky_corr;
mod correlation;
mod covariance;
mod factor;
mod interval;
mod lower;
mod ordered;
mod positive_ordered;
mod real;
mod simplex;
#[cfg(test)]
mod tests;
mod triangle;
mod upper;
mod zero_sum;

pub use angle::Angle;
pub use cholesky_corr::CholeskyCorr;
pub use correlation::Correlation;
pub use covariance::Covariance;
pub use factor::{NotCovariance, cholesky, covariance_factor};
pub use interval::Interval;
pub use lower::Lower;
pub use ordered::Ordered;
pub use positive_ordered::PositiveOrdered;
pub use real::Real;
pub use simplex::Simplex;
pub use upper::Upper;
pub use zero_sum::ZeroSum;

use crate::tape::{Graph, Node};

/// Every constraint.
pub static ALL: &[&dyn Constraint] = &[
    &Real,
    &Lower,
    &Upper,
    &Interval,
    &Angle,
    &Ordered,
    &PositiveOrdered,
    &ZeroSum,
    &Simplex,
    &CholeskyCorr,
    &Correlation,
    &Covariance,
];

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

    /// Position, from 0, of the element that coordinate `k` of one event belongs to, of the event's dimensions.
    fn element_of(&self, k: usize) -> Vec<usize> {
        vec![k; self.event_rank().min(1)]
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
    match g.shape(x).last() {
        Some(&n) if from > 0 || to < n => take_last(g, x, &(from..to).collect::<Vec<_>>()),
        _ => x,
    }
}

/// Elements at these positions of the last axis.
fn take_last(g: &mut Graph, x: Node, positions: &[usize]) -> Node {
    let mut shape = g.shape(x).to_vec();
    let Some(n) = shape.pop() else { return x };
    let batch: usize = shape.iter().product();
    let index: Vec<u32> =
        (0..batch).flat_map(|b| positions.iter().map(move |i| (b * n + i) as u32)).collect();
    shape.push(positions.len());
    g.gather(x, index.into(), &shape)
}

/// Sum over the last axis: one log-Jacobian an event.
fn sum_last(g: &mut Graph, x: Node) -> Node {
    let last = g.shape(x).len() - 1;
    g.sum(x, &[last])
}

/// Why a matrix is not symmetric and positive definite.
fn matrix_complaint(x: &[f64], n: usize) -> Option<String> {
    Some(match covariance_factor(x, n).err()? {
        _ if x.iter().any(|x| !x.is_finite()) => "must be finite".into(),
        NotCovariance::Asymmetric { row, column } => {
            let (low, high) = (x[row * n + column], x[column * n + row]);
            let (i, j) = (row + 1, column + 1);
            format!("must be symmetric: [{i}, {j}] is {low} and [{j}, {i}] is {high}")
        }
        NotCovariance::Indefinite { row: 0 } => {
            format!("must be positive definite: {} is on its diagonal", x[0])
        }
        NotCovariance::Indefinite { row } => {
            format!("must be positive definite: its first {} rows and columns are not", row + 1)
        }
    })
}
