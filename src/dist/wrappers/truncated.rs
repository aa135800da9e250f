//! Distributions restricted to a range.

use rand::Rng;

use crate::dist::formula::{between, empty_range, inside, within};
use crate::dist::{Elsewhere, Instance, Param, Range, Sampler, Support, Wrapper};
use crate::tape::{Graph, Node, Program, Tensor};
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

    fn objection(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Option<String> {
        let who = inner[0].describe();
        if inner[0].event_rank() > 0 {
            return Some(format!(
                "truncated takes distributions of numbers, and a draw of {who} is an array"
            ));
        }
        if !inner[0].improper() && log_mass(g, &inner[0], args).is_none() {
            return Some(match &inner[0] {
                Instance::Plain { .. } => format!(
                    "truncated({who}) is not supported yet with these arguments: its distribution function has no \
                     derivative in a shape that depends on a latent"
                ),
                Instance::Wrapped { .. } => format!("truncated({who}) is not supported yet"),
            });
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
        sample_by_inversion(draw, &inner[0], lower, upper, rng).map(|x| vec![x])
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

/// Halvings that take any interval of doubles down to neighbours.
const MAX_HALVINGS: usize = 2_100;

/// A draw by bisection of the distribution function, in logarithms of the smaller tail.
fn sample_by_inversion(
    draw: &Sampler<'_>,
    inner: &Instance,
    lower: f64,
    upper: f64,
    rng: &mut dyn Rng,
) -> Option<f64> {
    let mut g = Graph::new();
    let Instance::Plain { dist, form, args } = inner else { return None };
    let args: Vec<Node> = args.iter().map(|&arg| g.scalar(draw.argument(arg, 0)[0])).collect();
    let here = Instance::Plain { dist: *dist, form: *form, args };
    let number = |g: &Graph, n: Node| g.value(n).and_then(|v: &Tensor| v.iter().next().copied());
    let discrete = inner.element() != ElementType::Real;
    let [low_end, high_end] = here.support(&mut g).bounds();
    let low_end = low_end.and_then(|n| number(&g, n)).unwrap_or(f64::MIN);
    let high_end = high_end.and_then(|n| number(&g, n)).unwrap_or(f64::MAX);
    let (mut low, mut high) = (lower.max(low_end), upper.min(high_end));
    if discrete {
        (low, high) = (low.ceil() - 1.0, high.floor());
    }
    if low.is_nan() || high.is_nan() || low >= high {
        return None;
    }
    let mut tails = tails_of(&here, &mut g)?;
    let (start, end) = (tails(low)?, tails(high)?);
    // Above the median work with the upper tail, which falls.
    let side = usize::from(start[0] > -std::f64::consts::LN_2);
    let u = crate::dist::formula::open_unit(rng);
    let largest = start[side].max(end[side]);
    let target = largest + ((1.0 - u) * (start[side] - largest).exp() + u * (end[side] - largest).exp()).ln();
    for _ in 0..MAX_HALVINGS {
        let middle = midpoint(low, high);
        let middle = if discrete { middle.ceil() } else { middle };
        if !(low < middle && middle < high) {
            break;
        }
        let at = tails(middle)?[side];
        let below_target = if side == 0 { at < target } else { at > target };
        if below_target { low = middle } else { high = middle }
    }
    Some(high)
}

/// x to [log P(X <= x), log P(X > x)].
type Tails<'a> = Box<dyn FnMut(f64) -> Option<[f64; 2]> + 'a>;

/// The tails of a distribution with constant arguments.
fn tails_of<'a>(d: &'a Instance, g: &'a mut Graph) -> Option<Tails<'a>> {
    if d.element() != ElementType::Real {
        // x is the shape of an incomplete gamma or beta function: a constant.
        return Some(Box::new(move |x| {
            let x = g.scalar(x);
            let tails = [d.log_cdf(g, x)?, d.log_ccdf(g, x)?];
            let [below, above] = tails.map(|n| g.value(n).and_then(|v| v.iter().next().copied()));
            Some([below?, above?])
        }));
    }
    let x = g.input(&[]);
    let tails = [d.log_cdf(g, x)?, d.log_ccdf(g, x)?];
    let program = Program::new(g, &[x], &tails);
    let mut ws = program.workspace(1);
    Some(Box::new(move |x| {
        program.run(&mut ws, &[&[x]]);
        Some([0, 1].map(|k| program.output(&ws, k).get(0, 0)))
    }))
}

/// Halves the exponent as long as the ends are orders of magnitude apart, else the distance.
fn midpoint(low: f64, high: f64) -> f64 {
    if low < 0.0 && high > 0.0 {
        0.0
    } else if low >= 0.0 && high > 4.0 * low.max(f64::MIN_POSITIVE) {
        (low.max(f64::MIN_POSITIVE).sqrt()) * high.sqrt()
    } else if high <= 0.0 && low < 4.0 * high.min(-f64::MIN_POSITIVE) {
        -((-high).max(f64::MIN_POSITIVE).sqrt()) * (-low).sqrt()
    } else {
        low + 0.5 * (high - low)
    }
}
