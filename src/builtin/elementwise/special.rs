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

/// log B(a, b). With p the smaller and q the larger argument, lgamma(q) - lgamma(p + q) is written out by Stirling's
/// formula, as the difference would lose digits (DiDonato and Morris 1992, ACM TOMS 708).
pub fn lbeta(g: &mut Graph, a: Node, b: Node) -> Node {
    let (p, q) = (g.min(a, b), g.max(a, b));
    let n = g.add(p, q);
    let (rest_q, rest_n) = (g.stirling_remainder(q), g.stirling_remainder(n));
    let ratio = g.div(p, q);
    let log_ratio = g.log1p(ratio);
    let q_less = g.add_scalar(q, -1.0);
    let first = g.mul(q_less, log_ratio);
    let log_n = g.log(n);
    let log_n_less = g.add_scalar(log_n, -1.0);
    let second = g.mul(p, log_n_less);
    let difference = g.sub(rest_q, rest_n);
    let difference = g.sub(difference, first);
    let difference = g.sub(difference, second);
    let lgamma_p = g.lgamma(p);
    g.add(lgamma_p, difference)
}
