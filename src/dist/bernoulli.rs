//! Bernoulli distribution: one trial that succeeds or fails.

use rand::Rng;

use crate::tape::{Graph, Node};
use crate::types::ElementType;

use super::binomial::probabilities;
use super::formula::{inside, like, open_unit};
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// 1 with probability p, else 0.
pub struct Bernoulli;

const FORMS: &[&[Param]] = &[
    &[Param::scalar("p", Range::UnitInterval, "probability of 1")],
    &[Param::scalar("logit", Range::Extended, "log odds of 1")],
];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[0.3]], points: &[0.0, 1.0] },
    Trial { form: 1, args: &[&[-0.8]], points: &[0.0, 1.0] },
];

impl Distribution for Bernoulli {
    fn name(&self) -> &'static str {
        "Bernoulli"
    }

    fn summary(&self) -> &'static str {
        "Bernoulli distribution on 0 and 1"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn element(&self) -> ElementType {
        ElementType::Bool
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        Support::Integers { lower: Some(g.scalar(0.0)), upper: Some(g.scalar(1.0)) }
    }

    fn log_density(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Node {
        // The probability of x is (1 - x) + (2 x - 1) p, its logit (2 x - 1) logit: constants where x is data.
        let (zero, one) = (g.scalar(0.0), g.scalar(1.0));
        let twice = g.mul_scalar(x, 2.0);
        let value = if form == 0 {
            let sign = g.add_scalar(twice, -1.0);
            let start = g.sub(one, x);
            let part = g.mul(sign, args[0]);
            let p = g.add(start, part);
            g.log(p)
        } else {
            let sign = g.sub(one, twice);
            let against = g.mul(sign, args[0]);
            let tail = g.log1p_exp(against);
            g.neg(tail)
        };
        let (failure, success) = (g.equal(x, zero), g.equal(x, one));
        let support = g.or(failure, success);
        inside(g, support, value)
    }

    /// At 0, and 1 is the end of the support.
    fn log_cdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let value = if form == 0 {
            let negative = g.neg(args[0]);
            g.log1p(negative)
        } else {
            let tail = g.log1p_exp(args[0]);
            g.neg(tail)
        };
        Some(like(g, value, x))
    }

    fn log_ccdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let value = if form == 0 {
            g.log(args[0])
        } else {
            let negative = g.neg(args[0]);
            let tail = g.log1p_exp(negative);
            g.neg(tail)
        };
        Some(like(g, value, x))
    }

    fn mean(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        Some(match form {
            0 => args[0],
            _ => g.logistic(args[0]),
        })
    }

    fn sd(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        let (p, q) = probabilities(g, form, args[0]);
        let variance = g.mul(p, q);
        Some(g.sqrt(variance))
    }

    fn sample(&self, form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let p = match form {
            0 => args[0][0],
            _ => 1.0 / (1.0 + (-args[0][0]).exp()),
        };
        out[0] = f64::from(open_unit(rng) < p);
    }

    fn formula(&self) -> &'static str {
        "x log(p) + (1 - x) log1p(-p), x = 0 or 1"
    }

    fn example(&self) -> &'static str {
        "y ~ Bernoulli(logit = alpha + beta * x)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("bernoulli; bernoulli_logit(logit)"),
            pymc: Some("Bernoulli; Bernoulli(logit_p = logit)"),
            r: Some("dbinom(x, 1, p)"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}
