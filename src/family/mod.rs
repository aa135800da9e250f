//! Approximating families q(z; lambda): what each needs to be drawn from, weighed and optimised.

mod full_rank;
mod gaussian;
mod mean_field;
mod mixture;
mod precision;
mod sparse;

pub use full_rank::{FULL_RANK, LAPLACE, LINEAR_RESPONSE};
pub use gaussian::{Gaussian, Scale};
pub use mean_field::MeanField;
pub use mixture::Mixture;
pub use precision::Pattern;
pub use sparse::Sparse;

/// Every family, by the order in which they are offered.
pub static ALL: &[&dyn Family] = &[&MeanField, &LINEAR_RESPONSE, &LAPLACE, &FULL_RANK, &Sparse, &Mixture];

/// The family that `name` (as in `--family meanfield`) stands for.
pub fn by_name(name: &str) -> Option<&'static dyn Family> {
    ALL.iter().copied().find(|family| family.name() == name)
}

/// The name of a family, or `None` for `auto`, which leaves it to the fit; what there is, if it is neither.
pub fn choice(name: &str) -> Result<Option<&'static dyn Family>, String> {
    match by_name(name) {
        None if name != "auto" => {
            let known: Vec<&str> = ALL.iter().map(|family| family.name()).collect();
            Err(format!("no family `{name}`; there is: auto, {}", known.join(", ")))
        }
        family => Ok(family),
    }
}

/// A reparameterised family over n latents: a Gaussian z = mean + L base with base ~ N(0, I), or several. The default methods
/// are those of one whose lambda begins with the mean, then n numbers whose sum is log |L|.
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
    fn n_base(&self, n_latent: usize) -> usize {
        n_latent
    }

    /// The lambda whose marginals have (about) these means and standard deviations, both `[n]`.
    fn centred_at(&self, mean: &[f64], sd: &[f64]) -> Vec<f64>;

    /// Marginal means and standard deviations of q, both `[n]`.
    fn marginals(&self, n_latent: usize, lambda: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let q = self.gaussian(n_latent, lambda);
        let sds = q.sds();
        (q.mean, sds)
    }

    /// `z[n][lanes]` from `base[n_base][lanes]`.
    fn transform(&self, lambda: &[f64], lanes: usize, base: &[f64], z: &mut [f64]) {
        self.gaussian(base.len() / lanes, lambda).place(lanes, base, z);
    }

    /// `out[lanes]`: log q of the draws that [`Family::transform`] makes from `base`.
    fn log_q(&self, n_latent: usize, lambda: &[f64], lanes: usize, base: &[f64], out: &mut [f64]) {
        gaussian::log_density_of_base(lambda[n_latent..2 * n_latent].iter().sum(), lanes, base, out);
    }

    /// Entropy of q in nats.
    fn entropy(&self, n_latent: usize, lambda: &[f64]) -> f64 {
        gaussian::entropy(lambda[n_latent..2 * n_latent].iter().sum(), n_latent)
    }

    /// Adds d entropy / d lambda to `out`.
    fn add_entropy_gradient(&self, n_latent: usize, _lambda: &[f64], out: &mut [f64]) {
        out[n_latent..2 * n_latent].iter_mut().for_each(|out| *out += 1.0);
    }

    /// Adds Σ_l (dz_l/dlambda)' g_l to `out`, for `gradient[n][lanes]`.
    fn pull_back(&self, lambda: &[f64], lanes: usize, base: &[f64], gradient: &[f64], out: &mut [f64]);

    /// q as the Gaussian that it is; of several the foremost.
    fn gaussian(&self, n_latent: usize, lambda: &[f64]) -> Gaussian;

    /// The Gaussians that q is made of, with their shares, which sum to 1.
    fn parts(&self, n_latent: usize, lambda: &[f64]) -> Vec<(f64, Gaussian)> {
        vec![(1.0, self.gaussian(n_latent, lambda))]
    }

    /// Whether each latent by itself is normal under q.
    fn has_normal_marginals(&self, _lambda: &[f64]) -> bool {
        true
    }

    /// How the Gaussian is found, where that is not by maximising over lambda.
    fn fitted_as(&self) -> Option<GaussianFit> {
        None
    }

    /// The lambda for which q is this Gaussian; `None` where the family holds none like it.
    fn of_gaussian(&self, _q: &Gaussian) -> Option<Vec<f64>> {
        None
    }

    /// The second derivatives, for the families that Newton's method can fit on fixed draws.
    fn second_order(&self) -> Option<&dyn SecondOrder> {
        None
    }
}

/// Ways to a Gaussian with correlations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GaussianFit {
    /// Newton's method on mean and precision, which at its fixed point is the curvature of log p expected under q: the
    /// greatest ELBO (Opper and Archambeau 2009).
    ExpectedCurvature,
    /// The same with the zeros of ∇² log p in the precision.
    ExpectedSparseCurvature,
    /// The maximum of log p and the curvature there.
    CurvatureAtMode,
    /// The mean-field optimum, and how its means answer to a tilt of log p (Giordano, Broderick and Jordan 2018).
    LinearResponse,
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

    /// Indices into lambda of what shapes latent `i` of `n_latent` and nothing else; `None` where q is not a product over
    /// latents.
    fn parameters_of(&self, _n_latent: usize, _i: usize) -> Option<Vec<usize>> {
        None
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    const LANES: usize = 3;
    /// Of central differences.
    const STEP: f64 = 1e-5;

    /// n latents, an uneven lambda, base normals, and weights g for the lanes.
    struct Setting {
        n: usize,
        lambda: Vec<f64>,
        base: Vec<f64>,
        gradient: Vec<f64>,
    }

    fn setting(family: &dyn Family) -> Setting {
        let n = 4;
        let wave = |count: usize, phase: f64| {
            (0..count).map(|i| (i as f64 * 1.7 + phase).sin()).collect::<Vec<f64>>()
        };
        let mean = wave(n, 0.3);
        let sd: Vec<f64> = wave(n, 1.1).iter().map(|x| (0.5 * x).exp()).collect();
        let lambda = family.centred_at(&mean, &sd);
        assert_eq!(lambda.len(), family.n_parameters(n), "{}", family.name());
        let base = wave(family.n_base(n) * LANES, 2.2);
        Setting { n, lambda, base, gradient: wave(n * LANES, 0.7) }
    }

    fn along(x: &[f64], direction: &[f64], step: f64) -> Vec<f64> {
        x.iter().zip(direction).map(|(x, d)| x + step * d).collect()
    }

    fn dot(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    fn close(a: &[f64], b: &[f64], what: &str) {
        let equal =
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-8 * (1.0 + b.abs()));
        assert!(equal, "{what}: {a:?} {b:?}");
    }

    /// (f(lambda + h e_k) - f(lambda - h e_k)) / 2h for every k.
    fn differences(lambda: &[f64], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        let moved = |k: usize, step: f64| {
            let mut lambda = lambda.to_vec();
            lambda[k] += step;
            f(&lambda)
        };
        (0..lambda.len()).map(|k| (moved(k, STEP) - moved(k, -STEP)) / (2.0 * STEP)).collect()
    }

    #[test]
    fn names_are_found() {
        for family in ALL {
            assert_eq!(by_name(family.name()).unwrap().name(), family.name());
        }
        assert!(by_name("no such family").is_none());
    }

    #[test]
    fn marginals_are_where_they_were_put() {
        for family in ALL {
            let (mean, sd) = ([1.0, -2.0, 1e6], [0.1, 3.0, 1e-6]);
            let lambda = family.centred_at(&mean, &sd);
            let (m, s) = family.marginals(3, &lambda);
            close(&m, &mean, family.name());
            close(&s, &sd, family.name());
        }
    }

    #[test]
    fn first_derivatives_match_differences() {
        for family in ALL {
            let Setting { n, lambda, base, gradient } = setting(*family);
            let weighted = |lambda: &[f64]| {
                let mut z = vec![0.0; n * LANES];
                family.transform(lambda, LANES, &base, &mut z);
                dot(&z, &gradient)
            };
            let mut pulled = vec![0.0; lambda.len()];
            family.pull_back(&lambda, LANES, &base, &gradient, &mut pulled);
            close(&pulled, &differences(&lambda, weighted), "pull-back");
            let mut entropy = vec![0.0; lambda.len()];
            family.add_entropy_gradient(n, &lambda, &mut entropy);
            close(&entropy, &differences(&lambda, |lambda| family.entropy(n, lambda)), "entropy");
        }
    }

    #[test]
    fn second_derivatives_match_differences() {
        for family in ALL.iter().filter_map(|family| family.second_order()) {
            let Setting { n, lambda, base, gradient } = setting(family);
            let p = lambda.len();
            let direction: Vec<f64> = (0..p).map(|i| (i as f64 * 0.9).cos()).collect();
            let z = |lambda: &[f64]| {
                let mut z = vec![0.0; n * LANES];
                family.transform(lambda, LANES, &base, &mut z);
                z
            };
            let pulled = |lambda: &[f64]| {
                let mut out = vec![0.0; p];
                family.pull_back(lambda, LANES, &base, &gradient, &mut out);
                out
            };
            let slope = |a: Vec<f64>, b: Vec<f64>| -> Vec<f64> {
                a.iter().zip(&b).map(|(a, b)| (a - b) / (2.0 * STEP)).collect()
            };
            let (up, down) = (along(&lambda, &direction, STEP), along(&lambda, &direction, -STEP));
            let mut dz = vec![0.0; n * LANES];
            family.push_forward(&lambda, LANES, &base, &direction, &mut dz);
            close(&dz, &slope(z(&up), z(&down)), "push-forward");
            let mut curved = vec![0.0; p];
            family.add_curvature(&lambda, LANES, &base, &gradient, &direction, &mut curved);
            close(&curved, &slope(pulled(&up), pulled(&down)), "curvature");

            // H_l = c_l c_l' + diag: the assembled matrix times the direction, against push, multiply, pull
            let c = &gradient;
            let at = |i: usize, j: usize, l: usize| {
                c[i * LANES + l] * c[j * LANES + l] + f64::from(u8::from(i == j))
            };
            let mut hessian = vec![0.0; n * n * LANES];
            let mut hdz = vec![0.0; n * LANES];
            for (i, j, l) in (0..n * n * LANES).map(|k| (k / LANES / n, k / LANES % n, k % LANES)) {
                hessian[(i * n + j) * LANES + l] = at(i, j, l);
                hdz[i * LANES + l] += at(i, j, l) * dz[j * LANES + l];
            }
            let mut product = curved.clone();
            family.pull_back(&lambda, LANES, &base, &hdz, &mut product);
            let stride = p + 2;
            let mut matrix = vec![0.0; p * stride];
            family.pull_back_hessian(&lambda, LANES, &base, &gradient, &hessian, &mut matrix, stride);
            let assembled: Vec<f64> =
                matrix.chunks_exact(stride).map(|row| dot(&row[..p], &direction)).collect();
            close(&assembled, &product, "assembled Hessian");
        }
    }

    /// For one latent: q(z) dz = N(e) de.
    #[test]
    fn log_q_is_the_density_of_the_draws() {
        for family in ALL.iter().filter(|family| family.n_base(1) == 1) {
            let lambda = family.centred_at(&[0.7], &[2.5]);
            for e in [-2.0, -0.3, 0.0, 1.4] {
                let z = |e: f64| {
                    let mut z = [0.0];
                    family.transform(&lambda, 1, &[e], &mut z);
                    z[0]
                };
                let mut log_q = [0.0];
                family.log_q(1, &lambda, 1, &[e], &mut log_q);
                let log_base = -0.5 * e * e - 0.5 * (2.0 * std::f64::consts::PI).ln();
                let log_jacobian = ((z(e + STEP) - z(e - STEP)) / (2.0 * STEP)).abs().ln();
                close(&log_q, &[log_base - log_jacobian], family.name());
            }
        }
    }
}
