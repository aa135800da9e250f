//! Logarithms of sums of exponentials of rows, each sum in the order of its rows.

use pulp::{Arch, NullaryFnOnce};

use crate::tape::math;

/// Exponentials at a time.
const BLOCK: usize = 256;

/// How many numbers of working memory [`logsumexp`] needs.
pub(in crate::tape) const LOGSUMEXP_SCRATCH: usize = 2 * BLOCK;

/// out[c] = log sum exp over groups of `n` rows of `width` numbers, with the largest taken out; -inf where all are -inf.
/// `rows` is `[outer][n][width]`, `out` is `[outer][width]`, `scratch` is of [`LOGSUMEXP_SCRATCH`].
pub(in crate::tape) fn logsumexp(rows: &[f64], n: usize, width: usize, out: &mut [f64], scratch: &mut [f64]) {
    if width > 0 {
        Arch::new().dispatch(LogSumExp { rows, n, width, out, scratch });
    }
}

/// So few numbers are gone through one by one.
pub(super) const FEW: usize = 16;

/// The same, of few numbers.
#[inline(always)]
pub(super) fn few(rows: &[f64], n: usize, width: usize, out: &mut [f64]) {
    for (group, out) in out.chunks_exact_mut(width).enumerate() {
        let rows = &rows[group * n * width..(group + 1) * n * width];
        for (c, y) in out.iter_mut().enumerate() {
            let column = || rows.iter().skip(c).step_by(width);
            let largest = column().fold(f64::NEG_INFINITY, |m, &x| larger(x, m));
            let sum = column().fold(0.0, |sum, &x| sum + math::exp(below(x, largest)));
            *y = largest + math::ln(sum);
        }
    }
}

struct LogSumExp<'a> {
    rows: &'a [f64],
    n: usize,
    width: usize,
    out: &'a mut [f64],
    scratch: &'a mut [f64],
}

/// Columns `start..start + columns` of groups of `n` rows of `width` numbers.
#[derive(Clone, Copy)]
struct Columns<'a> {
    rows: &'a [f64],
    n: usize,
    width: usize,
    start: usize,
    columns: usize,
}

impl NullaryFnOnce for LogSumExp<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let LogSumExp { rows, n, width, out, scratch } = self;
        if rows.len() <= FEW {
            return few(rows, n, width, out);
        }
        let (sums, buffer) = scratch.split_at_mut(BLOCK);
        // as many groups at a time as give a block of numbers, or as many columns of one
        let groups = (BLOCK / (n.max(1) * width)).max(1);
        for (index, out) in out.chunks_mut(groups * width).enumerate() {
            let rows = &rows[index * groups * n * width..];
            let mut start = 0;
            while start < width {
                let columns = BLOCK.min(width - start);
                let part = Columns { rows, n, width, start, columns };
                part.logsumexp(out, sums, buffer);
                start += columns;
            }
        }
    }
}

impl<'a> Columns<'a> {
    /// Rows `from..to` of a group, seen as `[to - from][columns]`.
    #[inline(always)]
    fn rows(self, group: usize, from: usize, to: usize) -> impl Iterator<Item = &'a [f64]> {
        let at = (group * self.n + from) * self.width;
        let rows = &self.rows[at..at + (to - from) * self.width];
        rows.chunks_exact(self.width).map(move |row| &row[self.start..self.start + self.columns])
    }

    /// `out` is `[groups][width]`; there is one group, unless the columns are all.
    #[inline(always)]
    fn logsumexp(self, out: &mut [f64], sums: &mut [f64], buffer: &mut [f64]) {
        let Columns { n, width, start, columns, .. } = self;
        let groups = out.len() / width;
        let out = &mut out[start..(groups - 1) * width + start + columns];
        for (group, largest) in out.chunks_mut(width).enumerate() {
            if width == 1 {
                largest[0] = maximum(&self.rows[group * n..(group + 1) * n]);
                continue;
            }
            largest.fill(f64::NEG_INFINITY);
            for row in self.rows(group, 0, n) {
                for (m, &x) in largest.iter_mut().zip(row) {
                    *m = larger(x, *m);
                }
            }
        }
        let sums = &mut sums[..groups * columns];
        sums.fill(0.0);
        let at_once = (BLOCK / (groups * columns)).min(n.max(1));
        let mut first = 0;
        while first < n {
            let end = (first + at_once).min(n);
            let size = (end - first) * columns;
            let buffer = &mut buffer[..groups * size];
            for (group, (largest, to)) in out.chunks(width).zip(buffer.chunks_exact_mut(size)).enumerate() {
                if width == 1 {
                    let rows = &self.rows[group * n + first..group * n + end];
                    to.iter_mut().zip(rows).for_each(|(y, &x)| *y = below(x, largest[0]));
                    continue;
                }
                for (to, row) in to.chunks_exact_mut(columns).zip(self.rows(group, first, end)) {
                    for ((y, &x), &m) in to.iter_mut().zip(row).zip(largest) {
                        *y = below(x, m);
                    }
                }
            }
            for y in &mut *buffer {
                *y = math::exp(*y);
            }
            for (sums, terms) in sums.chunks_exact_mut(columns).zip(buffer.chunks_exact(size)) {
                if columns == 1 {
                    sums[0] = terms.iter().fold(sums[0], |sum, x| sum + x);
                    continue;
                }
                for row in terms.chunks_exact(columns) {
                    sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
                }
            }
            first = end;
        }
        for (y, sum) in out.iter_mut().zip(sums) {
            *y += math::ln(*sum);
        }
    }
}

/// The larger, unless x is NaN: that comes through the exponential.
#[inline(always)]
fn larger(x: f64, m: f64) -> f64 {
    if x > m { x } else { m }
}

#[inline(always)]
fn maximum(x: &[f64]) -> f64 {
    let mut largest = [f64::NEG_INFINITY; 8];
    let (chunks, rest) = x.as_chunks::<8>();
    for chunk in chunks {
        for (m, &x) in largest.iter_mut().zip(chunk) {
            *m = larger(x, *m);
        }
    }
    rest.iter().chain(&largest).fold(f64::NEG_INFINITY, |m, &x| larger(x, m))
}

/// x - m, 0 where they are equal, also if infinite.
#[inline(always)]
fn below(x: f64, m: f64) -> f64 {
    let difference = x - m;
    if x == m { 0.0 } else { difference }
}
