//! Leave-one-out of a prepared model.

use std::time::Instant;

use super::{Prepared, seconds_since};
use crate::inference::{ChainDraws, Chains, Sample, Weighted};
use crate::ir::Role;
use crate::posterior::{Loo, Points};

/// Coordinates whose effective sample sizes stand for those of all.
const MOST_COORDINATES: usize = 64;

impl Prepared {
    /// By draws of q and their weights, or by chains where those stand for the posterior; with the seconds it took.
    pub(super) fn leave_out_of_fit(
        &self,
        weighted: Option<&Weighted>,
        chains: Option<&Chains>,
    ) -> (Option<Loo>, Option<f64>) {
        let points = match (chains, weighted) {
            (Some(chains), _) => Points {
                z: &chains.z,
                n: chains.n_all(),
                log_ratios: None,
                relative_efficiency: 1.0,
                is_chain: true,
            },
            (None, Some(weighted)) => Points {
                z: &weighted.z,
                n: weighted.n,
                log_ratios: Some(&weighted.log_ratios),
                relative_efficiency: 1.0,
                is_chain: false,
            },
            (None, None) => return (None, None),
        };
        self.leave_one_out(&points)
    }

    /// By the draws `z[D][chains * draws]` of a sample.
    pub(super) fn leave_out_of_sample(&self, sample: &Sample, z: &[f64]) -> (Option<Loo>, Option<f64>) {
        let n = sample.n_all_kept();
        let n_coordinates = z.len() / n.max(1);
        let step = n_coordinates.div_ceil(MOST_COORDINATES).max(1);
        let worth: Vec<f64> = z
            .chunks_exact(n.max(1))
            .step_by(step)
            .map(|row| ChainDraws::new(row, sample.chains.len()).ess_mean())
            .filter(|ess| ess.is_finite())
            .collect();
        let mean = worth.iter().sum::<f64>() / worth.len().max(1) as f64;
        // No fewer weights in the tail than of independent draws.
        let relative_efficiency = (mean / n as f64).clamp(1e-3, 1.0);
        self.leave_one_out(&Points { z, n, log_ratios: None, relative_efficiency, is_chain: true })
    }

    fn leave_one_out(&self, points: &Points<'_>) -> (Option<Loo>, Option<f64>) {
        let start = Instant::now();
        let loo = Loo::of(&self.compiled.density, points, self.fingerprint());
        let seconds = loo.as_ref().and_then(|_| seconds_since(start));
        (loo, seconds)
    }

    /// A hash of what is observed (FNV-1a, 64 bits): names, shapes and values.
    fn fingerprint(&self) -> String {
        const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        let mut hash = BASIS;
        let mut add = |bytes: &[u8]| {
            bytes.iter().for_each(|byte| hash = (hash ^ u64::from(*byte)).wrapping_mul(PRIME));
        };
        let mut observed: Vec<&str> = self
            .compiled
            .variables
            .iter()
            .filter(|variable| variable.role == Role::Observed)
            .map(|variable| variable.name.as_str())
            .collect();
        observed.sort_unstable();
        for name in observed {
            add(name.as_bytes());
            if let Some(variable) = self.dataset.get(name) {
                variable.values.shape().iter().for_each(|dim| add(&(*dim as u64).to_le_bytes()));
                variable.values.array.iter().for_each(|x: &f64| add(&x.to_bits().to_le_bytes()));
            }
        }
        format!("{hash:016x}")
    }
}
