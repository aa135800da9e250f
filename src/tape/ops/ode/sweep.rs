//! One pass over the accepted steps, forwards or back.

use crate::tape::executor::Ports;
use crate::tape::graph::{Graph, Node};
use crate::tape::kernel;
use crate::tape::op::Operand;
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

struct Step<'a> {
    reads: &'a [Read],
    args: &'a [Operand<'a>],
    tracks: &'a Tracks<'a>,
    k: usize,
    n_groups: usize,
}

impl Sweep {
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

    /// How many numbers of working memory [`Swept::run`] needs.
    pub fn scratch(&self, lanes: usize) -> usize {
        self.program.arena_size * lanes + self.program.scratch_size(lanes)
    }

    pub fn run(
        &self,
        sweep: &Sweep,
        args: &[Operand<'_>],
        tracks: &mut Tracks<'_>,
        n_steps: usize,
        scratch: &mut [f64],
    ) {
        let lanes = tracks.lanes;
        let n_groups = tracks.fractions.len() / (tracks.kept * lanes);
        let (arena, scratch) = scratch.split_at_mut(self.program.arena_size * lanes);
        for &(track, start) in &sweep.starts {
            let to = tracks.track_mut(track, if sweep.back { n_steps } else { 0 });
            match start {
                Some(arg) => kernel::copy(&args[arg], to, lanes),
                None => to.fill(0.0),
            }
        }
        let (once, each) = (0..self.program.second_stage, self.program.second_stage..self.program.len());
        for i in 0..n_steps {
            let k = if sweep.back { n_steps - 1 - i } else { i };
            let step = Step { reads: &self.reads, args, tracks, k, n_groups };
            if i == 0 {
                self.program.execute(once.clone(), lanes, arena, scratch, &step);
            }
            self.program.execute(each.clone(), lanes, arena, scratch, &step);
            for (output, (_, write)) in sweep.writes.iter().enumerate() {
                let value = self.program.output_in(arena, lanes, output);
                let value = Operand { data: value.data, shape: value.shape, lanes: value.lanes };
                match *write {
                    Write::Track(Place { track, ahead }) => {
                        kernel::copy(&value, tracks.track_mut(track, k + ahead as usize), lanes);
                    }
                    Write::Sum(sum) => kernel::accumulate(&value, tracks.sum_mut(sum), lanes),
                }
            }
        }
    }

    pub fn dump(&self) -> String {
        self.program.dump()
    }
}

impl Tracks<'_> {
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

impl Ports for Step<'_> {
    fn port(&self, k: usize) -> (&[f64], usize) {
        let lanes = self.tracks.lanes;
        let own = self.k * self.n_groups * lanes..(self.k + 1) * self.n_groups * lanes;
        match self.reads[k] {
            Read::Arg(arg) => (self.args[arg].data, self.args[arg].lanes),
            Read::Fraction => (&self.tracks.fractions[own], lanes),
            Read::Elapsed => (&self.tracks.elapsed[own], lanes),
            Read::Track(Place { track, ahead }) => (self.tracks.track(track, self.k + ahead as usize), lanes),
        }
    }
}
