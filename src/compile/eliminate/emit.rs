//! An elimination as operations: each round is one for all of its steps, repeated rounds are a recursion.

use std::collections::HashMap;

use super::order::{Addend, Elimination};
use super::recursion::{Read, Recursion, Uneven};
use super::schedule::{Part, Schedule, Shape};
use super::scopes::scatter_rows;
use crate::tape::{Access, Body, Graph, Mode, Node, Scan, Source, State};
use crate::types::unravel;

/// Axes up to which tables are arrays of their own; beyond they are read by tables of positions.
const MAX_AXES: usize = 12;

/// The log sums of all that nothing else depends on, by variable: shape `[components]`.
pub fn emit(graph: &mut Graph, elimination: &Elimination, pools: &[Node]) -> Node {
    let schedule = Schedule::new(elimination);
    let mut emitter = Emitter {
        graph,
        elimination,
        schedule: &schedule,
        pools,
        made: Vec::new(),
        place: vec![(0, 0); elimination.n_steps()],
    };
    for part in &schedule.parts {
        match *part {
            Part::Once(round) => emitter.once(round),
            Part::Repeated { first, period, repeats } => emitter.repeated(first, period, repeats),
        }
    }
    let mut ends: Vec<usize> =
        (0..elimination.n_steps()).filter(|&step| elimination.neighbours(step).is_empty()).collect();
    ends.sort_unstable_by_key(|&step| elimination.variable(step));
    let ends: Vec<u32> = ends.iter().map(|&step| step as u32).collect();
    let all = emitter.messages(&ends, 1);
    graph.reshape(all, &[ends.len()])
}

struct Emitter<'e> {
    graph: &'e mut Graph,
    elimination: &'e Elimination,
    schedule: &'e Schedule,
    pools: &'e [Node],
    /// Messages that have been computed, `[steps, size]`.
    made: Vec<Node>,
    /// Of each step the array that its message is in, and its row.
    place: Vec<(u32, u32)>,
}

impl Emitter<'_> {
    fn once(&mut self, round: usize) {
        let (schedule, steps) = (self.schedule, self.schedule.rounds.get(round));
        let shape = schedule.shape(round);
        let n = steps.len();
        let mut tables = Vec::with_capacity(shape.inputs.len());
        for (i, input) in shape.inputs.iter().enumerate() {
            let size: usize = input.axes.iter().map(|&axis| shape.cards[axis]).product();
            let mut addends: Vec<Addend> = Vec::with_capacity(n);
            let mut rows: Vec<u32> = Vec::with_capacity(n);
            for (row, &step) in steps.iter().enumerate() {
                for addend in schedule.addends_of(self.elimination, step as usize, i) {
                    addends.push(addend);
                    rows.push(row as u32);
                }
            }
            let table = match input.pool {
                Some(pool) if self.elimination.pools[pool as usize].is_shared && !input.is_many => {
                    self.graph.reshape(self.pools[pool as usize], &[1, size])
                }
                Some(pool) => {
                    let own = &self.elimination.pools[pool as usize];
                    let found = addends.iter().map(|addend| match addend {
                        Addend::Table { table, .. } => own.row(*table as usize) as u32,
                        Addend::Message(_) => 0,
                    });
                    let found: Vec<u32> = found.collect();
                    take(self.graph, self.pools[pool as usize], &found, size)
                }
                None => {
                    let found = addends.iter().map(|addend| match addend {
                        Addend::Message(step) => *step,
                        Addend::Table { .. } => 0,
                    });
                    let found: Vec<u32> = found.collect();
                    self.messages(&found, size)
                }
            };
            let table = if input.is_many { scatter_rows(self.graph, table, &rows, n, size) } else { table };
            tables.push(table);
        }
        let message = summed_out(self.graph, shape, &tables, n);
        self.keep(message, steps.iter().copied().zip(0..));
    }

    fn keep(&mut self, messages: Node, steps: impl Iterator<Item = (u32, u32)>) {
        self.made.push(messages);
        let made = self.made.len() as u32 - 1;
        steps.for_each(|(step, row)| self.place[step as usize] = (made, row));
    }

    /// The messages of some steps, `[steps, size]`.
    fn messages(&mut self, steps: &[u32], size: usize) -> Node {
        let mut sources: Vec<u32> = steps.iter().map(|&step| self.place[step as usize].0).collect();
        sources.sort_unstable();
        sources.dedup();
        let mut before = HashMap::new();
        let mut n = 0;
        let mut nodes = Vec::with_capacity(sources.len());
        for source in sources {
            before.insert(source, n);
            let node = self.made[source as usize];
            n += self.graph.size(node) / size;
            nodes.push(node);
        }
        let all = if let [one] = nodes[..] { one } else { self.graph.concat(&nodes, 0) };
        let row = |step: &u32| {
            let (source, row) = self.place[*step as usize];
            before[&source] as u32 + row
        };
        let rows: Vec<u32> = steps.iter().map(row).collect();
        take(self.graph, all, &rows, size)
    }

    fn repeated(&mut self, first: usize, period: usize, repeats: usize) {
        match Recursion::plan(self.elimination, self.schedule, first, period, repeats) {
            Ok(recursion) => self.recursion(recursion),
            Err(Uneven) => (first..first + period * repeats).for_each(|round| self.once(round)),
        }
    }

    fn recursion(&mut self, recursion: Recursion) {
        let Recursion { first, repeats, widths, states, reads } = recursion;
        let mut args: Vec<Node> = Vec::new();
        let mut arg = |node: Node| {
            args.iter().position(|&known| known == node).unwrap_or_else(|| {
                args.push(node);
                args.len() - 1
            })
        };
        let mut carried = Vec::with_capacity(states.len());
        for state in &states {
            let init = (!state.before.is_empty()).then(|| {
                let before = self.messages(&state.before, state.size);
                let zero = self.graph.scalar(0.0);
                let rest = self.graph.broadcast(zero, &[state.n_rows - state.before.len(), state.size]);
                self.graph.concat(&[before, rest], 0)
            });
            carried.push(State { shape: vec![state.n_rows, state.size], init: init.map(&mut arg) });
        }
        let mut body = Body { graph: Graph::new(), ports: Vec::new(), stores: Vec::new() };
        let mut messages: Vec<Node> = Vec::with_capacity(widths.len());
        for (round, (&width, reads)) in widths.iter().zip(&reads).enumerate() {
            let shape = self.schedule.shape(first + round);
            let mut tables = Vec::with_capacity(reads.len());
            for (read, input) in reads.iter().zip(&shape.inputs) {
                let size: usize = input.axes.iter().map(|&axis| shape.cards[axis]).product();
                tables.push(match read {
                    Read::Shared(pool) => {
                        let node = body.graph.input(&[1, size]);
                        body.ports.push((node, Source::Arg(arg(self.pools[*pool as usize])), Access::Whole));
                        node
                    }
                    Read::Pool(pool, rows) => {
                        let node = body.graph.input(&[width, size]);
                        let source = Source::Arg(arg(self.pools[*pool as usize]));
                        body.ports.push((node, source, access(rows, width, size)));
                        node
                    }
                    Read::State(state, rows) => {
                        let node = body.graph.input(&[width, size]);
                        body.ports.push((node, Source::State(*state), access(rows, width, size)));
                        node
                    }
                    Read::SameRepeat(other, rows) => take(&mut body.graph, messages[*other], rows, size),
                });
            }
            messages.push(summed_out(&mut body.graph, shape, &tables, width));
        }
        for (round, (&message, &width)) in messages.iter().zip(&widths).enumerate() {
            let (state, own) = states
                .iter()
                .enumerate()
                .find_map(|(at, state)| Some((at, *state.first_row.get(&round)?)))
                .expect("each round has a state");
            let size = states[state].size;
            let access = Access::Rows { start: (own * size) as isize, step: (width * size) as isize };
            body.stores.push((message, state, access, Mode::Set));
        }
        let all = self.graph.scan(Scan { steps: repeats, reverse: false, body, states: carried }, &args);
        let mut offset = 0;
        for state in &states {
            for (&round, &row) in &state.first_row {
                let shape = [repeats * widths[round], state.size];
                let node = self.graph.slice(all, offset + row * state.size, &shape);
                let steps: Vec<(u32, u32)> = (0..repeats)
                    .flat_map(|repeat| {
                        let own = self.schedule.rounds.get(first + repeat * widths.len() + round);
                        own.iter().copied().zip((repeat * widths[round]) as u32..)
                    })
                    .collect();
                self.keep(node, steps.into_iter());
            }
            offset += state.n_rows * state.size;
        }
    }
}

/// log sum exp over the first axis of the sum of some tables: `[n, rest]`.
fn summed_out(graph: &mut Graph, shape: &Shape, tables: &[Node], n: usize) -> Node {
    let cards = &shape.cards;
    let rest: usize = cards[1..].iter().product();
    let flat = cards.len() > MAX_AXES;
    let mut sum: Option<Node> = None;
    // Small tables first: they are added to each other before they are repeated.
    let mut by_size: Vec<usize> = (0..tables.len()).collect();
    by_size.sort_by_key(|&i| shape.inputs[i].axes.len());
    for i in by_size {
        let table = expanded(graph, tables[i], &shape.inputs[i].axes, cards, flat);
        sum = Some(sum.map_or(table, |sum| graph.add(sum, table)));
    }
    let joint = match sum {
        Some(joint) => joint,
        None => graph.full(&vec![1; cards.len() + 1], 0.0),
    };
    let rows = graph.shape(joint)[0];
    let full: Vec<usize> = if flat {
        vec![rows, cards[0], rest]
    } else {
        std::iter::once(rows).chain(cards.iter().copied()).collect()
    };
    let joint = graph.broadcast(joint, &full);
    let message = graph.logsumexp(joint, 1);
    let message = graph.reshape(message, &[rows, rest]);
    graph.broadcast(message, &[n, rest])
}

/// A table `[rows, values of its axes]` as one over all axes: of length 1 where it does not vary.
fn expanded(graph: &mut Graph, table: Node, axes: &[usize], cards: &[usize], flat: bool) -> Node {
    let rows = graph.size(table) / axes.iter().map(|&axis| cards[axis]).product::<usize>();
    let own: Vec<usize> = axes.iter().map(|&axis| cards[axis]).collect();
    if flat {
        let (size, own_size): (usize, usize) = (cards.iter().product(), own.iter().product());
        let within: Vec<u32> = (0..size)
            .map(|place| {
                let values = unravel(place, cards);
                axes.iter().zip(&own).fold(0, |at, (&axis, &card)| at * card + values[axis]) as u32
            })
            .collect();
        let index: Vec<u32> = (0..rows as u32)
            .flat_map(|row| within.iter().map(move |&place| row * own_size as u32 + place))
            .collect();
        return graph.gather(table, index.into(), &[rows, cards[0], size / cards[0]]);
    }
    let mut shape: Vec<usize> = std::iter::once(rows).chain(own.iter().copied()).collect();
    let mut table = graph.reshape(table, &shape);
    let mut order: Vec<usize> = (0..axes.len()).collect();
    order.sort_unstable_by_key(|&i| axes[i]);
    if !order.is_sorted() {
        let with_rows: Vec<usize> = std::iter::once(0).chain(order.iter().map(|&i| i + 1)).collect();
        table = graph.permute(table, &with_rows);
    }
    shape = vec![1; cards.len() + 1];
    shape[0] = rows;
    axes.iter().for_each(|&axis| shape[axis + 1] = cards[axis]);
    graph.reshape(table, &shape)
}

/// `node[rows, :]` of an array of rows of `size`.
fn take(graph: &mut Graph, node: Node, rows: &[u32], size: usize) -> Node {
    let first = rows.first().copied().unwrap_or(0);
    if rows.iter().zip(first..).all(|(&row, next)| row == next) {
        return graph.slice(node, first as usize * size, &[rows.len(), size]);
    }
    let index: Vec<u32> =
        rows.iter().flat_map(|&row| (0..size as u32).map(move |k| row * size as u32 + k)).collect();
    graph.gather(node, index.into(), &[rows.len(), size])
}

/// Rows `[steps][width]` of an array of rows of `size`: evenly spaced runs, if they are.
fn access(rows: &[u32], width: usize, size: usize) -> Access {
    let start = rows.first().map_or(0, |&row| i64::from(row));
    let stride = rows.get(width).map_or(0, |&next| i64::from(next) - start);
    let is_even = rows.chunks(width).enumerate().all(|(step, run)| {
        let first = start + stride * step as i64;
        run.iter().zip(first..).all(|(&row, expected)| i64::from(row) == expected)
    });
    if is_even {
        return Access::Rows { start: start as isize * size as isize, step: stride as isize * size as isize };
    }
    let table: Vec<u32> =
        rows.iter().flat_map(|&row| (0..size as u32).map(move |k| row * size as u32 + k)).collect();
    Access::Table(table.into())
}
