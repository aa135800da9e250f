//! Models of the public posterior database, on data that they simulate: each checks and fits, and together they know the values
//! that made the data as often as their intervals say.

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::{elements, package, prepare};
use rayon::prelude::*;
use vippl::posterior::Verdict;
use vippl::session::FitRequest;

const FOLDER: &str = "examples/posteriordb";

fn folders() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(package().join(FOLDER)).expect("the models");
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn name_of(folder: &Path) -> String {
    folder.file_name().expect("a name").to_string_lossy().into_owned()
}

/// What became of a model.
struct Outcome {
    name: String,
    is_trusted: bool,
    /// Of the values that made its data, those between the 5% and 95% quantiles, and all.
    covered: [usize; 2],
    problems: Vec<String>,
}

fn fitted(folder: &Path) -> Outcome {
    let name = name_of(folder);
    let mut outcome = Outcome { name, is_trusted: true, covered: [0; 2], problems: Vec::new() };
    let text = std::fs::read_to_string(folder.join("truth.json")).expect("truth.json");
    let truth: BTreeMap<String, f64> = serde_json::from_str(&text).expect("numbers by name");
    let prepared = match prepare(folder) {
        Ok(prepared) => prepared,
        Err(report) => {
            outcome.problems.push(format!("{report:?}"));
            return outcome;
        }
    };
    outcome
        .problems
        .extend(prepared.warnings.iter().chain(&prepared.advice).map(|warning| format!("{warning:?}")));
    let posterior = match prepared.fit(&FitRequest::default(), &mut |_| {}) {
        Ok(posterior) => posterior,
        Err(report) => {
            outcome.problems.push(format!("{report:?}"));
            return outcome;
        }
    };
    outcome.is_trusted = posterior.verdict() != Some(Verdict::Distrust);
    let found = elements(&posterior);
    for (element, value) in truth {
        let Some(summary) = found.get(&element) else {
            outcome.problems.push(format!("there is no `{element}`"));
            continue;
        };
        let (Some(low), Some(high)) = (summary.q05, summary.q95) else {
            outcome.problems.push(format!("`{element}` has no quantiles"));
            continue;
        };
        outcome.covered[0] += usize::from((low..=high).contains(&value));
        outcome.covered[1] += 1;
    }
    outcome
}

#[test]
fn models_of_the_posterior_database_find_what_made_their_data() {
    let folders = folders();
    assert!(folders.len() >= 60, "{} models", folders.len());
    let readme = std::fs::read_to_string(package().join(FOLDER).join("README.md")).expect("README.md");
    let outcomes: Vec<Outcome> = folders.par_iter().map(|folder| fitted(folder)).collect();
    let mut problems: Vec<String> = Vec::new();
    for Outcome { name, is_trusted, covered, problems: own } in &outcomes {
        problems.extend(own.iter().map(|problem| format!("{name}: {problem}")));
        if covered[1] == 0 {
            problems.push(format!("{name}: nothing is compared"));
        }
        let Some(line) = readme.lines().find(|line| line.contains(&format!("[{name}]("))) else {
            problems.push(format!("{name}: not in the table"));
            continue;
        };
        if *is_trusted == line.contains("distrusted") {
            problems.push(format!("{name}: trusted {is_trusted}, and the table says otherwise"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    // Values of one model come and go together: each model is one observation.
    let shares: Vec<f64> =
        outcomes.iter().map(|outcome| outcome.covered[0] as f64 / outcome.covered[1] as f64).collect();
    let n = shares.len() as f64;
    let mean = shares.iter().sum::<f64>() / n;
    let error = (shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
    assert!((mean - 0.9).abs() <= 3.0 * error, "intervals of 90% hold {mean:.3} ± {error:.3} of the values");
    assert!(error < 0.03, "{error}: that says little");
}
