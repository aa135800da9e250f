//! Where arrays are while a program runs.

use std::cell::Cell;

use crate::tape::graph::{Tensor, elements};
use crate::tape::op::Operand;

/// An array in the memory of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    pub start: usize,
    /// By how much it moves from one step of a recursion to the next.
    pub by: isize,
    /// Elements.
    pub size: usize,
    /// Numbers of an element: all lanes, or 1 where they are the same.
    pub lanes: usize,
}

impl Home {
    /// The numbers of an array that does not move.
    pub fn data<'m>(&'m self, memory: &'m [f64]) -> &'m [f64] {
        match self {
            Home::Memory(span) => &memory[span.start..span.start + span.numbers()],
            Home::Constant(value) => elements(value),
        }
    }

    /// An argument that does not move, of this shape.
    pub fn operand<'m>(&'m self, memory: &'m [f64], shape: &'m [usize]) -> Operand<'m> {
        let lanes = match self {
            Home::Memory(span) => span.lanes,
            Home::Constant(_) => 1,
        };
        Operand { data: self.data(memory), shape, lanes }
    }
}

impl Span {
    pub fn numbers(&self) -> usize {
        self.size * self.lanes
    }

    /// The numbers of an array that does not move.
    pub fn of_mut<'m>(&self, memory: &'m mut [f64]) -> &'m mut [f64] {
        &mut memory[self.start..self.start + self.numbers()]
    }

    /// Where it starts at a step.
    #[inline(always)]
    pub fn at(&self, t: usize) -> usize {
        self.start.wrapping_add_signed(self.by.wrapping_mul(t as isize))
    }

    /// A block of its elements.
    pub fn part(&self, offset: usize, size: usize) -> Span {
        Span { start: self.start + offset * self.lanes, size, ..*self }
    }
}

/// Where an array is.
#[derive(Clone, Debug)]
pub enum Home {
    Memory(Span),
    Constant(Tensor),
}

/// An argument of an operation.
#[derive(Clone, Debug)]
pub struct Operands<'a> {
    pub home: Home,
    pub shape: &'a [usize],
}

/// Where a result goes: a block, but for parts of it that go elsewhere.
#[derive(Clone, Debug)]
pub struct Destination {
    pub span: Span,
    elsewhere: Vec<Elsewhere>,
}

#[derive(Clone, Debug)]
struct Elsewhere {
    /// Where the part begins in the block, in elements.
    offset: usize,
    to: Span,
    is_used: Cell<bool>,
}

impl Destination {
    /// All goes to one place.
    pub fn whole(span: Span) -> Destination {
        Destination { span, elsewhere: Vec::new() }
    }

    /// Parts, each at its offset in the block, go to other places.
    pub fn with_parts(span: Span, parts: &[(usize, Span)]) -> Destination {
        let elsewhere = |&(offset, to): &(usize, Span)| Elsewhere { offset, to, is_used: Cell::new(false) };
        Destination { span, elsewhere: parts.iter().map(elsewhere).collect() }
    }

    /// Whether no part goes elsewhere.
    pub fn is_whole(&self) -> bool {
        self.elsewhere.is_empty()
    }

    /// Where some of the elements go.
    pub fn part(&self, offset: usize, size: usize) -> Span {
        match self.elsewhere.iter().find(|part| part.offset == offset && part.to.size == size) {
            Some(part) => {
                part.is_used.set(true);
                part.to
            }
            None => self.span.part(offset, size),
        }
    }

    /// Whether all parts that go elsewhere have been asked for.
    pub fn is_followed(&self) -> bool {
        self.elsewhere.iter().all(|part| part.is_used.get())
    }
}

/// Numbers that a kernel reads one by one, or one number that it reads for all.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub start: usize,
    pub by: isize,
    pub is_one: bool,
}
