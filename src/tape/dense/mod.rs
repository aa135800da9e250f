//! Dense matrices that vary, a few lanes at a time: Cholesky factors, their inverses, triangular systems.
//!
//! Small matrices are handled eight lanes at a time, so that a vector holds one element of eight lanes; those of large
//! ones one at a time. An element is the same sum in the same order either way, whatever the lanes.

mod adjoint;
mod factor;
mod inverse;
mod system;

use std::ops::Range;

use super::op::Operand;
use super::vector::with_vectors;

pub(super) use adjoint::factor_adjoint;
pub(super) use factor::factor;
pub(super) use inverse::invert;
pub(super) use system::{solve_lower, solve_upper};

/// Lanes that are handled together.
const WIDTH: usize = 8;

/// From this many rows on lanes are handled one at a time: a matrix of eight lanes does not fit the fastest cache.
const LANES_APART: usize = 32;

/// Elements that the innermost loops hold in registers.
const TILE: usize = 4;

/// Work on some lanes of a matrix.
pub(super) trait Lanewise {
    /// For these lanes, at most W of them.
    fn run<const W: usize>(&mut self, lanes: Range<usize>);
}

/// Does the work for all lanes of matrices of n rows.
pub(super) fn for_each_lane(n: usize, lanes: usize, work: &mut impl Lanewise) {
    with_vectors(|| {
        let mut start = 0;
        while start < lanes {
            let end = (start + width(n, lanes - start)).min(lanes);
            if end - start == 1 {
                work.run::<1>(start..end);
            } else {
                work.run::<WIDTH>(start..end);
            }
            start = end;
        }
    });
}

/// Numbers of an element while work is done on some of so many lanes.
pub(super) fn width(n: usize, lanes: usize) -> usize {
    if lanes == 1 || n >= LANES_APART { 1 } else { WIDTH }
}

/// Some lanes of one element; those that are missing repeat the last.
#[inline(always)]
fn load<const W: usize>(element: &[f64], lanes: &Range<usize>) -> [f64; W] {
    if let [x] = element {
        return [*x; W];
    }
    let some = &element[lanes.clone()];
    match some.try_into() {
        Ok(all) => all,
        Err(_) => std::array::from_fn(|l| some[l.min(some.len() - 1)]),
    }
}

#[inline(always)]
fn store<const W: usize>(x: &[f64; W], element: &mut [f64], lanes: &Range<usize>) {
    let some = &mut element[lanes.clone()];
    if some.len() == W {
        some.copy_from_slice(x);
    } else {
        some.copy_from_slice(&x[..some.len()]);
    }
}

/// Some lanes of the lower triangle of a square matrix, transposed: row j of the copy holds column j.
#[inline(always)]
pub(super) fn take_lower<const W: usize>(
    a: &Operand<'_>,
    n: usize,
    lanes: &Range<usize>,
    columns: &mut [[f64; W]],
) {
    for (i, row) in a.data.chunks_exact(n * a.lanes).enumerate() {
        for (j, x) in row.chunks_exact(a.lanes).take(i + 1).enumerate() {
            columns[j * n + i] = load(x, lanes);
        }
    }
}

/// Puts back what [`take_lower`] takes, with zeros above the diagonal.
#[inline(always)]
pub(super) fn put_lower<const W: usize>(
    columns: &[[f64; W]],
    n: usize,
    out: &mut [f64],
    n_lanes: usize,
    lanes: &Range<usize>,
) {
    for (i, row) in out.chunks_exact_mut(n * n_lanes).enumerate() {
        for (j, x) in row.chunks_exact_mut(n_lanes).enumerate() {
            store(if j <= i { &columns[j * n + i] } else { &[0.0; W] }, x, lanes);
        }
    }
}

/// Puts back the lower triangle on both sides of the diagonal.
#[inline(always)]
pub(super) fn put_symmetric<const W: usize>(
    columns: &[[f64; W]],
    n: usize,
    out: &mut [f64],
    n_lanes: usize,
    lanes: &Range<usize>,
) {
    for (i, row) in out.chunks_exact_mut(n * n_lanes).enumerate() {
        for (j, x) in row.chunks_exact_mut(n_lanes).enumerate() {
            store(&columns[i.min(j) * n + i.max(j)], x, lanes);
        }
    }
}

/// Some lanes of an array.
#[inline(always)]
pub(super) fn take<const W: usize>(a: &Operand<'_>, lanes: &Range<usize>, to: &mut [[f64; W]]) {
    for (to, x) in to.iter_mut().zip(a.data.chunks_exact(a.lanes)) {
        *to = load(x, lanes);
    }
}

#[inline(always)]
pub(super) fn put<const W: usize>(from: &[[f64; W]], out: &mut [f64], n_lanes: usize, lanes: &Range<usize>) {
    for (from, x) in from.iter().zip(out.chunks_exact_mut(n_lanes)) {
        store(from, x, lanes);
    }
}

/// sum -= a x
#[inline(always)]
fn subtract<const W: usize>(sum: &mut [f64; W], a: &[f64; W], x: &[f64; W]) {
    for l in 0..W {
        sum[l] -= a[l] * x[l];
    }
}
