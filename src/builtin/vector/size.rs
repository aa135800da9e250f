//! Lengths of arrays, which are sizes that plates can be made of.

use crate::builtin::function::{Facts, Function, typ};
use crate::builtin::{Builtin, Call, CallError, Param};
use crate::tape::{Graph, Node};
use crate::types::{Dim, Type};

const X: &[Param] = &[Param::required("x")];

pub const ALL: &[&dyn Builtin] = &[
    &Function {
        name: "len",
        summary: "Length of a vector, rows of a matrix, 1 for a scalar.",
        params: X,
        example: "len([4, 5, 6])",
        facts: Facts::Plain,
        result: |args| {
            let x = typ(args, 0)?;
            Ok(Type::int(match x.shape.dims() {
                None => Dim::Unknown,
                Some(dims) => dims.first().cloned().unwrap_or(Dim::Known(1)),
            }))
        },
        build: |g, call| extent(g, call, 0),
    },
    &Function {
        name: "nrow",
        summary: "Rows of a matrix, or length of a vector.",
        params: X,
        example: "nrow([[1, 2, 3], [4, 5, 6]])",
        facts: Facts::Plain,
        result: |args| dimension(args, 0, "nrow"),
        build: |g, call| extent(g, call, 0),
    },
    &Function {
        name: "ncol",
        summary: "Columns of a matrix.",
        params: X,
        example: "ncol([[1, 2, 3], [4, 5, 6]])",
        facts: Facts::Plain,
        result: |args| dimension(args, 1, "ncol"),
        build: |g, call| extent(g, call, 1),
    },
];

fn dimension(args: &[Option<Type>], k: usize, name: &str) -> Result<Type, CallError> {
    let x = typ(args, 0)?;
    match x.shape.dims() {
        None => Ok(Type::int(Dim::Unknown)),
        Some(dims) => dims.get(k).cloned().map(Type::int).ok_or_else(|| {
            CallError::new(format!("`{name}` needs a matrix, found {}", x.shape))
                .help("`len` gives the length of a vector")
                .about(0)
        }),
    }
}

fn extent(g: &mut Graph, call: &Call, k: usize) -> Result<Node, CallError> {
    let event = call.event(g, call.arg(0)?);
    let n = event.get(k).copied().unwrap_or(1);
    Ok(call.constant(g, vec![n as f64], &[]))
}
