//! Correlation matrices.

use crate::tape::{Graph, Node};

use super::cholesky_corr::{log_sech, order, weighted};
use super::factor::covariance_factor;
use super::triangle::{as_vector, below_diagonal, below_diagonal_place};
use super::{CholeskyCorr, Constraint, matrix_complaint};

/// x = L L' for the [`CholeskyCorr`] factor L of y; log|dx/dy| = sum (K - j + 1) log sech y_ij, for the elements of x below the
/// diagonal. y: [K (K - 1) / 2] to x: [K, K]. Stan Reference Manual, "Correlation matrices".
#[derive(Debug)]
pub struct Correlation;

/// How far a given diagonal may be from 1: what rounding of written decimals leaves.
const DIAGONAL_TOLERANCE: f64 = 1e-6;

impl Constraint for Correlation {
    fn name(&self) -> &'static str {
        "correlation"
    }

    fn summary(&self) -> &'static str {
        "correlation matrices: symmetric, positive definite, ones on the diagonal"
    }

    fn event_rank(&self) -> usize {
        2
    }

    fn unconstrained_shape(&self, shape: &[usize]) -> Vec<usize> {
        as_vector(shape, below_diagonal)
    }

    fn element_of(&self, k: usize) -> Vec<usize> {
        below_diagonal_place(k)
    }

    fn constrain(&self, g: &mut Graph, y: Node, bounds: &[Node]) -> (Node, Node) {
        let k = order(g, y);
        let (factor, _) = CholeskyCorr.constrain(g, y, bounds);
        let log_sech = log_sech(g, y);
        (g.lower_square_of_unit_rows(factor), weighted(g, log_sech, |_, j| k - j))
    }

    fn unconstrain(&self, x: &[f64], bounds: &[f64]) -> Option<Vec<f64>> {
        if self.violation(x, bounds).is_some() {
            return None;
        }
        CholeskyCorr.unconstrain(&covariance_factor(x, x.len().isqrt()).ok()?, bounds)
    }

    fn violation(&self, x: &[f64], _bounds: &[f64]) -> Option<String> {
        let k = x.len().isqrt();
        if let Some(i) = (0..k).find(|&i| (x[i * k + i] - 1.0).abs() > DIAGONAL_TOLERANCE) {
            let found = x[i * k + i];
            return Some(format!(
                "must have ones on the diagonal, as correlations do: [{0}, {0}] is {found}",
                i + 1
            ));
        }
        matrix_complaint(x, k)
    }
}
