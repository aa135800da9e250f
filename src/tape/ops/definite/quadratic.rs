//! Quadratic forms in inverses of positive definite matrices.

use std::ops::Range;
use std::sync::Arc;

use crate::tape::dense::{self, Lanewise, Systems};
use crate::tape::graph::{Graph, Node};
use crate::tape::op::{Extent, Op, Operand, fingerprint_of, size_of};
use crate::tape::ops::cholesky::square;
use crate::tape::ops::triangular::{for_each_system, solution_shape, system_scratch, take_system};

/// b^T A^-1 b = |L^-1 b|^2 for every column b of B, from A, its Cholesky factor L, and B.
#[derive(Clone, Debug)]
struct InverseQuadratic;

impl Graph {
    /// `[.., n, n] [.., n, k] -> [.., k]`
    pub(super) fn quadratic_by_factor(&mut self, a: Node, l: Node, b: Node) -> Node {
        self.apply(Arc::new(InverseQuadratic), &[a, l, b])
    }
}

impl Op for InverseQuadratic {
    fn name(&self) -> &'static str {
        "inverse_quadratic"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        let mut shape = solution_shape(&args[1..]);
        shape.remove(shape.len() - 2);
        shape
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        (size_of(args[2]) * square(args[1])) as f64 / 2.0
    }

    fn scratch(&self, args: &[Extent<'_>], lanes: usize) -> usize {
        system_scratch(&args[1..], lanes)
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        out.fill(0.0);
        for_each_system(&args[1..], out, |l, b, [n, k], out| {
            dense::for_each_lane(n, lanes, &mut Squares { l, b, k, out, n_lanes: lanes, scratch });
        });
    }

    /// 2 dB^T X - X^T dA X, X = A^-1 B
    fn tangent(&self, g: &mut Graph, args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let x = g.solve_by_factor(args[0], args[1], args[2]);
        let along_b = tangents[2].map(|db| g.mul_scalar(db, 2.0));
        let along_a = tangents[0].map(|da| {
            let da = g.mirror(da);
            g.matmul(da, x)
        });
        let moved = match (along_b, along_a) {
            (Some(b), Some(a)) => g.sub(b, a),
            (Some(b), None) => b,
            (None, Some(a)) => g.neg(a),
            (None, None) => return None,
        };
        let products = g.mul(moved, x);
        let rank = g.shape(products).len();
        Some(g.sum(products, &[rank - 2]))
    }

    /// dB = 2 X dY, dA = -X dY X^T
    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let x = g.solve_by_factor(args[0], args[1], args[2]);
        let to_a = wanted[0].then(|| {
            let gram = g.folded_gram(x, dy);
            let summed = g.sum_batches_to(gram, args[0]);
            g.neg(summed)
        });
        let to_b = wanted[2].then(|| {
            let dy = g.over_rows(dy);
            let scaled = g.gated_mul(dy, x);
            let twice = g.mul_scalar(scaled, 2.0);
            g.sum_batches_to(twice, args[2])
        });
        vec![to_a, None, to_b]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(0)
    }
}

struct Squares<'a> {
    l: &'a Operand<'a>,
    b: &'a Operand<'a>,
    k: usize,
    out: &'a mut [f64],
    n_lanes: usize,
    scratch: &'a mut [f64],
}

impl Lanewise for Squares<'_> {
    #[inline(always)]
    fn run<const W: usize>(&mut self, lanes: Range<usize>) {
        let [columns, x, memory] = take_system::<W>(self.l, self.b, &lanes, self.scratch);
        dense::solve_columns(Systems::Lower, columns, x, self.k, memory);
        for (column, out) in self.out.chunks_exact_mut(self.n_lanes).enumerate() {
            let mut sum = [0.0; W];
            for x in x.iter().skip(column).step_by(self.k) {
                (0..W).for_each(|l| sum[l] += x[l] * x[l]);
            }
            dense::put(&[sum], out, self.n_lanes, &lanes);
        }
    }
}
