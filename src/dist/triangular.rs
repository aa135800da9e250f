//! Triangular distribution: least, likeliest and largest value, and straight lines between them.

use std::f64::consts::LN_2;

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{between, inside, log_rest, open_unit, within};
use super::range::shown;
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// The mode may lie on a bound.
pub struct Triangular;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("lower", Range::Real, "lower bound"),
    Param::scalar("mode", Range::Real, "likeliest value, between the bounds"),
    Param::scalar("upper", Range::Real, "upper bound"),
]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[-1.0], &[0.5], &[3.5]], points: &[-0.5, 1.0, 3.0] }];

impl Distribution for Triangular {
    fn name(&self) -> &'static str {
        "Triangular"
    }

    fn summary(&self) -> &'static str {
        "triangular distribution between two bounds"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn objection(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<String> {
        let order = order(g, args);
        let order = g.value(order)?;
        let at = order.iter().position(|&fits| fits == 0.0)?;
        let there = |bound: Node| {
            let value = g.value(bound)?.broadcast(order.shape())?.iter().nth(at).copied();
            value.map(shown)
        };
        let [lower, mode, upper] = [there(args[0])?, there(args[1])?, there(args[2])?];
        Some(format!(
            "Triangular needs lower <= mode <= upper and lower < upper, found {lower}, {mode} and {upper}"
        ))
    }

    fn remedy(&self) -> Option<&'static str> {
        Some("its arguments are Triangular(lower, mode, upper)")
    }

    fn support(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Support {
        between(g, Some(args[0]), Some(args[2]))
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (lower, mode, upper) = (args[0], args[1], args[2]);
        let width = g.sub(upper, lower);
        let log_width = g.log(width);
        let [rising, falling] = shares(g, args, x).map(|share| g.log(share));
        let zero = g.scalar(0.0);
        let (left, right) = (g.less(x, mode), g.less(mode, x));
        let side = g.select(right, falling, zero);
        let side = g.select(left, rising, side);
        let value = g.sub(side, log_width);
        let value = g.add_scalar(value, LN_2);
        let (between, order) = (within(g, x, lower, upper), order(g, args));
        let support = g.and(between, order);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let ([below, above], [_, rest]) = (tails(g, args, x), rests(g, args, x));
        let (low, rest) = (g.log(below), log_of_rest(g, above, rest));
        let left = g.less_equal(x, args[1]);
        Some(g.select(left, low, rest))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let ([below, above], [rest, _]) = (tails(g, args, x), rests(g, args, x));
        let (rest, high) = (log_of_rest(g, below, rest), g.log(above));
        let left = g.less(x, args[1]);
        Some(g.select(left, rest, high))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let (lower, mode, upper) = (args[0], args[1], args[2]);
        let width = g.sub(upper, lower);
        let (rise, fall) = (g.sub(mode, lower), g.sub(upper, mode));
        let one = g.scalar(1.0);
        let rest = g.sub(one, p);
        let root = |g: &mut Graph, p: Node, side: Node| {
            let area = g.mul(width, side);
            let product = g.mul(p, area);
            g.sqrt(product)
        };
        let (from_lower, from_upper) = (root(g, p, rise), root(g, rest, fall));
        let (low, high) = (g.add(lower, from_lower), g.sub(upper, from_upper));
        let share = g.div(rise, width);
        let left = g.less(p, share);
        Some(g.select(left, low, high))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let sum = g.add(args[0], args[1]);
        let sum = g.add(sum, args[2]);
        Some(g.mul_scalar(sum, 1.0 / 3.0))
    }

    /// sqrt(((upper - lower)^2 - (mode - lower) (upper - mode)) / 18)
    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let width = g.sub(args[2], args[0]);
        let (rise, fall) = (g.sub(args[1], args[0]), g.sub(args[2], args[1]));
        let (square, product) = (g.square(width), g.mul(rise, fall));
        let difference = g.sub(square, product);
        let variance = g.mul_scalar(difference, 1.0 / 18.0);
        Some(g.sqrt(variance))
    }

    fn corner(&self, _form: usize, args: &[Node]) -> Option<Node> {
        Some(args[1])
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let [lower, mode, upper] = [args[0][0], args[1][0], args[2][0]];
        let (u, width) = (open_unit(rng), upper - lower);
        out[0] = if u * width < mode - lower {
            lower + (u * width * (mode - lower)).sqrt()
        } else {
            upper - ((1.0 - u) * width * (upper - mode)).sqrt()
        };
    }

    fn formula(&self) -> &'static str {
        "log(2 / (upper - lower)) + log((x - lower) / (mode - lower) if x < mode else (upper - x) / (upper - mode)) for lower <= x <= upper"
    }

    fn example(&self) -> &'static str {
        "cost ~ Triangular(1, 2, 5)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: None,
            pymc: Some("Triangular(lower, upper, c = mode)"),
            r: Some("extraDistr::dtriang(a = lower, b = upper, c = mode)"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// lower <= mode <= upper, lower < upper
fn order(g: &mut Graph, args: &[Node]) -> Node {
    let (between, apart) = (within(g, args[1], args[0], args[2]), g.less(args[0], args[2]));
    g.and(between, apart)
}

/// How far x is from either bound, as a share of the mode's distance from it.
fn shares(g: &mut Graph, args: &[Node], x: Node) -> [Node; 2] {
    let (from_lower, rise) = (g.sub(x, args[0]), g.sub(args[1], args[0]));
    let (from_upper, fall) = (g.sub(args[2], x), g.sub(args[2], args[1]));
    [g.div(from_lower, rise), g.div(from_upper, fall)]
}

/// P(X <= x) for x up to the mode, P(X > x) for x from there.
fn tails(g: &mut Graph, args: &[Node], x: Node) -> [Node; 2] {
    let width = g.sub(args[2], args[0]);
    let distances = [g.sub(x, args[0]), g.sub(args[2], x)];
    let shares = shares(g, args, x);
    [0, 1].map(|k| {
        let height = g.div(distances[k], width);
        g.mul(height, shares[k])
    })
}

/// What the tails leave, without a difference: the area beyond the mode, and that between it and x.
fn rests(g: &mut Graph, args: &[Node], x: Node) -> [Node; 2] {
    let width = g.sub(args[2], args[0]);
    let (rise, fall) = (g.sub(args[1], args[0]), g.sub(args[2], args[1]));
    let gaps = [g.sub(args[1], x), g.sub(x, args[1])];
    let shares = shares(g, args, x);
    [0, 1].map(|k| {
        let height = g.add_scalar(shares[k], 1.0);
        let area = g.mul(gaps[k], height);
        let sum = g.add([fall, rise][k], area);
        g.div(sum, width)
    })
}

/// The logarithm of `rest`, which is 1 - tail.
fn log_of_rest(g: &mut Graph, tail: Node, rest: Node) -> Node {
    let (near, far) = (log_rest(g, tail), g.log(rest));
    let half = g.scalar(0.5);
    let small = g.less(tail, half);
    g.select(small, near, far)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_lies_between_the_bounds() {
        let cases = [
            ([0.0, 0.0, 1.0], true),
            ([0.0, 1.0, 1.0], true),
            ([0.0, 2.0, 1.0], false),
            ([0.0, -0.5, 1.0], false),
            ([1.0, 1.0, 1.0], false),
        ];
        for (args, fits) in cases {
            let mut g = Graph::new();
            let nodes = args.map(|a| g.scalar(a));
            let words = Triangular.objection(&mut g, 0, &nodes);
            assert_eq!(words.is_none(), fits, "{args:?}: {words:?}");
            // of latents: density 0
            let inputs = args.map(|_| g.input(&[]));
            assert_eq!(Triangular.objection(&mut g, 0, &inputs), None);
        }
        let mut g = Graph::new();
        let args = [g.scalar(0.0), g.vector(&[0.5, 3.0]), g.scalar(1.0)];
        assert_eq!(
            Triangular.objection(&mut g, 0, &args).as_deref(),
            Some("Triangular needs lower <= mode <= upper and lower < upper, found 0, 3 and 1")
        );
    }
}
