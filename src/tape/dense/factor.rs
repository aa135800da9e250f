//! Cholesky factors.

use super::Matrix;

/// A = L L^T in place: row j holds column j of A from the diagonal on, then that of L. NaN from the first column that
/// shows that A is not positive definite.
#[inline(always)]
pub(in crate::tape) fn factor<const W: usize>(columns: &mut [[f64; W]], n: usize) {
    for j in 0..n {
        let (known, open) = columns.split_at_mut(j * n);
        let column = &mut open[..n];
        Matrix { rows: known, n }.subtract_from(&mut column[j..], j, |_| 0..j, |k| known[k * n + j]);
        let pivot = column[j].map(|d| if d > 0.0 { d.sqrt() } else { f64::NAN });
        let inverse = pivot.map(|d| 1.0 / d);
        column[j] = pivot;
        for x in &mut column[j + 1..] {
            for l in 0..W {
                x[l] *= inverse[l];
            }
        }
    }
}
