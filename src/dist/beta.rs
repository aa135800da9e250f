//! Beta distribution on the unit interval.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{at_edge, draw, inside, like, one_minus, unit_interval};
use super::incomplete::log_beta_p;
use super::special::{deviance, stirling_remainder};
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// Two shapes, or mean and precision.
pub struct Beta;

const FORMS: &[&[Param]] = &[
    &[
        Param::scalar("a", Range::Positive, "first shape"),
        Param::scalar("b", Range::Positive, "second shape"),
    ],
    &[
        Param::scalar("mean", Range::UnitInterval, "mean: a / (a + b)"),
        Param::scalar("precision", Range::Positive, "a + b"),
    ],
];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[2.5], &[0.8]], points: &[0.05, 0.6, 0.97] },
    Trial { form: 1, args: &[&[0.3], &[7.0]], points: &[0.05, 0.6] },
];

impl Distribution for Beta {
    fn name(&self) -> &'static str {
        "Beta"
    }

    fn summary(&self) -> &'static str {
        "beta distribution on the unit interval"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        unit_interval(g)
    }

    fn log_density(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Node {
        let (a, b) = shapes(g, form, args);
        let n = g.add(a, b);
        let rest = one_minus(g, x);
        let (ok_low, x) = at_edge(g, x, a);
        let (ok_high, rest) = at_edge(g, rest, b);
        let log_normalizer = log_normalizer(g, a, b, n);
        let (mean, mean_rest) = (g.mul(n, x), g.mul(n, rest));
        let (distance, distance_rest) = (deviance(g, a, mean), deviance(g, b, mean_rest));
        let (log_x, log_rest) = (g.log(x), g.log(rest));
        let low = g.add(log_x, distance);
        let high = g.add(log_rest, distance_rest);
        let varying = g.add(low, high);
        let value = g.sub(log_normalizer, varying);
        let ok = g.and(ok_low, ok_high);
        inside(g, ok, value)
    }

    fn log_cdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let (a, b) = shapes(g, form, args);
        let rest = one_minus(g, x);
        Some(log_beta_p(g, a, b, x, rest))
    }

    fn log_ccdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let (a, b) = shapes(g, form, args);
        let rest = one_minus(g, x);
        Some(log_beta_p(g, b, a, rest, x))
    }

    fn mean(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        if form == 1 {
            return Some(like(g, args[0], args[1]));
        }
        let n = g.add(args[0], args[1]);
        Some(g.div(args[0], n))
    }

    /// sqrt(mean (1 - mean) / (a + b + 1))
    fn sd(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        let (a, b) = shapes(g, form, args);
        let n = g.add(a, b);
        let next = g.add_scalar(n, 1.0);
        let (share, rest) = (g.div(a, n), g.div(b, n));
        let product = g.mul(share, rest);
        let variance = g.div(product, next);
        Some(g.sqrt(variance))
    }

    fn sample(&self, form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let (a, b) = match form {
            0 => (args[0][0], args[1][0]),
            _ => (args[0][0] * args[1][0], (1.0 - args[0][0]) * args[1][0]),
        };
        out[0] = draw(rand_distr::Beta::new(a, b), rng);
    }

    fn formula(&self) -> &'static str {
        "(a - 1) log(x) + (b - 1) log1p(-x) - lbeta(a, b) for 0 < x < 1"
    }

    fn example(&self) -> &'static str {
        "theta ~ Beta(5, 5)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("beta; beta_proportion(mean, precision)"),
            pymc: Some("Beta; Beta(mu = mean, nu = precision)"),
            r: Some("dbeta"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

fn shapes(g: &mut Graph, form: usize, args: &[Node]) -> (Node, Node) {
    if form == 0 {
        return (args[0], args[1]);
    }
    let rest = one_minus(g, args[0]);
    (g.mul(args[0], args[1]), g.mul(rest, args[1]))
}

/// log(a b / n) + remainder(n) - remainder(a) - remainder(b), n = a + b: -lbeta(a, b) less the saturated terms.
fn log_normalizer(g: &mut Graph, a: Node, b: Node, n: Node) -> Node {
    let mut term = |shape: Node| {
        let (log, remainder) = (g.log(shape), stirling_remainder(g, shape));
        g.sub(log, remainder)
    };
    let (of_a, of_b, of_n) = (term(a), term(b), term(n));
    let sum = g.add(of_a, of_b);
    g.sub(sum, of_n)
}
