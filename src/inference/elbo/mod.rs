//! The ELBO of a family on fixed draws, as an objective for Newton's method: value, gradient, Hessian.

mod preconditioner;

use rayon::prelude::*;

use self::preconditioner::Arrow;
use super::curvature::Curvature;
use super::draws::{BaseDraws, Block};
use super::linear::{Matrix, all_finite, axpy};
use super::newton::Objective;
use super::target::Target;
use crate::family::{Family, SecondOrder};

/// Up to this many coordinates the whole Hessian over lambda and theta is formed from a Hessian at every draw.
const DENSE_MAX_DIM: usize = 12;
/// With more draws than this, the Hessian of the first blocks with as many draws is the preconditioner instead.
const DENSE_MAX_DRAWS: usize = 128;
/// Lanes of one call when Hessians are formed.
const HESSIAN_LANES: usize = 256;

/// -ELBO / 1 nat over x = (lambda, theta), averaged over fixed draws.
pub struct FixedDrawElbo<'t, 'd> {
    target: &'t Target<'d>,
    family: &'static dyn SecondOrder,
    draws: BaseDraws,
    /// Curvature scale of theta where no Hessian is at hand, `[n_theta]`.
    theta_curvature: Vec<f64>,
    x: Vec<f64>,
    /// Per block: z and the gradient there, both `[D][lanes]`.
    state: Vec<(Vec<f64>, Vec<f64>)>,
    arrow: Option<Arrow>,
}

impl<'t, 'd> FixedDrawElbo<'t, 'd> {
    pub fn new(
        target: &'t Target<'d>,
        family: &'static dyn SecondOrder,
        draws: BaseDraws,
        theta_curvature: Vec<f64>,
    ) -> Self {
        let state = Vec::new();
        FixedDrawElbo { target, family, draws, theta_curvature, x: Vec::new(), state, arrow: None }
    }

    pub fn n_draws(&self) -> usize {
        self.draws.n_draws
    }

    pub fn draws(&self) -> &BaseDraws {
        &self.draws
    }

    /// Curvature of -ELBO along each of theta, everything else at its best: 1 / se², where the Hessian has been seen.
    pub fn theta_curvature(&self) -> &[f64] {
        &self.theta_curvature
    }

    fn n_lambda(&self) -> usize {
        self.family.n_parameters(self.target.n_latent())
    }

    /// Runs `work` on the first `n_blocks` blocks, in parallel where it is worth it; results in block order.
    fn map_blocks<T: Send>(&self, n_blocks: usize, work: impl Fn(usize, &Block) -> T + Sync) -> Vec<T> {
        let blocks = &self.draws.blocks[..n_blocks];
        if blocks.len() > 1 && self.target.is_large(self.draws.n_draws) {
            blocks.par_iter().enumerate().map(|(b, block)| work(b, block)).collect()
        } else {
            blocks.iter().enumerate().map(|(b, block)| work(b, block)).collect()
        }
    }

    /// The sum of the vectors that `work` makes of the blocks, in block order.
    fn sum_blocks(
        &self,
        n_blocks: usize,
        length: usize,
        work: impl Fn(usize, &Block) -> Vec<f64> + Sync,
    ) -> Vec<f64> {
        let mut sum = vec![0.0; length];
        for part in self.map_blocks(n_blocks, work) {
            axpy(1.0, &part, &mut sum);
        }
        sum
    }

    /// Σ over lanes of the pull-back of `gradient[D][lanes]` to x.
    fn pull_back(&self, lambda: &[f64], block: &Block, gradient: &[f64], out: &mut [f64]) {
        let (out_lambda, out_theta) = out.split_at_mut(lambda.len());
        let latent = self.target.gather_latent(block.lanes, gradient);
        self.family.pull_back(lambda, block.lanes, &block.base, &latent, out_lambda);
        for (out, &i) in out_theta.iter_mut().zip(&self.target.theta) {
            *out += gradient[i * block.lanes..(i + 1) * block.lanes].iter().sum::<f64>();
        }
    }

    /// Σ over the lanes of a block of -J' H J, and the curvature of the transformation.
    fn block_hessian(&self, b: usize, block: &Block) -> Vec<f64> {
        let (n_latent, lanes) = (self.target.n_latent(), block.lanes);
        let (lambda, n) = (&self.x[..self.n_lambda()], self.x.len());
        let (z, gradient) = &self.state[b];
        let columns = self.hessian_columns(lanes, z);
        let mut out = vec![0.0; n * n];
        let mut latent_hessian = Vec::with_capacity(n_latent * n_latent * lanes);
        for &i in &self.target.latent {
            for &j in &self.target.latent {
                latent_hessian.extend_from_slice(&columns[j][i * lanes..(i + 1) * lanes]);
            }
        }
        let latent_gradient = self.target.gather_latent(lanes, gradient);
        let base = &block.base;
        self.family.pull_back_hessian(lambda, lanes, base, &latent_gradient, &latent_hessian, &mut out, n);
        for (k, &j) in self.target.theta.iter().enumerate() {
            let mut column = vec![0.0; n];
            self.pull_back(lambda, block, &columns[j], &mut column);
            for (i, value) in column.iter().enumerate() {
                out[i * n + lambda.len() + k] = *value;
                out[(lambda.len() + k) * n + i] = *value;
            }
        }
        out
    }

    /// For each direction j: column j of the Hessian at every lane, `[D][lanes]`.
    fn hessian_columns(&self, lanes: usize, z: &[f64]) -> Vec<Vec<f64>> {
        let d = self.target.dim();
        let group = (HESSIAN_LANES / lanes).clamp(1, d);
        let mut columns = Vec::with_capacity(d);
        for first in (0..d).step_by(group) {
            let directions = group.min(d - first);
            let wide = directions * lanes;
            let mut wide_z = vec![0.0; d * wide];
            let mut v = vec![0.0; d * wide];
            for i in 0..d {
                for k in 0..directions {
                    let at = i * wide + k * lanes;
                    wide_z[at..at + lanes].copy_from_slice(&z[i * lanes..(i + 1) * lanes]);
                    if i == first + k {
                        v[at..at + lanes].fill(1.0);
                    }
                }
            }
            let (mut gradient, mut product) = (vec![0.0; d * wide], vec![0.0; d * wide]);
            self.target.hessian_vector(wide, &wide_z, &v, &mut gradient, &mut product);
            for k in 0..directions {
                let mut column = Vec::with_capacity(d * lanes);
                for i in 0..d {
                    column.extend_from_slice(&product[i * wide + k * lanes..i * wide + (k + 1) * lanes]);
                }
                columns.push(column);
            }
        }
        columns
    }

    /// The Hessian over x averaged over the first `n_blocks` blocks.
    fn dense_hessian(&self, n_blocks: usize) -> Matrix {
        let n = self.x.len();
        let sum = self.sum_blocks(n_blocks, n * n, |b, block| self.block_hessian(b, block));
        let n_draws: usize = self.draws.blocks[..n_blocks].iter().map(|block| block.lanes).sum();
        let mut hessian = Matrix::from_rows(n, sum);
        hessian.scale(-1.0 / n_draws as f64);
        // the entropy's part, column by column
        let (n_latent, n_lambda) = (self.target.n_latent(), self.n_lambda());
        let mut unit = vec![0.0; n_lambda];
        for j in 0..n_lambda {
            unit[j] = 1.0;
            let mut column = vec![0.0; n_lambda];
            self.family.add_entropy_curvature(n_latent, &self.x[..n_lambda], &unit, &mut column);
            unit[j] = 0.0;
            for (i, value) in column.iter().enumerate() {
                *hessian.at_mut(i, j) -= value;
            }
        }
        hessian.symmetrize();
        hessian
    }
}

impl Objective for FixedDrawElbo<'_, '_> {
    fn dim(&self) -> usize {
        self.n_lambda() + self.target.theta.len()
    }

    fn gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        let (n_latent, n_lambda, n) = (self.target.n_latent(), self.n_lambda(), self.dim());
        let (lambda, theta) = x.split_at(n_lambda);
        let parts = self.map_blocks(self.draws.blocks.len(), |_, block| {
            let lanes = block.lanes;
            let z = self.target.points(self.family, lambda, theta, block);
            let (mut values, mut g) = (vec![0.0; lanes], vec![0.0; z.len()]);
            self.target.gradient(lanes, &z, &mut values, &mut g);
            // the value rides along as the last element
            let mut part = vec![0.0; n + 1];
            self.pull_back(lambda, block, &g, &mut part[..n]);
            part[n] = values.iter().sum();
            (part, (z, g))
        });
        self.x = x.to_vec();
        self.state.clear();
        let mut sum = vec![0.0; n + 1];
        for (part, state) in parts {
            axpy(1.0, &part, &mut sum);
            self.state.push(state);
        }
        let weight = 1.0 / self.draws.n_draws as f64;
        gradient.fill(0.0);
        self.family.add_entropy_gradient(n_latent, lambda, &mut gradient[..n_lambda]);
        for (gradient, sum) in gradient.iter_mut().zip(&sum) {
            *gradient = -(*gradient + weight * sum);
        }
        -(weight * sum[n] + self.family.entropy(n_latent, lambda))
    }

    fn hessian_vector(&mut self, v: &[f64], product: &mut [f64]) {
        let (n_latent, n_lambda, n) = (self.target.n_latent(), self.n_lambda(), self.dim());
        let lambda = &self.x[..n_lambda];
        let (v_lambda, v_theta) = v.split_at(n_lambda);
        let d = self.target.dim();
        let sum = self.sum_blocks(self.draws.blocks.len(), n, |b, block| {
            let (lanes, (z, gradient)) = (block.lanes, &self.state[b]);
            let mut dz_latent = vec![0.0; n_latent * lanes];
            self.family.push_forward(lambda, lanes, &block.base, v_lambda, &mut dz_latent);
            let dz = self.target.scatter(lanes, &dz_latent, v_theta);
            let (mut again, mut hv) = (vec![0.0; d * lanes], vec![0.0; d * lanes]);
            self.target.hessian_vector(lanes, z, &dz, &mut again, &mut hv);
            let mut part = vec![0.0; n];
            self.pull_back(lambda, block, &hv, &mut part);
            let latent_gradient = self.target.gather_latent(lanes, gradient);
            let out = &mut part[..n_lambda];
            self.family.add_curvature(lambda, lanes, &block.base, &latent_gradient, v_lambda, out);
            part
        });
        if let Some(arrow) = &mut self.arrow {
            arrow.used += self.draws.n_draws;
        }
        let weight = 1.0 / self.draws.n_draws as f64;
        product.fill(0.0);
        self.family.add_entropy_curvature(n_latent, lambda, v_lambda, &mut product[..n_lambda]);
        for (product, sum) in product.iter_mut().zip(&sum) {
            *product = -(*product + weight * sum);
        }
    }

    fn curvature(&mut self) -> Curvature {
        if self.target.dim() <= DENSE_MAX_DIM {
            let n_lanes: usize = self.draws.blocks[0].lanes;
            let n_blocks = (DENSE_MAX_DRAWS / n_lanes).clamp(1, self.draws.blocks.len());
            let hessian = self.dense_hessian(n_blocks);
            if hessian.is_finite() {
                let whole = n_blocks == self.draws.blocks.len();
                let curvature = Curvature::dense(hessian);
                return Curvature { hessian: curvature.hessian.filter(|_| whole), ..curvature };
            }
        }
        let preconditioner = self.arrow_preconditioner().unwrap_or_else(|| self.block_preconditioner());
        Curvature { hessian: None, preconditioner }
    }

    fn natural_step(&self, x: &[f64], step: &[f64]) -> f64 {
        let mut natural = vec![0.0; x.len()];
        natural_steps(self.target, self.family, &self.theta_curvature, x, step, &mut natural);
        natural.iter().fold(0.0, |a, b| a.max(*b))
    }
}

/// |step| of every element of x = (lambda, theta) in standard deviations; of theta by its curvature at the start.
pub fn natural_steps(
    target: &Target,
    family: &dyn SecondOrder,
    theta_curvature: &[f64],
    x: &[f64],
    step: &[f64],
    out: &mut [f64],
) {
    let n_lambda = family.n_parameters(target.n_latent());
    family.natural_step(target.n_latent(), &x[..n_lambda], &step[..n_lambda], &mut out[..n_lambda]);
    for (k, curvature) in theta_curvature.iter().enumerate() {
        out[n_lambda + k] = step[n_lambda + k].abs() * curvature.sqrt();
    }
}

/// `x` with the sds of q halved until the objective is finite (as far as that helps).
pub fn narrowed_until_finite(
    target: &Target,
    family: &dyn Family,
    objective: &mut FixedDrawElbo,
    x: Vec<f64>,
) -> Vec<f64> {
    const HALVINGS: usize = 60;
    let n_lambda = family.n_parameters(target.n_latent());
    let mut gradient = vec![0.0; x.len()];
    let mut x = x;
    for _ in 0..HALVINGS {
        if objective.gradient(&x, &mut gradient).is_finite() && all_finite(&gradient) {
            break;
        }
        let (mean, sd) = family.marginals(target.n_latent(), &x[..n_lambda]);
        let narrower: Vec<f64> = sd.iter().map(|sd| 0.5 * sd).collect();
        x.splice(..n_lambda, family.centred_at(&mean, &narrower));
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::density::TermKind::Prior;
    use crate::family::MeanField;
    use crate::inference::draws::{Task, rng};
    use crate::inference::tests::toy::{Toy, normal, normal_const};

    /// Gradient, products, dense Hessian and preconditioner agree with each other and with central differences.
    #[test]
    fn derivatives_match_differences() {
        let density = Toy::new(&["a", "t", "b", "c"], &[("p", Prior)], |z, out| {
            let factors = normal(z[0], z[1], z[2]) + normal_const(z[3], 1.0, 2.0);
            out.push(factors + normal(z[1], z[0] * z[3], z[3] * 0.3) - z[2].softplus() - z[2].exp());
        })
        .estimating(&["t"]);
        let target = Target::new(&density);
        for (n_draws, whole) in [(10, true), (200, false)] {
            let draws = BaseDraws::matched(&mut rng(1, Task::Objective), 3, n_draws, 64);
            let mut elbo = FixedDrawElbo::new(&target, &MeanField, draws, vec![1.0]);
            let x = [0.3, -0.2, 0.5, -0.4, 0.1, -0.7, 0.9];
            let direction = [0.2, 1.0, -0.5, 0.3, -0.8, 0.6, 0.4];
            let n = x.len();
            let step = 1e-5;
            let moved = |by: f64| x.iter().zip(&direction).map(|(x, d)| x + by * d).collect::<Vec<f64>>();
            let (mut up, mut down, mut gradient) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
            let f_up = elbo.gradient(&moved(step), &mut up);
            let f_down = elbo.gradient(&moved(-step), &mut down);
            let value = elbo.gradient(&x, &mut gradient);
            assert!(value.is_finite());
            let slope: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
            assert!(((f_up - f_down) / (2.0 * step) - slope).abs() < 1e-7 * slope.abs().max(1.0));
            let mut product = vec![0.0; n];
            elbo.hessian_vector(&direction, &mut product);
            for i in 0..n {
                let difference = (up[i] - down[i]) / (2.0 * step);
                assert!((product[i] - difference).abs() < 1e-6 * difference.abs().max(1.0), "{i}");
            }
            let curvature = elbo.curvature();
            assert_eq!(curvature.hessian.is_some(), whole, "{n_draws} draws");
            let mut dense = vec![0.0; n];
            elbo.dense_hessian(elbo.draws.blocks.len()).product(&direction, &mut dense);
            for i in 0..n {
                assert!((dense[i] - product[i]).abs() < 1e-10 * product[i].abs().max(1.0), "{i}");
            }
        }
    }
}
