//! Errors together with what is known beyond them.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, Report, Severity, SourceCode};

const NO_DATA_HELP: &str = "no data were given: `--data FILE`, at the prompt `:data FILE`";

/// Ends of the codes of errors about names that data give, and about latents where there should be data.
const ABOUT_DATA: [&str; 7] = [
    "::unknown_name",
    "::order",
    "::data_only",
    "::check::index",
    "::compile::elimination",
    "::compile::data_only",
    "::compile::latent",
];

/// An error of a model without data, with a word about them where it could come from that: a name that nobody defines, or a latent
/// where there should be data, is most often in data that were not given.
pub(super) fn with_help_on_data(error: Report) -> Report {
    if wants_data(error.as_ref()) {
        Failed { error, warnings: Vec::new(), help: Some(NO_DATA_HELP) }.into()
    } else {
        error
    }
}

/// Whether an error, or one of several, would not be one had data been given.
fn wants_data(error: &dyn Diagnostic) -> bool {
    error.code().is_some_and(|code| {
        let code = code.to_string();
        ABOUT_DATA.iter().any(|end| code.ends_with(end))
    }) || error.related().is_some_and(|mut related| related.any(wants_data))
}

/// An error that comes together with the warnings before it: they often say why.
pub(super) fn with_warnings(error: Report, warnings: Vec<Report>) -> Report {
    if warnings.is_empty() { error } else { Failed { error, warnings, help: None }.into() }
}

/// What to show for a report, in this order: the warnings that came before an error, and the error.
pub fn in_order(report: &Report) -> Vec<&dyn Diagnostic> {
    let warnings = report.downcast_ref::<Failed>().map_or(&[][..], |failed| &failed.warnings);
    warnings.iter().chain([report]).map(|report| -> &dyn Diagnostic { report.as_ref() }).collect()
}

/// An error with what is known beyond it: warnings that came before it, a help beside its own.
#[derive(Debug)]
struct Failed {
    error: Report,
    warnings: Vec<Report>,
    help: Option<&'static str>,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Failed {}

impl Diagnostic for Failed {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.error.code()
    }

    fn severity(&self) -> Option<Severity> {
        self.error.severity()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        match (self.error.help(), self.help) {
            (Some(own), Some(more)) => Some(Box::new(format!("{own}\n{more}"))),
            (own, more) => own.or(more.map(|more| -> Box<dyn fmt::Display> { Box::new(more) })),
        }
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.error.source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.error.labels()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        self.error.related()
    }
}
