//! Documents with parts that are written by tests: `<!-- directive: argument -->`, the part, `<!-- end -->`.

use std::fs;

use super::package;

/// Set to write the documents instead of comparing them.
const UPDATE: &str = "VIPPL_UPDATE";
const END: &str = "<!-- end -->";

/// Whether documents are written instead of compared.
pub fn updating() -> bool {
    std::env::var_os(UPDATE).is_some()
}

/// Compares a document with what `part(directive, argument, present)` makes of its parts, or writes it; `None` leaves a
/// part as it is.
pub fn hold(document: &str, part: impl FnMut(&str, &str, &str) -> Option<String>) {
    let path = package().join(document);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{document}: {error}"));
    let filled = filled(&text, part);
    if updating() {
        fs::write(&path, filled).expect("the document can be written");
        return;
    }
    let different = text.lines().zip(filled.lines()).position(|(old, new)| old != new);
    let line = different.unwrap_or_else(|| text.lines().count().min(filled.lines().count()));
    assert!(
        text == filled,
        "{document} is not up to date from line {}:\n  it has   {}\n  not      {}\n\
         `{UPDATE}=1 cargo test --test reference_docs --test examples --test coming_from --test errors` writes it anew",
        line + 1,
        text.lines().nth(line).unwrap_or("(end)"),
        filled.lines().nth(line).unwrap_or("(end)"),
    );
}

/// Writes a document with its parts as `part` makes them; see [`hold`].
pub fn write(document: &str, part: impl FnMut(&str, &str, &str) -> Option<String>) {
    let path = package().join(document);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{document}: {error}"));
    fs::write(&path, filled(&text, part)).expect("the document can be written");
}

fn filled(document: &str, mut part: impl FnMut(&str, &str, &str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = document;
    while let Some(at) = rest.find("<!-- ") {
        let begin = at + rest[at..].find("-->\n").expect("a comment ends with its line") + 4;
        let comment = rest[at..begin].trim_start_matches("<!-- ").trim_end_matches("-->\n").trim();
        let (directive, argument) = comment.split_once(": ").unwrap_or_else(|| panic!("{comment}?"));
        let length = rest[begin..].find(END).unwrap_or_else(|| panic!("{comment} has no end"));
        let (present, after) = rest[begin..].split_at(length);
        out += &rest[..begin];
        match part(directive, argument, present.trim()) {
            Some(text) => out += &format!("\n{}\n\n", text.trim_end()),
            None => out += present,
        }
        out += END;
        rest = &after[END.len()..];
    }
    out + rest
}
