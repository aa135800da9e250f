//! From the operations of a group to the steps of one instruction.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Fused, Index, Place, Role, Step, Sums, Target};
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
    n_values: usize,
    n_sums: usize,
    n_partial: usize,
    row: usize,
}

/// The members of one group, in topological order.
pub fn build(g: &Graph, blocks: &Blocks, members: &[Member]) -> Built {
    let space = |member: &Member| {
        let (op, args) = g.application(member.node)?;
        op.role(&shapes_of(g, args)).space(g, member.node, args)
    };
    let n = members.iter().find_map(space).unwrap_or(0);
    let mut b = Builder {
        g,
        blocks,
        n,
        steps: Vec::new(),
        args: Vec::new(),
        members: HashMap::new(),
        spread: HashMap::new(),
        n_registers: 0,
        n_values: 0,
        n_sums: 0,
        n_partial: 0,
        row: 1,
    };
    let (mut values, mut sums) = (Vec::new(), Vec::new());
    for &Member { node, is_needed } in members {
        let Some((op, args)) = g.application(node) else { continue };
        let role = op.role(&shapes_of(g, args));
        if !role.is_elementwise() {
            sums.push((node, b.n_sums));
            b.add(node, args, role);
            continue;
        }
        let (place, to) = if is_needed {
            values.push((node, b.n_values * n));
            b.n_values += 1;
            (Place::Value(b.n_values - 1), Target::Value(b.n_values - 1))
        } else {
            let register = b.register();
            (Place::Register(register), Target::Register(register))
        };
        match role {
            Role::Map => {
                let args = args.iter().map(|&arg| b.place(arg, g.shape(node))).collect();
                b.steps.push(Step::Map { op: op.clone(), args, to });
            }
            Role::Read(index) => b.load(args[0], index, to),
            Role::Product { columns } => {
                let rows = n / columns;
                let (matrix, factor) = (b.argument(args[0]), b.argument(args[1]));
                b.row = lcm(b.row, columns);
                let shape = [rows, g.size(args[0]) / rows, columns];
                b.steps.push(Step::Product { matrix, factor, shape, to });
            }
            _ => unreachable!("an operation that is not elementwise"),
        }
        b.members.insert(node, place);
    }
    let n_registers = assign_registers(&mut b.steps, b.n_registers);
    let Builder { steps, args, n_values, n_sums, n_partial, row, .. } = b;
    let fused = Fused { n, steps, n_registers, n_values, n_sums, n_partial, row };
    let after_values = |(node, offset)| (node, n_values * n + offset);
    let places = values.into_iter().chain(sums.into_iter().map(after_values)).collect();
    Built { op: Arc::new(fused), args, places }
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

/// The least common multiple of two positive numbers.
fn lcm(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
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
        let repeats = index.period().is_some_and(|period| period <= MAX_KEPT);
        let stays = repeats && matches!(to, Target::Register(_));
        self.steps.push(Step::Load { argument, index, stays, to });
    }

    /// A step that adds to sums.
    fn add(&mut self, node: Node, args: &[Node], role: Role) {
        let to = Sums { offset: self.n_sums, size: self.g.size(node) };
        self.n_sums += to.size;
        let step = match role {
            Role::Add(index) => {
                let from = self.whole(args[0]);
                let row = row_of_sum(&index);
                let partial = row.map(|row| self.partial(PARTIAL_SUMS * row, row));
                Step::Add { from, index, to, partial }
            }
            Role::AddProduct { columns } => {
                let matrix = self.argument(args[0]);
                let from = self.whole(args[1]);
                let partial = self.partial(to.size, columns);
                let shape = [self.n / columns, to.size / columns, columns];
                Step::AddProduct { matrix, from, shape, to, partial }
            }
            _ => unreachable!("an operation that sums nothing up"),
        };
        self.steps.push(step);
    }

    /// Where the elements of `node` are read, as many as the pass has, in all lanes.
    fn whole(&mut self, node: Node) -> Place {
        if self.n > 1 || self.members.contains_key(&self.blocks.root(node)) {
            return self.place(node, self.g.shape(node));
        }
        // a number that all lanes share is read in place
        let register = self.register();
        self.load(node, Index::Cycle { inner: 1, size: 1 }, Target::Register(register));
        Place::Register(register)
    }

    /// A place for partial sums over rows.
    fn partial(&mut self, size: usize, row: usize) -> usize {
        self.row = lcm(self.row, row);
        self.n_partial += size;
        self.n_partial - size
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
        Step::Load { .. } | Step::Spread { .. } | Step::Product { .. } => &[],
        Step::Map { args, .. } => &**args,
        Step::Add { from, .. } | Step::AddProduct { from, .. } => std::slice::from_ref(from),
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
        Step::Spread { to, .. } => Some(to),
        Step::Load { to: Target::Register(to), .. }
        | Step::Map { to: Target::Register(to), .. }
        | Step::Product { to: Target::Register(to), .. } => Some(to),
        _ => None,
    }
}

fn for_each_register(step: &mut Step, mut f: impl FnMut(&mut usize)) {
    let (places, to): (&mut [Place], Option<&mut Target>) = match step {
        Step::Spread { to, .. } => return f(to),
        Step::Load { to, .. } | Step::Product { to, .. } => (&mut [], Some(to)),
        Step::Map { args, to, .. } => (args, Some(to)),
        Step::Add { from, .. } | Step::AddProduct { from, .. } => (std::slice::from_mut(from), None),
    };
    for place in places {
        match place {
            Place::Register(register) | Place::Argument { register, .. } => f(register),
            Place::Value(_) => {}
        }
    }
    if let Some(Target::Register(to)) = to {
        f(to);
    }
}
