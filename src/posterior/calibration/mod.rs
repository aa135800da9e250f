//! Simulation-based calibration: whether true values lie among the draws of their posteriors as they should, and in what way
//! they do not (Talts, Betancourt, Simpson, Vehtari & Gelman 2018).

mod band;
mod uniform;

use serde::Serialize;

use super::Verdict;
use super::summary::mean_sd;
use uniform::adjust;

pub use uniform::{BINS, Fault, Finding, MIN_RANKS, Uniformity};

/// What many fits of data sets with known answers say of the fits of a model.
#[derive(Clone, Debug)]
pub struct Calibration {
    /// Data sets that were asked for.
    pub n_simulations: usize,
    /// Verdicts of the fits, in the order of the simulations that could be fitted; `None` where there was nothing to judge.
    pub verdicts: Vec<Option<Verdict>>,
    pub failures: Vec<Failure>,
    pub elements: Vec<Element>,
    pub shortened: Vec<Shortened>,
}

/// A data set without a fit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// From 1.
    pub simulation: usize,
    pub why: String,
}

/// An array that is too long to be looked at as a whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shortened {
    pub name: String,
    /// Elements that are looked at: the first ones.
    pub elements: usize,
    pub of: usize,
}

/// Where the true value of an element lay in one fit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Placed {
    /// From 1.
    pub simulation: usize,
    /// Share of the posterior draws below the true value, between 0 and 1.
    pub rank: f64,
    /// The fit vouches for this element.
    pub trusted: bool,
    /// The true value.
    #[serde(skip)]
    pub truth: f64,
    /// Of the posterior.
    #[serde(skip)]
    pub variance: Option<f64>,
}

/// One number of the model over all fits.
#[derive(Clone, Debug, Serialize)]
pub struct Element {
    #[serde(skip)]
    pub name: String,
    /// Name of the array that it is in.
    #[serde(skip)]
    pub quantity: String,
    /// All fits together; `None` if they are too few.
    pub all: Option<Uniformity>,
    /// Those that vouch for this element.
    pub trusted: Option<Uniformity>,
    /// 1 - mean posterior variance / prior variance: what share of the prior's variance the data take away.
    pub contraction: Option<f64>,
    pub ranks: Vec<Placed>,
}

/// What becomes of all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    Calibrated,
    /// Off by so little that it changes nothing.
    Nearly,
    /// Only the fits that are not distrusted are.
    WhereTrusted,
    NotCalibrated,
}

/// The place of `truth` among `draws`: a uniform number if it is one more of them. `at` in [0, 1) says where in the place between two
/// draws, or among draws of the same value. `None` where one of them is not a number.
pub fn place(truth: f64, draws: &[f64], at: f64) -> Option<f64> {
    if truth.is_nan() || draws.is_empty() || draws.iter().any(|draw| draw.is_nan()) {
        return None;
    }
    let below = draws.iter().filter(|draw| **draw < truth).count() as f64;
    let same = draws.iter().filter(|draw| **draw == truth).count() as f64;
    // Never 0 or 1, however `at` is rounded.
    let least = 0.5f64.powi(20);
    Some((below + (same + 1.0) * at.clamp(least, 1.0 - least)) / (draws.len() as f64 + 1.0))
}

impl Element {
    fn new(name: String, quantity: String, ranks: Vec<Placed>) -> Element {
        let of = |keep: fn(&Placed) -> bool| {
            let kept = ranks.iter().filter(|placed| keep(placed)).map(|placed| placed.rank);
            Uniformity::of(&kept.collect::<Vec<f64>>())
        };
        let (all, trusted) = (of(|_| true), of(|placed| placed.trusted));
        let contraction = contraction(&ranks);
        Element { name, quantity, all, trusted, contraction, ranks }
    }
}

/// Of the elements whose variances are known.
fn contraction(ranks: &[Placed]) -> Option<f64> {
    let (truths, variances): (Vec<f64>, Vec<f64>) =
        ranks.iter().filter_map(|placed| Some((placed.truth, placed.variance?))).unzip();
    if truths.len() < 2 {
        return None;
    }
    let (mean, _) = mean_sd(&variances);
    let (_, prior_sd) = mean_sd(&truths);
    Some(1.0 - mean / (prior_sd * prior_sd)).filter(|x| x.is_finite())
}

impl Calibration {
    /// Judges elements by their places in each simulation: `(name, name of its array, places)`.
    pub fn new(
        n_simulations: usize,
        verdicts: Vec<Option<Verdict>>,
        failures: Vec<Failure>,
        places: Vec<(String, String, Vec<Placed>)>,
        shortened: Vec<Shortened>,
    ) -> Calibration {
        let made = places.into_iter().map(|(name, quantity, places)| Element::new(name, quantity, places));
        let mut elements: Vec<Element> = made.collect();
        adjust(&mut elements.iter_mut().filter_map(|element| element.all.as_mut()).collect::<Vec<_>>());
        adjust(&mut elements.iter_mut().filter_map(|element| element.trusted.as_mut()).collect::<Vec<_>>());
        Calibration { n_simulations, verdicts, failures, elements, shortened }
    }

    /// Fits with this verdict.
    pub fn n_with(&self, verdict: Verdict) -> usize {
        self.verdicts.iter().filter(|own| **own == Some(verdict)).count()
    }

    /// Some fits do not trust some element.
    pub fn has_distrust(&self) -> bool {
        self.elements.iter().flat_map(|element| &element.ranks).any(|placed| !placed.trusted)
    }

    pub fn conclusion(&self) -> Conclusion {
        let worst = |of: fn(&Element) -> Option<&Uniformity>| {
            self.elements.iter().filter_map(of).map(|own| own.finding).max()
        };
        let all = worst(|element| element.all.as_ref());
        match (all, worst(|element| element.trusted.as_ref())) {
            (_, Some(Finding::Off)) | (Some(Finding::Off), None) => Conclusion::NotCalibrated,
            (Some(Finding::Off), Some(_)) => Conclusion::WhereTrusted,
            (all, trusted) if all.max(trusted) == Some(Finding::Nearly) => Conclusion::Nearly,
            _ => Conclusion::Calibrated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calibration(ranks: impl Fn(usize) -> (f64, bool)) -> Calibration {
        let placed = |k: usize| {
            let (rank, trusted) = ranks(k);
            let truth = (k as f64 * 0.37).sin();
            Placed { simulation: k + 1, rank, trusted, truth, variance: Some(0.125) }
        };
        let places = vec![("x".to_string(), "x".to_string(), (0..200).map(placed).collect())];
        let verdict = |k| Some(if ranks(k).1 { Verdict::Ok } else { Verdict::Distrust });
        Calibration::new(200, (0..200).map(verdict).collect(), Vec::new(), places, Vec::new())
    }

    fn even(k: usize) -> f64 {
        ((k * 77 % 200) as f64 + 0.5) / 200.0
    }

    #[test]
    fn the_place_of_a_draw_among_others_is_any() {
        let draws = [3.0, 1.0, 2.0];
        assert_eq!(place(2.5, &draws, 0.5), Some(2.5 / 4.0));
        assert_eq!(place(0.0, &draws, 0.5), Some(0.5 / 4.0));
        assert_eq!(place(4.0, &draws, 0.5), Some(3.5 / 4.0));
        assert_eq!(place(1.0, &[1.0, 1.0, 1.0], 0.5), Some(0.5));
        assert_eq!((place(f64::NAN, &draws, 0.5), place(1.0, &[f64::NAN], 0.5)), (None, None));
        let ends = [0.0, 1.0].map(|at| place(1.0, &[1.0], at).unwrap());
        assert!(ends[0] > 0.0 && ends[1] < 1.0);
    }

    #[test]
    fn what_is_distrusted_does_not_count_against_the_rest() {
        let calibrated = calibration(|k| (even(k), true));
        assert_eq!(calibrated.conclusion(), Conclusion::Calibrated);
        assert!(!calibrated.has_distrust());
        // Every other fit is far too low, and says so.
        let low = |k: usize| if k.is_multiple_of(2) { 0.99 } else { even(k) };
        let marked = calibration(|k| (low(k), k % 2 == 1));
        assert_eq!((marked.conclusion(), marked.n_with(Verdict::Distrust)), (Conclusion::WhereTrusted, 100));
        assert_eq!(calibration(|k| (low(k), true)).conclusion(), Conclusion::NotCalibrated);
        // Nothing is left to be trusted.
        assert_eq!(calibration(|k| (low(k), false)).conclusion(), Conclusion::NotCalibrated);
    }

    #[test]
    fn contraction_is_what_data_take_away() {
        // The variance of a sine is 1/2.
        let element = &calibration(|k| (even(k), true)).elements[0];
        assert!((element.contraction.unwrap() - 0.75).abs() < 0.01, "{element:?}");
    }
}
