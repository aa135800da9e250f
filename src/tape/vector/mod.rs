//! Loops over rows of numbers, compiled for several instruction sets; the best that the processor has runs.
//!
//! A value does not depend on the instruction set: nothing is reordered and nothing is fused, and sums have an order of
//! their own.

mod logsumexp;
mod sum;

use std::ops::Range;

use pulp::{Arch, NullaryFnOnce};

use super::ops::elementwise::{Binary, Unary};

pub(super) use logsumexp::logsumexp;
pub(super) use sum::sum_rows;

/// Numbers in the widest vectors.
const WIDTH: usize = 8;

/// y = f(x). `x` is as long as `out`.
pub(super) fn map1<F: Unary>(f: F, x: &[f64], out: &mut [f64]) {
    Arch::new().dispatch(Row1 { f, x: &x[..out.len()], out });
}

/// y = f(a, b); a stride is 1, or 0 for one number. An argument is as long as `out`, or longer.
pub(super) fn map2<F: Binary>(f: F, a: &[f64], b: &[f64], strides: [usize; 2], out: &mut [f64]) {
    if out.is_empty() {
        return;
    }
    match strides {
        [1, 1] => Arch::new().dispatch(Row2::<F, 1, 1> { f, a, b, out }),
        [1, _] => Arch::new().dispatch(Row2::<F, 1, 0> { f, a, b, out }),
        [_, 1] => Arch::new().dispatch(Row2::<F, 0, 1> { f, a, b, out }),
        _ => out.fill(f.value(a[0], b[0])),
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
        [_, 0, 0] => Arch::new().dispatch(SelectRow::<0, 0> { c, a, b, out }),
        [_, 0, _] => Arch::new().dispatch(SelectRow::<0, 1> { c, a, b, out }),
        [_, _, 0] => Arch::new().dispatch(SelectRow::<1, 0> { c, a, b, out }),
        _ => Arch::new().dispatch(SelectRow::<1, 1> { c, a, b, out }),
    }
}

/// A loop that can run over parts of its row.
trait Row {
    /// Whether one number costs much more than its way through memory.
    const COSTLY: bool;

    fn len(&self) -> usize;

    fn run(&mut self, range: Range<usize>);
}

/// Runs over all of a row, in whole vectors if it is costly and long enough: the last one may overlap that before.
#[inline(always)]
fn run<R: Row>(row: &mut R) {
    let n = row.len();
    let mut range = 0..if R::COSTLY && n >= WIDTH { n - n % WIDTH } else { n };
    loop {
        row.run(range.clone());
        if range.end == n {
            return;
        }
        range = n - WIDTH..n;
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
}

impl<F: Unary> NullaryFnOnce for Row1<'_, F> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        run(&mut self);
        let Row1 { f, x, out } = self;
        if x.iter().fold(false, |any, &x| any | f.is_exception(x)) {
            for (y, &x) in out.iter_mut().zip(x) {
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
        let (a, b) = (part::<A>(self.a, &range), part::<B>(self.b, &range));
        for (i, y) in self.out[range].iter_mut().enumerate() {
            *y = self.f.value(a[i * A], b[i * B]);
        }
    }
}

impl<F: Binary, const A: usize, const B: usize> NullaryFnOnce for Row2<'_, F, A, B> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        run(&mut self);
    }
}

struct SelectRow<'a, const A: usize, const B: usize> {
    c: &'a [f64],
    a: &'a [f64],
    b: &'a [f64],
    out: &'a mut [f64],
}

impl<const A: usize, const B: usize> NullaryFnOnce for SelectRow<'_, A, B> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let range = 0..self.out.len();
        let (c, a, b) = (&self.c[range.clone()], part::<A>(self.a, &range), part::<B>(self.b, &range));
        for (i, y) in self.out.iter_mut().enumerate() {
            let (a, b) = (a[i * A], b[i * B]);
            *y = if c[i] != 0.0 { a } else { b };
        }
    }
}

/// What a loop over the range reads of an argument with this stride, 0 or 1.
#[inline(always)]
fn part<'a, const STRIDE: usize>(x: &'a [f64], range: &Range<usize>) -> &'a [f64] {
    if STRIDE == 0 { &x[..1] } else { &x[range.clone()] }
}
