//! Sums of affine forms: an inner product of what varies with known sums of columns.

use super::affine::{Affine, Matrix};
use super::exact::Exact;
use super::form::origin;
use super::split::Front;
use crate::tape::graph::{Graph, Node, elements, tensor};

/// Sums of affine forms, put together by the scalar in front of them.
#[derive(Default)]
pub struct LinearSums {
    sums: Vec<LinearSum>,
    rows: usize,
}

struct LinearSum {
    scalar: Option<Node>,
    constant: Exact,
    /// Of the elements of arrays that vary.
    coefficients: Vec<(Node, Vec<Exact>)>,
}

impl LinearSums {
    pub fn add_number(&mut self, scalar: Option<Node>, number: f64) {
        self.of(scalar).constant.add(number);
    }

    /// Adds `front` times the sum of an affine form's rows; `None` where that is not finite.
    pub fn add(&mut self, g: &Graph, front: &Front, form: &Affine) -> Option<()> {
        let row = |i: usize| front.number * front.weights.as_ref().map_or(1.0, |weights| weights[i]);
        let mut constant = Exact::default();
        if let Some(values) = &form.constant {
            values.iter().enumerate().for_each(|(i, x)| constant.add_product(row(i), *x));
        }
        let mut found = Vec::with_capacity(form.terms.len());
        for term in &form.terms {
            let (root, start) = origin(g, term.variable);
            let mut sums = vec![Exact::default(); g.size(term.variable)];
            for i in 0..form.rows {
                let weight = term.sign * row(i) * term.weights.as_ref().map_or(1.0, |weights| weights[i]);
                match &term.matrix {
                    Matrix::Ones => sums[0].add(weight),
                    Matrix::Index(index) => sums[index[i] as usize].add(weight),
                    Matrix::Dense(matrix) => {
                        let row = &elements(matrix)[i * sums.len()..(i + 1) * sums.len()];
                        sums.iter_mut().zip(row).for_each(|(sum, x)| sum.add(weight * x));
                    }
                }
            }
            if sums.iter().any(|sum| !sum.value().is_finite()) {
                return None;
            }
            found.push((root, start, sums));
        }
        if !constant.value().is_finite() {
            return None;
        }
        self.rows = self.rows.max(form.rows);
        let sum = self.of(front.scalar);
        sum.constant.add(constant.value());
        for (root, start, sums) in found {
            let size = g.size(root);
            let at = sum.coefficients.iter().position(|(known, _)| *known == root).unwrap_or_else(|| {
                sum.coefficients.push((root, vec![Exact::default(); size]));
                sum.coefficients.len() - 1
            });
            let own = &mut sum.coefficients[at].1[start..];
            own.iter_mut().zip(&sums).for_each(|(own, sum)| own.add(sum.value()));
        }
        Some(())
    }

    fn of(&mut self, scalar: Option<Node>) -> &mut LinearSum {
        let at = self.sums.iter().position(|sum| sum.scalar == scalar).unwrap_or_else(|| {
            self.sums.push(LinearSum { scalar, constant: Exact::default(), coefficients: Vec::new() });
            self.sums.len() - 1
        });
        &mut self.sums[at]
    }

    /// The most rows that were summed.
    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn note(&self) -> Option<String> {
        let coefficients: usize =
            self.sums.iter().flat_map(|sum| &sum.coefficients).map(|(_, c)| c.len()).sum();
        (self.rows > 0).then(|| format!("{} rows into an inner product of {coefficients}", self.rows))
    }

    /// The sums as nodes of shape `[]`; `None` where a number is not finite.
    pub fn nodes(self, g: &mut Graph) -> Option<Vec<Node>> {
        let mut nodes = Vec::with_capacity(self.sums.len());
        for LinearSum { scalar, constant, coefficients } in self.sums {
            let number = constant.value();
            if !number.is_finite() {
                return None;
            }
            let mut total = g.scalar(number);
            for (root, values) in coefficients {
                let values: Vec<f64> = values.iter().map(|sum| sum.value()).collect();
                let used = |x: &f64| *x != 0.0;
                let Some(first) = values.iter().position(used) else { continue };
                let end = values.iter().rposition(used).map_or(first, |last| last + 1);
                let part = g.slice(root, first, &[end - first]);
                let known = g.constant(tensor(&[end - first], values[first..end].to_vec()));
                let products = g.mul(known, part);
                let sum = g.sum_all(products);
                total = g.add(total, sum);
            }
            nodes.push(scalar.map_or(total, |scalar| g.mul(scalar, total)));
        }
        Some(nodes)
    }
}
