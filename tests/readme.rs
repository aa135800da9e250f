//! The README's commands, run again: they print what it says they print.

mod common;

use common::{agree, copy, package, run};

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
