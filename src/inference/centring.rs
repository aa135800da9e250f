//! How centred a latent should be: as much as the data, and not its prior, say where it is.

use rand::{Rng, RngExt};

use crate::density::{Centring, LogDensity};

/// With more coordinates than this the curvature is estimated by random signs, a statement at a time.
const MAX_EXACT: usize = 64;

/// Sets of random signs: what is off the diagonal averages out over them and over the points.
const N_PROBES: usize = 4;

/// The centring of all coordinates that can be recentred, by points `z[D][lanes]` of a q, as written.
pub fn by_curvature(density: &dyn LogDensity, lanes: usize, z: &[f64], rng: &mut dyn Rng) -> Centring {
    let coordinates = density.recentrable();
    let n = coordinates.len();
    let (mut location, mut log_scale) = (vec![0.0; n * lanes], vec![0.0; n * lanes]);
    density.locations_and_scales(lanes, z, &mut location, &mut log_scale);
    let share = 1.0 / lanes as f64;
    let mean = |f: &dyn Fn(f64) -> f64| -> Vec<f64> {
        log_scale.chunks_exact(lanes).map(|row| row.iter().map(|&s| f(s)).sum::<f64>() * share).collect()
    };
    let prior_precision = mean(&|s| (-2.0 * s).exp());
    let curvature = curvature(density, coordinates, lanes, z, rng);
    Centring { weights: centrings(&prior_precision, &curvature), log_units: mean(&|s| s) }
}

/// E[-d^2 log p / dz_i^2] of some coordinates.
fn curvature(
    density: &dyn LogDensity,
    coordinates: &[usize],
    lanes: usize,
    z: &[f64],
    rng: &mut dyn Rng,
) -> Vec<f64> {
    let statement = |i: usize| density.coordinates()[i].statement;
    let is_exact = coordinates.len() <= MAX_EXACT;
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for k in 0..coordinates.len() {
        let own = |group: &&mut Vec<usize>| statement(coordinates[group[0]]) == statement(coordinates[k]);
        match groups.iter_mut().find(own).filter(|_| !is_exact) {
            Some(group) => group.push(k),
            None => groups.push(vec![k]),
        }
    }
    let n_probes = if is_exact { 1 } else { N_PROBES };
    let share = 1.0 / (lanes * n_probes) as f64;
    let (mut gradient, mut product) = (vec![0.0; z.len()], vec![0.0; z.len()]);
    let mut curvature = vec![0.0; coordinates.len()];
    for group in groups {
        for _ in 0..n_probes {
            let mut v = vec![0.0; z.len()];
            for &k in &group {
                let signs = &mut v[coordinates[k] * lanes..][..lanes];
                signs.iter_mut().for_each(|sign| *sign = if rng.random::<bool>() { 1.0 } else { -1.0 });
            }
            density.hessian_vector(lanes, z, &v, &mut gradient, &mut product);
            for &k in &group {
                let own = coordinates[k] * lanes..(coordinates[k] + 1) * lanes;
                let along = v[own.clone()].iter().zip(&product[own]);
                curvature[k] -= share * along.map(|(v, product)| v * product).sum::<f64>();
            }
        }
    }
    curvature
}

/// c_i = 1 - E[1/s_i^2] / E[-d^2 log p / dz_i^2], within [0, 1]: the part of the curvature in coordinate z_i, as written, that
/// is not that of a Gaussian prior of scale s_i. With a Gaussian likelihood of each element and units of the size of s_i,
/// z~_i is then independent of the prior's location given its scale (Papaspiliopoulos, Roberts & Sköld 2007, "A general
/// framework for the parametrization of hierarchical models", section 4).
///
/// A curvature of 0 or less, or below the prior's, gives 0: nothing but the prior holds the latent. What is not a number
/// leaves it as written.
fn centrings(prior_precision: &[f64], curvature: &[f64]) -> Vec<f64> {
    assert_eq!(prior_precision.len(), curvature.len(), "a prior and a curvature for each coordinate");
    let centring = |(&prior, &curvature): (&f64, &f64)| {
        if prior.is_nan() || curvature.is_nan() || curvature == f64::INFINITY {
            return 1.0;
        }
        if curvature <= prior { 0.0 } else { (1.0 - prior / curvature).clamp(0.0, 1.0) }
    };
    prior_precision.iter().zip(curvature).map(centring).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::density::{Coordinate, Role, Term};

    /// theta ~ Normal(mu, tau), y ~ Normal(theta, sigma): the part of the precision that the likelihood has.
    #[test]
    fn conjugate_normal() {
        for (tau, sigma) in [(1.0f64, 1.0f64), (0.1, 2.0), (5.0, 0.3)] {
            let (prior, likelihood) = (tau.powi(-2), sigma.powi(-2));
            let [c] = centrings(&[prior], &[prior + likelihood])[..] else { panic!("one") };
            assert!((c - likelihood / (prior + likelihood)).abs() < 1e-15, "{c}");
            // In units of tau, z~ = theta - (1 - c) mu: its posterior mean given mu does not move with mu.
            let mean = |mu: f64| (prior * mu + likelihood * 0.7) / (prior + likelihood) - (1.0 - c) * mu;
            assert!((mean(3.0) - mean(0.0)).abs() < 1e-14);
        }
    }

    /// log p = -z'Hz / 2 with a band of `beside` next to the diagonal of H, and scales 1 / 2.
    struct Band {
        coordinates: Vec<Coordinate>,
        recentrable: Vec<usize>,
        beside: f64,
    }

    impl Band {
        fn new(n: usize, beside: f64) -> Band {
            let coordinate = |i: usize| Coordinate {
                statement: i % 2,
                ..Coordinate::new(format!("z[{i}]"), Role::Latent)
            };
            Band { coordinates: (0..n).map(coordinate).collect(), recentrable: (1..n).collect(), beside }
        }

        fn diagonal(i: usize) -> f64 {
            5.0 + (i % 4) as f64
        }
    }

    impl LogDensity for Band {
        fn coordinates(&self) -> &[Coordinate] {
            &self.coordinates
        }
        fn statements(&self) -> &[Term] {
            &[]
        }
        fn value(&self, _lanes: usize, _z: &[f64], out: &mut [f64]) {
            out.fill(f64::NAN);
        }
        fn gradient(&self, _lanes: usize, _z: &[f64], out: &mut [f64], gradient: &mut [f64]) {
            out.fill(f64::NAN);
            gradient.fill(f64::NAN);
        }
        fn hessian_vector(&self, lanes: usize, _z: &[f64], v: &[f64], _g: &mut [f64], product: &mut [f64]) {
            let n = self.dim();
            let at = |i: Option<usize>, l: usize| i.filter(|&i| i < n).map_or(0.0, |i| v[i * lanes + l]);
            for (k, product) in product.iter_mut().enumerate() {
                let (i, l) = (k / lanes, k % lanes);
                // Those of the same statement are two places apart.
                let beside = at(i.checked_sub(2), l) + at(Some(i + 2), l);
                *product = -(Band::diagonal(i) * at(Some(i), l) + self.beside * beside);
            }
        }
        fn terms(&self, _lanes: usize, _z: &[f64], _out: &mut [f64]) {}
        fn n_constrained(&self) -> usize {
            0
        }
        fn constrain(&self, _lanes: usize, _z: &[f64], _out: &mut [f64]) {}
        fn n_pointwise(&self) -> usize {
            0
        }
        fn pointwise(&self, _lanes: usize, _z: &[f64], _out: &mut [f64]) {}
        fn recentrable(&self) -> &[usize] {
            &self.recentrable
        }
        fn locations_and_scales(
            &self,
            _lanes: usize,
            _z: &[f64],
            location: &mut [f64],
            log_scale: &mut [f64],
        ) {
            location.fill(1.0);
            log_scale.fill(-2f64.ln());
        }
    }

    fn error(n: usize, beside: f64) -> f64 {
        let density = Band::new(n, beside);
        let centring =
            by_curvature(&density, 16, &vec![0.0; n * 16], &mut rand_chacha::ChaCha8Rng::seed_from_u64(1));
        assert!(centring.log_units.iter().all(|unit| (unit + 2f64.ln()).abs() < 1e-15));
        let off = |(c, &i): (&f64, &usize)| (c - (1.0 - 4.0 / Band::diagonal(i))).abs();
        centring.weights.iter().zip(&density.recentrable).map(off).fold(0.0, f64::max)
    }

    #[test]
    fn few_are_exact_and_many_are_close() {
        assert!(error(20, 2.0) < 1e-14);
        // Apart from one another they are exact too; else the mean over 64 signs has an error of 2 sqrt(2) / 8 in curvatures of 5 to 8.
        assert!(error(400, 0.0) < 1e-14);
        let coupled = error(400, 2.0);
        assert!(coupled > 1e-3 && coupled < 0.3, "{coupled}");
    }

    #[test]
    fn nothing_but_the_prior_and_nothing_but_data() {
        let none = f64::NAN;
        let prior = [1.0, 1.0, 2.0, 1.0, 0.0, 1.0, none];
        let curvature = [1.0, -3.0, 1.0, f64::INFINITY, 4.0, none, 1.0];
        assert_eq!(centrings(&prior, &curvature), [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
        assert!(centrings(&[], &[]).is_empty());
    }
}
