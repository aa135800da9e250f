//! Recursions: a body run once a step over carried buffers; the program's length does not depend on the steps.

mod derivatives;
mod lower;
mod outside;

use std::fmt::Write;
use std::sync::Arc;

use crate::tape::code::{Arg, Destination, Lowering, at_once};
use crate::tape::graph::{Graph, Node};
use crate::tape::op::{Op, Operand, size_of};
use crate::tape::program::Program;

/// A recursion. A carried buffer (state) holds the whole history: a step reads positions of it that earlier steps have
/// written and writes positions of its own. All writes to a position come before all reads of it; a position is set at
/// most once.
#[derive(Clone, Debug)]
pub struct Scan {
    pub steps: usize,
    /// From the last step to the first; the accesses of step t are the same.
    pub reverse: bool,
    pub body: Body,
    pub states: Vec<State>,
}

/// What a step does: a graph from what it reads to what it writes.
#[derive(Clone, Debug)]
pub struct Body {
    pub graph: Graph,
    /// Inputs of the graph and where they are read.
    pub ports: Vec<(Node, Source, Access)>,
    /// Outputs of the graph, and the state and place that they are written to, after all reads of the step.
    pub stores: Vec<(Node, usize, Access, Mode)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// An argument of the scan.
    Arg(usize),
    /// The current content of a carried buffer.
    State(usize),
}

/// A carried buffer.
#[derive(Clone, Debug)]
pub struct State {
    pub shape: Vec<usize>,
    /// The argument it starts as; zeros if `None`.
    pub init: Option<usize>,
}

/// Which elements of a flat array step t reads or writes; as many as the node in the body has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// All, at every step.
    Whole,
    /// The contiguous block from `start + t * step`.
    Rows { start: isize, step: isize },
    /// Flat positions, `[steps][block]`.
    Table(Arc<[u32]>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Set,
    Add,
}

/// A scan with its compiled body.
#[derive(Debug)]
pub(in crate::tape) struct Recursion {
    spec: Scan,
    /// Ports that do not change by step come first; what depends on them alone is computed once, before the first step.
    program: Program,
    ports: Vec<Port>,
    stores: Vec<Store>,
    /// Where states lie in the value, and how many elements they have.
    offsets: Vec<usize>,
    sizes: Vec<usize>,
}

#[derive(Debug)]
struct Port {
    source: Source,
    access: Access,
    size: usize,
}

#[derive(Debug)]
struct Store {
    state: usize,
    access: Access,
    mode: Mode,
    size: usize,
}

impl Graph {
    /// Runs a recursion. The value is the concatenation of all states, flat. Panics on accesses out of bounds.
    pub fn scan(&mut self, spec: Scan, args: &[Node]) -> Node {
        let (spec, args) = without_unused(spec, args);
        let states = outside::run(self, spec, &args);
        if let [state] = states[..] { state } else { self.concat(&states, 0) }
    }
}

/// The operation.
fn apply(g: &mut Graph, spec: Scan, args: &[Node]) -> Node {
    let sizes: Vec<usize> = args.iter().map(|&a| g.size(a)).collect();
    g.apply(Arc::new(Recursion::new(spec, &sizes)), args)
}

/// Where each state lies in the value of a scan.
fn offsets_of(states: &[State]) -> Vec<usize> {
    let mut at = 0;
    let place = |state: &State| {
        let offset = at;
        at += size_of(&state.shape);
        offset
    };
    states.iter().map(place).collect()
}

impl Access {
    /// The first flat position of a contiguous block, `None` for a table.
    fn start(&self, t: usize) -> Option<usize> {
        match self {
            Access::Whole => Some(0),
            Access::Rows { start, step } => Some((start + t as isize * step) as usize),
            Access::Table(_) => None,
        }
    }

    fn check(&self, steps: usize, block: usize, size: usize) {
        match self {
            Access::Whole => assert_eq!(block, size, "a whole array of {size} read as {block}"),
            Access::Rows { start, step } => {
                for t in [0, steps.saturating_sub(1) as isize] {
                    let from = start + t * step;
                    let fits = from >= 0 && from as usize + block <= size;
                    assert!(fits || steps == 0, "step {t} reads {block} at {from} of {size}");
                }
            }
            Access::Table(table) => {
                assert_eq!(table.len(), steps * block, "a table of [steps][block]");
                assert!(table.iter().all(|&i| (i as usize) < size), "a position beyond {size} elements");
            }
        }
    }
}

/// Drops ports that the stores do not need, and arguments that nothing reads.
fn without_unused(mut spec: Scan, args: &[Node]) -> (Scan, Vec<Node>) {
    let outputs: Vec<Node> = spec.body.stores.iter().map(|s| s.0).collect();
    let live = crate::tape::plan::live_nodes(&spec.body.graph, &outputs);
    spec.body.ports.retain(|(node, ..)| live[node.index()]);
    let mut kept = Vec::new();
    let mut renumber = |old: usize| match kept.iter().position(|&k| k == old) {
        Some(new) => new,
        None => {
            kept.push(old);
            kept.len() - 1
        }
    };
    for (_, source, _) in &mut spec.body.ports {
        if let Source::Arg(i) = source {
            *i = renumber(*i);
        }
    }
    for init in spec.states.iter_mut().filter_map(|s| s.init.as_mut()) {
        *init = renumber(*init);
    }
    let args = kept.iter().map(|&k| args[k]).collect();
    (spec, args)
}

impl Recursion {
    fn new(spec: Scan, arg_sizes: &[usize]) -> Recursion {
        let body = &spec.body;
        let state_sizes: Vec<usize> = spec.states.iter().map(|s| size_of(&s.shape)).collect();
        let constant = |(_, source, access): &&(Node, Source, Access)| {
            matches!((source, access), (Source::Arg(_), Access::Whole))
        };
        let (first, second): (Vec<_>, Vec<_>) = body.ports.iter().partition(constant);
        let ports = first.iter().chain(&second).map(|(node, source, access)| {
            let size = body.graph.size(*node);
            let of = match source {
                Source::Arg(i) => arg_sizes[*i],
                Source::State(s) => state_sizes[*s],
            };
            access.check(spec.steps, size, of);
            Port { source: *source, access: access.clone(), size }
        });
        let ports = ports.collect();
        let stores = body.stores.iter().map(|(node, state, access, mode)| {
            let size = body.graph.size(*node);
            access.check(spec.steps, size, state_sizes[*state]);
            Store { state: *state, access: access.clone(), mode: *mode, size }
        });
        let stores = stores.collect();
        for state in &spec.states {
            let fits = state.init.is_none_or(|arg| arg_sizes[arg] == size_of(&state.shape));
            assert!(fits, "a state of shape {:?} starts as an argument of another size", state.shape);
        }
        let nodes = |ports: &[&(Node, Source, Access)]| ports.iter().map(|p| p.0).collect::<Vec<Node>>();
        let outputs: Vec<Node> = body.stores.iter().map(|s| s.0).collect();
        let program = Program::with_ports(&body.graph, &nodes(&first), &nodes(&second), &outputs);
        Recursion { program, ports, stores, offsets: offsets_of(&spec.states), sizes: state_sizes, spec }
    }
}

impl Op for Recursion {
    fn name(&self) -> &'static str {
        if self.spec.reverse { "scan_reverse" } else { "scan" }
    }

    fn shape(&self, _args: &[&[usize]]) -> Vec<usize> {
        vec![self.spec.states.iter().map(|s| size_of(&s.shape)).sum()]
    }

    fn work(&self, _args: &[&[usize]]) -> f64 {
        let outputs: Vec<Node> = self.spec.body.stores.iter().map(|store| store.0).collect();
        self.spec.steps as f64 * self.spec.body.graph.work(&outputs)
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        at_once(self, args, out, lanes);
    }

    fn lower(&self, code: &mut Lowering, args: &[Arg<'_>], to: &Destination) -> bool {
        self.lower_steps(code, args, to)
    }

    fn tangent(&self, g: &mut Graph, args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        derivatives::tangent(&self.spec, g, args, y, tangents)
    }

    fn adjoint(&self, g: &mut Graph, args: &[Node], y: Node, dy: Node, wanted: &[bool]) -> Vec<Option<Node>> {
        derivatives::adjoint(&self.spec, g, args, y, dy, wanted)
    }

    fn body(&self) -> Option<String> {
        let mut text = format!("for {} steps, states {:?}\n", self.spec.steps, self.spec.states);
        for (node, source, access) in &self.spec.body.ports {
            let _ = writeln!(text, "%{} = {source:?} {}", node.0, describe(access));
        }
        text.push_str(&self.program.dump());
        for (node, state, access, mode) in &self.spec.body.stores {
            let _ = writeln!(text, "{mode:?} State({state}) {} : %{}", describe(access), node.0);
        }
        Some(text)
    }

    fn fingerprint(&self) -> Option<u64> {
        None
    }
}

fn describe(access: &Access) -> String {
    match access {
        Access::Whole => "whole".to_string(),
        Access::Rows { start, step } => format!("[{start} + {step} t ..]"),
        Access::Table(table) => format!("at a table of {}", table.len()),
    }
}
