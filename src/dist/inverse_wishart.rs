//! Inverse Wishart distribution of covariance matrices.

use rand::Rng;

use crate::constraint;
use crate::tape::{Graph, Node};

use super::matrices::{
    bartlett, block, column, factor_or_nan, lower_square, not_square, order, positions, sum_log_diagonal,
};
use super::wishart::{bartlett_log_density, diagonal_products, too_few_degrees, where_defined};
use super::{Distribution, Elsewhere, Extent, Param, Range, Support, Trial};

/// Inverses of Wishart(df, inverse(scale)) matrices.
pub struct InverseWishart;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("df", Range::Positive, "degrees of freedom, more than K - 1"),
    Param::matrix("scale", Range::Covariance, "scale matrix: the mean times df - K - 1"),
]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[12.5], &[1.4]], points: &[0.1, 0.3] },
    Trial {
        form: 0,
        args: &[&[15.5], &[2.0, 0.5, -0.3, 0.5, 1.0, 0.2, -0.3, 0.2, 1.5]],
        points: &[0.2, 0.03, -0.05, 0.03, 0.1, 0.01, -0.05, 0.01, 0.15],
    },
];

impl Distribution for InverseWishart {
    fn name(&self) -> &'static str {
        "InverseWishart"
    }

    fn summary(&self) -> &'static str {
        "inverse Wishart distribution of covariance matrices"
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

    /// Relative to Lebesgue measure on the elements on and below the diagonal, which alone are read. With M = L^-1 A,
    /// scale = A A', x = L L', M' M is Wishart(df, I), and M' its upper triangular factor.
    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (scale, factor) = (g.cholesky(args[1]), g.cholesky(x));
        let white = g.solve_triangular(factor, scale, false);
        let k = order(g, white);
        let position = positions(g, k);
        let df = column(g, args[0]);
        let df = g.add_scalar(df, 1.0 - k as f64);
        let df = g.add(df, position);
        let rows_above: Vec<f64> = (0..k).map(|i| i as f64).collect();
        let density = bartlett_log_density(g, white, df, &rows_above);
        let (log_scale, log_x) = (sum_log_diagonal(g, scale), sum_log_diagonal(g, factor));
        let twice = g.mul_scalar(log_x, 2.0);
        let volume = g.sub(log_scale, twice);
        let volume = g.mul_scalar(volume, k as f64 + 1.0);
        let value = g.add(density, volume);
        where_defined(g, args[0], k, value)
    }

    /// None up to df = K + 1.
    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let excess = excess(g, args);
        let (zero, nan) = (g.scalar(0.0), g.scalar(f64::NAN));
        let exists = g.less(zero, excess);
        let mean = g.div(args[1], excess);
        Some(g.select(exists, mean, nan))
    }

    /// With m = df - K - 1, the variance is ((m + 2) s_ij^2 + m s_ii s_jj) / ((m + 1) m^2 (m - 2)); infinite up to m = 2.
    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let m = excess(g, args);
        let squares = g.square(args[1]);
        let products = diagonal_products(g, args[1]);
        let (above, below) = (g.add_scalar(m, 2.0), g.add_scalar(m, -2.0));
        let next = g.add_scalar(m, 1.0);
        let (first, second) = (g.mul(above, squares), g.mul(m, products));
        let up = g.add(first, second);
        let m_squared = g.square(m);
        let down = g.mul(next, below);
        let down = g.mul(down, m_squared);
        let variance = g.div(up, down);
        let (zero, two) = (g.scalar(0.0), g.scalar(2.0));
        let (infinity, nan) = (g.scalar(f64::INFINITY), g.scalar(f64::NAN));
        let (finite, exists) = (g.less(two, m), g.less(zero, m));
        let infinite_or_none = g.select(exists, infinity, nan);
        let variance = g.select(finite, variance, infinite_or_none);
        Some(g.sqrt(variance))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let k = out.len().isqrt();
        let scale = factor_or_nan(args[1], k);
        let m = bartlett(k, |i| args[0][0] - k as f64 + 1.0 + i as f64, rng);
        // L M = A
        let mut factor = vec![0.0; k * k];
        for i in 0..k {
            for j in (0..=i).rev() {
                let known: f64 = (j + 1..=i).map(|n| factor[i * k + n] * m[n * k + j]).sum();
                factor[i * k + j] = (scale[i * k + j] - known) / m[j * k + j];
            }
        }
        lower_square(&factor, k, out);
    }

    fn formula(&self) -> &'static str {
        "df / 2 logdet(scale) - (df + K + 1) / 2 logdet(x) - trace(scale inverse(x)) / 2 - df K log(2) / 2 - K (K - 1) log(pi) / 4 - sum(lgamma((df + 1 - k) / 2), k from 1 to K), over the elements on and below the diagonal"
    }

    fn example(&self) -> &'static str {
        "S ~ InverseWishart(5, eye(3))"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("inv_wishart(nu, S)"), pymc: None, r: Some("MCMCpack::diwish(v, S)") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// df - K - 1, to go with matrices.
fn excess(g: &mut Graph, args: &[Node]) -> Node {
    let k = order(g, args[1]);
    let df = block(g, args[0]);
    g.add_scalar(df, -1.0 - k as f64)
}
