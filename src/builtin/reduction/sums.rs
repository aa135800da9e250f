//! Sums, products and what is made of them.

use super::{Empty, Reduction};
use crate::builtin::Builtin;
use crate::builtin::elementwise::exponential::sqrt_at_zero;
use crate::builtin::elementwise::logic::truth;
use crate::builtin::typing::Element;
use crate::tape::{Graph, Node};

pub static SUM: Reduction = Reduction {
    name: "sum",
    summary: "Sum of all elements, or along an axis.",
    example: "sum([1, 2, 3])",
    element: Element::Keep,
    empty: Empty::Is(0.0),
    training_constant: false,
    build: |g, x, axis| g.sum(x, &[axis]),
};

pub const ALL: &[&dyn Builtin] = &[
    &SUM,
    &Reduction {
        name: "prod",
        summary: "Product of all elements, or along an axis.",
        example: "prod([2, 3, 4])",
        element: Element::Keep,
        empty: Empty::Is(1.0),
        training_constant: false,
        build: product,
    },
    &Reduction {
        name: "logsumexp",
        summary: "log(sum(exp(x))) without overflow.",
        example: "logsumexp([1000, 1000])",
        element: Element::Real,
        empty: Empty::Is(f64::NEG_INFINITY),
        training_constant: false,
        build: Graph::logsumexp,
    },
    &Reduction {
        name: "norm",
        summary: "Euclidean length: square root of the sum of squares.",
        example: "norm([3, 4])",
        element: Element::Real,
        empty: Empty::Is(0.0),
        training_constant: false,
        build: |g, x, axis| {
            let squares = g.square(x);
            let sum = g.sum(squares, &[axis]);
            sqrt_at_zero(g, sum)
        },
    },
    &Reduction {
        name: "any",
        summary: "Whether some element is true (not zero).",
        example: "any([false, true])",
        element: Element::Bool,
        empty: Empty::Is(0.0),
        training_constant: false,
        build: |g, x, axis| {
            let x = truth(g, x);
            g.max_axis(x, axis)
        },
    },
    &Reduction {
        name: "all",
        summary: "Whether every element is true (not zero).",
        example: "all([true, false])",
        element: Element::Bool,
        empty: Empty::Is(1.0),
        training_constant: false,
        build: |g, x, axis| {
            let x = truth(g, x);
            g.min_axis(x, axis)
        },
    },
];

/// Product along an axis by halving: about log2(n) multiplications of arrays, exact derivatives also at zeros.
fn product(g: &mut Graph, x: Node, axis: usize) -> Node {
    let shape = g.shape(x).to_vec();
    let mut order: Vec<usize> = (0..shape.len()).filter(|&k| k != axis).collect();
    order.insert(0, axis);
    let mut x = if axis == 0 { x } else { g.permute(x, &order) };
    let mut length = shape[axis];
    let rest: Vec<usize> = order[1..].iter().map(|&k| shape[k]).collect();
    let width: usize = rest.iter().product();

    let padded = length.next_power_of_two();
    if padded > length {
        let one = g.scalar(1.0);
        let ones = g.broadcast(one, &[&[padded - length], &rest[..]].concat());
        x = g.concat(&[x, ones], 0);
        length = padded;
    }
    while length > 1 {
        length /= 2;
        let half = [&[length], &rest[..]].concat();
        let (lower, upper) = (g.slice(x, 0, &half), g.slice(x, length * width, &half));
        x = g.mul(lower, upper);
    }
    g.reshape(x, &rest)
}
