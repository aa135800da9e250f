//! Pareto distribution: above a minimum, a tail that falls as a power.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{above, between, inside, log_rest, open_unit};
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// min times the exponential of Exponential(shape).
pub struct Pareto;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("min", Range::Positive, "smallest value"),
    Param::scalar("shape", Range::Positive, "power with which the tail falls"),
]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[1.5], &[5.5]], points: &[1.6, 2.5, 30.0] }];

impl Distribution for Pareto {
    fn name(&self) -> &'static str {
        "Pareto"
    }

    fn summary(&self) -> &'static str {
        "Pareto distribution of values above a minimum"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Support {
        between(g, Some(args[0]), None)
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let log_ratio = log_ratio(g, args[0], x);
        let decay = g.mul(args[1], log_ratio);
        let (log_shape, log_x) = (g.log(args[1]), g.log(x));
        let value = g.sub(log_shape, log_x);
        let value = g.sub(value, decay);
        let support = g.less_equal(args[0], x);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let tail = self.log_ccdf(g, form, args, x)?;
        Some(g.log1m_exp(tail))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let log_ratio = log_ratio(g, args[0], x);
        let decay = g.mul(args[1], log_ratio);
        Some(g.neg(decay))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let log_tail = log_rest(g, p);
        let log_ratio = g.div(log_tail, args[1]);
        let negative = g.neg(log_ratio);
        let ratio = g.exp(negative);
        Some(g.mul(args[0], ratio))
    }

    /// min shape / (shape - 1)
    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let less = g.add_scalar(args[1], -1.0);
        let ratio = g.div(args[1], less);
        let mean = g.mul(args[0], ratio);
        Some(above(g, args[1], 1.0, mean, f64::INFINITY))
    }

    /// min / (shape - 1) sqrt(shape / (shape - 2))
    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let (less, lesser) = (g.add_scalar(args[1], -1.0), g.add_scalar(args[1], -2.0));
        let ratio = g.div(args[1], lesser);
        let root = g.sqrt(ratio);
        let relative = g.div(root, less);
        let sd = g.mul(args[0], relative);
        Some(above(g, args[1], 2.0, sd, f64::INFINITY))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = args[0][0] * open_unit(rng).powf(-1.0 / args[1][0]);
    }

    fn formula(&self) -> &'static str {
        "log(shape) + shape log(min) - (shape + 1) log(x) for x >= min"
    }

    fn example(&self) -> &'static str {
        "wealth ~ Pareto(1, 2.5)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("pareto"),
            pymc: Some("Pareto(alpha = shape, m = min)"),
            r: Some("extraDistr::dpareto(a = shape, b = min)"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// log(x / min), to full relative precision next to the minimum.
fn log_ratio(g: &mut Graph, min: Node, x: Node) -> Node {
    let excess = g.sub(x, min);
    let relative = g.div(excess, min);
    g.log1p(relative)
}
