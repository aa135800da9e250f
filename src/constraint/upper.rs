//! Numbers below a bound.

use crate::tape::{Graph, Node};

use super::Constraint;

/// x = upper - exp(y), log|dx/dy| = y. Stan Reference Manual, "Upper bounded scalar", with the same sign.
#[derive(Debug)]
pub struct Upper;

impl Constraint for Upper {
    fn name(&self) -> &'static str {
        "upper"
    }

    fn summary(&self) -> &'static str {
        "real numbers below a bound"
    }

    fn bounds(&self) -> &'static [&'static str] {
        &["upper"]
    }

    fn constrain(&self, g: &mut Graph, y: Node, bounds: &[Node]) -> (Node, Node) {
        let distance = g.exp(y);
        (g.sub(bounds[0], distance), y)
    }

    fn unconstrain(&self, x: &[f64], bounds: &[f64]) -> Option<Vec<f64>> {
        let distance = bounds[0] - x[0];
        (distance > 0.0 && distance.is_finite()).then(|| vec![distance.ln()])
    }

    fn violation(&self, x: &[f64], bounds: &[f64]) -> Option<String> {
        (x[0].is_nan() || x[0] > bounds[0]).then(|| format!("must be at most {}", bounds[0]))
    }
}
