//! Arrays of constants: `zeros`, `ones`, `eye`, and `one_hot` codes.

use crate::builtin::call::MAX_LENGTH;
use crate::builtin::function::{Facts, Function, typ};
use crate::builtin::typing::{length, shape};
use crate::builtin::{Builtin, Call, CallError, Param};
use crate::tape::{Graph, Node};
use crate::types::{Dim, ElementType, Shape, Type};

pub const ALL: &[&dyn Builtin] = &[
    &Function {
        name: "zeros",
        summary: "Array of zeros with the given lengths.",
        params: &[Param::variadic("lengths")],
        example: "zeros(3)",
        facts: Facts::Plain,
        result: |args| filled(args, "a length of `zeros`"),
        build: |g, call| fill(g, call, 0.0, "a length of `zeros`"),
    },
    &Function {
        name: "ones",
        summary: "Array of ones with the given lengths.",
        params: &[Param::variadic("lengths")],
        example: "ones(2, 3)",
        facts: Facts::Plain,
        result: |args| filled(args, "a length of `ones`"),
        build: |g, call| fill(g, call, 1.0, "a length of `ones`"),
    },
    &Function {
        name: "eye",
        summary: "Identity matrix with n rows.",
        params: &[Param::required("n")],
        example: "eye(2)",
        facts: Facts::Plain,
        result: |args| {
            let n = length(typ(args, 0)?, 0, "the number of rows of `eye`")?;
            Ok(Type::array(ElementType::Int, shape([n.clone(), n])))
        },
        build: |g, call| {
            let n = call.known_length(g, 0, "the number of rows of `eye`")?;
            allowed(&[n, n])?;
            let mut values = vec![0.0; n * n];
            values.iter_mut().step_by(n + 1).for_each(|x| *x = 1.0);
            Ok(call.constant(g, values, &[n, n]))
        },
    },
    &Function {
        name: "one_hot",
        summary: "Adds a last dimension of length K with a 1 at the place that x tells, else 0.",
        params: &[Param::required("x"), Param::required("K")],
        example: "one_hot([2, 1], 3)",
        facts: Facts::Plain,
        result: |args| {
            let x = typ(args, 0)?;
            if x.element == Some(ElementType::Real) {
                return Err(CallError::new("`one_hot` takes whole numbers, found real").about(0));
            }
            let k = length(typ(args, 1)?, 1, "the number of classes of `one_hot`")?;
            let shape = x.shape.dims().map(|dims| [dims, &[k]].concat());
            Ok(Type::array(ElementType::Int, Shape(shape)))
        },
        build: |g, call| {
            let k = call.known_length(g, 1, "the number of classes of `one_hot`")?;
            let x = call.arg(0)?;
            let event = [&call.event(g, x)[..], &[1]].concat();
            let x = call.reshaped(g, x, &event);
            let classes: Vec<f64> = (1..=k).map(|i| i as f64).collect();
            let classes = g.vector(&classes);
            Ok(g.equal(x, classes))
        },
    },
];

fn filled(args: &[Option<Type>], what: &str) -> Result<Type, CallError> {
    let given = args.iter().enumerate().filter_map(|(i, t)| Some((i, t.as_ref()?)));
    let dims: Vec<Dim> = given.map(|(i, t)| length(t, i, what)).collect::<Result<_, _>>()?;
    Ok(Type::array(ElementType::Int, shape(dims)))
}

fn fill(g: &mut Graph, call: &Call, value: f64, what: &str) -> Result<Node, CallError> {
    let dims: Vec<usize> =
        (0..call.args.len()).map(|i| call.known_length(g, i, what)).collect::<Result<_, _>>()?;
    let size = allowed(&dims)?;
    Ok(call.constant(g, vec![value; size], &dims))
}

/// Number of elements, unless it is beyond what the engine can address.
fn allowed(dims: &[usize]) -> Result<usize, CallError> {
    let size = dims.iter().try_fold(1usize, |size, &n| size.checked_mul(n));
    size.filter(|&n| n <= MAX_LENGTH)
        .ok_or_else(|| CallError::new(format!("{} is too large an array", Shape::known(dims))))
}
