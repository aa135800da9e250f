//! The line of a data file that an error shows: that line alone, under its true line number.

use std::ops::Range;
use std::sync::Arc;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// A longer line is cut to a window of about this many bytes around the place shown.
const MAX_LINE_BYTES: usize = 160;

/// One line of a file (or a window of a long one), which miette prints with the position it has in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// File name, as given.
    pub file: Arc<str>,
    /// The line, or the window of it.
    pub text: String,
    /// 1-based line in the file.
    pub line: usize,
    /// 1-based column in the file, in characters, of the place shown.
    pub column: usize,
    /// Characters of the line left out before `text`.
    skipped: usize,
}

impl Snippet {
    /// The line of `text` that holds the start of `at` (bytes), and `at` within the snippet.
    pub(super) fn new(file: &str, text: &str, at: Range<usize>) -> (Arc<Snippet>, SourceSpan) {
        let start = floor_char_boundary(text, at.start);
        let line_start = text[..start].rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
        let line_end = text[start..].find(['\n', '\r']).map_or(text.len(), |newline| start + newline);
        let end = floor_char_boundary(text, at.end).clamp(start, line_end);

        let mut window = line_start..line_end;
        if window.len() > MAX_LINE_BYTES {
            let from = start.saturating_sub(MAX_LINE_BYTES / 2).max(line_start);
            window.start = floor_char_boundary(text, from);
            window.end = floor_char_boundary(text, (window.start + MAX_LINE_BYTES).min(line_end)).max(start);
        }
        let skipped = text[line_start..window.start].chars().count();
        let span = (start - window.start, end.min(window.end) - start).into();
        let snippet = Snippet {
            file: file.into(),
            text: text[window].to_string(),
            line: line_of(text, start),
            column: text[line_start..start].chars().count() + 1,
            skipped,
        };
        (Arc::new(snippet), span)
    }
}

impl SourceCode for Snippet {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.read_span(span, context_lines_before, context_lines_after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.file.to_string(),
            inner.data(),
            *inner.span(),
            inner.line() + self.line - 1,
            inner.column() + self.skipped,
            inner.line_count(),
        )))
    }
}

/// 1-based line of a byte offset, where `\n`, `\r\n` and a lone `\r` each end a line.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    let bytes = text.as_bytes();
    let ends = |i: &usize| bytes[*i] == b'\n' || (bytes[*i] == b'\r' && bytes.get(*i + 1) != Some(&b'\n'));
    (0..offset.min(bytes.len())).filter(ends).count() + 1
}

fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_three_ways() {
        let text = "a\r\nb\rc\nd";
        let lines: Vec<usize> = "abcd".chars().map(|c| line_of(text, text.find(c).unwrap())).collect();
        assert_eq!(lines, [1, 2, 3, 4]);
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("first\n{}é!{}\nlast", "x".repeat(1000), "y".repeat(1000));
        let at = text.find('!').unwrap();
        let (snippet, span) = Snippet::new("big.json", &text, at..at + 1);
        assert_eq!((snippet.line, snippet.column), (2, 1002));
        assert!(snippet.text.len() <= MAX_LINE_BYTES);
        assert_eq!(&snippet.text[span.offset()..span.offset() + span.len()], "!");
        let contents = snippet.read_span(&span, 0, 0).unwrap();
        assert_eq!((contents.line() + 1, contents.name()), (2, Some("big.json")));
    }

    #[test]
    fn any_range_is_fine() {
        let text = "é,\u{1F600}\r\nz";
        for start in 0..text.len() + 2 {
            for end in 0..text.len() + 2 {
                let (snippet, span) = Snippet::new("f", text, start..end);
                assert!(span.offset() + span.len() <= snippet.text.len());
                snippet.read_span(&span, 1, 1).unwrap();
            }
        }
    }
}
