//! Exponentials, logarithms and roots, with their stable relatives.

use std::f64::consts::LOG10_E;

use super::Unary;
use crate::builtin::Builtin;
use crate::builtin::typing::Element::Real;
use crate::tape::{Graph, Node};

pub const ALL: &[&dyn Builtin] = &[
    &Unary { name: "exp", summary: "e^x.", example: "exp(1)", element: Real, build: Graph::exp },
    &Unary {
        name: "expm1",
        summary: "exp(x) - 1, exact near zero.",
        example: "expm1(1e-10)",
        element: Real,
        build: Graph::expm1,
    },
    &Unary {
        name: "log",
        summary: "Natural logarithm.",
        example: "log(10)",
        element: Real,
        build: Graph::log,
    },
    &Unary {
        name: "log1p",
        summary: "log(1 + x), exact near zero.",
        example: "log1p(1e-10)",
        element: Real,
        build: Graph::log1p,
    },
    &Unary {
        name: "log10",
        summary: "Logarithm to base 10.",
        example: "log10(1000)",
        element: Real,
        build: |g, x| {
            let log = g.log(x);
            g.mul_scalar(log, LOG10_E)
        },
    },
    &Unary { name: "sqrt", summary: "Square root.", example: "sqrt(2)", element: Real, build: Graph::sqrt },
    &Unary {
        name: "log1p_exp",
        summary: "log(1 + exp(x)) without overflow.",
        example: "log1p_exp(1000)",
        element: Real,
        build: Graph::log1p_exp,
    },
    &Unary {
        name: "log1m",
        summary: "log(1 - x), exact near zero.",
        example: "log1m(0.1)",
        element: Real,
        build: |g, x| {
            let minus = g.neg(x);
            g.log1p(minus)
        },
    },
    &Unary {
        name: "log1m_exp",
        summary: "log(1 - exp(x)) for x < 0, exact at both ends.",
        example: "log1m_exp(-1e-10)",
        element: Real,
        build: Graph::log1m_exp,
    },
];

/// sqrt(x) for x >= 0 with derivative 0 at 0, so that a distance or a deviation of zero does not make a gradient NaN.
pub fn sqrt_at_zero(g: &mut Graph, x: Node) -> Node {
    let zero = g.scalar(0.0);
    let one = g.scalar(1.0);
    let is_zero = g.equal(x, zero);
    let safe = g.select(is_zero, one, x);
    let root = g.sqrt(safe);
    g.select(is_zero, zero, root)
}
