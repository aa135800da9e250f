//! Asymmetric Laplace distribution: exponential tails of two lengths, as in quantile regression.

use rand::Rng;

use crate::tape::{Graph, Node};

use super::formula::{like, log_rest, open_unit, real_line, standardize};
use super::special::log1p_square;
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// loc + scale (E1 / skew - skew E2) for independent standard exponentials E1, E2.
pub struct AsymmetricLaplace;

const FORMS: &[&[Param]] = &[&[
    Param::scalar("loc", Range::Real, "mode; P(X <= loc) = skew^2 / (1 + skew^2)"),
    Param::scalar("scale", Range::Positive, "scale"),
    Param::scalar("skew", Range::Positive, "1: symmetric; below 1 the upper tail is the longer one"),
]];

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[0.4], &[1.3], &[0.6]], points: &[-2.0, 0.3, 5.0] },
    Trial { form: 0, args: &[&[-1.0], &[0.7], &[1.8]], points: &[-6.0, -0.5] },
];

impl Distribution for AsymmetricLaplace {
    fn name(&self) -> &'static str {
        "AsymmetricLaplace"
    }

    fn summary(&self) -> &'static str {
        "asymmetric Laplace distribution on the real line"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        real_line()
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let (scale, skew) = (args[1], args[2]);
        let z = standardize(g, x, args[0], scale);
        let (below, above) = (g.div(z, skew), g.mul(z, skew));
        let above = g.neg(above);
        let lower = negative(g, z);
        let exponent = g.select(lower, below, above);
        // log(scale (skew + 1 / skew))
        let (log_scale, log_skew) = (g.log(scale), g.log(skew));
        let spread = log1p_square(g, skew);
        let log_sum = g.sub(spread, log_skew);
        let log_normalizer = g.add(log_scale, log_sum);
        g.sub(exponent, log_normalizer)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let z = standardize(g, x, args[0], args[1]);
        let [below, above] = tails(g, z, args[2]);
        let rest = g.log1m_exp(above);
        let lower = negative(g, z);
        Some(g.select(lower, below, rest))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let z = standardize(g, x, args[0], args[1]);
        let [below, above] = tails(g, z, args[2]);
        let rest = g.log1m_exp(below);
        let lower = negative(g, z);
        Some(g.select(lower, rest, above))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let skew = args[2];
        let inverse = g.recip(skew);
        let (log_above, log_below) = (log1p_square(g, skew), log1p_square(g, inverse));
        let (log_p, log_tail) = (g.log(p), log_rest(g, p));
        let (below, above) = (g.add(log_p, log_below), g.add(log_tail, log_above));
        let (below, above) = (g.mul(below, skew), g.div(above, skew));
        let above = g.neg(above);
        let lower = negative(g, below);
        let z = g.select(lower, below, above);
        let distance = g.mul(args[1], z);
        Some(g.add(args[0], distance))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let inverse = g.recip(args[2]);
        let difference = g.sub(inverse, args[2]);
        let distance = g.mul(args[1], difference);
        Some(g.add(args[0], distance))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let inverse = g.recip(args[2]);
        let (above, below) = (g.square(inverse), g.square(args[2]));
        let sum = g.add(above, below);
        let root = g.sqrt(sum);
        let sd = g.mul(args[1], root);
        Some(like(g, sd, args[0]))
    }

    fn corner(&self, _form: usize, args: &[Node]) -> Option<Node> {
        Some(args[0])
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        let skew = args[2][0];
        let (up, down) = (-open_unit(rng).ln(), -open_unit(rng).ln());
        out[0] = args[0][0] + args[1][0] * (up / skew - down * skew);
    }

    fn location_scale(&self, _form: usize) -> Option<[usize; 2]> {
        Some([0, 1])
    }

    fn formula(&self) -> &'static str {
        "-log(scale (skew + 1 / skew)) - (skew z if z >= 0 else -z / skew), z = (x - loc) / scale"
    }

    fn example(&self) -> &'static str {
        "y ~ AsymmetricLaplace(mu, 1, 0.5)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some(
                "skew_double_exponential(mu, sigma = 2 scale skew / (1 + skew^2), tau = skew^2 / (1 + skew^2))",
            ),
            pymc: Some("AsymmetricLaplace(b = 1 / scale, kappa = skew, mu)"),
            r: Some("VGAM::dalap(location, scale = sqrt(2) scale, kappa = skew)"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

fn negative(g: &mut Graph, z: Node) -> Node {
    let zero = g.scalar(0.0);
    g.less(z, zero)
}

/// log P(Z <= z) for z < 0, log P(Z > z) for z >= 0.
fn tails(g: &mut Graph, z: Node, skew: Node) -> [Node; 2] {
    let inverse = g.recip(skew);
    let (below, above) = (g.mul(z, inverse), g.mul(z, skew));
    let above = g.neg(above);
    let (log_below, log_above) = (log1p_square(g, inverse), log1p_square(g, skew));
    [g.sub(below, log_below), g.sub(above, log_above)]
}
