//! Gamma distribution on the positive reals.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{at_edge, draw, inside, like, positive_reals};
use super::incomplete::{log_gamma_p, log_gamma_q};
use super::special::{deviance, stirling_remainder};
use super::{Distribution, Elsewhere, LocationScale, Param, Range, Support, Trial};

/// Shape and rate, or mean and standard deviation.
pub struct Gamma;

const FORMS: &[&[Param]] = &[
    &[
        Param::scalar("shape", Range::Positive, "shape"),
        Param::scalar("rate", Range::Positive, "rate: shape / mean"),
    ],
    &[
        Param::scalar("mean", Range::Positive, "mean"),
        Param::scalar("sd", Range::Positive, "standard deviation"),
    ],
];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[2.5], &[0.4]], points: &[0.3, 6.0, 20.0] },
    Trial { form: 0, args: &[&[0.6], &[3.0]], points: &[0.01, 0.2] },
    Trial { form: 1, args: &[&[4.0], &[2.5]], points: &[0.5, 4.0, 15.0] },
];

impl Distribution for Gamma {
    fn name(&self) -> &'static str {
        "Gamma"
    }

    fn summary(&self) -> &'static str {
        "gamma distribution on the positive reals"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        positive_reals(g)
    }

    fn log_density(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Node {
        let (shape, rate) = shape_rate(g, form, args);
        let (ok, x) = at_edge(g, x, shape);
        let scaled = g.mul(x, rate);
        let distance = deviance(g, shape, scaled);
        let log_x = g.log(x);
        let log_shape = g.log(shape);
        let remainder = stirling_remainder(g, shape);
        let log_normalizer = g.sub(log_shape, remainder);
        let varying = g.add(log_x, distance);
        let value = g.sub(log_normalizer, varying);
        inside(g, ok, value)
    }

    fn log_cdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let (shape, rate) = shape_rate(g, form, args);
        let scaled = g.mul(x, rate);
        Some(log_gamma_p(g, shape, scaled))
    }

    fn log_ccdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let (shape, rate) = shape_rate(g, form, args);
        let scaled = g.mul(x, rate);
        Some(log_gamma_q(g, shape, scaled))
    }

    fn mean(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        Some(match form {
            0 => g.div(args[0], args[1]),
            _ => like(g, args[0], args[1]),
        })
    }

    fn sd(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        if form == 1 {
            return Some(like(g, args[1], args[0]));
        }
        let root = g.sqrt(args[0]);
        Some(g.div(root, args[1]))
    }

    fn sample(&self, form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let (shape, scale) = match form {
            0 => (args[0][0], 1.0 / args[1][0]),
            _ => ((args[0][0] / args[1][0]).powi(2), args[1][0].powi(2) / args[0][0]),
        };
        out[0] = draw(rand_distr::Gamma::new(shape, scale), rng);
    }

    fn location_scale(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<LocationScale<Vec<Node>>> {
        let (shape, rate) = shape_rate(g, form, args);
        let (log_shape, log_rate) = (g.log(shape), g.log(rate));
        let half = g.mul_scalar(log_shape, -0.5);
        let (location, scale) = (g.sub(log_shape, log_rate), g.exp(half));
        let centred =
            if form == 0 { vec![shape, shape] } else { vec![g.scalar(1.0), g.div(args[1], args[0])] };
        Some(LocationScale { location, scale, centred, standard: None })
    }

    fn formula(&self) -> &'static str {
        "shape log(rate) - lgamma(shape) + (shape - 1) log(x) - rate x for x > 0"
    }

    fn example(&self) -> &'static str {
        "tau ~ Gamma(2, 0.1)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("gamma"),
            pymc: Some("Gamma; Gamma(mu = mean, sigma = sd)"),
            r: Some("dgamma"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// Mean m and standard deviation s: shape (m / s)^2, rate shape / m.
fn shape_rate(g: &mut Graph, form: usize, args: &[Node]) -> (Node, Node) {
    if form == 0 {
        return (args[0], args[1]);
    }
    let ratio = g.div(args[0], args[1]);
    let shape = g.square(ratio);
    (shape, g.div(shape, args[0]))
}
