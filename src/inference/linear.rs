//! Small dense helpers: vectors as slices, square matrices, and factors that are always positive definite.

/// Σ a_i b_i, in eight sums side by side
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for k in 0..8 {
            sums[k] += a[k] * b[k];
        }
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

/// y += alpha x
pub fn axpy(alpha: f64, x: &[f64], y: &mut [f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += alpha * x;
    }
}

pub fn all_finite(x: &[f64]) -> bool {
    x.iter().all(|x| x.is_finite())
}

/// A square matrix, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    n: usize,
    data: Vec<f64>,
}

impl Matrix {
    pub fn zeros(n: usize) -> Self {
        Matrix { n, data: vec![0.0; n * n] }
    }

    /// From n² elements in row-major order.
    pub fn from_rows(n: usize, data: Vec<f64>) -> Self {
        assert_eq!(data.len(), n * n);
        Matrix { n, data }
    }

    pub fn identity(n: usize) -> Self {
        let mut identity = Matrix::zeros(n);
        (0..n).for_each(|i| *identity.at_mut(i, i) = 1.0);
        identity
    }

    /// All elements, row after row.
    pub fn rows(&self) -> &[f64] {
        &self.data
    }

    pub fn rows_mut(&mut self) -> &mut [f64] {
        &mut self.data
    }

    pub fn n(&self) -> usize {
        self.n
    }

    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.data[i * self.n + j]
    }

    pub fn at_mut(&mut self, i: usize, j: usize) -> &mut f64 {
        &mut self.data[i * self.n + j]
    }

    pub fn diagonal(&self) -> Vec<f64> {
        (0..self.n).map(|i| self.at(i, i)).collect()
    }

    pub fn scale(&mut self, factor: f64) {
        self.data.iter_mut().for_each(|x| *x *= factor);
    }

    /// The rows of the lower triangle, one after the other.
    pub fn packed(&self) -> Vec<f64> {
        (0..self.n).flat_map(|i| self.data[i * self.n..i * self.n + i + 1].iter().copied()).collect()
    }

    /// A -= a b'
    pub fn subtract_outer(&mut self, a: &[f64], b: &[f64]) {
        for (a, row) in a.iter().zip(self.data.chunks_exact_mut(self.n.max(1))) {
            axpy(-a, b, row);
        }
    }

    /// (A + A')/2
    pub fn symmetrize(&mut self) {
        for i in 0..self.n {
            for j in 0..i {
                let mean = 0.5 * (self.at(i, j) + self.at(j, i));
                *self.at_mut(i, j) = mean;
                *self.at_mut(j, i) = mean;
            }
        }
    }

    pub fn is_finite(&self) -> bool {
        all_finite(&self.data)
    }

    /// out = A v
    pub fn product(&self, v: &[f64], out: &mut [f64]) {
        for (out, row) in out.iter_mut().zip(self.data.chunks_exact(self.n.max(1))) {
            *out = dot(row, v);
        }
    }
}

/// L of A = L L', in the lower triangle; `None` where A is not positive definite.
pub fn lower_factor(a: &Matrix) -> Option<Matrix> {
    let Factor { scale, kind: Kind::Cholesky(mut l) } = Factor::cholesky(a)? else { return None };
    for (row, scale) in l.data.chunks_exact_mut(l.n.max(1)).zip(&scale) {
        row.iter_mut().for_each(|x| *x *= scale);
    }
    Some(l)
}

/// The inverse of a positive definite matrix.
pub fn inverse(a: &Matrix) -> Option<Matrix> {
    let n = a.n();
    let factor = if a.is_finite() { Factor::cholesky(a)? } else { return None };
    let mut inverse = Matrix::zeros(n);
    let mut unit = vec![0.0; n];
    for (i, row) in inverse.data.chunks_exact_mut(n.max(1)).enumerate() {
        unit[i] = 1.0;
        factor.solve(&unit, row);
        unit[i] = 0.0;
    }
    inverse.symmetrize();
    Some(inverse)
}

/// Eigenvectors and eigenvalues of a symmetric matrix.
pub fn symmetric_eigen(a: &Matrix) -> Option<(Vec<Vec<f64>>, Vec<f64>)> {
    let n = a.n();
    let eigen = faer::Mat::from_fn(n, n, |i, j| a.at(i, j)).self_adjoint_eigen(faer::Side::Lower).ok()?;
    let (u, s) = (eigen.U(), eigen.S());
    let vectors: Vec<Vec<f64>> = (0..n).map(|k| (0..n).map(|i| u[(i, k)]).collect()).collect();
    let values: Vec<f64> = (0..n).map(|k| s[k]).collect();
    (all_finite(&values) && vectors.iter().all(|v| all_finite(v))).then_some((vectors, values))
}

/// A factorised positive definite stand-in for a symmetric matrix A: A itself where it is positive definite,
/// otherwise A with its eigenvalues (after scaling rows and columns) made positive.
#[derive(Clone, Debug)]
pub struct Factor {
    /// A = diag(scale) C diag(scale)
    scale: Vec<f64>,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    /// C = L L', L in the lower triangle
    Cholesky(Matrix),
    /// C = V diag(values) V', the columns of V being `vectors`
    Eigen { vectors: Vec<Vec<f64>>, values: Vec<f64> },
}

impl Factor {
    /// Smallest pivot of the scaled matrix for which it counts as positive definite: a few times its rounding error.
    const LEAST_PIVOT: f64 = 1e-13;
    /// Eigenvalues of the scaled matrix are kept above this share of the largest.
    const LEAST_EIGENVALUE: f64 = 1e-9;

    /// `None` if A has elements that are not finite.
    pub fn new(a: &Matrix) -> Option<Factor> {
        if !a.is_finite() {
            return None;
        }
        Factor::cholesky(a).or_else(|| Factor::eigen(a))
    }

    /// Whether A itself was positive definite.
    pub fn is_exact(&self) -> bool {
        matches!(self.kind, Kind::Cholesky(_))
    }

    /// `None` where A is not positive definite.
    pub fn cholesky(a: &Matrix) -> Option<Factor> {
        let n = a.n();
        if a.diagonal().iter().any(|d| d.is_nan() || *d <= 0.0) {
            return None;
        }
        let scale: Vec<f64> = a.diagonal().iter().map(|d| d.sqrt()).collect();
        let mut l = Matrix::zeros(n);
        for i in 0..n {
            for j in 0..=i {
                let below = dot(&l.data[i * n..i * n + j], &l.data[j * n..j * n + j]);
                let rest = a.at(i, j) / (scale[i] * scale[j]) - below;
                if i != j {
                    *l.at_mut(i, j) = rest / l.at(j, j);
                } else if rest > Factor::LEAST_PIVOT {
                    *l.at_mut(i, i) = rest.sqrt();
                } else {
                    return None;
                }
            }
        }
        Some(Factor { scale, kind: Kind::Cholesky(l) })
    }

    fn eigen(a: &Matrix) -> Option<Factor> {
        let n = a.n();
        let scale = equilibrate(a);
        let mut scaled = Matrix::zeros(n);
        (0..n).for_each(|i| (0..n).for_each(|j| *scaled.at_mut(i, j) = a.at(i, j) / (scale[i] * scale[j])));
        let (vectors, values) = symmetric_eigen(&scaled)?;
        let largest = values.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        let floor = if largest > 0.0 { largest * Factor::LEAST_EIGENVALUE } else { 1.0 };
        let values = values.iter().map(|v| v.abs().max(floor)).collect();
        Some(Factor { scale, kind: Kind::Eigen { vectors, values } })
    }

    /// x = A^-1 b
    pub fn solve(&self, b: &[f64], x: &mut [f64]) {
        let n = self.scale.len();
        let mut work: Vec<f64> = b.iter().zip(&self.scale).map(|(b, s)| b / s).collect();
        match &self.kind {
            Kind::Cholesky(l) => {
                for i in 0..n {
                    let below = dot(&l.data[i * n..i * n + i], &work[..i]);
                    work[i] = (work[i] - below) / l.at(i, i);
                }
                for i in (0..n).rev() {
                    work[i] /= l.at(i, i);
                    let (head, tail) = work.split_at_mut(i);
                    axpy(-tail[0], &l.data[i * n..i * n + i], head);
                }
            }
            Kind::Eigen { vectors, values } => {
                let mut sum = vec![0.0; n];
                for (vector, value) in vectors.iter().zip(values) {
                    axpy(dot(vector, &work) / value, vector, &mut sum);
                }
                work = sum;
            }
        }
        for ((x, work), scale) in x.iter_mut().zip(&work).zip(&self.scale) {
            *x = work / scale;
        }
    }

    /// The diagonal of A^-1.
    pub fn inverse_diagonal(&self) -> Vec<f64> {
        let n = self.scale.len();
        let mut unit = vec![0.0; n];
        let mut column = vec![0.0; n];
        (0..n)
            .map(|i| {
                unit[i] = 1.0;
                self.solve(&unit, &mut column);
                unit[i] = 0.0;
                column[i]
            })
            .collect()
    }
}

/// Scales s so that the largest |A_ij| / (s_i s_j) of every row is about 1 (Ruiz 2001); 1 for rows of zeros.
fn equilibrate(a: &Matrix) -> Vec<f64> {
    /// The largest elements converge to 1 as 2^-k.
    const ROUNDS: usize = 12;
    let n = a.n();
    let mut scale = vec![1.0; n];
    for _ in 0..ROUNDS {
        let largest: Vec<f64> = (0..n)
            .map(|i| (0..n).map(|j| a.at(i, j).abs() / (scale[i] * scale[j])).fold(0.0, f64::max))
            .collect();
        for (scale, largest) in scale.iter_mut().zip(&largest) {
            if *largest > 0.0 {
                *scale *= largest.sqrt();
            }
        }
    }
    scale
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: &[&[f64]]) -> Matrix {
        let mut m = Matrix::zeros(rows.len());
        for (i, row) in rows.iter().enumerate() {
            for (j, x) in row.iter().enumerate() {
                *m.at_mut(i, j) = *x;
            }
        }
        m
    }

    #[test]
    fn solves_at_a_condition_number_of_1e22() {
        let rho = 0.99999;
        let a = matrix(&[&[1e12, rho * 1e4], &[rho * 1e4, 1e-4]]);
        let factor = Factor::new(&a).unwrap();
        assert!(factor.is_exact());
        let mut x = [0.0; 2];
        let mut b = [0.0; 2];
        a.product(&[3e-6, -2e2], &mut b);
        factor.solve(&b, &mut x);
        assert!((x[0] / 3e-6 - 1.0).abs() < 1e-8 && (x[1] / -2e2 - 1.0).abs() < 1e-8, "{x:?}");
        let inverse = factor.inverse_diagonal();
        assert!((inverse[0] * 1e12 * (1.0 - rho * rho) - 1.0).abs() < 1e-8);
    }

    #[test]
    fn indefinite_matrices_get_the_magnitudes_of_their_eigenvalues() {
        let a = matrix(&[&[1.0, 2.0], &[2.0, 1.0]]); // eigenvalues 3 and -1, scaled by 1/2
        let factor = Factor::new(&a).unwrap();
        assert!(!factor.is_exact());
        let mut x = [0.0; 2];
        factor.solve(&[1.0, 1.0], &mut x);
        assert!((x[0] - 1.0 / 3.0).abs() < 1e-3 && (x[1] - 1.0 / 3.0).abs() < 1e-3, "{x:?}");
        factor.solve(&[1.0, -1.0], &mut x);
        assert!((x[0] - 1.0).abs() < 1e-3 && (x[1] + 1.0).abs() < 1e-3, "{x:?}");
    }

    #[test]
    fn nan_has_no_factor() {
        assert!(Factor::new(&matrix(&[&[f64::NAN]])).is_none());
    }
}
