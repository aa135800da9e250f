//! Inverses, linear systems and the Cholesky factor.

use crate::builtin::function::{Facts, Function, typ};
use crate::builtin::typing::{numeric, same, square_stack, stacks};
use crate::builtin::{Arg, Builtin, CallError, Param};
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
            let a = typ(args, 0)?;
            let (stack, n) = square_stack(a, 0, "what `inverse` takes")?;
            Ok(Type::real(Shape(stack.map(|stack| [stack, vec![n.clone(), n]].concat()))))
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
            let (stack, n) = square_stack(a, 0, "the matrix of `solve`")?;
            let mismatch = || format!("cannot solve {} x = {}", a.shape, b.shape);
            let m = match b.shape.dims() {
                None => return Ok(Type::real(Shape::UNKNOWN)),
                Some([]) => {
                    let message = "the right side of `solve` must be a vector or a matrix, found scalar";
                    return Err(CallError::new(message).about(1));
                }
                Some([m] | [.., m, _]) => m,
            };
            if same(&n, m).is_none() {
                let message = format!("{}: lengths {n} and {m} differ", mismatch());
                return Err(CallError::new(message).about(1));
            }
            let (Some(stack), Some(right)) = (stack, b.shape.dims()) else {
                return Ok(Type::real(Shape::UNKNOWN));
            };
            let (own, solution) = right.split_at(right.len().saturating_sub(2));
            let both = stacks(&stack, own, &mismatch())?;
            Ok(Type::real(Shape(Some([&both, solution].concat()))))
        },
        build: |g, call| {
            let (a, b) = (call.arg(0)?, call.arg(1)?);
            let rank = a.rank.max(b.rank);
            let left = call.padded(g, a, rank);
            if b.rank >= 2 {
                let right = call.padded(g, b, rank);
                return Ok(g.solve(left, right));
            }
            let column = [call.event(g, b)[0], 1];
            let right = Arg { node: call.reshaped(g, b, &column), rank: 2, ..b };
            let right = call.padded(g, right, rank);
            let x = g.solve(left, right);
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
            let a = typ(args, 0)?;
            let (stack, n) = square_stack(a, 0, "what `cholesky` takes")?;
            Ok(Type::real(Shape(stack.map(|stack| [stack, vec![n.clone(), n]].concat()))))
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
