//! What a person sees for each model under `examples/errors`: a snapshot of every report, and docs/errors.md.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::documents::hold;
use common::{files_with, package};
use miette::Report;
use vippl::compile::CompileOptions;
use vippl::data::DataArg;
use vippl::report::{Style, diagnostic};
use vippl::session::{self, FitRequest, Request, SampleRequest};
use vippl::source::Source;

/// Columns of the reports in the snapshots.
const WIDTH: usize = 100;

#[test]
fn syntax() {
    reports("syntax", 35, &["vippl::syntax"]);
}

#[test]
fn check() {
    reports("check", 45, &["vippl::check", "vippl::compile"]);
}

#[test]
fn data() {
    reports("data", 35, &["vippl::data", "vippl::compile", "vippl::check"]);
}

#[test]
fn formula() {
    reports("formula", 11, &["vippl::formula", "vippl::check", "vippl::compile", "vippl::syntax"]);
}

#[test]
fn fit() {
    reports("fit", 3, &["vippl::fit"]);
}

#[test]
fn sample() {
    reports("sample", 2, &["vippl::sample"]);
}

/// Compares the report on each of the (at least `n`) models of a folder with its snapshot; codes begin with one of `phases`.
fn reports(folder: &str, n: usize, phases: &[&str]) {
    let models = files_with(&package().join("examples/errors").join(folder), &["vim"]);
    assert!(models.len() >= n, "{folder} has {} models", models.len());
    let mut failures = Vec::new();
    for model in models {
        let name = model.file_stem().expect("a name").to_string_lossy().into_owned();
        let (warnings, error) = run(&model);
        if error.is_none() && warnings.is_empty() {
            failures.push(format!("{folder}/{name}: nothing is wrong"));
            continue;
        }
        for report in warnings.iter().chain(&error) {
            let code = report.code().map(|code| code.to_string()).unwrap_or_default();
            if !phases.iter().any(|phase| code.starts_with(phase)) {
                failures.push(format!("{folder}/{name}: the code is {code:?}"));
            }
        }
        let text = printed(&warnings, &error);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(format!("snapshots/errors/{folder}"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let compared =
            settings.bind(|| std::panic::catch_unwind(|| insta::assert_snapshot!(name.as_str(), text)));
        if compared.is_err() {
            failures.push(format!("{folder}/{name}: another report than in its snapshot"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The page shows models of these folders, the tables that they meet and what is said, and lists all of them.
#[test]
fn the_page_on_errors_is_up_to_date() {
    hold("docs/errors.md", |directive, argument, _| match directive {
        "error" => {
            let model = package().join(format!("examples/errors/{argument}.vim"));
            let table = model.with_extension("csv");
            let (warnings, error) = run(&model);
            let mut blocks = vec![format!("```\n{}\n```", text(&model))];
            blocks.extend(table.exists().then(|| format!("```csv\n{}\n```", text(&table))));
            blocks.push(format!("```text\n{}\n```", printed(&warnings, &error).trim()));
            Some(blocks.join("\n\n"))
        }
        "models" => {
            let models = files_with(&package().join("examples/errors").join(argument), &["vim"]);
            Some(models.iter().map(|model| entry(argument, model)).collect::<Vec<_>>().join("\n"))
        }
        _ => None,
    });
}

/// A line of a list: a model with the comment that it begins with.
fn entry(folder: &str, model: &Path) -> String {
    let name = model.file_stem().expect("a name").to_string_lossy();
    let about = text(model).lines().next().and_then(|line| line.strip_prefix("# ")).map(str::to_string);
    let about = about.map(|about| format!(": {about}")).unwrap_or_default();
    format!("- [{name}](../examples/errors/{folder}/{name}.vim){about}")
}

fn text(file: &Path) -> String {
    let read = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    read.trim_end().to_string()
}

/// What a terminal of `WIDTH` columns shows.
fn printed(warnings: &[Report], error: &Option<Report>) -> String {
    let style = Style { width: WIDTH, ..Style::default() };
    let shown = warnings.iter().chain(error).flat_map(session::in_order);
    shown.map(|diagnostic| diagnostic::render(diagnostic, &style)).collect::<Vec<_>>().join("\n")
}

/// Runs a model with the data beside it, if there are any, as far as it goes: warnings and the error that ends it.
fn run(model: &Path) -> (Vec<Report>, Option<Report>) {
    let folder = model.parent().expect("a folder");
    let read = session::read_model(model).unwrap_or_else(|report| panic!("{report:?}"));
    let name = model.file_name().expect("a name").to_string_lossy().into_owned();
    let source = Source::new(name, read.text);
    // `model.csv`, and `model.NAME.csv` as NAME.
    let own = model.file_stem().expect("a name").to_string_lossy();
    let argument = |file: PathBuf| {
        let path = file.strip_prefix(package()).expect("in the package").to_path_buf();
        let stem = file.file_stem().expect("a name").to_string_lossy().into_owned();
        match stem.strip_prefix(&*own)?.strip_prefix('.') {
            Some(name) => Some(DataArg::Named { name: name.to_string(), path }),
            None => (stem == own).then_some(DataArg::File(path)),
        }
    };
    let data: Vec<DataArg> = files_with(folder, &["csv", "json"]).into_iter().filter_map(argument).collect();
    if data.is_empty() {
        return match session::check(&source, None, None) {
            Ok(checked) => (checked.warnings, None),
            Err(report) => (Vec::new(), Some(report)),
        };
    }
    let request = Request { model: source, data, drop: Vec::new(), compile: CompileOptions::default() };
    match session::prepare(&request) {
        Ok(prepared) => {
            let error = match folder.ends_with("sample") {
                true => prepared.sample(&SampleRequest::default(), &|_| ()).err(),
                false => prepared.fit(&FitRequest::default(), &mut |_| {}).err(),
            };
            (prepared.warnings.into_iter().chain(prepared.advice).collect(), error)
        }
        Err(report) => (Vec::new(), Some(report)),
    }
}
