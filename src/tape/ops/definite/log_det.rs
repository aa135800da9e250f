//! Logarithms of determinants of positive definite matrices.

use std::sync::Arc;

use crate::tape::graph::{Graph, Node};
use crate::tape::op::{Extent, Op, Operand, fingerprint_of};
use crate::tape::ops::cholesky::square;
use crate::tape::ops::exponential::Log;
use crate::tape::vector;

/// log det A from A and its Cholesky factor.
#[derive(Clone, Debug)]
struct LogDet;

impl Graph {
    pub(super) fn log_det_by_factor(&mut self, a: Node, l: Node) -> Node {
        self.apply(Arc::new(LogDet), &[a, l])
    }
}

impl Op for LogDet {
    fn name(&self) -> &'static str {
        "log_det"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        square(args[1]);
        args[1][..args[1].len() - 2].to_vec()
    }

    /// The diagonal and its logarithms.
    fn scratch(&self, args: &[Extent<'_>], lanes: usize) -> usize {
        2 * square(args[1].shape) * lanes
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        let l = &args[1];
        let n = square(l.shape);
        out.fill(0.0);
        if n == 0 {
            return;
        }
        let (diagonal, rest) = scratch.split_at_mut(n * lanes);
        let logs = &mut rest[..n * lanes];
        for (y, l) in out.chunks_exact_mut(lanes).zip(l.data.chunks_exact(n * n * lanes)) {
            for (to, from) in diagonal.chunks_exact_mut(lanes).zip(l.chunks_exact(lanes).step_by(n + 1)) {
                to.copy_from_slice(from);
            }
            vector::map1(Log, diagonal, logs);
            for logs in logs.chunks_exact(lanes) {
                y.iter_mut().zip(logs).for_each(|(y, log)| *y += 2.0 * log);
            }
        }
    }

    /// The sum of A^-1 times dA.
    fn tangent(&self, g: &mut Graph, args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let slope = g.folded_inverse(args[0], args[1]);
        let product = g.gated_mul(tangents[0]?, slope);
        let rank = g.shape(product).len();
        Some(g.sum(product, &[rank - 2, rank - 1]))
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let to_a = wanted[0].then(|| {
            let slope = g.folded_inverse(args[0], args[1]);
            let mut shape = g.shape(dy).to_vec();
            shape.extend([1, 1]);
            let dy = g.reshape(dy, &shape);
            g.gated_mul(dy, slope)
        });
        vec![to_a, None]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(0)
    }
}
