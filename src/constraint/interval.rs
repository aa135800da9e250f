//! Numbers between two bounds: probabilities, correlations.

use crate::tape::{Graph, Node, Tensor};

use super::{Constraint, Lower, Upper};

/// x = lower + (upper - lower) logistic(y), log|dx/dy| = log(upper - lower) + y - 2 log(1 + exp(y)).
/// Above the middle x is computed as upper - (upper - lower) logistic(-y), so that it is exact near both ends and
/// never beyond them. Stan Reference Manual, "Lower and upper bounded scalar".
///
/// Constant bounds may be infinite in some elements: those take the constraint of what bounds remain.
#[derive(Debug)]
pub struct Interval;

impl Constraint for Interval {
    fn name(&self) -> &'static str {
        "interval"
    }

    fn summary(&self) -> &'static str {
        "real numbers between two bounds"
    }

    fn bounds(&self) -> &'static [&'static str] {
        &["lower", "upper"]
    }

    fn constrain(&self, g: &mut Graph, y: Node, bounds: &[Node]) -> (Node, Node) {
        let lower = Side::new(g, bounds[0], 0.0);
        let upper = Side::new(g, bounds[1], 1.0);
        let shape = g.shape(y).to_vec();
        match (lower.finite, upper.finite) {
            (None, None) => between(g, y, lower.bound, upper.bound),
            (lower_finite, upper_finite) => {
                // An element with one infinite bound has width 1 here, and is not used from here.
                let one = g.scalar(1.0);
                let [has_lower, has_upper] = [lower_finite, upper_finite].map(|mask| mask.unwrap_or(one));
                let both = g.and(has_lower, has_upper);
                let high = g.add(lower.bound, one);
                let high = g.select(both, upper.bound, high);
                let branches = [
                    (both, between as Branch, [lower.bound, high]),
                    (has_lower, above, [lower.bound, high]),
                    (has_upper, below, [upper.bound, high]),
                ];
                let zero = g.scalar(0.0);
                let zeros = g.broadcast(zero, &shape);
                let mut out = (y, zeros);
                for (condition, branch, [a, b]) in branches.into_iter().rev() {
                    let safe = g.select(condition, y, zero);
                    let (x, log_jacobian) = branch(g, safe, a, b);
                    out = (g.select(condition, x, out.0), g.select(condition, log_jacobian, out.1));
                }
                out
            }
        }
    }

    /// A lower bound of minus infinity alone makes it decreasing, as `Upper` is.
    fn increasing(&self, bounds: &[Option<f64>]) -> bool {
        bounds.iter().all(|bound| bound.is_some_and(f64::is_finite))
    }

    fn unconstrain(&self, x: &[f64], bounds: &[f64]) -> Option<Vec<f64>> {
        let (lower, upper) = (bounds[0], bounds[1]);
        match (lower.is_finite(), upper.is_finite()) {
            (true, true) => {
                let (below, above) = (x[0] - lower, upper - x[0]);
                (below > 0.0 && above > 0.0).then(|| vec![below.ln() - above.ln()])
            }
            (true, false) => Lower.unconstrain(x, &[lower]),
            (false, true) => Upper.unconstrain(x, &[upper]),
            (false, false) => x[0].is_finite().then(|| vec![x[0]]),
        }
    }

    fn violation(&self, x: &[f64], bounds: &[f64]) -> Option<String> {
        (!(x[0] >= bounds[0] && x[0] <= bounds[1]))
            .then(|| format!("must be between {} and {}", bounds[0], bounds[1]))
    }
}

type Branch = fn(&mut Graph, Node, Node, Node) -> (Node, Node);

fn between(g: &mut Graph, y: Node, lower: Node, upper: Node) -> (Node, Node) {
    let width = g.sub(upper, lower);
    let negative = g.neg(y);
    let (p, q) = (g.logistic(y), g.logistic(negative));
    let (from_lower, from_upper) = (g.mul(width, p), g.mul(width, q));
    let (low, high) = (g.add(lower, from_lower), g.sub(upper, from_upper));
    let zero = g.scalar(0.0);
    let in_lower_half = g.less(y, zero);
    let x = g.select(in_lower_half, low, high);
    let log_width = g.log(width);
    let tail = g.log1p_exp(y);
    let tail = g.mul_scalar(tail, 2.0);
    let log_slope = g.sub(y, tail);
    (x, g.add(log_width, log_slope))
}

fn above(g: &mut Graph, y: Node, lower: Node, _: Node) -> (Node, Node) {
    Lower.constrain(g, y, &[lower])
}

fn below(g: &mut Graph, y: Node, upper: Node, _: Node) -> (Node, Node) {
    Upper.constrain(g, y, &[upper])
}

/// One bound; where it is constant and infinite, a stand-in and a mask that says so.
struct Side {
    bound: Node,
    /// 1 where the bound is finite; `None` where it is finite throughout (or not constant).
    finite: Option<Node>,
}

impl Side {
    fn new(g: &mut Graph, bound: Node, stand_in: f64) -> Side {
        match g.value(bound) {
            Some(value) if value.iter().any(|b| b.is_infinite()) => {
                let finite: Tensor = value.mapv(|b| f64::from(b.is_finite())).into_shared();
                let safe: Tensor = value.mapv(|b| if b.is_finite() { b } else { stand_in }).into_shared();
                Side { bound: g.constant(safe), finite: Some(g.constant(finite)) }
            }
            _ => Side { bound, finite: None },
        }
    }
}
