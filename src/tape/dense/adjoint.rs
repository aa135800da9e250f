//! The adjoint of Cholesky factors. Murray (2016), arXiv:1602.07527, section 4.2.

/// From dL to dA, of which the lower triangle is all that A is read of: row j of `l` holds column j of L, and row j of `d`
/// column j of dL from the diagonal on, then that of dA.
#[inline(always)]
pub(in crate::tape) fn factor_adjoint<const W: usize>(l: &[[f64; W]], d: &mut [[f64; W]], n: usize) {
    for k in (0..n).rev() {
        let inverse = l[k * n + k].map(|pivot| 1.0 / pivot);
        let (before, from) = d.split_at_mut(k * n);
        let own = &mut from[..n];
        let factors = &l[k * n..(k + 1) * n];
        let mut along = own[k];
        for i in k + 1..n {
            for w in 0..W {
                own[i][w] *= inverse[w];
                along[w] -= own[i][w] * factors[i][w];
            }
        }
        for w in 0..W {
            own[k][w] = along[w] * inverse[w];
        }
        // columns before k: the rows from k on of what is to come
        for j in 0..k {
            let (column, factors) = (&mut before[j * n..(j + 1) * n], &l[j * n..(j + 1) * n]);
            let head = factors[k];
            let mut sum = column[k];
            for i in k..n {
                for w in 0..W {
                    sum[w] -= own[i][w] * factors[i][w];
                }
            }
            column[k] = sum;
            for i in k + 1..n {
                for w in 0..W {
                    column[i][w] -= own[i][w] * head[w];
                }
            }
        }
        for w in 0..W {
            own[k][w] *= 0.5;
        }
    }
}
