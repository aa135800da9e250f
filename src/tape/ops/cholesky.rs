//! Cholesky factors. Derivatives: Murray (2016), "Differentiation of the Cholesky decomposition", arXiv:1602.07527.

use std::ops::Range;
use std::sync::Arc;

use super::lower_square::LowerSquare;
use crate::tape::dense::{self, Lanewise};
use crate::tape::graph::{Graph, Node};
use crate::tape::op::{Extent, Op, Operand, fingerprint_of, is, size_of};

/// Lower L with A = L L^T; reads the lower triangle of A. NaN from the first column that shows that A is not positive
/// definite.
#[derive(Clone, Debug)]
pub struct Cholesky;

impl Graph {
    /// Lower L with A = L L^T, `[.., n, n]`; reads the lower triangle. NaN where A is not positive definite.
    /// Of [`Graph::lower_square`] it is the matrix that was squared.
    pub fn cholesky(&mut self, a: Node) -> Node {
        if let Some((op, args)) = self.application(a)
            && is::<LowerSquare>(&**op)
        {
            return args[0];
        }
        self.apply(Arc::new(Cholesky), &[a])
    }
}

impl Op for Cholesky {
    fn name(&self) -> &'static str {
        "cholesky"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        square(args[0]);
        args[0].to_vec()
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        (size_of(args[0]) * square(args[0])) as f64 / 6.0
    }

    /// The factor of some lanes.
    fn scratch(&self, args: &[Extent<'_>], lanes: usize) -> usize {
        let n = square(args[0].shape);
        n * n * dense::width(n, lanes)
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        for_each_matrix(&args[0], out, lanes, |a, n, _, out| {
            dense::for_each_lane(n, lanes, &mut Factor { a, n, out, n_lanes: lanes, scratch });
        });
    }

    /// dL = L phi(L^-1 dA L^-T), where phi keeps the lower triangle and half of the diagonal.
    fn tangent(&self, g: &mut Graph, _args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        Some(g.cholesky_tangent(y, tangents[0]?))
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        _args: &[Node],
        y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        vec![Some(g.cholesky_adjoint(y, dy))]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(0)
    }
}

/// n of square matrices `[.., n, n]`.
pub(super) fn square(shape: &[usize]) -> usize {
    match shape {
        [.., rows, columns] if rows == columns => *rows,
        _ => panic!("a square matrix of shape {shape:?}"),
    }
}

/// Calls `work(matrix, n, position, result)` for every matrix of a batch `[.., n, n]` with results of its size.
pub(super) fn for_each_matrix<'a>(
    a: &Operand<'a>,
    out: &mut [f64],
    lanes: usize,
    mut work: impl FnMut(&Operand<'a>, usize, usize, &mut [f64]),
) {
    let n = square(a.shape);
    if n == 0 {
        return;
    }
    let shape = &a.shape[a.shape.len() - 2..];
    let pairs = a.data.chunks_exact(n * n * a.lanes).zip(out.chunks_exact_mut(n * n * lanes));
    for (position, (data, out)) in pairs.enumerate() {
        work(&Operand { data, shape, lanes: a.lanes }, n, position, out);
    }
}

struct Factor<'a> {
    a: &'a Operand<'a>,
    n: usize,
    out: &'a mut [f64],
    n_lanes: usize,
    scratch: &'a mut [f64],
}

impl Lanewise for Factor<'_> {
    #[inline(always)]
    fn run<const W: usize>(&mut self, lanes: Range<usize>) {
        let n = self.n;
        let columns = &mut self.scratch.as_chunks_mut::<W>().0[..n * n];
        dense::take_lower(self.a, n, &lanes, columns);
        dense::factor(columns, n);
        dense::put_lower(columns, n, 1.0, self.out, self.n_lanes, &lanes);
    }
}
