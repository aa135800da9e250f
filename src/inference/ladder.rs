//! From a start to a q: one family, or the one that serves best.

use std::time::Instant;

use super::centring;
use super::coordinates::Coordinates;
use super::draws::{BaseDraws, Task, rng};
use super::error::InferenceError;
use super::evaluate::evaluate;
use super::full_rank::{self, Outcome};
use super::importance::{self, Proposal};
use super::linear::{Matrix, lower_factor};
use super::maximize::{Optimum, newton, response, stochastic};
use super::options::{CentringChoice, FitOptions, Optimizer, Progress, RungReport, Stage};
use super::sparse;
use super::sparsity;
use super::start::{self, Start};
use super::target::Target;
use crate::density::{Centring, LogDensity};
use crate::family::{FULL_RANK, Family, Gaussian, GaussianFit, MeanField, Scale, Sparse};

/// Up to this many latents a Gaussian with correlations is fitted; more, up to the second number, only where most of them depend
/// on most others, and it is affordable.
pub(super) const MAX_FULL_RANK: usize = 300;
const MAX_DENSE: usize = 1000;
/// Sums and products of one Hessian-vector product, times the latents, up to which it is.
const MAX_DENSE_WORK: f64 = 2e8;

/// A family fitted, and why it was chosen.
#[derive(Clone)]
pub struct Rung {
    pub family: &'static dyn Family,
    pub optimum: Optimum,
    /// Coordinates that q is in, where they are not those of the model as written.
    pub centring: Option<Centring>,
    /// Gradients and Hessian-vector products, counted by point and by call.
    pub evaluations: [u64; 2],
    pub why: String,
}

/// The family that was asked for, or the best of those that a fit climbs through by itself.
pub fn climb(
    density: &dyn LogDensity,
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Rung, InferenceError> {
    let attempt = |centring: Option<Centring>, progress: &mut dyn FnMut(Progress)| {
        let coordinates = Coordinates::new(density, centring.as_ref());
        let target = coordinates.target();
        let clock = Instant::now();
        let start = start::find(&target, options, progress)?;
        let (family, why) = match options.family {
            Some(family) => (family, String::new()),
            None => choice(&target, &start, options),
        };
        let optimum = fit(&target, family, &start, options, progress);
        let mut rung = Rung { family, optimum, centring: centring.clone(), evaluations: [0; 2], why };
        report(density, &rung, clock, options, progress);
        if options.family.is_none() && !rung.optimum.converged && rung.family.name() != MeanField.name() {
            let simpler = fit(&target, &MeanField, &start, options, progress);
            let converged = simpler.converged;
            let why = "mean-field: a Gaussian with correlations did not settle".to_string();
            let simpler = Rung { family: &MeanField, optimum: simpler, why, ..rung.clone() };
            report(density, &simpler, clock, options, progress);
            if converged && elbo_of(density, &simpler, options) > elbo_of(density, &rung, options) {
                rung = simpler;
            }
        }
        rung.evaluations = [target.evaluations(), target.calls()];
        Ok(rung)
    };
    let free = options.centring == CentringChoice::Learned && !density.recentrable().is_empty();
    if !free {
        return attempt(None, progress);
    }
    learn_centring(density, &attempt, options, progress)
}

/// The family to begin with where none is asked for, and why.
fn choice(target: &Target, start: &Start, options: &FitOptions) -> (&'static dyn Family, String) {
    let n = target.n_latent();
    if n == 0 {
        return (&MeanField, String::new());
    }
    if start::is_joint(target) {
        return (&MeanField, "mean-field: point estimates are learned along with the latents".to_string());
    }
    if n <= MAX_FULL_RANK {
        return (&FULL_RANK, "full-rank: latents may be correlated".to_string());
    }
    if options.optimizer == Optimizer::Adam {
        return (&MeanField, format!("mean-field: Adam fits no correlations of {n} latents"));
    }
    if n > sparsity::MAX_LATENTS {
        return (&MeanField, format!("mean-field: with {n} latents there are too many correlations"));
    }
    match target.sparsity(start) {
        Some(_) => (&Sparse, "sparse: of many latents each depends on few others".to_string()),
        None if n <= MAX_DENSE && target.density.work() * n as f64 <= MAX_DENSE_WORK => {
            (&FULL_RANK, "full-rank: most latents depend on most others".to_string())
        }
        None => (&MeanField, "mean-field: most latents depend on most others".to_string()),
    }
}

/// A fit in coordinates of its own.
type Attempt<'a> = dyn Fn(Option<Centring>, &mut dyn FnMut(Progress)) -> Result<Rung, InferenceError> + 'a;

/// Centrings at least so far apart are worth another fit.
const NOTABLE: f64 = 0.1;

/// Whether no weight is notably far from this one.
fn is_near(centring: &Centring, weight: f64) -> bool {
    centring.weights.iter().all(|c| (c - weight).abs() < NOTABLE)
}

/// A fit with location-scale latents apart from their locations and scales, then one as centred as that one says.
fn learn_centring(
    density: &dyn LogDensity,
    attempt: &Attempt<'_>,
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Rung, InferenceError> {
    let n = density.recentrable().len();
    let elbo = |rung: &Rung| elbo_of(density, rung, options);
    let mut written = None;
    if density.dim() > MAX_FULL_RANK {
        // Apart from each other the elements of a chain all depend on each other: as written its precision may be sparse.
        let rung = attempt(None, progress)?;
        if rung.family.name() == Sparse.name() && rung.optimum.converged {
            let centring = learned(density, &rung, options).filter(|centring| !is_near(centring, 1.0));
            return Ok(match centring {
                Some(centring) => rung.or(attempt(Some(centring), progress)?, elbo),
                None => rung,
            });
        }
        written = Some(rung);
    }
    let mut best = attempt(Some(Centring::new(vec![0.0; n])), progress)?;
    if let Some(centring) = learned(density, &best, options).filter(|centring| !is_near(centring, 0.0)) {
        best = best.or(attempt(Some(centring), progress)?, elbo);
    }
    Ok(match written {
        Some(written) => best.or(written, elbo),
        None => best,
    })
}

impl Rung {
    /// The one with the greater ELBO, and the evaluations of both.
    fn or(self, other: Rung, elbo: impl Fn(&Rung) -> f64) -> Rung {
        let evaluations = [0, 1].map(|k| self.evaluations[k] + other.evaluations[k]);
        let better = if elbo(&other) > elbo(&self) { other } else { self };
        Rung { evaluations, ..better }
    }
}

/// ELBO on draws of its own; comparable between coordinates, since log-Jacobians are part of both log p and log q. -inf where
/// it is not finite.
fn elbo_of(density: &dyn LogDensity, rung: &Rung, options: &FitOptions) -> f64 {
    let coordinates = Coordinates::new(density, rung.centring.as_ref());
    let target = coordinates.target();
    let (lambda, theta) = target.split(&rung.optimum.x);
    let (elbo, _) = evaluate(&target, rung.family, (lambda, theta), options.elbo_draws, options.seed);
    elbo.map_or(f64::NEG_INFINITY, |elbo| elbo.value)
}

/// Tells of a rung, where somebody wants to hear of it.
pub(super) fn report(
    density: &dyn LogDensity,
    rung: &Rung,
    clock: Instant,
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) {
    if !options.report_rungs {
        return;
    }
    let seconds = clock.elapsed().as_secs_f64();
    let coordinates = Coordinates::new(density, rung.centring.as_ref());
    let target = coordinates.target();
    let (lambda, theta) = target.split(&rung.optimum.x);
    let k_hat = (target.n_latent() > 0).then(|| {
        let proposal = Proposal { components: rung.family.parts(target.n_latent(), lambda) };
        importance::k_hat(&target, &proposal, theta, options.seed)
    });
    let mean = |weights: &[f64]| weights.iter().sum::<f64>() / weights.len() as f64;
    let rung_report = RungReport {
        family: rung.family.name(),
        centring: rung.centring.as_ref().map(|centring| mean(&centring.weights)),
        settled: rung.optimum.converged,
        k_hat: k_hat.flatten(),
        seconds,
    };
    progress(Progress {
        stage: Stage::Rung(rung_report),
        iteration: rung.optimum.iterations,
        value: elbo_of(density, rung, options),
        n_draws: options.elbo_draws,
        parts: None,
    });
}

/// How centred location-scale latents should be, from the curvature of log p as written under q.
fn learned(density: &dyn LogDensity, rung: &Rung, options: &FitOptions) -> Option<Centring> {
    const DRAWS: usize = 16;
    let coordinates = Coordinates::new(density, rung.centring.as_ref());
    let target = coordinates.target();
    let (lambda, theta) = target.split(&rung.optimum.x);
    let n_base = rung.family.n_base(target.n_latent());
    let mut generator = rng(options.seed, Task::Centring);
    let draws = BaseDraws::matched(&mut generator, n_base, DRAWS, DRAWS);
    let block = draws.blocks.first()?;
    let lanes = block.lanes;
    let z = target.points(rung.family, lambda, theta, block);
    let written = coordinates.to_written(lanes, z);
    Some(centring::by_curvature(density, lanes, &written, &mut generator))
}

/// One family, from the start.
fn fit(
    target: &Target,
    family: &'static dyn Family,
    start: &Start,
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> Optimum {
    if target.dim() == 0 {
        return Optimum { x: family.centred_at(&[], &[]), ..Optimum::trivial() };
    }
    match (options.optimizer, family.fitted_as(), family.second_order()) {
        (_, Some(by @ GaussianFit::ExpectedSparseCurvature), _) | (Optimizer::Newton, Some(by), _) => {
            gaussian(target, family, by, start, options, progress)
        }
        (Optimizer::Newton, None, Some(second_order)) => {
            newton(target, second_order, start, options, progress)
        }
        _ => stochastic(target, family, start, options, progress),
    }
}

/// A Gaussian with correlations; point estimates are those of mean-field.
fn gaussian(
    target: &Target,
    family: &'static dyn Family,
    by: GaussianFit,
    start: &Start,
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> Optimum {
    let n = target.n_latent();
    let of = |q: &Gaussian, theta: &[f64]| -> Vec<f64> {
        let lambda = family.of_gaussian(q).expect("a family of Gaussians");
        lambda.into_iter().chain(theta.iter().copied()).collect()
    };
    match by {
        GaussianFit::CurvatureAtMode => {
            let z = target.join(&start.mean, &start.theta);
            let (q, is_exact) = local(target, start, &z);
            let mut optimum = Optimum { x: of(&q, &start.theta), ..Optimum::trivial() };
            if !is_exact {
                optimum.converged = false;
                optimum
                    .warnings
                    .push("log p is not concave where the descent ended: no Laplace approximation".into());
            }
            optimum
        }
        GaussianFit::LinearResponse => {
            let (mut optimum, covariance) = response(target, &MeanField, start, options, progress);
            let (lambda, theta) = optimum.x.split_at(2 * n);
            let mean = lambda[..n].to_vec();
            let q = covariance
                .and_then(|covariance| packed(&covariance))
                .map(|lower| Gaussian { mean, scale: Scale::Lower(lower) });
            optimum.x = of(&q.clone().unwrap_or_else(|| MeanField.gaussian(n, lambda)), theta);
            if q.is_none() {
                optimum.converged = false;
                optimum.warnings.push(
                    "linear response gives no positive definite covariance: sds are those of mean-field"
                        .into(),
                );
            }
            optimum
        }
        GaussianFit::ExpectedCurvature => {
            let theta = learned_theta(target, start, options, progress);
            let (q, _) = local(target, start, &target.join(&start.mean, &theta));
            let outcome = full_rank::fit(target, q.clone(), &theta, options, progress);
            settled(outcome, of(&q, &theta), &theta, of)
        }
        GaussianFit::ExpectedSparseCurvature => {
            let Some(sparsity) = target.sparsity(start) else {
                // Who asked for it gets the one without correlations.
                let simpler = newton(target, &MeanField, start, options, progress);
                let (lambda, theta) = simpler.x.split_at(2 * n);
                let warning = "most latents depend on most others, or there are too many: no correlations";
                let warnings = [simpler.warnings, vec![warning.to_string()]].concat();
                return Optimum { x: of(&MeanField.gaussian(n, lambda), theta), warnings, ..simpler };
            };
            let apart = Gaussian { mean: start.mean.clone(), scale: Scale::Diagonal(start.sd.clone()) };
            let x = of(&apart, &start.theta);
            let theta = learned_theta(target, start, options, progress);
            let outcome = sparse::fit(target, sparsity, (&start.mean, &start.sd, &theta), options, progress);
            settled(outcome, x, &theta, of)
        }
    }
}

/// Point estimates of mean-field.
fn learned_theta(
    target: &Target,
    start: &Start,
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> Vec<f64> {
    if target.theta.is_empty() {
        return Vec::new();
    }
    newton(target, &MeanField, start, options, progress).x.split_off(2 * target.n_latent())
}

/// What became of a Gaussian's iteration; `start` where it has none.
fn settled(
    outcome: Option<Outcome>,
    start: Vec<f64>,
    theta: &[f64],
    of: impl Fn(&Gaussian, &[f64]) -> Vec<f64>,
) -> Optimum {
    let Some(outcome) = outcome else {
        let warning = "no q, however narrow, has a finite ELBO at the start".to_string();
        return Optimum { converged: false, warnings: vec![warning], x: start, ..Optimum::trivial() };
    };
    let warning = (!outcome.converged)
        .then(|| format!("the Gaussian had not settled after {} iterations", outcome.iterations));
    Optimum {
        optimizer: Optimizer::Newton,
        x: of(&outcome.q, theta),
        n_draws: outcome.n_draws,
        iterations: outcome.iterations,
        converged: outcome.converged,
        warnings: warning.into_iter().collect(),
        trace: outcome.trace,
    }
}

/// The Gaussian with the curvature of log p at a point, and whether it is one: otherwise a diagonal one that fits there.
pub(super) fn local(target: &Target, start: &Start, z: &[f64]) -> (Gaussian, bool) {
    let n = target.n_latent();
    let whole = target.negative_hessian(z);
    let mut precision = Matrix::zeros(n);
    for (a, &i) in target.latent.iter().enumerate() {
        for (b, &j) in target.latent.iter().enumerate() {
            *precision.at_mut(a, b) = whole.at(i, j);
        }
    }
    let lower = super::linear::inverse(&precision).and_then(|covariance| packed(&covariance));
    let is_exact = lower.is_some();
    let scale = lower.map_or_else(|| Scale::Diagonal(start.sd.clone()), Scale::Lower);
    (Gaussian { mean: start.mean.clone(), scale }, is_exact)
}

/// The factor of a covariance.
fn packed(covariance: &Matrix) -> Option<Vec<f64>> {
    Some(lower_factor(covariance)?.packed())
}
