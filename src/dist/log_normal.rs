//! Log-normal distribution: the exponential of a normal.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{inside, positive, positive_reals, standard_normal, standardize};
use super::normal::standard_log_density;
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// exp of Normal(meanlog, sdlog).
pub struct LogNormal;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("meanlog", Range::Real, "mean of log x"),
    Param::scalar("sdlog", Range::Positive, "standard deviation of log x"),
]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[0.3], &[0.8]], points: &[0.1, 1.0, 5.0] }];

impl Distribution for LogNormal {
    fn name(&self) -> &'static str {
        "LogNormal"
    }

    fn summary(&self) -> &'static str {
        "log-normal distribution on the positive reals"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        positive_reals(g)
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (meanlog, sdlog) = (args[0], args[1]);
        let log_x = g.log(x);
        let z = standardize(g, log_x, meanlog, sdlog);
        let normal = standard_log_density(g, z, sdlog);
        let value = g.sub(normal, log_x);
        let support = positive(g, x);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let log_x = g.log(x);
        let z = standardize(g, log_x, args[0], args[1]);
        Some(g.normal_log_cdf(z))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let log_x = g.log(x);
        let z = standardize(g, args[0], log_x, args[1]);
        Some(g.normal_log_cdf(z))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let square = g.square(args[1]);
        let half = g.mul_scalar(square, 0.5);
        let log_mean = g.add(args[0], half);
        Some(g.exp(log_mean))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let z = g.normal_quantile(p);
        let distance = g.mul(args[1], z);
        let log_x = g.add(args[0], distance);
        Some(g.exp(log_x))
    }

    /// The mean times sqrt(exp(sdlog^2) - 1).
    fn sd(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        let mean = self.mean(g, form, args)?;
        let square = g.square(args[1]);
        let relative_variance = g.expm1(square);
        let ratio = g.sqrt(relative_variance);
        Some(g.mul(mean, ratio))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = (args[0][0] + args[1][0] * standard_normal(rng)).exp();
    }

    fn location_scale(&self, _form: usize) -> Option<[usize; 2]> {
        Some([0, 1])
    }

    fn formula(&self) -> &'static str {
        "-((log(x) - meanlog) / sdlog)^2 / 2 - log(x sdlog) - log(2 pi) / 2 for x > 0"
    }

    fn example(&self) -> &'static str {
        "sigma ~ LogNormal(-1, 1)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("lognormal"), pymc: Some("LogNormal"), r: Some("dlnorm") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}
