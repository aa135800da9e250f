//! What is probably not meant, though it can be run.

use miette::{Diagnostic, SourceSpan};
use thiserror::Error;

/// A warning about a model file; spans are places in its source.
#[derive(Clone, Debug, PartialEq, Error, Diagnostic)]
pub enum Lint {
    #[error("`{name}` has the name of a built-in {what}")]
    #[diagnostic(
        severity(Advice),
        code(vippl::check::shadowing),
        help("a call `{name}(...)` still means the built-in one; elsewhere `{name}` is yours")
    )]
    Shadowing {
        name: String,
        what: &'static str,
        #[label("shadows it")]
        at: SourceSpan,
    },

    #[error("`{latent}` is not in the data and so is latent, but the data have an unused `{column}`")]
    #[diagnostic(
        severity(Warning),
        code(vippl::check::misspelt_column),
        help("if it should be observed, write `{column}`")
    )]
    MisspeltColumn {
        latent: String,
        column: String,
        #[label("taken as latent")]
        at: SourceSpan,
    },

    #[error("`{name}` is taken to be data, but is close to `{near}`")]
    #[diagnostic(severity(Warning), code(vippl::check::misspelt_name), help("did you mean `{near}`?"))]
    MisspeltName {
        name: String,
        near: String,
        #[label("not defined in this file")]
        at: SourceSpan,
        #[label("`{near}` is defined here")]
        defined: SourceSpan,
    },

    #[error("`{name}` is used before its `~`, so it is taken to be data")]
    #[diagnostic(
        severity(Advice),
        code(vippl::check::assumed_data),
        help("without `--data` this cannot be known; a latent variable has its `~` above its first use")
    )]
    AssumedData {
        name: String,
        #[label("used here")]
        at: SourceSpan,
        #[label("its `~`")]
        sampled: SourceSpan,
    },

    #[error("the data `{name}` are declared but not used")]
    #[diagnostic(
        severity(Warning),
        code(vippl::check::unused_data),
        help("remove the declaration, or use `{name}`")
    )]
    UnusedData {
        name: String,
        #[label("declared here")]
        at: SourceSpan,
    },

    #[error("the function `{name}` is never called")]
    #[diagnostic(severity(Warning), code(vippl::check::unused_function), help("remove it, or call it"))]
    UnusedFunction {
        name: String,
        #[label("defined here")]
        at: SourceSpan,
    },

    #[error("`{name}` is observed by two statements, so its data count twice")]
    #[diagnostic(
        severity(Warning),
        code(vippl::check::observed_twice),
        help("keep one `~` for `{name}`, or use a mixture if either may have made the data")
    )]
    ObservedTwice {
        name: String,
        #[label("and here")]
        at: SourceSpan,
        #[label("observed here")]
        first: SourceSpan,
    },

    #[error("the whole of `{name}` is observed again in every iteration of the loop")]
    #[diagnostic(
        severity(Warning),
        code(vippl::check::observed_each_iteration),
        help("write `{name}[i] ~ ...` for one element per iteration, or leave the loop out")
    )]
    ObservedEachIteration {
        name: String,
        #[label("counts once per iteration")]
        at: SourceSpan,
    },

    #[error("`{vector} * {matrix}` multiplies the columns of the matrix, not its rows")]
    #[diagnostic(
        severity(Warning),
        code(vippl::check::scaled_columns),
        help(
            "to multiply row i by element i, write `diag({plain}) @ {matrix}`; where columns are meant, `{matrix} * {plain}` says so"
        )
    )]
    ScaledColumns {
        vector: String,
        /// Without a transposition, which a vector does not have.
        plain: String,
        matrix: String,
        #[label("a vector goes along the last dimension")]
        at: SourceSpan,
    },

    #[error("`{subject}` can be {outside}, but `{argument}` of {callee} {must}")]
    #[diagnostic(severity(Warning), code(vippl::check::argument_range), help("{help}"))]
    ArgumentRange {
        subject: String,
        outside: &'static str,
        argument: &'static str,
        callee: &'static str,
        must: &'static str,
        help: String,
        covers: String,
        #[label("`{argument}` of {callee}")]
        at: SourceSpan,
        #[label("{covers}")]
        prior: SourceSpan,
    },

    #[error("this statement is never reached")]
    #[diagnostic(
        severity(Warning),
        code(vippl::check::unreachable),
        help("`return` ends the function: remove what follows it")
    )]
    Unreachable {
        #[label("comes after `return`")]
        at: SourceSpan,
    },
}
