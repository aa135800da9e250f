//! Pieces that the formulas of several distributions share.

use rand::Rng;
use rand_distr::Distribution as _;

use crate::constraint;
use crate::tape::{Graph, Node};
use crate::types::broadcast_dims;

use super::Support;

/// log(2 pi) / 2
pub const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;

/// `value` where `condition` holds, -inf elsewhere; of the broadcast shape of both.
pub fn inside(g: &mut Graph, condition: Node, value: Node) -> Node {
    if g.value(condition).is_some_and(|c| c.iter().all(|&c| c != 0.0)) {
        return like(g, value, condition);
    }
    let outside = g.scalar(f64::NEG_INFINITY);
    g.select(condition, value, outside)
}

/// `a` where `condition` holds, else `b`; of the broadcast shape of all three. What no element takes is not computed.
pub fn choose(g: &mut Graph, condition: Node, a: Node, b: Node) -> Node {
    let all =
        |g: &Graph, holds: bool| g.value(condition).is_some_and(|c| c.iter().all(|&c| (c != 0.0) == holds));
    let (taken, left) = match (all(g, true), all(g, false)) {
        (true, _) => (a, b),
        (_, true) => (b, a),
        _ => return g.select(condition, a, b),
    };
    let taken = like(g, taken, condition);
    like(g, taken, left)
}

/// `value` broadcast against the shape of `other`.
pub fn like(g: &mut Graph, value: Node, other: Node) -> Node {
    match broadcast_dims(g.shape(value), g.shape(other)) {
        Some(shape) => g.broadcast(value, &shape),
        None => value,
    }
}

/// x >= 0
pub fn non_negative(g: &mut Graph, x: Node) -> Node {
    let zero = g.scalar(0.0);
    g.less_equal(zero, x)
}

/// x > 0
pub fn positive(g: &mut Graph, x: Node) -> Node {
    let zero = g.scalar(0.0);
    g.less(zero, x)
}

/// lower <= x <= upper
pub fn within(g: &mut Graph, x: Node, lower: Node, upper: Node) -> Node {
    let (above, below) = (g.less_equal(lower, x), g.less_equal(x, upper));
    g.and(above, below)
}

/// x is one of 0, 1, 2, ...
pub fn count(g: &mut Graph, x: Node) -> Node {
    let (sign, whole) = (non_negative(g, x), whole(g, x));
    g.and(sign, whole)
}

/// x is an integer.
pub fn whole(g: &mut Graph, x: Node) -> Node {
    let floor = g.floor(x);
    g.equal(x, floor)
}

/// (x - location) / scale
pub fn standardize(g: &mut Graph, x: Node, location: Node, scale: Node) -> Node {
    let residual = g.sub(x, location);
    let precision = g.recip(scale);
    g.mul(residual, precision)
}

/// x / scale
pub fn unscale(g: &mut Graph, x: Node, scale: Node) -> Node {
    let precision = g.recip(scale);
    g.mul(x, precision)
}

/// 1 - x
pub fn one_minus(g: &mut Graph, x: Node) -> Node {
    let negative = g.neg(x);
    g.add_scalar(negative, 1.0)
}

/// For a density of the kind `distance^(shape - 1)` near an edge of its support: (whether its formula applies, the
/// distance to use in it).
///
/// On the edge itself the density is 0 or infinite, and counts as 0, unless the shape is 1. Then the formula is a
/// difference of two terms that grow alike, and is evaluated close by.
pub fn at_edge(g: &mut Graph, distance: Node, shape: Node) -> (Node, Node) {
    let inner = positive(g, distance);
    let (zero, one) = (g.scalar(0.0), g.scalar(1.0));
    let (on_edge, flat) = (g.equal(distance, zero), g.equal(shape, one));
    let finite = g.and(on_edge, flat);
    let near = g.scalar(1e-300);
    (g.or(inner, finite), g.select(inner, distance, near))
}

/// log(1 - p) for a probability
pub fn log_rest(g: &mut Graph, p: Node) -> Node {
    let negative = g.neg(p);
    g.log1p(negative)
}

/// log(exp(larger) + exp(smaller)); both may be -inf.
pub fn log_sum(g: &mut Graph, larger: Node, smaller: Node) -> Node {
    let log_ratio = g.sub(smaller, larger);
    let more = g.log1p_exp(log_ratio);
    let sum = g.add(larger, more);
    let lowest = g.scalar(f64::NEG_INFINITY);
    let nothing = g.equal(larger, lowest);
    g.select(nothing, smaller, sum)
}

/// A last axis of length 1: numbers of the batch against the elements of an event.
pub fn column(g: &mut Graph, x: Node) -> Node {
    let mut shape = g.shape(x).to_vec();
    shape.push(1);
    g.reshape(x, &shape)
}

/// Sum over the last axis: the total of an event.
pub fn sum_last(g: &mut Graph, x: Node) -> Node {
    let last = g.shape(x).len() - 1;
    g.sum(x, &[last])
}

/// How far probabilities that depend on latents may be from summing to 1: far more than rounding takes them, far less than
/// a log density shows.
const SUM_TOLERANCE: f64 = 1e-6;

/// Probabilities along the last axis; all 0, so that nothing has a finite log density, where they do not sum to 1 or one
/// is negative.
pub fn probabilities(g: &mut Graph, p: Node) -> Node {
    let mut column = g.shape(p).to_vec();
    let Some(last) = column.last_mut() else { return p };
    *last = 1;
    let (valid, infinity) = (non_negative(g, p), g.scalar(f64::INFINITY));
    let counted = g.select(valid, p, infinity);
    let sum = sum_last(g, counted);
    let (lowest, highest) = (g.scalar(1.0 - SUM_TOLERANCE), g.scalar(1.0 + SUM_TOLERANCE));
    let proper = within(g, sum, lowest, highest);
    let proper = g.reshape(proper, &column);
    let zero = g.scalar(0.0);
    g.select(proper, p, zero)
}

/// The first constant bounds between which nothing lies; whole numbers may lie on them.
pub fn empty_range(
    g: &mut Graph,
    lower: Option<Node>,
    upper: Option<Node>,
    discrete: bool,
) -> Option<(String, String)> {
    let lower = lower.unwrap_or_else(|| g.scalar(f64::NEG_INFINITY));
    let upper = upper.unwrap_or_else(|| g.scalar(f64::INFINITY));
    let room = if discrete {
        let (first, last) = (g.ceil(lower), g.floor(upper));
        g.less_equal(first, last)
    } else {
        g.less(lower, upper)
    };
    let room = g.value(room)?;
    let at = room.iter().position(|&room| room == 0.0)?;
    let there = |bound: Node| {
        let value = g.value(bound)?.broadcast(room.shape())?.iter().nth(at).copied();
        value.map(super::range::shown)
    };
    Some((there(lower)?, there(upper)?))
}

/// The support between bounds that may be absent, or constant and infinite.
pub fn between(g: &mut Graph, lower: Option<Node>, upper: Option<Node>) -> Support {
    let finite = |g: &Graph, bound: Option<Node>| {
        bound.filter(|&b| g.value(b).is_none_or(|v| v.iter().any(|b| b.is_finite())))
    };
    let mixed = |g: &Graph, bound: Option<Node>| {
        bound.and_then(|b| g.value(b)).is_some_and(|v| v.iter().any(|b| b.is_infinite()))
    };
    let (lower, upper) = (finite(g, lower), finite(g, upper));
    let (constraint, bounds): (&'static dyn constraint::Constraint, _) = match (lower, upper) {
        (None, None) => (&constraint::Real, vec![]),
        (Some(lower), None) if !mixed(g, Some(lower)) => (&constraint::Lower, vec![lower]),
        (None, Some(upper)) if !mixed(g, Some(upper)) => (&constraint::Upper, vec![upper]),
        (lower, upper) => {
            let lower = lower.unwrap_or_else(|| g.scalar(f64::NEG_INFINITY));
            let upper = upper.unwrap_or_else(|| g.scalar(f64::INFINITY));
            (&constraint::Interval, vec![lower, upper])
        }
    };
    Support::Continuous { constraint, bounds }
}

pub fn real_line() -> Support {
    Support::Continuous { constraint: &constraint::Real, bounds: vec![] }
}

pub fn positive_reals(g: &mut Graph) -> Support {
    let zero = g.scalar(0.0);
    between(g, Some(zero), None)
}

pub fn unit_interval(g: &mut Graph) -> Support {
    let (zero, one) = (g.scalar(0.0), g.scalar(1.0));
    between(g, Some(zero), Some(one))
}

pub fn counts(g: &mut Graph) -> Support {
    Support::Integers { lower: Some(g.scalar(0.0)), upper: None }
}

/// `value` where x > limit, else `otherwise`: moments that only some arguments leave.
pub fn above(g: &mut Graph, x: Node, limit: f64, value: Node, otherwise: f64) -> Node {
    let (limit, otherwise) = (g.scalar(limit), g.scalar(otherwise));
    let exists = g.less(limit, x);
    g.select(exists, value, otherwise)
}

/// A draw from a library distribution; NaN where its parameters are not valid.
pub fn draw<D: rand_distr::Distribution<f64>, E>(distribution: Result<D, E>, rng: &mut dyn Rng) -> f64 {
    distribution.map_or(f64::NAN, |d| d.sample(rng))
}

/// A standard normal draw.
pub fn standard_normal(rng: &mut dyn Rng) -> f64 {
    rand_distr::StandardNormal.sample(rng)
}

/// A uniform draw in (0, 1).
pub fn open_unit(rng: &mut dyn Rng) -> f64 {
    rand_distr::Open01.sample(rng)
}

impl Support {
    /// Lower and upper bound of single numbers: those that there are. Vectors have none.
    pub fn bounds(&self) -> [Option<Node>; 2] {
        match self {
            Support::Integers { lower, upper } => [*lower, *upper],
            Support::Counts { .. } => [None, None],
            Support::Continuous { constraint, bounds } => {
                let named = |name| constraint.bounds().iter().position(|&b| b == name).map(|k| bounds[k]);
                [named("lower"), named("upper")]
            }
        }
    }
}
