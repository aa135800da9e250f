//! Uniform distribution on whole numbers.

use rand::Rng;

use crate::tape::{Graph, Node};
use crate::types::ElementType;

use super::formula::{empty_range, inside, open_unit, whole, within};
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// Every integer from lower to upper is as probable.
pub struct DiscreteUniform;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("lower", Range::Integer, "smallest value"),
    Param::scalar("upper", Range::Integer, "largest value"),
]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[-2.0], &[7.0]], points: &[-2.0, 4.0] }];

impl Distribution for DiscreteUniform {
    fn name(&self) -> &'static str {
        "DiscreteUniform"
    }

    fn summary(&self) -> &'static str {
        "uniform distribution on the integers between two bounds"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn element(&self) -> ElementType {
        ElementType::Int
    }

    fn objection(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<String> {
        let (lower, upper) = empty_range(g, Some(args[0]), Some(args[1]), true)?;
        Some(format!("DiscreteUniform needs lower <= upper, found {lower} and {upper}"))
    }

    fn remedy(&self) -> Option<&'static str> {
        Some("the first argument is the lower bound: exchange them, or look at the data that they come from")
    }

    fn support(&self, _g: &mut Graph, _form: usize, args: &[Node]) -> Support {
        Support::Integers { lower: Some(args[0]), upper: Some(args[1]) }
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (lower, upper) = (args[0], args[1]);
        let width = g.sub(upper, lower);
        let size = g.add_scalar(width, 1.0);
        let log_size = g.log(size);
        let value = g.neg(log_size);
        let (range, whole) = (within(g, x, lower, upper), whole(g, x));
        let support = g.and(range, whole);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let below = g.sub(x, args[0]);
        let below = g.add_scalar(below, 1.0);
        let width = g.sub(args[1], args[0]);
        let size = g.add_scalar(width, 1.0);
        let share = g.div(below, size);
        Some(g.log(share))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let above = g.sub(args[1], x);
        let width = g.sub(args[1], args[0]);
        let size = g.add_scalar(width, 1.0);
        let share = g.div(above, size);
        Some(g.log(share))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let sum = g.add(args[0], args[1]);
        Some(g.mul_scalar(sum, 0.5))
    }

    /// sqrt((size^2 - 1) / 12)
    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let width = g.sub(args[1], args[0]);
        let next = g.add_scalar(width, 2.0);
        let product = g.mul(width, next);
        let variance = g.mul_scalar(product, 1.0 / 12.0);
        Some(g.sqrt(variance))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let size = args[1][0] - args[0][0] + 1.0;
        out[0] = (args[0][0] + (size * open_unit(rng)).floor()).min(args[1][0]);
    }

    fn formula(&self) -> &'static str {
        "-log(upper - lower + 1), x = lower, ..., upper"
    }

    fn example(&self) -> &'static str {
        "tau ~ DiscreteUniform(1, 40)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("discrete_range"),
            pymc: Some("DiscreteUniform"),
            r: Some("extraDistr::ddunif"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}
