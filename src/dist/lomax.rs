//! Lomax distribution: a Pareto distribution that starts at 0.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{above, inside, log_rest, non_negative, open_unit, positive_reals, unscale};
use super::{Distribution, Elsewhere, LocationScale, Param, Range, Support, Trial};

/// Pareto(scale, shape) - scale, the Pareto distribution of type II.
pub struct Lomax;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("shape", Range::Positive, "power with which the tail falls"),
    Param::scalar("scale", Range::Positive, "scale"),
]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[5.5], &[2.0]], points: &[0.05, 1.0, 12.0] }];

impl Distribution for Lomax {
    fn name(&self) -> &'static str {
        "Lomax"
    }

    fn summary(&self) -> &'static str {
        "Lomax (Pareto type II) distribution on the positive reals"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        positive_reals(g)
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (shape, scale) = (args[0], args[1]);
        let ratio = unscale(g, x, scale);
        let log_ratio = g.log1p(ratio);
        let power = g.add_scalar(shape, 1.0);
        let decay = g.mul(power, log_ratio);
        let (log_shape, log_scale) = (g.log(shape), g.log(scale));
        let log_peak = g.sub(log_shape, log_scale);
        let value = g.sub(log_peak, decay);
        let support = non_negative(g, x);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let tail = self.log_ccdf(g, form, args, x)?;
        Some(g.log1m_exp(tail))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let ratio = unscale(g, x, args[1]);
        let log_ratio = g.log1p(ratio);
        let decay = g.mul(args[0], log_ratio);
        Some(g.neg(decay))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let log_tail = log_rest(g, p);
        let log_ratio = g.div(log_tail, args[0]);
        let negative = g.neg(log_ratio);
        let ratio = g.expm1(negative);
        Some(g.mul(args[1], ratio))
    }

    /// scale / (shape - 1)
    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let less = g.add_scalar(args[0], -1.0);
        let mean = g.div(args[1], less);
        Some(above(g, args[0], 1.0, mean, f64::INFINITY))
    }

    /// scale / (shape - 1) sqrt(shape / (shape - 2))
    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let (less, lesser) = (g.add_scalar(args[0], -1.0), g.add_scalar(args[0], -2.0));
        let ratio = g.div(args[0], lesser);
        let root = g.sqrt(ratio);
        let relative = g.div(root, less);
        let sd = g.mul(args[1], relative);
        Some(above(g, args[0], 2.0, sd, f64::INFINITY))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = args[1][0] * (-open_unit(rng).ln() / args[0][0]).exp_m1();
    }

    fn location_scale(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<LocationScale<Vec<Node>>> {
        let scale = g.scalar(1.0);
        Some(LocationScale::of_log(g, args, 1, scale))
    }

    fn formula(&self) -> &'static str {
        "log(shape / scale) - (shape + 1) log1p(x / scale) for x >= 0"
    }

    fn example(&self) -> &'static str {
        "claim ~ Lomax(2.5, 10)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("pareto_type_2(mu = 0, lambda = scale, alpha = shape)"),
            pymc: None,
            r: Some("extraDistr::dlomax(lambda = 1 / scale, kappa = shape)"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}
