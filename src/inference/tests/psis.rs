//! Smoothed importance weights against ArviZ, and against what is known of ratios of normals.

use serde_json::Value;
use statrs::distribution::{ContinuousCDF, Normal};

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
    assert!((smoothed.log_mean - 5f64.ln()).abs() < 1e-3, "{}", smoothed.log_mean);
    let effective = effective_draws(&smoothed.log_weights);
    assert!(effective > 3600.0 && effective < 4000.0, "{effective}");
}

#[test]
fn weights_that_are_no_numbers_count_as_nothing() {
    let weights = smooth(&[0.0, f64::NAN, f64::NEG_INFINITY, 0.0], 1.0).log_weights;
    assert_eq!(weights, [0.5f64.ln(), f64::NEG_INFINITY, f64::NEG_INFINITY, 0.5f64.ln()]);
    let nothing = smooth(&[f64::NEG_INFINITY; 3], 1.0);
    assert_eq!((nothing.k_hat, nothing.log_mean), (f64::INFINITY, f64::NEG_INFINITY));
}

#[test]
fn fewer_draws_need_lighter_tails() {
    assert!((threshold(100) - 0.5).abs() < 1e-15);
    assert_eq!(threshold(100_000), 0.7);
}
