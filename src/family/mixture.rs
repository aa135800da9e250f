//! Several Gaussians with correlations, one at each mode.

use std::f64::consts::FRAC_1_SQRT_2;

use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, StandardNormal};

use super::full_rank::FULL_RANK;
use super::gaussian::{self, Gaussian};
use super::{Family, GaussianFit};

/// q(z) = Σ share_k N(z; mean_k, L_k L_k'); lambda = `[number of parts; their log shares; each as in a full-rank q]`. The last base
/// number of a draw chooses its part. Fitted with one part: others stand where log p has other modes.
pub struct Mixture;

impl Mixture {
    /// The lambda of these parts; `None` where one of them has another form. Shares need not sum to 1.
    pub fn of_parts(parts: &[(f64, Gaussian)]) -> Option<Vec<f64>> {
        let total: f64 = parts.iter().map(|(share, _)| share).sum();
        let shares = parts.iter().map(|(share, _)| (share / total).ln());
        let own: Option<Vec<Vec<f64>>> = parts.iter().map(|(_, q)| FULL_RANK.of_gaussian(q)).collect();
        Some(std::iter::once(parts.len() as f64).chain(shares).chain(own?.concat()).collect())
    }

    /// log q at `z[n][lanes]`
    fn log_density(parts: &[(f64, Gaussian)], lanes: usize, z: &[f64], out: &mut [f64]) {
        let (mut base, mut own) = (vec![0.0; z.len()], vec![0.0; lanes]);
        out.fill(f64::NEG_INFINITY);
        for (share, q) in parts {
            q.whiten(lanes, z, &mut base);
            gaussian::log_density_of_base(q.log_det() - share.ln(), lanes, &base, &mut own);
            for (out, own) in out.iter_mut().zip(&own) {
                let (low, high) = (out.min(*own), out.max(*own));
                *out = if high.is_finite() { high + (low - high).exp().ln_1p() } else { high };
            }
        }
    }

    /// The part of a draw whose last base number is this.
    fn part_of(parts: &[(f64, Gaussian)], chooser: f64) -> &Gaussian {
        let at = 0.5 * libm::erfc(-chooser * FRAC_1_SQRT_2);
        let mut above = 0.0;
        let chosen = parts.iter().find(|(share, _)| {
            above += share;
            at < above
        });
        &chosen.unwrap_or(&parts[parts.len() - 1]).1
    }

    /// Calls `work(part, own base[n], lane)` for each draw.
    fn each_draw(
        parts: &[(f64, Gaussian)],
        lanes: usize,
        base: &[f64],
        mut work: impl FnMut(&Gaussian, &[f64], usize),
    ) {
        let (base, chooser) = base.split_at(base.len() - lanes);
        let mut own = vec![0.0; base.len() / lanes];
        for (l, chooser) in chooser.iter().enumerate() {
            own.iter_mut().zip(base.iter().skip(l).step_by(lanes)).for_each(|(own, x)| *own = *x);
            work(Mixture::part_of(parts, *chooser), &own, l);
        }
    }
}

/// Draws of each part that its share of the entropy is a mean over, where there is more than one part.
const ENTROPY_DRAWS: usize = 4096;

impl Family for Mixture {
    fn name(&self) -> &'static str {
        "mixture"
    }

    fn summary(&self) -> &'static str {
        "a Gaussian with correlations at each mode that is found"
    }

    /// Of one part.
    fn n_parameters(&self, n_latent: usize) -> usize {
        2 + FULL_RANK.n_parameters(n_latent)
    }

    fn n_base(&self, n_latent: usize) -> usize {
        n_latent + 1
    }

    fn centred_at(&self, mean: &[f64], sd: &[f64]) -> Vec<f64> {
        [vec![1.0, 0.0], FULL_RANK.centred_at(mean, sd)].concat()
    }

    fn parts(&self, n_latent: usize, lambda: &[f64]) -> Vec<(f64, Gaussian)> {
        let n_parts = lambda[0].round() as usize;
        let (log_shares, parts) = lambda[1..].split_at(n_parts);
        let own = parts.chunks_exact(FULL_RANK.n_parameters(n_latent).max(1));
        let total: f64 = log_shares.iter().map(|x| x.exp()).sum();
        log_shares
            .iter()
            .zip(own)
            .map(|(share, lambda)| (share.exp() / total, FULL_RANK.gaussian(n_latent, lambda)))
            .collect()
    }

    /// The one with the greatest share.
    fn gaussian(&self, n_latent: usize, lambda: &[f64]) -> Gaussian {
        let parts = self.parts(n_latent, lambda).into_iter();
        parts.max_by(|a, b| a.0.total_cmp(&b.0)).expect("at least one part").1
    }

    fn marginals(&self, n_latent: usize, lambda: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let parts = self.parts(n_latent, lambda);
        let over = |of: &dyn Fn(&Gaussian) -> Vec<f64>| {
            let mut sums = vec![0.0; n_latent];
            for (share, q) in &parts {
                gaussian::add_multiple(*share, &of(q), &mut sums);
            }
            sums
        };
        let mean = over(&|q| q.mean.clone());
        let off = |q: &Gaussian, i: usize| q.mean[i] - mean[i];
        let squares = |q: &Gaussian| -> Vec<f64> {
            q.sds().iter().enumerate().map(|(i, sd)| sd * sd + off(q, i).powi(2)).collect()
        };
        let sd = over(&squares).iter().map(|x| x.sqrt()).collect();
        (mean, sd)
    }

    fn transform(&self, lambda: &[f64], lanes: usize, base: &[f64], z: &mut [f64]) {
        let n = base.len() / lanes - 1;
        let mut own = vec![0.0; n];
        Mixture::each_draw(&self.parts(n, lambda), lanes, base, |q, base, l| {
            q.place(1, base, &mut own);
            own.iter().enumerate().for_each(|(i, x)| z[i * lanes + l] = *x);
        });
    }

    fn log_q(&self, n_latent: usize, lambda: &[f64], lanes: usize, base: &[f64], out: &mut [f64]) {
        let mut z = vec![0.0; n_latent * lanes];
        self.transform(lambda, lanes, base, &mut z);
        Mixture::log_density(&self.parts(n_latent, lambda), lanes, &z, out);
    }

    /// Of several parts a mean over draws.
    fn entropy(&self, n_latent: usize, lambda: &[f64]) -> f64 {
        let parts = self.parts(n_latent, lambda);
        if let [(_, q)] = &parts[..] {
            return q.entropy();
        }
        let mut rng = ChaCha12Rng::seed_from_u64(0);
        let base: Vec<f64> = (0..n_latent * ENTROPY_DRAWS).map(|_| StandardNormal.sample(&mut rng)).collect();
        let (mut z, mut log_q) = (vec![0.0; base.len()], vec![0.0; ENTROPY_DRAWS]);
        let of_part = |(share, q): &(f64, Gaussian)| {
            q.place(ENTROPY_DRAWS, &base, &mut z);
            Mixture::log_density(&parts, ENTROPY_DRAWS, &z, &mut log_q);
            -share * log_q.iter().sum::<f64>() / ENTROPY_DRAWS as f64
        };
        parts.iter().map(of_part).sum()
    }

    /// As long as there is one part.
    fn add_entropy_gradient(&self, n_latent: usize, lambda: &[f64], out: &mut [f64]) {
        FULL_RANK.add_entropy_gradient(n_latent, &lambda[2..], &mut out[2..]);
    }

    /// As long as there is one part.
    fn pull_back(&self, lambda: &[f64], lanes: usize, base: &[f64], gradient: &[f64], out: &mut [f64]) {
        let base = &base[..base.len() - lanes];
        FULL_RANK.pull_back(&lambda[2..], lanes, base, gradient, &mut out[2..]);
    }

    fn fitted_as(&self) -> Option<GaussianFit> {
        Some(GaussianFit::ExpectedCurvature)
    }

    fn of_gaussian(&self, q: &Gaussian) -> Option<Vec<f64>> {
        Mixture::of_parts(&[(1.0, q.clone())])
    }

    fn has_normal_marginals(&self, lambda: &[f64]) -> bool {
        lambda[0].round() == 1.0
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::super::Scale;
    use super::*;

    fn normal(x: f64, mean: f64, sd: f64) -> f64 {
        (-0.5 * ((x - mean) / sd).powi(2)).exp() / (sd * (2.0 * PI).sqrt())
    }

    fn two() -> Vec<f64> {
        let part = |mean: f64, sd: f64| Gaussian { mean: vec![mean], scale: Scale::Lower(vec![sd]) };
        Mixture::of_parts(&[(3.0, part(-2.0, 0.5)), (1.0, part(4.0, 2.0))]).unwrap()
    }

    /// p(x) of .75 N(-2, .5) + .25 N(4, 2)
    fn density(x: f64) -> f64 {
        0.75 * normal(x, -2.0, 0.5) + 0.25 * normal(x, 4.0, 2.0)
    }

    #[test]
    fn densities_and_moments_are_those_of_the_parts() {
        let lambda = two();
        let base = [0.3, -1.2, 0.8, -0.9, 0.1, 1.5];
        let (mut z, mut log_q) = ([0.0; 3], [0.0; 3]);
        Mixture.transform(&lambda, 3, &base, &mut z);
        // Φ(0.1) < .75 < Φ(1.5)
        assert_eq!(z, [-2.0 + 0.5 * 0.3, -2.0 - 0.5 * 1.2, 4.0 + 2.0 * 0.8]);
        Mixture.log_q(1, &lambda, 3, &base, &mut log_q);
        z.iter().zip(log_q).for_each(|(z, log_q)| assert!((log_q - density(*z).ln()).abs() < 1e-12));
        let (mean, sd) = Mixture.marginals(1, &lambda);
        let expected: f64 = 0.75 * (0.25 + 1.5f64.powi(2)) + 0.25 * (4.0 + 4.5f64.powi(2));
        assert!((mean[0] + 0.5).abs() < 1e-12 && (sd[0] - expected.sqrt()).abs() < 1e-12, "{mean:?} {sd:?}");
    }

    #[test]
    fn entropy_is_its_integral() {
        let step = 1e-3;
        let integral: f64 = (-20_000..30_000)
            .map(|k| density(f64::from(k) * step))
            .map(|p| -step * p * p.max(1e-300).ln())
            .sum();
        let entropy = Mixture.entropy(1, &two());
        // sd of -log q is .8: four standard errors
        assert!((entropy - integral).abs() < 0.05, "{entropy} {integral}");
    }
}
