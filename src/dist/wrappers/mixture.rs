//! Mixtures with the component summed out.

use rand::Rng;

use crate::dist::categorical::draw_index;
use crate::dist::formula::{between, probabilities, sum_last};
use crate::dist::{Elsewhere, Instance, Param, Range, Sampler, Support, Wrapper};
use crate::tape::{Graph, Node};
use crate::types::broadcast_dims;

/// `mixture(w, D)`: the last batch dimension of D is the component. `mixture(w, [D1, D2])`: each is one.
pub struct Mixture;

const PARAMS: &[Param] = &[Param::vector("w", Range::Simplex, "probabilities of the components")];

impl Wrapper for Mixture {
    fn name(&self) -> &'static str {
        "mixture"
    }

    fn summary(&self) -> &'static str {
        "each draw comes from one of several distributions"
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn inner_position(&self) -> usize {
        1
    }

    fn takes_list(&self) -> bool {
        true
    }

    fn inner_rank(&self, n_inner: usize) -> usize {
        usize::from(n_inner == 1)
    }

    /// The hull of the components' supports.
    fn support(&self, g: &mut Graph, inner: &[Instance], _args: &[Option<Node>]) -> Support {
        let supports: Vec<Support> = inner.iter().map(|d| d.support(g)).collect();
        let single = inner.len() == 1;
        if let Support::Counts { total } = supports[0] {
            let total = hull_of(g, total, single, Graph::max_axis);
            return Support::Counts { total };
        }
        if inner[0].event_rank() > 0 {
            return supports[0].clone();
        }
        let lower = hull(g, &supports, 0, single, Graph::min);
        let upper = hull(g, &supports, 1, single, Graph::max);
        match supports[0] {
            Support::Continuous { .. } => between(g, lower, upper),
            _ => Support::Integers { lower, upper },
        }
    }

    fn log_density(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>], x: Node) -> Node {
        let joint = joint(g, inner, args, x, &|g, d, x| Some(d.log_density(g, x)));
        joint.expect("every distribution has a density")
    }

    fn log_cdf(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>], x: Node) -> Option<Node> {
        joint(g, inner, args, x, &|g, d, x| d.log_cdf(g, x))
    }

    fn log_ccdf(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>], x: Node) -> Option<Node> {
        joint(g, inner, args, x, &|g, d, x| d.log_ccdf(g, x))
    }

    fn objection(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Option<String> {
        if let Some(other) = inner.iter().find(|d| d.event_rank() != inner[0].event_rank()) {
            return Some(format!(
                "components must have draws of one shape, {} and {} differ",
                inner[0].describe(),
                other.describe()
            ));
        }
        let supports: Vec<Support> = inner.iter().map(|d| d.support(g)).collect();
        for (d, support) in inner.iter().zip(&supports) {
            let alike = match (&supports[0], support) {
                (Support::Integers { .. }, Support::Integers { .. }) => true,
                (Support::Counts { .. }, Support::Counts { .. }) => true,
                (Support::Continuous { constraint: a, .. }, Support::Continuous { constraint: b, .. }) => {
                    inner[0].event_rank() == 0 || a.name() == b.name()
                }
                _ => false,
            };
            if !alike {
                let (a, b) = (inner[0].describe(), d.describe());
                return Some(format!("components must have one kind of support, {a} and {b} differ"));
            }
        }
        let n_weights = args[0].and_then(|w| g.shape(w).last().copied()).unwrap_or(1);
        (inner.len() > 1 && n_weights != inner.len())
            .then(|| format!("{} distributions need as many weights, found {n_weights}", inner.len()))
    }

    fn mean(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Option<Node> {
        average(g, inner, args, &|g, d| d.mean(g))
    }

    /// The root of the average of the squares sd^2 + mean^2 less the square of the mean, taken about the mean.
    fn sd(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Option<Node> {
        let mean = self.mean(g, inner, args)?;
        let event_rank = inner[0].event_rank();
        let variance = average(g, inner, args, &|g, d| {
            let (own, sd) = (d.mean(g)?, d.sd(g)?);
            let centre = if inner.len() == 1 { with_component(g, mean, event_rank) } else { mean };
            let distance = g.sub(own, centre);
            let (between, within) = (g.square(distance), g.square(sd));
            Some(g.add(between, within))
        })?;
        Some(g.sqrt(variance))
    }

    fn sample(
        &self,
        draw: &Sampler<'_>,
        inner: &[Instance],
        args: &[Option<Node>],
        event: &[usize],
        rng: &mut dyn Rng,
    ) -> Option<Vec<f64>> {
        let weights = draw.argument(args[0]?, 1);
        let component = draw_index(&weights, rng);
        let [one] = inner else { return inner[component].draw(draw, event, rng) };
        let batch: Vec<usize> = draw.batch.iter().copied().chain([weights.len()]).collect();
        let at: Vec<usize> = draw.at.iter().copied().chain([component]).collect();
        one.draw(&Sampler { value: draw.value, batch: &batch, at: &at }, event, rng)
    }

    fn formula(&self) -> &'static str {
        "log(sum over k of w[k] exp(log D[k](x)))"
    }

    fn example(&self) -> &'static str {
        "y ~ mixture([theta, 1 - theta], Normal(mu, sigma))"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("log_mix(w, log densities)"),
            pymc: Some("Mixture(w, D)"),
            r: Some("brms::mixture(D1, D2)"),
        }
    }
}

/// log(sum over k of w[k] exp(part of component k)), for a part of the batch shape.
fn joint(
    g: &mut Graph,
    inner: &[Instance],
    args: &[Option<Node>],
    x: Node,
    part: &dyn Fn(&mut Graph, &Instance, Node) -> Option<Node>,
) -> Option<Node> {
    let components = if let [one] = inner {
        let x = with_component(g, x, one.event_rank());
        part(g, one, x)?
    } else {
        let parts: Option<Vec<Node>> = inner.iter().map(|d| part(g, d, x)).collect();
        let parts = parts?;
        let batch = parts.iter().fold(Vec::new(), |all, &d| {
            broadcast_dims(&all, g.shape(d)).expect("components of shapes that broadcast")
        });
        let columns: Vec<Node> = parts
            .into_iter()
            .map(|d| {
                let d = g.broadcast(d, &batch);
                with_component(g, d, 0)
            })
            .collect();
        g.concat(&columns, batch.len())
    };
    let weights = probabilities(g, args[0]?);
    let log_weights = g.log(weights);
    let joint = g.add(log_weights, components);
    let axis = g.shape(joint).len() - 1;
    Some(g.logsumexp(joint, axis))
}

/// The sum over k of w[k] times what component k gives, of batch + event shape.
fn average(
    g: &mut Graph,
    inner: &[Instance],
    args: &[Option<Node>],
    part: &dyn Fn(&mut Graph, &Instance) -> Option<Node>,
) -> Option<Node> {
    let weights = probabilities(g, args[0]?);
    let event_rank = inner[0].event_rank();
    let extend = |g: &mut Graph, w: Node| {
        let mut shape = g.shape(w).to_vec();
        shape.extend(std::iter::repeat_n(1, event_rank));
        g.reshape(w, &shape)
    };
    if let [one] = inner {
        let parts = part(g, one)?;
        let weights = extend(g, weights);
        let terms = g.mul(weights, parts);
        let axis = g.shape(terms).len() - 1 - event_rank;
        return Some(g.sum(terms, &[axis]));
    }
    let mut total = g.scalar(0.0);
    for (k, d) in inner.iter().enumerate() {
        let value = part(g, d)?;
        let indicator: Vec<f64> = (0..inner.len()).map(|j| f64::from(j == k)).collect();
        let indicator = g.vector(&indicator);
        let weight = g.mul(weights, indicator);
        let weight = sum_last(g, weight);
        let weight = extend(g, weight);
        let term = g.mul(weight, value);
        total = g.add(total, term);
    }
    Some(total)
}

/// An axis of length 1 for the component, before the event.
fn with_component(g: &mut Graph, x: Node, event_rank: usize) -> Node {
    let mut shape = g.shape(x).to_vec();
    shape.insert(shape.len().saturating_sub(event_rank), 1);
    g.reshape(x, &shape)
}

/// The lowest lower (side 0) or highest upper bound (side 1); `None` where a component has none.
fn hull(
    g: &mut Graph,
    supports: &[Support],
    side: usize,
    along_last: bool,
    wider: fn(&mut Graph, Node, Node) -> Node,
) -> Option<Node> {
    let mut out = None;
    for support in supports {
        let bound = support.bounds()[side]?;
        let widest = if side == 0 { Graph::min_axis } else { Graph::max_axis };
        let bound = hull_of(g, bound, along_last, widest);
        out = Some(match out {
            None => bound,
            Some(other) => wider(g, other, bound),
        });
    }
    out
}

/// The widest bound of the components along the last axis, where that is what they are along.
fn hull_of(
    g: &mut Graph,
    bound: Node,
    along_last: bool,
    widest: fn(&mut Graph, Node, usize) -> Node,
) -> Node {
    match g.shape(bound).len() {
        n if along_last && n > 0 => widest(g, bound, n - 1),
        _ => bound,
    }
}
