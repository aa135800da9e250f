//! Circular and hyperbolic functions, in radians.

use super::Unary;
use crate::builtin::Builtin;
use crate::builtin::typing::Element::Real;
use crate::tape::Graph;

pub const ALL: &[&dyn Builtin] = &[
    &Unary { name: "sin", summary: "Sine.", example: "sin(1)", element: Real, build: Graph::sin },
    &Unary { name: "cos", summary: "Cosine.", example: "cos(1)", element: Real, build: Graph::cos },
    &Unary { name: "tan", summary: "Tangent.", example: "tan(1)", element: Real, build: Graph::tan },
    &Unary {
        name: "asin",
        summary: "Inverse sine.",
        example: "asin(0.5)",
        element: Real,
        build: Graph::asin,
    },
    &Unary {
        name: "acos",
        summary: "Inverse cosine.",
        example: "acos(0.5)",
        element: Real,
        build: Graph::acos,
    },
    &Unary {
        name: "atan",
        summary: "Inverse tangent.",
        example: "atan(1)",
        element: Real,
        build: Graph::atan,
    },
    &Unary {
        name: "sinh",
        summary: "Hyperbolic sine.",
        example: "sinh(1)",
        element: Real,
        build: Graph::sinh,
    },
    &Unary {
        name: "cosh",
        summary: "Hyperbolic cosine.",
        example: "cosh(1)",
        element: Real,
        build: Graph::cosh,
    },
    &Unary {
        name: "tanh",
        summary: "Hyperbolic tangent.",
        example: "tanh(1)",
        element: Real,
        build: Graph::tanh,
    },
];
