//! Wishart distribution of covariance matrices.

use rand::Rng;

use crate::constraint;
use crate::tape::{Graph, Node};

use super::formula::{HALF_LN_2PI, inside, sum_last};
use super::matrices::{
    bartlett, block, chi_squared, column, factor_or_nan, lower_square, not_square, order, positions,
    sum_log_diagonal,
};
use super::range::shown;
use super::{Distribution, Elsewhere, Extent, Param, Range, Support, Trial};

/// Sums of df squares x x' of normal vectors with covariance `scale`, for any real df > K - 1.
pub struct Wishart;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("df", Range::Positive, "degrees of freedom, more than K - 1"),
    Param::matrix("scale", Range::Covariance, "scale matrix: the mean divided by df"),
]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[2.7], &[1.4]], points: &[0.3, 5.0] },
    Trial {
        form: 0,
        args: &[&[4.5], &[2.0, 0.5, -0.3, 0.5, 1.0, 0.2, -0.3, 0.2, 1.5]],
        points: &[6.0, 1.0, -2.0, 1.0, 3.0, 0.4, -2.0, 0.4, 5.0],
    },
];

impl Distribution for Wishart {
    fn name(&self) -> &'static str {
        "Wishart"
    }

    fn summary(&self) -> &'static str {
        "Wishart distribution of covariance matrices"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn event(&self, _form: usize) -> &'static [Extent] {
        &[Extent::Last(1), Extent::Last(1)]
    }

    fn event_mismatch(&self, _form: usize, args: &[&[usize]]) -> Option<String> {
        not_square(self.name(), "scale", args[1])
    }

    fn objection(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<String> {
        too_few_degrees(self.name(), g, args)
    }

    fn remedy(&self) -> Option<&'static str> {
        Some("with K rows, `df = K + 1` or more")
    }

    fn support(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        Support::Continuous { constraint: &constraint::Covariance, bounds: vec![] }
    }

    /// Relative to Lebesgue measure on the elements on and below the diagonal, which alone are read. With T = A^-1 L,
    /// scale = A A', x = L L', the squares of T's diagonal are chi-squared and what is below it is normal (Bartlett).
    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (scale, factor) = (g.cholesky(args[1]), g.cholesky(x));
        let white = g.solve_triangular(scale, factor, false);
        let k = order(g, white);
        let position = positions(g, k);
        let df = column(g, args[0]);
        let df = g.sub(df, position);
        let rows_below: Vec<f64> = (0..k).map(|i| (k - 1 - i) as f64).collect();
        let density = bartlett_log_density(g, white, df, &rows_below);
        let log_root = sum_log_diagonal(g, scale);
        let volume = g.mul_scalar(log_root, k as f64 + 1.0);
        let value = g.sub(density, volume);
        where_defined(g, args[0], k, value)
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let df = block(g, args[0]);
        Some(g.mul(df, args[1]))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let products = diagonal_products(g, args[1]);
        let squares = g.square(args[1]);
        let sum = g.add(squares, products);
        let df = block(g, args[0]);
        let variance = g.mul(df, sum);
        Some(g.sqrt(variance))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let k = out.len().isqrt();
        let scale = factor_or_nan(args[1], k);
        let t = bartlett(k, |i| args[0][0] - i as f64, rng);
        let mut factor = vec![0.0; k * k];
        for i in 0..k {
            for j in 0..=i {
                factor[i * k + j] = (j..=i).map(|m| scale[i * k + m] * t[m * k + j]).sum();
            }
        }
        lower_square(&factor, k, out);
    }

    fn formula(&self) -> &'static str {
        "(df - K - 1) / 2 logdet(x) - trace(inverse(scale) x) / 2 - df K log(2) / 2 - df / 2 logdet(scale) - K (K - 1) log(pi) / 4 - sum(lgamma((df + 1 - k) / 2), k from 1 to K), over the elements on and below the diagonal"
    }

    fn example(&self) -> &'static str {
        "S ~ Wishart(5, eye(3))"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("wishart(nu, S)"),
            pymc: Some("Wishart(nu, V)"),
            r: Some("stats::rWishart(df, Sigma)"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// Why constant degrees of freedom are too few.
pub(super) fn too_few_degrees(who: &str, g: &Graph, args: &[Node]) -> Option<String> {
    let k = order(g, args[1]);
    let least = k as f64 - 1.0;
    let df = g.value(args[0])?.iter().copied().find(|&df| df <= least)?;
    Some(format!("{who} of {k} x {k} matrices needs df > {least}, found {}", shown(df)))
}

/// log density of a triangular matrix T with chi-squared squares on the diagonal and standard normals below it, as a density
/// of T T' (or T' T): less `powers` times the logarithms of the diagonal.
pub(super) fn bartlett_log_density(g: &mut Graph, t: Node, df: Node, powers: &[f64]) -> Node {
    let k = powers.len();
    let diagonal = g.diagonal(t);
    let squares = g.square(diagonal);
    let on = chi_squared(g, df, squares);
    let log_diagonal = g.log(diagonal);
    let powers = g.vector(powers);
    let volume = g.mul(powers, log_diagonal);
    let on = g.sub(on, volume);
    let on = sum_last(g, on);
    let squares = g.square(t);
    let mask: Vec<f64> = (0..k * k).map(|at| f64::from(at % k < at / k)).collect();
    let mask = g.vector(&mask);
    let mask = g.reshape(mask, &[k, k]);
    let below = g.mul(mask, squares);
    let rank = g.shape(below).len();
    let below = g.sum(below, &[rank - 2, rank - 1]);
    let below = g.mul_scalar(below, 0.5);
    let below = g.add_scalar(below, (k * (k - 1) / 2) as f64 * HALF_LN_2PI);
    g.sub(on, below)
}

/// `value` where df > K - 1 and the matrices behind it have factors; -inf elsewhere.
pub(super) fn where_defined(g: &mut Graph, df: Node, k: usize, value: Node) -> Node {
    let least = g.scalar(k as f64 - 1.0);
    let enough = g.less(least, df);
    let definite = g.equal(value, value);
    let defined = g.and(enough, definite);
    inside(g, defined, value)
}

/// a_ii a_jj
pub(super) fn diagonal_products(g: &mut Graph, a: Node) -> Node {
    let diagonal = g.diagonal(a);
    let rows = column(g, diagonal);
    let columns = g.transpose(rows);
    g.mul(rows, columns)
}
