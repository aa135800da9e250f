//! The steps of a recursion as a loop over calls: arguments and history are read, and results written, in place.

use std::ops::Range;
use std::sync::Arc;

use super::{Access, Mode, Port, Recursion, Scan, Source, State, Store};
use crate::tape::code::{Call, Destination, Frame, Home, Kernel, Lowering, Operands, Places, Span};
use crate::tape::graph::{Tensor, elements};
use crate::tape::program::{Argument, Place, Program};

/// More blocks than these that no step sets are not copied one by one.
const MAX_BLOCKS: usize = 8;

/// Calls that are repeated.
#[derive(Debug)]
struct Loop {
    steps: usize,
    reverse: bool,
    calls: Box<[Call]>,
}

impl Kernel for Loop {
    fn run(&self, memory: &mut [f64], _at: &Places, _t: usize) {
        for k in 0..self.steps {
            let t = if self.reverse { self.steps - 1 - k } else { k };
            for call in &self.calls {
                call.run_at(memory, t);
            }
        }
    }
}

/// Brings the elements that a step reads: of an array whose elements are `width` numbers, by a table.
#[derive(Debug)]
struct ReadTable {
    table: Arc<[u32]>,
    block: usize,
    width: usize,
}

impl Kernel for ReadTable {
    fn run(&self, memory: &mut [f64], at: &Places, t: usize) {
        let (from, width) = (at.args[0], self.width);
        let positions = &self.table[t * self.block..(t + 1) * self.block];
        for (k, &i) in positions.iter().enumerate() {
            let start = from + i as usize * width;
            memory.copy_within(start..start + width, at.out + k * width);
        }
    }
}

/// Brings the elements that a step reads of a constant that is not in the memory of the run.
#[derive(Debug)]
struct ReadConstant {
    value: Tensor,
    access: Access,
}

impl Kernel for ReadConstant {
    fn run(&self, memory: &mut [f64], at: &Places, t: usize) {
        let (to, values) = (&mut memory[at.out..at.out + at.len], elements(&self.value));
        match (&self.access, self.access.start(t)) {
            (Access::Table(table), _) => {
                let positions = &table[t * at.len..(t + 1) * at.len];
                to.iter_mut().zip(positions).for_each(|(to, &i)| *to = values[i as usize]);
            }
            (_, start) => {
                let start = start.unwrap_or(0);
                to.copy_from_slice(&values[start..start + at.len]);
            }
        }
    }
}

/// Sets elements, or adds to them, at the positions of a step.
#[derive(Debug)]
struct WriteTable {
    table: Arc<[u32]>,
    block: usize,
    mode: Mode,
    lanes: usize,
}

impl Kernel for WriteTable {
    fn run(&self, memory: &mut [f64], at: &Places, t: usize) {
        let lanes = self.lanes;
        let positions = &self.table[t * self.block..(t + 1) * self.block];
        for (k, &i) in positions.iter().enumerate() {
            let (from, to) = (at.args[0] + k * lanes, at.out + i as usize * lanes);
            match self.mode {
                Mode::Set => memory.copy_within(from..from + lanes, to),
                Mode::Add => (0..lanes).for_each(|l| memory[to + l] += memory[from + l]),
            }
        }
    }
}

impl Recursion {
    pub(super) fn lower_steps(&self, code: &mut Lowering, args: &[Operands<'_>], to: &Destination) -> bool {
        if !to.is_whole() || to.span.by != 0 {
            return false;
        }
        let args: Vec<Home> = args.iter().map(|arg| code.fixed(&arg.home)).collect();
        let states: Vec<Span> =
            self.offsets.iter().zip(&self.sizes).map(|(&at, &size)| to.span.part(at, size)).collect();
        for (s, state) in self.spec.states.iter().enumerate() {
            self.start(s, state, &args, &states[s], code);
        }
        let (once, each) = (0..self.program.second_stage, self.program.second_stage..self.program.len());
        let mut reads = Vec::new();
        let home = |port: &Port| match port.source {
            Source::Arg(i) => args[i].clone(),
            Source::State(s) => Home::Memory(states[s]),
        };
        let ports = self.ports.iter().map(|port| read(port, &home(port), code, &mut reads)).collect();
        let arena = code.allocate(self.program.arena_size * code.lanes);
        let mut frame = Frame::new(&self.program, arena, ports);
        frame.lower_all(once, code);

        let n_before = code.n_calls();
        reads.into_iter().for_each(|Call { kernel, at, by }| code.call(kernel, at, by));
        let mut stored = vec![false; self.stores.len()];
        for k in each {
            let own: Vec<usize> = (0..stored.len()).filter(|&s| !stored[s]).collect();
            let direct: Vec<(usize, usize, Span)> = own
                .into_iter()
                .filter_map(|s| {
                    let offset = made_by(&self.program, s, k)?;
                    Some((s, offset, self.place_of(&self.stores[s], &states)?))
                })
                .collect();
            let mut elsewhere: Vec<(usize, Span)> = Vec::new();
            let mut taken = Vec::new();
            for &(s, offset, span) in &direct {
                if elsewhere.iter().all(|(other, _)| *other != offset) {
                    elsewhere.push((offset, span));
                    taken.push(s);
                }
            }
            if !elsewhere.is_empty() && frame.lower(k, &elsewhere, code) {
                taken.into_iter().for_each(|s| stored[s] = true);
            } else {
                frame.lower(k, &[], code);
            }
        }
        for (s, store) in self.stores.iter().enumerate().filter(|(s, _)| !stored[*s]) {
            let value = frame.home(&self.program.outputs[s], code.lanes);
            self.write(store, &value, &states, code);
        }
        let calls = code.take_calls(n_before).into();
        let Scan { steps, reverse, .. } = self.spec;
        code.call(Box::new(Loop { steps, reverse, calls }), Places::default(), [0; 4]);
        true
    }

    /// What a state holds before the first step.
    fn start(&self, s: usize, state: &State, args: &[Home], to: &Span, code: &mut Lowering) {
        let init = state.init.map(|arg| &args[arg]);
        let from = init.map(|home| code.span(home));
        if let (Some(home), Some(None)) = (init, from) {
            return code.copy(home, to);
        }
        let mut blocks = self.kept(s);
        if blocks.len() > MAX_BLOCKS {
            blocks.clear();
            blocks.push(0..self.sizes[s]);
        }
        for block in blocks {
            let to = to.part(block.start, block.len());
            match from.flatten() {
                Some(from) => code.copy(&Home::Memory(from.part(block.start, block.len())), &to),
                None => code.fill(&to, 0.0),
            }
        }
    }

    /// Blocks of a state whose first content is read or added to.
    fn kept(&self, s: usize) -> Vec<Range<usize>> {
        let is_set = self.stores.iter().filter(|store| store.state == s);
        let mut kept = vec![true; self.sizes[s]];
        for store in is_set.filter(|store| self.sets(store)) {
            for t in 0..self.spec.steps {
                match (&store.access, store.access.start(t)) {
                    (Access::Table(table), _) => {
                        let positions = &table[t * store.size..(t + 1) * store.size];
                        positions.iter().for_each(|&i| kept[i as usize] = false);
                    }
                    (_, start) => {
                        let start = start.unwrap_or(0);
                        kept[start..start + store.size].fill(false);
                    }
                }
            }
        }
        let mut blocks: Vec<Range<usize>> = Vec::new();
        for (i, _) in kept.iter().enumerate().filter(|(_, kept)| **kept) {
            match blocks.last_mut() {
                Some(last) if last.end == i => last.end += 1,
                _ => blocks.push(i..i + 1),
            }
        }
        blocks
    }

    /// Whether a store sets its elements, or may: each is added to once, to zero.
    fn sets(&self, store: &Store) -> bool {
        let steps_apart = match store.access {
            Access::Rows { step, .. } => step.unsigned_abs() >= store.size,
            _ => self.spec.steps <= 1,
        };
        let is_only = self.stores.iter().filter(|other| other.state == store.state).count() == 1;
        let from_zero = self.spec.states[store.state].init.is_none();
        store.mode == Mode::Set || steps_apart && is_only && from_zero
    }

    /// Where a store sets a block.
    fn place_of(&self, store: &Store, states: &[Span]) -> Option<Span> {
        let (start, by) = match store.access {
            _ if !self.sets(store) => return None,
            Access::Whole => (0, 0),
            Access::Rows { start, step } => (start, step),
            Access::Table(_) => return None,
        };
        Some(moving(&states[store.state], start, by, store.size))
    }

    fn write(&self, store: &Store, value: &Home, states: &[Span], code: &mut Lowering) {
        let state = &states[store.state];
        let mode = if self.sets(store) { Mode::Set } else { Mode::Add };
        let (start, by) = match &store.access {
            Access::Whole => (0, 0),
            Access::Rows { start, step } => (*start, *step),
            Access::Table(table) => {
                let lanes = state.lanes;
                let from = code.varying(value, store.size);
                let kernel = WriteTable { table: table.clone(), block: store.size, mode, lanes };
                let at = Places { out: state.start, args: [from.start, 0, 0], len: state.numbers() };
                return code.call(Box::new(kernel), at, [0, from.by, 0, 0]);
            }
        };
        let to = moving(state, start, by, store.size);
        match mode {
            Mode::Set => code.copy(value, &to),
            Mode::Add => code.accumulate(value, &to),
        }
    }
}

/// A block of an array that moves by `step` elements from step to step.
fn moving(array: &Span, start: isize, step: isize, size: usize) -> Span {
    let lanes = array.lanes as isize;
    Span { start: array.start.wrapping_add_signed(start * lanes), by: step * lanes, size, lanes: array.lanes }
}

/// Where the body finds a port; adds a call for each step if it has to be brought there.
fn read(port: &Port, from: &Home, code: &mut Lowering, reads: &mut Vec<Call>) -> Home {
    let (span, kernel): (Span, Box<dyn Kernel>) = match (from, &port.access) {
        (_, Access::Whole) => return from.clone(),
        (Home::Memory(span), Access::Rows { start, step }) => {
            return Home::Memory(moving(span, *start, *step, port.size));
        }
        (Home::Memory(span), Access::Table(table)) => {
            let (table, width) = (table.clone(), span.lanes);
            (*span, Box::new(ReadTable { table, block: port.size, width }))
        }
        (Home::Constant(value), access) => {
            let (value, access) = (value.clone(), access.clone());
            (Span { start: 0, by: 0, size: 0, lanes: 1 }, Box::new(ReadConstant { value, access }))
        }
    };
    let numbers = port.size * span.lanes;
    let to = Span { start: code.allocate(numbers), by: 0, size: port.size, lanes: span.lanes };
    let at = Places { out: to.start, args: [span.start, 0, 0], len: numbers };
    reads.push(Call { kernel, at, by: [0; 4] });
    Home::Memory(to)
}

/// Where in the result of instruction `k` output `s` is, if it is made there and all who read of it read parts of it.
fn made_by(program: &Program, s: usize, k: usize) -> Option<usize> {
    let Place::Slot { offset: start, size } = program.outputs[s].place else { return None };
    let end = start + size;
    let overlaps = |from: usize, n: usize| from < end && start < from + n;
    let last = program.instructions.iter().rposition(|i| overlaps(i.offset, i.size));
    let instruction = &program.instructions[k];
    let within = instruction.offset <= start && end <= instruction.offset + instruction.size;
    let fits = |argument: &Argument| match argument.place {
        Place::Slot { offset, size } => !overlaps(offset, size) || start <= offset && offset + size <= end,
        _ => true,
    };
    let later = program.instructions[k + 1..].iter().flat_map(|i| &i.args).chain(&program.outputs);
    (last == Some(k) && within && size > 0 && later.into_iter().all(fits)).then(|| start - instruction.offset)
}
