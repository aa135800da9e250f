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
fn hierarchies_of_40_and_220_groups() {
    for (groups, rows) in [(40, 5), (220, 2)] {
        let density = hierarchy(groups, rows);
        let first = fitted(&density, 1);
        assert_all_finite(&first);
        assert!(
            first.converged && warns_of_correlation_at_most(&first),
            "{groups} groups: {:?}",
            first.warnings
        );
        let (mean, sd) = marginals(&first);
        let n = groups as f64;
        assert!((mean[0] - 3.0).abs() < 4.0 / n.sqrt(), "{groups} groups: mu {}", mean[0]);
        assert!((mean[1].exp() - 0.8).abs() < 4.0 / n.sqrt(), "{groups} groups: tau {}", mean[1].exp());
        assert!(
            (mean[2].exp() - 1.0).abs() < 4.0 / (rows as f64 * n).sqrt(),
            "{groups} groups: sigma {}",
            mean[2].exp()
        );
        // the mean-field optimum of mu given E[1/tau²]: precision groups E[1/tau²] + 1/100
        let inverse_variance = (-2.0 * mean[1] + 2.0 * sd[1] * sd[1]).exp();
        let expected = (n * inverse_variance + 0.01).powf(-0.5);
        assert!((sd[0] / expected).ln().abs() < 0.02, "{groups} groups: sd of mu {} not {expected}", sd[0]);
        assert!(first.gradient_evaluations < 60_000, "{groups} groups: {}", first.gradient_evaluations);
        if groups == 40 {
            let (other, _) = marginals(&fitted(&density, 2));
            for i in 0..3 {
                assert!((other[i] - mean[i]).abs() < 0.05 * sd[i], "seeds differ at {i}");
            }
        }
    }
}

/// z_0 ~ N(0, 1), z_t ~ N(z_{t-1}, 0.1), y_t ~ N(z_t, 1): beyond any dense Hessian, by conjugate gradients with a diagonal.
/// A Gaussian: antithetic draws give its mean exactly, and sd_t = P_tt^-1/2 up to what 128 draws leave.
#[test]
fn a_random_walk_of_600_steps() {
    let n = 600;
    let mut y = vec![0.0; n];
    fill_normal(&mut rng(12, Task::Check(999)), &mut y);
    let mut factors: Vec<(Vec<usize>, Factor)> = vec![(vec![0], Box::new(|z| normal_const(z[0], 0.0, 1.0)))];
    for t in 1..n {
        factors.push((vec![t, t - 1], Box::new(|z| normal_const(z[0] - z[1], 0.0, 0.1))));
    }
    for (t, y) in y.iter().copied().enumerate() {
        factors.push((vec![t], Box::new(move |z| normal_const(z[0], y, 1.0))));
    }
    // the exact mean, by elimination of the tridiagonal precision
    let off = -100.0;
    let precision = |t: usize| 1.0 + if t == 0 { 1.0 } else { 100.0 } + if t + 1 < n { 100.0 } else { 0.0 };
    let (mut pivot, mut exact) = (vec![precision(0)], y.clone());
    for t in 1..n {
        let ratio = off / pivot[t - 1];
        pivot.push(precision(t) - ratio * off);
        exact[t] -= ratio * exact[t - 1];
    }
    for t in (0..n).rev() {
        let next = if t + 1 < n { off * exact[t + 1] } else { 0.0 };
        exact[t] = (exact[t] - next) / pivot[t];
    }
    let density = Sparse::new(n, factors);
    let options = FitOptions { mc_draws: Some(128), ..Default::default() };
    let fit = fit(&density, &options, &mut |_| ()).unwrap();
    assert_all_finite(&fit);
    assert!(fit.converged && fit.warnings[0].contains("--mc-draws"), "{:?}", fit.warnings);
    let (mean, sd) = marginals(&fit);
    // posterior sd about 0.22, mean-field sd 0.07
    let worst = mean.iter().zip(&exact).fold(0.0_f64, |a, (m, e)| a.max((m - e).abs()));
    assert!(worst < 0.01, "means off by {worst}");
    let error = |t: usize| (sd[t] * precision(t).sqrt()).ln().powi(2);
    let rms = ((0..n).map(error).sum::<f64>() / n as f64).sqrt();
    assert!(rms < 0.15, "sds off by {rms}");
}

/// A network of point estimates whose start is a saddle: equal hidden units get equal gradients. The data need two that
/// differ.
#[test]
fn hidden_units_part_ways() {
    let soft = |x: f64| if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() };
    let data: Vec<(f64, f64)> = (-20..=20)
        .map(|i| f64::from(i) / 5.0)
        .map(|x| (x, 2.0 * soft(3.0 * x - 1.0) - soft(-2.0 * x) + 0.1 * (1e3 * x).sin()))
        .collect();
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
        assert!(fit.converged, "{:?}", fit.warnings);
        let t = &fit.theta;
        let predicted = |x: f64| t[2] * soft(t[0] * x + t[1]) + t[5] * soft(t[3] * x + t[4]);
        let rms = (data.iter().map(|(x, y)| (y - predicted(*x)).powi(2)).sum::<f64>() / n).sqrt();
        assert!(rms < 0.1, "seed {seed}: rms {rms}, theta {t:?}");
    }
}
