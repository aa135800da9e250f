//! The whole way from a log density to a fit: start, optimiser, checks, ELBO.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::adam;
use super::diagnose::{self, Shift};
use super::draws::{Task, fill_normal, orthogonal_draws, rng};
use super::elbo::{FixedDrawElbo, narrowed_until_finite, natural_steps};
use super::error::InferenceError;
use super::evaluate::{Elbo, evaluate, parts_on};
use super::newton::{NewtonOptions, Outcome, STALL_STEPS, Stop, minimize};
use super::options::{FitOptions, Optimizer, Parts, Progress, Stage};
use super::start::{self, Start};
use super::target::Target;
use crate::density::LogDensity;
use crate::family::{self, SecondOrder};

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
    /// Gradients and Hessian-vector products, counted by point.
    pub gradient_evaluations: u64,
    /// The same, counted by batched call.
    pub batched_evaluations: u64,
    pub converged: bool,
    /// What went wrong, and why; empty if nothing did.
    pub warnings: Vec<String>,
    /// ELBO by iteration, on the draws of the objective.
    pub trace: Vec<f64>,
    /// Pareto k-hat of p/q; not computed by [`fit`].
    pub k_hat: Option<f64>,
}

impl Fit {
    /// Marginal means and sds of the latents on the unconstrained scale, `[n_latent]` each; `None` if the family is unknown.
    pub fn marginals(&self) -> Option<(Vec<f64>, Vec<f64>)> {
        family::by_name(&self.family).map(|family| family.marginals(self.latent.len(), &self.lambda))
    }

    /// `n` independent draws of the unconstrained vector, `[D][n]`; theta is the same in all. The same seed gives the same
    /// draws, and the first of more draws are the same as fewer. `None` if the family is unknown.
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

/// Fits `options.family` to `density`. `progress` is told about every step.
pub fn fit(
    density: &dyn LogDensity,
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Fit, InferenceError> {
    let target = Target::new(density);
    let start = start::find(&target, options, progress)?;
    let optimum = match (options.optimizer, options.family.second_order()) {
        _ if target.dim() == 0 => Optimum::trivial(),
        (Optimizer::Newton, Some(family)) => newton(&target, family, &start, options, progress),
        _ => stochastic(&target, &start, options, progress),
    };
    let (lambda, theta) = optimum.x.split_at(options.family.n_parameters(target.n_latent()));
    let (elbo, n_dropped) =
        evaluate(&target, options.family, (lambda, theta), options.elbo_draws, options.seed);
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
    Ok(Fit {
        family: options.family.name().to_string(),
        optimizer: optimum.optimizer,
        seed: options.seed,
        lambda: lambda.to_vec(),
        theta: theta.to_vec(),
        elbo,
        n_draws: optimum.n_draws,
        iterations: optimum.iterations,
        gradient_evaluations: target.evaluations(),
        batched_evaluations: target.calls(),
        converged: optimum.converged,
        warnings,
        trace: optimum.trace,
        k_hat: None,
        latent: target.latent,
        point_estimated: target.theta,
    })
}

/// What either optimiser arrives at.
struct Optimum {
    optimizer: Optimizer,
    x: Vec<f64>,
    n_draws: usize,
    iterations: usize,
    converged: bool,
    warnings: Vec<String>,
    trace: Vec<f64>,
}

impl Optimum {
    /// Nothing to learn.
    fn trivial() -> Optimum {
        Optimum {
            optimizer: Optimizer::Newton,
            x: vec![],
            n_draws: 0,
            iterations: 0,
            converged: true,
            warnings: vec![],
            trace: vec![],
        }
    }
}

/// M, the draws that the objective begins with: enough for orthogonal coordinates where that is cheap. (With 2D draws
/// the sds of a regression on 25 correlated columns were 30 to 40% off; with 4D under 0.1%.)
///
/// Latents in rows that do not touch each other need no orthogonal coordinates: stratified ones will do.
fn first_draws(target: &Target, options: &FitOptions, n_base: usize, start: &Start) -> usize {
    const LEAST: usize = 32;
    const MOST: usize = 128;
    let rows = || target.rows(&target.join(&start.mean, &start.theta)).is_some();
    options.mc_draws.unwrap_or_else(|| match orthogonal_draws(n_base) {
        needed if needed > MOST && rows() => LEAST,
        needed => needed.clamp(LEAST, MOST),
    })
}

/// Latents with an understated sd that a warning names; the others are counted.
const MOST_NAMED: usize = 3;
/// With point estimates beside latents: nats that ten steps must gain to be worth their while.
const LEAST_GAIN: f64 = 1.0;

/// Newton's method on fixed draws, more of them until they suffice.
fn newton(
    target: &Target,
    family: &'static dyn SecondOrder,
    start: &Start,
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> Optimum {
    let n_base = family.n_base(target.n_latent());
    let defaults = NewtonOptions::default();
    // Point estimates of a network have directions along which the ELBO hardly changes.
    let least_gain = if start::is_joint(target) { LEAST_GAIN } else { 0.0 };
    let newton_options = NewtonOptions {
        least_gain,
        max_iterations: options.max_iterations.unwrap_or(defaults.max_iterations),
        ..defaults
    };
    let mut n_draws = first_draws(target, options, n_base, start);
    let mut theta_curvature = start.theta_curvature.clone();
    let mut x = family.centred_at(&start.mean, &start.sd);
    x.extend(&start.theta);
    let mut optimum = Optimum { x: x.clone(), ..Optimum::trivial() };
    let mut rng = rng(options.seed, Task::Objective);
    let mut first_set = 0;
    loop {
        let draws = target.draws(&mut rng, n_base, n_draws);
        let mut objective = FixedDrawElbo::new(target, family, draws, theta_curvature.clone());
        optimum.n_draws = objective.n_draws();
        x = narrowed_until_finite(target, family, &mut objective, x);
        let seen = objective.draws().clone();
        let trace = &mut optimum.trace;
        let outcome = minimize(&mut objective, x.clone(), &newton_options, &mut |iterate| {
            trace.push(-iterate.value);
            let (iteration, value) = (trace.len(), -iterate.value);
            let parts = Some(parts_on(target, family, iterate.x, &seen, value));
            progress(Progress { stage: Stage::Optimise, iteration, value, n_draws, parts });
            ControlFlow::Continue(())
        });
        let Some(outcome) = outcome else {
            optimum.converged = false;
            optimum.warnings.push("no q, however narrow, has a finite ELBO at the start".into());
            optimum.x = x;
            return optimum;
        };
        theta_curvature = objective.theta_curvature().to_vec();
        optimum.iterations += outcome.iterations;
        optimum.converged = matches!(outcome.stop, Stop::Converged | Stop::Stalled);
        optimum.x.clone_from(&outcome.x);
        if !optimum.converged {
            optimum.warnings.push(why_not_converged(target, family, &outcome, &theta_curvature));
            return optimum;
        }
        if n_base == 0 {
            return optimum;
        }
        if outcome.stop == Stop::Stalled {
            optimum.warnings.push(flat(target, family, &outcome, &theta_curvature));
            return optimum;
        }
        let stream = (options.seed, first_set);
        let curvature = &outcome.curvature;
        let shift =
            diagnose::shift(target, family, &mut objective, &outcome.x, curvature, stream, &theta_curvature);
        let out_of_draws = options.mc_draws.is_some() || optimum.n_draws >= diagnose::MAX_DRAWS;
        if shift.is_tolerable() || out_of_draws {
            if !shift.is_tolerable() {
                optimum.warnings.push(too_few_draws(target, family, shift, optimum.n_draws));
            }
            let understated =
                diagnose::understated_sd(target, family, &outcome.x, curvature, &theta_curvature);
            optimum.warnings.extend(understated_words(target, family, &understated));
            return optimum;
        }
        first_set += 1 << 16;
        n_draws = shift.draws_needed(n_base, optimum.n_draws);
        x = outcome.x;
    }
}

/// Words for sds that q understates, the worst first.
fn understated_words(
    target: &Target,
    family: &dyn SecondOrder,
    understated: &[(usize, f64)],
) -> Option<String> {
    let sd = |at: usize| element_name(target, family, at + target.n_latent());
    match understated {
        [] => None,
        [(at, ratio)] => Some(format!(
            "{} is understated, as mean-field does where latents are correlated: linear response puts it \
             {ratio:.1} times as high",
            sd(*at)
        )),
        [(first, ratio), rest @ ..] => {
            let latent = |at: usize| format!("`{}`", target.density.coordinates()[target.latent[at]].name);
            let others: Vec<String> = rest
                .iter()
                .take(MOST_NAMED - 1)
                .map(|(at, ratio)| format!(", {} {ratio:.1}", latent(*at)))
                .collect();
            Some(format!(
                "the sd of {} latents is understated, as mean-field does where latents are correlated: linear response puts \
                 {} {ratio:.1} times as high{}{}",
                understated.len(),
                latent(*first),
                others.concat(),
                if rest.len() > others.len() { ", the rest less" } else { "" }
            ))
        }
    }
}

/// Words for point estimates that settle no further, though the ELBO has.
fn flat(target: &Target, family: &dyn SecondOrder, outcome: &Outcome, theta_curvature: &[f64]) -> String {
    let name = wants_to_move(target, family, outcome, theta_curvature).0;
    format!(
        "the ELBO has settled to within {LEAST_GAIN} nat over {STALL_STEPS} steps, but not where it is reached: there are \
         directions along which it is almost flat ({name} moved most)"
    )
}

/// The element of x that the last step moves most, and by how many sd.
fn wants_to_move(
    target: &Target,
    family: &dyn SecondOrder,
    outcome: &Outcome,
    theta_curvature: &[f64],
) -> (String, f64) {
    let mut natural = vec![0.0; outcome.x.len()];
    natural_steps(target, family, theta_curvature, &outcome.x, &outcome.last_step, &mut natural);
    let (at, size) =
        natural.iter().enumerate().fold((0, 0.0), |a, (i, s)| if *s > a.1 { (i, *s) } else { a });
    (element_name(target, family, at), size)
}

fn why_not_converged(
    target: &Target,
    family: &dyn SecondOrder,
    outcome: &Outcome,
    theta_curvature: &[f64],
) -> String {
    let (name, size) = wants_to_move(target, family, outcome, theta_curvature);
    match outcome.stop {
        Stop::NoProgress => format!(
            "the optimiser stopped where no step raises the ELBO and stays within the region of finite density; \
             {name} wanted to move most"
        ),
        _ => format!(
            "the optimiser stopped after {} iterations while {name} still moved by {size:.1e} sd",
            outcome.iterations
        ),
    }
}

fn too_few_draws(target: &Target, family: &dyn SecondOrder, shift: Shift, n_draws: usize) -> String {
    let name = element_name(target, family, shift.at);
    if shift.rms.is_finite() {
        format!(
            "{n_draws} draws leave {name} uncertain by {:.3} sd; more draws (--mc-draws) would help",
            shift.rms
        )
    } else {
        format!(
            "the ELBO is finite on the {n_draws} draws of the fit but not on fresh ones: q reaches beyond where the \
             model is defined"
        )
    }
}

/// Words for element `at` of (lambda, theta): `tau`, `the sd of tau`.
fn element_name(target: &Target, family: &dyn SecondOrder, at: usize) -> String {
    let name = |i: usize| format!("`{}`", target.density.coordinates()[i].name);
    let (n_latent, n_lambda) = (target.n_latent(), family.n_parameters(target.n_latent()));
    if at >= n_lambda {
        name(target.theta[at - n_lambda])
    } else if at < n_latent {
        name(target.latent[at])
    } else {
        format!("the sd of {}", name(target.latent[at % n_latent]))
    }
}

/// Adam on fresh draws.
fn stochastic(
    target: &Target,
    start: &Start,
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> Optimum {
    let outcome = adam::maximize(target, start, options, progress);
    let mut warnings = Vec::new();
    if !outcome.converged {
        warnings.push(format!(
            "Adam stopped after {} iterations before its averaged iterates settled",
            outcome.iterations
        ));
    }
    if outcome.n_refused > 0 {
        warnings.push(format!(
            "Adam stepped back from {} points without a finite log density",
            outcome.n_refused
        ));
    }
    Optimum {
        optimizer: Optimizer::Adam,
        x: outcome.x,
        n_draws: outcome.n_draws,
        iterations: outcome.iterations,
        converged: outcome.converged,
        warnings,
        trace: outcome.trace,
    }
}
