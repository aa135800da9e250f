//! Whether ranks are uniform: three exact tests, and what kind of fit it takes to make them not so.

use serde::Serialize;
use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

use super::band::band_p_value;

/// Fewer ranks say next to nothing.
pub const MIN_RANKS: usize = 20;
/// Bins of a histogram of ranks.
pub const BINS: usize = 10;
/// Chance that ranks which are uniform are called something else, over all elements together.
pub const SIGNIFICANCE: f64 = 0.05;
/// A mean that is this far off, in sds, or an sd off by this on the log scale, is no difference (as good as 1,000 draws of NUTS).
const SMALL: f64 = 0.1;
/// The largest distance of the distribution of ranks from a uniform one that is none: a bias of 0.1 sd makes 0.04.
const SMALL_DISTANCE: f64 = 0.05;
/// The central intervals whose coverage is counted.
const INTERVALS: [f64; 2] = [0.5, 0.9];
/// Tests that are made of one set of ranks.
const TESTS: f64 = 3.0;

/// What ranks say of the intervals of an element.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Uniformity {
    /// Ranks.
    pub n: usize,
    /// Mean and sd of the z-scores that the ranks would be in a normal posterior: 0 and 1 where it is calibrated. The mean is
    /// positive where the fit is too high, and the sd above 1 where its intervals are too narrow.
    pub mean_z: f64,
    pub sd_z: f64,
    /// Share of the central 50% and of the central 90% intervals that hold the true value.
    pub coverage: [f64; 2],
    /// Largest distance of the distribution of the ranks from the uniform one.
    pub distance: f64,
    /// Ranks in each tenth from 0 to 1.
    pub histogram: [usize; BINS],
    /// Of mean z, sd z and the simultaneous band around the distribution of ranks together (Bonferroni).
    pub p: f64,
    /// The same, for the number of elements that are looked at (Holm).
    pub p_adjusted: f64,
    pub finding: Finding,
    pub faults: Vec<Fault>,
}

/// Whether the ranks of an element are uniform; the worst one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    /// As far as so many ranks can tell.
    Calibrated,
    /// Not quite, by so little that it changes nothing.
    Nearly,
    Off,
}

/// In what way a fit is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    TooHigh,
    TooLow,
    TooNarrow,
    TooWide,
    /// Neither place nor width, but skew or tails.
    Shape,
}

impl Fault {
    /// In words that follow a name and `is`.
    pub fn name(self) -> &'static str {
        match self {
            Fault::TooHigh => "too high",
            Fault::TooLow => "too low",
            Fault::TooNarrow => "too narrow",
            Fault::TooWide => "too wide",
            Fault::Shape => "wrong in shape",
        }
    }
}

impl Uniformity {
    /// Of ranks between 0 and 1: shares of posterior draws below the true value. `None` if they are too few to say anything.
    pub fn of(ranks: &[f64]) -> Option<Uniformity> {
        if ranks.len() < MIN_RANKS {
            return None;
        }
        let n = ranks.len() as f64;
        let normal = Normal::standard();
        let z: Vec<f64> = ranks.iter().map(|rank| -normal.inverse_cdf(*rank)).collect();
        let mean_z = z.iter().sum::<f64>() / n;
        let squares: f64 = z.iter().map(|z| (z - mean_z).powi(2)).sum();
        let p_mean = 2.0 * normal.cdf(-mean_z.abs() * n.sqrt());
        let below = ChiSquared::new(n - 1.0).map_or(f64::NAN, |chi_squared| chi_squared.cdf(squares));
        let p_sd = 2.0 * below.min(1.0 - below);
        let p_least = [p_mean, p_sd, band_p_value(ranks)].into_iter().fold(1.0, f64::min);
        let p = (TESTS * p_least).min(1.0);
        let sd_z = (squares / (n - 1.0)).sqrt();
        let mut histogram = [0; BINS];
        for rank in ranks {
            histogram[((rank * BINS as f64) as usize).min(BINS - 1)] += 1;
        }
        let covered = |share: f64| ranks.iter().filter(|rank| (*rank - 0.5).abs() <= 0.5 * share).count();
        let mut faults = Vec::new();
        if p_mean < SIGNIFICANCE / TESTS {
            faults.push(if mean_z > 0.0 { Fault::TooHigh } else { Fault::TooLow });
        }
        if p_sd < SIGNIFICANCE / TESTS {
            faults.push(if sd_z > 1.0 { Fault::TooNarrow } else { Fault::TooWide });
        }
        if faults.is_empty() {
            faults.push(Fault::Shape);
        }
        Some(Uniformity {
            n: ranks.len(),
            mean_z,
            sd_z,
            coverage: INTERVALS.map(|share| covered(share) as f64 / n),
            distance: distance(ranks),
            histogram,
            p,
            p_adjusted: p,
            finding: Finding::Calibrated,
            faults,
        })
    }

    fn is_small(&self) -> bool {
        self.mean_z.abs() <= SMALL && self.sd_z.ln().abs() <= SMALL && self.distance <= SMALL_DISTANCE
    }
}

/// Adjusts the p-values of elements for their number, and finds what is off (Holm 1979, Scandinavian Journal of Statistics 6).
pub fn adjust(all: &mut [&mut Uniformity]) {
    all.sort_by(|a, b| a.p.total_cmp(&b.p));
    let mut least = 0.0f64;
    let n = all.len();
    for (k, one) in all.iter_mut().enumerate() {
        least = least.max((n - k) as f64 * one.p).min(1.0);
        one.p_adjusted = least;
        one.finding = match one.p_adjusted < SIGNIFICANCE {
            false => Finding::Calibrated,
            true if one.is_small() => Finding::Nearly,
            true => Finding::Off,
        };
        if one.finding == Finding::Calibrated {
            one.faults.clear();
        }
    }
}

/// The statistic of Kolmogorov and Smirnov.
fn distance(ranks: &[f64]) -> f64 {
    let n = ranks.len() as f64;
    let mut sorted = ranks.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let far = |(k, rank): (usize, &f64)| (rank - k as f64 / n).max((k + 1) as f64 / n - rank);
    sorted.iter().enumerate().map(far).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use rand_chacha::ChaCha12Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    /// Ranks of a true value N(0, 1) under fits N(bias, spread), with shares of draws as they are.
    fn ranks(n: usize, bias: f64, spread: f64, seed: u64) -> Vec<f64> {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let normal = Normal::standard();
        let mut one = || {
            let truth = normal.inverse_cdf(rng.random::<f64>());
            normal.cdf((truth - bias) / spread).clamp(1e-4, 1.0 - 1e-4)
        };
        (0..n).map(|_| one()).collect()
    }

    fn judged(ranks: &[f64]) -> Uniformity {
        let mut own = Uniformity::of(ranks).expect("enough ranks");
        adjust(&mut [&mut own]);
        own
    }

    #[test]
    fn uniform_ranks_are_called_off_one_time_in_twenty_at_most() {
        let mut n_wrong = 0;
        for seed in 0..1000 {
            let own = judged(&ranks(100, 0.0, 1.0, seed));
            n_wrong += usize::from(own.finding != Finding::Calibrated);
            assert_eq!(own.finding == Finding::Calibrated, own.faults.is_empty());
        }
        // Three tests share the 5%, and what two of them find together counts once.
        assert!((20..=60).contains(&n_wrong), "{n_wrong} of 1000");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (bias, spread, fault) in [
            (0.5, 1.0, Fault::TooHigh),
            (-0.5, 1.0, Fault::TooLow),
            (0.0, 0.6, Fault::TooNarrow),
            (0.0, 1.7, Fault::TooWide),
        ] {
            for seed in 0..20 {
                let own = judged(&ranks(200, bias, spread, seed));
                assert_eq!((own.finding, own.faults.contains(&fault)), (Finding::Off, true), "{own:?}");
                let (z, sd) = (bias / spread, 1.0 / spread);
                assert!((own.mean_z - z).abs() < 5.0 * sd / 200f64.sqrt(), "{own:?}");
                assert!((own.sd_z / sd).ln().abs() < 5.0 / 400f64.sqrt(), "{own:?}");
            }
        }
    }

    #[test]
    fn a_wrong_shape_is_found() {
        // Neither mean nor sd of the z-scores move, but values in the middle never come.
        let two_sided: Vec<f64> = (0..400).map(|i| if i % 2 == 0 { 0.158_655 } else { 0.841_345 }).collect();
        let own = judged(&two_sided);
        assert_eq!((own.finding, own.faults.as_slice()), (Finding::Off, &[Fault::Shape][..]), "{own:?}");
    }

    #[test]
    fn coverage_and_histogram_count() {
        let even: Vec<f64> = (0..100).map(|i| (f64::from(i) + 0.5) / 100.0).collect();
        let own = judged(&even);
        assert_eq!((own.coverage, own.histogram), ([0.5, 0.9], [10; BINS]));
        assert!((own.distance - 0.005).abs() < 1e-12);
        assert!(own.mean_z.abs() < 1e-12 && (own.sd_z - 1.0).abs() < 0.02, "{own:?}");
        assert_eq!(Uniformity::of(&even[..MIN_RANKS - 1]), None);
    }

    #[test]
    fn a_deviation_that_changes_nothing_is_no_fault_however_sure_it_is() {
        let own = judged(&ranks(100_000, 0.05, 1.0, 1));
        assert_eq!((own.finding, own.faults.as_slice()), (Finding::Nearly, &[Fault::TooHigh][..]), "{own:?}");
    }

    #[test]
    fn many_elements_are_held_to_less_each() {
        let mut made: Vec<Uniformity> =
            (0..50).map(|seed| Uniformity::of(&ranks(100, 0.0, 1.0, seed)).unwrap()).collect();
        made[7].p = 0.0015;
        let mut all: Vec<&mut Uniformity> = made.iter_mut().collect();
        adjust(&mut all);
        assert!((made[7].p_adjusted - 50.0 * 0.0015).abs() < 1e-12);
        assert_eq!(made[7].finding, Finding::Calibrated);
    }
}
