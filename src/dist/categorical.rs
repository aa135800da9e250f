//! Categorical distribution: one of K categories.

use std::sync::Arc;

use rand::Rng;

use crate::tape::{Graph, Node, Tensor};
use crate::types::{ElementType, broadcast_dims};

use super::formula::{column, inside, open_unit, probabilities, sum_last, within};
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// Category k = 1, ..., K with probability `p[k]`.
pub struct Categorical;

const FORMS: &[&[Param]] = &[
    &[Param::vector("p", Range::Simplex, "probabilities of the categories")],
    &[Param::vector("logits", Range::Extended, "log probabilities up to a constant")],
];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[0.2, 0.5, 0.3]], points: &[1.0, 3.0] },
    Trial { form: 1, args: &[&[-0.2, 1.5, 0.3]], points: &[1.0, 3.0] },
];

impl Distribution for Categorical {
    fn name(&self) -> &'static str {
        "Categorical"
    }

    fn summary(&self) -> &'static str {
        "categorical distribution on 1, ..., K"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn element(&self) -> ElementType {
        ElementType::Int
    }

    fn support(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Support {
        let k = categories(g, args[0]);
        Support::Integers { lower: Some(g.scalar(1.0)), upper: Some(g.scalar(k as f64)) }
    }

    fn log_density(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Node {
        let p = if form == 0 { probabilities(g, args[0]) } else { args[0] };
        let k = categories(g, p);
        let batch = g.shape(p)[..g.shape(p).len() - 1].to_vec();
        let full = broadcast_dims(&batch, g.shape(x)).expect("x broadcasts against the batch");
        // Logarithms are taken of the smaller of the table and what is looked up in it.
        let log_of_table = form == 1 || full.iter().product::<usize>() > g.size(p);
        let table = match (form, log_of_table) {
            (0, true) => g.log(p),
            (0, false) => p,
            _ => log_softmax(g, p),
        };
        let mut value = match g.value(x).cloned() {
            Some(x) => look_up(g, table, &batch, &x, &full, k),
            None => match_up(g, table, x, k),
        };
        if !log_of_table {
            value = g.log(value);
        }
        let (lowest, highest) = (g.scalar(1.0), g.scalar(k as f64));
        let (range, whole) = (within(g, x, lowest, highest), super::formula::whole(g, x));
        let support = g.and(range, whole);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        Some(log_share(g, form, args[0], |g, categories| {
            let x = column(g, x);
            g.less_equal(categories, x)
        }))
    }

    fn log_ccdf(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Option<Node> {
        Some(log_share(g, form, args[0], |g, categories| {
            let x = column(g, x);
            g.less(x, categories)
        }))
    }

    /// Of the categories as numbers.
    fn mean(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        let (p, values) = shares(g, form, args[0]);
        let terms = g.mul(p, values);
        Some(sum_last(g, terms))
    }

    fn sd(&self, g: &mut Graph, form: usize, args: &[Node]) -> Option<Node> {
        let (p, values) = shares(g, form, args[0]);
        let terms = g.mul(p, values);
        let mean = sum_last(g, terms);
        let mean = column(g, mean);
        let distances = g.sub(values, mean);
        let squares = g.square(distances);
        let terms = g.mul(p, squares);
        let variance = sum_last(g, terms);
        Some(g.sqrt(variance))
    }

    fn sample(&self, form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let largest = args[0].iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = match form {
            0 => args[0].to_vec(),
            _ => args[0].iter().map(|logit| (logit - largest).exp()).collect(),
        };
        out[0] = (draw_index(&weights, rng) + 1) as f64;
    }

    fn formula(&self) -> &'static str {
        "log(p[x]), x = 1, ..., K"
    }

    fn example(&self) -> &'static str {
        "z[rows] ~ Categorical(w)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("categorical; categorical_logit(logits)"),
            pymc: Some("Categorical, counting from 0"),
            r: Some("extraDistr::dcat"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// An index with probability proportional to its weight.
pub(super) fn draw_index(weights: &[f64], rng: &mut dyn Rng) -> usize {
    let mut left = open_unit(rng) * weights.iter().sum::<f64>();
    for (k, w) in weights.iter().enumerate() {
        left -= w;
        if left < 0.0 {
            return k;
        }
    }
    weights.iter().rposition(|&w| w > 0.0).unwrap_or(0)
}

fn categories(g: &Graph, p: Node) -> usize {
    g.shape(p).last().copied().unwrap_or(1)
}

/// Probabilities, and the categories as numbers.
fn shares(g: &mut Graph, form: usize, arg: Node) -> (Node, Node) {
    let p = if form == 0 {
        probabilities(g, arg)
    } else {
        let log = log_softmax(g, arg);
        g.exp(log)
    };
    (p, numbers(g, categories(g, p)))
}

/// 1, ..., k
fn numbers(g: &mut Graph, k: usize) -> Node {
    let numbers: Vec<f64> = (1..=k).map(|c| c as f64).collect();
    g.vector(&numbers)
}

/// Log probability of the categories that `chosen` marks.
fn log_share(g: &mut Graph, form: usize, arg: Node, chosen: impl Fn(&mut Graph, Node) -> Node) -> Node {
    let table = if form == 0 { probabilities(g, arg) } else { log_softmax(g, arg) };
    let k = categories(g, table);
    let numbers = numbers(g, k);
    let chosen = chosen(g, numbers);
    let none = g.scalar(if form == 0 { 0.0 } else { f64::NEG_INFINITY });
    let kept = g.select(chosen, table, none);
    if form == 0 {
        let share = sum_last(g, kept);
        return g.log(share);
    }
    let axis = g.shape(kept).len() - 1;
    g.logsumexp(kept, axis)
}

fn log_softmax(g: &mut Graph, logits: Node) -> Node {
    let axis = g.shape(logits).len() - 1;
    let mut column = g.shape(logits).to_vec();
    column[axis] = 1;
    let total = g.logsumexp(logits, axis);
    let total = g.reshape(total, &column);
    g.sub(logits, total)
}

/// `table[..., x]` for constant x: one gather. Where x is no category, the first.
pub(super) fn look_up(
    g: &mut Graph,
    table: Node,
    batch: &[usize],
    x: &Tensor,
    full: &[usize],
    k: usize,
) -> Node {
    let x_shape = x.shape().to_vec();
    let x: Vec<f64> = x.iter().copied().collect();
    let size: usize = full.iter().product();
    let index: Arc<[u32]> = (0..size)
        .map(|i| {
            let category = x[super::incomplete::broadcast_position(i, full, &x_shape)];
            let category = if category >= 1.0 && category <= k as f64 { category as usize - 1 } else { 0 };
            (super::incomplete::broadcast_position(i, full, batch) * k + category) as u32
        })
        .collect();
    g.gather(table, index, full)
}

/// `table[..., x]` for varying x: a sum over categories, all but one of them 0.
pub(super) fn match_up(g: &mut Graph, table: Node, x: Node, k: usize) -> Node {
    let (x, categories) = (column(g, x), numbers(g, k));
    let hit = g.equal(x, categories);
    let zero = g.scalar(0.0);
    let hits = g.select(hit, table, zero);
    sum_last(g, hits)
}
