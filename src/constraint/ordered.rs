//! Increasing vectors: cutpoints, mixture locations without label switching.

use crate::tape::{Graph, Node};

use super::{Constraint, slice_last, sum_last};

/// x_1 = y_1, x_k = x_(k-1) + exp(y_k), log|dx/dy| = y_2 + ... + y_K; y: [K] to x: [K].
/// Stan Reference Manual, "Ordered vector".
#[derive(Debug)]
pub struct Ordered;

impl Constraint for Ordered {
    fn name(&self) -> &'static str {
        "ordered"
    }

    fn summary(&self) -> &'static str {
        "increasing vectors"
    }

    fn event_rank(&self) -> usize {
        1
    }

    fn constrain(&self, g: &mut Graph, y: Node, _bounds: &[Node]) -> (Node, Node) {
        let axis = g.shape(y).len() - 1;
        let length = g.shape(y)[axis];
        let first = slice_last(g, y, 0, length.min(1));
        let rest = slice_last(g, y, length.min(1), length);
        let gaps = g.exp(rest);
        let parts = g.concat(&[first, gaps], axis);
        (g.cumsum(parts, axis, false), sum_last(g, rest))
    }

    fn unconstrain(&self, x: &[f64], _bounds: &[f64]) -> Option<Vec<f64>> {
        let mut y = Vec::with_capacity(x.len());
        y.extend(x.first());
        y.extend(x.windows(2).map(|pair| (pair[1] - pair[0]).ln()));
        y.iter().all(|y| y.is_finite()).then_some(y)
    }

    fn violation(&self, x: &[f64], _bounds: &[f64]) -> Option<String> {
        let sorted = x.windows(2).all(|pair| pair[0] <= pair[1]) && !x.iter().any(|x| x.is_nan());
        (!sorted).then(|| "must be increasing".into())
    }
}
