//! Leave-one-out cross-validation without fitting again: each observation is taken out of the posterior by smoothed importance
//! weights (Vehtari, Gelman & Gabry 2017; Magnusson, Andersen, Jonasson & Vehtari 2019 for draws of an approximation).

use rayon::prelude::*;

use super::psis::{log_sum_exp, smooth};

/// What the model, fitted to all other observations, says of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeftOut {
    /// log p(x_i | x_-i), nats.
    pub elpd: f64,
    /// log p(x_i | x): the same with the observation among those fitted to.
    pub lpd: f64,
    /// Pareto k-hat of the weights that take it out.
    pub k_hat: f64,
}

/// Leaves out one observation after the other.
///
/// `log_likelihood[n][draws]` has log p(x_i | z) of each draw. Of draws that are not from the posterior, `log_ratios[draws]` are
/// log p(z, x) - log q(z), up to a constant. `relative_efficiency` is the effective sample size over the number of draws.
pub fn leave_one_out(
    log_likelihood: &[f64],
    log_ratios: Option<&[f64]>,
    n_draws: usize,
    relative_efficiency: f64,
) -> Vec<LeftOut> {
    let posterior = log_ratios.map(|ratios| smooth(ratios, relative_efficiency).log_weights);
    let one = |row: &[f64]| {
        let ratio = |draw: usize| log_ratios.map_or(0.0, |ratios| ratios[draw]);
        let without: Vec<f64> = row.iter().enumerate().map(|(draw, l)| ratio(draw) - l).collect();
        let smoothed = smooth(&without, relative_efficiency);
        let mean_under = |log_weight: &dyn Fn(usize) -> f64| {
            let terms: Vec<f64> = row.iter().enumerate().map(|(draw, l)| log_weight(draw) + l).collect();
            log_sum_exp(&terms)
        };
        LeftOut {
            elpd: mean_under(&|draw| smoothed.log_weights[draw]),
            lpd: match &posterior {
                Some(log_weights) => mean_under(&|draw| log_weights[draw]),
                None => mean_under(&|_| -(n_draws as f64).ln()),
            },
            k_hat: smoothed.k_hat,
        }
    };
    log_likelihood.par_chunks_exact(n_draws.max(1)).map(one).collect()
}

/// A sum over observations, and its standard error as one of observations drawn at random.
///
/// Where `values` are those of a random sample of `of` observations, the sum over all of them, with what is not known of
/// those that are not in it.
pub fn total(values: &[f64], of: usize) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    let (all, scale) = (of as f64, of as f64 / n);
    // of observations in a population, plus those of a sample among all of them
    let unseen = (1.0 - n / all).max(0.0) * scale * all * variance;
    (scale * mean * n, (all * variance + unseen).sqrt())
}
