//! Inverses of symmetric positive definite matrices from their Cholesky factors.

use super::Matrix;

/// (L L^T)^-1: row j of `columns` holds column j of L from the diagonal on, then that of the inverse. `inverse` is
/// memory of the same size.
#[inline(always)]
pub(in crate::tape) fn invert<const W: usize>(columns: &mut [[f64; W]], inverse: &mut [[f64; W]], n: usize) {
    invert_lower(columns, inverse, n);
    // M^T M, M = L^-1: the sum over k >= c of M_kj M_kc
    for (j, column) in columns.chunks_exact_mut(n).enumerate() {
        column[j..].fill([0.0; W]);
        Matrix { rows: inverse, n }.subtract_from(&mut column[j..], j, |c| c..n, |k| inverse[k * n + j]);
        for x in &mut column[j..] {
            *x = x.map(|x| -x);
        }
    }
}

/// The rows of L^-1, with zeros above the diagonal.
#[inline(always)]
fn invert_lower<const W: usize>(columns: &[[f64; W]], inverse: &mut [[f64; W]], n: usize) {
    for i in 0..n {
        let (known, open) = inverse.split_at_mut(i * n);
        let row = &mut open[..n];
        row.fill([0.0; W]);
        let reciprocal = columns[i * n + i].map(|d| 1.0 / d);
        Matrix { rows: known, n }.subtract_from(&mut row[..i], 0, |c| c..i, |k| columns[k * n + i]);
        for x in &mut row[..i] {
            for l in 0..W {
                x[l] *= reciprocal[l];
            }
        }
        row[i] = reciprocal;
    }
}
