//! All mistakes of one text together with the text, as one diagnostic.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};

use super::error::SyntaxError;
use crate::source::{Source, Span};

/// Everything that is wrong with a text, in its order, with the text.
///
/// As a [`Diagnostic`] one error is reported as itself, several as a list under a line that counts them.
#[derive(Clone, Debug)]
pub struct SyntaxErrors {
    source: NamedSource<Arc<str>>,
    errors: Vec<SyntaxError>,
    /// Later errors were not looked for.
    more: bool,
}

impl SyntaxErrors {
    /// Errors are reported up to here; a text with more is not a model with slips in it.
    pub const LIMIT: usize = 50;

    /// Puts the errors in order; there must be at least one.
    pub(super) fn new(source: &Source, mut errors: Vec<SyntaxError>) -> Self {
        errors.sort_by_key(|error| (error.span().start, error.span().end));
        errors.dedup();
        drop_consequences(source, &mut errors);
        let more = errors.len() > Self::LIMIT;
        errors.truncate(Self::LIMIT);
        SyntaxErrors { source: source.named(), errors, more }
    }

    /// The errors, by their place in the text.
    pub fn errors(&self) -> &[SyntaxError] {
        &self.errors
    }

    /// Each error on its own, with the text it is about.
    pub fn into_reports(self) -> impl Iterator<Item = miette::Report> {
        let source = self.source;
        self.errors.into_iter().map(move |error| miette::Report::new(error).with_source_code(source.clone()))
    }

    /// Whether the text may only lack its end, so that a prompt should ask for another line.
    pub fn is_incomplete(&self) -> bool {
        self.errors.iter().all(|error| {
            matches!(
                error,
                SyntaxError::Unclosed { .. } | SyntaxError::Incomplete { at_end_of_text: true, .. }
            )
        })
    }

    fn only(&self) -> Option<&SyntaxError> {
        match self.errors.as_slice() {
            [error] => Some(error),
            _ => None,
        }
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

impl fmt::Display for SyntaxErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.only() {
            Some(error) => error.fmt(f),
            None if self.more => write!(f, "more than {} syntax errors", Self::LIMIT),
            None => write!(f, "{} syntax errors", self.errors.len()),
        }
    }
}

impl std::error::Error for SyntaxErrors {}

impl Diagnostic for SyntaxErrors {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        match self.only() {
            Some(error) => error.code(),
            None => Some(Box::new("vippl::syntax")),
        }
    }

    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.only()?.help()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.only()?.labels()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        if self.only().is_some() {
            return None;
        }
        Some(Box::new(self.errors.iter().map(|error| error as &dyn Diagnostic)))
    }
}
