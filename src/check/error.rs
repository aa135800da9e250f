//! What checking can find wrong with a model, in the user's terms.

use miette::{Diagnostic, LabeledSpan, SourceSpan};
use thiserror::Error;

use crate::source::{ErrorList, Phase, Source, Span};

/// All errors of a model file in the order of the text.
pub type CheckErrors = ErrorList<CheckError>;

impl Phase for CheckError {
    const CODE: &'static str = "vippl::check";
    const SEVERAL: &'static str = "errors in the model";
}

impl CheckErrors {
    pub(super) fn in_order(source: &Source, mut errors: Vec<CheckError>) -> CheckErrors {
        errors.sort_by_key(CheckError::offset);
        errors.dedup();
        ErrorList::new(source, errors)
    }
}

/// One thing that is wrong, with the places it concerns.
#[derive(Clone, Debug, PartialEq, Error, Diagnostic)]
pub enum CheckError {
    #[error("unknown name `{name}`")]
    #[diagnostic(code(vippl::check::unknown_name))]
    UnknownName {
        name: String,
        #[label("not defined above, and not in the data")]
        at: SourceSpan,
        #[help]
        help: Option<String>,
    },

    #[error("there is no function or distribution `{name}`")]
    #[diagnostic(code(vippl::check::unknown_function))]
    UnknownFunction {
        name: String,
        #[label("unknown")]
        at: SourceSpan,
        #[help]
        help: Option<String>,
    },

    #[error("`{name}` is used before it is defined")]
    #[diagnostic(
        code(vippl::check::order),
        help("move the definition of `{name}` above its first use: a name is defined before it is used")
    )]
    UsedBeforeDefinition {
        name: String,
        #[label("used here")]
        at: SourceSpan,
        #[label("defined here")]
        defined: SourceSpan,
    },

    #[error("`{name}` and `{other}` depend on each other")]
    #[diagnostic(
        code(vippl::check::cycle),
        help(
            "one of them has to do without the other, and stand above it; in a recursion, fill elements: `{name}[t] = ... {name}[t - 1]`"
        )
    )]
    Cycle {
        name: String,
        other: String,
        #[label("`{other}` uses `{name}`")]
        at: SourceSpan,
        #[label("`{name}` leads back to `{other}`")]
        defined: SourceSpan,
    },

    #[error("`{name}` is defined by itself")]
    #[diagnostic(
        code(vippl::check::self_reference),
        help(
            "a name has one value: write a new name, `{name}_new = ...`; in a recursion, fill elements: `{name}[t] = ... {name}[t - 1]`"
        )
    )]
    SelfReference {
        name: String,
        #[label("refers to the `{name}` that is being defined")]
        at: SourceSpan,
    },

    #[error("`{name}` is an argument of its own distribution")]
    #[diagnostic(
        code(vippl::check::self_reference),
        help(
            "what is observed does not depend on itself: write what it does depend on; a recursion has other elements, `y[t] ~ ... y[t - 1]`"
        )
    )]
    OwnArgument {
        name: String,
        #[label("the same `{name}`")]
        at: SourceSpan,
        #[label("observed here")]
        drawn: SourceSpan,
    },

    #[error("`{name}` is defined twice")]
    #[diagnostic(code(vippl::check::redefinition))]
    Redefinition {
        name: String,
        #[label("defined again here")]
        at: SourceSpan,
        #[label("first defined here")]
        first: SourceSpan,
        #[help]
        help: Option<String>,
    },

    #[error("`{name}` is defined here, but it also comes from the data")]
    #[diagnostic(
        code(vippl::check::redefinition),
        help("choose another name, or leave the data's `{name}` out with `--drop {name}`")
    )]
    DefinedInData {
        name: String,
        #[label("the data have a `{name}` too")]
        at: SourceSpan,
    },

    #[error("the brackets of `{name}` are used in two ways")]
    #[diagnostic(
        code(vippl::check::plates),
        help(
            "either one statement with plates, `{name}[n] ~ ...` (n independent draws), or elements throughout, `{name}[1] ~ ...` and `{name}[i] ~ ...` in a loop"
        )
    )]
    MixedPlates {
        name: String,
        #[label("{found}")]
        at: SourceSpan,
        #[label("{before}")]
        other: SourceSpan,
        found: String,
        before: String,
    },

    #[error("{message}")]
    #[diagnostic(code(vippl::check::plates))]
    Plate {
        message: String,
        #[label("{label}")]
        at: SourceSpan,
        label: String,
        #[help]
        help: Option<String>,
    },

    #[error("the latent variable `{name}` inside a loop needs brackets")]
    #[diagnostic(
        code(vippl::check::latent_in_loop),
        help("write `{name}[{index}] ~ ...`: one draw for each {index}")
    )]
    LatentInLoop {
        name: String,
        index: String,
        #[label("drawn anew in every pass of the loop")]
        at: SourceSpan,
    },

    #[error("{message}")]
    #[diagnostic(code(vippl::check::arity))]
    Arity {
        message: String,
        #[label("{label}")]
        at: SourceSpan,
        label: String,
        #[help]
        help: Option<String>,
    },

    #[error("{callee} has no argument `{name}`")]
    #[diagnostic(code(vippl::check::unknown_argument))]
    UnknownArgument {
        callee: String,
        name: String,
        #[label("unknown argument")]
        at: SourceSpan,
        #[help]
        help: Option<String>,
    },

    #[error("the argument `{name}` is given twice")]
    #[diagnostic(code(vippl::check::duplicate_argument), help("{signature}"))]
    DuplicateArgument {
        name: String,
        signature: String,
        #[label("again here")]
        at: SourceSpan,
        #[label("given here")]
        first: SourceSpan,
    },

    #[error("`{first_name}` and `{second_name}` are alternative arguments of {callee}: give one of them")]
    #[diagnostic(code(vippl::check::alternative_arguments), help("{signature}"))]
    AlternativeArguments {
        callee: String,
        first_name: String,
        second_name: String,
        signature: String,
        #[label("one")]
        first: SourceSpan,
        #[label("the other")]
        at: SourceSpan,
    },

    #[error("{message}")]
    #[diagnostic(code(vippl::check::argument_range))]
    ArgumentRange {
        message: String,
        #[label("{label}")]
        at: SourceSpan,
        label: String,
        #[help]
        help: Option<String>,
    },

    /// A number where a distribution is wanted, a distribution where a number is, and the like.
    #[error("{message}")]
    #[diagnostic(code("vippl::check::type"))]
    Type {
        message: String,
        #[label("{label}")]
        at: SourceSpan,
        label: String,
        #[help]
        help: Option<String>,
    },

    #[error("{message}")]
    #[diagnostic(code(vippl::check::shape))]
    Shape {
        message: String,
        #[label(collection)]
        labels: Vec<LabeledSpan>,
        #[help]
        help: Option<String>,
    },

    #[error("{message}")]
    #[diagnostic(code(vippl::check::index))]
    Index {
        message: String,
        #[label(collection)]
        labels: Vec<LabeledSpan>,
        #[help]
        help: Option<String>,
    },

    #[error("{place} must be known from the data, but `{latent}` is not")]
    #[diagnostic(code(vippl::check::data_only))]
    DataOnly {
        place: String,
        latent: String,
        #[label(collection)]
        labels: Vec<LabeledSpan>,
        #[help]
        help: Option<String>,
    },

    #[error("this index depends on the continuous latent `{latent}`")]
    #[diagnostic(
        code(vippl::check::index),
        help(
            "an index is an int: from the data, a loop variable, or a discrete latent such as `z ~ Categorical(p)`"
        )
    )]
    ContinuousIndex {
        latent: String,
        #[label(collection)]
        labels: Vec<LabeledSpan>,
    },

    #[error("{message}")]
    #[diagnostic(code(vippl::check::statement))]
    Statement {
        message: String,
        #[label("{label}")]
        at: SourceSpan,
        label: String,
        #[help]
        help: Option<String>,
    },

    #[error("the function `{name}` calls itself")]
    #[diagnostic(
        code(vippl::check::recursion),
        help(
            "functions cannot be recursive; a recursion over elements is a loop: `for t in 2:T {{ h[t] = ... h[t - 1] }}`"
        )
    )]
    Recursion {
        name: String,
        #[label("calls `{name}` while it is being defined")]
        at: SourceSpan,
    },

    #[error("the function `{name}` does not return a value on every path")]
    #[diagnostic(
        code(vippl::check::missing_return),
        help("end the body, and every branch of a final `if`, with `return ...`")
    )]
    MissingReturn {
        name: String,
        #[label("this function")]
        at: SourceSpan,
    },

    #[error("not supported yet: {feature}")]
    #[diagnostic(code(vippl::check::not_supported_yet))]
    NotSupportedYet {
        feature: String,
        #[label("part of the language, but not built yet")]
        at: SourceSpan,
        #[help]
        help: Option<String>,
    },

    #[error("`{name}` has an improper prior and nothing observes it")]
    #[diagnostic(
        code(vippl::check::improper),
        help(
            "no observed statement depends on `{name}`, so its posterior is not a distribution: give it a proper prior such as Normal(0, 1), or use it in the model of the data"
        )
    )]
    ImproperUnobserved {
        name: String,
        #[label("flat prior here")]
        at: SourceSpan,
    },

    #[error("nothing observes the parameter `{name}`")]
    #[diagnostic(
        code(vippl::check::unobserved),
        help(
            "no `~` statement or factor depends on `{name}`, so there is nothing to learn it from: use it, or remove it"
        )
    )]
    ParamUnobserved {
        name: String,
        #[label("declared here")]
        at: SourceSpan,
    },

    #[error("{message}")]
    #[diagnostic(code(vippl::check::data))]
    Data {
        message: String,
        #[label("{label}")]
        at: SourceSpan,
        label: String,
        #[help]
        help: Option<String>,
    },
}

impl CheckError {
    /// The byte where the error is, for sorting.
    pub fn offset(&self) -> usize {
        self.labels()
            .and_then(|mut labels| labels.find(LabeledSpan::primary).or_else(|| self.labels()?.next()))
            .map_or(0, |label| label.offset())
    }

    /// The stable code, such as `vippl::check::shape`.
    pub fn code_text(&self) -> String {
        self.code().map_or_else(String::new, |code| code.to_string())
    }
}

/// A label that says where the trouble is.
pub(super) fn primary(span: Span, text: impl Into<String>) -> LabeledSpan {
    LabeledSpan::new_primary_with_span(Some(text.into()), SourceSpan::from(span))
}

/// A label that says where one side of it came from.
pub(super) fn secondary(span: Span, text: impl Into<String>) -> LabeledSpan {
    LabeledSpan::new_with_span(Some(text.into()), SourceSpan::from(span))
}
