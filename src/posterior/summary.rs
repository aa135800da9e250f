//! Means, standard deviations and quantiles of one element, from draws or exactly.

use serde::{Deserialize, Serialize};

use crate::inference::ChainDraws;

/// What is reported of one element. `None`: not computed, or not finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub mean: Option<f64>,
    pub sd: Option<f64>,
    pub q05: Option<f64>,
    pub q50: Option<f64>,
    pub q95: Option<f64>,
    /// Monte Carlo standard error of the mean under q; 0 where the mean is exact.
    pub mcse: Option<f64>,
}

impl Summary {
    /// From independent draws.
    pub fn of_draws(draws: &[f64]) -> Summary {
        if draws.is_empty() || draws.iter().any(|x| x.is_nan()) {
            return Summary::default();
        }
        let (mean, sd) = mean_sd(draws);
        let mut scratch = draws.to_vec();
        let [q05, q50, q95] = [0.05, 0.5, 0.95].map(|p| finite(quantile_in_place(&mut scratch, p)));
        let mcse = finite(sd / (draws.len() as f64).sqrt());
        Summary { mean: finite(mean), sd: finite(sd), q05, q50, q95, mcse }
    }

    /// Of draws that are those of Markov chains: the error of the mean is that of as many independent draws as they are worth.
    pub fn of_chains(chains: ChainDraws<'_>) -> Summary {
        let summary = Summary::of_draws(chains.all());
        Summary { mcse: summary.mcse.and_then(|_| finite(chains.mcse_mean())), ..summary }
    }

    /// A value without uncertainty: a point estimate, whose standard error is not computed.
    pub fn of_point(value: f64) -> Summary {
        Summary { mean: finite(value), ..Summary::default() }
    }
}

/// `Some` of a finite number.
pub(super) fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

/// Mean and standard deviation (n - 1) of draws; the standard deviation of a single draw is 0.
pub fn mean_sd(draws: &[f64]) -> (f64, f64) {
    let n = draws.len() as f64;
    // Deviations from the first draw: exact for constant rows, and no cancellation for large means.
    let origin = draws.first().copied().unwrap_or(f64::NAN);
    let mean = origin + draws.iter().map(|x| x - origin).sum::<f64>() / n;
    let sum_of_squares: f64 = draws.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, if draws.len() > 1 { (sum_of_squares / (n - 1.0)).sqrt() } else { 0.0 })
}

/// The p-quantile by linear interpolation of order statistics (type 7 of Hyndman & Fan 1996, R's default).
/// Reorders `values`, which must not be empty.
pub fn quantile_in_place(values: &mut [f64], p: f64) -> f64 {
    let position = p.clamp(0.0, 1.0) * (values.len() - 1) as f64;
    let below = position.floor() as usize;
    let (_, &mut low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let weight = position - below as f64;
    match above.iter().copied().min_by(f64::total_cmp) {
        Some(high) if weight > 0.0 => low + weight * (high - low),
        _ => low,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_r_type_seven() {
        // R: quantile(c(3, 1, 4, 1, 5, 9, 2, 6), c(.05, .5, .95, 0, 1))
        let values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        for (p, expected) in [(0.05, 1.0), (0.5, 3.5), (0.95, 7.95), (0.0, 1.0), (1.0, 9.0)] {
            assert!((quantile_in_place(&mut values.to_vec(), p) - expected).abs() < 1e-12, "{p}");
        }
        assert_eq!(quantile_in_place(&mut [2.5], 0.3), 2.5);
    }

    #[test]
    fn moments_are_stable_far_from_zero() {
        let draws: Vec<f64> = (0..1000).map(|i| 1e9 + f64::from(i % 2)).collect();
        let (mean, sd) = mean_sd(&draws);
        assert_eq!(mean, 1e9 + 0.5);
        assert!((sd - (0.25f64 * 1000.0 / 999.0).sqrt()).abs() < 1e-9);
        assert_eq!(mean_sd(&[3.7; 10]), (3.7, 0.0));
    }

    #[test]
    fn what_is_not_finite_is_not_reported() {
        assert_eq!(Summary::of_draws(&[1.0, f64::NAN]), Summary::default());
        assert_eq!(Summary::of_draws(&[]), Summary::default());
        let draws: Vec<f64> = (0..100).map(|i| if i == 99 { f64::INFINITY } else { f64::from(i) }).collect();
        let summary = Summary::of_draws(&draws);
        assert_eq!((summary.mean, summary.sd, summary.mcse), (None, None, None));
        assert_eq!(summary.q50, Some(49.5));
    }
}
