//! Loops over rows of numbers, compiled for several instruction sets; the best that the processor has runs.
//!
//! A value does not depend on the instruction set: nothing is reordered, nothing is fused that is not so written, and sums
//! have an order of their own.

mod kernels;
mod logsumexp;
mod product;
mod sum;

use std::ops::Range;

use pulp::{Arch, NullaryFnOnce};

use super::ops::elementwise::{Binary, Unary};

pub(super) use kernels::{kernel_combination, kernel_logsumexp, kernel_select, kernel_sum, kernel1, kernel2};
pub(super) use logsumexp::{LOGSUMEXP_SCRATCH, logsumexp};
pub(super) use product::{Factor, multiply, multiply_on};
pub(super) use sum::{BLOCK_ROWS, PARTIAL_SUMS, Partial, sum_rows};

/// Numbers in the widest vectors.
pub(super) const WIDTH: usize = 8;

/// Runs loops of its own, all of them inlined (the closure too, `#[inline(always)]`), with the instructions of the
/// processor.
#[inline(always)]
pub(super) fn with_vectors(loops: impl FnOnce()) {
    Arch::new().dispatch(loops);
}

/// y = f(x). `x` is as long as `out`.
pub(super) fn map1<F: Unary>(f: F, x: &[f64], out: &mut [f64]) {
    dispatch(Row1 { f, x: &x[..out.len()], out });
}

/// y = f(a, b); a stride is 1, or 0 for one number. An argument is as long as `out`, or longer.
pub(super) fn map2<F: Binary>(f: F, a: &[f64], b: &[f64], strides: [usize; 2], out: &mut [f64]) {
    if out.is_empty() {
        return;
    }
    match strides {
        [1, 1] => dispatch(Row2::<F, 1, 1> { f, a, b, out }),
        [1, _] => dispatch(Row2::<F, 1, 0> { f, a, b, out }),
        [_, 1] => dispatch(Row2::<F, 0, 1> { f, a, b, out }),
        _ => {
            let (first, rest) = out.split_at_mut(1);
            dispatch(Row2::<F, 1, 1> { f, a: &a[..1], b: &b[..1], out: first });
            rest.fill(first[0]);
        }
    }
}

/// y = a where c is not 0, else b; strides as for [`map2`].
pub(super) fn select(c: &[f64], a: &[f64], b: &[f64], strides: [usize; 3], out: &mut [f64]) {
    if out.is_empty() {
        return;
    }
    match strides {
        [0, _, _] => {
            let (from, stride) = if c[0] != 0.0 { (a, strides[1]) } else { (b, strides[2]) };
            match stride {
                0 => out.fill(from[0]),
                _ => out.copy_from_slice(&from[..out.len()]),
            }
        }
        [_, 0, 0] => dispatch(SelectRow::<0, 0> { c, a, b, out }),
        [_, 0, _] => dispatch(SelectRow::<0, 1> { c, a, b, out }),
        [_, _, 0] => dispatch(SelectRow::<1, 0> { c, a, b, out }),
        _ => dispatch(SelectRow::<1, 1> { c, a, b, out }),
    }
}

/// out += x
pub(super) fn accumulate(x: &[f64], out: &mut [f64]) {
    with_vectors(
        #[inline(always)]
        || add_row(x, out),
    );
}

/// The same with the instructions of its caller.
#[inline(always)]
pub(super) fn add_row(x: &[f64], out: &mut [f64]) {
    debug_assert!(x.len() == out.len(), "{} numbers are added to {}", x.len(), out.len());
    for (y, x) in out.iter_mut().zip(x) {
        *y += x;
    }
}

/// A loop that can run over parts of its row.
trait Row {
    /// Whether one number costs much more than its way through memory.
    const COSTLY: bool;

    fn len(&self) -> usize;

    fn run(&mut self, range: Range<usize>);

    /// What is left to do after that.
    #[inline(always)]
    fn finish(&mut self) {}
}

/// Runs over all of a row, with the instructions of the processor unless it is too short for them to pay. What is costly is
/// never: fused multiply-add is slow without.
#[inline(always)]
fn dispatch<R: Row>(row: R) {
    if row.len() < WIDTH && !R::COSTLY {
        Whole(row).call();
    } else {
        Arch::new().dispatch(Whole(row));
    }
}

/// All of a row, in whole vectors if it is costly and as long: the last one may overlap that before.
struct Whole<R>(R);

impl<R: Row> NullaryFnOnce for Whole<R> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut row = self.0;
        let n = row.len();
        if n < WIDTH {
            row.run(0..n);
            return row.finish();
        }
        let mut range = 0..if R::COSTLY { n - n % WIDTH } else { n };
        loop {
            row.run(range.clone());
            if range.end == n {
                break;
            }
            range = n - WIDTH..n;
        }
        row.finish();
    }
}

struct Row1<'a, F> {
    f: F,
    x: &'a [f64],
    out: &'a mut [f64],
}

impl<F: Unary> Row for Row1<'_, F> {
    const COSTLY: bool = F::COSTLY;

    #[inline(always)]
    fn len(&self) -> usize {
        self.out.len()
    }

    #[inline(always)]
    fn run(&mut self, range: Range<usize>) {
        for (y, &x) in self.out[range.clone()].iter_mut().zip(&self.x[range]) {
            *y = self.f.value(x);
        }
    }

    #[inline(always)]
    fn finish(&mut self) {
        let f = self.f;
        if self.x.iter().fold(false, |any, &x| any | f.is_exception(x)) {
            for (y, &x) in self.out.iter_mut().zip(self.x) {
                if f.is_exception(x) {
                    *y = f.exception(x);
                }
            }
        }
    }
}

struct Row2<'a, F, const A: usize, const B: usize> {
    f: F,
    a: &'a [f64],
    b: &'a [f64],
    out: &'a mut [f64],
}

impl<F: Binary, const A: usize, const B: usize> Row for Row2<'_, F, A, B> {
    const COSTLY: bool = F::COSTLY;

    #[inline(always)]
    fn len(&self) -> usize {
        self.out.len()
    }

    #[inline(always)]
    fn run(&mut self, range: Range<usize>) {
        let f = self.f;
        let (a, b) = (part::<A>(self.a, &range), part::<B>(self.b, &range));
        let out = &mut self.out[range];
        // no index into a slice: its check would stand in the way of whole vectors
        match [A, B] {
            [1, 1] => out.iter_mut().zip(a).zip(b).for_each(|((y, &a), &b)| *y = f.value(a, b)),
            [1, _] => {
                let b = b[0];
                out.iter_mut().zip(a).for_each(|(y, &a)| *y = f.value(a, b));
            }
            _ => {
                let a = a[0];
                out.iter_mut().zip(b).for_each(|(y, &b)| *y = f.value(a, b));
            }
        }
    }
}

struct SelectRow<'a, const A: usize, const B: usize> {
    c: &'a [f64],
    a: &'a [f64],
    b: &'a [f64],
    out: &'a mut [f64],
}

impl<const A: usize, const B: usize> Row for SelectRow<'_, A, B> {
    const COSTLY: bool = false;

    #[inline(always)]
    fn len(&self) -> usize {
        self.out.len()
    }

    #[inline(always)]
    fn run(&mut self, range: Range<usize>) {
        let (a, b) = (part::<A>(self.a, &range), part::<B>(self.b, &range));
        let terms = self.out[range.clone()].iter_mut().zip(&self.c[range]);
        match [A, B] {
            [1, 1] => terms.zip(a).zip(b).for_each(|(((y, &c), &a), &b)| *y = choose(c, a, b)),
            [1, _] => {
                let b = b[0];
                terms.zip(a).for_each(|((y, &c), &a)| *y = choose(c, a, b));
            }
            [_, 1] => {
                let a = a[0];
                terms.zip(b).for_each(|((y, &c), &b)| *y = choose(c, a, b));
            }
            _ => {
                let (a, b) = (a[0], b[0]);
                terms.for_each(|(y, &c)| *y = choose(c, a, b));
            }
        }
    }
}

#[inline(always)]
fn choose(c: f64, a: f64, b: f64) -> f64 {
    if c != 0.0 { a } else { b }
}

/// What a loop over the range reads of an argument with this stride, 0 or 1.
#[inline(always)]
fn part<'a, const STRIDE: usize>(x: &'a [f64], range: &Range<usize>) -> &'a [f64] {
    if STRIDE == 0 { &x[..1] } else { &x[range.clone()] }
}
