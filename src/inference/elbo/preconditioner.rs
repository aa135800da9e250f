//! Preconditioners where the Hessian over x is too large to form: an arrow for models of rows, else a block.

use std::sync::Arc;

use rayon::prelude::*;

use super::FixedDrawElbo;
use crate::inference::arrow::{ArrowFactor, ArrowMatrix, Rows};
use crate::inference::curvature::Preconditioner;
use crate::inference::draws::{Block, Task, rng};
use crate::inference::linear::{Factor, Matrix, axpy};

/// Up to this many coordinates the preconditioner is the Hessian of log p at the mean of q.
const BLOCK_MAX_DIM: usize = 500;
/// Most pairs of draws for an arrow.
const MAX_PAIRS: usize = 4;

/// The preconditioner of a model of rows, kept until it has paid for itself.
pub(super) struct Arrow {
    factor: Arc<ArrowFactor>,
    /// Hessian-vector products that made it, and those with its help, both by point.
    cost: usize,
    pub used: usize,
}

impl FixedDrawElbo<'_, '_> {
    /// The Hessian over x as an arrow, where the model consists of rows: expectations over the fewest draws that are exact
    /// for a quadratic log p, one pair for each latent of a row.
    pub(super) fn arrow_preconditioner(&mut self) -> Option<Preconditioner> {
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
    pub(super) fn block_preconditioner(&self) -> Preconditioner {
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
