//! Gaussians whose precision has the zeros of log p's second derivatives: hierarchies, chains and graphs of many latents.

use super::gaussian::{Gaussian, Scale};
use super::precision::PrecisionFactor;
use super::{Family, GaussianFit};

/// z = mean + P' L'^-1 base, with the precision P' L L' P; lambda = `[mean; -log diagonal of L; order; number of elements of L
/// below the diagonal; their rows, columns and values]`, where order, rows and columns are whole numbers.
pub struct Sparse;

impl Sparse {
    fn factor(n: usize, lambda: &[f64]) -> PrecisionFactor {
        let (diagonal, rest) = lambda[n..].split_at(n);
        let (order, rest) = rest.split_at(n);
        let n_below = rest[0].round() as usize;
        let whole = |x: &[f64]| x.iter().map(|x| x.round() as usize).collect::<Vec<usize>>();
        let columns = &rest[1 + n_below..1 + 2 * n_below];
        let starts = (0..=n).map(|k| columns.partition_point(|column| column.round() < k as f64)).collect();
        PrecisionFactor {
            order: whole(order),
            diagonal: diagonal.iter().map(|x| (-x).exp()).collect(),
            starts,
            rows: whole(&rest[1..=n_below]),
            values: rest[1 + 2 * n_below..1 + 3 * n_below].to_vec(),
        }
    }
}

impl Family for Sparse {
    fn name(&self) -> &'static str {
        "sparse"
    }

    fn summary(&self) -> &'static str {
        "a Gaussian with correlations, for many latents of which each depends on few others"
    }

    /// Without elements off the diagonal.
    fn n_parameters(&self, n_latent: usize) -> usize {
        3 * n_latent + 1
    }

    fn centred_at(&self, mean: &[f64], sd: &[f64]) -> Vec<f64> {
        let q = Gaussian { mean: mean.to_vec(), scale: Scale::Diagonal(sd.to_vec()) };
        self.of_gaussian(&q).unwrap_or_default()
    }

    fn gaussian(&self, n_latent: usize, lambda: &[f64]) -> Gaussian {
        let scale = Scale::Precision(Sparse::factor(n_latent, lambda));
        Gaussian { mean: lambda[..n_latent].to_vec(), scale }
    }

    fn fitted_as(&self) -> Option<GaussianFit> {
        Some(GaussianFit::ExpectedSparseCurvature)
    }

    fn of_gaussian(&self, q: &Gaussian) -> Option<Vec<f64>> {
        let diagonal;
        let factor = match &q.scale {
            Scale::Precision(factor) => factor,
            Scale::Diagonal(sd) => {
                diagonal = PrecisionFactor::diagonal(sd);
                &diagonal
            }
            Scale::Lower(_) => return None,
        };
        let mut lambda = q.mean.clone();
        lambda.extend(factor.diagonal.iter().map(|x| -x.ln()));
        lambda.extend(factor.order.iter().map(|&i| i as f64));
        lambda.push(factor.rows.len() as f64);
        lambda.extend(factor.rows.iter().map(|&i| i as f64));
        for (k, ends) in factor.starts.windows(2).enumerate() {
            lambda.extend(std::iter::repeat_n(k as f64, ends[1] - ends[0]));
        }
        lambda.extend_from_slice(&factor.values);
        Some(lambda)
    }

    /// With x = P (z - mean) and u = L^-1 P g: dL_ij moves g'z by -x_i u_j. Order, rows and columns stay.
    fn pull_back(&self, lambda: &[f64], lanes: usize, base: &[f64], gradient: &[f64], out: &mut [f64]) {
        let n = base.len() / lanes;
        let factor = Sparse::factor(n, lambda);
        let (mut x, mut u) = (vec![0.0; n * lanes], vec![0.0; n * lanes]);
        factor.spread(lanes, base, &mut x);
        factor.pull_back(lanes, gradient, &mut u);
        let x = |k: usize| &x[factor.order[k] * lanes..(factor.order[k] + 1) * lanes];
        let u = |k: usize| &u[k * lanes..(k + 1) * lanes];
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let values = 3 * n + 1 + 2 * factor.rows.len();
        for (i, gradient) in gradient.chunks_exact(lanes).enumerate() {
            out[i] += gradient.iter().sum::<f64>();
        }
        for k in 0..n {
            out[n + k] += factor.diagonal[k] * dot(x(k), u(k));
            for at in factor.starts[k]..factor.starts[k + 1] {
                out[values + at] -= dot(x(factor.rows[at]), u(k));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::family::Pattern;

    #[test]
    fn numbers_of_a_factor_come_back_and_pull_gradients_back() {
        const LANES: usize = 2;
        let wave =
            |n: usize, phase: f64| (0..n).map(|i| (i as f64 * 1.3 + phase).sin()).collect::<Vec<f64>>();
        let below = vec![(1, 0), (2, 0), (3, 0), (4, 0), (3, 2)];
        let factor =
            Pattern::new(5, below).unwrap().factor(&[9.0, 3.0, 4.0, 5.0, 6.0], &wave(5, 0.1)).unwrap();
        let q = Gaussian { mean: wave(5, 0.7), scale: Scale::Precision(factor) };
        let lambda = Sparse.of_gaussian(&q).unwrap();
        let again = Sparse.gaussian(5, &lambda);
        let (base, gradient) = (wave(5 * LANES, 0.2), wave(5 * LANES, 0.5));
        let place = |q: &Gaussian| {
            let mut z = vec![0.0; 5 * LANES];
            q.place(LANES, &base, &mut z);
            z
        };
        assert!(place(&q).iter().zip(place(&again)).all(|(a, b)| (a - b).abs() < 1e-14));
        let weighted = |lambda: &[f64]| -> f64 {
            place(&Sparse.gaussian(5, lambda)).iter().zip(&gradient).map(|(z, g)| z * g).sum()
        };
        let mut pulled = vec![0.0; lambda.len()];
        Sparse.pull_back(&lambda, LANES, &base, &gradient, &mut pulled);
        for k in 0..lambda.len() {
            let moved = |step: f64| {
                let mut lambda = lambda.clone();
                lambda[k] += step;
                weighted(&lambda)
            };
            let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((pulled[k] - difference).abs() < 1e-8, "{k}: {} {difference}", pulled[k]);
        }
    }
}
