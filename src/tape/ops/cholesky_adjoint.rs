//! The adjoint of Cholesky factors: from dL to dA.

use std::ops::Range;
use std::sync::Arc;

use super::cholesky::{for_each_matrix, square};
use crate::tape::dense::{self, Lanewise};
use crate::tape::graph::{Graph, Node};
use crate::tape::op::{Extent, Op, Operand, fingerprint_of, size_of};

/// The lower triangle of dA from L and dL, zeros above: S = L^-T phi(L^T dL) L^-1, where phi keeps the lower triangle and
/// half of the diagonal; then S + S^T below the diagonal and S on it. Murray (2016), arXiv:1602.07527.
#[derive(Clone, Debug)]
pub struct CholeskyAdjoint;

impl Graph {
    /// What dL contributes to the adjoint of the lower triangle of A = L L^T; reads the lower triangles.
    pub(super) fn cholesky_adjoint(&mut self, l: Node, dl: Node) -> Node {
        self.apply(Arc::new(CholeskyAdjoint), &[l, dl])
    }

    /// L^-1 K L^-T of a symmetric K without what is above the diagonal and half of that, and L^-1 K.
    fn between_factors(&mut self, l: Node, k: Node) -> [Node; 2] {
        let half = self.solve_triangular(l, k, false);
        let transposed = self.transpose(half);
        let inner = self.solve_triangular(l, transposed, false);
        let phi = self.triangle(inner, 1.0, 0.5);
        [self.mul(inner, phi), half]
    }

    /// dL = L phi(L^-1 dA L^-T); reads the lower triangle of dA.
    pub(super) fn cholesky_tangent(&mut self, l: Node, da: Node) -> Node {
        let da = self.mirror(da);
        let [inner, _] = self.between_factors(l, da);
        self.matmul(l, inner)
    }

    /// The symmetric matrix with this lower triangle.
    pub(super) fn mirror(&mut self, a: Node) -> Node {
        let (mask, transposed) = (self.triangle(a, 1.0, 1.0), self.transpose(a));
        self.select(mask, a, transposed)
    }

    /// A + A^T
    pub(super) fn plus_transpose(&mut self, a: Node) -> Node {
        let transposed = self.transpose(a);
        self.add(a, transposed)
    }
}

impl Op for CholeskyAdjoint {
    fn name(&self) -> &'static str {
        "cholesky_adjoint"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        square(args[0]);
        assert_eq!(args[0], args[1], "a factor and its adjoint");
        args[0].to_vec()
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        (size_of(args[0]) * square(args[0])) as f64 / 3.0
    }

    /// The factor and its adjoint in some lanes.
    fn scratch(&self, args: &[Extent<'_>], lanes: usize) -> usize {
        let n = square(args[0].shape);
        2 * n * n * dense::width(n, lanes)
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        let [l, dl] = [&args[0], &args[1]];
        let shape = &l.shape[l.shape.len() - 2..];
        for_each_matrix(dl, out, lanes, |dl, n, position, out| {
            let size = n * n * l.lanes;
            let data = &l.data[position * size..(position + 1) * size];
            let l = &Operand { data, shape, lanes: l.lanes };
            dense::for_each_lane(n, lanes, &mut Adjoint { l, dl, n, out, n_lanes: lanes, scratch });
        });
    }

    /// With T = S + S^T: dT = Z + Z^T, Z = L^-T (phi(dL^T D + L^T dD) L^-1 - dL^T T), where D is what is here named dL.
    fn tangent(&self, g: &mut Graph, args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let l = args[0];
        let d = g.tril(args[1]);
        let along_l = tangents[0].map(|dl| g.tril(dl));
        let along_d = tangents[1].map(|dd| g.tril(dd));
        let products = [along_l.map(|dl| (dl, d)), along_d.map(|dd| (l, dd))];
        let products: Vec<Node> =
            products.into_iter().flatten().map(|(a, b)| g.matmul_transposed(a, true, b, false)).collect();
        let product = g.sum_of_terms(&products)?;
        let phi = g.triangle(product, 1.0, 0.5);
        let kept = g.mul(product, phi);
        let transposed = g.transpose(kept);
        let right = g.solve_triangular(l, transposed, true);
        let mut inner = g.transpose(right);
        if let Some(dl) = along_l {
            let t = g.plus_transpose(y);
            let moved = g.matmul_transposed(dl, true, t, false);
            inner = g.sub(inner, moved);
        }
        let z = g.solve_triangular(l, inner, true);
        let sum = g.plus_transpose(z);
        Some(g.mul(sum, phi))
    }

    /// With K = phi(dY) + phi(dY)^T and Q = phi(L^-1 K L^-T): dD = L Q, dL = D Q^T - T (L^-1 K)^T, D as above.
    fn adjoint(&self, g: &mut Graph, args: &[Node], y: Node, dy: Node, wanted: &[bool]) -> Vec<Option<Node>> {
        let l = args[0];
        let phi = g.triangle(dy, 1.0, 0.5);
        let kept = g.mul(dy, phi);
        let k = g.plus_transpose(kept);
        let [inner, half] = g.between_factors(l, k);
        let to_l = wanted[0].then(|| {
            let d = g.tril(args[1]);
            let t = g.plus_transpose(y);
            let first = g.matmul_transposed(d, false, inner, true);
            let second = g.matmul_transposed(t, false, half, true);
            let difference = g.sub(first, second);
            g.tril(difference)
        });
        let to_d = wanted[1].then(|| g.matmul(l, inner));
        vec![to_l, to_d]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(0)
    }
}

struct Adjoint<'a> {
    l: &'a Operand<'a>,
    dl: &'a Operand<'a>,
    n: usize,
    out: &'a mut [f64],
    n_lanes: usize,
    scratch: &'a mut [f64],
}

impl Lanewise for Adjoint<'_> {
    #[inline(always)]
    fn run<const W: usize>(&mut self, lanes: Range<usize>) {
        let n = self.n;
        let (l, rest) = self.scratch.as_chunks_mut::<W>().0.split_at_mut(n * n);
        let d = &mut rest[..n * n];
        dense::take_lower(self.l, n, &lanes, l);
        dense::take_lower(self.dl, n, &lanes, d);
        dense::factor_adjoint(l, d, n);
        dense::put_lower(d, n, 1.0, self.out, self.n_lanes, &lanes);
    }
}
