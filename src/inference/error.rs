//! What keeps a fit from starting.

use miette::{Diagnostic, SourceSpan};
use thiserror::Error;

#[derive(Clone, Debug, Diagnostic, Error, PartialEq)]
pub enum InferenceError {
    #[error(
        "the log density is not finite at any of {tried} starting points: `{statement}` is {value}{place}"
    )]
    #[diagnostic(code(vippl::fit::no_finite_start), help("{help}"))]
    NoFiniteStart {
        statement: String,
        /// Element of [`crate::density::LogDensity::pointwise`] whose log likelihood is not finite.
        row: Option<usize>,
        /// ` at its observation 3`, where the row is known to be the statement's.
        place: String,
        /// `-inf`, `inf` or `NaN`
        value: f64,
        tried: usize,
        help: &'static str,
        #[label("not finite")]
        at: SourceSpan,
    },

    #[error("`{name}` is a `param`, a point estimate: it has no distribution to be sampled from")]
    #[diagnostic(
        code(vippl::sample::point_estimate),
        help("give it a prior, `{name} ~ ...`, or fit the model: `vippl fit` finds its best value")
    )]
    PointEstimate {
        name: String,
        #[label("without a prior")]
        at: SourceSpan,
    },

    #[error("the model has no continuous latents: there is nothing to sample")]
    #[diagnostic(code(vippl::sample::nothing), help("`vippl fit` gives the exact log evidence"))]
    NothingToSample,

    #[error("the sampler failed: {cause}")]
    #[diagnostic(code(vippl::sample::failed))]
    Sampler { cause: String },

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
