//! From instructions to calls, for a number of lanes.

use std::collections::HashMap;
use std::sync::Arc;

use super::kernels::{Accumulate, AddAt, Copy, CopyOne, Fill, Load, MapRows, Product, Spread};
use super::memory::LINE;
use super::span::{Arg, Destination, Home, Row, Span};
use super::{Call, Code, Evaluate, Kernel, Places};
use crate::tape::fusion::{BLOCK, Index, MAX_ARGS, Role};
use crate::tape::graph::{Tensor, elements};
use crate::tape::op::{Extent, Op, size_of};
use crate::tape::vector::kernel_sum;

/// Constants of at most this many elements are copied to the memory of a run.
const MAX_COPIED: usize = 1 << 14;

/// The calls so far, and the memory that they need.
#[derive(Debug)]
pub struct Lowering {
    pub lanes: usize,
    calls: Vec<Call>,
    size: usize,
    initial: Vec<(usize, Box<[f64]>)>,
    /// Of constants by address, size and numbers of an element: where they are kept.
    known: HashMap<(*const f64, usize, usize), usize>,
    /// The constants, so that no other gets their address.
    held: Vec<Tensor>,
    working: Working,
    /// Numbers at the very end, for operations that run calls of their own.
    tail: usize,
}

/// Memory for what lives during one instruction.
#[derive(Clone, Copy, Debug, Default)]
struct Working {
    start: usize,
    size: usize,
    used: usize,
}

impl Lowering {
    pub fn new(lanes: usize, arena: usize) -> Lowering {
        Lowering {
            lanes,
            calls: Vec::new(),
            size: arena,
            initial: Vec::new(),
            known: HashMap::new(),
            held: Vec::new(),
            working: Working::default(),
            tail: 0,
        }
    }

    pub fn n_calls(&self) -> usize {
        self.calls.len()
    }

    /// The calls since there were `n`, which are no longer part of the code.
    pub(in crate::tape) fn take_calls(&mut self, n: usize) -> Vec<Call> {
        self.calls.split_off(n)
    }

    pub(in crate::tape) fn finish(self, second_stage: usize) -> Code {
        let size = self.size + self.tail;
        Code { calls: self.calls, second_stage, size, initial: self.initial }
    }

    /// Memory that nothing else uses, at the start of a cache line.
    pub fn allocate(&mut self, numbers: usize) -> usize {
        let start = self.size.next_multiple_of(LINE);
        self.size = start + numbers;
        start
    }

    /// Keeps the last `numbers` of the memory for an operation whose own calls, made by `calls`, run in what is before them.
    pub fn with_tail<T>(&mut self, numbers: usize, calls: impl FnOnce(&mut Lowering) -> T) -> T {
        let others = std::mem::take(&mut self.tail);
        let made = calls(self);
        self.tail = others.max(self.tail + numbers);
        made
    }

    /// An argument in a place that stays the same during the steps of a recursion.
    pub fn fixed(&mut self, home: &Home) -> Home {
        match home {
            Home::Memory(span) if span.by != 0 => {
                let start = self.allocate(span.numbers());
                let fixed = Span { start, by: 0, ..*span };
                self.call1(Box::new(Copy), span, &fixed);
                Home::Memory(fixed)
            }
            Home::Memory(_) => home.clone(),
            Home::Constant(_) => self.span(home).map_or_else(|| home.clone(), Home::Memory),
        }
    }

    /// Memory that nothing else uses before the instruction ends.
    pub fn reserve(&mut self, numbers: usize) -> usize {
        let numbers = numbers.next_multiple_of(LINE);
        if self.working.used + numbers > self.working.size {
            let size = numbers.max(2 * self.working.size);
            self.working = Working { start: self.allocate(size), size, used: 0 };
        }
        self.working.used += numbers;
        self.working.start + self.working.used - numbers
    }

    /// An array of `size` elements, the same in all lanes or not, that nothing else uses before the instruction ends.
    pub fn reserve_span(&mut self, size: usize) -> Span {
        let start = self.reserve(size * self.lanes);
        Span { start, by: 0, size, lanes: self.lanes }
    }

    /// Adds a call.
    pub fn call(&mut self, kernel: Box<dyn Kernel>, at: Places, by: [isize; 4]) {
        self.calls.push(Call { kernel, at, by });
    }

    /// Adds a call that reads one array and writes another one.
    pub fn call1(&mut self, kernel: Box<dyn Kernel>, from: &Span, to: &Span) {
        let at = Places { out: to.start, args: [from.start, 0, 0], len: to.numbers() };
        self.call(kernel, at, [to.by, from.by, 0, 0]);
    }

    /// Copies to an array of as many elements that varies by lane.
    pub fn copy(&mut self, from: &Home, to: &Span) {
        let Some(from) = self.span(from) else { return self.evaluate_copy(from, to) };
        if from.numbers() == 0 {
            return;
        }
        if from.lanes != to.lanes {
            return self.load(&Home::Memory(from), &Index::Cycle { inner: 1, size: from.size }, to);
        }
        let kernel: Box<dyn Kernel> = if to.numbers() == 1 { Box::new(CopyOne) } else { Box::new(Copy) };
        self.call1(kernel, &from, to);
    }

    /// An array of `size` elements that varies by lane, which nothing else uses before the instruction ends.
    pub fn varying(&mut self, home: &Home, size: usize) -> Span {
        match home {
            Home::Memory(span) if span.lanes == self.lanes => *span,
            _ => {
                let span = self.reserve_span(size);
                self.copy(home, &span);
                span
            }
        }
    }

    fn evaluate_copy(&mut self, from: &Home, to: &Span) {
        let shape: Box<[usize]> = [to.size].into();
        let evaluate = Evaluate {
            op: Arc::new(crate::tape::plan::Copy),
            args: [(from.clone(), shape)].into(),
            out: *to,
            scratch: (0, 0),
            lanes: self.lanes,
        };
        self.call(Box::new(evaluate), Places::default(), [0; 4]);
    }

    pub fn fill(&mut self, to: &Span, value: f64) {
        if to.numbers() > 0 {
            let at = Places { out: to.start, args: [0; 3], len: to.numbers() };
            self.call(Box::new(Fill(value)), at, [to.by, 0, 0, 0]);
        }
    }

    /// Adds to an array of as many elements that varies by lane.
    pub fn accumulate(&mut self, from: &Home, to: &Span) {
        let mark = self.working;
        let from = self.varying(from, to.size);
        self.call1(Box::new(Accumulate), &from, to);
        self.release(mark);
    }

    fn release(&mut self, mark: Working) {
        let same = mark.start == self.working.start && mark.size == self.working.size;
        self.working.used = if same { mark.used } else { 0 };
    }

    /// Elements by index, to an array that varies by lane.
    pub fn load(&mut self, from: &Home, index: &Index, to: &Span) {
        let Some(span) = self.span(from).filter(|_| to.numbers() > 0) else { return };
        let varies = span.lanes == to.lanes;
        if !varies && span.size == to.size && matches!(index, Index::Cycle { inner: 1, .. }) {
            return self.call1(Box::new(Spread(to.lanes)), &span, to);
        }
        let positions = index.positions(to.size);
        let kernel = Load { positions, from: span.numbers(), varies, lanes: to.lanes };
        self.call1(Box::new(kernel), &span, to);
    }

    /// Adds elements to those that an index says, of an array that begins as zeros.
    pub fn add(&mut self, from: Row, n: usize, index: &Index, to: &Span) {
        let width = to.numbers();
        if width == 0 {
            return;
        }
        let at = Places { out: to.start, args: [from.start, 0, 0], len: width };
        let by = [to.by, from.by, 0, 0];
        let is_sum_of_rows = match *index {
            Index::Cycle { size: 1, .. } => true,
            Index::Cycle { inner: 1, size } => to.size == size,
            _ => false,
        };
        if is_sum_of_rows {
            return self.call(kernel_sum(n / to.size, width), at, by);
        }
        self.fill(to, 0.0);
        self.call(Box::new(AddAt { positions: index.positions(n), lanes: self.lanes }), at, by);
    }

    /// The product of two matrices, the first transposed if so flagged; `false` if neither varies by lane.
    pub fn product(&mut self, factors: [Home; 2], transposed: bool, shape: [usize; 3], to: &Span) -> bool {
        let lanes = self.lanes;
        let varies = |home: &Home| matches!(home, Home::Memory(span) if span.lanes == lanes);
        if !factors.iter().any(varies) {
            return false;
        }
        let at = Places { out: to.start, args: [0; 3], len: to.numbers() };
        self.call(Box::new(Product { factors, transposed, shape, lanes }), at, [to.by, 0, 0, 0]);
        true
    }

    /// Where an array is in memory, if it is, or can be copied there.
    pub fn span(&mut self, home: &Home) -> Option<Span> {
        match home {
            Home::Memory(span) => Some(*span),
            Home::Constant(value) if value.len() <= MAX_COPIED => {
                let start = self.keep(value, 1);
                Some(Span { start, by: 0, size: value.len(), lanes: 1 })
            }
            Home::Constant(_) => None,
        }
    }

    /// Keeps a constant, with so many numbers for each element.
    fn keep(&mut self, value: &Tensor, lanes: usize) -> usize {
        let values = elements(value);
        let key = (values.as_ptr(), values.len(), lanes);
        if let Some(&start) = self.known.get(&key) {
            return start;
        }
        let repeated: Box<[f64]> = values.iter().flat_map(|&x| std::iter::repeat_n(x, lanes)).collect();
        let start = self.allocate(repeated.len());
        self.initial.push((start, repeated));
        self.known.insert(key, start);
        self.held.push(value.clone());
        start
    }

    /// An argument as kernels over `n` elements read it, broadcast from its shape to `shape`; brought to working memory if
    /// its layout is another. `None` where that cannot be.
    pub fn row(&mut self, arg: &Arg<'_>, shape: &[usize]) -> Option<Row> {
        let n = size_of(shape);
        let size = size_of(arg.shape);
        let row = |span: &Span, is_one| Some(Row { start: span.start, by: span.by, is_one });
        if size == n
            && let Home::Constant(value) = &arg.home
            && (n > 1 && self.lanes > 1)
        {
            // a constant is spread over lanes once
            let small = n * self.lanes <= MAX_COPIED;
            return small.then(|| Row { start: self.keep(value, self.lanes), by: 0, is_one: false });
        }
        let span = self.span(&arg.home)?;
        match (span.size, span.lanes) {
            (1, 1) => return row(&span, n * self.lanes != 1),
            (size, lanes) if size == n && lanes == self.lanes => return row(&span, false),
            _ => {}
        }
        let index = Index::of_broadcast(arg.shape, shape)?;
        let loaded = self.reserve_span(n);
        self.load(&Home::Memory(span), &index, &loaded);
        row(&loaded, false)
    }

    /// An elementwise function of rows.
    pub fn map(&mut self, op: &Arc<dyn Op>, rows: &[Row], to: &Span) {
        let len = to.numbers();
        if len == 0 {
            return;
        }
        if rows.iter().all(|row| row.is_one) && len > 1 {
            let one = Span { size: 1, lanes: 1, start: self.reserve(1), by: 0 };
            self.map(op, rows, &one);
            return self.load(&Home::Memory(one), &Index::Cycle { inner: to.size, size: 1 }, to);
        }
        let is_one: Vec<bool> = rows.iter().map(|row| row.is_one && len > 1).collect();
        if rows.len() <= 3
            && let Some(kernel) = op.kernel(len, &is_one)
        {
            let mut at = Places { out: to.start, args: [0; 3], len };
            let mut by = [to.by, 0, 0, 0];
            for (k, row) in rows.iter().enumerate() {
                (at.args[k], by[k + 1]) = (row.start, row.by);
            }
            return self.call(kernel, at, by);
        }
        let place = |(row, &is_one): (&Row, &bool)| (row.start, row.by, if is_one { 1 } else { len });
        let args = rows.iter().zip(&is_one).map(place).collect();
        let at = Places { out: to.start, args: [0; 3], len };
        self.call(Box::new(MapRows { op: op.clone(), args }), at, [to.by, 0, 0, 0]);
    }

    /// The calls of one operation. `false` if part of the result was to go elsewhere and cannot.
    pub fn instruction(&mut self, op: &Arc<dyn Op>, args: &[Arg<'_>], to: &Destination) -> bool {
        let mark = self.working;
        let n_calls = self.calls.len();
        let done = op.lower(self, args, to) || self.by_role(op, args, to);
        if !done || !to.is_followed() {
            self.calls.truncate(n_calls);
            if !to.is_whole() {
                self.release(mark);
                return false;
            }
            self.evaluate(op, args, &to.span);
        }
        self.release(mark);
        true
    }

    fn by_role(&mut self, op: &Arc<dyn Op>, args: &[Arg<'_>], to: &Destination) -> bool {
        let shapes: Vec<&[usize]> = args.iter().map(|arg| arg.shape).collect();
        let to = to.part(0, to.span.size);
        let varies = |arg: &Arg<'_>| matches!(arg.home, Home::Memory(span) if span.lanes == self.lanes);
        if !args.iter().any(varies) {
            return false;
        }
        match op.role(&shapes) {
            Role::Map if args.len() <= MAX_ARGS => {
                let shape = op.shape(&shapes);
                let as_it_is = |arg: &Arg<'_>| {
                    let size = size_of(arg.shape);
                    size == to.size && varies(arg) || size == 1 && !varies(arg)
                };
                if to.numbers() > BLOCK && !args.iter().all(as_it_is) {
                    return false;
                }
                let rows: Option<Vec<Row>> = args.iter().map(|arg| self.row(arg, &shape)).collect();
                rows.is_some_and(|rows| {
                    self.map(op, &rows, &to);
                    true
                })
            }
            Role::Read(index) if to.numbers() <= BLOCK => {
                self.load(&args[0].home, &index, &to);
                true
            }
            Role::Add(index) => match self.row(&args[0], args[0].shape) {
                Some(row) if !row.is_one => {
                    self.add(row, size_of(args[0].shape), &index, &to);
                    true
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn evaluate(&mut self, op: &Arc<dyn Op>, args: &[Arg<'_>], to: &Span) {
        let lanes_of = |arg: &Arg<'_>| match arg.home {
            Home::Memory(span) => span.lanes,
            Home::Constant(_) => 1,
        };
        let varies = self.lanes == 1 || args.iter().any(|arg| lanes_of(arg) != 1);
        let extents: Vec<Extent<'_>> =
            args.iter().map(|arg| Extent { shape: arg.shape, lanes: lanes_of(arg) }).collect();
        let size = op.scratch(&extents, if varies { self.lanes } else { 1 });
        let evaluate = Evaluate {
            op: op.clone(),
            args: args.iter().map(|arg| (arg.home.clone(), arg.shape.into())).collect(),
            out: *to,
            scratch: (self.reserve(size), size),
            lanes: self.lanes,
        };
        self.call(Box::new(evaluate), Places::default(), [0; 4]);
    }
}
