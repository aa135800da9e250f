//! Markov chains by the No-U-Turn sampler, on the log density itself: exact in the limit, for when there is time
//! (Hoffman & Gelman 2014; the sampler is nuts-rs, with its adaptation of a diagonal metric to draws and gradients).

use std::collections::HashMap;

use nuts_rs::{Chain, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, HasDims, LogpError, Settings};
use rand::RngExt;
use rand_chacha::ChaCha12Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::blame::Failures;
use super::convergence::e_bfmi;
use super::coordinates::{Coordinates, RecentredLatent, base_name, recentred_latents};
use super::draws::{Task, rng};
use super::error::InferenceError;
use super::ladder;
use super::linear::all_finite;
use super::options::{CentringChoice, FitOptions};
use crate::density::{Centring, LogDensity, Role};
use crate::family::{Gaussian, Scale};

/// Options of [`sample`].
#[derive(Clone, Debug, PartialEq)]
pub struct SampleOptions {
    pub seed: u64,
    pub n_chains: usize,
    /// Steps of each chain that adapt it, and are thrown away.
    pub n_warmup: usize,
    /// Draws of each chain that are kept.
    pub n_draws: usize,
    /// A trajectory has at most 2^max_depth steps.
    pub max_depth: usize,
    /// Mean acceptance that the step size is adapted to.
    pub target_accept: f64,
    /// Whether chains run in coordinates in which a fit finds the posterior simplest.
    pub centring: CentringChoice,
}

impl Default for SampleOptions {
    fn default() -> Self {
        SampleOptions {
            seed: 1,
            n_chains: 4,
            n_warmup: 1000,
            n_draws: 1000,
            max_depth: 10,
            target_accept: 0.9,
            centring: CentringChoice::Learned,
        }
    }
}

/// How a sample was made, and how its chains went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub seed: u64,
    pub n_warmup: usize,
    /// Draws of each chain.
    pub n_draws: usize,
    /// How many of them are kept, evenly spaced: fewer of models with very many numbers in each.
    pub n_kept: usize,
    pub max_depth: usize,
    pub target_accept: f64,
    pub chains: Vec<ChainRecord>,
    /// Latents that are sampled in other coordinates than those of the model as written.
    pub recentred: Vec<RecentredLatent>,
    /// Chains ran in coordinates in which a fitted Gaussian has no correlations.
    pub whitened: bool,
}

/// How one chain went, after its warmup.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChainRecord {
    pub step_size: f64,
    /// Trajectories whose energy went astray.
    pub n_divergent: usize,
    /// Trajectories that were cut at `max_depth`.
    pub n_deepest: usize,
    /// See [`e_bfmi`]; `None` where the energy does not vary.
    pub e_bfmi: Option<f64>,
    /// With those of the warmup.
    pub gradient_evaluations: u64,
}

/// Where a chain stands, for whoever shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChainProgress {
    pub chain: usize,
    /// Steps so far, of `n_steps` with those of the warmup.
    pub step: usize,
    pub n_steps: usize,
    pub n_divergent: usize,
}

/// Draws are kept for as many numbers as this (512 MiB).
const MAX_NUMBERS: usize = 1 << 26;
/// Fewest draws of a chain that are kept.
const MIN_KEPT: usize = 50;

/// E-BFMI below which the energy mixes too slowly for the tails to be trusted (Betancourt 2016; the threshold of Stan and ArviZ).
pub const MIN_E_BFMI: f64 = 0.3;

impl Sample {
    pub fn n_divergent(&self) -> usize {
        self.chains.iter().map(|chain| chain.n_divergent).sum()
    }

    pub fn n_deepest(&self) -> usize {
        self.chains.iter().map(|chain| chain.n_deepest).sum()
    }

    /// The lowest of the chains.
    pub fn e_bfmi(&self) -> Option<f64> {
        self.chains.iter().filter_map(|chain| chain.e_bfmi).min_by(f64::total_cmp)
    }

    /// Draws of all chains.
    pub fn n_total(&self) -> usize {
        self.n_draws * self.chains.len()
    }

    /// Draws of all chains that are kept.
    pub fn n_all_kept(&self) -> usize {
        self.n_kept * self.chains.len()
    }

    pub fn gradient_evaluations(&self) -> u64 {
        self.chains.iter().map(|chain| chain.gradient_evaluations).sum()
    }
}

/// Samples `density` by independent chains from dispersed points: the record, and the draws `[D][n_chains * n_kept]`, chain after
/// chain. The same seed gives the same bytes, whatever the number of threads.
///
/// # Errors
/// If nothing is to be sampled, a coordinate is a point estimate, or no finite starting point is found.
pub fn sample(
    density: &dyn LogDensity,
    options: &SampleOptions,
    progress: &(dyn Fn(ChainProgress) + Sync),
) -> Result<(Sample, Vec<f64>), InferenceError> {
    let d = density.dim();
    if d == 0 {
        return Err(InferenceError::NothingToSample);
    }
    if let Some(coordinate) = density.coordinates().iter().find(|c| c.role == Role::PointEstimate) {
        let at = density.statements().get(coordinate.statement).map(|s| s.span.into());
        return Err(InferenceError::PointEstimate {
            name: base_name(&coordinate.name).to_string(),
            at: at.unwrap_or((0, 0).into()),
        });
    }
    let Simplest { centring, q } = simplest(density, options);
    let coordinates = Coordinates::new(density, centring.as_ref());
    let sampled = coordinates.density();
    let chains: Vec<Result<(ChainRecord, Vec<f64>), InferenceError>> = (0..options.n_chains)
        .into_par_iter()
        .map(|chain| run((sampled, q.as_ref()), options, chain, progress))
        .collect();
    let chains: Vec<(ChainRecord, Vec<f64>)> = chains.into_iter().collect::<Result<_, _>>()?;
    let n = n_kept(density, options);
    let mut z = vec![0.0; d * n * options.n_chains];
    for (i, row) in z.chunks_exact_mut((n * options.n_chains).max(1)).enumerate() {
        for (own, (_, draws)) in row.chunks_exact_mut(n.max(1)).zip(&chains) {
            own.iter_mut().zip(draws.chunks_exact(d)).for_each(|(x, draw)| *x = draw[i]);
        }
    }
    let record = Sample {
        whitened: q.is_some(),
        seed: options.seed,
        n_warmup: options.n_warmup,
        n_draws: options.n_draws,
        n_kept: n,
        max_depth: options.max_depth,
        target_accept: options.target_accept,
        chains: chains.into_iter().map(|(record, _)| record).collect(),
        recentred: centring.as_ref().map_or_else(Vec::new, |centring| recentred_latents(density, centring)),
    };
    let z = coordinates.to_written(record.n_all_kept(), z);
    Ok((record, z))
}

/// Draws of each chain that are kept.
fn n_kept(density: &dyn LogDensity, options: &SampleOptions) -> usize {
    let width = density.n_constrained().max(density.dim()).max(1);
    (MAX_NUMBERS / width / options.n_chains).max(MIN_KEPT).min(options.n_draws)
}

/// Coordinates in which a posterior is easier to sample; none where those of the model as written are.
#[derive(Default)]
struct Simplest {
    centring: Option<Centring>,
    /// Latents are correlated: chains run in coordinates in which this is N(0, I).
    q: Option<Gaussian>,
}

/// As a fit finds them.
fn simplest(density: &dyn LogDensity, options: &SampleOptions) -> Simplest {
    if options.centring == CentringChoice::AsWritten {
        return Simplest::default();
    }
    let fit_options = FitOptions { seed: options.seed, ..FitOptions::default() };
    // Where there is no fit there may still be a sample.
    let Ok(rung) = ladder::climb(density, &fit_options, &mut |_| ()) else {
        return Simplest::default();
    };
    // There are no point estimates.
    let q = rung.family.gaussian(density.dim(), &rung.optimum.x);
    // Adaptation finds scales by itself.
    let is_usable = |q: &Gaussian| !matches!(q.scale, Scale::Diagonal(_)) && q.is_finite();
    Simplest { centring: rung.centring, q: Some(q).filter(is_usable) }
}

/// One chain, and its draws `[n_kept][D]`.
fn run(
    (density, q): (&dyn LogDensity, Option<&Gaussian>),
    options: &SampleOptions,
    chain: usize,
    progress: &(dyn Fn(ChainProgress) + Sync),
) -> Result<(ChainRecord, Vec<f64>), InferenceError> {
    /// Steps from one word on progress to the next.
    const STEPS: usize = 10;
    let d = density.dim();
    let mut rng = rng(options.seed, Task::Chain(chain as u32));
    let mut start = dispersed(density, &mut rng)?;
    if let Some(q) = q {
        q.whiten(1, &start.clone(), &mut start);
    }
    let mut settings = DiagNutsSettings {
        num_tune: options.n_warmup as u64,
        num_draws: options.n_draws as u64,
        maxdepth: options.max_depth as u64,
        ..DiagNutsSettings::default()
    };
    settings.adapt_options.step_size_settings.target_accept = options.target_accept;
    let function = Function { density, q, z: vec![0.0; d], slope: vec![0.0; d] };
    let mut sampler = settings.new_chain(chain as u64, CpuMath::new(function), &mut rng).map_err(broken)?;
    sampler.set_position(&start).map_err(broken)?;
    let n_steps = options.n_warmup + options.n_draws;
    let n_kept = n_kept(density, options);
    let mut draws = Vec::with_capacity(n_kept * d);
    let mut energies = Vec::with_capacity(options.n_draws);
    let mut record = ChainRecord {
        step_size: f64::NAN,
        n_divergent: 0,
        n_deepest: 0,
        e_bfmi: None,
        gradient_evaluations: 0,
    };
    for step in 0..n_steps {
        let (draw, _, stats, state) = sampler.expanded_draw().map_err(broken)?;
        record.gradient_evaluations += state.num_gradients;
        if step >= options.n_warmup {
            record.step_size = state.step_size;
            record.n_divergent += usize::from(state.diverging);
            record.n_deepest += usize::from(stats.maxdepth_reached);
            energies.push(stats.point.energy);
            // Draw k is kept where k n_kept / n_draws comes to the next whole number.
            let k = step - options.n_warmup;
            if (k + 1) * n_kept / options.n_draws > k * n_kept / options.n_draws {
                let first = draws.len();
                draws.extend_from_slice(&draw);
                if let Some(q) = q {
                    q.place(1, &draw, &mut draws[first..]);
                }
            }
        }
        if (step + 1) % STEPS == 0 || step + 1 == n_steps {
            progress(ChainProgress { chain, step: step + 1, n_steps, n_divergent: record.n_divergent });
        }
    }
    record.e_bfmi = Some(e_bfmi(&energies)).filter(|x| x.is_finite());
    Ok((record, draws))
}

/// What nuts-rs says; it steps back from what is not finite by itself.
fn broken(error: impl std::fmt::Display) -> InferenceError {
    // Errors of the sampler bring a backtrace where that is asked of the process.
    let text = format!("{error:#}");
    let cause = text.split("Stack backtrace").next().unwrap_or_default().trim().to_string();
    InferenceError::Sampler { cause }
}

/// A point where log p and its gradient are finite: uniform within 2 of zero, as Stan has it; if none of many is finite, nearer
/// to what the model suggests.
fn dispersed(density: &dyn LogDensity, rng: &mut ChaCha12Rng) -> Result<Vec<f64>, InferenceError> {
    /// Half widths around zero (`false`) or what the model suggests (`true`), with tries for each.
    const ROUNDS: [(f64, bool, usize); 5] =
        [(2.0, false, 50), (2.0, true, 50), (0.5, false, 50), (0.5, true, 50), (0.05, true, 50)];
    let coordinates = density.coordinates();
    let mut failures = Failures::default();
    let mut tried = 0;
    for (half_width, suggested, tries) in ROUNDS {
        for _ in 0..tries {
            let z: Vec<f64> = coordinates
                .iter()
                .map(|coordinate| {
                    let centre =
                        coordinate.start.filter(|start| suggested && start.is_finite()).unwrap_or(0.0);
                    centre + half_width * (2.0 * rng.random::<f64>() - 1.0)
                })
                .collect();
            let (mut value, mut gradient) = ([0.0], vec![0.0; z.len()]);
            density.gradient(1, &z, &mut value, &mut gradient);
            tried += 1;
            if !value[0].is_finite() {
                failures.values.push(z);
            } else if !all_finite(&gradient) {
                failures.gradients.push(gradient);
            } else {
                return Ok(z);
            }
        }
    }
    Err(failures.explain(density, tried))
}

/// The log density, one point at a time, as nuts-rs takes it.
struct Function<'d> {
    density: &'d dyn LogDensity,
    /// Positions are in coordinates in which this is N(0, I).
    q: Option<&'d Gaussian>,
    z: Vec<f64>,
    slope: Vec<f64>,
}

/// A step to where the density is not finite is a divergence.
#[derive(Debug, thiserror::Error)]
#[error("the log density is not finite")]
struct NotFinite;

impl LogpError for NotFinite {
    fn is_recoverable(&self) -> bool {
        true
    }
}

impl HasDims for Function<'_> {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::new()
    }
}

impl CpuLogpFunc for Function<'_> {
    type LogpError = NotFinite;
    type FlowParameters = ();
    type ExpandedVector = ();

    fn dim(&self) -> usize {
        self.density.dim()
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, NotFinite> {
        let mut value = [0.0];
        match self.q {
            None => self.density.gradient(1, position, &mut value, gradient),
            Some(q) => {
                q.place(1, position, &mut self.z);
                self.density.gradient(1, &self.z, &mut value, &mut self.slope);
                q.pull_back(1, &self.slope, gradient);
            }
        }
        if value[0].is_finite() && all_finite(gradient) { Ok(value[0]) } else { Err(NotFinite) }
    }

    fn expand_vector<R: rand::Rng + ?Sized>(&mut self, _: &mut R, _: &[f64]) -> Result<(), CpuMathError> {
        Ok(())
    }
}
