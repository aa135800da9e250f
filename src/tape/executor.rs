//! Runs the instructions of a program. Nothing here allocates, unless an instruction has a thousand arguments.

use std::ops::Range;

use super::graph::elements;
use super::kernel;
use super::op::Operand;
use super::program::{Argument, Instruction, Place, Program};

/// Inputs that are read where the caller has them.
pub(super) trait Ports {
    /// The data of input `k`, and its lanes: 1 or those of the run.
    fn port(&self, k: usize) -> (&[f64], usize);
}

/// Of a program whose inputs are in the arena.
pub(super) struct NoPorts;

impl Ports for NoPorts {
    fn port(&self, _k: usize) -> (&[f64], usize) {
        (&[], 1)
    }
}

/// A lookup of places while one instruction writes: the arena on both sides of its result.
struct Memory<'a> {
    program: &'a Program,
    before: &'a [f64],
    after: &'a [f64],
    /// Where `after` starts in the arena.
    resume: usize,
    lanes: usize,
    ports: &'a dyn Ports,
}

impl Program {
    /// Runs some instructions. `arena` is `[arena_size][lanes]`, `scratch` as large as `scratch_size` says.
    pub(super) fn execute(
        &self,
        range: Range<usize>,
        lanes: usize,
        arena: &mut [f64],
        scratch: &mut [f64],
        ports: &dyn Ports,
    ) {
        for instruction in &self.instructions[range] {
            let start = instruction.offset * lanes;
            let resume = (instruction.offset + instruction.size) * lanes;
            let (before, rest) = arena.split_at_mut(start);
            let (out, after) = rest.split_at_mut(resume - start);
            let memory = Memory { program: self, before, after, resume, lanes, ports };
            match instruction.args.len() {
                0..=4 => run::<4>(instruction, &memory, out, scratch),
                5..=12 => run::<12>(instruction, &memory, out, scratch),
                13..=32 => run::<32>(instruction, &memory, out, scratch),
                33..=1024 => run::<1024>(instruction, &memory, out, scratch),
                _ => {
                    let operands: Vec<Operand<'_>> =
                        instruction.args.iter().map(|a| memory.operand(a)).collect();
                    evaluate(instruction, &operands, lanes, out, scratch);
                }
            }
        }
    }
}

fn run<const N: usize>(instruction: &Instruction, memory: &Memory<'_>, out: &mut [f64], scratch: &mut [f64]) {
    let mut operands = [Operand { data: &[], shape: &[], lanes: 1 }; N];
    let operands = &mut operands[..instruction.args.len()];
    for (operand, argument) in operands.iter_mut().zip(&instruction.args) {
        *operand = memory.operand(argument);
    }
    evaluate(instruction, operands, memory.lanes, out, scratch);
}

fn evaluate(i: &Instruction, operands: &[Operand<'_>], lanes: usize, out: &mut [f64], scratch: &mut [f64]) {
    if lanes == 1 || operands.iter().any(|o| o.lanes != 1) {
        i.op.evaluate(operands, out, lanes, scratch);
    } else {
        // the same in all lanes: only in the body of a recursion over data
        i.op.evaluate(operands, &mut out[..i.size], 1, scratch);
        kernel::spread(out, lanes);
    }
}

impl Memory<'_> {
    fn operand<'b>(&'b self, argument: &'b Argument) -> Operand<'b> {
        let lanes = self.lanes;
        let (data, lanes) = match argument.place {
            Place::Slot { offset, size } => {
                let (start, end) = (offset * lanes, (offset + size) * lanes);
                let data = if end <= self.before.len() {
                    &self.before[start..end]
                } else {
                    &self.after[start - self.resume..end - self.resume]
                };
                (data, lanes)
            }
            Place::Constant(k) => (elements(&self.program.constants[k]), 1),
            Place::Port { input, offset, size } => {
                let (data, lanes) = self.ports.port(input);
                (&data[offset * lanes..(offset + size) * lanes], lanes)
            }
        };
        Operand { data, shape: &argument.shape, lanes }
    }
}
