//! Importance sampling with q as the proposal: how far the draws of q are from those of the posterior, and what makes
//! up for it.

use rand::RngExt;
use rand_distr::{ChiSquared, Distribution};

use super::draws::{Task, fill_normal, rng};
use super::psis::{self, Smoothed};
use super::target::Target;
use crate::family::Gaussian;

/// A share of the draws has heavier tails than q, so that weights are bounded where q falls off too soon.
const TAIL_SHARE: f64 = 0.3;
const DEGREES: f64 = 5.0;
/// With more latents a t distribution is nowhere near a normal one.
const MAX_TAIL_DIM: usize = 30;

/// Draws with weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighted {
    /// `[D][n]`, theta included.
    pub z: Vec<f64>,
    pub n: usize,
    /// log p(x, z) - log of the proposal's density, `[n]`; -inf where p is 0 or NaN.
    pub log_ratios: Vec<f64>,
    pub smoothed: Smoothed,
}

impl Weighted {
    /// Whether sums with these weights can be relied on. Weights that hardly differ can be whatever shape their tail
    /// has: the estimate of k is for tails that go on.
    pub fn is_sound(&self) -> bool {
        const LARGEST: f64 = 12.0;
        let n = self.n as f64;
        let largest = self.smoothed.log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max).exp() * n;
        self.smoothed.k_hat < psis::threshold(self.n) || largest <= LARGEST && self.effective_draws() >= 0.5 * n
    }

    /// Positions of `n` draws without weights, each taken about as often as its weight says: systematic resampling.
    pub fn resampled(&self, n: usize, seed: u64) -> Vec<usize> {
        let offset = rng(seed, Task::Resample).random::<f64>();
        let mut above = 0.0;
        let mut taken = Vec::with_capacity(n);
        for (k, log_weight) in self.smoothed.log_weights.iter().enumerate() {
            above += log_weight.exp();
            while taken.len() < n && (taken.len() as f64 + offset) / (n as f64) < above {
                taken.push(k);
            }
        }
        // rounding may leave the last one out
        taken.resize(n, self.n - 1);
        taken
    }

    /// How many draws of the posterior they are worth.
    pub fn effective_draws(&self) -> f64 {
        psis::effective_draws(&self.smoothed.log_weights)
    }
}

/// Draws of the first sample, and of the last.
const DRAWS: [usize; 2] = [4_000, 64_000];
/// Draws of the posterior that a sample should be worth.
const ENOUGH: f64 = 4_000.0;
/// Sums and products of all evaluations of log p together.
const MAX_WORK: f64 = 2e9;
/// Numbers of all draws, as coordinates and on their own scales.
const MAX_NUMBERS: usize = 1 << 26;

/// Draws from q with their weights: as many as it takes, if weights are sound.
pub fn sample(target: &Target, q: &Gaussian, theta: &[f64], seed: u64) -> Weighted {
    let mut n = DRAWS[0];
    let mut weighted = weigh(target, q, theta, n, seed, 0);
    for round in 1.. {
        let worth = weighted.effective_draws();
        let work = (target.density.work() + (q.n() * q.n()) as f64) * (2 * n) as f64;
        let numbers = (target.density.n_constrained() + target.dim()) * 2 * n;
        let near = weighted.is_sound() || weighted.smoothed.k_hat < 0.8;
        if !near || worth >= ENOUGH || n >= DRAWS[1] || work > MAX_WORK || numbers > MAX_NUMBERS {
            break;
        }
        let needed = (n as f64 * 1.2 * ENOUGH / worth.max(1.0)) as usize;
        n = needed.max(2 * n).min(DRAWS[1]);
        weighted = weigh(target, q, theta, n, seed, round);
    }
    weighted
}

/// `n` draws from q, or from q with heavier tails, weighed by log p.
pub fn weigh(target: &Target, q: &Gaussian, theta: &[f64], n: usize, seed: u64, round: u32) -> Weighted {
    let d = q.n();
    let mut rng = rng(seed, Task::Importance(round));
    let tail_share = if d <= MAX_TAIL_DIM { TAIL_SHARE } else { 0.0 };
    let chi_squared = ChiSquared::new(DEGREES).expect("positive degrees of freedom");
    let constant = -q.log_det() - 0.5 * d as f64 * (2.0 * std::f64::consts::PI).ln();
    let normaliser = libm::lgamma(0.5 * (DEGREES + d as f64))
        - libm::lgamma(0.5 * DEGREES)
        - 0.5 * d as f64 * (DEGREES * std::f64::consts::PI).ln()
        - q.log_det();
    let mut base = vec![0.0; d * n];
    let mut log_q = vec![0.0; n];
    let mut one = vec![0.0; d];
    for k in 0..n {
        fill_normal(&mut rng, &mut one);
        let radius = chi_squared.sample(&mut rng);
        // the fractional parts of k times the golden ratio: any run of draws has its share of both
        let is_tail = (k as f64 * 0.618_033_988_749_894_9).fract() < tail_share;
        let stretch = if is_tail { (DEGREES / radius).sqrt() } else { 1.0 };
        let mut square = 0.0;
        for (i, x) in one.iter().enumerate() {
            let x = stretch * x;
            base[i * n + k] = x;
            square += x * x;
        }
        let body = constant - 0.5 * square + (1.0 - tail_share).ln();
        let tail = normaliser - 0.5 * (DEGREES + d as f64) * (square / DEGREES).ln_1p() + tail_share.ln();
        let largest = body.max(tail);
        log_q[k] = largest + ((body - largest).exp() + (tail - largest).exp()).ln();
    }
    let mut latent = vec![0.0; d * n];
    if n > 0 {
        q.place(n, &base, &mut latent);
    }
    let z = target.scatter(n, &latent, theta);
    let log_p = target.values(n, &z);
    let finite = |x: f64| if x.is_finite() { x } else { f64::NEG_INFINITY };
    let log_ratios: Vec<f64> = log_p.iter().zip(&log_q).map(|(p, q)| finite(p - q)).collect();
    let smoothed = psis::smooth(&log_ratios, 1.0);
    Weighted { z, n, log_ratios, smoothed }
}
