//! A few draws of a posterior, and what ranks say of them.

use crate::density::LogDensity;
use crate::inference::chains::{CHAINS, Chains};
use crate::inference::fit::Fit;
use crate::inference::importance::Weighted;

/// Draws of a posterior, as good as there are any, in the coordinates of the model as written.
pub struct Sketch {
    /// `[D][n]`, chain after chain.
    pub(super) z: Vec<f64>,
    pub(super) n: usize,
    pub(super) n_chains: usize,
}

/// Draws of a sketch.
const DRAWS: usize = 1024;

impl Sketch {
    pub fn of_chains(chains: &Chains) -> Sketch {
        let own = (DRAWS / CHAINS).min(chains.n_draws);
        let at = |k: usize| k / own * chains.n_draws + k % own * chains.n_draws / own;
        let taken: Vec<usize> = (0..own * CHAINS).map(at).collect();
        Sketch { n_chains: CHAINS, ..Sketch::taken(&chains.z, chains.n_all(), &taken) }
    }

    pub fn of_weighted(weighted: &Weighted, seed: u64) -> Sketch {
        Sketch::taken(&weighted.z, weighted.n, &weighted.resampled(DRAWS, seed))
    }

    /// Draws of q; `None` if its family is unknown.
    pub fn of_fit(density: &dyn LogDensity, fit: &Fit) -> Option<Sketch> {
        Some(Sketch { z: fit.sample(density, DRAWS, fit.seed)?, n: DRAWS, n_chains: 1 })
    }

    fn taken(z: &[f64], n: usize, which: &[usize]) -> Sketch {
        let z = z.chunks_exact(n).flat_map(|row| which.iter().map(|&k| row[k])).collect();
        Sketch { z, n: which.len(), n_chains: 1 }
    }

    /// `[D][n]`, and n.
    pub fn points(&self) -> (&[f64], usize) {
        (&self.z, self.n)
    }

    pub(super) fn row(&self, i: usize) -> &[f64] {
        &self.z[i * self.n..(i + 1) * self.n]
    }

    pub(super) fn draw(&self, k: usize) -> Vec<f64> {
        self.z.chunks_exact(self.n).map(|row| row[k]).collect()
    }

    /// The coordinate that goes with these values, `[n]`, most.
    pub fn nearest(&self, values: &[f64]) -> Option<usize> {
        let own = ranks(values);
        let dim = self.z.len() / self.n;
        let likeness = |&i: &usize| correlation(&own, &ranks(self.row(i))).abs();
        (0..dim).filter(|&i| spread(self.row(i)) > 0.0).max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
    }
}

pub(super) fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

pub(super) fn median(x: &mut [f64]) -> f64 {
    let middle = x.len() / 2;
    *x.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// Half of what lies between the quantiles that are an sd to either side of the centre of a normal.
pub(super) fn spread(x: &[f64]) -> f64 {
    let mut ordered = x.to_vec();
    ordered.sort_unstable_by(f64::total_cmp);
    let at = |p: f64| ordered[((ordered.len() - 1) as f64 * p).round() as usize];
    0.5 * (at(0.841) - at(0.159))
}

/// Ranks, centred at 0.
pub(super) fn ranks(x: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_unstable_by(|&a, &b| x[a].total_cmp(&x[b]).then(a.cmp(&b)));
    let mut ranks = vec![0.0; x.len()];
    let centre = 0.5 * (x.len() as f64 - 1.0);
    order.iter().enumerate().for_each(|(rank, &k)| ranks[k] = rank as f64 - centre);
    ranks
}

/// Of numbers centred at 0.
pub(super) fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    product(a, b) / (product(a, a) * product(b, b)).sqrt()
}
