//! Exponentially modified normal distribution: the sum of a normal and an exponential, as of reaction times.

use rand::Rng;

use crate::tape::ops::elementwise::{Binary, Slope};
use crate::tape::ops::error_function::{normal_cdf_value, normal_hazard_value, normal_log_cdf_value};
use crate::tape::ops::exponential::log1m_exp_value;
use crate::tape::{Graph, Node};

use super::formula::{HALF_LN_2PI, like, log_sum, open_unit, real_line, standard_normal, standardize};
use super::normal::standard_log_density;
use super::quadrature::falling_integral;
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// Normal(mean, sd) + Exponential(rate).
pub struct ExpModNormal;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("mean", Range::Real, "mean of the normal"),
    Param::scalar("sd", Range::Positive, "standard deviation of the normal"),
    Param::scalar("rate", Range::Positive, "rate of the exponential"),
]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[0.4], &[1.3], &[0.6]], points: &[-3.0, 0.6, 9.0] },
    Trial { form: 0, args: &[&[-1.0], &[0.7], &[5.0]], points: &[-3.0, -0.9, 1.5] },
];

impl Distribution for ExpModNormal {
    fn name(&self) -> &'static str {
        "ExpModNormal"
    }

    fn summary(&self) -> &'static str {
        "exponentially modified normal distribution on the real line"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        real_line()
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (z, k) = reduced(g, args, x);
        let log_tilted = log_tilted(g, z, k);
        let log_rate = g.log(args[2]);
        g.add(log_rate, log_tilted)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let (z, k) = reduced(g, args, x);
        Some(standard_log_cdf(g, z, k))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let (z, k) = reduced(g, args, x);
        Some(standard_log_ccdf(g, z, k))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let delay = g.recip(args[2]);
        let mean = g.add(args[0], delay);
        Some(like(g, mean, args[1]))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let delay = g.recip(args[2]);
        let (of_normal, of_delay) = (g.square(args[1]), g.square(delay));
        let variance = g.add(of_normal, of_delay);
        Some(g.sqrt(variance))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = args[0][0] + args[1][0] * standard_normal(rng) - open_unit(rng).ln() / args[2][0];
    }

    fn formula(&self) -> &'static str {
        "log(rate) + rate (mean - x) + (rate sd)^2 / 2 + log Phi((x - mean) / sd - rate sd)"
    }

    fn example(&self) -> &'static str {
        "rt ~ ExpModNormal(0.4, 0.05, 8)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("exp_mod_normal"),
            pymc: Some("ExGaussian(mu, sigma, nu = 1 / rate)"),
            r: Some("emg::demg"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// (x - mean) / sd, rate sd
fn reduced(g: &mut Graph, args: &[Node], x: Node) -> (Node, Node) {
    (standardize(g, x, args[0], args[1]), g.mul(args[2], args[1]))
}

/// log P(Z + E / k <= z) for a standard normal Z and a standard exponential E, accurate in both tails.
pub(super) fn standard_log_cdf(g: &mut Graph, z: Node, k: Node) -> Node {
    g.map2(StandardLogCdf, z, k)
}

/// log P(Z + E / k > z) = log(Phi(-z) + exp(k^2 / 2 - k z) Phi(z - k))
pub(super) fn standard_log_ccdf(g: &mut Graph, z: Node, k: Node) -> Node {
    let mirrored = g.neg(z);
    let (normal, tilted) = (g.normal_log_cdf(mirrored), log_tilted(g, z, k));
    let (below, above) = (log_sum(g, normal, tilted), log_sum(g, tilted, normal));
    let zero = g.scalar(0.0);
    let lower = g.less(z, zero);
    g.select(lower, below, above)
}

/// log(exp(k^2 / 2 - k z) Phi(z - k)): the density of Z + E / k, over k.
///
/// For z < k it is phi(z) / hazard(z - k), where the squares have cancelled.
fn log_tilted(g: &mut Graph, z: Node, k: Node) -> Node {
    let w = g.sub(z, k);
    let (zero, one) = (g.scalar(0.0), g.scalar(1.0));
    let lower = g.less(w, zero);
    let inner = g.select(lower, w, zero);
    let hazard = g.normal_hazard(inner);
    let log_hazard = g.log(hazard);
    let normal = standard_log_density(g, z, one);
    let below = g.sub(normal, log_hazard);
    let half = g.mul_scalar(k, 0.5);
    let distance = g.sub(half, z);
    let tilt = g.mul(k, distance);
    let log_share = g.normal_log_cdf(w);
    let above = g.add(tilt, log_share);
    g.select(lower, below, above)
}

#[derive(Clone, Copy, Debug)]
struct StandardLogCdf;

impl Binary for StandardLogCdf {
    const NAME: &'static str = "exp_mod_normal_log_cdf";

    fn value(self, z: f64, k: f64) -> f64 {
        if z.is_infinite() {
            return z.min(0.0);
        }
        if z >= 0.0 {
            return if k * (1.0 + z) < SMALL_RATE {
                log_cdf_series(z, k)
            } else {
                log1m_exp_value(log_ccdf_value(z, k))
            };
        }
        // phi(z) (M(z) - M(z - k)) with Mills' ratio M = Phi / phi, the integral of exp(z s - s^2 / 2) over s >= 0
        let difference = if k > SMALL_RATE * (1.0 - z) {
            1.0 / normal_hazard_value(z) - 1.0 / normal_hazard_value(z - k)
        } else {
            let kernel = |s: f64| (s * (z - 0.5 * s)).exp() * -(-k * s).exp_m1();
            falling_integral(kernel, 1.0 / (1.0 - z), f64::INFINITY)
        };
        difference.ln() - 0.5 * z * z - HALF_LN_2PI
    }

    /// k times tilted over F
    fn slope_a(self, g: &mut Graph, z: Node, k: Node, y: Node) -> Slope {
        let tilted = log_tilted(g, z, k);
        let log_ratio = g.sub(tilted, y);
        let ratio = g.exp(log_ratio);
        Slope::Node(g.mul(k, ratio))
    }

    /// (phi(z) + (z - k) tilted) over F
    fn slope_b(self, g: &mut Graph, z: Node, k: Node, y: Node) -> Slope {
        let one = g.scalar(1.0);
        let (normal, tilted) = (standard_log_density(g, z, one), log_tilted(g, z, k));
        let (normal, tilted) = (g.sub(normal, y), g.sub(tilted, y));
        let (normal, tilted) = (g.exp(normal), g.exp(tilted));
        let w = g.sub(z, k);
        let product = g.mul(w, tilted);
        Slope::Node(g.add(normal, product))
    }
}

/// Where k is smaller than this in units of the distance to the origin, F is the difference of two numbers that are alike.
const SMALL_RATE: f64 = 0.1;

/// log F = log E[1 - exp(-k (z - Z)+)] in powers of k, for z >= 0.
fn log_cdf_series(z: f64, k: f64) -> f64 {
    // -(-k)^j E[(z - Z)+^j] / j!, by the recurrence of the moments
    let (mut before, mut term) = {
        let (share, density) = (normal_cdf_value(z), (-0.5 * z * z - HALF_LN_2PI).exp());
        (-share, k * (z * share + density))
    };
    let mut sum = term;
    for j in 2..MAX_TERMS {
        (before, term) = (term, (k * k * before - k * z * term) / f64::from(j));
        sum += term;
        if term.abs() < f64::EPSILON * 0.1 * sum {
            break;
        }
    }
    sum.ln()
}

/// More terms than the series needs.
const MAX_TERMS: u32 = 60;

/// For z >= 0.
fn log_ccdf_value(z: f64, k: f64) -> f64 {
    let (w, normal) = (z - k, normal_log_cdf_value(-z));
    let tilted = if w < 0.0 {
        -0.5 * z * z - HALF_LN_2PI - normal_hazard_value(w).ln()
    } else {
        k * (0.5 * k - z) + normal_log_cdf_value(w)
    };
    if normal == f64::NEG_INFINITY { tilted } else { tilted + (normal - tilted).exp().ln_1p() }
}
