//! Inverse Gaussian distribution: when a Brownian motion with drift first reaches a level.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::exp_mod_normal::{standard_log_ccdf, standard_log_cdf};
use super::formula::{HALF_LN_2PI, inside, like, open_unit, positive, positive_reals, standard_normal};
use super::{Distribution, Elsewhere, LocationScale, Param, Range, Support, Trial};

/// Mean and shape; the variance is mean^3 / shape. Also known as Wald.
pub struct InverseGaussian;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("mean", Range::Positive, "mean"),
    Param::scalar("shape", Range::Positive, "shape: mean^3 / variance"),
]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[1.5], &[2.5]], points: &[0.2, 1.2, 7.0] },
    Trial { form: 0, args: &[&[0.8], &[20.0]], points: &[0.4, 1.0] },
];

impl Distribution for InverseGaussian {
    fn name(&self) -> &'static str {
        "InverseGaussian"
    }

    fn summary(&self) -> &'static str {
        "inverse Gaussian (Wald) distribution on the positive reals"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        positive_reals(g)
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let z = Reduced::new(g, args, x).z;
        let square = g.square(z);
        let (log_shape, log_x) = (g.log(args[1]), g.log(x));
        let cube = g.mul_scalar(log_x, 3.0);
        let difference = g.sub(log_shape, cube);
        let total = g.sub(difference, square);
        let value = g.mul_scalar(total, 0.5);
        let value = g.add_scalar(value, -HALF_LN_2PI);
        let support = positive(g, x);
        inside(g, support, value)
    }

    /// The upper tail is the lower tail of an exponentially modified normal:
    /// P(X > x) = Phi(z) - exp(2 shape / mean) Phi(z - k).
    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let Reduced { z, k } = Reduced::of_finite(g, args, x);
        Some(standard_log_ccdf(g, z, k))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let Reduced { z, k } = Reduced::of_finite(g, args, x);
        Some(standard_log_cdf(g, z, k))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        Some(like(g, args[0], args[1]))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let ratio = g.div(args[0], args[1]);
        let root = g.sqrt(ratio);
        Some(g.mul(args[0], root))
    }

    /// Michael, Schucany and Haas (1976), the smaller root written without a difference.
    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let (mean, shape) = (args[0][0], args[1][0]);
        let half = 0.5 * mean / shape * standard_normal(rng).powi(2);
        let ratio = 1.0 / (1.0 + half + (half * (2.0 + half)).sqrt());
        let smaller = open_unit(rng) * (1.0 + ratio) < 1.0;
        out[0] = mean * if smaller { ratio } else { 1.0 / ratio };
    }

    fn location_scale(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<LocationScale<Vec<Node>>> {
        let dispersion = g.div(args[0], args[1]);
        let (one, shape) = (g.scalar(1.0), g.recip(dispersion));
        Some(LocationScale {
            location: g.log(args[0]),
            scale: g.sqrt(dispersion),
            centred: vec![one, shape],
            standard: None,
        })
    }

    fn formula(&self) -> &'static str {
        "log(shape / (2 pi x^3)) / 2 - shape (x - mean)^2 / (2 mean^2 x) for x > 0"
    }

    fn example(&self) -> &'static str {
        "t ~ InverseGaussian(2, 5)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: None, pymc: Some("Wald"), r: Some("statmod::dinvgauss") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// z = -(x - mean) / mean sqrt(shape / x), k = 2 sqrt(shape / x)
struct Reduced {
    z: Node,
    k: Node,
}

impl Reduced {
    /// At the largest number where x is infinite.
    fn of_finite(g: &mut Graph, args: &[Node], x: Node) -> Reduced {
        let largest = g.scalar(f64::MAX);
        let x = g.min(x, largest);
        Reduced::new(g, args, x)
    }

    fn new(g: &mut Graph, args: &[Node], x: Node) -> Reduced {
        let (mean, shape) = (args[0], args[1]);
        let ratio = g.div(shape, x);
        let root = g.sqrt(ratio);
        let (distance, k) = (g.sub(mean, x), g.mul_scalar(root, 2.0));
        let relative = g.div(distance, mean);
        Reduced { z: g.mul(relative, root), k }
    }
}
