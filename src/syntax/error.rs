//! What can be wrong with the text of a model, in the words that a person reads.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};
use thiserror::Error;

use crate::source::{Source, Span};

/// One mistake in the text.
#[derive(Clone, Debug, PartialEq, Error, Diagnostic)]
pub enum SyntaxError {
    // Characters and words
    #[error("`{found}` is not a character of the language")]
    #[diagnostic(code(vippl::syntax::character), help("{help}"))]
    UnexpectedCharacter {
        found: String,
        help: String,
        #[label("here")]
        at: Span,
    },

    #[error("there is no operator `{found}`")]
    #[diagnostic(code(vippl::syntax::operator), help("{help}"))]
    ForeignOperator {
        found: String,
        help: String,
        #[label("here")]
        at: Span,
    },

    #[error("`{found}` is reserved")]
    #[diagnostic(
        code(vippl::syntax::reserved),
        help(
            "\"or\" is `||`; a choice between values is `where(c, a, b)`; `|` and `|>` are kept for the REPL and for formulas"
        )
    )]
    Reserved {
        found: String,
        #[label("here")]
        at: Span,
    },

    #[error("`{found}` does not begin a comment")]
    #[diagnostic(
        code(vippl::syntax::comment),
        help("a comment begins with `#`; whole-number division is the function `div(a, b)`")
    )]
    ForeignComment {
        found: String,
        #[label("this is not read")]
        at: Span,
    },

    #[error("this {what} is never closed")]
    #[diagnostic(
        code(vippl::syntax::unclosed_quote),
        help("close it with {mark} on the same line{}", if *.mark == '"' { "" } else { "; the transpose is `'`" })
    )]
    UnclosedQuote {
        what: Quote,
        mark: char,
        #[label("opened here")]
        at: Span,
    },

    #[error("there is no escape `{found}` in strings")]
    #[diagnostic(
        code(vippl::syntax::escape),
        help("a string knows `\\\"` and `\\\\`; every other character stands for itself")
    )]
    BadEscape {
        found: String,
        #[label("here")]
        at: Span,
    },

    #[error("a name cannot be empty")]
    #[diagnostic(code(vippl::syntax::empty_name), help("write a column's name between the backquotes"))]
    EmptyName {
        #[label("nothing between the backquotes")]
        at: Span,
    },

    #[error("a name has no dots")]
    #[diagnostic(
        code(vippl::syntax::dotted_name),
        help("write `{instead}`, or, for a column called so, put the whole name in backquotes")
    )]
    DottedName {
        found: String,
        instead: String,
        #[label("`{found}`")]
        at: Span,
    },

    // Numbers
    #[error("a number has digits on both sides of its point")]
    #[diagnostic(code(vippl::syntax::number), help("write `{instead}`"))]
    BareDot {
        found: String,
        instead: String,
        #[label("`{found}`")]
        at: Span,
    },

    #[error("`{found}` is not a number")]
    #[diagnostic(code(vippl::syntax::number), help("{help}"))]
    BadNumber {
        found: String,
        help: String,
        #[label("here")]
        at: Span,
    },

    #[error("this whole number is too large")]
    #[diagnostic(
        code(vippl::syntax::number_range),
        help("ints go up to {}; write a larger number as a real, like `1e20`", i64::MAX)
    )]
    IntTooLarge {
        #[label("here")]
        at: Span,
    },

    #[error("this number is too large")]
    #[diagnostic(code(vippl::syntax::number_range), help("reals go up to 1.8e308; infinity is `inf`"))]
    RealTooLarge {
        #[label("here")]
        at: Span,
    },

    #[error("the text is too long")]
    #[diagnostic(code(vippl::syntax::too_long), help("a model file is at most 4 GB"))]
    TooLong,

    // Layout
    #[error("this `{open}` is never closed")]
    #[diagnostic(code(vippl::syntax::unclosed), help("add the `{close}` that belongs to it"))]
    Unclosed {
        open: char,
        close: char,
        #[label("opened here")]
        at: Span,
    },

    #[error("this `{close}` closes nothing")]
    #[diagnostic(code(vippl::syntax::unmatched), help("remove it, or add the `{open}` that it should close"))]
    Unmatched {
        open: char,
        close: char,
        #[label("no `{open}` is open here")]
        at: Span,
    },

    #[error("a `;` ends a statement, but brackets are still open")]
    #[diagnostic(code(vippl::syntax::semicolon), help("separate arguments, indices and elements with `,`"))]
    SemicolonInBrackets {
        #[label("inside brackets")]
        at: Span,
        #[label("opened here")]
        opener: Span,
    },

    #[error("two statements on one line")]
    #[diagnostic(
        code(vippl::syntax::separator),
        help("put a newline or a `;` between the `}}` and the next statement")
    )]
    MissingSeparator {
        #[label("the next statement begins here")]
        at: Span,
    },

    #[error("brackets nest more than {limit} deep")]
    #[diagnostic(
        code(vippl::syntax::too_deep),
        help("name an inner part in a statement of its own: `u = ...`")
    )]
    NestedTooDeep {
        limit: usize,
        #[label("one level too many")]
        at: Span,
    },

    #[error("this expression is more than {limit} operations deep")]
    #[diagnostic(
        code(vippl::syntax::too_deep),
        help(
            "name parts of it in statements of their own, or write a long sum as `sum([...])` or `X @ beta`"
        )
    )]
    ExpressionTooDeep {
        limit: usize,
        #[label("here")]
        at: Span,
    },

    // Statements and expressions
    #[error("expected {expected}, found {found}")]
    #[diagnostic(code(vippl::syntax::unexpected))]
    Unexpected {
        found: String,
        expected: String,
        #[help]
        help: Option<String>,
        #[label("not expected here")]
        at: Span,
    },

    #[error("the statement stops too early: expected {expected}")]
    #[diagnostic(code(vippl::syntax::incomplete))]
    Incomplete {
        expected: String,
        #[help]
        help: Option<String>,
        #[label("after this")]
        at: Span,
        /// Nothing follows in the text, so that more input could complete it.
        at_end_of_text: bool,
    },

    #[error("comparisons cannot be chained")]
    #[diagnostic(
        code(vippl::syntax::chained_comparison),
        help("join two comparisons with `&&`: `a < b && b < c`; or group one with parentheses")
    )]
    ChainedComparison {
        #[label("a second comparison")]
        at: Span,
    },

    #[error("a range has two ends and no step")]
    #[diagnostic(
        code(vippl::syntax::chained_range),
        help("write `a:b`; numbers at other distances come from `seq(...)`")
    )]
    ChainedRange {
        #[label("a second `:`")]
        at: Span,
    },

    #[error("only a name or an element of one can be defined")]
    #[diagnostic(code(vippl::syntax::target))]
    BadTarget {
        #[help]
        help: Option<String>,
        #[label("this is neither `x` nor `x[i]`")]
        at: Span,
    },

    #[error("the left of `=` between arguments is the argument's name")]
    #[diagnostic(
        code(vippl::syntax::argument_name),
        help("write `f(x, sd = 1)`; equality is tested with `==`")
    )]
    BadArgumentName {
        #[label("this is not a name")]
        at: Span,
    },

    #[error("only a name can be called")]
    #[diagnostic(
        code(vippl::syntax::call),
        help("a product needs its `*`; a function is called by its name: `f(x)`")
    )]
    NotCallable {
        #[label("this is not the name of a function")]
        at: Span,
    },

    #[error("this expression is not a statement")]
    #[diagnostic(code(vippl::syntax::statement))]
    BareExpression {
        #[help]
        help: Option<String>,
        #[label("nothing is done with it")]
        at: Span,
    },

    #[error("`<-` does not define anything")]
    #[diagnostic(
        code(vippl::syntax::assignment),
        help("write `{name} = ...` to define it, `{name} ~ ...` to give it a distribution")
    )]
    LeftArrow {
        name: String,
        #[label("this reads as \"less than minus\"")]
        at: Span,
    },

    #[error("there are no declarations")]
    #[diagnostic(
        code(vippl::syntax::declaration),
        help(
            "a name on the left of `~` that is not in the data is a latent, and its support comes from its \
             distribution (`sigma ~ HalfNormal(1)`); data can be declared with `data x: real[N]`"
        )
    )]
    Declaration {
        #[label("no type is needed")]
        at: Span,
    },

    #[error("there is no statement `{word}`")]
    #[diagnostic(code(vippl::syntax::word), help("{help}"))]
    ForeignWord {
        word: String,
        help: String,
        #[label("here")]
        at: Span,
    },

    #[error("there are no blocks like `{block} {{ ... }}`")]
    #[diagnostic(
        code(vippl::syntax::block),
        help(
            "write the statements one below the other; what is data and what is latent follows from the data"
        )
    )]
    ForeignBlock {
        block: String,
        #[label("remove this and its braces")]
        at: Span,
    },

    #[error("`return` stands outside a function")]
    #[diagnostic(
        code(vippl::syntax::return_outside),
        help("a quantity of the model is defined with `x = ...` and reported by itself")
    )]
    ReturnOutside {
        #[label("here")]
        at: Span,
    },
}

/// What a quotation mark opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    Name,
    String,
}

impl fmt::Display for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Quote::Name => "backquoted name",
            Quote::String => "string",
        })
    }
}

impl SyntaxError {
    /// Where it is; the first label.
    pub fn span(&self) -> Span {
        use SyntaxError::*;
        match self {
            UnexpectedCharacter { at, .. }
            | ForeignOperator { at, .. }
            | Reserved { at, .. }
            | ForeignComment { at, .. }
            | UnclosedQuote { at, .. }
            | BadEscape { at, .. }
            | EmptyName { at }
            | DottedName { at, .. }
            | BareDot { at, .. }
            | BadNumber { at, .. }
            | IntTooLarge { at }
            | RealTooLarge { at }
            | Unclosed { at, .. }
            | Unmatched { at, .. }
            | SemicolonInBrackets { at, .. }
            | MissingSeparator { at }
            | NestedTooDeep { at, .. }
            | ExpressionTooDeep { at, .. }
            | Unexpected { at, .. }
            | Incomplete { at, .. }
            | ChainedComparison { at }
            | ChainedRange { at }
            | BadTarget { at, .. }
            | BadArgumentName { at }
            | NotCallable { at }
            | BareExpression { at, .. }
            | LeftArrow { at, .. }
            | Declaration { at }
            | ForeignWord { at, .. }
            | ForeignBlock { at, .. }
            | ReturnOutside { at } => *at,
            TooLong => Span::default(),
        }
    }
}

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
