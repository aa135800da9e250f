//! Symmetric positive definite matrices: determinants, inverses, systems and quadratic forms, by Cholesky factors.
//!
//! Of a matrix A only the lower triangle is read. Its factor L is an argument of its own, so that all operations on one
//! matrix share it; derivatives know nothing of it, since those with respect to A have closed forms in A^-1.

mod gram;
mod inverse;
mod log_det;
mod quadratic;
mod solve;

use super::lower_square::LowerSquare;
use crate::tape::graph::{Graph, Node};
use crate::tape::op::is;

impl Graph {
    /// log det A of a positive definite A, `[.., n, n] -> [..]`; reads the lower triangle. NaN where A is not.
    pub fn log_det_definite(&mut self, a: Node) -> Node {
        let l = self.cholesky(a);
        if self.remembers_its_factor(a) {
            let diagonal = self.diagonal(l);
            let logs = self.log(diagonal);
            let last = self.shape(logs).len() - 1;
            let sum = self.sum(logs, &[last]);
            return self.mul_scalar(sum, 2.0);
        }
        self.log_det_by_factor(a, l)
    }

    /// b^T A^-1 b for every column b of B, where A is positive definite: `[.., n, n] [.., n, k] -> [.., k]`; reads the
    /// lower triangle of A. NaN where A is not positive definite.
    pub fn inverse_quadratic(&mut self, a: Node, b: Node) -> Node {
        let l = self.cholesky(a);
        if self.remembers_its_factor(a) {
            let white = self.solve_triangular(l, b, false);
            let squares = self.square(white);
            let rank = self.shape(squares).len();
            return self.sum(squares, &[rank - 2]);
        }
        self.quadratic_by_factor(a, l, b)
    }

    /// A is a square of a factor that is known: derivatives with respect to that need no inverse.
    fn remembers_its_factor(&self, a: Node) -> bool {
        self.application(a).is_some_and(|(op, _)| is::<LowerSquare>(&**op))
    }

    /// From a derivative with respect to a symmetric matrix, all of whose elements vary, to one with respect to the
    /// elements on and below its diagonal: what is above is folded over.
    fn folded(&mut self, d: Node) -> Node {
        let twice = self.triangle(d, 2.0, 1.0);
        self.mul(d, twice)
    }

    /// The symmetric matrix of which this is the folded one.
    fn unfolded(&mut self, d: Node) -> Node {
        let half = self.triangle(d, 0.5, 1.0);
        let lower = self.mul(d, half);
        self.mirror(lower)
    }

    /// A number for each column as one for each element of a matrix of such columns: `[.., k] -> [.., 1, k]`.
    fn over_rows(&mut self, x: Node) -> Node {
        let mut shape = self.shape(x).to_vec();
        shape.insert(shape.len() - 1, 1);
        self.reshape(x, &shape)
    }
}
