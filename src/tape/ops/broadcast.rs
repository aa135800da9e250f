//! Repetition of an array to a larger shape, and its adjoint.

use std::sync::Arc;

use crate::tape::fusion::{Index, Role};
use crate::tape::graph::{Graph, Node};
use crate::tape::kernel::Walk;
use crate::tape::op::{Op, Operand, broadcast_shape, fingerprint_of};

/// NumPy's broadcast_to.
#[derive(Clone, Debug)]
pub struct Broadcast {
    shape: Vec<usize>,
}

impl Graph {
    /// `x` repeated to `shape`, trailing axes aligned; `x` itself if that is its shape.
    pub fn broadcast(&mut self, x: Node, shape: &[usize]) -> Node {
        if self.shape(x) == shape {
            return x;
        }
        assert_eq!(
            *broadcast_shape(&[self.shape(x), shape]),
            *shape,
            "{:?} does not broadcast",
            self.shape(x)
        );
        if self.shape(x).iter().product::<usize>() == 1 && shape.iter().product::<usize>() == 1 {
            return self.reshape(x, shape);
        }
        self.apply(Arc::new(Broadcast { shape: shape.to_vec() }), &[x])
    }

    /// The adjoint of [`Graph::broadcast`]: the sum over all repetitions, of the smaller `shape`.
    pub fn sum_to(&mut self, x: Node, shape: &[usize]) -> Node {
        let from = self.shape(x).to_vec();
        if from == shape {
            return x;
        }
        let lead = from.len() - shape.len();
        let axes: Vec<usize> =
            (0..from.len()).filter(|&a| a < lead || shape[a - lead] == 1 && from[a] != 1).collect();
        let summed = self.sum(x, &axes);
        self.reshape(summed, shape)
    }
}

impl Op for Broadcast {
    fn name(&self) -> &'static str {
        "broadcast"
    }

    fn shape(&self, _args: &[&[usize]]) -> Vec<usize> {
        self.shape.clone()
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let x = &args[0];
        Walk::broadcast(&self.shape, lanes, [x]).rows(|o, [i], n, [stride]| {
            if stride == 1 {
                out[o..o + n].copy_from_slice(&x.data[i..i + n]);
            } else {
                out[o..o + n].fill(x.data[i]);
            }
        });
    }

    fn role(&self, args: &[&[usize]]) -> Role {
        Index::of_broadcast(args[0], &self.shape).map_or(Role::Alone, Role::Read)
    }

    fn takes_unbroadcast(&self) -> bool {
        false
    }

    fn over_rows(&self, g: &mut Graph, args: &[Node], _has_rows: &[bool], n: usize) -> Option<Node> {
        let own = g.shape(args[0])[1..].to_vec();
        let ones = vec![1; self.shape.len() - own.len()];
        let aligned = g.reshape(args[0], &[&[n], &ones[..], &own].concat());
        Some(g.broadcast(aligned, &[&[n], &self.shape[..]].concat()))
    }

    fn tangent(&self, g: &mut Graph, _args: &[Node], _y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        Some(g.broadcast(tangents[0]?, &self.shape))
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        _y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let shape = g.shape(args[0]).to_vec();
        vec![Some(g.sum_to(dy, &shape))]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(&self.shape)
    }
}
