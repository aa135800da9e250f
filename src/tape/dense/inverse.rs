//! Inverses of symmetric positive definite matrices from their Cholesky factors.

use super::{TILE, subtract};

/// (L L^T)^-1: row j of `columns` holds column j of L from the diagonal on, then that of the inverse. `inverse` is
/// memory of the same size.
#[inline(always)]
pub(in crate::tape) fn invert<const W: usize>(columns: &mut [[f64; W]], inverse: &mut [[f64; W]], n: usize) {
    invert_lower(columns, inverse, n);
    // row j of `inverse` holds row j of M = L^-1; M^T M
    for i in 0..n {
        let mut j = i;
        // the sum over k >= j of M_ki M_kj
        while j < n {
            let width = TILE.min(n - j);
            let mut tile = [[0.0; W]; TILE];
            for k in j..n {
                let row = &inverse[k * n..(k + 1) * n];
                let left = &row[i];
                if width == TILE {
                    for (sum, x) in tile.iter_mut().zip(&row[j..j + TILE]) {
                        add(sum, left, x);
                    }
                } else {
                    for (sum, x) in tile.iter_mut().zip(&row[j..n]) {
                        add(sum, left, x);
                    }
                }
            }
            columns[i * n + j..i * n + j + width].copy_from_slice(&tile[..width]);
            j += width;
        }
    }
}

/// The rows of L^-1, with zeros above the diagonal.
#[inline(always)]
fn invert_lower<const W: usize>(columns: &[[f64; W]], inverse: &mut [[f64; W]], n: usize) {
    for i in 0..n {
        let (known, open) = inverse.split_at_mut(i * n);
        let own = &mut open[..n];
        own.fill([0.0; W]);
        let reciprocal = columns[i * n + i].map(|d| 1.0 / d);
        let mut j = 0;
        while j < i {
            let width = TILE.min(i - j);
            let mut tile = [[0.0; W]; TILE];
            for k in j..i {
                let (factor, row) = (&columns[k * n + i], &known[k * n..(k + 1) * n]);
                if width == TILE {
                    for (sum, x) in tile.iter_mut().zip(&row[j..j + TILE]) {
                        subtract(sum, factor, x);
                    }
                } else {
                    for (sum, x) in tile.iter_mut().zip(&row[j..i]) {
                        subtract(sum, factor, x);
                    }
                }
            }
            for (own, sum) in own[j..j + width].iter_mut().zip(&tile) {
                for l in 0..W {
                    own[l] = sum[l] * reciprocal[l];
                }
            }
            j += width;
        }
        own[i] = reciprocal;
    }
}

/// sum += a x
#[inline(always)]
fn add<const W: usize>(sum: &mut [f64; W], a: &[f64; W], x: &[f64; W]) {
    for l in 0..W {
        sum[l] += a[l] * x[l];
    }
}
