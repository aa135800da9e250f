//! Mean-field fits of models with known posteriors, against reference draws.

mod common;

use std::collections::BTreeMap;

use serde::Deserialize;

use common::{elements, package, prepare};
use vippl::session::FitRequest;

#[derive(Deserialize)]
struct Reference {
    parameters: BTreeMap<String, Marginal>,
}

/// A marginal posterior by long NUTS runs.
#[derive(Deserialize)]
struct Marginal {
    mean: f64,
    sd: f64,
    /// Monte Carlo error of `mean`.
    mcse: f64,
}

/// A mean is right when it is this far from the reference at most, in posterior sds, beyond twice the reference's own error.
const MEAN_ERROR: f64 = 0.1;

/// Worst |mean - reference mean| / sd, over all parameters, beyond what the reference's own error explains.
fn worst_mean_error(case: &str, request: &FitRequest) -> (f64, String) {
    let folder = package().join("tests/cases").join(case);
    let fitted = prepare(&folder).and_then(|prepared| prepared.fit(request, &mut |_| {}));
    let posterior = fitted.unwrap_or_else(|report| panic!("{case}: {report:?}"));
    assert!(posterior.fit().expect("a fit").converged, "{case}: converges");
    let text = std::fs::read_to_string(folder.join("reference.json")).expect("a reference");
    let reference: Reference = serde_json::from_str(&text).expect("a reference");
    let found = elements(&posterior);
    let mut worst = (0.0, String::new());
    for (name, marginal) in &reference.parameters {
        let summary = found.get(name).unwrap_or_else(|| panic!("{case}: no parameter {name}"));
        let mean = summary.mean.unwrap_or_else(|| panic!("{case}: {name} has a mean"));
        let error = (mean - marginal.mean).abs() / marginal.sd - 2.0 * marginal.mcse / marginal.sd;
        if error > worst.0 {
            worst = (error, name.clone());
        }
    }
    worst
}

fn means_are_within(case: &str, bar: f64) {
    let (error, name) = worst_mean_error(case, &FitRequest::default());
    assert!(error <= bar, "{case}: the mean of {name} is {error:.3} sd off");
}

macro_rules! regressions {
    ($($test:ident: $case:literal,)*) => {$(
        #[test]
        fn $test() {
            means_are_within($case, MEAN_ERROR);
        }
    )*};
}

regressions! {
    ark: "arK-arK",
    earn_height: "earnings-earn_height",
    logearn_interaction: "earnings-logearn_interaction",
    kidscore_interaction: "kidiq-kidscore_interaction",
    kilpisjarvi: "kilpisjarvi_mod-kilpisjarvi",
    mesquite: "mesquite-mesquite",
    nes1980: "nes1980-nes",
    sblri: "sblri-blr",
}

#[test]
fn gaussian_mixture() {
    means_are_within("low_dim_gauss_mix-low_dim_gauss_mix", MEAN_ERROR);
}

#[test]
fn hidden_markov_model() {
    means_are_within("hmm_example-hmm_example", MEAN_ERROR);
}

/// The posterior has a second, much lower mode, where the cycles of hares and lynxes fall apart; some starts end there.
#[test]
fn predator_and_prey() {
    means_are_within("hudson_lynx_hare-lotka_volterra", MEAN_ERROR);
}
