//! docs/language.md and docs/cookbook.md are as the catalogues and the examples write them, and what they show works.
//!
//! `VIPPL_UPDATE=1 cargo test --test reference_docs` brings both up to date.

mod common;

use std::fs;
use std::path::Path;

use common::{agree, package, run};
use vippl::report::reference;

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
