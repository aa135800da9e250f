//! What can be wrong once a model meets its data.

use miette::Diagnostic;
use thiserror::Error;

use crate::builtin::CallError;
use crate::source::{ErrorList, Phase, Span};

/// All errors of one compilation, with the text they point into.
pub type CompileErrors = ErrorList<CompileError>;

impl Phase for CompileError {
    const CODE: &'static str = "vippl::compile";
    const SEVERAL: &'static str = "errors where the model meets the data";
}

#[derive(Clone, Debug, Error, Diagnostic)]
pub enum CompileError {
    #[error("`{name}` is neither defined in the model nor in the data")]
    #[diagnostic(code(vippl::compile::unknown_name), help("{help}"))]
    UnknownName {
        name: String,
        help: String,
        #[label("not found")]
        at: Span,
    },

    #[error("{message}")]
    #[diagnostic(code(vippl::compile::call))]
    Call {
        message: String,
        #[help]
        help: Option<String>,
        #[label("here")]
        at: Span,
    },

    #[error("shapes do not fit: {left} against {right}")]
    #[diagnostic(
        code(vippl::compile::shape),
        help("two different lengths never broadcast; shapes align from the right")
    )]
    Shape {
        left: String,
        right: String,
        #[label("{left}")]
        left_at: Span,
        #[label("{right}")]
        right_at: Span,
    },

    #[error("the distribution has shape {distribution}, but `{value}` has shape {found}")]
    #[diagnostic(
        code(vippl::compile::shape),
        help("arguments broadcast to the shape on the left of `~`, never beyond it")
    )]
    DistributionShape {
        value: String,
        found: String,
        distribution: String,
        #[label("{found}")]
        value_at: Span,
        #[label("{distribution}")]
        distribution_at: Span,
    },

    #[error("index {index}{place} is outside 1..{length}")]
    #[diagnostic(
        code(vippl::compile::index),
        help("indices start at 1; this dimension has {length} elements")
    )]
    IndexRange {
        index: i64,
        length: usize,
        /// ` (`group[3]`)` or nothing.
        place: String,
        #[label("out of range")]
        at: Span,
    },

    #[error("{message}")]
    #[diagnostic(code(vippl::compile::index))]
    Index {
        message: String,
        #[help]
        help: Option<String>,
        #[label("here")]
        at: Span,
    },

    #[error("no level `{level}` here")]
    #[diagnostic(code(vippl::compile::level), help("{help}"))]
    Level {
        level: String,
        help: String,
        #[label("this dimension has no such level")]
        at: Span,
    },

    #[error("this must be known from the data, but depends on a latent variable")]
    #[diagnostic(code(vippl::compile::data_only), help("{help}"))]
    DataOnly {
        help: String,
        #[label("depends on a latent variable")]
        at: Span,
    },

    #[error("{message}")]
    #[diagnostic(code(vippl::compile::data))]
    Data {
        message: String,
        #[help]
        help: Option<String>,
        #[label("needed here")]
        at: Span,
    },

    #[error("`{value}` is {found}{place}, but a value of {distribution} {violation}")]
    #[diagnostic(code(vippl::compile::support), help("{help}"))]
    Support {
        /// `y[17]`
        value: String,
        /// ` in iteration 3` or nothing.
        place: Box<str>,
        found: f64,
        distribution: Box<str>,
        violation: Box<str>,
        help: Box<str>,
        #[label("outside the support of {distribution}")]
        at: Span,
    },

    #[error("{distribution}'s {argument} {violation}{place}")]
    #[diagnostic(code(vippl::compile::argument_range))]
    ArgumentRange {
        distribution: Box<str>,
        argument: &'static str,
        /// `must be positive, but is -1`
        violation: String,
        /// ` in `s[3]`` or nothing.
        place: String,
        #[help]
        help: String,
        #[label("out of range")]
        at: Span,
    },

    #[error("{element} is used before it is defined")]
    #[diagnostic(
        code(vippl::compile::undefined_element),
        help("elements are defined in file order, loops in the order of their iterations")
    )]
    UndefinedElement {
        element: String,
        #[label("used here")]
        at: Span,
    },

    #[error("{element} is not defined, though other elements of the array are")]
    #[diagnostic(code(vippl::compile::missing_element), help("every element must be defined exactly once"))]
    MissingElement {
        element: String,
        #[label("the whole array is used here")]
        at: Span,
    },

    #[error("{element} is defined twice")]
    #[diagnostic(code(vippl::compile::redefined_element), help("every element must be defined exactly once"))]
    RedefinedElement {
        element: String,
        #[label("defined again here")]
        at: Span,
    },

    #[error("the discrete latent `{name}` cannot be summed out: {reason}")]
    #[diagnostic(code(vippl::compile::elimination), help("{help}"))]
    Elimination {
        name: String,
        reason: String,
        help: String,
        #[label("cannot be summed out")]
        at: Span,
    },

    #[error("`{name}` is a latent, and {distribution} is a distribution of data only")]
    #[diagnostic(code(vippl::compile::latent), help("{help}"))]
    OfDataOnly {
        name: String,
        distribution: String,
        help: &'static str,
        #[label("of data only")]
        at: Span,
    },

    #[error("not supported yet: {feature}")]
    #[diagnostic(code(vippl::compile::not_supported_yet))]
    NotSupportedYet {
        feature: String,
        #[help]
        help: Option<String>,
        #[label("here")]
        at: Span,
    },

    #[error("{name} would have {elements} elements, more than fit in memory")]
    #[diagnostic(
        code(vippl::compile::too_large),
        help("check its size: a plate has one element per level or row, a loop one iteration per value")
    )]
    TooLarge {
        name: String,
        elements: u128,
        #[label("too large")]
        at: Span,
    },

    #[error("this statement could not be compiled")]
    #[diagnostic(code(vippl::compile::internal), help("this is a mistake in vippl: please report the model"))]
    Internal {
        #[label("here")]
        at: Span,
    },

    /// What has to be the same in every pass of a loop is not: the loop around it is traced for each kind of pass.
    #[error("{}", _0.error)]
    Varies(Box<super::ragged::Varies>),

    /// A name whose definition failed: reported there, not again at every use.
    #[error("a name that could not be compiled")]
    Poisoned,
}

impl CompileError {
    pub fn call(error: CallError, at: Span) -> Self {
        CompileError::Call { message: error.message, help: error.help, at }
    }

    pub fn unsupported(feature: impl Into<String>, at: Span) -> Self {
        CompileError::NotSupportedYet { feature: feature.into(), help: None, at }
    }
}
