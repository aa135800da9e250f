//! Summaries and draws of all quantities under q.

use rayon::prelude::*;

use super::draws::Draws;
use super::exact::{self, Marginals};
use super::summary::Summary;
use crate::compile::{Quantity, QuantityKind};
use crate::density::LogDensity;

/// Draws of the posterior unless `--draws` says otherwise: the least for which 5% and 95% quantiles are steady.
pub const DEFAULT_DRAWS: usize = 4_000;
/// Draws are kept for as many numbers as this (512 MiB), for wider models fewer of them.
pub const MAX_DRAWN_NUMBERS: usize = 1 << 26;
/// Fewest draws kept, however wide the model.
pub const MIN_DRAWS: usize = 100;

/// What [`summarise`] makes of a fit.
pub struct Summarised {
    pub summaries: Vec<Summary>,
    pub draws: Draws,
    /// The points that the draws are of, `[D][n_draws]`.
    pub points: Vec<f64>,
    pub warnings: Vec<String>,
}

/// Summaries and draws of all quantities: exact where q gives it, from draws elsewhere.
///
/// `sample(n)` gives n points of q, `[D][n]`. For models too wide for `n_draws` draws fewer are kept, with a warning.
pub fn summarise(
    density: &dyn LogDensity,
    quantities: &[Quantity],
    marginals: &Marginals,
    n_draws: usize,
    sample: impl FnOnce(usize) -> Vec<f64>,
) -> Summarised {
    let mut warnings = Vec::new();
    let width = density.n_constrained().max(density.dim()).max(1);
    let affordable = (MAX_DRAWN_NUMBERS / width).max(MIN_DRAWS).min(n_draws);
    let all_exact = quantities.iter().all(|quantity| quantity.marginals.iter().all(Option::is_some));
    if affordable < n_draws && !all_exact {
        warnings.push(format!(
            "{affordable} of {n_draws} posterior draws are made: there are {width} numbers in each"
        ));
    }
    let points = sample(affordable);
    let draws = Draws::push_forward(density, &points, affordable);
    let coordinates: Vec<Option<usize>> =
        quantities.iter().flat_map(|quantity| quantity.marginals.iter().copied()).collect();
    let exact = exact::summaries(density, marginals, &coordinates);
    let summaries: Vec<Summary> = exact
        .into_par_iter()
        .enumerate()
        .map(|(row, exact)| exact.unwrap_or_else(|| Summary::of_draws(draws.row(row))))
        .collect();
    warnings.extend(quantities.iter().filter_map(|quantity| trouble(quantity, &summaries, &draws)));
    Summarised { summaries, draws, points, warnings }
}

/// A warning about elements whose moments do not exist or overflow, or whose value is not a number in some draws.
pub(super) fn trouble(quantity: &Quantity, summaries: &[Summary], draws: &Draws) -> Option<String> {
    let mut without_number = Vec::new();
    let mut without_moments = Vec::new();
    for element in 0..quantity.len() {
        let row = quantity.offset + element;
        let summary = &summaries[row];
        if draws.row(row).iter().any(|x| x.is_nan()) {
            without_number.push(element);
        } else if summary.mean.is_none()
            || (summary.sd.is_none() && quantity.kind != QuantityKind::PointEstimate)
        {
            without_moments.push(element);
        }
    }
    let others = |elements: &[usize]| match elements.len() {
        1 => String::new(),
        2 => " and one more element".to_string(),
        n => format!(" and {} more elements", n - 1),
    };
    if let Some(&first) = without_number.first() {
        let n = draws.row(quantity.offset + first).iter().filter(|x| x.is_nan()).count();
        return Some(format!(
            "`{}` is not a number in {n} of {} draws{}: not summarised",
            quantity.element_name(first),
            draws.n_draws(),
            others(&without_number)
        ));
    }
    let &first = without_moments.first()?;
    Some(format!(
        "`{}`{}: the mean or sd is too large to represent; look at the quantiles",
        quantity.element_name(first),
        others(&without_moments)
    ))
}
