//! Rayleigh distribution: the length of a vector of two independent centred normals.

use std::f64::consts::{FRAC_PI_2, LN_2};

use rand::Rng;

use crate::tape::{Graph, Node};

use super::extremes::log_inv_cloglog;
use super::formula::{inside, log_rest, open_unit, positive, positive_reals, unscale};
use super::{Distribution, Elsewhere, LocationScale, Param, Range, Support, Trial};

/// Weibull(2, sqrt(2) scale).
pub struct Rayleigh;

const FORMS: &[&[Param]] =
    &[&[Param::scalar("scale", Range::Positive, "standard deviation of either normal; the mode")]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[1.7]], points: &[0.2, 1.5, 6.0] }];

impl Distribution for Rayleigh {
    fn name(&self) -> &'static str {
        "Rayleigh"
    }

    fn summary(&self) -> &'static str {
        "Rayleigh distribution on the positive reals"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        positive_reals(g)
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let z = unscale(g, x, args[0]);
        let square = g.square(z);
        let decay = g.mul_scalar(square, 0.5);
        let (log_x, log_scale) = (g.log(x), g.log(args[0]));
        let log_area = g.mul_scalar(log_scale, 2.0);
        let value = g.sub(log_x, log_area);
        let value = g.sub(value, decay);
        let support = positive(g, x);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let (log_x, log_scale) = (g.log(x), g.log(args[0]));
        let log_ratio = g.sub(log_x, log_scale);
        let log_square = g.mul_scalar(log_ratio, 2.0);
        let log_hazard = g.add_scalar(log_square, -LN_2);
        Some(log_inv_cloglog(g, log_hazard))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let z = unscale(g, x, args[0]);
        let square = g.square(z);
        Some(g.mul_scalar(square, -0.5))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let log_tail = log_rest(g, p);
        let square = g.mul_scalar(log_tail, -2.0);
        let z = g.sqrt(square);
        Some(g.mul(args[0], z))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(g.mul_scalar(args[0], FRAC_PI_2.sqrt()))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(g.mul_scalar(args[0], (2.0 - FRAC_PI_2).sqrt()))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = args[0][0] * (-2.0 * open_unit(rng).ln()).sqrt();
    }

    fn location_scale(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<LocationScale<Vec<Node>>> {
        let scale = g.scalar(0.5);
        Some(LocationScale::of_log(g, args, 0, scale))
    }

    fn formula(&self) -> &'static str {
        "log(x) - 2 log(scale) - (x / scale)^2 / 2 for x > 0"
    }

    fn example(&self) -> &'static str {
        "speed ~ Rayleigh(3)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("rayleigh"),
            pymc: Some("Weibull(2, sqrt(2) scale)"),
            r: Some("VGAM::drayleigh"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}
