//! Systems of a lower triangular matrix and of its transpose.

use std::ops::Range;

use super::{load, subtract};
use crate::tape::op::Operand;

/// L x = b in place, for some lanes; reads the lower triangle of L.
#[inline(always)]
pub(in crate::tape) fn solve_lower<const W: usize>(
    l: &Operand<'_>,
    lanes: &Range<usize>,
    columns: usize,
    x: &mut [[f64; W]],
) {
    let n = l.shape[l.shape.len() - 1];
    for (i, row) in l.data.chunks_exact(n * l.lanes).enumerate() {
        let (known, open) = x.split_at_mut(i * columns);
        let own = &mut open[..columns];
        for (factor, known) in row.chunks_exact(l.lanes).zip(known.chunks_exact(columns)) {
            let factor = load(factor, lanes);
            own.iter_mut().zip(known).for_each(|(y, x)| subtract(y, &factor, x));
        }
        divide(own, &load(&row[i * l.lanes..(i + 1) * l.lanes], lanes));
    }
}

/// L^T x = b in place, for some lanes; reads the lower triangle of L.
#[inline(always)]
pub(in crate::tape) fn solve_upper<const W: usize>(
    l: &Operand<'_>,
    lanes: &Range<usize>,
    columns: usize,
    x: &mut [[f64; W]],
) {
    let n = l.shape[l.shape.len() - 1];
    for (i, row) in l.data.chunks_exact(n * l.lanes).enumerate().rev() {
        let (open, known) = x.split_at_mut(i * columns);
        let own = &mut known[..columns];
        divide(own, &load(&row[i * l.lanes..(i + 1) * l.lanes], lanes));
        for (factor, open) in row.chunks_exact(l.lanes).zip(open.chunks_exact_mut(columns)) {
            let factor = load(factor, lanes);
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
