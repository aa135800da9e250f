//! Elementwise arrays at some of their positions, without what lies at the others.

use std::sync::Arc;

use super::form::{Budget, Form, broadcast_positions, form};
use crate::tape::graph::{Graph, Node, elements, tensor};

/// The elements of an array at these flat positions, of shape `[positions]`, or `[]` where all of it is one number; `None`
/// where they cannot be had without the others.
pub fn restrict(g: &mut Graph, x: Node, positions: &[u32], budget: &mut Budget) -> Option<Node> {
    budget.spend()?;
    let size = g.size(x);
    if size == 1 {
        return Some(g.reshape(x, &[]));
    }
    if let Some(value) = g.value(x) {
        let picked: Vec<f64> = positions.iter().map(|&i| elements(value)[i as usize]).collect();
        return Some(g.vector(&picked));
    }
    if size <= positions.len() {
        return Some(pick(g, x, positions));
    }
    match form(g, x) {
        Form::Reshape(of) => restrict(g, of, positions, budget),
        Form::Broadcast(of) => operand(g, of, x, positions, budget),
        Form::Gather(of, index) => {
            let through: Vec<u32> = positions.iter().map(|&i| index[i as usize]).collect();
            Some(restrict(g, of, &through, budget).unwrap_or_else(|| pick(g, of, &through)))
        }
        Form::Product { a, transpose_a: false, b, transpose_b } => {
            let &[_, width] = g.shape(a) else { return None };
            let &[_, columns] = g.shape(x) else { return None };
            if columns != 1 {
                return None;
            }
            let values = elements(g.value(a)?);
            let rows = positions.iter().flat_map(|&i| &values[i as usize * width..(i as usize + 1) * width]);
            let rows = tensor(&[positions.len(), width], rows.copied().collect());
            let rows = g.constant(rows);
            let product = g.matmul_transposed(rows, false, b, transpose_b);
            Some(g.reshape(product, &[positions.len()]))
        }
        Form::Constant(_)
        | Form::Slice(..)
        | Form::Sum(..)
        | Form::LogSumExp(..)
        | Form::Product { .. }
        | Form::Other => None,
        _ => {
            let (op, args) = g.application(x)?;
            let (op, args) = (op.clone(), args.to_vec());
            let args: Vec<Node> =
                args.into_iter().map(|arg| operand(g, arg, x, positions, budget)).collect::<Option<_>>()?;
            Some(g.apply(op, &args))
        }
    }
}

/// An argument of an elementwise operation whose result is `y`, at positions of the result.
fn operand(g: &mut Graph, x: Node, y: Node, positions: &[u32], budget: &mut Budget) -> Option<Node> {
    if g.size(x) == g.size(y) || g.size(x) == 1 {
        return restrict(g, x, positions, budget);
    }
    let places = broadcast_positions(g.shape(x), g.shape(y));
    let through: Vec<u32> = positions.iter().map(|&i| places[i as usize]).collect();
    Some(restrict(g, x, &through, budget).unwrap_or_else(|| pick(g, x, &through)))
}

fn pick(g: &mut Graph, x: Node, positions: &[u32]) -> Node {
    let index: Arc<[u32]> = positions.into();
    g.gather(x, index, &[positions.len()])
}
