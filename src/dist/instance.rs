//! What can be asked of a distribution once its arguments are known.

use rand::Rng;

use crate::tape::{Graph, Node, Tensor};
use crate::types::{ElementType, unravel};

use super::incomplete::broadcast_position;
use super::{Instance, Support};

/// Values that are listed one by one: more are no finite support to sum over.
const MAX_SUPPORT: f64 = 1e3;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Tail {
    Lower,
    Upper,
}

impl Instance {
    pub fn event_rank(&self) -> usize {
        match self {
            Instance::Plain { dist, .. } => dist.event_rank(),
            Instance::Wrapped { wrapper, inner, .. } => wrapper.event_rank(inner),
        }
    }

    pub fn element(&self) -> ElementType {
        match self {
            Instance::Plain { dist, .. } => dist.element(),
            Instance::Wrapped { inner, .. } => inner[0].element(),
        }
    }

    pub fn support(&self, g: &mut Graph) -> Support {
        match self {
            Instance::Plain { dist, form, args } => dist.support(g, *form, args),
            Instance::Wrapped { wrapper, inner, args } => wrapper.support(g, inner, args),
        }
    }

    /// Numbers with a probability of their own, of the batch shape, in a continuous distribution.
    pub fn atoms(&self, g: &mut Graph) -> Vec<Node> {
        match self {
            Instance::Plain { .. } => Vec::new(),
            Instance::Wrapped { wrapper, inner, args } => wrapper.atoms(g, inner, args),
        }
    }

    /// What to write for a latent instead of a distribution with atoms.
    pub fn latent_advice(&self) -> &'static str {
        match self {
            Instance::Plain { .. } => "",
            Instance::Wrapped { wrapper, inner, .. } => match wrapper.latent_advice() {
                "" => inner[0].latent_advice(),
                words => words,
            },
        }
    }

    /// Where the density has a corner inside its support; of wrappers, where that of the distribution inside is.
    pub(super) fn corner(&self) -> Option<Node> {
        match self {
            Instance::Plain { dist, form, args } => dist.corner(*form, args),
            Instance::Wrapped { inner, .. } => inner[0].corner(),
        }
    }

    /// log density at `x`, of the batch shape.
    pub fn log_density(&self, g: &mut Graph, x: Node) -> Node {
        match self {
            Instance::Plain { dist, form, args } => dist.log_density(g, *form, args, x),
            Instance::Wrapped { wrapper, inner, args } => wrapper.log_density(g, inner, args, x),
        }
    }

    /// log P(X <= x) at any x, where it is known.
    pub fn log_cdf(&self, g: &mut Graph, x: Node) -> Option<Node> {
        self.tail(g, x, Tail::Lower)
    }

    /// log P(X > x) at any x, where it is known.
    pub fn log_ccdf(&self, g: &mut Graph, x: Node) -> Option<Node> {
        self.tail(g, x, Tail::Upper)
    }

    /// The formula of a tail where x lies in the support, 0 or 1 on either side of it.
    fn tail(&self, g: &mut Graph, x: Node, tail: Tail) -> Option<Node> {
        let discrete = self.element() != ElementType::Real;
        let x = if discrete { g.floor(x) } else { x };
        let formula = match (self, tail) {
            (Instance::Plain { dist, form, args }, Tail::Lower) => dist.log_cdf(g, *form, args, x),
            (Instance::Plain { dist, form, args }, Tail::Upper) => dist.log_ccdf(g, *form, args, x),
            (Instance::Wrapped { wrapper, inner, args }, Tail::Lower) => wrapper.log_cdf(g, inner, args, x),
            (Instance::Wrapped { wrapper, inner, args }, Tail::Upper) => wrapper.log_ccdf(g, inner, args, x),
        };
        let mut value = formula?;
        if !self.atoms(g).is_empty() {
            // A wrapper with atoms knows its tails everywhere.
            return Some(value);
        }
        let [lower, upper] = self.support(g).bounds();
        let (none, all) = (g.scalar(f64::NEG_INFINITY), g.scalar(0.0));
        let (below, above) = if tail == Tail::Lower { (none, all) } else { (all, none) };
        let mut where_outside = |g: &mut Graph, outside: Node, end: Node| {
            if g.value(outside).is_none_or(|v| v.iter().any(|&v| v != 0.0)) {
                value = g.select(outside, end, value);
            }
        };
        if let Some(lower) = lower {
            // A wrapped distribution may have an atom at the end.
            let closed = discrete || matches!(self, Instance::Wrapped { .. });
            let outside = if closed { g.less(x, lower) } else { g.less_equal(x, lower) };
            where_outside(g, outside, below);
        }
        if let Some(upper) = upper {
            let outside = g.less_equal(upper, x);
            where_outside(g, outside, above);
        }
        Some(value)
    }

    /// Why there is no such distribution, or some wrapper in here cannot take what it wraps, in words for the user.
    pub fn objection(&self, g: &mut Graph) -> Option<String> {
        let (wrapper, inner, args) = match self {
            Instance::Plain { dist, form, args } => {
                let mismatch = {
                    let shapes: Vec<&[usize]> = args.iter().map(|&arg| g.shape(arg)).collect();
                    dist.event_mismatch(*form, &shapes)
                };
                return mismatch.or_else(|| dist.objection(g, *form, args));
            }
            Instance::Wrapped { wrapper, inner, args } => (wrapper, inner, args),
        };
        if let Some(words) = inner.iter().find_map(|d| d.objection(g)) {
            return Some(words);
        }
        let with_atoms = inner.iter().find(|d| !wrapper.takes_atoms() && !d.atoms(g).is_empty());
        if let Some(d) = with_atoms {
            let (name, who) = (wrapper.name(), d.describe());
            return Some(format!("{name} cannot take {who}, which gives single numbers a probability"));
        }
        wrapper.objection(g, inner, args)
    }

    /// What to change where there is an objection.
    pub fn remedy(&self, g: &mut Graph) -> Option<&'static str> {
        match self {
            Instance::Plain { dist, .. } => dist.remedy(),
            Instance::Wrapped { wrapper, inner, .. } => {
                match inner.iter().find(|d| d.objection(g).is_some()) {
                    Some(refused) => refused.remedy(g),
                    None => wrapper.remedy(),
                }
            }
        }
    }

    /// Whether the density does not integrate (`Flat`).
    pub fn improper(&self) -> bool {
        match self {
            Instance::Plain { dist, .. } => dist.improper(),
            Instance::Wrapped { inner, .. } => inner.iter().any(Instance::improper),
        }
    }

    /// Whether the density integrates to 1, so that evidences mean something.
    pub fn normalized(&self, g: &mut Graph) -> bool {
        match self {
            Instance::Plain { dist, .. } => !dist.improper(),
            Instance::Wrapped { wrapper, inner, args } => wrapper.normalized(g, inner, args),
        }
    }

    /// The mean, of batch + event shape (perhaps yet to be broadcast); `None` where there is none or no formula.
    pub fn mean(&self, g: &mut Graph) -> Option<Node> {
        match self {
            Instance::Plain { dist, form, args } => dist.mean(g, *form, args),
            Instance::Wrapped { wrapper, inner, args } => wrapper.mean(g, inner, args),
        }
    }

    /// The standard deviation of every element, as the mean.
    pub fn sd(&self, g: &mut Graph) -> Option<Node> {
        match self {
            Instance::Plain { dist, form, args } => dist.sd(g, *form, args),
            Instance::Wrapped { wrapper, inner, args } => wrapper.sd(g, inner, args),
        }
    }

    /// The values of a discrete distribution with constant bounds, in order, over all elements of the batch: 1, ..., K of a
    /// `Categorical`; 0 and 1 of a `Bernoulli`. `None` where they are not finitely many.
    pub fn support_values(&self, g: &mut Graph) -> Option<Vec<f64>> {
        let Support::Integers { lower: Some(lower), upper: Some(upper) } = self.support(g) else {
            return None;
        };
        let lowest = g.value(lower)?.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = g.value(upper)?.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let n = highest - lowest + 1.0;
        (0.0..=MAX_SUPPORT).contains(&n).then(|| (0..n as usize).map(|k| lowest + k as f64).collect())
    }

    /// Every node that the distribution depends on: what [`Instance::sample`] asks the values of.
    pub fn arguments(&self) -> Vec<Node> {
        match self {
            Instance::Plain { args, .. } => args.clone(),
            Instance::Wrapped { inner, args, .. } => {
                args.iter().flatten().copied().chain(inner.iter().flat_map(Instance::arguments)).collect()
            }
        }
    }

    /// The same distribution of other nodes.
    pub fn with_arguments(&self, replace: &mut dyn FnMut(Node) -> Node) -> Instance {
        match self {
            Instance::Plain { dist, form, args } => Instance::Plain {
                dist: *dist,
                form: *form,
                args: args.iter().map(|&arg| replace(arg)).collect(),
            },
            Instance::Wrapped { wrapper, inner, args } => Instance::Wrapped {
                wrapper: *wrapper,
                inner: inner.iter().map(|d| d.with_arguments(replace)).collect(),
                args: args.iter().map(|arg| arg.map(&mut *replace)).collect(),
            },
        }
    }

    /// The distribution of one draw in a graph of its own, of constants.
    pub(super) fn at(&self, g: &mut Graph, sampler: &Sampler<'_>) -> Instance {
        self.at_components(g, sampler, 0)
    }

    /// `axes` are batch axes that belong to the draw: a mixture's components.
    fn at_components(&self, g: &mut Graph, sampler: &Sampler<'_>, axes: usize) -> Instance {
        let here = |g: &mut Graph, arg: Node, rank: usize| g.constant(sampler.tensor(arg, rank + axes));
        match self {
            Instance::Plain { dist, form, args } => {
                let params = dist.forms()[*form];
                let args = args.iter().zip(params).map(|(&arg, param)| here(g, arg, param.rank)).collect();
                Instance::Plain { dist: *dist, form: *form, args }
            }
            Instance::Wrapped { wrapper, inner, args } => {
                let own = args.iter().zip(wrapper.params());
                let args = own.map(|(arg, param)| arg.map(|arg| here(g, arg, param.rank))).collect();
                let axes = axes + wrapper.inner_rank(inner.len());
                let inner = inner.iter().map(|d| d.at_components(g, sampler, axes)).collect();
                Instance::Wrapped { wrapper: *wrapper, inner, args }
            }
        }
    }

    /// One draw of an array of `shape` (batch and event dimensions); `value` gives the values of
    /// [`Instance::arguments`], of their shapes in the graph. `None` where there is no way to draw.
    pub fn sample(
        &self,
        value: &dyn Fn(Node) -> Tensor,
        shape: &[usize],
        rng: &mut dyn Rng,
    ) -> Option<Vec<f64>> {
        self.sample_batch(value, shape, |_, draw| draw(rng))
    }

    /// [`Instance::sample`] with a generator for each element of the batch.
    pub fn sample_each<R: Rng>(
        &self,
        value: &dyn Fn(Node) -> Tensor,
        shape: &[usize],
        rng: impl Fn(usize) -> R,
    ) -> Option<Vec<f64>> {
        self.sample_batch(value, shape, |i, draw| draw(&mut rng(i)))
    }

    /// Asks for a draw of each element of the batch.
    fn sample_batch(
        &self,
        value: &dyn Fn(Node) -> Tensor,
        shape: &[usize],
        mut ask: impl FnMut(usize, &dyn Fn(&mut dyn Rng) -> Option<Vec<f64>>) -> Option<Vec<f64>>,
    ) -> Option<Vec<f64>> {
        let (batch, event) = shape.split_at(shape.len().checked_sub(self.event_rank())?);
        let size: usize = batch.iter().product();
        let mut out = Vec::with_capacity(shape.iter().product());
        for i in 0..size {
            let at = unravel(i, batch);
            out.extend(ask(i, &|rng| self.draw(&Sampler { value, batch, at: &at }, event, rng))?);
        }
        Some(out)
    }

    /// One draw at one position of the batch.
    pub(super) fn draw(&self, sampler: &Sampler<'_>, event: &[usize], rng: &mut dyn Rng) -> Option<Vec<f64>> {
        match self {
            Instance::Plain { dist, form, args } => {
                if dist.improper() {
                    return None;
                }
                let params = dist.forms()[*form];
                let values: Vec<Vec<f64>> =
                    args.iter().zip(params).map(|(&arg, param)| sampler.argument(arg, param.rank)).collect();
                let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
                let mut out = vec![0.0; event.iter().product()];
                dist.sample(*form, &values, rng, &mut out);
                Some(out)
            }
            Instance::Wrapped { wrapper, inner, args } => wrapper.sample(sampler, inner, args, event, rng),
        }
    }

    /// Whether the elements along the last batch axis are independent and identically distributed.
    pub(super) fn identical_along_last(&self, g: &Graph) -> bool {
        let same = |arg: Node, rank: usize| {
            let shape = g.shape(arg);
            let Some(axis) = shape.len().checked_sub(rank + 1) else { return true };
            let n = shape[axis];
            if n <= 1 {
                return true;
            }
            // A constant may repeat itself.
            g.value(arg).is_some_and(|value| {
                let inner: usize = shape[axis + 1..].iter().product();
                let value: Vec<f64> = value.iter().copied().collect();
                value
                    .chunks_exact(n * inner)
                    .all(|row| row.chunks_exact(inner).all(|element| element == &row[..inner]))
            })
        };
        match self {
            Instance::Plain { dist, form, args } => {
                args.iter().zip(dist.forms()[*form]).all(|(&arg, param)| same(arg, param.rank))
            }
            Instance::Wrapped { wrapper, inner, args } => {
                let given = args.iter().zip(wrapper.params());
                inner.len() == 1
                    && wrapper.inner_rank(1) == 0
                    && wrapper.event_rank(inner) == 0
                    && given.filter_map(|(arg, param)| Some(((*arg)?, param.rank))).all(|(a, r)| same(a, r))
                    && inner[0].identical_along_last(g)
            }
        }
    }

    /// A name for messages: `truncated(Normal)`.
    pub fn describe(&self) -> String {
        match self {
            Instance::Plain { dist, .. } => dist.name().to_string(),
            Instance::Wrapped { wrapper, inner, .. } => {
                let inner: Vec<String> = inner.iter().map(Instance::describe).collect();
                format!("{}({})", wrapper.name(), inner.join(", "))
            }
        }
    }
}

/// One position of a batch, and the values of arguments there.
pub struct Sampler<'a> {
    pub value: &'a dyn Fn(Node) -> Tensor,
    /// Batch dimensions.
    pub batch: &'a [usize],
    /// Position, one index for each batch dimension.
    pub at: &'a [usize],
}

impl Sampler<'_> {
    /// The argument of one draw: its last `rank` dimensions at this position, row-major.
    pub fn argument(&self, node: Node, rank: usize) -> Vec<f64> {
        self.tensor(node, rank).iter().copied().collect()
    }

    /// As [`Sampler::argument`], with the dimensions that it has.
    fn tensor(&self, node: Node, rank: usize) -> Tensor {
        let value = (self.value)(node);
        let (batch, event) = value.shape().split_at(value.ndim().saturating_sub(rank));
        let size: usize = event.iter().product();
        let flat = self.at.iter().zip(self.batch).fold(0, |flat, (&i, &n)| flat * n + i);
        let start = broadcast_position(flat, self.batch, batch) * size;
        let elements = match value.as_slice() {
            Some(values) => values[start..start + size].to_vec(),
            None => value.iter().skip(start).take(size).copied().collect(),
        };
        ndarray::ArrayD::from_shape_vec(event, elements)
            .expect("as many elements as the shape says")
            .into_shared()
    }
}
