//! What a posterior's numbers are worth: q's own, weighed or held against chains, one verdict for each element.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ordered::Ordered;
use super::summary::{Summary, finite};
use crate::inference::{ChainDraws, tail_shape, weighted_tail_shape};

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

/// What of its witness keeps a number from being known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Symptom {
    /// Mean and sd are of tails that draws seldom come to.
    HeavyTails,
    /// Chains do not agree.
    Unsettled {
        r_hat: f64,
    },
    /// They agree, and are still on their way.
    Drifting,
    /// So many trajectories of chains, of all of them, end in regions of high curvature.
    Divergent {
        n: usize,
        of: usize,
    },
    /// There is a quantile where there are next to no draws.
    BetweenModes,
    FewDraws,
}

impl fmt::Display for Symptom {
    /// In words that follow the name of the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Symptom::HeavyTails => write!(f, "tails are so heavy that mean and sd are not known well"),
            Symptom::Unsettled { r_hat } if r_hat.is_finite() => {
                write!(f, "chains that start from q do not settle, R-hat {r_hat:.3}")
            }
            Symptom::Unsettled { .. } => write!(f, "chains that start from q do not settle"),
            Symptom::Drifting => write!(f, "chains that start from q drift away and have not arrived"),
            Symptom::Divergent { n, of } => {
                write!(f, "{n} of {of} trajectories of chains that start from q diverge")
            }
            Symptom::BetweenModes => {
                write!(f, "a quantile lies between modes, where there is next to nothing")
            }
            Symptom::FewDraws => write!(f, "there are too few effective draws"),
        }
    }
}

/// Moves of a mean (in sd), of ln sd and of quantiles (in sd) up to which q is right; so many standard errors of the move are
/// no move, up to these.
const MOVED: f64 = 0.05;
const NOISE: f64 = 2.0;
const MOVED_WITH_NOISE: [f64; 3] = [0.08, 0.08, 0.12];
/// The largest standard errors of a mean (in sd), of ln sd and of a quantile (in sd) with which a number is known.
const KNOWN: [f64; 3] = [0.05, 0.05, 0.15];
/// Shapes of the tail of squares up to which an sd can be had from draws: beyond 1/2 it has no standard error, beyond 1 none
/// at all. Weighted draws may not have come to where the tail would show, so that less must do for them.
const TAIL_OF_WEIGHTS: f64 = 0.45;
const TAIL_OF_CHAINS: f64 = 0.6;
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
    /// Shape of the tail of squared distances from the mean, over the largest one with which an sd is known.
    pub tail: f64,
}

/// What weights say of an element of which `draws` are the values; `weights` sum to 1.
pub fn weighted(draws: &[f64], weights: &[f64]) -> Witness {
    let weighed: Vec<(f64, f64)> =
        draws.iter().copied().zip(weights.iter().copied()).filter(|(_, w)| *w > 0.0).collect();
    let origin = weighed.first().map_or(f64::NAN, |(x, _)| *x);
    let mean = origin + weighed.iter().map(|(x, w)| w * (x - origin)).sum::<f64>();
    let variance: f64 = weighed.iter().map(|(x, w)| w * (x - mean).powi(2)).sum();
    let sd = variance.sqrt();
    let squares = |f: &dyn Fn(f64) -> f64| weighed.iter().map(|(x, w)| (w * f(*x)).powi(2)).sum::<f64>();
    let mcse = squares(&|x| x - mean).sqrt();
    let of_square = squares(&|x| (x - mean).powi(2) - variance).sqrt();
    let worth = 1.0 / squares(&|_| 1.0);
    let mut distances: Vec<f64> =
        weighed.iter().map(|(x, w)| w * (x - mean).powi(2)).filter(|d| !d.is_nan()).collect();
    let mut ordered = Ordered::new(&weighed, mean, sd);
    // Of what the sums are made of, and of the posterior itself: draws may not have come to where weights would give it away.
    let shape = tail_shape(&mut distances).max(weighted_tail_shape(ordered.farthest_first(mean), worth));
    let (quantiles, quantile_error) = quantiles_with_error(&mut ordered, worth);
    let [q05, q50, q95] = quantiles.map(finite);
    // Unequal draws without an sd are too near each other for squares: their errors are not numbers, and nothing is known.
    let is_constant = weighed.iter().all(|(x, _)| *x == origin);
    let errors =
        if is_constant { [0.0; 3] } else { [mcse / sd, of_square / (2.0 * variance), quantile_error / sd] };
    let summary = Summary { mean: finite(mean), sd: finite(sd), q05, q50, q95, mcse: finite(mcse) };
    Witness { summary, errors, is_settled: true, r_hat: 1.0, tail: shape / TAIL_OF_WEIGHTS }
}

/// What chains say of an element.
pub fn of_chains(chains: ChainDraws<'_>) -> Witness {
    let summary = Summary::of_draws(chains.all());
    let witness = |error: f64, is_settled: bool, r_hat: f64, tail: f64| Witness {
        summary,
        errors: [error; 3],
        is_settled,
        r_hat,
        tail,
    };
    if chains.all().windows(2).all(|pair| pair[0] == pair[1]) {
        return witness(0.0, true, 1.0, f64::NEG_INFINITY);
    }
    let (Some(mean), Some(sd), Some(spread)) = (summary.mean, summary.sd, chains.spread()) else {
        return witness(f64::INFINITY, false, f64::INFINITY, f64::INFINITY);
    };
    let n = chains.all().len() as f64;
    let worth = spread.mean_error.powi(-2).min(n);
    let equal: Vec<(f64, f64)> = chains.all().iter().map(|x| (*x, 1.0 / n)).collect();
    let (_, of_quantile) = quantiles_with_error(&mut Ordered::new(&equal, mean, sd), worth);
    let mut distances: Vec<f64> = chains.all().iter().map(|x| ((x - mean) / sd).powi(2)).collect();
    Witness {
        summary: Summary { mcse: finite(spread.mean_error * sd), ..summary },
        errors: [spread.mean_error, spread.ln_sd_error, of_quantile / sd],
        is_settled: spread.r_hat <= R_HAT && spread.drift.abs() <= STATIONARY,
        r_hat: spread.r_hat,
        tail: tail_shape(&mut distances) / TAIL_OF_CHAINS,
    }
}

/// The reported quantiles, and half of what lies between one standard error of its level to either side of the one that is
/// least certain; all draws together are worth so many.
fn quantiles_with_error(draws: &mut Ordered, worth: f64) -> ([f64; 3], f64) {
    let error = |draws: &mut Ordered, level: f64| {
        let of_level = (level * (1.0 - level) / worth).sqrt();
        0.5 * (draws.quantile((level + of_level).min(1.0)) - draws.quantile((level - of_level).max(0.0)))
    };
    let quantiles = LEVELS.map(|level| draws.quantile(level));
    (quantiles, LEVELS.map(|level| error(draws, level)).into_iter().fold(0.0, f64::max))
}

impl Witness {
    pub fn varies(&self) -> bool {
        self.summary.sd != Some(0.0)
    }

    fn knows(&self) -> bool {
        self.is_settled
            && self.tail <= 1.0
            && self.errors.iter().zip(KNOWN).all(|(error, known)| *error <= known)
    }

    /// How far from being known: larger is worse.
    pub fn severity(&self) -> f64 {
        let errors = self.errors.iter().zip(KNOWN).map(|(error, known)| error / known);
        let severity = errors.fold((self.r_hat - 1.0) / (R_HAT - 1.0), f64::max).max(self.tail);
        if severity.is_nan() { f64::INFINITY } else { severity }
    }

    /// Why nothing vouches for a number.
    pub fn symptom(&self) -> Symptom {
        /// Chains that disagree more than this do so for other reasons than their tails.
        const FAR: f64 = 1.1;
        if self.tail > 1.0 && self.r_hat < FAR {
            return Symptom::HeavyTails;
        }
        if self.r_hat > R_HAT {
            return Symptom::Unsettled { r_hat: self.r_hat };
        }
        if !self.is_settled {
            return Symptom::Drifting;
        }
        match self.errors {
            [_, _, of_quantile] if of_quantile > KNOWN[2] => Symptom::BetweenModes,
            _ => Symptom::FewDraws,
        }
    }

    /// What sound weights make of q's summary.
    pub fn weighs(&self, q: &Summary) -> Verdict {
        let bar = |k: usize| (MOVED + NOISE * self.errors[k]).min(MOVED_WITH_NOISE[k]);
        match moves(q, &self.summary) {
            _ if !self.knows() => Verdict::Distrust,
            Some(moves) if (0..moves.len()).all(|k| moves[k] <= bar(k)) => Verdict::Ok,
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
        let is_settled = |draw: &dyn Fn(usize) -> f64| {
            let draws: Vec<f64> = (0..6400).map(draw).collect();
            of_chains(ChainDraws::new(&draws, 64)).is_settled
        };
        assert!(is_settled(&noise));
        assert!(!is_settled(&|k| noise(k) + if k / 100 < 8 { 3.0 } else { 0.0 }));
        assert!(!is_settled(&|k| noise(k) + (k % 100) as f64 / 50.0));
    }
}
