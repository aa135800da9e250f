//! A text that is partly copied and partly new, and where each part of it comes from.

use crate::source::{Source, Span};

/// A rewritten text.
#[derive(Clone, Debug)]
pub struct Rewritten {
    pub original: Source,
    pub source: Source,
    /// In the order of the new text, without gaps.
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Where it begins in the new text; it ends where the next one begins.
    start: u32,
    /// What it was copied from, or what it stands for.
    origin: Span,
    is_copy: bool,
}

/// Writes a rewritten text.
pub struct Writer<'a> {
    original: &'a Source,
    text: String,
    pieces: Vec<Piece>,
}

impl<'a> Writer<'a> {
    pub fn new(original: &'a Source) -> Self {
        Writer { original, text: String::new(), pieces: Vec::new() }
    }

    pub fn copy(&mut self, span: Span) {
        self.push(self.original.slice(span), span, true);
    }

    /// Text that stands for a part of the original.
    pub fn write(&mut self, text: &str, origin: Span) {
        self.push(text, origin, false);
    }

    fn push(&mut self, text: &str, origin: Span, is_copy: bool) {
        if !text.is_empty() {
            self.pieces.push(Piece { start: self.text.len() as u32, origin, is_copy });
            self.text.push_str(text);
        }
    }

    pub fn finish(self) -> Rewritten {
        let source = Source { name: self.original.name.clone(), text: self.text.into() };
        Rewritten { original: self.original.clone(), source, pieces: self.pieces }
    }
}

impl Rewritten {
    /// A text that was not rewritten.
    pub fn unchanged(source: &Source) -> Self {
        let mut writer = Writer::new(source);
        writer.copy(Span::new(0, source.text.len()));
        writer.finish()
    }

    pub fn is_unchanged(&self) -> bool {
        self.original.text == self.source.text
    }

    /// Whether a part of the new text is copied as a whole.
    pub fn is_copy(&self, span: Span) -> bool {
        let first = self.pieces.partition_point(|piece| piece.start <= span.start).saturating_sub(1);
        let touched =
            self.pieces[first..].iter().take_while(|piece| piece.start < span.end.max(span.start + 1));
        touched.into_iter().all(|piece| piece.is_copy)
    }

    /// The part of the original that a part of the new text comes from.
    pub fn origin(&self, span: Span) -> Span {
        let piece = |offset: u32| {
            let after = self.pieces.partition_point(|piece| piece.start <= offset);
            self.pieces.get(after.saturating_sub(1)).copied()
        };
        let (Some(first), Some(last)) = (piece(span.start), piece(span.end.max(span.start + 1) - 1)) else {
            return Span::default();
        };
        let start = match first.is_copy {
            true => first.origin.start + (span.start - first.start),
            false => first.origin.start,
        };
        let end = match last.is_copy {
            true => last.origin.start + (span.end - last.start),
            false => last.origin.end,
        };
        Span { start: start.min(end), end: end.max(start) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_copies_are_exact_and_those_of_new_text_are_what_it_stands_for() {
        let source = Source::new("test", "y ~ Normal(lm(x), s)");
        let mut writer = Writer::new(&source);
        let formula = Span::new(11, 16);
        writer.write("b ~ Normal(0, 1)\n", formula);
        writer.copy(Span::new(0, 11));
        writer.write("b * x", formula);
        writer.copy(Span::new(16, 20));
        let rewritten = writer.finish();
        assert_eq!(&*rewritten.source.text, "b ~ Normal(0, 1)\ny ~ Normal(b * x, s)");
        let origin = |text: &str| {
            let start = rewritten.source.text.find(text).expect(text);
            source.slice(rewritten.origin(Span::new(start, start + text.len())))
        };
        assert_eq!(origin("Normal(0, 1)"), "lm(x)");
        assert_eq!(origin("y"), "y");
        assert_eq!(origin("s)"), "s)");
        assert_eq!(origin("* x"), "lm(x)");
        assert_eq!(origin("Normal(b * x, s)"), "Normal(lm(x), s)");
    }
}
