//! Regressions on raw columns: flat priors, correlation 0.99999, scales from 1e-6 to 1e6.

use super::toy::Regression;
use super::*;
use crate::inference::draws::{Task, fill_normal, rng};
use crate::inference::linear::{Factor, Matrix, dot};

fn normals(n: usize, seed: u64) -> Vec<f64> {
    let mut x = vec![0.0; n];
    fill_normal(&mut rng(seed, Task::Check(999)), &mut x);
    x
}

/// X with columns 1 and others, y = X beta + sigma e.
fn data(columns: &[Vec<f64>], beta: &[f64], sigma: f64) -> (Vec<Vec<f64>>, Vec<f64>) {
    let n = columns[0].len();
    let x: Vec<Vec<f64>> =
        (0..n).map(|i| std::iter::once(1.0).chain(columns.iter().map(|c| c[i])).collect()).collect();
    let noise = normals(n, 77);
    let y = x.iter().zip(&noise).map(|(row, e)| dot(row, beta) + sigma * e).collect();
    (x, y)
}

/// Least squares and the posterior sds of beta given flat priors, by the normal equations of centred columns.
fn least_squares(x: &[Vec<f64>], y: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (n, k) = (x.len(), x[0].len());
    let mean = |j: usize| x.iter().map(|row| row[j]).sum::<f64>() / n as f64;
    let means: Vec<f64> = (1..k).map(mean).collect();
    let centred = |row: &[f64]| row[1..].iter().zip(&means).map(|(x, m)| x - m).collect::<Vec<f64>>();
    let y_mean = y.iter().sum::<f64>() / n as f64;
    let mut gram = Matrix::zeros(k - 1);
    let mut xy = vec![0.0; k - 1];
    for (row, y) in x.iter().zip(y) {
        let row = centred(row);
        for i in 0..k - 1 {
            xy[i] += row[i] * (y - y_mean);
            for j in 0..k - 1 {
                *gram.at_mut(i, j) += row[i] * row[j];
            }
        }
    }
    let factor = Factor::cholesky(&gram).expect("independent columns");
    let mut slopes = vec![0.0; k - 1];
    factor.solve(&xy, &mut slopes);
    let mut beta = vec![y_mean - dot(&slopes, &means)];
    beta.extend(&slopes);
    let rss: f64 = x.iter().zip(y).map(|(row, y)| (y - dot(row, &beta)).powi(2)).sum();
    let variance = rss / (n - k) as f64;
    let mut solved = vec![0.0; k - 1];
    factor.solve(&means, &mut solved);
    let mut sd = vec![(variance * (1.0 / n as f64 + dot(&means, &solved))).sqrt()];
    sd.extend(factor.inverse_diagonal().iter().map(|v| (v * variance).sqrt()));
    (beta, sd)
}

fn check(columns: &[Vec<f64>], beta: &[f64], sigma: f64, known: bool, most_calls: u64) {
    let (x, y) = data(columns, beta, sigma);
    let (exact, exact_sd) = least_squares(&x, &y);
    let density = Regression::new(x, y, vec![(0.0, f64::INFINITY); beta.len()], known.then(|| sigma.ln()));
    for seed in 1..=3 {
        let fit = fitted(&density, seed);
        assert_all_finite(&fit);
        assert!(fit.converged && warns_of_correlation_at_most(&fit), "{:?}", fit.warnings);
        let (mean, sd) = marginals(&fit);
        for j in 0..beta.len() {
            let error = (mean[j] - exact[j]) / exact_sd[j];
            assert!(error.abs() < 0.02, "beta[{j}]: {} not {}, off by {error:.3} sd", mean[j], exact[j]);
            // exactly, for known sigma: sigma_j² = sigma² / Σ x_ij²
            let scale: f64 = density.x.iter().map(|row| row[j] * row[j]).sum();
            assert!((sd[j] * scale.sqrt() / sigma).ln().abs() < 0.3, "sd[{j}] {}", sd[j]);
        }
        assert!(fit.batched_evaluations <= most_calls, "{} calls", fit.batched_evaluations);
    }
}

#[test]
fn a_year_as_a_column() {
    let years: Vec<f64> = (0..62).map(|t| 3952.0 + f64::from(t)).collect(); // correlation with the intercept 0.99999
    check(std::slice::from_ref(&years), &[-60.0, 0.0176], 1.13, false, 120);
    check(&[years], &[-60.0, 0.0176], 1.13, true, 120);
}

#[test]
fn scales_of_a_million_and_a_millionth() {
    let e = normals(600, 5);
    let (a, b) = e.split_at(300);
    let big: Vec<f64> = a.iter().map(|a| 1e6 * (3.0 + a)).collect();
    let small: Vec<f64> = b.iter().zip(a).map(|(b, a)| 1e-6 * (b + a)).collect();
    check(&[big.clone(), small.clone()], &[2e4, 1e-3, -3e9], 2e4, false, 250);
    // residuals of 1e6 at the start, 1e-4 at the end: Newton gains 1/2 in log sigma a step, from each of three starts
    check(&[big, small], &[1e-3, 2e-9, 3e2], 1e-4, false, 400);
}

#[test]
fn a_quadratic_on_raw_columns() {
    let x: Vec<f64> = normals(200, 9).iter().map(|e| 66.0 + 4.0 * e).collect();
    let square = x.iter().map(|x| x * x).collect();
    check(&[x, square], &[-6e4, 1.2e3, 3.0], 2e4, false, 250);
}

/// 25 columns that share a factor: beyond the dense Hessian, by preconditioned conjugate gradients.
#[test]
fn many_correlated_columns() {
    let n = 300;
    let common = normals(n, 1);
    let columns: Vec<Vec<f64>> =
        (0..25).map(|j| normals(n, 10 + j).iter().zip(&common).map(|(e, c)| c + 0.1 * e).collect()).collect();
    let beta: Vec<f64> = (0..26).map(|j| f64::from(j) - 12.0).collect();
    check(&columns, &beta, 0.5, false, 250);
}
