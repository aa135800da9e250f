//! docs/language.md and docs/cookbook.md are as the catalogues and the examples write them, and what they show works.
//!
//! `VIPPL_UPDATE=1 cargo test --test reference_docs` brings both up to date.

mod common;

use std::fs;
use std::path::Path;

use common::{agree, package, run};
use vippl::check::check;
use vippl::compile::{CompileOptions, compile};
use vippl::data::Dataset;
use vippl::density::LogDensity;
use vippl::ir::Role;
use vippl::posterior::DataRecord;
use vippl::report::reference::{self, Kind, Subject};
use vippl::source::Source;
use vippl::syntax;

/// Set to write the documents instead of comparing them.
const UPDATE: &str = "VIPPL_UPDATE";

#[test]
fn the_language_reference_is_up_to_date() {
    hold("docs/language.md");
}

#[test]
fn the_cookbook_is_up_to_date() {
    hold("docs/cookbook.md");
}

/// The model lines that pages of distributions show: parsed, checked, compiled, and evaluated.
#[test]
fn the_examples_of_distributions_work() {
    let mut problems = Vec::new();
    for subject in Subject::all() {
        if !matches!(subject.kind(), Kind::Distribution | Kind::Wrapper) {
            continue;
        }
        let page = subject.page();
        let line = page.example.expect("an example").text;
        if let Err(problem) = works(&line) {
            problems.push(format!("{}: {line}\n{problem}", page.entry.name));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Values to try for the names that an example leaves open, likely ones first.
const MADE_UP: &[&str] = &[
    "0.4",
    "2",
    "[0.2, 0.5, 0.3]",
    "[0.4, 0.6]",
    "[1, 2, 3]",
    "[2, 3, 1]",
    "[1, 2, 1]",
    "4",
    "1",
    "[-0.5, 0.8, 1.5]",
    "[[1.5, 0.2, 0.1], [0.2, 1.0, 0.3], [0.1, 0.3, 2.0]]",
    "[[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.2, 0.1, 0.9]]",
    "[[1.5, 0.2], [0.2, 1.0]]",
    "[[1.0, 0.0], [0.6, 0.8]]",
];
/// How many ways to make data up are tried.
const MOST_TRIALS: usize = 100_000;

/// Whether a line has a finite log density at some point, with data made up for the names that it leaves open: its left
/// side is a latent, or data too.
fn works(line: &str) -> Result<(), String> {
    let source = Source::new("example", line);
    let file = syntax::parse(&source).map_err(|errors| format!("{:?}", miette::Report::new(errors)))?;
    let checked =
        check(&source, &file, None).map_err(|errors| format!("{:?}", miette::Report::new(errors)))?;
    let open = |role: Role| {
        let variables = checked.model.variables.iter().filter(move |variable| variable.role == role);
        variables.map(|variable| variable.name.clone()).collect::<Vec<String>>()
    };
    let data = open(Role::Data);
    let left: Vec<String> = open(Role::Latent).into_iter().chain(open(Role::Observed)).collect();
    let mut last = String::from("nothing was tried");
    for observed in [Vec::new(), left] {
        let names: Vec<&String> = data.iter().chain(&observed).collect();
        let n_trials = MADE_UP.len().pow(names.len() as u32).min(MOST_TRIALS);
        for trial in 0..n_trials {
            let value = |k: usize| MADE_UP[trial / MADE_UP.len().pow(k as u32) % MADE_UP.len()];
            let entries = names.iter().enumerate().map(|(k, name)| format!("\"{name}\": {}", value(k)));
            let json = format!("{{{}}}", entries.collect::<Vec<_>>().join(", "));
            match evaluated(&source, &file, &json) {
                Ok(log_density) if log_density.is_finite() => return Ok(()),
                Ok(log_density) => last = format!("log density {log_density} with {json}"),
                Err(error) => last = format!("with {json}: {error}"),
            }
        }
    }
    Err(last)
}

/// The log density at one point, with these data.
fn evaluated(source: &Source, file: &syntax::ast::File, json: &str) -> Result<f64, String> {
    let (data, _) = Dataset::from_json("made up", json).map_err(|error| error.to_string())?;
    let summary = DataRecord::new(&data, Vec::new(), Vec::new()).summary();
    let checked = check(source, file, Some(&summary)).map_err(|errors| errors.to_string())?;
    let compiled =
        compile(&checked.model, &data, &CompileOptions::default()).map_err(|errors| errors.to_string())?;
    let density = &compiled.density;
    if density.statements().is_empty() {
        return Err("there is no statement".into());
    }
    let point: Vec<f64> = (0..density.dim()).map(|i| 0.3 - 0.17 * i as f64).collect();
    let mut value = [f64::NAN];
    density.value(1, &point, &mut value);
    Ok(value[0])
}

/// What Stan has under a name, the reference says.
#[test]
fn distributions_name_their_likes_in_stan() {
    /// Not in Stan: no distribution, or none with this support.
    const ONLY_HERE: &[&str] = &["Flat", "Icar", "Kumaraswamy", "LogitNormal", "InverseGaussian", "Triangular"];
    for dist in vippl::dist::ALL {
        let elsewhere = dist.elsewhere();
        let without = ["RandomWalk", "AutoRegressive"].iter().chain(ONLY_HERE).any(|name| *name == dist.name());
        assert!(elsewhere.stan.is_some() || without, "{} has no name in Stan", dist.name());
        assert!(elsewhere.stan.or(elsewhere.pymc).or(elsewhere.r).is_some(), "{}", dist.name());
    }
}

/// Fills a document anew: it stays as it is, or is written.
fn hold(document: &str) {
    let path = package().join(document);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{document}: {error}"));
    let folder = tempfile::tempdir().expect("a folder");
    common::copy(&package().join("examples"), &folder.path().join("examples"));
    let filled = filled(&text, |directive, argument, present| match directive {
        "generated" => {
            reference::section(argument).unwrap_or_else(|| panic!("{document}: no section {argument}"))
        }
        "model" => {
            let file = package().join(argument);
            let model = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{argument}: {error}"));
            format!("```\n{}\n```\n", model.trim_end())
        }
        "run" => ran(argument, present, folder.path()),
        other => panic!("{document}: no directive {other}"),
    });
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, filled).expect("the document can be written");
        return;
    }
    let different = text.lines().zip(filled.lines()).position(|(old, new)| old != new);
    let line = different.unwrap_or_else(|| text.lines().count().min(filled.lines().count()));
    assert!(
        text == filled,
        "{document} is not up to date from line {}:\n  it has   {}\n  not      {}\n\
         `{UPDATE}=1 cargo test --test reference_docs` writes it anew",
        line + 1,
        text.lines().nth(line).unwrap_or("(end)"),
        filled.lines().nth(line).unwrap_or("(end)"),
    );
}

/// The document with each part `<!-- directive: argument --> ... <!-- end -->` as `part(directive, argument, present)`
/// makes it.
fn filled(document: &str, mut part: impl FnMut(&str, &str, &str) -> String) -> String {
    let mut out = String::new();
    let mut rest = document;
    while let Some(at) = rest.find("<!-- ") {
        let open_end = at + rest[at..].find("-->\n").expect("a comment ends with its line") + 4;
        let comment = rest[at..open_end].trim_start_matches("<!-- ").trim_end_matches("-->\n").trim();
        let (directive, argument) = comment.split_once(": ").unwrap_or_else(|| panic!("{comment}?"));
        let length = rest[open_end..].find("<!-- end -->").unwrap_or_else(|| panic!("{comment} has no end"));
        let (present, after) = rest[open_end..].split_at(length);
        out += &rest[..open_end];
        out += &format!("\n{}\n", part(directive, argument, present.trim()));
        out += "<!-- end -->";
        rest = &after["<!-- end -->".len()..];
    }
    out + rest
}

/// A block with a command and what it prints; as it stands if that is still so up to the last digits.
fn ran(command: &str, present: &str, folder: &Path) -> String {
    let output = run(command, folder);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "$ {command}\n{}", String::from_utf8_lossy(&output.stderr));
    let block = |printed: &str| format!("```console\n$ {command}\n{}\n```\n", printed.trim_end());
    let found = block(&printed);
    let same = std::env::var_os(UPDATE).is_none() && agree(present, &found).is_ok();
    if same { format!("{present}\n") } else { found }
}
