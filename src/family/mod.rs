//! Approximating families q(z; lambda): what each needs to be drawn from, weighed and optimised.

mod mean_field;

pub use mean_field::MeanField;

/// Every family, by the order in which they are offered.
pub static ALL: &[&dyn Family] = &[&MeanField];

/// The family that `name` (as in `--family meanfield`) stands for.
pub fn by_name(name: &str) -> Option<&'static dyn Family> {
    ALL.iter().copied().find(|family| family.name() == name)
}

/// A reparameterised family over n latents: z = T(base; lambda) with base ~ N(0, I).
///
/// Batches have their lanes innermost: `z[i * lanes + l]`, `base[k * lanes + l]`.
pub trait Family: Sync {
    /// Name on the command line and in results.
    fn name(&self) -> &'static str;

    /// One line of help.
    fn summary(&self) -> &'static str;

    /// Length of lambda for n latents.
    fn n_parameters(&self, n_latent: usize) -> usize;

    /// Base normals that one draw needs for n latents.
    fn n_base(&self, n_latent: usize) -> usize;

    /// The lambda whose marginals have (about) these means and standard deviations, both `[n]`.
    fn centred_at(&self, mean: &[f64], sd: &[f64]) -> Vec<f64>;

    /// Marginal means and standard deviations of q, both `[n]`.
    fn marginals(&self, n_latent: usize, lambda: &[f64]) -> (Vec<f64>, Vec<f64>);

    /// `z[n][lanes]` from `base[n_base][lanes]`.
    fn transform(&self, lambda: &[f64], lanes: usize, base: &[f64], z: &mut [f64]);

    /// `out[lanes]`: log q of the draws that [`Family::transform`] makes from `base`.
    fn log_q(&self, n_latent: usize, lambda: &[f64], lanes: usize, base: &[f64], out: &mut [f64]);

    /// Entropy of q in nats.
    fn entropy(&self, n_latent: usize, lambda: &[f64]) -> f64;

    /// Adds d entropy / d lambda to `out`.
    fn add_entropy_gradient(&self, n_latent: usize, lambda: &[f64], out: &mut [f64]);

    /// Adds Σ_l (dz_l/dlambda)' g_l to `out`, for `gradient[n][lanes]`.
    fn pull_back(&self, lambda: &[f64], lanes: usize, base: &[f64], gradient: &[f64], out: &mut [f64]);

    /// The second derivatives, for the families that Newton's method can fit on fixed draws.
    fn second_order(&self) -> Option<&dyn SecondOrder> {
        None
    }
}

/// Second derivatives of z = T(base; lambda) and of the entropy.
pub trait SecondOrder: Family {
    /// `dz[n][lanes]` = (dz/dlambda) `direction`.
    fn push_forward(&self, lambda: &[f64], lanes: usize, base: &[f64], direction: &[f64], dz: &mut [f64]);

    /// Adds Σ_l Σ_i g_il (d²z_il/dlambda²) `direction` to `out`.
    fn add_curvature(
        &self,
        lambda: &[f64],
        lanes: usize,
        base: &[f64],
        gradient: &[f64],
        direction: &[f64],
        out: &mut [f64],
    );

    /// Adds (d² entropy/dlambda²) `direction` to `out`.
    fn add_entropy_curvature(&self, n_latent: usize, lambda: &[f64], direction: &[f64], out: &mut [f64]);

    /// Adds Σ_l [ (dz_l/dlambda)' H_l (dz_l/dlambda) + Σ_i g_il d²z_il/dlambda² ] to the leading block of the
    /// row-major matrix `out` with rows of `stride` elements, for `hessian[n][n][lanes]` and `gradient[n][lanes]`.
    #[allow(clippy::too_many_arguments)]
    fn pull_back_hessian(
        &self,
        lambda: &[f64],
        lanes: usize,
        base: &[f64],
        gradient: &[f64],
        hessian: &[f64],
        out: &mut [f64],
        stride: usize,
    );

    /// A cheap estimate of the Hessian of -ELBO over lambda from A = -∇²log p at the mean of q: which of lambda are
    /// means (in the order of the latents; A is their block), and a positive diagonal for all of lambda.
    fn curvature_estimate(&self, n_latent: usize, lambda: &[f64], precision: &[f64]) -> CurvatureEstimate;

    /// |step| in units that mean the same in every model: d mean / sd and d log sd. `[n_parameters]`.
    fn natural_step(&self, n_latent: usize, lambda: &[f64], step: &[f64], out: &mut [f64]);
}

/// See [`SecondOrder::curvature_estimate`].
pub struct CurvatureEstimate {
    /// Indices into lambda of the means of the n latents.
    pub means: Vec<usize>,
    /// Positive curvature for each element of lambda.
    pub diagonal: Vec<f64>,
}
