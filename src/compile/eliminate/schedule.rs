//! Steps of an elimination that are alike are done side by side, and what repeats becomes a recursion.

use std::collections::HashMap;

use super::order::{Addend, Elimination, Lists};

/// Most rounds after which steps may be alike again.
const MAX_PERIOD: usize = 8;
/// Fewest times that rounds repeat in a recursion.
const MIN_REPEATS: usize = 4;
/// Steps that are done in vain for each one that is not, where a recursion's chains end one after the other.
const MAX_WASTE: usize = 2;

/// What a step does: two steps of one shape differ only in where their addends are found.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Values of the variable that is summed out, then those of its neighbours.
    pub cards: Vec<usize>,
    pub inputs: Vec<Input>,
}

/// One table, or the sum of several, over some of a step's axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The pool; a message if none.
    pub pool: Option<u32>,
    /// The axes of the joint table that its own are: 0 is the variable's.
    pub axes: Vec<usize>,
    /// A step may have any number of them.
    pub is_many: bool,
}

/// The rounds of an elimination. The steps of a round are of one shape, and need no other step of it.
#[derive(Debug)]
pub struct Schedule {
    pub shapes: Vec<Shape>,
    pub rounds: Lists<u32>,
    pub parts: Vec<Part>,
    /// Of each addend, in the order of steps, the input that it is part of.
    input_of: Vec<u32>,
    shape_of: Vec<u32>,
}

/// Rounds that are written down as they are, or as one recursion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Once(usize),
    Repeated { first: usize, period: usize, repeats: usize },
}

impl Schedule {
    pub fn new(elimination: &Elimination) -> Schedule {
        let mut schedule = Schedule {
            shapes: Vec::new(),
            rounds: Lists::default(),
            parts: Vec::new(),
            input_of: Vec::new(),
            shape_of: Vec::new(),
        };
        schedule.find_shapes(elimination);
        schedule.find_rounds(elimination);
        schedule.find_parts();
        schedule
    }

    pub fn shape(&self, round: usize) -> &Shape {
        &self.shapes[self.shape_number(round) as usize]
    }

    /// The addends of a step that are part of an input.
    pub fn addends_of<'s>(
        &'s self,
        elimination: &'s Elimination,
        step: usize,
        input: usize,
    ) -> impl Iterator<Item = Addend> + 's {
        let own = &self.input_of[elimination.first_addend(step)..];
        elimination
            .addends(step)
            .iter()
            .zip(own)
            .filter(move |(_, of)| **of as usize == input)
            .map(|(a, _)| *a)
    }

    fn shape_number(&self, round: usize) -> u32 {
        self.shape_of[self.rounds.get(round)[0] as usize]
    }

    fn find_shapes(&mut self, elimination: &Elimination) {
        let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
        let (mut codes, mut key): (Vec<(Vec<u32>, usize)>, Vec<u32>) = (Vec::new(), Vec::new());
        for step in 0..elimination.n_steps() {
            let (variable, neighbours) = (elimination.variable(step), elimination.neighbours(step));
            let axis = |other: &u32| match neighbours.binary_search(other) {
                Ok(at) => at as u32 + 1,
                Err(_) => 0,
            };
            codes.clear();
            for (place, &addend) in elimination.addends(step).iter().enumerate() {
                let pool = match addend {
                    Addend::Table { pool, .. } => pool,
                    Addend::Message(_) => u32::MAX,
                };
                let axes = elimination.scope(addend).iter().map(axis);
                codes.push((std::iter::once(pool).chain(axes).collect(), place));
            }
            codes.sort_unstable();
            key.clear();
            key.push(elimination.card(variable) as u32);
            key.push(neighbours.len() as u32);
            key.extend(neighbours.iter().map(|&other| elimination.card(other) as u32));
            let first = self.input_of.len();
            self.input_of.resize(first + codes.len(), 0);
            let mut inputs: Vec<Input> = Vec::new();
            for (i, (code, place)) in codes.iter().enumerate() {
                if i > 0 && codes[i - 1].0 == *code {
                    if let Some(last) = inputs.last_mut() {
                        last.is_many = true;
                    }
                } else {
                    inputs.push(Input {
                        pool: (code[0] != u32::MAX).then_some(code[0]),
                        axes: code[1..].iter().map(|&axis| axis as usize).collect(),
                        is_many: false,
                    });
                }
                self.input_of[first + place] = inputs.len() as u32 - 1;
            }
            for input in &inputs {
                key.extend([input.pool.unwrap_or(u32::MAX), input.axes.len() as u32, input.is_many.into()]);
                key.extend(input.axes.iter().map(|&axis| axis as u32));
            }
            let shape = match known.get(&key) {
                Some(&shape) => shape,
                None => {
                    let cards = std::iter::once(variable).chain(neighbours.iter().copied());
                    let cards = cards.map(|variable| elimination.card(variable)).collect();
                    self.shapes.push(Shape { cards, inputs });
                    known.insert(key.clone(), self.shapes.len() as u32 - 1);
                    self.shapes.len() as u32 - 1
                }
            };
            self.shape_of.push(shape);
        }
    }

    /// The shape that most steps are of goes first, so that what is rare, the ends of chains, waits until all of it
    /// can be done at once.
    fn find_rounds(&mut self, elimination: &Elimination) {
        let n = elimination.n_steps();
        let mut waits_for = vec![0u32; n];
        let mut feeds = vec![u32::MAX; n];
        for (step, waits) in waits_for.iter_mut().enumerate() {
            for &addend in elimination.addends(step) {
                if let Addend::Message(from) = addend {
                    *waits += 1;
                    feeds[from as usize] = step as u32;
                }
            }
        }
        let mut n_of = vec![0usize; self.shapes.len()];
        self.shape_of.iter().for_each(|&shape| n_of[shape as usize] += 1);
        let mut ready: Vec<Vec<u32>> = vec![Vec::new(); self.shapes.len()];
        for step in (0..n).filter(|&step| waits_for[step] == 0) {
            ready[self.shape_of[step] as usize].push(step as u32);
        }
        let mut n_done = 0;
        while n_done < n {
            let candidates = (0..ready.len()).filter(|&shape| !ready[shape].is_empty());
            let Some(shape) = candidates.max_by_key(|&shape| (n_of[shape], usize::MAX - shape)) else {
                break;
            };
            let mut round = std::mem::take(&mut ready[shape]);
            round.sort_unstable_by_key(|&step| elimination.variable(step as usize));
            n_done += round.len();
            for &step in &round {
                let next = feeds[step as usize];
                if next != u32::MAX {
                    waits_for[next as usize] -= 1;
                    if waits_for[next as usize] == 0 {
                        ready[self.shape_of[next as usize] as usize].push(next);
                    }
                }
            }
            self.rounds.push(round);
        }
    }

    fn find_parts(&mut self) {
        let shapes: Vec<u32> = (0..self.rounds.len()).map(|round| self.shape_number(round)).collect();
        let mut at = 0;
        while at < shapes.len() {
            let coverage = |period: usize| {
                let alike = shapes[at..].iter().zip(&shapes[(at + period).min(shapes.len())..]);
                let n_alike = alike.take_while(|(a, b)| a == b).count();
                (n_alike / period + 1) * period
            };
            let mut best = (1, coverage(1));
            for period in 2..=MAX_PERIOD {
                let covered = coverage(period);
                if covered > best.1 && covered >= MIN_REPEATS * period {
                    best = (period, covered);
                }
            }
            let (period, covered) = best;
            let has_many =
                (at..at + period).any(|round| self.shape(round).inputs.iter().any(|input| input.is_many));
            if covered < MIN_REPEATS * period || has_many {
                self.parts.push(Part::Once(at));
                at += 1;
                continue;
            }
            let end = at + covered;
            while at < end {
                let repeats = self.even_repeats(at, period, (end - at) / period);
                if repeats < MIN_REPEATS {
                    (at..at + repeats * period).for_each(|round| self.parts.push(Part::Once(round)));
                } else {
                    self.parts.push(Part::Repeated { first: at, period, repeats });
                }
                at += repeats * period;
            }
        }
    }

    /// How many repeats of about the same widths there are, up to `most`.
    fn even_repeats(&self, first: usize, period: usize, most: usize) -> usize {
        let width = |repeat: usize| -> usize {
            (0..period).map(|k| self.rounds.get(first + repeat * period + k).len()).sum()
        };
        let (mut widest, mut total) = (0, 0);
        for repeat in 0..most {
            let own = width(repeat);
            widest = widest.max(own);
            total += own;
            if repeat >= MIN_REPEATS && widest * (repeat + 1) > MAX_WASTE * total {
                return repeat;
            }
        }
        most
    }
}

#[cfg(test)]
mod tests {
    use super::super::order::Pool;
    use super::*;

    fn chains(lengths: &[u32]) -> (Elimination, Schedule) {
        let mut scopes = Vec::new();
        let mut first = 0;
        for &length in lengths {
            scopes.extend((first + 1..first + length).flat_map(|i| [i - 1, i]));
            first += length;
        }
        let pool = Pool { cards: vec![2, 2], scopes, is_shared: true };
        let elimination = Elimination::new(vec![2; first as usize], vec![pool]).expect("chains");
        let schedule = Schedule::new(&elimination);
        (elimination, schedule)
    }

    #[test]
    fn a_chain_is_one_recursion_between_its_ends() {
        let (_, schedule) = chains(&[100]);
        let repeated = Part::Repeated { first: 1, period: 1, repeats: 98 };
        assert_eq!(schedule.parts, [Part::Once(0), repeated, Part::Once(99)]);
    }

    #[test]
    fn chains_of_any_lengths_go_side_by_side() {
        let (_, schedule) = chains(&[30, 50, 40, 1, 2]);
        assert_eq!(schedule.rounds.get(0).len(), 4);
        let repeated = Part::Repeated { first: 1, period: 1, repeats: 48 };
        assert_eq!(schedule.parts[..2], [Part::Once(0), repeated]);
        assert_eq!(schedule.rounds.get(1).len(), 3);
        assert_eq!(schedule.rounds.len(), 51);
    }

    #[test]
    fn two_coupled_chains_take_turns() {
        let n = 20;
        let along = |from: u32| (from + 1..from + n).flat_map(|i| [i - 1, i]).collect::<Vec<u32>>();
        let across = (0..n).flat_map(|i| [i, n + i]).collect();
        let pool = |scopes| Pool { cards: vec![3, 3], scopes, is_shared: false };
        let pools = vec![pool(along(0)), pool(along(n)), pool(across)];
        let elimination = Elimination::new(vec![3; 2 * n as usize], pools).expect("two chains");
        let schedule = Schedule::new(&elimination);
        assert!(
            schedule.parts.iter().any(|part| matches!(part, Part::Repeated { period: 2, repeats: 15.., .. })),
            "{:?}",
            schedule.parts
        );
    }
}
