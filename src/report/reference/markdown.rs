//! The parts of docs/language.md that the catalogues write.

use super::{Argument, Entry, Kind, Page, Subject, distribution};
use crate::dist;
use crate::report::number::plain;

/// The part of this name: `overview`, `distributions`, `wrappers`, `questions`, `functions`, `operators`, `constraints`, `recentred`,
/// `elsewhere`.
pub fn section(name: &str) -> Option<String> {
    let pages = |kind: Kind| -> Vec<Page> {
        Subject::all().iter().filter(|subject| subject.kind() == kind).map(Subject::page).collect()
    };
    match name {
        "overview" => Some(overview(&pages(Kind::Distribution))),
        "recentred" => Some(recentred()),
        "distributions" => Some(grouped(&pages(Kind::Distribution), entries)),
        "wrappers" => Some(grouped(&pages(Kind::Wrapper), entries)),
        "questions" => Some(grouped(&pages(Kind::Question), examples)),
        "functions" => Some(grouped(&pages(Kind::Function), examples)),
        "operators" => Some(grouped(&pages(Kind::Operator), examples)),
        "constraints" => Some(grouped(&pages(Kind::Constraint), constraints)),
        "elsewhere" => {
            let kinds = [Kind::Distribution, Kind::Wrapper, Kind::Question];
            Some(elsewhere(&kinds.map(pages).concat()))
        }
        _ => None,
    }
}

/// The distributions by their supports.
fn overview(pages: &[Page]) -> String {
    let support = |page: &Page| {
        let fact = page.facts.iter().find(|fact| fact.title == "support");
        fact.map(|fact| fact.text.clone()).unwrap_or_default()
    };
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for page in pages {
        let (support, signature) = (support(page), code(&page.entry.compact()));
        match rows.iter_mut().find(|(known, _)| *known == support) {
            Some((_, signatures)) => signatures.push(signature),
            None => rows.push((support, vec![signature])),
        }
    }
    let mut out = String::from("| on | distributions |\n|---|---|\n");
    for (support, signatures) in &rows {
        out += &row(&[support, &signatures.join(" ")]);
    }
    out
}

/// The distributions whose latents can be looked at in other coordinates.
fn recentred() -> String {
    let names =
        dist::ALL.iter().filter(|dist| distribution::is_recentred(**dist)).map(|dist| code(dist.name()));
    format!("{}.\n", names.collect::<Vec<String>>().join(", "))
}

/// Each group under its heading.
fn grouped(pages: &[Page], render: fn(&[Page]) -> String) -> String {
    let groups = pages.chunk_by(|a, b| a.entry.group == b.entry.group);
    let parts: Vec<String> = groups
        .map(|group| match group[0].entry.group.as_str() {
            "" => render(group),
            title => format!("### {title}\n\n{}", render(group)),
        })
        .collect();
    parts.join("\n")
}

/// An entry with its arguments, density and example for each.
fn entries(pages: &[Page]) -> String {
    let one = |page: &Page| {
        let Entry { name, signatures, summary, .. } = &page.entry;
        let ways: Vec<String> = signatures.iter().map(|signature| code(signature)).collect();
        let summary = summary.trim_end_matches('.');
        let mut out = format!("#### {name}\n\n{}: {summary}.\n\n", ways.join(" or "));
        let arguments: Vec<String> = page.arguments.iter().map(argument).collect();
        if !arguments.is_empty() {
            out += &format!("- arguments: {}\n", arguments.join("; "));
        }
        for fact in &page.facts {
            let text = if fact.title == "answers" { fact.text.clone() } else { code(&fact.text) };
            out += &format!("- {}: {text}\n", fact.title);
        }
        if let Some(example) = &page.example {
            out += &format!("- example: {}\n", code(&example.text));
        }
        out
    };
    pages.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// `shape` (positive): what it is.
fn argument(argument: &Argument) -> String {
    let Argument { name, range, default, doc } = argument;
    let default = default.map(|value| format!(", default {}", plain(value))).unwrap_or_default();
    format!("{} ({range}{default}): {doc}", code(name))
}

/// A table of what functions do, with an example of each.
fn examples(pages: &[Page]) -> String {
    let mut out = String::from("| | | example | |\n|---|---|---|---|\n");
    for page in pages {
        let signature = page.entry.signatures.first().map(|signature| code(signature)).unwrap_or_default();
        let example = page.example.as_ref();
        let text = example.map(|example| code(&example.text)).unwrap_or_default();
        let result = example.and_then(|example| example.result.as_deref()).map(code).unwrap_or_default();
        out += &row(&[&signature, &page.entry.summary, &text, &result]);
    }
    out
}

fn constraints(pages: &[Page]) -> String {
    let mut out = String::from("| support | | of |\n|---|---|---|\n");
    for page in pages {
        let users: Vec<&str> = page.facts.iter().map(|fact| fact.text.as_str()).collect();
        out += &row(&[&page.entry.name, &page.entry.summary, &users.join(", ")]);
    }
    out
}

/// What things are called in other systems.
fn elsewhere(pages: &[Page]) -> String {
    let mut out = String::from("| vippl | Stan | PyMC | R |\n|---|---|---|---|\n");
    for page in pages {
        let Some(names) = page.elsewhere else { continue };
        let cell = |name: Option<&str>| name.map(code).unwrap_or_default();
        out += &row(&[&code(&page.entry.name), &cell(names.stan), &cell(names.pymc), &cell(names.r)]);
    }
    out
}

fn row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

fn code(text: &str) -> String {
    format!("`{text}`")
}
