//! Hessians in the shape of an arrow: rows that touch each other only through a few shared variables.

use std::collections::BTreeMap;

use rand::RngExt;

use super::draws::{Task, rng};
use super::linear::{Factor, Matrix, axpy, dot};
use super::target::Target;

/// Fewest rows worth the name.
const LEAST_ROWS: usize = 32;
/// Most coordinates that are shared: each costs a Hessian-vector product.
const MAX_SHARED: usize = 300;
/// Most coordinates of one row.
const MAX_WIDTH: usize = 16;

/// Coordinates that fall into rows without a second derivative across rows, and those that all rows share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    pub rows: Vec<Vec<usize>>,
    pub shared: Vec<usize>,
}

impl Rows {
    /// The rows that the plates of a model suggest, if the Hessian at `z` agrees: a local latent for each observation, the
    /// groups of a hierarchy.
    pub fn find(target: &Target, z: &[f64]) -> Option<Rows> {
        let coordinates = target.density.coordinates();
        let mut plates: BTreeMap<usize, usize> = BTreeMap::new();
        for row in coordinates.iter().filter_map(|c| c.row).filter(|row| row.of >= LEAST_ROWS) {
            *plates.entry(row.of).or_default() += 1;
        }
        let all: Vec<usize> = plates.keys().copied().collect();
        let widest = plates.iter().max_by_key(|(_, n)| **n).map(|(of, _)| vec![*of])?;
        let candidates = if all.len() > 1 { vec![all, widest] } else { vec![widest] };
        candidates.into_iter().find_map(|plates| {
            let mut rows: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
            let mut shared = Vec::new();
            for (i, coordinate) in coordinates.iter().enumerate() {
                match coordinate.row.filter(|row| plates.contains(&row.of)) {
                    Some(row) => rows.entry((row.of, row.at)).or_default().push(i),
                    None => shared.push(i),
                }
            }
            let found = Rows { rows: rows.into_values().collect(), shared };
            let fits = found.shared.len() <= MAX_SHARED && found.width() <= MAX_WIDTH;
            (fits && found.is_true_at(target, z)).then_some(found)
        })
    }

    /// Coordinates of the longest row.
    pub fn width(&self) -> usize {
        self.rows.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Whether the Hessian at `z` has nothing between rows: with random signs for the rows, products with one coordinate
    /// of each row are elements of the Hessian up to that sign, whatever the signs.
    fn is_true_at(&self, target: &Target, z: &[f64]) -> bool {
        /// Two rows with an element between them pass with probability 2^(1 - PATTERNS).
        const PATTERNS: usize = 32;
        /// Of the largest element; rounding errors are far below.
        const TOLERANCE: f64 = 1e-9;
        let d = target.dim();
        let mut rng = rng(0, Task::Probes);
        let signs: Vec<[f64; PATTERNS]> = self
            .rows
            .iter()
            .map(|_| std::array::from_fn(|_| if rng.random::<bool>() { 1.0 } else { -1.0 }))
            .collect();
        let points = target.repeat(z, PATTERNS);
        let (mut gradient, mut product) = (vec![0.0; d * PATTERNS], vec![0.0; d * PATTERNS]);
        (0..self.width()).all(|k| {
            let mut v = vec![0.0; d * PATTERNS];
            for (row, signs) in self.rows.iter().zip(&signs) {
                if let Some(i) = row.get(k) {
                    v[i * PATTERNS..(i + 1) * PATTERNS].copy_from_slice(signs);
                }
            }
            target.hessian_vector(PATTERNS, &points, &v, &mut gradient, &mut product);
            let largest = self.rows.iter().flatten().map(|i| product[i * PATTERNS].abs()).fold(0.0, f64::max);
            self.rows.iter().zip(&signs).all(|(row, signs)| {
                row.iter().all(|i| {
                    let elements: [f64; PATTERNS] =
                        std::array::from_fn(|p| product[i * PATTERNS + p] * signs[p]);
                    elements.iter().all(|x| (x - elements[0]).abs() <= TOLERANCE * largest)
                })
            })
        })
    }
}

/// A symmetric matrix without elements between different rows.
pub struct ArrowMatrix {
    /// Indices of each row, and of what they share.
    pub layout: Rows,
    /// Each row with itself.
    pub within: Vec<Matrix>,
    /// Each row with what is shared, `[width][shared]`.
    pub across: Vec<Vec<f64>>,
    /// What is shared with itself.
    pub corner: Matrix,
}

/// A factorised positive definite stand-in for an [`ArrowMatrix`]; the matrix itself where it is positive definite.
pub struct ArrowFactor {
    layout: Rows,
    rows: Vec<RowFactor>,
    /// Schur complement of the rows.
    corner: Factor,
    is_exact: bool,
}

struct RowFactor {
    factor: Factor,
    across: Vec<f64>,
    /// A_rr^-1 A_rs, `[width][shared]`.
    solved: Vec<f64>,
}

impl ArrowFactor {
    /// `None` if there are elements that are not finite, or nothing is shared.
    pub fn new(matrix: ArrowMatrix) -> Option<ArrowFactor> {
        let ArrowMatrix { layout, within, across, mut corner } = matrix;
        let n_shared = layout.shared.len();
        if n_shared == 0 {
            return None;
        }
        let mut is_exact = true;
        let mut rows = Vec::with_capacity(within.len());
        for (within, across) in within.iter().zip(across) {
            let width = within.n();
            let factor = Factor::new(within)?;
            is_exact &= factor.is_exact();
            let mut solved = vec![0.0; across.len()];
            let (mut column, mut x) = (vec![0.0; width], vec![0.0; width]);
            for s in 0..n_shared {
                (0..width).for_each(|i| column[i] = across[i * n_shared + s]);
                factor.solve(&column, &mut x);
                (0..width).for_each(|i| solved[i * n_shared + s] = x[i]);
            }
            for (a, b) in across.chunks_exact(n_shared).zip(solved.chunks_exact(n_shared)) {
                corner.subtract_outer(a, b);
            }
            rows.push(RowFactor { factor, across, solved });
        }
        corner.symmetrize();
        let corner = Factor::new(&corner)?;
        is_exact &= corner.is_exact();
        Some(ArrowFactor { layout, rows, corner, is_exact })
    }

    /// Whether the matrix itself was positive definite.
    pub fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// x = A^-1 b
    pub fn solve(&self, b: &[f64], x: &mut [f64]) {
        let shared = &self.layout.shared;
        let n_shared = shared.len();
        let mut rest: Vec<f64> = shared.iter().map(|&i| b[i]).collect();
        let mut own = Vec::new();
        for (at, row) in self.layout.rows.iter().zip(&self.rows) {
            own.clear();
            own.extend(at.iter().map(|&i| b[i]));
            for (b, solved) in own.iter().zip(row.solved.chunks_exact(n_shared)) {
                axpy(-b, solved, &mut rest);
            }
        }
        let mut corner = vec![0.0; n_shared];
        self.corner.solve(&rest, &mut corner);
        for (at, row) in self.layout.rows.iter().zip(&self.rows) {
            own.clear();
            own.extend(
                at.iter().zip(row.across.chunks_exact(n_shared)).map(|(&i, a)| b[i] - dot(a, &corner)),
            );
            let mut solved = vec![0.0; at.len()];
            row.factor.solve(&own, &mut solved);
            at.iter().zip(&solved).for_each(|(&i, solved)| x[i] = *solved);
        }
        shared.iter().zip(&corner).for_each(|(&i, corner)| x[i] = *corner);
    }

    /// The diagonal of A^-1.
    pub fn inverse_diagonal(&self) -> Vec<f64> {
        let n_shared = self.layout.shared.len();
        let mut inverse = Matrix::zeros(n_shared);
        let (mut unit, mut column) = (vec![0.0; n_shared], vec![0.0; n_shared]);
        for s in 0..n_shared {
            unit[s] = 1.0;
            self.corner.solve(&unit, &mut column);
            unit[s] = 0.0;
            (0..n_shared).for_each(|i| *inverse.at_mut(i, s) = column[i]);
        }
        let n = n_shared + self.layout.rows.iter().map(Vec::len).sum::<usize>();
        let mut diagonal = vec![0.0; n];
        for (&i, value) in self.layout.shared.iter().zip(inverse.diagonal()) {
            diagonal[i] = value;
        }
        for (at, row) in self.layout.rows.iter().zip(&self.rows) {
            let own = row.factor.inverse_diagonal();
            for ((&i, own), solved) in at.iter().zip(own).zip(row.solved.chunks_exact(n_shared)) {
                inverse.product(solved, &mut column);
                diagonal[i] = own + dot(solved, &column);
            }
        }
        diagonal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of widths 2, 1 and 3 that share two variables, the variables in a mixed order.
    fn matrix(definite: bool) -> (ArrowMatrix, Matrix) {
        let layout = Rows { rows: vec![vec![0, 4], vec![2], vec![7, 3, 5]], shared: vec![1, 6] };
        let n = 8;
        let value = |i: usize, j: usize| ((i * j) as f64 * 1.3 + (i + j) as f64).sin();
        let mut dense = Matrix::zeros(n);
        let together = |i: usize, j: usize| {
            layout.shared.contains(&i)
                || layout.shared.contains(&j)
                || layout.rows.iter().any(|row| row.contains(&i) && row.contains(&j))
        };
        for (i, j) in (0..n * n).map(|k| (k / n, k % n)).filter(|(i, j)| together(*i, *j)) {
            *dense.at_mut(i, j) = value(i.min(j), i.max(j));
            if i == j {
                *dense.at_mut(i, j) = if definite || i != 2 { 8.0 + i as f64 } else { -3.0 };
            }
        }
        let block = |a: &[usize], b: &[usize]| -> Vec<f64> {
            a.iter().flat_map(|&i| b.iter().map(move |&j| (i, j))).map(|(i, j)| dense.at(i, j)).collect()
        };
        let within = layout.rows.iter().map(|row| Matrix::from_rows(row.len(), block(row, row))).collect();
        let across = layout.rows.iter().map(|row| block(row, &layout.shared)).collect();
        let corner = Matrix::from_rows(2, block(&layout.shared, &layout.shared));
        (ArrowMatrix { layout, within, across, corner }, dense)
    }

    #[test]
    fn solves_and_inverts_what_a_dense_factor_does() {
        let (arrow, dense) = matrix(true);
        let factor = ArrowFactor::new(arrow).unwrap();
        assert!(factor.is_exact());
        let truth: Vec<f64> = (0..8).map(|i| (i as f64 * 0.7).cos()).collect();
        let (mut b, mut x) = (vec![0.0; 8], vec![0.0; 8]);
        dense.product(&truth, &mut b);
        factor.solve(&b, &mut x);
        assert!(x.iter().zip(&truth).all(|(x, t)| (x - t).abs() < 1e-12), "{x:?}");
        let expected = Factor::new(&dense).unwrap().inverse_diagonal();
        let found = factor.inverse_diagonal();
        assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?} {expected:?}");
    }

    #[test]
    fn what_is_not_positive_definite_becomes_so() {
        let factor = ArrowFactor::new(matrix(false).0).unwrap();
        assert!(!factor.is_exact());
        for k in 0..8 {
            let b: Vec<f64> = (0..8).map(|i| ((i * (k + 2)) as f64).sin()).collect();
            let mut x = vec![0.0; 8];
            factor.solve(&b, &mut x);
            assert!(dot(&b, &x) > 0.0);
        }
    }
}
