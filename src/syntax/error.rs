//! What can be wrong with the text of a model, in the words that a person reads.

use std::fmt;

use miette::Diagnostic;
use thiserror::Error;

use crate::source::Span;

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
