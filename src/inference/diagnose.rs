//! Did the fixed draws suffice? Fresh sets of draws show how far the optimum would have moved.

use super::conjugate::solve;
use super::curvature::{Curvature, Preconditioner};
use super::draws::{Task, orthogonal_draws, rng};
use super::elbo::{FixedDrawElbo, natural_steps};
use super::linear::all_finite;
use super::newton::Objective;
use super::target::Target;
use crate::family::SecondOrder;

/// Fresh, independently matched sets of draws.
const N_SETS: u32 = 8;
/// Root mean square shift, in d mean / sd and d log sd, up to which draws suffice.
pub const TOLERABLE_SHIFT: f64 = 0.02;
/// The most draws that are tried before giving up.
pub const MAX_DRAWS: usize = 1024;

/// How far the optimum depends on the draws.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// Root mean square over the sets, in d mean / sd or d log sd; infinite if a set found no finite ELBO.
    pub rms: f64,
    /// Element of x = (lambda, theta) that shifts most.
    pub at: usize,
}

impl Shift {
    pub fn is_tolerable(&self) -> bool {
        self.rms <= TOLERABLE_SHIFT
    }

    /// Draws that should bring the shift down to what is tolerable: as many as make the coordinates of `n_base` base
    /// normals orthogonal, if they are not yet; otherwise by a shift that falls as 1/sqrt(M), in doublings.
    pub fn draws_needed(&self, n_base: usize, n_draws: usize) -> usize {
        let orthogonal = orthogonal_draws(n_base);
        let mut needed = 2 * n_draws;
        if n_draws < orthogonal && orthogonal <= MAX_DRAWS {
            return needed.max(orthogonal).min(MAX_DRAWS);
        }
        while needed < MAX_DRAWS && self.rms * (n_draws as f64 / needed as f64).sqrt() > TOLERABLE_SHIFT {
            needed *= 2;
        }
        needed.min(MAX_DRAWS)
    }
}

/// Linear-response sd over q's sd beyond which a fit warns. Curvature of the ELBO gives sds to a few percent.
const NOTABLE_SD_RATIO: f64 = 1.25;

/// The shift at the optimum `x` of `objective`, whose curvature there is `curvature`: rms of H^-1 g_r over fresh sets r.
/// `first_set` numbers the streams, so that each check looks at draws of its own.
pub fn shift(
    target: &Target,
    family: &'static dyn SecondOrder,
    objective: &mut FixedDrawElbo,
    x: &[f64],
    curvature: &Curvature,
    (seed, first_set): (u64, u32),
    theta_curvature: &[f64],
) -> Shift {
    let n = objective.dim();
    let n_base = family.n_base(target.n_latent());
    let sd = posterior_sd(target, family, x, curvature, theta_curvature);
    let mut squares = vec![0.0; n];
    for set in first_set..first_set + N_SETS {
        let mut rng = rng(seed, Task::Check(set));
        let draws = target.draws(&mut rng, n_base, objective.n_draws());
        let mut fresh = FixedDrawElbo::new(target, family, draws, theta_curvature.to_vec());
        let mut gradient = vec![0.0; n];
        let value = fresh.gradient(x, &mut gradient);
        if !value.is_finite() || !all_finite(&gradient) {
            return Shift { rms: f64::INFINITY, at: 0 };
        }
        let moved = match curvature.hessian {
            Some(_) => solve(objective, curvature, &gradient, 1e-2, n),
            None => {
                let mut moved = vec![0.0; n];
                curvature.preconditioner.solve(&gradient, &mut moved);
                moved
            }
        };
        for ((square, moved), sd) in squares.iter_mut().zip(&moved).zip(&sd) {
            *square += (moved / sd).powi(2) / f64::from(N_SETS);
        }
    }
    let mut worst = Shift { rms: 0.0, at: 0 };
    for (at, square) in squares.iter().enumerate() {
        if square.sqrt() > worst.rms {
            worst = Shift { rms: square.sqrt(), at };
        }
    }
    worst
}

/// The latents whose sd q understates, the worst first, and by which factor: linear-response sd over sd under q. None where
/// no factor is beyond what is worth a word, or the curvature is not known exactly.
pub fn understated_sd(
    target: &Target,
    family: &dyn SecondOrder,
    x: &[f64],
    curvature: &Curvature,
    theta_curvature: &[f64],
) -> Vec<(usize, f64)> {
    let n_lambda = family.n_parameters(target.n_latent());
    let (_, sd_q) = family.marginals(target.n_latent(), &x[..n_lambda]);
    let response = posterior_sd(target, family, x, curvature, theta_curvature);
    let ratios = sd_q.iter().zip(&response).map(|(q, response)| response / q).enumerate();
    let mut notable: Vec<(usize, f64)> = ratios.filter(|(_, ratio)| *ratio > NOTABLE_SD_RATIO).collect();
    notable.sort_by(|a, b| b.1.total_cmp(&a.1));
    notable
}

/// The unit in which each element of x is judged: for means the larger of q's sd and the linear-response sd, for
/// log sd 1, for theta its standard error.
fn posterior_sd(
    target: &Target,
    family: &dyn SecondOrder,
    x: &[f64],
    curvature: &Curvature,
    theta_curvature: &[f64],
) -> Vec<f64> {
    let n_lambda = family.n_parameters(target.n_latent());
    let mut natural = vec![0.0; x.len()];
    natural_steps(target, family, theta_curvature, x, &vec![1.0; x.len()], &mut natural);
    let mut sd: Vec<f64> = natural.iter().map(|n| 1.0 / n).collect();
    let exact = match &curvature.preconditioner {
        Preconditioner::Factor(factor) | Preconditioner::Block { factor, .. } => factor.is_exact(),
        Preconditioner::Arrow(factor) => factor.is_exact(),
        Preconditioner::Diagonal(_) => false,
    };
    if exact {
        let means =
            family.curvature_estimate(target.n_latent(), &x[..n_lambda], &vec![1.0; target.n_latent()]).means;
        let variances = curvature.preconditioner.inverse_diagonal();
        for i in means.into_iter().chain(n_lambda..x.len()) {
            sd[i] = sd[i].max(variances[i].max(0.0).sqrt());
        }
    }
    sd
}
