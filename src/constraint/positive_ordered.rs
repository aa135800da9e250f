//! Increasing vectors of positive numbers.

use crate::tape::{Graph, Node};

use super::{Constraint, Ordered, sum_last};

/// x_k = exp(y_1) + ... + exp(y_k), log|dx/dy| = y_1 + ... + y_K; y: [K] to x: [K].
/// Stan Reference Manual, "Positive ordered vector".
#[derive(Debug)]
pub struct PositiveOrdered;

impl Constraint for PositiveOrdered {
    fn name(&self) -> &'static str {
        "positive_ordered"
    }

    fn summary(&self) -> &'static str {
        "increasing vectors of positive numbers"
    }

    fn event_rank(&self) -> usize {
        1
    }

    fn constrain(&self, g: &mut Graph, y: Node, _bounds: &[Node]) -> (Node, Node) {
        let axis = g.shape(y).len() - 1;
        let gaps = g.exp(y);
        (g.cumsum(gaps, axis, false), sum_last(g, y))
    }

    fn unconstrain(&self, x: &[f64], _bounds: &[f64]) -> Option<Vec<f64>> {
        let before = std::iter::once(&0.0).chain(x);
        let y: Vec<f64> = before.zip(x).map(|(a, b)| (b - a).ln()).collect();
        y.iter().all(|y| y.is_finite()).then_some(y)
    }

    fn violation(&self, x: &[f64], bounds: &[f64]) -> Option<String> {
        match x.first() {
            Some(&first) if first < 0.0 => Some("must be positive and increasing".into()),
            _ => Ordered.violation(x, bounds),
        }
    }
}
