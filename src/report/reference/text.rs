//! Pages and lists of the reference as text for terminals and pipes.

use super::prose::{columns, render, wrap};
use super::{Entry, Page};
use crate::report::Style;
use crate::report::number::plain;
use crate::report::text::cut;

/// Widest column of signatures in a list, of 80.
const SIGNATURE_SHARE: usize = 46;

/// A page: how the thing is written, what it is, its arguments, facts and example.
pub fn page(page: &Page, style: &Style) -> String {
    let mut out = String::new();
    if let Some(text) = &page.text {
        out += &style.bold(&page.entry.summary);
        out += "\n\n";
        return out + &render(text, style);
    }
    for signature in &page.entry.signatures {
        out += &style.bold(signature);
        out.push('\n');
    }
    out += &wrap(&page.entry.summary, style.width, "  ", "  ");
    if !page.arguments.is_empty() {
        out.push('\n');
        out += &arguments(page, style);
    }
    let mut rows: Vec<(String, String)> = Vec::new();
    rows.extend(page.facts.iter().map(|fact| (format!("  {}", fact.title), fact.text.clone())));
    if let Some(example) = &page.example {
        rows.push(("  example".into(), example.text.clone()));
        rows.extend(example.result.iter().map(|result| ("  result".into(), result.clone())));
    }
    if !rows.is_empty() {
        out.push('\n');
        out += &columns(&rows, style.width);
    }
    if let Some(names) = &page.elsewhere {
        let rows: Vec<(String, String)> =
            names.given().map(|(system, name)| (format!("  {system:4}"), name.to_string())).collect();
        out.push('\n');
        out += &columns(&rows, style.width);
    }
    out
}

/// Name, range with the default, and what the argument is, in columns.
fn arguments(page: &Page, style: &Style) -> String {
    let width_of = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
    let range = |argument: &super::Argument| match argument.default {
        Some(default) => format!("{}, default {}", argument.range, plain(default)),
        None => argument.range.clone(),
    };
    let name = width_of(&mut page.arguments.iter().map(|argument| argument.name.chars().count()));
    let ranges = width_of(&mut page.arguments.iter().map(|argument| range(argument).chars().count()));
    let indent = " ".repeat(name + ranges + 6);
    let line = |argument: &super::Argument| {
        let first = format!("  {:name$}  {:ranges$}  ", argument.name, range(argument));
        wrap(&argument.doc, style.width, &first, &indent)
    };
    page.arguments.iter().map(line).collect()
}

/// Entries one a line, under their headings.
pub fn list(entries: &[Entry], style: &Style) -> String {
    let most = style.width.saturating_mul(SIGNATURE_SHARE) / 80;
    let mut out = String::new();
    for (k, group) in entries.chunk_by(|a, b| (a.kind, &a.group) == (b.kind, &b.group)).enumerate() {
        if k > 0 {
            out.push('\n');
        }
        let first = &group[0];
        let title = if first.group.is_empty() { first.kind.title() } else { &first.group };
        out += &style.bold(title);
        out.push('\n');
        let signatures: Vec<String> = group.iter().map(Entry::compact).collect();
        let lengths = signatures.iter().map(|signature| signature.chars().count());
        let column = lengths.filter(|&n| n <= most).max().unwrap_or(0);
        for (entry, signature) in group.iter().zip(&signatures) {
            let mut line = format!("  {signature:column$}  ");
            if signature.chars().count() > column {
                // Too long for its column: a line of its own, so that what is said stays in line.
                out += &cut(line.trim_end(), style.width);
                out.push('\n');
                line = " ".repeat(column + 4);
            }
            line += entry.summary.trim_end_matches('.');
            out += &cut(line.trim_end(), style.width);
            out.push('\n');
        }
    }
    out
}
