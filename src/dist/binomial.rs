//! Binomial distribution: successes in n trials.

use rand::Rng;
use rand_distr::Distribution as _;

use crate::tape::{Graph, Node};
use crate::types::ElementType;

use super::formula::{inside, one_minus, whole, within};
use super::incomplete::log_beta_p_of_odds;
use super::special::{deviance, relative_log_likelihood, stirling_remainder};
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// Probability or log odds of a success.
pub struct Binomial;

const FORMS: &[&[Param]] = &[
    &[
        Param::scalar("n", Range::Count, "number of trials"),
        Param::scalar("p", Range::UnitInterval, "probability of a success"),
    ],
    &[
        Param::scalar("n", Range::Count, "number of trials"),
        Param::scalar("logit", Range::Extended, "log odds of a success"),
    ],
];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[12.0], &[0.3]], points: &[0.0, 4.0, 12.0] },
    Trial { form: 1, args: &[&[12.0], &[-0.8]], points: &[0.0, 4.0, 11.0, 12.0] },
];

impl Distribution for Binomial {
    fn name(&self) -> &'static str {
        "Binomial"
    }

    fn summary(&self) -> &'static str {
        "binomial distribution on 0, ..., n"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn element(&self) -> ElementType {
        ElementType::Int
    }

    fn support(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Support {
        Support::Integers { lower: Some(g.scalar(0.0)), upper: Some(args[0]) }
    }

    fn log_density(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Node {
        let n = args[0];
        let zero = g.scalar(0.0);
        let (range, whole) = (within(g, x, zero, n), whole(g, x));
        let support = g.and(range, whole);
        let x = g.select(support, x, zero);
        let rest = g.sub(n, x);
        let remainders = [n, x, rest].map(|k| stirling_remainder(g, k));
        let below = g.add(remainders[1], remainders[2]);
        let log_maximum = g.sub(remainders[0], below);
        let relative = if form == 0 {
            let q = one_minus(g, args[1]);
            let (mean, mean_rest) = (g.mul(n, args[1]), g.mul(n, q));
            let (distance, distance_rest) = (deviance(g, x, mean), deviance(g, rest, mean_rest));
            let total = g.add(distance, distance_rest);
            g.neg(total)
        } else {
            // Of successes and failures the rarer: its share is the more exact one.
            let flip = g.less(rest, x);
            let rarer = g.min(x, rest);
            let sign = g.mul_scalar(flip, -2.0);
            let sign = g.add_scalar(sign, 1.0);
            let logit = g.mul(sign, args[1]);
            let one = g.scalar(1.0);
            let trials = g.max(n, one);
            let share = g.div(rarer, trials);
            let per_trial = relative_log_likelihood(g, share, logit);
            g.mul(n, per_trial)
        };
        let value = g.add(log_maximum, relative);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let logit = logit(g, form, args[1]);
        let against = g.neg(logit);
        let failures = g.sub(args[0], x);
        let next = g.add_scalar(x, 1.0);
        Some(log_beta_p_of_odds(g, failures, next, against))
    }

    fn log_ccdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let logit = logit(g, form, args[1]);
        let failures = g.sub(args[0], x);
        let next = g.add_scalar(x, 1.0);
        Some(log_beta_p_of_odds(g, next, failures, logit))
    }

    fn mean(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        let (p, _) = probabilities(g, form, args[1]);
        Some(g.mul(args[0], p))
    }

    fn sd(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        let (p, q) = probabilities(g, form, args[1]);
        let variance = g.mul(p, q);
        let variance = g.mul(args[0], variance);
        Some(g.sqrt(variance))
    }

    fn sample(&self, form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let p = match form {
            0 => args[1][0],
            _ => 1.0 / (1.0 + (-args[1][0]).exp()),
        };
        let draw = rand_distr::Binomial::new(args[0][0] as u64, p);
        out[0] = draw.map_or(f64::NAN, |d| d.sample(rng) as f64);
    }

    fn formula(&self) -> &'static str {
        "log choose(n, x) + x log(p) + (n - x) log1p(-p), x = 0, ..., n"
    }

    fn example(&self) -> &'static str {
        "deaths ~ Binomial(n, logit = alpha)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("binomial; binomial_logit(n, logit)"),
            pymc: Some("Binomial; Binomial(n, logit_p = logit)"),
            r: Some("dbinom"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// p and 1 - p.
pub(super) fn probabilities(g: &mut Graph, form: usize, arg: Node) -> (Node, Node) {
    if form == 0 {
        return (arg, one_minus(g, arg));
    }
    let negative = g.neg(arg);
    (g.logistic(arg), g.logistic(negative))
}

fn logit(g: &mut Graph, form: usize, arg: Node) -> Node {
    if form != 0 {
        return arg;
    }
    let negative = g.neg(arg);
    let (log_p, log_rest) = (g.log(arg), g.log1p(negative));
    g.sub(log_p, log_rest)
}
