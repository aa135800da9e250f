//! Blocks of an array: taken out, put into zeros, put side by side, or seen in another shape.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{IxDyn, s};

use crate::tape::code::{Destination, Lowering, Operands};
use crate::tape::graph::{Graph, Kind, Node, Tensor};
use crate::tape::kernel;
use crate::tape::op::{Op, Operand, fingerprint_of, size_of};

/// The same elements in another shape: a view.
#[derive(Clone, Debug)]
pub struct Reshape {
    shape: Vec<usize>,
}

/// Where a block lies: the array is `outer` groups of `before + block + after` elements.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct Window {
    outer: usize,
    before: usize,
    block: usize,
    after: usize,
    /// Shape of the result.
    shape: Vec<usize>,
}

impl Window {
    /// The same in each of `n` rows.
    fn over_rows(&self, n: usize) -> Window {
        Window { outer: n * self.outer, shape: [&[n], &self.shape[..]].concat(), ..self.clone() }
    }
}

/// Takes the block out of every group; a view if there is one group.
#[derive(Clone, Debug)]
pub struct Narrow(Window);

/// Puts the block into every group of an array of zeros.
#[derive(Clone, Debug)]
pub struct Pad(Window);

/// Groups of a concatenation that are copied together: with some parts they stay in the fast caches.
const GROUPS_AT_ONCE: usize = 64;

/// Arrays side by side along an axis.
#[derive(Clone, Debug)]
pub struct Concat {
    axis: usize,
}

impl Graph {
    /// The same elements in another shape: a view.
    pub fn reshape(&mut self, x: Node, shape: &[usize]) -> Node {
        assert_eq!(self.size(x), size_of(shape), "reshape of {:?} to {shape:?}", self.shape(x));
        if self.shape(x) == shape {
            return x;
        }
        if let Some(value) = self.value(x) {
            let value = value.clone().into_shape_with_order(IxDyn(shape));
            let value = value.expect("a standard layout takes any shape of its size");
            return self.constant(value);
        }
        if let Kind::Apply { op, args } = &self.entries[x.index()].kind
            && op.name() == "reshape"
        {
            let origin = args[0];
            return self.reshape(origin, shape);
        }
        self.apply(Arc::new(Reshape { shape: shape.to_vec() }), &[x])
    }

    /// A contiguous block of the flat array that starts at `offset`: a view.
    pub fn slice(&mut self, x: Node, offset: usize, shape: &[usize]) -> Node {
        let (size, block) = (self.size(x), size_of(shape));
        assert!(offset + block <= size, "a block of {block} at {offset} in an array of {size}");
        if block == size {
            return self.reshape(x, shape);
        }
        if let Some((part, offset)) = self.part_of(x, offset, block) {
            return self.slice(part, offset, shape);
        }
        self.narrow(
            x,
            Window { outer: 1, before: offset, block, after: size - offset - block, shape: shape.to_vec() },
        )
    }

    /// The array that a block of arrays laid end to end is a block of, and the block's offset in it.
    fn part_of(&self, x: Node, mut offset: usize, block: usize) -> Option<(Node, usize)> {
        let (op, parts) = self.application(x)?;
        let ends_meet = op.name() == "concat" && self.shape(x).len() == 1;
        for &part in parts.iter().filter(|_| ends_meet) {
            let size = self.size(part);
            if offset < size {
                return (offset + block <= size).then_some((part, offset));
            }
            offset -= size;
        }
        None
    }

    /// Some neighbours along one axis.
    pub fn take_range(&mut self, x: Node, axis: usize, range: Range<usize>) -> Node {
        let mut shape = self.shape(x).to_vec();
        let len = std::mem::replace(&mut shape[axis], range.len());
        assert!(range.end <= len, "elements {range:?} of {len}");
        if range.len() == len {
            return x;
        }
        let (outer, inner) = (size_of(&shape[..axis]), size_of(&shape[axis + 1..]));
        let [before, block, after] = [range.start, range.len(), len - range.end].map(|n| n * inner);
        self.narrow(x, Window { outer, before, block, after, shape })
    }

    /// Arrays side by side along `axis`; they agree in all other axes.
    pub fn concat(&mut self, parts: &[Node], axis: usize) -> Node {
        match parts {
            [one] => *one,
            _ => self.apply(Arc::new(Concat { axis }), parts),
        }
    }

    fn narrow(&mut self, x: Node, window: Window) -> Node {
        if let Some(shared) = self.value(x).and_then(|value| shared_block(value, &window)) {
            return self.constant(shared);
        }
        self.apply(Arc::new(Narrow(window)), &[x])
    }

    /// Sum of terms of one shape, where `None` is what remains of no terms. Blocks padded with zeros that do not overlap
    /// (the adjoints of the slices of one array) become one concatenation instead of a chain of sums.
    pub(in crate::tape) fn sum_of_terms(&mut self, terms: &[Node]) -> Option<Node> {
        let mut blocks: Vec<(usize, usize, Node, Node)> = Vec::new();
        let mut rest: Vec<Node> = Vec::new();
        for &term in terms {
            match self.application(term).and_then(|(op, args)| Some((op.padding()?, args[0]))) {
                Some((before, block)) => blocks.push((before, before + self.size(block), block, term)),
                None => rest.push(term),
            }
        }
        blocks.sort_by_key(|b| (b.0, b.1));
        let mut end = 0;
        blocks.retain(|&(from, to, _, term)| {
            let disjoint = from >= end;
            if disjoint {
                end = to;
            } else {
                rest.push(term);
            }
            disjoint
        });
        if let [(.., term)] = blocks[..] {
            rest.push(term);
        } else if let Some(&(.., term)) = blocks.first() {
            let shape = self.shape(term).to_vec();
            let mut parts = Vec::new();
            let mut at = 0;
            for (start, end, block, _) in blocks {
                if start > at {
                    parts.push(self.full(&[start - at], 0.0));
                }
                parts.push(self.reshape(block, &[end - start]));
                at = end;
            }
            if at < size_of(&shape) {
                parts.push(self.full(&[size_of(&shape) - at], 0.0));
            }
            let joined = self.concat(&parts, 0);
            rest.push(self.reshape(joined, &shape));
        }
        let (&first, others) = rest.split_first()?;
        Some(others.iter().fold(first, |sum, &term| self.add(sum, term)))
    }
}

/// A part of a constant that is less than this part of it is copied: what is large shall not be kept for what is small.
const LEAST_SHARED: f64 = 0.5;

/// One block of a constant, without a copy of its elements.
fn shared_block(value: &Tensor, window: &Window) -> Option<Tensor> {
    let &Window { outer, before, block, .. } = window;
    if outer != 1 || (block as f64) < LEAST_SHARED * value.len() as f64 {
        return None;
    }
    let flat = value.clone().into_shape_with_order([value.len()]).ok()?;
    let block = flat.slice_move(s![before..before + block]);
    block.into_dyn().into_shape_with_order(IxDyn(&window.shape)).ok()
}

impl Op for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn shape(&self, _args: &[&[usize]]) -> Vec<usize> {
        self.shape.clone()
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        kernel::copy(&args[0], out, lanes);
    }

    fn view(&self) -> Option<usize> {
        Some(0)
    }

    fn takes_unbroadcast(&self) -> bool {
        true
    }

    fn over_rows(&self, g: &mut Graph, args: &[Node], _has_rows: &[bool], n: usize) -> Option<Node> {
        Some(g.reshape(args[0], &[&[n], &self.shape[..]].concat()))
    }

    fn tangent(&self, g: &mut Graph, _args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        Some(g.reshape(tangents[0]?, &self.shape))
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        if g.size(dy) == 1 {
            return vec![Some(g.reshape(dy, &[]))];
        }
        let shape = g.shape(args[0]).to_vec();
        let dy = g.broadcast(dy, &self.shape);
        vec![Some(g.reshape(dy, &shape))]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(&self.shape)
    }
}

impl Op for Narrow {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn shape(&self, _args: &[&[usize]]) -> Vec<usize> {
        self.0.shape.clone()
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let Window { before, block, after, .. } = self.0;
        for group in 0..self.0.outer {
            let from = (group * (before + block + after) + before) * lanes;
            let to = group * block * lanes;
            out[to..to + block * lanes].copy_from_slice(&args[0].data[from..from + block * lanes]);
        }
    }

    fn view(&self) -> Option<usize> {
        (self.0.outer == 1).then_some(self.0.before)
    }

    fn over_rows(&self, g: &mut Graph, args: &[Node], _has_rows: &[bool], n: usize) -> Option<Node> {
        Some(g.narrow(args[0], self.0.over_rows(n)))
    }

    fn tangent(&self, g: &mut Graph, _args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        Some(g.narrow(tangents[0]?, self.0.clone()))
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let window = Window { shape: g.shape(args[0]).to_vec(), ..self.0.clone() };
        vec![Some(g.apply(Arc::new(Pad(window)), &[dy]))]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(&self.0)
    }
}

impl Op for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn padding(&self) -> Option<usize> {
        (self.0.outer == 1).then_some(self.0.before)
    }

    fn shape(&self, _args: &[&[usize]]) -> Vec<usize> {
        self.0.shape.clone()
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let Window { before, block, after, .. } = self.0;
        out.fill(0.0);
        for group in 0..self.0.outer {
            let to = (group * (before + block + after) + before) * lanes;
            let from = group * block * lanes;
            out[to..to + block * lanes].copy_from_slice(&args[0].data[from..from + block * lanes]);
        }
    }

    fn lower(&self, code: &mut Lowering, args: &[Operands<'_>], to: &Destination) -> bool {
        let Window { outer: 1, before, block, after, .. } = self.0 else { return false };
        let whole = to.part(0, to.span.size);
        code.fill(&whole.part(0, before), 0.0);
        code.copy(&args[0].home, &whole.part(before, block));
        code.fill(&whole.part(before + block, after), 0.0);
        true
    }

    fn over_rows(&self, g: &mut Graph, args: &[Node], _has_rows: &[bool], n: usize) -> Option<Node> {
        Some(g.apply(Arc::new(Pad(self.0.over_rows(n))), &[args[0]]))
    }

    fn tangent(&self, g: &mut Graph, _args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        Some(g.apply(Arc::new(self.clone()), &[tangents[0]?]))
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let window = Window { shape: g.shape(args[0]).to_vec(), ..self.0.clone() };
        vec![Some(g.narrow(dy, window))]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(&self.0)
    }
}

impl Op for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        let mut shape = args[0].to_vec();
        shape[self.axis] = args.iter().map(|s| s[self.axis]).sum();
        for s in args {
            let agrees = s.iter().zip(&shape).enumerate().all(|(k, (a, b))| k == self.axis || a == b);
            assert!(s.len() == shape.len() && agrees, "concat of {args:?} along axis {}", self.axis);
        }
        shape
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let outer = size_of(&args[0].shape[..self.axis]);
        let width = out.len().checked_div(outer).unwrap_or(0);
        // Some groups of one part after the other: neither is read or written in long strides.
        for first in (0..outer).step_by(GROUPS_AT_ONCE) {
            let groups = first..outer.min(first + GROUPS_AT_ONCE);
            let mut before = 0;
            for part in args {
                let block = size_of(&part.shape[self.axis..]);
                for group in groups.clone() {
                    let data = &part.data[group * block * part.lanes..(group + 1) * block * part.lanes];
                    let at = group * width + before;
                    kernel::copy(&Operand { data, ..*part }, &mut out[at..at + block * lanes], lanes);
                }
                before += block * lanes;
            }
        }
    }

    fn lower(&self, code: &mut Lowering, args: &[Operands<'_>], to: &Destination) -> bool {
        if args.iter().any(|part| size_of(&part.shape[..self.axis]) != 1) {
            return false;
        }
        let whole = to.part(0, to.span.size);
        let mut at = 0;
        for part in args {
            let size = size_of(part.shape);
            code.copy(&part.home, &whole.part(at, size));
            at += size;
        }
        true
    }

    fn over_rows(&self, g: &mut Graph, args: &[Node], has_rows: &[bool], n: usize) -> Option<Node> {
        let part = |(&arg, &has_rows): (&Node, &bool)| {
            let shape = g.shape(arg).to_vec();
            if has_rows { arg } else { g.broadcast(arg, &[&[n], &shape[..]].concat()) }
        };
        let parts: Vec<Node> = args.iter().zip(has_rows).map(part).collect();
        Some(g.concat(&parts, self.axis + 1))
    }

    fn tangent(&self, g: &mut Graph, args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let parts: Vec<Node> = args
            .iter()
            .zip(tangents)
            .map(|(&arg, tangent)| {
                tangent.unwrap_or_else(|| {
                    let shape = g.shape(arg).to_vec();
                    g.full(&shape, 0.0)
                })
            })
            .collect();
        Some(g.concat(&parts, self.axis))
    }

    fn adjoint(&self, g: &mut Graph, args: &[Node], y: Node, dy: Node, wanted: &[bool]) -> Vec<Option<Node>> {
        let outer = size_of(&g.shape(y)[..self.axis]);
        let total = size_of(&g.shape(y)[self.axis..]);
        let mut before = 0;
        let mut adjoints = Vec::with_capacity(args.len());
        for (&arg, &wanted) in args.iter().zip(wanted) {
            let shape = g.shape(arg).to_vec();
            let block = size_of(&shape[self.axis..]);
            let window = Window { outer, before, block, after: total - before - block, shape };
            adjoints.push(wanted.then(|| g.narrow(dy, window)));
            before += block;
        }
        adjoints
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(self.axis)
    }
}
