//! Distribution functions without a closed form: finite sums of probabilities in log space.

use crate::tape::{Graph, Node};
use crate::types::broadcast_dims;

use super::formula::column;

/// More terms than this, over all elements of a batch, are too many to sum.
const MAX_TERMS: usize = 20_000_000;

/// One side of a number.
#[derive(Clone, Copy, PartialEq)]
pub enum Tail {
    /// P(X <= x)
    Below,
    /// P(X > x)
    Above,
}

/// log P(X <= x) or log P(X > x) of a distribution on 0, ..., `highest`, whole x; of the batch shape.
///
/// `density` gives log p(k) from `args` (numbers, each with a last axis of length 1) and k, a vector along that axis.
/// `None` where `highest` is not constant, or too large.
pub fn log_tail(
    g: &mut Graph,
    args: &[Node],
    highest: Node,
    x: Node,
    tail: Tail,
    density: impl Fn(&mut Graph, &[Node], Node) -> Node,
) -> Option<Node> {
    let highest = g.value(highest)?.iter().copied().fold(0.0, f64::max);
    let batch = args.iter().try_fold(g.shape(x).to_vec(), |all, &arg| broadcast_dims(&all, g.shape(arg)))?;
    // Where x is known only the terms on its side are made, one at least.
    let known = |fold: fn(f64, f64) -> f64, start| g.value(x).map(|x| x.iter().copied().fold(start, fold));
    let (first, last) = match tail {
        Tail::Below => (0.0, known(f64::max, 0.0).unwrap_or(highest).min(highest)),
        Tail::Above => (known(f64::min, highest).map_or(0.0, |x| (x + 1.0).clamp(0.0, highest)), highest),
    };
    let n_terms = last - first + 1.0;
    let n_rows = batch.iter().product::<usize>() as f64;
    if n_terms.is_nan() || n_terms * n_rows > MAX_TERMS as f64 {
        return None;
    }
    let values: Vec<f64> = (0..n_terms as usize).map(|i| first + i as f64).collect();
    let values = g.vector(&values);
    let args: Vec<Node> = args.iter().map(|&arg| column(g, arg)).collect();
    let x = column(g, x);
    let terms = density(g, &args, values);
    let counted = match tail {
        Tail::Below => g.less_equal(values, x),
        Tail::Above => g.less(x, values),
    };
    let nothing = g.scalar(f64::NEG_INFINITY);
    let terms = g.select(counted, terms, nothing);
    let axis = g.shape(terms).len() - 1;
    let total = g.logsumexp(terms, axis);
    // Rounding may take the sum of all above 1.
    let zero = g.scalar(0.0);
    let total = g.min(total, zero);
    Some(g.broadcast(total, &batch))
}
