//! Discrete variables from the tables that they were summed out of: probabilities, joint draws, and the most likely values of all.
//!
//! The steps of the elimination are run on numbers, and then back: given the variables that were summed out after it, a variable has
//! the probabilities of its own step (forwards filtering, backwards sampling; on a chain, forwards-backwards and Viterbi).

use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use crate::compile::{Addend, Elimination};

const NO_STEP: usize = usize::MAX;

/// The steps of an elimination, laid out to be run on the tables of a point.
pub struct Steps<'e> {
    elimination: &'e Elimination,
    steps: Vec<Step>,
    /// How each addend is read, in the order of the steps.
    reads: Vec<Read>,
    strides: Vec<usize>,
    n_messages: usize,
    n_joint: usize,
}

struct Step {
    /// Where its numbers are: the message, and the table over its neighbours and its variable, `[neighbours...][values]`.
    message: usize,
    joint: usize,
    message_size: usize,
    card: usize,
    reads: usize,
    /// The step that its message is an addend of, and where the strides of its neighbours in the table of that step are.
    next: usize,
    next_strides: usize,
}

struct Read {
    is_message: bool,
    start: usize,
    /// Where its strides are: one for each neighbour, then the variable's.
    strides: usize,
}

/// What is found at one point.
pub struct Found {
    /// log of the sum over all values of all variables.
    pub log_sum: f64,
    messages: Vec<f64>,
    /// Probabilities of each variable's values given its neighbours'; then joint ones.
    tables: Vec<f64>,
}

impl<'e> Steps<'e> {
    pub fn new(elimination: &'e Elimination) -> Steps<'e> {
        let n = elimination.n_steps();
        let mut pool_starts = Vec::with_capacity(elimination.pools.len());
        let mut at = 0;
        for pool in &elimination.pools {
            pool_starts.push(at);
            at += pool.n_rows() * pool.size();
        }
        let mut own = Steps {
            elimination,
            steps: Vec::with_capacity(n),
            reads: Vec::new(),
            strides: Vec::new(),
            n_messages: 0,
            n_joint: 0,
        };
        for i in 0..n {
            let message_size = elimination.message_size(i);
            let card = elimination.card(elimination.variable(i));
            own.steps.push(Step {
                message: own.n_messages,
                joint: own.n_joint,
                message_size,
                card,
                reads: own.reads.len(),
                next: NO_STEP,
                next_strides: 0,
            });
            own.n_messages += message_size;
            own.n_joint += message_size * card;
            for &addend in elimination.addends(i) {
                let (is_message, start) = match addend {
                    Addend::Message(from) => {
                        own.steps[from as usize].next = i;
                        (true, own.steps[from as usize].message)
                    }
                    Addend::Table { pool, table } => {
                        let (pool, start) = (&elimination.pools[pool as usize], pool_starts[pool as usize]);
                        (false, start + pool.row(table as usize) * pool.size())
                    }
                };
                let strides = own.strides.len();
                let scope = elimination.scope(addend);
                let axes = elimination.neighbours(i).iter().copied().chain([elimination.variable(i)]);
                own.strides.extend(axes.map(|variable| own_stride(elimination, scope, variable)));
                own.reads.push(Read { is_message, start, strides });
            }
        }
        for i in 0..n {
            let next = own.steps[i].next;
            if next != NO_STEP {
                own.steps[i].next_strides = own.strides.len();
                let scope: Vec<u32> = elimination
                    .neighbours(next)
                    .iter()
                    .copied()
                    .chain([elimination.variable(next)])
                    .collect();
                let near = elimination.neighbours(i).iter();
                own.strides.extend(near.map(|&variable| stride_in(elimination, &scope, variable)));
            }
        }
        own
    }

    /// The last read of a step comes before those of the next one.
    fn reads(&self, i: usize) -> &[Read] {
        let end = self.steps.get(i + 1).map_or(self.reads.len(), |next| next.reads);
        &self.reads[self.steps[i].reads..end]
    }

    /// Adds up what a step sums over, for each value of its neighbours and variable.
    fn add_up(
        &self,
        i: usize,
        table: &impl Fn(usize) -> f64,
        messages: &[f64],
        joint: &mut [f64],
        values: &mut Vec<usize>,
    ) {
        let near = self.elimination.neighbours(i);
        let card = self.steps[i].card;
        joint.fill(0.0);
        for read in self.reads(i) {
            let strides = &self.strides[read.strides..=read.strides + near.len()];
            let own = strides[near.len()];
            values.clear();
            values.resize(near.len(), 0);
            let mut at = read.start;
            for row in joint.chunks_exact_mut(card) {
                for (value, sum) in row.iter_mut().enumerate() {
                    let place = at + value * own;
                    *sum += if read.is_message { messages[place] } else { table(place) };
                }
                // The next values of the neighbours, last first.
                for axis in (0..near.len()).rev() {
                    values[axis] += 1;
                    at += strides[axis];
                    if values[axis] < self.elimination.card(near[axis]) {
                        break;
                    }
                    at -= strides[axis] * values[axis];
                    values[axis] = 0;
                }
            }
        }
    }

    /// Runs the steps on the tables of a point; `None` where these are not finite.
    pub fn run(&self, table: impl Fn(usize) -> f64) -> Option<Found> {
        let mut values = Vec::new();
        let mut found =
            Found { log_sum: 0.0, messages: vec![0.0; self.n_messages], tables: vec![0.0; self.n_joint] };
        for (i, step) in self.steps.iter().enumerate() {
            let joint = &mut found.tables[step.joint..step.joint + step.message_size * step.card];
            self.add_up(i, &table, &found.messages, joint, &mut values);
            for (k, row) in joint.chunks_exact_mut(step.card).enumerate() {
                let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                if row.iter().any(|x| x.is_nan()) || most == f64::INFINITY {
                    return None;
                }
                let shift = if most.is_finite() { most } else { 0.0 };
                row.iter_mut().for_each(|x| *x = (*x - shift).exp());
                let total: f64 = row.iter().sum();
                found.messages[step.message + k] = shift + total.ln();
                if total > 0.0 {
                    row.iter_mut().for_each(|x| *x /= total);
                }
            }
            if step.next == NO_STEP {
                found.log_sum += found.messages[step.message];
            }
        }
        found.log_sum.is_finite().then_some(found)
    }

    /// The value of each variable that is drawn, by its place among all.
    pub fn draw(&self, found: &Found, rng: &mut ChaCha12Rng, values: &mut [usize]) {
        for (i, step) in self.steps.iter().enumerate().rev() {
            let near = self.elimination.neighbours(i).iter();
            let row = near.fold(0, |row, &other| row * self.elimination.card(other) + values[other as usize]);
            let first = step.joint + row * step.card;
            let probabilities = &found.tables[first..first + step.card];
            values[self.elimination.variable(i) as usize] = drawn(probabilities, rng.random());
        }
    }

    /// Hands out each variable with the probabilities of its values. What was found becomes joint probabilities.
    pub fn marginals(&self, found: &mut Found, mut take: impl FnMut(usize, &[f64])) {
        let mut of_near: Vec<f64> = Vec::new();
        let mut own: Vec<f64> = Vec::new();
        for (i, step) in self.steps.iter().enumerate().rev() {
            of_near.clear();
            of_near.resize(step.message_size, if step.next == NO_STEP { 1.0 } else { 0.0 });
            if step.next != NO_STEP {
                self.sum_onto(found, i, &mut of_near);
            }
            own.clear();
            own.resize(step.card, 0.0);
            let joint = &mut found.tables[step.joint..step.joint + step.message_size * step.card];
            for (row, p) in joint.chunks_exact_mut(step.card).zip(&of_near) {
                row.iter_mut().for_each(|x| *x *= p);
                own.iter_mut().zip(&*row).for_each(|(sum, x)| *sum += x);
            }
            take(self.elimination.variable(i) as usize, &own);
        }
    }

    /// Probabilities of a step's neighbours, from the joint ones of the step that comes next.
    fn sum_onto(&self, found: &Found, i: usize, of_near: &mut [f64]) {
        let next = &self.steps[self.steps[i].next];
        let near = self.elimination.neighbours(i);
        let strides = &self.strides[self.steps[i].next_strides..self.steps[i].next_strides + near.len()];
        // What each axis of the next step's table is to the neighbours' own, 0 where it is summed over.
        let joint = &found.tables[next.joint..next.joint + next.message_size * next.card];
        let cards: Vec<usize> = near.iter().map(|&variable| self.elimination.card(variable)).collect();
        for (place, p) in joint.iter().enumerate() {
            let values = strides.iter().zip(&cards).map(|(stride, card)| place / stride % card);
            let own = values.zip(&cards).fold(0, |own, (value, card)| own * card + value);
            of_near[own] += p;
        }
    }

    /// The most likely values of all variables together, each by its place among all, and the log weight of these.
    pub fn most_likely(&self, table: impl Fn(usize) -> f64, values: &mut [usize]) -> f64 {
        let mut messages = vec![0.0; self.n_messages];
        let mut best = vec![0u32; self.n_messages];
        let (mut joint, mut indices) = (Vec::new(), Vec::new());
        let mut log_weight = 0.0;
        for (i, step) in self.steps.iter().enumerate() {
            joint.resize(step.message_size * step.card, 0.0);
            self.add_up(i, &table, &messages, &mut joint, &mut indices);
            for (k, row) in joint.chunks_exact(step.card).enumerate() {
                let first = (f64::NEG_INFINITY, 0);
                let of_row =
                    row.iter().zip(0..).fold(first, |best, (&x, at)| if x > best.0 { (x, at) } else { best });
                (messages[step.message + k], best[step.message + k]) = of_row;
            }
            if step.next == NO_STEP {
                log_weight += messages[step.message];
            }
        }
        for (i, step) in self.steps.iter().enumerate().rev() {
            let near = self.elimination.neighbours(i).iter();
            let row = near.fold(0, |row, &other| row * self.elimination.card(other) + values[other as usize]);
            values[self.elimination.variable(i) as usize] = best[step.message + row] as usize;
        }
        log_weight
    }
}

impl Steps<'_> {
    /// The log weight of some values of all variables, each by its place among all.
    pub fn log_weight(&self, table: impl Fn(usize) -> f64, values: &[usize]) -> f64 {
        let of_step = |i: usize| {
            let near = self.elimination.neighbours(i).iter().copied();
            let axes: Vec<usize> = near
                .chain([self.elimination.variable(i)])
                .map(|variable| values[variable as usize])
                .collect();
            let tables = self.reads(i).iter().filter(|read| !read.is_message);
            let place = |read: &Read| {
                let strides = &self.strides[read.strides..read.strides + axes.len()];
                read.start + axes.iter().zip(strides).map(|(value, stride)| value * stride).sum::<usize>()
            };
            tables.map(|read| table(place(read))).sum::<f64>()
        };
        (0..self.steps.len()).map(of_step).sum()
    }
}

/// How far apart two values of a variable are in a table over `scope`; 0 if it is none of them.
fn own_stride(elimination: &Elimination, scope: &[u32], variable: u32) -> usize {
    if scope.contains(&variable) { stride_in(elimination, scope, variable) } else { 0 }
}

fn stride_in(elimination: &Elimination, scope: &[u32], variable: u32) -> usize {
    scope.iter().rev().take_while(|&&other| other != variable).map(|&other| elimination.card(other)).product()
}

/// The first place up to which probabilities sum to more than `u`.
fn drawn(probabilities: &[f64], u: f64) -> usize {
    let mut sum = 0.0;
    let found = probabilities.iter().position(|p| {
        sum += p;
        sum > u
    });
    // Rounding: the last that is possible.
    found.or_else(|| probabilities.iter().rposition(|p| *p > 0.0)).unwrap_or(0)
}
