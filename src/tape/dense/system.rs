//! Systems of a lower triangular matrix and of its transpose.

use super::{Matrix, TILE, subtract};

/// L x = b in place: row j of `columns` holds column j of L from the diagonal on.
#[inline(always)]
pub(super) fn solve_lower<const W: usize>(columns: &[[f64; W]], x: &mut [[f64; W]]) {
    let n = x.len();
    let mut start = 0;
    while start < n {
        let end = n.min(start + TILE);
        let (known, open) = x.split_at_mut(start);
        let own = &mut open[..end - start];
        Matrix { rows: columns, n }.subtract_from(own, start, |_| 0..start, |k| known[k]);
        for k in start..end {
            let column = &columns[k * n + k..k * n + end];
            let (head, rest) = own.split_at_mut(k + 1 - start);
            divide(&mut head[k - start], &column[0]);
            for (y, factor) in rest.iter_mut().zip(&column[1..]) {
                subtract(y, factor, &head[k - start]);
            }
        }
        start = end;
    }
}

/// L^T x = b in place: row j of `columns` holds column j of L from the diagonal on.
#[inline(always)]
pub(super) fn solve_upper<const W: usize>(columns: &[[f64; W]], x: &mut [[f64; W]]) {
    let n = x.len();
    let mut end = n;
    while end > 0 {
        let start = end.saturating_sub(TILE);
        let (open, known) = x.split_at_mut(end);
        if end - start == TILE {
            dots::<W, TILE>(columns, n, &mut open[start..], start, known);
        } else {
            for i in start..end {
                dots::<W, 1>(columns, n, &mut open[i..=i], i, known);
            }
        }
        for i in (start..end).rev() {
            let (before, known) = open.split_at_mut(i + 1);
            let own = &mut before[i];
            for (factor, x) in columns[i * n + i + 1..i * n + end].iter().zip(&*known).rev() {
                subtract(own, factor, x);
            }
            divide(own, &columns[i * n + i]);
        }
        end = start;
    }
}

/// rows[t] -= the last elements of row `first` + t times those of x, from the last on.
#[inline(always)]
fn dots<const W: usize, const T: usize>(
    matrix: &[[f64; W]],
    n: usize,
    rows: &mut [[f64; W]],
    first: usize,
    x: &[[f64; W]],
) {
    debug_assert!(rows.len() >= T, "{} rows of {T}", rows.len());
    let Some(rows) = rows.first_chunk_mut::<T>() else { return };
    let mut own = *rows;
    let tails: [&[[f64; W]]; T] =
        std::array::from_fn(|t| &matrix[(first + t + 1) * n - x.len()..(first + t + 1) * n]);
    for (k, x) in x.iter().enumerate().rev() {
        for t in 0..T {
            subtract(&mut own[t], &tails[t][k], x);
        }
    }
    *rows = own;
}

#[inline(always)]
fn divide<const W: usize>(x: &mut [f64; W], by: &[f64; W]) {
    for l in 0..W {
        x[l] *= 1.0 / by[l];
    }
}
