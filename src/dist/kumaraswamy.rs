//! Kumaraswamy distribution: like the beta, with a distribution function in closed form.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::extremes::log_inv_cloglog;
use super::formula::{at_edge, inside, log_rest, one_minus, open_unit, unit_interval};
use super::special::{deviance, stirling_remainder};
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// P(X > x) = (1 - x^a)^b.
pub struct Kumaraswamy;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("a", Range::Positive, "first shape"),
    Param::scalar("b", Range::Positive, "second shape"),
]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[2.5], &[0.8]], points: &[0.05, 0.6, 0.97] },
    Trial { form: 0, args: &[&[0.7], &[3.0]], points: &[0.01, 0.4] },
];

impl Distribution for Kumaraswamy {
    fn name(&self) -> &'static str {
        "Kumaraswamy"
    }

    fn summary(&self) -> &'static str {
        "Kumaraswamy distribution on the unit interval"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        unit_interval(g)
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (a, b) = (args[0], args[1]);
        let rest = one_minus(g, x);
        let (ok_low, x) = at_edge(g, x, a);
        let (ok_high, _) = at_edge(g, rest, b);
        // On the upper edge, where b is 1: close by.
        let last = g.scalar(1.0_f64.next_down());
        let x = g.min(x, last);
        let log_x = g.log(x);
        let log_power = g.mul(a, log_x);
        let log_share = g.log1m_exp(log_power);
        let (less_a, less_b) = (g.add_scalar(a, -1.0), g.add_scalar(b, -1.0));
        let (low, high) = (g.mul(less_a, log_x), g.mul(less_b, log_share));
        let (log_a, log_b) = (g.log(a), g.log(b));
        let log_normalizer = g.add(log_a, log_b);
        let varying = g.add(low, high);
        let value = g.add(log_normalizer, varying);
        let ok = g.and(ok_low, ok_high);
        inside(g, ok, value)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let log_x = g.log(x);
        let log_power = g.mul(args[0], log_x);
        // log(-log(1 - x^a)), which is log x^a where that is small
        let log_share = g.log1m_exp(log_power);
        let hazard = g.neg(log_share);
        let log_hazard = g.log(hazard);
        let tail = g.scalar(LOG_SMALL_POWER);
        let small = g.less(log_power, tail);
        let log_hazard = g.select(small, log_power, log_hazard);
        let log_b = g.log(args[1]);
        let log_hazard = g.add(log_b, log_hazard);
        Some(log_inv_cloglog(g, log_hazard))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let log_x = g.log(x);
        let log_power = g.mul(args[0], log_x);
        let log_share = g.log1m_exp(log_power);
        Some(g.mul(args[1], log_share))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let log_tail = log_rest(g, p);
        let log_share = g.div(log_tail, args[1]);
        let log_power = g.log1m_exp(log_share);
        let log_x = g.div(log_power, args[0]);
        Some(g.exp(log_x))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let log_mean = log_moment(g, args, 1.0);
        Some(g.exp(log_mean))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let (log_mean, log_square) = (log_moment(g, args, 1.0), log_moment(g, args, 2.0));
        let squared = g.mul_scalar(log_mean, 2.0);
        let log_ratio = g.sub(log_square, squared);
        let relative = g.expm1(log_ratio);
        let relative = g.sqrt(relative);
        let mean = g.exp(log_mean);
        Some(g.mul(mean, relative))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        // 1 - U^(1 / b) is x^a.
        let log_rest = open_unit(rng).ln() / args[1][0];
        out[0] = (-log_rest.exp_m1()).powf(1.0 / args[0][0]);
    }

    fn formula(&self) -> &'static str {
        "log(a b) + (a - 1) log(x) + (b - 1) log(1 - x^a) for 0 < x < 1"
    }

    fn example(&self) -> &'static str {
        "theta ~ Kumaraswamy(2, 5)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: None, pymc: Some("Kumaraswamy"), r: Some("extraDistr::dkumar") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// Below this point log(-log(1 - e^x)) is x to full precision.
const LOG_SMALL_POWER: f64 = -37.0;

/// log E[X^n] = log Gamma(1 + c) - (log Gamma(1 + b + c) - log Gamma(1 + b)), c = n / a; the difference is
/// c log(b + c) - deviance(b, b + c) and that of the remainders of Stirling's formula, which do not cancel.
fn log_moment(g: &mut Graph, args: &[Node], n: f64) -> Node {
    let (a, b) = (args[0], args[1]);
    let inverse = g.recip(a);
    let ratio = g.mul_scalar(inverse, n);
    let (next, sum) = (g.add_scalar(ratio, 1.0), g.add(b, ratio));
    let log_sum = g.log(sum);
    let linear = g.mul(ratio, log_sum);
    let distance = deviance(g, b, sum);
    let (remainder, remainder_sum) = (stirling_remainder(g, b), stirling_remainder(g, sum));
    let of_remainders = g.sub(remainder_sum, remainder);
    let difference = g.sub(linear, distance);
    let difference = g.add(difference, of_remainders);
    let log_gamma = g.lgamma(next);
    g.sub(log_gamma, difference)
}
