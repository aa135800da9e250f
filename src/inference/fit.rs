//! The whole way from a log density to a fit: start, optimiser, checks, ELBO.

use serde::{Deserialize, Serialize};

use super::all_modes;
use super::coordinates::{Coordinates, RecentredLatent, recentred_latents};
use super::draws::{Task, fill_normal, rng};
use super::error::InferenceError;
use super::evaluate::{Elbo, evaluate};
use super::evidence::{Evidence, Reach, evidence};
use super::importance::{self, Proposal, Weighted};
use super::ladder::{self, Rung};
use super::options::{FitOptions, Optimizer, Parts, Progress, Stage};
use crate::density::{Centring, LogDensity};
use crate::family;

/// q(z; lambda) and theta, with what is known about how good they are. Holds no data: enough to draw from q.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// Name of the family, as in [`family::ALL`].
    pub family: String,
    pub optimizer: Optimizer,
    pub seed: u64,
    /// Coordinates of the unconstrained vector that are latents, in the order of q's marginals.
    pub latent: Vec<usize>,
    /// Coordinates that are point-estimated, in the order of `theta`.
    pub point_estimated: Vec<usize>,
    /// Parameters of q; mean-field: `[mu; log_sd]`.
    pub lambda: Vec<f64>,
    /// Point estimates, unconstrained.
    pub theta: Vec<f64>,
    /// `None` only where none of the fresh draws from q has a finite density (see `warnings`).
    pub elbo: Option<Elbo>,
    /// Draws of the objective: fixed ones (Newton) or those of a step (Adam).
    pub n_draws: usize,
    pub iterations: usize,
    /// Gradients and Hessian-vector products of the start and the optimiser, counted by point.
    pub gradient_evaluations: u64,
    /// The same, counted by batched call.
    pub batched_evaluations: u64,
    pub converged: bool,
    /// What went wrong, and why; empty if nothing did.
    pub warnings: Vec<String>,
    /// ELBO by iteration, on the draws of the objective.
    pub trace: Vec<f64>,
    /// Coordinates that q is in, where they are not those of the model as written.
    pub centring: Option<Centring>,
    /// The latents of these coordinates.
    pub recentred: Vec<RecentredLatent>,
    /// Why this family and no other; empty if it was asked for.
    pub why: String,
    /// Pareto k-hat of the weights of the last draws; `None` where there is nothing to draw, or too much.
    pub k_hat: Option<f64>,
    /// log p(x) as far as it is known, up to a constant where densities are not normalised.
    pub evidence: Option<Evidence>,
}

impl Fit {
    /// Marginal means and sds of the latents on the unconstrained scale, `[n_latent]` each; `None` if the family is unknown.
    pub fn marginals(&self) -> Option<(Vec<f64>, Vec<f64>)> {
        family::by_name(&self.family).map(|family| family.marginals(self.latent.len(), &self.lambda))
    }

    /// Whether each latent by itself is normal under q. `false` if the family is unknown.
    pub fn has_normal_marginals(&self) -> bool {
        family::by_name(&self.family).is_some_and(|family| family.has_normal_marginals(&self.lambda))
    }

    /// Draws of q in the coordinates of the model as written, `[D][n]`. `None` if the family is unknown.
    pub fn sample(&self, density: &dyn LogDensity, n: usize, seed: u64) -> Option<Vec<f64>> {
        let z = self.sample_unconstrained(n, seed)?;
        Some(Coordinates::new(density, self.centring.as_ref()).to_written(n, z))
    }

    /// `n` independent draws of the unconstrained vector in q's own coordinates, `[D][n]`; theta is the same in all. The same
    /// seed gives the same draws, and the first of more draws are the same as fewer. `None` if the family is unknown.
    pub fn sample_unconstrained(&self, n: usize, seed: u64) -> Option<Vec<f64>> {
        let family = family::by_name(&self.family)?;
        let n_base = family.n_base(self.latent.len());
        let mut rng = rng(seed, Task::Posterior);
        let mut base = vec![0.0; n_base * n];
        let mut one = vec![0.0; n_base];
        for draw in 0..n {
            fill_normal(&mut rng, &mut one);
            for (k, x) in one.iter().enumerate() {
                base[k * n + draw] = *x;
            }
        }
        let mut z_latent = vec![0.0; self.latent.len() * n];
        if n > 0 {
            family.transform(&self.lambda, n, &base, &mut z_latent);
        }
        let mut z = vec![0.0; (self.latent.len() + self.theta.len()) * n];
        for (k, &i) in self.latent.iter().enumerate() {
            z[i * n..(i + 1) * n].copy_from_slice(&z_latent[k * n..(k + 1) * n]);
        }
        for (theta, &i) in self.theta.iter().zip(&self.point_estimated) {
            z[i * n..(i + 1) * n].fill(*theta);
        }
        Some(z)
    }
}

/// A fit, with what its draws weigh.
#[derive(Debug)]
pub struct Fitted {
    pub fit: Fit,
    /// `None` where there is nothing to draw, or too much.
    pub weighted: Option<Weighted>,
    /// What the draws came from: q, and Gaussians at other modes if there are any.
    pub proposal: Option<Proposal>,
}

/// Fits a family to `density`. `progress` is told about every step.
pub fn fit(
    density: &dyn LogDensity,
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Fitted, InferenceError> {
    let rung = ladder::climb(density, options, progress)?;
    let centring = rung.centring.clone();
    let coordinates = Coordinates::new(density, centring.as_ref());
    let target = coordinates.target();
    let split = target.split(&rung.optimum.x);
    let evaluated = evaluate(&target, rung.family, split, options.elbo_draws, options.seed);
    let proposal = (target.n_latent() > 0).then(|| {
        let (lambda, theta) = split;
        let q = rung.family.gaussian(target.n_latent(), lambda);
        let elbo = evaluated.0.map_or(f64::NEG_INFINITY, |elbo| elbo.value);
        all_modes::proposal(&target, q, theta, elbo, options)
    });
    let (rung, (elbo, n_dropped)) = match &proposal {
        Some(proposal) => {
            all_modes::at_all_modes(density, &target, proposal, (rung, evaluated), options, progress)
        }
        None => (rung, evaluated),
    };
    let Rung { family, optimum, centring: _, evaluations, why } = rung;
    let (lambda, theta) = target.split(&optimum.x);
    let mut warnings = optimum.warnings;
    if n_dropped > 0 {
        let asked = options.elbo_draws.div_ceil(2) * 2;
        warnings.push(format!(
            "{n_dropped} of {asked} draws from q have no finite density, and the ELBO leaves them out: \
             q reaches beyond where the model is defined"
        ));
    }
    if let Some(elbo) = elbo {
        progress(Progress {
            stage: Stage::Evaluate,
            iteration: 0,
            value: elbo.value,
            n_draws: options.elbo_draws,
            parts: Some(Parts { log_likelihood: elbo.log_likelihood, kl: elbo.kl }),
        });
    }
    let weighted =
        proposal.as_ref().and_then(|proposal| importance::sample(&target, proposal, theta, options.seed));
    let reach = match n_dropped {
        _ if target.n_latent() == 0 => Reach::NoLatents,
        0 => Reach::Within,
        _ => Reach::Beyond,
    };
    let weighted = weighted.map(|drawn| Weighted { z: coordinates.to_written(drawn.n, drawn.z), ..drawn });
    let fit = Fit {
        family: family.name().to_string(),
        why,
        recentred: centring.as_ref().map_or_else(Vec::new, |centring| recentred_latents(density, centring)),
        centring: centring.clone(),
        optimizer: optimum.optimizer,
        seed: options.seed,
        lambda: lambda.to_vec(),
        theta: theta.to_vec(),
        elbo,
        n_draws: optimum.n_draws,
        iterations: optimum.iterations,
        gradient_evaluations: evaluations[0],
        batched_evaluations: evaluations[1],
        converged: optimum.converged,
        warnings,
        trace: optimum.trace,
        k_hat: weighted.as_ref().map(|weighted| weighted.smoothed.k_hat),
        evidence: evidence(elbo.as_ref(), reach, weighted.as_ref()),
        latent: target.latent.clone(),
        point_estimated: target.theta.clone(),
    };
    Ok(Fitted { fit, weighted, proposal })
}
