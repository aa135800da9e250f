//! Von Mises distribution of angles: the normal distribution of the circle.

use std::f64::consts::{PI, TAU};

use rand::Rng;

use crate::constraint;
use crate::tape::ops::elementwise::{Binary, Nary, Slope, Unary};
use crate::tape::ops::exponential::log1m_exp_value;
use crate::tape::{Graph, Node};

use super::formula::{like, open_unit, standard_normal};
use super::quadrature::falling_integral;
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// Density proportional to exp(concentration cos(x - loc)).
///
/// Draws and latents lie within half a turn of loc, so that the seam is where the density is lowest; the distribution function
/// and the moments are those of that turn. An observed angle may be given in any turn (-pi to pi, 0 to 2 pi): the density is
/// the same after a whole turn.
pub struct VonMises;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("loc", Range::Real, "mean direction, in radians"),
    Param::scalar(
        "concentration",
        Range::NonNegative,
        "concentration: 0 is uniform, about 1 / sd^2 when large",
    ),
]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[0.4], &[1.3]], points: &[-2.0, 0.3, 3.0] },
    Trial { form: 0, args: &[&[-2.5], &[30.0]], points: &[-3.2, -2.4] },
];

impl Distribution for VonMises {
    fn name(&self) -> &'static str {
        "VonMises"
    }

    fn summary(&self) -> &'static str {
        "von Mises distribution of angles"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Support {
        let bounds = vec![g.add_scalar(args[0], -PI), g.add_scalar(args[0], PI)];
        Support::Continuous { constraint: &constraint::Angle, bounds }
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let angle = g.sub(x, args[0]);
        standard_log_density(g, angle, args[1])
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let angle = g.sub(x, args[0]);
        Some(g.map2(LogCdf, angle, args[1]))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let mirrored = g.sub(args[0], x);
        Some(g.map2(LogCdf, mirrored, args[1]))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(like(g, args[0], args[1]))
    }

    /// Best and Fisher (1979).
    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let (loc, concentration) = (args[0][0], args[1][0]);
        out[0] = loc + standard_draw(concentration, rng);
    }

    fn formula(&self) -> &'static str {
        "concentration cos(x - loc) - log(2 pi I0(concentration))"
    }

    fn example(&self) -> &'static str {
        "heading ~ VonMises(mu, 4)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("von_mises"), pymc: Some("VonMises"), r: Some("circular::dvonmises") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// -k (1 - cos angle) - log(2 pi exp(-k) I0(k))
fn standard_log_density(g: &mut Graph, angle: Node, k: Node) -> Node {
    let half = g.mul_scalar(angle, 0.5);
    let sine = g.sin(half);
    let square = g.square(sine);
    let versine = g.mul_scalar(square, 2.0);
    let decay = g.mul(k, versine);
    let log_scaled = g.map1(LogScaledBessel, k);
    let log_normalizer = g.add_scalar(log_scaled, TAU.ln());
    let total = g.add(decay, log_normalizer);
    g.neg(total)
}

/// log(exp(-k) I0(k)), k >= 0
#[derive(Clone, Copy, Debug)]
struct LogScaledBessel;

impl Unary for LogScaledBessel {
    const NAME: &'static str = "log_scaled_bessel";

    fn value(self, k: f64) -> f64 {
        (weighted_integral(0, 0.0, PI, k) / PI).ln()
    }

    fn slope(self, g: &mut Graph, k: Node, _y: Node) -> Slope {
        let mean = g.map1(Versine(1), k);
        Slope::Node(g.neg(mean))
    }
}

/// The mean of (1 - cos angle)^n; that of order 1 is 1 - I1(k) / I0(k).
#[derive(Clone, Copy, Debug)]
struct Versine(u32);

impl Unary for Versine {
    const NAME: &'static str = "von_mises_versine";

    fn value(self, k: f64) -> f64 {
        weighted_integral(self.0, 0.0, PI, k) / weighted_integral(0, 0.0, PI, k)
    }

    fn slope(self, g: &mut Graph, k: Node, y: Node) -> Slope {
        let (first, next) = (g.map1(Versine(1), k), g.map1(Versine(self.0 + 1), k));
        let product = g.mul(y, first);
        Slope::Node(g.sub(product, next))
    }

    fn parameter(self) -> u64 {
        self.0.into()
    }
}

/// log P(angle <= a) for a in [-pi, pi]
#[derive(Clone, Copy, Debug)]
struct LogCdf;

impl Binary for LogCdf {
    const NAME: &'static str = "von_mises_log_cdf";

    fn value(self, a: f64, k: f64) -> f64 {
        log_cdf_value(a, k)
    }

    fn slope_a(self, g: &mut Graph, a: Node, k: Node, y: Node) -> Slope {
        let log_density = standard_log_density(g, a, k);
        let log_slope = g.sub(log_density, y);
        Slope::Node(g.exp(log_slope))
    }

    fn slope_b(self, g: &mut Graph, a: Node, k: Node, _y: Node) -> Slope {
        let (all, below) = (g.map1(Versine(1), k), g.map_n(VersineBelow(1), [a, k]));
        Slope::Node(g.sub(all, below))
    }
}

/// The mean of (1 - cos angle)^n over angles up to a.
#[derive(Clone, Copy, Debug)]
struct VersineBelow(u32);

impl Nary<2> for VersineBelow {
    const NAME: &'static str = "von_mises_versine_below";

    fn value(self, [a, k]: [f64; 2]) -> f64 {
        let n = self.0;
        let (from, far) = (a.abs().min(PI), PI - a.abs().min(PI));
        if a <= 0.0 {
            return weighted_integral(n, from, far, k) / weighted_integral(0, from, far, k);
        }
        let drop = (-k * versine(from)).exp();
        let total = |n| 2.0 * weighted_integral(n, 0.0, PI, k) - drop * weighted_integral(n, from, far, k);
        total(n) / total(0)
    }

    fn slope(self, g: &mut Graph, [a, k]: [Node; 2], y: Node, argument: usize) -> Slope {
        let n = self.0;
        if argument == 1 {
            let (first, next) = (g.map_n(VersineBelow(1), [a, k]), g.map_n(VersineBelow(n + 1), [a, k]));
            let product = g.mul(y, first);
            return Slope::Node(g.sub(product, next));
        }
        let cosine = g.cos(a);
        let negative = g.neg(cosine);
        let versine = g.add_scalar(negative, 1.0);
        let order = g.scalar(f64::from(n));
        let here = g.pow(versine, order);
        let excess = g.sub(here, y);
        let (log_density, log_cdf) = (standard_log_density(g, a, k), g.map2(LogCdf, a, k));
        let log_hazard = g.sub(log_density, log_cdf);
        let hazard = g.exp(log_hazard);
        Slope::Node(g.mul(excess, hazard))
    }

    fn parameter(self) -> u64 {
        self.0.into()
    }
}

fn log_cdf_value(a: f64, k: f64) -> f64 {
    if a > 0.0 {
        return log1m_exp_value(log_cdf_value(-a, k).min(0.0));
    }
    let from = (-a).min(PI);
    let (tail, total) = (weighted_integral(0, from, PI - from, k), weighted_integral(0, 0.0, PI, k));
    tail.ln() - k * versine(from) - (2.0 * total).ln()
}

/// 1 - cos a
fn versine(a: f64) -> f64 {
    2.0 * (0.5 * a).sin().powi(2)
}

/// The integral over a in [from, from + length], from >= 0, from + length <= pi, of
/// (1 - cos a)^n exp(k (cos a - cos from)).
fn weighted_integral(n: u32, from: f64, length: f64, k: f64) -> f64 {
    // cos from - cos(from + s) is about s sin(from) + s^2 cos(from) / 2: it grows by 1 / k over this length.
    let (sine, curvature) = (from.sin(), from.cos().max(0.0));
    let decay = 2.0 / k / (sine + (sine * sine + 2.0 * curvature / k).sqrt());
    let kernel = |s: f64| {
        let drop = 2.0 * (from + 0.5 * s).sin() * (0.5 * s).sin();
        versine(from + s).powi(n as i32) * (-k * drop).exp()
    };
    // (of a decay that is not a number, at k = 0, the minimum is the length)
    falling_integral(kernel, decay.min(length), length)
}

/// Below this concentration the distribution is uniform, above the other normal, to the precision of a draw.
const UNIFORM: f64 = 1e-8;
const SMALL: f64 = 1e-5;
const NORMAL: f64 = 1e6;

/// A draw in [-pi, pi] around 0.
fn standard_draw(k: f64, rng: &mut dyn Rng) -> f64 {
    if k < UNIFORM {
        return PI * (2.0 * open_unit(rng) - 1.0);
    }
    if k > NORMAL {
        return standard_normal(rng) / k.sqrt();
    }
    let r = if k < SMALL {
        // The first terms of the series, where the differences below have lost their digits
        1.0 / k + k
    } else {
        let root = (1.0 + 4.0 * k * k).sqrt();
        let tau = 1.0 + root;
        let rho = (tau - (2.0 * tau).sqrt()) / (2.0 * k);
        (1.0 + rho * rho) / (2.0 * rho)
    };
    loop {
        let cosine = (PI * open_unit(rng)).cos();
        let angle_cosine = (1.0 + r * cosine) / (r + cosine);
        let c = k * (r - angle_cosine);
        let u = open_unit(rng);
        if c * (2.0 - c) > u || (c / u).ln() + 1.0 >= c {
            let angle = angle_cosine.clamp(-1.0, 1.0).acos();
            return if open_unit(rng) < 0.5 { -angle } else { angle };
        }
        if !c.is_finite() {
            return f64::NAN;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a small concentration k the mean cosine is k / 2, and no draw is lost, on both sides of the switches.
    #[test]
    fn draws_of_small_concentrations_are_angles() {
        let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(3);
        for k in [0.0, 9e-9, 1.05e-8, 1.2e-8, 1e-6, 0.99e-5, 1.01e-5, 0.2] {
            let n = 20_000;
            let cosines = (0..n).map(|_| standard_draw(k, &mut rng).cos());
            let average = cosines.sum::<f64>() / f64::from(n);
            assert!((average - 0.5 * k).abs() < 4.0 / f64::from(2 * n).sqrt() + k.powi(3), "{k}: {average}");
        }
    }

    /// An angle is the same after a whole turn; a latent has one name for it.
    #[test]
    fn angles_are_taken_in_any_turn() {
        let (mut g, angle) = (Graph::new(), 1.25);
        let (loc, concentration) = (g.scalar(0.5), g.scalar(3.0));
        let x = g.vector(&[angle, angle + TAU, angle - 3.0 * TAU]);
        let density = VonMises.log_density(&mut g, 0, &[loc, concentration], x);
        let density: Vec<f64> = g.value(density).unwrap().iter().copied().collect();
        assert!(density.iter().all(|d| (d - density[0]).abs() < 1e-13), "{density:?}");
        let Support::Continuous { constraint, bounds } = VonMises.support(&mut g, 0, &[loc, concentration])
        else {
            panic!("continuous")
        };
        let bounds: Vec<f64> =
            bounds.iter().map(|&bound| *g.value(bound).unwrap().iter().next().unwrap()).collect();
        assert_eq!(constraint.violation(&[100.0], &bounds), None);
        let here = constraint.unconstrain(&[angle], &bounds).unwrap()[0];
        let later = constraint.unconstrain(&[angle + 2.0 * TAU], &bounds).unwrap()[0];
        assert!((here - later).abs() < 1e-13, "{here} {later}");
    }
}
