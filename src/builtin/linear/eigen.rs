//! Eigenvalues and eigenvectors of symmetric matrices.

use crate::builtin::function::{Facts, Function, typ};
use crate::builtin::typing::{numeric, scalar, square_stack};
use crate::builtin::{Builtin, CallError, Param};
use crate::types::{ElementType, Shape, Type};

pub const ALL: &[&dyn Builtin] = &[&Function {
    name: "eigen_sym",
    summary: "Eigenvalues of a symmetric matrix, ascending; with `vectors = true` its eigenvectors, in columns.",
    params: &[Param::required("A"), Param::named("vectors")],
    example: "eigen_sym([[2, 1], [1, 2]])",
    facts: Facts::Plain,
    result: |args| {
        numeric(args)?;
        let a = typ(args, 0)?;
        let (stack, n) = square_stack(a, 0, "what `eigen_sym` takes")?;
        let Some(vectors) = args.get(1).and_then(Option::as_ref) else {
            return Ok(Type::real(Shape(stack.map(|stack| [stack, vec![n]].concat()))));
        };
        scalar(vectors, 1, "`vectors` of `eigen_sym`")?;
        if vectors.element.is_some_and(|element| element != ElementType::Bool) {
            return Err(CallError::new("`vectors` of `eigen_sym` is `true`, or left out").about(1));
        }
        Ok(Type::real(Shape(stack.map(|stack| [stack, vec![n.clone(), n]].concat()))))
    },
    build: |g, call| {
        let a = call.arg(0)?.node;
        let wanted = call.optional(1).is_some();
        if wanted && call.known(g, 1, "`vectors` of `eigen_sym`")?.first() == Some(&0.0) {
            return Err(CallError::new(
                "`eigen_sym` gives the eigenvalues where `vectors = true` is left out",
            )
            .about(1));
        }
        let n = g.shape(a).last().copied().unwrap_or(0);
        let matrices: Option<Vec<f64>> = g.value(a).map(|a| a.iter().copied().collect());
        if matrices.is_some_and(|a| a.chunks_exact((n * n).max(1)).any(|a| asymmetric(a, n))) {
            return Err(CallError::new("`eigen_sym` needs a symmetric matrix, and this one is not")
                .help("`A' @ A` is symmetric, and so is `(A + A') / 2`")
                .about(0));
        }
        let (values, vectors) = g.eigen_sym(a);
        Ok(if wanted { vectors } else { values })
    },
}];

/// How far entries may be from those across the diagonal, relative to the largest.
const TOLERANCE: f64 = 1e-8;

fn asymmetric(a: &[f64], n: usize) -> bool {
    let largest = a.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let off = |i: usize, j: usize| (a[i * n + j] - a[j * n + i]).abs() > TOLERANCE * largest;
    (0..n).any(|i| (0..i).any(|j| off(i, j)))
}
