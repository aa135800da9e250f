//! Cholesky factors. Derivatives: Murray (2016), "Differentiation of the Cholesky decomposition", arXiv:1602.07527.

use std::sync::Arc;

use super::lower_square;
use crate::tape::graph::{Graph, Node};
use crate::tape::kernel;
use crate::tape::op::{Extent, Op, Operand, fingerprint_of, size_of};
use crate::tape::vector::with_vectors;

/// Lower L with A = L L^T; reads the lower triangle of A. NaN from the first column that shows that A is not positive
/// definite.
#[derive(Clone, Debug)]
pub struct Cholesky;

impl Graph {
    /// Lower L with A = L L^T, `[.., n, n]`; reads the lower triangle. NaN where A is not positive definite.
    /// Of [`Graph::lower_square`] it is the matrix that was squared.
    pub fn cholesky(&mut self, a: Node) -> Node {
        if let Some((op, args)) = self.application(a)
            && lower_square::NAMES.contains(&op.name())
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

    fn scratch(&self, args: &[Extent<'_>], lanes: usize) -> usize {
        let n = square(args[0].shape);
        if lanes > 1 && n >= LANES_APART { n * n + n } else { n * lanes }
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        let n = square(args[0].shape);
        let size = n * n * lanes;
        if size == 0 {
            return;
        }
        for (l, a) in out.chunks_exact_mut(size).zip(args[0].data.chunks_exact(size)) {
            if lanes > 1 && n >= LANES_APART {
                let (matrix, column) = scratch.split_at_mut(n * n);
                for lane in 0..lanes {
                    kernel::take_lane(a, lanes, lane, matrix);
                    with_vectors(
                        #[inline(always)]
                        || factor(matrix, n, 1, &mut column[..n]),
                    );
                    kernel::put_lane(matrix, l, lanes, lane);
                }
            } else {
                l.copy_from_slice(a);
                with_vectors(
                    #[inline(always)]
                    || factor(l, n, lanes, &mut scratch[..n * lanes]),
                );
            }
        }
    }

    /// dL = L phi(L^-1 dA L^-T), where phi keeps the lower triangle and half of the diagonal.
    fn tangent(&self, g: &mut Graph, _args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let da = tangents[0]?;
        let lower = g.tril(da);
        let strict = {
            let (mask, zero) = (g.triangle(da, 1.0, 0.0), g.scalar(0.0));
            g.select(mask, da, zero)
        };
        let upper = g.transpose(strict);
        let symmetric = g.add(lower, upper);
        let half = g.solve_triangular(y, symmetric, false);
        let half = g.transpose(half);
        let inner = g.solve_triangular(y, half, false);
        let phi = g.triangle(inner, 1.0, 0.5);
        let kept = g.mul(inner, phi);
        Some(g.matmul(y, kept))
    }

    /// S = L^-T phi(L^T dL) L^-1; the lower triangle gets S + S^T, the diagonal half of it.
    fn adjoint(
        &self,
        g: &mut Graph,
        _args: &[Node],
        y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let dy = g.tril(dy);
        let product = g.matmul_transposed(y, true, dy, false);
        let phi = g.triangle(product, 1.0, 0.5);
        let kept = g.mul(product, phi);
        let half = g.solve_triangular(y, kept, true);
        let half = g.transpose(half);
        let s_transposed = g.solve_triangular(y, half, true);
        let s = g.transpose(s_transposed);
        let symmetric = g.add(s, s_transposed);
        vec![Some(g.mul(symmetric, phi))]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(0)
    }
}

/// From this many rows on, matrices that vary are handled a lane at a time: they no longer fit the cache together.
pub(super) const LANES_APART: usize = 16;

/// n of square matrices `[.., n, n]`.
pub(super) fn square(shape: &[usize]) -> usize {
    match shape {
        [.., rows, columns] if rows == columns => *rows,
        _ => panic!("a square matrix of shape {shape:?}"),
    }
}

/// Factors in place, a column at a time; every element is the same sum in the same order whatever the lanes.
#[inline(always)]
fn factor(l: &mut [f64], n: usize, lanes: usize, column: &mut [f64]) {
    for k in 0..n {
        let diagonal = (k * n + k) * lanes;
        for d in &mut l[diagonal..diagonal + lanes] {
            *d = if *d > 0.0 { d.sqrt() } else { f64::NAN };
        }
        l[diagonal + lanes..(k + 1) * n * lanes].fill(0.0);
        let pivot = &mut column[k * lanes..(k + 1) * lanes];
        pivot.copy_from_slice(&l[diagonal..diagonal + lanes]);
        for i in k + 1..n {
            let (row, known) = (&mut l[i * n * lanes..(i + 1) * n * lanes], &mut *column);
            let (before, own) = known.split_at_mut(i * lanes);
            let head = &mut row[k * lanes..(k + 1) * lanes];
            for ((x, own), pivot) in head.iter_mut().zip(&mut own[..lanes]).zip(&before[k * lanes..]) {
                *x /= pivot;
                *own = *x;
            }
            let own = &column[i * lanes..(i + 1) * lanes];
            let (from, to) = ((k + 1) * lanes, (i + 1) * lanes);
            if let [own] = own {
                for (x, other) in row[from..to].iter_mut().zip(&column[from..to]) {
                    *x -= own * other;
                }
            } else {
                for (x, other) in
                    row[from..to].chunks_exact_mut(lanes).zip(column[from..to].chunks_exact(lanes))
                {
                    for ((x, own), other) in x.iter_mut().zip(own).zip(other) {
                        *x -= own * other;
                    }
                }
            }
        }
    }
}
