//! Products of matrices: tiles that stay in registers, blocks that stay in cache.

use std::ops::Range;

use super::with_vectors;

/// A matrix, possibly seen transposed, of `lanes` numbers an element.
#[derive(Clone, Copy)]
pub(in crate::tape) struct Factor<'a> {
    data: &'a [f64],
    /// From row to row and from column to column, in numbers.
    row: usize,
    column: usize,
    lanes: usize,
}

impl<'a> Factor<'a> {
    pub fn new(data: &'a [f64], [rows, columns]: [usize; 2], transposed: bool, lanes: usize) -> Factor<'a> {
        let (row, column) = if transposed { (lanes, rows * lanes) } else { (columns * lanes, lanes) };
        debug_assert!(data.len() >= rows * columns * lanes, "{} numbers for {rows} by {columns}", data.len());
        Factor { data, row, column, lanes }
    }

    /// Whether all elements of so many rows and columns are there.
    fn holds(&self, rows: usize, columns: usize) -> bool {
        let is_empty = rows == 0 || columns == 0;
        is_empty || (rows - 1) * self.row + (columns - 1) * self.column + self.lanes <= self.data.len()
    }
}

/// Sums over k are collected in blocks of this many terms, so that a block of both factors stays in cache.
const BLOCK_TERMS: usize = 256;

/// out += A B, out row-major with `lanes` numbers an element. Every element is the same sum in the same order whatever
/// the lanes.
pub(in crate::tape) fn multiply(
    a: &Factor<'_>,
    b: &Factor<'_>,
    size: [usize; 3],
    out: &mut [f64],
    lanes: usize,
) {
    with_vectors(
        #[inline(always)]
        || multiply_here::<false>(a, b, size, out, lanes),
    );
}

/// The same, but the terms are added to `out` one after the other: it makes no difference whether they come all at once
/// or in several calls.
pub(in crate::tape) fn multiply_on(
    a: &Factor<'_>,
    b: &Factor<'_>,
    size: [usize; 3],
    out: &mut [f64],
    lanes: usize,
) {
    with_vectors(
        #[inline(always)]
        || multiply_here::<true>(a, b, size, out, lanes),
    );
}

#[inline(always)]
fn multiply_here<const ON: bool>(
    a: &Factor<'_>,
    b: &Factor<'_>,
    [m, k, n]: [usize; 3],
    out: &mut [f64],
    lanes: usize,
) {
    debug_assert!(a.holds(m, k), "the first factor is smaller than {m} by {k}");
    debug_assert!(b.holds(k, n), "the second factor is smaller than {k} by {n}");
    debug_assert!(out.len() >= m * n * lanes, "{} numbers for {m} by {n} of {lanes}", out.len());
    if a.lanes == 1 && b.column == b.lanes && b.lanes == lanes {
        // constant times rows of n x lanes numbers
        let left = Strided { data: a.data, row: a.row, column: a.column };
        let width = n * lanes;
        rows_times::<ON>(
            &left,
            &Rows { data: b.data, stride: b.row },
            [m, k, width],
            &mut RowsMut { data: out, stride: width },
        );
    } else if a.lanes == 1 && b.lanes == lanes {
        // constant times a transpose: a column at a time
        let left = Strided { data: a.data, row: a.row, column: a.column };
        for j in 0..n {
            let right = Rows { data: &b.data[j * b.column..], stride: b.row };
            rows_times::<ON>(
                &left,
                &right,
                [m, k, lanes],
                &mut RowsMut { data: &mut out[j * lanes..], stride: n * lanes },
            );
        }
    } else if b.lanes == 1 && a.lanes == lanes {
        // (B^T a_i^T)^T for every row a_i, which is k rows of lanes
        let left = Strided { data: b.data, row: b.column, column: b.row };
        for i in 0..m {
            let right = Rows { data: &a.data[i * a.row..], stride: a.column };
            let out = &mut out[i * n * lanes..(i + 1) * n * lanes];
            rows_times::<ON>(&left, &right, [n, k, lanes], &mut RowsMut { data: out, stride: lanes });
        }
    } else {
        // both vary
        for start in (0..k).step_by(BLOCK_TERMS) {
            let end = k.min(start + BLOCK_TERMS);
            for i in 0..m {
                for j in 0..n {
                    let at = (i * n + j) * lanes;
                    lane_dot::<ON>(
                        &a.data[i * a.row..],
                        a.column,
                        &b.data[j * b.column..],
                        b.row,
                        start..end,
                        &mut out[at..at + lanes],
                    );
                }
            }
        }
    }
}

/// A constant matrix.
struct Strided<'a> {
    data: &'a [f64],
    row: usize,
    column: usize,
}

/// Contiguous rows at a stride.
struct Rows<'a> {
    data: &'a [f64],
    stride: usize,
}

/// The same, to be added to.
struct RowsMut<'a> {
    data: &'a mut [f64],
    stride: usize,
}

/// out += A B for a matrix A of m x k and k rows of `width`.
#[inline(always)]
fn rows_times<const ON: bool>(
    a: &Strided<'_>,
    b: &Rows<'_>,
    [m, k, width]: [usize; 3],
    out: &mut RowsMut<'_>,
) {
    for start in (0..k).step_by(BLOCK_TERMS) {
        let terms = start..k.min(start + BLOCK_TERMS);
        let mut i = 0;
        if width == 1 && a.row == 1 {
            // columns of A are contiguous
            while i < m {
                i += match m - i {
                    16.. => column_tile::<16, ON>(a, b, i, terms.clone(), out),
                    8.. => column_tile::<8, ON>(a, b, i, terms.clone(), out),
                    4.. => column_tile::<4, ON>(a, b, i, terms.clone(), out),
                    _ => column_tile::<1, ON>(a, b, i, terms.clone(), out),
                };
            }
        }
        if width == 1 {
            while i + 8 <= m {
                i += row_tile::<8, ON>(a, b, i, terms.clone(), width, out);
            }
        }
        while i + 4 <= m {
            i += row_tile::<4, ON>(a, b, i, terms.clone(), width, out);
        }
        while i < m {
            i += row_tile::<1, ON>(a, b, i, terms.clone(), width, out);
        }
    }
}

/// Rows i .. i + R of the product, over all columns; returns R.
#[inline(always)]
fn row_tile<const R: usize, const ON: bool>(
    a: &Strided<'_>,
    b: &Rows<'_>,
    i: usize,
    terms: Range<usize>,
    width: usize,
    out: &mut RowsMut<'_>,
) -> usize {
    let mut c = 0;
    while c < width {
        c += match width - c {
            16.. => tile::<R, 16, ON>(a, b, [i, c], terms.clone(), out),
            8.. => tile::<R, 8, ON>(a, b, [i, c], terms.clone(), out),
            4.. => tile::<R, 4, ON>(a, b, [i, c], terms.clone(), out),
            _ => tile::<R, 1, ON>(a, b, [i, c], terms.clone(), out),
        };
    }
    R
}

/// Rows i .. i + R and columns c .. c + C, in registers; returns C.
#[inline(always)]
fn tile<const R: usize, const C: usize, const ON: bool>(
    a: &Strided<'_>,
    b: &Rows<'_>,
    [i, c]: [usize; 2],
    terms: Range<usize>,
    out: &mut RowsMut<'_>,
) -> usize {
    let mut sums = [[0.0; C]; R];
    if ON {
        for (r, sums) in sums.iter_mut().enumerate() {
            let at = (i + r) * out.stride + c;
            sums.copy_from_slice(&out.data[at..at + C]);
        }
    }
    if a.row == 1 {
        // columns of A are contiguous
        for t in terms {
            let left = &a.data[t * a.column + i..];
            let (Some(left), Some(right)) =
                (left.first_chunk::<R>(), b.data[t * b.stride + c..].first_chunk::<C>())
            else {
                return C;
            };
            for r in 0..R {
                add_multiple(left[r], right, &mut sums[r]);
            }
        }
    } else {
        let left: [&[f64]; R] =
            std::array::from_fn(|r| &a.data[(i + r) * a.row..][..(terms.end - 1) * a.column + 1]);
        for t in terms {
            let Some(right) = b.data[t * b.stride + c..].first_chunk::<C>() else { return C };
            for r in 0..R {
                add_multiple(left[r][t * a.column], right, &mut sums[r]);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        let at = (i + r) * out.stride + c;
        put::<C, ON>(sums, &mut out.data[at..at + C]);
    }
    C
}

/// sums += factor x
#[inline(always)]
fn add_multiple<const C: usize>(factor: f64, x: &[f64; C], sums: &mut [f64; C]) {
    for (sum, x) in sums.iter_mut().zip(x) {
        *sum = factor.mul_add(*x, *sum);
    }
}

/// Rows i .. i + C of a product with one column, where columns of A are contiguous; returns C.
#[inline(always)]
fn column_tile<const C: usize, const ON: bool>(
    a: &Strided<'_>,
    b: &Rows<'_>,
    i: usize,
    terms: Range<usize>,
    out: &mut RowsMut<'_>,
) -> usize {
    let mut sums: [f64; C] = std::array::from_fn(|c| if ON { out.data[(i + c) * out.stride] } else { 0.0 });
    for t in terms {
        let right = b.data[t * b.stride];
        let from = t * a.column + i;
        for (sum, left) in sums.iter_mut().zip(&a.data[from..from + C]) {
            *sum = left.mul_add(right, *sum);
        }
    }
    for (c, sum) in sums.iter().enumerate() {
        put::<1, ON>(&[*sum], &mut out.data[(i + c) * out.stride..][..1]);
    }
    C
}

#[inline(always)]
fn put<const C: usize, const ON: bool>(sums: &[f64; C], out: &mut [f64]) {
    for (y, sum) in out.iter_mut().zip(sums) {
        *y = if ON { *sum } else { *y + sum };
    }
}

/// out[l] += sum_t a[t][l] b[t][l]
#[inline(always)]
fn lane_dot<const ON: bool>(
    a: &[f64],
    a_stride: usize,
    b: &[f64],
    b_stride: usize,
    terms: Range<usize>,
    out: &mut [f64],
) {
    let mut l = 0;
    while l < out.len() {
        let (a, b, out) = (&a[l..], &b[l..], &mut out[l..]);
        l += match out.len() {
            8.. => dots::<8, ON>(a, a_stride, b, b_stride, terms.clone(), out),
            _ => dots::<1, ON>(a, a_stride, b, b_stride, terms.clone(), out),
        };
    }
}

/// The first C of them; returns C.
#[inline(always)]
fn dots<const C: usize, const ON: bool>(
    a: &[f64],
    a_stride: usize,
    b: &[f64],
    b_stride: usize,
    terms: Range<usize>,
    out: &mut [f64],
) -> usize {
    let mut sums: [f64; C] = std::array::from_fn(|c| if ON { out[c] } else { 0.0 });
    for t in terms {
        let (left, right) = (&a[t * a_stride..][..C], &b[t * b_stride..][..C]);
        for ((sum, x), y) in sums.iter_mut().zip(left).zip(right) {
            *sum = x.mul_add(*y, *sum);
        }
    }
    put::<C, ON>(&sums, &mut out[..C]);
    C
}
