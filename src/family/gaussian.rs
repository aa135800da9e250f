//! A Gaussian N(mean, L L') with L diagonal or triangular: what families share that are one, and what others start from.

use std::f64::consts::PI;

use super::precision::PrecisionFactor;

/// N(mean, L L').
#[derive(Clone, Debug, PartialEq)]
pub struct Gaussian {
    pub mean: Vec<f64>,
    pub scale: Scale,
}

/// L
#[derive(Clone, Debug, PartialEq)]
pub enum Scale {
    /// Standard deviations of independent coordinates.
    Diagonal(Vec<f64>),
    /// The rows of a lower triangle, one after the other: row i has i + 1 elements, the last one positive.
    Lower(Vec<f64>),
    /// The inverse of L' of a sparse precision.
    Precision(PrecisionFactor),
}

/// Row i of a packed lower triangle.
fn row(lower: &[f64], i: usize) -> &[f64] {
    let start = i * (i + 1) / 2;
    &lower[start..start + i + 1]
}

impl Gaussian {
    pub fn n(&self) -> usize {
        self.mean.len()
    }

    /// log |L|
    pub fn log_det(&self) -> f64 {
        match &self.scale {
            Scale::Diagonal(sd) => sd.iter().map(|sd| sd.ln()).sum(),
            Scale::Lower(lower) => (0..self.n()).map(|i| row(lower, i)[i].ln()).sum(),
            Scale::Precision(factor) => factor.log_det(),
        }
    }

    /// In nats.
    pub fn entropy(&self) -> f64 {
        entropy(self.log_det(), self.n())
    }

    /// Marginal standard deviations.
    pub fn sds(&self) -> Vec<f64> {
        match &self.scale {
            Scale::Diagonal(sd) => sd.clone(),
            Scale::Lower(lower) => {
                (0..self.n()).map(|i| row(lower, i).iter().map(|l| l * l).sum::<f64>().sqrt()).collect()
            }
            Scale::Precision(factor) => factor.sds(),
        }
    }

    /// `z[n][lanes]` = mean + L `base[n][lanes]`
    pub fn place(&self, lanes: usize, base: &[f64], z: &mut [f64]) {
        self.spread(lanes, base, z);
        for (z, mean) in z.chunks_exact_mut(lanes).zip(&self.mean) {
            z.iter_mut().for_each(|z| *z += mean);
        }
    }

    /// `z[n][lanes]` = L `base[n][lanes]`
    pub fn spread(&self, lanes: usize, base: &[f64], z: &mut [f64]) {
        match &self.scale {
            Scale::Diagonal(sd) => {
                for (i, z) in z.chunks_exact_mut(lanes).enumerate() {
                    z.fill(0.0);
                    add_multiple(sd[i], &base[i * lanes..(i + 1) * lanes], z);
                }
            }
            Scale::Lower(lower) => {
                for (i, z) in z.chunks_exact_mut(lanes).enumerate() {
                    z.fill(0.0);
                    let terms = row(lower, i).iter().zip(base.chunks_exact(lanes));
                    terms.for_each(|(l, base)| add_multiple(*l, base, z));
                }
            }
            Scale::Precision(factor) => factor.spread(lanes, base, z),
        }
    }

    /// `base[n][lanes]` = L^-1 (z - mean) of `z[n][lanes]`
    pub fn whiten(&self, lanes: usize, z: &[f64], base: &mut [f64]) {
        match &self.scale {
            Scale::Diagonal(sd) => {
                for (i, own) in base.chunks_exact_mut(lanes).enumerate() {
                    let z = &z[i * lanes..(i + 1) * lanes];
                    own.iter_mut().zip(z).for_each(|(own, z)| *own = (z - self.mean[i]) / sd[i]);
                }
            }
            Scale::Lower(lower) => {
                for i in 0..self.n() {
                    let (before, rest) = base.split_at_mut(i * lanes);
                    let own = &mut rest[..lanes];
                    let z = &z[i * lanes..(i + 1) * lanes];
                    own.iter_mut().zip(z).for_each(|(own, z)| *own = z - self.mean[i]);
                    let terms = row(lower, i).iter().zip(before.chunks_exact(lanes));
                    terms.for_each(|(l, base)| add_multiple(-l, base, own));
                    let diagonal = row(lower, i)[i];
                    own.iter_mut().for_each(|x| *x /= diagonal);
                }
            }
            Scale::Precision(factor) => {
                let mut centred = z.to_vec();
                for (z, mean) in centred.chunks_exact_mut(lanes).zip(&self.mean) {
                    z.iter_mut().for_each(|z| *z -= mean);
                }
                factor.whiten(lanes, &centred, base);
            }
        }
    }

    /// `out[n][lanes]` = L' `gradient[n][lanes]`: a gradient by z becomes one by base.
    pub fn pull_back(&self, lanes: usize, gradient: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        match &self.scale {
            Scale::Diagonal(sd) => {
                let rows = out.chunks_exact_mut(lanes).zip(gradient.chunks_exact(lanes));
                rows.zip(sd).for_each(|((out, gradient), sd)| add_multiple(*sd, gradient, out));
            }
            Scale::Lower(lower) => {
                for (i, gradient) in gradient.chunks_exact(lanes).enumerate() {
                    let terms = row(lower, i).iter().zip(out.chunks_exact_mut(lanes));
                    terms.for_each(|(l, out)| add_multiple(*l, gradient, out));
                }
            }
            Scale::Precision(factor) => factor.pull_back(lanes, gradient, out),
        }
    }

    /// The same around the same mean, with all sds times a factor.
    pub fn scale_by(&mut self, by: f64) {
        match &mut self.scale {
            Scale::Diagonal(numbers) | Scale::Lower(numbers) => numbers.iter_mut().for_each(|x| *x *= by),
            Scale::Precision(factor) => {
                factor.diagonal.iter_mut().chain(&mut factor.values).for_each(|x| *x /= by);
            }
        }
    }

    /// Whether all of its numbers are finite.
    pub fn is_finite(&self) -> bool {
        let all = |numbers: &[f64]| numbers.iter().all(|x| x.is_finite());
        all(&self.mean)
            && match &self.scale {
                Scale::Diagonal(numbers) | Scale::Lower(numbers) => all(numbers),
                Scale::Precision(factor) => all(&factor.diagonal) && all(&factor.values),
            }
    }
}

/// `out[lanes]`: log density of the draws that `base[n][lanes]` becomes with a scale of this log determinant.
pub(super) fn log_density_of_base(log_det: f64, lanes: usize, base: &[f64], out: &mut [f64]) {
    let n = (base.len() / lanes) as f64;
    out.fill(-log_det - 0.5 * n * (2.0 * PI).ln());
    for base in base.chunks_exact(lanes) {
        out.iter_mut().zip(base).for_each(|(out, base)| *out -= 0.5 * base * base);
    }
}

/// Nats of n numbers with a scale of this log determinant: log |L| + n/2 log(2 pi e).
pub(super) fn entropy(log_det: f64, n: usize) -> f64 {
    log_det + 0.5 * n as f64 * (1.0 + (2.0 * PI).ln())
}

/// y += factor x
pub(super) fn add_multiple(factor: f64, x: &[f64], y: &mut [f64]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += factor * x);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_go_there_and_back() {
        let mean = vec![1.0, -2.0, 0.5];
        for scale in [Scale::Diagonal(vec![0.5, 2.0, 1e3]), Scale::Lower(vec![0.5, 1.5, 2.0, -3.0, 0.1, 1e3])]
        {
            let q = Gaussian { mean: mean.clone(), scale };
            let base: Vec<f64> = (0..6).map(|i| (f64::from(i) * 1.3).sin()).collect();
            let (mut z, mut back) = (vec![0.0; 6], vec![0.0; 6]);
            q.place(2, &base, &mut z);
            q.whiten(2, &z, &mut back);
            assert!(base.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-12), "{base:?} {back:?}");
            // g . (L e) = (L' g) . e
            let g: Vec<f64> = (0..6).map(|i| (f64::from(i) * 0.7).cos()).collect();
            let mut pulled = vec![0.0; 6];
            q.pull_back(2, &g, &mut pulled);
            let along: f64 = (0..6).map(|k| g[k] * (z[k] - mean[k / 2])).sum();
            let against: f64 = pulled.iter().zip(&base).map(|(g, e)| g * e).sum();
            assert!((along - against).abs() < 1e-9, "{along} {against}");
            assert!((q.log_det() - (0.5 * 2.0 * 1e3f64).ln()).abs() < 1e-12);
        }
    }
}
