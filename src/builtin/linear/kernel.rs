//! Covariance kernels of Gaussian processes: N inputs (or N x D coordinates) to an N x N covariance matrix.
//!
//! With sd s, length l and Euclidean distance r, as in Stan's functions of the same names:
//! exp_quad s² exp(-r² / 2l²); matern32 s² (1 + a) exp(-a), a = √3 r / l; matern52 s² (1 + a + a² / 3) exp(-a),
//! a = √5 r / l; periodic s² exp(-2 sin²(π r / p) / l²); linear s² x x' / l².

use std::f64::consts::PI;

use crate::builtin::elementwise::exponential::sqrt_at_zero;
use crate::builtin::function::{Facts, Function, typ};
use crate::builtin::typing::{numeric, same, scalar, shape};
use crate::builtin::{Arg, Builtin, Call, CallError, Param};
use crate::tape::{Graph, Node};
use crate::types::{Dim, Type};

const X_SD_LENGTH: &[Param] = &[Param::required("x"), Param::required("sd"), Param::required("length")];

pub const ALL: &[&dyn Builtin] = &[
    &Function {
        name: "gp_exp_quad",
        summary: "Squared exponential kernel: very smooth functions.",
        params: X_SD_LENGTH,
        example: "gp_exp_quad([0, 1, 3], 2, 1.5)",
        facts: Facts::Plain,
        result: covariance,
        build: |g, call| {
            let (squares, length) = squared_distances(g, call)?;
            let precision = inverse_square(g, length);
            let exponent = g.mul(squares, precision);
            let exponent = g.mul_scalar(exponent, -0.5);
            let correlation = g.exp(exponent);
            scaled(g, call, correlation)
        },
    },
    &Function {
        name: "gp_matern32",
        summary: "Matern kernel of order 3/2: functions with one derivative.",
        params: X_SD_LENGTH,
        example: "gp_matern32([0, 1, 3], 2, 1.5)",
        facts: Facts::Plain,
        result: covariance,
        build: |g, call| {
            let a = scaled_distance(g, call, 3.0)?;
            let polynomial = g.add_scalar(a, 1.0);
            matern(g, call, a, polynomial)
        },
    },
    &Function {
        name: "gp_matern52",
        summary: "Matern kernel of order 5/2: functions with two derivatives.",
        params: X_SD_LENGTH,
        example: "gp_matern52([0, 1, 3], 2, 1.5)",
        facts: Facts::Plain,
        result: covariance,
        build: |g, call| {
            let a = scaled_distance(g, call, 5.0)?;
            let square = g.square(a);
            let third = g.mul_scalar(square, 1.0 / 3.0);
            let linear = g.add_scalar(a, 1.0);
            let polynomial = g.add(linear, third);
            matern(g, call, a, polynomial)
        },
    },
    &Function {
        name: "gp_periodic",
        summary: "Periodic kernel: functions that repeat after each `period`.",
        params: &[
            Param::required("x"),
            Param::required("sd"),
            Param::required("length"),
            Param::required("period"),
        ],
        example: "gp_periodic([0, 1, 3], 2, 1.5, 4)",
        facts: Facts::Plain,
        result: covariance,
        build: |g, call| {
            let differences = differences(g, call.arg(0)?, call);
            let last = g.shape(differences).len() - 1;
            let distance = if g.shape(differences)[last] == 1 {
                let shape = g.shape(differences)[..last].to_vec();
                g.reshape(differences, &shape)
            } else {
                let squares = g.square(differences);
                let sum = g.sum(squares, &[last]);
                sqrt_at_zero(g, sum)
            };
            let period = call.padded(g, call.arg(3)?, 2);
            let turns = g.div(distance, period);
            let angle = g.mul_scalar(turns, PI);
            let sine = g.sin(angle);
            let square = g.square(sine);
            let length = call.padded(g, call.arg(2)?, 2);
            let precision = inverse_square(g, length);
            let exponent = g.mul(square, precision);
            let exponent = g.mul_scalar(exponent, -2.0);
            let correlation = g.exp(exponent);
            scaled(g, call, correlation)
        },
    },
    &Function {
        name: "gp_linear",
        summary: "Linear kernel sd² x x' / length²: straight lines through the origin.",
        params: X_SD_LENGTH,
        example: "gp_linear([0, 1, 3], 2, 1.5)",
        facts: Facts::Plain,
        result: covariance,
        build: |g, call| {
            let (x, length) = coordinates(g, call)?;
            let transposed = g.transpose(x);
            let products = g.matmul(x, transposed);
            let precision = inverse_square(g, length);
            let products = g.mul(products, precision);
            scaled(g, call, products)
        },
    },
];

/// Type of the covariance; checks the arguments. A length may be a vector, one for each coordinate.
fn covariance(args: &[Option<Type>]) -> Result<Type, CallError> {
    numeric(args)?;
    let x = typ(args, 0)?;
    scalar(typ(args, 1)?, 1, "the sd of a kernel")?;
    let length = typ(args, 2)?;
    if let Some(period) = args.get(3).and_then(Option::as_ref) {
        scalar(period, 3, "the period of a kernel")?;
        scalar(length, 2, "the length of a periodic kernel")?;
    }
    let n = match (x.shape.dims(), length.shape.dims()) {
        (None, _) => Dim::Unknown,
        (Some([n] | [n, _]), None | Some([])) => n.clone(),
        (Some([n, d]), Some([lengths])) if same(d, lengths).is_some() => n.clone(),
        (Some([_] | [_, _]), _) => {
            let message = format!(
                "the length of a kernel must be one number or one for each coordinate: {} for inputs {}",
                length.shape, x.shape
            );
            return Err(CallError::new(message).about(2));
        }
        _ => {
            let message = format!("the inputs of a kernel must be [N] or [N, D], found {}", x.shape);
            return Err(CallError::new(message).about(0));
        }
    };
    Ok(Type::real(shape([n.clone(), n])))
}

/// Inputs as [batch..., N, D] and the length as [batch..., 1, 1]; a length for each coordinate is divided out first.
fn coordinates(g: &mut Graph, call: &Call) -> Result<(Node, Node), CallError> {
    let (x, length) = (call.arg(0)?, call.arg(2)?);
    let inputs = matrix_of(g, x, call);
    if length.rank == 0 {
        return Ok((inputs, call.padded(g, length, 2)));
    }
    let lengths = call.padded(g, length, 2);
    let one = call.constant(g, vec![1.0], &[1, 1]);
    Ok((g.div(inputs, lengths), one))
}

fn matrix_of(g: &mut Graph, x: Arg, call: &Call) -> Node {
    match call.event(g, x)[..] {
        [n] => call.reshaped(g, x, &[n, 1]),
        _ => x.node,
    }
}

/// x_i - x_j: [batch..., N, N, D].
fn pairwise(g: &mut Graph, x: Node, batch: usize) -> Node {
    let shape = g.shape(x).to_vec();
    let (n, d) = (shape[batch], shape[batch + 1]);
    let rows = g.reshape(x, &[&shape[..batch], &[n, 1, d]].concat());
    let columns = g.reshape(x, &[&shape[..batch], &[1, n, d]].concat());
    g.sub(rows, columns)
}

fn differences(g: &mut Graph, x: Arg, call: &Call) -> Node {
    let x = matrix_of(g, x, call);
    pairwise(g, x, call.batch)
}

/// Squared distances [batch..., N, N] (constant when the inputs are) and the length left to divide by.
fn squared_distances(g: &mut Graph, call: &Call) -> Result<(Node, Node), CallError> {
    let (x, length) = coordinates(g, call)?;
    let differences = pairwise(g, x, call.batch);
    let squares = g.square(differences);
    Ok((g.sum(squares, &[call.batch + 2]), length))
}

/// √k r / l.
fn scaled_distance(g: &mut Graph, call: &Call, k: f64) -> Result<Node, CallError> {
    let (squares, length) = squared_distances(g, call)?;
    let distance = sqrt_at_zero(g, squares);
    let distance = g.mul_scalar(distance, k.sqrt());
    Ok(g.div(distance, length))
}

fn inverse_square(g: &mut Graph, length: Node) -> Node {
    let inverse = g.recip(length);
    g.square(inverse)
}

/// s² polynomial exp(-a).
fn matern(g: &mut Graph, call: &Call, a: Node, polynomial: Node) -> Result<Node, CallError> {
    let minus = g.neg(a);
    let decay = g.exp(minus);
    let correlation = g.mul(polynomial, decay);
    scaled(g, call, correlation)
}

fn scaled(g: &mut Graph, call: &Call, correlation: Node) -> Result<Node, CallError> {
    let sd = call.padded(g, call.arg(1)?, 2);
    let variance = g.square(sd);
    Ok(g.mul(variance, correlation))
}
