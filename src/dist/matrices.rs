//! Pieces that distributions of vectors and matrices share.

use rand::Rng;

use crate::constraint;
use crate::tape::{Graph, Node};

use super::formula::{HALF_LN_2PI, draw, standard_normal, sum_last};
use super::special::{deviance, stirling_remainder};

/// A batch of numbers as a batch of vectors of one element.
pub fn column(g: &mut Graph, x: Node) -> Node {
    let mut shape = g.shape(x).to_vec();
    shape.push(1);
    g.reshape(x, &shape)
}

/// A batch of numbers as a batch of matrices of one element.
pub fn block(g: &mut Graph, x: Node) -> Node {
    let x = column(g, x);
    column(g, x)
}

/// A number known before fitting, the same for all draws: a length.
pub fn known_length(g: &Graph, n: Node) -> Option<usize> {
    g.value(n)?.first().map(|&n| n as usize)
}

/// Rows of the matrices `[.., n, n]`.
pub fn order(g: &Graph, matrix: Node) -> usize {
    g.shape(matrix).last().copied().unwrap_or(1)
}

/// Why an argument is no square matrix.
pub fn not_square(who: &str, argument: &str, shape: &[usize]) -> Option<String> {
    let columns = shape.last().copied().unwrap_or(1);
    let rows = shape.iter().rev().nth(1).copied().unwrap_or(1);
    (rows != columns)
        .then(|| format!("{argument} of {who} must be a square matrix, found [{rows}, {columns}]"))
}

/// The identity matrix.
pub fn identity(g: &mut Graph, n: usize) -> Node {
    let ones = g.full(&[n], 1.0);
    g.diagonal_matrix(ones)
}

/// 0, 1, ..., n - 1
pub fn positions(g: &mut Graph, n: usize) -> Node {
    let positions: Vec<f64> = (0..n).map(|i| i as f64).collect();
    g.vector(&positions)
}

/// Sum of the logarithms of a diagonal: log det of a triangular matrix, half that of a product L L'.
pub fn sum_log_diagonal(g: &mut Graph, factor: Node) -> Node {
    let diagonal = g.diagonal(factor);
    let logs = g.log(diagonal);
    sum_last(g, logs)
}

/// log Gamma(a + h) - log Gamma(a), in Stirling remainders, which do not cancel for large a.
pub fn log_rising(g: &mut Graph, a: Node, h: Node) -> Node {
    let next = g.add(a, h);
    let (remainder, remainder_next) = (stirling_remainder(g, a), stirling_remainder(g, next));
    let step = deviance(g, a, next);
    let (log_a, log_next) = (g.log(a), g.log(next));
    let less_one = g.add_scalar(h, -1.0);
    let power = g.mul(less_one, log_next);
    let up = g.add(remainder_next, log_a);
    let up = g.add(up, power);
    let down = g.add(remainder, step);
    g.sub(up, down)
}

/// log density of chi-squared at u > 0.
pub fn chi_squared(g: &mut Graph, df: Node, u: Node) -> Node {
    let (shape, half) = (g.mul_scalar(df, 0.5), g.mul_scalar(u, 0.5));
    let distance = deviance(g, shape, half);
    let remainder = stirling_remainder(g, shape);
    let (log_shape, log_u) = (g.log(shape), g.log(u));
    let up = g.sub(log_shape, remainder);
    let down = g.add(log_u, distance);
    g.sub(up, down)
}

/// Sum of the log densities of independent Normal(0, sd) along the last axis; sd: batch.
pub fn independent_normals(g: &mut Graph, x: Node, sd: Node) -> Node {
    let n = g.shape(x).last().copied().unwrap_or(1) as f64;
    let scale = column(g, sd);
    let precision = g.recip(scale);
    let z = g.mul(x, precision);
    let squares = g.square(z);
    let squares = sum_last(g, squares);
    let exponent = g.mul_scalar(squares, -0.5);
    let log_sd = g.log(sd);
    let log_sd = g.add_scalar(log_sd, HALF_LN_2PI);
    let log_normalizer = g.mul_scalar(log_sd, n);
    g.sub(exponent, log_normalizer)
}

/// Lower Cholesky factor of a row-major matrix; NaN where it is not positive definite.
pub fn factor_or_nan(a: &[f64], k: usize) -> Vec<f64> {
    constraint::cholesky(a, k).unwrap_or_else(|_| vec![f64::NAN; k * k])
}

/// L L' of a lower triangular matrix, row-major.
pub fn lower_square(l: &[f64], k: usize, out: &mut [f64]) {
    for i in 0..k {
        for j in 0..=i {
            let entry = (0..=j).map(|m| l[i * k + m] * l[j * k + m]).sum();
            (out[i * k + j], out[j * k + i]) = (entry, entry);
        }
    }
}

/// A lower triangular matrix with independent elements: standard normal below the diagonal, the roots of chi-squared draws on
/// it, row i with `df(i)` degrees of freedom. Bartlett (1933).
pub fn bartlett(k: usize, df: impl Fn(usize) -> f64, rng: &mut dyn Rng) -> Vec<f64> {
    let mut t = vec![0.0; k * k];
    for i in 0..k {
        for x in &mut t[i * k..i * k + i] {
            *x = standard_normal(rng);
        }
        t[i * k + i] = draw(rand_distr::ChiSquared::new(df(i)), rng).sqrt();
    }
    t
}
