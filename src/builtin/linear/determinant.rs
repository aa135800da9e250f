//! Determinants and their logarithms.

use std::sync::Arc;

use crate::builtin::call::take;
use crate::builtin::function::{Facts, Function, typ};
use crate::builtin::typing::{Element, numeric, square_stack};
use crate::builtin::{Builtin, CallError, Param};
use crate::tape::{Extent, Graph, Node, Op, Operand};
use crate::types::{Shape, Type};

const A: &[Param] = &[Param::required("A")];

pub const ALL: &[&dyn Builtin] = &[
    &Function {
        name: "det",
        summary: "Determinant of a square matrix.",
        params: A,
        example: "det([[1, 2], [3, 4]])",
        facts: Facts::Plain,
        result: |args| of_square(args, "what `det` takes"),
        build: |g, call| {
            let a = call.arg(0)?.node;
            Ok(determinant(g, a))
        },
    },
    &Function {
        name: "logdet",
        summary: "Logarithm of the absolute value of the determinant.",
        params: A,
        example: "logdet([[2, 0], [0, 3]])",
        facts: Facts::Plain,
        result: |args| of_square(args, "what `logdet` takes"),
        build: |g, call| {
            let a = call.arg(0)?.node;
            Ok(g.log_abs_det(a))
        },
    },
];

fn of_square(args: &[Option<Type>], what: &str) -> Result<Type, CallError> {
    numeric(args)?;
    let (stack, _) = square_stack(typ(args, 0)?, 0, what)?;
    Ok(Type { element: Element::Real.of([]), shape: Shape(stack), size: None })
}

/// Written out up to 3 rows, so that derivatives hold at singular matrices; sign times exp(log|det|) beyond.
fn determinant(g: &mut Graph, a: Node) -> Node {
    let batch = g.shape(a).len() - 2;
    let outer = g.shape(a)[..batch].to_vec();
    let n = g.shape(a)[batch];
    if n > 3 {
        let log = g.log_abs_det(a);
        let magnitude = g.exp(log);
        let sign = g.apply(Arc::new(DeterminantSign), &[a]);
        return g.mul(sign, magnitude);
    }
    let flat = g.reshape(a, &[&outer[..], &[n * n]].concat());
    let entry = |g: &mut Graph, i: usize, j: usize| {
        let element = take(g, flat, batch, &[i * n + j]);
        g.reshape(element, &outer)
    };
    // Of rows `row` and `row + 1`, columns j and k.
    let minor = |g: &mut Graph, row: usize, j: usize, k: usize| {
        let (p, q) = (entry(g, row, j), entry(g, row + 1, k));
        let (r, s) = (entry(g, row, k), entry(g, row + 1, j));
        let (pq, rs) = (g.mul(p, q), g.mul(r, s));
        g.sub(pq, rs)
    };
    match n {
        0 => g.full(&outer, 1.0),
        1 => entry(g, 0, 0),
        2 => minor(g, 0, 0, 1),
        _ => {
            let mut sum = g.full(&outer, 0.0);
            for (j, k, l) in [(0, 1, 2), (1, 2, 0), (2, 0, 1)] {
                let (factor, minor) = (entry(g, 0, j), minor(g, 1, k, l));
                let term = g.mul(factor, minor);
                sum = g.add(sum, term);
            }
            sum
        }
    }
}

/// Sign of the determinant: [..., n, n] to [...]; its derivative is zero.
#[derive(Debug)]
struct DeterminantSign;

impl Op for DeterminantSign {
    fn name(&self) -> &'static str {
        "determinant_sign"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        args[0][..args[0].len() - 2].to_vec()
    }

    fn scratch(&self, args: &[Extent<'_>], _lanes: usize) -> usize {
        let n = args[0].shape[args[0].shape.len() - 1];
        n * n
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]) {
        let a = args[0];
        let n = a.shape[a.shape.len() - 1];
        for (m, row) in out.chunks_mut(lanes).enumerate() {
            for (lane, sign) in row.iter_mut().enumerate() {
                let lane = if a.lanes == 1 { 0 } else { lane };
                for (i, x) in scratch[..n * n].iter_mut().enumerate() {
                    *x = a.data[(m * n * n + i) * a.lanes + lane];
                }
                *sign = sign_of_determinant(&mut scratch[..n * n], n);
            }
        }
    }

    fn tangent(&self, _: &mut Graph, _: &[Node], _: Node, _: &[Option<Node>]) -> Option<Node> {
        None
    }

    fn adjoint(&self, _: &mut Graph, _: &[Node], _: Node, _: Node, _: &[bool]) -> Vec<Option<Node>> {
        vec![None]
    }

    fn fingerprint(&self) -> Option<u64> {
        Some(0)
    }
}

/// By elimination with row exchanges, in place.
fn sign_of_determinant(a: &mut [f64], n: usize) -> f64 {
    let mut sign = 1.0;
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[i * n + k].abs().total_cmp(&a[j * n + k].abs())).unwrap_or(k);
        if pivot != k {
            (0..n).for_each(|j| a.swap(k * n + j, pivot * n + j));
            sign = -sign;
        }
        let diagonal = a[k * n + k];
        if diagonal == 0.0 {
            return 0.0;
        }
        sign *= diagonal.signum();
        for i in k + 1..n {
            let ratio = a[i * n + k] / diagonal;
            for j in k..n {
                a[i * n + j] -= ratio * a[k * n + j];
            }
        }
    }
    sign
}
