//! Cholesky factors of single matrices, and what keeps a matrix from having one.

/// How far entries of a symmetric matrix may be from each other relative to its largest (Stan's `CONSTRAINT_TOLERANCE`).
const TOLERANCE: f64 = 1e-8;

/// Lower L with A = L L', row-major, of the lower triangle of A. The row of the first pivot that is not positive where A is
/// not positive definite.
pub fn cholesky(a: &[f64], n: usize) -> Result<Vec<f64>, usize> {
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let known: f64 = (0..j).map(|m| l[i * n + m] * l[j * n + m]).sum();
            let rest = a[i * n + j] - known;
            if i == j && (rest.is_nan() || rest <= 0.0) {
                return Err(i);
            }
            l[i * n + j] = if i == j { rest.sqrt() } else { rest / l[j * n + j] };
        }
    }
    Ok(l)
}

/// Why a matrix is no covariance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotCovariance {
    /// The entry in this row and column, below the diagonal, differs from the one across it.
    Asymmetric { row: usize, column: usize },
    /// The rows and columns up to this one, counted from 0, are not positive definite together.
    Indefinite { row: usize },
}

/// The Cholesky factor of a symmetric positive definite matrix.
pub fn covariance_factor(a: &[f64], n: usize) -> Result<Vec<f64>, NotCovariance> {
    let largest = a.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    for row in 0..n {
        for column in 0..row {
            let difference = a[row * n + column] - a[column * n + row];
            if difference.is_nan() || difference.abs() > TOLERANCE * largest {
                return Err(NotCovariance::Asymmetric { row, column });
            }
        }
    }
    cholesky(a, n).map_err(|row| NotCovariance::Indefinite { row })
}
