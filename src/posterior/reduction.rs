//! The words that turn draws into one number: `mean(x)`, `sd(x)`, `P(x > 0)`, `quantile(x, 0.9)`.

use super::states::States;
use super::summary::{Summary, mean_sd, quantile_in_place};
use crate::inference::ChainDraws;

/// A summary over draws, elementwise over arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reduction {
    Mean,
    Sd,
    Var,
    Median,
    Quantile,
    /// The most probable value of what is discrete.
    Mode,
    /// The values of all elements that are most likely together.
    Path,
    /// The posterior probability of a condition.
    Probability,
    /// Of two quantities.
    Correlation,
}

impl Reduction {
    pub fn find(name: &str) -> Option<Reduction> {
        Some(match name {
            "mean" => Reduction::Mean,
            "sd" => Reduction::Sd,
            "var" => Reduction::Var,
            "median" => Reduction::Median,
            "quantile" => Reduction::Quantile,
            "mode" => Reduction::Mode,
            "path" => Reduction::Path,
            "P" => Reduction::Probability,
            "cor" => Reduction::Correlation,
            _ => return None,
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Reduction::Mean => "mean",
            Reduction::Sd => "sd",
            Reduction::Var => "var",
            Reduction::Median => "median",
            Reduction::Quantile => "quantile",
            Reduction::Mode => "mode",
            Reduction::Path => "path",
            Reduction::Probability => "P",
            Reduction::Correlation => "cor",
        }
    }

    pub fn n_arguments(self) -> usize {
        if matches!(self, Reduction::Quantile | Reduction::Correlation) { 2 } else { 1 }
    }

    /// Whether the language has a function of this name too, with another meaning.
    pub fn is_function_of_the_language(self) -> bool {
        use Reduction::{Correlation, Median, Mode, Path, Probability};
        !matches!(self, Median | Mode | Path | Probability | Correlation)
    }

    /// The value with its Monte Carlo standard error. `p` is for quantiles. A correlation is [`correlation`]'s,
    /// a path one of all elements.
    pub fn of_draws(self, draws: &[f64], p: f64) -> (f64, f64) {
        let n = draws.len() as f64;
        if draws.iter().any(|x| x.is_nan()) {
            return (f64::NAN, f64::NAN);
        }
        let (mean, sd) = mean_sd(draws);
        match self {
            Reduction::Mean => (mean, sd / n.sqrt()),
            Reduction::Sd | Reduction::Var => {
                let fourth = draws.iter().map(|x| (x - mean).powi(4)).sum::<f64>() / n;
                let variance = sd * sd;
                let variance_error = ((fourth - variance * variance).max(0.0) / n).sqrt();
                if self == Reduction::Var {
                    (variance, variance_error)
                } else {
                    (sd, if sd > 0.0 { variance_error / (2.0 * sd) } else { 0.0 })
                }
            }
            Reduction::Median => quantile_with_error(draws, 0.5),
            Reduction::Quantile => quantile_with_error(draws, p),
            Reduction::Mode => (most_frequent(draws), 0.0),
            Reduction::Correlation | Reduction::Path => (f64::NAN, f64::NAN),
            Reduction::Probability => {
                let hits = draws.iter().filter(|&&x| x != 0.0).count() as f64;
                // Laplace's estimate, so that the error of 0 out of n is not 0.
                let smoothed = (hits + 1.0) / (n + 2.0);
                (hits / n, (smoothed * (1.0 - smoothed) / n).sqrt())
            }
        }
    }

    /// The same of draws that are those of chains.
    pub fn of_chains(self, chains: ChainDraws<'_>, p: f64) -> (f64, f64) {
        let (value, _) = self.of_draws(chains.all(), p);
        let error = match self {
            Reduction::Mean => chains.mcse_mean(),
            Reduction::Sd => chains.mcse_sd(),
            Reduction::Var => 2.0 * value.sqrt() * chains.mcse_sd(),
            Reduction::Median => chains.mcse_quantile(0.5),
            Reduction::Quantile => chains.mcse_quantile(p),
            Reduction::Mode => 0.0,
            Reduction::Correlation | Reduction::Path => f64::NAN,
            Reduction::Probability => {
                let n = chains.ess_mean();
                let smoothed = (value * n + 1.0) / (n + 2.0);
                (smoothed * (1.0 - smoothed) / n).sqrt()
            }
        };
        (value, error)
    }

    /// The same of what takes some values with known probabilities. A correlation is none of one thing.
    pub fn of_states(self, states: &States, p: f64) -> (f64, f64) {
        let error_of_variance = || {
            let mean = states.mean(0);
            states.error(0, |value| (value - mean) * (value - mean))
        };
        let quantile = |p: f64| {
            let value = states.quantile(0, p);
            let step = states.error(0, |own| f64::from(u8::from(own <= value)));
            let [low, high] = [(p - step).max(0.0), (p + step).min(1.0)].map(|p| states.quantile(0, p));
            (value, 0.5 * (high - low))
        };
        let variance = states.variance(0);
        match self {
            Reduction::Mean | Reduction::Probability => (states.mean(0), states.error(0, |value| value)),
            Reduction::Var => (variance, error_of_variance()),
            Reduction::Sd if variance > 0.0 => {
                (variance.sqrt(), error_of_variance() / (2.0 * variance.sqrt()))
            }
            Reduction::Sd => (variance.sqrt(), 0.0),
            Reduction::Median => quantile(0.5),
            Reduction::Quantile => quantile(p),
            Reduction::Mode => (states.mode(0).map_or(f64::NAN, |(value, _)| value), 0.0),
            Reduction::Correlation | Reduction::Path => (f64::NAN, f64::NAN),
        }
    }

    /// The value where the summary holds it exactly, so that an answer agrees with the table.
    pub fn of_summary(self, summary: &Summary, p: f64) -> Option<f64> {
        if summary.mcse != Some(0.0) {
            return None;
        }
        match self {
            Reduction::Mean => summary.mean,
            Reduction::Sd => summary.sd,
            Reduction::Var => summary.sd.map(|sd| sd * sd),
            Reduction::Median => summary.q50,
            Reduction::Quantile if p == 0.05 => summary.q05,
            Reduction::Quantile if p == 0.5 => summary.q50,
            Reduction::Quantile if p == 0.95 => summary.q95,
            Reduction::Quantile
            | Reduction::Mode
            | Reduction::Path
            | Reduction::Probability
            | Reduction::Correlation => None,
        }
    }
}

/// The correlation of two quantities over draws that are worth so many independent ones, with its standard error; NaN where
/// one of them does not vary.
pub(super) fn correlation(a: &[f64], b: &[f64], worth: f64) -> (f64, f64) {
    let ((mean_a, _), (mean_b, _)) = (mean_sd(a), mean_sd(b));
    let [mut aa, mut bb, mut ab] = [0.0; 3];
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        aa += a * a;
        bb += b * b;
        ab += a * b;
    }
    let r = (ab / (aa.sqrt() * bb.sqrt())).clamp(-1.0, 1.0);
    (r, (1.0 - r * r) / worth.sqrt())
}

/// The value of most draws, the smallest of several.
fn most_frequent(draws: &[f64]) -> f64 {
    let mut sorted = draws.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let runs = sorted.chunk_by(|a, b| a == b);
    runs.reduce(|best, next| if next.len() > best.len() { next } else { best }).map_or(f64::NAN, |run| run[0])
}

/// A quantile, and half the distance between the quantiles one binomial standard error to either side.
fn quantile_with_error(draws: &[f64], p: f64) -> (f64, f64) {
    let mut scratch = draws.to_vec();
    let step = (p * (1.0 - p) / draws.len() as f64).sqrt();
    let [value, low, high] =
        [p, (p - step).max(0.0), (p + step).min(1.0)].map(|p| quantile_in_place(&mut scratch, p));
    (value, 0.5 * (high - low))
}
