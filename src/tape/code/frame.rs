//! Programs in the memory of a run: where their values are, and the calls of their instructions.

use std::ops::Range;

use super::span::{Destination, Home, Operands, Span};
use super::{Call, Lowering};
use crate::tape::graph::{elements, tensor};
use crate::tape::op::Operand;
use crate::tape::program::{Argument, Instruction, Place, Program};

/// A program whose arena has a place in the memory of a run.
#[derive(Debug)]
pub(in crate::tape) struct Frame<'p> {
    pub program: &'p Program,
    /// Where its arena starts.
    pub arena: usize,
    /// Where its inputs are, if they are ports.
    pub ports: Vec<Home>,
    /// Blocks of the arena, in elements, that are elsewhere.
    pub moved: Vec<(Range<usize>, Span)>,
}

impl<'p> Frame<'p> {
    pub fn new(program: &'p Program, arena: usize, ports: Vec<Home>) -> Frame<'p> {
        Frame { program, arena, ports, moved: Vec::new() }
    }

    /// Where the value of an argument, or an output, is.
    pub fn home(&self, argument: &Argument, lanes: usize) -> Home {
        match argument.place {
            Place::Slot { offset, size } => {
                let within = |(block, _): &&(Range<usize>, Span)| {
                    block.start <= offset && offset + size <= block.end && size > 0
                };
                Home::Memory(match self.moved.iter().rfind(within) {
                    Some((block, span)) => span.part(offset - block.start, size),
                    None => Span { start: self.arena + offset * lanes, by: 0, size, lanes },
                })
            }
            Place::Constant(k) => Home::Constant(self.program.constants[k].clone()),
            Place::Port { input, offset, size } => match &self.ports[input] {
                Home::Memory(span) => Home::Memory(span.part(offset, size)),
                Home::Constant(value) if value.len() == size => Home::Constant(value.clone()),
                Home::Constant(value) => {
                    let block = elements(value)[offset..offset + size].to_vec();
                    Home::Constant(tensor(&argument.shape, block))
                }
            },
        }
    }

    /// The calls of one instruction, results of which may go elsewhere; `false` if they cannot.
    pub fn lower(&mut self, k: usize, elsewhere: &[(usize, Span)], code: &mut Lowering) -> bool {
        let lanes = code.lanes;
        let Instruction { op, args, offset, size, .. } = &self.program.instructions[k];
        let operand = |arg: &'p Argument| Operands { home: self.home(arg, lanes), shape: &arg.shape };
        let args: Vec<Operands<'_>> = args.iter().map(operand).collect();
        let span = Span { start: self.arena + offset * lanes, by: 0, size: *size, lanes };
        let moved: Vec<(Range<usize>, Span)> =
            elsewhere.iter().map(|(from, span)| (offset + from..offset + from + span.size, *span)).collect();
        if !code.instruction(op, &args, &Destination::with_parts(span, elsewhere)) {
            return false;
        }
        // the block of this result is no longer what it was
        self.moved.retain(|(block, _)| block.end <= *offset || offset + size <= block.start);
        self.moved.extend(moved);
        true
    }

    /// The calls of some instructions.
    pub fn lower_all(&mut self, range: Range<usize>, code: &mut Lowering) {
        for k in range {
            self.lower(k, &[], code);
        }
    }
}

/// A program that an operation runs many times over: its inputs and outputs stay in their places.
#[derive(Debug)]
pub(in crate::tape) struct Routine {
    /// What the first inputs alone are needed for.
    once: Vec<Call>,
    each: Vec<Call>,
    outputs: Vec<Home>,
}

impl Routine {
    pub fn new(program: &Program, ports: Vec<Home>, code: &mut Lowering) -> Routine {
        let arena = code.allocate(program.arena_size * code.lanes);
        let mut frame = Frame::new(program, arena, ports);
        let n_before = code.n_calls();
        frame.lower_all(0..program.second_stage, code);
        let once = code.take_calls(n_before);
        frame.lower_all(program.second_stage..program.len(), code);
        let each = code.take_calls(n_before);
        let outputs = program.outputs.iter().map(|output| frame.home(output, code.lanes)).collect();
        Routine { once, each, outputs }
    }

    pub fn run_once(&self, memory: &mut [f64]) {
        self.once.iter().for_each(|call| call.run(memory));
    }

    pub fn run(&self, memory: &mut [f64]) {
        self.each.iter().for_each(|call| call.run(memory));
    }

    /// An output, flat.
    pub fn output<'m>(&'m self, memory: &'m [f64], k: usize) -> Operand<'m> {
        self.outputs[k].operand(memory, &[])
    }
}
