//! Systems of positive definite matrices.

use std::sync::Arc;

use crate::tape::dense::{self, Systems};
use crate::tape::graph::{Graph, Node};
use crate::tape::op::{Extent, Op, Operand, fingerprint_of, size_of};
use crate::tape::ops::cholesky::square;
use crate::tape::ops::triangular::{System, for_each_system, solution_shape, system_scratch};

/// A^-1 B from A, its Cholesky factor, and B.
#[derive(Clone, Debug)]
struct Solve;

impl Graph {
    /// `[.., n, n] [.., n, k] -> [.., n, k]`
    pub(super) fn solve_by_factor(&mut self, a: Node, l: Node, b: Node) -> Node {
        self.apply(Arc::new(Solve), &[a, l, b])
    }
}

impl Op for Solve {
    fn name(&self) -> &'static str {
        "solve_definite"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        solution_shape(&args[1..])
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        (size_of(args[2]) * square(args[1])) as f64
    }

    fn scratch(&self, args: &[Extent<'_>], lanes: usize) -> usize {
        system_scratch(&args[1..], lanes)
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        for_each_system(&args[1..], out, |l, b, [n, k], out| {
            let system = &mut System { systems: Systems::Both, l, b, k, out, n_lanes: lanes, scratch };
            dense::for_each_lane(n, lanes, system);
        });
    }

    /// A^-1 (dB - dA X)
    fn tangent(&self, g: &mut Graph, args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let through_a = tangents[0].map(|da| {
            let da = g.mirror(da);
            g.matmul(da, y)
        });
        let right = match (tangents[2], through_a) {
            (Some(db), Some(moved)) => g.sub(db, moved),
            (Some(db), None) => db,
            (None, Some(moved)) => g.neg(moved),
            (None, None) => return None,
        };
        Some(g.solve_by_factor(args[0], args[1], right))
    }

    /// dB = A^-1 dX, dA = -dB X^T, of which A has both halves.
    fn adjoint(&self, g: &mut Graph, args: &[Node], y: Node, dy: Node, wanted: &[bool]) -> Vec<Option<Node>> {
        let db = g.solve_by_factor(args[0], args[1], dy);
        let to_a = wanted[0].then(|| {
            let product = g.matmul_transposed(db, false, y, true);
            let summed = g.sum_batches_to(product, args[0]);
            let both = g.plus_transpose(summed);
            let once = g.triangle(both, -1.0, -0.5);
            g.mul(both, once)
        });
        let to_b = wanted[2].then(|| g.sum_batches_to(db, args[2]));
        vec![to_a, None, to_b]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(0)
    }
}
