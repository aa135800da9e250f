//! The adaptive solve of values: which steps are taken. Every lane and every group has steps of its own.

use super::equation::Equation;
use super::interval::{FROM, STATE, TO};
use super::runge_kutta::{ERROR, NODES, STAGES, WEIGHTS};
use super::{Control, Field, Method};
use crate::tape::kernel;
use crate::tape::op::size_of;
use crate::tape::vector::{WIDTH, with_vectors};

// Step size control: the constants of DOPRI5 and RODAS (Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I, II.4,
// and II, IV.7).
const SAFETY: f64 = 0.9;
/// A step is at most this much shorter or longer than the one before.
const SHORTEST: f64 = 0.2;
const LONGEST: f64 = 10.0;
/// The smallest error that the next step remembers.
const LEAST_ERROR: f64 = 1e-4;
/// A last step may be stretched by this much.
const STRETCH: f64 = 1.01;

/// Solves from one time to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pacer {
    control: Control,
    n_groups: usize,
    /// Elements of the state, in all groups together.
    size: usize,
}

/// What a solve leaves for the sweeps: nothing but the final state where there is no room for steps.
pub(super) struct History<'a> {
    /// `[steps][groups][lanes]`
    pub fractions: &'a mut [f64],
    pub elapsed: &'a mut [f64],
    /// `[steps + 1][size][lanes]`
    pub state: &'a mut [f64],
}

/// One number for each group and lane.
struct Solves<'a> {
    /// The length of the step to try first, then of that to try next.
    guess: &'a mut [f64],
    from: &'a mut [f64],
    span: &'a mut [f64],
    /// t at a stage.
    time: &'a mut [f64],
    /// The part of the interval that is done.
    elapsed: &'a mut [f64],
    /// The step being tried, as a part of the interval; 0 once the end is reached or the solve has failed.
    trial: &'a mut [f64],
    /// What it would be without the end of the interval; negative after a rejected step, when it must not grow.
    wanted: &'a mut [f64],
    last_error: &'a mut [f64],
    accepted: &'a mut [f64],
    tried: &'a mut [f64],
}

const SOLVE_BUFFERS: usize = 9;
/// Slopes at the stages, the state, the state at a stage, the error of a step.
const STATE_BUFFERS: usize = STAGES + 3;

/// Exponents of the errors of this and of the last step in the length of the next.
fn exponents(method: Method) -> [f64; 2] {
    match method {
        Method::DormandPrince => [0.2 - 0.75 * 0.04, 0.04],
        Method::Rodas => [0.25, 0.0],
    }
}

impl Pacer {
    pub fn new(field: &Field, control: Control, n_groups: usize) -> Pacer {
        Pacer { control, n_groups, size: size_of(field.graph.shape(field.state)) }
    }

    /// Elements of t and y.
    pub fn sizes(&self) -> [usize; 2] {
        [self.n_groups, self.size]
    }

    /// How many numbers of working memory [`Pacer::run`] needs.
    pub fn scratch(&self, lanes: usize) -> usize {
        (STATE_BUFFERS * self.size + SOLVE_BUFFERS * self.n_groups) * lanes
    }

    /// Solves; `guess` is the length of the step to try first, and in the end of that to try next. Gives the number of steps
    /// that are kept.
    pub fn run(
        &self,
        equation: Equation<'_>,
        guess: &mut [f64],
        mut history: History<'_>,
        lanes: usize,
        scratch: &mut [f64],
    ) -> usize {
        let Equation { slope, attempt, args, memory } = equation;
        let n_solves = self.n_groups * lanes;
        let (slopes, rest) = scratch.split_at_mut(STAGES * self.size * lanes);
        let (state, rest) = rest.split_at_mut(self.size * lanes);
        let (stage, rest) = rest.split_at_mut(self.size * lanes);
        let (error, rest) = rest.split_at_mut(self.size * lanes);
        let numbers = &mut rest[..SOLVE_BUFFERS * n_solves];
        let mut solves = Solves::new(numbers, guess, n_solves);
        let arg = |k: usize| args[k].operand(memory, &[]);
        kernel::copy(&arg(STATE), state, lanes);
        kernel::copy(&arg(FROM), solves.from, lanes);
        kernel::copy(&arg(TO), solves.span, lanes);
        solves.span.iter_mut().zip(&*solves.from).for_each(|(span, from)| *span -= from);

        slope.prepare(memory);
        if let Some(attempt) = attempt {
            attempt.prepare(memory);
        }
        let stride = self.size * lanes;
        slope.at(memory, solves.from, state, &mut slopes[..stride], lanes);
        for s in 0..n_solves {
            let finite = |values: &[f64]| self.elements(s, lanes).all(|i| values[i].is_finite());
            if !solves.span[s].is_finite() || !finite(state) || !finite(slopes) {
                self.elements(s, lanes).for_each(|i| state[i] = f64::NAN);
                solves.guess[s] = 1.0;
            } else if solves.span[s] != 0.0 {
                solves.trial[s] = 1.0;
            }
        }
        if (0..n_solves).any(|s| solves.trial[s] != 0.0 && solves.guess[s] == 0.0) {
            for s in 0..n_solves {
                if solves.trial[s] != 0.0 && solves.guess[s] == 0.0 {
                    let length = self.first_guess(s, state, slopes, lanes);
                    solves.trial[s] = (length / solves.span[s].abs()).min(1.0);
                }
            }
            self.stage(&[1.0], &solves, Some(state), slopes, stage, lanes);
            solves.set_time(1.0);
            slope.at(memory, solves.time, stage, &mut slopes[stride..2 * stride], lanes);
            for s in 0..n_solves {
                if solves.trial[s] != 0.0 && solves.guess[s] == 0.0 {
                    solves.guess[s] = self.second_guess(s, &solves, state, slopes, lanes);
                }
            }
        }
        for s in 0..n_solves {
            if solves.trial[s] != 0.0 {
                solves.wanted[s] = solves.guess[s] / solves.span[s].abs();
                solves.trial[s] = solves.wanted[s].min(1.0);
            }
        }
        history.keep(0, state, 0..state.len());

        while solves.trial.iter().any(|&trial| trial != 0.0) {
            match attempt {
                Some(attempt) => attempt.at(
                    memory,
                    [&*solves.trial, &*solves.elapsed],
                    state,
                    [&mut *stage, &mut *error],
                    lanes,
                ),
                None => {
                    for s in 1..STAGES {
                        solves.set_time(NODES[s]);
                        let (before, after) = slopes.split_at_mut(s * stride);
                        self.stage(WEIGHTS[s], &solves, Some(state), before, stage, lanes);
                        slope.at(memory, solves.time, stage, &mut after[..stride], lanes);
                    }
                    self.stage(&ERROR, &solves, None, slopes, error, lanes);
                }
            }
            for s in 0..n_solves {
                if solves.trial[s] != 0.0
                    && self.judge(s, &mut solves, [state, stage, error], &mut history, lanes)
                {
                    // The slope at the end of a step is that at the start of the next.
                    self.elements(s, lanes).for_each(|i| slopes[i] = slopes[(STAGES - 1) * stride + i]);
                }
            }
        }

        if !history.has_room() {
            history.state.copy_from_slice(state);
            return 0;
        }
        // Solves that took fewer steps stay where they are; a step of NaN makes all derivatives of failed ones NaN
        let failed = |s: usize| self.elements(s, lanes).all(|i| state[i].is_nan());
        let most = (0..n_solves).map(|s| if failed(s) { 1.0 } else { solves.accepted[s] });
        let n_steps = most.fold(0.0, f64::max) as usize;
        for s in 0..n_solves {
            let (from, fraction) = if failed(s) { (0, f64::NAN) } else { (solves.accepted[s] as usize, 0.0) };
            for k in from..n_steps {
                history.fractions[k * n_solves + s] = fraction;
                history.elapsed[k * n_solves + s] = 1.0;
                history.keep(k + 1, state, self.elements(s, lanes));
            }
        }
        n_steps
    }

    /// Where the state of a solve lies.
    fn elements(&self, solve: usize, lanes: usize) -> impl Iterator<Item = usize> + use<> {
        let n = self.size / self.n_groups;
        let (group, lane) = (solve / lanes, solve % lanes);
        (group * n..(group + 1) * n).map(move |i| i * lanes + lane)
    }

    /// y + h sum_j w_j k_j, or without y
    fn stage(
        &self,
        weights: &[f64],
        solves: &Solves<'_>,
        state: Option<&[f64]>,
        slopes: &[f64],
        out: &mut [f64],
        lanes: usize,
    ) {
        let (all, of_group) = (self.size * lanes, self.size / self.n_groups);
        if all < WIDTH {
            // too few for vectors
            for (i, out) in out.iter_mut().enumerate() {
                let solve =
                    if self.n_groups * lanes == 1 { 0 } else { i / (of_group * lanes) * lanes + i % lanes };
                let terms = weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0);
                let sum = terms.fold(0.0, |sum, (j, weight)| sum + weight * slopes[j * all + i]);
                let moved = solves.trial[solve] * solves.span[solve] * sum;
                *out = state.map_or(moved, |state| state[i] + moved);
            }
            return;
        }
        let lengths = || solves.trial.chunks_exact(lanes).zip(solves.span.chunks_exact(lanes));
        with_vectors(
            #[inline(always)]
            || {
                out.fill(0.0);
                for (&weight, slope) in weights.iter().zip(slopes.chunks_exact(all)) {
                    if weight != 0.0 {
                        out.iter_mut().zip(slope).for_each(|(out, slope)| *out += weight * slope);
                    }
                }
                for (out, (trial, span)) in out.chunks_exact_mut(of_group * lanes).zip(lengths()) {
                    for out in out.chunks_exact_mut(lanes) {
                        out.iter_mut()
                            .zip(trial)
                            .zip(span)
                            .for_each(|((out, trial), span)| *out *= trial * span);
                    }
                }
                if let Some(state) = state {
                    out.iter_mut().zip(state).for_each(|(out, y)| *out += y);
                }
            },
        );
    }

    /// Accepts or rejects the step that a solve has tried, and sets the next one; whether it was accepted.
    fn judge(
        &self,
        s: usize,
        solves: &mut Solves<'_>,
        [state, stage, errors]: [&mut [f64]; 3],
        history: &mut History<'_>,
        lanes: usize,
    ) -> bool {
        let (trial, span) = (solves.trial[s], solves.span[s]);
        let mut error = 0.0f64;
        for i in self.elements(s, lanes) {
            let part = errors[i].abs() / self.scale(state[i].abs().max(stage[i].abs()));
            error = if part.is_finite() && stage[i].is_finite() { error.max(part) } else { f64::INFINITY };
            if error.is_infinite() {
                break;
            }
        }
        solves.tried[s] += 1.0;
        let [of_this, of_last] = exponents(self.control.method);
        let fitting = SAFETY * error.powf(-of_this);
        let is_accepted = error <= 1.0;
        if is_accepted {
            let k = solves.accepted[s] as usize;
            self.elements(s, lanes).for_each(|i| state[i] = stage[i]);
            history.keep(k + 1, state, self.elements(s, lanes));
            history.note(k, s, solves);
            solves.accepted[s] += 1.0;
            let factor = (fitting * solves.last_error[s].powf(of_last)).clamp(SHORTEST, LONGEST);
            let wanted = solves.wanted[s];
            let next = if wanted < 0.0 {
                trial * factor.min(1.0)
            } else if trial < wanted {
                (trial * factor).max(wanted)
            } else {
                trial * factor
            };
            solves.last_error[s] = error.max(LEAST_ERROR);
            solves.guess[s] = next * span.abs();
            if trial >= 1.0 - solves.elapsed[s] {
                solves.trial[s] = 0.0;
                return true;
            }
            solves.elapsed[s] += trial;
            let left = 1.0 - solves.elapsed[s];
            solves.wanted[s] = next;
            solves.trial[s] = if STRETCH * next >= left { left } else { next };
        } else {
            solves.trial[s] = trial * fitting.clamp(SHORTEST, 1.0);
            solves.wanted[s] = -solves.trial[s];
        }
        let elapsed = solves.elapsed[s];
        if solves.tried[s] >= self.control.max_steps as f64 || elapsed + solves.trial[s] <= elapsed {
            self.elements(s, lanes).for_each(|i| state[i] = f64::NAN);
            solves.trial[s] = 0.0;
            solves.guess[s] = 1.0;
        }
        is_accepted
    }

    /// The error that is allowed where the state is `size` large.
    fn scale(&self, size: f64) -> f64 {
        self.control.atol + self.control.rtol * size
    }

    /// The length of an Euler step that moves the state by one part in a hundred.
    fn first_guess(&self, s: usize, state: &[f64], slopes: &[f64], lanes: usize) -> f64 {
        let (mut size, mut speed) = (0.0f64, 0.0f64);
        for i in self.elements(s, lanes) {
            let scale = self.scale(state[i].abs());
            size = size.max(state[i].abs() / scale);
            speed = speed.max(slopes[i].abs() / scale);
        }
        if size < 1e-5 || speed < 1e-5 { 1e-6 } else { 0.01 * size / speed }
    }

    /// The length of the first step, from the slopes before and behind that Euler step.
    fn second_guess(
        &self,
        s: usize,
        solves: &Solves<'_>,
        state: &[f64],
        slopes: &[f64],
        lanes: usize,
    ) -> f64 {
        let stride = self.size * lanes;
        let length = solves.trial[s] * solves.span[s].abs();
        let (mut speed, mut change) = (0.0f64, 0.0f64);
        for i in self.elements(s, lanes) {
            let scale = self.scale(state[i].abs());
            speed = speed.max(slopes[i].abs() / scale);
            change = change.max((slopes[stride + i] - slopes[i]).abs() / scale);
        }
        let most = speed.max(change / length);
        let by_error = if most <= 1e-15 { (1e-3 * length).max(1e-6) } else { (0.01 / most).powf(0.2) };
        let next = by_error.min(100.0 * length);
        if next > 0.0 { next } else { length }
    }
}

impl History<'_> {
    fn has_room(&self) -> bool {
        !self.fractions.is_empty()
    }

    /// Keeps some elements of a state at a position.
    fn keep(&mut self, position: usize, state: &[f64], elements: impl Iterator<Item = usize>) {
        if self.has_room() {
            let to = &mut self.state[position * state.len()..(position + 1) * state.len()];
            elements.for_each(|i| to[i] = state[i]);
        }
    }

    /// Keeps the step that a solve has just taken.
    fn note(&mut self, k: usize, s: usize, solves: &Solves<'_>) {
        if self.has_room() {
            let at = k * solves.trial.len() + s;
            self.fractions[at] = solves.trial[s];
            self.elapsed[at] = solves.elapsed[s];
        }
    }
}

impl<'a> Solves<'a> {
    fn new(numbers: &'a mut [f64], guess: &'a mut [f64], n_solves: usize) -> Solves<'a> {
        numbers.fill(0.0);
        let mut parts = numbers.chunks_exact_mut(n_solves);
        let mut next = || parts.next().expect("as many buffers as there are fields");
        let solves = Solves {
            guess,
            from: next(),
            span: next(),
            time: next(),
            elapsed: next(),
            trial: next(),
            wanted: next(),
            last_error: next(),
            accepted: next(),
            tried: next(),
        };
        solves.last_error.fill(LEAST_ERROR);
        solves
    }

    /// t at this part of the step being tried.
    fn set_time(&mut self, node: f64) {
        for s in 0..self.time.len() {
            self.time[s] = self.from[s] + (self.elapsed[s] + node * self.trial[s]) * self.span[s];
        }
    }
}
