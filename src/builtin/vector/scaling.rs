//! Centring and standardising columns; what they subtract is kept from the fit in predictions.

use crate::builtin::elementwise::exponential::sqrt_at_zero;
use crate::builtin::function::{Facts, Function, typ};
use crate::builtin::reduction::moments::{centered, mean, variance, with_axis};
use crate::builtin::typing::{numeric, shape};
use crate::builtin::{Builtin, CallError, Param};
use crate::types::{Dim, ElementType, Shape, Type};

const X: &[Param] = &[Param::required("x")];

pub const ALL: &[&dyn Builtin] = &[
    &Function {
        name: "center",
        summary: "A vector minus its mean, or each column of a matrix minus its mean.",
        params: X,
        example: "center([1, 2, 6])",
        facts: Facts::TrainingConstant,
        result: |args| Ok(Type::real(columns(args, "center", 1)?)),
        build: |g, call| {
            let x = call.arg(0)?.node;
            Ok(centered(g, x, call.batch))
        },
    },
    &Function {
        name: "standardize",
        summary: "`center` divided by the standard deviation (divisor n - 1).",
        params: X,
        example: "standardize([1, 2, 3])",
        facts: Facts::TrainingConstant,
        result: |args| Ok(Type::real(columns(args, "standardize", 2)?)),
        build: |g, call| {
            let x = call.arg(0)?.node;
            let variance = variance(g, x, call.batch);
            if let Some(value) = g.value(variance)
                && value.iter().any(|&v| v == 0.0)
            {
                return Err(
                    CallError::new("`standardize` cannot scale a column whose values are all equal").about(0)
                );
            }
            let sd = sqrt_at_zero(g, variance);
            let sd = with_axis(g, sd, call.batch);
            let deviations = centered(g, x, call.batch);
            Ok(g.div(deviations, sd))
        },
    },
    &Function {
        name: "col_means",
        summary: "Mean of each column of a matrix.",
        params: X,
        example: "col_means([[1, 2], [3, 6]])",
        facts: Facts::TrainingConstant,
        result: |args| {
            let shape = match columns(args, "col_means", 1)?.0.as_deref() {
                Some([_, n]) => shape([n.clone()]),
                Some(_) => Shape::scalar(),
                None => Shape::UNKNOWN,
            };
            Ok(Type::array(ElementType::Real, shape))
        },
        build: |g, call| {
            let x = call.arg(0)?.node;
            Ok(mean(g, x, call.batch))
        },
    },
];

/// Shape of a vector or matrix of at least `least` rows.
fn columns(args: &[Option<Type>], name: &str, least: usize) -> Result<Shape, CallError> {
    numeric(args)?;
    let x = typ(args, 0)?;
    match x.shape.dims() {
        Some(dims) if !(1..=2).contains(&dims.len()) => {
            Err(CallError::new(format!("`{name}` needs a vector or a matrix, found {}", x.shape)).about(0))
        }
        Some([Dim::Known(n), ..]) if *n < least => {
            Err(CallError::new(format!("`{name}` needs at least {least} rows, found {n}")).about(0))
        }
        _ => Ok(x.shape.clone()),
    }
}
