//! Eigenvalues and eigenvectors of symmetric matrices. Derivatives: Giles (2008), "An extended collection of matrix derivative
//! results", section 3.1.

mod decompose;

use std::sync::Arc;

use super::cholesky::square;
use crate::tape::graph::{Graph, Node};
use crate::tape::kernel;
use crate::tape::op::{Extent, Op, Operand, fingerprint_of, size_of};

/// A = V diag(l) V^T, reading the lower triangle of A: `[.., n + 1, n]`, the first row l, ascending, the others V. Of every
/// column of V the element of the largest size is positive.
#[derive(Clone, Debug)]
pub struct EigenSym;

/// Eigenvalues that differ by less, relative to the largest size of one, count as equal: rounding leaves no more of them.
/// Directions within their common space are arbitrary, and their derivatives are taken as 0.
const EQUAL: f64 = 1e-13;

impl Graph {
    /// Eigenvalues `[.., n]`, ascending, and eigenvectors `[.., n, n]`, one a column with the element of the largest size
    /// positive, of symmetric matrices `[.., n, n]`; reads the lower triangle. NaN where A is not finite.
    pub fn eigen_sym(&mut self, a: Node) -> (Node, Node) {
        let both = self.apply(Arc::new(EigenSym), &[a]);
        self.eigen_parts(both)
    }

    fn eigen_parts(&mut self, both: Node) -> (Node, Node) {
        let mut shape = self.shape(both).to_vec();
        let n = shape.pop().unwrap_or(0);
        shape.pop();
        let batch = size_of(&shape);
        let block = |from: usize, to: usize| -> Vec<u32> {
            (0..batch).flat_map(|b| (from..to).map(move |at| (b * (n + 1) * n + at) as u32)).collect()
        };
        let values = self.gather(both, block(0, n).into(), &[&shape[..], &[n]].concat());
        let vectors = self.gather(both, block(n, (n + 1) * n).into(), &[&shape[..], &[n, n]].concat());
        (values, vectors)
    }

    /// 1 / (l_j - l_i), 0 where they are equal.
    fn inverse_differences(&mut self, values: Node) -> Node {
        let mut shape = self.shape(values).to_vec();
        let axis = shape.len() - 1;
        let n = shape[axis];
        shape.push(1);
        let column = self.reshape(values, &shape);
        shape[axis] = 1;
        shape[axis + 1] = n;
        let row = self.reshape(values, &shape);
        let difference = self.sub(row, column);
        let sizes = self.abs(values);
        let largest = self.max_axis(sizes, axis);
        shape[axis + 1] = 1;
        let largest = self.reshape(largest, &shape);
        let limit = self.mul_scalar(largest, EQUAL);
        let size = self.abs(difference);
        let equal = self.less_equal(size, limit);
        let (zero, one) = (self.scalar(0.0), self.scalar(1.0));
        let safe = self.select(equal, one, difference);
        let inverse = self.recip(safe);
        self.select(equal, zero, inverse)
    }
}

impl Op for EigenSym {
    fn name(&self) -> &'static str {
        "eigen_sym"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        let n = square(args[0]);
        let mut shape = args[0].to_vec();
        let rows = shape.len() - 2;
        shape[rows] = n + 1;
        shape
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        const SWEEPS: f64 = 10.0;
        SWEEPS * (size_of(args[0]) * square(args[0])) as f64
    }

    /// Values and vectors of one lane, and a vector to work with.
    fn scratch(&self, args: &[Extent<'_>], _lanes: usize) -> usize {
        let n = square(args[0].shape);
        (n + 2) * n
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        let n = square(args[0].shape);
        if n == 0 {
            return;
        }
        let (both, work) = scratch.split_at_mut((n + 1) * n);
        let matrices = args[0].data.chunks_exact(n * n * lanes);
        for (out, a) in out.chunks_exact_mut((n + 1) * n * lanes).zip(matrices) {
            for lane in 0..lanes {
                let (values, vectors) = both.split_at_mut(n);
                kernel::take_lane(a, lanes, lane, vectors);
                decompose::decompose(values, vectors, &mut work[..n]);
                kernel::put_lane(both, out, lanes, lane);
            }
        }
    }

    /// With P = V^T dA V: dl is its diagonal, dV = V (F o P), F = 1 / (l_j - l_i) off the diagonal.
    fn tangent(&self, g: &mut Graph, _args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let da = tangents[0]?;
        let lower = g.tril(da);
        let strict = {
            let (mask, zero) = (g.triangle(da, 1.0, 0.0), g.scalar(0.0));
            g.select(mask, da, zero)
        };
        let upper = g.transpose(strict);
        let symmetric = g.add(lower, upper);
        let (values, vectors) = g.eigen_parts(y);
        let half = g.matmul_transposed(vectors, true, symmetric, false);
        let inner = g.matmul(half, vectors);
        let along_values = g.diagonal(inner);
        let factors = g.inverse_differences(values);
        let turn = g.mul(factors, inner);
        let along_vectors = g.matmul(vectors, turn);
        let mut row = g.shape(along_vectors).to_vec();
        let axis = row.len() - 2;
        row[axis] = 1;
        let along_values = g.reshape(along_values, &row);
        Some(g.concat(&[along_values, along_vectors], axis))
    }

    /// S = V (diag(dl) + F o V^T dV) V^T; the lower triangle gets S + S^T, the diagonal half of it.
    fn adjoint(
        &self,
        g: &mut Graph,
        _args: &[Node],
        y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let (values, vectors) = g.eigen_parts(y);
        let (dvalues, dvectors) = g.eigen_parts(dy);
        let product = g.matmul_transposed(vectors, true, dvectors, false);
        let factors = g.inverse_differences(values);
        let turn = g.mul(factors, product);
        let stretch = g.diagonal_matrix(dvalues);
        let inner = g.add(stretch, turn);
        let half = g.matmul(vectors, inner);
        let s = g.matmul_transposed(half, false, vectors, true);
        let transposed = g.transpose(s);
        let symmetric = g.add(s, transposed);
        let phi = g.triangle(symmetric, 1.0, 0.5);
        vec![Some(g.mul(symmetric, phi))]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(0)
    }
}
