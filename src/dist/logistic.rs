//! Logistic distribution on the real line.

use std::f64::consts::PI;

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{like, open_unit, real_line, standardize};
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// Its distribution function is the inverse logit.
pub struct Logistic;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("loc", Range::Real, "centre"),
    Param::scalar("scale", Range::Positive, "scale; the standard deviation is pi / sqrt(3) of it"),
]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[0.3], &[2.5]], points: &[-13.0, 1.0] }];

impl Distribution for Logistic {
    fn name(&self) -> &'static str {
        "Logistic"
    }

    fn summary(&self) -> &'static str {
        "logistic distribution on the real line"
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
        let down = g.neg(distance);
        let tail = g.log1p_exp(down);
        let tail = g.mul_scalar(tail, 2.0);
        let log_scale = g.log(scale);
        let total = g.add(distance, tail);
        let total = g.add(total, log_scale);
        g.neg(total)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let negative = standardize(g, args[0], x, args[1]);
        let tail = g.log1p_exp(negative);
        Some(g.neg(tail))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let z = standardize(g, x, args[0], args[1]);
        let tail = g.log1p_exp(z);
        Some(g.neg(tail))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(like(g, args[0], args[1]))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let negative = g.neg(p);
        let (log_p, log_rest) = (g.log(p), g.log1p(negative));
        let z = g.sub(log_p, log_rest);
        let distance = g.mul(args[1], z);
        Some(g.add(args[0], distance))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let sd = g.mul_scalar(args[1], PI / 3f64.sqrt());
        Some(like(g, sd, args[0]))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let u = open_unit(rng);
        out[0] = args[0][0] + args[1][0] * (u.ln() - (-u).ln_1p());
    }

    fn location_scale(&self, _form: usize) -> Option<[usize; 2]> {
        Some([0, 1])
    }

    fn formula(&self) -> &'static str {
        "-z - 2 log1p(exp(-z)) - log(scale), z = (x - loc) / scale"
    }

    fn example(&self) -> &'static str {
        "alpha ~ Logistic(0, 1)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("logistic"), pymc: Some("Logistic"), r: Some("dlogis") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}
