//! Sparse precisions, factorised: S = P' L L' P, with an order P of the coordinates that keeps the lower triangle L sparse.

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::cholesky::llt::factor::LltRegularization;
use faer::sparse::linalg::amd;
use faer::sparse::linalg::cholesky::simplicial;
use faer::sparse::{SparseColMat, Triplet};

use super::gaussian::add_multiple;

/// Where a symmetric matrix has elements, and the order in which it is factorised.
pub struct Pattern {
    n: usize,
    /// Below the diagonal: rows and columns, in the coordinates' own order.
    below: Vec<(usize, usize)>,
    /// Position k of the factor is coordinate `order[k]`.
    order: Vec<usize>,
    symbolic: simplicial::SymbolicSimplicialCholesky<usize>,
}

/// The factor of a sparse precision.
#[derive(Clone, Debug, PartialEq)]
pub struct PrecisionFactor {
    /// Position k is coordinate `order[k]`.
    pub order: Vec<usize>,
    /// Of L.
    pub diagonal: Vec<f64>,
    /// Elements of L below the diagonal, column after column: column k has `starts[k]..starts[k + 1]`.
    pub starts: Vec<usize>,
    pub rows: Vec<usize>,
    pub values: Vec<f64>,
}

impl Pattern {
    /// Of `n` coordinates with elements `below[(row, column)]` the diagonal; `None` if there is no memory for it.
    pub fn new(n: usize, below: Vec<(usize, usize)>) -> Option<Pattern> {
        let own: Vec<usize> = (0..n).collect();
        let upper = upper(&own, &below, &vec![1.0; n], &vec![0.0; below.len()])?;
        let (mut order, mut places) = (vec![0; n], vec![0; n]);
        let n_elements = n + below.len();
        let mut memory = MemBuffer::try_new(amd::order_scratch::<usize>(n, n_elements)).ok()?;
        let stack = MemStack::new(&mut memory);
        amd::order(&mut order, &mut places, upper.symbolic(), amd::Control::default(), stack).ok()?;
        let upper = self::upper(&places, &below, &vec![1.0; n], &vec![0.0; below.len()])?;
        let scratch = StackReq::any_of(&[
            simplicial::prefactorize_symbolic_cholesky_scratch::<usize>(n, n_elements),
            simplicial::factorize_simplicial_symbolic_cholesky_scratch::<usize>(n),
        ]);
        let mut memory = MemBuffer::try_new(scratch).ok()?;
        let stack = MemStack::new(&mut memory);
        let (mut tree, mut counts) = (vec![0isize; n], vec![0usize; n]);
        let tree =
            simplicial::prefactorize_symbolic_cholesky(&mut tree, &mut counts, upper.symbolic(), stack);
        let symbolic =
            simplicial::factorize_simplicial_symbolic_cholesky(upper.symbolic(), tree, &counts, stack)
                .ok()?;
        Some(Pattern { n, below, order, symbolic })
    }

    /// Elements below the diagonal: row and column.
    pub fn below(&self) -> &[(usize, usize)] {
        &self.below
    }

    /// Elements of the factor, without those that are always 0.
    pub fn n_factor(&self) -> usize {
        self.symbolic.len_val()
    }

    /// The factor of the matrix with these elements on and below its diagonal; `None` if it is not positive definite.
    pub fn factor(&self, diagonal: &[f64], below: &[f64]) -> Option<PrecisionFactor> {
        let n = self.n;
        let mut places = vec![0; n];
        self.order.iter().enumerate().for_each(|(k, &i)| places[i] = k);
        let upper = upper(&places, &self.below, diagonal, below)?;
        let scratch = simplicial::factorize_simplicial_numeric_llt_scratch::<usize, f64>(n);
        let mut memory = MemBuffer::try_new(scratch).ok()?;
        let mut all = vec![0.0; self.symbolic.len_val()];
        simplicial::factorize_simplicial_numeric_llt::<usize, f64>(
            &mut all,
            upper.as_ref(),
            LltRegularization::default(),
            &self.symbolic,
            MemStack::new(&mut memory),
        )
        .ok()?;
        let mut factor = PrecisionFactor {
            order: self.order.clone(),
            diagonal: vec![0.0; n],
            starts: vec![0],
            rows: Vec::with_capacity(all.len()),
            values: Vec::with_capacity(all.len()),
        };
        let (ends, rows) = (self.symbolic.col_ptr(), self.symbolic.row_idx());
        for k in 0..n {
            for at in ends[k]..ends[k + 1] {
                if rows[at] == k {
                    factor.diagonal[k] = all[at];
                } else {
                    factor.rows.push(rows[at]);
                    factor.values.push(all[at]);
                }
            }
            factor.starts.push(factor.rows.len());
        }
        factor.diagonal.iter().chain(&factor.values).all(|x| x.is_finite()).then_some(factor)
    }
}

/// The upper triangle of a symmetric matrix whose coordinate i is put in place `places[i]`.
fn upper(
    places: &[usize],
    below: &[(usize, usize)],
    diagonal: &[f64],
    values: &[f64],
) -> Option<SparseColMat<usize, f64>> {
    let n = places.len();
    let on = places.iter().zip(diagonal).map(|(&k, &x)| Triplet::new(k, k, x));
    let off = below.iter().zip(values).map(|(&(i, j), &x)| {
        let (a, b) = (places[i], places[j]);
        Triplet::new(a.min(b), a.max(b), x)
    });
    SparseColMat::try_new_from_triplets(n, n, &on.chain(off).collect::<Vec<_>>()).ok()
}

impl PrecisionFactor {
    /// Without elements off the diagonal.
    pub fn diagonal(sds: &[f64]) -> PrecisionFactor {
        let n = sds.len();
        PrecisionFactor {
            order: (0..n).collect(),
            diagonal: sds.iter().map(|sd| 1.0 / sd).collect(),
            starts: vec![0; n + 1],
            rows: Vec::new(),
            values: Vec::new(),
        }
    }

    pub fn n(&self) -> usize {
        self.order.len()
    }

    fn below(&self, k: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.starts[k]..self.starts[k + 1];
        self.rows[range.clone()].iter().copied().zip(self.values[range].iter().copied())
    }

    /// `x[n][lanes]` = P' L'^-1 `base[n][lanes]`: independent normals become draws with this precision.
    pub fn spread(&self, lanes: usize, base: &[f64], x: &mut [f64]) {
        let mut own = base.to_vec();
        for k in (0..self.n()).rev() {
            let (head, tail) = own.split_at_mut((k + 1) * lanes);
            let row = &mut head[k * lanes..];
            for (i, l) in self.below(k) {
                let from = (i - k - 1) * lanes;
                add_multiple(-l, &tail[from..from + lanes], row);
            }
            row.iter_mut().for_each(|x| *x /= self.diagonal[k]);
        }
        for (&i, own) in self.order.iter().zip(own.chunks_exact(lanes)) {
            x[i * lanes..(i + 1) * lanes].copy_from_slice(own);
        }
    }

    /// `base[n][lanes]` = L' P `x[n][lanes]`: the inverse of [`PrecisionFactor::spread`].
    pub fn whiten(&self, lanes: usize, x: &[f64], base: &mut [f64]) {
        let at = |k: usize| &x[self.order[k] * lanes..(self.order[k] + 1) * lanes];
        for (k, out) in base.chunks_exact_mut(lanes).enumerate() {
            out.iter_mut().zip(at(k)).for_each(|(out, x)| *out = self.diagonal[k] * x);
            self.below(k).for_each(|(i, l)| add_multiple(l, at(i), out));
        }
    }

    /// `out[n][lanes]` = L^-1 P `gradient[n][lanes]`: a gradient by x becomes one by base.
    pub fn pull_back(&self, lanes: usize, gradient: &[f64], out: &mut [f64]) {
        for (&i, out) in self.order.iter().zip(out.chunks_exact_mut(lanes)) {
            out.copy_from_slice(&gradient[i * lanes..(i + 1) * lanes]);
        }
        for k in 0..self.n() {
            let (head, tail) = out.split_at_mut((k + 1) * lanes);
            let row = &mut head[k * lanes..];
            row.iter_mut().for_each(|x| *x /= self.diagonal[k]);
            for (i, l) in self.below(k) {
                let to = (i - k - 1) * lanes;
                add_multiple(-l, row, &mut tail[to..to + lanes]);
            }
        }
    }

    /// log |S|^-1/2
    pub fn log_det(&self) -> f64 {
        -self.diagonal.iter().map(|x| x.ln()).sum::<f64>()
    }

    /// Square roots of the diagonal of S^-1.
    pub fn sds(&self) -> Vec<f64> {
        /// Columns of one solve.
        const LANES: usize = 64;
        let n = self.n();
        let mut squares = vec![0.0; n];
        for first in (0..n).step_by(LANES) {
            let lanes = LANES.min(n - first);
            let mut unit = vec![0.0; n * lanes];
            (0..lanes).for_each(|l| unit[(first + l) * lanes + l] = 1.0);
            // Var(x_i) is the squared length of row i of L'^-1: of these columns, a part of it.
            let mut columns = vec![0.0; n * lanes];
            self.spread(lanes, &unit, &mut columns);
            for (square, row) in squares.iter_mut().zip(columns.chunks_exact(lanes)) {
                *square += row.iter().map(|x| x * x).sum::<f64>();
            }
        }
        squares.into_iter().map(f64::sqrt).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An arrow with a chain in it.
    fn example() -> (Pattern, Vec<f64>, Vec<f64>) {
        let n = 6;
        let below: Vec<(usize, usize)> = (1..n).map(|i| (i, 0)).chain([(2, 1), (3, 2), (5, 4)]).collect();
        let values = (0..below.len()).map(|k| (k as f64 * 1.7).sin()).collect();
        let diagonal = (0..n).map(|i| 6.0 + i as f64).collect();
        (Pattern::new(n, below).unwrap(), diagonal, values)
    }

    fn product(pattern: &Pattern, diagonal: &[f64], below: &[f64], x: &[f64]) -> Vec<f64> {
        let mut out: Vec<f64> = diagonal.iter().zip(x).map(|(d, x)| d * x).collect();
        for (&(i, j), value) in pattern.below().iter().zip(below) {
            out[i] += value * x[j];
            out[j] += value * x[i];
        }
        out
    }

    #[test]
    fn a_precision_is_that_of_its_factor() {
        let (pattern, diagonal, below) = example();
        let factor = pattern.factor(&diagonal, &below).unwrap();
        let n = factor.n();
        let mut covariance = vec![0.0; n * n];
        for k in 0..n {
            // S x = e_k with x = (L')^-1 L^-1 e_k
            let unit: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i == k))).collect();
            let (mut half, mut x, mut back) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
            factor.pull_back(1, &unit, &mut half);
            factor.spread(1, &half, &mut x);
            let again = product(&pattern, &diagonal, &below, &x);
            assert!(again.iter().zip(&unit).all(|(a, b)| (a - b).abs() < 1e-12), "{again:?}");
            factor.whiten(1, &x, &mut back);
            assert!(back.iter().zip(&half).all(|(a, b)| (a - b).abs() < 1e-12));
            (0..n).for_each(|i| covariance[i * n + k] = x[i]);
        }
        for (i, sd) in factor.sds().into_iter().enumerate() {
            assert!((sd - covariance[i * n + i].sqrt()).abs() < 1e-12);
        }
        // |S^-1| is the product of its pivots.
        let mut log_det = 0.0;
        for k in 0..n {
            let pivot = covariance[k * n + k];
            log_det += 0.5 * pivot.ln();
            for i in k + 1..n {
                let factor = covariance[i * n + k] / pivot;
                (k..n).for_each(|j| covariance[i * n + j] -= factor * covariance[k * n + j]);
            }
        }
        assert!((factor.log_det() - log_det).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_positive_definite_has_no_factor() {
        let (pattern, mut diagonal, below) = example();
        diagonal[3] = -1.0;
        assert!(pattern.factor(&diagonal, &below).is_none());
    }

    #[test]
    fn lanes_are_apart() {
        let (pattern, diagonal, below) = example();
        let factor = pattern.factor(&diagonal, &below).unwrap();
        let n = factor.n();
        let base: Vec<f64> = (0..2 * n).map(|k| (k as f64 * 0.9).cos()).collect();
        let mut together = vec![0.0; 2 * n];
        factor.spread(2, &base, &mut together);
        for l in 0..2 {
            let own: Vec<f64> = (0..n).map(|i| base[2 * i + l]).collect();
            let mut alone = vec![0.0; n];
            factor.spread(1, &own, &mut alone);
            assert!((0..n).all(|i| alone[i] == together[2 * i + l]));
        }
    }
}
