//! Sums of rows, in an order that depends on the number of rows alone.

use pulp::{Arch, NullaryFnOnce};

use super::add_row;

/// Independent partial sums, for the same order with any number of lanes, and accuracy: row r goes to sum r modulo this.
pub(in crate::tape) const PARTIAL_SUMS: usize = 8;

/// Rows between two collections of the partial sums.
pub(in crate::tape) const BLOCK_ROWS: usize = 1024;

/// out[c] = sum over groups of `n` rows of `width` numbers: `rows` is `[outer][n][width]`, `out` is `[outer][width]`.
pub(in crate::tape) fn sum_rows(rows: &[f64], n: usize, width: usize, out: &mut [f64]) {
    if width > 0 {
        Arch::new().dispatch(SumRows { rows, n, width, out });
    }
}

/// [`sum_rows`] with instructions that are chosen already.
pub(super) struct SumRows<'a> {
    pub rows: &'a [f64],
    pub n: usize,
    pub width: usize,
    pub out: &'a mut [f64],
}

impl NullaryFnOnce for SumRows<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let SumRows { rows, n, width, out } = self;
        for (group, out) in out.chunks_exact_mut(width).enumerate() {
            let rows = &rows[group * n * width..(group + 1) * n * width];
            if width == 1 {
                out[0] = rows.chunks(BLOCK_ROWS).map(sum_block).fold(0.0, |sum, block| sum + block);
                continue;
            }
            let mut start = 0;
            while start < width {
                start += match width - start {
                    16.. => columns::<16>(rows, width, start, out),
                    8.. => columns::<8>(rows, width, start, out),
                    4.. => columns::<4>(rows, width, start, out),
                    _ => columns::<1>(rows, width, start, out),
                };
            }
        }
    }
}

/// The sums of C columns from `start` on; returns C.
#[inline(always)]
fn columns<const C: usize>(rows: &[f64], width: usize, start: usize, out: &mut [f64]) -> usize {
    let mut total = [0.0; C];
    for block in rows.chunks(BLOCK_ROWS * width) {
        let mut partial = [[0.0; C]; PARTIAL_SUMS];
        let mut groups = block.chunks_exact(PARTIAL_SUMS * width);
        for group in &mut groups {
            for (k, sums) in partial.iter_mut().enumerate() {
                add(sums, &group[k * width + start..]);
            }
        }
        for (sums, row) in partial.iter_mut().zip(groups.remainder().chunks_exact(width)) {
            add(sums, &row[start..]);
        }
        for (c, total) in total.iter_mut().enumerate() {
            let p = &partial;
            *total +=
                ((p[0][c] + p[4][c]) + (p[2][c] + p[6][c])) + ((p[1][c] + p[5][c]) + (p[3][c] + p[7][c]));
        }
    }
    out[start..start + C].copy_from_slice(&total);
    C
}

#[inline(always)]
fn add<const C: usize>(sums: &mut [f64; C], row: &[f64]) {
    for (sum, x) in sums.iter_mut().zip(&row[..C]) {
        *sum += x;
    }
}

#[inline(always)]
fn sum_block(block: &[f64]) -> f64 {
    let mut partial = [0.0; PARTIAL_SUMS];
    let (chunks, rest) = block.as_chunks::<PARTIAL_SUMS>();
    for chunk in chunks {
        add(&mut partial, chunk);
    }
    for (k, sum) in partial.iter_mut().enumerate() {
        if k < rest.len() {
            *sum += rest[k];
        }
    }
    collect(&partial)
}

#[inline(always)]
fn collect(s: &[f64; PARTIAL_SUMS]) -> f64 {
    ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

/// The partial sums of rows that come a few at a time; the sum is that of [`sum_rows`].
pub(in crate::tape) struct Partial<'a> {
    /// `[PARTIAL_SUMS][width]`
    sums: &'a mut [f64],
    width: usize,
}

impl Partial<'_> {
    pub fn new(memory: &mut [f64], width: usize) -> Partial<'_> {
        Partial { sums: &mut memory[..PARTIAL_SUMS * width], width }
    }

    /// Adds rows, the first of which is row `start` of all.
    pub fn add(&mut self, start: usize, rows: &[f64]) {
        let (width, sums) = (self.width, &mut *self.sums);
        if start.is_multiple_of(PARTIAL_SUMS) {
            return Arch::new().dispatch(AddGroups { sums, rows });
        }
        for (r, row) in (start..).zip(rows.chunks_exact(width)) {
            let k = r % PARTIAL_SUMS * width;
            add_row(row, &mut sums[k..k + width]);
        }
    }

    /// Adds all to `out[width]` and begins anew.
    pub fn collect(&mut self, out: &mut [f64]) {
        for (c, y) in out.iter_mut().enumerate() {
            *y += collect(&std::array::from_fn(|k| self.sums[k * self.width + c]));
        }
        self.sums.fill(0.0);
    }
}

/// Adds each as many numbers as there are sums.
struct AddGroups<'a> {
    sums: &'a mut [f64],
    rows: &'a [f64],
}

impl NullaryFnOnce for AddGroups<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let AddGroups { sums, rows } = self;
        if let Ok(sums) = <&mut [f64; PARTIAL_SUMS]>::try_from(&mut *sums) {
            let (groups, rest) = rows.as_chunks::<PARTIAL_SUMS>();
            let mut partial = *sums;
            groups.iter().for_each(|group| add(&mut partial, group));
            *sums = partial;
            return add_row(rest, &mut sums[..rest.len()]);
        }
        rows.chunks(sums.len()).for_each(|group| add_row(group, &mut sums[..group.len()]));
    }
}
