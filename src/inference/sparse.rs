//! The Gaussian of greatest ELBO with the zeros of log p's second derivatives in its precision.
//!
//! As in [`super::full_rank`], E_q[∇log p] = 0 and E_q[-∇²log p] is the precision at the optimum, both over fixed draws. A
//! step mixes the expected curvature into the precision, which keeps its zeros, and moves the mean by Newton's step with it.

use super::draws::{BaseDraws, Task, rng};
use super::full_rank::{Outcome, report};
use super::linear::{all_finite, dot};
use super::options::{FitOptions, Progress};
use super::sparsity::Sparsity;
use super::target::Target;
use crate::family::{Gaussian, Scale, Sparse};

/// Draws, as many as the products with their Hessians allow.
const DRAWS: std::ops::RangeInclusive<usize> = 32..=256;
const MAX_PRODUCTS: usize = 4096;
const MAX_ITERATIONS: usize = 100;
/// At which q is done: the mean in sd, relative elements of the precision.
const TOLERANCE: [f64; 2] = [1e-2, 5e-2];
/// Halvings of a step.
const MAX_HALVINGS: i32 = 8;
/// Halvings of all sds of a q that reaches beyond where log p is finite.
const MAX_NARROWINGS: usize = 40;
/// Steps of at least this share of the one before are gone on with, up to so many times as far.
const LEAST_SHARE: f64 = 0.6;
const MAX_FURTHER: f64 = 50.0;
/// Nats of ELBO.
const LEAST_GAIN: f64 = 1e-2;
/// A mean moves at most so many sd in one step.
const MAX_MOVE: f64 = 10.0;

/// Elements of a matrix on its diagonal and below it.
type Elements = (Vec<f64>, Vec<f64>);

/// What is known of q on the draws.
struct State {
    q: Gaussian,
    precision: Elements,
    /// E[∇log p], and the same by q's base normals.
    slope: Vec<f64>,
    gradient: Vec<f64>,
    /// E[-∇²log p]
    curvature: Elements,
    elbo: f64,
}

struct Fitter<'f, 'd> {
    target: &'f Target<'d>,
    sparsity: &'f Sparsity,
    theta: &'f [f64],
    draws: &'f BaseDraws,
}

/// Fits the latents' Gaussian, from `mean` and the curvature there, or from `sd` if that is none; `None` if there is no
/// finite ELBO at the start, however narrow q is.
pub fn fit(
    target: &Target,
    sparsity: &Sparsity,
    (mean, sd, theta): (&[f64], &[f64], &[f64]),
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> Option<Outcome> {
    let affordable = MAX_PRODUCTS / sparsity.n_products().max(1);
    let n_draws = options.mc_draws.unwrap_or(affordable.clamp(*DRAWS.start(), *DRAWS.end()));
    let mut rng = rng(options.seed, Task::Objective);
    let draws = BaseDraws::matched(&mut rng, mean.len(), n_draws, target.lanes());
    let fitter = Fitter { target, sparsity, theta, draws: &draws };
    let mut state = fitter.start(mean, sd)?;
    let mut outcome = Outcome::begun(&state.q, draws.n_draws);
    let (mut shift, mut share): (Option<Vec<f64>>, f64) = (None, 0.0);
    for iteration in 0..options.max_iterations.unwrap_or(MAX_ITERATIONS) {
        outcome.trace.push(state.elbo);
        report(target, &Sparse, (&state.q, theta), &draws, (state.elbo, iteration + 1), progress);
        if state.is_done(sparsity) {
            outcome.converged = true;
            break;
        }
        let better = |new: &State| new.is_better_than(&state, sparsity);
        // What goes to and fro settles by half steps.
        let steps = (i32::from(share < 0.0)..=MAX_HALVINGS).map(|k| 0.5f64.powi(k));
        let next = steps.filter_map(|r| fitter.step(&state, r)).find(better);
        let Some(next) = next else { break };
        let before = std::mem::replace(&mut state, next);
        let last = before.shift_to(&state);
        share = shift.map_or(0.0, |shift| dot(&last, &shift) / dot(&shift, &shift));
        shift = Some(last);
        if let Some(further) = fitter.extrapolate(&before, &state, share) {
            (state, shift) = (further, None);
        }
        outcome.iterations = iteration + 1;
    }
    outcome.q = state.q;
    Some(outcome)
}

impl Fitter<'_, '_> {
    fn start(&self, mean: &[f64], sd: &[f64]) -> Option<State> {
        let z = self.target.join(mean, self.theta);
        let local = self.sparsity.negative_hessian(self.target, 1, &z);
        let apart = (sd.iter().map(|sd| sd.powi(-2)).collect(), vec![0.0; local.1.len()]);
        let of = |elements: &Elements| self.sparsity.pattern.factor(&elements.0, &elements.1);
        let (factor, mut precision) = match of(&local) {
            Some(factor) => (factor, local),
            None => (of(&apart)?, apart),
        };
        let mut q = Gaussian { mean: mean.to_vec(), scale: Scale::Precision(factor) };
        for _ in 0..MAX_NARROWINGS {
            if let Some(state) = self.evaluate(q.clone(), precision.clone()) {
                return Some(state);
            }
            q.scale_by(0.5);
            precision.0.iter_mut().chain(&mut precision.1).for_each(|x| *x *= 4.0);
        }
        None
    }

    /// A share r of the curvature in the precision, and of Newton's step in the mean.
    fn step(&self, state: &State, r: f64) -> Option<State> {
        let mix = |a: &[f64], b: &[f64]| -> Vec<f64> {
            a.iter().zip(b).map(|(a, b)| (1.0 - r) * a + r * b).collect()
        };
        let (old, new) = (&state.precision, &state.curvature);
        let precision = (mix(&old.0, &new.0), mix(&old.1, &new.1));
        let factor = self.sparsity.pattern.factor(&precision.0, &precision.1)?;
        let n = state.slope.len();
        let (mut whitened, mut move_by) = (vec![0.0; n], vec![0.0; n]);
        factor.pull_back(1, &state.slope, &mut whitened);
        let longest = whitened.iter().fold(0.0f64, |longest, x| longest.max(x.abs()));
        let shortened = r * (MAX_MOVE / longest).min(1.0);
        factor.spread(1, &whitened, &mut move_by);
        let mean: Vec<f64> = state.q.mean.iter().zip(&move_by).map(|(m, d)| m + shortened * d).collect();
        let q = Gaussian { mean, scale: Scale::Precision(factor) };
        q.is_finite().then(|| self.evaluate(q, precision)).flatten()
    }

    /// Where steps end of which each goes on as the one before, a share of its length: along ridges they are short and many.
    fn extrapolate(&self, before: &State, now: &State, share: f64) -> Option<State> {
        if share.is_nan() || share < LEAST_SHARE {
            return None;
        }
        let longest = if share < 1.0 { (share / (1.0 - share)).min(MAX_FURTHER) } else { MAX_FURTHER };
        let further = |a: &[f64], b: &[f64], by: f64| -> Vec<f64> {
            a.iter().zip(b).map(|(a, b)| b + by * (b - a)).collect()
        };
        let ends = [1.0, 0.25, 0.0625].map(|part| part * longest).into_iter().filter_map(|by| {
            let diagonal = further(&before.precision.0, &now.precision.0, by);
            let below = further(&before.precision.1, &now.precision.1, by);
            let factor = self.sparsity.pattern.factor(&diagonal, &below)?;
            let mean = further(&before.q.mean, &now.q.mean, by);
            let q = Gaussian { mean, scale: Scale::Precision(factor) };
            q.is_finite().then(|| self.evaluate(q, (diagonal, below))).flatten()
        });
        ends.into_iter().find(|end| end.is_better_than(now, self.sparsity))
    }

    /// `None` where anything is not finite.
    fn evaluate(&self, q: Gaussian, precision: Elements) -> Option<State> {
        let (target, n) = (self.target, q.n());
        let mut elbo = 0.0;
        let mut slope = vec![0.0; n];
        let mut curvature = (vec![0.0; n], vec![0.0; precision.1.len()]);
        for block in &self.draws.blocks {
            let lanes = block.lanes;
            let mut latent = vec![0.0; n * lanes];
            q.place(lanes, &block.base, &mut latent);
            let z = target.scatter(lanes, &latent, self.theta);
            let (mut values, mut slopes) = (vec![0.0; lanes], vec![0.0; z.len()]);
            target.gradient(lanes, &z, &mut values, &mut slopes);
            elbo += values.iter().sum::<f64>();
            if !elbo.is_finite() || !all_finite(&slopes) {
                return None;
            }
            let of_latents = target.gather_latent(lanes, &slopes);
            let sums = of_latents.chunks_exact(lanes).map(|g| g.iter().sum::<f64>());
            slope.iter_mut().zip(sums).for_each(|(slope, sum)| *slope += sum);
            let (diagonal, below) = self.sparsity.negative_hessian(target, lanes, &z);
            curvature.0.iter_mut().zip(diagonal).for_each(|(all, own)| *all += own);
            curvature.1.iter_mut().zip(below).for_each(|(all, own)| *all += own);
        }
        let share = 1.0 / self.draws.n_draws as f64;
        for x in slope.iter_mut().chain(&mut curvature.0).chain(&mut curvature.1) {
            *x *= share;
        }
        let mut gradient = vec![0.0; n];
        q.pull_back(1, &slope, &mut gradient);
        let is_finite = all_finite(&gradient) && all_finite(&curvature.0) && all_finite(&curvature.1);
        is_finite.then_some(State {
            elbo: elbo * share + q.entropy(),
            q,
            precision,
            slope,
            gradient,
            curvature,
        })
    }
}

impl State {
    /// How far the mean is from there to another state's, in base normals of this one.
    fn shift_to(&self, other: &State) -> Vec<f64> {
        let mut shift = vec![0.0; self.q.n()];
        self.q.whiten(1, &other.q.mean, &mut shift);
        shift
    }

    /// (G - S)_ij / sqrt(S_ii S_jj) on the diagonal, and below it.
    fn differences(&self, sparsity: &Sparsity) -> [Vec<f64>; 2] {
        let (on, below) = &self.precision;
        let diagonal = on.iter().zip(&self.curvature.0).map(|(s, g)| (g - s) / s).collect();
        let scale = |&(i, j): &(usize, usize)| (on[i] * on[j]).sqrt();
        let elements = below.iter().zip(&self.curvature.1).zip(sparsity.pattern.below());
        [diagonal, elements.map(|((s, g), at)| (g - s) / scale(at)).collect()]
    }

    /// Nearer to the fixed point; or of a greater ELBO, and not much farther from it.
    fn is_better_than(&self, other: &State, sparsity: &Sparsity) -> bool {
        let (own, others) = (self.merit(sparsity), other.merit(sparsity));
        let gain = self.elbo - other.elbo;
        own < others || gain > LEAST_GAIN && own < 4.0 * others || gain > 1e-3 * other.elbo.abs().max(1.0)
    }

    fn merit(&self, sparsity: &Sparsity) -> f64 {
        let [on, below] = self.differences(sparsity);
        dot(&self.gradient, &self.gradient) + 0.5 * dot(&on, &on) + dot(&below, &below)
    }

    fn is_done(&self, sparsity: &Sparsity) -> bool {
        self.gradient.iter().all(|g| g.abs() <= TOLERANCE[0])
            && self.differences(sparsity).iter().flatten().all(|x| x.abs() <= TOLERANCE[1])
    }
}
