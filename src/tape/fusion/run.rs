//! A block of elements through all steps, then the next; long arrays in chunks, on several threads.

use std::ops::Range;

use super::pass::{Outputs, Pass};
use super::{BLOCK, Fused};
use crate::tape::op::Operand;
use crate::tape::vector::{BLOCK_ROWS, accumulate};

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
        let arrays = values.chunks_exact_mut(self.n * lanes);
        if self.n_values <= MAX_VALUES {
            let mut few: [&mut [f64]; MAX_VALUES] = listed(arrays);
            self.run_all(args, &mut few[..self.n_values], sums, lanes, scratch);
        } else if self.n_values <= MAX_LISTED {
            let mut many: [&mut [f64]; MAX_LISTED] = listed(arrays);
            self.run_all(args, &mut many[..self.n_values], sums, lanes, scratch);
        } else {
            let mut all: Vec<&mut [f64]> = arrays.collect();
            self.run_all(args, &mut all, sums, lanes, scratch);
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

fn listed<'a, const N: usize>(mut arrays: impl Iterator<Item = &'a mut [f64]>) -> [&'a mut [f64]; N] {
    std::array::from_fn(|_| arrays.next().unwrap_or_default())
}
