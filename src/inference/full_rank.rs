//! The Gaussian of greatest ELBO with correlations, by Newton's method on its mean and precision.
//!
//! At the optimum E_q[∇log p] = 0 and E_q[-∇²log p] is the precision (Opper & Archambeau 2009). Both are averages over
//! fixed, moment-matched draws, in coordinates in which the current q is N(0, I): there the first is a gradient g,
//! the second a matrix A that should be I. Each step is q's new precision A, tamed, and the mean's Newton step with it. The
//! fixed point is not an optimum of a sampled ELBO, so steps are judged by how far g is from 0 and A from I.

use super::draws::{BaseDraws, Task, rng};
use super::evaluate::parts_on;
use super::linear::{Matrix, all_finite, lower_factor, symmetric_eigen};
use super::options::{FitOptions, Progress, Stage};
use super::target::Target;
use crate::family::{FULL_RANK, Family, Gaussian, Scale};

/// Fewest draws; more latents have more of them, until they and the directions of their Hessians are too many.
const LEAST_DRAWS: usize = 32;
const MAX_PRODUCTS: usize = 4096;
const MAX_ITERATIONS: usize = 60;
/// Largest elements of g and of A - I at which q is done: mean in sd, relative variance.
const TOLERANCE: [f64; 2] = [1e-2, 5e-2];
/// Eigenvalues of A are taken into the precision between these: log p may bend upwards, or a start be far too wide.
const CURVATURE: [f64; 2] = [0.25, 1e4];
/// Halvings of a step.
const MAX_HALVINGS: i32 = 6;
/// A mean moves at most so many sd in one step.
const MAX_MOVE: f64 = 10.0;

/// Where the iteration ended.
pub struct Outcome {
    pub q: Gaussian,
    pub iterations: usize,
    pub converged: bool,
    pub n_draws: usize,
    /// ELBO by iteration, on the draws.
    pub trace: Vec<f64>,
}

impl Outcome {
    pub fn begun(q: &Gaussian, n_draws: usize) -> Outcome {
        Outcome { q: q.clone(), iterations: 0, converged: false, n_draws, trace: vec![] }
    }
}

/// What is known of q on the draws.
struct State {
    q: Gaussian,
    /// E[L'∇log p] and E[-L'∇²log p L]
    gradient: Vec<f64>,
    curvature: Matrix,
    elbo: f64,
}

impl State {
    fn merit(&self) -> f64 {
        let n = self.q.n();
        let mut sum = 0.0;
        for i in 0..n {
            sum += self.gradient[i].powi(2);
            for j in 0..n {
                sum += 0.5 * (self.curvature.at(i, j) - f64::from(u8::from(i == j))).powi(2);
            }
        }
        sum
    }

    fn is_done(&self) -> bool {
        let n = self.q.n();
        let off = |i: usize, j: usize| (self.curvature.at(i, j) - f64::from(u8::from(i == j))).abs();
        self.gradient.iter().all(|g| g.abs() <= TOLERANCE[0])
            && (0..n).all(|i| (0..n).all(|j| off(i, j) <= TOLERANCE[1]))
    }
}

/// Fits the latents' Gaussian from `start`, with `theta` as it is; `None` if there is no finite ELBO at the start,
/// however narrow q is.
pub fn fit(
    target: &Target,
    start: Gaussian,
    theta: &[f64],
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> Option<Outcome> {
    let n = start.n();
    let n_draws = options.mc_draws.unwrap_or((4 * n).min(MAX_PRODUCTS / n.max(1)).max(LEAST_DRAWS));
    let draws = BaseDraws::matched(&mut rng(options.seed, Task::Objective), n, n_draws, target.lanes());
    let at = |q: Gaussian| evaluate(target, q, theta, &draws);
    let mut state = narrowed_until_finite(start, at)?;
    let mut outcome = Outcome::begun(&state.q, draws.n_draws);
    for iteration in 0..options.max_iterations.unwrap_or(MAX_ITERATIONS) {
        outcome.trace.push(state.elbo);
        report(target, &FULL_RANK, (&state.q, theta), &draws, (state.elbo, iteration + 1), progress);
        if state.is_done() {
            outcome.converged = true;
            break;
        }
        let (merit, elbo) = (state.merit(), state.elbo);
        let better = |new: &State| new.merit() < merit || new.elbo > elbo + 1e-3 * elbo.abs().max(1.0);
        let Some(eigen) = symmetric_eigen(&state.curvature) else { break };
        let steps = (0..=MAX_HALVINGS).map(|k| 0.5f64.powi(k));
        let next = steps.filter_map(|r| at(step(&state, &eigen, r)?)).find(better);
        let Some(next) = next else { break };
        state = next;
        outcome.iterations = iteration + 1;
    }
    outcome.q = state.q;
    Some(outcome)
}

/// Tells of a step.
pub(super) fn report(
    target: &Target,
    family: &dyn Family,
    (q, theta): (&Gaussian, &[f64]),
    draws: &BaseDraws,
    (value, iteration): (f64, usize),
    progress: &mut dyn FnMut(Progress),
) {
    let x: Option<Vec<f64>> = family.of_gaussian(q).map(|lambda| [&lambda, theta].concat());
    let parts = x.map(|x| parts_on(target, family, &x, draws, value));
    progress(Progress { stage: Stage::Optimise, iteration, value, n_draws: draws.n_draws, parts });
}

/// q after a share r of the step: precision B = A^r in the coordinates of q, mean + r B^-1 g.
fn step(state: &State, (vectors, values): &(Vec<Vec<f64>>, Vec<f64>), r: f64) -> Option<Gaussian> {
    let q = &state.q;
    let n = q.n();
    let mut variance = Matrix::zeros(n);
    for (vector, value) in vectors.iter().zip(values) {
        let scaled: Vec<f64> =
            vector.iter().map(|v| -v * value.clamp(CURVATURE[0], CURVATURE[1]).powf(-r)).collect();
        variance.subtract_outer(&scaled, vector);
    }
    let narrowing = lower_factor(&variance)?;
    let mut move_by = vec![0.0; n];
    variance.product(&state.gradient, &mut move_by);
    let longest = move_by.iter().fold(0.0f64, |longest, x| longest.max(x.abs()));
    let shortened = r * (MAX_MOVE / longest).min(1.0);
    move_by.iter_mut().for_each(|x| *x *= shortened);
    let mut mean = vec![0.0; n];
    q.place(1, &move_by, &mut mean);
    let columns = times(q, &narrowing);
    let lower = rows(n, |i, j| columns.at(i, j));
    (all_finite(&lower) && all_finite(&mean)).then_some(Gaussian { mean, scale: Scale::Lower(lower) })
}

/// L times a matrix.
fn times(q: &Gaussian, matrix: &Matrix) -> Matrix {
    let n = q.n();
    let mut product = Matrix::zeros(n);
    q.spread(n.max(1), matrix.rows(), product.rows_mut());
    product
}

/// A packed lower triangle.
fn rows(n: usize, at: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    (0..n).flat_map(|i| (0..=i).map(move |j| (i, j))).map(|(i, j)| at(i, j)).collect()
}

fn narrowed_until_finite(mut q: Gaussian, at: impl Fn(Gaussian) -> Option<State>) -> Option<State> {
    const HALVINGS: usize = 40;
    for _ in 0..HALVINGS {
        if let Some(state) = at(q.clone()) {
            return Some(state);
        }
        q.scale_by(0.5);
    }
    None
}

/// `None` where anything is not finite.
fn evaluate(target: &Target, q: Gaussian, theta: &[f64], draws: &BaseDraws) -> Option<State> {
    let (n, d) = (q.n(), target.dim());
    let directions = times(&q, &Matrix::identity(n));
    let mut elbo = 0.0;
    let mut gradient = vec![0.0; n];
    let mut curvature = Matrix::zeros(n);
    for block in &draws.blocks {
        let lanes = block.lanes;
        let mut latent = vec![0.0; n * lanes];
        q.place(lanes, &block.base, &mut latent);
        let z = target.scatter(lanes, &latent, theta);
        let (mut values, mut slopes) = (vec![0.0; lanes], vec![0.0; d * lanes]);
        target.gradient(lanes, &z, &mut values, &mut slopes);
        elbo += values.iter().sum::<f64>();
        if !elbo.is_finite() || !all_finite(&slopes) {
            return None;
        }
        let of_latents = target.gather_latent(lanes, &slopes);
        gradient
            .iter_mut()
            .zip(of_latents.chunks_exact(lanes))
            .for_each(|(sum, g)| *sum += g.iter().sum::<f64>());
        let (mut v, mut products) = (vec![0.0; d * lanes], vec![0.0; d * lanes]);
        for j in 0..n {
            for (i, &at) in target.latent.iter().enumerate() {
                v[at * lanes..(at + 1) * lanes].fill(directions.at(i, j));
            }
            target.hessian_vector(lanes, &z, &v, &mut slopes, &mut products);
            let of_latents = target.gather_latent(lanes, &products);
            for (i, product) in of_latents.chunks_exact(lanes).enumerate() {
                *curvature.at_mut(i, j) -= product.iter().sum::<f64>();
            }
        }
    }
    let share = 1.0 / draws.n_draws as f64;
    let mut pulled = vec![0.0; n];
    q.pull_back(1, &gradient, &mut pulled);
    pulled.iter_mut().for_each(|g| *g *= share);
    // L' (columns of G L)
    curvature.scale(share);
    let mut whitened = Matrix::zeros(n);
    q.pull_back(n.max(1), curvature.rows(), whitened.rows_mut());
    whitened.symmetrize();
    let state = State { elbo: elbo * share + q.entropy(), gradient: pulled, curvature: whitened, q };
    (all_finite(&state.gradient) && state.curvature.is_finite()).then_some(state)
}
