//! Ordered outcomes: which of the intervals between cutpoints a hidden number, eta plus noise, falls in.

use std::sync::Arc;

use rand::Rng;

use crate::tape::{Graph, Node};
use crate::types::broadcast_dims;

use super::categorical::{look_up, match_up};
use super::formula::{column, inside, sum_last, whole, within};
use super::{Param, Range, Support};

/// The noise: its distribution function, symmetric about 0.
pub struct Noise {
    /// log F(z)
    pub log_cdf: fn(&mut Graph, Node) -> Node,
    /// What is needed of the width of an interval, made once for each interval: `log_interval` gets it.
    pub of_width: fn(&mut Graph, Node) -> Node,
    /// log(F(upper) - F(lower)), given lower, upper and what [`Noise::of_width`] makes of upper - lower.
    pub log_interval: fn(&mut Graph, [Node; 3]) -> Node,
    pub draw: fn(&mut dyn Rng) -> f64,
}

pub const FORMS: &[&[Param]] = &[&[
    Param::scalar("eta", Range::Real, "location of the hidden number"),
    Param::vector("cutpoints", Range::Increasing, "K - 1 of them, increasing"),
]];

/// Words where there is no cutpoint.
pub fn event_mismatch(name: &str, args: &[&[usize]]) -> Option<String> {
    (args[1].last() == Some(&0)).then(|| format!("{name} needs one cutpoint or more"))
}

pub fn support(g: &mut Graph, args: &[Node]) -> Support {
    let k = categories(g, args[1]);
    Support::Integers { lower: Some(g.scalar(1.0)), upper: Some(g.scalar(k as f64)) }
}

pub fn log_density(noise: &Noise, g: &mut Graph, args: &[Node], x: Node) -> Node {
    let [below, above] = [0, 1].map(|side| bounds(g, args[1], side));
    let width = g.sub(above, below);
    let of_width = (noise.of_width)(g, width);
    let [below, above, of_width] = [below, above, of_width].map(|table| at_category(g, table, x));
    let (lower, upper) = (g.sub(below, args[0]), g.sub(above, args[0]));
    let between = (noise.log_interval)(g, [lower, upper, of_width]);
    let against = g.neg(lower);
    let (lowest, highest) = ((noise.log_cdf)(g, upper), (noise.log_cdf)(g, against));
    let (one, last) = (g.scalar(1.0), g.scalar(categories(g, args[1]) as f64));
    let (is_first, is_last) = (g.equal(x, one), g.equal(x, last));
    let value = g.select(is_first, lowest, between);
    let value = g.select(is_last, highest, value);
    let (range, whole) = (within(g, x, one, last), whole(g, x));
    let support = g.and(range, whole);
    let increasing = increasing(g, args[1]);
    let support = g.and(support, increasing);
    inside(g, support, value)
}

/// log P(X <= x)
pub fn log_cdf(noise: &Noise, g: &mut Graph, args: &[Node], x: Node) -> Node {
    let (zero, nothing) = (g.scalar(0.0), g.scalar(f64::NEG_INFINITY));
    tail(g, args, x, [nothing, zero], |g, z| (noise.log_cdf)(g, z))
}

/// log P(X > x)
pub fn log_ccdf(noise: &Noise, g: &mut Graph, args: &[Node], x: Node) -> Node {
    let (zero, nothing) = (g.scalar(0.0), g.scalar(f64::NEG_INFINITY));
    tail(g, args, x, [zero, nothing], |g, z| {
        let against = g.neg(z);
        (noise.log_cdf)(g, against)
    })
}

/// 1 + sum over k of P(X > k)
pub fn mean(noise: &Noise, g: &mut Graph, args: &[Node]) -> Node {
    let eta = column(g, args[0]);
    let above = g.sub(eta, args[1]);
    let log_above = (noise.log_cdf)(g, above);
    let above = g.exp(log_above);
    let steps = sum_last(g, above);
    g.add_scalar(steps, 1.0)
}

pub fn sd(noise: &Noise, g: &mut Graph, args: &[Node]) -> Node {
    let k = categories(g, args[1]);
    let values: Vec<f64> = (1..=k).map(|k| k as f64).collect();
    let values = g.vector(&values);
    let mut shape = g.shape(args[1]).to_vec();
    shape.insert(shape.len().saturating_sub(1), 1);
    let (eta, cutpoints) = (column(g, args[0]), g.reshape(args[1], &shape));
    let log_p = log_density(noise, g, &[eta, cutpoints], values);
    let p = g.exp(log_p);
    let mean = mean(noise, g, args);
    let mean = column(g, mean);
    let residual = g.sub(values, mean);
    let square = g.square(residual);
    let terms = g.mul(p, square);
    let variance = sum_last(g, terms);
    g.sqrt(variance)
}

pub fn sample(noise: &Noise, args: &[&[f64]], rng: &mut dyn Rng) -> f64 {
    let hidden = args[0][0] + (noise.draw)(rng);
    1.0 + args[1].iter().filter(|&&cutpoint| cutpoint < hidden).count() as f64
}

fn categories(g: &Graph, cutpoints: Node) -> usize {
    g.shape(cutpoints).last().copied().unwrap_or(1) + 1
}

/// For each category the cutpoint below (side 0) or above it (side 1); for the first and last one the only one.
fn bounds(g: &mut Graph, cutpoints: Node, side: usize) -> Node {
    let k = categories(g, cutpoints);
    let mut shape = g.shape(cutpoints).to_vec();
    match shape.last_mut() {
        Some(last) => *last = k,
        None => shape.push(k),
    }
    let rows: usize = shape[..shape.len() - 1].iter().product();
    let at = |category: usize| (category + side).saturating_sub(1).min(k - 2);
    let index: Arc<[u32]> =
        (0..rows).flat_map(|row| (0..k).map(move |c| (row * (k - 1) + at(c)) as u32)).collect();
    g.gather(cutpoints, index, &shape)
}

/// `table[..., x]`; any element where x is no category.
fn at_category(g: &mut Graph, table: Node, x: Node) -> Node {
    let (&k, batch) = g.shape(table).split_last().expect("a table has categories");
    let batch = batch.to_vec();
    match g.value(x).cloned() {
        Some(x) => {
            let full = broadcast_dims(&batch, x.shape()).expect("x broadcasts against the batch");
            look_up(g, table, &batch, &x, &full, k)
        }
        None => match_up(g, table, x, k),
    }
}

/// 1 where the cutpoints increase; of the batch shape.
fn increasing(g: &mut Graph, cutpoints: Node) -> Node {
    let [below, above] = [0, 1].map(|side| bounds(g, cutpoints, side));
    let steps = g.less(below, above);
    // The first and last category have one cutpoint for both.
    let k = categories(g, cutpoints);
    let ends: Vec<f64> = (0..k).map(|c| f64::from(c == 0 || c == k - 1)).collect();
    let ends = g.vector(&ends);
    let steps = g.or(steps, ends);
    let axis = g.shape(steps).len() - 1;
    g.min_axis(steps, axis)
}

/// `value` of the cutpoint above x less eta; `ends` below the first category, and from the last one on.
fn tail(
    g: &mut Graph,
    args: &[Node],
    x: Node,
    ends: [Node; 2],
    value: impl Fn(&mut Graph, Node) -> Node,
) -> Node {
    let table = bounds(g, args[1], 1);
    let above = at_category(g, table, x);
    let z = g.sub(above, args[0]);
    let value = value(g, z);
    let (one, last) = (g.scalar(1.0), g.scalar(categories(g, args[1]) as f64));
    let (below_all, from_last) = (g.less(x, one), g.less_equal(last, x));
    let value = g.select(below_all, ends[0], value);
    g.select(from_last, ends[1], value)
}
