//! What a posterior's numbers are worth: q's own, weighed or held against chains, one verdict for each element.

use serde::{Deserialize, Serialize};

use super::summary::{Summary, finite};
use crate::inference::tail_shape;

/// How far a number can be relied on; the worst one is that of the fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// q is right, as far as weights or chains can tell.
    Ok,
    /// q was not right; what is reported is.
    Corrected,
    /// Nothing vouches for it.
    Distrust,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Corrected => "corrected",
            Verdict::Distrust => "distrust",
        }
    }
}

/// Where the reported numbers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// q itself
    Approximation,
    /// Draws of q, weighed
    Weights,
    /// Chains that started from q
    Chains,
}

/// Moves of a mean (in sd), of ln sd and of quantiles (in sd) up to which q is right.
const MOVED: f64 = 0.05;
/// The largest standard errors of a mean (in sd), of ln sd and of a quantile (in sd) with which a number is known.
const KNOWN: [f64; 3] = [0.05, 0.05, 0.15];
/// Shape of the tail of squares up to which an sd can be had from draws: beyond 1/2 it has no standard error, beyond 1 none
/// at all.
const TAIL: f64 = 0.65;
/// Quantiles that are reported.
const LEVELS: [f64; 3] = [0.05, 0.5, 0.95];
/// Drift beyond which q is wrong, and the normal quantile with which it is bounded.
const DRIFT: f64 = 0.1;
const CONFIDENCE: f64 = 1.645;
/// Potential scale reduction up to which chains agree.
const R_HAT: f64 = 1.01;
/// Standard errors between the two halves of chains up to which they are stationary.
const STATIONARY: f64 = 5.0;

/// Numbers that stand beside q's, and how well they are known.
#[derive(Clone, Copy, Debug)]
pub struct Witness {
    pub summary: Summary,
    /// Standard errors of the mean in sd, of ln sd, and of the least certain quantile in sd.
    pub errors: [f64; 3],
    /// Chains agree and stay where they are.
    pub is_settled: bool,
    pub r_hat: f64,
    /// Shape of the tail of squared distances from the mean.
    pub k_hat: f64,
}

/// What weights say of an element of which `draws` are the values; `weights` sum to 1.
pub fn weighted(draws: &[f64], weights: &[f64]) -> Witness {
    let sum = |f: &dyn Fn(f64) -> f64| -> f64 {
        draws.iter().zip(weights).filter(|(_, w)| **w > 0.0).map(|(x, w)| w * f(*x)).sum()
    };
    let origin = draws.first().copied().unwrap_or(f64::NAN);
    let mean = origin + sum(&|x| x - origin);
    let variance = sum(&|x| (x - mean).powi(2));
    let sd = variance.sqrt();
    let squares = |f: &dyn Fn(f64) -> f64| -> f64 {
        draws.iter().zip(weights).filter(|(_, w)| **w > 0.0).map(|(x, w)| (w * f(*x)).powi(2)).sum()
    };
    let mcse = squares(&|x| x - mean).sqrt();
    let worth = 1.0 / squares(&|_| 1.0);
    let (quantiles, quantile_error) = quantiles_with_error(draws, weights, worth);
    let [q05, q50, q95] = quantiles.map(finite);
    let errors = if sd > 0.0 {
        let of_square = squares(&|x| (x - mean).powi(2) - variance).sqrt();
        [mcse / sd, of_square / (2.0 * variance), quantile_error / sd]
    } else {
        [0.0; 3]
    };
    let summary = Summary { mean: finite(mean), sd: finite(sd), q05, q50, q95, mcse: finite(mcse) };
    let mut distances: Vec<f64> =
        draws.iter().zip(weights).map(|(x, w)| w * (x - mean).powi(2)).filter(|d| !d.is_nan()).collect();
    let k_hat = tail_shape(&mut distances);
    Witness { summary, errors, is_settled: true, r_hat: 1.0, k_hat }
}

/// The reported quantiles, and half of what lies between one standard error of its level to either side of the one that is
/// least certain.
fn quantiles_with_error(draws: &[f64], weights: &[f64], worth: f64) -> ([f64; 3], f64) {
    let mut levels = [0.0; 9];
    for (k, level) in LEVELS.into_iter().enumerate() {
        let error = (level * (1.0 - level) / worth).sqrt();
        levels[3 * k] = (level - error).max(0.0);
        levels[3 * k + 1] = level;
        levels[3 * k + 2] = (level + error).min(1.0);
    }
    let found = weighted_quantiles(draws, weights, levels);
    let errors = found.chunks_exact(3).map(|around| 0.5 * (around[2] - around[0]));
    ([found[1], found[4], found[7]], errors.fold(0.0, f64::max))
}

/// Quantiles of the weighted draws, between neighbours linear in the weight that is below them.
fn weighted_quantiles<const N: usize>(draws: &[f64], weights: &[f64], levels: [f64; N]) -> [f64; N] {
    let mut order: Vec<usize> = (0..draws.len()).filter(|&i| weights[i] > 0.0).collect();
    order.sort_by(|&a, &b| draws[a].total_cmp(&draws[b]));
    let mut below = 0.0;
    let middles: Vec<f64> = order
        .iter()
        .map(|&i| {
            below += weights[i];
            below - 0.5 * weights[i]
        })
        .collect();
    levels.map(|level| {
        let k = middles.partition_point(|m| *m < level);
        match (k.checked_sub(1), order.get(k)) {
            (Some(before), Some(&after)) => {
                let share = (level - middles[before]) / (middles[k] - middles[before]);
                let low = draws[order[before]];
                low + share * (draws[after] - low)
            }
            (None, Some(&first)) => draws[first],
            (Some(last), None) => draws[order[last]],
            (None, None) => f64::NAN,
        }
    })
}

/// What chains say: `draws[iteration * n_chains + chain]`.
pub fn of_chains(draws: &[f64], n_chains: usize) -> Witness {
    let n = draws.len() / n_chains;
    let summary = Summary::of_draws(draws);
    let (Some(mean), Some(sd)) = (summary.mean, summary.sd) else {
        return Witness {
            summary,
            errors: [f64::INFINITY; 3],
            is_settled: false,
            r_hat: f64::INFINITY,
            k_hat: f64::INFINITY,
        };
    };
    if sd == 0.0 {
        return Witness { summary, errors: [0.0; 3], is_settled: true, r_hat: 1.0, k_hat: f64::NEG_INFINITY };
    }
    let chain = |c: usize| draws.iter().skip(c).step_by(n_chains);
    let average = |f: &dyn Fn(f64) -> f64, c: usize, from: usize, to: usize| -> f64 {
        chain(c).skip(from).take(to - from).map(|x| f(*x)).sum::<f64>() / (to - from) as f64
    };
    let spread = |of_chains: &[f64]| -> f64 {
        let mean = of_chains.iter().sum::<f64>() / n_chains as f64;
        of_chains.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n_chains as f64 - 1.0)
    };
    let variance = sd * sd;
    let z = |x: f64| (x - mean) / sd;
    let means: Vec<f64> = (0..n_chains).map(|c| average(&z, c, 0, n)).collect();
    let squares: Vec<f64> = (0..n_chains).map(|c| average(&|x| z(x).powi(2), c, 0, n)).collect();
    let between = spread(&means);
    let within = (0..n_chains).map(|c| squares[c] - means[c].powi(2)).sum::<f64>() / n_chains as f64;
    let r_hat = ((n as f64 - 1.0) / n as f64 + between / within).sqrt();
    let halves: Vec<f64> =
        (0..n_chains).map(|c| average(&z, c, n / 2, n) - average(&z, c, 0, n / 2)).collect();
    let drift = halves.iter().sum::<f64>() / n_chains as f64 / (spread(&halves) / n_chains as f64).sqrt();
    let of_mean = (between / n_chains as f64).sqrt();
    let equal = vec![1.0 / draws.len() as f64; draws.len()];
    let (_, of_quantile) = quantiles_with_error(draws, &equal, of_mean.powi(-2).min(draws.len() as f64));
    let errors = [of_mean, 0.5 * (spread(&squares) / n_chains as f64).sqrt(), of_quantile / sd];
    let mcse = finite(errors[0] * variance.sqrt());
    let is_settled = r_hat <= R_HAT && drift.abs() <= STATIONARY;
    let k_hat = tail_shape(&mut draws.iter().map(|x| z(*x).powi(2)).collect::<Vec<f64>>());
    Witness { summary: Summary { mcse, ..summary }, errors, is_settled, r_hat, k_hat }
}

impl Witness {
    fn knows(&self) -> bool {
        self.is_settled
            && self.k_hat <= TAIL
            && self.errors.iter().zip(KNOWN).all(|(error, known)| *error <= known)
    }

    /// How far from being known: larger is worse.
    pub fn severity(&self) -> f64 {
        let errors = self.errors.iter().zip(KNOWN).map(|(error, known)| error / known);
        let severity = errors.fold((self.r_hat - 1.0) / (R_HAT - 1.0), f64::max).max(self.k_hat / TAIL);
        if severity.is_nan() { f64::INFINITY } else { severity }
    }

    /// Why nothing vouches for a number, in words that follow its name.
    pub fn complaint(&self) -> String {
        const HEAVY: &str = "tails are so heavy that mean and sd are not known well; look at the quantiles";
        /// Chains that disagree more than this do so for other reasons than their tails.
        const FAR: f64 = 1.1;
        if self.k_hat > TAIL && self.r_hat < FAR {
            return HEAVY.to_string();
        }
        if self.r_hat > R_HAT {
            let r_hat =
                if self.r_hat.is_finite() { format!(" (R-hat {:.2})", self.r_hat) } else { String::new() };
            return format!(
                "chains that start from q do not settle{r_hat}: a funnel, heavy tails, several modes, or data that leave it open"
            );
        }
        if !self.is_settled {
            return "chains that start from q drift away and have not arrived".to_string();
        }
        match self.errors {
            [_, _, of_quantile] if of_quantile > KNOWN[2] => {
                "a quantile lies between modes, where there is next to nothing".to_string()
            }
            _ => "there are too few effective draws".to_string(),
        }
    }

    /// What sound weights make of q's summary.
    pub fn weighs(&self, q: &Summary) -> Verdict {
        match moves(q, &self.summary) {
            _ if !self.knows() => Verdict::Distrust,
            Some(moves) if moves.iter().all(|moved| *moved <= MOVED) => Verdict::Ok,
            Some(_) => Verdict::Corrected,
            None => Verdict::Distrust,
        }
    }

    /// What chains that drifted away from q, or not, make of its summary.
    pub fn audits(&self, q: &Summary) -> Verdict {
        let margin = CONFIDENCE * self.errors[0].max(self.errors[1]);
        match moves(q, &self.summary) {
            _ if !self.knows() => Verdict::Distrust,
            Some(moves) if moves.iter().all(|moved| *moved + margin <= DRIFT) => Verdict::Ok,
            _ => Verdict::Corrected,
        }
    }
}

/// |mean|, |ln sd| and the largest |quantile| between two summaries, in sds of the second; `None` where one of them has none.
fn moves(q: &Summary, other: &Summary) -> Option<[f64; 3]> {
    let sd = other.sd?;
    if sd == 0.0 {
        return Some([0.0; 3]);
    }
    let distance = |a: Option<f64>, b: Option<f64>| Some((a? - b?).abs() / sd);
    let quantiles = [(q.q05, other.q05), (q.q50, other.q50), (q.q95, other.q95)];
    let worst =
        quantiles.into_iter().map(|(a, b)| distance(a, b)).try_fold(0.0f64, |worst, d| Some(worst.max(d?)));
    Some([distance(q.mean, other.mean)?, (q.sd? / sd).ln().abs(), worst?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_weights_are_none() {
        let draws: Vec<f64> = (0..1001).map(|i| (f64::from(i) * 0.37).sin() + 5.0).collect();
        let witness = weighted(&draws, &vec![1.0 / 1001.0; 1001]);
        let plain = Summary::of_draws(&draws);
        assert!((witness.summary.mean.unwrap() - plain.mean.unwrap()).abs() < 1e-12);
        assert!((witness.summary.sd.unwrap() / plain.sd.unwrap() - 1.0).abs() < 1e-3);
        for (a, b) in [(witness.summary.q05, plain.q05), (witness.summary.q95, plain.q95)] {
            assert!((a.unwrap() - b.unwrap()).abs() < 5e-3);
        }
        assert!((witness.summary.mcse.unwrap() / plain.mcse.unwrap() - 1.0).abs() < 1e-3);
    }

    #[test]
    fn weights_move_what_they_weigh() {
        // two points with odds 3 : 1
        let witness = weighted(&[0.0, 1.0], &[0.75, 0.25]);
        assert_eq!(witness.summary.mean, Some(0.25));
        assert!((witness.summary.sd.unwrap() - (0.1875f64).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn chains_that_disagree_are_not_settled() {
        let noise = |i: usize| ((i * 7919 % 1000) as f64 / 1000.0 - 0.5) * 2.0;
        let together: Vec<f64> = (0..6400).map(noise).collect();
        assert!(of_chains(&together, 64).is_settled);
        let apart: Vec<f64> = (0..6400).map(|k| noise(k) + if k % 64 < 8 { 3.0 } else { 0.0 }).collect();
        assert!(!of_chains(&apart, 64).is_settled);
        let moving: Vec<f64> = (0..6400).map(|k| noise(k) + k as f64 / 3200.0).collect();
        assert!(!of_chains(&moving, 64).is_settled);
    }
}
