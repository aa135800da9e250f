//! Joining arrays: `cbind`, `rbind`, `concat` and the brackets `[a, b, c]`.

use crate::builtin::function::{Facts, Function};
use crate::builtin::typing::{alike, join, mismatch, same, shape};
use crate::builtin::{Arg, Builtin, Call, CallError, Param};
use crate::tape::{Graph, Node};
use crate::types::{Dim, Shape, Type};

pub const ALL: &[&dyn Builtin] = &[
    &Function {
        name: "cbind",
        summary: "Matrix of the given columns; matrices add all of theirs, scalars fill a column.",
        params: &[Param::variadic("columns")],
        example: "cbind(1, [2, 3])",
        facts: Facts::Plain,
        result: |args| bound(args, 1, "columns"),
        build: |g, call| bind(g, call, 1),
    },
    &Function {
        name: "rbind",
        summary: "Matrix of the given rows; matrices add all of theirs, scalars fill a row.",
        params: &[Param::variadic("rows")],
        example: "rbind([1, 2], [3, 4])",
        facts: Facts::Plain,
        result: |args| bound(args, 0, "rows"),
        build: |g, call| bind(g, call, 0),
    },
    &Function {
        name: "concat",
        summary: "Vectors and scalars end to end; matrices one below the other.",
        params: &[Param::variadic("parts")],
        example: "concat([1, 2], 3)",
        facts: Facts::Plain,
        result: concatenated,
        build: |g, call| {
            let spread = spread(g, call);
            let parts: Vec<Node> = spread
                .into_iter()
                .map(|part| if part.rank == 0 { call.reshaped(g, part, &[1]) } else { part.node })
                .collect();
            Ok(g.concat(&parts, call.batch))
        },
    },
    &Function {
        name: "[]",
        summary: "Vector of the elements; of vectors, the matrix with these rows.",
        params: &[Param::variadic("elements")],
        example: "[[1, 2], [3, 4]]",
        facts: Facts::Plain,
        result: stacked,
        build: |g, call| {
            let mut rows = Vec::new();
            for part in spread(g, call) {
                let event = [&[1], &call.event(g, part)[..]].concat();
                rows.push(call.reshaped(g, part, &event));
            }
            Ok(g.concat(&rows, call.batch))
        },
    },
];

fn given(args: &[Option<Type>]) -> impl Iterator<Item = (usize, &Type)> {
    args.iter().enumerate().filter_map(|(i, t)| Some((i, t.as_ref()?)))
}

fn element(args: &[Option<Type>]) -> Result<Option<crate::types::ElementType>, CallError> {
    alike(args)?;
    Ok(join(args.iter().flatten()))
}

/// Type of `cbind` (axis 1) and `rbind` (axis 0): the lengths of the vectors agree, their numbers add up.
fn bound(args: &[Option<Type>], axis: usize, words: &str) -> Result<Type, CallError> {
    let words = format!("cannot bind {{a}} and {{b}} as {words}");
    let mut across: Option<(Dim, Shape)> = None;
    let mut count = Dim::Known(0);
    for (i, t) in given(args) {
        let (n, length) = match t.shape.dims() {
            None => (Dim::Unknown, Some(Dim::Unknown)),
            Some([]) => (Dim::Known(1), None),
            Some([n]) => (Dim::Known(1), Some(n.clone())),
            Some([rows, columns]) if axis == 1 => (columns.clone(), Some(rows.clone())),
            Some([rows, columns]) => (rows.clone(), Some(columns.clone())),
            Some(_) => {
                let message = format!("only vectors and matrices can be bound, found {}", t.shape);
                return Err(CallError::new(message).about(i));
            }
        };
        count = count.plus(&n);
        let Some(length) = length else { continue };
        across = Some(match across {
            None => (length, t.shape.clone()),
            Some((first, origin)) => match same(&first, &length) {
                Some(length) => (length, origin),
                None => {
                    let differ = format!(": lengths {first} and {length} differ");
                    let message =
                        words.replace("{a}", &origin.to_string()).replace("{b}", &t.shape.to_string());
                    return Err(CallError::new(message + &differ).about(i));
                }
            },
        });
    }
    let length = across.map_or(Dim::Known(1), |(length, _)| length);
    let dims = if axis == 1 { [length, count] } else { [count, length] };
    Ok(Type { element: element(args)?, shape: shape(dims), size: None })
}

fn bind(g: &mut Graph, call: &Call, axis: usize) -> Result<Node, CallError> {
    let args = spread(g, call);
    let mut length = 1;
    for &arg in &args {
        match call.event(g, arg)[..] {
            [n] => length = n,
            [rows, columns] => length = if axis == 1 { rows } else { columns },
            _ => {}
        }
    }
    let line = if axis == 1 { [length, 1] } else { [1, length] };
    let mut parts = Vec::new();
    for arg in args {
        parts.push(match arg.rank {
            0 => {
                let unit = call.reshaped(g, arg, &[1, 1]);
                let full = [&g.shape(unit)[..call.batch], &line].concat();
                g.broadcast(unit, &full)
            }
            1 => call.reshaped(g, arg, &line),
            _ => arg.node,
        });
    }
    Ok(g.concat(&parts, call.batch + axis))
}

fn concatenated(args: &[Option<Type>]) -> Result<Type, CallError> {
    let mut total: Option<Vec<Dim>> = None;
    for (i, t) in given(args) {
        let Some(dims) = t.shape.dims() else {
            return Ok(Type { element: element(args)?, shape: Shape::UNKNOWN, size: None });
        };
        let dims = if dims.is_empty() { vec![Dim::Known(1)] } else { dims.to_vec() };
        total = Some(match total {
            None => dims,
            Some(before) => {
                let rest: Option<Vec<Dim>> =
                    before[1..].iter().zip(&dims[1..]).map(|(a, b)| same(a, b)).collect();
                let Some(rest) = rest.filter(|_| before.len() == dims.len()) else {
                    let message = format!("cannot put {} after {}", t.shape, shape(before));
                    return Err(CallError::new(message).about(i));
                };
                [&[before[0].plus(&dims[0])], &rest[..]].concat()
            }
        });
    }
    Ok(Type { element: element(args)?, shape: shape(total.unwrap_or_default()), size: None })
}

fn stacked(args: &[Option<Type>]) -> Result<Type, CallError> {
    let mut first: Option<Shape> = None;
    let mut count = 0;
    for (i, t) in given(args) {
        count += 1;
        first = Some(match first {
            None => t.shape.clone(),
            Some(before) => match (before.dims(), t.shape.dims()) {
                (Some(a), Some(b)) if a.len() == b.len() => {
                    let mut dims = Vec::new();
                    for (m, n) in a.iter().zip(b) {
                        let Some(dim) = same(m, n) else {
                            let words = "cannot put {a} and {b} as elements of one array";
                            return Err(mismatch(words, &before, &t.shape, m, n).about(i));
                        };
                        dims.push(dim);
                    }
                    shape(dims)
                }
                (Some(_), Some(_)) => {
                    let message = format!("cannot put {before} and {} as elements of one array", t.shape);
                    return Err(CallError::new(message).help("`concat` puts vectors end to end").about(i));
                }
                (Some(_), None) => before,
                (None, _) => t.shape.clone(),
            },
        });
    }
    let dims = first.and_then(|s| s.0).map(|dims| [&[Dim::Known(count)], &dims[..]].concat());
    Ok(Type { element: element(args)?, shape: Shape(dims), size: None })
}

/// All arguments with the batch dimensions that they share: concatenation does not broadcast.
fn spread(g: &mut Graph, call: &Call) -> Vec<Arg> {
    let batch = call.batch_shape(g);
    let mut parts = call.tail(0);
    for arg in &mut parts {
        let shape = [&batch[..], &g.shape(arg.node)[call.batch..]].concat();
        arg.node = g.broadcast(arg.node, &shape);
    }
    parts
}
