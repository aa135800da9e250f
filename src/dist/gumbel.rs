//! Gumbel distribution: the largest of many draws with exponential tails.

use std::f64::consts::{EULER_GAMMA, PI};

use rand::Rng;

use crate::tape::{Graph, Node};

use super::extremes::log_inv_cloglog;
use super::formula::{like, open_unit, real_line, standardize};
use super::{Distribution, Elsewhere, Param, Range, Support, Trial};

/// The type I extreme-value distribution of maxima.
pub struct Gumbel;

const FORMS: &[&[Param]] =
    &[&[Param::scalar("loc", Range::Real, "mode"), Param::scalar("scale", Range::Positive, "scale")]];

const TRIALS: &[Trial] = &[Trial { form: 0, args: &[&[0.4], &[1.3]], points: &[-2.0, 0.3, 9.0] }];

impl Distribution for Gumbel {
    fn name(&self) -> &'static str {
        "Gumbel"
    }

    fn summary(&self) -> &'static str {
        "Gumbel distribution of maxima on the real line"
    }

    fn forms(&self) -> &'static [&'static [Param]] {
        FORMS
    }

    fn support(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Support {
        real_line()
    }

    fn log_density(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Node {
        let z = standardize(g, x, args[0], args[1]);
        let down = g.neg(z);
        let decay = g.exp(down);
        let log_scale = g.log(args[1]);
        let total = g.add(z, decay);
        let total = g.add(total, log_scale);
        g.neg(total)
    }

    fn log_cdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let down = standardize(g, args[0], x, args[1]);
        let decay = g.exp(down);
        Some(g.neg(decay))
    }

    fn log_ccdf(&self, g: &mut Graph, _form: usize, args: &[Node], x: Node) -> Option<Node> {
        let down = standardize(g, args[0], x, args[1]);
        Some(log_inv_cloglog(g, down))
    }

    fn quantile(&self, g: &mut Graph, _form: usize, args: &[Node], p: Node) -> Option<Node> {
        let down = log_minus_log(g, p);
        let distance = g.mul(args[1], down);
        Some(g.sub(args[0], distance))
    }

    fn mean(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let distance = g.mul_scalar(args[1], EULER_GAMMA);
        Some(g.add(args[0], distance))
    }

    fn sd(&self, g: &mut Graph, _form: usize, args: &[Node]) -> Option<Node> {
        let sd = g.mul_scalar(args[1], PI / 6f64.sqrt());
        Some(like(g, sd, args[0]))
    }

    fn sample(&self, _form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]) {
        out[0] = args[0][0] - args[1][0] * (-open_unit(rng).ln()).ln();
    }

    fn location_scale(&self, _form: usize) -> Option<[usize; 2]> {
        Some([0, 1])
    }

    fn formula(&self) -> &'static str {
        "-z - exp(-z) - log(scale), z = (x - loc) / scale"
    }

    fn example(&self) -> &'static str {
        "flood ~ Gumbel(mu, 10)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere { stan: Some("gumbel"), pymc: Some("Gumbel"), r: Some("evd::dgumbel") }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

/// log(-log p)
pub(super) fn log_minus_log(g: &mut Graph, p: Node) -> Node {
    let log = g.log(p);
    let hazard = g.neg(log);
    g.log(hazard)
}
