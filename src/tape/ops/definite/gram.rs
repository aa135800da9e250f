//! Sums of squares of columns, as derivatives with respect to a matrix of which one triangle is read.

use std::ops::Range;
use std::sync::Arc;

use crate::tape::dense::{self, Lanewise};
use crate::tape::graph::{Graph, Node};
use crate::tape::op::{Extent, Op, Operand, fingerprint_of, size_of};

/// X diag(s) X^T, folded: twice what is below the diagonal, zeros above.
#[derive(Clone, Debug)]
struct FoldedGram;

impl Graph {
    /// `[.., n, k] [.., k] -> [.., n, n]`, with the same batch.
    pub(super) fn folded_gram(&mut self, x: Node, s: Node) -> Node {
        let s = self.over_rows(s);
        self.apply(Arc::new(FoldedGram), &[x, s])
    }
}

impl Op for FoldedGram {
    fn name(&self) -> &'static str {
        "folded_gram"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        let [x, s] = [args[0], args[1]];
        let rank = x.len();
        assert!(x[..rank - 2] == s[..rank - 2] && x[rank - 1] == s[rank - 1], "columns of {x:?} and {s:?}");
        [&x[..rank - 1], &[x[rank - 2]]].concat()
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        (size_of(args[0]) * args[0][args[0].len() - 2]) as f64 / 2.0
    }

    /// X and X diag(s) in some lanes.
    fn scratch(&self, args: &[Extent<'_>], lanes: usize) -> usize {
        let [.., n, k] = *args[0].shape else { return 0 };
        2 * (n + 1) * k * dense::width(n, lanes)
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        out.fill(0.0);
        let [x, s] = [&args[0], &args[1]];
        let [.., n, k] = *x.shape else { return };
        if n * k == 0 {
            return;
        }
        for (position, out) in out.chunks_exact_mut(n * n * lanes).enumerate() {
            let (x, s) = (&part(x, position, n * k), &part(s, position, k));
            dense::for_each_lane(n, lanes, &mut Gram { x, s, n, k, out, n_lanes: lanes, scratch });
        }
    }

    /// With dX: what is added for X diag(s) dX^T is symmetric with its transpose.
    fn tangent(&self, g: &mut Graph, args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let (x, s) = (args[0], args[1]);
        let along_x = tangents[0].map(|dx| {
            let scaled = g.mul(s, x);
            let product = g.matmul_transposed(dx, false, scaled, true);
            g.plus_transpose(product)
        });
        let along_s = tangents[1].map(|ds| {
            let scaled = g.mul(ds, x);
            g.matmul_transposed(scaled, false, x, true)
        });
        let terms: Vec<Node> = along_x.into_iter().chain(along_s).collect();
        let sum = g.sum_of_terms(&terms)?;
        Some(g.folded(sum))
    }

    /// With the symmetric S whose lower triangle is that of dY: dX = 2 S X diag(s), ds = sum of X and S X.
    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let (x, s) = (args[0], args[1]);
        let both = g.mirror(dy);
        let moved = g.matmul(both, x);
        let to_x = wanted[0].then(|| {
            let scaled = g.mul(s, moved);
            g.mul_scalar(scaled, 2.0)
        });
        let to_s = wanted[1].then(|| {
            let products = g.mul(x, moved);
            let rank = g.shape(products).len();
            let sum = g.sum(products, &[rank - 2]);
            g.over_rows(sum)
        });
        vec![to_x, to_s]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(0)
    }
}

/// One array of a batch of arrays of a size.
fn part<'a>(a: &Operand<'a>, position: usize, size: usize) -> Operand<'a> {
    let numbers = size * a.lanes;
    Operand { data: &a.data[position * numbers..(position + 1) * numbers], ..*a }
}

struct Gram<'a> {
    x: &'a Operand<'a>,
    s: &'a Operand<'a>,
    n: usize,
    k: usize,
    out: &'a mut [f64],
    n_lanes: usize,
    scratch: &'a mut [f64],
}

impl Lanewise for Gram<'_> {
    #[inline(always)]
    fn run<const W: usize>(&mut self, lanes: Range<usize>) {
        let (n, k) = (self.n, self.k);
        let (x, rest) = self.scratch.as_chunks_mut::<W>().0.split_at_mut(n * k);
        let (scaled, rest) = rest.split_at_mut(n * k);
        let s = &mut rest[..k];
        dense::take(self.x, &lanes, x);
        dense::take(self.s, &lanes, s);
        for (scaled, x) in scaled.chunks_exact_mut(k).zip(x.chunks_exact(k)) {
            for c in 0..k {
                (0..W).for_each(|l| scaled[c][l] = s[c][l] * x[c][l]);
            }
        }
        for (i, left) in scaled.chunks_exact(k).enumerate() {
            for (j, right) in x.chunks_exact(k).enumerate().take(i + 1) {
                let mut sum = [0.0; W];
                for c in 0..k {
                    (0..W).for_each(|l| sum[l] += left[c][l] * right[c][l]);
                }
                if j < i {
                    sum = sum.map(|sum| 2.0 * sum);
                }
                dense::set(self.out, self.n_lanes, &lanes, i * n + j, &sum);
            }
        }
    }
}
