//! Normal distribution on the real line.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{HALF_LN_2PI, like, real_line, standard_normal, standardize};
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// The Gaussian.
pub struct Normal;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("mean", Range::Real, "mean"),
    Param::scalar("sd", Range::Positive, "standard deviation"),
]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[0.7], &[1.3]], points: &[-2.0, 0.7, 4.0] }];

impl Distribution for Normal {
    fn name(&self) -> &'static str {
        "Normal"
    }

    fn summary(&self) -> &'static str {
        "Normal (Gaussian) distribution on the real line"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        real_line()
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (mean, sd) = (args[0], args[1]);
        let z = standardize(g, x, mean, sd);
        standard_log_density(g, z, sd)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let z = standardize(g, x, args[0], args[1]);
        Some(g.normal_log_cdf(z))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let z = standardize(g, args[0], x, args[1]);
        Some(g.normal_log_cdf(z))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(like(g, args[0], args[1]))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let z = g.normal_quantile(p);
        let distance = g.mul(args[1], z);
        Some(g.add(args[0], distance))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(like(g, args[1], args[0]))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = args[0][0] + args[1][0] * standard_normal(rng);
    }

    fn as_normal(&self, _form: usize, args: &[Node]) -> Option<[Node; 2]> {
        Some([args[0], args[1]])
    }

    fn location_scale(&self, _form: usize) -> Option<[usize; 2]> {
        Some([0, 1])
    }

    fn formula(&self) -> &'static str {
        "-((x - mean) / sd)^2 / 2 - log(sd) - log(2 pi) / 2"
    }

    fn example(&self) -> &'static str {
        "y ~ Normal(mu, sigma)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("normal"), pymc: Some("Normal"), r: Some("dnorm") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// log density of `sd` times a standard normal, at `sd` times z.
pub(super) fn standard_log_density(g: &mut Graph, z: Node, sd: Node) -> Node {
    let square = g.square(z);
    let exponent = g.mul_scalar(square, -0.5);
    let log_sd = g.log(sd);
    let log_normalizer = g.add_scalar(log_sd, HALF_LN_2PI);
    g.sub(exponent, log_normalizer)
}
