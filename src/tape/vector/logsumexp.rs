//! Logarithms of sums of exponentials of rows, each sum in the order of its rows.

use pulp::{Arch, NullaryFnOnce};

use crate::tape::math;

/// Exponentials at a time.
const BLOCK: usize = 512;

/// From this width on the columns of a row fill vectors.
const WIDE: usize = 8;

/// out[c] = log sum exp over groups of `n` rows of `width` numbers, with the largest taken out; -inf where all are -inf.
/// `rows` is `[outer][n][width]`, `out` is `[outer][width]`.
pub(in crate::tape) fn logsumexp(rows: &[f64], n: usize, width: usize, out: &mut [f64]) {
    if width > 0 {
        Arch::new().dispatch(LogSumExp { rows, n, width, out });
    }
}

struct LogSumExp<'a> {
    rows: &'a [f64],
    n: usize,
    width: usize,
    out: &'a mut [f64],
}

impl NullaryFnOnce for LogSumExp<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let LogSumExp { rows, n, width, out } = self;
        // as many groups at a time, or columns of one, as give a block of results
        let [groups, columns] =
            if width < WIDE { [(BLOCK / (n.max(1) * width)).max(1), width] } else { [1, BLOCK] };
        for (index, out) in out.chunks_mut(groups * width).enumerate() {
            let rows = &rows[index * groups * n * width..];
            let mut start = 0;
            while start < width {
                let columns = columns.min(width - start);
                block(rows, [n, width, start, columns], out);
                start += columns;
            }
        }
    }
}

/// Columns `start..start + columns` of the groups in `out`: all columns if there is more than one group.
#[inline(always)]
fn block(rows: &[f64], [n, width, start, columns]: [usize; 4], out: &mut [f64]) {
    let row = |group: usize, r: usize| {
        let at = (group * n + r) * width + start;
        &rows[at..at + columns]
    };
    let groups = out.len() / width;
    let out = &mut out[start..(groups - 1) * width + start + columns];
    for (group, largest) in out.chunks_mut(width).enumerate() {
        largest.fill(f64::NEG_INFINITY);
        for r in 0..n {
            for (m, &x) in largest.iter_mut().zip(row(group, r)) {
                *m = if x > *m || x.is_nan() { x } else { *m };
            }
        }
    }
    let mut sums = [0.0; BLOCK];
    let mut buffer = [0.0; BLOCK];
    let at_once = (BLOCK / (groups * columns)).min(n.max(1));
    let mut first = 0;
    while first < n {
        let rows = first..(first + at_once).min(n);
        let mut filled = 0;
        for (group, largest) in out.chunks(width).enumerate() {
            for r in rows.clone() {
                let to = &mut buffer[filled..filled + columns];
                for ((y, &x), &m) in to.iter_mut().zip(row(group, r)).zip(largest) {
                    *y = if x == m { 0.0 } else { x - m };
                }
                filled += columns;
            }
        }
        for y in &mut buffer[..filled] {
            *y = math::exp(*y);
        }
        let mut from = buffer[..filled].chunks_exact(columns);
        for sums in sums[..groups * columns].chunks_exact_mut(columns) {
            for row in from.by_ref().take(rows.len()) {
                sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
            }
        }
        first = rows.end;
    }
    // the groups lie close together in both: with several, columns is width
    for (y, sum) in out.iter_mut().zip(&sums) {
        *y += math::ln(*sum);
    }
}
