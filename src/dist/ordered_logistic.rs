//! Ordered logistic distribution: categories in order, with a proportional-odds predictor.

use rand::Rng;

use crate::tape::{Graph, Node};
use crate::types::ElementType;

use super::cutpoints::{self, Noise};
use super::formula::open_unit;
use super::{Distribution, Elsewhere, Param, Support, Trial};

/// Category k = 1, ..., K of eta plus standard logistic noise: how many cutpoints lie below it, plus 1.
pub struct OrderedLogistic;

const NOISE: Noise = Noise { log_cdf, of_width, log_interval, draw };

const TRIALS: &[Trial] = &[
    Trial { form: 0, args: &[&[0.4], &[-1.5, 0.3, 2.0]], points: &[1.0, 2.0, 3.0, 4.0] },
    Trial { form: 0, args: &[&[-0.8], &[0.3]], points: &[1.0, 2.0] },
];

impl Distribution for OrderedLogistic {
    fn name(&self) -> &'static str {
        "OrderedLogistic"
    }

    fn summary(&self) -> &'static str {
        "ordered logistic distribution on 1, ..., K"
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
        "log(inv_logit(cutpoints[x] - eta) - inv_logit(cutpoints[x - 1] - eta)), with 1 above the last and 0 below the first cutpoint"
    }

    fn example(&self) -> &'static str {
        "rating ~ OrderedLogistic(beta * x, cutpoints)"
    }

    fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            stan: Some("ordered_logistic(eta, c)"),
            pymc: Some("OrderedLogistic(eta, cutpoints), counting from 0"),
            r: Some("MASS::polr(method = \"logistic\")"),
        }
    }

    fn trials(&self) -> &'static [Trial] {
        TRIALS
    }
}

fn log_cdf(g: &mut Graph, z: Node) -> Node {
    let against = g.neg(z);
    let tail = g.log1p_exp(against);
    g.neg(tail)
}

/// log(1 - exp(-width))
fn of_width(g: &mut Graph, width: Node) -> Node {
    let negative = g.neg(width);
    g.log1m_exp(negative)
}

/// F(u) - F(l) = F(u) (1 - F(l)) (1 - exp(l - u))
fn log_interval(g: &mut Graph, [lower, upper, of_width]: [Node; 3]) -> Node {
    let (above, below) = (log_cdf(g, upper), g.log1p_exp(lower));
    let tails = g.sub(above, below);
    g.add(tails, of_width)
}

fn draw(rng: &mut dyn Rng) -> f64 {
    let u = open_unit(rng);
    u.ln() - (-u).ln_1p()
}
