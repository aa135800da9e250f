//! One pass over the accepted steps, forwards or back.

use crate::tape::code::{Home, Lowering, Routine, Span};
use crate::tape::graph::{Graph, Node};
use crate::tape::kernel;
use crate::tape::program::Program;

/// What is done at every step: a graph from what it reads to what it writes.
#[derive(Clone, Debug)]
pub(super) struct Sweep {
    /// From the last step to the first.
    pub back: bool,
    pub graph: Graph,
    /// Inputs of the graph; no place is read twice.
    pub reads: Vec<(Node, Read)>,
    /// Outputs of the graph.
    pub writes: Vec<(Node, Write)>,
    /// Tracks that this sweep carries from step to step, and the arguments that they start as; zeros if `None`.
    pub starts: Vec<(usize, Option<usize>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    Arg(usize),
    /// The length of the step, as a fraction of the interval: `[groups]`; 0 where a group has had its last one.
    Fraction,
    /// The part of the interval before the step: `[groups]`.
    Elapsed,
    Track(Place),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    Track(Place),
    Sum(usize),
}

/// A track before or behind the step at hand. A track that nobody carries has one value a step, not ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub track: usize,
    pub ahead: bool,
}

/// A sweep that has been compiled.
#[derive(Debug)]
pub(super) struct Swept {
    program: Program,
    /// Arguments, which do not change by step, first.
    reads: Vec<Read>,
}

/// The memory that sweeps share.
pub(super) struct Tracks<'a> {
    pub sizes: &'a [usize],
    pub sum_sizes: &'a [usize],
    /// Most steps that there is memory for.
    pub kept: usize,
    /// `[kept][groups][lanes]`
    pub fractions: &'a mut [f64],
    pub elapsed: &'a mut [f64],
    /// `[kept + 1][size][lanes]` for each track
    pub values: &'a mut [f64],
    pub totals: &'a mut [f64],
    pub lanes: usize,
}

/// A sweep in the memory of a run.
#[derive(Debug)]
pub(super) struct Running {
    routine: Routine,
    /// What it reads at every step, and where it expects that.
    reads: Vec<(Read, Span)>,
}

impl Sweep {
    /// The primal step and its error as a function of both ends of the interval and the arguments of the right side, then of the
    /// state, the step's fraction and what has elapsed.
    pub fn attempt(&self, error: Node) -> Program {
        let is_arg = |read: &Read| matches!(read, Read::Arg(_));
        let nodes = |wanted: bool| -> Vec<Node> {
            self.reads.iter().filter(|(_, read)| is_arg(read) == wanted).map(|(node, _)| *node).collect()
        };
        Program::with_ports(&self.graph, &nodes(true), &nodes(false), &[self.writes[0].0, error])
    }

    /// Whether it carries a track from step to step.
    pub fn carries(&self, track: usize) -> bool {
        self.starts.iter().any(|(own, _)| *own == track)
    }
}

impl Swept {
    pub fn new(sweep: &Sweep) -> Swept {
        let (first, second): (Vec<_>, Vec<_>) =
            sweep.reads.iter().partition(|(_, read)| matches!(read, Read::Arg(_)));
        let nodes = |reads: &[&(Node, Read)]| reads.iter().map(|read| read.0).collect::<Vec<Node>>();
        let outputs: Vec<Node> = sweep.writes.iter().map(|write| write.0).collect();
        let program = Program::with_ports(&sweep.graph, &nodes(&first), &nodes(&second), &outputs);
        let reads = first.into_iter().chain(second).map(|read| read.1).collect();
        Swept { program, reads }
    }

    /// Its calls, given the arguments of the interval; `size` says how many elements there are to read.
    pub fn lower(&self, args: &[Home], size: impl Fn(Read) -> usize, code: &mut Lowering) -> Running {
        let lanes = code.lanes;
        let mut reads = Vec::new();
        let mut port = |&read: &Read| match read {
            Read::Arg(arg) => args[arg].clone(),
            _ => {
                let size = size(read);
                let span = Span { start: code.allocate(size * lanes), by: 0, size, lanes };
                reads.push((read, span));
                Home::Memory(span)
            }
        };
        let ports = self.reads.iter().map(&mut port).collect();
        Running { routine: Routine::new(&self.program, ports, code), reads }
    }

    pub fn dump(&self) -> String {
        self.program.dump()
    }
}

impl Running {
    pub fn run(
        &self,
        sweep: &Sweep,
        args: &[Home],
        memory: &mut [f64],
        tracks: &mut Tracks<'_>,
        n_steps: usize,
    ) {
        let lanes = tracks.lanes;
        for &(track, start) in &sweep.starts {
            let to = tracks.track_mut(track, if sweep.back { n_steps } else { 0 });
            match start {
                Some(arg) => kernel::copy(&args[arg].operand(memory, &[]), to, lanes),
                None => to.fill(0.0),
            }
        }
        if n_steps > 0 {
            self.routine.run_once(memory);
        }
        for i in 0..n_steps {
            let k = if sweep.back { n_steps - 1 - i } else { i };
            for (read, span) in &self.reads {
                span.of_mut(memory).copy_from_slice(tracks.read(*read, k));
            }
            self.routine.run(memory);
            for (output, (_, write)) in sweep.writes.iter().enumerate() {
                let value = self.routine.output(memory, output);
                match *write {
                    Write::Track(Place { track, ahead }) => {
                        kernel::copy(&value, tracks.track_mut(track, k + ahead as usize), lanes);
                    }
                    Write::Sum(sum) => kernel::accumulate(&value, tracks.sum_mut(sum), lanes),
                }
            }
        }
    }
}

impl Tracks<'_> {
    /// What is read at step `k` that is not an argument.
    fn read(&self, read: Read, k: usize) -> &[f64] {
        let n_solves = self.fractions.len() / self.kept;
        let own = k * n_solves..(k + 1) * n_solves;
        match read {
            Read::Arg(_) => &[],
            Read::Fraction => &self.fractions[own],
            Read::Elapsed => &self.elapsed[own],
            Read::Track(Place { track, ahead }) => self.track(track, k + ahead as usize),
        }
    }

    /// A track at a position: `[size][lanes]`.
    pub fn track(&self, track: usize, position: usize) -> &[f64] {
        let (start, end) = self.range(track, position);
        &self.values[start..end]
    }

    pub fn sum(&self, sum: usize) -> &[f64] {
        let start = self.sum_sizes[..sum].iter().sum::<usize>() * self.lanes;
        &self.totals[start..start + self.sum_sizes[sum] * self.lanes]
    }

    fn track_mut(&mut self, track: usize, position: usize) -> &mut [f64] {
        let (start, end) = self.range(track, position);
        &mut self.values[start..end]
    }

    fn sum_mut(&mut self, sum: usize) -> &mut [f64] {
        let start = self.sum_sizes[..sum].iter().sum::<usize>() * self.lanes;
        &mut self.totals[start..start + self.sum_sizes[sum] * self.lanes]
    }

    fn range(&self, track: usize, position: usize) -> (usize, usize) {
        let before = self.sizes[..track].iter().sum::<usize>() * (self.kept + 1);
        let start = before + position * self.sizes[track];
        (start * self.lanes, (start + self.sizes[track]) * self.lanes)
    }
}
