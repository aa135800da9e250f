//! Errors and warnings with the source that they point into.

use std::fmt::Write;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, Severity};

use super::Style;

/// Bytes of a source line up to which it is shown. Longer ones help nobody, and beyond 65,535 columns they cannot be
/// formatted.
const MAX_LINE: usize = 4_000;

/// A diagnostic as people see it; ends with a newline.
pub fn render(diagnostic: &dyn Diagnostic, style: &Style) -> String {
    if points_into_long_line(diagnostic) {
        return plain(diagnostic);
    }
    let theme = if style.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(style.width.max(40));
    let mut text = String::new();
    match handler.render_report(&mut text, diagnostic) {
        Ok(()) => text,
        // A span outside its source: the words still stand.
        Err(_) => plain(diagnostic),
    }
}

/// Whether a line that would be shown for a label, or the one before or after it, is too long to show.
fn points_into_long_line(diagnostic: &dyn Diagnostic) -> bool {
    has_long_line(diagnostic, diagnostic.source_code())
}

/// What is related to a diagnostic points into its source where it has none of its own.
fn has_long_line(diagnostic: &dyn Diagnostic, outer: Option<&dyn miette::SourceCode>) -> bool {
    let source = diagnostic.source_code().or(outer);
    let is_long = |span: &miette::SourceSpan| {
        let contents = source.and_then(|source| source.read_span(span, 1, 1).ok());
        contents
            .is_some_and(|contents| contents.data().split(|&b| b == b'\n').any(|line| line.len() > MAX_LINE))
    };
    diagnostic.labels().is_some_and(|mut labels| labels.any(|label| is_long(label.inner())))
        || diagnostic.related().is_some_and(|mut related| related.any(|one| has_long_line(one, source)))
}

/// Code, message, places and help without the source.
fn plain(diagnostic: &dyn Diagnostic) -> String {
    let mut text = String::new();
    write_plain(&mut text, diagnostic, diagnostic.source_code());
    text
}

fn write_plain(text: &mut String, diagnostic: &dyn Diagnostic, outer: Option<&dyn miette::SourceCode>) {
    let source = diagnostic.source_code().or(outer);
    let sign = match diagnostic.severity() {
        None | Some(Severity::Error) => "×",
        Some(Severity::Warning) => "⚠",
        Some(Severity::Advice) => "☞",
    };
    // Writing to a string does not fail.
    if let Some(code) = diagnostic.code() {
        let _ = writeln!(text, "{code}\n");
    }
    let _ = writeln!(text, "  {sign} {diagnostic}");
    for label in diagnostic.labels().into_iter().flatten() {
        let Some(contents) = source.and_then(|source| source.read_span(label.inner(), 0, 0).ok()) else {
            continue;
        };
        let name = contents.name().map_or_else(String::new, |name| format!("{name}, "));
        let words = label.label().map_or_else(String::new, |words| format!(": {words}"));
        let (line, column) = (contents.line() + 1, contents.column() + 1);
        let _ = writeln!(text, "    {name}line {line}, column {column}{words}");
    }
    if let Some(help) = diagnostic.help() {
        let _ = writeln!(text, "  help: {help}");
    }
    for related in diagnostic.related().into_iter().flatten() {
        text.push('\n');
        write_plain(text, related, source);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::syntax;

    #[test]
    fn a_line_too_long_to_show_is_named_by_its_place() {
        let text = format!("a = 1\nb = {}1 +* 2\n", "1 + ".repeat(20_000));
        let errors = syntax::parse(&Source::new("long.vim", text)).unwrap_err();
        let shown = render(&errors, &Style::default());
        assert!(shown.len() < 1_000, "{} bytes", shown.len());
        assert!(
            shown.contains("vippl::syntax::") && shown.contains("long.vim, line 2, column 8000"),
            "{shown}"
        );
        let errors = syntax::parse(&Source::new("short.vim", "b = 1 +* 2\n")).unwrap_err();
        assert!(render(&errors, &Style::default()).contains("b = 1 +* 2"));
    }
}
