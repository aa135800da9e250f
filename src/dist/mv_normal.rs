//! Multivariate normal distribution.

use rand::Rng;

use crate::constraint;
use crate::tape::{Graph, Node};

use super::formula::{HALF_LN_2PI, like, standard_normal, sum_last};
use super::matrices::{factor_or_nan, not_square, order, sum_log_diagonal};
use super::{Distribution, Elsewhere, Extent, LocationScale, Param, Range, Support, Trial};

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
        let k = order(g, args[1]);
        let (squared_distance, log_root) = match form {
            0 => {
                let log_det = g.log_det_definite(args[1]);
                (squared_distance(g, args[1], residual), g.mul_scalar(log_det, 0.5))
            }
            1 => (whitened_square(g, args[1], residual, false), sum_log_diagonal(g, args[1])),
            _ => {
                let factor = g.cholesky(args[1]);
                let log_root = sum_log_diagonal(g, factor);
                (whitened_square(g, factor, residual, true), g.neg(log_root))
            }
        };
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

    fn location_scale(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<LocationScale<Vec<Node>>> {
        // Of a mean of length 1 the zero is one too.
        let (scale, zero) = (self.sd(g, form, args)?, g.full(&[1], 0.0));
        Some(LocationScale { location: args[0], scale, centred: vec![zero, args[1]], standard: None })
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

/// r' inverse(cov) r; r: batch + [K].
pub(super) fn squared_distance(g: &mut Graph, cov: Node, residual: Node) -> Node {
    by_columns(g, cov, residual, |g, columns| g.inverse_quadratic(cov, columns))
}

/// |L^-1 r|^2, or |L' r|^2 for the factor of a precision; r: batch + [K].
pub(super) fn whitened_square(g: &mut Graph, factor: Node, residual: Node, precision: bool) -> Node {
    by_columns(g, factor, residual, |g, columns| {
        let white = whiten(g, factor, columns, precision);
        let square = g.square(white);
        let rank = g.shape(square).len();
        g.sum(square, &[rank - 2])
    })
}

/// `of_columns`, which takes columns `[.., K, k]` to numbers `[.., k]`, of each vector r; r: batch + [K].
fn by_columns(
    g: &mut Graph,
    matrix: Node,
    residual: Node,
    of_columns: impl Fn(&mut Graph, Node) -> Node,
) -> Node {
    let shape = g.shape(residual).to_vec();
    let (batch, k) = (&shape[..shape.len() - 1], shape[shape.len() - 1]);
    if g.shape(matrix).len() == 2 {
        // One matrix for all: the batch goes into columns.
        let rows = g.reshape(residual, &[batch.iter().product(), k]);
        let columns = g.transpose(rows);
        let numbers = of_columns(g, columns);
        return g.reshape(numbers, batch);
    }
    let columns = g.reshape(residual, &[&shape[..], &[1]].concat());
    let numbers = of_columns(g, columns);
    let batch = g.shape(numbers)[..g.shape(numbers).len() - 1].to_vec();
    g.reshape(numbers, &batch)
}

fn whiten(g: &mut Graph, factor: Node, columns: Node, precision: bool) -> Node {
    if precision {
        let transposed = g.transpose(factor);
        return g.matmul(transposed, columns);
    }
    g.solve_triangular(factor, columns, false)
}
