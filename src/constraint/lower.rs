//! Numbers above a bound: scales, rates, concentrations.

use crate::tape::{Graph, Node};

use super::Constraint;

/// x = lower + exp(y), log|dx/dy| = y. Stan Reference Manual, "Lower bounded scalar".
#[derive(Debug)]
pub struct Lower;

impl Constraint for Lower {
    fn name(&self) -> &'static str {
        "lower"
    }

    fn summary(&self) -> &'static str {
        "real numbers above a bound"
    }

    fn bounds(&self) -> &'static [&'static str] {
        &["lower"]
    }

    fn constrain(&self, g: &mut Graph, y: Node, bounds: &[Node]) -> (Node, Node) {
        let distance = g.exp(y);
        (g.add(distance, bounds[0]), y)
    }

    fn increasing(&self, _bounds: &[Option<f64>]) -> bool {
        true
    }

    fn unconstrain(&self, x: &[f64], bounds: &[f64]) -> Option<Vec<f64>> {
        let distance = x[0] - bounds[0];
        (distance > 0.0 && distance.is_finite()).then(|| vec![distance.ln()])
    }

    fn violation(&self, x: &[f64], bounds: &[f64]) -> Option<String> {
        match bounds[0] {
            lower if x[0] >= lower => None,
            0.0 => Some("must not be negative".into()),
            lower => Some(format!("must be at least {lower}")),
        }
    }
}
