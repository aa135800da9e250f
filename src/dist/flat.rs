//! Flat: no prior at all, density 1 on a range that may be infinite.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{between, empty_range, inside, open_unit, within};
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// Improper: relative to Lebesgue measure.
pub struct Flat;

const FORMS: &[&[Param]] = &[&[
    Param::optional("lower", Range::Extended, f64::NEG_INFINITY, "lower bound"),
    Param::optional("upper", Range::Extended, f64::INFINITY, "upper bound"),
]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[-1.0], &[3.5]], points: &[-0.5, 3.0] }];

impl Distribution for Flat {
    fn name(&self) -> &'static str {
        "Flat"
    }

    fn summary(&self) -> &'static str {
        "improper flat density: 1 between its bounds"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn improper(&self) -> bool {
        true
    }

    fn objection(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<String> {
        let (lower, upper) = empty_range(g, Some(args[0]), Some(args[1]), false)?;
        Some(format!("Flat needs lower < upper, found {lower} and {upper}"))
    }

    fn remedy(&self) -> Option<&'static str> {
        Some("the first argument is the lower bound: exchange them, or look at the data that they come from")
    }

    fn support(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Support {
        between(g, Some(args[0]), Some(args[1]))
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let zero = g.scalar(0.0);
        let support = within(g, x, args[0], args[1]);
        inside(g, support, zero)
    }

    /// Uniform where both bounds are finite; NaN elsewhere, where no draw can be made.
    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = args[0][0] + (args[1][0] - args[0][0]) * open_unit(rng);
    }

    fn formula(&self) -> &'static str {
        "0 for lower <= x <= upper"
    }

    fn example(&self) -> &'static str {
        "sigma ~ Flat(lower = 0)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: None, pymc: Some("Flat; HalfFlat"), r: None }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}
