//! Multivariate normal distribution.

use rand::Rng;

use crate::constraint;
use crate::tape::{Graph, Node};

use super::formula::{HALF_LN_2PI, like, standard_normal, sum_last};
use super::matrices::{factor_or_nan, not_square};
use super::{Distribution, Elsewhere, Extent, Param, Range, Support, Trial};

/// Vectors with a mean and a covariance, its Cholesky factor, or its inverse.
pub struct MvNormal;

const MEAN: Param = Param::vector("mean", Range::Real, "mean vector");

const FORMS: &[&[Param]] = &[
    &[MEAN, Param::matrix("cov", Range::Covariance, "covariance matrix")],
    &[MEAN, Param::matrix("chol", Range::CholeskyFactor, "lower Cholesky factor of the covariance")],
    &[MEAN, Param::matrix("prec", Range::Covariance, "precision matrix: the inverse of the covariance")],
];

const TRIALS: &[Trial] = &[
    Trial {
        form: 0,
        args: &[&[0.3, -1.0, 2.0], &[2.0, 0.5, -0.3, 0.5, 1.0, 0.2, -0.3, 0.2, 1.5]],
        points: &[1.3, -2.0, 1.0],
    },
    Trial {
        form: 0,
        args: &[&[0.4], &[2.0, 0.5, -0.3, 0.5, 1.0, 0.2, -0.3, 0.2, 1.5]],
        points: &[1.3, -2.0, 1.0],
    },
    Trial {
        form: 1,
        args: &[&[0.3, -1.0, 2.0], &[1.4, 0.0, 0.0, 0.5, 0.9, 0.0, -0.3, 0.2, 1.2]],
        points: &[1.3, -2.0, 1.0],
    },
    Trial {
        form: 2,
        args: &[&[0.3, -1.0, 2.0], &[2.0, 0.5, -0.3, 0.5, 1.0, 0.2, -0.3, 0.2, 1.5]],
        points: &[1.3, -2.0, 1.0],
    },
];

impl Distribution for MvNormal {
    fn name(&self) -> &'static str {
        "MvNormal"
    }

    fn summary(&self) -> &'static str {
        "multivariate normal distribution"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn event(&self, _form: usize) -> &'static [Extent] {
        &[Extent::Last(1)]
    }

    fn event_mismatch(&self, form: usize, args: &[&[usize]]) -> Option<String> {
        length_mismatch("MvNormal", [&FORMS[form][0], &FORMS[form][1]], [args[0], args[1]])
    }

    fn support(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        Support::Continuous { constraint: &constraint::Real, bounds: vec![] }
    }

    fn log_density(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Node {
        let residual = g.sub(x, args[0]);
        let factor = if form == 1 { args[1] } else { g.cholesky(args[1]) };
        let k = g.shape(factor).last().copied().unwrap_or(1);
        let squared_distance = whitened_square(g, factor, residual, form == 2);
        let diagonal = g.diagonal(factor);
        let log_diagonal = g.log(diagonal);
        let mut log_root = sum_last(g, log_diagonal);
        if form == 2 {
            log_root = g.neg(log_root);
        }
        let exponent = g.mul_scalar(squared_distance, -0.5);
        let log_normalizer = g.add_scalar(log_root, k as f64 * HALF_LN_2PI);
        g.sub(exponent, log_normalizer)
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let row = g.diagonal(args[1]);
        Some(like(g, args[0], row))
    }

    fn sd(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        let variances = match form {
            0 => g.diagonal(args[1]),
            1 => {
                let squares = g.square(args[1]);
                sum_last(g, squares)
            }
            _ => {
                let cov = g.inverse(args[1]);
                g.diagonal(cov)
            }
        };
        let sd = g.sqrt(variances);
        Some(like(g, sd, args[0]))
    }

    fn sample(&self, form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let k = out.len();
        let factor = if form == 1 { args[1].to_vec() } else { factor_or_nan(args[1], k) };
        let z: Vec<f64> = (0..k).map(|_| standard_normal(rng)).collect();
        if form == 2 {
            // L' x = z
            for i in (0..k).rev() {
                let known: f64 = (i + 1..k).map(|j| factor[j * k + i] * out[j]).sum();
                out[i] = (z[i] - known) / factor[i * k + i];
            }
        } else {
            for i in 0..k {
                out[i] = (0..=i).map(|j| factor[i * k + j] * z[j]).sum();
            }
        }
        for (i, x) in out.iter_mut().enumerate() {
            *x += if args[0].len() == 1 { args[0][0] } else { args[0][i] };
        }
    }

    fn formula(&self) -> &'static str {
        "-(x - mean)' inverse(cov) (x - mean) / 2 - logdet(cov) / 2 - K log(2 pi) / 2"
    }

    fn example(&self) -> &'static str {
        "beta ~ MvNormal(0, cov = [[1, 0.5], [0.5, 1]])"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("multi_normal; multi_normal_cholesky(mean, chol); multi_normal_prec(mean, prec)"),
            pymc: Some("MvNormal(mu = mean, cov | chol | tau = prec)"),
            r: Some("mvtnorm::dmvnorm"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// Why a centre, a number or a vector, does not go with a matrix.
pub(super) fn length_mismatch(
    who: &str,
    [centre, matrix]: [&Param; 2],
    [vector, shape]: [&[usize]; 2],
) -> Option<String> {
    let length = vector.last().copied().unwrap_or(1);
    let n = shape.last().copied().unwrap_or(1);
    not_square(who, matrix.name, shape).or_else(|| {
        let (centre, matrix) = (centre.name, matrix.name);
        (length != 1 && length != n)
            .then(|| format!("{centre} of {who} has length {length}, and its {matrix} is [{n}, {n}]"))
    })
}

/// |L^-1 r|^2, or |L' r|^2 for the factor of a precision; r: batch + [K].
pub(super) fn whitened_square(g: &mut Graph, factor: Node, residual: Node, precision: bool) -> Node {
    let shape = g.shape(residual).to_vec();
    let k = shape[shape.len() - 1];
    if g.shape(factor).len() == 2 {
        // One factor for all: the batch goes into columns.
        let batch: usize = shape[..shape.len() - 1].iter().product();
        let rows = g.reshape(residual, &[batch, k]);
        let columns = g.transpose(rows);
        let white = whiten(g, factor, columns, precision);
        let square = g.square(white);
        let sum = g.sum(square, &[0]);
        return g.reshape(sum, &shape[..shape.len() - 1]);
    }
    let mut column = shape;
    column.push(1);
    let columns = g.reshape(residual, &column);
    let white = whiten(g, factor, columns, precision);
    let square = g.square(white);
    let rank = g.shape(square).len();
    g.sum(square, &[rank - 2, rank - 1])
}

fn whiten(g: &mut Graph, factor: Node, columns: Node, precision: bool) -> Node {
    if precision {
        let transposed = g.transpose(factor);
        return g.matmul(transposed, columns);
    }
    g.solve_triangular(factor, columns, false)
}
