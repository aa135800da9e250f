//! Holds q's numbers against what weights or chains say, and replaces those that they do not bear out.

use rayon::prelude::*;

use super::draws::{Draws, constrain_points};
use super::markov::MAX_DIVERGENT;
use super::summarise::Summarised;
use super::summary::Summary;
use super::trust::{self, Basis, Symptom, Verdict, Witness};
use crate::density::LogDensity;
use crate::inference::{CHAINS, ChainDraws, Chains, MIN_LENGTH, Weighted};

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
    /// The points that the draws are of, `[D][n_draws]`.
    pub points: Vec<f64>,
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

/// What is to be said where nothing stands beside q.
pub fn unwitnessed(q: &Summarised, lack: Lack) -> Judged {
    Judged {
        verdicts: vec![Verdict::Distrust; q.summaries.len()],
        replacement: None,
        complaint: Some(Complaint::Unwitnessed(lack)),
    }
}

/// Rows that are looked at side by side, and from one to the next of them.
const AT_ONCE: usize = 16;
const STRIDE: usize = 13;

/// What weights that are sound say of each row; the rows are looked at as they are asked for.
pub struct Weighing<'w> {
    weighted: &'w Weighted,
    q: &'w Summarised,
    /// `[rows][n]`
    values: Vec<f64>,
    weights: Vec<f64>,
    /// `[rows]`
    told: Vec<Option<Witness>>,
}

impl<'w> Weighing<'w> {
    pub fn new(density: &dyn LogDensity, q: &'w Summarised, weighted: &'w Weighted) -> Weighing<'w> {
        let values = constrain_points(density, &weighted.z, weighted.n);
        let weights = weighted.smoothed.log_weights.iter().map(|w| w.exp()).collect();
        Weighing { weighted, q, values, weights, told: vec![None; q.summaries.len()] }
    }

    /// Whether none of the rows is distrusted. These are looked at first, then the others here and there, and none any more after
    /// one that is.
    pub fn vouches_for_all(&mut self, first: &[usize]) -> bool {
        let n = self.told.len();
        let others = (0..STRIDE).flat_map(|start| (start..n).step_by(STRIDE));
        let rows: Vec<usize> = first.iter().copied().chain(others).collect();
        rows.chunks(AT_ONCE).all(|rows| {
            self.look_at(rows);
            rows.iter().all(|&row| self.verdict(row) != Some(Verdict::Distrust))
        })
    }

    fn look_at(&mut self, rows: &[usize]) {
        let n = self.weighted.n;
        let row = |row: usize| &self.values[row * n..(row + 1) * n];
        let new: Vec<usize> = rows.iter().copied().filter(|&row| self.told[row].is_none()).collect();
        let told: Vec<Witness> = new.par_iter().map(|&k| trust::weighted(row(k), &self.weights)).collect();
        new.iter().zip(told).for_each(|(&row, witness)| self.told[row] = Some(witness));
    }

    fn verdict(&self, row: usize) -> Option<Verdict> {
        self.told[row].map(|witness| witness.weighs(&self.q.summaries[row]))
    }

    /// A verdict on all rows.
    pub fn judge(mut self, seed: u64) -> Judged {
        let rows = 0..self.told.len();
        self.look_at(&rows.clone().collect::<Vec<usize>>());
        let verdicts: Vec<Verdict> = rows.filter_map(|row| self.verdict(row)).collect();
        let told: Vec<Witness> = self.told.into_iter().flatten().collect();
        let is_right = verdicts.iter().all(|verdict| *verdict == Verdict::Ok);
        let which = if is_right { Vec::new() } else { self.weighted.resampled(self.q.draws.n_draws(), seed) };
        let replacement = (!is_right).then(|| Reported {
            basis: Basis::Weights,
            // What the weights leave where it is, q knows better than they do.
            summaries: told
                .iter()
                .zip(&self.q.summaries)
                .zip(&verdicts)
                .map(|((witness, own), verdict)| if *verdict == Verdict::Ok { *own } else { witness.summary })
                .collect(),
            draws: Draws::new(which.len(), taken(&self.values, self.weighted.n, &which)),
            points: taken(&self.weighted.z, self.weighted.n, &which),
        });
        Judged { complaint: worst(&told, &verdicts), verdicts, replacement }
    }
}

/// Holds q's summaries against chains, whose numbers are the ones to report.
pub fn by_chains(density: &dyn LogDensity, q: &Summarised, chains: &Chains) -> Judged {
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
    let (which, n_chains) = thinned(chains, q.draws.n_draws());
    let draws = Draws::new(which.len(), taken(&values, n, &which));
    let replacement = Reported {
        basis: Basis::Chains,
        // What does not vary is exact.
        summaries: told
            .iter()
            .zip(&q.summaries)
            .map(|(witness, own)| if witness.varies() { witness.summary } else { *own })
            .collect(),
        draws: match n_chains {
            Some(n_chains) => draws.in_chains(n_chains),
            None => draws,
        },
        points: taken(&chains.z, n, &which),
    };
    Judged { verdicts, replacement: Some(replacement), complaint }
}

/// So many draws of chains, as far as there are as many: of as many chains as can have the same number each, and of how many.
fn thinned(chains: &Chains, n_draws: usize) -> (Vec<usize>, Option<usize>) {
    let n = chains.n_all();
    let fits =
        |&c: &usize| n_draws.is_multiple_of(c) && (MIN_LENGTH..=chains.n_draws).contains(&(n_draws / c));
    match (1..=CHAINS).rev().find(fits) {
        Some(c) => {
            let own = n_draws / c;
            let draw = |k: usize| k / own * CHAINS / c * chains.n_draws + k % own * chains.n_draws / own;
            ((0..n_draws).map(draw).collect(), Some(c))
        }
        None => {
            let n_draws = n_draws.min(n);
            ((0..n_draws).map(|k| k * n / n_draws).collect(), None)
        }
    }
}

/// Some of the columns of `values[rows][n]`.
fn taken(values: &[f64], n: usize, which: &[usize]) -> Vec<f64> {
    values.chunks_exact(n).flat_map(|row| which.iter().map(|&k| row[k])).collect()
}

/// The row that is trusted least, and why; `None` where all are.
fn worst(told: &[Witness], verdicts: &[Verdict]) -> Option<Complaint> {
    let distrusted = (0..told.len()).filter(|&row| verdicts[row] == Verdict::Distrust);
    let row = distrusted.max_by(|&a, &b| told[a].severity().total_cmp(&told[b].severity()))?;
    Some(Complaint::Row { row, symptom: told[row].symptom() })
}
