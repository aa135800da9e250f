//! Exact summaries of elements that are a monotone increasing function of one coordinate of a Gaussian q.

use statrs::distribution::{ContinuousCDF, Normal};

use super::draws::constrain_points;
use super::summary::{Summary, finite};
use crate::density::LogDensity;

/// Spacing of the trapezoidal rule in standard deviations. For a function analytic within distance d of the real line
/// its error is of order exp(-2 pi d / h) (Trefethen & Weideman 2014, SIAM Review 56, 385-458): nothing at h = 1/8.
const SPACING: f64 = 0.125;
/// The rule reaches this many standard deviations to either side. The second moment of exp(s z) peaks at 2 s.
const REACH: f64 = 24.0;
/// A moment is reported when no end of the rule adds more than this part of it; beyond that the tail is cut off.
const TAIL: f64 = 1e-8;

/// The marginal normals of q: `mean[D]`, `sd[D]` (0 for point-estimated coordinates).
#[derive(Clone, Debug, PartialEq)]
pub struct Marginals {
    pub mean: Vec<f64>,
    pub sd: Vec<f64>,
}

/// Summaries of the rows `marginals[row] = Some(i)` of the output of [`LogDensity::constrain`], where the row depends
/// on coordinate `i` alone and increases with it: quantiles are images of quantiles, mean and standard deviation are
/// integrals over one normal. One batch moves all coordinates at once. Other rows get `None`.
pub fn summaries(density: &dyn LogDensity, q: &Marginals, rows: &[Option<usize>]) -> Vec<Option<Summary>> {
    if rows.iter().all(Option::is_none) {
        return vec![None; rows.len()];
    }
    let normal = Normal::standard();
    let half = (REACH / SPACING) as i32;
    let mut nodes: Vec<f64> = (-half..=half).map(|k| f64::from(k) * SPACING).collect();
    let n_nodes = nodes.len();
    let weights: Vec<f64> = {
        let densities: Vec<f64> = nodes.iter().map(|z| (-0.5 * z * z).exp()).collect();
        let total: f64 = densities.iter().sum();
        densities.iter().map(|w| w / total).collect()
    };
    nodes.extend([0.05, 0.5, 0.95].map(|p| normal.inverse_cdf(p)));
    let n = nodes.len();

    let mut z = Vec::with_capacity(q.mean.len() * n);
    for (mean, sd) in q.mean.iter().zip(&q.sd) {
        z.extend(nodes.iter().map(|node| mean + sd * node));
    }
    let values = constrain_points(density, &z, n);
    let centre = half as usize;
    rows.iter()
        .zip(values.chunks_exact(n))
        .map(|(coordinate, values)| {
            let coordinate = (*coordinate)?;
            if q.sd[coordinate] == 0.0 {
                return Some(Summary::of_point(values[centre]));
            }
            let (curve, quantiles) = values.split_at(n_nodes);
            let (mean, sd) = moments(curve, &weights, curve[centre]);
            let [q05, q50, q95] = [0, 1, 2].map(|k| finite(quantiles[k]));
            let mcse = mean.map(|_| 0.0);
            Some(Summary { mean, sd, q05, q50, q95, mcse })
        })
        .collect()
}

/// Weighted mean and standard deviation, summed as deviations from `origin` so that nothing cancels; `None` where the
/// tail that matters is not finite or lies beyond the rule.
fn moments(values: &[f64], weights: &[f64], origin: f64) -> (Option<f64>, Option<f64>) {
    let moment = |deviation: &dyn Fn(f64) -> f64| {
        let term = |k: usize| weights[k] * deviation(values[k]);
        let scale: f64 = (0..values.len()).map(|k| term(k).abs()).sum();
        let ends = term(0).abs().max(term(values.len() - 1).abs());
        let sum: f64 = (0..values.len()).map(term).sum();
        (ends <= TAIL * scale).then_some(sum).and_then(finite)
    };
    let Some(shift) = moment(&|x| x - origin) else { return (None, None) };
    let mean = origin + shift;
    (finite(mean), moment(&|x| (x - mean) * (x - mean)).map(f64::sqrt))
}
