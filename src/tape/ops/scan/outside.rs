//! What need not be computed step by step: all steps at once, as array operations before and after the recursion.
//!
//! A part of the body that depends on arguments alone is computed before the recursion, which reads the results. What it
//! stores in a state that no carried value depends on is computed afterwards: all writes to a position come before all
//! reads of it, so what a step has read is what the history holds in the end. Either way one array operation with an axis
//! for the steps replaces as many small ones as there are steps.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Access, Body, Mode, Scan, Source, State, offsets_of, without_unused};
use crate::tape::fusion::{Index, Role};
use crate::tape::graph::{Graph, Kind, Node};
use crate::tape::op::{Op, broadcast_position, size_of};
use crate::tape::plan::live_nodes;

/// The value of a body's node in all steps.
#[derive(Clone, Copy, Debug)]
struct Lifted {
    node: Node,
    /// Whether it has a leading axis for the steps; else it is the same in all of them.
    has_rows: bool,
}

/// Nodes of a body as array operations over all steps.
struct Lift<'b> {
    body: &'b Body,
    steps: usize,
    args: Vec<Node>,
    /// Final histories, of the states that have one.
    states: Vec<Option<Node>>,
    known: HashMap<Node, Option<Lifted>>,
}

impl Lift<'_> {
    fn new<'b>(spec: &'b Scan, args: &[Node], states: Vec<Option<Node>>) -> Lift<'b> {
        let Scan { body, steps, .. } = spec;
        Lift { body, steps: *steps, args: args.to_vec(), states, known: HashMap::new() }
    }

    /// Lifts what of a body can be lifted, into a graph that is then thrown away.
    fn probe<'b>(spec: &'b Scan, g: &Graph, args: &[Node], with_states: bool) -> Lift<'b> {
        let mut scratch = Graph::new();
        let args: Vec<Node> = args.iter().map(|&arg| scratch.input(g.shape(arg))).collect();
        let state = |state: &State| with_states.then(|| scratch.input(&[size_of(&state.shape)]));
        let states = spec.states.iter().map(state).collect();
        let mut lift = Lift::new(spec, &args, states);
        let outputs: Vec<Node> = spec.body.stores.iter().map(|store| store.0).collect();
        let live = live_nodes(&spec.body.graph, &outputs);
        for i in (0..live.len()).filter(|&i| live[i]) {
            lift.node(&mut scratch, Node(i as u32));
        }
        lift
    }

    fn has_rows(&self, n: Node) -> bool {
        matches!(self.known.get(&n), Some(Some(Lifted { has_rows: true, .. })))
    }

    fn is_known(&self, n: Node) -> bool {
        matches!(self.known.get(&n), Some(Some(_)))
    }

    /// The value of a node in all steps; `None` if there is no array operation for it.
    fn node(&mut self, g: &mut Graph, n: Node) -> Option<Lifted> {
        if let Some(&known) = self.known.get(&n) {
            return known;
        }
        let lifted = self.lift(g, n);
        self.known.insert(n, lifted);
        lifted
    }

    fn lift(&mut self, g: &mut Graph, n: Node) -> Option<Lifted> {
        let shape = self.body.graph.shape(n).to_vec();
        match &self.body.graph.entries[n.index()].kind {
            Kind::Constant(value) => Some(Lifted { node: g.constant(value.clone()), has_rows: false }),
            Kind::Input => {
                let (_, source, access) = self.body.ports.iter().find(|port| port.0 == n)?;
                let array = match *source {
                    Source::Arg(i) => self.args[i],
                    Source::State(s) => self.states[s]?,
                };
                Some(self.read(g, array, access, &shape))
            }
            Kind::Apply { op, args } => {
                let lifted: Option<Vec<Lifted>> = args.iter().map(|&arg| self.node(g, arg)).collect();
                let lifted = lifted?;
                if lifted.iter().all(|arg| !arg.has_rows) {
                    let args: Vec<Node> = lifted.iter().map(|arg| arg.node).collect();
                    return Some(Lifted { node: g.apply(op.clone(), &args), has_rows: false });
                }
                let shapes: Vec<&[usize]> = args.iter().map(|&arg| self.body.graph.shape(arg)).collect();
                let node = match op.role(&shapes) {
                    Role::Map => self.map(g, op.clone(), &lifted, &shape),
                    _ => {
                        let nodes: Vec<Node> = lifted.iter().map(|arg| arg.node).collect();
                        let has_rows: Vec<bool> = lifted.iter().map(|arg| arg.has_rows).collect();
                        op.over_rows(g, &nodes, &has_rows, self.steps)?
                    }
                };
                debug_assert_eq!(g.shape(node), self.with_steps(&shape), "{} over rows", op.name());
                Some(Lifted { node, has_rows: true })
            }
        }
    }

    fn with_steps(&self, shape: &[usize]) -> Vec<usize> {
        [&[self.steps], shape].concat()
    }

    /// An elementwise operation whose value in a step has this shape.
    fn map(&self, g: &mut Graph, op: Arc<dyn Op>, args: &[Lifted], shape: &[usize]) -> Node {
        let full = self.with_steps(shape);
        let aligned = |&Lifted { node, has_rows }: &Lifted| {
            let own = g.shape(node).to_vec();
            let node = if has_rows && own.len() < full.len() {
                let ones = vec![1; full.len() - own.len()];
                g.reshape(node, &[&own[..1], &ones, &own[1..]].concat())
            } else {
                node
            };
            let own = g.shape(node).to_vec();
            if Index::of_broadcast(&own, &full).is_some() {
                return node;
            }
            // an index that passes over the array can follow
            let table = (0..size_of(&full)).map(|i| broadcast_position(i, &full, &own) as u32);
            g.gather(node, table.collect(), &full)
        };
        let args: Vec<Node> = args.iter().map(aligned).collect();
        let value = g.apply(op, &args);
        g.broadcast(value, &full)
    }

    /// What the steps read of an array.
    fn read(&self, g: &mut Graph, array: Node, access: &Access, shape: &[usize]) -> Lifted {
        let block = size_of(shape);
        let full = self.with_steps(shape);
        match *access {
            Access::Whole => Lifted { node: g.reshape(array, shape), has_rows: false },
            Access::Rows { start, step: 0 } => {
                Lifted { node: g.slice(array, start as usize, shape), has_rows: false }
            }
            Access::Rows { start, step } if step == block as isize => {
                Lifted { node: g.slice(array, start as usize, &full), has_rows: true }
            }
            _ => {
                let node = g.gather(array, positions(access, self.steps, block).into(), &full);
                Lifted { node, has_rows: true }
            }
        }
    }
}

/// The flat positions of an access, `[steps][block]`.
fn positions(access: &Access, steps: usize, block: usize) -> Vec<u32> {
    if let Access::Table(table) = access {
        return table.to_vec();
    }
    let start = |t: usize| access.start(t).unwrap_or(0);
    (0..steps).flat_map(|t| (start(t)..start(t) + block).map(|i| i as u32)).collect()
}

/// Runs a recursion, with as much as possible done before and after it. Gives the final content of each state, flat.
pub(super) fn run(g: &mut Graph, spec: Scan, args: &[Node]) -> Vec<Node> {
    if spec.steps < 2 {
        return inside(g, spec, args);
    }
    let is_kept = kept_states(&spec, g, args);
    let mut next = 0;
    let number: Vec<Option<usize>> = is_kept
        .iter()
        .map(|&kept| {
            next += usize::from(kept);
            kept.then(|| next - 1)
        })
        .collect();
    let mut states: Vec<Option<Node>> = vec![None; spec.states.len()];
    if next > 0 {
        let mut body = spec.body.clone();
        body.stores.retain_mut(|store| {
            number[store.1].is_some_and(|new| {
                store.1 = new;
                true
            })
        });
        body.ports.retain_mut(|port| match port.1 {
            Source::State(s) => number[s].is_some_and(|new| {
                port.1 = Source::State(new);
                true
            }),
            Source::Arg(_) => true,
        });
        let kept =
            spec.states.iter().zip(&is_kept).filter(|(_, kept)| **kept).map(|(state, _)| state.clone());
        let own = Scan { body, states: kept.collect(), ..spec };
        let (own, own_args) = without_unused(own, args);
        let (own, own_args) = before(g, own, own_args);
        let results = inside(g, own, &own_args);
        for (state, number) in states.iter_mut().zip(&number) {
            *state = number.map(|k| results[k]);
        }
    }
    // a state that others are computed from comes first
    let on = dependences(&spec);
    let is_ready = |s: usize, states: &[Option<Node>]| {
        states[s].is_none() && on[s].iter().zip(states).all(|(on, state)| !on || state.is_some())
    };
    while let Some(s) = (0..states.len()).find(|&s| is_ready(s, &states)) {
        let mut lift = Lift::new(&spec, args, states.clone());
        states[s] = Some(after(g, &spec, s, &mut lift));
    }
    states
        .into_iter()
        .map(|state| state.expect("states that are not kept depend on each other in some order"))
        .collect()
}

/// The recursion itself.
fn inside(g: &mut Graph, spec: Scan, args: &[Node]) -> Vec<Node> {
    let sizes: Vec<usize> = spec.states.iter().map(|state| size_of(&state.shape)).collect();
    let offsets = offsets_of(&spec.states);
    let value = super::apply(g, spec, args);
    sizes.iter().zip(offsets).map(|(&size, offset)| g.slice(value, offset, &[size])).collect()
}

/// The states that the values stored in each state depend on.
fn dependences(spec: &Scan) -> Vec<Vec<bool>> {
    let mut on = vec![vec![false; spec.states.len()]; spec.states.len()];
    for (s, _) in spec.states.iter().enumerate() {
        let ports = spec.body.ports.iter().filter(|(_, source, _)| *source == Source::State(s));
        let depends = spec.body.graph.depends(&ports.map(|port| port.0).collect::<Vec<Node>>());
        for (node, r, ..) in &spec.body.stores {
            on[*r][s] |= depends[node.index()];
        }
    }
    on
}

/// States that only a recursion can compute, or that are needed for one.
fn kept_states(spec: &Scan, g: &Graph, args: &[Node]) -> Vec<bool> {
    let on = dependences(spec);
    let n = on.len();
    let mut reach = on.clone();
    for k in 0..n {
        for i in 0..n {
            for j in 0..n {
                reach[i][j] |= reach[i][k] && reach[k][j];
            }
        }
    }
    let lift = Lift::probe(spec, g, args, true);
    let can_follow = |s: usize| {
        let own: Vec<_> = spec.body.stores.iter().filter(|store| store.1 == s).collect();
        let n_set = own.iter().filter(|store| store.3 == Mode::Set).count();
        own.iter().all(|(node, _, access, mode)| {
            let block = spec.body.graph.size(*node);
            let in_rows = match *access {
                Access::Rows { step, .. } => step.unsigned_abs() == block,
                _ => false,
            };
            lift.is_known(*node) && (*mode == Mode::Add || in_rows)
        }) && (n_set == 0 || own.len() == 1)
    };
    let alone: Vec<bool> = (0..n).map(|s| reach[s][s] || !can_follow(s)).collect();
    (0..n).map(|s| alone[s] || (0..n).any(|r| alone[r] && reach[r][s])).collect()
}

/// The recursion without what depends on arguments alone, which are more afterwards.
fn before(g: &mut Graph, mut spec: Scan, mut args: Vec<Node>) -> (Scan, Vec<Node>) {
    let found = Lift::probe(&spec, g, &args, false);
    let graph = &spec.body.graph;
    let outputs: Vec<Node> = spec.body.stores.iter().map(|store| store.0).collect();
    let live = live_nodes(graph, &outputs);
    // read by what stays, and not just another view of a port
    let mut wanted = vec![false; graph.len()];
    for i in (0..graph.len()).filter(|&i| live[i]) {
        if let Some((_, of)) = graph.application(Node(i as u32))
            && !found.is_known(Node(i as u32))
        {
            of.iter().for_each(|arg| wanted[arg.index()] = true);
        }
    }
    outputs.iter().for_each(|n| wanted[n.index()] = true);
    let is_computed = |n: Node| {
        let mut n = n;
        while let Some((op, of)) = graph.application(n) {
            if op.view().is_none() {
                return true;
            }
            n = of[0];
        }
        false
    };
    let moved: Vec<Node> = (0..graph.len() as u32)
        .map(Node)
        .filter(|&n| wanted[n.index()] && found.has_rows(n) && is_computed(n))
        .collect();
    if moved.is_empty() {
        return (spec, args);
    }
    let none = vec![None; spec.states.len()];
    let lifted: Vec<Option<Lifted>> = {
        let mut lift = Lift::new(&spec, &args, none);
        moved.iter().map(|&n| lift.node(g, n)).collect()
    };
    let mut replaced: HashMap<Node, Node> = HashMap::new();
    for (&n, lifted) in moved.iter().zip(lifted) {
        let Some(Lifted { node, .. }) = lifted else { continue };
        let shape = spec.body.graph.shape(n).to_vec();
        let port = spec.body.graph.input(&shape);
        let access = Access::Rows { start: 0, step: size_of(&shape) as isize };
        spec.body.ports.push((port, Source::Arg(args.len()), access));
        args.push(node);
        replaced.insert(n, port);
    }
    replace(&mut spec.body, &live, replaced);
    without_unused(spec, &args)
}

/// Replaces live nodes of a body.
pub(super) fn replace(body: &mut Body, live: &[bool], mut replaced: HashMap<Node, Node>) {
    for i in (0..live.len()).filter(|&i| live[i]) {
        let node = Node(i as u32);
        if replaced.contains_key(&node) {
            continue;
        }
        let new = body.graph.with_replaced(node, &replaced);
        if new != node {
            replaced.insert(node, new);
        }
    }
    for store in &mut body.stores {
        store.0 = *replaced.get(&store.0).unwrap_or(&store.0);
    }
}

/// A state that no carried value depends on, from the histories of others.
fn after(g: &mut Graph, spec: &Scan, s: usize, lift: &mut Lift<'_>) -> Node {
    let size = size_of(&spec.states[s].shape);
    let init = spec.states[s].init.map(|arg| g.reshape(lift.args[arg], &[size]));
    let mut terms: Vec<Node> = init.into_iter().collect();
    for (node, _, access, mode) in spec.body.stores.iter().filter(|store| store.1 == s) {
        let Lifted { node: value, has_rows } =
            lift.node(g, *node).expect("a state whose stores are array operations");
        let block = spec.body.graph.size(*node);
        if let Access::Whole = access {
            let total = match has_rows {
                true => g.sum(value, &[0]),
                false => g.mul_scalar(value, spec.steps as f64),
            };
            terms.push(g.reshape(total, &[size]));
            continue;
        }
        let shape = [&[spec.steps], spec.body.graph.shape(*node)].concat();
        let value = g.broadcast(value, &shape);
        let mut value = g.reshape(value, &[spec.steps * block]);
        let first = match *access {
            Access::Rows { start, step } if step == block as isize => Some(start as usize),
            Access::Rows { step, .. } if step == -(block as isize) => {
                let backwards = (0..spec.steps).rev().flat_map(|t| t * block..(t + 1) * block);
                value = g.gather(value, backwards.map(|i| i as u32).collect(), &[spec.steps * block]);
                access.start(spec.steps - 1)
            }
            _ => None,
        };
        match (first, mode) {
            (Some(first), Mode::Set) => {
                let around = terms.pop().unwrap_or_else(|| g.full(&[size], 0.0));
                terms.push(put(g, value, first, around));
            }
            (Some(first), Mode::Add) => {
                let zeros = g.full(&[size], 0.0);
                terms.push(put(g, value, first, zeros));
            }
            (None, _) => {
                terms.push(g.scatter_add(value, positions(access, spec.steps, block).into(), &[size]))
            }
        }
    }
    match g.sum_of_terms(&terms) {
        Some(total) => total,
        None => g.full(&[size], 0.0),
    }
}

/// A flat array with a block in its place.
fn put(g: &mut Graph, block: Node, first: usize, around: Node) -> Node {
    let (size, end) = (g.size(around), first + g.size(block));
    let mut parts = Vec::new();
    if first > 0 {
        parts.push(g.slice(around, 0, &[first]));
    }
    parts.push(block);
    if end < size {
        parts.push(g.slice(around, end, &[size - end]));
    }
    g.concat(&parts, 0)
}
