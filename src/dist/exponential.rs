//! Exponential distribution: waiting times without memory.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{draw, inside, non_negative, positive_reals};
use super::{Distribution, Elsewhere, LocationScale, Param, Range, Support, Trial};

/// Gamma(1, rate).
pub struct Exponential;

const FORMS: &[&[Param]] = &[&[Param::scalar("rate", Range::Positive, "1 / mean")]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[0.7]], points: &[0.1, 5.0] }];

impl Distribution for Exponential {
    fn name(&self) -> &'static str {
        "Exponential"
    }

    fn summary(&self) -> &'static str {
        "exponential distribution on the positive reals"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        positive_reals(g)
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let rate = args[0];
        let log_rate = g.log(rate);
        let decay = g.mul(rate, x);
        let value = g.sub(log_rate, decay);
        let support = non_negative(g, x);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let tail = self.log_ccdf(g, form, args, x)?;
        Some(g.log1m_exp(tail))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let decay = g.mul(args[0], x);
        Some(g.neg(decay))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(g.recip(args[0]))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let negative = g.neg(p);
        let log_rest = g.log1p(negative);
        let ratio = g.div(log_rest, args[0]);
        Some(g.neg(ratio))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(g.recip(args[0]))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = draw(rand_distr::Exp::new(args[0][0]), rng);
    }

    fn location_scale(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<LocationScale<Vec<Node>>> {
        let (one, log_rate) = (g.scalar(1.0), g.log(args[0]));
        Some(LocationScale { location: g.neg(log_rate), scale: one, centred: vec![one], standard: None })
    }

    fn formula(&self) -> &'static str {
        "log(rate) - rate x for x >= 0"
    }

    fn example(&self) -> &'static str {
        "sigma ~ Exponential(1)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("exponential"), pymc: Some("Exponential"), r: Some("dexp") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}
