//! Means and spreads; `sd` and `var` divide by n - 1.

use super::{Empty, Reduction};
use crate::builtin::Builtin;
use crate::builtin::elementwise::exponential::sqrt_at_zero;
use crate::builtin::typing::Element;
use crate::tape::{Graph, Node};

pub const ALL: &[&dyn Builtin] = &[
    &Reduction {
        name: "mean",
        summary: "Arithmetic mean.",
        example: "mean([1, 2, 6])",
        element: Element::Real,
        empty: Empty::AtLeast(1),
        training_constant: true,
        build: mean,
    },
    &Reduction {
        name: "var",
        summary: "Sample variance, with divisor n - 1.",
        example: "var([1, 2, 6])",
        element: Element::Real,
        empty: Empty::AtLeast(2),
        training_constant: true,
        build: variance,
    },
    &Reduction {
        name: "sd",
        summary: "Sample standard deviation, with divisor n - 1.",
        example: "sd([1, 2, 6])",
        element: Element::Real,
        empty: Empty::AtLeast(2),
        training_constant: true,
        build: |g, x, axis| {
            let variance = variance(g, x, axis);
            sqrt_at_zero(g, variance)
        },
    },
];

/// Mean along an axis, which is removed.
pub fn mean(g: &mut Graph, x: Node, axis: usize) -> Node {
    let n = g.shape(x)[axis] as f64;
    let sum = g.sum(x, &[axis]);
    let n = g.scalar(n);
    g.div(sum, n)
}

/// x minus its mean along an axis; the shape stays.
pub fn centered(g: &mut Graph, x: Node, axis: usize) -> Node {
    let mean = mean(g, x, axis);
    let kept = with_axis(g, mean, axis);
    g.sub(x, kept)
}

/// Σ (x - mean)² / (n - 1) along an axis, which is removed.
pub fn variance(g: &mut Graph, x: Node, axis: usize) -> Node {
    let n = g.shape(x)[axis] as f64;
    let deviations = centered(g, x, axis);
    let squares = g.square(deviations);
    let sum = g.sum(squares, &[axis]);
    let divisor = g.scalar(n - 1.0);
    g.div(sum, divisor)
}

/// Puts back a removed axis, with length 1.
pub fn with_axis(g: &mut Graph, x: Node, axis: usize) -> Node {
    let mut shape = g.shape(x).to_vec();
    shape.insert(axis, 1);
    g.reshape(x, &shape)
}
