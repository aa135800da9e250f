//! Weighted sums of several arrays with known weights: the stages of a Runge-Kutta step.

use std::sync::Arc;

use crate::tape::code::{Destination, Home, Lowering, Operands, Places};
use crate::tape::graph::{Graph, Node};
use crate::tape::op::{Op, Operand, fingerprint_of};
use crate::tape::vector;

/// sum_k w_k x_k for arrays of one shape.
#[derive(Clone, Debug)]
pub struct Combination {
    weights: Vec<f64>,
}

impl Graph {
    /// sum_k w_k x_k over pairs (w_k, x_k), at least one, whose arrays have one shape.
    pub fn combination(&mut self, terms: &[(f64, Node)]) -> Node {
        if let [(weight, x)] = terms {
            return if *weight == 1.0 { *x } else { self.mul_scalar(*x, *weight) };
        }
        let (weights, nodes): (Vec<f64>, Vec<Node>) = terms.iter().copied().unzip();
        self.apply(Arc::new(Combination { weights }), &nodes)
    }
}

impl Op for Combination {
    fn name(&self) -> &'static str {
        "combination"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        assert!(args.iter().all(|shape| shape == &args[0]), "a combination of {args:?}");
        args[0].to_vec()
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        for (k, (weight, x)) in self.weights.iter().zip(args).enumerate() {
            if x.lanes == lanes {
                let terms = out.iter_mut().zip(x.data);
                match k {
                    0 => terms.for_each(|(y, x)| *y = weight * x),
                    _ => terms.for_each(|(y, x)| *y += weight * x),
                }
            } else {
                for (row, x) in out.chunks_exact_mut(lanes).zip(x.data) {
                    match k {
                        0 => row.fill(weight * x),
                        _ => row.iter_mut().for_each(|y| *y += weight * x),
                    }
                }
            }
        }
    }

    fn lower(&self, code: &mut Lowering, args: &[Operands<'_>], to: &Destination) -> bool {
        let span = to.part(0, to.span.size);
        let term = |(&weight, arg): (&f64, &Operands<'_>)| match arg.home {
            Home::Memory(from) if from.lanes == code.lanes => Some((weight, from.start, from.by)),
            _ => None,
        };
        let Some(terms) = self.weights.iter().zip(args).map(term).collect() else { return false };
        let at = Places { out: span.start, args: [0; 3], len: span.numbers() };
        code.call(vector::kernel_combination(terms), at, [span.by, 0, 0, 0]);
        true
    }

    fn over_rows(&self, g: &mut Graph, args: &[Node], has_rows: &[bool], n: usize) -> Option<Node> {
        let term = |((&weight, &arg), &has_rows): ((&f64, &Node), &bool)| {
            let shape = g.shape(arg).to_vec();
            (weight, if has_rows { arg } else { g.broadcast(arg, &[&[n], &shape[..]].concat()) })
        };
        let terms: Vec<(f64, Node)> = self.weights.iter().zip(args).zip(has_rows).map(term).collect();
        Some(g.combination(&terms))
    }

    fn tangent(&self, g: &mut Graph, _args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let shape = g.shape(y).to_vec();
        let term = |(&weight, t): (&f64, &Option<Node>)| Some((weight, g.broadcast((*t)?, &shape)));
        let terms: Vec<(f64, Node)> = self.weights.iter().zip(tangents).filter_map(term).collect();
        (!terms.is_empty()).then(|| g.combination(&terms))
    }

    fn takes_unbroadcast(&self) -> bool {
        true
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        _args: &[Node],
        _y: Node,
        dy: Node,
        wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let one = |(&weight, &wanted): (&f64, &bool)| wanted.then(|| g.mul_scalar(dy, weight));
        self.weights.iter().zip(wanted).map(one).collect()
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(self.weights.iter().map(|w| w.to_bits()).collect::<Vec<_>>())
    }
}
