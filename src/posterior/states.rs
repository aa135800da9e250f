//! Discrete latents that were summed out: the probabilities of their states given the data, and draws of them.
//!
//! A draw of the other latents gives the tables of a [`SummedOut`]. The steps of the elimination, run on them and back, give the
//! probabilities of all states given this draw and, with a random number for each element, a joint draw of the states.

mod points;
mod steps;

pub use points::{Drawn, TablesAt, draw_states};

use super::summary::{Summary, finite};
use super::{Convergence, Method, Posterior};
use crate::compile::{Density, DiscreteLatent, Quantity, QuantityKind, SummedOut, in_file_order};
use crate::types::ElementType;

/// Draws of states are kept for as many numbers as this (32 MiB) of all discrete latents; of longer ones there are probabilities alone.
const MAX_DRAWN_STATES: usize = 1 << 22;
/// Probabilities are averages over all draws for as many numbers of tables as this, over fewer draws of longer ones: what states
/// are is uncertain given a draw already, and varies little from one to the next.
const MAX_TABLE_NUMBERS: usize = 1 << 25;
/// Fewest draws that are averaged over, if there are so many.
const MIN_AVERAGED: usize = 100;
/// Rows of the posterior that are asked what draws of chains are worth.
const MAX_ASKED: usize = 100;

/// The posterior of a discrete latent.
#[derive(Clone, Debug, PartialEq)]
pub struct States {
    /// That each element may take, in ascending order.
    pub values: Vec<f64>,
    /// Of each element's values, averaged over draws of the other latents, `[elements][values]`.
    pub probabilities: Vec<f64>,
    /// Monte Carlo standard errors of the probabilities.
    pub errors: Vec<f64>,
    /// How many independent draws of the other latents they are averages over.
    pub worth: f64,
    /// Of elements that depend on each other.
    pub path: Option<StatePath>,
}

/// The values of all elements, and of all that they are coupled with, that are most likely together: of the greatest log density
/// on average over the other latents. On a chain, what Viterbi's algorithm gives.
#[derive(Clone, Debug, PartialEq)]
pub struct StatePath {
    pub values: Vec<f64>,
    /// Posterior probability that all of them are right.
    pub probability: f64,
}

impl States {
    /// Probabilities without error.
    pub fn exact(values: Vec<f64>, probabilities: Vec<f64>) -> States {
        States { errors: vec![0.0; probabilities.len()], values, probabilities, worth: f64::MAX, path: None }
    }

    /// How often each of the values is among the draws of each element, `[elements][n]`.
    pub(super) fn of_draws(values: Vec<f64>, draws: &[f64], n: usize, worth: f64) -> States {
        let share = |row: &[f64], value: f64| row.iter().filter(|x| **x == value).count() as f64 / n as f64;
        let rows = draws.chunks_exact(n.max(1));
        let probabilities: Vec<f64> =
            rows.flat_map(|row| values.iter().map(move |value| share(row, *value))).collect();
        let errors = probabilities.iter().map(|p| (p * (1.0 - p) / worth).sqrt()).collect();
        States { values, probabilities, errors, worth, path: None }
    }

    pub fn of_element(&self, element: usize) -> &[f64] {
        let k = self.values.len();
        &self.probabilities[element * k..(element + 1) * k]
    }

    /// The most probable value of an element, with its probability; the smallest of several. `None`: not a number.
    pub fn mode(&self, element: usize) -> Option<(f64, f64)> {
        let all = self.values.iter().zip(self.of_element(element)).map(|(value, p)| (*value, *p));
        all.filter(|(_, p)| !p.is_nan()).reduce(|best, next| if next.1 > best.1 { next } else { best })
    }

    pub fn mean(&self, element: usize) -> f64 {
        self.expectation(element, |value| value)
    }

    pub fn variance(&self, element: usize) -> f64 {
        let mean = self.mean(element);
        self.expectation(element, |value| (value - mean) * (value - mean))
    }

    fn expectation(&self, element: usize, f: impl Fn(f64) -> f64) -> f64 {
        self.values.iter().zip(self.of_element(element)).map(|(value, p)| f(*value) * p).sum()
    }

    /// The smallest value that is not exceeded with probability p.
    pub fn quantile(&self, element: usize, p: f64) -> f64 {
        let probabilities = self.of_element(element);
        if probabilities.iter().any(|p| p.is_nan()) {
            return f64::NAN;
        }
        // A sum of rounded probabilities may end below 1.
        let p = p - 1e-12;
        let mut below = 0.0;
        let found = self.values.iter().zip(probabilities).find(|(_, own)| {
            below += *own;
            **own > 0.0 && below >= p
        });
        let last = || self.values.iter().zip(probabilities).rfind(|(_, own)| **own > 0.0);
        found.or_else(last).map_or(f64::NAN, |(value, _)| *value)
    }

    /// The Monte Carlo standard error of the mean of `f` of an element, or no less: exact for two values, and for one of them
    /// against all others.
    pub fn error(&self, element: usize, f: impl Fn(f64) -> f64) -> f64 {
        let k = self.values.len();
        let errors = &self.errors[element * k..(element + 1) * k];
        let images: Vec<f64> = self.values.iter().map(|value| f(*value)).collect();
        // Probabilities sum to 1: the errors of f and of f - c are the same, and sds add up to no less than that of the sum.
        let bound = |c: f64| -> f64 {
            let parts = images.iter().zip(errors).filter(|(_, error)| **error > 0.0);
            parts.map(|(x, error)| (x - c).abs() * error).sum()
        };
        let least = bound(weighted_median(&images, errors));
        // No more than the error of draws of the states.
        let mean = self.expectation(element, &f);
        let variance = self.expectation(element, |value| (f(value) - mean).powi(2));
        least.min((variance / self.worth).sqrt())
    }

    /// The values of a function of an element, with their probabilities: `images` are its values, state by state.
    pub(super) fn image(&self, element: usize, images: &[f64]) -> States {
        let k = self.values.len();
        let known = self.of_element(element).iter().zip(&self.errors[element * k..]);
        let mut own: Vec<(f64, f64, f64)> =
            images.iter().zip(known).map(|(image, (p, error))| (*image, *p, *error)).collect();
        own.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: f64 = own.iter().map(|(.., error)| error).sum();
        let mut image =
            States { values: vec![], probabilities: vec![], errors: vec![], worth: self.worth, path: None };
        for run in own.chunk_by(|a, b| a.0 == b.0) {
            let p: f64 = run.iter().map(|(_, p, _)| p).sum();
            let error: f64 = run.iter().map(|(.., error)| error).sum();
            // That some states have it is as uncertain as that the others have it not.
            let error = error.min(total - error).max(0.0).min((p * (1.0 - p) / self.worth).sqrt());
            image.values.push(run[0].0);
            image.probabilities.push(p);
            image.errors.push(if run.len() == 1 { run[0].2 } else { error });
        }
        image
    }

    pub(super) fn summary(&self, element: usize, mcse: f64) -> Summary {
        let [q05, q50, q95] = [0.05, 0.5, 0.95].map(|p| finite(self.quantile(element, p)));
        Summary {
            mean: finite(self.mean(element)),
            sd: finite(self.variance(element).sqrt()),
            q05,
            q50,
            q95,
            mcse: finite(mcse),
        }
    }

    /// What is said of some of the elements.
    fn of_elements(&self, elements: &[usize]) -> States {
        let k = self.values.len();
        let taken = |all: &[f64]| elements.iter().flat_map(|i| &all[i * k..(i + 1) * k]).copied().collect();
        States {
            probabilities: taken(&self.probabilities),
            errors: taken(&self.errors),
            values: self.values.clone(),
            worth: self.worth,
            path: self.path.as_ref().map(|path| StatePath {
                values: elements.iter().map(|&i| path.values[i]).collect(),
                probability: path.probability,
            }),
        }
    }
}

/// A point that has no more than half of the weights to either side.
fn weighted_median(points: &[f64], weights: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_unstable_by(|&a, &b| points[a].total_cmp(&points[b]));
    let half = 0.5 * weights.iter().sum::<f64>();
    let mut below = 0.0;
    let found = order.iter().find(|&&i| {
        below += weights[i];
        below >= half
    });
    found.map_or(0.0, |&i| points[i])
}

/// Discrete latents as they are reported.
pub struct StatesFound {
    quantity: Quantity,
    states: States,
    mcse: Vec<f64>,
    /// `[elements][n_draws]`; `None` where there are too many.
    draws: Option<Vec<f64>>,
}

/// The states of discrete latents at the points `z[D][n_draws]` that a posterior's draws are of.
pub fn find_states(
    posterior: &Posterior,
    density: &Density,
    summed_out: &[SummedOut],
    z: &[f64],
) -> Vec<StatesFound> {
    let n = posterior.draws.n_draws();
    if n == 0 || summed_out.is_empty() {
        return Vec::new();
    }
    let m = (MAX_TABLE_NUMBERS / density.n_states().max(1)).max(MIN_AVERAGED).min(n);
    let points: Vec<usize> = (0..m).map(|k| k * n / m).collect();
    let mut n_drawn = 0;
    let latents = in_file_order(summed_out);
    let is_drawn = |latent: &&DiscreteLatent| {
        let drawn = n_drawn + latent.n_elements() * n;
        let is_drawn = m == n && drawn <= MAX_DRAWN_STATES;
        n_drawn = if is_drawn { drawn } else { n_drawn };
        is_drawn
    };
    let drawn: Vec<bool> = latents.iter().map(is_drawn).collect();
    let tables = TablesAt { density, summed_out, z, n, seed: posterior.method.seed() };
    let mut all = tables.average(&points, &drawn);
    let of_path = m.min(MIN_AVERAGED);
    let paths = tables.paths(&(0..of_path).map(|k| k * n / of_path).collect::<Vec<usize>>());
    all.iter_mut().zip(paths).for_each(|(drawn, path)| drawn.states.path = path);
    // They are functions of the other latents, without which they are exact.
    let worth = if posterior.coordinates.is_empty() { None } else { Some(posterior.worth()) };
    let of_latent = |((latent, drawn), is_drawn): ((&DiscreteLatent, Drawn), bool)| {
        let Drawn { mut states, mut mcse, draws } = drawn;
        let worth = worth.map(|worth| worth.min(states.worth));
        let factor = worth.map_or(0.0, |worth| (states.worth / worth).sqrt());
        states.errors.iter_mut().chain(&mut mcse).for_each(|error| *error *= factor);
        states.worth = worth.unwrap_or(f64::MAX);
        let reported = latent.reported();
        let rows = |element: &usize| &draws[element * n..(element + 1) * n];
        StatesFound {
            states: states.of_elements(&reported),
            mcse: reported.iter().map(|&element| mcse[element]).collect(),
            draws: is_drawn.then(|| reported.iter().flat_map(rows).copied().collect()),
            quantity: Quantity {
                name: latent.name.clone(),
                kind: if latent.missing.is_some() { QuantityKind::Imputed } else { QuantityKind::Latent },
                dims: latent.dims.clone(),
                labels: latent.labels.clone(),
                element: ElementType::Int,
                doc: latent.doc.clone(),
                offset: 0,
                marginals: vec![None; reported.len()],
            },
        }
    };
    latents.into_iter().zip(all).zip(drawn).map(of_latent).collect()
}

impl StatesFound {
    pub fn has_draws(&self) -> bool {
        self.draws.is_some()
    }
}

impl Posterior {
    /// Adds the states of a discrete latent as a quantity behind all others. Those without draws come last.
    pub fn add_states(&mut self, found: StatesFound) {
        let StatesFound { mut quantity, states, mcse, draws } = found;
        quantity.offset = self.summaries.len();
        // Words have no moments.
        let is_words = self.levels_of(&quantity.name).is_some();
        let of_elements = mcse.iter().enumerate().map(|(element, mcse)| match is_words {
            true => Summary::default(),
            false => states.summary(element, *mcse),
        });
        self.summaries.extend(of_elements);
        // They are no better than the latents that they are functions of.
        if let Some(worst) = self.verdict() {
            self.verdicts.extend(std::iter::repeat_n(worst, quantity.len()));
        }
        if let Method::Nuts(nuts) = &mut self.method {
            nuts.convergence.extend(vec![Convergence::default(); quantity.len()]);
        }
        self.draws.append(draws.unwrap_or_default());
        self.states.push((quantity.name.clone(), states));
        self.quantities.push(quantity);
    }

    /// How many independent draws the draws are worth: those of chains as many as their worst row, of some that are looked at.
    pub(super) fn worth(&self) -> f64 {
        let n_rows = self.draws.n_rows();
        let step = n_rows.div_ceil(MAX_ASKED).max(1);
        let of_row = |row: usize| Some(self.draws.by_chain(self.draws.row(row))?.ess_mean());
        let worths = (0..n_rows).step_by(step).filter_map(of_row).filter(|worth| worth.is_finite());
        worths.fold(self.draws.n_draws() as f64, f64::min)
    }
}
