//! Importance sampling with q as the proposal: how far the draws of q are from those of the posterior, and what makes
//! up for it.

use std::borrow::Cow;

use rand::RngExt;
use rand_distr::{ChiSquared, Distribution};

use super::draws::{Task, fill_normal, rng};
use super::mixture;
use super::psis::{self, Smoothed};
use super::target::Target;
use crate::family::Gaussian;

/// A share of the draws has heavier tails than q, so that weights are bounded where q falls off too soon.
const TAIL_SHARE: f64 = 0.3;
const DEGREES: f64 = 5.0;
/// With more latents a t distribution is nowhere near a normal one.
const MAX_TAIL_DIM: usize = 30;

/// Gaussians that draws come from, with their shares.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Shares sum to 1.
    pub components: Vec<(f64, Gaussian)>,
}

impl Proposal {
    pub fn n(&self) -> usize {
        self.components[0].1.n()
    }

    /// The component of the k-th draw: any run of draws has its share of each.
    fn component(&self, k: usize) -> &Gaussian {
        let at = (k as f64 * 0.569_840_290_998_053_3).fract();
        let mut above = 0.0;
        let found = self.components.iter().find(|(share, _)| {
            above += share;
            at < above
        });
        &found.unwrap_or(&self.components[self.components.len() - 1]).1
    }

    /// `z[n][draws]` from `base[n][draws]`: each draw by its component.
    pub fn place(&self, draws: usize, base: &[f64]) -> Vec<f64> {
        let n = self.n();
        let mut z = vec![0.0; n * draws];
        if let [(_, q)] = &self.components[..] {
            q.place(draws, base, &mut z);
            return z;
        }
        let (mut from, mut to) = (vec![0.0; n], vec![0.0; n]);
        for k in 0..draws {
            (0..n).for_each(|i| from[i] = base[i * draws + k]);
            self.component(k).place(1, &from, &mut to);
            (0..n).for_each(|i| z[i * draws + k] = to[i]);
        }
        z
    }
}

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
    /// `z[D][n]`, `log_ratios[n]`
    fn new(z: Vec<f64>, log_ratios: Vec<f64>) -> Weighted {
        let smoothed = psis::smooth(&log_ratios, 1.0);
        Weighted { z, n: log_ratios.len(), log_ratios, smoothed }
    }

    /// Together with more draws from the same proposal.
    fn and(self, more: Weighted) -> Weighted {
        let rows = self.z.chunks_exact(self.n).zip(more.z.chunks_exact(more.n));
        let z = rows.flat_map(|(own, more)| own.iter().chain(more).copied()).collect();
        Weighted::new(z, [self.log_ratios, more.log_ratios].concat())
    }

    /// Whether sums with these weights can be relied on. Weights that hardly differ can be whatever shape their tail
    /// has: the estimate of k is for tails that go on.
    pub fn is_sound(&self) -> bool {
        const LARGEST: f64 = 12.0;
        let n = self.n as f64;
        let largest = self.smoothed.log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max).exp() * n;
        self.smoothed.k_hat < psis::threshold(self.n)
            || largest <= LARGEST && self.effective_draws() >= 0.5 * n
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

/// Draws of the first sample, where log p is cheap, and of the last.
const DRAWS: [usize; 2] = [4_000, 64_000];
/// Fewer draws say nothing of their tails.
const LEAST_DRAWS: usize = 1_000;
/// Draws of the posterior that a sample should be worth.
const ENOUGH: f64 = 6_000.0;
/// A sample that is worth less than this share of its draws makes the proposal follow its weights, so many times.
const EVEN: f64 = 0.6;
const MAX_ADAPTIONS: u32 = 3;
/// The one that makes draws worth less than so many times as much is the last.
const WORTHWHILE: f64 = 1.5;
/// k-hat beyond which more draws will not make weights vouch for anything: theirs have no variance.
const HOPEFUL: f64 = 0.5;
/// Sums and products of all evaluations of log p together.
const MAX_WORK: f64 = 2e9;
/// Numbers of all draws, as coordinates and on their own scales (256 MiB).
const MAX_NUMBERS: usize = 1 << 25;

/// Draws from a proposal with their weights: the one given, or one that follows the weights and whose own are more even; as
/// many draws as it takes, if weights are sound. `None` where so many latents would take too many numbers.
pub fn sample(target: &Target, proposal: &Proposal, theta: &[f64], seed: u64) -> Option<Weighted> {
    let width = target.density.n_constrained() + target.dim();
    let mut n = first_draws(target)?;
    let mut proposal = Cow::Borrowed(proposal);
    let mut weighted = weigh(target, &proposal, theta, n, seed, 0);
    for round in 1..=MAX_ADAPTIONS {
        if weighted.effective_draws() >= EVEN * n as f64 && weighted.is_sound() {
            break;
        }
        let Some(other) = mixture::fit(target, &weighted) else { break };
        let adapted = weigh(target, &other, theta, n, seed, round);
        let gain = adapted.effective_draws() / weighted.effective_draws();
        if gain > 1.0 {
            (proposal, weighted) = (Cow::Owned(other), adapted);
        }
        if gain < WORTHWHILE {
            break;
        }
    }
    let work = target.density.work() + (proposal.n() * proposal.n()) as f64;
    let most = DRAWS[1].min((MAX_WORK / work) as usize).min(MAX_NUMBERS / width);
    for round in MAX_ADAPTIONS + 1.. {
        let worth = weighted.effective_draws();
        if weighted.smoothed.k_hat > HOPEFUL || worth >= ENOUGH || 2 * n > most {
            break;
        }
        let needed = (n as f64 * 1.2 * ENOUGH / worth.max(1.0)) as usize;
        let more = needed.max(2 * n).min(most) - n;
        weighted = weighted.and(weigh(target, &proposal, theta, more, seed, round));
        n += more;
    }
    Some(weighted)
}

/// k-hat of a proposal's own draws, with heavier tails; `None` where so many latents would take too many numbers.
pub fn k_hat(target: &Target, proposal: &Proposal, theta: &[f64], seed: u64) -> Option<f64> {
    let n = first_draws(target)?;
    Some(weigh(target, proposal, theta, n, seed, 0).smoothed.k_hat)
}

/// How many draws are affordable to begin with.
fn first_draws(target: &Target) -> Option<usize> {
    let width = target.density.n_constrained() + target.dim();
    let affordable = (MAX_WORK / target.density.work()) as usize;
    let n = DRAWS[0].min(affordable.max(LEAST_DRAWS)).min(MAX_NUMBERS / width);
    (n >= LEAST_DRAWS).then_some(n)
}

/// `n` draws from the proposal with its tails made heavier, weighed by log p.
fn weigh(target: &Target, proposal: &Proposal, theta: &[f64], n: usize, seed: u64, round: u32) -> Weighted {
    let d = proposal.n();
    let mut rng = rng(seed, Task::Importance(round));
    let tail_share = if d <= MAX_TAIL_DIM { TAIL_SHARE } else { 0.0 };
    let chi_squared = ChiSquared::new(DEGREES).expect("positive degrees of freedom");
    let mut base = vec![0.0; d * n];
    let mut one = vec![0.0; d];
    for k in 0..n {
        fill_normal(&mut rng, &mut one);
        let radius = chi_squared.sample(&mut rng);
        // the fractional parts of k times the golden ratio: any run of draws has its share of both
        let is_tail = (k as f64 * 0.618_033_988_749_894_9).fract() < tail_share;
        let stretch = if is_tail { (DEGREES / radius).sqrt() } else { 1.0 };
        one.iter().enumerate().for_each(|(i, x)| base[i * n + k] = stretch * x);
    }
    let latent = proposal.place(n, &base);
    let log_q = log_density(proposal, tail_share, n, &latent, base);
    let z = target.scatter(n, &latent, theta);
    let log_p = target.values(n, &z);
    let log_ratios: Vec<f64> = log_p.iter().zip(&log_q).map(|(p, q)| psis::log_weight(p - q)).collect();
    Weighted::new(z, log_ratios)
}

/// Of the proposal with t distributions for a share of it, at `latent[d][n]`. `base` is scratch; it holds the whitened draws
/// if there is one component.
fn log_density(
    proposal: &Proposal,
    tail_share: f64,
    n: usize,
    latent: &[f64],
    mut base: Vec<f64>,
) -> Vec<f64> {
    let d = proposal.n() as f64;
    let normal = -0.5 * d * (2.0 * std::f64::consts::PI).ln() + (1.0 - tail_share).ln();
    let student = libm::lgamma(0.5 * (DEGREES + d))
        - libm::lgamma(0.5 * DEGREES)
        - 0.5 * d * (DEGREES * std::f64::consts::PI).ln()
        + tail_share.ln();
    let mut log_q = vec![f64::NEG_INFINITY; n];
    let is_one = proposal.components.len() == 1;
    for (share, q) in &proposal.components {
        if !is_one {
            q.whiten(n, latent, &mut base);
        }
        let scale = share.ln() - q.log_det();
        let mut squares = vec![0.0; n];
        for row in base.chunks_exact(n) {
            squares.iter_mut().zip(row).for_each(|(square, x)| *square += x * x);
        }
        for (log_q, square) in log_q.iter_mut().zip(&squares) {
            let body = scale + normal - 0.5 * square;
            let tail = scale + student - 0.5 * (DEGREES + d) * (square / DEGREES).ln_1p();
            *log_q = psis::log_sum_exp(&[*log_q, body, tail]);
        }
    }
    log_q
}
