//! Samples by NUTS against known posteriors, and fits side by side.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{elements, package, prepare, run};
use serde_json::Value;
use vippl::data::{Dataset, Values, Variable};
use vippl::inference::{CentringChoice, SampleOptions};
use vippl::posterior::{Posterior, Verdict};
use vippl::session::{self, FitRequest, Prepared, SampleRequest};
use vippl::source::Source;

fn prepared(model: &str, data: &[(&str, Values)]) -> Prepared {
    let variables = data.iter().map(|(name, values)| Variable::in_memory(*name, values.clone()));
    let dataset = Dataset::from_variables(variables).expect("distinct names");
    let source = Source::new("model.vim", model);
    session::prepare_in_memory(&source, dataset, &Default::default()).expect("the model is right")
}

fn sampled(prepared: &Prepared, seed: u64) -> Posterior {
    let options = SampleOptions { seed, ..SampleOptions::default() };
    prepared.sample(&SampleRequest { options, loo: true }, &|_| ()).expect("a sample")
}

/// Mean and sd are within four standard errors of what is known.
fn assert_summary(posterior: &Posterior, name: &str, mean: f64, sd: f64) {
    let summary = elements(posterior)[name];
    let [found, found_sd, mcse] = [summary.mean, summary.sd, summary.mcse].map(|x| x.expect("a number"));
    assert!((found - mean).abs() < 4.0 * mcse, "{name}: {found} ± {mcse} instead of {mean}");
    assert!(mcse < 0.05 * sd, "{name}: {mcse} is much beside {sd}");
    // The error of ln sd is about that of the mean in sds.
    assert!((found_sd / sd).ln().abs() < 6.0 * mcse / sd, "{name}: sd {found_sd} instead of {sd}");
}

const Y: [f64; 8] = [1.2, 0.3, 2.9, 1.1, 0.8, 2.2, -0.4, 1.7];

#[test]
fn a_normal_mean_is_as_it_is_in_closed_form() {
    let model = "mu ~ Normal(0, 2)\ny ~ Normal(mu, 1)\n";
    let posterior = sampled(&prepared(model, &[("y", Values::real(&[8], Y))]), 1);
    let precision: f64 = 8.0 + 0.25;
    let mean = Y.iter().sum::<f64>() / precision;
    assert_summary(&posterior, "mu", mean, precision.powf(-0.5));
    assert_eq!(posterior.verdict(), Some(Verdict::Ok), "{:?}", posterior.warnings);
    let convergence = posterior.nuts().expect("a sample").convergence[0];
    assert!(convergence.r_hat.is_some_and(|r_hat| r_hat < 1.01), "{convergence:?}");
    assert!(convergence.ess_bulk.is_some_and(|ess| ess > 1000.0), "{convergence:?}");
    // Leave-one-out in closed form: Normal(mean without i, 1 + variance without i).
    let loo = posterior.loo.as_ref().expect("observations");
    for (elpd, y) in loo.elpd.iter().zip(Y) {
        let without = precision - 1.0;
        let (center, variance) = ((mean * precision - y) / without, 1.0 + 1.0 / without);
        let exact = -0.5 * (y - center).powi(2) / variance - 0.5 * (std::f64::consts::TAU * variance).ln();
        assert!((elpd.expect("finite") - exact).abs() < 0.03, "{elpd:?} {exact}");
    }
    assert!(loo.p_loo().is_some_and(|p| (0.7..1.3).contains(&p)), "{:?}", loo.p_loo());
}

#[test]
fn bounded_latents_are_as_they_are_in_closed_form() {
    let model = "rate ~ Gamma(2, 1)\np ~ Beta(2, 3)\nk ~ Poisson(rate)\nn ~ Binomial(10, p)\n";
    let data = [("k", Values::int(&[4], &[3, 5, 2, 4])), ("n", Values::int(&[2], &[7, 4]))];
    let posterior = sampled(&prepared(model, &data), 2);
    assert_summary(&posterior, "rate", 16.0 / 5.0, 16f64.sqrt() / 5.0);
    let (a, b) = (13.0, 12.0);
    assert_summary(&posterior, "p", a / (a + b), (a * b / (a + b + 1.0)).sqrt() / (a + b));
}

#[test]
fn eight_schools_are_as_in_long_runs() {
    let folder = package().join("tests/cases/eight_schools-eight_schools_noncentered");
    let posterior = sampled(&prepare(&folder).expect("the model is right"), 1);
    let text = std::fs::read_to_string(folder.join("reference.json")).expect("a reference");
    let reference: Value = serde_json::from_str(&text).expect("a reference");
    let found = elements(&posterior);
    for (name, marginal) in reference["parameters"].as_object().expect("parameters") {
        let [mean, sd] = ["mean", "sd"].map(|key| marginal[key].as_f64().expect("a number"));
        let summary = found[name];
        assert!((summary.mean.unwrap() - mean).abs() < 0.08 * sd, "{name}: {summary:?} {mean} {sd}");
        assert!((summary.sd.unwrap() / sd).ln().abs() < 0.1, "{name}: {summary:?} {sd}");
    }
}

/// The centred form of a funnel: chains do not get into its neck, and say so; in other coordinates it is none.
#[test]
fn a_funnel_is_not_trusted_as_it_is_written() {
    let prepared = prepared("v ~ Normal(0, 3)\nx[9] ~ Normal(0, exp(v / 2))\n", &[]);
    let right = sampled(&prepared, 1);
    assert_summary(&right, "v", 0.0, 3.0);
    assert_eq!(right.verdict(), Some(Verdict::Ok), "{:?}", right.warnings);
    let recentred = &right.nuts().expect("a sample").sample.recentred;
    assert!(recentred.len() == 1 && recentred[0].name == "x" && recentred[0].centring < 0.1, "{recentred:?}");
    let options = SampleOptions { centring: CentringChoice::AsWritten, ..SampleOptions::default() };
    let posterior = prepared.sample(&SampleRequest { options, loo: false }, &|_| ()).expect("a sample");
    assert_eq!(posterior.verdict(), Some(Verdict::Distrust));
    assert!(
        posterior.warnings.iter().any(|warning| warning.contains("diverged")),
        "{:?}",
        posterior.warnings
    );
}

#[test]
fn chains_in_different_modes_are_not_trusted() {
    let model = "m ~ Uniform(-20, 20)\nfactor(logsumexp([-0.5 * (m - 10) ^ 2, -0.5 * (m + 10) ^ 2]))\n";
    let posterior = sampled(&prepared(model, &[]), 3);
    assert_eq!(posterior.verdict(), Some(Verdict::Distrust));
    assert!(
        posterior.warnings.iter().any(|warning| warning.contains("R-hat of `m`")),
        "{:?}",
        posterior.warnings
    );
}

#[test]
fn what_cannot_be_sampled_is_refused_with_a_word() {
    let code = |model: &str, data: &[(&str, Values)]| {
        let error = prepared(model, data).sample(&SampleRequest::default(), &|_| ()).expect_err(model);
        error.code().map(|code| code.to_string()).unwrap_or_default()
    };
    let y = [("y", Values::real(&[2], [0.5, 1.5]))];
    assert_eq!(
        code("param s in (0, inf)\nmu ~ Normal(0, 1)\ny ~ Normal(mu, s)\n", &y),
        "vippl::sample::point_estimate"
    );
    assert_eq!(code("y ~ Normal(0, 1)\n", &y), "vippl::sample::nothing");
    assert_eq!(
        code("mu ~ Normal(0, 1)\ny ~ Normal(mu, sqrt(-1 - mu ^ 2))\n", &y),
        "vippl::fit::no_finite_start"
    );
}

/// A fit's leave-one-out, by draws of q and their weights, is that of a sample.
#[test]
fn fits_and_samples_predict_alike() {
    let model = "mu ~ Normal(0, 2)\nsigma ~ HalfNormal(2)\ny ~ Normal(mu, sigma)\n";
    let prepared = prepared(model, &[("y", Values::real(&[8], Y))]);
    let sample = sampled(&prepared, 1).loo.expect("observations");
    let request = FitRequest { loo: true, ..FitRequest::default() };
    let fit = prepared.fit(&request, &mut |_| ()).expect("a fit").loo.expect("observations");
    assert!(fit.differs(&sample).is_none() && fit.is_aligned(&sample));
    // By quadrature. Over seeds the Monte Carlo sd is 0.05 for fits and 0.07 for samples.
    const EXACT: f64 = -13.274_330;
    for loo in [&fit, &sample] {
        let elpd = loo.elpd().expect("finite").0;
        assert!((elpd - EXACT).abs() < 0.2, "{elpd}");
        assert!(loo.p_loo().is_some_and(|p| (1.2..1.8).contains(&p)), "{:?}", loo.p_loo());
    }
}

const LINEAR: &str = "a ~ Normal(0, 5)\nb ~ Normal(0, 5)\ns ~ HalfNormal(5)\ny ~ Normal(a + b * x, s)\n";
const FLAT: &str = "a ~ Normal(0, 5)\ns ~ HalfNormal(5)\ny ~ Normal(a, s)\n";
const DATA: &str =
    "x,y\n-2,-3.1\n-1.5,-2.2\n-1,-1.4\n-0.5,0.3\n0,0.1\n0.5,1.6\n1,2.4\n1.5,2.6\n2,4.7\n2.5,4.9\n";

/// Runs a line of a shell and expects that it ends well.
fn output(command: &str, folder: &Path) -> String {
    let output = run(command, folder);
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [("linear.vim", LINEAR), ("flat.vim", FLAT), ("d.csv", DATA)] {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

#[test]
fn the_same_seed_gives_the_same_draws_on_any_number_of_threads() {
    let folder = folder();
    let draws = |threads: usize, seed: usize| -> Value {
        let options =
            format!("--warmup 200 --draws 100 --chains 3 --seed {seed} --threads {threads} --out s.json -q");
        output(&format!("vippl sample linear.vim --data d.csv {options}"), folder.path());
        let text = std::fs::read_to_string(folder.path().join("s.json")).expect("a fit file");
        let file: Value = serde_json::from_str(&text).expect("JSON");
        serde_json::json!([file["quantities"], file["method"], file["loo"]])
    };
    assert_eq!(draws(1, 5), draws(2, 5));
    assert_ne!(draws(1, 5), draws(1, 6));
}

#[test]
fn a_sample_is_summarised_asked_and_simulated_from() {
    let folder = folder();
    let path = folder.path();
    let first = output("vippl sample linear.vim --data d.csv --out s.json", path);
    assert!(first.trim_start().starts_with("mean"), "{first}");
    for part in ["R-hat", "ESS bulk", "ESS tail", "nuts, 4 chains of 1000 draws after 1000 of warmup, seed 1"]
    {
        assert!(first.contains(part), "no `{part}` in\n{first}");
    }
    assert_eq!(
        output("vippl summary s.json -q", path),
        output("vippl sample linear.vim --data d.csv -q", path)
    );
    let json: Value = serde_json::from_str(&output("vippl summary s.json --json", path)).expect("JSON");
    assert_eq!((&json["verdict"], &json["basis"]), (&"ok".into(), &"chains".into()));
    assert_eq!(json["sample"]["chains"].as_array().map(Vec::len), Some(4));
    for key in ["r_hat", "ess_bulk", "ess_tail", "mcse"] {
        assert!(json["parameters"]["b"][key].as_f64().is_some_and(|x| x > 0.0), "{key}");
    }
    let answer = output("printf 'P(b > 1)\\nsd(a + b)\\n' | vippl repl s.json", path);
    assert!(answer.starts_with("1.0") || answer.starts_with("0.99"), "{answer}");
    assert!(answer.lines().all(|line| line.contains('±')), "{answer}");
    let sets = output("vippl simulate s.json -n 5", path);
    assert_eq!(sets.lines().count(), 1 + 5 * 10);
    let loo = output("vippl summary s.json --loo -q", path);
    assert!(loo.contains("elpd_loo -") && loo.contains("10 observations left out"), "{loo}");
}

#[test]
fn two_fits_of_a_model_are_compared_element_by_element() {
    let folder = folder();
    let path = folder.path();
    output("vippl sample linear.vim --data d.csv --out s.json -q", path);
    output("vippl sample linear.vim --data d.csv --seed 2 --out t.json -q", path);
    let same = output("vippl compare s.json t.json", path);
    for part in ["A s.json  (nuts, ok)", "mean A", "Δ ln sd", "same: no mean of 3"] {
        assert!(same.contains(part), "no `{part}` in\n{same}");
    }
    // Another prior makes another posterior; the file says that it is of the same model.
    let text = std::fs::read_to_string(path.join("t.json")).expect("a fit file");
    let mut other: Value = serde_json::from_str(&text).expect("JSON");
    let mean = &mut other["quantities"][1]["summaries"][0]["mean"];
    *mean = (mean.as_f64().expect("a number") + 1.0).into();
    std::fs::write(path.join("u.json"), other.to_string()).expect("a file");
    let different = output("vippl compare u.json t.json", path);
    assert!(different.contains("different: 1 of 3") && different.contains("`b` most"), "{different}");
    let json: Value =
        serde_json::from_str(&output("vippl compare u.json t.json --json", path)).expect("JSON");
    assert_eq!(json["agreement"], "different");
    let agreements: BTreeMap<&str, &str> = ["a", "b", "s"]
        .map(|name| (name, json["parameters"][name]["agreement"].as_str().expect("a word")))
        .into();
    assert_eq!(agreements, [("a", "same"), ("b", "different"), ("s", "same")].into());
}

#[test]
fn models_of_the_same_data_are_compared_by_what_they_predict() {
    let folder = folder();
    let path = folder.path();
    output("vippl fit linear.vim --data d.csv --out linear.json -q", path);
    output("vippl sample flat.vim --data d.csv --out flat.json -q", path);
    let table = output("vippl compare flat.json linear.json", path);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[1].starts_with("linear.json") && lines[2].starts_with("flat.json"), "{table}");
    assert!(table.contains("linear.json predicts better than flat.json, by"), "{table}");
    let json: Value =
        serde_json::from_str(&output("vippl compare flat.json linear.json --json", path)).expect("JSON");
    let models = json["loo"].as_array().expect("models");
    assert_eq!((&models[0]["fit"], &models[1]["fit"]), (&"linear.json".into(), &"flat.json".into()));
    let [difference, se] =
        ["difference", "se_of_difference"].map(|key| models[1][key].as_f64().expect("a number"));
    assert!(difference < -4.0 && se > 0.0 && se < -difference, "{difference} ± {se}");
    // Other data are not the same data.
    std::fs::write(path.join("e.csv"), DATA.replace("4.9", "4.8")).expect("a file");
    output("vippl sample flat.vim --data e.csv --out other.json -q", path);
    let refused = run("vippl compare other.json linear.json", path);
    assert_eq!(refused.status.code(), Some(1));
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(error.contains("vippl::compare::other_data"), "{error}");
}

#[test]
fn densities_of_different_things_are_not_ranked() {
    let folder = folder();
    let path = folder.path();
    let counts: String = ["y"]
        .into_iter()
        .map(String::from)
        .chain((0..12).map(|k| (3 + k % 5).to_string()))
        .collect::<Vec<_>>()
        .join("\n");
    std::fs::write(path.join("n.csv"), counts).expect("a file");
    for (name, model) in [
        ("normal", "m ~ Normal(0, 10)\ny ~ Normal(m, 2)\n"),
        ("logs", "m ~ Normal(0, 10)\nlog(y) ~ Normal(m, 0.5)\n"),
        ("poisson", "m ~ Normal(0, 3)\ny ~ Poisson(exp(m))\n"),
        ("each", "m ~ Normal(0, 3)\nfor i in 1:12 { y[i] ~ Poisson(exp(m)) }\n"),
    ] {
        std::fs::write(path.join(format!("{name}.vim")), model).expect("a file");
        output(&format!("vippl fit {name}.vim --data n.csv --out {name}.json -q"), path);
    }
    let compared = |pair: &str| {
        let done = run(&format!("vippl compare {pair}"), path);
        let [out, err] = [done.stdout, done.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        (out, err)
    };
    for (pair, why) in [
        ("normal.json poisson.json", "normal.json has densities of `y`, poisson.json probabilities of `y`"),
        ("normal.json logs.json", "normal.json has densities of `y`, logs.json densities of `log(y)`"),
        ("poisson.json logs.json", "poisson.json has probabilities of `y`, logs.json densities of `log(y)`"),
    ] {
        let (out, err) = compared(pair);
        assert!(err.contains("cannot be ranked") && err.contains(why), "{err}");
        assert!(out.contains("elpd_loo") && !out.contains("predict"), "{out}");
    }
    let (out, err) = compared("poisson.json each.json");
    assert!(out.contains("predict alike") && err.is_empty(), "{out}{err}");
}
