//! A start for models with latents and point estimates: short climbs of the ELBO itself, from several points.

use std::ops::ControlFlow;

use super::adam::elbo_gradient;
use super::draws::{BaseDraws, Task, rng};
use super::elbo::{FixedDrawElbo, narrowed_until_finite};
use super::newton::{NewtonOptions, Stop, minimize};
use super::options::{FitOptions, Progress, Stage};
use super::start::{Start, elbo_on};
use super::target::Target;
use crate::family::SecondOrder;

/// Draws of the objective of a climb by Newton's method.
const DRAWS: usize = 8;
/// Nats of the ELBO at which a climb is done.
const DECREMENT: f64 = 1.0;
/// Newton steps that a model near its quadratic approximation needs at most.
const FEW_STEPS: usize = 25;
const MANY_STEPS: usize = 150;
/// Stochastic steps of a climb: enough for a small network to bend to its data.
const STOCHASTIC_STEPS: i32 = 600;
/// First and last step of every element of (lambda, theta).
const STEP: (f64, f64) = (0.05, 0.005);
const DECAY: (f64, f64) = (0.9, 0.99);
const EPSILON: f64 = 1e-8;

/// The best end of climbs from `points`, all of them finite.
///
/// Newton's method finds the optimum at once where the model is near linear. Where it is not — a network — the landscape
/// is full of saddles and of folds in which latents are caught, and noisy first-order steps (Adam) get farther; Newton's
/// method then takes over from the best end.
pub fn best(
    target: &Target,
    family: &'static dyn SecondOrder,
    points: &[Vec<f64>],
    options: &FitOptions,
    screen: &BaseDraws,
    progress: &mut dyn FnMut(Progress),
) -> Start {
    let mut climb = Climb { target, family, options, screen, progress };
    let starts: Vec<Vec<f64>> = points.iter().map(|point| climb.first(point)).collect();
    let (newton, converged) = climb.newton(starts[0].clone(), FEW_STEPS);
    let mut best = newton;
    for (path, start) in starts.into_iter().enumerate() {
        let end = climb.adam(start, path);
        let better = climb.elbo(&end) > climb.elbo(&best.x) + DECREMENT;
        if better {
            best = End { x: end, theta_curvature: best.theta_curvature };
        } else if converged && path == 0 {
            break;
        }
    }
    if !converged {
        best = climb.newton(best.x, MANY_STEPS).0;
    }
    climb.start(best)
}

struct Climb<'c, 't, 'd> {
    target: &'t Target<'d>,
    family: &'static dyn SecondOrder,
    options: &'c FitOptions,
    screen: &'c BaseDraws,
    progress: &'c mut dyn FnMut(Progress),
}

/// x = (lambda, theta) at the end of a climb.
struct End {
    x: Vec<f64>,
    theta_curvature: Vec<f64>,
}

impl Climb<'_, '_, '_> {
    /// q around the latents of `point`, as wide as a standard normal prior.
    fn first(&self, point: &[f64]) -> Vec<f64> {
        let pick = |which: &[usize]| which.iter().map(|&i| point[i]).collect::<Vec<f64>>();
        let mut x = self.family.centred_at(&pick(&self.target.latent), &vec![1.0; self.target.n_latent()]);
        x.extend(pick(&self.target.theta));
        x
    }

    fn newton(&mut self, x: Vec<f64>, max_iterations: usize) -> (End, bool) {
        let (target, family) = (self.target, self.family);
        let mut rng = rng(self.options.seed, Task::Climb(0));
        let n_base = family.n_base(target.n_latent());
        let draws = target.draws(&mut rng, n_base, DRAWS);
        let mut objective = FixedDrawElbo::new(target, family, draws, vec![1.0; target.theta.len()]);
        let x = narrowed_until_finite(target, family, &mut objective, x);
        let newton = NewtonOptions {
            max_iterations,
            decrement_tolerance: DECREMENT,
            step_tolerance: f64::INFINITY,
            least_gain: DECREMENT,
            ..Default::default()
        };
        let outcome = minimize(&mut objective, x.clone(), &newton, &mut |iterate| {
            let (iteration, value) = (iterate.iteration, -iterate.value);
            (self.progress)(Progress { stage: Stage::Start, iteration, value, n_draws: DRAWS, parts: None });
            ControlFlow::Continue(())
        });
        let converged = outcome.as_ref().is_some_and(|outcome| outcome.stop == Stop::Converged);
        let x = outcome.map_or(x, |outcome| outcome.x);
        (End { x, theta_curvature: objective.theta_curvature().to_vec() }, converged)
    }

    /// Adam (Kingma & Ba 2015) with a falling step, on one fresh antithetic pair of draws a step.
    fn adam(&mut self, mut x: Vec<f64>, path: usize) -> Vec<f64> {
        const LOOK: i32 = 20;
        let n_base = self.family.n_base(self.target.n_latent());
        let mut rng = rng(self.options.seed, Task::Climb(1 + path as u32));
        let (mut first, mut second) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        let mut last_good = x.clone();
        for step in 1..=STOCHASTIC_STEPS {
            let draws = BaseDraws::matched(&mut rng, n_base, 2, 2);
            let Some((elbo, gradient)) = elbo_gradient(self.target, self.family, &x, &draws) else {
                // half way back to where the density was finite, and without momentum
                x.iter_mut().zip(&last_good).for_each(|(x, good)| *x = 0.5 * (*x + good));
                first.fill(0.0);
                continue;
            };
            last_good.copy_from_slice(&x);
            if step % LOOK == 0 {
                let iteration = step as usize;
                let stage = Stage::Start;
                (self.progress)(Progress { stage, iteration, value: elbo, n_draws: 2, parts: None });
            }
            let done = f64::from(step) / f64::from(STOCHASTIC_STEPS);
            let size = STEP.0 + (STEP.1 - STEP.0) * done;
            let (bias_first, bias_second) = (1.0 - DECAY.0.powi(step), 1.0 - DECAY.1.powi(step));
            for (k, g) in gradient.iter().enumerate() {
                first[k] = DECAY.0 * first[k] + (1.0 - DECAY.0) * g;
                second[k] = DECAY.1 * second[k] + (1.0 - DECAY.1) * g * g;
                x[k] += size * (first[k] / bias_first) / ((second[k] / bias_second).sqrt() + EPSILON);
            }
        }
        x
    }

    fn elbo(&self, x: &[f64]) -> f64 {
        let (lambda, theta) = self.target.split(x);
        let (mean, sd) = self.family.marginals(self.target.n_latent(), lambda);
        let elbo = elbo_on(self.target, self.family, &mean, &sd, theta, self.screen);
        if elbo.is_nan() { f64::NEG_INFINITY } else { elbo }
    }

    fn start(&self, end: End) -> Start {
        let (lambda, theta) = self.target.split(&end.x);
        let (mean, sd) = self.family.marginals(self.target.n_latent(), lambda);
        let elbo = self.elbo(&end.x);
        Start { mean, sd, theta: theta.to_vec(), theta_curvature: end.theta_curvature, elbo }
    }
}
