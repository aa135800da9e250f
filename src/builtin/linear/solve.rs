//! Inverses, linear systems and the Cholesky factor.

use crate::builtin::function::{Facts, Function, typ};
use crate::builtin::typing::{numeric, same, shape, square};
use crate::builtin::{Builtin, CallError, Param};
use crate::types::{Shape, Type};

pub const ALL: &[&dyn Builtin] = &[
    &Function {
        name: "inverse",
        summary: "Inverse of a square matrix.",
        params: &[Param::required("A")],
        example: "inverse([[2, 0], [0, 4]])",
        facts: Facts::Plain,
        result: |args| {
            numeric(args)?;
            let n = square(typ(args, 0)?, 0, "what `inverse` takes")?;
            Ok(Type::real(shape([n.clone(), n])))
        },
        build: |g, call| {
            let a = call.arg(0)?.node;
            Ok(g.inverse(a))
        },
    },
    &Function {
        name: "solve",
        summary: "x such that A x = b, for a vector or a matrix b.",
        params: &[Param::required("A"), Param::required("b")],
        example: "solve([[2, 1], [1, 3]], [3, 5])",
        facts: Facts::Plain,
        result: |args| {
            numeric(args)?;
            let (a, b) = (typ(args, 0)?, typ(args, 1)?);
            let n = square(a, 0, "the matrix of `solve`")?;
            match b.shape.dims() {
                None => Ok(Type::real(Shape::UNKNOWN)),
                Some([m]) | Some([m, _]) if same(&n, m).is_none() => {
                    let lengths = format!("lengths {n} and {m} differ");
                    let message = format!("cannot solve {} x = {}: {lengths}", a.shape, b.shape);
                    Err(CallError::new(message).about(1))
                }
                Some([_] | [_, _]) => Ok(Type::real(b.shape.clone())),
                Some(_) => {
                    let message =
                        format!("the right side of `solve` must be a vector or a matrix, found {}", b.shape);
                    Err(CallError::new(message).about(1))
                }
            }
        },
        build: |g, call| {
            let (a, b) = (call.arg(0)?, call.arg(1)?);
            if b.rank == 2 {
                return Ok(g.solve(a.node, b.node));
            }
            let column = [call.event(g, b)[0], 1];
            let b = call.reshaped(g, b, &column);
            let x = g.solve(a.node, b);
            let mut shape = g.shape(x).to_vec();
            shape.pop();
            Ok(g.reshape(x, &shape))
        },
    },
    &Function {
        name: "cholesky",
        summary: "Lower triangular L with L L' = A, of a symmetric positive definite matrix.",
        params: &[Param::required("A")],
        example: "cholesky([[4, 2], [2, 3]])",
        facts: Facts::Plain,
        result: |args| {
            numeric(args)?;
            let n = square(typ(args, 0)?, 0, "what `cholesky` takes")?;
            Ok(Type::real(shape([n.clone(), n])))
        },
        build: |g, call| {
            let a = call.arg(0)?.node;
            let l = g.cholesky(a);
            if g.value(l).is_some_and(|value| value.iter().any(|x| x.is_nan())) {
                return Err(CallError::new(
                    "`cholesky` needs a positive definite matrix, and this one is not",
                )
                .help("a small addition to the diagonal often helps: `A + 1e-8 * eye(n)`")
                .about(0));
            }
            Ok(l)
        },
    },
];
