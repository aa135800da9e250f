//! Sums over axes.

use std::sync::Arc;

use crate::tape::fusion::{Index, Role};
use crate::tape::graph::{Graph, Node};
use crate::tape::op::{Op, Operand, fingerprint_of, size_of};
use crate::tape::vector;

/// An axis, or adjacent axes, in the middle of an array seen as `[outer][n][inner]`.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(in crate::tape) struct Middle {
    pub outer: usize,
    pub n: usize,
    pub inner: usize,
}

impl Middle {
    /// Axes `from..to` of `shape`.
    pub fn new(shape: &[usize], from: usize, to: usize) -> Middle {
        Middle { outer: size_of(&shape[..from]), n: size_of(&shape[from..to]), inner: size_of(&shape[to..]) }
    }
}

/// Removes adjacent axes by summing over them.
#[derive(Clone, Debug)]
pub struct Sum {
    from: usize,
    to: usize,
}

impl Sum {
    /// What is summed over in an array of this shape.
    pub(in crate::tape) fn middle(&self, shape: &[usize]) -> Middle {
        Middle::new(shape, self.from, self.to)
    }
}

impl Graph {
    /// The sum over `axes`, which are removed.
    pub fn sum(&mut self, x: Node, axes: &[usize]) -> Node {
        let mut axes = axes.to_vec();
        axes.sort_unstable();
        axes.dedup();
        let mut y = x;
        while let Some(last) = axes.pop() {
            let mut first = last;
            while axes.last().is_some_and(|&a| a + 1 == first) {
                axes.pop();
                first -= 1;
            }
            y = self.sum_adjacent(y, first, last + 1);
        }
        y
    }

    /// The sum of all elements, of shape `[]`.
    pub fn sum_all(&mut self, x: Node) -> Node {
        let rank = self.shape(x).len();
        if rank == 0 { x } else { self.sum_adjacent(x, 0, rank) }
    }

    fn sum_adjacent(&mut self, x: Node, from: usize, to: usize) -> Node {
        let shape = self.shape(x);
        if size_of(&shape[from..to]) == 1 {
            let kept: Vec<usize> = shape[..from].iter().chain(&shape[to..]).copied().collect();
            return self.reshape(x, &kept);
        }
        self.apply(Arc::new(Sum { from, to }), &[x])
    }
}

impl Op for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        args[0][..self.from].iter().chain(&args[0][self.to..]).copied().collect()
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        size_of(args[0]) as f64
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let Middle { n, inner, .. } = Middle::new(args[0].shape, self.from, self.to);
        vector::sum_rows(args[0].data, n, inner * lanes, out);
    }

    fn role(&self, args: &[&[usize]]) -> Role {
        // Where it is the same sum, in the same order, as that of `sum_rows`.
        const MAX_WIDTH: usize = 32;
        match Middle::new(args[0], self.from, self.to) {
            Middle { outer: 1, n, inner: 1 } => Role::Add(Index::Cycle { inner: n, size: 1 }),
            Middle { outer: 1, inner, .. } if inner <= MAX_WIDTH && inner.is_power_of_two() => {
                Role::Add(Index::Cycle { inner: 1, size: inner })
            }
            Middle { outer, n: 2, inner: 1 } => Role::Add(Index::Cycle { inner: 2, size: outer }),
            _ => Role::Alone,
        }
    }

    fn over_rows(&self, g: &mut Graph, args: &[Node], _has_rows: &[bool], _n: usize) -> Option<Node> {
        Some(g.sum_adjacent(args[0], self.from + 1, self.to + 1))
    }

    fn tangent(&self, g: &mut Graph, _args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        Some(g.sum_adjacent(tangents[0]?, self.from, self.to))
    }

    /// Takes and gives adjoints that have yet to be broadcast.
    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let mut shape = g.shape(args[0]).to_vec();
        let scalar = g.shape(dy).is_empty();
        shape[self.from..self.to].fill(1);
        vec![Some(if scalar { dy } else { g.reshape(dy, &shape) })]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of((self.from, self.to))
    }
}
