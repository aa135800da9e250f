//! Frechet distribution: the largest of many draws with tails that fall as a power.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::extremes::log_inv_cloglog;
use super::formula::{above, inside, open_unit, positive, positive_reals};
use super::gumbel::log_minus_log;
use super::{Distribution, Elsewhere, LocationScale, Param, Range, Support, Trial};

/// 1 / Weibull(shape, 1 / scale), the type II extreme-value distribution of maxima.
pub struct Frechet;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("shape", Range::Positive, "shape: the power with which the upper tail falls"),
    Param::scalar("scale", Range::Positive, "scale"),
]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[5.5], &[2.0]], points: &[1.2, 2.5, 9.0] }];

impl Distribution for Frechet {
    fn name(&self) -> &'static str {
        "Frechet"
    }

    fn summary(&self) -> &'static str {
        "Frechet distribution of maxima on the positive reals"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        positive_reals(g)
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let log_hazard = log_hazard(g, args, x);
        let hazard = g.exp(log_hazard);
        let (log_shape, log_x) = (g.log(args[0]), g.log(x));
        let value = g.add(log_shape, log_hazard);
        let value = g.sub(value, log_x);
        let value = g.sub(value, hazard);
        let support = positive(g, x);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let log_hazard = log_hazard(g, args, x);
        let hazard = g.exp(log_hazard);
        Some(g.neg(hazard))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let log_hazard = log_hazard(g, args, x);
        Some(log_inv_cloglog(g, log_hazard))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let log_hazard = log_minus_log(g, p);
        let log_ratio = g.div(log_hazard, args[0]);
        let negative = g.neg(log_ratio);
        let ratio = g.exp(negative);
        Some(g.mul(args[1], ratio))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let log_moment = log_moment(g, args[0], 1.0);
        let moment = g.exp(log_moment);
        let mean = g.mul(args[1], moment);
        Some(above(g, args[0], 1.0, mean, f64::INFINITY))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let (log_mean, log_square) = (log_moment(g, args[0], 1.0), log_moment(g, args[0], 2.0));
        let squared = g.mul_scalar(log_mean, 2.0);
        let log_ratio = g.sub(log_square, squared);
        let relative = g.expm1(log_ratio);
        let relative = g.sqrt(relative);
        let mean = g.exp(log_mean);
        let sd = g.mul(mean, relative);
        let sd = g.mul(args[1], sd);
        Some(above(g, args[0], 2.0, sd, f64::INFINITY))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = args[1][0] * (-open_unit(rng).ln()).powf(-1.0 / args[0][0]);
    }

    fn location_scale(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<LocationScale<Vec<Node>>> {
        let scale = g.recip(args[0]);
        Some(LocationScale::of_log(g, args, 1, scale))
    }

    fn formula(&self) -> &'static str {
        "log(shape / scale) - (shape + 1) log(x / scale) - (x / scale)^-shape for x > 0"
    }

    fn example(&self) -> &'static str {
        "flood ~ Frechet(3, 10)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("frechet"), pymc: None, r: Some("VGAM::dfrechet(location = 0, scale, shape)") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// -shape log(x / scale)
fn log_hazard(g: &mut Graph, args: &[Node], x: Node) -> Node {
    let (log_scale, log_x) = (g.log(args[1]), g.log(x));
    let log_ratio = g.sub(log_scale, log_x);
    g.mul(args[0], log_ratio)
}

/// log Gamma(1 - n / shape): the n-th moment at scale 1.
fn log_moment(g: &mut Graph, shape: Node, n: f64) -> Node {
    let inverse = g.recip(shape);
    let power = g.mul_scalar(inverse, -n);
    let next = g.add_scalar(power, 1.0);
    g.lgamma(next)
}
