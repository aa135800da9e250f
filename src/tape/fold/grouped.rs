//! Sums of squares of affine forms in which each row has its own group's numbers beside those that all share.
//!
//! The columns of a group are projected out of the others within it; what is left of these is reduced together. Of each
//! group there remains R_j (a_j - a0_j) + S_j (b - b0) + t_j, where a are its own numbers and b are those that all share.

use super::affine::Term;
use super::design::{Design, Rows, map_all};
use super::exact::Exact;
use super::squares::{FoldedSum, add_number, matrix_times, squares_of_product, vector_of, without_transform};
use super::triangle::Triangle;
use crate::tape::graph::{Graph, Node};

/// Groups that are reduced before their remains are put together.
const GROUPS_AT_ONCE: usize = 64;

/// Rows by group.
pub struct Groups {
    rows: Vec<u32>,
    /// Where the rows of each group start, and the end.
    starts: Vec<usize>,
}

impl Groups {
    pub fn new(index: &[u32], n_groups: usize) -> Groups {
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

/// What remains of the rows of one group; its own columns times a_j, those projected out of the others.
struct Reduced {
    /// R_j, `[own, own]`
    r: Vec<f64>,
    /// S_j, `[own, others]`
    s: Vec<f64>,
    /// `[own, others + 1]`: what of S_j and t_j the projection has left, which is nearly nothing.
    left: Vec<f64>,
    /// `[own, others + 1]`: the numbers of the group that the other columns, and the constant, were.
    projected: Vec<f64>,
}

/// a0_j and t_j, around a centre of what all share.
struct Centred {
    centre: Vec<f64>,
    shift: Vec<f64>,
}

/// R of each group's own columns, and one R of what all groups share.
pub fn with_groups(
    g: &mut Graph,
    design: &Design,
    groups: &Groups,
    by_group: &[Term],
    n: usize,
) -> Option<FoldedSum> {
    let (own, others) = (design.own, design.unknowns.len());
    let (reduced, shared) = reduce(design, groups);
    let centre = least_squares(&shared, &lengths(&shared, &reduced));
    let centred: Vec<Centred> = reduced.iter().map(|group| group.around(&centre, own)).collect();

    let mut sums = Vec::with_capacity(own + 1);
    let mut distance = None;
    if others > 0 {
        let r = (0..others * others).map(|k| shared.at(k / others, k % others)).collect();
        let shift = shift_of_shared(&shared, &centre);
        sums.push(squares_of_product(g, &design.unknowns, &centre, r, shift)?);
        let v = vector_of(g, &design.unknowns);
        let centre = g.vector(&centre);
        distance = Some(g.sub(v, centre));
    }
    let mut own_distances = Vec::with_capacity(own);
    for (b, term) in by_group.iter().enumerate() {
        let v = g.slice(term.variable, 0, &[groups.len()]);
        let centre = finite_vector(g, centred.iter().map(|group| group.centre[b]))?;
        own_distances.push(g.sub(v, centre));
    }
    for a in 0..own {
        let mut u = finite_vector(g, centred.iter().map(|group| group.shift[a]))?;
        for (b, &own_distance) in own_distances.iter().enumerate().skip(a) {
            let r = finite_vector(g, reduced.iter().map(|group| group.r[a * own + b]))?;
            let product = g.mul(r, own_distance);
            u = g.add(product, u);
        }
        if let Some(distance) = distance {
            let s: Vec<f64> =
                reduced.iter().flat_map(|group| &group.s[a * others..(a + 1) * others]).copied().collect();
            if s.iter().any(|x| !x.is_finite()) {
                return None;
            }
            let product = matrix_times(g, s, [groups.len(), others], distance);
            u = g.add(u, product);
        }
        let squares = g.square(u);
        sums.push(g.sum_all(squares));
    }
    let total = sums.into_iter().reduce(|total, sum| g.add(total, sum))?;
    let rho = shared.at(others, others);
    let node = add_number(g, total, rho * rho)?;
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

/// All groups, and the triangle of what the projection leaves of the columns that they share.
fn reduce(design: &Design, groups: &Groups) -> (Vec<Reduced>, Triangle) {
    let mut shared = Triangle::new(design.unknowns.len() + 1);
    let mut reduced: Vec<Reduced> = Vec::with_capacity(groups.len());
    let all: Vec<usize> = (0..groups.len()).collect();
    for some in all.chunks(GROUPS_AT_ONCE) {
        let n_rows = some.iter().map(|&group| groups.rows(group).len()).sum();
        let parts = map_all(some.len(), n_rows, |k| reduce_group(design, groups.rows(some[k])));
        for (group, triangle) in parts {
            shared.absorb_corner(&triangle, design.own);
            reduced.push(group);
        }
    }
    (reduced, shared)
}

fn reduce_group(design: &Design, rows: &[u32]) -> (Reduced, Triangle) {
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
    (Reduced { r, s, left: block(&triangle), projected: block(&transform) }, triangle)
}

impl Reduced {
    fn around(&self, centre: &[f64], own: usize) -> Centred {
        let others = centre.len();
        // constant + coefficients * centre, of a row of `[own, others + 1]`
        let at_centre = |values: &[f64], a: usize| {
            let row = &values[a * (others + 1)..(a + 1) * (others + 1)];
            let mut sum = Exact::default();
            sum.add(row[others]);
            row.iter().zip(centre).for_each(|(x, c)| sum.add_product(*x, *c));
            sum
        };
        let sums: Vec<Exact> = (0..own).map(|a| at_centre(&self.projected, a)).collect();
        let own_centre: Vec<f64> = sums.iter().map(|sum| sum.value()).collect();
        let rounded = |b: usize| {
            let mut rest = sums[b];
            rest.add(-own_centre[b]);
            rest.value()
        };
        let shift = |a: usize| {
            let mut sum = at_centre(&self.left, a);
            (a..own).for_each(|b| sum.add_product(-self.r[a * own + b], rounded(b)));
            sum.value()
        };
        Centred { shift: (0..own).map(shift).collect(), centre: own_centre }
    }
}

/// q + R b0 of what all share.
fn shift_of_shared(shared: &Triangle, centre: &[f64]) -> Vec<f64> {
    let others = centre.len();
    let shift = |i: usize| {
        let mut sum = Exact::default();
        sum.add(shared.at(i, others));
        (i..others).for_each(|j| sum.add_product(shared.at(i, j), centre[j]));
        sum.value()
    };
    (0..others).map(shift).collect()
}

/// Of the columns that groups share, before those of the groups were projected out of them.
fn lengths(shared: &Triangle, groups: &[Reduced]) -> Vec<f64> {
    let others = shared.width - 1;
    let left = shared.lengths();
    let whole = |k: usize| {
        let own = groups.iter().flat_map(|group| group.s.iter().skip(k).step_by(others));
        (left[k] * left[k] + own.map(|s| s * s).sum::<f64>()).sqrt()
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

fn finite_vector(g: &mut Graph, values: impl Iterator<Item = f64>) -> Option<Node> {
    let values: Vec<f64> = values.collect();
    values.iter().all(|x| x.is_finite()).then(|| g.vector(&values))
}
