//! Mean-field Gaussian: q(z) = Π N(z_i | mu_i, sigma_i²), lambda = (mu, log sigma).

use super::{CurvatureEstimate, Family, Gaussian, Scale, SecondOrder};

/// z_i = mu_i + exp(log_sd_i) base_i; lambda = `[mu; log_sd]`, length 2n.
pub struct MeanField;

impl Family for MeanField {
    fn name(&self) -> &'static str {
        "meanfield"
    }

    fn summary(&self) -> &'static str {
        "independent Gaussians on the unconstrained scale"
    }

    fn n_parameters(&self, n_latent: usize) -> usize {
        2 * n_latent
    }

    fn centred_at(&self, mean: &[f64], sd: &[f64]) -> Vec<f64> {
        mean.iter().copied().chain(sd.iter().map(|sd| sd.ln())).collect()
    }

    fn pull_back(&self, lambda: &[f64], lanes: usize, base: &[f64], gradient: &[f64], out: &mut [f64]) {
        let (mu, log_sd) = halves(lambda);
        let n = mu.len();
        for (i, (base, g)) in base.chunks_exact(lanes).zip(gradient.chunks_exact(lanes)).enumerate() {
            out[i] += g.iter().sum::<f64>();
            out[n + i] += log_sd[i].exp() * base.iter().zip(g).map(|(e, g)| e * g).sum::<f64>();
        }
    }

    fn gaussian(&self, n_latent: usize, lambda: &[f64]) -> Gaussian {
        let (mean, log_sd) = lambda.split_at(n_latent);
        let sds = log_sd.iter().map(|s| s.exp()).collect();
        Gaussian { mean: mean.to_vec(), scale: Scale::Diagonal(sds) }
    }

    fn second_order(&self) -> Option<&dyn SecondOrder> {
        Some(self)
    }
}

impl SecondOrder for MeanField {
    fn push_forward(&self, lambda: &[f64], lanes: usize, base: &[f64], direction: &[f64], dz: &mut [f64]) {
        let (mu, log_sd) = halves(lambda);
        let n = mu.len();
        for (i, (dz, base)) in dz.chunks_exact_mut(lanes).zip(base.chunks_exact(lanes)).enumerate() {
            let (dmu, dsd) = (direction[i], direction[n + i] * log_sd[i].exp());
            for (dz, base) in dz.iter_mut().zip(base) {
                *dz = dmu + dsd * base;
            }
        }
    }

    fn add_curvature(
        &self,
        lambda: &[f64],
        lanes: usize,
        base: &[f64],
        gradient: &[f64],
        direction: &[f64],
        out: &mut [f64],
    ) {
        let (mu, log_sd) = halves(lambda);
        let n = mu.len();
        for (i, (base, g)) in base.chunks_exact(lanes).zip(gradient.chunks_exact(lanes)).enumerate() {
            let pull: f64 = base.iter().zip(g).map(|(e, g)| e * g).sum();
            out[n + i] += log_sd[i].exp() * pull * direction[n + i];
        }
    }

    /// The entropy is linear in log sigma.
    fn add_entropy_curvature(&self, _n_latent: usize, _lambda: &[f64], _direction: &[f64], _out: &mut [f64]) {
    }

    fn pull_back_hessian(
        &self,
        lambda: &[f64],
        lanes: usize,
        base: &[f64],
        gradient: &[f64],
        hessian: &[f64],
        out: &mut [f64],
        stride: usize,
    ) {
        let (mu, log_sd) = halves(lambda);
        let n = mu.len();
        let sd: Vec<f64> = log_sd.iter().map(|s| s.exp()).collect();
        for i in 0..n {
            let base_i = &base[i * lanes..(i + 1) * lanes];
            for j in 0..n {
                let base_j = &base[j * lanes..(j + 1) * lanes];
                let h = &hessian[(i * n + j) * lanes..(i * n + j + 1) * lanes];
                let (mut mu_mu, mut mu_sd, mut sd_sd) = (0.0, 0.0, 0.0);
                for ((h, e_i), e_j) in h.iter().zip(base_i).zip(base_j) {
                    mu_mu += h;
                    mu_sd += h * e_j;
                    sd_sd += e_i * h * e_j;
                }
                out[i * stride + j] += mu_mu;
                out[i * stride + n + j] += mu_sd * sd[j];
                out[(n + j) * stride + i] += mu_sd * sd[j];
                out[(n + i) * stride + n + j] += sd_sd * sd[i] * sd[j];
            }
            let g = &gradient[i * lanes..(i + 1) * lanes];
            let pull: f64 = base_i.iter().zip(g).map(|(e, g)| e * g).sum();
            out[(n + i) * stride + n + i] += sd[i] * pull;
        }
    }

    /// For a Gaussian target with precision A: the block of mu is A, d²(-ELBO)/d log sigma_i² = 2 A_ii sigma_i².
    fn curvature_estimate(&self, n_latent: usize, lambda: &[f64], precision: &[f64]) -> CurvatureEstimate {
        /// At an optimum the curvature of log sigma is 2; elsewhere it is kept from vanishing.
        const LEAST: f64 = 0.5;
        let mut diagonal = vec![0.0; 2 * n_latent];
        for i in 0..n_latent {
            let variance = (2.0 * lambda[n_latent + i]).exp();
            diagonal[i] = 1.0 / variance;
            let scaled = precision[i] * variance;
            diagonal[n_latent + i] = if scaled.is_finite() { (2.0 * scaled).max(LEAST) } else { LEAST };
        }
        CurvatureEstimate { means: (0..n_latent).collect(), diagonal }
    }

    fn parameters_of(&self, n_latent: usize, i: usize) -> Option<Vec<usize>> {
        Some(vec![i, n_latent + i])
    }

    fn natural_step(&self, n_latent: usize, lambda: &[f64], step: &[f64], out: &mut [f64]) {
        for i in 0..n_latent {
            out[i] = step[i].abs() * (-lambda[n_latent + i]).exp();
            out[n_latent + i] = step[n_latent + i].abs();
        }
    }
}

/// (mu, log_sd)
fn halves(lambda: &[f64]) -> (&[f64], &[f64]) {
    lambda.split_at(lambda.len() / 2)
}
