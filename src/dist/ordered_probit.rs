//! Ordered probit distribution: categories in order, of a normal number.

use rand::Rng;

use crate::tape::ops::elementwise::{Binary, Slope};
use crate::tape::{Graph, Node};
use crate::types::ElementType;

use super::cutpoints::{self, Noise};
use super::formula::{HALF_LN_2PI, standard_normal};
use super::{Distribution, Elsewhere, Param, Support, Trial};

/// Category k = 1, ..., K of eta plus standard normal noise: how many cutpoints lie below it, plus 1.
pub struct OrderedProbit;

const NOISE: Noise =
    Noise { log_cdf: Graph::normal_log_cdf, of_width: |_, width| width, log_interval, draw: standard_normal };

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[0.4], &[-1.5, 0.3, 2.0]], points: &[1.0, 2.0, 3.0, 4.0] },
    Trial { form: 0, args: &[&[-0.8], &[0.3]], points: &[1.0, 2.0] },
    Trial { form: 0, args: &[&[0.5], &[-1.0, 2.0]], points: &[2.0] },
    Trial { form: 0, args: &[&[-4.0], &[-1.0, 2.0, 2.1]], points: &[2.0, 3.0] },
];

impl Distribution for OrderedProbit {
    fn name(&self) -> &'static str {
        "OrderedProbit"
    }

    fn summary(&self) -> &'static str {
        "ordered probit distribution on 1, ..., K"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        cutpoints::FORMS
    }

    fn element(&self) -> ElementType {
        ElementType::Int
    }

    fn event_mismatch(&self, _form: usize, args: &[&[usize]]) -> Option<String> {
        cutpoints::event_mismatch(self.name(), args)
    }

    fn support(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Support {
        cutpoints::support(g, args)
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        cutpoints::log_density(&NOISE, g, args, x)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        Some(cutpoints::log_cdf(&NOISE, g, args, x))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        Some(cutpoints::log_ccdf(&NOISE, g, args, x))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(cutpoints::mean(&NOISE, g, args))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(cutpoints::sd(&NOISE, g, args))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = cutpoints::sample(&NOISE, args, rng);
    }

    fn formula(&self) -> &'static str {
        "log(inv_probit(cutpoints[x] - eta) - inv_probit(cutpoints[x - 1] - eta)), with 1 above the last and 0 below the first cutpoint"
    }

    fn example(&self) -> &'static str {
        "rating ~ OrderedProbit(beta * x, cutpoints)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("ordered_probit(eta, c)"),
            pymc: Some("OrderedProbit(eta, cutpoints), counting from 0"),
            r: Some("MASS::polr(method = \"probit\")"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

fn log_interval(g: &mut Graph, [lower, upper, width]: [Node; 3]) -> Node {
    let sum = g.add(lower, upper);
    let centre = g.mul_scalar(sum, 0.5);
    g.map2(NormalInterval, centre, width)
}

/// log P(|Z - centre| < width / 2) of a standard normal Z, to full precision in both tails and for narrow intervals.
#[derive(Clone, Copy, Debug)]
struct NormalInterval;

impl Binary for NormalInterval {
    const NAME: &'static str = "normal_interval";

    fn value(self, centre: f64, width: f64) -> f64 {
        normal_interval_value(centre, width)
    }

    /// (phi(u) - phi(l)) / P, without the difference.
    fn slope_a(self, g: &mut Graph, centre: Node, width: Node, y: Node) -> Slope {
        let product = g.mul(centre, width);
        let size = g.abs(product);
        let one = g.scalar(1.0);
        let is_close = g.less(size, one);
        // -2 phi(centre) exp(-width^2 / 8) sinh(centre width / 2) / P
        let half_width = g.mul_scalar(width, 0.5);
        let spread = g.square(half_width);
        let square = g.square(centre);
        let squares = g.add(square, spread);
        let log_scale = log_ratio(g, squares, y);
        let (scale, half) = (g.exp(log_scale), g.mul_scalar(product, 0.5));
        let slope = g.sinh(half);
        let close = g.mul(scale, slope);
        let close = g.mul_scalar(close, -2.0);
        // phi at the end nearer to 0, and the other end's share of it
        let (sign, distance) = (g.sign(centre), g.abs(centre));
        let near = g.sub(distance, half_width);
        let near_square = g.square(near);
        let log_near = log_ratio(g, near_square, y);
        let against = g.neg(size);
        let (scale, loss) = (g.exp(log_near), g.expm1(against));
        let far = g.mul(scale, loss);
        let far = g.mul(sign, far);
        Slope::Node(g.select(is_close, close, far))
    }

    /// (phi(u) + phi(l)) / (2 P)
    fn slope_b(self, g: &mut Graph, centre: Node, width: Node, y: Node) -> Slope {
        let half = g.mul_scalar(width, 0.5);
        let ends = [g.sub(centre, half), g.add(centre, half)];
        let [lower, upper] = ends.map(|end| {
            let square = g.square(end);
            let log = log_ratio(g, square, y);
            g.exp(log)
        });
        let sum = g.add(lower, upper);
        Slope::Node(g.mul_scalar(sum, 0.5))
    }
}

/// log of (phi(z) / exp(y)), given z^2.
fn log_ratio(g: &mut Graph, square: Node, y: Node) -> Node {
    let half = g.mul_scalar(square, -0.5);
    let less = g.sub(half, y);
    g.add_scalar(less, -HALF_LN_2PI)
}

/// Up to this width, and this product of distance and width, the density is integrated; beyond, tails differ enough.
const NARROW_WIDTH: f64 = 2.0;
const NARROW_PRODUCT: f64 = 4.0;

fn normal_interval_value(centre: f64, width: f64) -> f64 {
    if width.is_nan() || width <= 0.0 {
        return if width == 0.0 { f64::NEG_INFINITY } else { f64::NAN };
    }
    let distance = centre.abs();
    if width <= NARROW_WIDTH && distance * width <= NARROW_PRODUCT {
        // phi(c + t) = phi(c) exp(-c t - t^2 / 2), symmetrised in t
        let half = 0.5 * width;
        let mean: f64 = LEGENDRE
            .iter()
            .map(|&(node, weight)| {
                let t = half * node;
                weight * (distance * t).cosh() * (-0.5 * t * t).exp()
            })
            .sum();
        return width.ln() + mean.ln() - 0.5 * distance * distance - HALF_LN_2PI;
    }
    let (near, far) = (distance - 0.5 * width, distance + 0.5 * width);
    let log_above = |z: f64| crate::tape::ops::error_function::normal_log_cdf_value(-z);
    if near <= 0.0 {
        return (-(log_above(far).exp() + log_above(-near).exp())).ln_1p();
    }
    let larger = log_above(near);
    larger + (-(log_above(far) - larger).exp()).ln_1p()
}

/// Positive nodes of the Gauss-Legendre rule of 10 points on [-1, 1], with their weights.
const LEGENDRE: [(f64, f64); 5] = [
    (0.148_874_338_981_631_22, 0.295_524_224_714_752_87),
    (0.433_395_394_129_247_2, 0.269_266_719_309_996_35),
    (0.679_409_568_299_024_4, 0.219_086_362_515_982_04),
    (0.865_063_366_688_984_5, 0.149_451_349_150_580_6),
    (0.973_906_528_517_171_7, 0.066_671_344_308_688_14),
];
