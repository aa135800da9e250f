//! What is known about a Hessian: all of it, or a positive definite stand-in to precondition with.

use std::sync::Arc;

use super::arrow::ArrowFactor;
use super::linear::{Factor, Matrix};

/// The whole Hessian where it is cheap, and always a preconditioner.
pub struct Curvature {
    pub hessian: Option<Matrix>,
    pub preconditioner: Preconditioner,
}

impl Curvature {
    /// The preconditioner is the Hessian itself, made positive definite.
    pub fn dense(hessian: Matrix) -> Curvature {
        let preconditioner = match Factor::new(&hessian) {
            Some(factor) => Preconditioner::Factor(factor),
            None => Preconditioner::Diagonal(positive(&hessian.diagonal())),
        };
        Curvature { hessian: Some(hessian), preconditioner }
    }

    pub fn diagonal(diagonal: &[f64]) -> Curvature {
        Curvature { hessian: None, preconditioner: Preconditioner::Diagonal(positive(diagonal)) }
    }
}

/// A symmetric positive definite approximation P of the Hessian.
pub enum Preconditioner {
    Diagonal(Vec<f64>),
    Factor(Factor),
    /// A factor for the variables `block`, a diagonal for the others (its elements at `block` are not used).
    Block {
        factor: Factor,
        block: Vec<usize>,
        diagonal: Vec<f64>,
    },
    Arrow(Arc<ArrowFactor>),
}

impl Preconditioner {
    /// x = P^-1 b
    pub fn solve(&self, b: &[f64], x: &mut [f64]) {
        match self {
            Preconditioner::Factor(factor) => factor.solve(b, x),
            Preconditioner::Arrow(factor) => factor.solve(b, x),
            Preconditioner::Diagonal(diagonal) => divide(b, diagonal, x),
            Preconditioner::Block { factor, block, diagonal } => {
                divide(b, diagonal, x);
                let inner: Vec<f64> = block.iter().map(|&i| b[i]).collect();
                let mut solved = vec![0.0; inner.len()];
                factor.solve(&inner, &mut solved);
                for (&i, solved) in block.iter().zip(&solved) {
                    x[i] = *solved;
                }
            }
        }
    }

    /// The diagonal of P^-1.
    pub fn inverse_diagonal(&self) -> Vec<f64> {
        match self {
            Preconditioner::Factor(factor) => factor.inverse_diagonal(),
            Preconditioner::Arrow(factor) => factor.inverse_diagonal(),
            Preconditioner::Diagonal(diagonal) => diagonal.iter().map(|d| 1.0 / d).collect(),
            Preconditioner::Block { factor, block, diagonal } => {
                let mut inverse: Vec<f64> = diagonal.iter().map(|d| 1.0 / d).collect();
                for (&i, value) in block.iter().zip(factor.inverse_diagonal()) {
                    inverse[i] = value;
                }
                inverse
            }
        }
    }
}

/// Positive finite stand-ins for the elements of a Hessian's diagonal.
fn positive(diagonal: &[f64]) -> Vec<f64> {
    let magnitude = |d: &f64| if d.is_finite() && *d != 0.0 { d.abs() } else { 1.0 };
    diagonal.iter().map(magnitude).collect()
}

fn divide(b: &[f64], diagonal: &[f64], x: &mut [f64]) {
    for ((x, b), d) in x.iter_mut().zip(b).zip(diagonal) {
        *x = b / d;
    }
}
