//! Holds q's numbers against what weights or chains say, and replaces those that they do not bear out.

use rayon::prelude::*;

use super::draws::{Draws, constrain_points};
use super::markov::MAX_DIVERGENT;
use super::summarise::Summarised;
use super::summary::Summary;
use super::trust::{self, Basis, Symptom, Verdict, Witness};
use crate::density::LogDensity;
use crate::inference::{CHAINS, ChainDraws, Chains, MIN_LENGTH, Weighted};

/// What stands beside q.
#[derive(Clone, Copy)]
pub enum Witnesses<'w> {
    /// Draws whose weights are sound.
    Weights(&'w Weighted),
    Chains(&'w Chains),
    None(Lack),
}

/// Why nothing stands beside q.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// q has no width.
    Collapsed,
    /// Neither weights nor chains are affordable.
    TooMany,
    /// Weights say nothing, and chains are not affordable.
    Uneven,
}

/// A verdict on each row, and what is right where q is not; by default about nothing.
#[derive(Default)]
pub struct Judged {
    pub verdicts: Vec<Verdict>,
    /// What is to be reported; `None`: q's own numbers.
    pub replacement: Option<Reported>,
    pub complaint: Option<Complaint>,
}

/// Summaries and draws to report, and where they come from.
pub struct Reported {
    pub basis: Basis,
    pub summaries: Vec<Summary>,
    pub draws: Draws,
}

/// Why not all is trusted.
pub enum Complaint {
    /// There is no witness.
    Unwitnessed(Lack),
    /// Of the row that is trusted least.
    Row { row: usize, symptom: Symptom },
}

impl Judged {
    pub fn n_distrusted(&self) -> usize {
        self.verdicts.iter().filter(|verdict| **verdict == Verdict::Distrust).count()
    }
}

/// Holds q's summaries against witnesses.
pub fn judge(density: &dyn LogDensity, q: &Summarised, witnesses: Witnesses<'_>, seed: u64) -> Judged {
    match witnesses {
        Witnesses::Weights(weighted) => by_weights(density, q, weighted, seed),
        Witnesses::Chains(chains) => by_chains(density, q, chains),
        Witnesses::None(why) => Judged {
            verdicts: vec![Verdict::Distrust; q.summaries.len()],
            replacement: None,
            complaint: Some(Complaint::Unwitnessed(why)),
        },
    }
}

fn by_weights(density: &dyn LogDensity, q: &Summarised, weighted: &Weighted, seed: u64) -> Judged {
    let n = weighted.n;
    let values = constrain_points(density, &weighted.z, n);
    let weights: Vec<f64> = weighted.smoothed.log_weights.iter().map(|w| w.exp()).collect();
    let told: Vec<Witness> = values.par_chunks_exact(n).map(|row| trust::weighted(row, &weights)).collect();
    let verdicts: Vec<Verdict> =
        told.iter().zip(&q.summaries).map(|(witness, own)| witness.weighs(own)).collect();
    let is_right = verdicts.iter().all(|verdict| *verdict == Verdict::Ok);
    let replacement = (!is_right).then(|| Reported {
        basis: Basis::Weights,
        // What the weights leave where it is, q knows better than they do.
        summaries: told
            .iter()
            .zip(&q.summaries)
            .zip(&verdicts)
            .map(|((witness, own), verdict)| if *verdict == Verdict::Ok { *own } else { witness.summary })
            .collect(),
        draws: taken(&values, n, &weighted.resampled(q.draws.n_draws(), seed)),
    });
    Judged { complaint: worst(&told, &verdicts), verdicts, replacement }
}

fn by_chains(density: &dyn LogDensity, q: &Summarised, chains: &Chains) -> Judged {
    let n = chains.n_all();
    let values = constrain_points(density, &chains.z, n);
    let told: Vec<Witness> =
        values.par_chunks_exact(n).map(|row| trust::of_chains(ChainDraws::new(row, CHAINS))).collect();
    let diverged = chains.n_divergent as f64 > MAX_DIVERGENT * n as f64;
    let verdicts: Vec<Verdict> = told
        .iter()
        .zip(&q.summaries)
        .map(
            |(witness, own)| {
                if diverged && witness.varies() { Verdict::Distrust } else { witness.audits(own) }
            },
        )
        .collect();
    let complaint = worst(&told, &verdicts).map(|complaint| match complaint {
        Complaint::Row { row, .. } if diverged => {
            Complaint::Row { row, symptom: Symptom::Divergent { n: chains.n_divergent, of: n } }
        }
        complaint => complaint,
    });
    let replacement = Reported {
        basis: Basis::Chains,
        // What does not vary is exact.
        summaries: told
            .iter()
            .zip(&q.summaries)
            .map(|(witness, own)| if witness.varies() { witness.summary } else { *own })
            .collect(),
        draws: thinned(&values, chains, q.draws.n_draws()),
    };
    Judged { verdicts, replacement: Some(replacement), complaint }
}

/// So many draws of chains, as far as there are as many: of as many chains as can have the same number each.
fn thinned(values: &[f64], chains: &Chains, n_draws: usize) -> Draws {
    let n = chains.n_all();
    let fits =
        |&c: &usize| n_draws.is_multiple_of(c) && (MIN_LENGTH..=chains.n_draws).contains(&(n_draws / c));
    match (1..=CHAINS).rev().find(fits) {
        Some(c) => {
            let own = n_draws / c;
            let draw = |k: usize| k / own * CHAINS / c * chains.n_draws + k % own * chains.n_draws / own;
            taken(values, n, &(0..n_draws).map(draw).collect::<Vec<usize>>()).in_chains(c)
        }
        None => {
            let n_draws = n_draws.min(n);
            taken(values, n, &(0..n_draws).map(|k| k * n / n_draws).collect::<Vec<usize>>())
        }
    }
}

/// Some of the draws `values[rows][n]`.
fn taken(values: &[f64], n: usize, which: &[usize]) -> Draws {
    let rows = values.chunks_exact(n).flat_map(|row| which.iter().map(|&k| row[k])).collect();
    Draws::new(which.len(), rows)
}

/// The row that is trusted least, and why; `None` where all are.
fn worst(told: &[Witness], verdicts: &[Verdict]) -> Option<Complaint> {
    let distrusted = (0..told.len()).filter(|&row| verdicts[row] == Verdict::Distrust);
    let row = distrusted.max_by(|&a, &b| told[a].severity().total_cmp(&told[b].severity()))?;
    Some(Complaint::Row { row, symptom: told[row].symptom() })
}
