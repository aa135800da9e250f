//! No constraint: the real line.

use crate::tape::{Graph, Node};

use super::Constraint;

/// x = y.
#[derive(Debug)]
pub struct Real;

impl Constraint for Real {
    fn name(&self) -> &'static str {
        "real"
    }

    fn summary(&self) -> &'static str {
        "any real number"
    }

    fn constrain(&self, g: &mut Graph, y: Node, _bounds: &[Node]) -> (Node, Node) {
        let shape = g.shape(y).to_vec();
        let zero = g.scalar(0.0);
        (y, g.broadcast(zero, &shape))
    }

    fn increasing(&self, _bounds: &[Option<f64>]) -> bool {
        true
    }

    fn unconstrain(&self, x: &[f64], _bounds: &[f64]) -> Option<Vec<f64>> {
        x[0].is_finite().then(|| vec![x[0]])
    }

    fn violation(&self, x: &[f64], _bounds: &[f64]) -> Option<String> {
        x[0].is_nan().then(|| "must be a number".into())
    }
}
