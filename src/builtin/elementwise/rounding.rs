//! Rounding to whole numbers; the derivative is zero.

use super::Unary;
use crate::builtin::Builtin;
use crate::builtin::typing::Element::Int;
use crate::tape::Graph;

pub const ALL: &[&dyn Builtin] = &[
    &Unary {
        name: "floor",
        summary: "The largest whole number up to x.",
        example: "floor(-1.5)",
        element: Int,
        build: Graph::floor,
    },
    &Unary {
        name: "ceil",
        summary: "The smallest whole number from x on.",
        example: "ceil(1.2)",
        element: Int,
        build: Graph::ceil,
    },
    &Unary {
        name: "round",
        summary: "The nearest whole number; halves away from zero.",
        example: "round(2.5)",
        element: Int,
        build: Graph::round,
    },
];
