//! Which second derivatives of log p are not 0, and how few products with the Hessian tell them all.

use rayon::prelude::*;

use super::draws::{Task, fill_normal, rng};
use super::target::Target;
use crate::family::Pattern;

/// Latents up to which the Hessian is looked at, column by column.
pub const MAX_LATENTS: usize = 4_000;
/// Sums and products that may be spent on it.
const MAX_WORK: f64 = 1e10;
/// Elements for each latent, in the Hessian and in the factor, from which it is not sparse.
const MAX_ELEMENTS: usize = 100;
/// An element counts if it is larger than this share of the largest in its row and in its column: rounding errors are not.
const LEAST: f64 = 1e-10;

/// The elements of -∇²log p, of latents, that are not always 0.
pub struct Sparsity {
    pub pattern: Pattern,
    /// Latents whose columns one product adds up without mixing what is read off.
    groups: Vec<Vec<usize>>,
    /// The group of each latent.
    group: Vec<usize>,
    /// For each element below the diagonal, the group and the row that hold it.
    reads: Vec<(usize, usize)>,
}

impl Sparsity {
    /// As two points near `latent` tell, `sd` apart; `None` where hardly anything is 0, or there are too many latents.
    pub fn find(target: &Target, latent: &[f64], sd: &[f64], theta: &[f64]) -> Option<Sparsity> {
        let n = latent.len();
        if n > MAX_LATENTS || target.density.work() * (2 * n) as f64 > MAX_WORK {
            return None;
        }
        let mut rng = rng(0, Task::Probes);
        let mut moved = || {
            let mut shift = vec![0.0; n];
            fill_normal(&mut rng, &mut shift);
            let moved = latent.iter().zip(sd).zip(shift).map(|((z, sd), shift)| z + 0.5 * sd * shift);
            target.join(&moved.collect::<Vec<f64>>(), theta)
        };
        let points = [moved(), moved()];
        let mut place = vec![None; target.dim()];
        target.latent.iter().enumerate().for_each(|(k, &i)| place[i] = Some(k));
        let mut elements = Vec::new();
        let mut largest = vec![0.0f64; n];
        for z in &points {
            target.hessian_columns(z, |j, i, value| {
                let (Some(i), Some(j)) = (place[i], place[j]) else { return };
                largest[i] = largest[i].max(value.abs());
                if i > j && value != 0.0 && elements.len() <= 4 * MAX_ELEMENTS * n {
                    elements.push((i, j, value.abs()));
                }
            });
        }
        if elements.len() > 4 * MAX_ELEMENTS * n || !largest.iter().all(|x| x.is_finite()) {
            return None;
        }
        let mut below: Vec<(usize, usize)> = elements
            .into_iter()
            .filter(|&(i, j, value)| value > LEAST * largest[i].min(largest[j]))
            .map(|(i, j, _)| (i, j))
            .collect();
        below.sort_unstable();
        below.dedup();
        Sparsity::of(n, below)
    }

    /// Of the elements `below` the diagonal; `None` if they are too many.
    fn of(n: usize, below: Vec<(usize, usize)>) -> Option<Sparsity> {
        let mut neighbours = vec![Vec::new(); n];
        for &(i, j) in &below {
            neighbours[i].push(j);
            neighbours[j].push(i);
        }
        // What has many neighbours has a product of its own, so that the others can share theirs.
        let limits = std::iter::successors(Some(4), |limit| (*limit < n).then_some(2 * limit));
        let groups = limits.map(|limit| groups(&neighbours, limit)).min_by_key(Vec::len)?;
        let pattern = Pattern::new(n, below)?;
        if 2 * groups.len() > n || pattern.n_factor() > MAX_ELEMENTS * n {
            return None;
        }
        let mut group = vec![0; n];
        for (g, members) in groups.iter().enumerate() {
            members.iter().for_each(|&i| group[i] = g);
        }
        let alone = |i: usize| groups[group[i]].len() == 1;
        let read =
            |&(i, j): &(usize, usize)| if alone(i) && !alone(j) { (group[i], j) } else { (group[j], i) };
        let reads = pattern.below().iter().map(read).collect();
        Some(Sparsity { pattern, groups, group, reads })
    }

    /// Products with the Hessian that it takes.
    pub fn n_products(&self) -> usize {
        self.groups.len()
    }

    /// Diagonal and elements below it of -Σ ∇²log p over the points `z[D][lanes]`.
    pub fn negative_hessian(&self, target: &Target, lanes: usize, z: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let d = target.dim();
        let sum = |members: &Vec<usize>| -> Vec<f64> {
            let (mut v, mut gradient, mut product) =
                (vec![0.0; d * lanes], vec![0.0; d * lanes], vec![0.0; d * lanes]);
            for at in members.iter().map(|&k| target.latent[k]) {
                v[at * lanes..(at + 1) * lanes].fill(1.0);
            }
            target.hessian_vector(lanes, z, &v, &mut gradient, &mut product);
            let row = |&i: &usize| -product[i * lanes..(i + 1) * lanes].iter().sum::<f64>();
            target.latent.iter().map(row).collect()
        };
        let sums: Vec<Vec<f64>> = if target.is_large(self.groups.len() * lanes) {
            self.groups.par_iter().map(sum).collect()
        } else {
            self.groups.iter().map(sum).collect()
        };
        let diagonal = self.group.iter().enumerate().map(|(i, &g)| sums[g][i]).collect();
        (diagonal, self.reads.iter().map(|&(g, row)| sums[g][row]).collect())
    }
}

/// Coordinates with more neighbours than `limit` alone, the others together with such as have no neighbour in common among
/// these.
fn groups(neighbours: &[Vec<usize>], limit: usize) -> Vec<Vec<usize>> {
    let n = neighbours.len();
    let is_shared = |i: usize| neighbours[i].len() > limit;
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut group = vec![usize::MAX; n];
    // The last coordinate that must not be in a group.
    let mut refused: Vec<usize> = Vec::new();
    for i in (0..n).filter(|&i| !is_shared(i)) {
        let near = neighbours[i].iter().copied().filter(|&j| !is_shared(j));
        for j in near {
            let around = neighbours[j].iter().copied().filter(|&k| !is_shared(k)).chain([j]);
            for k in around.filter(|&k| group[k] != usize::MAX) {
                refused[group[k]] = i;
            }
        }
        let g = refused.iter().position(|&last| last != i).unwrap_or_else(|| {
            groups.push(Vec::new());
            refused.push(usize::MAX);
            groups.len() - 1
        });
        groups[g].push(i);
        group[i] = g;
    }
    groups.extend((0..n).filter(|&i| is_shared(i)).map(|i| vec![i]));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_product_adds_up_can_be_told_apart() {
        // two hubs that all others touch, the others a chain
        let n = 40;
        let mut below: Vec<(usize, usize)> = (2..n).flat_map(|i| [(i, 0), (i, 1)]).collect();
        below.extend((3..n).map(|i| (i, i - 1)));
        below.push((1, 0));
        below.sort_unstable();
        let sparsity = Sparsity::of(n, below.clone()).expect("sparse");
        assert_eq!(sparsity.n_products(), 2 + 3);
        let has = |i: usize, j: usize| i == j || below.contains(&(i.max(j), i.min(j)));
        for (&(i, j), &(g, row)) in below.iter().zip(&sparsity.reads) {
            let column = if row == i { j } else { i };
            assert!(row == i || row == j);
            let mixed: Vec<usize> = sparsity.groups[g].iter().copied().filter(|&k| has(row, k)).collect();
            assert_eq!(mixed, [column], "element {i}, {j}");
        }
        for (i, &g) in sparsity.group.iter().enumerate() {
            assert_eq!(sparsity.groups[g].iter().filter(|&&k| has(i, k)).count(), 1);
        }
    }

    #[test]
    fn what_is_not_sparse_is_refused() {
        let all = (0..30).flat_map(|i| (0..i).map(move |j| (i, j))).collect();
        assert!(Sparsity::of(30, all).is_none());
    }
}
