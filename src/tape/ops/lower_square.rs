//! L L^T of a lower triangular matrix, which remembers its Cholesky factor.

use std::sync::Arc;

use super::cholesky::square;
use crate::tape::graph::{Graph, Node};
use crate::tape::op::{Op, Operand, fingerprint_of};

/// L L^T; reads the lower triangle of L.
#[derive(Clone, Debug)]
pub struct LowerSquare;

pub(super) const NAME: &str = "lower_square";

impl Graph {
    /// L L^T, `[.., n, n]`, of L with a positive diagonal; reads its lower triangle. [`Graph::cholesky`] of it is L itself:
    /// nothing is factored again, and nothing is lost where L L^T is close to singular.
    pub fn lower_square(&mut self, l: Node) -> Node {
        let l = self.tril(l);
        self.apply(Arc::new(LowerSquare), &[l])
    }
}

impl Op for LowerSquare {
    fn name(&self) -> &'static str {
        NAME
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        square(args[0]);
        args[0].to_vec()
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
            }
        }
    }

    /// dA = dL L^T + L dL^T
    fn tangent(&self, g: &mut Graph, args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let product = g.matmul_transposed(tangents[0]?, false, args[0], true);
        let transposed = g.transpose(product);
        Some(g.add(product, transposed))
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
        let symmetric = g.add(dy, transposed);
        vec![Some(g.matmul(symmetric, args[0]))]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(0)
    }
}
