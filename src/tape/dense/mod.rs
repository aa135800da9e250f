//! Dense matrices that vary, a few lanes at a time: Cholesky factors, their inverses, triangular systems.
//!
//! Small matrices are handled eight lanes at a time, so that a vector holds one element of eight lanes; those of large
//! ones one at a time. An element is the same sum in the same order either way, whatever the lanes.

mod adjoint;
mod factor;
mod inverse;
mod system;

use std::cmp::Ordering;
use std::ops::Range;

use pulp::{Arch, NullaryFnOnce};

use super::op::Operand;

pub(super) use adjoint::factor_adjoint;
pub(super) use factor::factor;
pub(super) use inverse::invert;
use system::{solve_lower, solve_upper};

/// Lanes that are handled together.
const WIDTH: usize = 8;

/// From this many rows on lanes are handled one at a time: a matrix of eight lanes does not fit the fastest cache.
const APART_FROM_ROWS: usize = 32;

/// Elements that the innermost loops hold in registers, and as many where one lane is handled at a time.
const TILE: usize = 4;
const WIDE_TILE: usize = 8;

/// Work on some lanes of a matrix.
pub(super) trait Lanewise {
    /// For these lanes, at most W of them.
    fn run<const W: usize>(&mut self, lanes: Range<usize>);
}

/// Does the work for all lanes of matrices of n rows.
pub(super) fn for_each_lane(n: usize, lanes: usize, work: &mut impl Lanewise) {
    Arch::new().dispatch(AllLanes { n, lanes, work });
}

struct AllLanes<'a, K> {
    n: usize,
    lanes: usize,
    work: &'a mut K,
}

impl<K: Lanewise> NullaryFnOnce for AllLanes<'_, K> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut start = 0;
        while start < self.lanes {
            let end = (start + width(self.n, self.lanes - start)).min(self.lanes);
            if end - start == 1 {
                self.work.run::<1>(start..end);
            } else {
                self.work.run::<WIDTH>(start..end);
            }
            start = end;
        }
    }
}

/// Numbers of an element while work is done on some of so many lanes.
pub(super) fn width(n: usize, lanes: usize) -> usize {
    if lanes == 1 || n >= APART_FROM_ROWS { 1 } else { WIDTH }
}

/// Some lanes of element `i` of an array; those that are missing repeat the last.
#[inline(always)]
fn get<const W: usize>(a: &Operand<'_>, lanes: &Range<usize>, i: usize) -> [f64; W] {
    if a.lanes == 1 {
        return [a.data[i]; W];
    }
    let some = &a.data[i * a.lanes + lanes.start..i * a.lanes + lanes.end];
    std::array::from_fn(|l| some[l.min(some.len() - 1)])
}

/// Writes some lanes of element `i` of an array.
#[inline(always)]
pub(super) fn set<const W: usize>(
    out: &mut [f64],
    n_lanes: usize,
    lanes: &Range<usize>,
    i: usize,
    x: &[f64; W],
) {
    let at = i * n_lanes + lanes.start;
    if lanes.len() == W {
        out[at..at + W].copy_from_slice(x);
    } else {
        out[at..at + lanes.len()].copy_from_slice(&x[..lanes.len()]);
    }
}

/// The data from some lanes on, and the numbers from an element to the next, where all of W lanes are there.
#[inline(always)]
fn whole<'a, const W: usize>(a: &Operand<'a>, lanes: &Range<usize>) -> Option<(&'a [f64], usize)> {
    if a.lanes == 1 {
        return (W == 1).then_some((a.data, 1));
    }
    (lanes.len() == W).then(|| (&a.data[lanes.start..], a.lanes))
}

/// Some lanes of the lower triangle of a square matrix, transposed: row j of the copy holds column j.
#[inline(always)]
pub(super) fn take_lower<const W: usize>(
    a: &Operand<'_>,
    n: usize,
    lanes: &Range<usize>,
    columns: &mut [[f64; W]],
) {
    debug_assert!(a.data.len() >= n * n * a.lanes && columns.len() == n * n, "a matrix of {n} rows");
    let whole = whole::<W>(a, lanes);
    for (j, column) in columns.chunks_exact_mut(n).enumerate() {
        if let Some((data, stride)) = whole {
            let mut at = (j * n + j) * stride;
            for x in &mut column[j..] {
                let Some(some) = data[at..].first_chunk() else { return };
                *x = *some;
                at += n * stride;
            }
        } else {
            for (i, x) in column.iter_mut().enumerate().skip(j) {
                *x = get(a, lanes, i * n + j);
            }
        }
    }
}

/// Puts back what [`take_lower`] takes, `below` times what is below the diagonal, with zeros above.
#[inline(always)]
pub(super) fn put_lower<const W: usize>(
    columns: &[[f64; W]],
    n: usize,
    below: f64,
    out: &mut [f64],
    n_lanes: usize,
    lanes: &Range<usize>,
) {
    for (j, column) in columns.chunks_exact(n).enumerate() {
        for (i, x) in column.iter().enumerate() {
            let x = match i.cmp(&j) {
                Ordering::Less => [0.0; W],
                Ordering::Equal => *x,
                Ordering::Greater => x.map(|x| below * x),
            };
            set(out, n_lanes, lanes, i * n + j, &x);
        }
    }
}

/// Some lanes of an array.
#[inline(always)]
pub(super) fn take<const W: usize>(a: &Operand<'_>, lanes: &Range<usize>, to: &mut [[f64; W]]) {
    debug_assert!(a.data.len() >= to.len() * a.lanes, "{} numbers for {} elements", a.data.len(), to.len());
    if let Some((data, stride)) = whole::<W>(a, lanes) {
        for (x, some) in to.iter_mut().zip(data.chunks(stride)) {
            let Some(some) = some.first_chunk() else { return };
            *x = *some;
        }
    } else {
        for (i, x) in to.iter_mut().enumerate() {
            *x = get(a, lanes, i);
        }
    }
}

/// Puts back what [`take`] takes.
#[inline(always)]
pub(super) fn put<const W: usize>(from: &[[f64; W]], out: &mut [f64], n_lanes: usize, lanes: &Range<usize>) {
    for (i, x) in from.iter().enumerate() {
        set(out, n_lanes, lanes, i, x);
    }
}

/// sum -= a x
#[inline(always)]
fn subtract<const W: usize>(sum: &mut [f64; W], a: &[f64; W], x: &[f64; W]) {
    for l in 0..W {
        sum[l] -= a[l] * x[l];
    }
}

/// Row k of a matrix with n columns of W lanes.
#[derive(Clone, Copy)]
struct Matrix<'a, const W: usize> {
    rows: &'a [[f64; W]],
    n: usize,
}

impl<const W: usize> Matrix<'_, W> {
    /// sums[c - first] -= sum_k factor(k) m[k][c] for the columns from `first` on, where k runs over `terms(c)`; all columns
    /// of a tile have the terms of its first.
    #[inline(always)]
    fn subtract_from(
        &self,
        sums: &mut [[f64; W]],
        first: usize,
        terms: impl Fn(usize) -> Range<usize>,
        factor: impl Fn(usize) -> [f64; W],
    ) {
        let mut c = 0;
        if W == 1 {
            while c + WIDE_TILE <= sums.len() {
                self.tile::<WIDE_TILE>(&mut sums[c..], first + c, terms(first + c), &factor);
                c += WIDE_TILE;
            }
        }
        while c + TILE <= sums.len() {
            self.tile::<TILE>(&mut sums[c..], first + c, terms(first + c), &factor);
            c += TILE;
        }
        while c < sums.len() {
            self.tile::<1>(&mut sums[c..], first + c, terms(first + c), &factor);
            c += 1;
        }
    }

    #[inline(always)]
    fn tile<const T: usize>(
        &self,
        sums: &mut [[f64; W]],
        c: usize,
        terms: Range<usize>,
        factor: &impl Fn(usize) -> [f64; W],
    ) {
        let last = terms.end.checked_sub(1).filter(|_| !terms.is_empty());
        debug_assert!(
            sums.len() >= T && last.is_none_or(|last| last * self.n + c + T <= self.rows.len()),
            "{T} columns from {c} on of {terms:?} of {} numbers",
            self.rows.len()
        );
        let Some(sums) = sums.first_chunk_mut::<T>() else { return };
        let mut own = *sums;
        for k in terms {
            let Some(row) = self.rows[k * self.n + c..].first_chunk::<T>() else { return };
            let factor = factor(k);
            for t in 0..T {
                subtract(&mut own[t], &factor, &row[t]);
            }
        }
        *sums = own;
    }
}

/// Which systems are solved, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Systems {
    Lower,
    Upper,
    Both,
}

/// Solves for every column of x, `[n][k]`, in place; `memory` holds one.
#[inline(always)]
pub(super) fn solve_columns<const W: usize>(
    systems: Systems,
    columns: &[[f64; W]],
    x: &mut [[f64; W]],
    k: usize,
    memory: &mut [[f64; W]],
) {
    for c in 0..k {
        if k > 1 {
            for (own, x) in memory.iter_mut().zip(x[c..].iter().step_by(k)) {
                *own = *x;
            }
        }
        let own = if k > 1 { &mut *memory } else { &mut *x };
        if systems != Systems::Upper {
            solve_lower(columns, own);
        }
        if systems != Systems::Lower {
            solve_upper(columns, own);
        }
        if k > 1 {
            for (own, x) in memory.iter().zip(x[c..].iter_mut().step_by(k)) {
                *x = *own;
            }
        }
    }
}
