//! Draws of the reported quantities: points of q pushed through the model's map to the constrained space.

use rayon::prelude::*;

use crate::density::LogDensity;
use crate::inference::ChainDraws;

/// Lanes of one evaluation. Fixed, so that results depend on neither the number of draws nor the threads.
pub(super) const LANES: usize = 64;

/// Draws of the elements of reported quantities: of the first rows of these, as far as there are any.
#[derive(Clone, Debug, PartialEq)]
pub struct Draws {
    n_draws: usize,
    /// Markov chains that the draws of a row are, one after the other; `None` of independent draws.
    n_chains: Option<usize>,
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
        Draws { n_draws, n_chains: None, values }
    }

    /// The same draws as those of so many chains of one length, one after the other.
    ///
    /// # Panics
    /// If the chains are not of one length.
    pub fn in_chains(self, n_chains: usize) -> Draws {
        assert!(n_chains > 0 && self.n_draws.is_multiple_of(n_chains));
        Draws { n_chains: Some(n_chains), ..self }
    }

    /// The constrained values of the points `z[D][n_draws]`.
    pub fn push_forward(density: &dyn LogDensity, z: &[f64], n_draws: usize) -> Draws {
        Draws { n_draws, n_chains: None, values: constrain_points(density, z, n_draws) }
    }

    /// Adds rows, laid out as `[rows][n_draws]`.
    ///
    /// # Panics
    /// If the values do not fill whole rows.
    pub fn append(&mut self, values: Vec<f64>) {
        assert!(if self.n_draws == 0 {
            values.is_empty()
        } else {
            values.len().is_multiple_of(self.n_draws)
        });
        self.values.extend(values);
    }

    pub fn n_draws(&self) -> usize {
        self.n_draws
    }

    pub fn n_chains(&self) -> Option<usize> {
        self.n_chains
    }

    /// Values, one for each draw, by chain; `None` of independent draws.
    pub fn by_chain<'a>(&self, values: &'a [f64]) -> Option<ChainDraws<'a>> {
        let n_chains = self.n_chains.filter(|_| values.len() == self.n_draws && !values.is_empty())?;
        Some(ChainDraws::new(values, n_chains))
    }

    /// The draw that comes `k`-th where few are wanted that are as good as independent: of chains, one of each in turn, far from
    /// those before it.
    pub fn kth(&self, k: usize) -> usize {
        let Some(n_chains) = self.n_chains.filter(|_| self.n_draws > 0) else {
            return k % self.n_draws.max(1);
        };
        let length = self.n_draws / n_chains;
        // A step without a common divisor with the length, near the golden section of it.
        let golden = (0.618 * length as f64) as usize;
        let step = (golden.max(1)..length).find(|&step| common_divisor(step, length) == 1).unwrap_or(1);
        (k % n_chains) * length + (k / n_chains % length * step) % length
    }

    /// The first draws: of chains, as many of each.
    pub fn first(&self, n_draws: usize) -> Vec<usize> {
        let n_chains = self.n_chains.unwrap_or(1);
        let (own, length) = (n_draws.min(self.n_draws) / n_chains, self.n_draws / n_chains);
        (0..n_chains).flat_map(|chain| chain * length..chain * length + own).collect()
    }

    /// All draws of one element: a row of the output of [`LogDensity::constrain`].
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.n_draws..(row + 1) * self.n_draws]
    }

    pub fn n_rows(&self) -> usize {
        self.values.len().checked_div(self.n_draws).unwrap_or(0)
    }
}

/// The greatest.
fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

/// Evaluations that are kept before they are put in place.
const BLOCKS_AT_ONCE: usize = 16;

/// `[n_constrained][n]` from `z[D][n]`, evaluated [`LANES`] points at a time.
pub(super) fn constrain_points(density: &dyn LogDensity, z: &[f64], n: usize) -> Vec<f64> {
    let rows = density.n_constrained();
    let block = |first: usize| {
        let lanes = LANES.min(n - first);
        let mut points = vec![0.0; density.dim() * LANES];
        for (lane_values, all) in points.chunks_exact_mut(LANES).zip(z.chunks_exact(n)) {
            lane_values[..lanes].copy_from_slice(&all[first..first + lanes]);
            // Lanes beyond the last point repeat it, so that every evaluation has the same size.
            lane_values[lanes..].fill(all[first + lanes - 1]);
        }
        let mut out = vec![0.0; rows * LANES];
        density.constrain(LANES, &points, &mut out);
        out
    };
    let mut values = vec![0.0; rows * n];
    let starts: Vec<usize> = (0..n).step_by(LANES).collect();
    for starts in starts.chunks(BLOCKS_AT_ONCE) {
        let blocks: Vec<Vec<f64>> = starts.par_iter().map(|&first| block(first)).collect();
        for (&first, block) in starts.iter().zip(&blocks) {
            let lanes = LANES.min(n - first);
            for (row, lane_values) in values.chunks_exact_mut(n).zip(block.chunks_exact(LANES)) {
                row[first..first + lanes].copy_from_slice(&lane_values[..lanes]);
            }
        }
    }
    values
}
