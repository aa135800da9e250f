//! The coordinates that a fit works in: those of the model as written, or others of its location-scale latents.

use serde::{Deserialize, Serialize};

use super::target::Target;
use crate::density::{Centring, LogDensity, Recentred};

/// A density in coordinates of its own.
pub struct Coordinates<'d> {
    written: &'d dyn LogDensity,
    other: Option<Box<dyn Recentred + 'd>>,
}

impl<'d> Coordinates<'d> {
    pub fn new(density: &'d dyn LogDensity, centring: Option<&Centring>) -> Coordinates<'d> {
        Coordinates { written: density, other: centring.and_then(|centring| density.recentred(centring)) }
    }

    pub fn density(&self) -> &dyn LogDensity {
        match &self.other {
            Some(other) => &**other,
            None => self.written,
        }
    }

    pub fn target(&self) -> Target<'_> {
        Target::new(self.density())
    }

    /// Points `z[D][n]` in the coordinates of the model as written.
    pub fn to_written(&self, n: usize, z: Vec<f64>) -> Vec<f64> {
        /// Lanes of one call.
        const LANES: usize = 64;
        let Some(other) = &self.other else { return z };
        let mut written = vec![0.0; z.len()];
        for first in (0..n).step_by(LANES) {
            let lanes = LANES.min(n - first);
            let points: Vec<f64> =
                z.chunks_exact(n).flat_map(|row| row[first..first + lanes].iter().copied()).collect();
            let mut out = vec![0.0; points.len()];
            other.to_written(lanes, &points, &mut out);
            for (row, own) in written.chunks_exact_mut(n).zip(out.chunks_exact(lanes)) {
                row[first..first + lanes].copy_from_slice(own);
            }
        }
        written
    }
}

/// How centred a latent is that is in other coordinates: from 0, apart from its location and scale, to 1, as written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecentredLatent {
    pub name: String,
    /// Mean over its elements.
    pub centring: f64,
}

/// By the names of latents, in order.
pub fn recentred_latents(density: &dyn LogDensity, centring: &Centring) -> Vec<RecentredLatent> {
    let mut latents: Vec<(&str, Vec<f64>)> = Vec::new();
    for (&i, &weight) in density.recentrable().iter().zip(&centring.weights) {
        let name = base_name(&density.coordinates()[i].name);
        match latents.iter_mut().find(|(known, _)| *known == name) {
            Some((_, weights)) => weights.push(weight),
            None => latents.push((name, vec![weight])),
        }
    }
    let mean = |weights: &[f64]| weights.iter().sum::<f64>() / weights.len() as f64;
    let latent = |(name, weights): (&str, Vec<f64>)| RecentredLatent {
        name: name.to_string(),
        centring: mean(&weights),
    };
    latents.into_iter().map(latent).collect()
}

/// `theta` of `theta[3]`.
pub fn base_name(name: &str) -> &str {
    name.split('[').next().unwrap_or(name)
}
