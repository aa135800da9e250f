//! Arrays side by side.

use std::sync::Arc;

use super::window::Window;
use crate::tape::code::{Arg, Destination, Lowering};
use crate::tape::graph::{Graph, Node};
use crate::tape::kernel;
use crate::tape::op::{Op, Operand, fingerprint_of, is, size_of};

/// Groups of a concatenation that are copied together: with some parts they stay in the fast caches.
const GROUPS_AT_ONCE: usize = 64;

/// Arrays side by side along an axis.
#[derive(Clone, Debug)]
pub struct Concat {
    axis: usize,
}

impl Graph {
    /// Arrays side by side along `axis`; they agree in all other axes.
    pub fn concat(&mut self, parts: &[Node], axis: usize) -> Node {
        match parts {
            [one] => *one,
            _ => self.apply(Arc::new(Concat { axis }), parts),
        }
    }

    /// The array that a block of arrays laid end to end is a block of, and the block's offset in it.
    pub(super) fn part_of(&self, x: Node, mut offset: usize, block: usize) -> Option<(Node, usize)> {
        let (op, parts) = self.application(x)?;
        let ends_meet = is::<Concat>(&**op) && self.shape(x).len() == 1;
        for &part in parts.iter().filter(|_| ends_meet) {
            let size = self.size(part);
            if offset < size {
                return (offset + block <= size).then_some((part, offset));
            }
            offset -= size;
        }
        None
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

    fn lower(&self, code: &mut Lowering, args: &[Arg<'_>], to: &Destination) -> bool {
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
