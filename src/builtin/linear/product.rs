//! Matrix products: `@`, `dot`, `outer`, `kron`, `quad_form`, and the transpose.

use crate::builtin::function::{Facts, Function, typ};
use crate::builtin::typing::{Element, matrix, numeric, same, shape, square_stack, stacks, vector};
use crate::builtin::{Arg, Builtin, Call, CallError, Param};
use crate::tape::{Graph, Node};
use crate::types::{Shape, Type};

const AB: &[Param] = &[Param::required("a"), Param::required("b")];

pub static AT: Function = Function {
    name: "@",
    summary: "Matrix product; a vector is a row on the left and a column on the right.",
    params: AB,
    example: "[[1, 2], [3, 4]] @ [1, 1]",
    facts: Facts::Product,
    result: |args| {
        numeric(args)?;
        let (a, b) = (typ(args, 0)?, typ(args, 1)?);
        let shape = product_shape(&a.shape, &b.shape)?;
        Ok(Type { element: Element::Keep.of([a, b]), shape, size: None })
    },
    build: |g, call| Ok(product(g, call, call.arg(0)?, call.arg(1)?)),
};

pub static DOT: Function = Function {
    name: "dot",
    summary: "Inner product of two vectors.",
    params: AB,
    example: "dot([1, 2], [3, 4])",
    facts: Facts::Plain,
    result: |args| {
        numeric(args)?;
        let (a, b) = (typ(args, 0)?, typ(args, 1)?);
        let (m, n) = (vector(a, 0, "what `dot` multiplies")?, vector(b, 1, "what `dot` multiplies")?);
        if same(&m, &n).is_none() {
            let message =
                format!("cannot take dot of {} and {}: lengths {m} and {n} differ", a.shape, b.shape);
            return Err(CallError::new(message).about(1));
        }
        Ok(Type { element: Element::Keep.of([a, b]), shape: Shape::scalar(), size: None })
    },
    build: |g, call| Ok(product(g, call, call.arg(0)?, call.arg(1)?)),
};

pub const ALL: &[&dyn Builtin] = &[
    &AT,
    &DOT,
    &Function {
        name: "outer",
        summary: "Matrix of the products of each element of a with each of b.",
        params: AB,
        example: "outer([1, 2], [3, 4])",
        facts: Facts::Plain,
        result: |args| {
            numeric(args)?;
            let (a, b) = (typ(args, 0)?, typ(args, 1)?);
            let (m, n) = (vector(a, 0, "what `outer` multiplies")?, vector(b, 1, "what `outer` multiplies")?);
            Ok(Type { element: Element::Keep.of([a, b]), shape: shape([m, n]), size: None })
        },
        build: |g, call| {
            let (a, b) = (call.arg(0)?, call.arg(1)?);
            let column = [call.event(g, a)[0], 1];
            let a = call.reshaped(g, a, &column);
            let b = call.padded(g, b, 2);
            Ok(g.mul(a, b))
        },
    },
    &Function {
        name: "kron",
        summary: "Kronecker product of two matrices.",
        params: AB,
        example: "kron(eye(2), [[1, 2], [3, 4]])",
        facts: Facts::Plain,
        result: |args| {
            numeric(args)?;
            let (a, b) = (typ(args, 0)?, typ(args, 1)?);
            let (m, n) = matrix(a, 0, "what `kron` multiplies")?;
            let (p, q) = matrix(b, 1, "what `kron` multiplies")?;
            Ok(Type {
                element: Element::Keep.of([a, b]),
                shape: shape([m.times(&p), n.times(&q)]),
                size: None,
            })
        },
        build: |g, call| {
            let (a, b) = (call.arg(0)?, call.arg(1)?);
            let (left, right) = (call.event(g, a), call.event(g, b));
            let a = call.reshaped(g, a, &[left[0], 1, left[1], 1]);
            let b = call.reshaped(g, b, &[1, right[0], 1, right[1]]);
            let blocks = g.mul(a, b);
            let dims = [left[0] * right[0], left[1] * right[1]];
            let shape = [&g.shape(blocks)[..call.batch], &dims].concat();
            Ok(g.reshape(blocks, &shape))
        },
    },
    &Function {
        name: "quad_form",
        summary: "x' A x: a scalar for a vector x, a matrix for a matrix.",
        params: &[Param::required("A"), Param::required("x")],
        example: "quad_form([[2, 0], [0, 3]], [1, 2])",
        facts: Facts::Plain,
        result: quad_form_result,
        build: |g, call| {
            let (a, x) = (call.arg(0)?, call.arg(1)?);
            let node = product(g, call, a, x);
            let ax = Arg { node, rank: g.shape(node).len() - call.batch, element: x.element };
            if x.rank >= 2 {
                let transposed = Arg { node: g.transpose(x.node), ..x };
                return Ok(product(g, call, transposed, ax));
            }
            let x = call.padded(g, x, ax.rank);
            let products = g.mul(x, ax.node);
            let last = g.shape(products).len() - 1;
            Ok(g.sum(products, &[last]))
        },
    },
    &Function {
        name: "transpose",
        summary: "Rows become columns; written `A'`. A vector is its own transpose.",
        params: &[Param::required("x")],
        example: "[[1, 2], [3, 4]]'",
        facts: Facts::Plain,
        result: |args| {
            let x = typ(args, 0)?;
            let shape = match x.shape.dims() {
                None => Shape::UNKNOWN,
                Some([stack @ .., m, n]) => shape([stack, &[n.clone(), m.clone()]].concat()),
                Some([] | [_]) => x.shape.clone(),
            };
            Ok(Type { element: x.element, shape, size: x.size.clone() })
        },
        build: |g, call| {
            let x = call.arg(0)?;
            Ok(if x.rank >= 2 { g.transpose(x.node) } else { x.node })
        },
    },
];

fn product_shape(a: &Shape, b: &Shape) -> Result<Shape, CallError> {
    let (Some(left), Some(right)) = (a.dims(), b.dims()) else { return Ok(Shape::UNKNOWN) };
    for (i, dims) in [left, right].into_iter().enumerate() {
        if dims.is_empty() {
            let message = format!("`@` multiplies vectors and matrices, found {a} and {b}");
            return Err(CallError::new(message).help("`*` multiplies element by element").about(i));
        }
    }
    let (left_stack, rows, m) = match left {
        [stack @ .., rows, m] => (stack, std::slice::from_ref(rows), m),
        _ => (&[][..], &[][..], &left[0]),
    };
    let (right_stack, n, columns) = match right {
        [stack @ .., n, columns] => (stack, n, std::slice::from_ref(columns)),
        _ => (&[][..], &right[0], &[][..]),
    };
    if same(m, n).is_none() {
        let message = format!("cannot multiply {a} @ {b}: inner lengths {m} and {n} differ");
        return Err(CallError::new(message).about(1));
    }
    let both = stacks(left_stack, right_stack, &format!("cannot multiply {a} @ {b}"))?;
    Ok(shape([&both, rows, columns].concat()))
}

fn quad_form_result(args: &[Option<Type>]) -> Result<Type, CallError> {
    numeric(args)?;
    let (a, x) = (typ(args, 0)?, typ(args, 1)?);
    square_stack(a, 0, "the matrix of `quad_form`")?;
    let ax = product_shape(&a.shape, &x.shape)?;
    let shape = match (x.shape.dims(), ax.dims()) {
        (Some([_]), Some([stack @ .., _])) => shape(stack),
        (Some([stack @ .., m, n]), Some(_)) => {
            let transposed = shape([stack, &[n.clone(), m.clone()]].concat());
            product_shape(&transposed, &ax)?
        }
        _ => Shape::UNKNOWN,
    };
    Ok(Type { element: Element::Keep.of([a, x]), shape, size: None })
}

/// a @ b for stacks of matrices: what comes before the last two dimensions broadcasts. A vector is a row on the left and a
/// column on the right.
fn stacked_product(g: &mut Graph, call: &Call, a: Arg, b: Arg) -> Node {
    let as_matrix = |g: &mut Graph, arg: Arg, row: bool| {
        let [n] = call.event(g, arg)[..] else { return arg };
        let event = if row { [1, n] } else { [n, 1] };
        Arg { node: call.reshaped(g, arg, &event), rank: 2, ..arg }
    };
    let (left, right) = (as_matrix(g, a, true), as_matrix(g, b, false));
    let rank = left.rank.max(right.rank);
    let (left, right) = (call.padded(g, left, rank), call.padded(g, right, rank));
    let product = g.matmul(left, right);
    let mut shape = g.shape(product).to_vec();
    let rows = shape.len() - 2;
    if b.rank == 1 {
        shape.remove(rows + 1);
    }
    if a.rank == 1 {
        shape.remove(rows);
    }
    g.reshape(product, &shape)
}

/// a @ b, batch dimensions broadcasting.
///
/// Where only one side varies with the batch, the batch becomes rows of one product of two matrices, so that
/// `X[i] @ beta` in a loop over i costs what `X @ beta` does.
fn product(g: &mut Graph, call: &Call, a: Arg, b: Arg) -> Node {
    if a.rank > 2 || b.rank > 2 {
        return stacked_product(g, call, a, b);
    }
    let (left, right) = (call.event(g, a), call.event(g, b));
    let inner = right[0];
    let rows: Vec<usize> = left[..left.len() - 1].to_vec();
    let columns: Vec<usize> = right[1..].to_vec();
    let batch_a = g.shape(a.node)[..call.batch].to_vec();
    let batch_b = g.shape(b.node)[..call.batch].to_vec();
    let one = |batch: &[usize]| batch.iter().all(|&n| n == 1);
    let m: usize = rows.iter().product();
    let n: usize = columns.iter().product();

    if one(&batch_b) {
        let outer: usize = batch_a.iter().product();
        let flat_a = g.reshape(a.node, &[outer * m, inner]);
        let flat_b = g.reshape(b.node, &[inner, n]);
        let flat = g.matmul(flat_a, flat_b);
        return g.reshape(flat, &[&batch_a[..], &rows, &columns].concat());
    }
    if one(&batch_a) && columns.is_empty() {
        let outer: usize = batch_b.iter().product();
        let flat_a = g.reshape(a.node, &[m, inner]);
        let transposed = g.transpose(flat_a);
        let flat_b = g.reshape(b.node, &[outer, inner]);
        let flat = g.matmul(flat_b, transposed);
        return g.reshape(flat, &[&batch_b[..], &rows].concat());
    }
    let a = g.reshape(a.node, &[&batch_a[..], &[m, inner]].concat());
    let b = g.reshape(b.node, &[&batch_b[..], &[inner, n]].concat());
    let stacked = g.matmul(a, b);
    let shape = [&g.shape(stacked)[..call.batch], &rows, &columns].concat();
    g.reshape(stacked, &shape)
}
