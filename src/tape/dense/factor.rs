//! Cholesky factors.

use super::{TILE, subtract};

/// A = L L^T in place: row j holds column j of A from the diagonal on, then that of L. NaN from the first column that
/// shows that A is not positive definite.
#[inline(always)]
pub(in crate::tape) fn factor<const W: usize>(columns: &mut [[f64; W]], n: usize) {
    for j in 0..n {
        let (known, open) = columns.split_at_mut(j * n);
        let column = &mut open[..n];
        let mut i = j;
        while i < n {
            if i + TILE <= n {
                let mut tile = [[0.0; W]; TILE];
                tile.copy_from_slice(&column[i..i + TILE]);
                for row in known.chunks_exact(n) {
                    let (pivot, others) = (&row[j], &row[i..i + TILE]);
                    for (sum, x) in tile.iter_mut().zip(others) {
                        subtract(sum, pivot, x);
                    }
                }
                column[i..i + TILE].copy_from_slice(&tile);
                i += TILE;
            } else {
                let mut sum = column[i];
                for row in known.chunks_exact(n) {
                    subtract(&mut sum, &row[j], &row[i]);
                }
                column[i] = sum;
                i += 1;
            }
        }
        let pivot = column[j].map(|d| if d > 0.0 { d.sqrt() } else { f64::NAN });
        let inverse = pivot.map(|d| 1.0 / d);
        column[j] = pivot;
        for x in &mut column[j + 1..n] {
            for l in 0..W {
                x[l] *= inverse[l];
            }
        }
    }
}
