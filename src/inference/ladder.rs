//! From a start to a q: one family, or the one that serves best.

use super::full_rank;
use super::linear::{Matrix, lower_factor};
use super::maximize::{Optimum, newton, response, stochastic};
use super::options::{FitOptions, Optimizer, Progress};
use super::start::{self, Start};
use super::target::Target;
use crate::family::{FULL_RANK, Family, Gaussian, GaussianFit, MeanField, Scale};

/// Up to this many latents a Gaussian with correlations is fitted.
pub const MAX_FULL_RANK: usize = 300;

/// A family fitted, and why it was chosen.
pub struct Rung {
    pub family: &'static dyn Family,
    pub optimum: Optimum,
    pub why: String,
}

/// The family that was asked for, or the best of those that a fit climbs through by itself.
pub fn climb(
    target: &Target,
    start: &Start,
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> Rung {
    if let Some(family) = options.family {
        return Rung { family, optimum: fit(target, family, start, options, progress), why: String::new() };
    }
    let mean_field = |why: &str, progress: &mut dyn FnMut(Progress)| Rung {
        family: &MeanField,
        optimum: fit(target, &MeanField, start, options, progress),
        why: why.to_string(),
    };
    match target.n_latent() {
        0 => mean_field("", progress),
        _ if start::is_joint(target) => {
            mean_field("mean-field: point estimates are learned along with the latents", progress)
        }
        n if n > MAX_FULL_RANK => {
            mean_field(&format!("mean-field: there are {n} latents, too many for correlations"), progress)
        }
        _ => {
            let optimum = fit(target, &FULL_RANK, start, options, progress);
            Rung { family: &FULL_RANK, optimum, why: "full-rank: latents are correlated".to_string() }
        }
    }
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
        return Optimum::trivial();
    }
    match (options.optimizer, family.fitted_as(), family.second_order()) {
        (Optimizer::Newton, Some(by), _) => gaussian(target, family, by, start, options, progress),
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
            let theta = if target.theta.is_empty() {
                Vec::new()
            } else {
                newton(target, &MeanField, start, options, progress).x.split_off(2 * n)
            };
            let (q, _) = local(target, start, &target.join(&start.mean, &theta));
            match full_rank::fit(target, q.clone(), &theta, options, progress) {
                Some(outcome) => Optimum {
                    optimizer: Optimizer::Newton,
                    x: of(&outcome.q, &theta),
                    n_draws: outcome.n_draws,
                    iterations: outcome.iterations,
                    converged: outcome.converged,
                    warnings: if outcome.converged {
                        vec![]
                    } else {
                        vec![format!(
                            "the full-rank Gaussian had not settled after {} iterations",
                            outcome.iterations
                        )]
                    },
                    trace: outcome.trace,
                },
                None => Optimum {
                    converged: false,
                    warnings: vec!["no q, however narrow, has a finite ELBO at the start".into()],
                    x: of(&q, &theta),
                    ..Optimum::trivial()
                },
            }
        }
    }
}

/// The Gaussian with the curvature of log p at a point, and whether it is one: otherwise a diagonal one that fits there.
fn local(target: &Target, start: &Start, z: &[f64]) -> (Gaussian, bool) {
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
    let lower = lower_factor(covariance)?;
    Some((0..lower.n()).flat_map(|i| (0..=i).map(move |j| (i, j))).map(|(i, j)| lower.at(i, j)).collect())
}
