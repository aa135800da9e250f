//! A proposal that follows the weights: a mixture of Gaussians fitted to weighted draws (Cappé, Douc, Guillin, Marin & Robert
//! 2008, "Adaptive importance sampling in general mixture classes").

use rayon::prelude::*;

use super::importance::{Proposal, Weighted};
use super::linear::{Matrix, dot, lower_factor};
use super::target::Target;
use crate::family::{Gaussian, Scale};

/// Components at most.
const COMPONENTS: usize = 5;
const ITERATIONS: usize = 12;
/// Nats by which the mean log density of the draws rises, below which the mixture is fitted.
const ENOUGH: f64 = 2e-3;
/// Effective draws for each number of a component, below which there are fewer components.
const DRAWS_A_NUMBER: f64 = 8.0;
/// A share of the covariance of all draws in that of each component, so that none collapses.
const COMMON: f64 = 0.03;
/// Components with a smaller share are left out.
const LEAST_SHARE: f64 = 0.01;

/// A mixture fitted to the latents of weighted draws; `None` where there are too few for it.
pub fn fit(target: &Target, weighted: &Weighted) -> Option<Proposal> {
    let (d, n) = (target.n_latent(), weighted.n);
    let numbers = (d * (d + 3) / 2) as f64;
    let affordable = (weighted.effective_draws() / (DRAWS_A_NUMBER * numbers)) as usize;
    let k = affordable.min(COMPONENTS);
    if k == 0 {
        return None;
    }
    let latent = target.gather_latent(n, &weighted.z);
    let weights: Vec<f64> = weighted.smoothed.log_weights.iter().map(|w| w.exp()).collect();
    let draws = Draws { d, n, latent: &latent };
    let whole = draws.gaussian(&weights, None)?;
    let mut base = vec![0.0; d * n];
    whole.whiten(n, &latent, &mut base);
    let whitened = Draws { d, n, latent: &base };
    let mut components: Vec<(f64, Gaussian)> = whitened
        .spread(&weights, k)
        .into_iter()
        .map(|mean| (1.0 / k as f64, Gaussian { mean, scale: Scale::Diagonal(vec![0.7; d]) }))
        .collect();
    let mut before = f64::NEG_INFINITY;
    for _ in 0..ITERATIONS {
        let (parts, gain) = whitened.responsibilities(&components, &weights);
        if gain - before < ENOUGH {
            break;
        }
        before = gain;
        let follow = |part: &[f64]| {
            let share: f64 = part.iter().sum();
            let q = (share >= LEAST_SHARE).then(|| whitened.gaussian(part, Some(COMMON))).flatten()?;
            Some((share, q))
        };
        let mut next: Vec<(f64, Gaussian)> = parts.par_chunks_exact(n).filter_map(follow).collect();
        let total: f64 = next.iter().map(|(share, _)| share).sum();
        next.iter_mut().for_each(|(share, _)| *share /= total);
        components = next;
    }
    let back = |(share, q): (f64, Gaussian)| Some((share, compose(&whole, &q)?));
    let components: Option<Vec<(f64, Gaussian)>> = components.into_iter().map(back).collect();
    components.filter(|components| !components.is_empty()).map(|components| Proposal { components })
}

/// `latent[d][n]`
struct Draws<'a> {
    d: usize,
    n: usize,
    latent: &'a [f64],
}

impl Draws<'_> {
    fn row(&self, i: usize) -> &[f64] {
        &self.latent[i * self.n..(i + 1) * self.n]
    }

    /// Moments of the weighted draws, with a share of the identity in the covariance.
    fn gaussian(&self, weights: &[f64], common: Option<f64>) -> Option<Gaussian> {
        let total: f64 = weights.iter().sum();
        let mean: Vec<f64> = (0..self.d).map(|i| dot(self.row(i), weights) / total).collect();
        let mut centred = self.latent.to_vec();
        for (row, mean) in centred.chunks_exact_mut(self.n).zip(&mean) {
            row.iter_mut().for_each(|x| *x -= mean);
        }
        let mut covariance = Matrix::zeros(self.d);
        let share = common.unwrap_or(0.0);
        let mut weighed = vec![0.0; self.n];
        for (i, x) in centred.chunks_exact(self.n).enumerate() {
            weighed.iter_mut().zip(x.iter().zip(weights)).for_each(|(out, (x, w))| *out = x * w);
            for (j, y) in centred.chunks_exact(self.n).take(i + 1).enumerate() {
                let unit = f64::from(u8::from(i == j));
                *covariance.at_mut(i, j) = (1.0 - share) * dot(&weighed, y) / total + share * unit;
                *covariance.at_mut(j, i) = covariance.at(i, j);
            }
        }
        let lower = covariance.is_finite().then(|| lower_factor(&covariance)).flatten()?;
        Some(Gaussian { mean, scale: Scale::Lower(lower.packed()) })
    }

    /// What each component has of the draws' weights, `[components][n]`, and the weighted mean of the mixture's log density.
    fn responsibilities(&self, components: &[(f64, Gaussian)], weights: &[f64]) -> (Vec<f64>, f64) {
        let log_densities: Vec<Vec<f64>> =
            components.par_iter().map(|(share, q)| self.log_density(*share, q)).collect();
        let mut parts = log_densities.concat();
        let mut largest = vec![f64::NEG_INFINITY; self.n];
        for own in parts.chunks_exact(self.n) {
            largest.iter_mut().zip(own).for_each(|(largest, x)| *largest = largest.max(*x));
        }
        let mut totals = vec![0.0; self.n];
        for own in parts.chunks_exact_mut(self.n) {
            for ((total, x), largest) in totals.iter_mut().zip(own).zip(&largest) {
                *x = (*x - largest).exp();
                *total += *x;
            }
        }
        for own in parts.chunks_exact_mut(self.n) {
            for ((x, total), w) in own.iter_mut().zip(&totals).zip(weights) {
                *x = if *w > 0.0 && *total > 0.0 { *x * w / total } else { 0.0 };
            }
        }
        let usable = |k: &usize| weights[*k] > 0.0 && totals[*k] > 0.0;
        let gain = (0..self.n).filter(usable).map(|k| weights[k] * (largest[k] + totals[k].ln())).sum();
        (parts, gain)
    }

    /// log share + log density at each draw.
    fn log_density(&self, share: f64, q: &Gaussian) -> Vec<f64> {
        let mut base = vec![0.0; self.d * self.n];
        q.whiten(self.n, self.latent, &mut base);
        let mut log_density = vec![share.ln() - q.log_det(); self.n];
        for row in base.chunks_exact(self.n) {
            log_density.iter_mut().zip(row).for_each(|(sum, x)| *sum -= 0.5 * x * x);
        }
        log_density
    }

    /// `k` draws far from each other, among those that weights make likely: quantiles of the weights, then the farthest.
    fn spread(&self, weights: &[f64], k: usize) -> Vec<Vec<f64>> {
        const CANDIDATES: usize = 64;
        let point = |at: usize| -> Vec<f64> { (0..self.d).map(|i| self.row(i)[at]).collect() };
        let (mut above, mut candidates) = (0.0, Vec::with_capacity(CANDIDATES));
        for (at, w) in weights.iter().enumerate() {
            above += w;
            while candidates.len() < CANDIDATES
                && (candidates.len() as f64 + 0.5) / (CANDIDATES as f64) < above
            {
                candidates.push(point(at));
            }
        }
        let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        let mut chosen = vec![vec![0.0; self.d]];
        while chosen.len() < k {
            let nearest = |x: &[f64]| chosen.iter().map(|c| distance(c, x)).fold(f64::INFINITY, f64::min);
            let Some(farthest) = candidates.iter().max_by(|a, b| nearest(a).total_cmp(&nearest(b))) else {
                break;
            };
            chosen.push(farthest.clone());
        }
        chosen
    }
}

/// The Gaussian of whole.place(x) for x from q.
fn compose(whole: &Gaussian, q: &Gaussian) -> Option<Gaussian> {
    let d = q.n();
    let mut mean = vec![0.0; d];
    whole.place(1, &q.mean, &mut mean);
    let (Scale::Lower(outer), Scale::Lower(inner)) = (&whole.scale, &q.scale) else { return None };
    let at = |lower: &[f64], i: usize, j: usize| lower[i * (i + 1) / 2 + j];
    let element = |(i, j): (usize, usize)| (j..=i).map(|k| at(outer, i, k) * at(inner, k, j)).sum::<f64>();
    let rows = (0..d).flat_map(|i| (0..=i).map(move |j| (i, j))).map(element).collect();
    Some(Gaussian { mean, scale: Scale::Lower(rows) })
}
