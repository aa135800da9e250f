//! A compiled graph: dead code gone, constants in a table, buffers planned, ready to be run for many points at once.

use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

use super::code::{Code, Frame, Lowering, Memory};
use super::graph::{Graph, Node, Tensor, elements};
use super::kernel;
use super::op::{self, Op, Operand};
use super::ops::scan::Recursion;
use super::plan::{self, Inputs};

/// Where a value is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    /// A block of the arena, in elements.
    Slot {
        offset: usize,
        size: usize,
    },
    Constant(usize),
    /// A block of an input that is read where the caller has it.
    Port {
        input: usize,
        offset: usize,
        size: usize,
    },
}

#[derive(Debug)]
pub(super) struct Argument {
    pub place: Place,
    pub shape: Box<[usize]>,
    /// For [`Program::dump`].
    pub label: Box<str>,
}

#[derive(Debug)]
pub(super) struct Instruction {
    pub op: Arc<dyn Op>,
    pub args: Box<[Argument]>,
    /// Slot of the result, in elements.
    pub offset: usize,
    pub size: usize,
    pub label: Box<str>,
}

/// A compiled graph. Values of n elements over L lanes are `v[i * L + l]`.
#[derive(Debug)]
pub struct Program {
    pub(super) instructions: Vec<Instruction>,
    /// Instructions from here on depend on the directions.
    pub(super) second_stage: usize,
    pub(super) constants: Vec<Tensor>,
    /// The inputs, then the directions; none if they are ports.
    pub(super) inputs: Vec<Slot>,
    pub(super) n_first_inputs: usize,
    pub(super) outputs: Vec<Argument>,
    pub(super) arena_size: usize,
    pub(super) is_of_products: bool,
}

/// Where an input is kept.
#[derive(Debug)]
pub(super) struct Slot {
    pub offset: usize,
    pub size: usize,
    pub label: Box<str>,
}

/// A program for a number of lanes, which has yet to get memory.
#[derive(Debug)]
pub struct Lowered {
    lanes: usize,
    code: Code,
}

impl Lowered {
    /// Bytes of memory that it needs.
    pub fn bytes(&self) -> usize {
        self.code.bytes()
    }

    /// Memory for it: that of a workspace that is not needed any more, as far as it goes.
    pub fn workspace(self, old: Option<Workspace>) -> Workspace {
        let Lowered { lanes, code } = self;
        let memory = old.map_or_else(|| Memory::new(0), |old| old.memory);
        Workspace { lanes, memory: code.memory_in(memory), code: Arc::new(code) }
    }
}

/// The memory that a program runs in.
#[derive(Clone, Debug)]
pub struct Workspace {
    lanes: usize,
    code: Arc<Code>,
    /// The arena, then what else the code needs.
    pub(super) memory: Memory,
}

impl Workspace {
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    pub fn bytes(&self) -> usize {
        self.memory.bytes()
    }

    fn run(&mut self, calls: Range<usize>) {
        let memory = &mut *self.memory;
        for call in &self.code.calls[calls] {
            call.run(memory);
        }
    }
}

/// Some neighbouring lanes of an array of points, `[size][lanes]`.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    data: &'a [f64],
    lanes: usize,
    first: usize,
}

impl<'a> Columns<'a> {
    /// The lanes from `first` on; `data` has `lanes` of them.
    pub fn new(data: &'a [f64], lanes: usize, first: usize) -> Columns<'a> {
        Columns { data, lanes, first }
    }

    /// One point for all lanes: `data` has one number for each.
    pub fn same(data: &'a [f64]) -> Columns<'a> {
        Columns { data, lanes: 1, first: 0 }
    }

    /// Copies so many rows from row `start` on to `[rows][own lanes]`.
    fn copy_to(&self, start: usize, to: &mut [f64], own: usize) {
        let from = &self.data[start * self.lanes..];
        if own == self.lanes {
            return to.copy_from_slice(&from[..to.len()]);
        }
        if self.lanes == 1 {
            to.chunks_exact_mut(own).zip(from).for_each(|(to, from)| to.fill(*from));
            return;
        }
        for (to, from) in to.chunks_exact_mut(own).zip(from.chunks_exact(self.lanes)) {
            to.copy_from_slice(&from[self.first..self.first + own]);
        }
    }
}

/// A result of a program.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a> {
    /// `[size][lanes]`
    pub data: &'a [f64],
    pub shape: &'a [usize],
    /// 1 if the value is a constant, the same in all lanes of the run.
    pub lanes: usize,
}

impl Output<'_> {
    /// Copies to `[size][lanes]`.
    pub fn copy_to(&self, out: &mut [f64], lanes: usize) {
        kernel::copy(&Operand { data: self.data, shape: self.shape, lanes: self.lanes }, out, lanes);
    }

    /// Copies the `own` lanes of a run to the lanes from `first` on of rows of `lanes`.
    pub fn copy_to_columns(&self, own: usize, out: &mut [f64], lanes: usize, first: usize) {
        if own == lanes {
            return self.copy_to(out, lanes);
        }
        for (row, to) in out.chunks_exact_mut(lanes).enumerate() {
            let to = &mut to[first..first + own];
            match self.lanes {
                1 => to.fill(self.data[row]),
                _ => to.copy_from_slice(&self.data[row * own..(row + 1) * own]),
            }
        }
    }

    /// Element `i` of lane `l`.
    pub fn get(&self, i: usize, l: usize) -> f64 {
        if self.lanes == 1 { self.data[i] } else { self.data[i * self.lanes + l] }
    }
}

impl Program {
    /// Compiles what `outputs` need, as a function of `inputs`. Panics if they depend on an input not listed.
    pub fn new(g: &Graph, inputs: &[Node], outputs: &[Node]) -> Program {
        Program::staged(g, inputs, &[], outputs)
    }

    /// A program in two stages: what does not depend on `directions` is run by [`Program::run`] and kept, the rest by
    /// [`Program::run_directions`], any number of times.
    pub fn staged(g: &Graph, inputs: &[Node], directions: &[Node], outputs: &[Node]) -> Program {
        plan::compile(g, inputs, directions, outputs, Inputs::Copied)
    }

    /// A program in two stages whose inputs are read where the caller has them; its outputs are in the arena or constants.
    pub(super) fn with_ports(g: &Graph, inputs: &[Node], directions: &[Node], outputs: &[Node]) -> Program {
        plan::compile(g, inputs, directions, outputs, Inputs::Ports)
    }

    /// Memory for runs over `lanes` points.
    pub fn workspace(&self, lanes: usize) -> Workspace {
        self.lowered(lanes).workspace(None)
    }

    /// What the program becomes for runs over `lanes` points.
    pub fn lowered(&self, lanes: usize) -> Lowered {
        assert!(lanes > 0, "a run over no points");
        let mut lowering = Lowering::new(lanes, self.arena_size * lanes);
        let mut frame = Frame::new(self, 0, Vec::new());
        frame.lower_all(0..self.second_stage, &mut lowering);
        let second_stage = lowering.n_calls();
        frame.lower_all(self.second_stage..self.instructions.len(), &mut lowering);
        Lowered { lanes, code: lowering.finish(second_stage) }
    }

    /// Runs (the first stage of) the program on inputs of `[size][lanes]` each. Allocates nothing.
    pub fn run(&self, ws: &mut Workspace, inputs: &[&[f64]]) {
        assert_eq!(inputs.len(), self.n_first_inputs, "as many inputs as the program has");
        self.load(ws, &self.inputs[..self.n_first_inputs], inputs);
        ws.run(0..ws.code.second_stage);
    }

    /// Runs the second stage, for directions of `[size][lanes]` each, at the inputs of the last run. Allocates nothing.
    pub fn run_directions(&self, ws: &mut Workspace, directions: &[&[f64]]) {
        assert_eq!(
            directions.len(),
            self.inputs.len() - self.n_first_inputs,
            "as many directions as the program has"
        );
        self.load(ws, &self.inputs[self.n_first_inputs..], directions);
        ws.run(ws.code.second_stage..ws.code.calls.len());
    }

    /// Runs (the first stage of) the program at points of all inputs, one after the other: some inputs in each of `parts`.
    /// Allocates nothing.
    pub fn run_at(&self, ws: &mut Workspace, parts: &[Columns<'_>]) {
        let mut slots = &self.inputs[..self.n_first_inputs];
        for part in parts {
            slots = self.load_columns(ws, slots, part);
        }
        assert!(slots.is_empty(), "points of all inputs");
        ws.run(0..ws.code.second_stage);
    }

    /// Runs the second stage along one coordinate of all inputs together. Allocates nothing.
    pub fn run_along_coordinate(&self, ws: &mut Workspace, coordinate: usize) {
        let lanes = ws.lanes;
        let mut start = 0;
        for slot in &self.inputs[self.n_first_inputs..] {
            let direction = &mut ws.memory[slot.offset * lanes..(slot.offset + slot.size) * lanes];
            direction.fill(0.0);
            if let Some(own) = coordinate.checked_sub(start).filter(|own| *own < slot.size) {
                direction[own * lanes..(own + 1) * lanes].fill(1.0);
            }
            start += slot.size;
        }
        ws.run(ws.code.second_stage..ws.code.calls.len());
    }

    /// Output `k` of the last run.
    pub fn output<'a>(&'a self, ws: &'a Workspace, k: usize) -> Output<'a> {
        self.output_in(&ws.memory, ws.lanes, k)
    }

    pub(super) fn output_in<'a>(&'a self, arena: &'a [f64], lanes: usize, k: usize) -> Output<'a> {
        let Argument { place, shape, .. } = &self.outputs[k];
        match *place {
            Place::Slot { offset, size } => {
                Output { data: &arena[offset * lanes..(offset + size) * lanes], shape, lanes }
            }
            Place::Constant(k) => Output { data: elements(&self.constants[k]), shape, lanes: 1 },
            Place::Port { .. } => unreachable!("outputs that are ports are copied into the arena"),
        }
    }

    /// How many instructions there are.
    pub fn len(&self) -> usize {
        self.instructions.len()
    }

    pub fn is_empty(&self) -> bool {
        self.instructions.is_empty()
    }

    /// Most tasks that a pass over long arrays is shared out in, where there are so many threads; 1 if none is.
    pub fn tasks(&self, lanes: usize, threads: usize) -> usize {
        self.instructions.iter().map(|i| i.op.tasks(lanes, threads)).max().unwrap_or(1)
    }

    /// Whether products of large matrices that both vary are much of its work. These are of one lane each, and so had better be
    /// all that is done between them.
    pub fn is_of_products(&self) -> bool {
        self.is_of_products
    }

    /// Whether it has recursions, whose every step costs time of its own, however many lanes it is for.
    pub fn has_recursions(&self) -> bool {
        self.instructions.iter().any(|i| op::is::<Recursion>(&*i.op))
    }

    /// Numbers of arena memory for each lane.
    pub fn arena_size(&self) -> usize {
        self.arena_size
    }

    /// Bytes of constants.
    pub fn constant_bytes(&self) -> usize {
        self.constants.iter().map(|c| c.len() * std::mem::size_of::<f64>()).sum()
    }

    /// The program as text, one instruction a line: `%7 = mul %3 %5 : [434]`.
    pub fn dump(&self) -> String {
        let mut text = String::new();
        for (k, Slot { size, label, .. }) in self.inputs.iter().enumerate() {
            let what = if k < self.n_first_inputs { "input" } else { "direction" };
            let _ = writeln!(text, "{label} = {what} {k} : {size} numbers");
        }
        for (k, i) in self.instructions.iter().enumerate() {
            if k == self.second_stage && k > 0 {
                text.push_str("-- for each direction\n");
            }
            let args: Vec<&str> = i.args.iter().map(|a| &*a.label).collect();
            let shapes: Vec<&[usize]> = i.args.iter().map(|a| &*a.shape).collect();
            let (name, args, shape) = (i.op.name(), args.join(" "), i.op.shape(&shapes));
            let _ = writeln!(text, "{} = {name} {args} : {shape:?}", i.label);
            if let Some(body) = i.op.body() {
                for line in body.lines() {
                    let _ = writeln!(text, "    {line}");
                }
            }
        }
        let outputs: Vec<&str> = self.outputs.iter().map(|a| &*a.label).collect();
        let _ = writeln!(text, "return {}", outputs.join(" "));
        text
    }

    fn load(&self, ws: &mut Workspace, slots: &[Slot], values: &[&[f64]]) {
        for (&Slot { offset, size, .. }, value) in slots.iter().zip(values) {
            ws.memory[offset * ws.lanes..(offset + size) * ws.lanes].copy_from_slice(value);
        }
    }

    /// Loads as many inputs as there are values for, and returns the others.
    fn load_columns<'s>(&self, ws: &mut Workspace, slots: &'s [Slot], values: &Columns<'_>) -> &'s [Slot] {
        let mut start = 0;
        for (k, &Slot { offset, size, .. }) in slots.iter().enumerate() {
            if (start + size) * values.lanes > values.data.len() {
                return &slots[k..];
            }
            let to = &mut ws.memory[offset * ws.lanes..(offset + size) * ws.lanes];
            values.copy_to(start, to, ws.lanes);
            start += size;
        }
        &[]
    }
}
