//! Covariance matrices.

use crate::tape::{Graph, Node};

use super::factor::covariance_factor;
use super::triangle::{as_vector, lower, lower_place, place, strict};
use super::{Constraint, matrix_complaint, sum_last, take_last};

/// x = L L', L lower triangular with y below and exp(y) on the diagonal; log|dx/dy| = K log 2 + sum (K - i + 2) y_ii for the
/// elements of x on and below the diagonal. y: [K (K + 1) / 2], row after row of the lower triangle, to x: [K, K].
/// Stan Reference Manual, "Covariance matrices".
#[derive(Debug)]
pub struct Covariance;

impl Constraint for Covariance {
    fn name(&self) -> &'static str {
        "covariance"
    }

    fn summary(&self) -> &'static str {
        "covariance matrices: symmetric and positive definite"
    }

    fn event_rank(&self) -> usize {
        2
    }

    fn unconstrained_shape(&self, shape: &[usize]) -> Vec<usize> {
        as_vector(shape, |k| k * (k + 1) / 2)
    }

    fn element_of(&self, k: usize) -> Vec<usize> {
        lower_place(k)
    }

    fn constrain(&self, g: &mut Graph, y: Node, _bounds: &[Node]) -> (Node, Node) {
        let n = g.shape(y).last().copied().unwrap_or(0);
        let k = ((8 * n + 1).isqrt() - 1) / 2;
        let positions =
            |on: bool| lower(k).enumerate().filter(move |(_, (i, j))| (i == j) == on).map(|(at, _)| at);
        let log_diagonal = take_last(g, y, &positions(true).collect::<Vec<_>>());
        let below = take_last(g, y, &positions(false).collect::<Vec<_>>());
        let diagonal = g.exp(log_diagonal);
        let diagonal = g.diagonal_matrix(diagonal);
        let below = place(g, below, k, strict(k));
        let factor = g.add(below, diagonal);
        let weights: Vec<f64> = (0..k).map(|i| (k - i + 1) as f64).collect();
        let weights = g.vector(&weights);
        let terms = g.mul(weights, log_diagonal);
        let sum = sum_last(g, terms);
        (g.lower_square(factor), g.add_scalar(sum, k as f64 * std::f64::consts::LN_2))
    }

    fn unconstrain(&self, x: &[f64], _bounds: &[f64]) -> Option<Vec<f64>> {
        let k = x.len().isqrt();
        let factor = covariance_factor(x, k).ok()?;
        let coordinate = |(i, j)| if i == j { f64::ln(factor[i * k + i]) } else { factor[i * k + j] };
        let y: Vec<f64> = lower(k).map(coordinate).collect();
        y.iter().all(|y| y.is_finite()).then_some(y)
    }

    fn violation(&self, x: &[f64], _bounds: &[f64]) -> Option<String> {
        matrix_complaint(x, x.len().isqrt())
    }
}
