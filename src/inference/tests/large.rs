//! Many coordinates: hierarchies and networks of point estimates, beyond what dense Hessians are formed for.

use super::toy::{Factor, Jet, Sparse, normal, normal_const};
use super::*;
use crate::inference::draws::{Task, fill_normal, rng};

/// alpha_j ~ N(mu, tau), y_ij ~ N(alpha_j, sigma), n observations of each of `groups` groups; truth 3, 0.8, 1.
/// Coordinates: mu, log tau, log sigma, alpha.
fn hierarchy(groups: usize, n: usize) -> Sparse {
    let mut noise = vec![0.0; groups * (n + 1)];
    fill_normal(&mut rng(11, Task::Check(999)), &mut noise);
    let mut factors: Vec<(Vec<usize>, Factor)> = vec![
        (vec![0], Box::new(|z| normal_const(z[0], 0.0, 10.0))),
        (vec![1], Box::new(|z| normal_const(z[0], 0.0, 1.0))),
        (vec![2], Box::new(|z| normal_const(z[0], 0.0, 1.0))),
    ];
    for (j, e) in noise.chunks_exact(n + 1).enumerate() {
        let alpha = 3.0 + 0.8 * e[0];
        let y: Vec<f64> = e[1..].iter().map(|e| alpha + e).collect();
        factors.push((vec![3 + j, 0, 1], Box::new(|z| normal(z[0], z[1], z[2]))));
        let likelihood = move |z: &[Jet]| {
            y.iter().fold(Jet::constant(0.0), |sum, y| sum + normal(Jet::constant(*y), z[0], z[1]))
        };
        factors.push((vec![3 + j, 2], Box::new(likelihood)));
    }
    Sparse::new(groups + 3, factors)
}

#[test]
fn hierarchies_of_40_150_and_700_groups() {
    for groups in [40, 150, 700] {
        let density = hierarchy(groups, 5);
        let first = fitted(&density, 1);
        assert_all_finite(&first);
        assert!(first.converged && first.warnings.is_empty(), "{groups} groups: {:?}", first.warnings);
        let (mean, sd) = marginals(&first);
        let n = groups as f64;
        assert!((mean[0] - 3.0).abs() < 4.0 / n.sqrt(), "{groups} groups: mu {}", mean[0]);
        assert!((mean[1].exp() - 0.8).abs() < 4.0 / n.sqrt(), "{groups} groups: tau {}", mean[1].exp());
        assert!((mean[2].exp() - 1.0).abs() < 4.0 / (5.0 * n).sqrt(), "{groups} groups: sigma {}", mean[2].exp());
        // the mean-field optimum of mu given E[1/tau²]: precision groups E[1/tau²] + 1/100
        let inverse_variance = (-2.0 * mean[1] + 2.0 * sd[1] * sd[1]).exp();
        let expected = (n * inverse_variance + 0.01).powf(-0.5);
        assert!((sd[0] / expected).ln().abs() < 0.02, "{groups} groups: sd of mu {} not {expected}", sd[0]);
        assert!(first.batched_evaluations < 400, "{groups} groups: {} calls", first.batched_evaluations);
        let (other, _) = marginals(&fitted(&density, 2));
        for i in 0..3 {
            assert!((other[i] - mean[i]).abs() < 0.05 * sd[i], "{groups} groups: seeds differ at {i}");
        }
    }
}

/// A network of point estimates whose start is a saddle: equal hidden units get equal gradients. The data need two that
/// differ.
#[test]
fn hidden_units_part_ways() {
    let soft = |x: f64| if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() };
    let data: Vec<(f64, f64)> =
        (-20..=20).map(|i| f64::from(i) / 5.0).map(|x| (x, 2.0 * soft(3.0 * x - 1.0) - soft(-2.0 * x))).collect();
    let n = data.len() as f64;
    // units (w, b, a) at 0..3 and 3..6, log sd of the noise at 6
    let mut factors: Vec<(Vec<usize>, Factor)> =
        (0..7).map(|i| (vec![i], Box::new(|z: &[Jet]| normal_const(z[0], 0.0, 3.0)) as Factor)).collect();
    for (x, y) in data.clone() {
        let row = move |z: &[Jet]| {
            let unit = |k: usize| (z[k] * x + z[k + 1]).softplus() * z[k + 2];
            normal(Jet::constant(y), unit(0) + unit(3), z[6])
        };
        factors.push(((0..7).collect(), Box::new(row)));
    }
    let density = Sparse::new(7, factors).estimating(0..6);
    for seed in 1..=3 {
        let fit = fitted(&density, seed);
        assert_all_finite(&fit);
        let t = &fit.theta;
        let predicted = |x: f64| t[2] * soft(t[0] * x + t[1]) + t[5] * soft(t[3] * x + t[4]);
        let rms = (data.iter().map(|(x, y)| (y - predicted(*x)).powi(2)).sum::<f64>() / n).sqrt();
        assert!(rms < 0.1, "seed {seed}: rms {rms}, theta {t:?}");
    }
}
