//! Elementwise functions as kernels, each made for a length and the best instruction set that the processor has.

use std::fmt::{Debug, Formatter, Result};

use pulp::{Arch, NullaryFnOnce, Scalar, Simd, WithSimd};

use super::logsumexp::{FEW, few};
use super::sum::SumRows;
use super::{Row, Row1, Row2, SelectRow, WIDTH, Whole, choose};
use crate::tape::code::{Around, Kernel, Places};
use crate::tape::ops::elementwise::{Binary, Unary};

/// y = f(x) for `len` numbers.
pub(in crate::tape) fn kernel1<F: Unary>(f: F, len: usize) -> Box<dyn Kernel> {
    made(len, One1(f), Make1(f))
}

/// y = f(a, b) for `len` numbers, where either of a and b, but not both, can be one number.
pub(in crate::tape) fn kernel2<F: Binary>(f: F, len: usize, is_one: [bool; 2]) -> Box<dyn Kernel> {
    match is_one {
        [true, _] => made(len, One2(f), Make2::<F, 0, 1>(f)),
        [_, true] => made(len, One2(f), Make2::<F, 1, 0>(f)),
        _ => made(len, One2(f), Make2::<F, 1, 1>(f)),
    }
}

/// y = a where c is not 0, else b, for `len` numbers, where either of a and b can be one number.
pub(in crate::tape) fn kernel_select(len: usize, is_one: [bool; 2]) -> Box<dyn Kernel> {
    match is_one {
        [true, true] => made(len, SelectOne, MakeSelect::<0, 0>),
        [true, _] => made(len, SelectOne, MakeSelect::<0, 1>),
        [_, true] => made(len, SelectOne, MakeSelect::<1, 0>),
        _ => made(len, SelectOne, MakeSelect::<1, 1>),
    }
}

/// The sum of `n` rows of `width` numbers each.
pub(in crate::tape) fn kernel_sum(n: usize, width: usize) -> Box<dyn Kernel> {
    match n * width {
        0..WIDTH => MakeSum(n).with_simd(Scalar),
        _ => Arch::new().dispatch(MakeSum(n)),
    }
}

/// log sum exp over each of some groups of `n` rows of `width` numbers, `size` in all; `None` where vectors serve better.
pub(in crate::tape) fn kernel_logsumexp(n: usize, width: usize, size: usize) -> Option<Box<dyn Kernel>> {
    (size <= FEW).then(|| Arch::new().dispatch(MakeLogSumExp { n, width, size }))
}

/// out = sum_k w_k x_k, each weight with the position of its numbers and its step: what [`Places`] has no room for.
pub(in crate::tape) fn kernel_combination(terms: Box<[(f64, usize, isize)]>) -> Box<dyn Kernel> {
    Arch::new().dispatch(MakeCombination(terms))
}

/// The kernel for one number, or one for rows: with vectors unless they are too short for them.
fn made(
    len: usize,
    one: impl Kernel + 'static,
    rows: impl WithSimd<Output = Box<dyn Kernel>>,
) -> Box<dyn Kernel> {
    match len {
        1 => Box::new(one),
        _ if len < WIDTH => rows.with_simd(Scalar),
        _ => Arch::new().dispatch(rows),
    }
}

struct Make1<F>(F);
struct Make2<F, const A: usize, const B: usize>(F);
struct MakeSelect<const A: usize, const B: usize>;

impl<F: Unary> WithSimd for Make1<F> {
    type Output = Box<dyn Kernel>;

    fn with_simd<S: Simd>(self, simd: S) -> Box<dyn Kernel> {
        Box::new(Rows1(self.0, simd))
    }
}

impl<F: Binary, const A: usize, const B: usize> WithSimd for Make2<F, A, B> {
    type Output = Box<dyn Kernel>;

    fn with_simd<S: Simd>(self, simd: S) -> Box<dyn Kernel> {
        Box::new(Rows2::<F, S, A, B>(self.0, simd))
    }
}

impl<const A: usize, const B: usize> WithSimd for MakeSelect<A, B> {
    type Output = Box<dyn Kernel>;

    fn with_simd<S: Simd>(self, simd: S) -> Box<dyn Kernel> {
        Box::new(SelectRows::<S, A, B>(simd))
    }
}

struct MakeSum(usize);

impl WithSimd for MakeSum {
    type Output = Box<dyn Kernel>;

    fn with_simd<S: Simd>(self, simd: S) -> Box<dyn Kernel> {
        Box::new(Sum(self.0, simd))
    }
}

#[derive(Clone, Copy)]
struct MakeLogSumExp {
    n: usize,
    width: usize,
    size: usize,
}

impl WithSimd for MakeLogSumExp {
    type Output = Box<dyn Kernel>;

    fn with_simd<S: Simd>(self, simd: S) -> Box<dyn Kernel> {
        Box::new(LogSumExp(self, simd))
    }
}

struct MakeCombination(Box<[(f64, usize, isize)]>);

impl WithSimd for MakeCombination {
    type Output = Box<dyn Kernel>;

    fn with_simd<S: Simd>(self, simd: S) -> Box<dyn Kernel> {
        Box::new(Combination(self.0, simd))
    }
}

struct One1<F>(F);
struct One2<F>(F);
struct Rows1<F, S>(F, S);
struct Rows2<F, S, const A: usize, const B: usize>(F, S);
struct SelectOne;
struct Sum<S>(usize, S);
struct LogSumExp<S>(MakeLogSumExp, S);
struct Combination<S>(Box<[(f64, usize, isize)]>, S);
struct SelectRows<S, const A: usize, const B: usize>(S);

impl<F: Unary> Kernel for One1<F> {
    fn run(&self, memory: &mut [f64], at: &Places, _t: usize) {
        let (f, x) = (self.0, memory[at.args[0]]);
        memory[at.out] = if f.is_exception(x) { f.exception(x) } else { f.value(x) };
    }
}

impl<F: Binary> Kernel for One2<F> {
    fn run(&self, memory: &mut [f64], at: &Places, _t: usize) {
        memory[at.out] = self.0.value(memory[at.args[0]], memory[at.args[1]]);
    }
}

impl Kernel for SelectOne {
    fn run(&self, memory: &mut [f64], at: &Places, _t: usize) {
        memory[at.out] = choose(memory[at.args[0]], memory[at.args[1]], memory[at.args[2]]);
    }
}

/// Runs over all of a row with these instructions.
struct Loop<R>(R);

impl<R: Row> NullaryFnOnce for Loop<R> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut row = self.0;
        if row.len() < WIDTH {
            row.run(0..row.len());
            row.finish();
        } else {
            Whole(row).call();
        }
    }
}

impl<F: Unary, S: Simd> Kernel for Rows1<F, S> {
    fn run(&self, memory: &mut [f64], at: &Places, _t: usize) {
        let (rest, out) = Around::split(memory, at.out, at.len);
        let x = rest.get(at.args[0], at.len);
        self.1.vectorize(Loop(Row1 { f: self.0, x, out }));
    }
}

impl<F: Binary, S: Simd, const A: usize, const B: usize> Kernel for Rows2<F, S, A, B> {
    fn run(&self, memory: &mut [f64], at: &Places, _t: usize) {
        let (rest, out) = Around::split(memory, at.out, at.len);
        let [a, b] = [row::<A>(&rest, at, 0), row::<B>(&rest, at, 1)];
        self.1.vectorize(Loop(Row2::<F, A, B> { f: self.0, a, b, out }));
    }
}

impl<S: Simd, const A: usize, const B: usize> Kernel for SelectRows<S, A, B> {
    fn run(&self, memory: &mut [f64], at: &Places, _t: usize) {
        let (rest, out) = Around::split(memory, at.out, at.len);
        let [a, b] = [row::<A>(&rest, at, 1), row::<B>(&rest, at, 2)];
        self.0.vectorize(Loop(SelectRow::<A, B> { c: rest.get(at.args[0], at.len), a, b, out }));
    }
}

impl<S: Simd> Kernel for Sum<S> {
    fn run(&self, memory: &mut [f64], at: &Places, _t: usize) {
        let (n, width) = (self.0, at.len);
        let (rest, out) = Around::split(memory, at.out, width);
        let rows = rest.get(at.args[0], n * width);
        self.1.vectorize(SumRows { rows, n, width, out });
    }
}

impl<S: Simd> Kernel for LogSumExp<S> {
    fn run(&self, memory: &mut [f64], at: &Places, _t: usize) {
        let MakeLogSumExp { n, width, size } = self.0;
        let (rest, out) = Around::split(memory, at.out, at.len);
        let rows = rest.get(at.args[0], size);
        self.1.vectorize(
            #[inline(always)]
            || few(rows, n, width, out),
        );
    }
}

impl<S: Simd> Kernel for Combination<S> {
    fn run(&self, memory: &mut [f64], at: &Places, t: usize) {
        let (rest, out) = Around::split(memory, at.out, at.len);
        for (k, &(weight, start, by)) in self.0.iter().enumerate() {
            let x = rest.get(start.wrapping_add_signed(by * t as isize), at.len);
            let terms = out.iter_mut().zip(x);
            self.1.vectorize(
                #[inline(always)]
                || match k {
                    0 => terms.for_each(|(y, x)| *y = weight * x),
                    _ => terms.for_each(|(y, x)| *y += weight * x),
                },
            );
        }
    }
}

/// The numbers of an argument with stride 1, or its only one.
#[inline(always)]
fn row<'r, const STRIDE: usize>(rest: &Around<'r>, at: &Places, k: usize) -> &'r [f64] {
    rest.get(at.args[k], if STRIDE == 0 { 1 } else { at.len })
}

macro_rules! named {
    ($(<$($generic:ident $(: $bound:path)?),*; $($constant:ident),*> $type:ty = $name:expr;)*) => {
        $(impl<$($generic $(: $bound)?,)* $(const $constant: usize),*> Debug for $type {
            fn fmt(&self, out: &mut Formatter<'_>) -> Result {
                out.write_str($name)
            }
        })*
    };
}

named! {
    <F: Unary;> One1<F> = F::NAME;
    <F: Binary;> One2<F> = F::NAME;
    <F: Unary, S;> Rows1<F, S> = F::NAME;
    <F: Binary, S; A, B> Rows2<F, S, A, B> = F::NAME;
    <S;> Sum<S> = "sum";
    <S;> LogSumExp<S> = "logsumexp";
    <S;> Combination<S> = "combination";
    <;> SelectOne = "select";
    <S; A, B> SelectRows<S, A, B> = "select";
}
