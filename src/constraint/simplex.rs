//! Vectors of positive numbers that sum to one: probabilities of categories.

use crate::tape::{Graph, Node};

use super::Constraint;
use super::zero_sum::{helmert, helmert_coordinates, one_less};

/// Isometric log-ratios: z = V y with the orthonormal Helmert basis V of the vectors that sum to zero, x = softmax(z);
/// log|dx/dy| = (log K)/2 - K logsumexp(z) for the first K - 1 elements of x. y: [K - 1] to x: [K], y = 0 is the centre.
/// Stan Reference Manual, "Unit simplex" (since 2.36) and "Zero sum vector".
#[derive(Debug)]
pub struct Simplex;

/// How far a sum of given probabilities may be from 1: what rounding of written decimals leaves.
const SUM_TOLERANCE: f64 = 1e-6;

impl Constraint for Simplex {
    fn name(&self) -> &'static str {
        "simplex"
    }

    fn summary(&self) -> &'static str {
        "vectors of probabilities that sum to one"
    }

    fn event_rank(&self) -> usize {
        1
    }

    fn unconstrained_shape(&self, shape: &[usize]) -> Vec<usize> {
        one_less(shape)
    }

    fn constrain(&self, g: &mut Graph, y: Node, _bounds: &[Node]) -> (Node, Node) {
        let axis = g.shape(y).len() - 1;
        let k = g.shape(y)[axis] + 1;
        let mut edge = g.shape(y).to_vec();
        edge[axis] = 1;
        let z = helmert(g, y);
        let total = g.logsumexp(z, axis);
        let column = g.reshape(total, &edge);
        let log_x = g.sub(z, column);
        let x = g.exp(log_x);
        let log_jacobian = g.mul_scalar(total, -(k as f64));
        (x, g.add_scalar(log_jacobian, 0.5 * (k as f64).ln()))
    }

    fn unconstrain(&self, x: &[f64], bounds: &[f64]) -> Option<Vec<f64>> {
        if self.violation(x, bounds).is_some() || x.contains(&0.0) {
            return None;
        }
        let logs: Vec<f64> = x.iter().map(|x| x.ln()).collect();
        Some(helmert_coordinates(&logs))
    }

    fn violation(&self, x: &[f64], _bounds: &[f64]) -> Option<String> {
        if x.iter().any(|&p| p.is_nan() || p < 0.0) {
            return Some("must not be negative".into());
        }
        let total: f64 = x.iter().sum();
        let off = (total - 1.0).abs() > SUM_TOLERANCE;
        off.then(|| format!("must sum to 1, and sums to {total}"))
    }
}
