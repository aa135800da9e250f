//! Walks over broadcast arrays: the loops that elementwise operations and copies share.

use super::op::{self, Operand};

/// Axes of arrays, and lanes.
const MAX_RANK: usize = op::MAX_RANK + 1;

/// The index space of a result, lanes innermost, with adjacent axes merged wherever all operands allow it.
pub(super) struct Walk<const K: usize> {
    /// Innermost axis first.
    dims: [usize; MAX_RANK],
    strides: [[usize; K]; MAX_RANK],
    rank: usize,
    empty: bool,
}

impl<const K: usize> Walk<K> {
    /// Arg broadcast to `shape` (trailing alignment); innermost strides are 0 or 1.
    pub fn broadcast(shape: &[usize], lanes: usize, operands: [&Operand<'_>; K]) -> Walk<K> {
        let mut walk = Walk::empty(shape, lanes);
        let mut stride = operands.map(|o| o.lanes);
        walk.push(lanes, operands.map(|o| (o.lanes == lanes) as usize));
        for back in 0..shape.len() {
            let mut strides = [0; K];
            for k in 0..K {
                let from = operands[k].shape;
                if back < from.len() {
                    let dim = from[from.len() - 1 - back];
                    strides[k] = if dim == 1 { 0 } else { stride[k] };
                    stride[k] *= dim;
                }
            }
            walk.push(shape[shape.len() - 1 - back], strides);
        }
        walk
    }

    /// Given strides by axis of `shape`, outermost first, in elements; each element is `lanes` numbers.
    pub fn strided(shape: &[usize], lanes: usize, strides: impl Fn(usize) -> [usize; K]) -> Walk<K> {
        let mut walk = Walk::empty(shape, lanes);
        walk.push(lanes, [1; K]);
        for axis in (0..shape.len()).rev() {
            walk.push(shape[axis], strides(axis).map(|s| s * lanes));
        }
        walk
    }

    fn empty(shape: &[usize], lanes: usize) -> Walk<K> {
        let empty = lanes == 0 || shape.contains(&0);
        Walk { dims: [1; MAX_RANK], strides: [[0; K]; MAX_RANK], rank: 0, empty }
    }

    fn push(&mut self, dim: usize, strides: [usize; K]) {
        if dim == 1 {
            return;
        }
        if self.rank > 0 {
            let inner = self.rank - 1;
            if (0..K).all(|k| strides[k] == self.strides[inner][k] * self.dims[inner]) {
                self.dims[inner] *= dim;
                return;
            }
        }
        assert!(self.rank < MAX_RANK, "arrays of more than {MAX_RANK} axes");
        self.dims[self.rank] = dim;
        self.strides[self.rank] = strides;
        self.rank += 1;
    }

    /// Calls `row(offset in the result, offsets, length, strides)` for each innermost run, in order.
    #[inline(always)]
    pub fn rows(&self, mut row: impl FnMut(usize, [usize; K], usize, [usize; K])) {
        if self.empty {
            return;
        }
        let len = self.dims[0];
        let inner = self.strides[0];
        let mut at = [0; K];
        let mut counter = [0; MAX_RANK];
        let mut out = 0;
        loop {
            row(out, at, len, inner);
            out += len;
            let mut axis = 1;
            loop {
                if axis >= self.rank {
                    return;
                }
                counter[axis] += 1;
                at.iter_mut().zip(self.strides[axis]).for_each(|(at, stride)| *at += stride);
                if counter[axis] < self.dims[axis] {
                    break;
                }
                let dim = self.dims[axis];
                at.iter_mut().zip(self.strides[axis]).for_each(|(at, stride)| *at -= stride * dim);
                counter[axis] = 0;
                axis += 1;
            }
        }
    }
}

/// Spreads `out[..size]` to `out[size][lanes]`.
pub(super) fn spread(out: &mut [f64], lanes: usize) {
    for i in (0..out.len() / lanes).rev() {
        let x = out[i];
        out[i * lanes..(i + 1) * lanes].fill(x);
    }
}

/// Takes one lane out of `[size][lanes]`.
pub(super) fn take_lane(from: &[f64], lanes: usize, lane: usize, to: &mut [f64]) {
    for (to, from) in to.iter_mut().zip(from.chunks_exact(lanes)) {
        *to = from[lane];
    }
}

/// Takes the transpose of one lane out of a matrix `[rows][columns][lanes]`.
pub(super) fn take_lane_transposed(
    from: &[f64],
    [rows, columns]: [usize; 2],
    lanes: usize,
    lane: usize,
    to: &mut [f64],
) {
    for i in 0..rows {
        for j in 0..columns {
            to[j * rows + i] = from[(i * columns + j) * lanes + lane];
        }
    }
}

/// Puts one lane into `[size][lanes]`.
pub(super) fn put_lane(from: &[f64], to: &mut [f64], lanes: usize, lane: usize) {
    for (from, to) in from.iter().zip(to.chunks_exact_mut(lanes)) {
        to[lane] = *from;
    }
}

/// Copies an operand to `out[size][lanes]`.
pub(super) fn copy(from: &Operand<'_>, out: &mut [f64], lanes: usize) {
    if from.lanes == lanes {
        out.copy_from_slice(from.data);
    } else {
        for (row, &x) in out.chunks_exact_mut(lanes).zip(from.data) {
            row.fill(x);
        }
    }
}

/// Adds an operand to `out[size][lanes]`.
pub(super) fn accumulate(from: &Operand<'_>, out: &mut [f64], lanes: usize) {
    if from.lanes == lanes {
        for (o, x) in out.iter_mut().zip(from.data) {
            *o += x;
        }
    } else {
        for (row, &x) in out.chunks_exact_mut(lanes).zip(from.data) {
            for o in row {
                *o += x;
            }
        }
    }
}
