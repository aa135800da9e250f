//! Whole fits against closed forms, quadrature, and densities that are hard to start on.

mod behaviour;
mod closed_form;
mod convergence;
mod large;
mod psis;
mod regression;
mod rough;
pub mod toy;

use super::*;
use crate::family::MeanField;

/// A fit of a family, mean-field if none is named.
fn fit(
    density: &dyn crate::density::LogDensity,
    options: &FitOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Fit, InferenceError> {
    let options = FitOptions { family: options.family.or(Some(&MeanField)), ..options.clone() };
    super::fit(density, &options, progress).map(|fitted| fitted.fit)
}

/// A fit with the defaults but for the seed.
fn fitted(density: &dyn crate::density::LogDensity, seed: u64) -> Fit {
    fit(density, &FitOptions { seed, ..Default::default() }, &mut |_| ()).expect("has a start")
}

/// Marginal means and sds.
fn marginals(fit: &Fit) -> (Vec<f64>, Vec<f64>) {
    fit.marginals().expect("a known family")
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// Relative to the larger of 1e-300 and what is expected.
fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs().max(1e-300),
        "{what}: {found} instead of {expected}"
    );
}

/// No number of a result is ever NaN or infinite.
fn assert_all_finite(fit: &Fit) {
    let numbers = fit.lambda.iter().chain(&fit.theta).chain(&fit.trace);
    assert!(numbers.copied().all(f64::is_finite), "{fit:?}");
    let elbo = fit.elbo.expect("an ELBO");
    assert!([elbo.value, elbo.se, elbo.log_likelihood, elbo.kl].into_iter().all(f64::is_finite), "{elbo:?}");
}

/// Mean-field sds are too small where latents are correlated; saying so is no failure.
fn warns_of_correlation_at_most(fit: &Fit) -> bool {
    fit.warnings.iter().all(|warning| warning.contains("is understated"))
}
