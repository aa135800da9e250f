//! Probabilities from logits, over the last dimension.

use crate::builtin::function::{Facts, Function, typ};
use crate::builtin::reduction::{X_AXIS, axis_of};
use crate::builtin::typing::numeric;
use crate::builtin::{Builtin, Call, CallError};
use crate::tape::{Graph, Node};
use crate::types::{Dim, Type};

pub const ALL: &[&dyn Builtin] = &[
    &Function {
        name: "softmax",
        summary: "exp(x) / sum(exp(x)) over the last dimension, or along an axis.",
        params: X_AXIS,
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
        summary: "x - logsumexp(x) over the last dimension, or along an axis.",
        params: X_AXIS,
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
        Some(dims) => {
            if let Some(axis) = args.get(1).and_then(Option::as_ref) {
                axis_of(name, axis, dims.len())?;
            }
            Ok(Type::real(x.shape.clone()))
        }
        None => Ok(Type::real(x.shape.clone())),
    }
}

fn log_softmax(g: &mut Graph, call: &Call) -> Result<Node, CallError> {
    let x = call.arg(0)?.node;
    let mut shape = g.shape(x).to_vec();
    let axis = match call.optional(1) {
        Some(_) => call.batch + call.known_length(g, 1, "the axis of a softmax")? - 1,
        None => shape.len() - 1,
    };
    let total = g.logsumexp(x, axis);
    shape[axis] = 1;
    let total = g.reshape(total, &shape);
    Ok(g.sub(x, total))
}
