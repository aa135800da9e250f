//! Diagonals: taken out of matrices, made into matrices, summed.

use crate::builtin::function::{Facts, Function, typ};
use crate::builtin::typing::{Element, numeric, same, shape, square_stack};
use crate::builtin::{Builtin, CallError, Param};
use crate::types::{Shape, Type};

const X: &[Param] = &[Param::required("x")];

pub const ALL: &[&dyn Builtin] = &[
    &Function {
        name: "diag",
        summary: "Diagonal of a square matrix, or the matrix with this vector on its diagonal.",
        params: X,
        example: "diag([1, 2])",
        facts: Facts::Plain,
        result: |args| {
            numeric(args)?;
            let x = typ(args, 0)?;
            let shape = match x.shape.dims() {
                None => Shape::UNKNOWN,
                Some([n]) => shape([n.clone(), n.clone()]),
                Some([stack @ .., m, n]) => match same(m, n) {
                    Some(n) => shape([stack, &[n]].concat()),
                    None => {
                        let message = format!("`diag` needs a vector or a square matrix, found {}", x.shape);
                        return Err(CallError::new(message).about(0));
                    }
                },
                Some([]) => {
                    let message = format!("`diag` needs a vector or a square matrix, found {}", x.shape);
                    return Err(CallError::new(message).help("`eye(n)` is the identity matrix").about(0));
                }
            };
            Ok(Type { element: x.element, shape, size: None })
        },
        build: |g, call| {
            let x = call.arg(0)?;
            Ok(if x.rank >= 2 { g.diagonal(x.node) } else { g.diagonal_matrix(x.node) })
        },
    },
    &Function {
        name: "diag_matrix",
        summary: "Matrix with this vector on its diagonal.",
        params: X,
        example: "diag_matrix([1, 2])",
        facts: Facts::OnDiagonal,
        result: |args| {
            numeric(args)?;
            let x = typ(args, 0)?;
            let shape = match x.shape.dims() {
                None => Shape::UNKNOWN,
                Some([stack @ .., n]) => shape([stack, &[n.clone(), n.clone()]].concat()),
                Some([]) => {
                    return Err(CallError::new("the diagonal must be a vector, found scalar").about(0));
                }
            };
            Ok(Type { element: x.element, shape, size: None })
        },
        build: |g, call| {
            let x = call.arg(0)?.node;
            Ok(g.diagonal_matrix(x))
        },
    },
    &Function {
        name: "trace",
        summary: "Sum of the diagonal of a square matrix.",
        params: X,
        example: "trace([[1, 2], [3, 4]])",
        facts: Facts::Plain,
        result: |args| {
            numeric(args)?;
            let x = typ(args, 0)?;
            let (stack, _) = square_stack(x, 0, "what `trace` takes")?;
            Ok(Type { element: Element::Keep.of([x]), shape: Shape(stack), size: None })
        },
        build: |g, call| {
            let x = call.arg(0)?.node;
            let diagonal = g.diagonal(x);
            let last = g.shape(diagonal).len() - 1;
            Ok(g.sum(diagonal, &[last]))
        },
    },
];
