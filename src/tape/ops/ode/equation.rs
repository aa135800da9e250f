//! What a solve runs again and again: dy/dt, or a whole step, with the arguments of the interval.

use crate::tape::code::{Home, Lowering, Routine, Span};
use crate::tape::kernel;
use crate::tape::program::Program;

/// dy/dt in the memory of a run.
#[derive(Debug)]
pub(super) struct Slope {
    routine: Routine,
    time: Span,
    state: Span,
}

/// A step of one graph in the memory of a run: where it goes, and its error.
#[derive(Debug)]
pub(super) struct Attempt {
    routine: Routine,
    state: Span,
    fraction: Span,
    elapsed: Span,
}

/// What is solved: dy/dt, and the arguments of the interval, in the memory of a run.
pub(super) struct Equation<'a> {
    pub slope: &'a Slope,
    /// A whole step, where it is not made of slopes.
    pub attempt: Option<&'a Attempt>,
    pub args: &'a [Home],
    pub memory: &'a mut [f64],
}

impl Slope {
    /// `program` is a function of the arguments, then of t and y.
    pub fn new(program: &Program, args: &[Home], [time, state]: [usize; 2], code: &mut Lowering) -> Slope {
        let lanes = code.lanes;
        let mut place = |size: usize| Span { start: code.allocate(size * lanes), by: 0, size, lanes };
        let (time, state) = (place(time), place(state));
        let mut ports = args.to_vec();
        ports.extend([Home::Memory(time), Home::Memory(state)]);
        Slope { routine: Routine::new(program, ports, code), time, state }
    }

    /// What does not change from step to step.
    pub fn prepare(&self, memory: &mut [f64]) {
        self.routine.run_once(memory);
    }

    pub fn at(&self, memory: &mut [f64], time: &[f64], state: &[f64], slope: &mut [f64], lanes: usize) {
        self.time.of_mut(memory).copy_from_slice(time);
        self.state.of_mut(memory).copy_from_slice(state);
        self.routine.run(memory);
        kernel::copy(&self.routine.output(memory, 0), slope, lanes);
    }
}

impl Attempt {
    /// `program` is a function of all arguments, which include both ends of the interval, then of the state before the step, its
    /// fraction and what has elapsed.
    pub fn new(
        program: &Program,
        args: &[Home],
        [groups, state]: [usize; 2],
        code: &mut Lowering,
    ) -> Attempt {
        let lanes = code.lanes;
        let mut place = |size: usize| Span { start: code.allocate(size * lanes), by: 0, size, lanes };
        let (state, fraction, elapsed) = (place(state), place(groups), place(groups));
        let mut ports = args.to_vec();
        ports.extend([state, fraction, elapsed].map(Home::Memory));
        Attempt { routine: Routine::new(program, ports, code), state, fraction, elapsed }
    }

    /// What does not change from step to step.
    pub fn prepare(&self, memory: &mut [f64]) {
        self.routine.run_once(memory);
    }

    pub fn at(
        &self,
        memory: &mut [f64],
        [fraction, elapsed]: [&[f64]; 2],
        state: &[f64],
        to: [&mut [f64]; 2],
        lanes: usize,
    ) {
        self.state.of_mut(memory).copy_from_slice(state);
        self.fraction.of_mut(memory).copy_from_slice(fraction);
        self.elapsed.of_mut(memory).copy_from_slice(elapsed);
        self.routine.run(memory);
        let outputs = to.into_iter().enumerate();
        outputs.for_each(|(k, to)| kernel::copy(&self.routine.output(memory, k), to, lanes));
    }
}
