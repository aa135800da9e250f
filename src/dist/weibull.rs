//! Weibull distribution: waiting times with a hazard that grows or falls as a power.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{at_edge, draw, inside, positive_reals, unscale};
use super::{Distribution, Elsewhere, LocationScale, Param, Range, Support, Trial};

/// scale times the power 1 / shape of a standard exponential.
pub struct Weibull;

const FORMS: &[&[Param]] =
    &[&[Param::scalar("shape", Range::Positive, "shape"), Param::scalar("scale", Range::Positive, "scale")]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[1.6], &[3.0]], points: &[0.5, 4.0] }];

impl Distribution for Weibull {
    fn name(&self) -> &'static str {
        "Weibull"
    }

    fn summary(&self) -> &'static str {
        "Weibull distribution on the positive reals"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        positive_reals(g)
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (shape, scale) = (args[0], args[1]);
        let (ok, x) = at_edge(g, x, shape);
        let log_x = g.log(x);
        let log_scale = g.log(scale);
        let log_ratio = g.sub(log_x, log_scale);
        let power = g.mul(shape, log_ratio);
        let decay = g.exp(power);
        let log_shape = g.log(shape);
        let value = g.add(log_shape, power);
        let value = g.sub(value, log_x);
        let value = g.sub(value, decay);
        inside(g, ok, value)
    }

    fn log_cdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let tail = self.log_ccdf(g, form, args, x)?;
        Some(g.log1m_exp(tail))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let ratio = unscale(g, x, args[1]);
        let power = g.pow(ratio, args[0]);
        Some(g.neg(power))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let inverse = g.recip(args[0]);
        let next = g.add_scalar(inverse, 1.0);
        let log_gamma = g.lgamma(next);
        let factor = g.exp(log_gamma);
        Some(g.mul(args[1], factor))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let negative = g.neg(p);
        let log_rest = g.log1p(negative);
        let decay = g.neg(log_rest);
        let log_decay = g.log(decay);
        let log_ratio = g.div(log_decay, args[0]);
        let ratio = g.exp(log_ratio);
        Some(g.mul(args[1], ratio))
    }

    /// The mean times sqrt(Gamma(1 + 2 / shape) / Gamma(1 + 1 / shape)^2 - 1).
    fn sd(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        let mean = self.mean(g, form, args)?;
        let inverse = g.recip(args[0]);
        let log_gammas = [1.0, 2.0].map(|power| {
            let times = g.mul_scalar(inverse, power);
            let next = g.add_scalar(times, 1.0);
            g.lgamma(next)
        });
        let twice = g.mul_scalar(log_gammas[0], 2.0);
        let log_ratio = g.sub(log_gammas[1], twice);
        let relative_variance = g.expm1(log_ratio);
        let ratio = g.sqrt(relative_variance);
        Some(g.mul(mean, ratio))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = draw(rand_distr::Weibull::new(args[1][0], args[0][0]), rng);
    }

    fn location_scale(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<LocationScale<Vec<Node>>> {
        let scale = g.recip(args[0]);
        Some(LocationScale::of_log(g, args, 1, scale))
    }

    fn formula(&self) -> &'static str {
        "log(shape / scale) + (shape - 1) log(x / scale) - (x / scale)^shape for x >= 0"
    }

    fn example(&self) -> &'static str {
        "t ~ Weibull(1.5, 10)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("weibull"), pymc: Some("Weibull"), r: Some("dweibull") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}
