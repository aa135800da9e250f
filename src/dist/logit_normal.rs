//! Logit-normal distribution: the inverse logit of a normal.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{inside, positive, standard_normal, standardize, unit_interval};
use super::normal::standard_log_density;
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// inv_logit of Normal(mean, sd). Its own moments have no closed form.
pub struct LogitNormal;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("mean", Range::Real, "mean of logit(x)"),
    Param::scalar("sd", Range::Positive, "standard deviation of logit(x)"),
]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[0.4], &[1.3]], points: &[0.02, 0.5, 0.97] }];

impl Distribution for LogitNormal {
    fn name(&self) -> &'static str {
        "LogitNormal"
    }

    fn summary(&self) -> &'static str {
        "logit-normal distribution on the unit interval"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        unit_interval(g)
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (log_x, log_rest) = logs(g, x);
        let logit = g.sub(log_x, log_rest);
        let z = standardize(g, logit, args[0], args[1]);
        let normal = standard_log_density(g, z, args[1]);
        let log_slope = g.add(log_x, log_rest);
        let value = g.sub(normal, log_slope);
        let one = g.scalar(1.0);
        let (above, below) = (positive(g, x), g.less(x, one));
        let support = g.and(above, below);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let (log_x, log_rest) = logs(g, x);
        let logit = g.sub(log_x, log_rest);
        let z = standardize(g, logit, args[0], args[1]);
        Some(g.normal_log_cdf(z))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let (log_x, log_rest) = logs(g, x);
        let logit = g.sub(log_x, log_rest);
        let z = standardize(g, args[0], logit, args[1]);
        Some(g.normal_log_cdf(z))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let z = g.normal_quantile(p);
        let distance = g.mul(args[1], z);
        let logit = g.add(args[0], distance);
        Some(g.logistic(logit))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let logit = args[0][0] + args[1][0] * standard_normal(rng);
        out[0] = 1.0 / (1.0 + (-logit).exp());
    }

    fn location_scale(&self, _form: usize) -> Option<[usize; 2]> {
        Some([0, 1])
    }

    fn formula(&self) -> &'static str {
        "-((logit(x) - mean) / sd)^2 / 2 - log(sd) - log(2 pi) / 2 - log(x (1 - x)) for 0 < x < 1"
    }

    fn example(&self) -> &'static str {
        "theta ~ LogitNormal(0, 1.5)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: None, pymc: Some("LogitNormal"), r: Some("logitnorm::dlogitnorm") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// log x, log(1 - x)
fn logs(g: &mut Graph, x: Node) -> (Node, Node) {
    let negative = g.neg(x);
    (g.log(x), g.log1p(negative))
}
