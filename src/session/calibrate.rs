//! Calibrations: data sets whose answers are known, each fitted as `vippl fit` would.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use miette::{Diagnostic, Report};
use rand::RngExt;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use thiserror::Error;

use super::fit::FitRequest;
use super::{Prepared, prepare_in_memory};
use crate::compile::{CompileOptions, Quantity, SimulateError, Simulated, Simulator, simulator};
use crate::data::{Dataset, Values, Variable};
use crate::inference::FitOptions;
use crate::ir::Role;
use crate::posterior::{Calibration, Draws, Failure, MIN_RANKS, Placed, Shortened, Summary, Verdict, place};

/// Elements of an array that are looked at.
const MAX_ELEMENTS: usize = 100;
/// Stack of a thread that fits, in bytes: that of a main thread.
const STACK: usize = 8 << 20;

/// What a calibration needs beyond the prepared model.
#[derive(Clone)]
pub struct CalibrationRequest {
    /// As for one fit; its seed is that of the whole.
    pub fit: FitRequest,
    pub compile: CompileOptions,
    pub n_simulations: usize,
    pub subject: Subject,
}

/// The draws among which true values are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subject {
    /// Those that a fit reports.
    #[default]
    Reported,
    /// Those of q, whatever weights or chains make of it; only a fit that is `ok` trusts them.
    Approximation,
}

/// Where a calibration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalibrationProgress {
    pub n_simulations: usize,
    pub n_done: usize,
    pub n_distrusted: usize,
    pub n_failed: usize,
}

#[derive(Debug, Error, Diagnostic)]
enum CalibrationError {
    #[error("nothing is observed: a fit has nothing to learn from")]
    #[diagnostic(
        code(vippl::calibrate::nothing_observed),
        help("give data of the form that fits will have: `--data FILE`")
    )]
    NothingObserved,
    #[error("nothing is latent: there is no answer to be right or wrong about")]
    #[diagnostic(code(vippl::calibrate::nothing_latent))]
    NothingLatent,
    #[error("the `param` `{name}` has no prior that a true value could be drawn from")]
    #[diagnostic(code(vippl::calibrate::param), help("give it one, `{name} ~ ...`"))]
    Param { name: String },
    #[error("`{statement}`: a true value cannot be drawn from {distribution}")]
    #[diagnostic(
        code(vippl::calibrate::improper),
        help(
            "calibration draws true values from the priors; give it a proper one, such as `Normal(0, 10)`, that says what you \
             would not be surprised by"
        )
    )]
    Improper { statement: String, distribution: String },
    #[error(
        "only {n_fitted} of {n_simulations} simulated data sets could be fitted; the first that could not: {why}"
    )]
    #[diagnostic(
        code(vippl::calibrate::too_few_fits),
        help(
            "a prior that is far too wide makes data that no computer holds; `vippl simulate MODEL` shows what it makes, and \
             `--sims` asks for more"
        )
    )]
    TooFew { n_fitted: usize, n_simulations: usize, why: String },
}

/// What one simulation comes to.
struct Fitted {
    verdict: Option<Verdict>,
    /// By element that is looked at; `None` where something is not a number.
    places: Vec<Option<Placed>>,
    /// By element: some draw differs from the true value.
    varies: Vec<bool>,
}

/// A row of a posterior that is looked at.
struct Watched {
    name: String,
    quantity: String,
    /// Among all elements of the simulator's quantities.
    at: usize,
    /// Row of a posterior.
    row: usize,
}

impl Prepared {
    /// Draws latents from their priors and data from those, fits each data set, and looks where the true values lie among the
    /// draws. What is conditioned on, and all shapes, are those of the data. `progress` hears of each fit, from its thread.
    ///
    /// # Errors
    /// Where the model cannot be run forwards, and where hardly any data set can be fitted.
    pub fn calibrate(
        &self,
        request: &CalibrationRequest,
        progress: &(dyn Fn(CalibrationProgress) + Sync),
    ) -> Result<Calibration, Report> {
        let simulator = simulator(&self.model, &self.dataset)?;
        let param = simulator.arrays().iter().find(|array| array.role == Role::PointEstimate);
        if let Some(Simulated { name, .. }) = param {
            return Err(CalibrationError::Param { name: name.clone() }.into());
        }
        if simulator.observed().next().is_none() {
            return Err(CalibrationError::NothingObserved.into());
        }
        let (watched, shortened) = watched(&self.compiled.quantities, simulator.quantities());
        if watched.is_empty() {
            return Err(CalibrationError::NothingLatent.into());
        }
        let n = request.n_simulations;
        let state =
            Mutex::new(CalibrationProgress { n_simulations: n, n_done: 0, n_distrusted: 0, n_failed: 0 });
        let results = on_all_threads(n, |k| {
            let result = self.simulate_and_fit(&simulator, &watched, request, k);
            // A listener that has failed says so by itself.
            let Ok(mut state) = state.lock() else { return result };
            state.n_done += 1;
            match &result {
                Ok(fitted) => state.n_distrusted += usize::from(fitted.verdict == Some(Verdict::Distrust)),
                Err(_) => state.n_failed += 1,
            }
            progress(*state);
            result
        })?;
        let (mut verdicts, mut failures, mut fits) = (Vec::new(), Vec::new(), Vec::new());
        for (k, result) in results.into_iter().enumerate() {
            match result {
                Ok(fitted) => {
                    verdicts.push(fitted.verdict);
                    fits.push(fitted);
                }
                Err(Unfitted::Improper(error)) => return Err(error.into()),
                Err(Unfitted::Failed(why)) => failures.push(Failure { simulation: k + 1, why }),
            }
        }
        if let Some(first) = failures.first().filter(|_| fits.len() < MIN_RANKS) {
            let why = first.why.clone();
            return Err(CalibrationError::TooFew { n_fitted: fits.len(), n_simulations: n, why }.into());
        }
        let places = watched.into_iter().enumerate().filter(|(i, _)| fits.iter().any(|fit| fit.varies[*i]));
        let places = places.map(|(i, Watched { name, quantity, .. })| {
            (name, quantity, fits.iter().filter_map(|fit| fit.places[i]).collect())
        });
        Ok(Calibration::new(n, verdicts, failures, places.collect(), shortened))
    }

    fn simulate_and_fit(
        &self,
        simulator: &Simulator,
        watched: &[Watched],
        request: &CalibrationRequest,
        k: usize,
    ) -> Result<Fitted, Unfitted> {
        // Simulations of one seed are those of no other one, and the first of more are the same as fewer.
        let mut rng = ChaCha12Rng::seed_from_u64(request.fit.options.seed);
        rng.set_stream(k as u64 + 1);
        let (mut state, fixed) = simulator.start(&self.dataset);
        simulator.draw(&mut state, &fixed, &[rng.random()]).map_err(|error| match error {
            SimulateError::NoDraws { statement, distribution } => {
                Unfitted::Improper(CalibrationError::Improper { statement, distribution })
            }
            endless => Unfitted::Failed(endless.to_string()),
        })?;
        let dataset = simulated(&self.dataset, simulator, &state)?;
        let failed = |report: Report| Unfitted::Failed(report.to_string());
        let prepared = prepare_in_memory(&self.model.source, dataset, &request.compile).map_err(failed)?;
        let options = FitOptions { seed: rng.random(), ..request.fit.options.clone() };
        let own = FitRequest { options, loo: false, evidence: Vec::new(), ..request.fit.clone() };
        let posterior = prepared.fit(&own, &mut |_| ()).map_err(failed)?;
        let own_draws = match request.subject {
            Subject::Reported => None,
            Subject::Approximation => posterior.fit().and_then(|fit| {
                let (density, n) = (&prepared.compiled.density, posterior.draws.n_draws());
                Some(Draws::push_forward(density, &fit.sample(density, n, fit.seed)?, n))
            }),
        };
        let worst_trusted = if own_draws.is_some() { Verdict::Ok } else { Verdict::Corrected };
        let truths = simulator.values(&state, 1);
        let (mut places, mut varies) = (Vec::new(), Vec::new());
        for &Watched { at, row, .. } in watched {
            let (truth, draws) = (truths[at], own_draws.as_ref().unwrap_or(&posterior.draws).row(row));
            let rank = place(truth, draws, rng.random());
            let trusted = posterior.verdicts.get(row).is_none_or(|verdict| *verdict <= worst_trusted);
            let sd = match own_draws {
                None => posterior.summaries[row].sd,
                Some(_) => Summary::of_draws(draws).sd,
            };
            let variance = sd.map(|sd| sd * sd);
            places.push(rank.map(|rank| Placed { simulation: k + 1, rank, trusted, truth, variance }));
            varies.push(draws.iter().any(|draw| *draw != truth));
        }
        Ok(Fitted { verdict: posterior.verdict(), places, varies })
    }
}

/// Why a simulation has no fit.
enum Unfitted {
    /// None has.
    Improper(CalibrationError),
    Failed(String),
}

/// The elements to look at: those that both fits and simulations know, the first ones of long arrays. Beside them the arrays that
/// are shortened.
fn watched(fitted: &[Quantity], simulated: &[Quantity]) -> (Vec<Watched>, Vec<Shortened>) {
    let (mut watched, mut shortened) = (Vec::new(), Vec::new());
    for quantity in fitted {
        let is_same = |other: &&Quantity| other.name == quantity.name && other.dims == quantity.dims;
        let Some(own) = simulated.iter().find(is_same) else { continue };
        let n = quantity.len().min(MAX_ELEMENTS);
        if n < quantity.len() {
            shortened.push(Shortened { name: quantity.name.clone(), elements: n, of: quantity.len() });
        }
        watched.extend((0..n).map(|k| Watched {
            name: quantity.element_name(k),
            quantity: quantity.name.clone(),
            at: own.offset + k,
            row: quantity.offset + k,
        }));
    }
    (watched, shortened)
}

/// The data, with what a simulation drew in place of what was observed.
fn simulated(dataset: &Dataset, simulator: &Simulator, state: &[f64]) -> Result<Dataset, Unfitted> {
    let mut variables: Vec<Variable> = dataset.variables().cloned().collect();
    for array in simulator.observed() {
        let values = &state[array.offset..array.offset + array.len()];
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return Err(Unfitted::Failed(format!("`{}` is simulated to be {value}", array.name)));
        }
        if let Some(variable) = variables.iter_mut().find(|variable| variable.name == array.name) {
            let mut values = values.to_vec();
            // What is missing in the data is missing here.
            variable.values.missing.iter().flat_map(|own| own.iter()).for_each(|&k| values[k] = f64::NAN);
            let values = Values::new(array.element, &array.dims, values, array.levels.clone());
            *variable = Variable::new(array.name.clone(), values, variable.origin.clone());
        }
    }
    Dataset::from_variables(variables).map_err(|error| Unfitted::Failed(error.to_string()))
}

/// `f(0), ..., f(n - 1)`, shared out among as many threads as there are to be. Within each, what would be shared out is not: a
/// thread that waits for others would begin another fit within its own.
fn on_all_threads<T: Send>(n: usize, f: impl Fn(usize) -> T + Sync) -> Result<Vec<T>, Report> {
    let n_threads = rayon::current_num_threads().min(n).max(1);
    let pool = || rayon::ThreadPoolBuilder::new().num_threads(1).stack_size(STACK).build();
    let pools = (0..n_threads).map(|_| pool()).collect::<Result<Vec<_>, _>>();
    let pools = pools.map_err(|error| Report::msg(format!("cannot start {n_threads} threads: {error}")))?;
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let k = next.fetch_add(1, Ordering::Relaxed);
            if k >= n {
                return done;
            }
            done.push((k, f(k)));
        }
    };
    let mut all: Vec<(usize, T)> = std::thread::scope(|scope| {
        let running: Vec<_> = pools.iter().map(|pool| scope.spawn(|| pool.install(work))).collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    all.sort_by_key(|(k, _)| *k);
    Ok(all.into_iter().map(|(_, result)| result).collect())
}
