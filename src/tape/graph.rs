//! The graph that models are compiled to: append-only, in single-assignment form, topologically ordered.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use ndarray::{ArcArray, IxDyn};

use super::op::{Extent, Op, Operand, size_of};
use super::plan::live_nodes;

/// A constant array, always in standard (row-major) layout; cheap to clone.
pub type Tensor = ArcArray<f64, IxDyn>;

/// A value in the graph that made it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Node(pub(super) u32);

impl Node {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Input,
    Constant(Tensor),
    Apply { op: Arc<dyn Op>, args: Box<[Node]> },
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub kind: Kind,
    pub shape: Box<[usize]>,
}

/// Constants up to this many elements are compared by content, larger ones by identity.
const COMPARED_ELEMENTS: usize = 4096;

/// Array operations in topological order. Equal operations on equal arguments are one node, and an operation whose
/// arguments are all constants is evaluated at once and becomes a constant.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub(super) entries: Vec<Entry>,
    known: HashMap<u64, Vec<Node>>,
    /// Constants that operations on constants have become.
    evaluated: HashMap<Evaluation, Node>,
}

/// An operation by its name and fingerprint, and its arguments.
type Evaluation = (&'static str, u64, Box<[Node]>);

impl Graph {
    pub fn new() -> Graph {
        Graph::default()
    }

    /// A value that varies by point (lane).
    pub fn input(&mut self, shape: &[usize]) -> Node {
        self.push(Kind::Input, shape.into())
    }

    /// Data: the same in all lanes.
    pub fn constant(&mut self, value: Tensor) -> Node {
        let value = if value.is_standard_layout() && value.as_slice().is_some() {
            value
        } else {
            value.as_standard_layout().into_owned().into_shared()
        };
        let mut hasher = DefaultHasher::new();
        value.shape().hash(&mut hasher);
        let data = elements(&value);
        if data.len() <= COMPARED_ELEMENTS {
            data.iter().for_each(|x| x.to_bits().hash(&mut hasher));
        } else {
            data.as_ptr().hash(&mut hasher);
        }
        let key = hasher.finish();
        for &known in self.known.get(&key).into_iter().flatten() {
            if let Kind::Constant(other) = &self.entries[known.index()].kind
                && same_constant(other, &value)
            {
                return known;
            }
        }
        let shape = value.shape().into();
        let node = self.push(Kind::Constant(value), shape);
        self.known.entry(key).or_default().push(node);
        node
    }

    /// A constant of shape `[]`.
    pub fn scalar(&mut self, x: f64) -> Node {
        self.constant(tensor(&[], vec![x]))
    }

    /// A constant of shape `[x.len()]`.
    pub fn vector(&mut self, x: &[f64]) -> Node {
        self.constant(tensor(&[x.len()], x.to_vec()))
    }

    /// A constant filled with `x`.
    pub fn full(&mut self, shape: &[usize], x: f64) -> Node {
        self.constant(tensor(shape, vec![x; size_of(shape)]))
    }

    pub fn shape(&self, n: Node) -> &[usize] {
        &self.entries[n.index()].shape
    }

    /// The number of elements of a node.
    pub fn size(&self, n: Node) -> usize {
        size_of(self.shape(n))
    }

    /// The value of a constant, `None` for what varies.
    pub fn value(&self, n: Node) -> Option<&Tensor> {
        match &self.entries[n.index()].kind {
            Kind::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// How many nodes there are, dead ones included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds an operation. Panics where the shapes do not fit.
    pub fn apply(&mut self, op: Arc<dyn Op>, args: &[Node]) -> Node {
        let shape = {
            let shapes: Vec<&[usize]> = args.iter().map(|&a| self.shape(a)).collect();
            op.shape(&shapes)
        };
        if args.iter().all(|&a| self.value(a).is_some()) {
            return self.evaluate(&*op, args, &shape);
        }
        let key = op.fingerprint().map(|fingerprint| {
            let mut hasher = DefaultHasher::new();
            (op.name(), fingerprint, args, &shape).hash(&mut hasher);
            hasher.finish()
        });
        for &known in key.and_then(|key| self.known.get(&key)).into_iter().flatten() {
            let entry = &self.entries[known.index()];
            if let Kind::Apply { op: other, args: with } = &entry.kind
                && other.name() == op.name()
                && other.fingerprint() == op.fingerprint()
                && **with == *args
                && *entry.shape == *shape
            {
                return known;
            }
        }
        let node = self.push(Kind::Apply { op, args: args.into() }, shape.into());
        if let Some(key) = key {
            self.known.entry(key).or_default().push(node);
        }
        node
    }

    /// Gives back the memory of all that some nodes do not need. What they do not need is not to be used any more.
    pub fn keep_only(&mut self, needed: &[Node]) {
        let live = live_nodes(self, needed);
        for (entry, live) in self.entries.iter_mut().zip(&live) {
            if !live {
                entry.kind = Kind::Input;
            }
        }
        self.evaluated.retain(|_, node| live[node.index()]);
    }

    /// The operation and arguments of a node that is one.
    pub(super) fn application(&self, n: Node) -> Option<(&Arc<dyn Op>, &[Node])> {
        match &self.entries[n.index()].kind {
            Kind::Apply { op, args } => Some((op, args)),
            _ => None,
        }
    }

    /// The operation of a node on its arguments, some of which have been replaced; the node itself if none has.
    pub(super) fn with_replaced(&mut self, n: Node, replaced: &HashMap<Node, Node>) -> Node {
        let Some((op, args)) = self.application(n) else { return n };
        let new_args: Vec<Node> = args.iter().map(|arg| *replaced.get(arg).unwrap_or(arg)).collect();
        if new_args == args {
            return n;
        }
        let op = op.clone();
        self.apply(op, &new_args)
    }

    /// The value of a constant whose elements are all one number and few: shape `[]`, `[1]`, `[1, 1]` ...
    pub(super) fn scalar_value(&self, n: Node) -> Option<f64> {
        self.value(n).filter(|v| v.len() == 1).map(|v| elements(v)[0])
    }

    /// For every node: whether it depends on one of `on`.
    pub(super) fn depends(&self, on: &[Node]) -> Vec<bool> {
        let mut depends = vec![false; self.entries.len()];
        for n in on {
            depends[n.index()] = true;
        }
        for (i, entry) in self.entries.iter().enumerate() {
            if let Kind::Apply { args, .. } = &entry.kind {
                depends[i] |= args.iter().any(|a| depends[a.index()]);
            }
        }
        depends
    }

    /// Whether a value depends on one of some others.
    pub fn depends_on_any(&self, value: Node, others: &[Node]) -> bool {
        !others.is_empty() && self.depends(others)[value.index()]
    }

    fn push(&mut self, kind: Kind, shape: Box<[usize]>) -> Node {
        let node = Node(u32::try_from(self.entries.len()).expect("a graph of more than 2^32 nodes"));
        self.entries.push(Entry { kind, shape });
        node
    }

    /// The constant that an operation on constants is.
    fn evaluate(&mut self, op: &dyn Op, args: &[Node], shape: &[usize]) -> Node {
        let key: Option<Evaluation> = op.fingerprint().map(|own| (op.name(), own, args.into()));
        if let Some(&known) = key.as_ref().and_then(|key| self.evaluated.get(key)) {
            return known;
        }
        let value = self.value_of(op, args, shape);
        let node = self.constant(value);
        if let Some(key) = key {
            self.evaluated.insert(key, node);
        }
        node
    }

    fn value_of(&self, op: &dyn Op, args: &[Node], shape: &[usize]) -> Tensor {
        let operands: Vec<Operand<'_>> = args
            .iter()
            .filter_map(|&a| {
                self.value(a).map(|v| Operand { data: elements(v), shape: self.shape(a), lanes: 1 })
            })
            .collect();
        let extents: Vec<Extent<'_>> =
            args.iter().map(|&a| Extent { shape: self.shape(a), lanes: 1 }).collect();
        let mut out = vec![0.0; size_of(shape)];
        let mut scratch = vec![0.0; op.scratch(&extents, 1)];
        op.evaluate(&operands, &mut out, 1, &mut scratch);
        tensor(shape, out)
    }
}

/// The elements of a constant, row-major.
pub(super) fn elements(value: &Tensor) -> &[f64] {
    value.as_slice().expect("constants are in standard layout")
}

/// A constant of `shape`. Panics if the number of elements does not fit.
pub(super) fn tensor(shape: &[usize], data: Vec<f64>) -> Tensor {
    Tensor::from_shape_vec(IxDyn(shape), data).expect("as many elements as the shape says")
}

fn same_constant(a: &Tensor, b: &Tensor) -> bool {
    let (x, y) = (elements(a), elements(b));
    a.shape() == b.shape()
        && (x.as_ptr() == y.as_ptr()
            || x.len() <= COMPARED_ELEMENTS && x.iter().zip(y).all(|(x, y)| x.to_bits() == y.to_bits()))
}
