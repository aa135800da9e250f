//! Markdown, as far as the language reference uses it, as text for a terminal.

use crate::report::Style;

/// Blanks before code.
const CODE_INDENT: &str = "    ";
/// Widest left column of a table with its texts beside it.
const MAX_LEFT: usize = 34;

/// Paragraphs, lists and tables filled to the width; headings bold; code as it is.
pub fn render(markdown: &str, style: &Style) -> String {
    let mut out = String::new();
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            for code in lines.by_ref().take_while(|line| !line.starts_with("```")) {
                out += format!("{CODE_INDENT}{code}").trim_end();
                out.push('\n');
            }
        } else if line.trim().is_empty() {
            out.push('\n');
        } else if line.starts_with('#') {
            out += &style.bold(&plain(line.trim_start_matches('#').trim()));
            out.push('\n');
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                rows.push(cells(row));
            }
            out += &table(&rows, style.width);
        } else {
            let mut text = line.to_string();
            while let Some(more) = lines.next_if(|line| goes_on(line)) {
                text.push(' ');
                text += more.trim();
            }
            let (first, rest) = if text.starts_with("- ") { ("", "  ") } else { ("", "") };
            out += &wrap(&plain(&text), style.width, first, rest);
        }
    }
    out
}

/// Whether a line belongs to the paragraph or list item above it.
fn goes_on(line: &str) -> bool {
    !line.trim().is_empty() && !["- ", "#", "|", "```"].iter().any(|mark| line.starts_with(mark))
}

/// Without the marks of links and bold type; code stays as it is, in its backquotes.
fn plain(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(k, part)| if k % 2 == 0 { without_links(part) } else { part.to_string() });
    parts.collect::<Vec<_>>().join("`")
}

/// `[label](target)` becomes its label.
fn without_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(middle) = rest.find("](") {
        let (Some(open), Some(end)) = (rest[..middle].rfind('['), rest[middle..].find(')')) else { break };
        out += &rest[..open];
        out += &rest[open + 1..middle];
        rest = &rest[middle + end + 1..];
    }
    (out + rest).replace("**", "")
}

/// Cells of a row; `\|` stands for a bar in one.
fn cells(row: &str) -> Vec<String> {
    let text = row.trim().trim_matches('|').replace("\\|", "\u{0}");
    text.split('|').map(|cell| plain(cell.trim()).replace('\u{0}', "|")).collect()
}

/// The first column beside the others, without the line of dashes and an empty header.
fn table(rows: &[Vec<String>], width: usize) -> String {
    let is_rule = |row: &[String]| row.iter().all(|cell| !cell.is_empty() && cell.chars().all(|c| c == '-'));
    let is_empty = |row: &[String]| row.iter().all(|cell| cell.is_empty());
    let headed = rows.len() > 2 && is_rule(&rows[1]);
    let body = if headed { &rows[2..] } else { rows };
    let pairs: Vec<(String, String)> = body
        .iter()
        .filter(|row| !is_rule(row) && !is_empty(row))
        .map(|row| (row[0].clone(), row[1..].join("  ")))
        .collect();
    columns(&pairs, width)
}

/// Pairs in two columns, the right one filled; it stands below a left one that is too wide.
pub fn columns(pairs: &[(String, String)], width: usize) -> String {
    let length = |text: &str| text.chars().count();
    let left =
        pairs.iter().map(|(left, _)| length(left)).filter(|&n| n <= MAX_LEFT).max().unwrap_or(MAX_LEFT);
    let indent = " ".repeat(left + 2);
    let mut out = String::new();
    for (label, text) in pairs {
        if length(label) <= left {
            let first = format!("{label}{}", " ".repeat(left + 2 - length(label)));
            out += &wrap(text, width, &first, &indent);
        } else {
            out += &wrap(label, width, "", "  ");
            out += &wrap(text, width, &indent, &indent);
        }
    }
    out
}

/// `text` in lines of at most `width` characters where its words allow it, the first after `first`, others after `rest`.
pub fn wrap(text: &str, width: usize, first: &str, rest: &str) -> String {
    let mut out = String::new();
    let mut line = first.to_string();
    let mut empty = true;
    for word in text.split_whitespace() {
        let fits = line.chars().count() + usize::from(!empty) + word.chars().count() <= width;
        if !fits && !empty {
            out += line.trim_end();
            out.push('\n');
            line = rest.to_string();
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line += word;
        empty = false;
    }
    out += line.trim_end();
    out.push('\n');
    out
}
