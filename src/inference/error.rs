//! What keeps a fit from starting.

use miette::{Diagnostic, SourceSpan};
use thiserror::Error;

#[derive(Clone, Debug, Diagnostic, Error, PartialEq)]
pub enum InferenceError {
    #[error(
        "the log density is not finite at any of {tried} starting points: `{statement}` is {value}{}",
        row.map_or(String::new(), |row| format!(" at its observation {}", row + 1))
    )]
    #[diagnostic(code(vippl::fit::no_finite_start), help("{help}"))]
    NoFiniteStart {
        statement: String,
        /// Observed element of the statement whose log likelihood is not finite, from 0.
        row: Option<usize>,
        /// `-inf`, `inf` or `NaN`
        value: f64,
        tried: usize,
        help: &'static str,
        #[label("not finite")]
        at: SourceSpan,
    },

    #[error(
        "the log density has no finite gradient at any of {tried} starting points: its derivative by {coordinate} is {value}"
    )]
    #[diagnostic(
        code(vippl::fit::no_finite_gradient),
        help("a function in the model may have no derivative there, such as sqrt at 0")
    )]
    NoFiniteGradient {
        coordinate: String,
        value: f64,
        tried: usize,
        #[label("introduces {coordinate}")]
        at: SourceSpan,
    },
}
