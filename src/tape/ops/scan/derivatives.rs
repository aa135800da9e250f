//! Derivatives of recursions: again recursions, over the history that the primal one has left.
//!
//! All writes to a position come before all reads of it, so what a step read is what the position holds in the end, and
//! the primal history can be an argument. The adjoint runs the steps backwards and accumulates; its states, too, are
//! written before they are read, so that the rules apply to it in turn.

use std::collections::HashMap;

use super::{Access, Body, Mode, Scan, Source, State, offsets_of, outside};
use crate::tape::forward::pushforward;
use crate::tape::graph::{Graph, Node};
use crate::tape::op::size_of;
use crate::tape::plan::live_nodes;
use crate::tape::reverse::pullback;

/// The arguments of a new scan, those of the primal one first.
struct Arguments {
    nodes: Vec<Node>,
}

impl Arguments {
    fn push(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// The argument that is this node, a new one if there is none.
    fn place(&mut self, node: Node) -> usize {
        self.nodes.iter().position(|&own| own == node).unwrap_or_else(|| self.push(node))
    }
}

/// A recursion for the states that depend on arguments with a tangent.
pub(super) fn tangent(
    spec: &Scan,
    g: &mut Graph,
    args: &[Node],
    y: Node,
    tangents: &[Option<Node>],
) -> Option<Node> {
    let varies: Vec<bool> = tangents.iter().map(Option::is_some).collect();
    let active = active_states(spec, &varies);
    let mut arguments = Arguments { nodes: args.to_vec() };
    let tangent_args: Vec<Option<usize>> = tangents.iter().map(|t| t.map(|t| arguments.push(t))).collect();
    let state_of = numbering(&active);

    let mut body = Body { graph: spec.body.graph.clone(), ports: Vec::new(), stores: Vec::new() };
    primal_ports(spec, g, y, &mut arguments, &mut body);
    let mut wrt = Vec::new();
    for (node, source, access) in &spec.body.ports {
        let source = match *source {
            Source::Arg(i) => tangent_args[i].map(Source::Arg),
            Source::State(s) => active[s].then(|| Source::State(state_of[s])),
        };
        if let Some(source) = source {
            let shape = body.graph.shape(*node).to_vec();
            let tangent = body.graph.input(&shape);
            body.ports.push((tangent, source, access.clone()));
            wrt.push((*node, tangent));
        }
    }
    let outputs: Vec<Node> = spec.body.stores.iter().map(|s| s.0).collect();
    let store_tangents = pushforward(&mut body.graph, &outputs, &wrt);
    for ((node, state, access, mode), tangent) in spec.body.stores.iter().zip(store_tangents) {
        let tangent = match (tangent, mode) {
            (Some(tangent), _) => tangent,
            (None, Mode::Add) => continue,
            (None, Mode::Set) => {
                let shape = body.graph.shape(*node).to_vec();
                body.graph.full(&shape, 0.0)
            }
        };
        if active[*state] {
            body.stores.push((tangent, state_of[*state], access.clone(), *mode));
        }
    }

    read_what_is_stored(spec, g, y, &mut arguments, &mut body);
    let is_active = |(s, _): &(usize, &State)| active[*s];
    let states = spec.states.iter().enumerate().filter(is_active).map(|(_, state)| State {
        shape: state.shape.clone(),
        init: state.init.and_then(|arg| tangent_args[arg]),
    });
    let states: Vec<State> = states.collect();
    if states.is_empty() {
        return None;
    }
    let part_offsets = offsets_of(&states);
    let result = g.scan(Scan { steps: spec.steps, reverse: spec.reverse, body, states }, &arguments.nodes);
    let mut parts = Vec::new();
    for (s, state) in spec.states.iter().enumerate() {
        let size = size_of(&state.shape);
        parts.push(if active[s] {
            g.slice(result, part_offsets[state_of[s]], &[size])
        } else {
            g.full(&[size], 0.0)
        });
    }
    Some(if active.iter().all(|&a| a) { result } else { g.concat(&parts, 0) })
}

/// A recursion in the opposite order that accumulates the adjoints of states and arguments.
pub(super) fn adjoint(
    spec: &Scan,
    g: &mut Graph,
    args: &[Node],
    y: Node,
    dy: Node,
    wanted: &[bool],
) -> Vec<Option<Node>> {
    let active = active_states(spec, wanted);
    let state_of = numbering(&active);
    let offsets = offsets_of(&spec.states);
    let mut arguments = Arguments { nodes: args.to_vec() };
    let mut body = Body { graph: spec.body.graph.clone(), ports: Vec::new(), stores: Vec::new() };
    primal_ports(spec, g, y, &mut arguments, &mut body);

    // States: adjoints of the states, which start as what came in, then adjoints of the arguments
    let mut states = Vec::new();
    for (s, state) in spec.states.iter().enumerate().filter(|(s, _)| active[*s]) {
        let seed = g.slice(dy, offsets[s], &[size_of(&state.shape)]);
        states.push(State { shape: vec![size_of(&state.shape)], init: Some(arguments.push(seed)) });
    }
    let mut argument_state: Vec<Option<usize>> = vec![None; args.len()];
    for (_, source, _) in &spec.body.ports {
        if let Source::Arg(i) = *source
            && wanted[i]
            && argument_state[i].is_none()
        {
            argument_state[i] = Some(states.len());
            states.push(State { shape: vec![g.size(args[i])], init: None });
        }
    }

    // The body: from adjoints of what a step wrote to adjoints of what it read
    let mut seeds = Vec::new();
    for (node, state, access, _) in spec.body.stores.iter().filter(|s| active[s.1]) {
        let shape = body.graph.shape(*node).to_vec();
        let seed = body.graph.input(&shape);
        body.ports.push((seed, Source::State(state_of[*state]), access.clone()));
        seeds.push((*node, seed));
    }
    let mut targets = Vec::new();
    for (node, source, access) in &spec.body.ports {
        let state = match *source {
            Source::Arg(i) => argument_state[i],
            Source::State(s) => active[s].then(|| state_of[s]),
        };
        targets.extend(state.map(|state| (*node, state, access)));
    }
    let wrt: Vec<Node> = targets.iter().map(|t| t.0).collect();
    let adjoints = pullback(&mut body.graph, &seeds, &wrt);
    for (adjoint, (_, state, access)) in adjoints.into_iter().zip(targets) {
        body.stores.extend(adjoint.map(|node| (node, state, access.clone(), Mode::Add)));
    }
    read_what_is_stored(spec, g, y, &mut arguments, &mut body);
    let backwards = Scan { steps: spec.steps, reverse: !spec.reverse, body, states };
    let result_offsets = offsets_of(&backwards.states);
    let result = g.scan(backwards, &arguments.nodes);

    // Arguments collect from what steps read of them and from the states that they start
    let mut terms: Vec<Vec<Node>> = vec![Vec::new(); args.len()];
    for (i, state) in argument_state.iter().enumerate() {
        if let Some(state) = state {
            let shape = g.shape(args[i]).to_vec();
            terms[i].push(g.slice(result, result_offsets[*state], &shape));
        }
    }
    for (s, state) in spec.states.iter().enumerate() {
        if let Some(arg) = state.init.filter(|&arg| wanted[arg] && active[s]) {
            let shape = g.shape(args[arg]).to_vec();
            let adjoint = g.slice(result, result_offsets[state_of[s]], &shape);
            let kept = kept_from_start(spec, s);
            if kept.iter().all(|&k| k) {
                terms[arg].push(adjoint);
            } else if kept.contains(&true) {
                let mask = kept.iter().map(|&k| k as u8 as f64).collect();
                let mask = g.constant(crate::tape::graph::tensor(&shape, mask));
                let zero = g.scalar(0.0);
                terms[arg].push(g.select(mask, adjoint, zero));
            }
        }
    }
    terms.iter().map(|terms| g.sum_of_terms(terms)).collect()
}

/// Ports of the primal body, with histories as arguments.
fn primal_ports(spec: &Scan, g: &mut Graph, y: Node, arguments: &mut Arguments, body: &mut Body) {
    let offsets = offsets_of(&spec.states);
    let mut history: Vec<Option<usize>> = vec![None; spec.states.len()];
    for (node, source, access) in &spec.body.ports {
        let source = match *source {
            Source::Arg(i) => Source::Arg(i),
            Source::State(s) => Source::Arg(*history[s].get_or_insert_with(|| {
                arguments.push(g.slice(y, offsets[s], &[size_of(&spec.states[s].shape)]))
            })),
        };
        body.ports.push((*node, source, access.clone()));
    }
}

/// Replaces what the primal steps computed and stored by what they stored.
fn read_what_is_stored(spec: &Scan, g: &mut Graph, y: Node, arguments: &mut Arguments, body: &mut Body) {
    let offsets = offsets_of(&spec.states);
    let mut known: HashMap<Node, Node> = HashMap::new();
    let outputs: Vec<Node> = body.stores.iter().map(|store| store.0).collect();
    let live = live_nodes(&body.graph, &outputs);
    for (node, state, access, mode) in &spec.body.stores {
        let computed = body.graph.application(*node).is_some();
        if !computed || *mode != Mode::Set || !live[node.index()] || known.contains_key(node) {
            continue;
        }
        let history = g.slice(y, offsets[*state], &[size_of(&spec.states[*state].shape)]);
        let source = Source::Arg(arguments.place(history));
        let shape = body.graph.shape(*node).to_vec();
        let stored = body.graph.input(&shape);
        body.ports.push((stored, source, access.clone()));
        known.insert(*node, stored);
    }
    if known.is_empty() {
        return;
    }
    outside::replace(body, &live, known);
}

/// Which states depend on the arguments that vary.
fn active_states(spec: &Scan, varies: &[bool]) -> Vec<bool> {
    let mut active: Vec<bool> = spec.states.iter().map(|s| s.init.is_some_and(|arg| varies[arg])).collect();
    loop {
        let varying = spec.body.ports.iter().filter(|(_, source, _)| match *source {
            Source::Arg(i) => varies[i],
            Source::State(s) => active[s],
        });
        let varying: Vec<Node> = varying.map(|p| p.0).collect();
        let depends = spec.body.graph.depends(&varying);
        let before = active.clone();
        for (node, state, ..) in &spec.body.stores {
            active[*state] |= depends[node.index()];
        }
        if active == before {
            return active;
        }
    }
}

/// The number of each active state among the active ones.
fn numbering(active: &[bool]) -> Vec<usize> {
    let mut next = 0;
    let number = |&active: &bool| {
        next += active as usize;
        next - active as usize
    };
    active.iter().map(number).collect()
}

/// Which elements of a state no step sets.
fn kept_from_start(spec: &Scan, state: usize) -> Vec<bool> {
    let mut kept = vec![true; size_of(&spec.states[state].shape)];
    for (node, s, access, mode) in &spec.body.stores {
        if *s != state || *mode == Mode::Add {
            continue;
        }
        let block = spec.body.graph.size(*node);
        for t in 0..spec.steps {
            match (access, access.start(t)) {
                (Access::Table(table), _) => {
                    table[t * block..(t + 1) * block].iter().for_each(|&i| kept[i as usize] = false);
                }
                (_, start) => {
                    let start = start.unwrap_or(0);
                    kept[start..start + block].fill(false);
                }
            }
        }
    }
    kept
}
