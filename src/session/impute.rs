//! Missing entries that the density leaves out, drawn for each draw of the posterior.

use super::Prepared;
use crate::compile::{MAX_REPORTED, Simulated, imputer, indices_as_labels};
use crate::ir::Role;
use crate::posterior::Posterior;

/// Draws of one evaluation.
const LANES: usize = 64;

impl Prepared {
    /// Adds draws of the missing entries that nothing but their own statement mentions to a posterior. A warning where they
    /// cannot be drawn.
    pub(super) fn impute(&self, posterior: &mut Posterior) -> Option<String> {
        let n_draws = posterior.draws.n_draws();
        if n_draws == 0 || !self.compiled.variables.iter().any(|variable| variable.is_drawn) {
            return None;
        }
        let cannot = |why: String| Some(format!("missing values are left out, but not imputed: {why}"));
        let simulator = match imputer(&self.model, &self.dataset) {
            Ok(simulator) => simulator,
            Err(errors) => {
                return cannot(errors.errors().first().map_or_else(String::new, ToString::to_string));
            }
        };
        let (mut fixed, mut given) = (vec![false; simulator.size()], Vec::new());
        for array in simulator.arrays().iter().filter(|array| array.role != Role::Observed) {
            let Some(rows) = posterior.rows_of(array) else {
                return cannot(format!("the fit does not hold all of `{}`", array.name));
            };
            fixed[array.offset..array.offset + array.len()].fill(true);
            given.push((array, rows));
        }
        let is_wanted = |array: &&Simulated| {
            let known = self.compiled.variables.iter().find(|variable| variable.name == array.name);
            array.role == Role::Observed && known.is_some_and(|variable| variable.is_drawn)
        };
        let wanted: Vec<&Simulated> = simulator.arrays().iter().filter(is_wanted).collect();
        let mut values: Vec<Vec<f64>> = wanted.iter().map(|array| vec![0.0; array.len() * n_draws]).collect();
        for first in (0..n_draws).step_by(LANES) {
            let lanes = LANES.min(n_draws - first);
            let mut state = vec![0.0; simulator.size() * lanes];
            for (array, rows) in &given {
                for (k, &row) in rows.iter().enumerate() {
                    let own = &mut state[(array.offset + k) * lanes..][..lanes];
                    own.copy_from_slice(&posterior.draws.row(row)[first..first + lanes]);
                }
            }
            // Draws of one seed are those of no other one.
            let own_seed = |k: usize| {
                posterior.method.seed().wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32) ^ k as u64
            };
            let seeds: Vec<u64> = (first..first + lanes).map(own_seed).collect();
            if let Err(error) = simulator.draw(&mut state, &fixed, &seeds) {
                return cannot(error.to_string());
            }
            for (array, values) in wanted.iter().zip(&mut values) {
                for (k, row) in values.chunks_exact_mut(n_draws).enumerate() {
                    row[first..first + lanes].copy_from_slice(&state[(array.offset + k) * lanes..][..lanes]);
                }
            }
        }
        // One statement after the other: entries of a column in the order of the data.
        let mut names: Vec<&str> = wanted.iter().map(|array| array.name.as_str()).collect();
        names.dedup();
        for name in names {
            let mut entries = Vec::new();
            let (mut rank, mut element) = (1, None);
            for (array, values) in wanted.iter().zip(&values).filter(|(array, _)| array.name == name) {
                let Some((tuples, own_rank)) = &array.tuples else { continue };
                (rank, element) = (*own_rank, Some(array.element));
                entries.extend(tuples.iter().copied().zip(values.chunks_exact(n_draws)));
            }
            entries.sort_unstable_by_key(|(tuple, _)| *tuple);
            if entries.len() > MAX_REPORTED {
                continue;
            }
            let (tuples, rows): (Vec<_>, Vec<&[f64]>) = entries.into_iter().unzip();
            if let Some(element) = element {
                posterior.add_imputed(name, indices_as_labels(&tuples, rank), element, rows.concat());
            }
        }
        None
    }
}
