//! Probabilities from logits, over the last dimension.

use crate::builtin::function::{Facts, Function, typ};
use crate::builtin::typing::numeric;
use crate::builtin::{Builtin, Call, CallError, Param};
use crate::tape::{Graph, Node};
use crate::types::{Dim, Type};

const X: &[Param] = &[Param::required("x")];

pub const ALL: &[&dyn Builtin] = &[
    &Function {
        name: "softmax",
        summary: "exp(x) / sum(exp(x)) over the last dimension.",
        params: X,
        example: "softmax([0, 1, 2])",
        facts: Facts::Plain,
        result: |args| same_shape(args, "softmax"),
        build: |g, call| {
            let logs = log_softmax(g, call)?;
            Ok(g.exp(logs))
        },
    },
    &Function {
        name: "log_softmax",
        summary: "x - logsumexp(x) over the last dimension.",
        params: X,
        example: "log_softmax([0, 1, 2])",
        facts: Facts::Plain,
        result: |args| same_shape(args, "log_softmax"),
        build: log_softmax,
    },
];

fn same_shape(args: &[Option<Type>], name: &str) -> Result<Type, CallError> {
    numeric(args)?;
    let x = typ(args, 0)?;
    match x.shape.dims() {
        Some([]) => {
            Err(CallError::new(format!("`{name}` needs a vector or a matrix, found a scalar")).about(0))
        }
        Some([.., Dim::Known(0)]) => {
            Err(CallError::new(format!("`{name}` needs at least 1 element")).about(0))
        }
        _ => Ok(Type::real(x.shape.clone())),
    }
}

fn log_softmax(g: &mut Graph, call: &Call) -> Result<Node, CallError> {
    let x = call.arg(0)?.node;
    let mut shape = g.shape(x).to_vec();
    let last = shape.len() - 1;
    let total = g.logsumexp(x, last);
    shape[last] = 1;
    let total = g.reshape(total, &shape);
    Ok(g.sub(x, total))
}
