//! What an operation is, as far as sums can be seen through it.

use std::any::Any;
use std::sync::Arc;

use crate::tape::fusion::Role;
use crate::tape::graph::{Graph, Node, Tensor};
use crate::tape::op::Op;
use crate::tape::ops::arithmetic::{self, Add, Div, Mul, Neg, Sub};
use crate::tape::ops::broadcast::Broadcast;
use crate::tape::ops::elementwise::{Map1, Map2};
use crate::tape::ops::gather::Gather;
use crate::tape::ops::logsumexp::LogSumExp;
use crate::tape::ops::matmul::MatMul;
use crate::tape::ops::select::Select;
use crate::tape::ops::sum::{Middle, Sum};
use crate::tape::plan::live_nodes;

/// A node as the algebra of sums sees it.
pub enum Form {
    Constant(Tensor),
    Add(Node, Node),
    Sub(Node, Node),
    Neg(Node),
    Mul(Node, Node),
    Div(Node, Node),
    Square(Node),
    /// condition, where it holds, where not
    Select(Node, Node, Node),
    /// The same elements in another shape.
    Reshape(Node),
    /// Contiguous elements of a larger array, from an offset on.
    Slice(Node, usize),
    Broadcast(Node),
    /// Over the middle axis of an array seen as three.
    Sum(Node, Middle),
    /// As `Sum`.
    LogSumExp(Node, Middle),
    Gather(Node, Arc<[u32]>),
    /// op(A) op(B), where op is the identity or the transpose.
    Product {
        a: Node,
        transpose_a: bool,
        b: Node,
        transpose_b: bool,
    },
    /// Another function of the elements, broadcast.
    Elementwise,
    Other,
}

/// How many nodes may be looked at, so that what is used in many places is not looked at in each.
#[derive(Debug)]
pub struct Budget(usize);

impl Budget {
    /// Some times as many as there are beneath a node.
    pub fn of(g: &Graph, n: Node) -> Budget {
        const TIMES: usize = 4;
        /// Looking goes as deep at most, on a small stack.
        const MOST: usize = 2000;
        let beneath = live_nodes(g, &[n]).iter().filter(|live| **live).count();
        Budget((TIMES * beneath).min(MOST))
    }

    /// Counts one node; `None` if that was too many.
    pub fn spend(&mut self) -> Option<()> {
        self.0 = self.0.checked_sub(1)?;
        Some(())
    }
}

pub fn form(g: &Graph, n: Node) -> Form {
    if let Some(value) = g.value(n) {
        return Form::Constant(value.clone());
    }
    let Some((op, args)) = g.application(n) else { return Form::Other };
    let op: &dyn Op = &**op;
    let any: &dyn Any = op;
    if any.is::<Map2<Add>>() {
        Form::Add(args[0], args[1])
    } else if any.is::<Map2<Sub>>() {
        Form::Sub(args[0], args[1])
    } else if any.is::<Map1<Neg>>() {
        Form::Neg(args[0])
    } else if any.is::<Map2<Mul>>() {
        Form::Mul(args[0], args[1])
    } else if any.is::<Map2<Div>>() {
        Form::Div(args[0], args[1])
    } else if any.is::<Map1<arithmetic::Square>>() {
        Form::Square(args[0])
    } else if any.is::<Select>() {
        Form::Select(args[0], args[1], args[2])
    } else if let Some(offset) = op.view() {
        if g.size(args[0]) == g.size(n) { Form::Reshape(args[0]) } else { Form::Slice(args[0], offset) }
    } else if any.is::<Broadcast>() {
        Form::Broadcast(args[0])
    } else if let Some(sum) = any.downcast_ref::<Sum>() {
        Form::Sum(args[0], sum.middle(g.shape(args[0])))
    } else if let Some(sum) = any.downcast_ref::<LogSumExp>() {
        Form::LogSumExp(args[0], sum.middle(g.shape(args[0])))
    } else if let Some(gather) = any.downcast_ref::<Gather>() {
        Form::Gather(args[0], gather.index().clone())
    } else if let Some(product) = any.downcast_ref::<MatMul>() {
        let [transpose_a, transpose_b] = product.transposed();
        Form::Product { a: args[0], transpose_a, b: args[1], transpose_b }
    } else {
        let shapes: Vec<&[usize]> = args.iter().map(|&arg| g.shape(arg)).collect();
        if op.role(&shapes) == Role::Map { Form::Elementwise } else { Form::Other }
    }
}

/// The array that a node is a block of, through any views, and where the block starts.
pub fn origin(g: &Graph, n: Node) -> (Node, usize) {
    let (mut root, mut start) = (n, 0);
    while let Some((op, args)) = g.application(root)
        && let Some(offset) = op.view()
    {
        root = args[0];
        start += offset;
    }
    (root, start)
}

/// For each element of an array of shape `to`: the flat position, in an array of shape `from` that is broadcast to it, of
/// its value.
pub fn broadcast_positions(from: &[usize], to: &[usize]) -> Vec<u32> {
    let lead = to.len() - from.len();
    let mut positions = vec![0u32];
    let mut stride = 1;
    // innermost axis first: each axis repeats what lies within it
    for axis in (0..to.len()).rev() {
        let own = if axis >= lead { from[axis - lead] } else { 1 };
        let step = if own == 1 { 0 } else { stride as u32 };
        let within = std::mem::take(&mut positions);
        positions.reserve(within.len() * to[axis]);
        for k in 0..to[axis] as u32 {
            positions.extend(within.iter().map(|at| at + k * step));
        }
        stride *= own;
    }
    positions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_follow_the_trailing_axes() {
        assert_eq!(broadcast_positions(&[2], &[3, 2]), [0, 1, 0, 1, 0, 1]);
        assert_eq!(broadcast_positions(&[2, 1], &[2, 3]), [0, 0, 0, 1, 1, 1]);
        assert_eq!(broadcast_positions(&[], &[2, 2]), [0; 4]);
        assert_eq!(broadcast_positions(&[2, 1, 2], &[2, 2, 2]), [0, 1, 0, 1, 2, 3, 2, 3]);
    }
}
