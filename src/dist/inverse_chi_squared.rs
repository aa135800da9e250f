//! Inverse chi-squared distribution: 1 / x is chi-squared distributed.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{above, positive_reals};
use super::inverse_gamma::InverseGamma;
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// InverseGamma(df / 2, 1 / 2).
pub struct InverseChiSquared;

const FORMS: &[&[Param]] = &[&[Param::scalar("df", Range::Positive, "degrees of freedom")]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[13.0]], points: &[0.03, 0.1, 0.7] }];

impl Distribution for InverseChiSquared {
    fn name(&self) -> &'static str {
        "InverseChiSquared"
    }

    fn summary(&self) -> &'static str {
        "inverse chi-squared distribution on the positive reals"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        positive_reals(g)
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let inverse_gamma = shape_scale(g, args);
        InverseGamma.log_density(g, 0, &inverse_gamma, x)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let inverse_gamma = shape_scale(g, args);
        InverseGamma.log_cdf(g, 0, &inverse_gamma, x)
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let inverse_gamma = shape_scale(g, args);
        InverseGamma.log_ccdf(g, 0, &inverse_gamma, x)
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let inverse_gamma = shape_scale(g, args);
        InverseGamma.quantile(g, 0, &inverse_gamma, p)
    }

    /// 1 / (df - 2)
    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let less = g.add_scalar(args[0], -2.0);
        let mean = g.recip(less);
        Some(above(g, args[0], 2.0, mean, f64::INFINITY))
    }

    /// sqrt(2 / (df - 4)) / (df - 2)
    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let (less, lesser) = (g.add_scalar(args[0], -2.0), g.add_scalar(args[0], -4.0));
        let inverse = g.recip(lesser);
        let square = g.mul_scalar(inverse, 2.0);
        let root = g.sqrt(square);
        let sd = g.div(root, less);
        Some(above(g, args[0], 4.0, sd, f64::INFINITY))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        InverseGamma.sample(0, &[&[0.5 * args[0][0]], &[0.5]], rng, out);
    }

    fn formula(&self) -> &'static str {
        "-(df / 2 + 1) log(x) - 1 / (2 x) - lgamma(df / 2) - df / 2 log(2) for x > 0"
    }

    fn example(&self) -> &'static str {
        "sigma2 ~ InverseChiSquared(5)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("inv_chi_square"),
            pymc: Some("InverseGamma(df / 2, 1 / 2)"),
            r: Some("extraDistr::dinvchisq"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// Arguments of the inverse gamma distribution.
fn shape_scale(g: &mut Graph, args: &[Node]) -> [Node; 2] {
    [g.mul_scalar(args[0], 0.5), g.scalar(0.5)]
}
