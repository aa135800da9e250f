//! Means and standard deviations where there is no formula: integrals of the density, sums over a finite support.

use crate::tape::{Graph, Node};
use crate::types::{ElementType, broadcast_dims};

use super::quadrature::NODES;
use super::{Instance, formula};

impl Instance {
    /// The mean and standard deviation of a distribution of numbers, by summation over its support where that is finite and
    /// constant, else by quadrature of its density, which must be smooth but for its corners and have one mode. NaN where the
    /// quadrature does not find all of the mass; `None` for discrete distributions without end and where tails are not
    /// known. Both are assumed to be finite.
    pub(super) fn summed_moments(&self, g: &mut Graph) -> Option<[Node; 2]> {
        if self.element() == ElementType::Real {
            return self.integrated_moments(g);
        }
        let support = self.support_values(g)?;
        let batch = self.batch_rank(g)?;
        let values = column(g, &support, batch);
        let log_probabilities = self.log_density(g, values);
        let weights = g.exp(log_probabilities);
        let average = |g: &mut Graph, values: Node| {
            let terms = g.mul(weights, values);
            g.sum(terms, &[0])
        };
        let mean = average(g, values);
        let distances = g.sub(values, mean);
        let squares = g.square(distances);
        let variance = average(g, squares);
        Some([mean, g.sqrt(variance)])
    }

    /// From a centre outwards, on either side.
    fn integrated_moments(&self, g: &mut Graph) -> Option<[Node; 2]> {
        let bounds = self.support(g).bounds();
        let centre = self.centre(g, bounds)?;
        let below = self.log_cdf(g, centre)?;
        let above = self.log_ccdf(g, centre)?;
        let [lower, upper] = [
            self.side(g, Side { centre, bound: bounds[0], log_mass: below, sign: -1.0 })?,
            self.side(g, Side { centre, bound: bounds[1], log_mass: above, sign: 1.0 })?,
        ];
        let mass = g.add(lower[0], upper[0]);
        let [first, second] = [1, 2].map(|k| {
            let sum = g.add(lower[k], upper[k]);
            g.div(sum, mass)
        });
        let mean = g.add(centre, first);
        let square = g.square(first);
        let variance = g.sub(second, square);
        Some([mean, g.sqrt(variance)])
    }

    /// The corner of the density where there is one inside, else the median, without derivatives.
    fn centre(&self, g: &mut Graph, bounds: [Option<Node>; 2]) -> Option<Node> {
        let log_half = g.scalar(-std::f64::consts::LN_2);
        let median = self.invert(g, [log_half, log_half])?;
        let Some(corner) = self.corner() else { return Some(median) };
        let [low, high] = [f64::NEG_INFINITY, f64::INFINITY].map(|end| g.scalar(end));
        let [lower, upper] = [bounds[0].unwrap_or(low), bounds[1].unwrap_or(high)];
        let (over, under) = (g.less(lower, corner), g.less(corner, upper));
        let is_inside = g.and(over, under);
        Some(formula::choose(g, is_inside, corner, median))
    }

    /// Mass, and first and second moment about the centre, of one side of it.
    ///
    /// Points are at a distance r = h e / (1 + e h / d) from the centre, e = exp(v) - 1, where h is the distance of a quantile and d
    /// that of the bound: even in v where the density varies on the scale of h, on that of r, or on that of d - r. What lies
    /// too close to a bound for doubles to tell counts at the bound.
    fn side(&self, g: &mut Graph, Side { centre, bound, log_mass, sign }: Side) -> Option<[Node; 3]> {
        let batch = self.batch_rank(g)?;
        let far = g.add_scalar(log_mass, FAR_SHARE.ln());
        let rest = g.log1m_exp(far);
        let quantile = self.invert(g, if sign < 0.0 { [far, rest] } else { [rest, far] })?;
        let scale = g.sub(quantile, centre);
        let scale = g.mul_scalar(scale, sign);
        let (zero, one) = (g.scalar(0.0), g.scalar(1.0));
        // A bound that is infinite is as good as none.
        let bound = bound.map(|bound| {
            let (size, infinity) = (g.abs(bound), g.scalar(f64::INFINITY));
            let finite = g.less(size, infinity);
            let bound = g.select(finite, bound, zero);
            let distance = g.sub(bound, centre);
            let distance = g.mul_scalar(distance, sign);
            let distance = g.select(finite, distance, one);
            (finite, bound, distance)
        });
        let share = match bound {
            Some((finite, _, distance)) => {
                let share = g.div(scale, distance);
                g.select(finite, share, zero)
            }
            None => zero,
        };
        let rule = rule();
        let [e, log_e, log_weights] = [0, 1, 2].map(|k| {
            let values: Vec<f64> = rule.iter().map(|row| row[k]).collect();
            column(g, &values, batch)
        });
        let growth = g.mul(e, share);
        let log_shrink = g.log1p(growth);
        let shrink = g.add_scalar(growth, 1.0);
        let log_scale = g.log(scale);
        let log_r = g.add(log_scale, log_e);
        let log_r = g.sub(log_r, log_shrink);
        let r = g.mul(scale, e);
        let r = g.div(r, shrink);
        let outward = g.mul_scalar(r, sign);
        let mut x = g.add(centre, outward);
        let mut known = None;
        if let Some((finite, bound, distance)) = bound {
            // from the bound where that is closer, unless it is too close
            let left = g.div(distance, shrink);
            let inward = g.mul_scalar(left, -sign);
            let from_bound = g.add(bound, inward);
            let close = g.less(left, r);
            let close = g.and(close, finite);
            x = g.select(close, from_bound, x);
            let size = g.abs(bound);
            let resolution = g.mul_scalar(size, RESOLUTION);
            let seen = g.less(resolution, left);
            let unbounded = g.sub(one, finite);
            let seen = g.or(seen, unbounded);
            x = g.select(seen, x, centre);
            known = Some(seen);
        }
        let log_density = self.log_density(g, x);
        let log_shrink = g.mul_scalar(log_shrink, 2.0);
        let log_slope = g.sub(log_weights, log_shrink);
        let log_slope = g.add(log_slope, log_scale);
        let mut log_share = g.add(log_density, log_slope);
        if let Some(seen) = known {
            log_share = formula::inside(g, seen, log_share);
        }
        // Where nothing is, slopes may overflow.
        let nothing = g.scalar(NOTHING_AT_ALL);
        let counts = g.less(nothing, log_share);
        log_share = formula::inside(g, counts, log_share);
        let mut moments = [0.0, 1.0, 2.0].map(|order| {
            let log_power = g.mul_scalar(log_r, order);
            let log_terms = g.add(log_share, log_power);
            let terms = g.exp(log_terms);
            g.sum(terms, &[0])
        });
        if let Some((finite, bound, distance)) = bound {
            let size = g.abs(bound);
            let step = g.mul_scalar(size, -sign * RESOLUTION);
            let edge = g.add(bound, step);
            let tail = |g: &mut Graph, at: Node| {
                if sign < 0.0 { self.log_cdf(g, at) } else { self.log_ccdf(g, at) }
            };
            // Less would be rounding, whose slopes are none.
            let (log_tail, least) = (tail(g, edge)?, g.scalar(LEAST_AT_BOUND));
            let counts = g.less(least, log_tail);
            let counts = g.and(counts, finite);
            let edge = g.select(counts, edge, centre);
            let log_tail = tail(g, edge)?;
            let log_tail = formula::inside(g, counts, log_tail);
            let mut at_bound = g.exp(log_tail);
            for moment in &mut moments {
                *moment = g.add(*moment, at_bound);
                at_bound = g.mul(at_bound, distance);
            }
        }
        let mass = g.exp(log_mass);
        let missing = g.sub(mass, moments[0]);
        let (size, tolerance, unknown) = (g.abs(missing), g.scalar(LOST_MASS), g.scalar(f64::NAN));
        let usable = g.less_equal(size, tolerance);
        moments[1] = g.mul_scalar(moments[1], sign);
        Some(moments.map(|moment| g.select(usable, moment, unknown)))
    }

    /// The same of a discrete distribution given that it is at least `lower`, a constant near the lower end of its support;
    /// `log_mass` is the probability of that. What is above is summed where it ends soon, else what is below is taken from
    /// the moments; NaN where that leaves too few digits.
    pub(super) fn moments_from(&self, g: &mut Graph, lower: Node, log_mass: Node) -> Option<[Node; 2]> {
        let end = self.support(g).bounds()[0]?;
        let [end, first] = [end, lower].map(|bound| {
            let value = g.value(bound)?;
            let first = *value.iter().next()?;
            value.iter().all(|&v| v == first).then_some(first)
        });
        let (end, first) = (end?, first?);
        if first - end > N_SUMMED as f64 {
            return None;
        }
        let batch = self.batch_rank(g)?;
        let (mean, sd) = (self.mean(g)?, self.sd(g)?);
        let sums = |g: &mut Graph, from: f64, n: usize, centre: Node| {
            let values: Vec<f64> = (0..n).map(|k| from + k as f64).collect();
            let values = g.vector(&values);
            let values = g.reshape(values, &[vec![n], vec![1; batch]].concat());
            let log_density = self.log_density(g, values);
            let log_share = g.sub(log_density, log_mass);
            let share = g.exp(log_share);
            let distances = g.sub(values, centre);
            let squares = g.square(distances);
            [distances, squares].map(|part| {
                let terms = g.mul(share, part);
                g.sum(terms, &[0])
            })
        };
        // What is above is summed where the sum leaves nothing out; the moments serve where they keep enough digits.
        let last = g.scalar(first + (N_SUMMED - 1) as f64);
        let beyond = self.log_ccdf(g, last)?;
        let left_out = g.sub(beyond, log_mass);
        let (zero, nothing, unknown) = (g.scalar(0.0), g.scalar(NOTHING), g.scalar(f64::NAN));
        let summed = g.less(left_out, nothing);
        let n_below = (first - end) as usize;
        let moments = |g: &mut Graph, centre: Node| {
            let below = sums(g, end, n_below, centre);
            let above = sums(g, first, N_SUMMED, centre);
            // of the whole, about the centre
            let shift = g.sub(mean, centre);
            let (variance, square) = (g.square(sd), g.square(shift));
            let second = g.add(variance, square);
            let against = g.neg(log_mass);
            let inverse = g.exp(against);
            let whole = [shift, second].map(|moment| g.mul(moment, inverse));
            [0, 1].map(|k| {
                let rest = g.sub(whole[k], below[k]);
                let (size, all) = (g.abs(rest), g.abs(whole[k]));
                let least = g.mul_scalar(all, LEAST_REST);
                let lost = g.less(size, least);
                let otherwise = g.select(lost, unknown, rest);
                g.select(summed, above[k], otherwise)
            })
        };
        let [mean, _] = moments(g, zero);
        let [_, variance] = moments(g, mean);
        Some([mean, g.sqrt(variance)])
    }

    /// How many batch dimensions the arguments have.
    fn batch_rank(&self, g: &mut Graph) -> Option<usize> {
        let [lower, upper] = self.support(g).bounds();
        let zero = g.scalar(0.0);
        let density = self.log_density(g, zero);
        let nodes = [lower, upper, Some(density)];
        let shape = nodes
            .into_iter()
            .flatten()
            .try_fold(Vec::new(), |shape, node| broadcast_dims(&shape, g.shape(node)))?;
        Some(shape.len())
    }
}

/// Whole numbers that are summed one by one.
const N_SUMMED: usize = 1_000;

/// log(1e-17): a share of the mass that the moments do not show.
const NOTHING: f64 = -39.1;

/// What is left of a moment of the whole keeps ten digits down to this share.
const LEAST_REST: f64 = 1e-5;

/// One side of a centre.
struct Side {
    centre: Node,
    /// Where the support ends, if it does
    bound: Option<Node>,
    /// Of the probability of this side
    log_mass: Node,
    /// -1 below the centre, 1 above
    sign: f64,
}

/// The quantile that gives the scale of a side leaves this share of it beyond.
const FAR_SHARE: f64 = 0.2;

/// Distances from a bound, as a share of its size, where x is too coarse for a density: a unit in the last place.
const RESOLUTION: f64 = f64::EPSILON;

/// log(1e-11): mass that counts at a bound where it is closer than doubles can tell.
const LEAST_AT_BOUND: f64 = -25.3;

/// The logarithm of a mass that is nothing times the square of any distance.
const NOTHING_AT_ALL: f64 = -1e4;

/// Mass that the quadrature may lose, by the rounding of densities in far tails.
const LOST_MASS: f64 = 1e-7;

/// Ends of panels in the logarithm of a distance: ever wider, since what varies at a large one are powers.
const PANELS: [f64; 16] =
    [0.0, 0.7, 1.4, 2.2, 3.2, 4.5, 6.0, 8.0, 11.0, 16.0, 25.0, 40.0, 70.0, 130.0, 270.0, 600.0];

/// exp(v) - 1, its logarithm and that of exp(v) times the weight, at the nodes v of Gauss-Legendre panels.
fn rule() -> Vec<[f64; 3]> {
    let mut rule = Vec::new();
    for pair in PANELS.windows(2) {
        let (centre, half) = (0.5 * (pair[0] + pair[1]), 0.5 * (pair[1] - pair[0]));
        for (node, weight) in NODES {
            for node in [-node, node] {
                let v = centre + half * node;
                rule.push([v.exp_m1(), v + (-(-v).exp()).ln_1p(), v + (half * weight).ln()]);
            }
        }
    }
    rule
}

/// Along a first axis, against a batch of this rank.
fn column(g: &mut Graph, values: &[f64], batch: usize) -> Node {
    let node = g.vector(values);
    g.reshape(node, &[vec![values.len()], vec![1; batch]].concat())
}
