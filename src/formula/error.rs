//! What can be wrong with a formula, in the user's terms.

use miette::{Diagnostic, SourceSpan};
use thiserror::Error;

use crate::source::{ErrorList, Phase};

/// All errors of the formulas of a file.
pub type FormulaErrors = ErrorList<FormulaError>;

impl Phase for FormulaError {
    const CODE: &'static str = "vippl::formula";
    const SEVERAL: &'static str = "errors in formulas";
}

#[derive(Clone, Debug, PartialEq, Error, Diagnostic)]
pub enum FormulaError {
    #[error("{message}")]
    #[diagnostic(code(vippl::formula::term))]
    Term {
        message: String,
        #[label("{label}")]
        at: SourceSpan,
        label: String,
        #[help]
        help: Option<String>,
    },

    #[error("`{name}` has one level, {level:?}: it has no effect that could be told from the intercept")]
    #[diagnostic(code(vippl::formula::one_level), help("leave it out of the formula"))]
    OneLevel {
        name: String,
        level: String,
        #[label("the same in every row")]
        at: SourceSpan,
    },

    #[error("{message}")]
    #[diagnostic(code(vippl::formula::option))]
    Option {
        message: String,
        #[label("{label}")]
        at: SourceSpan,
        label: String,
        #[help]
        help: Option<String>,
    },

    #[error("{message}")]
    #[diagnostic(code(vippl::formula::place))]
    Place {
        message: String,
        #[label("{label}")]
        at: SourceSpan,
        label: String,
        #[help]
        help: Option<String>,
    },

    #[error("the design has a column of zeros: `{column}`")]
    #[diagnostic(
        code(vippl::formula::constant),
        help(
            "its coefficient changes nothing: leave the term out, or these rows have too few levels for it"
        )
    )]
    Zero {
        column: String,
        #[label("in this formula")]
        at: SourceSpan,
    },

    #[error("`{column}` is the same in every row: it cannot be told from the intercept")]
    #[diagnostic(code(vippl::formula::constant), help("leave it out, or leave out the intercept: `0 + ...`"))]
    Constant {
        column: String,
        #[label("in this formula")]
        at: SourceSpan,
    },
}

impl FormulaError {
    pub fn at(&self) -> &SourceSpan {
        match self {
            FormulaError::Term { at, .. }
            | FormulaError::OneLevel { at, .. }
            | FormulaError::Option { at, .. }
            | FormulaError::Place { at, .. }
            | FormulaError::Zero { at, .. }
            | FormulaError::Constant { at, .. } => at,
        }
    }
}

/// What is odd about a formula, though it can be fitted.
#[derive(Clone, Debug, PartialEq, Error, Diagnostic)]
pub enum FormulaAdvice {
    #[error("columns of the design depend on each other: {}", dependencies.join("; "))]
    #[diagnostic(
        severity(Warning),
        code(vippl::formula::collinear),
        help("the data do not tell their coefficients apart, the prior alone does: leave terms out")
    )]
    Collinear {
        /// `x3` is made of `x1`, `x2`
        dependencies: Vec<String>,
        #[label("in this formula")]
        at: SourceSpan,
    },

    #[error("nothing says on which scale this formula predicts: its priors are for a scale of about 1")]
    #[diagnostic(
        severity(Advice),
        code(vippl::formula::scale),
        help("`vippl expand` shows them; `lm(..., prior = D, intercept = D, sd = D)` changes them")
    )]
    UnknownScale {
        #[label("neither the mean of a distribution nor under a known link")]
        at: SourceSpan,
    },
}
