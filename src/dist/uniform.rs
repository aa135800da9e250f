//! Uniform distribution on an interval.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{between, empty_range, inside, one_minus, open_unit, within};
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// Constant density between two bounds.
pub struct Uniform;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("lower", Range::Real, "lower bound"),
    Param::scalar("upper", Range::Real, "upper bound"),
]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[-1.0], &[3.5]], points: &[-0.5, 3.0] }];

impl Distribution for Uniform {
    fn name(&self) -> &'static str {
        "Uniform"
    }

    fn summary(&self) -> &'static str {
        "uniform distribution between two bounds"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn objection(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<String> {
        let (lower, upper) = empty_range(g, Some(args[0]), Some(args[1]), false)?;
        Some(format!("Uniform needs lower < upper, found {lower} and {upper}"))
    }

    fn remedy(&self) -> Option<&'static str> {
        Some("the first argument is the lower bound: exchange them, or look at the data that they come from")
    }

    fn support(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Support {
        between(g, Some(args[0]), Some(args[1]))
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (lower, upper) = (args[0], args[1]);
        let width = g.sub(upper, lower);
        let log_width = g.log(width);
        let value = g.neg(log_width);
        let support = within(g, x, lower, upper);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let below = g.sub(x, args[0]);
        let width = g.sub(args[1], args[0]);
        let share = g.div(below, width);
        Some(g.log(share))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let above = g.sub(args[1], x);
        let width = g.sub(args[1], args[0]);
        let share = g.div(above, width);
        Some(g.log(share))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let sum = g.add(args[0], args[1]);
        Some(g.mul_scalar(sum, 0.5))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let rest = one_minus(g, p);
        let (low, high) = (g.mul(args[0], rest), g.mul(args[1], p));
        Some(g.add(low, high))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let width = g.sub(args[1], args[0]);
        Some(g.mul_scalar(width, 1.0 / 12f64.sqrt()))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = args[0][0] + (args[1][0] - args[0][0]) * open_unit(rng);
    }

    fn formula(&self) -> &'static str {
        "-log(upper - lower) for lower <= x <= upper"
    }

    fn example(&self) -> &'static str {
        "theta ~ Uniform(0, 10)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("uniform"), pymc: Some("Uniform"), r: Some("dunif") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}
