//! From a graph to a program: what is needed, in which order, and where values live.

use std::sync::Arc;

use super::arena::Arena;
use super::fusion::{self, Built, Member};
use super::graph::{Graph, Kind, Node, elements};
use super::op::{Op, Operand, is};
use super::ops::matmul::MatMul;
use super::program::{Argument, Instruction, Place, Program, Slot};

/// Whether the inputs of a program are copied into its arena or read where the caller has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inputs {
    Copied,
    Ports,
}

/// A node seen through views: a block of the value of `root`, which is an input, a constant or has an instruction.
#[derive(Clone, Copy, Debug)]
struct Block {
    root: Node,
    offset: usize,
}

/// Never released.
const FOREVER: usize = usize::MAX;

pub(super) fn compile(
    g: &Graph,
    inputs: &[Node],
    directions: &[Node],
    outputs: &[Node],
    how: Inputs,
) -> Program {
    let blocks = see_through_views(g);
    let Schedule { groups, second_stage, last_use, is_needed } =
        Schedule::new(g, &blocks, directions, outputs);

    // Places
    let mut compiler = Compiler { g, blocks, places: vec![None; g.entries.len()], constants: Vec::new() };
    let mut arena = Arena::default();
    let mut slots = Vec::new();
    for (k, &n) in inputs.iter().chain(directions).enumerate() {
        let size = g.size(n);
        compiler.places[n.index()] = Some(match how {
            Inputs::Ports => Place::Port { input: k, offset: 0, size },
            Inputs::Copied => {
                let offset = arena.take(size);
                slots.push(Slot { offset, size, label: compiler.label(n) });
                Place::Slot { offset, size }
            }
        });
    }
    let mut instructions = Vec::with_capacity(groups.len());
    let mut dying: Vec<Vec<(usize, usize)>> = vec![Vec::new(); groups.len()];
    for (k, group) in groups.iter().enumerate() {
        let Built { op, args, places } = match group[..] {
            [n] => {
                let Some((op, args)) = g.application(n) else { continue };
                Built { op: op.clone(), args: args.to_vec(), places: vec![(n, 0)] }
            }
            _ => {
                let member = |&node: &Node| Member { node, is_needed: is_needed[node.index()] };
                let members: Vec<Member> = group.iter().map(member).collect();
                fusion::build(g, &compiler.blocks, &members)
            }
        };
        let args = args.iter().map(|&a| compiler.argument(a)).collect();
        let size = places.iter().map(|&(n, _)| g.size(n)).sum();
        let offset = arena.take(size);
        for &(n, within) in &places {
            compiler.places[n.index()] = Some(Place::Slot { offset: offset + within, size: g.size(n) });
        }
        // All results of an instruction live as long as the one that lives longest.
        let end = places.iter().map(|&(n, _)| last_use[n.index()]).max().unwrap_or(k);
        if end != FOREVER {
            dying[end].push((offset, size));
        }
        let labels: Vec<Box<str>> = places.iter().map(|&(n, _)| compiler.label(n)).collect();
        instructions.push(Instruction { op, args, offset, size, label: labels.join(" ").into() });
        for (offset, size) in std::mem::take(&mut dying[k]) {
            arena.release(offset, size);
        }
    }

    // Outputs; those that are ports are copied into the arena
    let mut results = Vec::with_capacity(outputs.len());
    for &n in outputs {
        let mut result = compiler.argument(n);
        if let Place::Port { .. } = result.place {
            let size = g.size(n);
            let (offset, shape, label) = (arena.take(size), result.shape.clone(), compiler.label(n));
            instructions.push(Instruction {
                op: Arc::new(Copy),
                args: Box::new([result]),
                offset,
                size,
                label: label.clone(),
            });
            result = Argument { place: Place::Slot { offset, size }, shape, label };
        }
        results.push(result);
    }
    Program {
        second_stage: if directions.is_empty() { instructions.len() } else { second_stage },
        instructions,
        constants: compiler.constants.iter().filter_map(|&n| g.value(n).cloned()).collect(),
        inputs: slots,
        n_first_inputs: inputs.len(),
        outputs: results,
        arena_size: arena.size(),
        is_of_products: is_of_products(g, groups.iter().flatten()),
    }
}

/// Whether products of large matrices that both vary are much of the work.
fn is_of_products<'n>(g: &Graph, nodes: impl Iterator<Item = &'n Node>) -> bool {
    /// Sums and products of a program below which the time of its calls counts.
    const MUCH: f64 = 1e6;
    const SHARE: f64 = 0.2;
    let (mut all, mut of_products) = (0.0, 0.0);
    for &n in nodes {
        let Some((op, args)) = g.application(n) else { continue };
        let shapes: Vec<&[usize]> = args.iter().map(|&arg| g.shape(arg)).collect();
        let work = op.work(&shapes);
        all += work;
        if is::<MatMul>(&**op) && args.iter().all(|&arg| g.value(arg).is_none()) {
            of_products += work;
        }
    }
    all >= MUCH && of_products >= SHARE * all
}

/// What runs together, in which order, and how long values are kept.
struct Schedule {
    /// Each becomes one instruction.
    groups: Vec<Vec<Node>>,
    /// The first group that depends on the directions.
    second_stage: usize,
    /// Of each node: the last group that reads its value.
    last_use: Vec<usize>,
    /// Whether anything outside of its group reads it.
    is_needed: Vec<bool>,
}

impl Schedule {
    fn new(g: &Graph, blocks: &Blocks, directions: &[Node], outputs: &[Node]) -> Schedule {
        let live = live_nodes(g, outputs);
        let in_second_stage = g.depends(directions);
        let runs = |n: &Node| live[n.index()] && blocks.root(*n) == *n && g.application(*n).is_some();
        let all = (0..g.entries.len() as u32).map(Node).filter(runs);
        let (first, second): (Vec<Node>, Vec<Node>) = all.partition(|n| !in_second_stage[n.index()]);
        let mut groups = fusion::groups(g, &first, blocks);
        let second_stage = groups.len();
        groups.extend(fusion::groups(g, &second, blocks));

        let mut group_of = vec![usize::MAX; g.entries.len()];
        for (k, group) in groups.iter().enumerate() {
            group.iter().for_each(|n| group_of[n.index()] = k);
        }
        let mut last_use = vec![0; g.entries.len()];
        let mut is_needed = vec![false; g.entries.len()];
        for (k, group) in groups.iter().enumerate() {
            for &n in group {
                last_use[n.index()] = last_use[n.index()].max(k);
                for arg in g.application(n).into_iter().flat_map(|(_, args)| args) {
                    let root = blocks.root(*arg).index();
                    let kept = k >= second_stage && !in_second_stage[root];
                    last_use[root] = if kept { FOREVER } else { last_use[root].max(k) };
                    is_needed[root] |= group_of[root] != k;
                }
            }
        }
        for &n in outputs {
            let root = blocks.root(n).index();
            (last_use[root], is_needed[root]) = (FOREVER, true);
        }
        Schedule { groups, second_stage, last_use, is_needed }
    }
}

pub(super) fn live_nodes(g: &Graph, outputs: &[Node]) -> Vec<bool> {
    let mut live = vec![false; g.entries.len()];
    for n in outputs {
        live[n.index()] = true;
    }
    for i in (0..g.entries.len()).rev() {
        if let (true, Kind::Apply { args, .. }) = (live[i], &g.entries[i].kind) {
            for a in args {
                live[a.index()] = true;
            }
        }
    }
    live
}

impl Graph {
    /// Roughly how many sums and products it takes to find the values of some nodes at one point.
    pub fn work(&self, outputs: &[Node]) -> f64 {
        let live = live_nodes(self, outputs);
        let of_node = |i: usize| {
            let (op, args) = self.application(Node(i as u32))?;
            let shapes: Vec<&[usize]> = args.iter().map(|&arg| self.shape(arg)).collect();
            op.view().is_none().then(|| op.work(&shapes))
        };
        (0..live.len()).filter(|&i| live[i]).filter_map(of_node).sum()
    }
}

/// Every node seen through views.
pub(super) struct Blocks(Vec<Block>);

impl Blocks {
    /// What the node is a block of.
    pub fn root(&self, n: Node) -> Node {
        self.0[n.index()].root
    }
}

fn see_through_views(g: &Graph) -> Blocks {
    let mut blocks: Vec<Block> = Vec::with_capacity(g.entries.len());
    for (i, entry) in g.entries.iter().enumerate() {
        let block = match &entry.kind {
            Kind::Apply { op, args } => op.view().map(|offset| {
                let of = blocks[args[0].index()];
                Block { root: of.root, offset: of.offset + offset }
            }),
            _ => None,
        };
        blocks.push(block.unwrap_or(Block { root: Node(i as u32), offset: 0 }));
    }
    Blocks(blocks)
}

struct Compiler<'a> {
    g: &'a Graph,
    blocks: Blocks,
    /// Of roots.
    places: Vec<Option<Place>>,
    constants: Vec<Node>,
}

impl Compiler<'_> {
    fn argument(&mut self, n: Node) -> Argument {
        let Block { root, offset: within } = self.blocks.0[n.index()];
        let size = self.g.size(n);
        if self.places[root.index()].is_none() && self.g.value(root).is_some() {
            self.places[root.index()] = Some(Place::Constant(self.constants.len()));
            self.constants.push(root);
        }
        let place = match self.places[root.index()] {
            Some(Place::Slot { offset, .. }) => Place::Slot { offset: offset + within, size },
            Some(Place::Port { input, offset, .. }) => Place::Port { input, offset: offset + within, size },
            Some(constant @ Place::Constant(_)) => constant,
            None => panic!("an output depends on node {} which is not among the inputs", root.0),
        };
        Argument { place, shape: self.g.shape(n).into(), label: self.label(n) }
    }

    fn label(&self, n: Node) -> Box<str> {
        let Block { root, offset } = self.blocks.0[n.index()];
        let size = self.g.size(n);
        match self.g.value(root) {
            Some(value) => match elements(value) {
                [x] => format!("{x}"),
                _ => format!("const{}{:?}", root.0, value.shape()),
            },
            None if size == self.g.size(root) => format!("%{}", root.0),
            None => format!("%{}[{offset}..{}]", root.0, offset + size),
        }
        .into()
    }
}

/// The value of an input, in the arena.
#[derive(Debug)]
pub(super) struct Copy;

impl Op for Copy {
    fn name(&self) -> &'static str {
        "copy"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        args[0].to_vec()
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], _lanes: usize, _scratch: &mut [f64]) {
        out.copy_from_slice(args[0].data);
    }

    fn tangent(&self, _g: &mut Graph, _args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        tangents[0]
    }

    fn adjoint(
        &self,
        _g: &mut Graph,
        _args: &[Node],
        _y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        vec![Some(dy)]
    }

    fn fingerprint(&self) -> Option<u64> {
        None
    }
}
