//! The arithmetic operators, whole-number division and the simplest functions.

use super::{Binary, Unary, numbers};
use crate::builtin::function::{Facts, Function, typ};
use crate::builtin::typing::{Element, numeric};
use crate::builtin::{Builtin, CallError, Param};
use crate::tape::{Graph, Node};
use crate::types::{Dim, ElementType, Type};

pub static TIMES: Binary = Binary {
    name: "*",
    summary: "Product, element by element; `@` is the matrix product.",
    example: "2 * [1, 2]",
    element: numbers!(Element::Keep),
    size: |a, b| Some(a.times(b)),
    mismatch: "cannot multiply {a} by {b}",
    build: Graph::mul,
};

pub static MINUS: Binary = Binary {
    name: "-",
    summary: "Difference.",
    example: "3 - 0.5",
    element: numbers!(Element::Keep),
    size: Dim::minus,
    mismatch: "cannot subtract {b} from {a}",
    build: Graph::sub,
};

pub static DIVIDED: Binary = Binary {
    name: "/",
    summary: "Quotient, always real; `div` is the whole-number one.",
    example: "1 / 2",
    element: numbers!(Element::Real),
    size: |_, _| None,
    mismatch: "cannot divide {a} by {b}",
    build: Graph::div,
};

pub const ALL: &[&dyn Builtin] = &[
    &Binary {
        name: "+",
        summary: "Sum.",
        example: "1 + 2",
        element: numbers!(Element::Keep),
        size: |a, b| Some(a.plus(b)),
        mismatch: "cannot add {a} and {b}",
        build: Graph::add,
    },
    &MINUS,
    &TIMES,
    &DIVIDED,
    &Binary {
        name: "^",
        summary: "Power.",
        example: "2 ^ 10",
        element: power_element,
        size: power_size,
        mismatch: "cannot raise {a} to the power {b}",
        build: Graph::pow,
    },
    &Binary {
        name: "div",
        summary: "Quotient rounded down.",
        example: "div(7, 2)",
        element: numbers!(Element::Keep),
        size: |a, b| Some(Dim::Known(a.known()?.checked_div(b.known()?)?)),
        mismatch: "cannot divide {a} by {b}",
        build: floor_div,
    },
    &Binary {
        name: "mod",
        summary: "Remainder after `div`; has the sign of the divisor.",
        example: "mod(7, 2)",
        element: numbers!(Element::Keep),
        size: |a, b| Some(Dim::Known(a.known()?.checked_rem(b.known()?)?)),
        mismatch: "cannot divide {a} by {b}",
        build: |g, a, b| {
            let quotient = floor_div(g, a, b);
            let whole = g.mul(quotient, b);
            g.sub(a, whole)
        },
    },
    &Function {
        name: "neg",
        summary: "Minus x.",
        params: &[Param::required("x")],
        example: "-3",
        facts: Facts::Elementwise,
        result: negated,
        build: |g, call| {
            let x = call.arg(0)?.node;
            Ok(g.neg(x))
        },
    },
    &Unary {
        name: "abs",
        summary: "Absolute value.",
        example: "abs(-2)",
        element: Element::Keep,
        build: Graph::abs,
    },
    &Unary {
        name: "sign",
        summary: "-1, 0 or 1.",
        example: "sign(-2.5)",
        element: Element::Int,
        build: Graph::sign,
    },
    &Unary {
        name: "square",
        summary: "x times x.",
        example: "square(3)",
        element: Element::Keep,
        build: Graph::square,
    },
    &Unary { name: "inv", summary: "1 / x.", example: "inv(4)", element: Element::Real, build: Graph::recip },
];

/// An int to a length's power is an int; any other power is real, since it may be a fraction.
fn power_element(a: &Type, b: &Type) -> Result<Element, CallError> {
    numeric(&[Some(a.clone()), Some(b.clone())])?;
    let whole = b.element == Some(ElementType::Int) && b.size.is_some();
    Ok(if whole { Element::Keep } else { Element::Real })
}

fn power_size(a: &Dim, b: &Dim) -> Option<Dim> {
    a.known()?.checked_pow(u32::try_from(b.known()?).ok()?).map(Dim::Known)
}

/// Minus zero is a length, minus anything else is none.
fn negated(args: &[Option<Type>]) -> Result<Type, CallError> {
    numeric(args)?;
    let x = typ(args, 0)?;
    let size = x.size.clone().filter(|n| *n == Dim::Known(0));
    Ok(Type { element: Element::Keep.of([x]), shape: x.shape.clone(), size })
}

fn floor_div(g: &mut Graph, a: Node, b: Node) -> Node {
    let ratio = g.div(a, b);
    g.floor(ratio)
}
