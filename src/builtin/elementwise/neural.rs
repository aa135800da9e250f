//! Activations of neural networks.

use super::Unary;
use crate::builtin::Builtin;
use crate::builtin::typing::Element::{Keep, Real};
use crate::tape::Graph;

pub const ALL: &[&dyn Builtin] = &[
    &Unary {
        name: "softplus",
        summary: "log(1 + exp(x)), the same as `log1p_exp`.",
        example: "softplus(0)",
        element: Real,
        build: Graph::log1p_exp,
    },
    &Unary {
        name: "relu",
        summary: "The positive part of x.",
        example: "relu(-1.5)",
        element: Keep,
        build: |g, x| {
            let zero = g.scalar(0.0);
            let negative = g.less(x, zero);
            g.select(negative, zero, x)
        },
    },
    &Unary {
        name: "gelu",
        summary: "x times the standard normal probability of being below x.",
        example: "gelu(1)",
        element: Real,
        build: |g, x| {
            let below = g.normal_cdf(x);
            g.mul(x, below)
        },
    },
];
