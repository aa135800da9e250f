//! Blocks of an array: taken out, or put into zeros.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{IxDyn, s};

use crate::tape::code::{Arg, Destination, Lowering};
use crate::tape::graph::{Graph, Node, Tensor};
use crate::tape::op::{Op, Operand, fingerprint_of, size_of};

/// Where a block lies: the array is `outer` groups of `before + block + after` elements.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct Window {
    pub(super) outer: usize,
    pub(super) before: usize,
    pub(super) block: usize,
    pub(super) after: usize,
    /// Shape of the result.
    pub(super) shape: Vec<usize>,
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

impl Graph {
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

    pub(super) fn narrow(&mut self, x: Node, window: Window) -> Node {
        if let Some(shared) = self.value(x).and_then(|value| shared_block(value, &window)) {
            return self.constant(shared);
        }
        self.apply(Arc::new(Narrow(window)), &[x])
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

    fn lower(&self, code: &mut Lowering, args: &[Arg<'_>], to: &Destination) -> bool {
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
