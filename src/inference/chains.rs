//! Short Hamiltonian Monte Carlo chains in lanes, started from q: they drift away from it where it is not the posterior.
//!
//! All chains of a run take their steps together, one gradient of all lanes each. Positions are in coordinates in which q is
//! N(0, I); where the chains find another covariance these are replaced during warm-up.

use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use super::convergence::ChainDraws;
use super::coordinates::Coordinates;
use super::draws::{Task, fill_normal, rng};
use super::fit::Fitted;
use super::importance::Proposal;
use super::linear::{Matrix, all_finite, lower_factor};
use super::target::Target;
use crate::density::LogDensity;
use crate::family::{Gaussian, Scale};

/// Chains of a run.
pub const CHAINS: usize = 64;
/// Acceptance that the step size is adapted to.
const ACCEPTANCE: f64 = 0.85;
/// Iterations of each phase of the warm-up.
const WARMUP: [usize; 3] = [12, 20, 20];
/// Leapfrog steps of one iteration at most.
const MAX_STEPS: usize = 128;
/// A loss of energy that no path has that resembles an exact one (as in Stan).
const DIVERGENT: f64 = 1000.0;
/// Up to so many latents the covariance of the chains replaces q's; of more, variances replace q's if it has no more itself.
const MAX_DENSE: usize = 100;

/// Draws of chains after their warm-up.
#[derive(Clone, Debug, PartialEq)]
pub struct Chains {
    /// `[D][CHAINS * n_draws]`: chain after chain.
    pub z: Vec<f64>,
    /// Draws of each chain.
    pub n_draws: usize,
    /// Trajectories that diverged.
    pub n_divergent: usize,
}

impl Chains {
    /// Draws of all chains.
    pub fn n_all(&self) -> usize {
        self.n_draws * CHAINS
    }
}

struct Sampler<'t, 'd> {
    target: &'t Target<'d>,
    theta: &'t [f64],
    q: Gaussian,
    /// `[n][CHAINS]`, in coordinates of `q`
    x: Vec<f64>,
    log_p: Vec<f64>,
    /// d log p / d x
    gradient: Vec<f64>,
}

/// Standard errors of mean (in sd) and ln sd of every latent at which chains are long enough.
const ENOUGH: [f64; 2] = [0.014, 0.013];
/// Iterations between looks.
const BATCH: usize = 50;
const MAX_DRAWS: usize = 800;
/// Numbers of all draws (128 MiB, of which there are a few copies: as coordinates, in order, and on their own scales).
const MAX_NUMBERS: usize = 1 << 24;
/// Evaluations of the audit for each one of the fit, or as many sums and products if that is more.
const SHARE: u64 = 5;
const LEAST_WORK: f64 = 4e9;

/// Chains from draws of a fit's q: as long as it takes to know the latents; `None` where there are none, or too many to keep
/// draws of, log p is finite at too few draws, or chains would be far more work than the fit.
pub fn audit(density: &dyn LogDensity, Fitted { fit, proposal, .. }: &Fitted) -> Option<Chains> {
    let proposal = proposal.as_ref()?;
    let coordinates = Coordinates::new(density, fit.centring.as_ref());
    let budget = (SHARE * fit.gradient_evaluations).max((LEAST_WORK / density.work()) as u64);
    let mut chains = run(&coordinates.target(), proposal, &fit.theta, fit.seed, budget)?;
    chains.z = coordinates.to_written(chains.n_all(), chains.z);
    Some(chains)
}

fn run(target: &Target, proposal: &Proposal, theta: &[f64], seed: u64, budget: u64) -> Option<Chains> {
    let width = target.dim().max(target.density.n_constrained());
    let longest = MAX_DRAWS.min(MAX_NUMBERS / (CHAINS * width));
    if longest < BATCH {
        return None;
    }
    let mut rng = rng(seed, Task::Audit);
    let mut sampler = Sampler::start(target, proposal, theta, &mut rng)?;
    let step_size = sampler.warm_up(budget, &mut rng)?;
    let mut draws = Record::new(proposal.n());
    let mut n_divergent = 0;
    loop {
        for _ in 0..BATCH {
            n_divergent += sampler.iterate(step_size, &mut rng).n_divergent;
            draws.take(&sampler.latent());
        }
        if draws.length + BATCH > longest || target.evaluations() > budget || draws.is_known() {
            let z = target.scatter(draws.length * CHAINS, &draws.by_chain(), theta);
            return Some(Chains { z, n_draws: draws.length, n_divergent });
        }
    }
}

/// Positions of all chains, one iteration after the other.
struct Record {
    /// For each latent `[length][CHAINS]`.
    latents: Vec<Vec<f64>>,
    length: usize,
}

impl Record {
    fn new(n: usize) -> Record {
        Record { latents: vec![Vec::new(); n], length: 0 }
    }

    /// `latent[n][CHAINS]`
    fn take(&mut self, latent: &[f64]) {
        let rows = latent.chunks_exact(CHAINS);
        self.latents.iter_mut().zip(rows).for_each(|(all, new)| all.extend_from_slice(new));
        self.length += 1;
    }

    /// Draws of a latent, chain after chain.
    fn chains_of(&self, draws: &[f64]) -> Vec<f64> {
        (0..CHAINS).flat_map(|chain| draws.iter().skip(chain).step_by(CHAINS).copied()).collect()
    }

    /// `[n][CHAINS * length]`
    fn by_chain(&self) -> Vec<f64> {
        self.latents.iter().flat_map(|draws| self.chains_of(draws)).collect()
    }

    /// Whether means and sds of all latents are known well enough.
    fn is_known(&self) -> bool {
        self.latents.iter().all(|draws| {
            let draws = self.chains_of(draws);
            let spread = ChainDraws::new(&draws, CHAINS).spread();
            spread.is_some_and(|spread| spread.mean_error <= ENOUGH[0] && spread.ln_sd_error <= ENOUGH[1])
        })
    }
}

/// How one iteration of all chains went.
struct Step {
    /// Mean over chains.
    acceptance: f64,
    n_divergent: usize,
}

impl<'t, 'd> Sampler<'t, 'd> {
    /// At draws from the proposal, in coordinates of its first component.
    fn start(
        target: &'t Target<'d>,
        proposal: &Proposal,
        theta: &'t [f64],
        rng: &mut ChaCha12Rng,
    ) -> Option<Self> {
        let n = proposal.n();
        let q = proposal.components[0].1.clone();
        let mut x = vec![0.0; n * CHAINS];
        fill_normal(rng, &mut x);
        if proposal.components.len() > 1 {
            let z = proposal.place(CHAINS, &x);
            q.whiten(CHAINS, &z, &mut x);
        }
        let mut sampler = Sampler { target, theta, q, x, log_p: vec![], gradient: vec![] };
        (sampler.log_p, sampler.gradient) = sampler.evaluate(&sampler.x);
        // chains without a density start where another one does
        let is_usable = |sampler: &Sampler, l: usize| {
            sampler.log_p[l].is_finite() && (0..n).all(|i| sampler.gradient[i * CHAINS + l].is_finite())
        };
        let usable: Vec<usize> = (0..CHAINS).filter(|&l| is_usable(&sampler, l)).collect();
        if usable.len() < CHAINS / 4 {
            return None;
        }
        for l in (0..CHAINS).filter(|l| !usable.contains(l)) {
            let from = usable[l % usable.len()];
            sampler.log_p[l] = sampler.log_p[from];
            for i in 0..n {
                sampler.x[i * CHAINS + l] = sampler.x[i * CHAINS + from];
                sampler.gradient[i * CHAINS + l] = sampler.gradient[i * CHAINS + from];
            }
        }
        Some(sampler)
    }

    /// Finds a step size, and coordinates in which the chains are N(0, I); `None` if that exhausts the budget.
    fn warm_up(&mut self, budget: u64, rng: &mut ChaCha12Rng) -> Option<f64> {
        let n = self.q.n();
        let mut step_size = (n as f64).powf(-0.25);
        for (phase, iterations) in WARMUP.into_iter().enumerate() {
            let mut pool = Record::new(n);
            let mut adapt = StepSize::new(step_size);
            for iteration in 0..iterations {
                adapt.update(self.iterate(adapt.now(), rng).acceptance);
                if iteration >= iterations / 3 {
                    pool.take(&self.latent());
                }
                if self.target.evaluations() > budget {
                    return None;
                }
            }
            step_size = adapt.averaged();
            if phase + 1 < WARMUP.len()
                && (n <= MAX_DENSE || matches!(self.q.scale, Scale::Diagonal(_)))
                && let Some(better) = covariance(&pool.latents)
            {
                self.change_coordinates(better);
            }
        }
        Some(step_size)
    }

    fn latent(&self) -> Vec<f64> {
        let mut z = vec![0.0; self.x.len()];
        self.q.place(CHAINS, &self.x, &mut z);
        z
    }

    /// log p and its gradient by x.
    fn evaluate(&self, x: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut latent = vec![0.0; x.len()];
        self.q.place(CHAINS, x, &mut latent);
        let z = self.target.scatter(CHAINS, &latent, self.theta);
        let (mut values, mut slopes) = (vec![0.0; CHAINS], vec![0.0; z.len()]);
        self.target.gradient_in_blocks(CHAINS, &z, &mut values, &mut slopes);
        let of_latents = self.target.gather_latent(CHAINS, &slopes);
        let mut gradient = vec![0.0; x.len()];
        self.q.pull_back(CHAINS, &of_latents, &mut gradient);
        (values, gradient)
    }

    /// One iteration of all chains: of one random length, about a quarter of a turn around N(0, I).
    fn iterate(&mut self, step_size: f64, rng: &mut ChaCha12Rng) -> Step {
        let n = self.q.n();
        let step_size = step_size * (0.8 + 0.4 * rng.random::<f64>());
        let turn = std::f64::consts::FRAC_PI_2 * (0.5 + rng.random::<f64>());
        let n_steps = ((turn / step_size).ceil() as usize).clamp(1, MAX_STEPS);
        let mut momentum = vec![0.0; n * CHAINS];
        fill_normal(rng, &mut momentum);
        let kinetic = |momentum: &[f64], l: usize| -> f64 {
            0.5 * momentum.iter().skip(l).step_by(CHAINS).map(|p| p * p).sum::<f64>()
        };
        let before: Vec<f64> = (0..CHAINS).map(|l| self.log_p[l] - kinetic(&momentum, l)).collect();
        let (mut x, mut log_p, mut gradient) = (self.x.clone(), self.log_p.clone(), self.gradient.clone());
        for _ in 0..n_steps {
            momentum.iter_mut().zip(&gradient).for_each(|(p, g)| *p += 0.5 * step_size * g);
            x.iter_mut().zip(&momentum).for_each(|(x, p)| *x += step_size * p);
            (log_p, gradient) = self.evaluate(&x);
            momentum.iter_mut().zip(&gradient).for_each(|(p, g)| *p += 0.5 * step_size * g);
        }
        let (mut accepted, mut n_divergent) = (0.0, 0);
        for l in 0..CHAINS {
            let gain = log_p[l] - kinetic(&momentum, l) - before[l];
            let probability = if gain.is_nan() { 0.0 } else { gain.min(0.0).exp() };
            accepted += probability;
            n_divergent += usize::from(gain.is_nan() || gain < -DIVERGENT);
            let is_usable =
                log_p[l].is_finite() && gradient.iter().skip(l).step_by(CHAINS).all(|g| g.is_finite());
            if rng.random::<f64>() < probability && is_usable {
                self.log_p[l] = log_p[l];
                for i in 0..n {
                    self.x[i * CHAINS + l] = x[i * CHAINS + l];
                    self.gradient[i * CHAINS + l] = gradient[i * CHAINS + l];
                }
            }
        }
        Step { acceptance: accepted / CHAINS as f64, n_divergent }
    }

    /// The same positions in coordinates of another Gaussian.
    fn change_coordinates(&mut self, q: Gaussian) {
        let z = self.latent();
        self.q = q;
        self.q.whiten(CHAINS, &z, &mut self.x);
        (self.log_p, self.gradient) = self.evaluate(&self.x);
    }
}

/// The Gaussian with the moments of a pool of draws, `[n][draws]`.
fn covariance(pool: &[Vec<f64>]) -> Option<Gaussian> {
    let n = pool.len();
    let m = pool.first()?.len() as f64;
    let mean: Vec<f64> = pool.iter().map(|x| x.iter().sum::<f64>() / m).collect();
    let centred: Vec<Vec<f64>> =
        pool.iter().zip(&mean).map(|(x, mean)| x.iter().map(|x| x - mean).collect()).collect();
    let variance = |i: usize, j: usize| super::linear::dot(&centred[i], &centred[j]) / m;
    // Draws of neighbouring iterations count for less than independent ones.
    if n > MAX_DENSE || m < 6.0 * n as f64 {
        let sd: Vec<f64> = (0..n).map(|i| variance(i, i).sqrt()).collect();
        return (all_finite(&sd) && sd.iter().all(|sd| *sd > 0.0))
            .then_some(Gaussian { mean, scale: Scale::Diagonal(sd) });
    }
    let mut matrix = Matrix::zeros(n);
    for i in 0..n {
        for j in 0..=i {
            let value = variance(i, j);
            *matrix.at_mut(i, j) = value;
            *matrix.at_mut(j, i) = value;
        }
    }
    Some(Gaussian { mean, scale: Scale::Lower(lower_factor(&matrix)?.packed()) })
}

/// Dual averaging of the log step size (Hoffman and Gelman 2014, section 3.2).
struct StepSize {
    centre: f64,
    error: f64,
    now: f64,
    average: f64,
    count: f64,
}

impl StepSize {
    fn new(first: f64) -> StepSize {
        StepSize { centre: (2.0 * first).ln(), error: 0.0, now: first.ln(), average: first.ln(), count: 0.0 }
    }

    fn now(&self) -> f64 {
        self.now.exp()
    }

    fn update(&mut self, acceptance: f64) {
        const SHRINKAGE: f64 = 0.05;
        const DELAY: f64 = 3.0;
        const DECAY: f64 = 0.75;
        self.count += 1.0;
        let weight = 1.0 / (self.count + DELAY);
        self.error += weight * (ACCEPTANCE - acceptance - self.error);
        self.now = self.centre - self.count.sqrt() / SHRINKAGE * self.error;
        let weight = self.count.powf(-DECAY);
        self.average += weight * (self.now - self.average);
    }

    fn averaged(&self) -> f64 {
        self.average.exp()
    }
}
