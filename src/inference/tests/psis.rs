//! Smoothed importance weights against ArviZ, and against what is known of ratios of normals.

use rand::RngExt;
use serde_json::Value;
use statrs::distribution::{ContinuousCDF, Normal};

use super::super::draws::{Task, rng};
use super::super::psis::{effective_draws, log_sum_exp, smooth, threshold};
use super::numbers;

const TABLE: &str = include_str!("../../../tests/tables/arviz.json");

#[test]
fn smoothed_weights_are_those_of_arviz() {
    let table: Value = serde_json::from_str(TABLE).unwrap();
    let cases = table["weights"].as_array().unwrap();
    assert!(cases.len() >= 10);
    for case in cases {
        let name = &case["name"];
        let smoothed = smooth(&numbers(&case["log_weights"]), case["relative_efficiency"].as_f64().unwrap());
        match case["k_hat"].as_f64() {
            Some(k) => {
                assert!((smoothed.k_hat - k).abs() <= 1e-10 * k.abs().max(1.0), "{name}: {}", smoothed.k_hat)
            }
            None => assert_eq!(smoothed.k_hat, f64::INFINITY, "{name}"),
        }
        for (found, expected) in smoothed.log_weights.iter().zip(numbers(&case["smoothed"])) {
            assert!(
                (found - expected).abs() <= 1e-10 * expected.abs().max(1.0),
                "{name}: {found} {expected}"
            );
        }
    }
}

#[test]
fn weights_sum_to_one_and_their_mean_is_the_ratio_of_constants() {
    // p is 5 times a standard normal density, q a normal of sd 1.2: weights are bounded
    let q = Normal::new(0.0, 1.2).unwrap();
    let z: Vec<f64> = (0..4000).map(|i| q.inverse_cdf((i as f64 + 0.5) / 4000.0)).collect();
    let log_weights: Vec<f64> =
        z.iter().map(|z| 5f64.ln() - 0.5 * z * z + 0.5 * (z / 1.2).powi(2) + 1.2f64.ln()).collect();
    let smoothed = smooth(&log_weights, 1.0);
    assert!(log_sum_exp(&smoothed.log_weights).abs() < 1e-12);
    assert!(smoothed.k_hat < 0.0, "{}", smoothed.k_hat);
    let (log_mean, se) = smoothed.log_mean(&log_weights).unwrap();
    assert!((log_mean - 5f64.ln()).abs() < 1e-3, "{log_mean}");
    // the standard deviation of the weights over their mean, for draws that were independent
    let variance = log_weights.iter().map(|w| (w.exp() / 5.0 - 1.0).powi(2)).sum::<f64>() / 4000.0;
    assert!((se / (variance / 4000.0).sqrt() - 1.0).abs() < 0.05, "{se} {variance}");
    let effective = effective_draws(&smoothed.log_weights);
    assert!(effective > 3600.0 && effective < 4000.0, "{effective}");
}

#[test]
fn weights_that_are_no_numbers_count_as_nothing() {
    let weights = smooth(&[0.0, f64::NAN, f64::NEG_INFINITY, 0.0], 1.0).log_weights;
    assert_eq!(weights, [0.5f64.ln(), f64::NEG_INFINITY, f64::NEG_INFINITY, 0.5f64.ln()]);
    let nothing = smooth(&[f64::NEG_INFINITY; 3], 1.0);
    assert_eq!((nothing.k_hat, nothing.tail), (f64::INFINITY, None));
}

/// Weights of a Pareto distribution of shape 1/2: their mean is 2, and their variance infinite, so that no standard error can be had
/// from the draws alone.
#[test]
fn the_tail_counts_with_the_mean_of_its_distribution() {
    const REPETITIONS: usize = 600;
    /// In standard errors: 1 / (1 - k) is convex in a shape k that is not known exactly.
    const MAX_BIAS: f64 = 0.3;
    let mut rng = rng(1, Task::Start);
    let errors: Vec<(f64, f64)> = (0..REPETITIONS)
        .map(|_| {
            let log_weights: Vec<f64> = (0..4000).map(|_| -0.5 * rng.random::<f64>().ln()).collect();
            let (log_mean, se) = smooth(&log_weights, 1.0).log_mean(&log_weights).expect("k below 1");
            (log_mean - 2f64.ln(), se)
        })
        .collect();
    let mean = |f: &dyn Fn(&(f64, f64)) -> f64| errors.iter().map(f).sum::<f64>() / REPETITIONS as f64;
    let bias = mean(&|(error, _)| *error);
    assert!(bias.abs() < MAX_BIAS * mean(&|(_, se)| *se), "{bias}");
    let square = mean(&|(error, se)| (error / se).powi(2));
    assert!((0.7..1.3).contains(&square), "{square}");
}

#[test]
fn fewer_draws_need_lighter_tails() {
    assert!((threshold(100) - 0.5).abs() < 1e-15);
    assert_eq!(threshold(100_000), 0.7);
}
