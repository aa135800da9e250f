//! Leave-one-out of a posterior: how well the model predicts each observation from all others.

use serde::{Deserialize, Serialize};

use crate::density::{LogDensity, TermKind};
use crate::inference::{k_hat_threshold, leave_one_out, total};

/// Observations that are left out at most: of more, a random sample stands for all.
const MAX_OBSERVATIONS: usize = 1 << 14;
/// Draws at most: beyond, the error of an elpd is that of the data, not of the draws.
const MAX_DRAWS: usize = 4_000;
/// Log likelihoods, one for each of these observations and draws, at most.
const MAX_NUMBERS: usize = 1 << 24;
/// Log likelihoods of all observations and draws at most, as far as `MIN_DRAWS` allow.
const MAX_EVALUATED: usize = 1 << 26;
const MIN_DRAWS: usize = 400;
/// Models of more observations are not looked at: the evaluations would take longer than anything else.
const MOST_OBSERVED: usize = 4_000_000;
/// Log likelihoods of one evaluation.
const BLOCK: usize = 1 << 22;
/// Lanes of one evaluation.
const LANES: usize = 64;

/// Leave-one-out by smoothed importance weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loo {
    /// Observations of the model; `elpd` may be of a sample of them, the same for all models of so many.
    pub n_observed: usize,
    /// What stands on the left of statements with data, in order.
    pub observed: Vec<String>,
    /// Of the values that are observed: models with the same one have the same data.
    pub fingerprint: String,
    /// Draws that the weights are of.
    pub n_draws: usize,
    /// log p(x_i | x_-i), nats; null where it is not finite.
    pub elpd: Vec<Option<f64>>,
    /// Pareto k-hat of the weights that leave x_i out; null: infinite.
    pub k_hat: Vec<Option<f64>>,
    /// log p(x_i | x) of all observations together.
    pub lpd: Option<f64>,
}

/// Points of a posterior, or with weights of one.
pub struct Points<'p> {
    /// `[D][n]`
    pub z: &'p [f64],
    pub n: usize,
    /// log p(x, z) - log q(z) of draws that are not from the posterior.
    pub log_ratios: Option<&'p [f64]>,
    /// Effective sample size over n.
    pub relative_efficiency: f64,
    /// Draws that come one after the other are alike.
    pub is_chain: bool,
}

impl Loo {
    /// `None` where there is nothing to leave out, or too much.
    pub fn of(density: &dyn LogDensity, points: &Points<'_>, fingerprint: String) -> Option<Loo> {
        let n_observed = density.n_pointwise();
        if !(2..=MOST_OBSERVED).contains(&n_observed) || points.n == 0 {
            return None;
        }
        let rows = looked_at(n_observed);
        let affordable = (MAX_NUMBERS / rows.len()).min(MAX_EVALUATED / n_observed).max(MIN_DRAWS);
        let n_draws = affordable.min(MAX_DRAWS).min(points.n);
        let taken: Vec<usize> = match points.is_chain {
            true => (0..n_draws).map(|k| k * points.n / n_draws).collect(),
            false => (0..n_draws).collect(),
        };
        let log_likelihood = log_likelihoods(density, points, &rows, &taken);
        let ratios: Option<Vec<f64>> =
            points.log_ratios.map(|ratios| taken.iter().map(|&draw| ratios[draw]).collect());
        let left_out = leave_one_out(&log_likelihood, ratios.as_deref(), n_draws, points.relative_efficiency);
        let finite = |x: f64| Some(x).filter(|x| x.is_finite());
        let lpd: Vec<f64> = left_out.iter().map(|left_out| left_out.lpd).collect();
        let statements = density.statements().iter().filter(|term| term.kind == TermKind::Likelihood);
        let left = |text: &str| text.split('~').next().unwrap_or_default().trim().to_string();
        Some(Loo {
            n_observed,
            observed: statements.map(|term| left(&term.text)).collect(),
            fingerprint,
            n_draws,
            elpd: left_out.iter().map(|left_out| finite(left_out.elpd)).collect(),
            k_hat: left_out.iter().map(|left_out| finite(left_out.k_hat)).collect(),
            lpd: finite(total(&lpd, n_observed).0),
        })
    }

    /// Expected log predictive density of all observations, with its standard error, nats; `None` where that of one is not finite.
    pub fn elpd(&self) -> Option<(f64, f64)> {
        let elpd: Option<Vec<f64>> = self.elpd.iter().copied().collect();
        elpd.map(|elpd| total(&elpd, self.n_observed))
    }

    /// How many parameters the model has in effect: by how much worse it predicts what it has not seen.
    pub fn p_loo(&self) -> Option<f64> {
        Some(self.lpd? - self.elpd()?.0)
    }

    /// k-hat up to which an observation's elpd is known.
    pub fn threshold(&self) -> f64 {
        k_hat_threshold(self.n_draws)
    }

    /// Observations among those looked at whose k-hat is too large.
    pub fn n_unreliable(&self) -> usize {
        self.k_hat.iter().filter(|k| k.is_none_or(|k| k > self.threshold())).count()
    }

    /// elpd of this minus that of another model of the same data, with the standard error of the difference.
    pub fn minus(&self, other: &Loo) -> Option<(f64, f64)> {
        let pairs = self.elpd.iter().zip(&other.elpd);
        let difference: Option<Vec<f64>> = pairs.map(|(a, b)| Some((*a)? - (*b)?)).collect();
        difference.map(|difference| total(&difference, self.n_observed))
    }

    /// Why the two cannot be set side by side, if so.
    pub fn differs(&self, other: &Loo) -> Option<&'static str> {
        if self.n_observed != other.n_observed || self.elpd.len() != other.elpd.len() {
            Some("the models do not have the same number of observations")
        } else if self.fingerprint != other.fingerprint {
            Some("the models do not observe the same values")
        } else {
            None
        }
    }

    /// Whether observations come in the same order, as far as the statements tell.
    pub fn is_aligned(&self, other: &Loo) -> bool {
        let names = |loo: &Loo| -> Vec<String> {
            let mut names: Vec<String> = loo
                .observed
                .iter()
                .map(|left| left.split('[').next().unwrap_or_default().trim().to_string())
                .collect();
            names.dedup();
            names
        };
        names(self) == names(other)
    }
}

/// The observations that are left out, in ascending order: all, or a random sample that depends on their number alone, so that
/// models of the same data look at the same ones.
fn looked_at(n_observed: usize) -> Vec<usize> {
    if n_observed <= MAX_OBSERVATIONS {
        return (0..n_observed).collect();
    }
    // One at random of each of as many runs of neighbours.
    let mut state = n_observed as u64;
    (0..MAX_OBSERVATIONS)
        .map(|k| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut x = state;
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            x ^= x >> 31;
            let (from, to) = (k * n_observed / MAX_OBSERVATIONS, (k + 1) * n_observed / MAX_OBSERVATIONS);
            from + (x % (to - from) as u64) as usize
        })
        .collect()
}

/// `[rows][taken]` log p(x_i | z).
fn log_likelihoods(
    density: &dyn LogDensity,
    points: &Points<'_>,
    rows: &[usize],
    taken: &[usize],
) -> Vec<f64> {
    let n_observed = density.n_pointwise();
    let most = (BLOCK / n_observed).clamp(1, LANES);
    let mut values = vec![0.0; rows.len() * taken.len()];
    let (mut z, mut out) = (Vec::new(), vec![0.0; n_observed * most]);
    for (block, draws) in taken.chunks(most).enumerate() {
        let lanes = draws.len();
        z.clear();
        z.extend(points.z.chunks_exact(points.n).flat_map(|row| draws.iter().map(|&draw| row[draw])));
        let out = &mut out[..n_observed * lanes];
        density.pointwise(lanes, &z, out);
        for (&row, values) in rows.iter().zip(values.chunks_exact_mut(taken.len())) {
            let first = block * most;
            values[first..first + lanes].copy_from_slice(&out[row * lanes..(row + 1) * lanes]);
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_observations_are_spread_over_all() {
        assert_eq!(looked_at(5), [0, 1, 2, 3, 4]);
        let rows = looked_at(1_000_000);
        assert_eq!(rows.len(), MAX_OBSERVATIONS);
        assert!(rows.windows(2).all(|pair| pair[0] < pair[1]) && rows[MAX_OBSERVATIONS - 1] < 1_000_000);
        assert_eq!(rows, looked_at(1_000_000));
    }
}
