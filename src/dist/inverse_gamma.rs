//! Inverse gamma distribution: 1 / x is gamma distributed.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{above, draw, inside, positive, positive_reals};
use super::incomplete::{log_gamma_p, log_gamma_q};
use super::special::{deviance, stirling_remainder};
use super::{Distribution, Elsewhere, LocationScale, Param, Range, Support, Trial};

/// 1 / Gamma(shape, rate = scale).
pub struct InverseGamma;

const FORMS: &[&[Param]] =
    &[&[Param::scalar("shape", Range::Positive, "shape"), Param::scalar("scale", Range::Positive, "scale")]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[5.5], &[2.0]], points: &[0.1, 1.5] }];

impl Distribution for InverseGamma {
    fn name(&self) -> &'static str {
        "InverseGamma"
    }

    fn summary(&self) -> &'static str {
        "inverse gamma distribution on the positive reals"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        positive_reals(g)
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (shape, scale) = (args[0], args[1]);
        let scaled = g.div(scale, x);
        let distance = deviance(g, shape, scaled);
        let log_x = g.log(x);
        let log_shape = g.log(shape);
        let remainder = stirling_remainder(g, shape);
        let log_normalizer = g.sub(log_shape, remainder);
        let varying = g.add(log_x, distance);
        let value = g.sub(log_normalizer, varying);
        let support = positive(g, x);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let scaled = g.div(args[1], x);
        Some(log_gamma_q(g, args[0], scaled))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let scaled = g.div(args[1], x);
        Some(log_gamma_p(g, args[0], scaled))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let less = g.add_scalar(args[0], -1.0);
        let mean = g.div(args[1], less);
        Some(above(g, args[0], 1.0, mean, f64::INFINITY))
    }

    fn sd(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        let mean = self.mean(g, form, args)?;
        let less = g.add_scalar(args[0], -2.0);
        let root = g.sqrt(less);
        let sd = g.div(mean, root);
        Some(above(g, args[0], 2.0, sd, f64::INFINITY))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = args[1][0] / draw(rand_distr::Gamma::new(args[0][0], 1.0), rng);
    }

    fn location_scale(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<LocationScale<Vec<Node>>> {
        let (log_shape, log_scale) = (g.log(args[0]), g.log(args[1]));
        let half = g.mul_scalar(log_shape, -0.5);
        let (location, scale) = (g.sub(log_scale, log_shape), g.exp(half));
        Some(LocationScale { location, scale, centred: vec![args[0], args[0]], standard: None })
    }

    fn formula(&self) -> &'static str {
        "shape log(scale) - lgamma(shape) - (shape + 1) log(x) - scale / x for x > 0"
    }

    fn example(&self) -> &'static str {
        "sigma2 ~ InverseGamma(2, 1)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("inv_gamma"), pymc: Some("InverseGamma"), r: Some("extraDistr::dinvgamma") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}
