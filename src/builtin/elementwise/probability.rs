//! Links between probabilities and the real line.

use super::Unary;
use crate::builtin::Builtin;
use crate::builtin::typing::Element::Real;
use crate::tape::Graph;

pub const ALL: &[&dyn Builtin] = &[
    &Unary {
        name: "inv_logit",
        summary: "1 / (1 + exp(-x)).",
        example: "inv_logit(0)",
        element: Real,
        build: Graph::logistic,
    },
    &Unary {
        name: "sigmoid",
        summary: "1 / (1 + exp(-x)), the same as `inv_logit`.",
        example: "sigmoid(2)",
        element: Real,
        build: Graph::logistic,
    },
    &Unary {
        name: "logit",
        summary: "log(x / (1 - x)).",
        example: "logit(0.75)",
        element: Real,
        build: |g, x| {
            let minus = g.neg(x);
            let log_x = g.log(x);
            let log_rest = g.log1p(minus);
            g.sub(log_x, log_rest)
        },
    },
    &Unary {
        name: "probit",
        summary: "Quantile function of the standard normal distribution.",
        example: "probit(0.975)",
        element: Real,
        build: Graph::normal_quantile,
    },
    &Unary {
        name: "inv_probit",
        summary: "Cumulative distribution function of the standard normal distribution.",
        example: "inv_probit(1.96)",
        element: Real,
        build: Graph::normal_cdf,
    },
];
