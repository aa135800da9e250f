//! Stochastic ELBO maximisation: Adam with averaged iterates, stopped as in RAABBVI (Welandawe et al. 2024): at each step
//! size, until the iterates are stationary by split R-hat and their average is known to a Monte Carlo standard error;
//! then half the step size, until halving it no longer moves the average.

use super::draws::{BaseDraws, Task, rng};
use super::linear::all_finite;
use super::options::{FitOptions, Progress, Stage};
use super::start::Start;
use super::target::Target;
use crate::family::Family;

/// First step size, in sd of the start; each next one is half of it.
const FIRST_STEP: f64 = 0.1;
const LEAST_STEP: f64 = 1e-4;
const DECAY: (f64, f64) = (0.9, 0.99);
const EPSILON: f64 = 1e-8;
/// Draws of one step.
const DRAWS: usize = 8;
/// Iterations between looks at the iterates.
const LOOK: usize = 200;
/// Split R-hat under which iterates are stationary (Welandawe et al. use 1.1).
const STATIONARY: f64 = 1.1;
/// Largest standard error of an average, and largest shift between step sizes: d mean / sd and d log sd.
const TOLERANCE: f64 = 0.02;
const MAX_ITERATIONS: usize = 50_000;
/// Looks at one step size after which it is halved whatever the iterates do.
const MAX_LOOKS: usize = 20;

/// Numbers at most that are kept of the iterates of one step size; longer series are thinned.
const MAX_KEPT: usize = 8_000_000;

/// Where Adam ended.
pub struct AdamOutcome {
    /// (lambda, theta), averaged
    pub x: Vec<f64>,
    pub iterations: usize,
    pub converged: bool,
    /// Stochastic ELBO, averaged over each look.
    pub trace: Vec<f64>,
    /// Steps at which no draw had a finite log density.
    pub n_refused: usize,
    pub n_draws: usize,
}

/// Maximises the ELBO from `start`.
pub fn maximize(
    target: &Target,
    family: &'static dyn Family,
    start: &Start,
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> AdamOutcome {
    let (x0, scale) = coordinates(family, target, start);
    let n = x0.len();
    let n_base = family.n_base(target.n_latent());
    let n_draws = options.mc_draws.unwrap_or(DRAWS).div_ceil(2) * 2;
    let max_iterations = options.max_iterations.unwrap_or(MAX_ITERATIONS);
    let mut rng = rng(options.seed, Task::Adam);
    let mut u = vec![0.0; n];
    let mut last_good = u.clone();
    let (mut first, mut second) = (vec![0.0; n], vec![0.0; n]);
    let at = |u: &[f64]| -> Vec<f64> { x0.iter().zip(&scale).zip(u).map(|((x, s), u)| x + s * u).collect() };
    let mut outcome =
        AdamOutcome { x: x0.clone(), iterations: 0, converged: false, trace: vec![], n_refused: 0, n_draws };
    let mut previous: Option<Vec<f64>> = None;
    let mut step_size = FIRST_STEP;
    let mut steps = 0_i32;
    let thinning = (n * LOOK * MAX_LOOKS).div_ceil(MAX_KEPT).clamp(1, LOOK / 20);
    while step_size >= LEAST_STEP && outcome.iterations < max_iterations {
        let mut iterates: Vec<Vec<f64>> = Vec::new();
        let mut average = u.clone();
        for _look in 0..MAX_LOOKS {
            let mut sum = 0.0;
            for _ in 0..LOOK.min(max_iterations - outcome.iterations) {
                let draws = BaseDraws::antithetic(&mut rng, n_base, n_draws / 2, target.lanes());
                outcome.iterations += 1;
                let Some((elbo, gradient)) = elbo_gradient(target, family, &at(&u), &draws) else {
                    // half way back to where the density was finite, and without momentum
                    outcome.n_refused += 1;
                    u.iter_mut().zip(&last_good).for_each(|(u, good)| *u = 0.5 * (*u + good));
                    first.fill(0.0);
                    continue;
                };
                last_good.copy_from_slice(&u);
                sum += elbo;
                steps = steps.saturating_add(1);
                for i in 0..n {
                    let g = gradient[i] * scale[i];
                    first[i] = DECAY.0 * first[i] + (1.0 - DECAY.0) * g;
                    second[i] = DECAY.1 * second[i] + (1.0 - DECAY.1) * g * g;
                    let m = first[i] / (1.0 - DECAY.0.powi(steps));
                    let v = second[i] / (1.0 - DECAY.1.powi(steps));
                    u[i] += step_size * m / (v.sqrt() + EPSILON);
                }
                if outcome.iterations.is_multiple_of(thinning) {
                    iterates.push(u.clone());
                }
            }
            let elbo = sum / LOOK as f64;
            outcome.trace.push(elbo);
            progress(Progress {
                stage: Stage::Optimise,
                iteration: outcome.iterations,
                value: elbo,
                n_draws,
                parts: None,
            });
            let window = &iterates[iterates.len() / 2..];
            if window.len() < LOOK / 2 / thinning {
                break;
            }
            let checks: Vec<Series> =
                (0..n).map(|i| Series::of(window.iter().map(|u| u[i]).collect())).collect();
            average = checks.iter().map(|c| c.mean).collect();
            let settled = checks.iter().all(|c| c.split_r_hat < STATIONARY && c.mcse < TOLERANCE);
            if settled || outcome.iterations >= max_iterations {
                break;
            }
        }
        u.copy_from_slice(&average);
        outcome.x = at(&average);
        // with a bias linear in the step size, the last shift is the bias that is left
        let shift =
            |before: &Vec<f64>| before.iter().zip(&average).fold(0.0_f64, |a, (b, c)| a.max((b - c).abs()));
        if previous.as_ref().is_some_and(|before| shift(before) < TOLERANCE) {
            outcome.converged = true;
            break;
        }
        previous = Some(average);
        step_size *= 0.5;
    }
    outcome
}

/// x at the start, and the unit of each of its elements: sd for means, 1 for log sd, 1/sqrt(curvature) for theta.
fn coordinates(family: &dyn Family, target: &Target, start: &Start) -> (Vec<f64>, Vec<f64>) {
    let mut x = family.centred_at(&start.mean, &start.sd);
    let mut scale = match family.second_order() {
        Some(family) => {
            let mut natural = vec![0.0; x.len()];
            family.natural_step(target.n_latent(), &x, &vec![1.0; x.len()], &mut natural);
            natural.iter().map(|n| 1.0 / n).collect()
        }
        None => vec![1.0; x.len()],
    };
    x.extend(&start.theta);
    scale.extend(start.theta_curvature.iter().map(|c| c.powf(-0.5)));
    (x, scale)
}

/// ELBO and its reparameterised gradient over (lambda, theta) on these draws; `None` if not finite.
pub(super) fn elbo_gradient(
    target: &Target,
    family: &dyn Family,
    x: &[f64],
    draws: &BaseDraws,
) -> Option<(f64, Vec<f64>)> {
    let n_latent = target.n_latent();
    let (lambda, theta) = x.split_at(family.n_parameters(n_latent));
    let mut gradient = vec![0.0; x.len()];
    let mut value = 0.0;
    for block in &draws.blocks {
        let lanes = block.lanes;
        let z = target.points(family, lambda, theta, block);
        let (mut values, mut g) = (vec![0.0; lanes], vec![0.0; z.len()]);
        target.gradient(lanes, &z, &mut values, &mut g);
        value += values.iter().sum::<f64>();
        let (out_lambda, out_theta) = gradient.split_at_mut(lambda.len());
        family.pull_back(lambda, lanes, &block.base, &target.gather_latent(lanes, &g), out_lambda);
        for (out, &i) in out_theta.iter_mut().zip(&target.theta) {
            *out += g[i * lanes..(i + 1) * lanes].iter().sum::<f64>();
        }
    }
    let weight = 1.0 / draws.n_draws as f64;
    gradient.iter_mut().for_each(|g| *g *= weight);
    family.add_entropy_gradient(n_latent, lambda, &mut gradient[..lambda.len()]);
    let elbo = weight * value + family.entropy(n_latent, lambda);
    (elbo.is_finite() && all_finite(&gradient)).then_some((elbo, gradient))
}

/// One parameter's iterates.
struct Series {
    mean: f64,
    split_r_hat: f64,
    /// Standard error of the mean, from batch means.
    mcse: f64,
}

impl Series {
    fn of(x: Vec<f64>) -> Series {
        let (mean, _) = moments(&x);
        let half = x.len() / 2;
        let ((m1, v1), (m2, v2)) = (moments(&x[..half]), moments(&x[x.len() - half..]));
        let within = 0.5 * (v1 + v2);
        // two chains: B/n is half the squared difference of their means
        let between = 0.5 * (m1 - m2).powi(2);
        let shrink = (half as f64 - 1.0) / half as f64;
        let split_r_hat = if within > 0.0 { (shrink + between / within).sqrt() } else { 1.0 };
        let batch = (x.len() as f64).sqrt() as usize;
        let means: Vec<f64> = x.chunks_exact(batch.max(1)).map(|chunk| moments(chunk).0).collect();
        let mcse = (moments(&means).1 / means.len() as f64).sqrt();
        Series { mean, split_r_hat, mcse }
    }
}

/// Mean and variance.
fn moments(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0))
}
