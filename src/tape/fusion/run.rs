//! The pass itself: a block of elements through all steps, then the next; long arrays in chunks, on several threads.

use std::ops::Range;

use super::{BLOCK, Fused, Index, MAX_ARGS, Place, Step, Sums, Target};
use crate::tape::code::Around;
use crate::tape::kernel;
use crate::tape::op::Operand;
use crate::tape::vector::{BLOCK_ROWS, Factor, Partial, accumulate, add_row, multiply_on, with_vectors};

/// Rows of a chunk. Sums are those of the chunks, added in order: the same on any number of threads.
const CHUNK_ROWS: usize = 16 * BLOCK_ROWS;

/// A thread is given at least so many numbers.
const MIN_TASK: usize = 1 << 16;

/// At most so many chunks, or runs of them, are on their way at one time.
const MAX_TASKS: usize = 32;

/// With more arrays in its value, a pass keeps to one thread.
const MAX_VALUES: usize = 32;

/// With more, it allocates a list of them.
const MAX_LISTED: usize = 1024;

/// Consecutive chunks on one thread.
struct Pass<'a> {
    fused: &'a Fused,
    args: &'a [Operand<'a>],
    lanes: usize,
    /// Numbers of a register.
    width: usize,
    /// First element of the first chunk.
    origin: usize,
    /// First element of the block, and how many there are.
    start: usize,
    len: usize,
}

/// What the chunks of a pass write to.
struct Outputs<'w, 'v> {
    /// Elements of the arrays of the value.
    values: &'w mut [&'v mut [f64]],
    registers: &'w mut [f64],
    partial: &'w mut [f64],
    /// Of the chunk.
    sums: &'w mut [f64],
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

/// Chunks that are shared out among threads.
struct Job<'w, 'v> {
    chunks: Range<usize>,
    tasks: usize,
    /// Elements of the chunks.
    values: &'w mut [&'v mut [f64]],
    /// For each task.
    scratch: &'w mut [f64],
    /// Of each chunk.
    sums: &'w mut [f64],
}

impl Fused {
    /// Elements of a block: whole rows, a power of two of them.
    fn block(&self, lanes: usize) -> usize {
        let most = (BLOCK / (lanes * self.row).max(1)).max(1);
        ((1 << most.ilog2()) * self.row).min(self.n)
    }

    fn chunk(&self) -> usize {
        // The sums of all chunks are a small part of what is summed up.
        if self.n_sums <= CHUNK_ROWS / 4 { CHUNK_ROWS * self.row } else { self.n }
    }

    fn n_chunks(&self) -> usize {
        self.n.div_ceil(self.chunk())
    }

    /// Numbers that a task works with: registers, and partial sums.
    fn task_scratch(&self, lanes: usize) -> [usize; 2] {
        [self.n_registers * self.block(lanes) * lanes, self.n_partial * lanes]
    }

    pub(super) fn scratch_size(&self, lanes: usize) -> usize {
        let [registers, partial] = self.task_scratch(lanes);
        match self.n_chunks() {
            1 => registers + partial,
            n => (registers + partial) * n.min(MAX_TASKS) + n * self.n_sums * lanes,
        }
    }

    /// Chunks, or runs of them, that are on their way at one time.
    pub(super) fn n_tasks(&self, lanes: usize, threads: usize) -> usize {
        match threads {
            _ if self.n_values > MAX_VALUES => 1,
            0 | 1 => 1,
            _ => (self.n * lanes / MIN_TASK).clamp(1, self.n_chunks().min(MAX_TASKS).min(4 * threads)),
        }
    }

    pub(super) fn run(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        let (values, sums) = out.split_at_mut(self.n_values * self.n * lanes);
        let mut arrays = values.chunks_exact_mut(self.n * lanes);
        match self.n_values {
            0..=MAX_VALUES => {
                let mut few: [&mut [f64]; MAX_VALUES] = listed(arrays);
                self.run_all(args, &mut few[..self.n_values], sums, lanes, scratch);
            }
            n if n <= MAX_LISTED => {
                let mut many: [&mut [f64]; MAX_LISTED] = listed(arrays);
                self.run_all(args, &mut many[..self.n_values], sums, lanes, scratch);
            }
            _ => {
                let mut all: Vec<&mut [f64]> = arrays.by_ref().collect();
                self.run_all(args, &mut all, sums, lanes, scratch);
            }
        }
    }

    /// The pass, given the arrays of its value and the sums.
    fn run_all(
        &self,
        args: &[Operand<'_>],
        values: &mut [&mut [f64]],
        sums: &mut [f64],
        lanes: usize,
        scratch: &mut [f64],
    ) {
        sums.fill(0.0);
        let n_chunks = self.n_chunks();
        if n_chunks == 1 {
            return self.run_chunks(args, lanes, Job { chunks: 0..1, tasks: 1, values, scratch, sums });
        }
        let tasks = self.n_tasks(lanes, rayon::current_num_threads());
        let (of_chunks, scratch) = scratch.split_at_mut(n_chunks * sums.len());
        of_chunks.fill(0.0);
        self.share(args, lanes, Job { chunks: 0..n_chunks, tasks, values, scratch, sums: of_chunks });
        if !sums.is_empty() {
            of_chunks.chunks_exact(sums.len()).for_each(|of_chunk| accumulate(of_chunk, sums));
        }
    }

    /// Halves a job until it is a single task.
    fn share(&self, args: &[Operand<'_>], lanes: usize, job: Job<'_, '_>) {
        if job.tasks == 1 {
            return self.run_chunks(args, lanes, job);
        }
        let Job { chunks, tasks, values, scratch, sums } = job;
        let first = tasks / 2;
        let middle = chunks.start + chunks.len() * first / tasks;
        let n_chunks = middle - chunks.start;
        let mut rest: [&mut [f64]; MAX_VALUES] = Default::default();
        let mut here: [&mut [f64]; MAX_VALUES] = Default::default();
        let n_values = values.len();
        for ((value, here), rest) in values.iter_mut().zip(&mut here).zip(&mut rest) {
            (*here, *rest) = value.split_at_mut(n_chunks * self.chunk() * lanes);
        }
        let per_task = self.task_scratch(lanes).iter().sum::<usize>();
        let (scratch, later_scratch) = scratch.split_at_mut(first * per_task);
        let (sums, later_sums) = sums.split_at_mut(n_chunks * self.n_sums * lanes);
        let now =
            Job { chunks: chunks.start..middle, tasks: first, values: &mut here[..n_values], scratch, sums };
        let later = Job {
            chunks: middle..chunks.end,
            tasks: tasks - first,
            values: &mut rest[..n_values],
            scratch: later_scratch,
            sums: later_sums,
        };
        rayon::join(|| self.share(args, lanes, now), || self.share(args, lanes, later));
    }

    fn run_chunks(&self, args: &[Operand<'_>], lanes: usize, job: Job<'_, '_>) {
        let Job { chunks, values, scratch, sums, .. } = job;
        let (block, chunk, n_sums) = (self.block(lanes), self.chunk(), self.n_sums * lanes);
        let [registers, partial] = self.task_scratch(lanes);
        let (registers, rest) = scratch.split_at_mut(registers);
        let partial = &mut rest[..partial];
        partial.fill(0.0);
        let origin = chunks.start * chunk;
        let mut pass =
            Pass { fused: self, args, lanes, width: block * lanes, origin, start: origin, len: block };
        for (k, own) in chunks.enumerate() {
            let end = ((own + 1) * chunk).min(self.n);
            let sums = &mut sums[k * n_sums..(k + 1) * n_sums];
            let mut outputs = Outputs { values, registers, partial, sums };
            while pass.start < end {
                pass.len = block.min(end - pass.start);
                for step in &self.steps {
                    pass.step(step, &mut outputs);
                }
                pass.start += pass.len;
            }
        }
    }
}

impl<'a> Pass<'a> {
    fn step(&self, step: &Step, outputs: &mut Outputs<'_, '_>) {
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

fn listed<'a, const N: usize>(mut arrays: impl Iterator<Item = &'a mut [f64]>) -> [&'a mut [f64]; N] {
    std::array::from_fn(|_| arrays.next().unwrap_or_default())
}
