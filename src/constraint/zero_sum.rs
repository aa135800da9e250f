//! Vectors that sum to zero: deviations from a mean that is counted elsewhere.

use crate::tape::{Graph, Node};

use super::Constraint;

/// x = V y with the orthonormal Helmert basis V of the vectors that sum to zero: an isometry, so that log|dx/dy| = 0 relative
/// to lengths and areas on the hyperplane. y: [K - 1] to x: [K]. Stan Reference Manual, "Zero sum vector".
#[derive(Debug)]
pub struct ZeroSum;

/// How far a given sum may be from 0, relative to the largest element: what rounding of written decimals leaves.
const SUM_TOLERANCE: f64 = 1e-6;

impl Constraint for ZeroSum {
    fn name(&self) -> &'static str {
        "zero_sum"
    }

    fn summary(&self) -> &'static str {
        "vectors that sum to zero"
    }

    fn event_rank(&self) -> usize {
        1
    }

    fn unconstrained_shape(&self, shape: &[usize]) -> Vec<usize> {
        one_less(shape)
    }

    fn constrain(&self, g: &mut Graph, y: Node, _bounds: &[Node]) -> (Node, Node) {
        let batch = g.shape(y)[..g.shape(y).len() - 1].to_vec();
        (helmert(g, y), g.full(&batch, 0.0))
    }

    fn unconstrain(&self, x: &[f64], bounds: &[f64]) -> Option<Vec<f64>> {
        let inside = self.violation(x, bounds).is_none() && x.iter().all(|x| x.is_finite());
        inside.then(|| helmert_coordinates(x))
    }

    fn violation(&self, x: &[f64], _bounds: &[f64]) -> Option<String> {
        if x.iter().any(|x| x.is_nan()) {
            return Some("must be a number".into());
        }
        let total: f64 = x.iter().sum();
        let largest = x.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let off = total.abs() > SUM_TOLERANCE * largest * x.len() as f64;
        off.then(|| format!("must sum to 0, and sums to {total}"))
    }
}

/// The shape with the last dimension one shorter.
pub(super) fn one_less(shape: &[usize]) -> Vec<usize> {
    let mut out = shape.to_vec();
    if let Some(last) = out.last_mut() {
        *last = last.saturating_sub(1);
    }
    out
}

/// V y: `[.., K - 1]` to vectors `[.., K]` that sum to zero.
pub(super) fn helmert(g: &mut Graph, y: Node) -> Node {
    let axis = g.shape(y).len() - 1;
    let k = g.shape(y)[axis] + 1;
    let scale: Vec<f64> = (1..k).map(|i| 1.0 / helmert_norm(i)).collect();
    let scale = g.vector(&scale);
    let w = g.mul(y, scale);
    let mut edge = g.shape(y).to_vec();
    edge[axis] = 1;
    let zero = g.full(&edge, 0.0);
    let later = g.cumsum(w, axis, true);
    let later = g.concat(&[later, zero], axis);
    let position: Vec<f64> = (1..k).map(|i| i as f64).collect();
    let position = g.vector(&position);
    let own = g.mul(w, position);
    let own = g.concat(&[zero, own], axis);
    g.sub(later, own)
}

/// V' x
pub(super) fn helmert_coordinates(x: &[f64]) -> Vec<f64> {
    let mut before = 0.0;
    let coordinates = (1..x.len()).map(|i| {
        before += x[i - 1];
        (before - i as f64 * x[i]) / helmert_norm(i)
    });
    coordinates.collect()
}

/// Length of the i-th Helmert vector (1, ..., 1, -i, 0, ..., 0).
fn helmert_norm(i: usize) -> f64 {
    let i = i as f64;
    (i * (i + 1.0)).sqrt()
}
