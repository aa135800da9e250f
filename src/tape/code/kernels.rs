//! Copies, reads by index and products as kernels; those of elementwise functions and of sums over rows are made in `vector`.

use std::sync::Arc;

use super::{Around, Home, Kernel, Places};
use crate::tape::fusion::Index;
use crate::tape::graph::elements;
use crate::tape::op::Op;
use crate::tape::vector::{Factor, accumulate, multiply_on};

/// One number.
#[derive(Debug)]
pub(super) struct CopyOne;

impl Kernel for CopyOne {
    #[inline]
    fn run(&self, memory: &mut [f64], at: &Places, _t: usize) {
        memory[at.out] = memory[at.args[0]];
    }
}

#[derive(Debug)]
pub(super) struct Copy;

impl Kernel for Copy {
    fn run(&self, memory: &mut [f64], at: &Places, _t: usize) {
        let (rest, out) = Around::split(memory, at.out, at.len);
        out.copy_from_slice(rest.get(at.args[0], at.len));
    }
}

/// The same number everywhere.
#[derive(Debug)]
pub(super) struct Fill(pub f64);

impl Kernel for Fill {
    fn run(&self, memory: &mut [f64], at: &Places, _t: usize) {
        memory[at.out..at.out + at.len].fill(self.0);
    }
}

/// out += x
#[derive(Debug)]
pub(super) struct Accumulate;

impl Kernel for Accumulate {
    fn run(&self, memory: &mut [f64], at: &Places, _t: usize) {
        if at.len == 1 {
            memory[at.out] += memory[at.args[0]];
            return;
        }
        let (rest, out) = Around::split(memory, at.out, at.len);
        accumulate(rest.get(at.args[0], at.len), out);
    }
}

/// Brings elements by index: `[n][lanes]`.
#[derive(Debug)]
pub(super) struct Load {
    pub index: Index,
    /// Numbers of the array that it reads.
    pub from: usize,
    pub varies: bool,
    pub lanes: usize,
}

impl Kernel for Load {
    fn run(&self, memory: &mut [f64], at: &Places, _t: usize) {
        let (rest, out) = Around::split(memory, at.out, at.len);
        load(&self.index, rest.get(at.args[0], self.from), self.varies, out, self.lanes);
    }
}

/// Adds elements `[n][lanes]` to those that an index says.
#[derive(Debug)]
pub(super) struct AddAt {
    pub index: Index,
    pub n: usize,
    pub lanes: usize,
}

impl Kernel for AddAt {
    fn run(&self, memory: &mut [f64], at: &Places, _t: usize) {
        let lanes = self.lanes;
        let (rest, out) = Around::split(memory, at.out, at.len);
        let mut rows = rest.get(at.args[0], self.n * lanes).chunks_exact(lanes);
        self.index.for_each(0..self.n, |to| {
            add(rows.next().unwrap_or(&[]), &mut out[to * lanes..(to + 1) * lanes]);
        });
    }
}

/// An elementwise operation, of which nothing more is known.
#[derive(Debug)]
pub(super) struct MapRows {
    pub op: Arc<dyn Op>,
    /// Where each argument is, by how much it moves from step to step, and how many numbers it has.
    pub args: Box<[(usize, isize, usize)]>,
}

/// Most arguments of it.
pub(super) const MAX_MAPPED: usize = 8;

impl Kernel for MapRows {
    fn run(&self, memory: &mut [f64], at: &Places, t: usize) {
        let (rest, out) = Around::split(memory, at.out, at.len);
        let mut rows: [&[f64]; MAX_MAPPED] = [&[]; MAX_MAPPED];
        for (row, &(start, by, len)) in rows.iter_mut().zip(&self.args) {
            *row = rest.get(start.wrapping_add_signed(by * t as isize), len);
        }
        self.op.map(&rows[..self.args.len()], out);
    }
}

/// The product of two matrices, the first of which may be seen transposed.
#[derive(Debug)]
pub(super) struct Product {
    pub factors: [Home; 2],
    pub transposed: bool,
    /// Rows, terms and columns.
    pub shape: [usize; 3],
    pub lanes: usize,
}

impl Kernel for Product {
    fn run(&self, memory: &mut [f64], at: &Places, t: usize) {
        let [rows, terms, columns] = self.shape;
        let (rest, out) = Around::split(memory, at.out, at.len);
        let data = |k: usize| match &self.factors[k] {
            Home::Memory(span) => (rest.get(span.at(t), span.numbers()), span.lanes),
            Home::Constant(value) => (elements(value), 1),
        };
        let ((a, a_lanes), (b, b_lanes)) = (data(0), data(1));
        let a = Factor::new(a, [rows, terms], self.transposed, a_lanes);
        let b = Factor::new(b, [terms, columns], false, b_lanes);
        out.fill(0.0);
        multiply_on(&a, &b, self.shape, out, self.lanes);
    }
}

fn load(index: &Index, data: &[f64], varies: bool, out: &mut [f64], lanes: usize) {
    let n = out.len() / lanes;
    let mut rows = out.chunks_exact_mut(lanes);
    index.for_each(0..n, |at| {
        if let Some(row) = rows.next() {
            match varies {
                true => row.copy_from_slice(&data[at * lanes..(at + 1) * lanes]),
                false => row.fill(data[at]),
            }
        }
    });
}

fn add(row: &[f64], to: &mut [f64]) {
    to.iter_mut().zip(row).for_each(|(y, x)| *y += x);
}
