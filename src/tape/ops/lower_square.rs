//! L L^T of a lower triangular matrix, which remembers its Cholesky factor.

use std::sync::Arc;

use super::cholesky::square;
use crate::tape::graph::{Graph, Node};
use crate::tape::op::{Op, Operand, fingerprint_of, size_of};

/// L L^T; reads the lower triangle of L.
#[derive(Clone, Debug)]
pub struct LowerSquare {
    /// The rows of L have length 1: the diagonal is 1 whatever L.
    unit_rows: bool,
}

impl Graph {
    /// L L^T, `[.., n, n]`, of L with a positive diagonal; reads its lower triangle. [`Graph::cholesky`] of it is L itself:
    /// nothing is factored again, and nothing is lost where L L^T is close to singular.
    pub fn lower_square(&mut self, l: Node) -> Node {
        let l = self.tril(l);
        self.apply(Arc::new(LowerSquare { unit_rows: false }), &[l])
    }

    /// [`Graph::lower_square`] of L whose rows have length 1: the diagonal is exactly 1.
    pub fn lower_square_of_unit_rows(&mut self, l: Node) -> Node {
        let l = self.tril(l);
        self.apply(Arc::new(LowerSquare { unit_rows: true }), &[l])
    }

    /// `d` with zeros on the diagonals of its matrices.
    fn off_diagonal(&mut self, d: Node) -> Node {
        let n = square(self.shape(d));
        let ones = self.full(&[n], 1.0);
        let (identity, zero) = (self.diagonal_matrix(ones), self.scalar(0.0));
        self.select(identity, zero, d)
    }
}

impl Op for LowerSquare {
    fn name(&self) -> &'static str {
        if self.unit_rows { "correlation" } else { "lower_square" }
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        square(args[0]);
        args[0].to_vec()
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        (size_of(args[0]) * square(args[0])) as f64 / 6.0
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let n = square(args[0].shape);
        let size = n * n * lanes;
        if size == 0 {
            return;
        }
        let element = |i: usize, j: usize| (i * n + j) * lanes..(i * n + j + 1) * lanes;
        for (a, l) in out.chunks_exact_mut(size).zip(args[0].data.chunks_exact(size)) {
            for i in 0..n {
                for j in 0..=i {
                    let sum = &mut a[element(i, j)];
                    sum.fill(0.0);
                    for m in 0..=j {
                        for ((sum, x), y) in sum.iter_mut().zip(&l[element(i, m)]).zip(&l[element(j, m)]) {
                            *sum += x * y;
                        }
                    }
                    a.copy_within(element(i, j), element(j, i).start);
                }
                if self.unit_rows {
                    a[element(i, i)].fill(1.0);
                }
            }
        }
    }

    /// dA = dL L^T + L dL^T
    fn tangent(&self, g: &mut Graph, args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let product = g.matmul_transposed(tangents[0]?, false, args[0], true);
        let transposed = g.transpose(product);
        let sum = g.add(product, transposed);
        Some(if self.unit_rows { g.off_diagonal(sum) } else { sum })
    }

    /// dL = (dA + dA^T) L
    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let transposed = g.transpose(dy);
        let mut symmetric = g.add(dy, transposed);
        if self.unit_rows {
            symmetric = g.off_diagonal(symmetric);
        }
        vec![Some(g.matmul(symmetric, args[0]))]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(self.unit_rows)
    }
}
