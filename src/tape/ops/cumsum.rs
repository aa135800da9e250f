//! Cumulative sums along an axis, from either end.

use std::sync::Arc;

use super::sum::Middle;
use crate::tape::graph::{Graph, Node};
use crate::tape::op::{Op, Operand, fingerprint_of};

/// y[i] = x[0] + ... + x[i], or x[i] + ... + x[n-1] if `reverse`.
#[derive(Clone, Debug)]
pub struct Cumsum {
    axis: usize,
    reverse: bool,
}

impl Graph {
    /// Sums along `axis` up to and including each element; from each element to the end if `reverse`.
    pub fn cumsum(&mut self, x: Node, axis: usize, reverse: bool) -> Node {
        self.apply(Arc::new(Cumsum { axis, reverse }), &[x])
    }
}

impl Op for Cumsum {
    fn name(&self) -> &'static str {
        "cumsum"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        assert!(self.axis < args[0].len(), "axis {} of {:?}", self.axis, args[0]);
        args[0].to_vec()
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let Middle { outer, n, inner } = Middle::new(args[0].shape, self.axis, self.axis + 1);
        let width = inner * lanes;
        out.copy_from_slice(args[0].data);
        for group in 0..outer {
            let rows = &mut out[group * n * width..(group + 1) * n * width];
            for step in 1..n {
                let (low, high) = if self.reverse { (n - 1 - step, n - step) } else { (step - 1, step) };
                let (before, after) = rows.split_at_mut(high * width);
                let (low, high) = (&mut before[low * width..], &mut after[..width]);
                let (from, to) = if self.reverse { (high, low) } else { (low, high) };
                for (to, from) in to.iter_mut().zip(from.iter()) {
                    *to += from;
                }
            }
        }
    }

    fn tangent(&self, g: &mut Graph, _args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        Some(g.cumsum(tangents[0]?, self.axis, self.reverse))
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        _args: &[Node],
        _y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        vec![Some(g.cumsum(dy, self.axis, !self.reverse))]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of((self.axis, self.reverse))
    }
}
