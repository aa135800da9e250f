//! Axes in another order.

use std::sync::Arc;

use crate::tape::graph::{Graph, Node};
use crate::tape::kernel::Walk;
use crate::tape::op::{Dims, Op, Operand, fingerprint_of};

/// numpy.transpose: axis k of the result is axis `axes[k]` of the argument.
#[derive(Clone, Debug)]
pub struct Permute {
    axes: Vec<usize>,
}

impl Graph {
    /// numpy.transpose: axis k of the result is axis `axes[k]` of `x`.
    pub fn permute(&mut self, x: Node, axes: &[usize]) -> Node {
        let shape = self.shape(x);
        let kept: Vec<usize> = axes.iter().copied().filter(|&a| shape[a] != 1).collect();
        if kept.is_sorted() {
            let shape: Vec<usize> = axes.iter().map(|&a| shape[a]).collect();
            return self.reshape(x, &shape);
        }
        self.apply(Arc::new(Permute { axes: axes.to_vec() }), &[x])
    }

    /// Swaps the last two axes.
    pub fn transpose(&mut self, a: Node) -> Node {
        let rank = self.shape(a).len();
        let mut axes: Vec<usize> = (0..rank).collect();
        axes.swap(rank - 2, rank - 1);
        self.permute(a, &axes)
    }
}

impl Op for Permute {
    fn name(&self) -> &'static str {
        "permute"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        assert_eq!(self.axes.len(), args[0].len(), "as many axes as the array has");
        self.axes.iter().map(|&a| args[0][a]).collect()
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let x = &args[0];
        let mut shape = Dims::ones(self.axes.len());
        shape.iter_mut().zip(&self.axes).for_each(|(dim, &axis)| *dim = x.shape[axis]);
        let stride = |axis: usize| [x.shape[self.axes[axis] + 1..].iter().product()];
        Walk::strided(&shape, lanes, stride).rows(|o, [i], n, [stride]| {
            if stride == 1 {
                out[o..o + n].copy_from_slice(&x.data[i..i + n]);
            } else {
                for (r, y) in out[o..o + n].iter_mut().enumerate() {
                    *y = x.data[i + r * stride];
                }
            }
        });
    }

    fn over_rows(&self, g: &mut Graph, args: &[Node], _has_rows: &[bool], _n: usize) -> Option<Node> {
        let axes: Vec<usize> = std::iter::once(0).chain(self.axes.iter().map(|axis| axis + 1)).collect();
        Some(g.permute(args[0], &axes))
    }

    fn tangent(&self, g: &mut Graph, _args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        Some(g.permute(tangents[0]?, &self.axes))
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        _args: &[Node],
        _y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let mut inverse = vec![0; self.axes.len()];
        for (k, &axis) in self.axes.iter().enumerate() {
            inverse[axis] = k;
        }
        vec![Some(g.permute(dy, &inverse))]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(&self.axes)
    }
}
