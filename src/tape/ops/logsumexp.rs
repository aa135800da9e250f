//! The logarithm of a sum of exponentials along an axis.

use std::sync::Arc;

use super::elementwise::{Binary, Slope};
use super::sum::Middle;
use crate::tape::code::{Destination, Home, Lowering, Operands};
use crate::tape::graph::{Graph, Node};
use crate::tape::math;
use crate::tape::op::{COSTLY_WORK, Extent, Op, Operand, fingerprint_of, size_of};
use crate::tape::vector;

/// log(exp(a) + exp(b)); -inf, with slopes of 0, where both are -inf.
#[derive(Clone, Copy, Debug)]
pub struct LogAddExp;

impl Binary for LogAddExp {
    const NAME: &'static str = "log_add_exp";
    const COSTLY: bool = true;

    #[inline(always)]
    fn value(self, a: f64, b: f64) -> f64 {
        let larger = if a >= b || a.is_nan() { a } else { b };
        let sum = larger + math::log1p_exp(-(a - b).abs());
        if a == b && larger.is_infinite() { larger } else { sum }
    }

    fn slope_a(self, g: &mut Graph, a: Node, _b: Node, y: Node) -> Slope {
        Slope::Node(share(g, a, y))
    }

    fn slope_b(self, g: &mut Graph, _a: Node, b: Node, y: Node) -> Slope {
        Slope::Node(share(g, b, y))
    }
}

/// exp(x - y), 0 where y is -inf.
fn share(g: &mut Graph, x: Node, y: Node) -> Node {
    let infinite = g.scalar(f64::NEG_INFINITY);
    let (empty, zero) = (g.equal(y, infinite), g.scalar(0.0));
    let level = g.select(empty, zero, y);
    let below = g.sub(x, level);
    g.exp(below)
}

/// y = log sum exp x, with the largest element taken out; -inf where all are -inf.
#[derive(Clone, Debug)]
pub struct LogSumExp {
    axis: usize,
}

impl Graph {
    /// log(exp(a) + exp(b)), without overflow.
    pub fn log_add_exp(&mut self, a: Node, b: Node) -> Node {
        self.map2(LogAddExp, a, b)
    }

    /// log sum exp along `axis`, which is removed; -inf, with derivatives of 0, where all elements are -inf.
    pub fn logsumexp(&mut self, x: Node, axis: usize) -> Node {
        let shape = self.shape(x);
        if shape[axis] == 1 {
            let mut kept = shape.to_vec();
            kept.remove(axis);
            return self.reshape(x, &kept);
        }
        self.apply(Arc::new(LogSumExp { axis }), &[x])
    }
}

impl LogSumExp {
    /// What is summed over in an array of this shape.
    pub(in crate::tape) fn middle(&self, shape: &[usize]) -> Middle {
        Middle::new(shape, self.axis, self.axis + 1)
    }

    /// exp(x - y): the shares of the elements in the sum; 0 where y is -inf. Differentiates as softmax does.
    fn shares(&self, g: &mut Graph, x: Node, y: Node) -> Node {
        let infinite = g.scalar(f64::NEG_INFINITY);
        let (empty, zero) = (g.equal(y, infinite), g.scalar(0.0));
        let level = g.select(empty, zero, y);
        let level = g.insert_axis(level, self.axis);
        let below = g.sub(x, level);
        g.exp(below)
    }
}

impl Op for LogSumExp {
    fn name(&self) -> &'static str {
        "logsumexp"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        let mut shape = args[0].to_vec();
        shape.remove(self.axis);
        shape
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        size_of(args[0]) as f64 * COSTLY_WORK
    }

    fn scratch(&self, _args: &[Extent<'_>], _lanes: usize) -> usize {
        vector::LOGSUMEXP_SCRATCH
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        let Middle { n, inner, .. } = Middle::new(args[0].shape, self.axis, self.axis + 1);
        vector::logsumexp(args[0].data, n, inner * lanes, out, scratch);
    }

    fn lower(&self, code: &mut Lowering, args: &[Operands<'_>], to: &Destination) -> bool {
        let Middle { outer, n, inner } = Middle::new(args[0].shape, self.axis, self.axis + 1);
        let width = inner * code.lanes;
        let kernel = vector::kernel_logsumexp(n, width, outer * n * width);
        match (kernel, &args[0].home) {
            (Some(kernel), Home::Memory(from)) if from.lanes == code.lanes && to.span.size > 0 => {
                code.call1(kernel, from, &to.part(0, to.span.size));
                true
            }
            _ => false,
        }
    }

    fn over_rows(&self, g: &mut Graph, args: &[Node], _has_rows: &[bool], _n: usize) -> Option<Node> {
        Some(g.logsumexp(args[0], self.axis + 1))
    }

    fn tangent(&self, g: &mut Graph, args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let shares = self.shares(g, args[0], y);
        let weighted = g.gated_mul(tangents[0]?, shares);
        Some(g.sum(weighted, &[self.axis]))
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let shares = self.shares(g, args[0], y);
        let dy = g.insert_axis(dy, self.axis);
        vec![Some(g.gated_mul(dy, shares))]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(self.axis)
    }
}
