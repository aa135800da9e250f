//! Order: `reverse`, and of data `sort` and `rank`.

use ndarray::ArcArray;

use crate::builtin::call::take;
use crate::builtin::function::{Facts, Function, typ};
use crate::builtin::reduction::{X_AXIS, axis_of};
use crate::builtin::typing::{numeric, shape, vector};
use crate::builtin::{Builtin, Call, CallError, Param};
use crate::tape::{Graph, Node};
use crate::types::{ElementType, Type};

const X: &[Param] = &[Param::required("x")];

pub const ALL: &[&dyn Builtin] = &[
    &Function {
        name: "reverse",
        summary: "Elements (rows of a matrix, or along an axis) in reverse order.",
        params: X_AXIS,
        example: "reverse([1, 2, 3])",
        facts: Facts::Rearranges,
        result: |args| {
            let x = typ(args, 0)?;
            along(args, "reverse")?;
            Ok(Type { size: None, ..x.clone() })
        },
        build: |g, call| {
            let x = call.arg(0)?;
            let axis = axis(g, call, "reverse")?.unwrap_or(0);
            let index: Vec<usize> = match call.event(g, x).get(axis) {
                Some(&n) => (0..n).rev().collect(),
                None => return Ok(x.node),
            };
            Ok(take(g, x.node, call.batch + axis, &index))
        },
    },
    &Function {
        name: "sort",
        summary: "Elements of data in increasing order, along the last dimension or an axis.",
        params: X_AXIS,
        example: "sort([3, 1, 2])",
        facts: Facts::Rearranges,
        result: |args| {
            numeric(args)?;
            let x = typ(args, 0)?;
            if x.shape.rank() == Some(0) {
                return Err(CallError::new("`sort` needs a vector or a matrix, found a scalar").about(0));
            }
            along(args, "sort")?;
            Ok(Type { size: None, ..x.clone() })
        },
        build: |g, call| by_row(g, call, "sort", |row| row.sort_by(f64::total_cmp)),
    },
    &Function {
        name: "rank",
        summary: "Places of the elements of a data vector in increasing order; ties share their mean place.",
        params: X,
        example: "rank([30, 10, 20])",
        facts: Facts::Plain,
        result: |args| {
            numeric(args)?;
            let n = vector(typ(args, 0)?, 0, "what `rank` ranks")?;
            Ok(Type::array(ElementType::Real, shape([n])))
        },
        build: |g, call| by_row(g, call, "rank", ranks),
    },
];

/// Whether the axis of a call, if it has one, is one of the value.
fn along(args: &[Option<Type>], name: &str) -> Result<(), CallError> {
    match (args.get(1).and_then(Option::as_ref), typ(args, 0)?.shape.rank()) {
        (Some(axis), Some(rank)) => axis_of(name, axis, rank).map(|_| ()),
        _ => Ok(()),
    }
}

/// The 0-based axis that a call names.
fn axis(g: &Graph, call: &Call, name: &str) -> Result<Option<usize>, CallError> {
    match call.optional(1) {
        Some(_) => Ok(Some(call.known_length(g, 1, &format!("the axis of `{name}`"))? - 1)),
        None => Ok(None),
    }
}

/// Transforms each vector of the batch in place; the values must be known.
fn by_row(g: &mut Graph, call: &Call, name: &str, transform: fn(&mut [f64])) -> Result<Node, CallError> {
    let x = call.arg(0)?;
    let event = call.event(g, x);
    let along = axis(g, call, name)?.unwrap_or(event.len() - 1);
    let (n, stride) = (event[along], event[along + 1..].iter().product::<usize>());
    let Some(value) = g.value(x.node) else {
        return Err(CallError::new(format!("what `{name}` orders must be known from the data"))
            .help("it depends on a latent variable here; for ordered latents see `ordered(D)`")
            .about(0));
    };
    let dims = value.raw_dim();
    let mut flat: Vec<f64> = value.iter().copied().collect();
    let mut row = vec![0.0; n];
    for block in flat.chunks_exact_mut((n * stride).max(1)) {
        for first in 0..stride {
            for (k, x) in row.iter_mut().enumerate() {
                *x = block[first + k * stride];
            }
            transform(&mut row);
            for (k, &x) in row.iter().enumerate() {
                block[first + k * stride] = x;
            }
        }
    }
    let ordered = ArcArray::from_shape_vec(dims, flat)
        .map_err(|_| CallError::new(format!("`{name}` lost the shape of its argument")))?;
    Ok(g.constant(ordered))
}

fn ranks(row: &mut [f64]) {
    let mut order: Vec<usize> = (0..row.len()).collect();
    order.sort_by(|&i, &j| row[i].total_cmp(&row[j]));
    let mut places = vec![0.0; row.len()];
    let mut below = 0;
    for tied in order.chunk_by(|&i, &j| row[i] == row[j]) {
        let place = below as f64 + (tied.len() + 1) as f64 / 2.0;
        tied.iter().for_each(|&i| places[i] = place);
        below += tied.len();
    }
    row.copy_from_slice(&places);
}
