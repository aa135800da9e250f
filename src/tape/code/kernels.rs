//! Copies, reads by index and products as kernels; those of elementwise functions and of sums over rows are made in `vector`.

use std::sync::Arc;

use super::{Around, Home, Kernel, Places};
use crate::tape::fusion::MAX_ARGS;
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

/// Brings elements from positions: `[n][lanes]`.
#[derive(Debug)]
pub(super) struct Load {
    pub positions: Box<[u32]>,
    /// Numbers of the array that it reads.
    pub from: usize,
    pub varies: bool,
    pub lanes: usize,
}

impl Kernel for Load {
    fn run(&self, memory: &mut [f64], at: &Places, _t: usize) {
        let (rest, out) = Around::split(memory, at.out, at.len);
        let (data, lanes) = (rest.get(at.args[0], self.from), self.lanes);
        if lanes == 1 {
            return out.iter_mut().zip(&self.positions).for_each(|(y, &i)| *y = data[i as usize]);
        }
        for (row, &i) in out.chunks_exact_mut(lanes).zip(&self.positions) {
            let i = i as usize;
            match self.varies {
                true => row.copy_from_slice(&data[i * lanes..(i + 1) * lanes]),
                false => row.fill(data[i]),
            }
        }
    }
}

/// The same numbers in all of so many lanes.
#[derive(Debug)]
pub(super) struct Spread(pub usize);

impl Kernel for Spread {
    fn run(&self, memory: &mut [f64], at: &Places, _t: usize) {
        let (rest, out) = Around::split(memory, at.out, at.len);
        let data = rest.get(at.args[0], at.len / self.0);
        out.chunks_exact_mut(self.0).zip(data).for_each(|(row, &x)| row.fill(x));
    }
}

/// Adds elements `[n][lanes]` to those at positions.
#[derive(Debug)]
pub(super) struct AddAt {
    pub positions: Box<[u32]>,
    pub lanes: usize,
}

impl Kernel for AddAt {
    fn run(&self, memory: &mut [f64], at: &Places, _t: usize) {
        let lanes = self.lanes;
        let (rest, out) = Around::split(memory, at.out, at.len);
        let data = rest.get(at.args[0], self.positions.len() * lanes);
        if lanes == 1 {
            return data.iter().zip(&self.positions).for_each(|(x, &i)| out[i as usize] += x);
        }
        for (row, &i) in data.chunks_exact(lanes).zip(&self.positions) {
            accumulate(row, &mut out[i as usize * lanes..(i as usize + 1) * lanes]);
        }
    }
}

/// An elementwise operation, of which nothing more is known.
#[derive(Debug)]
pub(super) struct MapRows {
    pub op: Arc<dyn Op>,
    /// Where each argument is, by how much it moves from step to step, and how many numbers it has.
    pub args: Box<[(usize, isize, usize)]>,
}

impl Kernel for MapRows {
    fn run(&self, memory: &mut [f64], at: &Places, t: usize) {
        let (rest, out) = Around::split(memory, at.out, at.len);
        let mut rows: [&[f64]; MAX_ARGS] = [&[]; MAX_ARGS];
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
