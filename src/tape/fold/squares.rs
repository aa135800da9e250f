//! Sums of squares of affine forms, in a cost that does not depend on the number of rows.
//!
//! |A v + c|^2 = |R (v - v0) + q|^2 + rho^2 with R from a QR decomposition of A. A variable that each row has one element
//! of, by groups, is eliminated first, group by group: R is then sparse, and its cost grows with the groups and not with
//! their square. The centre v0, near the least-squares solution, keeps rounding as small as in the sum itself.

use std::sync::Arc;

use rayon::prelude::*;

use super::affine::{Affine, Matrix, Term};
use super::design::{Design, Rows, Unknown};
use super::exact::Exact;
use super::triangle::Triangle;
use crate::tape::graph::{Graph, Node, tensor};

/// Most operations to spend on a decomposition: a second or two.
const MAX_WORK: usize = 6_000_000_000;

/// What the instructions that come with groups cost, in multiplications.
const COST_OF_GROUPS: usize = 200;

/// How many times cheaper the folded sum must be.
const GAIN: usize = 2;

/// Groups that are reduced before their remains are put together.
const GROUPS_AT_ONCE: usize = 64;

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
    let v = vector_of(g, &design.unknowns);
    let squares = squares_of_product(g, v, &centre, r, q)?;
    let node = add_number(g, squares, rho * rho)?;
    Some(FoldedSum { node, note: format!("{n} rows into R of {size} x {size}") })
}

/// The first `size` rows and columns of A T times the inverse of those of T.
fn without_transform(product: &Triangle, transform: &Triangle, size: usize) -> Vec<f64> {
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

/// |R (v - v0) + q|^2
fn squares_of_product(g: &mut Graph, v: Node, centre: &[f64], r: Vec<f64>, q: Vec<f64>) -> Option<Node> {
    let size = centre.len();
    if r.iter().chain(&q).chain(centre).any(|x| !x.is_finite()) {
        return None;
    }
    let (centre, q) = (g.vector(centre), g.vector(&q));
    let distance = g.sub(v, centre);
    let product = matrix_times(g, r, [size, size], distance);
    let shifted = g.add(product, q);
    let squares = g.square(shifted);
    Some(g.sum_all(squares))
}

/// A known matrix times a vector.
fn matrix_times(g: &mut Graph, matrix: Vec<f64>, [rows, columns]: [usize; 2], v: Node) -> Node {
    if [rows, columns] == [1, 1] {
        return g.mul_scalar(v, matrix[0]);
    }
    let matrix = g.constant(tensor(&[rows, columns], matrix));
    let v = g.reshape(v, &[columns, 1]);
    let product = g.matmul(matrix, v);
    g.reshape(product, &[rows])
}

fn add_number(g: &mut Graph, x: Node, number: f64) -> Option<Node> {
    number.is_finite().then(|| g.add_scalar(x, number))
}

/// Numbers that vary as one vector: neighbours as they are, the others side by side.
fn vector_of(g: &mut Graph, unknowns: &[Unknown]) -> Node {
    let mut parts = Vec::new();
    let follows = |a: &Unknown, b: &Unknown| a.root == b.root && a.element + 1 == b.element;
    for run in unknowns.chunk_by(follows) {
        parts.push(g.slice(run[0].root, run[0].element, &[run.len()]));
    }
    g.concat(&parts, 0)
}

/// Rows by group.
struct Groups {
    rows: Vec<u32>,
    /// Where the rows of each group start, and the end.
    starts: Vec<usize>,
}

impl Groups {
    fn new(index: &[u32], n_groups: usize) -> Groups {
        let mut starts = vec![0; n_groups + 1];
        index.iter().for_each(|&group| starts[group as usize + 1] += 1);
        for group in 0..n_groups {
            starts[group + 1] += starts[group];
        }
        let mut next = starts.clone();
        let mut rows = vec![0; index.len()];
        for (row, &group) in index.iter().enumerate() {
            rows[next[group as usize]] = row as u32;
            next[group as usize] += 1;
        }
        Groups { rows, starts }
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    fn rows(&self, group: usize) -> &[u32] {
        &self.rows[self.starts[group]..self.starts[group + 1]]
    }
}

/// Of one group: R_j a + S_j b + t_j, where a are its own numbers and b are those that it shares with others.
#[derive(Clone)]
struct GroupRows {
    /// `[own, own]`
    r: Vec<f64>,
    /// `[own, others]`
    s: Vec<f64>,
    /// `[own, others + 1]`: S and t of the rows with their own columns projected out, which is nearly nothing.
    rest: Vec<f64>,
    /// `[own, others + 1]`: what was projected out.
    projected: Vec<f64>,
}

/// R of each group's own columns, and one R of what all groups share.
fn with_groups(
    g: &mut Graph,
    design: &Design,
    groups: &Groups,
    by_group: &[Term],
    n: usize,
) -> Option<FoldedSum> {
    let (own, others) = (design.own, design.unknowns.len());
    let mut shared = Triangle::new(others + 1);
    let mut reduced: Vec<GroupRows> = Vec::with_capacity(groups.len());
    let all: Vec<usize> = (0..groups.len()).collect();
    for some in all.chunks(GROUPS_AT_ONCE) {
        let parts: Vec<(GroupRows, Triangle)> =
            some.par_iter().map(|&group| reduce_group(design, groups.rows(group))).collect();
        for (rows, triangle) in parts {
            shared.absorb_corner(&triangle, own);
            reduced.push(rows);
        }
    }

    // What all share: |R (b - b0) + q|^2 + rho^2
    let centre = least_squares(&shared, &lengths(&shared, &reduced));
    let distance = (others > 0).then(|| {
        let (v, centre) = (vector_of(g, &design.unknowns), g.vector(&centre));
        g.sub(v, centre)
    });
    let rho = shared.at(others, others);
    let mut total = None;
    if others > 0 {
        let v = vector_of(g, &design.unknowns);
        let r: Vec<f64> = (0..others * others).map(|k| shared.at(k / others, k % others)).collect();
        let q = (0..others).map(|i| {
            let mut sum = Exact::default();
            sum.add(shared.at(i, others));
            (i..others).for_each(|j| sum.add_product(shared.at(i, j), centre[j]));
            sum.value()
        });
        total = Some(squares_of_product(g, v, &centre, r, q.collect())?);
    }

    // Of each group: R_j (a_j - a0_j) + S_j (b - b0) + t_j
    let mut own_centres = vec![vec![0.0; groups.len()]; own];
    let mut shifts = vec![vec![0.0; groups.len()]; own];
    for (j, group) in reduced.iter().enumerate() {
        let row = |values: &[f64], a: usize| values[a * (others + 1)..(a + 1) * (others + 1)].to_vec();
        let mut lost = vec![0.0; own];
        for a in 0..own {
            let projected = row(&group.projected, a);
            let mut sum = Exact::default();
            sum.add(projected[others]);
            (0..others).for_each(|k| sum.add_product(projected[k], centre[k]));
            own_centres[a][j] = sum.value();
            sum.add(-own_centres[a][j]);
            lost[a] = sum.value();
        }
        for a in 0..own {
            let rest = row(&group.rest, a);
            let mut sum = Exact::default();
            sum.add(rest[others]);
            (0..others).for_each(|k| sum.add_product(rest[k], centre[k]));
            (a..own).for_each(|b| sum.add_product(-group.r[a * own + b], lost[b]));
            shifts[a][j] = sum.value();
        }
    }
    let mut own_distances = Vec::with_capacity(own);
    for (term, centre) in by_group.iter().zip(&own_centres) {
        let v = g.slice(term.variable, 0, &[groups.len()]);
        let centre = finite_vector(g, centre)?;
        own_distances.push(g.sub(v, centre));
    }
    for a in 0..own {
        let mut u = finite_vector(g, &shifts[a])?;
        for b in a..own {
            let r: Vec<f64> = reduced.iter().map(|group| group.r[a * own + b]).collect();
            let r = finite_vector(g, &r)?;
            let product = g.mul(r, own_distances[b]);
            u = g.add(product, u);
        }
        if let Some(distance) = distance {
            let rows = reduced.iter().flat_map(|group| &group.s[a * others..(a + 1) * others]);
            let s: Vec<f64> = rows.copied().collect();
            if s.iter().any(|x| !x.is_finite()) {
                return None;
            }
            let product = matrix_times(g, s, [groups.len(), others], distance);
            u = g.add(u, product);
        }
        let squares = g.square(u);
        let sum = g.sum_all(squares);
        total = Some(total.map_or(sum, |total| g.add(total, sum)));
    }
    let node = add_number(g, total?, rho * rho)?;
    let note = match (own, others) {
        (1, 0) => format!("{n} rows into one for each of {} groups", groups.len()),
        (_, 0) => format!("{n} rows into R of {own} x {own} for each of {} groups", groups.len()),
        _ => format!(
            "{n} rows into R of {own} x {} for each of {} groups and R of {others} x {others}",
            own + others,
            groups.len()
        ),
    };
    Some(FoldedSum { node, note })
}

fn reduce_group(design: &Design, rows: &[u32]) -> (GroupRows, Triangle) {
    let (own, width) = (design.own, design.width());
    let [transform, triangle] = design.reduce(&Rows::These(rows), own);
    let block = |from: &Triangle| -> Vec<f64> {
        (0..own).flat_map(|a| (own..width).map(move |k| from.at(a, k))).collect()
    };
    let r = without_transform(&triangle, &transform, own);
    let s = |a: usize, k: usize| {
        let projected: f64 = (a..own).map(|b| r[a * own + b] * transform.at(b, k)).sum();
        triangle.at(a, k) - projected
    };
    let s = (0..own).flat_map(|a| (own..width - 1).map(move |k| (a, k))).map(|(a, k)| s(a, k)).collect();
    (GroupRows { r, s, rest: block(&triangle), projected: block(&transform) }, triangle)
}

/// Of the columns that groups share, before those of the groups were projected out of them.
fn lengths(shared: &Triangle, groups: &[GroupRows]) -> Vec<f64> {
    let others = shared.width - 1;
    let rest = shared.lengths();
    let whole = |k: usize| {
        let own = groups.iter().flat_map(|group| group.s.iter().skip(k).step_by(others));
        (rest[k] * rest[k] + own.map(|s| s * s).sum::<f64>()).sqrt()
    };
    (0..others).map(whole).collect()
}

/// b that minimises |R b + q|, where (R, q) are the columns of a triangle; 0 where it is not determined by columns that
/// had these lengths.
fn least_squares(triangle: &Triangle, lengths: &[f64]) -> Vec<f64> {
    let size = triangle.width - 1;
    let t = triangle.orthogonaliser(size, lengths);
    (0..size).map(|i| t.at(i, size)).collect()
}

fn finite_vector(g: &mut Graph, values: &[f64]) -> Option<Node> {
    values.iter().all(|x| x.is_finite()).then(|| g.vector(values))
}
