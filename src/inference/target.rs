//! The log density as inference sees it: latents and theta apart, evaluations counted, Hessians assembled.

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rand_chacha::ChaCha12Rng;
use rayon::prelude::*;

use super::arrow::Rows;
use super::draws::{BaseDraws, Block};
use super::linear::Matrix;
use super::sparsity::Sparsity;
use super::start::Start;
use crate::density::{LogDensity, Role};
use crate::family::Family;

/// Lanes of one call; part of what a seed's bytes depend on, so it never follows the number of threads.
const LANES: usize = 64;
/// Lanes of one call for models that are much work, where blocks are shared out over threads.
const LANES_MUCH_WORK: usize = 16;
/// Sums and products of a log density from which it is much work.
const MUCH_WORK: f64 = 65_536.0;
/// Sums and products, over all draws, from which threads are worth their while.
const LARGE: f64 = 4e6;

/// A log density with its coordinates split by role.
pub struct Target<'d> {
    pub density: &'d dyn LogDensity,
    /// Coordinates of the latents, in the order of lambda's means.
    pub latent: Vec<usize>,
    /// Coordinates that are point-estimated.
    pub theta: Vec<usize>,
    evaluations: AtomicU64,
    calls: AtomicU64,
    rows: OnceLock<Option<Rows>>,
    sparsity: OnceLock<Option<Sparsity>>,
}

impl<'d> Target<'d> {
    pub fn new(density: &'d dyn LogDensity) -> Self {
        let with = |role| {
            let coordinates = density.coordinates().iter().enumerate();
            coordinates.filter(|(_, c)| c.role == role).map(|(i, _)| i).collect::<Vec<usize>>()
        };
        let (latent, theta) = (with(Role::Latent), with(Role::PointEstimate));
        let (evaluations, calls) = (AtomicU64::new(0), AtomicU64::new(0));
        let (rows, sparsity) = (OnceLock::new(), OnceLock::new());
        Target { density, latent, theta, evaluations, calls, rows, sparsity }
    }

    pub fn dim(&self) -> usize {
        self.latent.len() + self.theta.len()
    }

    pub fn n_latent(&self) -> usize {
        self.latent.len()
    }

    /// Gradients and Hessian-vector products so far, counted by point.
    pub fn evaluations(&self) -> u64 {
        self.evaluations.load(Ordering::Relaxed)
    }

    /// The same, counted by call.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Lanes of one call.
    pub fn lanes(&self) -> usize {
        if self.density.work() >= MUCH_WORK { LANES_MUCH_WORK } else { LANES }
    }

    /// Whether `n_draws` evaluations are work enough for threads.
    pub fn is_large(&self, n_draws: usize) -> bool {
        self.density.work() * n_draws as f64 >= LARGE
    }

    /// `out[lanes]`, `gradient[D][lanes]`
    pub fn gradient(&self, lanes: usize, z: &[f64], out: &mut [f64], gradient: &mut [f64]) {
        self.count(lanes);
        self.density.gradient(lanes, z, out, gradient);
    }

    /// [`Target::gradient`] of any number of points, in blocks that may be shared out over threads.
    pub fn gradient_in_blocks(&self, n: usize, z: &[f64], out: &mut [f64], gradient: &mut [f64]) {
        let blocks = self.in_blocks(n, |range| {
            let lanes = range.len();
            let points = columns(z, n, range);
            let (mut values, mut slopes) = (vec![0.0; lanes], vec![0.0; points.len()]);
            self.gradient(lanes, &points, &mut values, &mut slopes);
            (values, slopes)
        });
        let mut start = 0;
        for (values, slopes) in blocks {
            let lanes = values.len();
            out[start..start + lanes].copy_from_slice(&values);
            for (all, own) in gradient.chunks_exact_mut(n).zip(slopes.chunks_exact(lanes)) {
                all[start..start + lanes].copy_from_slice(own);
            }
            start += lanes;
        }
    }

    /// log p of `z[D][n]`.
    pub fn values(&self, n: usize, z: &[f64]) -> Vec<f64> {
        let blocks = self.in_blocks(n, |range| {
            let mut values = vec![0.0; range.len()];
            self.density.value(range.len(), &columns(z, n, range), &mut values);
            values
        });
        blocks.concat()
    }

    /// What `work` makes of each block of `n` points, in order; blocks may be shared out over threads.
    pub fn in_blocks<T: Send>(&self, n: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
        let lanes = self.lanes();
        let range = |start: usize| start..(start + lanes).min(n);
        let starts: Vec<usize> = (0..n).step_by(lanes).collect();
        if starts.len() > 1 && self.is_large(n) {
            starts.into_par_iter().map(|start| work(range(start))).collect()
        } else {
            starts.into_iter().map(|start| work(range(start))).collect()
        }
    }

    /// See [`LogDensity::hessian_vector`].
    pub fn hessian_vector(
        &self,
        lanes: usize,
        z: &[f64],
        v: &[f64],
        gradient: &mut [f64],
        product: &mut [f64],
    ) {
        self.count(lanes);
        self.density.hessian_vector(lanes, z, v, gradient, product);
    }

    fn count(&self, lanes: usize) {
        self.evaluations.fetch_add(lanes as u64, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// -∇²log p at one point, from D products.
    pub fn negative_hessian(&self, z: &[f64]) -> Matrix {
        let d = self.dim();
        let mut hessian = Matrix::zeros(d);
        self.hessian_columns(z, |j, i, value| *hessian.at_mut(i, j) = -value);
        hessian.symmetrize();
        hessian
    }

    /// The diagonal of -∇²log p at one point, from D products.
    pub fn negative_hessian_diagonal(&self, z: &[f64]) -> Vec<f64> {
        let mut diagonal = vec![0.0; self.dim()];
        self.hessian_columns(z, |j, i, value| {
            if i == j {
                diagonal[i] = -value;
            }
        });
        diagonal
    }

    /// Calls `take(j, i, ∂²log p/∂z_i∂z_j)` for every element.
    pub fn hessian_columns(&self, z: &[f64], mut take: impl FnMut(usize, usize, f64)) {
        let d = self.dim();
        for first in (0..d).step_by(LANES) {
            let lanes = LANES.min(d - first);
            let points = self.repeat(z, lanes);
            let mut v = vec![0.0; d * lanes];
            for l in 0..lanes {
                v[(first + l) * lanes + l] = 1.0;
            }
            let (mut gradient, mut product) = (vec![0.0; d * lanes], vec![0.0; d * lanes]);
            self.hessian_vector(lanes, &points, &v, &mut gradient, &mut product);
            for i in 0..d {
                for l in 0..lanes {
                    take(first + l, i, product[i * lanes + l]);
                }
            }
        }
    }

    /// Rows of coordinates without a second derivative across rows; looked for at the first `z` that is given.
    pub fn rows(&self, z: &[f64]) -> Option<&Rows> {
        self.rows.get_or_init(|| Rows::find(self, z)).as_ref()
    }

    /// Which second derivatives between latents are not 0; looked at near the first start that is given.
    pub fn sparsity(&self, start: &Start) -> Option<&Sparsity> {
        self.sparsity.get_or_init(|| Sparsity::find(self, &start.mean, &start.sd, &start.theta)).as_ref()
    }

    /// Fixed draws for the latents, orthogonal within the rows that have been found.
    pub fn draws(&self, rng: &mut ChaCha12Rng, n_base: usize, n_draws: usize) -> BaseDraws {
        let rows = self.rows.get().and_then(Option::as_ref).filter(|_| n_base == self.n_latent());
        let groups: Vec<Vec<usize>> = rows.map_or_else(Vec::new, |rows| {
            let mut position = vec![None; self.dim()];
            self.latent.iter().enumerate().for_each(|(k, &i)| position[i] = Some(k));
            rows.rows.iter().map(|row| row.iter().filter_map(|&i| position[i]).collect()).collect()
        });
        BaseDraws::matched_within(rng, n_base, n_draws, self.lanes(), &groups)
    }

    /// One point in every lane.
    pub fn repeat(&self, z: &[f64], lanes: usize) -> Vec<f64> {
        z.iter().flat_map(|z| std::iter::repeat_n(*z, lanes)).collect()
    }

    /// q's parameters, and theta, of what an optimiser moves.
    pub fn split<'x>(&self, x: &'x [f64]) -> (&'x [f64], &'x [f64]) {
        x.split_at(x.len() - self.theta.len())
    }

    /// One point from the values of its latents and of theta.
    pub fn join(&self, latent: &[f64], theta: &[f64]) -> Vec<f64> {
        self.scatter(1, latent, theta)
    }

    /// `z[D][lanes]` from `latent[n_latent][lanes]` and one theta for all lanes.
    pub fn scatter(&self, lanes: usize, latent: &[f64], theta: &[f64]) -> Vec<f64> {
        let mut z = vec![0.0; self.dim() * lanes];
        for (k, &i) in self.latent.iter().enumerate() {
            z[i * lanes..(i + 1) * lanes].copy_from_slice(&latent[k * lanes..(k + 1) * lanes]);
        }
        for (k, &i) in self.theta.iter().enumerate() {
            z[i * lanes..(i + 1) * lanes].fill(theta[k]);
        }
        z
    }

    /// The rows of `z[D][lanes]` that belong to latents: `[n_latent][lanes]`.
    pub fn gather_latent(&self, lanes: usize, z: &[f64]) -> Vec<f64> {
        self.latent.iter().flat_map(|&i| z[i * lanes..(i + 1) * lanes].iter().copied()).collect()
    }

    /// The draws of q that a block's base normals stand for: `[D][lanes]`.
    pub fn points(&self, family: &dyn Family, lambda: &[f64], theta: &[f64], block: &Block) -> Vec<f64> {
        let mut latent = vec![0.0; self.n_latent() * block.lanes];
        family.transform(lambda, block.lanes, &block.base, &mut latent);
        self.scatter(block.lanes, &latent, theta)
    }
}

/// Some of the points of `z[D][n]`.
fn columns(z: &[f64], n: usize, range: Range<usize>) -> Vec<f64> {
    if range.len() == n {
        return z.to_vec();
    }
    z.chunks_exact(n).flat_map(|row| row[range.clone()].iter().copied()).collect()
}
