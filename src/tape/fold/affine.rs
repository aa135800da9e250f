//! Affine forms: arrays that are constants plus constant matrices times what varies.

use std::sync::Arc;

use ndarray::IxDyn;

use super::form::{Budget, Form, broadcast_positions, form};
use crate::tape::graph::{Graph, Node, Tensor, elements};

/// c + sum_k s_k diag(w_k) A_k v_k over rows, which are the elements of the array in order.
#[derive(Clone, Debug)]
pub struct Affine {
    pub rows: usize,
    /// `None` is 0.
    pub constant: Option<Arc<[f64]>>,
    pub terms: Vec<Term>,
}

/// s diag(w) A v
#[derive(Clone, Debug)]
pub struct Term {
    /// v, of any shape: its elements in order.
    pub variable: Node,
    pub matrix: Matrix,
    pub sign: f64,
    /// `None` is 1.
    pub weights: Option<Arc<[f64]>>,
}

#[derive(Clone, Debug)]
pub enum Matrix {
    /// One column of ones; v has one element.
    Ones,
    /// Row i picks this element of v.
    Index(Arc<[u32]>),
    /// `[rows, elements of v]`
    Dense(Tensor),
}

impl Affine {
    fn constant(value: Vec<f64>) -> Option<Affine> {
        let finite = value.iter().all(|x| x.is_finite());
        finite.then(|| Affine { rows: value.len(), constant: Some(value.into()), terms: Vec::new() })
    }

    fn of(rows: usize, variable: Node, matrix: Matrix) -> Affine {
        Affine { rows, constant: None, terms: vec![Term { variable, matrix, sign: 1.0, weights: None }] }
    }

    fn plus(mut self, other: Affine) -> Affine {
        self.constant = match (self.constant, other.constant) {
            (Some(a), Some(b)) => Some(a.iter().zip(&*b).map(|(a, b)| a + b).collect()),
            (a, b) => a.or(b),
        };
        self.terms.extend(other.terms);
        self
    }

    fn negated(mut self) -> Affine {
        self.constant = self.constant.map(|constant| constant.iter().map(|x| -x).collect());
        self.terms.iter_mut().for_each(|term| term.sign = -term.sign);
        self
    }

    /// Times a known number for each row.
    fn weighted(mut self, weights: &[f64]) -> Option<Affine> {
        let times = |values: &Option<Arc<[f64]>>| -> Arc<[f64]> {
            match values {
                Some(values) => values.iter().zip(weights).map(|(a, b)| a * b).collect(),
                None => weights.into(),
            }
        };
        if let Some(constant) = &mut self.constant {
            *constant = constant.iter().zip(weights).map(|(a, b)| a * b).collect();
        }
        for term in &mut self.terms {
            term.weights = Some(times(&term.weights));
        }
        let known = self.constant.iter().chain(self.terms.iter().filter_map(|term| term.weights.as_ref()));
        known.flat_map(|values| values.iter()).all(|x| x.is_finite()).then_some(self)
    }

    /// Times a number that varies.
    fn times(mut self, g: &mut Graph, scalar: Node) -> Affine {
        let scalar = g.reshape(scalar, &[]);
        for term in &mut self.terms {
            term.variable = g.mul(scalar, term.variable);
        }
        if let Some(constant) = self.constant.take() {
            self.terms.push(Term {
                variable: scalar,
                matrix: Matrix::Ones,
                sign: 1.0,
                weights: Some(constant),
            });
        }
        self
    }

    /// The rows at these positions.
    fn rows_at(self, positions: &[u32]) -> Affine {
        let pick =
            |values: &Arc<[f64]>| -> Arc<[f64]> { positions.iter().map(|&i| values[i as usize]).collect() };
        let terms = self.terms.iter().map(|term| Term {
            variable: term.variable,
            sign: term.sign,
            matrix: match &term.matrix {
                Matrix::Ones => Matrix::Ones,
                Matrix::Index(index) => Matrix::Index(positions.iter().map(|&i| index[i as usize]).collect()),
                Matrix::Dense(matrix) => Matrix::Dense(matrix_rows(matrix, positions)),
            },
            weights: term.weights.as_ref().map(pick),
        });
        Affine { rows: positions.len(), constant: self.constant.as_ref().map(pick), terms: terms.collect() }
    }
}

/// An array as an affine form of arrays that are much smaller, if it is one; all that is known of it is finite.
pub fn affine(g: &mut Graph, n: Node) -> Option<Affine> {
    let mut budget = Budget::of(g, n);
    within(g, n, &mut budget)
}

fn within(g: &mut Graph, n: Node, budget: &mut Budget) -> Option<Affine> {
    budget.spend()?;
    let rows = g.size(n);
    match form(g, n) {
        Form::Constant(value) => Affine::constant(elements(&value).to_vec()),
        Form::Add(a, b) => Some(operand(g, a, n, budget)?.plus(operand(g, b, n, budget)?)),
        Form::Sub(a, b) => Some(operand(g, a, n, budget)?.plus(operand(g, b, n, budget)?.negated())),
        Form::Neg(x) => Some(within(g, x, budget)?.negated()),
        Form::Mul(a, b) => {
            if let Some(weights) = known(g, a, n) {
                operand(g, b, n, budget)?.weighted(&weights)
            } else if let Some(weights) = known(g, b, n) {
                operand(g, a, n, budget)?.weighted(&weights)
            } else if g.size(a) == 1 && rows > 1 {
                Some(operand(g, b, n, budget)?.times(g, a))
            } else if g.size(b) == 1 && rows > 1 {
                Some(operand(g, a, n, budget)?.times(g, b))
            } else {
                None
            }
        }
        Form::Div(a, b) => {
            if let Some(divisors) = known(g, b, n) {
                let weights: Vec<f64> = divisors.iter().map(|x| 1.0 / x).collect();
                operand(g, a, n, budget)?.weighted(&weights)
            } else if g.size(b) == 1 && rows > 1 {
                let inverse = g.recip(b);
                Some(operand(g, a, n, budget)?.times(g, inverse))
            } else {
                None
            }
        }
        Form::Reshape(x) => within(g, x, budget),
        Form::Broadcast(x) => operand(g, x, n, budget),
        Form::Gather(x, index) => {
            if is_small(g, x, rows) {
                return Some(Affine::of(rows, x, Matrix::Index(index)));
            }
            Some(within(g, x, budget)?.rows_at(&index))
        }
        Form::Slice(x, offset) => {
            let positions: Vec<u32> = (offset as u32..(offset + rows) as u32).collect();
            Some(within(g, x, budget)?.rows_at(&positions))
        }
        Form::Product { a, transpose_a, b, transpose_b } => {
            product(g, rows, [a, b], [transpose_a, transpose_b])
        }
        _ => None,
    }
}

/// An argument of an elementwise operation whose result is `n`, over the rows of the result.
fn operand(g: &mut Graph, x: Node, n: Node, budget: &mut Budget) -> Option<Affine> {
    let rows = g.size(n);
    if g.size(x) == rows {
        return within(g, x, budget);
    }
    if let Some(value) = known(g, x, n) {
        return Affine::constant(value);
    }
    if g.size(x) == 1 {
        return Some(Affine::of(rows, x, Matrix::Ones));
    }
    let positions = broadcast_positions(g.shape(x), g.shape(n));
    if is_small(g, x, rows) {
        return Some(Affine::of(rows, x, Matrix::Index(positions.into())));
    }
    Some(within(g, x, budget)?.rows_at(&positions))
}

/// Whether an array is one of the things that vary: so much smaller than the rows that no more need be known of it.
fn is_small(g: &Graph, x: Node, rows: usize) -> bool {
    2 * g.size(x) <= rows
}

/// The value of a constant, over the rows of `n`.
fn known(g: &Graph, x: Node, n: Node) -> Option<Vec<f64>> {
    let values = elements(g.value(x)?);
    let rows = g.size(n);
    Some(match values {
        [value] => vec![*value; rows],
        _ if values.len() == rows => values.to_vec(),
        _ => broadcast_positions(g.shape(x), g.shape(n)).iter().map(|&i| values[i as usize]).collect(),
    })
}

/// A known matrix times a vector, or a row times a known matrix.
fn product(g: &Graph, rows: usize, [a, b]: [Node; 2], [ta, tb]: [bool; 2]) -> Option<Affine> {
    let matrix = |n: Node, transposed: bool| -> Option<[usize; 2]> {
        let &[rows, columns] = g.shape(n) else { return None };
        Some(if transposed { [columns, rows] } else { [rows, columns] })
    };
    let ([m, _], [k, n]) = (matrix(a, ta)?, matrix(b, tb)?);
    // The known matrix as [rows, k]: of the second factor that is its transpose.
    let (value, variable, transposed) = match (g.value(a), g.value(b)) {
        (Some(value), None) if n == 1 => (value, b, ta),
        (None, Some(value)) if m == 1 => (value, a, !tb),
        _ => return None,
    };
    if value.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let value =
        if transposed { value.t().as_standard_layout().into_owned().into_shared() } else { value.clone() };
    Some(Affine::of(rows, variable, Matrix::Dense(value.into_shape_with_order(IxDyn(&[rows, k])).ok()?)))
}

fn matrix_rows(matrix: &Tensor, positions: &[u32]) -> Tensor {
    let width = matrix.shape()[1];
    let values = elements(matrix);
    let picked = positions.iter().flat_map(|&i| &values[i as usize * width..(i as usize + 1) * width]);
    crate::tape::graph::tensor(&[positions.len(), width], picked.copied().collect())
}
