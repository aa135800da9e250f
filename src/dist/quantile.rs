//! Quantiles of any distribution of numbers: the inverse of its distribution function.

use std::collections::HashMap;
use std::sync::Arc;

use crate::tape::{Graph, Node, Op, Operand, Program};
use crate::types::{ElementType, broadcast_dims};

use super::incomplete::broadcast_position;
use super::{Instance, formula};

impl Instance {
    /// The p-quantile, of the batch shape: the smallest x with P(X <= x) >= p; NaN for p outside [0, 1]. `None` where no
    /// distribution function is known. With derivatives in p and the arguments where X is continuous; p is a number whose
    /// rounding (a few units in the last place) moves no discrete quantile. A discrete quantile beyond 2^53 is NaN.
    pub fn quantile(&self, g: &mut Graph, p: Node) -> Option<Node> {
        let closed = match self {
            Instance::Plain { dist, form, args } => dist.quantile(g, *form, args, p),
            Instance::Wrapped { .. } => None,
        };
        if let Some(x) = closed {
            let (zero, one, nan) = (g.scalar(0.0), g.scalar(1.0), g.scalar(f64::NAN));
            let valid = formula::within(g, p, zero, one);
            return Some(g.select(valid, x, nan));
        }
        let negative = g.neg(p);
        let targets = [g.log(p), g.log1p(negative)];
        self.quantile_of_logs(g, targets)
    }

    /// The quantile at log p and log(1 - p), the smaller of which counts.
    pub(super) fn quantile_of_logs(&self, g: &mut Graph, targets: [Node; 2]) -> Option<Node> {
        let mut x = self.invert(g, targets)?;
        if self.element() == ElementType::Real {
            // Two steps of Newton's method from the root give its first two derivatives.
            for _ in 0..2 {
                let step = self.newton_step(g, targets, x)?;
                x = g.sub(x, step);
            }
        }
        Some(x)
    }

    /// What an inverse without derivatives lacks: 0 at the root but for its derivatives, and off the root, where the
    /// distribution function jumps over the target.
    fn newton_step(&self, g: &mut Graph, targets: [Node; 2], x: Node) -> Option<Node> {
        let low = g.less(targets[0], targets[1]);
        let (below, above) = (self.log_cdf(g, x)?, self.log_ccdf(g, x)?);
        let log_density = self.log_density(g, x);
        let (tail, target) = (g.select(low, below, above), g.select(low, targets[0], targets[1]));
        let log_hazard = g.sub(log_density, tail);
        let hazard = g.exp(log_hazard);
        let falling = g.neg(hazard);
        let slope = g.select(low, hazard, falling);
        let miss = g.sub(tail, target);
        let step = g.div(miss, slope);
        let (size, distance) = (g.abs(target), g.abs(miss));
        let (one, zero, limit) = (g.scalar(1.0), g.scalar(0.0), g.scalar(f64::MAX));
        let size = g.max(size, one);
        let tolerance = g.mul_scalar(size, ON_TARGET);
        let (near, rises, finite) =
            (g.less_equal(distance, tolerance), g.less(zero, hazard), g.less(hazard, limit));
        let usable = g.and(near, rises);
        let usable = g.and(usable, finite);
        Some(g.select(usable, step, zero))
    }

    /// The quantile without derivatives.
    pub(super) fn invert(&self, g: &mut Graph, targets: [Node; 2]) -> Option<Node> {
        if self.event_rank() > 0 {
            return None;
        }
        let mut inner = Graph::new();
        let mut known: HashMap<Node, Node> = HashMap::new();
        let (mut varying, mut inputs) = (Vec::new(), Vec::new());
        let here = self.with_arguments(&mut |node| {
            *known.entry(node).or_insert_with(|| match g.value(node) {
                Some(value) => inner.constant(value.clone()),
                None => {
                    varying.push(node);
                    inputs.push(inner.input(g.shape(node)));
                    inputs[inputs.len() - 1]
                }
            })
        });
        // The shape of the batch is that of a tail at one number.
        let probe = inner.scalar(0.0);
        let batch = here.log_cdf(&mut inner, probe)?;
        let shape = targets.iter().try_fold(inner.shape(batch).to_vec(), |shape, &target| {
            broadcast_dims(&shape, g.shape(target))
        })?;
        let x = inner.input(&shape);
        // An atom may be the end of a support that leaves it out.
        let [lower, upper] = match here.atoms(&mut inner)[..] {
            [] => here.support(&mut inner).bounds(),
            _ => [None, None],
        };
        let lower = lower.unwrap_or_else(|| inner.scalar(f64::NEG_INFINITY));
        let upper = upper.unwrap_or_else(|| inner.scalar(f64::INFINITY));
        let outputs = [here.log_cdf(&mut inner, x)?, here.log_ccdf(&mut inner, x)?, lower, upper]
            .map(|node| inner.broadcast(node, &shape));
        let program = Program::staged(&inner, &inputs, &[x], &outputs);
        let discrete = self.element() != ElementType::Real;
        let closed = matches!(self, Instance::Wrapped { .. });
        let op = Invert { program, shape, discrete, closed };
        let args: Vec<Node> = targets.into_iter().chain(varying).collect();
        Some(g.apply(Arc::new(op), &args))
    }
}

/// How far the logarithm of a tail may be from its target (relative to the larger of it and 1) for the quantile to be a
/// root: beyond, the distribution function jumps.
const ON_TARGET: f64 = 1e-6;

/// Rounding of a probability that a discrete quantile looks over, relative to a lower tail and absolute for an upper one: a
/// probability that a distribution function gave has its own argument as quantile.
const SLACK: f64 = 64.0 * f64::EPSILON;
const UPPER_SLACK: f64 = f64::EPSILON;

/// A tail this close to its target, relative to the larger of its logarithm and 1, is on it.
const ROUNDING: f64 = f64::EPSILON;

/// Whole numbers are searched up to here; beyond, neighbours are no doubles, and a quantile is NaN.
const LARGEST_INTEGER: f64 = (1_u64 << 53) as f64;

/// Halvings between any two doubles, counted one by one, and 16 more. Whole numbers take a few more to be reached.
const MAX_STEPS: i32 = 80;
const MAX_STEPS_DISCRETE: i32 = MAX_STEPS + 10;

/// x with these tails, elementwise, over (log p, log(1 - p), arguments of a distribution ...). It has no derivatives: they are
/// those of a Newton step from here.
///
/// Chandrupatla's method over the doubles in their order: inverse quadratic interpolation where it is safe, else bisection,
/// which also takes over where as many steps as are left could otherwise be too few. Chandrupatla (1997), "A new hybrid
/// quadratic/bisection algorithm for finding the zero of a nonlinear function without using derivatives".
#[derive(Debug)]
struct Invert {
    /// (arguments; x) to (log P(X <= x), log P(X > x), lower, upper)
    program: Program,
    shape: Vec<usize>,
    discrete: bool,
    /// There may be an atom at the lower end.
    closed: bool,
}

/// The bracket of one element.
#[derive(Clone, Copy)]
struct Bracket {
    /// P(X <= low) < p <= P(X <= high)
    low: f64,
    high: f64,
    /// How far the tails there are from the target; infinite where not known.
    below: f64,
    above: f64,
    /// The end that the last step replaced, and how far its tail was from the target
    left: Option<(f64, f64)>,
    /// Whether the last step moved the lower end
    moved_low: bool,
    /// log p or log(1 - p), the smaller
    target: f64,
    is_lower: bool,
}

impl Bracket {
    fn new(targets: [f64; 2], bounds: [f64; 2], op: &Invert) -> Bracket {
        let is_lower = targets[0] < targets[1];
        let target = if is_lower { targets[0] } else { targets[1] };
        let [mut low, mut high] = bounds;
        if op.discrete {
            low = (low - 1.0).max(-LARGEST_INTEGER);
            high = high.min(LARGEST_INTEGER);
        } else if op.closed {
            low = low.next_down();
        }
        let (below, above) = (f64::NEG_INFINITY, f64::INFINITY);
        let open = Bracket { low, high, below, above, left: None, moved_low: false, target, is_lower };
        let whole = |x: f64| Bracket { low: x, high: x, ..open };
        if targets.iter().any(|t| t.is_nan()) || bounds.iter().any(|b| b.is_nan()) {
            return whole(f64::NAN);
        }
        match target == f64::NEG_INFINITY {
            true if is_lower => whole(bounds[0]),
            true => whole(bounds[1]),
            false => open,
        }
    }

    /// A point inside the bracket, or `None` where it is as narrow as it gets.
    fn middle(&self, discrete: bool, step: i32) -> Option<f64> {
        if self.low.is_nan() || self.low >= self.high {
            return None;
        }
        let low = position(self.low);
        let gap = position(self.high).wrapping_sub(low) as u64;
        let share = self.interpolated(low, gap).filter(|&share| {
            let most_left = gap as f64 * share.max(1.0 - share);
            most_left <= 2f64.powi(MAX_STEPS - 1 - step)
        });
        let advance = share.map_or(gap / 2, |share| (gap as f64 * share) as u64);
        let advance = advance.clamp(1, gap.saturating_sub(1).max(1));
        let middle = number(low.wrapping_add(advance as i64));
        if discrete {
            let middle = middle.floor().max(self.low + 1.0).min(self.high - 1.0);
            return (self.low < middle).then_some(middle);
        }
        (gap > 1).then_some(middle)
    }

    /// Where in the bracket, from 0 to 1, the inverse parabola through its ends and the point before meets 0.
    fn interpolated(&self, low: i64, gap: u64) -> Option<f64> {
        let (before, f_before) = self.left?;
        let away = position(before).wrapping_sub(low);
        // From the end that moved last, a, to the other one, b; c is the point before, on the side of a.
        let (a, b, c) =
            if self.moved_low { (0.0, gap as f64, away as f64) } else { (gap as f64, 0.0, away as f64) };
        let (f_a, f_b) = if self.moved_low { (self.below, self.above) } else { (self.above, self.below) };
        let (width, height) = ((a - b) / (c - b), (f_a - f_b) / (f_before - f_b));
        // (false also for infinite heights)
        let safe = height * height < width && (1.0 - height) * (1.0 - height) < 1.0 - width;
        let t = f_a / (f_b - f_a) * f_before / (f_b - f_before)
            + (c - a) / (b - a) * f_a / (f_before - f_a) * f_b / (f_before - f_b);
        let share = if self.moved_low { t } else { 1.0 - t };
        (safe && 0.0 < share && share < 1.0).then_some(share)
    }

    fn narrow(&mut self, middle: f64, tails: [f64; 2], discrete: bool) {
        let excess = if self.is_lower { tails[0] - self.target } else { self.target - tails[1] };
        let slack = match (discrete, self.is_lower) {
            (false, _) => 0.0,
            (true, true) => SLACK * self.target.abs().max(1.0),
            (true, false) => (UPPER_SLACK / self.target.exp()).ln_1p() + SLACK,
        };
        if excess.is_nan() {
            (self.low, self.high) = (f64::NAN, f64::NAN);
        } else if !discrete && excess.abs() <= ROUNDING * self.target.abs().max(1.0) {
            (self.low, self.high) = (middle, middle);
        } else if excess >= -slack {
            self.left = Some((self.high, self.above));
            (self.high, self.above, self.moved_low) = (middle, excess, false);
        } else {
            self.left = Some((self.low, self.below));
            (self.low, self.below, self.moved_low) = (middle, excess, true);
        }
    }

    /// What the search has found.
    fn quantile(&self, discrete: bool) -> f64 {
        // An end that no distribution function was asked at
        let unseen = self.below == f64::NEG_INFINITY && self.low <= -LARGEST_INTEGER
            || self.above == f64::INFINITY && self.high >= LARGEST_INTEGER;
        if discrete && self.low < self.high && unseen { f64::NAN } else { self.high }
    }
}

/// Doubles in their order as whole numbers, neighbours as neighbours.
fn position(x: f64) -> i64 {
    let bits = (x + 0.0).to_bits() as i64;
    bits ^ ((bits >> 63) & i64::MAX)
}

/// The inverse of [`position`].
fn number(position: i64) -> f64 {
    f64::from_bits((position ^ ((position >> 63) & i64::MAX)) as u64)
}

impl Op for Invert {
    fn name(&self) -> &'static str {
        "invert_tails"
    }

    fn shape(&self, _args: &[&[usize]]) -> Vec<usize> {
        self.shape.clone()
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let mut ws = self.program.workspace(lanes);
        let inputs: Vec<Vec<f64>> = args[2..].iter().map(|arg| spread(arg, lanes)).collect();
        let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
        self.program.run(&mut ws, &inputs);
        out.fill(0.0);
        self.program.run_directions(&mut ws, &[out]);
        let mut brackets: Vec<Bracket> = (0..out.len())
            .map(|k| {
                let (i, lane) = (k / lanes, k % lanes);
                let targets = [0, 1].map(|side| {
                    let Operand { data, shape, lanes: own } = args[side];
                    let at = broadcast_position(i, &self.shape, shape);
                    data[at * own + if own == 1 { 0 } else { lane }]
                });
                let bounds = [2, 3].map(|side| self.program.output(&ws, side).get(i, lane));
                Bracket::new(targets, bounds, self)
            })
            .collect();
        for step in 0..if self.discrete { MAX_STEPS_DISCRETE } else { MAX_STEPS } {
            let mut open = false;
            for (x, bracket) in out.iter_mut().zip(&brackets) {
                let middle = bracket.middle(self.discrete, step);
                open |= middle.is_some();
                *x = middle.unwrap_or(bracket.high);
            }
            if !open {
                break;
            }
            self.program.run_directions(&mut ws, &[out]);
            for (k, bracket) in brackets.iter_mut().enumerate() {
                let (i, lane) = (k / lanes, k % lanes);
                if bracket.middle(self.discrete, step).is_some() {
                    let tails = [0, 1].map(|side| self.program.output(&ws, side).get(i, lane));
                    bracket.narrow(out[k], tails, self.discrete);
                }
            }
        }
        for (x, bracket) in out.iter_mut().zip(&brackets) {
            *x = bracket.quantile(self.discrete);
        }
    }

    fn tangent(&self, _g: &mut Graph, _args: &[Node], _y: Node, _tangents: &[Option<Node>]) -> Option<Node> {
        None
    }

    fn adjoint(
        &self,
        _g: &mut Graph,
        args: &[Node],
        _y: Node,
        _dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        vec![None; args.len()]
    }

    fn fingerprint(&self) -> Option<u64> {
        None
    }
}

/// The values of an argument in every lane.
fn spread(arg: &Operand<'_>, lanes: usize) -> Vec<f64> {
    if arg.lanes == lanes {
        return arg.data.to_vec();
    }
    arg.data.iter().flat_map(|&x| std::iter::repeat_n(x, lanes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INF: f64 = f64::INFINITY;

    /// log P(X <= x), bounds, median
    type Search<'a> = (&'a dyn Fn(f64) -> f64, [f64; 2], f64);

    /// How many times a search for the median asks for the tails, and what it finds.
    fn search(log_cdf: impl Fn(f64) -> f64, [low, high]: [f64; 2]) -> (i32, f64) {
        let target = -std::f64::consts::LN_2;
        let (below, above) = (-INF, INF);
        let mut bracket =
            Bracket { low, high, below, above, left: None, moved_low: false, target, is_lower: true };
        let mut steps = 0;
        while let Some(middle) = bracket.middle(false, steps) {
            bracket.narrow(middle, [log_cdf(middle), f64::NAN], false);
            steps += 1;
        }
        (steps, bracket.quantile(false))
    }

    #[test]
    fn searches_are_short() {
        let close = |x: f64, expected: f64| {
            assert!((x - expected).abs() <= 4e-15 * expected.abs(), "{x:e} is not {expected:e}");
        };
        let smooth: [Search<'_>; 4] = [
            (&|x| (-(-x).exp_m1()).ln(), [0.0, INF], std::f64::consts::LN_2),
            (&|x| -(-x).exp(), [-INF, INF], 0.366_512_920_581_664_35),
            (&|x| -x.powf(-7.5), [0.0, INF], 1.050_082_139_716_187),
            (&|x| 3.0 * x.ln(), [0.0, 1.0], 0.793_700_525_984_099_8),
        ];
        for (log_cdf, bounds, median) in smooth {
            let (steps, x) = search(log_cdf, bounds);
            close(x, median);
            assert!(steps <= 24, "{steps} for {median}");
        }
        // A jump, a root that is flat as can be, one that is steep, and one in the smallest numbers
        let hard: [Search<'_>; 4] = [
            (&|x| if x < 3.7 { -800.0 } else { -1e-9 }, [-INF, INF], 3.7),
            (&|x| (x - 2.0).powi(21).max(-1e300) - std::f64::consts::LN_2, [-INF, INF], 2.0),
            (&|x| (x - 2.0).cbrt().max(-1e300) - std::f64::consts::LN_2, [-INF, INF], 2.0),
            (&|x| if x < 1e-310 { -1.0 } else { -0.1 - 0.1 / x.max(1.0) }, [0.0, INF], 1e-310),
        ];
        for (log_cdf, bounds, median) in hard {
            let (steps, x) = search(log_cdf, bounds);
            assert!((x - median).abs() <= 0.1 * median, "{x:e} is not {median:e}");
            assert!(steps <= MAX_STEPS, "{steps} for {median}");
        }
    }
}
