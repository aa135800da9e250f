//! The pass itself: a block of elements through all steps, then the next.

use std::ops::Range;

use super::{Fused, Index, MAX_ARGS, Place, Step, Target};
use crate::tape::code::Around;
use crate::tape::op::Operand;
use crate::tape::vector::{BLOCK_ROWS, Partial};

/// Numbers of a block: a few dozen blocks fit the fastest cache.
const BLOCK: usize = 512;

/// One pass.
struct Pass<'a> {
    fused: &'a Fused,
    args: &'a [Operand<'a>],
    lanes: usize,
    /// Numbers of a register.
    width: usize,
    /// First element of the block, and how many there are.
    start: usize,
    len: usize,
}

/// What a step can read.
struct Memory<'r> {
    registers: Around<'r>,
    out: Around<'r>,
}

impl Fused {
    /// Elements of a block, a power of two, so that blocks of rows that are summed up begin where blocks of elements do.
    fn block(&self, lanes: usize) -> usize {
        let most = (BLOCK / lanes.max(1)).max(1);
        (1 << most.ilog2()).max(self.row).min(self.n)
    }

    pub(super) fn scratch_size(&self, lanes: usize) -> usize {
        let width = self.block(lanes) * lanes;
        self.n_registers * width + self.n_partial * lanes
    }

    pub(super) fn run(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        let block = self.block(lanes);
        let width = block * lanes;
        let (registers, rest) = scratch.split_at_mut(self.n_registers * width);
        let partial = &mut rest[..self.n_partial * lanes];
        partial.fill(0.0);
        for step in &self.steps {
            if let Step::Add { offset, size, .. } = step {
                out[offset * lanes..(offset + size) * lanes].fill(0.0);
            }
        }
        let mut pass = Pass { fused: self, args, lanes, width, start: 0, len: block };
        while pass.start < self.n {
            pass.len = block.min(self.n - pass.start);
            for step in &self.steps {
                pass.step(step, registers, partial, out);
            }
            pass.start += pass.len;
        }
    }
}

impl<'a> Pass<'a> {
    fn step(&self, step: &Step, registers: &mut [f64], partial: &mut [f64], out: &mut [f64]) {
        let Pass { lanes, width, start, len, .. } = *self;
        let numbers = len * lanes;
        match step {
            Step::Load { argument, index, stays, to } => {
                let repeats = |period: usize| (width / lanes).is_multiple_of(period);
                if *stays && start > 0 && index.period().is_some_and(repeats) {
                    return;
                }
                let (_, to) = self.split(*to, registers, out);
                self.load(&self.args[*argument], index, to);
            }
            Step::Spread { argument, is_one, to } => {
                let argument = &self.args[*argument];
                if self.in_place(argument).is_some() || *is_one && start > 0 {
                    return;
                }
                let (inner, size) = if *is_one { (self.fused.n, 1) } else { (1, self.fused.n) };
                let index = Index::Cycle { inner, size };
                self.load(argument, &index, &mut registers[to * width..to * width + numbers]);
            }
            Step::Map { op, args, to } => {
                let (memory, to) = self.split(*to, registers, out);
                let mut rows: [&[f64]; MAX_ARGS] = [&[]; MAX_ARGS];
                for (row, place) in rows.iter_mut().zip(args) {
                    *row = self.read(*place, &memory);
                }
                op.map(&rows[..args.len()], to);
            }
            Step::Add { from, index, offset, size, partial: place } => {
                let (before, to) = out.split_at_mut(offset * lanes);
                let (to, after) = to.split_at_mut(size * lanes);
                let out = Around::of(before, to.len(), after);
                let row = self.read(*from, &Memory { registers: Around::whole(registers), out });
                let Some(place) = *place else { return self.add(row, index, to) };
                let width = size * lanes;
                let mut sums = Partial::new(&mut partial[place * lanes..], width);
                sums.add(start / size, row);
                let end = start + len;
                if (end / size).is_multiple_of(BLOCK_ROWS) || end == self.fused.n {
                    sums.collect(to);
                }
            }
        }
    }

    /// The block of a target, and all the rest to be read.
    #[inline(always)]
    fn split<'r>(
        &self,
        to: Target,
        registers: &'r mut [f64],
        out: &'r mut [f64],
    ) -> (Memory<'r>, &'r mut [f64]) {
        let numbers = self.len * self.lanes;
        match to {
            Target::Register(register) => {
                let (registers, block) = Around::split(registers, register * self.width, numbers);
                (Memory { registers, out: Around::whole(out) }, block)
            }
            Target::Value(offset) => {
                let (out, block) = Around::split(out, (offset + self.start) * self.lanes, numbers);
                (Memory { registers: Around::whole(registers), out }, block)
            }
        }
    }

    #[inline(always)]
    fn read<'r>(&self, place: Place, memory: &Memory<'r>) -> &'r [f64]
    where
        'a: 'r,
    {
        let numbers = self.len * self.lanes;
        let register = |register: usize| memory.registers.get(register * self.width, numbers);
        match place {
            Place::Register(r) => register(r),
            Place::Value(offset) => memory.out.get((offset + self.start) * self.lanes, numbers),
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
        if lanes == 1 {
            let mut block = block.iter();
            return index.for_each(self.elements(), |at| to[at] += block.next().unwrap_or(&0.0));
        }
        let mut rows = block.chunks_exact(lanes);
        index.for_each(self.elements(), |at| {
            add(rows.next().unwrap_or(&[]), &mut to[at * lanes..(at + 1) * lanes]);
        });
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

fn add(row: &[f64], to: &mut [f64]) {
    for (y, x) in to.iter_mut().zip(row) {
        *y += x;
    }
}
