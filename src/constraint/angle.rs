//! Angles: numbers that mean the same after a whole turn.

use crate::tape::{Graph, Node};

use super::{Constraint, Interval};

/// [`Interval`] between the ends of one turn. Any finite number is a value: it stands for its angle in that turn.
#[derive(Debug)]
pub struct Angle;

impl Constraint for Angle {
    fn name(&self) -> &'static str {
        "angle"
    }

    fn summary(&self) -> &'static str {
        "angles, within one turn"
    }

    fn bounds(&self) -> &'static [&'static str] {
        &["lower", "upper"]
    }

    fn constrain(&self, g: &mut Graph, y: Node, bounds: &[Node]) -> (Node, Node) {
        Interval.constrain(g, y, bounds)
    }

    fn increasing(&self, bounds: &[Option<f64>]) -> bool {
        Interval.increasing(bounds)
    }

    fn unconstrain(&self, x: &[f64], bounds: &[f64]) -> Option<Vec<f64>> {
        let (lower, turn) = (bounds[0], bounds[1] - bounds[0]);
        let inside = x[0] >= lower && x[0] <= bounds[1];
        let wrapped =
            if inside || !turn.is_finite() { x[0] } else { lower + (x[0] - lower).rem_euclid(turn) };
        Interval.unconstrain(&[wrapped], bounds)
    }

    fn violation(&self, x: &[f64], _bounds: &[f64]) -> Option<String> {
        (!x[0].is_finite()).then(|| "must be finite".into())
    }
}
