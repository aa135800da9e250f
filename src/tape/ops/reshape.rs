//! The same elements in another shape.

use std::sync::Arc;

use ndarray::IxDyn;

use crate::tape::graph::{Graph, Node};
use crate::tape::kernel;
use crate::tape::op::{Op, Operand, fingerprint_of, is, size_of};

/// The same elements in another shape: a view.
#[derive(Clone, Debug)]
pub struct Reshape {
    shape: Vec<usize>,
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
        if let Some((op, args)) = self.application(x)
            && is::<Reshape>(&**op)
        {
            return self.reshape(args[0], shape);
        }
        self.apply(Arc::new(Reshape { shape: shape.to_vec() }), &[x])
    }
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
