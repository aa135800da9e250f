//! Cauchy distribution: tails so heavy that there is no mean.

use std::f64::consts::{FRAC_1_PI, PI};

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{draw, like, one_minus, real_line, standardize};
use super::special::log1p_square;
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// StudentT(1, loc, scale).
pub struct Cauchy;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("loc", Range::Real, "centre"),
    Param::scalar("scale", Range::Positive, "half width at half maximum"),
]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[0.3], &[2.5]], points: &[-30.0, 0.0, 1.0] }];

impl Distribution for Cauchy {
    fn name(&self) -> &'static str {
        "Cauchy"
    }

    fn summary(&self) -> &'static str {
        "Cauchy distribution on the real line"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        real_line()
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (loc, scale) = (args[0], args[1]);
        let z = standardize(g, x, loc, scale);
        let spread = log1p_square(g, z);
        let log_scale = g.log(scale);
        let log_normalizer = g.add_scalar(log_scale, PI.ln());
        let total = g.add(spread, log_normalizer);
        g.neg(total)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let z = standardize(g, x, args[0], args[1]);
        Some(standard_log_cdf(g, z))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let z = standardize(g, args[0], x, args[1]);
        Some(standard_log_cdf(g, z))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let rest = one_minus(g, p);
        let smaller = g.min(p, rest);
        let angle = g.mul_scalar(smaller, PI);
        let tangent = g.tan(angle);
        let size = g.recip(tangent);
        let half = g.scalar(0.5);
        let (low, down) = (g.less(p, half), g.neg(size));
        let z = g.select(low, down, size);
        let distance = g.mul(args[1], z);
        Some(g.add(args[0], distance))
    }

    /// There is none.
    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(nowhere(g, args))
    }

    /// There is none.
    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(nowhere(g, args))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = draw(rand_distr::Cauchy::new(args[0][0], args[1][0]), rng);
    }

    fn location_scale(&self, _form: usize) -> Option<[usize; 2]> {
        Some([0, 1])
    }

    fn formula(&self) -> &'static str {
        "-log(pi scale) - log1p(((x - loc) / scale)^2)"
    }

    fn example(&self) -> &'static str {
        "alpha ~ Cauchy(0, 2.5)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("cauchy"), pymc: Some("Cauchy"), r: Some("dcauchy") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// NaN of the shape of the arguments.
fn nowhere(g: &mut Graph, args: &[Node]) -> Node {
    let nan = g.scalar(f64::NAN);
    let nan = like(g, nan, args[0]);
    like(g, nan, args[1])
}

/// log P(Z <= z) of a standard Cauchy: in the lower tail from the angle to the axis, which does not cancel.
pub(super) fn standard_log_cdf(g: &mut Graph, z: Node) -> Node {
    let (zero, low) = (g.scalar(0.0), g.scalar(-1.0));
    let negative = g.less(z, zero);
    let safe = g.select(negative, z, low);
    let cotangent = g.recip(safe);
    let cotangent = g.neg(cotangent);
    let tail = g.atan(cotangent);
    let tail = g.mul_scalar(tail, FRAC_1_PI);
    let angle = g.atan(z);
    let angle = g.mul_scalar(angle, FRAC_1_PI);
    let body = g.add_scalar(angle, 0.5);
    let p = g.select(negative, tail, body);
    g.log(p)
}
