//! The call that evaluates an operation on arrays wherever they are.

use std::sync::Arc;

use super::span::{Arg, Destination, Home, Span};
use super::{Kernel, Lowering, Places};
use crate::tape::graph::elements;
use crate::tape::kernel;
use crate::tape::op::{Op, Operand};

/// An array without a block that is being written.
pub(in crate::tape) struct Around<'r> {
    before: &'r [f64],
    /// Where `after` begins.
    resume: usize,
    after: &'r [f64],
}

impl<'r> Around<'r> {
    #[inline(always)]
    pub fn whole(array: &'r [f64]) -> Around<'r> {
        Around { before: array, resume: array.len(), after: &[] }
    }

    #[inline(always)]
    pub fn split(array: &'r mut [f64], start: usize, len: usize) -> (Around<'r>, &'r mut [f64]) {
        let (before, rest) = array.split_at_mut(start);
        let (block, after) = rest.split_at_mut(len);
        (Around { before, resume: start + len, after }, block)
    }

    #[inline(always)]
    pub fn get(&self, start: usize, len: usize) -> &'r [f64] {
        match start.checked_sub(self.resume) {
            Some(start) => &self.after[start..start + len],
            None => &self.before[start..start + len],
        }
    }
}

/// An operation and the arrays that it reads and writes. Nothing here allocates, unless it has more than 1024 arguments.
#[derive(Debug)]
pub(in crate::tape) struct Evaluate {
    pub op: Arc<dyn Op>,
    pub args: Box<[(Home, Box<[usize]>)]>,
    pub out: Span,
    /// Start and size of the working memory.
    pub scratch: (usize, usize),
    pub lanes: usize,
}

/// The memory around the result and the working memory of an operation.
struct Rest<'r> {
    /// Up to the first of the two, between them, behind the second.
    parts: [&'r [f64]; 3],
    starts: [usize; 3],
}

impl<'r> Rest<'r> {
    fn get(&self, start: usize, len: usize) -> &'r [f64] {
        if len == 0 {
            return &[];
        }
        let part = self.starts.iter().rposition(|&first| first <= start).unwrap_or(0);
        let start = start - self.starts[part];
        &self.parts[part][start..start + len]
    }

    fn operand(&self, home: &'r Home, shape: &'r [usize], t: usize) -> Operand<'r> {
        match home {
            Home::Memory(span) => {
                let data = self.get(span.at(t), span.numbers());
                Operand { data, shape, lanes: span.lanes }
            }
            Home::Constant(value) => Operand { data: elements(value), shape, lanes: 1 },
        }
    }
}

/// Cuts the result and the working memory out.
fn cut(
    memory: &mut [f64],
    out: (usize, usize),
    scratch: (usize, usize),
) -> (Rest<'_>, &mut [f64], &mut [f64]) {
    let [first, second] = if out.0 <= scratch.0 { [out, scratch] } else { [scratch, out] };
    let (before, rest) = memory.split_at_mut(first.0);
    let (one, rest) = rest.split_at_mut(first.1);
    let (between, rest) = rest.split_at_mut(second.0 - first.0 - first.1);
    let (two, after) = rest.split_at_mut(second.1);
    let starts = [0, first.0 + first.1, second.0 + second.1];
    let rest = Rest { parts: [before, between, after], starts };
    if out.0 <= scratch.0 { (rest, one, two) } else { (rest, two, one) }
}

impl Kernel for Evaluate {
    fn run(&self, memory: &mut [f64], _at: &Places, t: usize) {
        let (out, scratch) = ((self.out.at(t), self.out.numbers()), self.scratch);
        let (rest, out, scratch) = match (out.1, scratch.1) {
            (_, 0) => cut(memory, out, (out.0 + out.1, 0)),
            (0, _) => cut(memory, (scratch.0 + scratch.1, 0), scratch),
            _ => cut(memory, out, scratch),
        };
        match self.args.len() {
            0..=4 => self.run_with::<4>(&rest, out, scratch, t),
            5..=12 => self.run_with::<12>(&rest, out, scratch, t),
            13..=32 => self.run_with::<32>(&rest, out, scratch, t),
            33..=1024 => self.run_with::<1024>(&rest, out, scratch, t),
            _ => {
                let operands = self.args.iter().map(|arg| rest.operand(&arg.0, &arg.1, t));
                let operands: Vec<Operand<'_>> = operands.collect();
                self.evaluate(&operands, out, scratch);
            }
        }
    }
}

impl Evaluate {
    fn run_with<const N: usize>(&self, rest: &Rest<'_>, out: &mut [f64], scratch: &mut [f64], t: usize) {
        let mut operands = [Operand { data: &[], shape: &[], lanes: 1 }; N];
        let operands = &mut operands[..self.args.len()];
        for (operand, (home, shape)) in operands.iter_mut().zip(&self.args) {
            *operand = rest.operand(home, shape, t);
        }
        self.evaluate(operands, out, scratch);
    }

    fn evaluate(&self, operands: &[Operand<'_>], out: &mut [f64], scratch: &mut [f64]) {
        let lanes = self.lanes;
        if lanes == 1 || operands.iter().any(|o| o.lanes != 1) {
            self.op.evaluate(operands, out, lanes, scratch);
        } else {
            // the same in all lanes: only in the body of a recursion over data
            self.op.evaluate(operands, &mut out[..self.out.size], 1, scratch);
            kernel::spread(out, lanes);
        }
    }
}

/// Evaluates an operation that can only be lowered. This allocates: it is for arguments that are constants.
pub(in crate::tape) fn at_once(op: &dyn Op, args: &[Operand<'_>], out: &mut [f64], lanes: usize) {
    let mut code = Lowering::new(lanes, out.len());
    let mut home = |arg: &Operand<'_>| {
        let start = code.allocate(arg.data.len());
        Span { start, by: 0, size: arg.data.len() / arg.lanes, lanes: arg.lanes }
    };
    let spans: Vec<Span> = args.iter().map(&mut home).collect();
    let operands = spans.iter().zip(args);
    let operands = operands.map(|(&span, arg)| Arg { home: Home::Memory(span), shape: arg.shape });
    let operands: Vec<Arg<'_>> = operands.collect();
    let to = Span { start: 0, by: 0, size: out.len() / lanes, lanes };
    let done = op.lower(&mut code, &operands, &Destination::whole(to));
    assert!(done, "{} writes to an array of its own", op.name());
    let n_calls = code.n_calls();
    let code = code.finish(n_calls);
    let mut memory = code.memory();
    for (span, arg) in spans.iter().zip(args) {
        memory[span.start..span.start + arg.data.len()].copy_from_slice(arg.data);
    }
    code.calls.iter().for_each(|call| call.run(&mut memory));
    out.copy_from_slice(&memory[..out.len()]);
}
