//! The README's commands, run again: they print what it says they print.

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::package;

/// Relative difference up to which two printed numbers agree: the last digits depend on the processor.
const TOLERANCE: f64 = 0.02;
/// The same for numbers near zero.
const ABSOLUTE: f64 = 0.01;

/// A line after `$ ` in a block of the README marked `console`, and what is printed below it.
struct Step {
    command: String,
    printed: String,
}

#[test]
fn the_commands_print_what_the_readme_says() {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&package().join("examples"), &folder.path().join("examples"));
    let steps = steps(&std::fs::read_to_string(package().join("README.md")).expect("README.md"));
    assert!(steps.len() >= 6, "{} commands", steps.len());
    for step in &steps {
        let output = run(&step.command, folder.path());
        let found = if output.status.success() { &output.stdout } else { &output.stderr };
        let found = String::from_utf8_lossy(found);
        if let Err(difference) = agree(&step.printed, &found) {
            panic!("$ {}\n{difference}\nIt prints:\n{found}", step.command);
        }
    }
}

#[test]
fn the_models_shown_are_the_examples() {
    let readme = std::fs::read_to_string(package().join("README.md")).expect("README.md");
    let model = std::fs::read_to_string(package().join("examples/radon/model.vim")).expect("a model");
    assert!(readme.contains(model.trim_end()), "README.md shows examples/radon/model.vim as it is");
}

/// The commands of the blocks marked `console` that call vippl (not cargo or git).
fn steps(readme: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let (true, Some(command)) = (inside, line.strip_prefix("$ ")) {
            steps.push(Step { command: command.into(), printed: String::new() });
        } else if let (true, Some(step)) = (inside, steps.last_mut()) {
            step.printed.push_str(line);
            step.printed.push('\n');
        }
    }
    steps.retain(|step| step.command.contains("vippl ") && !step.command.starts_with("cargo"));
    steps
}

fn run(command: &str, folder: &Path) -> Output {
    let binary = Path::new(env!("CARGO_BIN_EXE_vippl")).parent().expect("a folder");
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env("PATH", path)
        .env("NO_COLOR", "1")
        .output()
        .expect("sh runs")
}

fn copy(from: &Path, to: &Path) {
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

/// Word by word; numbers up to the tolerance, lines with times not at all.
fn agree(expected: &str, found: &str) -> Result<(), String> {
    let lines = |text: &str| -> Vec<String> {
        let timed = |line: &&str| line.contains(" ms") || line.contains(" µs") || line.contains(" s (load");
        text.lines().filter(|line| !timed(line) && !line.trim().is_empty()).map(str::to_string).collect()
    };
    let (expected, found) = (lines(expected), lines(found));
    if expected.len() != found.len() {
        return Err(format!("README.md shows {} lines, and there are {}", expected.len(), found.len()));
    }
    for (a, b) in expected.iter().zip(&found) {
        let same = a.split_whitespace().count() == b.split_whitespace().count()
            && a.split_whitespace().zip(b.split_whitespace()).all(|(a, b)| a == b || close(a, b));
        if !same {
            return Err(format!("README.md: {a}\nfound:     {b}"));
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

#[test]
fn the_language_reference_names_everything() {
    let reference = std::fs::read_to_string(package().join("docs/language.md")).expect("docs/language.md");
    let is_operator = |name: &str| matches!(name, "neg" | "range") || !name.starts_with(char::is_alphabetic);
    let names = vippl::builtin::ALL.iter().map(|f| f.name()).filter(|name| !is_operator(name));
    let names = names.chain(vippl::dist::ALL.iter().map(|d| d.name()));
    let names = names.chain(vippl::dist::wrappers::ALL.iter().map(|w| w.name()));
    let words: std::collections::BTreeSet<&str> =
        reference.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let unnamed: Vec<&str> = names.filter(|name| !words.contains(name)).collect();
    assert!(unnamed.is_empty(), "docs/language.md does not name {unnamed:?}");
}

#[test]
fn the_snippets_of_the_language_reference_parse() {
    let reference = std::fs::read_to_string(package().join("docs/language.md")).expect("docs/language.md");
    let blocks: Vec<&str> = reference.split("\n```\n").skip(1).step_by(2).collect();
    assert!(blocks.len() >= 2, "{} blocks", blocks.len());
    for block in blocks {
        let source = vippl::source::Source::new("docs/language.md", block);
        vippl::syntax::parse(&source).unwrap_or_else(|errors| panic!("{:?}", miette::Report::new(errors)));
    }
}
