//! Chi-squared distribution: the sum of squares of independent standard normals.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::positive_reals;
use super::gamma::Gamma;
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// Gamma(df / 2, 1 / 2).
pub struct ChiSquared;

const FORMS: &[&[Param]] = &[&[Param::scalar("df", Range::Positive, "degrees of freedom: the mean")]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[5.0]], points: &[0.3, 4.0, 20.0] },
    Trial { form: 0, args: &[&[1.2]], points: &[0.02, 1.0] },
];

impl Distribution for ChiSquared {
    fn name(&self) -> &'static str {
        "ChiSquared"
    }

    fn summary(&self) -> &'static str {
        "chi-squared distribution on the positive reals"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        positive_reals(g)
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let gamma = shape_rate(g, args);
        Gamma.log_density(g, 0, &gamma, x)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let gamma = shape_rate(g, args);
        Gamma.log_cdf(g, 0, &gamma, x)
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let gamma = shape_rate(g, args);
        Gamma.log_ccdf(g, 0, &gamma, x)
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let gamma = shape_rate(g, args);
        Gamma.quantile(g, 0, &gamma, p)
    }

    fn mean(&self, _g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(args[0])
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let variance = g.mul_scalar(args[0], 2.0);
        Some(g.sqrt(variance))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        Gamma.sample(0, &[&[0.5 * args[0][0]], &[0.5]], rng, out);
    }

    fn formula(&self) -> &'static str {
        "(df / 2 - 1) log(x) - x / 2 - lgamma(df / 2) - df / 2 log(2) for x > 0"
    }

    fn example(&self) -> &'static str {
        "q ~ ChiSquared(5)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("chi_square"), pymc: Some("ChiSquared"), r: Some("dchisq") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// Arguments of the gamma distribution.
fn shape_rate(g: &mut Graph, args: &[Node]) -> [Node; 2] {
    [g.mul_scalar(args[0], 0.5), g.scalar(0.5)]
}
