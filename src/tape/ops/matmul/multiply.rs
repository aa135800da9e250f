//! The loops of products: tiles that stay in registers, blocks that stay in cache.

use std::ops::Range;

use crate::tape::vector::with_vectors;

/// A matrix, possibly seen transposed, of `lanes` numbers an element.
pub(super) struct Factor<'a> {
    data: &'a [f64],
    /// From row to row and from column to column, in numbers.
    row: usize,
    column: usize,
    lanes: usize,
}

impl<'a> Factor<'a> {
    pub fn new(data: &'a [f64], [rows, columns]: [usize; 2], transposed: bool, lanes: usize) -> Factor<'a> {
        let (row, column) = if transposed { (lanes, rows * lanes) } else { (columns * lanes, lanes) };
        Factor { data, row, column, lanes }
    }
}

/// Sums over k are collected in blocks of this many terms, so that a block of both factors stays in cache.
const BLOCK_TERMS: usize = 256;

/// Columns that the innermost loop holds in registers.
const TILE_COLUMNS: usize = 8;

/// Rows that the innermost loop holds in registers.
const TILE_ROWS: usize = 4;

/// out += A B, out row-major with `lanes` numbers an element. Every element is the same sum in the same order whatever
/// the lanes.
pub(super) fn multiply(a: &Factor<'_>, b: &Factor<'_>, size: [usize; 3], out: &mut [f64], lanes: usize) {
    with_vectors(|| multiply_here(a, b, size, out, lanes));
}

#[inline(always)]
fn multiply_here(a: &Factor<'_>, b: &Factor<'_>, [m, k, n]: [usize; 3], out: &mut [f64], lanes: usize) {
    if a.lanes == 1 && b.column == b.lanes && b.lanes == lanes {
        // constant times rows of n x lanes numbers
        let left = Strided { data: a.data, row: a.row, column: a.column };
        let width = n * lanes;
        rows_times(
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
            rows_times(
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
            rows_times(&left, &right, [n, k, lanes], &mut RowsMut { data: out, stride: lanes });
        }
    } else {
        // both vary
        for start in (0..k).step_by(BLOCK_TERMS) {
            let end = k.min(start + BLOCK_TERMS);
            for i in 0..m {
                for j in 0..n {
                    let at = (i * n + j) * lanes;
                    lane_dot(
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
fn rows_times(a: &Strided<'_>, b: &Rows<'_>, [m, k, width]: [usize; 3], out: &mut RowsMut<'_>) {
    for start in (0..k).step_by(BLOCK_TERMS) {
        let terms = start..k.min(start + BLOCK_TERMS);
        let mut i = 0;
        if width == 1 && a.row == 1 {
            // columns of A are contiguous
            while i + TILE_COLUMNS <= m {
                column_tile(a, b, i, terms.clone(), out);
                i += TILE_COLUMNS;
            }
        }
        while i + TILE_ROWS <= m {
            row_tile::<TILE_ROWS>(a, b, i, terms.clone(), width, out);
            i += TILE_ROWS;
        }
        while i < m {
            row_tile::<1>(a, b, i, terms.clone(), width, out);
            i += 1;
        }
    }
}

/// Rows i .. i + R of the product, over all columns.
#[inline(always)]
fn row_tile<const R: usize>(
    a: &Strided<'_>,
    b: &Rows<'_>,
    i: usize,
    terms: Range<usize>,
    width: usize,
    out: &mut RowsMut<'_>,
) {
    let mut c = 0;
    while c + TILE_COLUMNS <= width {
        tile::<R, TILE_COLUMNS>(a, b, i, c, terms.clone(), out);
        c += TILE_COLUMNS;
    }
    while c < width {
        tile::<R, 1>(a, b, i, c, terms.clone(), out);
        c += 1;
    }
}

#[inline(always)]
fn tile<const R: usize, const C: usize>(
    a: &Strided<'_>,
    b: &Rows<'_>,
    i: usize,
    c: usize,
    terms: Range<usize>,
    out: &mut RowsMut<'_>,
) {
    let mut sums = [[0.0; C]; R];
    let rows: [&[f64]; R] = std::array::from_fn(|r| &a.data[(i + r) * a.row..]);
    for t in terms {
        let from = t * b.stride + c;
        let right: &[f64; C] = match b.data[from..from + C].try_into() {
            Ok(right) => right,
            Err(_) => return,
        };
        for r in 0..R {
            let left = rows[r][t * a.column];
            for (sum, x) in sums[r].iter_mut().zip(right) {
                *sum += left * x;
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        let at = (i + r) * out.stride + c;
        for (y, sum) in out.data[at..at + C].iter_mut().zip(sums) {
            *y += sum;
        }
    }
}

/// Rows i .. i + 8 of a product with one column, where columns of A are contiguous.
#[inline(always)]
fn column_tile(a: &Strided<'_>, b: &Rows<'_>, i: usize, terms: Range<usize>, out: &mut RowsMut<'_>) {
    let mut sums = [0.0; TILE_COLUMNS];
    for t in terms {
        let right = b.data[t * b.stride];
        let from = t * a.column + i;
        for (sum, left) in sums.iter_mut().zip(&a.data[from..from + TILE_COLUMNS]) {
            *sum += left * right;
        }
    }
    for (r, sum) in sums.iter().enumerate() {
        out.data[(i + r) * out.stride] += sum;
    }
}

/// out[l] += sum_t a[t][l] b[t][l]
#[inline(always)]
fn lane_dot(a: &[f64], a_stride: usize, b: &[f64], b_stride: usize, terms: Range<usize>, out: &mut [f64]) {
    let (chunks, rest) = out.as_chunks_mut::<TILE_COLUMNS>();
    let first_of_rest = chunks.len() * TILE_COLUMNS;
    for (chunk, out) in chunks.iter_mut().enumerate() {
        let l = chunk * TILE_COLUMNS;
        let mut sums = [0.0; TILE_COLUMNS];
        for t in terms.clone() {
            let (i, j) = (t * a_stride + l, t * b_stride + l);
            let (left, right) = (&a[i..i + TILE_COLUMNS], &b[j..j + TILE_COLUMNS]);
            for ((sum, x), y) in sums.iter_mut().zip(left).zip(right) {
                *sum += x * y;
            }
        }
        for (y, sum) in out.iter_mut().zip(sums) {
            *y += sum;
        }
    }
    for (l, y) in (first_of_rest..).zip(rest) {
        *y += terms.clone().map(|t| a[t * a_stride + l] * b[t * b_stride + l]).sum::<f64>();
    }
}
