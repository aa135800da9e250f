//! From the operations of a group to the steps of one instruction.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Fused, Index, Place, Role, Step};
use crate::tape::graph::{Graph, Node};
use crate::tape::op::Op;
use crate::tape::plan::Blocks;
use crate::tape::vector::PARTIAL_SUMS;

/// A node of a group, and whether anything outside of it reads its value.
pub struct Member {
    pub node: Node,
    pub is_needed: bool,
}

/// What a group becomes: the operation, its arguments, and where in its value the nodes are that others need.
pub struct Built {
    pub op: Arc<dyn Op>,
    pub args: Vec<Node>,
    pub places: Vec<(Node, usize)>,
}

/// Steps with values instead of registers.
struct Builder<'g> {
    g: &'g Graph,
    blocks: &'g Blocks,
    n: usize,
    steps: Vec<Step>,
    args: Vec<Node>,
    /// The value (a register before registers are assigned) of each member.
    values: HashMap<Node, usize>,
    /// Of arguments that are read in place where possible.
    spread: HashMap<Node, Place>,
    n_values: usize,
    size: usize,
    n_partial: usize,
    row: usize,
}

/// The members of one group, in topological order.
pub fn build(g: &Graph, blocks: &Blocks, members: &[Member]) -> Built {
    let n = match g.application(members[0].node) {
        Some((op, args)) if matches!(op.role(&shapes_of(g, args)), Role::Add(_)) => g.size(args[0]),
        _ => g.size(members[0].node),
    };
    let mut b = Builder {
        g,
        blocks,
        n,
        steps: Vec::new(),
        args: Vec::new(),
        values: HashMap::new(),
        spread: HashMap::new(),
        n_values: 0,
        size: 0,
        n_partial: 0,
        row: 1,
    };
    let mut places = Vec::new();
    for member in members {
        let node = member.node;
        let Some((op, args)) = g.application(node) else { continue };
        let size = g.size(node);
        match op.role(&shapes_of(g, args)) {
            Role::Alone => unreachable!("an operation of its own in a group"),
            Role::Map => {
                let args = args.iter().map(|&arg| b.place(arg, g.shape(node))).collect();
                let to = b.value();
                b.values.insert(node, to);
                b.steps.push(Step::Map { op: op.clone(), args, to });
            }
            Role::Read(index) => {
                let to = b.load(args[0], index);
                b.values.insert(node, to);
            }
            Role::Add(index) => {
                let from = b.place(args[0], g.shape(args[0]));
                let offset = b.size;
                let partial = row_of_sum(&index).map(|row| {
                    b.row = b.row.max(row);
                    b.n_partial += PARTIAL_SUMS * row;
                    b.n_partial - PARTIAL_SUMS * row
                });
                b.steps.push(Step::Add { from, index, offset, size, partial });
                places.push((node, offset));
                b.size += size;
                continue;
            }
        }
        if member.is_needed {
            let from = Place::Register(b.values[&node]);
            b.steps.push(Step::Store { from, offset: b.size });
            places.push((node, b.size));
            b.size += size;
        }
    }
    let n_registers = assign_registers(&mut b.steps, b.n_values);
    let fused = Fused { n, steps: b.steps, n_registers, n_partial: b.n_partial, row: b.row, size: b.size };
    Built { op: Arc::new(fused), args: b.args, places }
}

/// What repeats itself after at most so many elements is loaded once.
const MAX_KEPT: usize = 32;

/// Elements of a row of a sum over the rows of a matrix with few columns, a power of two; `None` for other sums.
fn row_of_sum(index: &Index) -> Option<usize> {
    const MAX_COLUMNS: usize = 64;
    match *index {
        Index::Cycle { size: 1, .. } => Some(1),
        Index::Cycle { inner: 1, size } if size.is_power_of_two() && size <= MAX_COLUMNS => Some(size),
        _ => None,
    }
}

fn shapes_of<'g>(g: &'g Graph, args: &[Node]) -> Vec<&'g [usize]> {
    args.iter().map(|&a| g.shape(a)).collect()
}

impl Builder<'_> {
    fn value(&mut self) -> usize {
        self.n_values += 1;
        self.n_values - 1
    }

    fn argument(&mut self, node: Node) -> usize {
        self.args.iter().position(|&own| own == node).unwrap_or_else(|| {
            self.args.push(node);
            self.args.len() - 1
        })
    }

    fn load(&mut self, node: Node, index: Index) -> usize {
        let (argument, to) = (self.argument(node), self.value());
        // Blocks have a power of two of elements.
        let stays = index.period().is_some_and(|period| period.is_power_of_two() && period <= MAX_KEPT);
        self.steps.push(Step::Load { argument, index, stays, to });
        to
    }

    /// Where the elements of `node`, broadcast to `shape`, are read.
    fn place(&mut self, node: Node, shape: &[usize]) -> Place {
        let size = self.g.size(node);
        if size == self.n
            && let Some(&value) = self.values.get(&self.blocks.root(node))
        {
            return Place::Register(value);
        }
        if size == self.n || size == 1 {
            if let Some(&place) = self.spread.get(&node) {
                return place;
            }
            let (argument, register) = (self.argument(node), self.value());
            self.steps.push(Step::Spread { argument, is_one: size < self.n, to: register });
            let place = Place::Argument { argument, register };
            self.spread.insert(node, place);
            return place;
        }
        let index = Index::of_broadcast(self.g.shape(node), shape);
        Place::Register(self.load(node, index.expect("members read what fits an index")))
    }
}

/// Gives values that are not in use at the same time one register, and returns how many registers there are.
fn assign_registers(steps: &mut [Step], n_values: usize) -> usize {
    let mut last_use = vec![0; n_values];
    // What is the same in all blocks is loaded once.
    let mut stays = vec![false; n_values];
    for (k, step) in steps.iter().enumerate() {
        for_each_read(step, |value| last_use[value] = k);
        match step {
            Step::Load { stays: own, to, .. } => stays[*to] = *own,
            Step::Spread { is_one, to, .. } => stays[*to] = *is_one,
            _ => {}
        }
    }
    let mut registers: Vec<Option<usize>> = vec![None; n_values];
    let mut free: Vec<usize> = Vec::new();
    let mut count = 0;
    for value in (0..n_values).filter(|&v| stays[v]) {
        registers[value] = Some(count);
        count += 1;
    }
    for (k, step) in steps.iter().enumerate() {
        let mut ending = Vec::new();
        for_each_read(step, |value| {
            if last_use[value] == k && !stays[value] && !ending.contains(&value) {
                ending.push(value);
            }
        });
        if let Some(to) = written(step)
            && registers[to].is_none()
        {
            registers[to] = Some(free.pop().unwrap_or_else(|| {
                count += 1;
                count - 1
            }));
            // nothing reads it
            if last_use[to] <= k {
                ending.push(to);
            }
        }
        free.extend(ending.iter().filter_map(|&value| registers[value]));
    }
    for step in steps {
        renumber(step, |value| registers[value].unwrap_or(0));
    }
    count
}

fn places(step: &Step) -> &[Place] {
    match step {
        Step::Load { .. } | Step::Spread { .. } => &[],
        Step::Map { args, .. } => args,
        Step::Store { from, .. } | Step::Add { from, .. } => std::slice::from_ref(from),
    }
}

fn for_each_read(step: &Step, mut f: impl FnMut(usize)) {
    for place in places(step) {
        match *place {
            Place::Register(value) | Place::Argument { register: value, .. } => f(value),
        }
    }
}

fn written(step: &Step) -> Option<usize> {
    match step {
        Step::Load { to, .. } | Step::Spread { to, .. } | Step::Map { to, .. } => Some(*to),
        _ => None,
    }
}

fn renumber(step: &mut Step, of: impl Fn(usize) -> usize) {
    let place = |place: &mut Place| match place {
        Place::Register(value) | Place::Argument { register: value, .. } => *value = of(*value),
    };
    match step {
        Step::Load { to, .. } | Step::Spread { to, .. } => *to = of(*to),
        Step::Map { args, to, .. } => {
            args.iter_mut().for_each(place);
            *to = of(*to);
        }
        Step::Store { from, .. } | Step::Add { from, .. } => place(from),
    }
}
