//! The ELBO that is reported: fresh draws, its Monte Carlo error, and its two parts.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::draws::{BaseDraws, Block, Task, rng};
use super::options::Parts;
use super::target::Target;
use crate::density::TermKind;
use crate::family::Family;

/// ELBO = E_q[log p(x | z)] - KL(q || p(z)), in nats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Elbo {
    pub value: f64,
    /// Monte Carlo standard error of `value`.
    pub se: f64,
    /// E_q[log p(x | z)], factors included.
    pub log_likelihood: f64,
    /// KL(q || p(z)): `log_likelihood - value`.
    pub kl: f64,
}

/// The ELBO of q on `n_draws` fresh draws, and how many of them had no finite log density; those are left out;
/// no ELBO if that leaves none.
pub fn evaluate(
    target: &Target,
    family: &dyn Family,
    (lambda, theta): (&[f64], &[f64]),
    n_draws: usize,
    seed: u64,
) -> (Option<Elbo>, usize) {
    let n_latent = target.n_latent();
    let n_pairs = if n_latent == 0 { 1 } else { n_draws.div_ceil(2).max(2) };
    let n_base = family.n_base(n_latent);
    let draws = BaseDraws::antithetic(&mut rng(seed, Task::Elbo), n_base, n_pairs, target.lanes());
    let statements = target.density.statements();
    let one_block = |block: &Block| {
        let lanes = block.lanes;
        let z = target.points(family, lambda, theta, block);
        let mut terms = vec![0.0; statements.len() * lanes];
        target.density.terms(lanes, &z, &mut terms);
        let mut log_q = vec![0.0; lanes];
        family.log_q(n_latent, lambda, lanes, &block.base, &mut log_q);
        let lane = |l: usize| statements.iter().zip(terms.iter().skip(l).step_by(lanes));
        let joint = |l| lane(l).map(|(_, t)| t).sum::<f64>();
        let likelihood = |l| lane(l).filter(|(s, _)| s.kind != TermKind::Prior).map(|(_, t)| t).sum::<f64>();
        (0..lanes).map(|l| (joint(l), likelihood(l), log_q[l])).collect::<Vec<_>>()
    };
    let draws: Vec<(f64, f64, f64)> = if target.is_large(draws.n_draws) {
        draws.blocks.par_iter().map(one_block).collect::<Vec<_>>().concat()
    } else {
        draws.blocks.iter().flat_map(one_block).collect()
    };
    let joint: Vec<f64> = draws.iter().map(|d| d.0).collect();
    let likelihood: Vec<f64> = draws.iter().map(|d| d.1).collect();
    let log_q: Vec<f64> = draws.iter().map(|d| d.2).collect();
    let (joint, likelihood, log_q) = (pair_means(&joint), pair_means(&likelihood), pair_means(&log_q));
    let usable: Vec<usize> =
        (0..n_pairs).filter(|&k| joint[k].is_finite() && likelihood[k].is_finite()).collect();
    let pick = |x: &[f64]| usable.iter().map(|&k| x[k]).collect::<Vec<f64>>();
    let entropy = family.entropy(n_latent, lambda);
    let control: Vec<f64> = pick(&log_q).iter().map(|log_q| log_q + entropy).collect();
    let (mean_joint, se) = controlled_mean(&pick(&joint), &control);
    let (log_likelihood, _) = controlled_mean(&pick(&likelihood), &control);
    let value = mean_joint + entropy;
    let elbo = Elbo { value, se, log_likelihood, kl: log_likelihood - value };
    ((!usable.is_empty()).then_some(elbo), 2 * (n_pairs - usable.len()))
}

/// The two parts of an ELBO of `value` on the draws of an objective.
pub fn parts_on(target: &Target, family: &dyn Family, x: &[f64], draws: &BaseDraws, value: f64) -> Parts {
    let statements = target.density.statements();
    let (lambda, theta) = target.split(x);
    let one_block = |block: &Block| {
        let z = target.points(family, lambda, theta, block);
        let mut terms = vec![0.0; statements.len() * block.lanes];
        target.density.terms(block.lanes, &z, &mut terms);
        let by_statement = statements.iter().zip(terms.chunks_exact(block.lanes));
        by_statement.filter(|(s, _)| s.kind != TermKind::Prior).flat_map(|(_, terms)| terms).sum::<f64>()
    };
    let sums: Vec<f64> = if target.is_large(draws.n_draws) {
        draws.blocks.par_iter().map(one_block).collect()
    } else {
        draws.blocks.iter().map(one_block).collect()
    };
    let log_likelihood = sums.iter().sum::<f64>() / draws.n_draws as f64;
    Parts { log_likelihood, kl: log_likelihood - value }
}

/// Means of neighbours: an antithetic pair is one independent observation.
fn pair_means(x: &[f64]) -> Vec<f64> {
    x.chunks_exact(2).map(|pair| 0.5 * (pair[0] + pair[1])).collect()
}

/// Mean of x and its standard error, with a control variate whose expectation is 0 (its coefficient by regression):
/// where q is the posterior, log p differs from log q by a constant, and the error vanishes.
fn controlled_mean(x: &[f64], control: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = |x: &[f64]| x.iter().sum::<f64>() / n;
    let (mean_x, mean_c) = (mean(x), mean(control));
    let covariance: f64 = x.iter().zip(control).map(|(x, c)| (x - mean_x) * (c - mean_c)).sum();
    let variance: f64 = control.iter().map(|c| (c - mean_c).powi(2)).sum();
    let slope = if variance > 0.0 { covariance / variance } else { 0.0 };
    let residual = |(x, c): (&f64, &f64)| (x - mean_x - slope * (c - mean_c)).powi(2);
    let residuals: f64 = x.iter().zip(control).map(residual).sum();
    // two fitted coefficients
    let se = if n > 2.0 { (residuals / (n - 2.0) / n).sqrt() } else { 0.0 };
    (mean_x - slope * mean_c, se)
}
