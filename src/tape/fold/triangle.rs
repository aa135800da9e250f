//! The triangular factor of a QR decomposition of many rows, a block of them at a time.

use crate::tape::vector::{PARTIAL_SUMS, with_vectors};

/// Below this part of a column's length a pivot says that the column depends on those before it.
const DEPENDENT: f64 = 1e-10;

/// Upper triangular R with R'R = A'A for all rows A that it has absorbed. Golub and Van Loan (2013), section 5.2.
#[derive(Clone, Debug)]
pub struct Triangle {
    pub width: usize,
    /// `[width, width]`, zeros below the diagonal.
    pub values: Vec<f64>,
}

impl Triangle {
    pub fn new(width: usize) -> Triangle {
        Triangle { width, values: vec![0.0; width * width] }
    }

    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.values[i * self.width + j]
    }

    /// Takes in rows given by columns, `[width][rows]`, which are left as they are not.
    pub fn absorb(&mut self, columns: &mut [f64], rows: usize) {
        with_vectors(
            #[inline(always)]
            || self.reflect(columns, rows),
        );
    }

    #[inline(always)]
    fn reflect(&mut self, columns: &mut [f64], rows: usize) {
        let width = self.width;
        for j in 0..width {
            let (reflector, rest) = columns[j * rows..].split_at_mut(rows);
            let square = dot(reflector, reflector);
            if square == 0.0 {
                continue;
            }
            // H = I - tau v v', v = (1, reflector / head), takes (pivot, reflector) to (length, 0)
            let pivot = self.values[j * width + j];
            let length =
                if pivot > 0.0 { -(pivot * pivot + square).sqrt() } else { (pivot * pivot + square).sqrt() };
            let head = pivot - length;
            let tau = -head / length;
            reflector.iter_mut().for_each(|x| *x /= head);
            self.values[j * width + j] = length;
            for (k, column) in (j + 1..width).zip(rest.chunks_exact_mut(rows)) {
                let at = j * width + k;
                let along = tau * (self.values[at] + dot(reflector, column));
                self.values[at] -= along;
                column.iter_mut().zip(&*reflector).for_each(|(x, v)| *x -= along * v);
            }
        }
    }

    /// Takes in all rows of another triangle, from row and column `from` on.
    pub fn absorb_corner(&mut self, other: &Triangle, from: usize) {
        let rows = other.width - from;
        assert_eq!(rows, self.width, "corners of one size");
        let mut columns: Vec<f64> =
            (from..other.width).flat_map(|j| (from..other.width).map(move |i| other.at(i, j))).collect();
        self.absorb(&mut columns, rows);
    }

    /// Unit upper triangular T such that A T has columns at right angles, as far as the first `known` ones go: column k
    /// less its projection on the first `known` ones before it. A column that depends on others, as far as its length in the
    /// data says, is not subtracted.
    pub fn orthogonaliser(&self, known: usize, lengths: &[f64]) -> Triangle {
        let width = self.width;
        let mut t = Triangle::new(width);
        let usable: Vec<bool> = (0..known).map(|i| self.at(i, i).abs() > DEPENDENT * lengths[i]).collect();
        for k in 0..width {
            t.values[k * width + k] = 1.0;
            let first = known.min(k);
            let mut rest: Vec<f64> = (0..first).map(|i| self.at(i, k)).collect();
            for i in (0..first).rev().filter(|&i| usable[i]) {
                let coefficient = rest[i] / self.at(i, i);
                t.values[i * width + k] = -coefficient;
                for (above, rest) in rest[..i].iter_mut().enumerate() {
                    *rest -= coefficient * self.at(above, i);
                }
            }
        }
        t
    }

    /// A T in place, for rows given by columns.
    pub fn transform(&self, columns: &mut [f64], rows: usize) {
        with_vectors(
            #[inline(always)]
            || self.combine(columns, rows),
        );
    }

    #[inline(always)]
    fn combine(&self, columns: &mut [f64], rows: usize) {
        for k in (1..self.width).rev() {
            let (before, column) = columns.split_at_mut(k * rows);
            for (i, other) in before.chunks_exact(rows).enumerate() {
                let coefficient = self.at(i, k);
                if coefficient != 0.0 {
                    column[..rows].iter_mut().zip(other).for_each(|(x, y)| *x += coefficient * y);
                }
            }
        }
    }

    /// Of each column of the rows.
    pub fn lengths(&self) -> Vec<f64> {
        let length = |j: usize| (0..=j).map(|i| self.at(i, j) * self.at(i, j)).sum::<f64>().sqrt();
        (0..self.width).map(length).collect()
    }
}

#[inline(always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut partial = [0.0; PARTIAL_SUMS];
    let ((a_chunks, a_rest), (b_chunks, b_rest)) =
        (a.as_chunks::<PARTIAL_SUMS>(), b.as_chunks::<PARTIAL_SUMS>());
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for k in 0..PARTIAL_SUMS {
            partial[k] += a[k] * b[k];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    partial.iter().sum::<f64>() + rest
}
