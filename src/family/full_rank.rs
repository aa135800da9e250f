//! Gaussians with correlations: q(z) = N(mean, L L'), told apart by how mean and L are found.

use super::gaussian::{Gaussian, Scale};
use super::{Family, GaussianFit};

/// z = mean + L base; lambda = `[mean; log diagonal of L; rows below the diagonal]`, length 2n + n (n - 1) / 2.
pub struct FullRank {
    name: &'static str,
    summary: &'static str,
    by: GaussianFit,
}

/// The Gaussian of greatest ELBO.
pub static FULL_RANK: FullRank = FullRank {
    name: "fullrank",
    summary: "a Gaussian with correlations on the unconstrained scale",
    by: GaussianFit::ExpectedCurvature,
};

/// The Gaussian with the curvature of log p at its maximum.
pub static LAPLACE: FullRank = FullRank {
    name: "laplace",
    summary: "a Gaussian around the posterior's mode, with the curvature there",
    by: GaussianFit::CurvatureAtMode,
};

/// Mean-field means with the covariance of linear response.
pub static LINEAR_RESPONSE: FullRank = FullRank {
    name: "response",
    summary: "mean-field means with the covariance by linear response",
    by: GaussianFit::LinearResponse,
};

impl Family for FullRank {
    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn n_parameters(&self, n_latent: usize) -> usize {
        2 * n_latent + n_latent * n_latent.saturating_sub(1) / 2
    }

    fn centred_at(&self, mean: &[f64], sd: &[f64]) -> Vec<f64> {
        let mut lambda: Vec<f64> = mean.iter().copied().chain(sd.iter().map(|sd| sd.ln())).collect();
        lambda.resize(self.n_parameters(mean.len()), 0.0);
        lambda
    }

    fn gaussian(&self, n_latent: usize, lambda: &[f64]) -> Gaussian {
        let (mean, rest) = lambda.split_at(n_latent);
        let (log_diagonal, mut below) = rest.split_at(n_latent);
        let mut lower = Vec::with_capacity(n_latent * (n_latent + 1) / 2);
        for (i, log_diagonal) in log_diagonal.iter().enumerate() {
            let (row, rest) = below.split_at(i);
            lower.extend_from_slice(row);
            lower.push(log_diagonal.exp());
            below = rest;
        }
        Gaussian { mean: mean.to_vec(), scale: Scale::Lower(lower) }
    }

    fn fitted_as(&self) -> Option<GaussianFit> {
        Some(self.by)
    }

    fn of_gaussian(&self, q: &Gaussian) -> Option<Vec<f64>> {
        let n = q.n();
        let mut lambda = q.mean.clone();
        match &q.scale {
            Scale::Diagonal(sd) => {
                lambda.extend(sd.iter().map(|sd| sd.ln()));
                lambda.resize(self.n_parameters(n), 0.0);
            }
            Scale::Lower(lower) => {
                let row = |i: usize| &lower[i * (i + 1) / 2..][..=i];
                lambda.extend((0..n).map(|i| row(i)[i].ln()));
                (0..n).for_each(|i| lambda.extend_from_slice(&row(i)[..i]));
            }
            Scale::Precision(_) => return None,
        }
        Some(lambda)
    }

    fn pull_back(&self, lambda: &[f64], lanes: usize, base: &[f64], gradient: &[f64], out: &mut [f64]) {
        let n = base.len() / lanes;
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let base = |i: usize| &base[i * lanes..(i + 1) * lanes];
        let mut below = 2 * n;
        for (i, gradient) in gradient.chunks_exact(lanes).enumerate() {
            out[i] += gradient.iter().sum::<f64>();
            out[n + i] += lambda[n + i].exp() * dot(base(i), gradient);
            for j in 0..i {
                out[below + j] += dot(base(j), gradient);
            }
            below += i;
        }
    }
}
