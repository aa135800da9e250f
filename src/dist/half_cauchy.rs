//! Half-Cauchy distribution: the absolute value of a centred Cauchy.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, LN_2, SQRT_2};

use rand::Rng;

use crate::tape::{Graph, Node};

use super::cauchy::standard_log_cdf;
use super::formula::{draw, inside, like, non_negative, one_minus, positive_reals, unscale};
use super::special::log1p_square;
use super::{Distribution, Elsewhere, LocationScale, Param, Range, Support, Trial};

/// Cauchy(0, scale), folded at 0.
pub struct HalfCauchy;

const FORMS: &[&[Param]] = &[&[Param::scalar("scale", Range::Positive, "median")]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[2.5]], points: &[0.3, 30.0] }];

impl Distribution for HalfCauchy {
    fn name(&self) -> &'static str {
        "HalfCauchy"
    }

    fn summary(&self) -> &'static str {
        "half-Cauchy distribution on the positive reals"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        positive_reals(g)
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let scale = args[0];
        let z = unscale(g, x, scale);
        let spread = log1p_square(g, z);
        let log_scale = g.log(scale);
        let log_normalizer = g.add_scalar(log_scale, FRAC_PI_2.ln());
        let total = g.add(spread, log_normalizer);
        let value = g.neg(total);
        let support = non_negative(g, x);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let z = unscale(g, x, args[0]);
        let angle = g.atan(z);
        let p = g.mul_scalar(angle, FRAC_2_PI);
        Some(g.log(p))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let z = unscale(g, x, args[0]);
        let negative = g.neg(z);
        let tail = standard_log_cdf(g, negative);
        Some(g.add_scalar(tail, LN_2))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let rest = one_minus(g, p);
        let half = g.scalar(0.5);
        let low = g.less(p, half);
        let smaller = g.min(p, rest);
        let angle = g.mul_scalar(smaller, FRAC_PI_2);
        let tangent = g.tan(angle);
        let cotangent = g.recip(tangent);
        let z = g.select(low, tangent, cotangent);
        Some(g.mul(args[0], z))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(endless(g, args))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(endless(g, args))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = draw(rand_distr::Cauchy::new(0.0, args[0][0]), rng).abs();
    }

    fn location_scale(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<LocationScale<Vec<Node>>> {
        let scale = g.scalar(SQRT_2);
        Some(LocationScale::of_log(g, args, 0, scale))
    }

    fn formula(&self) -> &'static str {
        "log(2) - log(pi scale) - log1p((x / scale)^2) for x >= 0"
    }

    fn example(&self) -> &'static str {
        "tau ~ HalfCauchy(5)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("cauchy(0, scale) with <lower = 0>"),
            pymc: Some("HalfCauchy"),
            r: Some("extraDistr::dhcauchy"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// Infinity of the shape of the scale.
fn endless(g: &mut Graph, args: &[Node]) -> Node {
    let infinity = g.scalar(f64::INFINITY);
    like(g, infinity, args[0])
}
