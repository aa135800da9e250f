//! Triangular systems, and triangles and diagonals of matrices.

use std::ops::Range;
use std::sync::Arc;

use pulp::{Arch, NullaryFnOnce};

use super::cholesky::square;
use crate::tape::dense::{self, Lanewise, Systems};
use crate::tape::graph::{Graph, Node, tensor};
use crate::tape::kernel;
use crate::tape::op::{Extent, Op, Operand, broadcast_position, broadcast_shape, fingerprint_of, size_of};

/// L^-1 B, or L^-T B if `transposed`, for lower triangular L.
#[derive(Clone, Debug)]
pub struct SolveTriangular {
    transposed: bool,
}

impl Graph {
    /// L^-1 B, or L^-T B if `transposed`; reads the lower triangle of `l`. `[.., n, n] [.., n, k] -> [.., n, k]`.
    pub fn solve_triangular(&mut self, l: Node, b: Node, transposed: bool) -> Node {
        self.apply(Arc::new(SolveTriangular { transposed }), &[l, b])
    }

    /// `a` with zeros above the diagonal.
    pub fn tril(&mut self, a: Node) -> Node {
        let mask = self.triangle(a, 1.0, 1.0);
        let zero = self.scalar(0.0);
        self.select(mask, a, zero)
    }

    /// The diagonal, `[.., n, n] -> [.., n]`.
    pub fn diagonal(&mut self, a: Node) -> Node {
        let shape = self.shape(a);
        let (vector, index) = diagonal_positions(&shape[..shape.len() - 1]);
        self.gather(a, index, &vector)
    }

    /// The matrix with this diagonal, `[.., n] -> [.., n, n]`.
    pub fn diagonal_matrix(&mut self, v: Node) -> Node {
        let (vector, index) = diagonal_positions(self.shape(v));
        let mut matrix = vector;
        matrix.extend(matrix.last().copied());
        self.scatter_add(v, index, &matrix)
    }

    /// A constant of the shape of the matrices of `a`: `below` and `on` the diagonal, 0 above it.
    pub(super) fn triangle(&mut self, a: Node, below: f64, on: f64) -> Node {
        let shape = self.shape(a);
        let [rows, columns] = [shape[shape.len() - 2], shape[shape.len() - 1]];
        let element = |i: usize, j: usize| match j.cmp(&i) {
            std::cmp::Ordering::Less => below,
            std::cmp::Ordering::Equal => on,
            std::cmp::Ordering::Greater => 0.0,
        };
        let data = (0..rows * columns).map(|at| element(at / columns, at % columns)).collect();
        self.constant(tensor(&[rows, columns], data))
    }
}

/// The shape `[.., n]` of diagonals, and their flat positions in matrices `[.., n, n]`.
fn diagonal_positions(vector: &[usize]) -> (Vec<usize>, Arc<[u32]>) {
    let n = vector[vector.len() - 1];
    let index = (0..size_of(vector)).map(|at| ((at / n * n + at % n) * n + at % n) as u32).collect();
    (vector.to_vec(), index)
}

impl Op for SolveTriangular {
    fn name(&self) -> &'static str {
        if self.transposed { "solve_lower_transposed" } else { "solve_lower" }
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        solution_shape(args)
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        (size_of(&self.shape(args)) * square(args[0])) as f64 / 2.0
    }

    fn scratch(&self, args: &[Extent<'_>], lanes: usize) -> usize {
        if args[0].lanes > 1 { system_scratch(args, lanes) } else { 0 }
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        let transposed = self.transposed;
        for_each_system(args, out, |l, b, [n, k], out| {
            if l.lanes == 1 {
                kernel::copy(b, out, lanes);
                Arch::new().dispatch(Rows { l: l.data, n, width: k * lanes, x: out, transposed });
            } else {
                let systems = if transposed { Systems::Upper } else { Systems::Lower };
                let system = &mut System { systems, l, b, k, out, n_lanes: lanes, scratch };
                dense::for_each_lane(n, lanes, system);
            }
        });
    }

    fn tangent(&self, g: &mut Graph, args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        // dX = L^-1 (dB - dL X)
        let through_l = tangents[0].map(|dl| {
            let dl = g.tril(dl);
            g.matmul_transposed(dl, self.transposed, y, false)
        });
        let right = match (tangents[1], through_l) {
            (Some(db), Some(moved)) => g.sub(db, moved),
            (Some(db), None) => db,
            (None, Some(moved)) => g.neg(moved),
            (None, None) => return None,
        };
        Some(g.solve_triangular(args[0], right, self.transposed))
    }

    fn adjoint(&self, g: &mut Graph, args: &[Node], y: Node, dy: Node, wanted: &[bool]) -> Vec<Option<Node>> {
        // dB = L^-T dX, dL = -tril(dB X^T)
        let db = g.solve_triangular(args[0], dy, !self.transposed);
        let to_l = wanted[0].then(|| {
            let (left, right) = if self.transposed { (y, db) } else { (db, y) };
            let product = g.matmul_transposed(left, false, right, true);
            let summed = g.sum_batches_to(product, args[0]);
            let lower = g.tril(summed);
            g.neg(lower)
        });
        let to_b = wanted[1].then(|| g.sum_batches_to(db, args[1]));
        vec![to_l, to_b]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(self.transposed)
    }
}

/// Shape of the solutions of systems `[.., n, n] [.., n, k]`.
pub(super) fn solution_shape(args: &[&[usize]]) -> Vec<usize> {
    let (a, b) = (args[0], args[1]);
    assert!(a.len() >= 2 && b.len() >= 2, "a system of {a:?} and {b:?}");
    let (batch_a, matrix) = a.split_at(a.len() - 2);
    let (batch_b, right) = b.split_at(b.len() - 2);
    assert!(matrix[0] == matrix[1] && matrix[0] == right[0], "a system of {a:?} and {b:?}");
    let mut shape = broadcast_shape(&[batch_a, batch_b]).to_vec();
    shape.extend(right);
    shape
}

/// Calls `solve(matrix, right side, [n, k], result)` for every system of a batch, whose results are of one size.
pub(super) fn for_each_system(
    args: &[Operand<'_>],
    out: &mut [f64],
    mut solve: impl FnMut(&Operand<'_>, &Operand<'_>, [usize; 2], &mut [f64]),
) {
    let [a, b] = [&args[0], &args[1]];
    let (batch_a, matrix) = a.shape.split_at(a.shape.len() - 2);
    let (batch_b, right) = b.shape.split_at(b.shape.len() - 2);
    let [n, k] = [right[0], right[1]];
    if n * k == 0 || out.is_empty() {
        return;
    }
    let batch = broadcast_shape(&[batch_a, batch_b]);
    let size = out.len() / size_of(&batch).max(1);
    for (position, out) in out.chunks_exact_mut(size).enumerate() {
        let at_a = broadcast_position(position, &batch, batch_a) * n * n * a.lanes;
        let at_b = broadcast_position(position, &batch, batch_b) * n * k * b.lanes;
        let a = Operand { data: &a.data[at_a..at_a + n * n * a.lanes], shape: matrix, lanes: a.lanes };
        let b = Operand { data: &b.data[at_b..at_b + n * k * b.lanes], shape: right, lanes: b.lanes };
        solve(&a, &b, [n, k], out);
    }
}

/// A system of rows of `width` numbers that share one L, solved in place.
struct Rows<'a> {
    l: &'a [f64],
    n: usize,
    width: usize,
    x: &'a mut [f64],
    transposed: bool,
}

impl NullaryFnOnce for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Rows { l, n, width, x, transposed } = self;
        if !transposed {
            for i in 0..n {
                let (solved, rest) = x.split_at_mut(i * width);
                let row = &mut rest[..width];
                if let [y] = row {
                    for (factor, x) in l[i * n..i * n + i].iter().zip(solved.iter()) {
                        *y -= factor * x;
                    }
                } else {
                    for (j, known) in solved.chunks_exact(width).enumerate() {
                        subtract(row, l[i * n + j], known);
                    }
                }
                let inverse = 1.0 / l[i * n + i];
                row.iter_mut().for_each(|y| *y *= inverse);
            }
        } else {
            for i in (0..n).rev() {
                let (rest, solved) = x.split_at_mut(i * width);
                let row = &mut solved[..width];
                let inverse = 1.0 / l[i * n + i];
                row.iter_mut().for_each(|y| *y *= inverse);
                if let [y] = row {
                    subtract(rest, *y, &l[i * n..i * n + i]);
                } else {
                    for (j, open) in rest.chunks_exact_mut(width).enumerate() {
                        subtract(open, l[i * n + j], row);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn subtract(row: &mut [f64], factor: f64, from: &[f64]) {
    for (y, x) in row.iter_mut().zip(from) {
        *y -= factor * x;
    }
}

/// What [`take_system`] needs.
pub(super) fn system_scratch(args: &[Extent<'_>], lanes: usize) -> usize {
    let (n, right) = (square(args[0].shape), args[1].shape);
    (n * n + size_of(&right[right.len() - 2..]) + n) * dense::width(n, lanes)
}

/// Some lanes of a system: the columns of L, B, and memory for a column of B.
#[inline(always)]
pub(super) fn take_system<'a, const W: usize>(
    l: &Operand<'_>,
    b: &Operand<'_>,
    lanes: &Range<usize>,
    scratch: &'a mut [f64],
) -> [&'a mut [[f64; W]]; 3] {
    let [n, k] = [b.shape[0], b.shape[1]];
    let (columns, rest) = scratch.as_chunks_mut::<W>().0.split_at_mut(n * n);
    let (x, rest) = rest.split_at_mut(n * k);
    dense::take_lower(l, n, lanes, columns);
    dense::take(b, lanes, x);
    [columns, x, &mut rest[..n]]
}

/// Systems of which every lane has its L.
pub(super) struct System<'a> {
    pub systems: Systems,
    pub l: &'a Operand<'a>,
    pub b: &'a Operand<'a>,
    pub k: usize,
    pub out: &'a mut [f64],
    pub n_lanes: usize,
    pub scratch: &'a mut [f64],
}

impl Lanewise for System<'_> {
    #[inline(always)]
    fn run<const W: usize>(&mut self, lanes: Range<usize>) {
        let [columns, x, memory] = take_system::<W>(self.l, self.b, &lanes, self.scratch);
        dense::solve_columns(self.systems, columns, x, self.k, memory);
        dense::put(x, self.out, self.n_lanes, &lanes);
    }
}
