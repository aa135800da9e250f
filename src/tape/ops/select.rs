//! Choice between two values by a condition.

use std::sync::Arc;

use super::elementwise::unbroadcast;
use crate::tape::code::Kernel;
use crate::tape::fusion::Role;
use crate::tape::graph::{Graph, Node};
use crate::tape::kernel::Walk;
use crate::tape::op::{Op, Operand, broadcast_shape, fingerprint_of};
use crate::tape::vector;

/// The second argument where the first is not 0, else the third; broadcast. Derivatives flow to the taken side only.
#[derive(Clone, Copy, Debug)]
pub struct Select;

impl Graph {
    /// `a` where `condition` is not 0, else `b`. Neither value nor derivative of the side not taken leaks.
    pub fn select(&mut self, condition: Node, a: Node, b: Node) -> Node {
        if let Some(known) = self.known_choice(condition, a, b) {
            return known;
        }
        self.apply(Arc::new(Select), &[condition, a, b])
    }
}

impl Graph {
    /// What a choice comes to without an operation.
    fn known_choice(&mut self, condition: Node, a: Node, b: Node) -> Option<Node> {
        let shape = broadcast_shape(&[self.shape(condition), self.shape(a), self.shape(b)]).to_vec();
        let taken = match self.value(condition) {
            _ if a == b => a,
            Some(value) if value.iter().all(|&c| c != 0.0) => a,
            Some(value) if value.iter().all(|&c| c == 0.0) => b,
            _ => {
                let [one, zero] = [a, b].map(|side| self.scalar_value(side));
                let same = self.shape(condition) == &shape[..];
                return (one == Some(1.0) && zero == Some(0.0) && same && self.is_condition(condition))
                    .then_some(condition);
            }
        };
        Some(self.broadcast(taken, &shape))
    }
}

impl Op for Select {
    fn name(&self) -> &'static str {
        "select"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        broadcast_shape(args).to_vec()
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let [c, a, b] = [&args[0], &args[1], &args[2]];
        if [c, a, b].iter().all(|operand| operand.data.len() == out.len()) {
            return vector::select(c.data, a.data, b.data, [1, 1, 1], out);
        }
        let shape = broadcast_shape(&[c.shape, a.shape, b.shape]);
        Walk::broadcast(&shape, lanes, [c, a, b]).rows(|o, [i, j, k], n, strides| {
            vector::select(&c.data[i..], &a.data[j..], &b.data[k..], strides, &mut out[o..o + n]);
        });
    }

    fn role(&self, _args: &[&[usize]]) -> Role {
        Role::Map
    }

    fn map(&self, args: &[&[f64]], out: &mut [f64]) {
        let strides = [args[0], args[1], args[2]].map(|row| usize::from(row.len() == out.len()));
        vector::select(args[0], args[1], args[2], strides, out);
    }

    fn kernel(&self, len: usize, is_one: &[bool]) -> Option<Box<dyn Kernel>> {
        (!is_one[0]).then(|| vector::kernel_select(len, [is_one[1], is_one[2]]))
    }

    fn takes_unbroadcast(&self) -> bool {
        true
    }

    fn tangent(&self, g: &mut Graph, args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        if tangents[1].is_none() && tangents[2].is_none() {
            return None;
        }
        let zero = g.scalar(0.0);
        let chosen = g.select(args[0], tangents[1].unwrap_or(zero), tangents[2].unwrap_or(zero));
        let shape = g.shape(y).to_vec();
        Some(g.broadcast(chosen, &shape))
    }

    fn adjoint(&self, g: &mut Graph, args: &[Node], y: Node, dy: Node, wanted: &[bool]) -> Vec<Option<Node>> {
        let zero = g.scalar(0.0);
        let to_a = wanted[1].then(|| {
            let d = g.select(args[0], dy, zero);
            unbroadcast(g, d, y, args[1])
        });
        let to_b = wanted[2].then(|| {
            let d = g.select(args[0], zero, dy);
            unbroadcast(g, d, y, args[2])
        });
        vec![None, to_a, to_b]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(0)
    }
}
