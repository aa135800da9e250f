//! Gaussians at all modes that are found: what draws are taken from, and the mixture that q may become.

use std::time::Instant;

use super::evaluate::{Elbo, evaluate};
use super::full_rank;
use super::importance::Proposal;
use super::ladder::{MAX_FULL_RANK, Rung, local, report};
use super::maximize::Optimum;
use super::modes;
use super::options::{FitOptions, Progress};
use super::sparse;
use super::start::Start;
use super::target::Target;
use crate::density::LogDensity;
use crate::family::{Family, Gaussian, Mixture};

/// Nats of ELBO below the best mode at which another does not count.
const FAINT: f64 = 8.0;

/// Gaussians at all modes that can be found, with shares by their ELBOs: `q` itself if it is the only one.
pub fn proposal(target: &Target, q: Gaussian, theta: &[f64], elbo: f64, options: &FitOptions) -> Proposal {
    let mut modes = vec![(elbo, q)];
    for mean in modes::others(target, &modes[0].1, theta, options.seed) {
        let start = Start {
            sd: modes[0].1.sds(),
            mean,
            theta: theta.to_vec(),
            theta_curvature: vec![1.0; theta.len()],
            elbo: f64::NEG_INFINITY,
        };
        modes.push(other_mode(target, &start, &modes[0], options));
    }
    let best = modes.iter().map(|mode| mode.0).fold(f64::NEG_INFINITY, f64::max);
    if !best.is_finite() {
        // There is nothing to compare them by.
        return Proposal { components: vec![(1.0, modes.swap_remove(0).1)] };
    }
    modes.retain(|mode| mode.0 >= best - FAINT);
    let total: f64 = modes.iter().map(|mode| (mode.0 - best).exp()).sum();
    Proposal { components: modes.into_iter().map(|(elbo, q)| ((elbo - best).exp() / total, q)).collect() }
}

/// An ELBO on fresh draws, and how many of them had no finite log density.
pub type Evaluated = (Option<Elbo>, usize);

/// The mixture of the Gaussians at all modes, where there are several, and it is asked for or has the greater ELBO.
pub fn at_all_modes(
    density: &dyn LogDensity,
    target: &Target,
    proposal: &Proposal,
    (rung, evaluated): (Rung, Evaluated),
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> (Rung, Evaluated) {
    let clock = Instant::now();
    let is_asked_for = options.family.is_some_and(|family| family.name() == Mixture.name());
    let n_modes = proposal.components.len();
    if n_modes == 1 || options.family.is_some() && !is_asked_for {
        return (rung, evaluated);
    }
    let Some(lambda) = Mixture::of_parts(&proposal.components) else { return (rung, evaluated) };
    let (_, theta) = target.split(&rung.optimum.x);
    let of_mixture = evaluate(target, &Mixture, (&lambda, theta), options.elbo_draws, options.seed);
    let why = if is_asked_for { String::new() } else { format!("mixture: log p has {n_modes} modes") };
    let optimum = Optimum { x: [&lambda, theta].concat(), ..rung.optimum.clone() };
    let mixture = Rung { family: &Mixture, optimum, why, ..rung.clone() };
    report(density, &mixture, clock, options, progress);
    let value = |evaluated: &Evaluated| evaluated.0.map_or(f64::NEG_INFINITY, |elbo| elbo.value);
    if is_asked_for || value(&of_mixture) > value(&evaluated) {
        (mixture, of_mixture)
    } else {
        (rung, evaluated)
    }
}

/// The Gaussian at another mode, and its ELBO: where none can be fitted, the first one there, of so much more or less ELBO as
/// log p differs.
fn other_mode(
    target: &Target,
    start: &Start,
    (elbo, q): &(f64, Gaussian),
    options: &FitOptions,
) -> (f64, Gaussian) {
    let outcome = if target.n_latent() > MAX_FULL_RANK {
        let from = (start.mean.as_slice(), start.sd.as_slice(), start.theta.as_slice());
        target.sparsity(start).and_then(|sparsity| sparse::fit(target, sparsity, from, options, &mut |_| ()))
    } else {
        let (local, _) = local(target, start, &target.join(&start.mean, &start.theta));
        full_rank::fit(target, local, &start.theta, options, &mut |_| ())
    };
    if let Some(fitted) = outcome.and_then(|outcome| Some((*outcome.trace.last()?, outcome.q))) {
        return fitted;
    }
    let height = |mean: &[f64]| target.values(1, &target.join(mean, &start.theta))[0];
    let moved = Gaussian { mean: start.mean.clone(), scale: q.scale.clone() };
    (elbo + height(&start.mean) - height(&q.mean), moved)
}
