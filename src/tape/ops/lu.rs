//! General linear systems, inverses and determinants, by LU factors with partial pivoting.

use std::sync::Arc;

use super::cholesky::square;
use super::triangular::{for_each_system, solution_shape};
use crate::tape::graph::{Graph, Node, tensor};
use crate::tape::op::{Extent, Op, Operand, fingerprint_of, size_of};

/// A^-1 B, or A^-T B if `transposed`.
#[derive(Clone, Debug)]
pub struct Solve {
    transposed: bool,
}

/// log |det A|; -inf where A is singular.
#[derive(Clone, Debug)]
pub struct LogAbsDet;

impl Graph {
    /// A^-1 B: `[.., n, n] [.., n, k] -> [.., n, k]`. Not finite where A is singular.
    pub fn solve(&mut self, a: Node, b: Node) -> Node {
        self.solve_transposed(a, b, false)
    }

    /// A^-1, `[.., n, n]`.
    pub fn inverse(&mut self, a: Node) -> Node {
        let identity = self.identity(square(self.shape(a)));
        self.solve(a, identity)
    }

    /// I, `[n, n]`.
    pub fn identity(&mut self, n: usize) -> Node {
        let elements = (0..n * n).map(|at| (at / n == at % n) as u8 as f64).collect();
        self.constant(tensor(&[n, n], elements))
    }

    /// log |det A|, `[.., n, n] -> [..]`; -inf where A is singular.
    pub fn log_abs_det(&mut self, a: Node) -> Node {
        self.apply(Arc::new(LogAbsDet), &[a])
    }

    fn solve_transposed(&mut self, a: Node, b: Node, transposed: bool) -> Node {
        self.apply(Arc::new(Solve { transposed }), &[a, b])
    }
}

impl Op for Solve {
    fn name(&self) -> &'static str {
        if self.transposed { "solve_transposed" } else { "solve" }
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        solution_shape(args)
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        let n = square(args[0]);
        (size_of(args[0]) * n) as f64 / 3.0 + (size_of(&self.shape(args)) * n) as f64
    }

    /// Factors, the order of rows, and the right side of one lane.
    fn scratch(&self, args: &[Extent<'_>], _lanes: usize) -> usize {
        let n = square(args[0].shape);
        n * n + n + n * args[1].shape[args[1].shape.len() - 1]
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        for_each_system(args, out, |a, b, [n, k], out| {
            let (factors, rest) = scratch.split_at_mut(n * n);
            let (order, rest) = rest.split_at_mut(n);
            let x = &mut rest[..n * k];
            for lane in 0..lanes {
                if lane == 0 || a.lanes > 1 {
                    load(a, lane, n, self.transposed, factors);
                    factor(factors, n, order);
                }
                let b_lane = if b.lanes == 1 { 0 } else { lane };
                for (i, &from) in order.iter().enumerate() {
                    for j in 0..k {
                        x[i * k + j] = b.data[(from as usize * k + j) * b.lanes + b_lane];
                    }
                }
                substitute(factors, n, k, x);
                for (at, &x) in x.iter().enumerate() {
                    out[at * lanes + lane] = x;
                }
            }
        });
    }

    fn tangent(&self, g: &mut Graph, args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        // dX = A^-1 (dB - dA X)
        let through_a = tangents[0].map(|da| g.matmul_transposed(da, self.transposed, y, false));
        let right = match (tangents[1], through_a) {
            (Some(db), Some(moved)) => g.sub(db, moved),
            (Some(db), None) => db,
            (None, Some(moved)) => g.neg(moved),
            (None, None) => return None,
        };
        Some(g.solve_transposed(args[0], right, self.transposed))
    }

    fn adjoint(&self, g: &mut Graph, args: &[Node], y: Node, dy: Node, wanted: &[bool]) -> Vec<Option<Node>> {
        // dB = A^-T dX, dA = -dB X^T
        let db = g.solve_transposed(args[0], dy, !self.transposed);
        let to_a = wanted[0].then(|| {
            let (left, right) = if self.transposed { (y, db) } else { (db, y) };
            let product = g.matmul_transposed(left, false, right, true);
            let summed = g.sum_batches_to(product, args[0]);
            g.neg(summed)
        });
        let to_b = wanted[1].then(|| g.sum_batches_to(db, args[1]));
        vec![to_a, to_b]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(self.transposed)
    }
}

impl Op for LogAbsDet {
    fn name(&self) -> &'static str {
        "log_abs_det"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        square(args[0]);
        args[0][..args[0].len() - 2].to_vec()
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        (size_of(args[0]) * square(args[0])) as f64 / 3.0
    }

    fn scratch(&self, args: &[Extent<'_>], _lanes: usize) -> usize {
        let n = square(args[0].shape);
        n * n + n
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        let n = square(args[0].shape);
        let (factors, rest) = scratch.split_at_mut(n * n);
        for (position, out) in out.chunks_exact_mut(lanes).enumerate() {
            let size = n * n * lanes;
            let a = Operand { data: &args[0].data[position * size..(position + 1) * size], ..args[0] };
            for (lane, y) in out.iter_mut().enumerate() {
                load(&a, lane, n, false, factors);
                factor(factors, n, &mut rest[..n]);
                *y = (0..n).map(|i| factors[i * n + i].abs().ln()).sum();
            }
        }
    }

    fn tangent(&self, g: &mut Graph, args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let inverse = g.inverse(args[0]);
        let gradient = g.transpose(inverse);
        let product = g.mul(gradient, tangents[0]?);
        let rank = g.shape(product).len();
        Some(g.sum(product, &[rank - 2, rank - 1]))
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let inverse = g.inverse(args[0]);
        let gradient = g.transpose(inverse);
        let mut shape = g.shape(dy).to_vec();
        shape.extend([1, 1]);
        let dy = g.reshape(dy, &shape);
        vec![Some(g.gated_mul(dy, gradient))]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(0)
    }
}

/// Copies one lane of a matrix, or of its transpose.
fn load(a: &Operand<'_>, lane: usize, n: usize, transposed: bool, to: &mut [f64]) {
    for (at, x) in to.iter_mut().enumerate() {
        let from = if transposed { at % n * n + at / n } else { at };
        *x = a.data[from * a.lanes + lane % a.lanes];
    }
}

/// A = P^T L U in place, L with a unit diagonal; `order[i]` is the row of A that came to be row i.
fn factor(a: &mut [f64], n: usize, order: &mut [f64]) {
    for (i, row) in order.iter_mut().enumerate() {
        *row = i as f64;
    }
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[i * n + k].abs().total_cmp(&a[j * n + k].abs())).unwrap_or(k);
        if pivot != k {
            for j in 0..n {
                a.swap(k * n + j, pivot * n + j);
            }
            order.swap(k, pivot);
        }
        let (top, below) = a.split_at_mut((k + 1) * n);
        let top = &top[k * n..];
        for row in below.chunks_exact_mut(n) {
            let factor = row[k] / top[k];
            row[k] = factor;
            for (x, t) in row[k + 1..].iter_mut().zip(&top[k + 1..]) {
                *x -= factor * t;
            }
        }
    }
}

/// Solves L U X = B in place for k columns.
fn substitute(factors: &[f64], n: usize, k: usize, x: &mut [f64]) {
    let subtract = |row: &mut [f64], factor: f64, from: &[f64]| {
        for (y, x) in row.iter_mut().zip(from) {
            *y -= factor * x;
        }
    };
    for i in 0..n {
        let (solved, rest) = x.split_at_mut(i * k);
        for (j, known) in solved.chunks_exact(k).enumerate() {
            subtract(&mut rest[..k], factors[i * n + j], known);
        }
    }
    for i in (0..n).rev() {
        let (rest, solved) = x.split_at_mut((i + 1) * k);
        let row = &mut rest[i * k..];
        for (j, known) in solved.chunks_exact(k).enumerate() {
            subtract(row, factors[i * n + i + 1 + j], known);
        }
        row.iter_mut().for_each(|y| *y /= factors[i * n + i]);
    }
}
