//! Source texts, places in them, and the list of what is wrong with one.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};

/// A model file (or a line typed at the REPL) with the name that reports show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub name: Arc<str>,
    pub text: Arc<str>,
}

impl Source {
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Source { name: name.into(), text: text.into() }
    }

    /// The text that `span` covers.
    pub fn slice(&self, span: Span) -> &str {
        &self.text[span.start as usize..span.end as usize]
    }

    /// 1-based line and column (in characters) of a byte offset.
    pub fn line_column(&self, offset: u32) -> (usize, usize) {
        let before = &self.text[..offset as usize];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// For miette: the text under its name.
    pub fn named(&self) -> NamedSource<Arc<str>> {
        NamedSource::new(self.name.as_ref(), self.text.clone())
    }
}

/// A half-open range of bytes in a [`Source`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(start: usize, end: usize) -> Self {
        Span { start: start as u32, end: end as u32 }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

impl From<Span> for miette::SourceSpan {
    fn from(span: Span) -> Self {
        (span.start as usize, (span.end - span.start) as usize).into()
    }
}

/// The errors of one phase on the way from text to program, as a list of them introduces itself.
pub trait Phase: Diagnostic {
    /// Code of several at once: `vippl::check`.
    const CODE: &'static str;
    /// What follows their number: `errors in the model`.
    const SEVERAL: &'static str;
    /// Most that are listed.
    const LIMIT: usize = usize::MAX;
}

/// All errors that a phase found in a text, with the text.
///
/// As a [`Diagnostic`] one error is reported as itself, several as a list under a line that counts them.
#[derive(Clone, Debug)]
pub struct ErrorList<E> {
    source: NamedSource<Arc<str>>,
    errors: Vec<E>,
    /// Beyond the limit there were others.
    more: bool,
}

impl<E: Phase> ErrorList<E> {
    /// At least one error, in the order of the report.
    pub fn new(source: &Source, mut errors: Vec<E>) -> Self {
        let more = errors.len() > E::LIMIT;
        errors.truncate(E::LIMIT);
        ErrorList { source: source.named(), errors, more }
    }

    pub fn errors(&self) -> &[E] {
        &self.errors
    }

    /// Each error on its own, with the text it is about.
    pub fn into_reports(self) -> impl Iterator<Item = miette::Report>
    where
        E: Send + Sync + 'static,
    {
        let source = self.source;
        self.errors.into_iter().map(move |error| miette::Report::new(error).with_source_code(source.clone()))
    }

    fn only(&self) -> Option<&E> {
        match self.errors.as_slice() {
            [error] => Some(error),
            _ => None,
        }
    }
}

impl<E: Phase> fmt::Display for ErrorList<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.only() {
            Some(error) => fmt::Display::fmt(error, f),
            None => {
                let more = if self.more { "more than " } else { "" };
                write!(f, "{more}{} {}", self.errors.len(), E::SEVERAL)
            }
        }
    }
}

impl<E: Phase> std::error::Error for ErrorList<E> {}

impl<E: Phase> Diagnostic for ErrorList<E> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        match self.only() {
            Some(error) => error.code(),
            None => Some(Box::new(E::CODE)),
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
