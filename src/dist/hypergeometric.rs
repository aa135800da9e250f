//! Hypergeometric distribution: successes among n draws without replacement.

use rand::Rng;

use crate::tape::{Graph, Node};
use crate::types::ElementType;

use super::finite::{Tail, log_tail};
use super::formula::{inside, open_unit, whole, within};
use super::range::shown;
use super::special::{deviance, deviance_value, stirling_remainder, stirling_remainder_value};
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// n draws from k successes and m failures, in the order of Stan.
pub struct Hypergeometric;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("n", Range::Count, "number of draws, at most k + m"),
    Param::scalar("k", Range::Count, "successes in the population"),
    Param::scalar("m", Range::Count, "failures in the population"),
]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[5.0], &[7.0], &[9.0]], points: &[0.0, 2.0, 5.0] },
    Trial { form: 0, args: &[&[30.0], &[20.0], &[15.0]], points: &[15.0, 17.0, 20.0] },
];

impl Distribution for Hypergeometric {
    fn name(&self) -> &'static str {
        "Hypergeometric"
    }

    fn summary(&self) -> &'static str {
        "hypergeometric distribution: successes among draws without replacement"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn element(&self) -> ElementType {
        ElementType::Int
    }

    fn objection(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<String> {
        let population = g.add(args[1], args[2]);
        let left = g.sub(population, args[0]);
        let (left, shape) = (g.value(left)?.clone(), g.shape(left).to_vec());
        let at = left.iter().position(|&left| left < 0.0)?;
        let draws = g.value(args[0])?.broadcast(shape)?.iter().nth(at).copied()?;
        let population = shown(draws + left.iter().nth(at)?);
        Some(format!(
            "Hypergeometric needs n <= k + m, found {} draws from a population of {population}",
            shown(draws)
        ))
    }

    fn remedy(&self) -> Option<&'static str> {
        Some("its arguments are Hypergeometric(n, k, m): n draws from k successes and m failures")
    }

    fn support(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Support {
        let (lower, upper) = ends(g, args);
        Support::Integers { lower: Some(lower), upper: Some(upper) }
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (n, k, m) = (args[0], args[1], args[2]);
        let (lower, upper) = ends(g, args);
        let (range, whole) = (within(g, x, lower, upper), whole(g, x));
        let support = g.and(range, whole);
        let x = g.select(support, x, lower);
        let (undrawn, failures) = (g.sub(k, x), g.sub(n, x));
        let undrawn_failures = g.sub(m, failures);
        // Two binomials at the share of the population that is drawn, over a third: x of k, n - x of m, n of all.
        let population = g.add(k, m);
        let one = g.scalar(1.0);
        let size = g.max(population, one);
        let rest = g.sub(population, n);
        let (p, q) = (g.div(n, size), g.div(rest, size));
        let mut cell = |x: Node, of: Node, share: Node| {
            let expected = g.mul(of, share);
            let (distance, remainder) = (deviance(g, x, expected), stirling_remainder(g, x));
            g.add(distance, remainder)
        };
        let cells = [cell(x, k, p), cell(undrawn, k, q), cell(failures, m, p), cell(undrawn_failures, m, q)];
        let margins = [k, m, n, rest].map(|x| stirling_remainder(g, x));
        let mut value = stirling_remainder(g, population);
        value = g.neg(value);
        for margin in margins {
            value = g.add(value, margin);
        }
        for cell in cells {
            value = g.sub(value, cell);
        }
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let (_, upper) = ends(g, args);
        log_tail(g, args, upper, x, Tail::Below, |g, args, k| self.log_density(g, form, args, k))
    }

    fn log_ccdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        let (_, upper) = ends(g, args);
        log_tail(g, args, upper, x, Tail::Above, |g, args, k| self.log_density(g, form, args, k))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let (p, _) = shares(g, args);
        Some(g.mul(args[0], p))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let (p, q) = shares(g, args);
        let population = g.add(args[1], args[2]);
        let (rest, others) = (g.sub(population, args[0]), g.add_scalar(population, -1.0));
        let one = g.scalar(1.0);
        let others = g.max(others, one);
        let without_replacement = g.div(rest, others);
        let binomial = g.mul(p, q);
        let binomial = g.mul(args[0], binomial);
        let variance = g.mul(binomial, without_replacement);
        Some(g.sqrt(variance))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = draw_from_mode(args[0][0], args[1][0], args[2][0], rng);
    }

    fn formula(&self) -> &'static str {
        "log choose(k, x) + log choose(m, n - x) - log choose(k + m, n), x = max(0, n - m), ..., min(n, k)"
    }

    fn example(&self) -> &'static str {
        "marked ~ Hypergeometric(caught, released, N - released)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("hypergeometric(N = n, a = k, b = m)"),
            pymc: Some("HyperGeometric(N = k + m, k = k, n = n)"),
            r: Some("dhyper(m = k, n = m, k = n)"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// The smallest and the largest number of successes: max(0, n - m) and min(n, k).
fn ends(g: &mut Graph, args: &[Node]) -> (Node, Node) {
    let zero = g.scalar(0.0);
    let forced = g.sub(args[0], args[2]);
    (g.max(forced, zero), g.min(args[0], args[1]))
}

/// The shares of successes and failures in the population.
fn shares(g: &mut Graph, args: &[Node]) -> (Node, Node) {
    let population = g.add(args[1], args[2]);
    let one = g.scalar(1.0);
    let size = g.max(population, one);
    (g.div(args[1], size), g.div(args[2], size))
}

/// A draw by inversion, outwards from the mode: as many steps as a few standard deviations.
fn draw_from_mode(n: f64, k: f64, m: f64, rng: &mut dyn Rng) -> f64 {
    let (lower, upper) = ((n - m).max(0.0), n.min(k));
    if lower.is_nan() || upper.is_nan() || lower > upper {
        return f64::NAN;
    }
    let mode = ((n + 1.0) * (k + 1.0) / (k + m + 2.0)).floor().clamp(lower, upper);
    let at_mode = probability(n, k, m, mode);
    // p(x + 1) / p(x)
    let ratio = |x: f64| (k - x) * (n - x) / ((x + 1.0) * (m - n + x + 1.0));
    let (mut low, mut high) = (mode, mode);
    let (mut p_low, mut p_high) = (at_mode, at_mode);
    let mut left = open_unit(rng) - at_mode;
    let mut last = mode;
    while left > 0.0 && (low > lower || high < upper) {
        if high < upper {
            p_high *= ratio(high);
            high += 1.0;
            (left, last) = (left - p_high, high);
        }
        if left > 0.0 && low > lower {
            low -= 1.0;
            p_low /= ratio(low);
            (left, last) = (left - p_low, low);
        }
        if p_low.max(p_high) < f64::MIN_POSITIVE {
            break;
        }
    }
    last
}

/// As the density, in numbers.
fn probability(n: f64, k: f64, m: f64, x: f64) -> f64 {
    let (population, rest) = (k + m, k + m - n);
    let (p, q) = (n / population.max(1.0), rest / population.max(1.0));
    let cells = [(x, k * p), (k - x, k * q), (n - x, m * p), (m - n + x, m * q)];
    let lost: f64 =
        cells.iter().map(|&(x, mean)| deviance_value(x, mean) + stirling_remainder_value(x)).sum();
    let margins: f64 = [k, m, n, rest].into_iter().map(stirling_remainder_value).sum();
    (margins - lost - stirling_remainder_value(population)).exp()
}
