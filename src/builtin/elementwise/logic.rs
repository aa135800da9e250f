//! Logic on bools; numbers count as true when they are not zero.

use super::{Binary, Unary, numbers};
use crate::builtin::Builtin;
use crate::builtin::typing::Element;
use crate::tape::{Graph, Node};

pub const ALL: &[&dyn Builtin] = &[
    &Binary {
        name: "&&",
        summary: "Both.",
        example: "true && false",
        element: numbers!(Element::Bool),
        size: |_, _| None,
        mismatch: "cannot combine {a} and {b} by `&&`",
        build: Graph::and,
    },
    &Binary {
        name: "||",
        summary: "Either or both.",
        example: "true || false",
        element: numbers!(Element::Bool),
        size: |_, _| None,
        mismatch: "cannot combine {a} and {b} by `||`",
        build: Graph::or,
    },
    &Unary { name: "!", summary: "Not.", example: "!true", element: Element::Bool, build: Graph::not },
    &Unary {
        name: "isnan",
        summary: "Whether x is not a number.",
        example: "isnan(nan)",
        element: Element::Bool,
        build: Graph::is_nan,
    },
];

/// 1 where x is not zero, else 0.
pub fn truth(g: &mut Graph, x: Node) -> Node {
    let zero = g.scalar(0.0);
    g.not_equal(x, zero)
}
