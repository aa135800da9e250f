//! From one time to the next: steps that the values fix, and sweeps over these steps for derivatives.
//!
//! The primal sweep goes from the state at each step to the next. A sweep of tangents goes the same way, one of adjoints
//! back; each reads what earlier sweeps have left at the ends of the step at hand. Differentiating adds sweeps, of the same
//! kind: the family is closed under both modes.

use std::sync::Arc;

use super::equation::{Attempt, Equation, Slope};
use super::pace::{History, Pacer};
use super::sweep::{Read, Running, Sweep, Swept, Tracks};
use super::{Control, Field, Method, derivatives, rosenbrock, runge_kutta};
use crate::tape::code::{Arg, Destination, Home, Kernel, Lowering, Places, Span, at_once};
use crate::tape::graph::{Graph, Node};
use crate::tape::kernel;
use crate::tape::op::{Op, Operand, size_of};
use crate::tape::program::Program;

/// Arguments of an interval: state, the length of the first step to try (0: none known), start and end. Those of the right
/// side follow, then those of derivatives.
pub(super) const STATE: usize = 0;
pub(super) const GUESS: usize = 1;
pub(super) const FROM: usize = 2;
pub(super) const TO: usize = 3;
pub(super) const FIRST: usize = 4;

/// What an interval computes.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub field: Arc<Field>,
    pub control: Control,
    /// Number of groups, which have steps of their own.
    pub n_groups: usize,
    /// Elements of the histories: values at both ends of each step, or one for each step. The first is the state.
    pub tracks: Vec<usize>,
    /// Elements of what is summed over the steps.
    pub sums: Vec<usize>,
    /// In order; the first is the primal one, which is not run: the adaptive solve leaves its track.
    pub sweeps: Vec<Sweep>,
    /// The error of a step, in the graph of the first sweep; `None` where it comes from the slopes at the stages.
    pub error: Option<Node>,
    /// Laid end to end in the value.
    pub results: Vec<Taken>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// A track after its sweep: its last position, or the first if the sweep goes back.
    Track {
        track: usize,
        back: bool,
    },
    Sum(usize),
    /// The length of the step to try next: `[groups]`.
    Guess,
}

#[derive(Debug)]
pub(super) struct Interval {
    spec: Arc<Spec>,
    pacer: Pacer,
    /// dy/dt, as a function of the arguments, then of t and y.
    slope: Program,
    /// A step and its error, where it is not made of slopes.
    attempt: Option<Program>,
    /// The sweeps but for the first.
    swept: Vec<Swept>,
}

impl Spec {
    fn primal(field: Field, control: Control) -> Spec {
        let n_groups = size_of(field.graph.shape(field.time));
        let size = size_of(field.graph.shape(field.state));
        let (first, error) = match control.method {
            Method::DormandPrince => (runge_kutta::step(&field), None),
            Method::Rodas => {
                let (step, error) = rosenbrock::step(&field);
                (step, Some(error))
            }
        };
        Spec {
            field: Arc::new(field),
            control,
            n_groups,
            tracks: vec![size],
            sums: Vec::new(),
            sweeps: vec![first],
            error,
            results: vec![Taken::Track { track: 0, back: false }, Taken::Guess],
        }
    }

    pub fn size_of(&self, taken: Taken) -> usize {
        match taken {
            Taken::Track { track, .. } => self.tracks[track],
            Taken::Sum(sum) => self.sums[sum],
            Taken::Guess => self.n_groups,
        }
    }
}

impl Interval {
    pub fn new(field: Field, control: Control) -> Interval {
        Interval::of(Spec::primal(field, control))
    }

    pub fn of(spec: Spec) -> Interval {
        let swept = spec.sweeps[1..].iter().map(Swept::new).collect();
        let field = &spec.field;
        let pacer = Pacer::new(field, spec.control, spec.n_groups);
        let moving = [field.time, field.state];
        let slope = Program::with_ports(&field.graph, &field.args, &moving, &[field.slope]);
        let attempt = spec.error.map(|error| spec.sweeps[0].attempt(error));
        Interval { pacer, slope, attempt, swept, spec: Arc::new(spec) }
    }
}

/// An interval in the memory of a run.
#[derive(Debug)]
struct Solve {
    spec: Arc<Spec>,
    pacer: Pacer,
    args: Vec<Home>,
    out: Span,
    slope: Slope,
    attempt: Option<Attempt>,
    /// The sweeps but for the first.
    sweeps: Vec<Running>,
    /// Numbers at the end of the memory for what is below.
    tail: usize,
}

impl Spec {
    /// Steps whose values are kept for the sweeps.
    fn kept(&self) -> usize {
        if self.sweeps.len() < 2 { 0 } else { self.control.max_steps }
    }

    /// Numbers of the histories and totals.
    fn history_size(&self, lanes: usize) -> usize {
        let kept = self.kept();
        let histories = kept * 2 * self.n_groups
            + (kept + 1) * self.tracks.iter().sum::<usize>()
            + self.sums.iter().sum::<usize>()
            + self.n_groups;
        histories * lanes
    }
}

impl Kernel for Solve {
    fn run(&self, memory: &mut [f64], _at: &Places, _t: usize) {
        let Spec { n_groups, tracks, sums, .. } = &*self.spec;
        let (kept, lanes) = (self.spec.kept(), self.out.lanes);
        let (memory, tail) = memory.split_at_mut(memory.len() - self.tail);
        let (fractions, rest) = tail.split_at_mut(kept * n_groups * lanes);
        let (elapsed, rest) = rest.split_at_mut(kept * n_groups * lanes);
        let (values, rest) = rest.split_at_mut((kept + 1) * tracks.iter().sum::<usize>() * lanes);
        let (totals, rest) = rest.split_at_mut(sums.iter().sum::<usize>() * lanes);
        let (guess, working) = rest.split_at_mut(n_groups * lanes);
        kernel::copy(&self.args[GUESS].operand(memory, &[]), guess, lanes);
        let history = History {
            fractions: &mut *fractions,
            elapsed: &mut *elapsed,
            state: &mut values[..(kept + 1) * tracks[0] * lanes],
        };
        let attempt = self.attempt.as_ref();
        let equation = Equation { slope: &self.slope, attempt, args: &self.args, memory: &mut *memory };
        let n_steps = self.pacer.run(equation, guess, history, lanes, working);
        totals.fill(0.0);
        let mut made =
            Tracks { sizes: tracks, sum_sizes: sums, kept, fractions, elapsed, values, totals, lanes };
        for (sweep, running) in self.spec.sweeps[1..].iter().zip(&self.sweeps) {
            running.run(sweep, &self.args, memory, &mut made, n_steps);
        }
        let mut at = self.out.start;
        for &taken in &self.spec.results {
            let size = self.spec.size_of(taken) * lanes;
            let value = match taken {
                Taken::Track { track, back } => made.track(track, if back { 0 } else { n_steps }),
                Taken::Sum(sum) => made.sum(sum),
                Taken::Guess => &*guess,
            };
            memory[at..at + size].copy_from_slice(value);
            at += size;
        }
    }
}

impl Op for Interval {
    fn name(&self) -> &'static str {
        "ode_interval"
    }

    fn shape(&self, _args: &[&[usize]]) -> Vec<usize> {
        vec![self.spec.results.iter().map(|&taken| self.spec.size_of(taken)).sum()]
    }

    /// For a guess of the number of steps.
    fn work(&self, _args: &[&[usize]]) -> f64 {
        const STEPS: f64 = 4.0;
        let of_sweep = |sweep: &Sweep| {
            let outputs: Vec<Node> = sweep.writes.iter().map(|write| write.0).collect();
            sweep.graph.work(&outputs)
        };
        STEPS * self.spec.sweeps.iter().map(of_sweep).sum::<f64>()
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        at_once(self, args, out, lanes);
    }

    fn lower(&self, code: &mut Lowering, args: &[Arg<'_>], to: &Destination) -> bool {
        if !to.is_whole() || to.span.by != 0 {
            return false;
        }
        let Interval { spec, pacer, .. } = self;
        let args: Vec<Home> = args.iter().map(|arg| code.fixed(&arg.home)).collect();
        let size = |read: Read| match read {
            Read::Arg(_) => 0,
            Read::Fraction | Read::Elapsed => spec.n_groups,
            Read::Track(place) => spec.tracks[place.track],
        };
        let tail = spec.history_size(code.lanes) + pacer.scratch(code.lanes);
        let (slope, attempt, sweeps) = code.with_tail(tail, |code| {
            let field_args = &args[FIRST..FIRST + spec.field.args.len()];
            let slope = Slope::new(&self.slope, field_args, pacer.sizes(), code);
            let step_args = &args[FROM..FIRST + spec.field.args.len()];
            let attempt = self.attempt.as_ref();
            let attempt = attempt.map(|program| Attempt::new(program, step_args, pacer.sizes(), code));
            (slope, attempt, self.swept.iter().map(|swept| swept.lower(&args, size, code)).collect())
        });
        let solve =
            Solve { spec: spec.clone(), pacer: *pacer, args, out: to.span, slope, attempt, sweeps, tail };
        code.call(Box::new(solve), Places::default(), [0; 4]);
        true
    }

    fn tangent(&self, g: &mut Graph, args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        derivatives::tangent(&self.spec, g, args, tangents)
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        wanted: &[bool],
    ) -> Vec<Option<Node>> {
        derivatives::adjoint(&self.spec, g, args, dy, wanted)
    }

    fn body(&self) -> Option<String> {
        let mut text = format!("{:?}, {} groups, dy/dt:\n", self.spec.control, self.spec.n_groups);
        text.push_str(&self.slope.dump());
        for (sweep, swept) in self.spec.sweeps[1..].iter().zip(&self.swept) {
            text.push_str(if sweep.back {
                "each step, from the last to the first:\n"
            } else {
                "each step:\n"
            });
            text.push_str(&swept.dump());
        }
        Some(text)
    }

    fn fingerprint(&self) -> Option<u64> {
        None
    }
}
