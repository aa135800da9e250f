//! All mistakes of one text in order, and what follows from them.

use super::error::SyntaxError;
use crate::source::{ErrorList, Phase, Source, Span};

/// Everything that is wrong with a text, in its order, with the text.
pub type SyntaxErrors = ErrorList<SyntaxError>;

impl Phase for SyntaxError {
    const CODE: &'static str = "vippl::syntax";
    const SEVERAL: &'static str = "syntax errors";
    const LIMIT: usize = SyntaxErrors::LIMIT;
}

impl SyntaxErrors {
    /// Errors are reported up to here; a text with more is not a model with slips in it.
    pub const LIMIT: usize = 50;

    /// Puts the errors in order; there must be at least one.
    pub(super) fn in_order(source: &Source, mut errors: Vec<SyntaxError>) -> Self {
        errors.sort_by_key(|error| (error.span().start, error.span().end));
        errors.dedup();
        drop_consequences(source, &mut errors);
        ErrorList::new(source, errors)
    }

    /// Whether the text may only lack its end, so that a prompt should ask for another line.
    pub fn is_incomplete(&self) -> bool {
        self.errors().iter().all(|error| {
            matches!(
                error,
                SyntaxError::Unclosed { .. } | SyntaxError::Incomplete { at_end_of_text: true, .. }
            )
        })
    }
}

/// A quote that is never closed hides the rest of its line: brackets that are open there are no mistakes of their own.
fn drop_consequences(source: &Source, errors: &mut Vec<SyntaxError>) {
    let quotes: Vec<Span> = errors
        .iter()
        .filter_map(|error| match error {
            SyntaxError::UnclosedQuote { at, .. } => Some(*at),
            _ => None,
        })
        .collect();
    let same_line = |a: u32, b: u32| a <= b && !source.slice(Span { start: a, end: b }).contains('\n');
    errors.retain(|error| match error {
        SyntaxError::Unclosed { at, .. } => !quotes.iter().any(|quote| same_line(at.start, quote.start)),
        _ => true,
    });
}
