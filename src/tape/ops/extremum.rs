//! Largest and smallest elements along an axis.

use std::sync::Arc;

use super::sum::Middle;
use crate::tape::graph::{Graph, Node};
use crate::tape::op::{Op, Operand, fingerprint_of};

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(super) enum Which {
    Largest,
    Smallest,
}

/// Removes an axis by keeping its extremal element; NaN if there is one.
#[derive(Clone, Debug)]
pub struct Extremum {
    axis: usize,
    which: Which,
}

/// 1 at the first extremal element along the axis, 0 elsewhere.
#[derive(Clone, Debug)]
pub struct ExtremumMask {
    axis: usize,
    which: Which,
}

impl Graph {
    /// The largest along `axis`, which is removed; derivatives go to the first largest.
    pub fn max_axis(&mut self, x: Node, axis: usize) -> Node {
        self.apply(Arc::new(Extremum { axis, which: Which::Largest }), &[x])
    }

    /// The smallest along `axis`, which is removed; derivatives go to the first smallest.
    pub fn min_axis(&mut self, x: Node, axis: usize) -> Node {
        self.apply(Arc::new(Extremum { axis, which: Which::Smallest }), &[x])
    }

    /// `x` with an axis of length 1 put in at `axis`.
    pub(super) fn insert_axis(&mut self, x: Node, axis: usize) -> Node {
        let mut shape = self.shape(x).to_vec();
        shape.insert(axis, 1);
        self.reshape(x, &shape)
    }
}

impl Which {
    /// The position of the first extremal element of `x[at + i * stride]`, i < n; of the first NaN if there is one.
    fn position(self, n: usize, x: impl Fn(usize) -> f64) -> usize {
        let mut best = 0;
        for i in 1..n {
            let (new, old) = (x(i), x(best));
            let better = match self {
                Which::Largest => new > old,
                Which::Smallest => new < old,
            };
            if better || new.is_nan() && !old.is_nan() {
                best = i;
            }
        }
        best
    }
}

impl Op for Extremum {
    fn name(&self) -> &'static str {
        match self.which {
            Which::Largest => "max_axis",
            Which::Smallest => "min_axis",
        }
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        assert!(args[0][self.axis] > 0, "the extremum of no elements");
        let mut shape = args[0].to_vec();
        shape.remove(self.axis);
        shape
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let Middle { outer, n, inner } = Middle::new(args[0].shape, self.axis, self.axis + 1);
        let width = inner * lanes;
        for group in 0..outer {
            let rows = &args[0].data[group * n * width..(group + 1) * n * width];
            for column in 0..width {
                let at = self.which.position(n, |i| rows[i * width + column]);
                out[group * width + column] = rows[at * width + column];
            }
        }
    }

    fn tangent(&self, g: &mut Graph, args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let mask = g.apply(Arc::new(ExtremumMask { axis: self.axis, which: self.which }), args);
        let zero = g.scalar(0.0);
        let chosen = g.select(mask, tangents[0]?, zero);
        Some(g.sum(chosen, &[self.axis]))
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let mask = g.apply(Arc::new(ExtremumMask { axis: self.axis, which: self.which }), args);
        let (zero, dy) = (g.scalar(0.0), g.insert_axis(dy, self.axis));
        vec![Some(g.select(mask, dy, zero))]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of((self.axis, self.which))
    }
}

impl Op for ExtremumMask {
    fn name(&self) -> &'static str {
        "extremum_mask"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        args[0].to_vec()
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let Middle { outer, n, inner } = Middle::new(args[0].shape, self.axis, self.axis + 1);
        let width = inner * lanes;
        out.fill(0.0);
        for group in 0..outer {
            let at = group * n * width;
            let rows = &args[0].data[at..at + n * width];
            for column in 0..width {
                let position = self.which.position(n, |i| rows[i * width + column]);
                out[at + position * width + column] = 1.0;
            }
        }
    }

    fn tangent(&self, _g: &mut Graph, _args: &[Node], _y: Node, _tangents: &[Option<Node>]) -> Option<Node> {
        None
    }

    fn adjoint(
        &self,
        _g: &mut Graph,
        _args: &[Node],
        _y: Node,
        _dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        vec![None]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of((self.axis, self.which))
    }
}
