//! Every example fits, and finds the parameters that made its data.

mod common;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use common::documents::{hold, updating};
use common::{agree, elements, examples, fit, package, prepare};
use vippl::posterior::Posterior;
use vippl::report::{Style, text};
use vippl::source::Source;
use vippl::syntax;

/// Value that made the data, and how far from it the posterior mean may be.
type Truth = BTreeMap<String, (f64, f64)>;

/// Takes minutes without optimisation; `tests/latent_rows.rs` fits it to fewer rows, and by request to all.
const SLOW: &str = "decoder";

/// The fits of all examples that are quick, by their names.
static FITS: LazyLock<BTreeMap<String, Posterior>> = LazyLock::new(|| {
    let fitted = |folder: &std::path::PathBuf| {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let posterior = fit(folder).unwrap_or_else(|report| panic!("{name}: {report:?}"));
        (name, posterior)
    };
    examples().iter().filter(|folder| !folder.ends_with(SLOW)).map(fitted).collect()
});

/// The cookbook shows what `vippl fit --quiet` prints; numbers up to their last digits.
#[test]
fn the_cookbook_shows_what_fits_print() {
    let mut shown = Vec::new();
    hold("docs/cookbook.md", |directive, command, present| {
        if directive != "run" {
            return None;
        }
        let name = command.split('/').nth(1).unwrap_or_default();
        shown.push(name.to_string());
        let posterior = FITS.get(name).unwrap_or_else(|| panic!("$ {command}: no such example"));
        let printed = text::summary(posterior, &Style::default());
        let block = format!("```console\n$ {command}\n{}\n```", printed.trim_end());
        (updating() || agree(present, &block).is_err()).then_some(block)
    });
    assert!(shown.len() >= 25, "{} entries", shown.len());
}

#[test]
fn every_example_finds_the_truth() {
    assert!(FITS.len() >= 23, "{} examples", FITS.len());
    let mut problems = Vec::new();
    for (name, posterior) in FITS.iter() {
        let folder = package().join("examples").join(name);
        if !posterior.fit().expect("a fit").converged {
            problems.push(format!("{name}: does not converge"));
        }
        match &posterior.fit().expect("a fit").elbo {
            Some(elbo) if elbo.value.is_finite() && elbo.se.is_finite() => {}
            elbo => problems.push(format!("{name}: ELBO {elbo:?}")),
        }
        let found = elements(posterior);
        for (element, summary) in &found {
            if !summary.mean.is_some_and(f64::is_finite) {
                problems.push(format!("{name}: {element} has no mean"));
            }
        }
        let Ok(text) = std::fs::read_to_string(folder.join("truth.json")) else { continue };
        let truth: Truth = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!truth.is_empty(), "{name}: the truth is known");
        for (element, (value, tolerance)) in truth {
            let mean = found.get(&element).and_then(|summary| summary.mean);
            if !mean.is_some_and(|mean| (mean - value).abs() <= tolerance) {
                problems.push(format!("{name}: {element} is {mean:?}, not {value} ± {tolerance}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_example_says_what_it_shows_and_is_formatted() {
    for folder in examples() {
        let path = folder.join("model.vim");
        let shown = path.strip_prefix(package()).expect("in the package").display().to_string();
        let text = std::fs::read_to_string(&path).expect("a model");
        assert!(text.starts_with("# ") && text.contains("Shows: "), "{shown}: says what it shows");
        let formatted = syntax::format(&Source::new(shown.as_str(), text.as_str())).expect("parses");
        assert_eq!(formatted, text, "{shown}: is as `vippl fmt` writes it");
    }
}

#[test]
fn examples_compile_without_warnings() {
    for folder in examples() {
        let prepared = prepare(&folder).unwrap_or_else(|report| panic!("{report:?}"));
        let warnings = prepared.warnings.iter().chain(&prepared.advice).collect::<Vec<_>>();
        assert!(warnings.is_empty(), "{}: {warnings:?}", folder.display());
    }
}
