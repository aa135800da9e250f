//! Draws of the reported quantities: points of q pushed through the model's map to the constrained space.

use crate::density::LogDensity;

/// Lanes of one evaluation. Fixed, so that results depend on neither the number of draws nor the threads.
pub(super) const LANES: usize = 64;

/// Draws of every element of every reported quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Draws {
    n_draws: usize,
    /// `[rows][n_draws]`
    values: Vec<f64>,
}

impl Draws {
    /// Draws from values laid out as `[rows][n_draws]`.
    ///
    /// # Panics
    /// If the values do not fill whole rows.
    pub fn new(n_draws: usize, values: Vec<f64>) -> Draws {
        assert!(if n_draws == 0 { values.is_empty() } else { values.len().is_multiple_of(n_draws) });
        Draws { n_draws, values }
    }

    /// The constrained values of the points `z[D][n_draws]`.
    pub fn push_forward(density: &dyn LogDensity, z: &[f64], n_draws: usize) -> Draws {
        Draws { n_draws, values: constrain_points(density, z, n_draws) }
    }

    pub fn n_draws(&self) -> usize {
        self.n_draws
    }

    /// All draws of one element: a row of the output of [`LogDensity::constrain`].
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.n_draws..(row + 1) * self.n_draws]
    }

    pub fn n_rows(&self) -> usize {
        self.values.len().checked_div(self.n_draws).unwrap_or(0)
    }
}

/// `[n_constrained][n]` from `z[D][n]`, evaluated [`LANES`] points at a time.
pub(super) fn constrain_points(density: &dyn LogDensity, z: &[f64], n: usize) -> Vec<f64> {
    let rows = density.n_constrained();
    let mut values = vec![0.0; rows * n];
    let mut points = vec![0.0; density.dim() * LANES];
    let mut out = vec![0.0; rows * LANES];
    for first in (0..n).step_by(LANES) {
        let lanes = LANES.min(n - first);
        for (lane_values, all) in points.chunks_exact_mut(LANES).zip(z.chunks_exact(n)) {
            lane_values[..lanes].copy_from_slice(&all[first..first + lanes]);
            // Lanes beyond the last point repeat it, so that every evaluation has the same size.
            lane_values[lanes..].fill(all[first + lanes - 1]);
        }
        density.constrain(LANES, &points, &mut out);
        for (row, lane_values) in values.chunks_exact_mut(n).zip(out.chunks_exact(LANES)) {
            row[first..first + lanes].copy_from_slice(&lane_values[..lanes]);
        }
    }
    values
}
