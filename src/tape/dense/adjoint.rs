//! The adjoint of Cholesky factors. Murray (2016), arXiv:1602.07527, section 4.2.

use super::{Matrix, subtract};

/// From dL to dA, of which the lower triangle is all that A is read of: row j of `l` holds column j of L, and row j of `d`
/// column j of dL from the diagonal on, then that of dA.
#[inline(always)]
pub(in crate::tape) fn factor_adjoint<const W: usize>(l: &[[f64; W]], d: &mut [[f64; W]], n: usize) {
    // From the last column on; rows of `d` below hold both halves of dA, with twice its diagonal.
    for j in (0..n).rev() {
        let (own, known) = d[j * n..].split_at_mut(n);
        let column = &l[j * n..(j + 1) * n];
        let rows = Matrix { rows: known, n };
        rows.subtract_from(&mut own[j + 1..], j + 1, |_| 0..n - 1 - j, |k| column[j + 1 + k]);
        let inverse = column[j].map(|pivot| 1.0 / pivot);
        let mut diagonal = own[j];
        for i in j + 1..n {
            for w in 0..W {
                own[i][w] *= inverse[w];
            }
            subtract(&mut diagonal, &own[i], &column[i]);
            known[(i - j - 1) * n + j] = own[i];
        }
        for w in 0..W {
            own[j][w] = diagonal[w] * inverse[w];
        }
    }
    for j in 0..n {
        d[j * n + j] = d[j * n + j].map(|x| 0.5 * x);
    }
}
