//! Products of matrices, either of which may be seen transposed; leading axes are batches.

use std::sync::Arc;

use crate::tape::graph::{Graph, Node};
use crate::tape::op::{Op, Operand, broadcast_shape, fingerprint_of, size_of};

/// op(A) op(B), where op is the identity or the transpose.
#[derive(Clone, Debug)]
pub struct MatMul {
    transpose_a: bool,
    transpose_b: bool,
}

impl Graph {
    /// `[.., m, k] [.., k, n] -> [.., m, n]`; both are of rank 2 at least, leading axes broadcast.
    pub fn matmul(&mut self, a: Node, b: Node) -> Node {
        self.matmul_transposed(a, false, b, false)
    }

    /// [`Graph::matmul`] of arguments that are first transposed (in their last two axes) where so flagged.
    pub fn matmul_transposed(&mut self, a: Node, transpose_a: bool, b: Node, transpose_b: bool) -> Node {
        self.apply(Arc::new(MatMul { transpose_a, transpose_b }), &[a, b])
    }

    /// The adjoint of broadcasting the batch axes of `arg`.
    pub(super) fn sum_batches_to(&mut self, d: Node, arg: Node) -> Node {
        let shape = self.shape(arg).to_vec();
        self.sum_to(d, &shape)
    }
}

impl Op for MatMul {
    fn name(&self) -> &'static str {
        match (self.transpose_a, self.transpose_b) {
            (false, false) => "matmul",
            (true, false) => "matmul_tn",
            (false, true) => "matmul_nt",
            (true, true) => "matmul_tt",
        }
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        let (batch_a, [m, k]) = split_matrix(args[0], self.transpose_a);
        let (batch_b, [k_b, n]) = split_matrix(args[1], self.transpose_b);
        assert_eq!(k, k_b, "product of {:?} and {:?}", args[0], args[1]);
        let mut shape = broadcast_shape(&[batch_a, batch_b]).to_vec();
        shape.extend([m, n]);
        shape
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let [a, b] = [&args[0], &args[1]];
        let (batch_a, [m, k]) = split_matrix(a.shape, self.transpose_a);
        let (batch_b, [_, n]) = split_matrix(b.shape, self.transpose_b);
        let batch = broadcast_shape(&[batch_a, batch_b]);
        out.fill(0.0);
        if m * n * k == 0 {
            return;
        }
        for (position, out) in out.chunks_exact_mut(m * n * lanes).enumerate() {
            let at_a = batch_offset(position, &batch, batch_a) * m * k * a.lanes;
            let at_b = batch_offset(position, &batch, batch_b) * k * n * b.lanes;
            let a = Factor::new(&a.data[at_a..at_a + m * k * a.lanes], [m, k], self.transpose_a, a.lanes);
            let b = Factor::new(&b.data[at_b..at_b + k * n * b.lanes], [k, n], self.transpose_b, b.lanes);
            multiply(&a, &b, [m, k, n], out, lanes);
        }
    }

    fn tangent(&self, g: &mut Graph, args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let along_a =
            tangents[0].map(|da| g.matmul_transposed(da, self.transpose_a, args[1], self.transpose_b));
        let along_b =
            tangents[1].map(|db| g.matmul_transposed(args[0], self.transpose_a, db, self.transpose_b));
        let terms: Vec<Node> = along_a.into_iter().chain(along_b).collect();
        debug_assert!(terms.iter().all(|&t| g.shape(t) == g.shape(y)));
        g.sum_of_terms(&terms)
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let (a, b) = (args[0], args[1]);
        let (ta, tb) = (self.transpose_a, self.transpose_b);
        // d op(A) = dY op(B)^T, d op(B) = op(A)^T dY; transposed once more where op is the transpose
        let to_a = wanted[0].then(|| {
            let d = if ta {
                g.matmul_transposed(b, tb, dy, true)
            } else {
                g.matmul_transposed(dy, false, b, !tb)
            };
            g.sum_batches_to(d, a)
        });
        let to_b = wanted[1].then(|| {
            let d = if tb {
                g.matmul_transposed(dy, true, a, ta)
            } else {
                g.matmul_transposed(a, !ta, dy, false)
            };
            g.sum_batches_to(d, b)
        });
        vec![to_a, to_b]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(0)
    }
}

/// Batch axes, and rows and columns (of the transpose).
fn split_matrix(shape: &[usize], transposed: bool) -> (&[usize], [usize; 2]) {
    assert!(shape.len() >= 2, "a matrix of shape {shape:?}");
    let (batch, matrix) = shape.split_at(shape.len() - 2);
    (batch, if transposed { [matrix[1], matrix[0]] } else { [matrix[0], matrix[1]] })
}

/// The place in an array of shape `from` (in matrices) of element `position` of the `batch` that it is broadcast to.
pub(super) fn batch_offset(mut position: usize, batch: &[usize], from: &[usize]) -> usize {
    if batch == from {
        return position;
    }
    let (mut offset, mut stride) = (0, 1);
    for back in 0..batch.len() {
        let dim = batch[batch.len() - 1 - back];
        let index = position % dim;
        position /= dim;
        if back < from.len() {
            let have = from[from.len() - 1 - back];
            offset += if have == 1 { 0 } else { index * stride };
            stride *= have;
        }
    }
    debug_assert!(from.is_empty() || offset < size_of(from));
    offset
}

/// A matrix, possibly seen transposed, of `lanes` numbers an element.
struct Factor<'a> {
    data: &'a [f64],
    /// From row to row and from column to column, in numbers.
    row: usize,
    column: usize,
    lanes: usize,
}

impl<'a> Factor<'a> {
    fn new(data: &'a [f64], [rows, columns]: [usize; 2], transposed: bool, lanes: usize) -> Factor<'a> {
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
fn multiply(a: &Factor<'_>, b: &Factor<'_>, [m, k, n]: [usize; 3], out: &mut [f64], lanes: usize) {
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
fn row_tile<const R: usize>(
    a: &Strided<'_>,
    b: &Rows<'_>,
    i: usize,
    terms: std::ops::Range<usize>,
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
    terms: std::ops::Range<usize>,
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
fn column_tile(
    a: &Strided<'_>,
    b: &Rows<'_>,
    i: usize,
    terms: std::ops::Range<usize>,
    out: &mut RowsMut<'_>,
) {
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
fn lane_dot(
    a: &[f64],
    a_stride: usize,
    b: &[f64],
    b_stride: usize,
    terms: std::ops::Range<usize>,
    out: &mut [f64],
) {
    for (chunk, out) in out.chunks_mut(TILE_COLUMNS).enumerate() {
        let l = chunk * TILE_COLUMNS;
        let mut sums = [0.0; TILE_COLUMNS];
        for t in terms.clone() {
            let (left, right) = (&a[t * a_stride + l..], &b[t * b_stride + l..]);
            for ((sum, x), y) in sums[..out.len()].iter_mut().zip(left).zip(right) {
                *sum += x * y;
            }
        }
        for (y, sum) in out.iter_mut().zip(sums) {
            *y += sum;
        }
    }
}
