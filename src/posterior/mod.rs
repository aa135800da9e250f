//! What a fit says about the quantities of its model: draws, summaries, expressions over draws, the fit file.

mod compare;
mod data_record;
mod draws;
mod error;
mod exact;
mod expression;
pub mod fit_file;
mod loo;
mod markov;
mod method;
mod reduction;
mod rewrite;
mod summary;
mod trust;

pub use compare::{Agreement, Compared, compare};
pub use data_record::{DataRecord, DataVariable};
pub use draws::Draws;
pub use error::{FitFileError, QuestionError};
pub use exact::{Marginals, summaries as exact_summaries};
pub use expression::{Answer, AnswerKind, Scope, ask};
pub use loo::{Loo, Points};
pub use markov::{Convergence, Nuts, Sampled, of_chains};
pub use method::Method;
pub use summary::{Summary, mean_sd, quantile_in_place};
pub use trust::{Basis, Verdict};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::trust::Witness;
use crate::compile::{Quantity, QuantityKind};
use crate::density::{LogDensity, Role};
use crate::inference::{CHAINS, Chains, Fit, Weighted};
use crate::source::Source;
use crate::tape::Tensor;

/// Draws of the posterior unless `--draws` says otherwise: the least for which 5% and 95% quantiles are steady.
pub const DEFAULT_DRAWS: usize = 4_000;
/// Draws are kept for as many numbers as this (512 MiB), for wider models fewer of them.
const MAX_DRAWN_NUMBERS: usize = 1 << 26;
/// Fewest draws kept, however wide the model.
const MIN_DRAWS: usize = 100;

/// A fitted model: everything that is reported or asked of it, without its data.
#[derive(Clone, Debug)]
pub struct Posterior {
    pub model: Source,
    pub data: DataRecord,
    /// Rows of `summaries` and `draws`, in order: quantity k has rows `offset .. offset + len`.
    pub quantities: Vec<Quantity>,
    pub coordinates: Vec<FittedCoordinate>,
    /// Reductions of data alone, which keep their values on other data.
    pub training_constants: Vec<(String, Tensor)>,
    /// Densities are normalised, so that KL to the prior means something.
    pub evidence: bool,
    pub method: Method,
    /// `[rows]`
    pub summaries: Vec<Summary>,
    /// `[rows]`; empty where there is nothing to judge.
    pub verdicts: Vec<Verdict>,
    /// Where summaries and draws come from.
    pub basis: Basis,
    pub draws: Draws,
    /// Leave-one-out, where it was asked for.
    pub loo: Option<Loo>,
    pub warnings: Vec<String>,
    pub seconds: Seconds,
}

/// Name and role of an unconstrained coordinate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FittedCoordinate {
    pub name: String,
    pub point_estimate: bool,
}

/// Wall-clock seconds by phase; `None` for a phase that did not run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seconds {
    pub load: Option<f64>,
    pub compile: Option<f64>,
    pub fit: Option<f64>,
    pub audit: Option<f64>,
    /// Leave-one-out.
    pub loo: Option<f64>,
    pub total: Option<f64>,
}

/// What [`summarise`] makes of a fit.
#[derive(Clone)]
pub struct Summarised {
    pub summaries: Vec<Summary>,
    pub draws: Draws,
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
    let draws = Draws::push_forward(density, &sample(affordable), affordable);
    let coordinates: Vec<Option<usize>> =
        quantities.iter().flat_map(|quantity| quantity.marginals.iter().copied()).collect();
    let exact = exact::summaries(density, marginals, &coordinates);
    let summaries: Vec<Summary> = exact
        .into_iter()
        .enumerate()
        .map(|(row, exact)| exact.unwrap_or_else(|| Summary::of_draws(draws.row(row))))
        .collect();
    warnings.extend(quantities.iter().filter_map(|quantity| trouble(quantity, &summaries, &draws)));
    Summarised { summaries, draws, warnings }
}

/// What stands beside q.
pub enum Witnesses<'w> {
    /// Draws whose weights are sound.
    Weights(&'w Weighted),
    Chains(&'w Chains),
    /// Neither can be had.
    None,
}

/// Summaries and draws of whatever is right, and a verdict on each row.
pub struct Judged {
    pub basis: Basis,
    pub verdicts: Vec<Verdict>,
    pub summaries: Vec<Summary>,
    pub draws: Draws,
    /// The row that is trusted least, and why; `None` where all are.
    pub complaint: Option<(usize, String)>,
}

impl Judged {
    /// q's own summaries, without a verdict.
    pub fn unheard(q: Summarised) -> Judged {
        let (basis, verdicts, complaint) = (Basis::Approximation, vec![], None);
        Judged { basis, verdicts, summaries: q.summaries, draws: q.draws, complaint }
    }

    pub fn worst(&self) -> Option<Verdict> {
        self.verdicts.iter().copied().max()
    }

    pub fn n_distrusted(&self) -> usize {
        self.verdicts.iter().filter(|verdict| **verdict == Verdict::Distrust).count()
    }
}

/// Holds q's summaries against a witness.
pub fn judge(density: &dyn LogDensity, q: &Summarised, witnesses: Witnesses<'_>, seed: u64) -> Judged {
    let n_draws = q.draws.n_draws();
    let (values, n, basis) = match witnesses {
        Witnesses::Weights(weighted) => {
            (draws::constrain_points(density, &weighted.z, weighted.n), weighted.n, Basis::Weights)
        }
        Witnesses::Chains(chains) => {
            let n = chains.n_draws * CHAINS;
            (draws::constrain_points(density, &chains.z, n), n, Basis::Chains)
        }
        Witnesses::None => {
            let verdicts = vec![Verdict::Distrust; q.summaries.len()];
            let why = "weights of draws of q are too uneven, and chains are no help".to_string();
            return Judged { verdicts, complaint: Some((0, why)), ..Judged::unheard(q.clone()) };
        }
    };
    let weights: Vec<f64> = match witnesses {
        Witnesses::Weights(weighted) => weighted.smoothed.log_weights.iter().map(|w| w.exp()).collect(),
        _ => Vec::new(),
    };
    let told: Vec<Witness> = values
        .par_chunks_exact(n)
        .map(|row| match basis {
            Basis::Weights => trust::weighted(row, &weights),
            _ => trust::of_chains(row, CHAINS),
        })
        .collect();
    let verdicts: Vec<Verdict> = told
        .iter()
        .zip(&q.summaries)
        .map(|(witness, summary)| match basis {
            Basis::Weights => witness.weighs(summary),
            _ => witness.audits(summary),
        })
        .collect();
    let distrusted = (0..told.len()).filter(|&row| verdicts[row] == Verdict::Distrust);
    let worst = distrusted.max_by(|&a, &b| told[a].severity().total_cmp(&told[b].severity()));
    let complaint = worst.map(|row| (row, told[row].complaint()));
    let is_right = verdicts.iter().all(|verdict| *verdict == Verdict::Ok);
    if is_right && basis == Basis::Weights {
        return Judged { verdicts, ..Judged::unheard(q.clone()) };
    }
    let taken: Vec<usize> = match witnesses {
        Witnesses::Weights(weighted) => weighted.resampled(n_draws, seed),
        _ => (0..n_draws).map(|k| k * n / n_draws).collect(),
    };
    let summaries = told
        .iter()
        .zip(&q.summaries)
        .map(|(witness, own)| if witness.summary.sd == Some(0.0) { *own } else { witness.summary })
        .collect();
    let rows = values.chunks_exact(n).flat_map(|row| taken.iter().map(|&k| row[k])).collect();
    Judged { basis, verdicts, summaries, draws: Draws::new(n_draws, rows), complaint }
}

/// A warning about elements whose moments do not exist or overflow, or whose value is not a number in some draws.
fn trouble(quantity: &Quantity, summaries: &[Summary], draws: &Draws) -> Option<String> {
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

impl Posterior {
    /// The fitted q, where there is one.
    pub fn fit(&self) -> Option<&Fit> {
        match &self.method {
            Method::Variational(fit) => Some(fit),
            Method::Nuts(_) => None,
        }
    }

    /// The sample that the draws are, where they are one.
    pub fn nuts(&self) -> Option<&Nuts> {
        match &self.method {
            Method::Variational(_) => None,
            Method::Nuts(nuts) => Some(nuts),
        }
    }

    /// How well chains agree on a quantity's elements; empty of what is no sample.
    pub fn convergence_of(&self, quantity: &Quantity) -> &[Convergence] {
        let rows = quantity.offset..quantity.offset + quantity.len();
        self.nuts().and_then(|nuts| nuts.convergence.get(rows)).unwrap_or_default()
    }

    /// The worst of the elements' verdicts.
    pub fn verdict(&self) -> Option<Verdict> {
        self.verdicts.iter().copied().max()
    }

    /// The verdicts on a quantity's elements.
    pub fn verdicts_of(&self, quantity: &Quantity) -> &[Verdict] {
        self.verdicts.get(quantity.offset..quantity.offset + quantity.len()).unwrap_or_default()
    }

    /// `nuts`, or the family of q.
    pub fn method_name(&self) -> &str {
        match &self.method {
            Method::Variational(fit) => &fit.family,
            Method::Nuts(_) => "nuts",
        }
    }

    pub fn quantity(&self, name: &str) -> Option<&Quantity> {
        self.quantities.iter().find(|quantity| quantity.name == name)
    }

    /// The summaries of a quantity's elements.
    pub fn summaries_of(&self, quantity: &Quantity) -> &[Summary] {
        &self.summaries[quantity.offset..quantity.offset + quantity.len()]
    }
}

impl FittedCoordinate {
    pub fn all_of(density: &dyn LogDensity) -> Vec<FittedCoordinate> {
        let of = |c: &crate::density::Coordinate| FittedCoordinate {
            name: c.name.clone(),
            point_estimate: c.role == Role::PointEstimate,
        };
        density.coordinates().iter().map(of).collect()
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
