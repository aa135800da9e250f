//! Student t distribution: heavier tails than the normal.

use std::f64::consts::PI;

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{above, draw, like, real_line, standardize, unscale};
use super::incomplete::student_log_cdf;
use super::special::{deviance, log1p_square, stirling_remainder};
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// Location-scale t.
pub struct StudentT;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("df", Range::Positive, "degrees of freedom"),
    Param::scalar("loc", Range::Real, "centre"),
    Param::scalar("scale", Range::Positive, "scale"),
]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[3.5], &[-0.4], &[1.3]], points: &[-9.0, 0.3, 2.0] },
    Trial { form: 0, args: &[&[300.0], &[-0.4], &[1.3]], points: &[0.3, 4.0] },
];

impl Distribution for StudentT {
    fn name(&self) -> &'static str {
        "StudentT"
    }

    fn summary(&self) -> &'static str {
        "Student t distribution on the real line"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        real_line()
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (df, loc, scale) = (args[0], args[1], args[2]);
        let z = standardize(g, x, loc, scale);
        let log_scale = g.log(scale);
        scaled_log_density(g, df, z, Some(log_scale))
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let z = standardize(g, x, args[1], args[2]);
        Some(student_log_cdf(g, args[0], z))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let z = standardize(g, args[1], x, args[2]);
        Some(student_log_cdf(g, args[0], z))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let loc = like(g, args[1], args[2]);
        Some(above(g, args[0], 1.0, loc, f64::NAN))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let variance = standard_variance(g, args[0]);
        let sd = g.sqrt(variance);
        let sd = g.mul(args[2], sd);
        Some(like(g, sd, args[1]))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = args[1][0] + args[2][0] * draw(rand_distr::StudentT::new(args[0][0]), rng);
    }

    fn location_scale(&self, _form: usize) -> Option<[usize; 2]> {
        Some([1, 2])
    }

    fn formula(&self) -> &'static str {
        "lgamma((df + 1) / 2) - lgamma(df / 2) - log(pi df) / 2 - log(scale) - (df + 1) / 2 log1p(((x - loc) / scale)^2 / df)"
    }

    fn example(&self) -> &'static str {
        "y ~ StudentT(4, mu, sigma)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("student_t"), pymc: Some("StudentT"), r: Some("extraDistr::dlst") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// df / (df - 2): infinite for df in (1, 2], none below.
pub(super) fn standard_variance(g: &mut Graph, df: Node) -> Node {
    let less = g.add_scalar(df, -2.0);
    let variance = g.div(df, less);
    let variance = above(g, df, 2.0, variance, f64::INFINITY);
    above(g, df, 1.0, variance, f64::NAN)
}

/// What stands for df where it is infinite, and the distribution normal: rounding knows no difference.
pub(super) fn finite_df(g: &mut Graph, df: Node) -> Node {
    let largest = g.scalar(1e100);
    g.min(df, largest)
}

/// log density of a standard t at z, less `log_scale`. The gammas are written as Stirling remainders, which do not cancel
/// for large df; infinite df is the normal distribution.
pub(super) fn scaled_log_density(g: &mut Graph, df: Node, z: Node, log_scale: Option<Node>) -> Node {
    let df = finite_df(g, df);
    let half = g.mul_scalar(df, 0.5);
    let next = g.add_scalar(half, 0.5);
    // log Gamma(half + 1/2) - log Gamma(half)
    let (remainder, remainder_next) = (stirling_remainder(g, half), stirling_remainder(g, next));
    let step = deviance(g, half, next);
    let (log_half, log_next) = (g.log(half), g.log(next));
    let log_next = g.mul_scalar(log_next, 0.5);
    let up = g.add(remainder_next, log_half);
    let down = g.add(remainder, step);
    let down = g.add(down, log_next);
    let log_gammas = g.sub(up, down);
    // log sqrt(pi df), scale
    let log_df = g.log(df);
    let log_df = g.mul_scalar(log_df, 0.5);
    let mut log_normalizer = g.sub(log_gammas, log_df);
    log_normalizer = g.add_scalar(log_normalizer, -0.5 * PI.ln());
    if let Some(log_scale) = log_scale {
        log_normalizer = g.sub(log_normalizer, log_scale);
    }
    let root = g.sqrt(df);
    let t = unscale(g, z, root);
    let spread = log1p_square(g, t);
    let exponent = g.mul(next, spread);
    g.sub(log_normalizer, exponent)
}
