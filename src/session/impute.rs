//! What the density leaves out, drawn for each draw of the posterior: missing entries, and what is computed of discrete latents.

use super::Prepared;
use crate::compile::{
    MAX_REPORTED, SimulateError, Simulated, Simulator, VariableReport, imputer, in_file_order,
    indices_as_labels,
};
use crate::ir::Role;
use crate::posterior::{Posterior, TablesAt};

/// Draws of one evaluation.
const LANES: usize = 64;
/// Numbers of the tables of discrete latents that are passed over to draw states which a posterior does not hold.
const MAX_TABLE_NUMBERS: usize = 1 << 29;

/// An array that missing entries depend on, and where its draws are.
struct Given<'s> {
    array: &'s Simulated,
    from: From,
}

enum From {
    /// Rows of the posterior.
    Rows(Vec<usize>),
    /// The states of a discrete latent, of which there are too many to hold: drawn again, of elements at these positions.
    States { latent: usize, positions: Vec<usize> },
}

/// What was drawn, each `[elements][n_draws]`.
struct Drawn {
    /// Missing entries of each array that is wanted.
    entries: Vec<Vec<f64>>,
    /// What is computed of discrete latents.
    quantities: Vec<Vec<f64>>,
}

impl Prepared {
    /// Adds draws of the missing entries that nothing but their own statement mentions, and of what is computed of discrete
    /// latents, to a posterior whose draws are of the points `z[D][n_draws]`. A warning where they cannot be drawn.
    pub(super) fn impute(&self, posterior: &mut Posterior, z: &[f64]) -> Option<String> {
        let is_any = |is_it: fn(&VariableReport) -> bool| self.compiled.variables.iter().any(is_it);
        let (is_drawn, is_of_states) =
            (is_any(|variable| variable.is_drawn), is_any(VariableReport::is_of_states));
        if posterior.draws.n_draws() == 0 || !is_drawn && !is_of_states {
            return None;
        }
        let cannot = |why: String| match is_drawn {
            true => format!("missing values are left out, but not imputed: {why}"),
            false => format!("what is computed of discrete latents is not reported: {why}"),
        };
        let simulator = match imputer(&self.model, &self.dataset) {
            Ok(simulator) => simulator,
            Err(errors) => {
                return Some(cannot(errors.errors().first().map_or_else(String::new, ToString::to_string)));
            }
        };
        let is_wanted = |array: &&Simulated| {
            let known = self.compiled.variables.iter().find(|variable| variable.name == array.name);
            array.role == Role::Observed && known.is_some_and(|variable| variable.is_drawn)
        };
        let wanted: Vec<&Simulated> = simulator.arrays().iter().filter(is_wanted).collect();
        let drawn = self.given(&simulator, posterior).and_then(|given| {
            let blocks = self.draw_missing(&simulator, &given, &wanted, posterior, z);
            blocks.map_err(|error| error.to_string())
        });
        match drawn {
            Ok(Drawn { entries, quantities }) => {
                for (quantity, values) in simulator.quantities().iter().zip(quantities) {
                    posterior.add_drawn(quantity.clone(), values);
                }
                add_entries(posterior, &wanted, &entries);
            }
            Err(why) => return Some(cannot(why)),
        }
        None
    }

    /// All that missing entries may depend on; or why some of it is not known.
    fn given<'s>(&self, simulator: &'s Simulator, posterior: &Posterior) -> Result<Vec<Given<'s>>, String> {
        let (density, n_draws) = (&self.compiled.density, posterior.draws.n_draws());
        let source = |array: &'s Simulated| {
            let rows = posterior.rows_of(array);
            if let Some(rows) = rows.filter(|rows| rows.iter().all(|row| *row < posterior.draws.n_rows())) {
                return Ok(Given { array, from: From::Rows(rows) });
            }
            let mut all = in_file_order(&self.compiled.summed_out).into_iter().enumerate();
            let own = all.find(|(_, latent)| latent.name == array.name && latent.missing.is_none());
            let positions = own.and_then(|(_, latent)| array.positions_in(&latent.dims));
            let (Some((latent, _)), Some(positions)) = (own, positions) else {
                return Err(format!("the fit does not hold all of `{}`", array.name));
            };
            if density.n_states().saturating_mul(n_draws) > MAX_TABLE_NUMBERS {
                return Err(format!(
                    "they depend on `{}`, of which {n_draws} draws are too many; `--draws` makes fewer",
                    array.name
                ));
            }
            Ok(Given { array, from: From::States { latent, positions } })
        };
        let arrays = simulator.arrays().iter().filter(|array| array.role != Role::Observed);
        arrays.map(source).collect()
    }

    fn draw_missing(
        &self,
        simulator: &Simulator,
        given: &[Given<'_>],
        wanted: &[&Simulated],
        posterior: &Posterior,
        z: &[f64],
    ) -> Result<Drawn, SimulateError> {
        let (n, seed) = (posterior.draws.n_draws(), posterior.method.seed());
        let tables =
            TablesAt { density: &self.compiled.density, summed_out: &self.compiled.summed_out, z, n, seed };
        let mut fixed = vec![false; simulator.size()];
        given.iter().for_each(|Given { array, .. }| {
            fixed[array.offset..array.offset + array.len()].fill(true);
        });
        let mut entries: Vec<Vec<f64>> = wanted.iter().map(|array| vec![0.0; array.len() * n]).collect();
        let mut quantities: Vec<Vec<f64>> =
            simulator.quantities().iter().map(|quantity| vec![0.0; quantity.len() * n]).collect();
        for first in (0..n).step_by(LANES) {
            let lanes = LANES.min(n - first);
            let mut state = vec![0.0; simulator.size() * lanes];
            for Given { array, from } in given {
                let own = &mut state[array.offset * lanes..(array.offset + array.len()) * lanes];
                match from {
                    From::Rows(rows) => {
                        for (own, &row) in own.chunks_exact_mut(lanes).zip(rows) {
                            own.copy_from_slice(&posterior.draws.row(row)[first..first + lanes]);
                        }
                    }
                    From::States { latent, positions } => {
                        let points: Vec<usize> = (first..first + lanes).collect();
                        let draws = tables.draws(*latent, &points);
                        for (own, position) in own.chunks_exact_mut(lanes).zip(positions) {
                            own.copy_from_slice(&draws[position * lanes..(position + 1) * lanes]);
                        }
                    }
                }
            }
            // Draws of one seed are those of no other one.
            let own_seed = |k: usize| seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32) ^ k as u64;
            let seeds: Vec<u64> = (first..first + lanes).map(own_seed).collect();
            simulator.draw(&mut state, &fixed, &seeds)?;
            for (array, values) in wanted.iter().zip(&mut entries) {
                for (k, row) in values.chunks_exact_mut(n).enumerate() {
                    row[first..first + lanes].copy_from_slice(&state[(array.offset + k) * lanes..][..lanes]);
                }
            }
            let rows = quantities.iter_mut().flat_map(|values| values.chunks_exact_mut(n));
            let computed = simulator.values(&state, lanes);
            for (row, own) in rows.zip(computed.chunks_exact(lanes)) {
                row[first..first + lanes].copy_from_slice(own);
            }
        }
        Ok(Drawn { entries, quantities })
    }
}

/// One statement draws after the other: entries of a column are added in the order of the data.
fn add_entries(posterior: &mut Posterior, wanted: &[&Simulated], values: &[Vec<f64>]) {
    let n_draws = posterior.draws.n_draws();
    let mut names: Vec<&str> = Vec::new();
    for array in wanted {
        if !names.contains(&array.name.as_str()) {
            names.push(&array.name);
        }
    }
    for name in names {
        let mut entries = Vec::new();
        let (mut rank, mut element) = (1, None);
        for (array, values) in wanted.iter().zip(values).filter(|(array, _)| array.name == name) {
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
}
