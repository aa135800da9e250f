//! Rounds of an elimination that repeat, as one recursion: which messages it carries, and where each round reads.

use std::collections::{BTreeMap, HashMap};

use super::order::{Addend, Elimination};
use super::schedule::Schedule;

/// Why rounds are not a recursion: some read what the same repeat has made and some what an earlier one has.
pub struct Uneven;

/// Rounds as a recursion: what its body reads, and where.
pub struct Recursion {
    pub first: usize,
    pub repeats: usize,
    /// Steps of each round of a repeat: as many as its widest has.
    pub widths: Vec<usize>,
    pub states: Vec<Messages>,
    /// Of each round and input.
    pub reads: Vec<Vec<Read>>,
}

/// Messages of one size, in one carried buffer: those from before the recursion, then those of each round of it.
pub struct Messages {
    pub size: usize,
    pub before: Vec<u32>,
    /// By round of a repeat.
    pub first_row: BTreeMap<usize, usize>,
    pub n_rows: usize,
}

/// Where a body reads an input, rows being `[repeats][width]`.
pub enum Read {
    Shared(u32),
    Pool(u32, Vec<u32>),
    State(usize, Vec<u32>),
    /// From another round of the same repeat, `[width]`.
    SameRepeat(usize, Vec<u32>),
}

/// Where a message that a recursion reads was made.
#[derive(Clone, Copy)]
struct Origin {
    /// Not for a step that is done in vain.
    counts: bool,
    place: MadeAt,
}

#[derive(Clone, Copy)]
enum MadeAt {
    Before(u32),
    /// Repeat, round of the repeat, and place in the round.
    Within(usize, usize, usize),
}

impl Recursion {
    pub fn plan(
        elimination: &Elimination,
        schedule: &Schedule,
        first: usize,
        period: usize,
        repeats: usize,
    ) -> Result<Recursion, Uneven> {
        let rounds = |repeat: usize, round: usize| schedule.rounds.get(first + repeat * period + round);
        let widths: Vec<usize> = (0..period)
            .map(|round| (0..repeats).map(|repeat| rounds(repeat, round).len()).max().unwrap_or(0))
            .collect();
        let mut made: HashMap<u32, (usize, usize, usize)> = HashMap::new();
        for repeat in 0..repeats {
            for round in 0..period {
                for (at, &step) in rounds(repeat, round).iter().enumerate() {
                    made.insert(step, (repeat, round, at));
                }
            }
        }
        let mut states: Vec<Messages> = Vec::new();
        for round in 0..period {
            let size = elimination.message_size(rounds(0, round)[0] as usize);
            let state = state_of(&mut states, size);
            states[state].first_row.insert(round, 0);
        }
        let mut origins: Vec<Vec<Vec<Origin>>> = Vec::with_capacity(period);
        let mut reads: Vec<Vec<Read>> = Vec::with_capacity(period);
        for (round, &width) in widths.iter().enumerate() {
            let shape = schedule.shape(first + round);
            let (mut own_reads, mut own_origins) = (Vec::new(), Vec::new());
            for (i, input) in shape.inputs.iter().enumerate() {
                // Steps that are done in vain read what the first of their round reads.
                let addend = |repeat: usize, at: usize| {
                    let steps = rounds(repeat, round);
                    let step = *steps.get(at).unwrap_or(&steps[0]);
                    schedule.addends_of(elimination, step as usize, i).next()
                };
                let all = (0..repeats).flat_map(|repeat| (0..width).map(move |at| (repeat, at)));
                let mut found = Vec::new();
                match input.pool {
                    Some(pool) if elimination.pools[pool as usize].is_shared => {
                        own_reads.push(Read::Shared(pool))
                    }
                    Some(pool) => {
                        let rows = all.map(|(repeat, at)| match addend(repeat, at) {
                            Some(Addend::Table { table, .. }) => table,
                            _ => 0,
                        });
                        own_reads.push(Read::Pool(pool, rows.collect()));
                    }
                    None => {
                        let size: usize = input.axes.iter().map(|&axis| shape.cards[axis]).product();
                        let state = state_of(&mut states, size);
                        for (repeat, at) in all {
                            let Some(Addend::Message(step)) = addend(repeat, at) else { return Err(Uneven) };
                            let place = match made.get(&step) {
                                Some(&(repeat, round, at)) => MadeAt::Within(repeat, round, at),
                                None => {
                                    states[state].before.push(step);
                                    MadeAt::Before(step)
                                }
                            };
                            found.push(Origin { counts: at < rounds(repeat, round).len(), place });
                        }
                        own_reads.push(Read::State(state, Vec::new()));
                    }
                }
                own_origins.push(found);
            }
            reads.push(own_reads);
            origins.push(own_origins);
        }
        for state in &mut states {
            state.before.sort_unstable();
            state.before.dedup();
            state.n_rows = state.before.len();
            for (&round, first_row) in &mut state.first_row {
                *first_row = state.n_rows;
                state.n_rows += repeats * widths[round];
            }
        }
        for ((reads, origins), &width) in reads.iter_mut().zip(&origins).zip(&widths) {
            for (read, origins) in reads.iter_mut().zip(origins) {
                if let Read::State(state, _) = *read {
                    *read = placed(&states, state, origins, width, &widths)?;
                }
            }
        }
        Ok(Recursion { first, repeats, widths, states, reads })
    }
}

fn state_of(states: &mut Vec<Messages>, size: usize) -> usize {
    states.iter().position(|state| state.size == size).unwrap_or_else(|| {
        states.push(Messages { size, before: Vec::new(), first_row: Default::default(), n_rows: 0 });
        states.len() - 1
    })
}

/// Where messages are read, `[repeats][width]`: all within their own repeat, at the same places, or all in the carried buffer.
fn placed(
    states: &[Messages],
    state: usize,
    origins: &[Origin],
    width: usize,
    widths: &[usize],
) -> Result<Read, Uneven> {
    let is_own = |(i, origin): (usize, &Origin)| {
        origin.counts && matches!(origin.place, MadeAt::Within(repeat, ..) if repeat == i / width)
    };
    if !origins.iter().enumerate().any(is_own) {
        let Messages { before, first_row, .. } = &states[state];
        let row = |origin: &Origin| match origin.place {
            MadeAt::Before(step) => before.binary_search(&step).unwrap_or(0) as u32,
            MadeAt::Within(repeat, round, at) => (first_row[&round] + repeat * widths[round] + at) as u32,
        };
        return Ok(Read::State(state, origins.iter().map(row).collect()));
    }
    let mut of_round = None;
    let mut rows: Vec<Option<u32>> = vec![None; width];
    for (i, origin) in origins.iter().enumerate().filter(|(_, origin)| origin.counts) {
        let MadeAt::Within(repeat, round, at) = origin.place else { return Err(Uneven) };
        let known = *rows[i % width].get_or_insert(at as u32);
        if repeat != i / width || *of_round.get_or_insert(round) != round || known != at as u32 {
            return Err(Uneven);
        }
    }
    Ok(Read::SameRepeat(of_round.unwrap_or(0), rows.into_iter().flatten().collect()))
}
