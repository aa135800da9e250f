//! docs/language.md and docs/cookbook.md are as the catalogues and the examples write them, and what they show works.
//!
//! `VIPPL_UPDATE=1 cargo test --test reference_docs --test examples` brings both up to date; what the commands of the
//! cookbook print is held by tests/examples.rs, which fits them anyway.

mod common;

use std::fs;

use common::documents::hold;
use common::package;
use vippl::check::check;
use vippl::compile::{CompileOptions, compile};
use vippl::data::Dataset;
use vippl::density::LogDensity;
use vippl::ir::Role;
use vippl::posterior::DataRecord;
use vippl::report::reference::{self, Kind, Subject};
use vippl::source::Source;
use vippl::syntax;

#[test]
fn the_language_reference_is_up_to_date() {
    hold("docs/language.md", |directive, argument, _| match directive {
        "generated" => reference::section(argument),
        _ => None,
    });
}

#[test]
fn the_cookbook_is_up_to_date() {
    hold("docs/cookbook.md", |directive, file, _| {
        let model =
            || fs::read_to_string(package().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        (directive == "model").then(|| format!("```\n{}\n```\n", model().trim_end()))
    });
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
    "[1, 2, 1]",
    "4",
    "[1, 2, 3]",
    "[2, 3, 1]",
    "[0.4, 0.6]",
    "[-0.5, 0.8, 1.5]",
    "[[1.5, 0.2], [0.2, 1.0]]",
    "[[1.0, 0.0], [0.6, 0.8]]",
    "[[1.5, 0.2, 0.1], [0.2, 1.0, 0.3], [0.1, 0.3, 2.0]]",
    "[[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.2, 0.1, 0.9]]",
];
/// How many ways to make data up are tried.
const MOST_TRIALS: usize = 3_000;

/// Whether a line has a finite log density at some point, with data made up for the names that it leaves open: its left
/// side is a latent, or data too.
fn works(line: &str) -> Result<(), String> {
    // An improper latent must be seen in something.
    let left = line.split(['[', ' ']).next().unwrap_or_default();
    let line = match line.contains("Flat(") {
        true => format!("data seen: real\n{line}\nseen ~ Normal({left}, 1)"),
        false => line.to_string(),
    };
    let source = Source::new("example", line);
    let file = syntax::parse(&source).map_err(|errors| format!("{:?}", miette::Report::new(errors)))?;
    let checked =
        check(&source, &file, None).map_err(|errors| format!("{:?}", miette::Report::new(errors)))?;
    let variables = &checked.model.variables;
    let given: Vec<&str> = variables
        .iter()
        .filter(|v| v.role == Role::Data || v.name == "seen")
        .map(|v| v.name.as_str())
        .collect();
    let observed: Vec<&str> = given.iter().copied().chain([left]).collect();
    // Names that are left open stand most often beside an observation.
    let ways = if given.len() > 1 { [observed, given] } else { [given, observed] };
    let mut last = String::from("nothing was tried");
    for names in ways {
        for values in by_distance(names.len(), MADE_UP.len()).into_iter().take(MOST_TRIALS) {
            let entries = names.iter().zip(&values).map(|(name, &k)| format!("\"{name}\": {}", MADE_UP[k]));
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

/// All choices of `n` among `choices`, those with small numbers first.
fn by_distance(n: usize, choices: usize) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..n {
        all = all
            .into_iter()
            .flat_map(|prefix| (0..choices).map(move |k| [prefix.as_slice(), &[k]].concat()))
            .collect();
    }
    all.sort_by_key(|choice| choice.iter().sum::<usize>());
    all
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
    const ONLY_HERE: &[&str] = &[
        "Flat",
        "GeneralizedExtremeValue",
        "Icar",
        "InverseGaussian",
        "Kumaraswamy",
        "LogitNormal",
        "Triangular",
    ];
    for dist in vippl::dist::ALL {
        let elsewhere = dist.elsewhere();
        let without =
            ["RandomWalk", "AutoRegressive"].iter().chain(ONLY_HERE).any(|name| *name == dist.name());
        assert!(elsewhere.stan.is_some() || without, "{} has no name in Stan", dist.name());
        assert!(elsewhere.stan.or(elsewhere.pymc).or(elsewhere.r).is_some(), "{}", dist.name());
    }
}
