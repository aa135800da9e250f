//! Choice between two values by a condition.

use std::sync::Arc;

use super::elementwise::unbroadcast;
use crate::tape::fusion::Role;
use crate::tape::graph::{Graph, Node};
use crate::tape::kernel::Walk;
use crate::tape::op::{Op, Operand, broadcast_shape, fingerprint_of};

/// The second argument where the first is not 0, else the third; broadcast. Derivatives flow to the taken side only.
#[derive(Clone, Copy, Debug)]
pub struct Select;

impl Graph {
    /// `a` where `condition` is not 0, else `b`. Neither value nor derivative of the side not taken leaks.
    pub fn select(&mut self, condition: Node, a: Node, b: Node) -> Node {
        self.apply(Arc::new(Select), &[condition, a, b])
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
            return select_row(c.data, a.data, b.data, out);
        }
        let shape = broadcast_shape(&[c.shape, a.shape, b.shape]);
        Walk::broadcast(&shape, lanes, [c, a, b]).rows(|o, [i, j, k], n, [s, t, u]| {
            let out = &mut out[o..o + n];
            if [s, t, u] == [1, 1, 1] {
                select_row(&c.data[i..], &a.data[j..], &b.data[k..], out);
            } else {
                for (r, y) in out.iter_mut().enumerate() {
                    let (c, a, b) = (c.data[i + r * s], a.data[j + r * t], b.data[k + r * u]);
                    *y = if c != 0.0 { a } else { b };
                }
            }
        });
    }

    fn role(&self, _args: &[&[usize]]) -> Role {
        Role::Map
    }

    fn map(&self, args: &[&[f64]], out: &mut [f64]) {
        let [c, a, b] = [args[0], args[1], args[2]];
        let n = out.len();
        match [c.len(), a.len(), b.len()].map(|len| len == n) {
            [true, true, true] => select_row(c, a, b, out),
            [true, true, false] => select_row(c, a, std::iter::repeat(&b[0]), out),
            [true, false, true] => select_row(c, std::iter::repeat(&a[0]), b, out),
            [true, false, false] => select_row(c, std::iter::repeat(&a[0]), std::iter::repeat(&b[0]), out),
            _ => {
                let taken = if c[0] != 0.0 { a } else { b };
                if taken.len() == n { out.copy_from_slice(taken) } else { out.fill(taken[0]) }
            }
        }
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

fn select_row<'a>(
    c: &[f64],
    a: impl IntoIterator<Item = &'a f64>,
    b: impl IntoIterator<Item = &'a f64>,
    out: &mut [f64],
) {
    for ((y, &c), (&a, &b)) in out.iter_mut().zip(c).zip(a.into_iter().zip(b)) {
        *y = if c != 0.0 { a } else { b };
    }
}
