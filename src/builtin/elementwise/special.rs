//! The error and gamma functions.

use super::{Binary, Unary, numbers};
use crate::builtin::Builtin;
use crate::builtin::typing::Element::{self, Real};
use crate::tape::{Graph, Node};

pub const ALL: &[&dyn Builtin] = &[
    &Unary { name: "erf", summary: "Error function.", example: "erf(0.5)", element: Real, build: Graph::erf },
    &Unary {
        name: "erfc",
        summary: "1 - erf(x), exact in the upper tail.",
        example: "erfc(5)",
        element: Real,
        build: Graph::erfc,
    },
    &Unary {
        name: "lgamma",
        summary: "Logarithm of the gamma function.",
        example: "lgamma(5)",
        element: Real,
        build: Graph::lgamma,
    },
    &Unary {
        name: "digamma",
        summary: "Derivative of `lgamma`.",
        example: "digamma(1)",
        element: Real,
        build: Graph::digamma,
    },
    &Binary {
        name: "lbeta",
        summary: "Logarithm of the beta function.",
        example: "lbeta(2, 3)",
        element: numbers!(Element::Real),
        size: |_, _| None,
        mismatch: "cannot combine {a} and {b} in `lbeta`",
        build: lbeta,
    },
];

/// From here on lgamma is its asymptotic series to the last bit.
const STIRLING_FROM: f64 = 10.0;

/// Coefficients B_{2k} / (2k (2k - 1)) of x^{1 - 2k} in the series of lgamma (Abramowitz and Stegun 6.1.40).
const STIRLING: [f64; 8] = [
    1.0 / 12.0,
    -1.0 / 360.0,
    1.0 / 1260.0,
    -1.0 / 1680.0,
    1.0 / 1188.0,
    -691.0 / 360360.0,
    1.0 / 156.0,
    -3617.0 / 122400.0,
];

/// log B(a, b). With p the smaller and q the larger argument, lgamma(q) - lgamma(p + q) is written out by Stirling's
/// series where q is large, as the difference would lose digits (DiDonato and Morris 1992, ACM TOMS 708).
pub fn lbeta(g: &mut Graph, a: Node, b: Node) -> Node {
    let p = g.min(a, b);
    let q = g.max(a, b);
    let threshold = g.scalar(STIRLING_FROM);
    let small = g.less(q, threshold);

    let q_small = g.select(small, q, threshold);
    let sum_small = g.add(p, q_small);
    let (lgamma_q, lgamma_sum) = (g.lgamma(q_small), g.lgamma(sum_small));
    let direct = g.sub(lgamma_q, lgamma_sum);

    let q_large = g.select(small, threshold, q);
    let sum_large = g.add(p, q_large);
    let (rest_q, rest_sum) = (stirling_rest(g, q_large), stirling_rest(g, sum_large));
    let rest = g.sub(rest_q, rest_sum);
    let ratio = g.div(p, q_large);
    let log_ratio = g.log1p(ratio);
    let q_minus_half = g.add_scalar(q_large, -0.5);
    let first = g.mul(q_minus_half, log_ratio);
    let log_sum = g.log(sum_large);
    let log_sum_minus_one = g.add_scalar(log_sum, -1.0);
    let second = g.mul(p, log_sum_minus_one);
    let series = g.sub(rest, first);
    let series = g.sub(series, second);

    let difference = g.select(small, direct, series);
    let lgamma_p = g.lgamma(p);
    g.add(lgamma_p, difference)
}

/// lgamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2) for x >= 10.
fn stirling_rest(g: &mut Graph, x: Node) -> Node {
    let inverse = g.recip(x);
    let inverse_square = g.square(inverse);
    let mut sum = g.scalar(STIRLING[STIRLING.len() - 1]);
    for &c in STIRLING.iter().rev().skip(1) {
        let product = g.mul(sum, inverse_square);
        sum = g.add_scalar(product, c);
    }
    g.mul(sum, inverse)
}
