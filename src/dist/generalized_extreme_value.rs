//! Generalised extreme-value distribution: the Gumbel, Frechet and reversed Weibull distributions in one family.

use std::f64::consts::EULER_GAMMA;

use rand::Rng;

use crate::tape::{Graph, Node};

use super::extremes::{expm1_over, log_inv_cloglog, log1p_over};
use super::formula::{between, inside, like, open_unit, positive, real_line, standardize};
use super::gumbel::log_minus_log;
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// Largest of many draws; shape > 0 has a heavy upper tail and a lower bound, shape < 0 an upper bound, shape = 0 is Gumbel.
///
/// The support ends at loc - scale / shape. Where the shape is known that bounds a latent; where the shape is itself a latent
/// the density is 0 beyond the end.
pub struct GeneralizedExtremeValue;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("loc", Range::Real, "location"),
    Param::scalar("scale", Range::Positive, "scale"),
    Param::scalar("shape", Range::Real, "shape: 1 / the power with which the upper tail falls"),
]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[0.4], &[9.0], &[0.15]], points: &[-8.0, 3.0, 70.0] },
    Trial { form: 0, args: &[&[0.4], &[9.0], &[-0.25]], points: &[-8.0, 3.0, 30.0] },
    Trial { form: 0, args: &[&[0.4], &[1.3], &[0.0]], points: &[-2.0, 0.3, 9.0] },
];

impl Distribution for GeneralizedExtremeValue {
    fn name(&self) -> &'static str {
        "GeneralizedExtremeValue"
    }

    fn summary(&self) -> &'static str {
        "generalised extreme-value distribution of maxima"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Support {
        let (loc, scale, shape) = (args[0], args[1], args[2]);
        let ratio = g.div(scale, shape);
        let end = g.sub(loc, ratio);
        let Some(known) = g.value(shape) else { return real_line() };
        if known.iter().all(|&shape| shape > 0.0) {
            return between(g, Some(end), None);
        }
        if known.iter().all(|&shape| shape < 0.0) {
            return between(g, None, Some(end));
        }
        if known.iter().all(|&shape| shape == 0.0) || g.value(end).is_none() {
            return real_line();
        }
        let zero = g.scalar(0.0);
        let (heavy, light) = (g.less(zero, shape), g.less(shape, zero));
        let (lowest, highest) = (g.scalar(f64::NEG_INFINITY), g.scalar(f64::INFINITY));
        let (lower, upper) = (g.select(heavy, end, lowest), g.select(light, end, highest));
        between(g, Some(lower), Some(upper))
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let Reduced { inside: support, u } = Reduced::new(g, args, x);
        let down = g.neg(u);
        let decay = g.exp(down);
        let slope = g.mul(args[2], u);
        let log_scale = g.log(args[1]);
        let total = g.add(u, slope);
        let total = g.add(total, decay);
        let total = g.add(total, log_scale);
        let value = g.neg(total);
        inside(g, support, value)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let Reduced { inside, u } = Reduced::new(g, args, x);
        let down = g.neg(u);
        let decay = g.exp(down);
        let value = g.neg(decay);
        Some(beyond(g, args[2], x, inside, value, [f64::NEG_INFINITY, 0.0]))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let Reduced { inside, u } = Reduced::new(g, args, x);
        let down = g.neg(u);
        let value = log_inv_cloglog(g, down);
        Some(beyond(g, args[2], x, inside, value, [0.0, f64::NEG_INFINITY]))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let down = log_minus_log(g, p);
        let u = g.neg(down);
        // At p = 0 and 1 u is infinite: the end of the support, or none.
        let z = expm1_over(g, args[2], u);
        let distance = g.mul(args[1], z);
        Some(g.add(args[0], distance))
    }

    /// loc + scale (Gamma(1 - shape) - 1) / shape
    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let shape = args[2];
        let log_gamma = log_moment(g, shape, 1.0);
        let excess = g.expm1(log_gamma);
        let far = g.div(excess, shape);
        let reduced = near_zero(g, shape, &MEAN_SERIES, far);
        let distance = g.mul(args[1], reduced);
        let mean = g.add(args[0], distance);
        Some(finite_below(g, shape, 1.0, mean))
    }

    /// scale sqrt(Gamma(1 - 2 shape) - Gamma(1 - shape)^2) / abs(shape)
    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let shape = args[2];
        let (log_mean, log_square) = (log_moment(g, shape, 1.0), log_moment(g, shape, 2.0));
        let squared = g.mul_scalar(log_mean, 2.0);
        let log_ratio = g.sub(log_square, squared);
        let relative = g.expm1(log_ratio);
        let square = g.exp(squared);
        let spread = g.mul(square, relative);
        let shape_squared = g.square(shape);
        let far = g.div(spread, shape_squared);
        let variance = near_zero(g, shape, &VARIANCE_SERIES, far);
        let root = g.sqrt(variance);
        let sd = g.mul(args[1], root);
        let sd = like(g, sd, args[0]);
        Some(finite_below(g, shape, 0.5, sd))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let u = -(-open_unit(rng).ln()).ln();
        let shape = args[2][0];
        let z = if shape == 0.0 { u } else { (shape * u).exp_m1() / shape };
        out[0] = args[0][0] + args[1][0] * z;
    }

    fn formula(&self) -> &'static str {
        "-(1 + shape) u - exp(-u) - log(scale), u = log1p(shape z) / shape, z = (x - loc) / scale, where shape z > -1"
    }

    fn example(&self) -> &'static str {
        "flood ~ GeneralizedExtremeValue(mu, 10, 0.2)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: None, pymc: Some("pymc_extras.GenExtreme"), r: Some("evd::dgev") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// x on the scale of the Gumbel distribution.
struct Reduced {
    /// Whether x is in the support.
    inside: Node,
    /// log(1 + shape z) / shape; something finite outside.
    u: Node,
}

impl Reduced {
    fn new(g: &mut Graph, args: &[Node], x: Node) -> Reduced {
        let z = standardize(g, x, args[0], args[1]);
        let product = g.mul(args[2], z);
        let distance = g.add_scalar(product, 1.0);
        let inside = positive(g, distance);
        let zero = g.scalar(0.0);
        let z = g.select(inside, z, zero);
        Reduced { inside, u: log1p_over(g, args[2], z) }
    }
}

/// `value` inside the support; below it and at -inf the first number, above it and at inf the second.
fn beyond(g: &mut Graph, shape: Node, x: Node, inside: Node, value: Node, ends: [f64; 2]) -> Node {
    let [lower, upper] = ends.map(|end| g.scalar(end));
    let (lowest, highest) = (g.scalar(f64::NEG_INFINITY), g.scalar(f64::INFINITY));
    let (first, last) = (g.equal(x, lowest), g.equal(x, highest));
    let heavy = positive(g, shape);
    let end = g.select(heavy, lower, upper);
    let value = g.select(inside, value, end);
    let value = g.select(last, upper, value);
    g.select(first, lower, value)
}

/// log Gamma(1 - n shape)
fn log_moment(g: &mut Graph, shape: Node, n: f64) -> Node {
    let power = g.mul_scalar(shape, -n);
    let next = g.add_scalar(power, 1.0);
    g.lgamma(next)
}

fn finite_below(g: &mut Graph, shape: Node, threshold: f64, moment: Node) -> Node {
    let (threshold, infinity) = (g.scalar(threshold), g.scalar(f64::INFINITY));
    let finite = g.less(shape, threshold);
    g.select(finite, moment, infinity)
}

/// A power series in the shape where that is close to 0, `far` elsewhere.
fn near_zero(g: &mut Graph, shape: Node, series: &[f64], far: Node) -> Node {
    let mut sum = g.scalar(0.0);
    for &coefficient in series.iter().rev() {
        let product = g.mul(sum, shape);
        sum = g.add_scalar(product, coefficient);
    }
    let (size, limit) = (g.abs(shape), g.scalar(SERIES_RADIUS));
    let near = g.less(size, limit);
    g.select(near, sum, far)
}

/// Within this distance of 0 the series below have full precision.
const SERIES_RADIUS: f64 = 0.02;

/// (Gamma(1 - a) - 1) / a in ascending powers of a.
const MEAN_SERIES: [f64; 10] = [
    EULER_GAMMA,
    0.989_055_995_327_972_5,
    0.907_479_076_080_886_3,
    0.981_728_086_834_400_2,
    0.981_995_068_903_145_3,
    0.993_149_114_621_276_2,
    0.996_001_760_442_431_5,
    0.998_105_693_783_129,
    0.999_025_267_621_954_9,
    0.999_515_656_072_777_5,
];

/// (Gamma(1 - 2 a) - Gamma(1 - a)^2) / a^2 in ascending powers of a.
const VARIANCE_SERIES: [f64; 12] = [
    1.644_934_066_848_226_4,
    4.303_077_228_549_151,
    11.718_339_177_218_882,
    26.531_419_164_640_12,
    57.676_112_859_609_746,
    120.625_407_747_692_8,
    247.658_400_419_811_36,
    502.649_810_616_349,
    1_013.655_309_006_847_1,
    2_036.654_281_516_084_2,
    4_083.654_929_882_950_5,
    8_178.654_766_845_38,
];
