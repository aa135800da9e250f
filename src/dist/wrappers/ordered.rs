//! Increasing vectors of draws.

use rand::Rng;

use crate::constraint;
use crate::dist::formula::{inside, sum_last};
use crate::dist::{Elsewhere, Instance, Param, Sampler, Support, Wrapper};
use crate::tape::{Graph, Node};

/// K draws of D, given that they increase: the last dimension is the vector. Where D is the same for all elements the
/// density is that of the K draws sorted, K! times as high; otherwise it is not normalised.
pub struct Ordered;

impl Wrapper for Ordered {
    fn name(&self) -> &'static str {
        "ordered"
    }

    fn summary(&self) -> &'static str {
        "increasing along the last dimension"
    }

    fn params(&self) -> &'static [Param] {
        &[]
    }

    fn event_rank(&self, _inner: &[Instance]) -> usize {
        1
    }

    fn support(&self, g: &mut Graph, inner: &[Instance], _args: &[Option<Node>]) -> Support {
        let constraint: &'static dyn constraint::Constraint = match positive_support(g, &inner[0]) {
            true => &constraint::PositiveOrdered,
            false => &constraint::Ordered,
        };
        Support::Continuous { constraint, bounds: vec![] }
    }

    fn log_density(&self, g: &mut Graph, inner: &[Instance], _args: &[Option<Node>], x: Node) -> Node {
        let elements = inner[0].log_density(g, x);
        let value = sum_last(g, elements);
        let n_orders = if self.normalized(g, inner, &[]) { log_factorial(length(g, x)) } else { 0.0 };
        let value = g.add_scalar(value, n_orders);
        let increasing = increasing(g, x);
        inside(g, increasing, value)
    }

    fn objection(&self, g: &mut Graph, inner: &[Instance], _args: &[Option<Node>]) -> Option<String> {
        objection(self.name(), g, &inner[0])
    }

    fn normalized(&self, g: &mut Graph, inner: &[Instance], _args: &[Option<Node>]) -> bool {
        inner[0].normalized(g) && inner[0].identical_along_last(g)
    }

    fn sample(
        &self,
        draw: &Sampler<'_>,
        inner: &[Instance],
        _args: &[Option<Node>],
        event: &[usize],
        rng: &mut dyn Rng,
    ) -> Option<Vec<f64>> {
        sample_increasing(draw, &inner[0], event, rng, f64::NEG_INFINITY)
    }

    fn formula(&self) -> &'static str {
        "sum log D(x[k]), plus lgamma(K + 1) where the elements are independent and identical, for x[1] < ... < x[K]"
    }

    fn example(&self) -> &'static str {
        "mu[2] ~ ordered(Normal(0, 2))"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("ordered[K] x; x ~ D"), pymc: Some("D with transform = ordered"), r: None }
    }
}

/// Attempts at a draw by rejection before giving up.
const MAX_ATTEMPTS: usize = 10_000;

/// Draws above `lower` that increase: of each element in turn, the whole vector again until it is in order. Elements that
/// are all alike are drawn once and sorted.
pub(super) fn sample_increasing(
    draw: &Sampler<'_>,
    inner: &Instance,
    event: &[usize],
    rng: &mut dyn Rng,
    lower: f64,
) -> Option<Vec<f64>> {
    let k = *event.last()?;
    let batch: Vec<usize> = draw.batch.iter().copied().chain([k]).collect();
    let positions: Vec<Vec<usize>> = (0..k).map(|i| draw.at.iter().copied().chain([i]).collect()).collect();
    let arguments = |at: &[usize]| -> Vec<Vec<f64>> {
        let here = Sampler { value: draw.value, batch: &batch, at };
        inner.arguments().into_iter().map(|arg| here.argument(arg, 0)).collect()
    };
    let alike = positions.windows(2).all(|pair| arguments(&pair[0]) == arguments(&pair[1]));
    for _ in 0..MAX_ATTEMPTS {
        let mut x = Vec::with_capacity(k);
        for at in &positions {
            let here = Sampler { value: draw.value, batch: &batch, at };
            let element = (0..MAX_ATTEMPTS).find_map(|_| match inner.draw(&here, &[], rng) {
                Some(value) if value[0] <= lower => None,
                other => Some(other),
            });
            x.extend(element??);
        }
        if alike {
            x.sort_by(f64::total_cmp);
        }
        if x.windows(2).all(|pair| pair[0] <= pair[1]) {
            return Some(x);
        }
    }
    None
}

pub(super) fn objection(name: &str, g: &mut Graph, inner: &Instance) -> Option<String> {
    let who = inner.describe();
    if inner.event_rank() > 0 {
        return Some(format!("{name} takes distributions of numbers, and a draw of {who} is an array"));
    }
    match inner.support(g) {
        Support::Integers { .. } => {
            Some(format!("{name} takes continuous distributions, and {who} is discrete"))
        }
        support => {
            let [lower, upper] = support.bounds();
            let zero = |g: &Graph, n: Node| g.value(n).is_some_and(|v| v.iter().all(|&b| b == 0.0));
            let fits = upper.is_none() && lower.is_none_or(|lower| zero(g, lower));
            (!fits).then(|| format!("{name}({who}) is not supported yet: its draws must range over all numbers or all positive numbers"))
        }
    }
}

/// Support is the positive reals.
pub(super) fn positive_support(g: &mut Graph, inner: &Instance) -> bool {
    inner.support(g).bounds()[0].is_some()
}

/// 1 where the last axis of x does not decrease; of the batch shape.
pub(super) fn increasing(g: &mut Graph, x: Node) -> Node {
    let shape = g.shape(x).to_vec();
    let (batch, k) = (shape[..shape.len() - 1].to_vec(), length(g, x));
    if k < 2 {
        return g.full(&batch, 1.0);
    }
    let part = |g: &mut Graph, from: usize| {
        let rows: usize = batch.iter().product();
        let index: Vec<u32> =
            (0..rows).flat_map(|row| (0..k - 1).map(move |i| (row * k + from + i) as u32)).collect();
        let mut out = batch.clone();
        out.push(k - 1);
        g.gather(x, index.into(), &out)
    };
    let (before, after) = (part(g, 0), part(g, 1));
    let steps = g.less_equal(before, after);
    let axis = shape.len() - 1;
    g.min_axis(steps, axis)
}

/// Length of the last axis.
pub(super) fn length(g: &Graph, x: Node) -> usize {
    g.shape(x).last().copied().unwrap_or(1)
}

/// log K!
pub(super) fn log_factorial(k: usize) -> f64 {
    (2..=k).map(|i| (i as f64).ln()).sum()
}
