//! Inverses of positive definite matrices, as derivatives with respect to such of which one triangle is read.

use std::ops::Range;
use std::sync::Arc;

use crate::tape::dense::{self, Lanewise};
use crate::tape::graph::{Graph, Node};
use crate::tape::op::{Extent, Op, Operand, fingerprint_of, size_of};
use crate::tape::ops::cholesky::{for_each_matrix, square};

/// A^-1 from A and its Cholesky factor, folded: twice what is below the diagonal, zeros above.
#[derive(Clone, Debug)]
struct FoldedInverse;

impl Graph {
    pub(super) fn folded_inverse(&mut self, a: Node, l: Node) -> Node {
        self.apply(Arc::new(FoldedInverse), &[a, l])
    }

    /// c P S P, folded, of a symmetric S and a P that is folded.
    fn folded_between(&mut self, p: Node, s: Node, c: f64) -> Node {
        let p = self.unfolded(p);
        let half = self.matmul(p, s);
        let product = self.matmul(half, p);
        let folded = self.folded(product);
        self.mul_scalar(folded, c)
    }
}

impl Op for FoldedInverse {
    fn name(&self) -> &'static str {
        "folded_inverse"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        square(args[1]);
        args[1].to_vec()
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        (size_of(args[1]) * square(args[1])) as f64 / 3.0
    }

    /// The factor and its inverse in some lanes.
    fn scratch(&self, args: &[Extent<'_>], lanes: usize) -> usize {
        let n = square(args[1].shape);
        2 * n * n * dense::width(n, lanes)
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        for_each_matrix(&args[1], out, lanes, |l, n, _, out| {
            dense::for_each_lane(n, lanes, &mut Inversion { l, n, out, n_lanes: lanes, scratch });
        });
    }

    /// -A^-1 dA A^-1
    fn tangent(&self, g: &mut Graph, _args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let da = g.mirror(tangents[0]?);
        Some(g.folded_between(y, da, -1.0))
    }

    /// -A^-1 S A^-1, with the symmetric S whose lower triangle is that of dY.
    fn adjoint(
        &self,
        g: &mut Graph,
        _args: &[Node],
        y: Node,
        dy: Node,
        wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let to_a = wanted[0].then(|| {
            let both = g.mirror(dy);
            g.folded_between(y, both, -1.0)
        });
        vec![to_a, None]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(0)
    }
}

struct Inversion<'a> {
    l: &'a Operand<'a>,
    n: usize,
    out: &'a mut [f64],
    n_lanes: usize,
    scratch: &'a mut [f64],
}

impl Lanewise for Inversion<'_> {
    #[inline(always)]
    fn run<const W: usize>(&mut self, lanes: Range<usize>) {
        let n = self.n;
        let (columns, rest) = self.scratch.as_chunks_mut::<W>().0.split_at_mut(n * n);
        dense::take_lower(self.l, n, &lanes, columns);
        dense::invert(columns, &mut rest[..n * n], n);
        dense::put_lower(columns, n, 2.0, self.out, self.n_lanes, &lanes);
    }
}
