//! Elementwise operations that run as one instruction, block by block of a size that stays in cache.
//!
//! A long chain of elementwise operations would write every intermediate array to memory and read it back. Instead,
//! all elementwise operations over arrays of one size that can run at one time become one instruction ([`Fused`]), which
//! takes a block of elements through all of them before it goes to the next. Reads by index and sums take part.

mod build;
mod groups;
mod lower;
mod pass;
mod run;

use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

pub(super) use build::{Built, Member, build};
pub(super) use groups::groups;

use super::code::{Arg, Destination, Lowering};
use super::graph::{Graph, Node};
use super::op::{Extent, Op, Operand};

/// What an operation does in a pass over the elements of one array.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// Nothing: it is an instruction of its own.
    Alone,
    /// Element i of the result is a function of elements i of the arguments, which are broadcast: [`Op::map`].
    Map,
    /// Element i of the result is one element of the argument.
    Read(Index),
    /// Element i of the argument is added to one element of the result.
    Add(Index),
    /// The result is a product of two matrices, its rows those of the first: only the first is read row by row.
    Product { columns: usize },
    /// The result is the product of the transpose of a matrix and a matrix of so many columns; both are read row by row.
    AddProduct { columns: usize },
}

impl Role {
    /// Elements of the pass that an operation takes part in; `None` if it stands alone.
    fn space(&self, g: &Graph, node: Node, args: &[Node]) -> Option<usize> {
        match self {
            Role::Alone => None,
            Role::Map | Role::Read(_) | Role::Product { .. } => Some(g.size(node)),
            Role::Add(_) => Some(g.size(args[0])),
            Role::AddProduct { .. } => Some(g.size(args[1])),
        }
    }

    /// Whether element i of the result is known once element i of the pass is.
    fn is_elementwise(&self) -> bool {
        matches!(self, Role::Map | Role::Read(_) | Role::Product { .. })
    }

    /// Whether element i of an argument is read at element i of the pass, if there are as many.
    fn reads_in_step(&self, argument: usize) -> bool {
        match self {
            Role::Map | Role::Add(_) => true,
            Role::AddProduct { .. } => argument == 1,
            _ => false,
        }
    }
}

/// Which element of another array belongs to element i.
#[derive(Clone, Debug, PartialEq)]
pub enum Index {
    /// `(i / inner) % size`
    Cycle { inner: usize, size: usize },
    /// `table[i]`
    Table(Arc<[u32]>),
}

impl Index {
    /// How an array of shape `from` is broadcast to `to`; `None` where that is not a [`Index::Cycle`].
    pub fn of_broadcast(from: &[usize], to: &[usize]) -> Option<Index> {
        let lead = to.len() - from.len();
        let kept = |axis: &usize| *axis >= lead && from[*axis - lead] == to[*axis] && to[*axis] != 1;
        let (first, last) = match ((0..to.len()).find(kept), (0..to.len()).rfind(kept)) {
            (Some(first), Some(last)) => (first, last),
            _ => return Some(Index::Cycle { inner: to.iter().product(), size: 1 }),
        };
        let contiguous = (first..=last).all(|axis| to[axis] == 1 || kept(&axis));
        contiguous.then(|| Index::Cycle {
            inner: to[last + 1..].iter().product(),
            size: to[first..=last].iter().product(),
        })
    }

    /// Calls `f` with the position that belongs to each element of a range, in order.
    #[inline(always)]
    fn for_each(&self, elements: Range<usize>, mut f: impl FnMut(usize)) {
        match *self {
            // no rows have no length to divide by
            _ if elements.is_empty() => {}
            Index::Cycle { inner, size } => {
                let mut at = elements.start / inner % size;
                let mut left = inner - elements.start % inner;
                for _ in elements {
                    f(at);
                    left -= 1;
                    if left == 0 {
                        left = inner;
                        at = if at + 1 == size { 0 } else { at + 1 };
                    }
                }
            }
            Index::Table(ref table) => table[elements].iter().for_each(|&at| f(at as usize)),
        }
    }

    /// The positions that belong to the first `n` elements.
    pub fn positions(&self, n: usize) -> Box<[u32]> {
        let mut positions = Vec::with_capacity(n);
        self.for_each(0..n, |at| positions.push(at as u32));
        positions.into()
    }

    /// Blocks of so many elements, or a multiple of it, are the same; `None` if that is not known.
    fn period(&self) -> Option<usize> {
        match *self {
            Index::Cycle { size: 1, .. } => Some(1),
            Index::Cycle { inner, size } => Some(inner * size),
            Index::Table(_) => None,
        }
    }

    /// The same number for all elements.
    fn is_one(&self) -> bool {
        matches!(self, Index::Cycle { size: 1, .. })
    }
}

/// A pass over the elements of arrays of `n` elements. Its value is the arrays that others need, then all sums.
#[derive(Debug)]
pub(super) struct Fused {
    n: usize,
    steps: Vec<Step>,
    /// Blocks that the steps work on.
    n_registers: usize,
    /// Arrays of the value.
    n_values: usize,
    /// Elements of sums.
    n_sums: usize,
    /// Elements of partial sums.
    n_partial: usize,
    /// Elements of a row: blocks are whole rows of all that has rows.
    row: usize,
}

/// Where a step reads its block.
#[derive(Clone, Copy, Debug)]
enum Place {
    Register(usize),
    /// This array of the value.
    Value(usize),
    /// An argument of `n` elements or one, in place where its layout allows it, else in the register that it was loaded to.
    Argument {
        argument: usize,
        register: usize,
    },
}

/// Where a step writes its block.
#[derive(Clone, Copy, Debug)]
enum Target {
    Register(usize),
    /// This array of the value.
    Value(usize),
}

/// A part of the sums.
#[derive(Clone, Copy, Debug)]
struct Sums {
    offset: usize,
    size: usize,
}

#[derive(Debug)]
enum Step {
    /// Brings elements of an argument; a register that `stays` is the same for all blocks.
    Load {
        argument: usize,
        index: Index,
        stays: bool,
        to: Target,
    },
    /// Brings an argument of `n` elements, or one, to a register, unless steps can read it in place.
    Spread {
        argument: usize,
        is_one: bool,
        to: usize,
    },
    Map {
        op: Arc<dyn Op>,
        args: Box<[Place]>,
        to: Target,
    },
    /// Adds elements, by way of partial sums if these have a place.
    Add {
        from: Place,
        index: Index,
        to: Sums,
        partial: Option<usize>,
    },
    /// Multiplies rows of a matrix argument and another argument.
    Product {
        matrix: usize,
        factor: usize,
        /// Rows, terms and columns of the product.
        shape: [usize; 3],
        to: Target,
    },
    /// Multiplies the transpose of rows of a matrix argument, and adds.
    AddProduct {
        matrix: usize,
        from: Place,
        /// Rows of both factors, their columns.
        shape: [usize; 3],
        to: Sums,
        partial: usize,
    },
}

/// Most arguments of an operation that takes part.
pub(super) const MAX_ARGS: usize = 8;

/// Numbers of a block: a few dozen blocks fit the fastest cache.
pub(super) const BLOCK: usize = 512;

impl Op for Fused {
    fn name(&self) -> &'static str {
        "fused"
    }

    fn shape(&self, _args: &[&[usize]]) -> Vec<usize> {
        vec![self.n_values * self.n + self.n_sums]
    }

    fn scratch(&self, _args: &[Extent<'_>], lanes: usize) -> usize {
        self.scratch_size(lanes)
    }

    fn tasks(&self, lanes: usize, threads: usize) -> usize {
        self.n_tasks(lanes, threads)
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        self.run(args, out, lanes, scratch);
    }

    fn lower(&self, code: &mut Lowering, args: &[Arg<'_>], to: &Destination) -> bool {
        self.lower_steps(code, args, to)
    }

    /// Programs are differentiated before they are fused.
    fn tangent(&self, _g: &mut Graph, _args: &[Node], _y: Node, _tangents: &[Option<Node>]) -> Option<Node> {
        unreachable!("a fused instruction is not part of a graph")
    }

    fn adjoint(
        &self,
        _g: &mut Graph,
        _args: &[Node],
        _y: Node,
        _dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        unreachable!("a fused instruction is not part of a graph")
    }

    fn body(&self) -> Option<String> {
        let mut text = String::new();
        let place = |place: &Place| match place {
            Place::Register(r) => format!("r{r}"),
            Place::Value(k) => format!("value{k}"),
            Place::Argument { argument, .. } => format!("arg{argument}"),
        };
        let target = |target: &Target| match target {
            Target::Register(r) => format!("r{r}"),
            Target::Value(k) => format!("value{k}"),
        };
        for step in &self.steps {
            let _ = match step {
                Step::Load { argument, index, to, .. } => {
                    writeln!(text, "{} = arg{argument} at {}", target(to), text_of(index))
                }
                Step::Spread { .. } => Ok(()),
                Step::Map { op, args, to } => {
                    let args: Vec<String> = args.iter().map(place).collect();
                    writeln!(text, "{} = {} {}", target(to), op.name(), args.join(" "))
                }
                Step::Add { from, index, to, .. } if index.is_one() => {
                    writeln!(text, "sum{} += {}", to.offset, place(from))
                }
                Step::Add { from, index, to, .. } => {
                    writeln!(text, "sum{}.. at {} += {}", to.offset, text_of(index), place(from))
                }
                Step::Product { matrix, factor, to, .. } => {
                    writeln!(text, "{} = arg{matrix} arg{factor}", target(to))
                }
                Step::AddProduct { matrix, from, to, .. } => {
                    writeln!(text, "sum{}.. += transposed arg{matrix} {}", to.offset, place(from))
                }
            };
        }
        Some(text)
    }

    fn fingerprint(&self) -> Option<u64> {
        None
    }
}

fn text_of(index: &Index) -> String {
    match index {
        Index::Cycle { inner: 1, size } => format!("i % {size}"),
        Index::Cycle { inner, size } => format!("i / {inner} % {size}"),
        Index::Table(table) => format!("a table of {}", table.len()),
    }
}
