//! Products of matrices, either of which may be seen transposed; leading axes are batches.

use std::sync::Arc;

use crate::tape::fusion::Role;
use crate::tape::graph::{Graph, Node};
use crate::tape::kernel;
use crate::tape::op::{Extent, Op, Operand, broadcast_position, broadcast_shape, fingerprint_of, size_of};
use crate::tape::vector::{Factor, multiply};

/// op(A) op(B), where op is the identity or the transpose.
#[derive(Clone, Debug)]
pub struct MatMul {
    transpose_a: bool,
    transpose_b: bool,
}

impl Graph {
    /// `[.., m, k] [.., k, n] -> [.., m, n]`; both are of rank 2 at least, leading axes broadcast.
    pub fn matmul(&mut self, a: Node, b: Node) -> Node {
        self.matmul_transposed(a, false, b, false)
    }

    /// [`Graph::matmul`] of arguments that are first transposed (in their last two axes) where so flagged.
    pub fn matmul_transposed(&mut self, a: Node, transpose_a: bool, b: Node, transpose_b: bool) -> Node {
        self.apply(Arc::new(MatMul { transpose_a, transpose_b }), &[a, b])
    }

    /// The adjoint of broadcasting the batch axes of `arg`.
    pub(super) fn sum_batches_to(&mut self, d: Node, arg: Node) -> Node {
        let shape = self.shape(arg).to_vec();
        self.sum_to(d, &shape)
    }
}

/// From this many terms on, products of two matrices that vary are computed a lane at a time.
const APART_FROM_TERMS: usize = 4096;

/// From this many rows and columns on, a copy of a transpose pays.
const PACKED_SIZE: usize = 8;

/// How a product is computed.
enum Arrangement {
    InPlace,
    /// With a copy of B whose rows are contiguous.
    Packed,
    /// A lane at a time: the lanes of large matrices do not fit the cache together.
    LanesApart,
}

impl MatMul {
    /// Whether the first and the second factor are transposed.
    pub(in crate::tape) fn transposed(&self) -> [bool; 2] {
        [self.transpose_a, self.transpose_b]
    }

    fn arrangement(&self, [m, k, n]: [usize; 3], lanes: [usize; 2]) -> Arrangement {
        match lanes {
            [1, 1] if self.transpose_b && m.min(n) >= PACKED_SIZE => Arrangement::Packed,
            [1, _] | [_, 1] => Arrangement::InPlace,
            _ if m * k * n >= APART_FROM_TERMS => Arrangement::LanesApart,
            _ => Arrangement::InPlace,
        }
    }
}

impl Op for MatMul {
    fn name(&self) -> &'static str {
        match (self.transpose_a, self.transpose_b) {
            (false, false) => "matmul",
            (true, false) => "matmul_tn",
            (false, true) => "matmul_nt",
            (true, true) => "matmul_tt",
        }
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        let (batch_a, [m, k]) = split_matrix(args[0], self.transpose_a);
        let (batch_b, [k_b, n]) = split_matrix(args[1], self.transpose_b);
        assert_eq!(k, k_b, "product of {:?} and {:?}", args[0], args[1]);
        let mut shape = broadcast_shape(&[batch_a, batch_b]).to_vec();
        shape.extend([m, n]);
        shape
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        let (_, [_, k]) = split_matrix(args[0], self.transpose_a);
        (size_of(&self.shape(args)) * k) as f64
    }

    fn scratch(&self, args: &[Extent<'_>], _lanes: usize) -> usize {
        let (_, [m, k]) = split_matrix(args[0].shape, self.transpose_a);
        let (_, [_, n]) = split_matrix(args[1].shape, self.transpose_b);
        match self.arrangement([m, k, n], [args[0].lanes, args[1].lanes]) {
            Arrangement::InPlace => 0,
            Arrangement::Packed => k * n,
            Arrangement::LanesApart => m * k + k * n + m * n,
        }
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        let [a, b] = [&args[0], &args[1]];
        let (batch_a, [m, k]) = split_matrix(a.shape, self.transpose_a);
        let (batch_b, [_, n]) = split_matrix(b.shape, self.transpose_b);
        let batch = broadcast_shape(&[batch_a, batch_b]);
        out.fill(0.0);
        if m * n * k == 0 {
            return;
        }
        for (position, out) in out.chunks_exact_mut(m * n * lanes).enumerate() {
            let at_a = broadcast_position(position, &batch, batch_a) * m * k * a.lanes;
            let at_b = broadcast_position(position, &batch, batch_b) * k * n * b.lanes;
            let a_data = &a.data[at_a..at_a + m * k * a.lanes];
            let b_data = &b.data[at_b..at_b + k * n * b.lanes];
            let (ta, tb) = (self.transpose_a, self.transpose_b);
            match self.arrangement([m, k, n], [a.lanes, b.lanes]) {
                Arrangement::InPlace => {
                    let a = Factor::new(a_data, [m, k], ta, a.lanes);
                    let b = Factor::new(b_data, [k, n], tb, b.lanes);
                    multiply(&a, &b, [m, k, n], out, lanes);
                }
                Arrangement::Packed => {
                    let packed = &mut scratch[..k * n];
                    kernel::take_lane_transposed(b_data, [n, k], 1, 0, packed);
                    let a = Factor::new(a_data, [m, k], ta, 1);
                    multiply(&a, &Factor::new(packed, [k, n], false, 1), [m, k, n], out, 1);
                }
                Arrangement::LanesApart => {
                    let (a_lane, rest) = scratch.split_at_mut(m * k);
                    let (b_lane, rest) = rest.split_at_mut(k * n);
                    let product = &mut rest[..m * n];
                    for lane in 0..lanes {
                        kernel::take_lane(a_data, lanes, lane, a_lane);
                        if tb {
                            kernel::take_lane_transposed(b_data, [n, k], lanes, lane, b_lane);
                        } else {
                            kernel::take_lane(b_data, lanes, lane, b_lane);
                        }
                        product.fill(0.0);
                        let a = Factor::new(a_lane, [m, k], ta, 1);
                        multiply(&a, &Factor::new(b_lane, [k, n], false, 1), [m, k, n], product, 1);
                        kernel::put_lane(product, out, lanes, lane);
                    }
                }
            }
        }
    }

    fn role(&self, args: &[&[usize]]) -> Role {
        // The other factor, or the result, stays in cache over all lanes.
        const MAX_SIZE: usize = 2048;
        if args.iter().any(|shape| shape.len() != 2) {
            return Role::Alone;
        }
        let (_, [m, k]) = split_matrix(args[0], self.transpose_a);
        let (_, [_, columns]) = split_matrix(args[1], self.transpose_b);
        let as_written = columns == 1 || !self.transpose_b;
        match self.transpose_a {
            false if as_written && k * columns <= MAX_SIZE => Role::Product { columns },
            true if as_written && m * columns <= MAX_SIZE => Role::AddProduct { columns },
            _ => Role::Alone,
        }
    }

    fn tangent(&self, g: &mut Graph, args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let along_a =
            tangents[0].map(|da| g.matmul_transposed(da, self.transpose_a, args[1], self.transpose_b));
        let along_b =
            tangents[1].map(|db| g.matmul_transposed(args[0], self.transpose_a, db, self.transpose_b));
        let terms: Vec<Node> = along_a.into_iter().chain(along_b).collect();
        debug_assert!(terms.iter().all(|&t| g.shape(t) == g.shape(y)));
        g.sum_of_terms(&terms)
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let (a, b) = (args[0], args[1]);
        let (ta, tb) = (self.transpose_a, self.transpose_b);
        // d op(A) = dY op(B)^T, d op(B) = op(A)^T dY; transposed once more where op is the transpose
        let to_a = wanted[0].then(|| {
            let d = if ta {
                g.matmul_transposed(b, tb, dy, true)
            } else {
                g.matmul_transposed(dy, false, b, !tb)
            };
            g.sum_batches_to(d, a)
        });
        let to_b = wanted[1].then(|| {
            let d = if tb {
                g.matmul_transposed(dy, true, a, ta)
            } else {
                g.matmul_transposed(a, !ta, dy, false)
            };
            g.sum_batches_to(d, b)
        });
        vec![to_a, to_b]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(0)
    }
}

/// Batch axes, and rows and columns (of the transpose).
fn split_matrix(shape: &[usize], transposed: bool) -> (&[usize], [usize; 2]) {
    assert!(shape.len() >= 2, "a matrix of shape {shape:?}");
    let (batch, matrix) = shape.split_at(shape.len() - 2);
    (batch, if transposed { [matrix[1], matrix[0]] } else { [matrix[0], matrix[1]] })
}
