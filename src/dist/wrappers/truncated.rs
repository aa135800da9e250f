//! Distributions restricted to a range.

use rand::Rng;

use crate::dist::formula::{between, empty_range, inside, open_unit, within};
use crate::dist::{Elsewhere, Instance, Param, Range, Sampler, Support, Wrapper};
use crate::tape::{Graph, Node};
use crate::types::ElementType;

/// D given that lower <= x <= upper; bounds may be latent, and a bound that is constant and infinite is none.
pub struct Truncated;

const PARAMS: &[Param] = &[
    Param::optional("lower", Range::Extended, f64::NEG_INFINITY, "lower bound, included"),
    Param::optional("upper", Range::Extended, f64::INFINITY, "upper bound, included"),
];

impl Wrapper for Truncated {
    fn name(&self) -> &'static str {
        "truncated"
    }

    fn summary(&self) -> &'static str {
        "restricted to a range, and renormalised"
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn outside_advice(&self) -> Option<&'static str> {
        Some(
            "nothing beyond the bounds of `truncated` can be observed: leave such rows out of the data, or move the bound",
        )
    }

    fn remedy(&self) -> Option<&'static str> {
        Some(
            "`lower` is to be below `upper`, and some of the distribution between them; only one bound: leave the other out",
        )
    }

    fn support(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Support {
        let support = inner[0].support(g);
        let [lower, upper] = support.bounds();
        let lower = tighter(g, lower, args[0], Graph::max);
        let upper = tighter(g, upper, args[1], Graph::min);
        match support {
            Support::Continuous { .. } => between(g, lower, upper),
            Support::Integers { .. } => {
                let lower = lower.map(|bound| g.ceil(bound));
                let upper = upper.map(|bound| g.floor(bound));
                Support::Integers { lower, upper }
            }
            Support::Counts { .. } => support,
        }
    }

    fn log_density(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>], x: Node) -> Node {
        let mut value = inner[0].log_density(g, x);
        if !inner[0].improper() {
            let log_mass = log_mass(g, &inner[0], args).expect("truncated has raised no objection");
            value = g.sub(value, log_mass);
        }
        let infinity = [f64::NEG_INFINITY, f64::INFINITY];
        let [lower, upper] = [0, 1].map(|side| args[side].unwrap_or_else(|| g.scalar(infinity[side])));
        let support = within(g, x, lower, upper);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>], x: Node) -> Option<Node> {
        let below = log_mass(g, &inner[0], &[args[0], Some(x)])?;
        let all = log_mass(g, &inner[0], args)?;
        Some(g.sub(below, all))
    }

    fn log_ccdf(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>], x: Node) -> Option<Node> {
        let next = if inner[0].element() == ElementType::Real { x } else { g.add_scalar(x, 1.0) };
        let above = log_mass(g, &inner[0], &[Some(next), args[1]])?;
        let all = log_mass(g, &inner[0], args)?;
        Some(g.sub(above, all))
    }

    /// Of distributions with one mode, and of whole numbers from a constant on.
    fn mean(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Option<Node> {
        let [mean, _] = self.moments(g, inner, args)?;
        Some(mean)
    }

    fn sd(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Option<Node> {
        let [_, sd] = self.moments(g, inner, args)?;
        Some(sd)
    }

    fn objection(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Option<String> {
        let who = inner[0].describe();
        if inner[0].event_rank() > 0 {
            return Some(format!(
                "truncated takes distributions of numbers, and a draw of {who} is an array"
            ));
        }
        if !inner[0].improper() && log_mass(g, &inner[0], args).is_none() {
            return Some(format!(
                "truncated({who}) is not possible: {who} has no known distribution function"
            ));
        }
        let [lower, upper] = inner[0].support(g).bounds();
        let lower = tighter(g, lower, args[0], Graph::max);
        let upper = tighter(g, upper, args[1], Graph::min);
        let discrete = inner[0].element() != ElementType::Real;
        let (lower, upper) = empty_range(g, lower, upper, discrete)?;
        Some(format!("truncated({who}) has nothing left: no value lies between {lower} and {upper}"))
    }

    fn sample(
        &self,
        draw: &Sampler<'_>,
        inner: &[Instance],
        args: &[Option<Node>],
        event: &[usize],
        rng: &mut dyn Rng,
    ) -> Option<Vec<f64>> {
        let infinity = [f64::NEG_INFINITY, f64::INFINITY];
        let [lower, upper] =
            [0, 1].map(|side| args[side].map_or(infinity[side], |bound| draw.argument(bound, 0)[0]));
        for _ in 0..MAX_ATTEMPTS {
            let x = inner[0].draw(draw, event, rng)?;
            if x[0] >= lower && x[0] <= upper {
                return Some(x);
            }
        }
        // The range is in a tail: by inversion of the distribution function.
        let mut g = Graph::new();
        let bounds = [lower, upper].map(|bound| Some(g.scalar(bound)));
        let inner = vec![inner[0].at(&mut g, draw)];
        let here = Instance::Wrapped { wrapper: &Truncated, inner, args: bounds.to_vec() };
        let u = open_unit(rng);
        let targets = [g.scalar(u.ln()), g.scalar((-u).ln_1p())];
        let x = here.invert(&mut g, targets)?;
        let x = g.value(x)?.iter().next().copied()?;
        x.is_finite().then(|| vec![x])
    }

    fn formula(&self) -> &'static str {
        "log D(x) - log P(lower <= X <= upper) for lower <= x <= upper"
    }

    fn example(&self) -> &'static str {
        "theta ~ truncated(Normal(1, 0.5), lower = 0)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("D T[lower, upper]"),
            pymc: Some("Truncated(D, lower, upper)"),
            r: Some("brms: y | trunc(lb = lower, ub = upper)"),
        }
    }
}

impl Truncated {
    /// Mean and standard deviation.
    fn moments(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Option<[Node; 2]> {
        if !self.has_one_mode(&inner[0]) || inner[0].improper() {
            return None;
        }
        let here = Instance::Wrapped { wrapper: &Truncated, inner: inner.to_vec(), args: args.to_vec() };
        let [lower, upper] = self.support(g, inner, args).bounds();
        if inner[0].element() != ElementType::Real {
            return here.summed_moments(g).or_else(|| {
                let log_mass = log_mass(g, &inner[0], args)?;
                let endless = |upper| g.value(upper).is_some_and(|v| v.iter().all(|&v| v == f64::INFINITY));
                if upper.is_none_or(endless) { inner[0].moments_from(g, lower?, log_mass) } else { None }
            });
        }
        let moments = here.summed_moments(g)?;
        let (low, high) = (g.scalar(f64::NEG_INFINITY), g.scalar(f64::INFINITY));
        let endless = [(lower, low), (upper, high)].map(|(bound, end)| g.equal(bound.unwrap_or(end), end));
        let somewhere = g.or(endless[0], endless[1]);
        if g.value(somewhere).is_some_and(|v| v.iter().all(|&v| v == 0.0)) {
            return Some(moments);
        }
        // A tail is as heavy as before.
        let everywhere = g.and(endless[0], endless[1]);
        let one_sided = [g.select(endless[1], high, low), high];
        let before = [inner[0].mean(g)?, inner[0].sd(g)?];
        Some([0, 1].map(|k| {
            let size = g.abs(before[k]);
            let finite = g.less(size, high);
            let otherwise = g.select(everywhere, before[k], one_sided[k]);
            // in a tail without end
            let missing = g.less(finite, somewhere);
            g.select(missing, otherwise, moments[k])
        }))
    }

    fn has_one_mode(&self, inner: &Instance) -> bool {
        match inner {
            Instance::Plain { .. } => true,
            Instance::Wrapped { wrapper, inner, .. } => {
                wrapper.name() == self.name() && self.has_one_mode(&inner[0])
            }
        }
    }
}

/// Draws by rejection before inversion takes over: the range is in a tail.
const MAX_ATTEMPTS: usize = 100;

/// A bound of the support and a bound of the user's.
fn tighter(
    g: &mut Graph,
    support: Option<Node>,
    given: Option<Node>,
    tighter: fn(&mut Graph, Node, Node) -> Node,
) -> Option<Node> {
    match (support, given) {
        (Some(a), Some(b)) => Some(tighter(g, a, b)),
        (one, None) | (None, one) => one,
    }
}

/// log P(lower <= X <= upper). `None` where the distribution function is not known.
fn log_mass(g: &mut Graph, inner: &Instance, args: &[Option<Node>]) -> Option<Node> {
    let support = inner.support(g).bounds();
    let discrete = inner.element() != ElementType::Real;
    let lower = args[0].and_then(|bound| Bound::new(g, bound, support, discrete, Edge::Lower));
    let upper = args[1].and_then(|bound| Bound::new(g, bound, support, discrete, Edge::Upper));
    match (lower, upper) {
        (None, None) => Some(g.scalar(0.0)),
        (Some(lower), None) => lower.log_above(g, inner),
        (None, Some(upper)) => upper.log_below(g, inner),
        (Some(lower), Some(upper)) => {
            // P(X <= upper) - P(X <= lower), or the difference of the upper tails where the range lies above the
            // median: whichever is a difference of small numbers.
            let (below_lower, below_upper) = (lower.log_below(g, inner)?, upper.log_below(g, inner)?);
            let (above_lower, above_upper) = (lower.log_above(g, inner)?, upper.log_above(g, inner)?);
            let log_half = g.scalar(-std::f64::consts::LN_2);
            let high = g.less(log_half, below_lower);
            let larger = g.select(high, above_lower, below_upper);
            let smaller = g.select(high, above_upper, below_lower);
            let log_ratio = g.sub(smaller, larger);
            let log_share = g.log1m_exp(log_ratio);
            Some(g.add(larger, log_share))
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Edge {
    Lower,
    Upper,
}

/// Where a distribution function is asked: a bound inside the support.
struct Bound {
    at: Node,
    /// For constant bounds some of which do not bind: 1 where they do.
    binds: Option<Node>,
    edge: Edge,
}

impl Bound {
    /// `None` where the bound does not bind anywhere.
    fn new(
        g: &mut Graph,
        bound: Node,
        support: [Option<Node>; 2],
        discrete: bool,
        edge: Edge,
    ) -> Option<Bound> {
        let bound = match (discrete, edge) {
            // P(X >= lower) = P(X > lower - 1)
            (true, Edge::Lower) => {
                let bound = g.ceil(bound);
                g.add_scalar(bound, -1.0)
            }
            (true, Edge::Upper) => g.floor(bound),
            (false, _) => bound,
        };
        let end = match edge {
            Edge::Lower => support[0],
            Edge::Upper => support[1],
        };
        let nearest = match (end, edge) {
            (Some(end), Edge::Lower) => g.less_equal(end, bound),
            (Some(end), Edge::Upper) => g.less_equal(bound, end),
            (None, _) => g.scalar(1.0),
        };
        // A bound of a continuous distribution at the very end of its support does not bind either.
        let strict = match end {
            Some(end) if !discrete => g.not_equal(bound, end),
            Some(end) if edge == Edge::Upper => g.not_equal(bound, end),
            _ => g.scalar(1.0),
        };
        let infinite = g.scalar(match edge {
            Edge::Lower => f64::NEG_INFINITY,
            Edge::Upper => f64::INFINITY,
        });
        let finite = g.not_equal(bound, infinite);
        let binds = g.and(nearest, strict);
        let binds = g.and(binds, finite);
        let Some(constant) = g.value(binds).cloned() else {
            return Some(Bound { at: bound, binds: Some(binds), edge });
        };
        if constant.iter().all(|&b| b == 0.0) {
            return None;
        }
        if constant.iter().all(|&b| b == 1.0) {
            return Some(Bound { at: bound, binds: None, edge });
        }
        Some(Bound { at: bound, binds: Some(binds), edge })
    }

    /// log P(X <= bound)
    fn log_below(&self, g: &mut Graph, inner: &Instance) -> Option<Node> {
        let value = inner.log_cdf(g, self.at)?;
        Some(self.or_all(g, value, if self.edge == Edge::Upper { 0.0 } else { f64::NEG_INFINITY }))
    }

    /// log P(X > bound)
    fn log_above(&self, g: &mut Graph, inner: &Instance) -> Option<Node> {
        let value = inner.log_ccdf(g, self.at)?;
        Some(self.or_all(g, value, if self.edge == Edge::Lower { 0.0 } else { f64::NEG_INFINITY }))
    }

    /// `value` where the bound binds, else what it is at the end of the support.
    fn or_all(&self, g: &mut Graph, value: Node, end: f64) -> Node {
        let Some(binds) = self.binds else { return value };
        let end = g.scalar(end);
        g.select(binds, value, end)
    }
}
