//! Increasing vectors of positive draws.

use rand::Rng;

use crate::constraint;
use crate::dist::formula::{inside, sum_last};
use crate::dist::{Elsewhere, Instance, Param, Sampler, Support, Wrapper};
use crate::tape::{Graph, Node};

use super::ordered::{increasing, length, log_factorial, objection, positive_support, sample_increasing};

/// K draws of D, given that they increase and are positive. Normalised by K! P(D > 0)^-K where D is the same for all
/// elements and that probability is known; otherwise the density is not normalised.
pub struct PositiveOrdered;

impl Wrapper for PositiveOrdered {
    fn name(&self) -> &'static str {
        "positive_ordered"
    }

    fn summary(&self) -> &'static str {
        "positive, and increasing along the last dimension"
    }

    fn params(&self) -> &'static [Param] {
        &[]
    }

    fn event_rank(&self, _inner: &[Instance]) -> usize {
        1
    }

    fn support(&self, _g: &mut Graph, _inner: &[Instance], _args: &[Option<Node>]) -> Support {
        Support::Continuous { constraint: &constraint::PositiveOrdered, bounds: vec![] }
    }

    fn log_density(&self, g: &mut Graph, inner: &[Instance], _args: &[Option<Node>], x: Node) -> Node {
        let mut elements = inner[0].log_density(g, x);
        let mut n_orders = 0.0;
        if let Some(log_mass) = log_positive_mass(g, &inner[0]) {
            elements = g.sub(elements, log_mass);
            n_orders = log_factorial(length(g, x));
        }
        let value = sum_last(g, elements);
        let value = g.add_scalar(value, n_orders);
        let zero = g.scalar(0.0);
        let positive = g.less_equal(zero, x);
        let axis = g.shape(x).len() - 1;
        let positive = g.min_axis(positive, axis);
        let increasing = increasing(g, x);
        let support = g.and(positive, increasing);
        inside(g, support, value)
    }

    fn objection(&self, g: &mut Graph, inner: &[Instance], _args: &[Option<Node>]) -> Option<String> {
        objection(self.name(), g, &inner[0])
    }

    fn normalized(&self, g: &mut Graph, inner: &[Instance], _args: &[Option<Node>]) -> bool {
        log_positive_mass(g, &inner[0]).is_some()
    }

    fn sample(
        &self,
        draw: &Sampler<'_>,
        inner: &[Instance],
        _args: &[Option<Node>],
        event: &[usize],
        rng: &mut dyn Rng,
    ) -> Option<Vec<f64>> {
        sample_increasing(draw, &inner[0], event, rng, 0.0)
    }

    fn formula(&self) -> &'static str {
        "as ordered(D), for 0 < x[1] < ... < x[K]"
    }

    fn example(&self) -> &'static str {
        "phi[2] ~ positive_ordered(Normal([3, 10], 1))"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("positive_ordered[K] x; x ~ D"), pymc: None, r: None }
    }
}

/// log P(X > 0) of each element, where the density can be normalised by it.
fn log_positive_mass(g: &mut Graph, inner: &Instance) -> Option<Node> {
    if !inner.normalized(g) || !inner.identical_along_last(g) {
        return None;
    }
    let zero = g.scalar(0.0);
    if positive_support(g, inner) { Some(zero) } else { inner.log_ccdf(g, zero) }
}
