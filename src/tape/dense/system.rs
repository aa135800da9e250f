//! Systems of a lower triangular matrix and of its transpose.

use std::ops::Range;

use super::{Cells, subtract};
use crate::tape::op::Operand;

/// L x = b in place for a number of columns, for some lanes; reads the lower triangle of L.
#[inline(always)]
pub(in crate::tape) fn solve_lower<const W: usize>(
    l: &Operand<'_>,
    lanes: &Range<usize>,
    columns: usize,
    x: &mut [[f64; W]],
) {
    let (cells, n) = (Cells::of(l, lanes), x.len() / columns);
    for k in 0..n {
        let (known, open) = x.split_at_mut((k + 1) * columns);
        let own = &mut known[k * columns..];
        divide(own, &cells.get(k * n + k));
        for (i, open) in (k + 1..n).zip(open.chunks_exact_mut(columns)) {
            let factor = cells.get(i * n + k);
            open.iter_mut().zip(&*own).for_each(|(y, x)| subtract(y, &factor, x));
        }
    }
}

/// L^T x = b in place for a number of columns, for some lanes; reads the lower triangle of L.
#[inline(always)]
pub(in crate::tape) fn solve_upper<const W: usize>(
    l: &Operand<'_>,
    lanes: &Range<usize>,
    columns: usize,
    x: &mut [[f64; W]],
) {
    let (cells, n) = (Cells::of(l, lanes), x.len() / columns);
    for k in (0..n).rev() {
        let (open, known) = x.split_at_mut(k * columns);
        let own = &mut known[..columns];
        divide(own, &cells.get(k * n + k));
        for (i, open) in (0..k).zip(open.chunks_exact_mut(columns)) {
            let factor = cells.get(k * n + i);
            open.iter_mut().zip(&*own).for_each(|(y, x)| subtract(y, &factor, x));
        }
    }
}

#[inline(always)]
fn divide<const W: usize>(row: &mut [[f64; W]], by: &[f64; W]) {
    for x in row {
        for l in 0..W {
            x[l] /= by[l];
        }
    }
}
