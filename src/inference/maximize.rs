//! The ELBO of a family, maximised: Newton's method on fixed draws, or Adam on fresh ones.

use std::ops::ControlFlow;

use super::adam;
use super::conjugate::solve;
use super::curvature::Curvature;
use super::diagnose::{self, Shift};
use super::draws::{Task, orthogonal_draws, rng};
use super::elbo::{FixedDrawElbo, narrowed_until_finite, natural_steps};
use super::evaluate::parts_on;
use super::linear::Matrix;
use super::newton::{NewtonOptions, Objective, Outcome, STALL_STEPS, Stop, minimize};
use super::options::{FitOptions, Optimizer, Progress, Stage};
use super::start::{self, Start};
use super::target::Target;
use crate::family::{Family, SecondOrder};

/// What either optimiser arrives at.
#[derive(Clone)]
pub struct Optimum {
    pub optimizer: Optimizer,
    pub x: Vec<f64>,
    pub n_draws: usize,
    pub iterations: usize,
    pub converged: bool,
    pub warnings: Vec<String>,
    pub trace: Vec<f64>,
}

impl Optimum {
    /// Nothing to learn.
    pub fn trivial() -> Optimum {
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
pub fn newton(
    target: &Target,
    family: &'static dyn SecondOrder,
    start: &Start,
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> Optimum {
    newton_then(target, family, start, options, progress, &mut |_, _| ())
}

/// The same, and the covariance of the latents by linear response: the block of the means of the inverse Hessian.
pub fn response(
    target: &Target,
    family: &'static dyn SecondOrder,
    start: &Start,
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> (Optimum, Option<Matrix>) {
    let n = target.n_latent();
    let mut covariance = None;
    let optimum = newton_then(target, family, start, options, progress, &mut |objective, curvature| {
        const TOLERANCE: f64 = 1e-8;
        let size = objective.dim();
        let mut matrix = Matrix::zeros(n);
        let mut unit = vec![0.0; size];
        for i in 0..n {
            unit[i] = 1.0;
            let column = solve(objective, curvature, &unit, TOLERANCE, 4 * size);
            (0..n).for_each(|j| *matrix.at_mut(i, j) = column[j]);
            unit[i] = 0.0;
        }
        matrix.symmetrize();
        covariance = matrix.is_finite().then_some(matrix);
    });
    (optimum, covariance)
}

fn newton_then(
    target: &Target,
    family: &'static dyn SecondOrder,
    start: &Start,
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
    at_the_optimum: &mut dyn FnMut(&mut FixedDrawElbo, &Curvature),
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
            at_the_optimum(&mut objective, curvature);
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
pub fn stochastic(
    target: &Target,
    family: &'static dyn Family,
    start: &Start,
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> Optimum {
    let outcome = adam::maximize(target, family, start, options, progress);
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
