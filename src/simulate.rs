//! New data sets from a model, or from a fit of it: what `vippl simulate` writes.

use std::sync::Arc;

use miette::{Diagnostic, Report};
use thiserror::Error;

use crate::compile::{Simulated, Simulator, simulator};
use crate::data::{Dataset, Levels};
use crate::ir::{Model, Role};
use crate::posterior::Posterior;
use crate::types::ElementType;

/// Data sets with the observed variables of a model.
pub struct Simulations {
    pub variables: Vec<SimulatedVariable>,
    /// One for each set: the elements of all variables, one variable after the other, row-major.
    pub sets: Vec<Vec<f64>>,
}

/// A variable that is simulated.
pub struct SimulatedVariable {
    pub name: String,
    pub dims: Vec<usize>,
    pub element: ElementType,
    /// Of a category: what its codes stand for.
    pub levels: Option<Arc<Levels>>,
}

impl SimulatedVariable {
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[derive(Debug, Error, Diagnostic)]
enum SimulationError {
    #[error("nothing is observed, so that there is nothing to simulate")]
    #[diagnostic(
        code(vippl::simulate::nothing_observed),
        help("give data of the form that is to be simulated: `--data FILE`")
    )]
    NothingObserved,
    #[error("the `param` {name} has no distribution to be drawn from")]
    #[diagnostic(
        code(vippl::simulate::param),
        help("fit the model, `vippl fit MODEL --data FILE --out FIT`, and simulate from the fit")
    )]
    Param { name: String },
    #[error("the data are not those of the fit: {difference}")]
    #[diagnostic(
        code(vippl::simulate::other_data),
        help("`--data FILE` gives the data of the fit where they have moved")
    )]
    OtherData { difference: String },
    #[error("the fit knows nothing of {name}")]
    #[diagnostic(code(vippl::simulate::not_in_fit), help("fit the model again"))]
    NotInFit { name: String },
    #[error("the fit has probabilities of the states of {name}, but no draws: it has too many elements")]
    #[diagnostic(
        code(vippl::simulate::without_draws),
        help("fit the model again with fewer draws, such as `--draws 100`")
    )]
    WithoutDraws { name: String },
}

/// `n` data sets from the prior, or from a fit.
///
/// From a fit each set has one draw of the latents from q, and the point estimates; latents with a plate of `rows` are drawn
/// anew from their prior, as those of new rows. What is observed follows from them.
///
/// # Errors
/// Where the model cannot be run forwards, or is not the one of the fit.
pub fn simulate(
    model: &Model,
    dataset: &Dataset,
    fit: Option<&Posterior>,
    n: usize,
    seed: u64,
) -> Result<Simulations, Report> {
    if let Some(fit) = fit {
        same_data(dataset, fit)?;
    }
    let simulator = simulator(model, dataset)?;
    let (mut state, mut fixed) = simulator.start(dataset);
    let mut global = Vec::new();
    for array in simulator.arrays() {
        match (array.role, fit) {
            (Role::PointEstimate, None) => {
                return Err(SimulationError::Param { name: format!("`{}`", array.name) }.into());
            }
            (Role::Latent, Some(_)) if array.by_row => {}
            (Role::Latent | Role::PointEstimate, Some(fit)) => {
                fixed[array.offset..array.offset + array.len()].fill(true);
                let name = || format!("`{}`", array.name);
                let rows = fit.rows_of(array).ok_or_else(|| SimulationError::NotInFit { name: name() })?;
                if rows.iter().any(|&row| row >= fit.draws.n_rows()) {
                    return Err(SimulationError::WithoutDraws { name: name() }.into());
                }
                global.push((array, rows));
            }
            _ => {}
        }
    }
    let observed: Vec<&Simulated> = simulator.observed().collect();
    if observed.is_empty() {
        return Err(SimulationError::NothingObserved.into());
    }
    let mut sets = Vec::with_capacity(n);
    for set in 0..n {
        if let Some(fit) = fit {
            let draw = fit.draws.kth(set);
            for (array, rows) in &global {
                for (k, &row) in rows.iter().enumerate() {
                    state[array.offset + k] = fit.draws.row(row)[draw];
                }
            }
        }
        sets.push(one_set(&simulator, &observed, state.clone(), &fixed, (seed, set as u64))?);
    }
    let variables = observed.into_iter().map(|array| SimulatedVariable {
        name: array.name.clone(),
        dims: array.dims.clone(),
        element: array.element,
        levels: array.levels.clone(),
    });
    Ok(Simulations { variables: variables.collect(), sets })
}

fn one_set(
    simulator: &Simulator,
    observed: &[&Simulated],
    mut state: Vec<f64>,
    fixed: &[bool],
    (seed, set): (u64, u64),
) -> Result<Vec<f64>, Report> {
    // Sets of one seed are those of no other one, and the first of more are the same as fewer.
    let own_seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32) ^ set;
    simulator.draw(&mut state, fixed, &[own_seed])?;
    Ok(observed.iter().flat_map(|array| state[array.offset..array.offset + array.len()].to_vec()).collect())
}

/// The data must have the names and shapes of those of the fit.
fn same_data(dataset: &Dataset, fit: &Posterior) -> Result<(), Report> {
    if let Some(difference) = fit.data.difference(dataset) {
        return Err(SimulationError::OtherData { difference }.into());
    }
    Ok(())
}
