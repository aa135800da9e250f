//! A start that needs no luck: a few Newton descents on log p, each kept where a local Gaussian's ELBO was best.

use std::f64::consts::PI;
use std::ops::ControlFlow;

use rand::RngExt;

use super::blame::Failures;
use super::climb;
use super::curvature::{Curvature, Preconditioner};
use super::draws::{BaseDraws, Task, rng};
use super::error::InferenceError;
use super::linear::all_finite;
use super::newton::{NewtonOptions, Objective, minimize};
use super::options::{FitOptions, Progress, Stage};
use super::target::Target;
use crate::density::Role;
use crate::family::{Family, MeanField};

/// Up to this many coordinates a descent uses the whole Hessian.
const DENSE_MAX_DIM: usize = 200;
/// Above this many coordinates the diagonal of the Hessian is estimated from random probes.
const EXACT_DIAGONAL_MAX_DIM: usize = 5000;
const MAX_ITERATIONS: usize = 100;
/// A descent stops after so many iterates whose local ELBO is no better: it runs down a funnel.
const PATIENCE: usize = 4;
/// Nats of log p at which a descent is done; the optimiser of the ELBO does the rest.
const DECREMENT: f64 = 1e-2;
/// Draws for the choice among starts.
const SCREEN_DRAWS: usize = 16;
const SD_RANGE: (f64, f64) = (1e-12, 1e12);

/// Where optimisation of the ELBO begins.
#[derive(Clone, Debug)]
pub struct Start {
    /// Of the latents, `[n_latent]`.
    pub mean: Vec<f64>,
    pub sd: Vec<f64>,
    pub theta: Vec<f64>,
    /// -∂²log p/∂theta_k², made positive, `[n_theta]`.
    pub theta_curvature: Vec<f64>,
    /// ELBO on a few draws.
    pub elbo: f64,
}

/// Descends from up to `options.n_paths` points and takes the best.
pub fn find(
    target: &Target,
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Start, InferenceError> {
    let points = finite_points(target, options)?;
    let family = &MeanField;
    let n_base = family.n_base(target.n_latent());
    let draws =
        BaseDraws::matched(&mut rng(options.seed, Task::Screen), n_base, SCREEN_DRAWS, target.lanes());
    let (first, others) = points;
    // Looked for at a point with nothing special about it.
    target.rows(&first);
    if is_joint(target) {
        let points: Vec<Point> = std::iter::once(first).chain(others).take(options.n_paths.max(1)).collect();
        return Ok(climb::best(target, family, &points, options, &draws, progress));
    }
    let (z, sd) = descend(target, first, options.seed, progress);
    let mut best = screen(target, family, &z, &sd, &draws);
    for point in others.into_iter().take(options.n_paths.saturating_sub(1)) {
        let (z, sd) = descend(target, point, options.seed, progress);
        let start = screen(target, family, &z, &sd, &draws);
        if start.elbo > best.elbo {
            best = start;
        }
    }
    Ok(best)
}

/// Latents and theta at once: log p has no maximum worth a descent, since theta can grow while the latents that it
/// multiplies shrink into their prior.
pub(super) fn is_joint(target: &Target) -> bool {
    !target.theta.is_empty() && target.n_latent() > 0
}

fn sds(diagonal: &[f64]) -> Vec<f64> {
    diagonal.iter().map(|h| sd_from(*h)).collect()
}

/// 1/sqrt(h), the mean-field optimum for a Gaussian; something modest where log p bends upwards.
fn sd_from(h: f64) -> f64 {
    if h > 0.0 {
        h.powf(-0.5).clamp(SD_RANGE.0, SD_RANGE.1)
    } else if h < 0.0 {
        (-h).powf(-0.5).clamp(SD_RANGE.0, 1.0)
    } else {
        0.1
    }
}

/// The sd, as large as serves the ELBO on a few draws.
fn screen(target: &Target, family: &dyn Family, z: &[f64], sd: &[f64], draws: &BaseDraws) -> Start {
    /// 2^-60 of the first sd is no spread at all.
    const HALVINGS: usize = 60;
    let pick = |values: &[f64], which: &[usize]| which.iter().map(|&i| values[i]).collect::<Vec<f64>>();
    let (mean, theta) = (pick(z, &target.latent), pick(z, &target.theta));
    let theta_curvature = pick(sd, &target.theta).iter().map(|sd| sd.powi(-2)).collect();
    let mut sd = pick(sd, &target.latent);
    let mut elbo = elbo_on(target, family, &mean, &sd, &theta, draws);
    for _ in 0..HALVINGS {
        let narrower: Vec<f64> = sd.iter().map(|sd| 0.5 * sd).collect();
        let candidate = elbo_on(target, family, &mean, &narrower, &theta, draws);
        let better = candidate > elbo || !elbo.is_finite();
        if !better || target.n_latent() == 0 {
            break;
        }
        (sd, elbo) = (narrower, candidate);
    }
    Start { mean, sd, theta, theta_curvature, elbo: if elbo.is_nan() { f64::NEG_INFINITY } else { elbo } }
}

/// ELBO of a q with these marginals on a few draws.
pub(super) fn elbo_on(
    target: &Target,
    family: &dyn Family,
    mean: &[f64],
    sd: &[f64],
    theta: &[f64],
    draws: &BaseDraws,
) -> f64 {
    let lambda = family.centred_at(mean, sd);
    let mut sum = 0.0;
    for block in &draws.blocks {
        let z = target.points(family, &lambda, theta, block);
        let mut values = vec![0.0; block.lanes];
        target.density.value(block.lanes, &z, &mut values);
        sum += values.iter().sum::<f64>();
    }
    sum / draws.n_draws as f64 + family.entropy(target.n_latent(), &lambda)
}

/// Minimises -log p from `z`: the point with the best local ELBO, and the sd that fits there.
fn descend(
    target: &Target,
    z: Vec<f64>,
    seed: u64,
    progress: &mut dyn FnMut(Progress),
) -> (Vec<f64>, Vec<f64>) {
    let mut descent = Descent { target, z: z.clone(), seed };
    let mut best: Option<(f64, Vec<f64>)> = None;
    let mut since_best = 0;
    let options = NewtonOptions {
        max_iterations: MAX_ITERATIONS,
        decrement_tolerance: DECREMENT,
        step_tolerance: f64::INFINITY,
        ..Default::default()
    };
    let outcome = minimize(&mut descent, z.clone(), &options, &mut |iterate| {
        progress(Progress {
            stage: Stage::Start,
            iteration: iterate.iteration,
            value: -iterate.value,
            n_draws: 1,
            parts: None,
        });
        let diagonal = match (&iterate.curvature.hessian, &iterate.curvature.preconditioner) {
            (Some(hessian), _) => hessian.diagonal(),
            (None, Preconditioner::Diagonal(diagonal)) => diagonal.clone(),
            (None, _) => return ControlFlow::Continue(()),
        };
        let Some(elbo) = local_elbo(target, -iterate.value, &diagonal) else {
            return ControlFlow::Continue(());
        };
        if best.as_ref().is_none_or(|(best, _)| elbo > *best) {
            best = Some((elbo, iterate.x.to_vec()));
            since_best = 0;
        } else {
            since_best += 1;
        }
        if since_best > PATIENCE { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let end = outcome.map(|o| o.x).unwrap_or(z);
    // the last step of a converged descent has not been seen by the observer
    let end_diagonal = descent.diagonal(&end);
    let mut value = [0.0];
    target.density.value(1, &end, &mut value);
    let end_elbo = local_elbo(target, value[0], &end_diagonal);
    match best {
        Some((elbo, z)) if end_elbo.is_none_or(|end| end < elbo) => {
            let sd = sds(&descent.diagonal(&z));
            (z, sd)
        }
        _ => (end, sds(&end_diagonal)),
    }
}

/// ELBO of independent Gaussians with precisions h at the point, to second order: log p + n/2 log 2 pi - 1/2 Σ log h.
/// `None` where log p is not concave along every latent.
fn local_elbo(target: &Target, log_density: f64, negative_diagonal: &[f64]) -> Option<f64> {
    let mut elbo = log_density + 0.5 * target.n_latent() as f64 * (2.0 * PI).ln();
    for &i in &target.latent {
        let h = negative_diagonal[i];
        if h.is_nan() || h <= 0.0 {
            return None;
        }
        elbo -= 0.5 * h.ln();
    }
    elbo.is_finite().then_some(elbo)
}

/// -log p as an objective.
struct Descent<'t, 'd> {
    target: &'t Target<'d>,
    z: Vec<f64>,
    seed: u64,
}

impl Descent<'_, '_> {
    /// -diag of the Hessian of log p: exact for moderate D, from probes (Bekas, Kokiopoulou & Saad 2007) beyond.
    fn diagonal(&self, z: &[f64]) -> Vec<f64> {
        if self.target.dim() <= EXACT_DIAGONAL_MAX_DIM {
            return self.target.negative_hessian_diagonal(z);
        }
        self.probe_diagonal(z)
    }

    /// E[v ∘ H v] over random signs v.
    fn probe_diagonal(&self, z: &[f64]) -> Vec<f64> {
        const PROBES: usize = 32;
        let d = self.target.dim();
        let mut rng = rng(self.seed, Task::Probes);
        let v: Vec<f64> = (0..d * PROBES).map(|_| if rng.random::<bool>() { 1.0 } else { -1.0 }).collect();
        let points = self.target.repeat(z, PROBES);
        let (mut gradient, mut product) = (vec![0.0; d * PROBES], vec![0.0; d * PROBES]);
        self.target.hessian_vector(PROBES, &points, &v, &mut gradient, &mut product);
        let rows = v.chunks_exact(PROBES).zip(product.chunks_exact(PROBES));
        rows.map(|(v, p)| -super::linear::dot(v, p) / PROBES as f64).collect()
    }
}

impl Objective for Descent<'_, '_> {
    fn dim(&self) -> usize {
        self.target.dim()
    }

    fn gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        self.z = x.to_vec();
        let mut value = [0.0];
        self.target.gradient(1, x, &mut value, gradient);
        gradient.iter_mut().for_each(|g| *g = -*g);
        -value[0]
    }

    fn hessian_vector(&mut self, v: &[f64], product: &mut [f64]) {
        let mut gradient = vec![0.0; v.len()];
        self.target.hessian_vector(1, &self.z, v, &mut gradient, product);
        product.iter_mut().for_each(|p| *p = -*p);
    }

    fn curvature(&mut self) -> Curvature {
        if self.target.dim() <= DENSE_MAX_DIM {
            Curvature::dense(self.target.negative_hessian(&self.z))
        } else {
            Curvature::diagonal(&self.probe_diagonal(&self.z))
        }
    }

    fn natural_step(&self, _x: &[f64], _step: &[f64]) -> f64 {
        0.0
    }
}

/// `[D]`
type Point = Vec<f64>;

/// Points where log p and its gradient are finite, the model's own suggestion first, then by log p.
fn finite_points(target: &Target, options: &FitOptions) -> Result<(Point, Vec<Point>), InferenceError> {
    /// Points of each round; a round is only drawn while too few are finite.
    const ROUNDS: [usize; 3] = [8, 56, 192];
    let coordinates = target.density.coordinates();
    let d = coordinates.len();
    let joint = is_joint(target);
    let mut rng = rng(options.seed, Task::Start);
    let mut uniform = |half_width: f64| half_width * (2.0 * rng.random::<f64>() - 1.0);
    let mut suggested: Option<Vec<f64>> = None;
    let mut found: Vec<(f64, Vec<f64>)> = Vec::new();
    let mut failures = Failures::default();
    let mut tried = 0;
    for (round, lanes) in ROUNDS.into_iter().enumerate() {
        let mut z = vec![0.0; d * lanes];
        for l in 0..lanes {
            for (i, c) in coordinates.iter().enumerate() {
                let centre = c.start.filter(|s| s.is_finite()).unwrap_or(0.0);
                let wide = 3.0_f64.sqrt() * c.start_sd;
                z[i * lanes + l] = match (round, l, c.role) {
                    // off the centre by a little, since the centre may be a saddle of a symmetric model
                    (0, 0, Role::Latent) => centre + uniform(0.01),
                    (0, 0, Role::PointEstimate) if c.start.is_some() => centre + uniform(0.01),
                    (_, _, Role::PointEstimate) => centre + uniform(wide),
                    (0, _, Role::Latent) if joint => centre + uniform(0.1),
                    (0, _, Role::Latent) => uniform(2.0),
                    // later rounds look near the suggestion, near zero, and far out
                    (_, _, Role::Latent) => match l % 4 {
                        0 => centre + uniform(0.2),
                        1 => uniform(0.5),
                        2 => centre + uniform(2.0),
                        _ => uniform(10.0),
                    },
                };
            }
        }
        let (mut values, mut gradient) = (vec![0.0; lanes], vec![0.0; d * lanes]);
        target.gradient(lanes, &z, &mut values, &mut gradient);
        for l in 0..lanes {
            let point: Vec<f64> = (0..d).map(|i| z[i * lanes + l]).collect();
            let slope: Vec<f64> = (0..d).map(|i| gradient[i * lanes + l]).collect();
            if !values[l].is_finite() {
                failures.values.push(point);
            } else if !all_finite(&slope) {
                failures.gradients.push(slope);
            } else if (round, l) == (0, 0) {
                suggested = Some(point);
            } else {
                found.push((values[l], point));
            }
        }
        tried += lanes;
        if found.len() + usize::from(suggested.is_some()) >= options.n_paths.max(1) {
            break;
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut points = suggested.into_iter().chain(found.into_iter().map(|(_, z)| z));
    match points.next() {
        Some(first) => Ok((first, points.collect())),
        None => Err(failures.explain(target.density, tried)),
    }
}
