//! What a program becomes for a number of lanes: calls of kernels, one after the other, over one memory.
//!
//! Once the lanes are known, so are all positions, lengths, layouts and instruction sets. A call has nothing left to find
//! out: it is a function and the positions of what it reads and writes. Operations over small arrays become a call for
//! each function in them; all others are one call that evaluates the operation.

mod evaluate;
mod frame;
mod kernels;
mod lowering;
mod memory;
mod span;

pub(super) use evaluate::{Around, Evaluate, at_once};
pub(super) use frame::{Frame, Routine};
pub(super) use lowering::Lowering;
pub(super) use memory::Memory;
pub(super) use span::{Arg, Destination, Home, Row, Span};

use std::fmt::Debug;

/// Positions in the memory of a run, and how many numbers are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Places {
    pub out: usize,
    pub args: [usize; 3],
    pub len: usize,
}

/// A function of numbers in the memory of a run.
pub trait Kernel: Debug + Send + Sync {
    /// `t` is the step of the recursion that the call is part of.
    fn run(&self, memory: &mut [f64], at: &Places, t: usize);
}

/// A kernel, where it works, and by how much its positions move from one step of a recursion to the next.
#[derive(Debug)]
pub(super) struct Call {
    pub kernel: Box<dyn Kernel>,
    pub at: Places,
    /// Of the result, then of the arguments.
    pub by: [isize; 4],
}

impl Call {
    #[inline(always)]
    pub fn run(&self, memory: &mut [f64]) {
        self.kernel.run(memory, &self.at, 0);
    }

    /// Runs as step `t` of a recursion.
    #[inline(always)]
    pub fn run_at(&self, memory: &mut [f64], t: usize) {
        let moved = |start: usize, by: isize| start.wrapping_add_signed(by.wrapping_mul(t as isize));
        let Places { out, args: [a, b, c], len } = self.at;
        let [by_out, by_a, by_b, by_c] = self.by;
        let args = [moved(a, by_a), moved(b, by_b), moved(c, by_c)];
        self.kernel.run(memory, &Places { out: moved(out, by_out), args, len }, t);
    }
}

/// The calls of a program for a number of lanes.
#[derive(Debug)]
pub(super) struct Code {
    pub calls: Vec<Call>,
    /// Calls from here on depend on the directions.
    pub second_stage: usize,
    /// Numbers of memory: the arena of the program comes first.
    pub size: usize,
    /// Constants, and where they are kept.
    pub initial: Vec<(usize, Box<[f64]>)>,
}

impl Code {
    /// The memory that the code runs in.
    pub fn memory(&self) -> Memory {
        self.memory_in(Memory::new(0))
    }

    /// The same in memory that is not needed any more, as far as it goes.
    pub fn memory_in(&self, mut memory: Memory) -> Memory {
        memory.resize(self.size);
        for (start, values) in &self.initial {
            memory[*start..start + values.len()].copy_from_slice(values);
        }
        memory
    }

    /// Bytes of its memory.
    pub fn bytes(&self) -> usize {
        Memory::bytes_of(self.size)
    }
}
