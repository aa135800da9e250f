//! Calibrations: of fits that are right, of one that is too narrow, and of models whose answers cannot be known.

mod common;

use std::fs;
use std::path::Path;

use common::documents::{hold, updating};
use common::{agree, package, run};
use serde_json::Value;
use vippl::compile::CompileOptions;
use vippl::data::{Dataset, Values, Variable};
use vippl::family;
use vippl::posterior::{Calibration, Conclusion, Fault, Verdict};
use vippl::session::{CalibrationProgress, CalibrationRequest, FitRequest, Subject, prepare_in_memory};
use vippl::source::Source;

fn request(n_simulations: usize) -> CalibrationRequest {
    CalibrationRequest {
        fit: FitRequest { n_draws: 1000, ..FitRequest::default() },
        compile: CompileOptions::default(),
        n_simulations,
        subject: Subject::Reported,
    }
}

fn calibrate(
    model: &str,
    data: &[(&str, Values)],
    request: &CalibrationRequest,
    progress: &(dyn Fn(CalibrationProgress) + Sync),
) -> Result<Calibration, miette::Report> {
    let variables = data.iter().map(|(name, values)| Variable::in_memory(*name, values.clone()));
    let dataset = Dataset::from_variables(variables).expect("distinct names");
    let source = Source::new("model.vim", model);
    prepare_in_memory(&source, dataset, &request.compile).expect("a model").calibrate(request, progress)
}

fn calibrated(model: &str, data: &[(&str, Values)], n_simulations: usize) -> Calibration {
    let calibration = calibrate(model, data, &request(n_simulations), &|_| ()).expect("a calibration");
    assert_eq!(calibration.failures, []);
    assert_eq!(calibration.verdicts.len(), n_simulations);
    assert_eq!(calibration.conclusion(), Conclusion::Calibrated, "{calibration:?}");
    calibration
}

#[test]
fn a_normal_mean_is_calibrated() {
    let model = "mu ~ Normal(0, 2)\ny ~ Normal(mu, 1)\ntwice = 2 * mu\n";
    let calibration = calibrated(model, &[("y", Values::real(&[8], [1.0; 8]))], 100);
    let [mu, twice] = calibration.elements.as_slice() else { panic!("{calibration:?}") };
    assert_eq!((mu.name.as_str(), twice.name.as_str()), ("mu", "twice"));
    // The prior has variance 4, the posterior 1 / 8.25 for any data.
    for element in [mu, twice] {
        let contraction = element.contraction.expect("variances");
        assert!((contraction - (1.0 - 1.0 / 33.0)).abs() < 0.015, "{contraction}");
    }
    // A share of draws below the true value, which is the same for both but for the place between two draws.
    for (a, b) in mu.ranks.iter().zip(&twice.ranks) {
        assert_eq!((a.simulation, a.truth * 2.0), (b.simulation, b.truth));
        assert!((a.rank - b.rank).abs() < 2.0 / 1000.0, "{a:?} {b:?}");
    }
}

/// Scales, groups and a recursion over what is observed.
#[test]
fn schools_and_series_are_calibrated() {
    let schools = "mu ~ Normal(0, 5)\ntau ~ LogNormal(1, 0.5)\neffect[school] ~ Normal(0, 1)\n\
                   y ~ Normal(mu + tau * effect[school], 4)\n";
    let names = ["a", "b", "c", "d", "a", "b", "c", "d"];
    let data = [("school", Values::category(&names)), ("y", Values::real(&[8], [1.0; 8]))];
    let calibration = calibrated(schools, &data, 40);
    let names: Vec<&str> = calibration.elements.iter().map(|element| element.name.as_str()).collect();
    assert_eq!(names, ["mu", "tau", "effect[a]", "effect[b]", "effect[c]", "effect[d]"]);

    let series =
        "a ~ Uniform(-1, 1)\ns ~ LogNormal(0, 0.5)\nfor t in 2:30 {\n  y[t] ~ Normal(a * y[t - 1], s)\n}\n";
    let calibration = calibrated(series, &[("y", Values::real(&[30], vec![0.5; 30]))], 40);
    assert_eq!(calibration.elements.len(), 2);
}

#[test]
fn counts_and_categories_are_calibrated() {
    let model = "p ~ Dirichlet([2, 2, 2])\nrate ~ Gamma(4, 1)\nc ~ Categorical(p)\nk ~ Poisson(rate)\n";
    let data = [
        ("c", Values::category(&["x", "y", "z", "x", "x", "y", "z", "z"])),
        ("k", Values::int(&[8], &[0, 3, 1, 5, 2, 2, 4, 1])),
    ];
    assert_eq!(calibrated(model, &data, 40).elements.len(), 4);
}

/// a and b are known by their sum alone: mean-field takes them for known. Weights and chains do not.
#[test]
fn mean_field_is_too_narrow_and_not_what_is_reported() {
    let model = "a ~ Normal(0, 1)\nb ~ Normal(0, 1)\ny ~ Normal(a + b, 0.5)\n";
    let data = [("y", Values::real(&[2], [1.0, 2.0]))];
    let mut request = request(40);
    request.fit.options.family = family::by_name("meanfield");
    request.subject = Subject::Approximation;
    let calibration = calibrate(model, &data, &request, &|_| ()).expect("a calibration");
    assert_eq!(calibration.conclusion(), Conclusion::NotCalibrated, "{calibration:?}");
    for element in &calibration.elements {
        let all = element.all.as_ref().expect("enough fits");
        assert!(all.faults.contains(&Fault::TooNarrow), "{}: {all:?}", element.name);
        // sds: 1 / sqrt(1 + 8) of q, sqrt(9 / 17) of the posterior.
        let ratio = (9.0f64 * 9.0 / 17.0).sqrt();
        assert!((all.sd_z / ratio).ln().abs() < 0.35, "{} instead of {ratio}", all.sd_z);
        assert_eq!(element.trusted, None, "no fit says that q is right");
    }
    assert_eq!(calibration.n_with(Verdict::Ok), 0);
    (request.subject, request.n_simulations) = (Subject::Reported, 24);
    let calibration = calibrate(model, &data, &request, &|_| ()).expect("a calibration");
    assert_eq!(calibration.conclusion(), Conclusion::Calibrated, "{calibration:?}");
}

#[test]
fn data_sets_that_cannot_be_fitted_are_counted() {
    // Beyond exp(709) there is no number.
    let model = "a ~ Normal(0, 500)\ny ~ Normal(exp(a), 1)\n";
    let seen = std::sync::Mutex::new(Vec::new());
    let progress = |progress: CalibrationProgress| seen.lock().expect("no panic").push(progress);
    let data = [("y", Values::real(&[1], [1.0]))];
    let calibration = calibrate(model, &data, &request(30), &progress).expect("a calibration");
    let n_failed = calibration.failures.len();
    assert!((1..=10).contains(&n_failed), "{n_failed}");
    assert_eq!(calibration.verdicts.len() + n_failed, 30);
    assert!(calibration.failures.iter().any(|failure| failure.why.contains("`y` is simulated to be inf")));
    let seen = seen.into_inner().expect("no panic");
    assert_eq!(seen.len(), 30);
    assert!(seen.iter().any(|progress| progress.n_done == 30 && progress.n_failed == n_failed));
}

#[test]
fn what_cannot_be_simulated_is_refused_with_a_word() {
    let code = |model: &str, data: &[(&str, Values)]| {
        let report = calibrate(model, data, &request(20), &|_| ()).map(|_| ()).expect_err("refused");
        report.code().map(|code| code.to_string()).unwrap_or_default()
    };
    let y = [("y", Values::real(&[2], [1.0, 2.0]))];
    assert_eq!(code("m ~ Flat()\ny ~ Normal(m, 1)\n", &y), "vippl::calibrate::improper");
    assert_eq!(code("param m\ny ~ Normal(m, 1)\n", &y), "vippl::calibrate::param");
    assert_eq!(code("m ~ Normal(0, 1)\n", &[]), "vippl::calibrate::nothing_observed");
    assert_eq!(code("y ~ Normal(0, 1)\n", &y), "vippl::calibrate::nothing_latent");
    assert_eq!(code("m ~ Normal(0, 1)\ny ~ Normal(exp(m + 800), 1)\n", &y), "vippl::calibrate::too_few_fits");
    assert!(!code("m ~ Normal(0, 1)\nfactor(m)\ny ~ Normal(m, 1)\n", &y).is_empty());
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    write("m.vim", "a ~ Normal(0, 1)\nb ~ Normal(0, 1)\ny ~ Normal(a + b, 0.5)\n");
    write("d.csv", "y\n1\n2\n");
    folder
}

fn printed(command: &str, folder: &Path) -> (Option<i32>, String, String) {
    let output = run(command, folder);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let folder = folder();
    let [one, two] = ["1", "3"].map(|threads| {
        let command = format!(
            "vippl calibrate m.vim --data d.csv --sims 20 --json --out {threads}.csv --threads {threads}"
        );
        let (code, out, err) = printed(&command, folder.path());
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        (out, fs::read_to_string(folder.path().join(format!("{threads}.csv"))).expect("ranks"))
    });
    assert_eq!(one, two);
    let json: Value = serde_json::from_str(&one.0).expect("JSON");
    assert_eq!((json["conclusion"].as_str(), json["simulations"].as_u64()), (Some("calibrated"), Some(20)));
    let ranks = json["parameters"]["a"]["ranks"].as_array().expect("ranks");
    assert_eq!(ranks.len(), 20);
    assert_eq!(one.1.lines().count(), 1 + 2 * 20);
    assert!(one.1.starts_with("parameter,simulation,rank,trusted,truth\na,1,"), "{}", one.1);
    // The first of more are the same as fewer.
    let (_, more, _) = printed("vippl calibrate m.vim --data d.csv --sims 24 --json", folder.path());
    let more: Value = serde_json::from_str(&more).expect("JSON");
    assert_eq!(&more["parameters"]["a"]["ranks"].as_array().expect("ranks")[..20], ranks.as_slice());
}

#[test]
fn people_are_told_what_is_wrong() {
    let folder = folder();
    let narrow = "vippl calibrate m.vim --data d.csv --sims 40 --family meanfield --uncorrected --strict";
    let (code, out, err) = printed(narrow, folder.path());
    assert_eq!((code, err.as_str()), (Some(3), ""), "{out}");
    for part in [
        "40 data sets from the prior",
        "too narrow",
        "\nnot calibrated\n",
        "of what it should be",
        "by chance",
    ] {
        assert!(out.contains(part), "no `{part}` in\n{out}");
    }
    let (code, _, err) = printed("vippl calibrate m.vim --data d.csv --sims 20 --out d.csv", folder.path());
    assert_eq!(code, Some(1));
    assert!(err.contains("overwrites_source"), "{err}");
    for wrong in ["--sims 5", "--sims many", "--family best"] {
        let (code, ..) = printed(&format!("vippl calibrate m.vim --data d.csv {wrong}"), folder.path());
        assert_eq!(code, Some(2), "{wrong}");
    }
}

/// The commands of docs/calibration.md print what it says they print; `VIPPL_UPDATE=1` writes it anew.
#[test]
fn the_document_shows_what_is_printed() {
    let mut n_commands = 0;
    hold("docs/calibration.md", |directive, command, present| {
        assert_eq!(directive, "run");
        n_commands += 1;
        let (code, out, err) = printed(command, package());
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        let block = format!("```console\n$ {command}\n{}\n```", out.trim_end());
        (updating() || agree(present, &block).is_err()).then_some(block)
    });
    assert_eq!(n_commands, 2);
}
