//! Draws that Markov chains made: their summaries, what they are worth, and whether they can be trusted.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::draws::Draws;
use super::summarise::trouble;
use super::summary::{Summary, finite};
use super::trust::Verdict;
use crate::compile::Quantity;
use crate::density::LogDensity;
use crate::inference::{ChainDraws, MIN_E_BFMI, Sample};

/// R-hat up to which chains agree (Vehtari et al. 2021).
const MAX_R_HAT: f64 = 1.01;
/// Effective draws for each chain, in the bulk and in the tails, from which R-hat and errors can be relied on (the same).
const MIN_ESS_PER_CHAIN: f64 = 100.0;
/// Share of divergent trajectories up to which a few are harmless, with all else in order (Stan's guide to its warnings).
pub(super) const MAX_DIVERGENT: f64 = 1e-3;
/// Names that a warning gives; the others are counted.
const MOST_NAMED: usize = 3;

/// A sample by NUTS, and how well its chains agree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Nuts {
    pub sample: Sample,
    /// `[rows]`
    pub convergence: Vec<Convergence>,
}

/// How well chains agree on one element. `None`: it does not vary, or is not a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Convergence {
    /// Infinite where no chain moves.
    #[serde(with = "infinite")]
    pub r_hat: Option<f64>,
    pub ess_bulk: Option<f64>,
    pub ess_tail: Option<f64>,
}

/// What [`of_chains`] makes of a sample.
pub struct Sampled {
    pub nuts: Nuts,
    pub summaries: Vec<Summary>,
    pub verdicts: Vec<Verdict>,
    pub draws: Draws,
    pub warnings: Vec<String>,
}

/// Summaries, draws and verdicts of the points `z[D][chains * draws]` of a sample.
pub fn of_chains(density: &dyn LogDensity, quantities: &[Quantity], sample: Sample, z: &[f64]) -> Sampled {
    let mut warnings = Vec::new();
    let n_chains = sample.chains.len();
    if sample.n_kept < sample.n_draws {
        warnings.push(format!(
            "{} of {} draws are kept, evenly spaced: there are {} numbers in each",
            sample.n_all_kept(),
            sample.n_total(),
            density.n_constrained().max(density.dim())
        ));
    }
    let draws = Draws::push_forward(density, z, sample.n_all_kept()).in_chains(n_chains);
    let rows: Vec<(Summary, Convergence)> = (0..draws.n_rows())
        .into_par_iter()
        .map(|row| {
            let chains = ChainDraws::new(draws.row(row), n_chains);
            (Summary::of_chains(chains), Convergence::of(chains))
        })
        .collect();
    let (summaries, convergence): (Vec<Summary>, Vec<Convergence>) = rows.into_iter().unzip();
    let enough = MIN_ESS_PER_CHAIN * n_chains as f64;
    let diverged = sample.n_divergent() as f64 > MAX_DIVERGENT * sample.n_total() as f64;
    let stuck = is_stuck(quantities, &summaries);
    let verdicts: Vec<Verdict> = convergence
        .iter()
        .zip(&summaries)
        .map(|(convergence, summary)| {
            let is_right = convergence.agrees(enough) && !(diverged && varies(summary));
            if is_right && !stuck && summary.mean.is_some() { Verdict::Ok } else { Verdict::Distrust }
        })
        .collect();
    if stuck {
        warnings.push("the chains do not move: every trajectory ends where it began".to_string());
    }
    warnings.extend(disagreement(quantities, &convergence));
    warnings.extend(few(quantities, &convergence, enough, draws.n_draws()));
    warnings.extend(of_sampler(&sample));
    warnings.extend(quantities.iter().filter_map(|quantity| trouble(quantity, &summaries, &draws)));
    Sampled { nuts: Nuts { sample, convergence }, summaries, verdicts, draws, warnings }
}

fn varies(summary: &Summary) -> bool {
    summary.sd != Some(0.0)
}

impl Nuts {
    /// The largest R-hat.
    pub fn worst_r_hat(&self) -> Option<f64> {
        self.convergence.iter().filter_map(|row| row.r_hat).max_by(f64::total_cmp)
    }

    /// The smallest effective number of draws, in the bulk or in the tails.
    pub fn least_effective(&self) -> Option<f64> {
        let all = self.convergence.iter().flat_map(|row| [row.ess_bulk, row.ess_tail]);
        all.flatten().min_by(f64::total_cmp)
    }
}

/// Whether no latent varies.
fn is_stuck(quantities: &[Quantity], summaries: &[Summary]) -> bool {
    let latents = quantities.iter().filter(|quantity| quantity.kind.is_latent());
    let mut rows = latents.flat_map(|quantity| quantity.offset..quantity.offset + quantity.len()).peekable();
    rows.peek().is_some() && rows.all(|row| !varies(&summaries[row]))
}

impl Convergence {
    pub(super) fn of(chains: ChainDraws<'_>) -> Convergence {
        let all = chains.all();
        if all.windows(2).all(|pair| pair[0] == pair[1]) {
            return Convergence::default();
        }
        let r_hat = Some(chains.r_hat()).filter(|x| !x.is_nan());
        Convergence { r_hat, ess_bulk: finite(chains.ess_bulk()), ess_tail: finite(chains.ess_tail()) }
    }

    /// Chains agree, and are worth `enough` draws; what does not vary is what it is.
    fn agrees(&self, enough: f64) -> bool {
        let is_low = |ess: Option<f64>| ess.is_some_and(|ess| ess < enough);
        !self.disagrees() && !is_low(self.ess_bulk) && !is_low(self.ess_tail)
    }

    fn disagrees(&self) -> bool {
        self.r_hat.is_some_and(|r_hat| r_hat > MAX_R_HAT)
    }
}

/// A warning about chains that do not agree.
fn disagreement(quantities: &[Quantity], convergence: &[Convergence]) -> Option<String> {
    let mut rows: Vec<usize> = (0..convergence.len()).filter(|&row| convergence[row].disagrees()).collect();
    let r_hat = |row: usize| convergence[row].r_hat.unwrap_or(1.0);
    rows.sort_by(|&a, &b| r_hat(b).total_cmp(&r_hat(a)));
    let named = worst(quantities, &rows, |row| format!("{:.3}", r_hat(row)))?;
    Some(format!(
        "R-hat of {named}, above {MAX_R_HAT}: the chains do not agree. Longer ones may (--warmup, --draws), or there are several modes"
    ))
}

/// A warning about chains that agree but are worth few draws.
fn few(quantities: &[Quantity], convergence: &[Convergence], enough: f64, n: usize) -> Option<String> {
    let ess = |row: usize| {
        let Convergence { ess_bulk, ess_tail, .. } = convergence[row];
        ess_bulk.into_iter().chain(ess_tail).fold(f64::INFINITY, f64::min)
    };
    let mut rows: Vec<usize> = (0..convergence.len()).filter(|&row| ess(row) < enough).collect();
    rows.sort_by(|&a, &b| ess(a).total_cmp(&ess(b)));
    let named = worst(quantities, &rows, |row| format!("{:.0}", ess(row)))?;
    Some(format!(
        "of {n} draws the effective number for {named}, below {enough:.0}: errors are not well known. More draws (--draws) are needed"
    ))
}

/// `` `tau` is 1.050, `mu` 1.020 and 3 more``; `None` of no rows.
fn worst(quantities: &[Quantity], rows: &[usize], value: impl Fn(usize) -> String) -> Option<String> {
    let name = |row: usize| {
        let k = quantities.partition_point(|quantity| quantity.offset <= row).checked_sub(1)?;
        Some(quantities[k].element_name(row - quantities[k].offset))
    };
    let named: Vec<String> = rows
        .iter()
        .take(MOST_NAMED)
        .filter_map(|&row| Some((name(row)?, value(row))))
        .enumerate()
        .map(|(k, (name, value))| format!("`{name}`{} {value}", if k == 0 { " is" } else { "" }))
        .collect();
    let more = rows.len().saturating_sub(MOST_NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!named.is_empty()).then(|| format!("{}{rest}", named.join(", ")))
}

/// Warnings about how the sampler went.
fn of_sampler(sample: &Sample) -> Vec<String> {
    let n = sample.n_total();
    let mut warnings = Vec::new();
    let n_divergent = sample.n_divergent();
    if n_divergent > 0 {
        let why = if n_divergent as f64 <= MAX_DIVERGENT * n as f64 {
            ": too few to matter where chains agree. `--target-accept 0.99` takes smaller steps"
        } else {
            ": the chains do not get into regions of high curvature, and what is reported leaves them out. `--target-accept 0.99` takes \
             smaller steps; a hierarchical latent may want `z ~ Normal(0, 1)` and `theta = mu + tau * z`"
        };
        warnings.push(format!("{n_divergent} of {n} trajectories diverged{why}"));
    }
    let n_deepest = sample.n_deepest();
    if n_deepest > 0 {
        warnings.push(format!(
            "{n_deepest} of {n} trajectories were cut at 2^{0} steps: slow, not wrong. `--max-depth {1}` allows longer ones; latents on \
             similar scales need shorter ones",
            sample.max_depth,
            sample.max_depth + 2
        ));
    }
    if let Some(e_bfmi) = sample.e_bfmi().filter(|e_bfmi| *e_bfmi < MIN_E_BFMI) {
        warnings.push(format!(
            "the lowest E-BFMI of the chains is {e_bfmi:.2}, below {MIN_E_BFMI}: they are slow to reach the tails. Other coordinates for \
             latents with heavy tails would help"
        ));
    }
    warnings
}

/// JSON has no infinity: -1 stands for it.
mod infinite {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(|x| if x.is_infinite() { -1.0 } else { x }).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        let value = Option::<f64>::deserialize(deserializer)?;
        Ok(value.map(|x| if x < 0.0 { f64::INFINITY } else { x }))
    }
}
