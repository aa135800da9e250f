//! From the operations of a group to the steps of one instruction.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Fused, Index, Place, Role, Step, Target};
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

/// Steps each of which has a register of its own.
struct Builder<'g> {
    g: &'g Graph,
    blocks: &'g Blocks,
    n: usize,
    steps: Vec<Step>,
    args: Vec<Node>,
    /// Where each member is.
    members: HashMap<Node, Place>,
    /// Of arguments that are read in place where possible.
    spread: HashMap<Node, Place>,
    n_registers: usize,
    /// Of the value, so far.
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
        members: HashMap::new(),
        spread: HashMap::new(),
        n_registers: 0,
        size: 0,
        n_partial: 0,
        row: 1,
    };
    let mut places = Vec::new();
    for &Member { node, is_needed } in members {
        let Some((op, args)) = g.application(node) else { continue };
        let (size, offset) = (g.size(node), b.size);
        let role = op.role(&shapes_of(g, args));
        if is_needed || matches!(role, Role::Add(_)) {
            places.push((node, offset));
            b.size += size;
        }
        let to = match role {
            Role::Add(index) => {
                let from = b.place(args[0], g.shape(args[0]));
                let partial = row_of_sum(&index).map(|row| {
                    b.row = b.row.max(row);
                    b.n_partial += PARTIAL_SUMS * row;
                    b.n_partial - PARTIAL_SUMS * row
                });
                b.steps.push(Step::Add { from, index, offset, size, partial });
                continue;
            }
            _ if is_needed => Target::Value(offset),
            _ => Target::Register(b.register()),
        };
        match role {
            Role::Map => {
                let args = args.iter().map(|&arg| b.place(arg, g.shape(node))).collect();
                b.steps.push(Step::Map { op: op.clone(), args, to });
            }
            Role::Read(index) => b.load(args[0], index, to),
            _ => unreachable!("an operation of its own in a group"),
        }
        let place = match to {
            Target::Register(register) => Place::Register(register),
            Target::Value(offset) => Place::Value(offset),
        };
        b.members.insert(node, place);
    }
    let n_registers = assign_registers(&mut b.steps, b.n_registers);
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
    fn register(&mut self) -> usize {
        self.n_registers += 1;
        self.n_registers - 1
    }

    fn argument(&mut self, node: Node) -> usize {
        self.args.iter().position(|&own| own == node).unwrap_or_else(|| {
            self.args.push(node);
            self.args.len() - 1
        })
    }

    fn load(&mut self, node: Node, index: Index, to: Target) {
        let argument = self.argument(node);
        // Blocks have a power of two of elements.
        let repeats = index.period().is_some_and(|period| period.is_power_of_two() && period <= MAX_KEPT);
        let stays = repeats && matches!(to, Target::Register(_));
        self.steps.push(Step::Load { argument, index, stays, to });
    }

    /// Where the elements of `node`, broadcast to `shape`, are read.
    fn place(&mut self, node: Node, shape: &[usize]) -> Place {
        let size = self.g.size(node);
        if size == self.n
            && let Some(&place) = self.members.get(&self.blocks.root(node))
        {
            return place;
        }
        if size == self.n || size == 1 {
            if let Some(&place) = self.spread.get(&node) {
                return place;
            }
            let (argument, register) = (self.argument(node), self.register());
            self.steps.push(Step::Spread { argument, is_one: size < self.n, to: register });
            let place = Place::Argument { argument, register };
            self.spread.insert(node, place);
            return place;
        }
        let index = Index::of_broadcast(self.g.shape(node), shape);
        let register = self.register();
        self.load(node, index.expect("members read what fits an index"), Target::Register(register));
        Place::Register(register)
    }
}

/// Gives registers that are not in use at the same time one number, and returns how many there are.
fn assign_registers(steps: &mut [Step], n_before: usize) -> usize {
    let mut last_use = vec![0; n_before];
    // What is the same in all blocks is loaded once.
    let mut stays = vec![false; n_before];
    for (k, step) in steps.iter().enumerate() {
        for_each_read(step, |register| last_use[register] = k);
        match step {
            Step::Load { stays: own, to: Target::Register(to), .. } => stays[*to] = *own,
            Step::Spread { is_one, to, .. } => stays[*to] = *is_one,
            _ => {}
        }
    }
    let mut numbers: Vec<Option<usize>> = vec![None; n_before];
    let mut free: Vec<usize> = Vec::new();
    let mut count = 0;
    for register in (0..n_before).filter(|&r| stays[r]) {
        numbers[register] = Some(count);
        count += 1;
    }
    for (k, step) in steps.iter().enumerate() {
        let mut ending = Vec::new();
        for_each_read(step, |register| {
            if last_use[register] == k && !stays[register] && !ending.contains(&register) {
                ending.push(register);
            }
        });
        if let Some(to) = written(step)
            && numbers[to].is_none()
        {
            numbers[to] = Some(free.pop().unwrap_or_else(|| {
                count += 1;
                count - 1
            }));
            // nothing reads it
            if last_use[to] <= k {
                ending.push(to);
            }
        }
        free.extend(ending.iter().filter_map(|&register| numbers[register]));
    }
    for step in steps {
        for_each_register(step, |register| *register = numbers[*register].unwrap_or(0));
    }
    count
}

fn for_each_read(step: &Step, mut f: impl FnMut(usize)) {
    let places = match step {
        Step::Load { .. } | Step::Spread { .. } => &[],
        Step::Map { args, .. } => &**args,
        Step::Add { from, .. } => std::slice::from_ref(from),
    };
    for place in places {
        match *place {
            Place::Register(register) | Place::Argument { register, .. } => f(register),
            Place::Value(_) => {}
        }
    }
}

fn written(step: &Step) -> Option<usize> {
    match *step {
        Step::Spread { to, .. }
        | Step::Load { to: Target::Register(to), .. }
        | Step::Map { to: Target::Register(to), .. } => Some(to),
        _ => None,
    }
}

fn for_each_register(step: &mut Step, mut f: impl FnMut(&mut usize)) {
    let (places, to): (&mut [Place], _) = match step {
        Step::Load { to: Target::Register(to), .. } | Step::Spread { to, .. } => (&mut [], Some(to)),
        Step::Map { args, to: Target::Register(to), .. } => (args, Some(to)),
        Step::Map { args, .. } => (args, None),
        Step::Add { from, .. } => (std::slice::from_mut(from), None),
        Step::Load { .. } => (&mut [], None),
    };
    for place in places {
        match place {
            Place::Register(register) | Place::Argument { register, .. } => f(register),
            Place::Value(_) => {}
        }
    }
    to.into_iter().for_each(f);
}
