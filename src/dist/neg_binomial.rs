//! Negative binomial distribution: overdispersed counts.

use rand::Rng;

use crate::tape::{Graph, Node};
use crate::types::ElementType;

use super::formula::{count, counts, draw, inside, like};
use super::incomplete::log_beta_p_of_odds;
use super::special::{deviance, stirling_remainder};
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// Poisson with a gamma distributed rate; variance mean + mean^2 / dispersion.
pub struct NegBinomial;

const FORMS: &[&[Param]] = &[
    &[
        Param::scalar("mean", Range::Positive, "mean"),
        Param::scalar("dispersion", Range::Positive, "shape of the gamma: the smaller, the more dispersed"),
    ],
    &[
        Param::scalar("log", Range::Real, "log of the mean"),
        Param::scalar("dispersion", Range::Positive, "shape of the gamma: the smaller, the more dispersed"),
    ],
];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[3.5], &[1.8]], points: &[0.0, 4.0, 15.0] },
    Trial { form: 1, args: &[&[1.2], &[0.7]], points: &[0.0, 4.0, 15.0] },
];

impl Distribution for NegBinomial {
    fn name(&self) -> &'static str {
        "NegBinomial"
    }

    fn summary(&self) -> &'static str {
        "negative binomial distribution on 0, 1, 2, ..."
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn element(&self) -> ElementType {
        ElementType::Int
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        counts(g)
    }

    fn log_density(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Node {
        let phi = args[1];
        let support = count(g, x);
        let zero = g.scalar(0.0);
        let x = g.select(support, x, zero);
        let n = g.add(x, phi);
        let remainders = [n, x, phi].map(|k| stirling_remainder(g, k));
        let (log_n, log_phi) = (g.log(n), g.log(phi));
        let below = g.add(remainders[1], remainders[2]);
        let log_maximum = g.sub(remainders[0], below);
        let log_maximum = g.add(log_maximum, log_phi);
        let log_maximum = g.sub(log_maximum, log_n);
        let (p, q) = shares(g, form, args);
        let (expected, expected_rest) = (g.mul(n, p), g.mul(n, q));
        let (distance, distance_rest) = (deviance(g, x, expected), deviance(g, phi, expected_rest));
        let total = g.add(distance, distance_rest);
        let relative = g.neg(total);
        let value = g.add(log_maximum, relative);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let logit = logit(g, form, args);
        let against = g.neg(logit);
        let next = g.add_scalar(x, 1.0);
        Some(log_beta_p_of_odds(g, args[1], next, against))
    }

    fn log_ccdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let logit = logit(g, form, args);
        let next = g.add_scalar(x, 1.0);
        Some(log_beta_p_of_odds(g, next, args[1], logit))
    }

    fn mean(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        let mean = if form == 0 { args[0] } else { g.exp(args[0]) };
        Some(like(g, mean, args[1]))
    }

    /// sqrt(mean (1 + mean / dispersion))
    fn sd(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        let mean = if form == 0 { args[0] } else { g.exp(args[0]) };
        let odds = g.div(mean, args[1]);
        let inflation = g.add_scalar(odds, 1.0);
        let variance = g.mul(mean, inflation);
        Some(g.sqrt(variance))
    }

    fn sample(&self, form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let mean = if form == 0 { args[0][0] } else { args[0][0].exp() };
        let phi = args[1][0];
        let rate = draw(rand_distr::Gamma::new(phi, mean / phi), rng);
        out[0] = if rate == 0.0 { 0.0 } else { draw(rand_distr::Poisson::new(rate), rng) };
    }

    fn formula(&self) -> &'static str {
        "log choose(x + dispersion - 1, x) + x log(mean / (mean + dispersion)) + dispersion log(dispersion / (mean + dispersion))"
    }

    fn example(&self) -> &'static str {
        "y ~ NegBinomial(log = alpha + beta * x, dispersion = phi)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("neg_binomial_2; neg_binomial_2_log(log, dispersion)"),
            pymc: Some("NegativeBinomial"),
            r: Some("dnbinom(x, mu = mean, size = dispersion)"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// The shares of mean and dispersion in their sum.
fn shares(g: &mut Graph, form: usize, args: &[Node]) -> (Node, Node) {
    let logit = logit(g, form, args);
    let against = g.neg(logit);
    (g.logistic(logit), g.logistic(against))
}

/// log(mean / dispersion)
fn logit(g: &mut Graph, form: usize, args: &[Node]) -> Node {
    let log_mean = if form == 0 { g.log(args[0]) } else { args[0] };
    let log_dispersion = g.log(args[1]);
    g.sub(log_mean, log_dispersion)
}
