//! Laplace (double exponential) distribution on the real line.

use std::f64::consts::{LN_2, SQRT_2};

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{like, one_minus, open_unit, real_line, standardize};
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// Two exponentials, back to back.
pub struct Laplace;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("loc", Range::Real, "centre"),
    Param::scalar("scale", Range::Positive, "mean absolute deviation"),
]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[0.3], &[2.5]], points: &[-3.0, 1.0] }];

impl Distribution for Laplace {
    fn name(&self) -> &'static str {
        "Laplace"
    }

    fn summary(&self) -> &'static str {
        "Laplace (double exponential) distribution on the real line"
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
        let distance = g.abs(z);
        let log_scale = g.log(scale);
        let log_normalizer = g.add_scalar(log_scale, LN_2);
        let total = g.add(distance, log_normalizer);
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

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(like(g, args[0], args[1]))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let rest = one_minus(g, p);
        let smaller = g.min(p, rest);
        let twice = g.mul_scalar(smaller, 2.0);
        let distance = g.log(twice);
        let half = g.scalar(0.5);
        let (low, up) = (g.less(p, half), g.neg(distance));
        let z = g.select(low, distance, up);
        let shift = g.mul(args[1], z);
        Some(g.add(args[0], shift))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let sd = g.mul_scalar(args[1], SQRT_2);
        Some(like(g, sd, args[0]))
    }

    fn corner(&self, _form: usize, args: &[Node]) -> Option<Node> {
        Some(args[0])
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let u = open_unit(rng) - 0.5;
        out[0] = args[0][0] - args[1][0] * u.signum() * (-2.0 * u.abs()).ln_1p();
    }

    fn location_scale(&self, _form: usize) -> Option<[usize; 2]> {
        Some([0, 1])
    }

    fn formula(&self) -> &'static str {
        "-abs(x - loc) / scale - log(2 scale)"
    }

    fn example(&self) -> &'static str {
        "beta ~ Laplace(0, 1)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("double_exponential"), pymc: Some("Laplace"), r: Some("extraDistr::dlaplace") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

fn standard_log_cdf(g: &mut Graph, z: Node) -> Node {
    let zero = g.scalar(0.0);
    let negative = g.less(z, zero);
    let low = g.add_scalar(z, -LN_2);
    let distance = g.abs(z);
    let down = g.neg(distance);
    let decay = g.exp(down);
    let half = g.mul_scalar(decay, -0.5);
    let high = g.log1p(half);
    g.select(negative, low, high)
}
