//! Fits of the cases by `vippl fit` as people run it, and how far they are from the reference.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::common::package;
use crate::common::reference::{Marginal, Reference};

/// Of each case.
pub const SEEDS: RangeInclusive<u64> = 1..=5;
/// Runs of one fit, of which the fastest counts: other programs make them slower, nothing makes them faster.
const RUNS: usize = 3;
/// Errors up to which a fit is right, beyond twice the reference's Monte Carlo error.
const RIGHT: f64 = 0.1;

/// The fits of a case that did not fail, by seed.
pub struct CaseFits {
    pub name: String,
    pub fits: Vec<CaseFit>,
}

/// One fit.
pub struct CaseFit {
    /// Largest |mean - reference| over all parameters, in sds of the reference.
    pub mean_error: f64,
    /// Largest |ln (sd / sd of the reference)|.
    pub ln_sd_error: f64,
    pub is_right: bool,
    pub verdict: String,
    pub basis: String,
    pub seconds: f64,
    pub audit: Option<f64>,
}

impl CaseFit {
    pub fn is_trusted(&self) -> bool {
        self.verdict != "distrust"
    }
}

/// All cases of the package, and of other folders, fitted by a binary.
pub fn run_all(binary: &Path, more: &[PathBuf]) -> Vec<CaseFits> {
    let own = package().join("tests/cases");
    let mut cases: Vec<PathBuf> = Vec::new();
    for folder in std::iter::once(&own).chain(more) {
        let entries =
            std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for case in entries.map(|entry| entry.expect("an entry").path()) {
            let is_case = case.join("reference.json").exists() && case.join("data.json").exists();
            if is_case && cases.iter().all(|known| known.file_name() != case.file_name()) {
                cases.push(case);
            }
        }
    }
    cases.sort_by_key(|case| case.file_name().map(std::ffi::OsStr::to_owned));
    cases.iter().map(|case| run_case(binary, case)).collect()
}

fn run_case(binary: &Path, case: &Path) -> CaseFits {
    let name = case.file_name().expect("a name").to_string_lossy().into_owned();
    let reference = Reference::of(case);
    let fits = SEEDS.filter_map(|seed| {
        let fit = run(binary, case, &reference, seed);
        if fit.is_none() {
            eprintln!("{name}: seed {seed} failed");
        }
        fit
    });
    let fits = fits.collect();
    eprintln!("{name}");
    CaseFits { name, fits }
}

/// `None` where there is no fit.
fn run(binary: &Path, case: &Path, reference: &Reference, seed: u64) -> Option<CaseFit> {
    let runs = (0..RUNS).map(|_| fitted(binary, case, seed)).collect::<Option<Vec<Value>>>()?;
    let fit = &runs[0];
    let seconds = |path: &str| {
        let times = runs.iter().filter_map(|run| run.pointer(path)?.as_f64());
        times.reduce(f64::min)
    };
    let of = |name: &str, what: &str| fit["parameters"][name][what].as_f64().unwrap_or(f64::INFINITY);
    let mut one = CaseFit {
        mean_error: 0.0,
        ln_sd_error: 0.0,
        is_right: true,
        verdict: fit["verdict"].as_str().unwrap_or_default().to_string(),
        basis: fit["basis"].as_str().unwrap_or_default().to_string(),
        seconds: seconds("/seconds/fit")?,
        audit: seconds("/seconds/audit"),
    };
    for (name, Marginal { mean, sd, mcse, mcse_ln_sd, .. }) in &reference.parameters {
        let mean_error = (of(name, "mean") - mean).abs() / sd;
        let ln_sd_error = (of(name, "sd") / sd).ln().abs();
        one.is_right &= mean_error <= RIGHT + 2.0 * mcse / sd && ln_sd_error <= RIGHT + 2.0 * mcse_ln_sd;
        one.mean_error = one.mean_error.max(mean_error);
        one.ln_sd_error = one.ln_sd_error.max(ln_sd_error);
    }
    Some(one)
}

/// What `vippl fit --json` says.
fn fitted(binary: &Path, case: &Path, seed: u64) -> Option<Value> {
    let output = Command::new(binary)
        .arg("fit")
        .arg(case.join("model.vim"))
        .arg("--data")
        .arg(case.join("data.json"))
        .args(["--json", "--seed", &seed.to_string()])
        .output()
        .expect("vippl runs");
    output.status.success().then(|| serde_json::from_slice(&output.stdout).expect("JSON"))
}

/// The middle one, or the mean of the two in the middle.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let n = values.len();
    match n {
        0 => f64::NAN,
        _ if n.is_multiple_of(2) => 0.5 * (values[n / 2 - 1] + values[n / 2]),
        _ => values[n / 2],
    }
}
