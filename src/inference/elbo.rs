//! The ELBO of a family on fixed draws, as an objective for Newton's method: value, gradient, Hessian.

use std::sync::Arc;

use rayon::prelude::*;

use super::arrow::{ArrowFactor, ArrowMatrix, Rows};
use super::curvature::{Curvature, Preconditioner};
use super::draws::{BaseDraws, Block, Task, rng};
use super::linear::{Factor, Matrix, all_finite, axpy};
use super::newton::Objective;
use super::target::Target;
use crate::family::{Family, SecondOrder};

/// Up to this many coordinates the whole Hessian over lambda and theta is formed from a Hessian at every draw.
const DENSE_MAX_DIM: usize = 12;
/// With more draws than this, the Hessian of the first blocks with as many draws is the preconditioner instead.
const DENSE_MAX_DRAWS: usize = 128;
/// Up to this many coordinates the preconditioner is the Hessian of log p at the mean of q.
const BLOCK_MAX_DIM: usize = 500;
/// Most pairs of draws for an arrow.
const MAX_PAIRS: usize = 4;
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

/// The preconditioner of a model of rows, kept until it has paid for itself.
struct Arrow {
    factor: Arc<ArrowFactor>,
    /// Hessian-vector products that made it, and those with its help, both by point.
    cost: usize,
    used: usize,
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

    /// The Hessian over x as an arrow, where the model consists of rows: expectations over the fewest draws that are exact
    /// for a quadratic log p, one pair for each latent of a row.
    fn arrow_preconditioner(&mut self) -> Option<Preconditioner> {
        if let Some(arrow) = self.arrow.as_ref().filter(|arrow| arrow.used < arrow.cost) {
            return Some(Preconditioner::Arrow(arrow.factor.clone()));
        }
        let (n_latent, n_lambda, n) = (self.target.n_latent(), self.n_lambda(), self.x.len());
        let (lambda, theta) = self.x.split_at(n_lambda);
        if n_latent == 0 {
            return None;
        }
        let (mean, _) = self.family.marginals(n_latent, lambda);
        let layout = self.layout(self.target.rows(&self.target.join(&mean, theta))?)?;
        // as many pairs as a row has latents, so that these are orthogonal
        let n_own = layout.width() / self.family.parameters_of(n_latent, 0)?.len().max(1);
        let n_base = self.family.n_base(n_latent);
        let draws = self.target.draws(&mut rng(0, Task::Probes), n_base, 2 * n_own.clamp(1, MAX_PAIRS));
        let block = draws.blocks.first()?;
        let mut directions: Vec<Vec<f64>> = Vec::new();
        for k in 0..layout.width() {
            let mut v = vec![0.0; n];
            layout.rows.iter().filter_map(|row| row.get(k)).for_each(|&i| v[i] = 1.0);
            directions.push(v);
        }
        for &i in &layout.shared {
            let mut v = vec![0.0; n];
            v[i] = 1.0;
            directions.push(v);
        }
        let products = self.products(block, &directions);
        let (of_rows, of_shared) = products.split_at(layout.width());
        // Spreads of different latents have no second derivative between them, though one pair of draws shows one.
        let precision = vec![1.0; n_latent];
        let mut is_mean = vec![false; n];
        let means = self.family.curvature_estimate(n_latent, lambda, &precision).means;
        means.into_iter().chain(n_lambda..n).for_each(|i| is_mean[i] = true);
        let element = |i: usize, j: usize, product: &[f64]| {
            if i == j || is_mean[i] || is_mean[j] { product[i] } else { 0.0 }
        };
        let n_shared = layout.shared.len();
        let mut corner = Matrix::zeros(n_shared);
        for (b, (&j, product)) in layout.shared.iter().zip(of_shared).enumerate() {
            layout
                .shared
                .iter()
                .enumerate()
                .for_each(|(a, &i)| *corner.at_mut(a, b) = element(i, j, product));
        }
        corner.symmetrize();
        let within = layout.rows.iter().map(|row| {
            let mut own = Matrix::zeros(row.len());
            for (b, (&j, product)) in row.iter().zip(of_rows).enumerate() {
                row.iter().enumerate().for_each(|(a, &i)| *own.at_mut(a, b) = element(i, j, product));
            }
            own.symmetrize();
            own
        });
        let within = within.collect();
        let across = layout.rows.iter().map(|row| {
            let of = |i: usize| layout.shared.iter().zip(of_shared).map(move |(&j, p)| element(i, j, p));
            row.iter().flat_map(|&i| of(i)).collect()
        });
        let across = across.collect();
        let factor = Arc::new(ArrowFactor::new(ArrowMatrix { layout, within, across, corner })?);
        let inverse = factor.inverse_diagonal();
        for (curvature, variance) in self.theta_curvature.iter_mut().zip(&inverse[n_lambda..]) {
            *curvature = variance.recip();
        }
        let cost = directions.len() * block.lanes;
        self.arrow = Some(Arrow { factor: factor.clone(), cost, used: 0 });
        Some(Preconditioner::Arrow(factor))
    }

    /// The rows of a model as indices into x; `None` where the family couples latents.
    fn layout(&self, rows: &Rows) -> Option<Rows> {
        let mut parameters = vec![Vec::new(); self.target.dim()];
        for (k, &i) in self.target.latent.iter().enumerate() {
            parameters[i] = self.family.parameters_of(self.target.n_latent(), k)?;
        }
        for (k, &i) in self.target.theta.iter().enumerate() {
            parameters[i] = vec![self.n_lambda() + k];
        }
        let all = |coordinates: &Vec<usize>| -> Vec<usize> {
            coordinates.iter().flat_map(|&i| parameters[i].iter().copied()).collect()
        };
        Some(Rows { rows: rows.rows.iter().map(all).collect(), shared: all(&rows.shared) })
    }

    /// The Hessian over x, averaged over the draws of one block, times each direction.
    fn products(&self, block: &Block, directions: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let (n_latent, n_lambda, d) = (self.target.n_latent(), self.n_lambda(), self.target.dim());
        let (lambda, theta) = self.x.split_at(n_lambda);
        let (lanes, base) = (block.lanes, &block.base);
        let z = self.target.points(self.family, lambda, theta, block);
        let group = (self.target.lanes() / lanes).max(1);
        let of_group = |directions: &[Vec<f64>]| -> Vec<Vec<f64>> {
            let wide = directions.len() * lanes;
            let (mut points, mut v) = (vec![0.0; d * wide], vec![0.0; d * wide]);
            for (k, direction) in directions.iter().enumerate() {
                let mut dz_latent = vec![0.0; n_latent * lanes];
                self.family.push_forward(lambda, lanes, base, &direction[..n_lambda], &mut dz_latent);
                let dz = self.target.scatter(lanes, &dz_latent, &direction[n_lambda..]);
                for i in 0..d {
                    let at = i * wide + k * lanes;
                    points[at..at + lanes].copy_from_slice(&z[i * lanes..(i + 1) * lanes]);
                    v[at..at + lanes].copy_from_slice(&dz[i * lanes..(i + 1) * lanes]);
                }
            }
            let (mut gradient, mut product) = (vec![0.0; d * wide], vec![0.0; d * wide]);
            self.target.hessian_vector(wide, &points, &v, &mut gradient, &mut product);
            let of_direction = |all: &[f64], k: usize| -> Vec<f64> {
                (0..d).flat_map(|i| &all[i * wide + k * lanes..i * wide + (k + 1) * lanes]).copied().collect()
            };
            let products = directions.iter().enumerate().map(|(k, direction)| {
                let mut out = vec![0.0; self.x.len()];
                self.pull_back(lambda, block, &of_direction(&product, k), &mut out);
                let gradient = self.target.gather_latent(lanes, &of_direction(&gradient, k));
                let (out_lambda, v_lambda) = (&mut out[..n_lambda], &direction[..n_lambda]);
                self.family.add_curvature(lambda, lanes, base, &gradient, v_lambda, out_lambda);
                out.iter_mut().for_each(|x| *x *= -1.0 / lanes as f64);
                let mut entropy = vec![0.0; n_lambda];
                self.family.add_entropy_curvature(n_latent, lambda, v_lambda, &mut entropy);
                axpy(-1.0, &entropy, &mut out[..n_lambda]);
                out
            });
            products.collect()
        };
        if self.target.is_large(directions.len() * lanes) {
            directions.par_chunks(group).flat_map_iter(of_group).collect()
        } else {
            directions.chunks(group).flat_map(of_group).collect()
        }
    }

    /// The Hessian of log p at the mean of q as a block for means and theta, the family's own estimate for the rest.
    fn block_preconditioner(&self) -> Preconditioner {
        let (n_latent, n_lambda) = (self.target.n_latent(), self.n_lambda());
        let lambda = &self.x[..n_lambda];
        let (mean, sd) = self.family.marginals(n_latent, lambda);
        let from_sd: Vec<f64> = sd.iter().map(|sd| sd.powi(-2)).collect();
        let hessian = (self.target.dim() <= BLOCK_MAX_DIM)
            .then(|| self.target.negative_hessian(&self.target.join(&mean, &self.x[n_lambda..])))
            .filter(Matrix::is_finite);
        let precision = match &hessian {
            Some(hessian) => self.target.latent.iter().map(|&i| hessian.at(i, i)).collect(),
            None => from_sd,
        };
        let estimate = self.family.curvature_estimate(n_latent, lambda, &precision);
        let mut diagonal = estimate.diagonal;
        diagonal.extend(&self.theta_curvature);
        let factor = hessian.as_ref().and_then(Factor::new);
        let Some(factor) = factor else {
            return Preconditioner::Diagonal(diagonal);
        };
        let mut block = vec![0; self.target.dim()];
        for (&i, &mean) in self.target.latent.iter().zip(&estimate.means) {
            block[i] = mean;
        }
        for (k, &i) in self.target.theta.iter().enumerate() {
            block[i] = n_lambda + k;
        }
        Preconditioner::Block { factor, block, diagonal }
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
