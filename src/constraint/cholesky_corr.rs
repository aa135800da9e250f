//! Cholesky factors of correlation matrices.

use crate::tape::{Graph, Node};

use super::triangle::{as_vector, below_diagonal, below_diagonal_place, place, rows_with_below, strict};
use super::{Constraint, sum_last};

/// Canonical partial correlations z = tanh(y), row by row: x_ij = z_ij (1 - z_i1^2)^1/2 ... (1 - z_i,j-1^2)^1/2, and what is
/// left of a row's length 1 on the diagonal. log|dx/dy| = sum (i - j + 1) log sech y_ij, for the elements of x below the
/// diagonal. y: [K (K - 1) / 2] to x: [K, K]. Lewandowski, Kurowicka & Joe (2009); Stan Reference Manual, "Cholesky
/// factors of correlation matrices".
#[derive(Debug)]
pub struct CholeskyCorr;

/// How far the length of a given row may be from 1: what rounding of written decimals leaves.
const LENGTH_TOLERANCE: f64 = 1e-6;

impl Constraint for CholeskyCorr {
    fn name(&self) -> &'static str {
        "cholesky_corr"
    }

    fn summary(&self) -> &'static str {
        "Cholesky factors of correlation matrices: lower triangular, rows of length one"
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

    fn constrain(&self, g: &mut Graph, y: Node, _bounds: &[Node]) -> (Node, Node) {
        let k = order(g, y);
        let log_sech = log_sech(g, y);
        // Row i, column j: of what is left of the row's length before j.
        let steps = place(g, log_sech, k, strict(k).map(|(i, j)| (i, j + 1)));
        let axis = g.shape(steps).len() - 1;
        let log_left = g.cumsum(steps, axis, false);
        let left = g.exp(log_left);
        let z = g.tanh(y);
        let z = place(g, z, k, strict(k));
        let ones = g.full(&[k], 1.0);
        let identity = g.diagonal_matrix(ones);
        let shares = g.add(z, identity);
        (g.mul(shares, left), weighted(g, log_sech, |i, j| i - j + 1))
    }

    /// sinh y_ij = x_ij / |(x_i,j+1, ..., x_ii)|
    fn unconstrain(&self, x: &[f64], bounds: &[f64]) -> Option<Vec<f64>> {
        if self.violation(x, bounds).is_some() {
            return None;
        }
        let k = x.len().isqrt();
        let y: Vec<f64> = strict(k)
            .map(|(i, j)| {
                let rest = x[i * k + j + 1..=i * k + i].iter().fold(0.0_f64, |r, &x| r.hypot(x));
                (x[i * k + j] / rest).asinh()
            })
            .collect();
        let inside = (0..k).all(|i| x[i * k + i] > 0.0);
        (inside && y.iter().all(|y| y.is_finite())).then_some(y)
    }

    fn violation(&self, x: &[f64], _bounds: &[f64]) -> Option<String> {
        let k = x.len().isqrt();
        for (i, row) in x.chunks_exact(k.max(1)).enumerate() {
            if row.iter().any(|x| x.is_nan()) {
                return Some("must be a number".into());
            }
            if row[i + 1..].iter().any(|&x| x != 0.0) {
                return Some("must be lower triangular: 0 above the diagonal".into());
            }
            if row[i] < 0.0 {
                return Some("must not be negative on the diagonal".into());
            }
            let length = row.iter().fold(0.0_f64, |r, &x| r.hypot(x));
            if (length - 1.0).abs() > LENGTH_TOLERANCE {
                let what = "the squares of each row of a correlation matrix's factor";
                return Some(format!(
                    "must have rows of length 1 ({what} sum to 1): row {} has {length}",
                    i + 1
                ));
            }
        }
        None
    }
}

/// Rows of the matrix behind `[.., K (K - 1) / 2]` coordinates.
pub(super) fn order(g: &Graph, y: Node) -> usize {
    rows_with_below(g.shape(y).last().copied().unwrap_or(0))
}

/// log(1 / cosh y)
pub(super) fn log_sech(g: &mut Graph, y: Node) -> Node {
    let twice = g.mul_scalar(y, -2.0);
    let tail = g.log1p_exp(twice);
    let log_cosh = g.add(y, tail);
    let negative = g.neg(log_cosh);
    g.add_scalar(negative, std::f64::consts::LN_2)
}

/// Sum of the coordinates with these weights by row and column, counted from 0.
pub(super) fn weighted(g: &mut Graph, log_sech: Node, weight: impl Fn(usize, usize) -> usize) -> Node {
    let k = order(g, log_sech);
    let weights: Vec<f64> = strict(k).map(|(i, j)| weight(i, j) as f64).collect();
    let weights = g.vector(&weights);
    let terms = g.mul(weights, log_sech);
    sum_last(g, terms)
}
