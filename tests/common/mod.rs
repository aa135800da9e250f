//! What several tests do: fit the model of a folder, look at its parameters.

// Each test file uses its own part of this.
#![allow(dead_code)]

pub mod documents;
pub mod reference;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use miette::Report;
use vippl::compile::CompileOptions;
use vippl::data::DataArg;
use vippl::posterior::{Posterior, Summary};
use vippl::session::{self, FitRequest, Prepared, Request};
use vippl::source::Source;

/// The root of the package.
pub fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder, sorted, whose names have one of these extensions.
pub fn files_with(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| extensions.iter().any(|x| e == *x)))
        .collect();
    files.sort();
    files
}

/// The examples: folders with a `model.vim` and data.
pub fn examples() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(package().join("examples"))
        .expect("examples")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("model.vim").exists())
        .collect();
    folders.sort();
    folders
}

/// Cases and examples: folders with a model and its data.
pub fn models() -> Vec<PathBuf> {
    let cases = std::fs::read_dir(package().join("tests/cases")).expect("the cases");
    let cases =
        cases.map(|entry| entry.expect("an entry").path()).filter(|path| path.join("model.vim").exists());
    let mut folders: Vec<PathBuf> = cases.chain(examples()).collect();
    folders.sort();
    folders
}

/// A model with a table, which is written to a file for it.
pub fn prepare_csv(model: &str, data: &str) -> Prepared {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("d.csv");
    std::fs::write(&path, data).expect("written");
    let model = Source::new("m.vim", model);
    let compile = CompileOptions::default();
    let request = Request { model, data: vec![DataArg::File(path)], drop: Vec::new(), compile };
    session::prepare(&request).unwrap_or_else(|report| panic!("{report:?}"))
}

/// `data.csv` or `data.json` of a folder.
pub fn data_of(folder: &Path) -> PathBuf {
    ["data.csv", "data.json"]
        .map(|name| folder.join(name))
        .into_iter()
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{} has no data", folder.display()))
}

/// The data of a folder, and the tables beside them that are joined with them: `schools.csv` as `schools`.
pub fn tables_of(folder: &Path) -> Vec<DataArg> {
    let data = data_of(folder);
    let others = files_with(folder, &["csv"]).into_iter().filter(|path| *path != data);
    let named = others.map(|path| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        DataArg::Named { name, path }
    });
    let named: Vec<DataArg> = named.collect();
    std::iter::once(DataArg::File(data)).chain(named).collect()
}

/// Reads, checks and compiles `model.vim` with the data beside it.
pub fn prepare(folder: &Path) -> Result<Prepared, Report> {
    session::prepare(&Request {
        model: session::read_model(&folder.join("model.vim"))?,
        data: tables_of(folder),
        drop: Vec::new(),
        compile: CompileOptions::default(),
    })
}

/// Fits `model.vim` to the data beside it, with the options that `vippl fit` has by itself.
pub fn fit(folder: &Path) -> Result<Posterior, Report> {
    prepare(folder)?.fit(&FitRequest::default(), &mut |_| {})
}

/// Summaries by the names of the elements: `tau`, `alpha[HENNEPIN]`.
pub fn elements(posterior: &Posterior) -> BTreeMap<String, Summary> {
    posterior
        .quantities
        .iter()
        .flat_map(|quantity| {
            let summaries = posterior.summaries_of(quantity).iter().enumerate();
            summaries.map(|(i, summary)| (quantity.element_name(i), *summary))
        })
        .collect()
}

/// Relative difference up to which two printed numbers agree: the last digits depend on the processor.
const TOLERANCE: f64 = 0.02;
/// The same for numbers near zero.
const ABSOLUTE: f64 = 0.01;

/// Runs a line of a shell in a folder, with vippl on its path and without colours.
pub fn run(command: &str, folder: &Path) -> Output {
    let binary = Path::new(env!("CARGO_BIN_EXE_vippl")).parent().expect("a folder");
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env("PATH", path)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "80")
        .output()
        .expect("sh runs")
}

/// Copies a folder with all it holds.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("a copy");
        }
    }
}

/// Whether two outputs are alike, word by word; numbers up to the tolerance, lines with times not at all.
pub fn agree(expected: &str, found: &str) -> Result<(), String> {
    let lines = |text: &str| -> Vec<String> {
        let timed = |line: &&str| line.contains(" ms") || line.contains(" µs") || line.contains(" s (load");
        text.lines().filter(|line| !timed(line) && !line.trim().is_empty()).map(str::to_string).collect()
    };
    let (expected, found) = (lines(expected), lines(found));
    if expected.len() != found.len() {
        return Err(format!("the document shows {} lines, and there are {}", expected.len(), found.len()));
    }
    for (a, b) in expected.iter().zip(&found) {
        let same = a.split_whitespace().count() == b.split_whitespace().count()
            && a.split_whitespace().zip(b.split_whitespace()).all(|(a, b)| a == b || close(a, b));
        if !same {
            return Err(format!("document: {a}\nfound:    {b}"));
        }
    }
    Ok(())
}

fn close(a: &str, b: &str) -> bool {
    let number = |word: &str| {
        word.trim_matches(|c: char| !c.is_ascii_digit() && c != '-' && c != '.').parse::<f64>().ok()
    };
    match (number(a), number(b)) {
        (Some(a), Some(b)) => (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()) + ABSOLUTE,
        _ => false,
    }
}
