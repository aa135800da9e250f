//! Sums of squares of affine forms, in a cost that does not depend on the number of rows.
//!
//! |A v + c|^2 = |R (v - v0) + q|^2 + rho^2 with R from a QR decomposition of A. A variable that each row has one element
//! of, by groups, is eliminated first, group by group: R is then sparse, and its cost grows with the groups and not with
//! their square. The centre v0, near the least-squares solution, keeps rounding as small as in the sum itself.

use std::sync::Arc;

use super::affine::{Affine, Matrix, Term};
use super::design::{Design, Rows, Unknown};
use super::exact::Exact;
use super::grouped::{Groups, with_groups};
use super::triangle::Triangle;
use crate::tape::graph::{Graph, Node, tensor};

/// Most operations to spend on a decomposition: a second or two.
const MAX_WORK: usize = 6_000_000_000;

/// What the instructions that come with groups cost, in multiplications.
const COST_OF_GROUPS: usize = 200;

/// How many times cheaper the folded sum must be.
const GAIN: usize = 2;

/// A sum that was folded, and words for it.
pub struct FoldedSum {
    pub node: Node,
    pub note: String,
}

/// sum_i w_i r_i^2 for an affine form r and weights that are not negative (`None` is 1); `None` where it would not pay.
pub fn sum_of_squares(g: &mut Graph, form: &Affine, weights: Option<&Arc<[f64]>>) -> Option<FoldedSum> {
    let row_weights: Option<Arc<[f64]>> = weights.map(|w| w.iter().map(|w| w.sqrt()).collect());
    let index = largest_index(g, form);
    let split = |by: Option<&Arc<[u32]>>| -> (Vec<Term>, Vec<Term>) {
        form.terms.iter().cloned().partition(|term| match (&term.matrix, by) {
            (Matrix::Index(index), Some(by)) => index == by,
            _ => false,
        })
    };
    let n = form.rows;
    let width_of = |term: &Term| if let Matrix::Dense(matrix) = &term.matrix { matrix.shape()[1] } else { 1 };
    let direct = n * (3 + form.terms.iter().map(width_of).sum::<usize>());
    let most = (MAX_WORK / (3 * n.max(1))).isqrt();
    let design = |g: &Graph, by: Option<&Arc<[u32]>>| {
        let (by_group, others) = split(by);
        let design = Design::new(g, form, &by_group, &others, row_weights.clone(), most)?;
        (design.width() <= most).then_some((design, by_group))
    };
    let plain = design(g, None).map(|(design, _)| (triangular(design.unknowns.len()), design));
    let grouped = index.and_then(|index| {
        let (design, by_group) = design(g, Some(&index))?;
        let n_groups = 1 + *index.iter().max()? as usize;
        let (own, others) = (design.own, design.unknowns.len());
        let cost = n_groups * (triangular(own) + own * others) + triangular(others) + COST_OF_GROUPS;
        Some((cost, design, Groups::new(&index, n_groups), by_group))
    });
    let cost = |a: Option<usize>| a.unwrap_or(usize::MAX);
    let (plain_cost, grouped_cost) = (cost(plain.as_ref().map(|p| p.0)), cost(grouped.as_ref().map(|p| p.0)));
    if plain_cost.min(grouped_cost).saturating_mul(GAIN) > direct {
        return None;
    }
    if plain_cost <= grouped_cost {
        without_groups(g, &plain?.1, n)
    } else {
        let (_, design, groups, by_group) = grouped?;
        with_groups(g, &design, &groups, &by_group, n)
    }
}

fn triangular(n: usize) -> usize {
    n * (n + 1) / 2
}

/// Of the tables that rows are grouped by: that of the most groups.
fn largest_index(g: &Graph, form: &Affine) -> Option<Arc<[u32]>> {
    let tables = form.terms.iter().filter_map(|term| match &term.matrix {
        Matrix::Index(index) => Some((g.size(term.variable), index)),
        _ => None,
    });
    tables.max_by_key(|(size, _)| *size).map(|(_, index)| index.clone())
}

/// R of all columns: |R (v - v0) + q|^2 + rho^2.
fn without_groups(g: &mut Graph, design: &Design, n: usize) -> Option<FoldedSum> {
    let size = design.unknowns.len();
    if size == 0 {
        return None;
    }
    let [transform, triangle] = design.reduce(&Rows::All(n), size);
    let centre: Vec<f64> = (0..size).map(|i| transform.at(i, size)).collect();
    let r = without_transform(&triangle, &transform, size);
    let q: Vec<f64> = (0..size).map(|i| triangle.at(i, size)).collect();
    let rho = triangle.at(size, size);
    let squares = squares_of_product(g, &design.unknowns, &centre, r, q)?;
    let node = add_number(g, squares, rho * rho)?;
    Some(FoldedSum { node, note: format!("{n} rows into R of {size} x {size}") })
}

/// The first `size` rows and columns of A T times the inverse of those of T.
pub fn without_transform(product: &Triangle, transform: &Triangle, size: usize) -> Vec<f64> {
    let mut r = vec![0.0; size * size];
    for i in 0..size {
        for j in i..size {
            let mut sum = Exact::default();
            sum.add(product.at(i, j));
            (i..j).for_each(|k| sum.add_product(-r[i * size + k], transform.at(k, j)));
            r[i * size + j] = sum.value();
        }
    }
    r
}

/// Up to so many columns, one operation for all is quicker than products of matrices.
const FEW_COLUMNS: usize = 32;

/// |R (v - v0) + q|^2, R upper triangular
pub fn squares_of_product(
    g: &mut Graph,
    unknowns: &[Unknown],
    centre: &[f64],
    r: Vec<f64>,
    q: Vec<f64>,
) -> Option<Node> {
    let size = centre.len();
    if r.iter().chain(&q).chain(centre).any(|x| !x.is_finite()) {
        return None;
    }
    if size <= FEW_COLUMNS {
        let parts = parts_of(g, unknowns);
        return Some(g.affine_square(r, centre.to_vec(), q, &parts));
    }
    let (centre, q, v) = (g.vector(centre), g.vector(&q), vector_of(g, unknowns));
    let distance = g.sub(v, centre);
    let product = matrix_times(g, r, [size, size], distance);
    let shifted = g.add(product, q);
    let squares = g.square(shifted);
    Some(g.sum_all(squares))
}

/// A known matrix times a vector.
pub fn matrix_times(g: &mut Graph, matrix: Vec<f64>, [rows, columns]: [usize; 2], v: Node) -> Node {
    if [rows, columns] == [1, 1] {
        return g.mul_scalar(v, matrix[0]);
    }
    let matrix = g.constant(tensor(&[rows, columns], matrix));
    let v = g.reshape(v, &[columns, 1]);
    let product = g.matmul(matrix, v);
    g.reshape(product, &[rows])
}

/// A sum and a number, which must be finite.
pub fn add_number(g: &mut Graph, x: Node, number: f64) -> Option<Node> {
    number.is_finite().then(|| g.add_scalar(x, number))
}

/// Numbers that vary as one vector.
pub fn vector_of(g: &mut Graph, unknowns: &[Unknown]) -> Node {
    let parts = parts_of(g, unknowns);
    g.concat(&parts, 0)
}

/// Numbers that vary, neighbours together.
fn parts_of(g: &mut Graph, unknowns: &[Unknown]) -> Vec<Node> {
    let follows = |a: &Unknown, b: &Unknown| a.root == b.root && a.element + 1 == b.element;
    let runs = unknowns.chunk_by(follows);
    runs.map(|run| g.slice(run[0].root, run[0].element, &[run.len()])).collect()
}
