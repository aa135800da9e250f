//! One block of elements through a step: reads, the computation, and what is written or added up.

use std::ops::Range;

use super::{Fused, Index, MAX_ARGS, Place, Step, Sums, Target};
use crate::tape::code::Around;
use crate::tape::kernel;
use crate::tape::op::Operand;
use crate::tape::vector::{BLOCK_ROWS, Factor, Partial, accumulate, add_row, multiply_on, with_vectors};

/// Consecutive chunks on one thread.
pub struct Pass<'a> {
    pub fused: &'a Fused,
    pub args: &'a [Operand<'a>],
    pub lanes: usize,
    /// Numbers of a register.
    pub width: usize,
    /// First element of the first chunk.
    pub origin: usize,
    /// First element of the block, and how many there are.
    pub start: usize,
    pub len: usize,
}

/// What the chunks of a pass write to.
pub struct Outputs<'w, 'v> {
    /// Elements of the arrays of the value.
    pub values: &'w mut [&'v mut [f64]],
    pub registers: &'w mut [f64],
    pub partial: &'w mut [f64],
    /// Of the chunk.
    pub sums: &'w mut [f64],
}

/// What a step can read.
struct Memory<'r, 'v> {
    registers: Around<'r>,
    /// Arrays of the value, but for the one that is being written.
    before: &'r [&'v mut [f64]],
    after: &'r [&'v mut [f64]],
}

impl<'r, 'v> Memory<'r, 'v> {
    fn all(registers: &'r [f64], values: &'r [&'v mut [f64]]) -> Memory<'r, 'v> {
        Memory { registers: Around::whole(registers), before: values, after: &[] }
    }

    #[inline(always)]
    fn value(&self, k: usize) -> &'r [f64] {
        match k.checked_sub(self.before.len()) {
            Some(k) => &*self.after[k - 1],
            None => &*self.before[k],
        }
    }
}

impl<'a> Pass<'a> {
    /// Takes the block through a step.
    pub fn step(&self, step: &Step, outputs: &mut Outputs<'_, '_>) {
        let Pass { lanes, width, start, len, .. } = *self;
        let numbers = len * lanes;
        let is_first = start == self.origin;
        match step {
            Step::Load { argument, index, stays, to } => {
                let repeats = |period: usize| (width / lanes).is_multiple_of(period);
                if *stays && !is_first && index.period().is_some_and(repeats) {
                    return;
                }
                let (_, to) = self.split(*to, outputs);
                self.load(&self.args[*argument], index, to);
            }
            Step::Spread { argument, is_one, to } => {
                let argument = &self.args[*argument];
                if self.in_place(argument).is_some() || *is_one && !is_first {
                    return;
                }
                let (inner, size) = if *is_one { (self.fused.n, 1) } else { (1, self.fused.n) };
                let index = Index::Cycle { inner, size };
                self.load(argument, &index, &mut outputs.registers[to * width..to * width + numbers]);
            }
            Step::Map { op, args, to } => {
                let (memory, to) = self.split(*to, outputs);
                let mut rows: [&[f64]; MAX_ARGS] = [&[]; MAX_ARGS];
                for (row, place) in rows.iter_mut().zip(args) {
                    *row = self.read(*place, &memory);
                }
                op.map(&rows[..args.len()], to);
            }
            Step::Add { from, index, to, partial: None } => {
                let row = self.read(*from, &Memory::all(outputs.registers, outputs.values));
                self.add(row, index, self.sums(*to, outputs.sums));
            }
            Step::Add { from, to, partial: Some(partial), .. } => {
                let rows = self.read(*from, &Memory::all(outputs.registers, outputs.values));
                let to = self.sums(*to, outputs.sums);
                let row = to.len() / lanes;
                let mut partial = Partial::new(&mut outputs.partial[partial * lanes..], to.len());
                self.for_each_group(row, |rows_here, numbers, ends| {
                    partial.add(rows_here.start, &rows[numbers]);
                    if ends {
                        partial.collect(to);
                    }
                });
            }
            Step::Product { matrix, factor, shape: [_, terms, columns], to } => {
                let (matrix, factor) = (&self.args[*matrix], &self.args[*factor]);
                let (_, to) = self.split(*to, outputs);
                let rows = start / columns..(start + len) / columns;
                let shape = [rows.len(), *terms, *columns];
                let row = terms * matrix.lanes;
                let a = &matrix.data[rows.start * row..rows.end * row];
                let a = Factor::new(a, [rows.len(), *terms], false, matrix.lanes);
                let b = Factor::new(factor.data, [*terms, *columns], false, factor.lanes);
                if lanes > 1 && matrix.lanes == 1 && factor.lanes == 1 {
                    // the same in all lanes
                    to[..len].fill(0.0);
                    multiply_on(&a, &b, shape, &mut to[..len], 1);
                    return kernel::spread(to, lanes);
                }
                to.fill(0.0);
                multiply_on(&a, &b, shape, to, lanes);
            }
            Step::AddProduct { matrix, from, shape: [_, terms, columns], to, partial } => {
                let matrix = &self.args[*matrix];
                let factor = self.read(*from, &Memory::all(outputs.registers, outputs.values));
                let to = self.sums(*to, outputs.sums);
                let partial = &mut outputs.partial[partial * lanes..][..to.len()];
                let row = terms * matrix.lanes;
                self.for_each_group(*columns, |rows, numbers, ends| {
                    let a = &matrix.data[rows.start * row..rows.end * row];
                    let a = Factor::new(a, [*terms, rows.len()], true, matrix.lanes);
                    let b = Factor::new(&factor[numbers], [rows.len(), *columns], false, lanes);
                    multiply_on(&a, &b, [*terms, rows.len(), *columns], partial, lanes);
                    if ends {
                        accumulate(partial, to);
                        partial.fill(0.0);
                    }
                });
            }
        }
    }

    /// Calls `f(rows, their numbers in the block, whether partial sums are collected after them)`: the groups of rows that
    /// are collected do not depend on the blocks.
    #[inline(always)]
    fn for_each_group(&self, row: usize, mut f: impl FnMut(Range<usize>, Range<usize>, bool)) {
        let (first, end) = (self.start / row, (self.start + self.len) / row);
        let mut start = first;
        while start < end {
            let stop = end.min((start / BLOCK_ROWS + 1) * BLOCK_ROWS);
            let ends = stop.is_multiple_of(BLOCK_ROWS) || stop * row == self.fused.n;
            let width = row * self.lanes;
            f(start..stop, (start - first) * width..(stop - first) * width, ends);
            start = stop;
        }
    }

    fn sums<'s>(&self, Sums { offset, size }: Sums, sums: &'s mut [f64]) -> &'s mut [f64] {
        &mut sums[offset * self.lanes..(offset + size) * self.lanes]
    }

    /// The block of a target, and all the rest to be read.
    #[inline(always)]
    fn split<'r, 'v>(&self, to: Target, outputs: &'r mut Outputs<'_, 'v>) -> (Memory<'r, 'v>, &'r mut [f64]) {
        let numbers = self.len * self.lanes;
        let (values, registers) = (&mut *outputs.values, &mut *outputs.registers);
        match to {
            Target::Register(register) => {
                let (registers, block) = Around::split(registers, register * self.width, numbers);
                (Memory { registers, before: values, after: &[] }, block)
            }
            Target::Value(k) => {
                let (before, rest) = values.split_at_mut(k);
                let (own, after) = rest.split_at_mut(1);
                let block = &mut own[0][self.in_values()];
                (Memory { registers: Around::whole(registers), before, after }, block)
            }
        }
    }

    /// Numbers of the block in the arrays of the value.
    #[inline(always)]
    fn in_values(&self) -> Range<usize> {
        let start = (self.start - self.origin) * self.lanes;
        start..start + self.len * self.lanes
    }

    #[inline(always)]
    fn read<'r>(&self, place: Place, memory: &Memory<'r, '_>) -> &'r [f64]
    where
        'a: 'r,
    {
        let numbers = self.len * self.lanes;
        let register = |register: usize| memory.registers.get(register * self.width, numbers);
        match place {
            Place::Register(r) => register(r),
            Place::Value(k) => &memory.value(k)[self.in_values()],
            Place::Argument { argument, register: r } => {
                self.in_place(&self.args[argument]).unwrap_or_else(|| register(r))
            }
        }
    }

    /// The elements of the block.
    #[inline(always)]
    fn elements(&self) -> Range<usize> {
        self.start..self.start + self.len
    }

    /// Adds the elements of a block.
    fn add(&self, block: &[f64], index: &Index, to: &mut [f64]) {
        let lanes = self.lanes;
        debug_assert_eq!(block.len(), self.len * lanes, "a number for each lane of the elements");
        if lanes == 1 {
            let mut block = block.iter();
            return index.for_each(self.elements(), |at| to[at] += block.next().unwrap_or(&0.0));
        }
        let mut rows = block.chunks_exact(lanes);
        with_vectors(
            #[inline(always)]
            || {
                index.for_each(
                    self.elements(),
                    #[inline(always)]
                    |at| add_row(rows.next().unwrap_or(&[]), &mut to[at * lanes..(at + 1) * lanes]),
                )
            },
        );
    }

    /// The block, or the one number, of an argument where its layout is that of a register.
    #[inline(always)]
    fn in_place(&self, argument: &Operand<'a>) -> Option<&'a [f64]> {
        let (n, lanes, own) = (self.fused.n, self.lanes, argument.lanes);
        if argument.data.len() == own && n > 1 {
            // one element
            return (own == 1).then_some(argument.data);
        }
        if own == lanes {
            return Some(&argument.data[self.start * lanes..(self.start + self.len) * lanes]);
        }
        (n == 1).then_some(argument.data)
    }

    fn load(&self, argument: &Operand<'_>, index: &Index, to: &mut [f64]) {
        let (lanes, data) = (self.lanes, argument.data);
        debug_assert_eq!(to.len(), self.len * lanes, "a number for each lane of the elements");
        if lanes == 1 {
            let mut to = to.iter_mut();
            index.for_each(self.elements(), |at| {
                if let Some(x) = to.next() {
                    *x = data[at];
                }
            });
            return;
        }
        let mut rows = to.chunks_exact_mut(lanes);
        let varies = argument.lanes != 1;
        index.for_each(self.elements(), |at| {
            if let Some(row) = rows.next() {
                if varies {
                    row.copy_from_slice(&data[at * lanes..(at + 1) * lanes])
                } else {
                    row.fill(data[at])
                }
            }
        });
    }
}
