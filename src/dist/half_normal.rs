//! Half-normal distribution: the absolute value of a centred normal.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI, FRAC_2_SQRT_PI, LN_2};

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{inside, non_negative, positive_reals, standard_normal, unscale};
use super::normal::standard_log_density;
use super::{Distribution, Elsewhere, LocationScale, Param, Range, Support, Trial};

/// Normal(0, sd), folded at 0.
pub struct HalfNormal;

const FORMS: &[&[Param]] =
    &[&[Param::scalar("sd", Range::Positive, "standard deviation of the normal that is folded")]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[1.7]], points: &[0.2, 3.0] }];

impl Distribution for HalfNormal {
    fn name(&self) -> &'static str {
        "HalfNormal"
    }

    fn summary(&self) -> &'static str {
        "half-normal distribution on the positive reals"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        positive_reals(g)
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let z = unscale(g, x, args[0]);
        let folded = standard_log_density(g, z, args[0]);
        let value = g.add_scalar(folded, LN_2);
        let support = non_negative(g, x);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let z = unscale(g, x, args[0]);
        let scaled = g.mul_scalar(z, FRAC_1_SQRT_2);
        let p = g.erf(scaled);
        Some(g.log(p))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let z = unscale(g, x, args[0]);
        let negative = g.neg(z);
        let tail = g.normal_log_cdf(negative);
        Some(g.add_scalar(tail, LN_2))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(g.mul_scalar(args[0], FRAC_2_SQRT_PI * FRAC_1_SQRT_2))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(g.mul_scalar(args[0], (1.0 - FRAC_2_PI).sqrt()))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = args[0][0] * standard_normal(rng).abs();
    }

    fn location_scale(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<LocationScale<Vec<Node>>> {
        let scale = g.scalar(FRAC_1_SQRT_2);
        Some(LocationScale::of_log(g, args, 0, scale))
    }

    fn formula(&self) -> &'static str {
        "log(2) - (x / sd)^2 / 2 - log(sd) - log(2 pi) / 2 for x >= 0"
    }

    fn example(&self) -> &'static str {
        "tau ~ HalfNormal(1)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("normal(0, sd) with <lower = 0>"),
            pymc: Some("HalfNormal"),
            r: Some("extraDistr::dhnorm"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}
