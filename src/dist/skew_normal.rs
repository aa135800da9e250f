//! Skew-normal distribution: a normal with one tail lightened.

use std::f64::consts::{FRAC_1_PI, FRAC_2_PI, LN_2, PI};

use rand::Rng;

use crate::tape::ops::elementwise::{Binary, Slope};
use crate::tape::ops::error_function::normal_log_cdf_value;
use crate::tape::ops::exponential::log1m_exp_value;
use crate::tape::{Graph, Node};

use super::formula::{HALF_LN_2PI, real_line, standard_normal, standardize};
use super::normal::standard_log_density;
use super::quadrature::falling_integral;
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// loc + scale (d abs(Z1) + sqrt(1 - d^2) Z2) for independent standard normals, d = shape / sqrt(1 + shape^2). Azzalini (1985).
pub struct SkewNormal;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("loc", Range::Real, "location, not the mean"),
    Param::scalar("scale", Range::Positive, "scale, not the standard deviation"),
    Param::scalar("shape", Range::Real, "0: normal; above 0 the upper tail is the longer one"),
]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[0.4], &[1.3], &[2.5]], points: &[-1.0, 0.6, 4.0] },
    Trial { form: 0, args: &[&[-1.0], &[0.7], &[-0.8]], points: &[-3.0, -0.9, 0.5] },
];

impl Distribution for SkewNormal {
    fn name(&self) -> &'static str {
        "SkewNormal"
    }

    fn summary(&self) -> &'static str {
        "skew-normal distribution on the real line"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        real_line()
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let z = standardize(g, x, args[0], args[1]);
        let normal = standard_log_density(g, z, args[1]);
        let skewed = g.mul(args[2], z);
        let log_share = g.normal_log_cdf(skewed);
        let value = g.add(normal, log_share);
        g.add_scalar(value, LN_2)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let z = standardize(g, x, args[0], args[1]);
        Some(g.map2(LogCdf, z, args[2]))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let mirrored = standardize(g, args[0], x, args[1]);
        let shape = g.neg(args[2]);
        Some(g.map2(LogCdf, mirrored, shape))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let slant = slant(g, args[2]);
        let mean = g.mul_scalar(slant, FRAC_2_PI.sqrt());
        let distance = g.mul(args[1], mean);
        Some(g.add(args[0], distance))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let slant = slant(g, args[2]);
        let square = g.square(slant);
        let less = g.mul_scalar(square, -FRAC_2_PI);
        let variance = g.add_scalar(less, 1.0);
        let root = g.sqrt(variance);
        Some(g.mul(args[1], root))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let shape = args[2][0];
        let (folded, free) = (standard_normal(rng).abs(), standard_normal(rng));
        let length = shape.hypot(1.0);
        out[0] = args[0][0] + args[1][0] * (shape / length * folded + free / length);
    }

    fn location_scale(&self, _form: usize) -> Option<[usize; 2]> {
        Some([0, 1])
    }

    fn formula(&self) -> &'static str {
        "log(2) - z^2 / 2 - log(scale) - log(2 pi) / 2 + log Phi(shape z), z = (x - loc) / scale"
    }

    fn example(&self) -> &'static str {
        "y ~ SkewNormal(mu, sigma, 3)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("skew_normal"),
            pymc: Some("SkewNormal(mu, sigma, alpha = shape)"),
            r: Some("sn::dsn"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// shape / sqrt(1 + shape^2)
fn slant(g: &mut Graph, shape: Node) -> Node {
    let square = g.square(shape);
    let sum = g.add_scalar(square, 1.0);
    let root = g.sqrt(sum);
    g.div(shape, root)
}

/// log P(Z <= z) of the standard skew-normal of this shape.
#[derive(Clone, Copy, Debug)]
struct LogCdf;

impl Binary for LogCdf {
    const NAME: &'static str = "skew_normal_log_cdf";

    fn value(self, z: f64, shape: f64) -> f64 {
        log_cdf_value(z, shape)
    }

    fn slope_a(self, g: &mut Graph, z: Node, shape: Node, y: Node) -> Slope {
        let one = g.scalar(1.0);
        let normal = standard_log_density(g, z, one);
        let skewed = g.mul(shape, z);
        let log_share = g.normal_log_cdf(skewed);
        let log_density = g.add(normal, log_share);
        let log_slope = g.sub(log_density, y);
        let log_slope = g.add_scalar(log_slope, LN_2);
        Slope::Node(g.exp(log_slope))
    }

    /// dF/dshape = -exp(-z^2 (1 + shape^2) / 2) / (pi (1 + shape^2))
    fn slope_b(self, g: &mut Graph, z: Node, shape: Node, y: Node) -> Slope {
        let (square, shape_squared) = (g.square(z), g.square(shape));
        let length = g.add_scalar(shape_squared, 1.0);
        let product = g.mul(square, length);
        let exponent = g.mul_scalar(product, -0.5);
        let exponent = g.sub(exponent, y);
        let bell = g.exp(exponent);
        let share = g.div(bell, length);
        Slope::Node(g.mul_scalar(share, -FRAC_1_PI))
    }
}

fn log_cdf_value(z: f64, shape: f64) -> f64 {
    if z < 0.0 && (z * z).is_infinite() {
        f64::NEG_INFINITY
    } else if z > 0.0 {
        log1m_exp_value(log_cdf_value(-z, -shape).min(0.0))
    } else if shape >= 0.0 {
        log_light_tail(-z, shape)
    } else {
        // F(z, shape) + F(z, -shape) = 2 Phi(z)
        let both = LN_2 + normal_log_cdf_value(z);
        both + log1m_exp_value(log_light_tail(-z, -shape) - both)
    }
}

/// log P(Z <= -h) for h, shape >= 0: of 2 (T(h, infinity) - T(h, shape)), Owen's T functions, which is
/// 1/pi times the integral of exp(-h^2 (1 + t^2) / 2) / (1 + t^2) over t >= shape.
fn log_light_tail(h: f64, shape: f64) -> f64 {
    if h * (1.0 + shape) < NEAR_CENTRE {
        let first = h * (-HALF_LN_2PI).exp();
        let second = 0.5 * FRAC_1_PI * h * h * shape;
        return (FRAC_1_PI * 1f64.atan2(shape) - first + second).ln();
    }
    let length = 1.0 + shape * shape;
    // The exponent falls by 1 over this length, the denominator doubles over the other.
    let decay = 2.0 / (h * h) / (shape + (shape * shape + 2.0 / (h * h)).sqrt());
    let first = decay.min(length.sqrt());
    let tail = falling_integral(
        |s| {
            let step = s * (2.0 * shape + s);
            (-0.5 * h * h * step).exp() / (1.0 + step / length)
        },
        first,
        f64::INFINITY,
    );
    tail.ln() - 0.5 * h * h * length - (PI * length).ln()
}

/// Where h (1 + shape) is below this the first terms of the series in h have full precision.
const NEAR_CENTRE: f64 = 1e-6;
