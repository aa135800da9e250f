//! What can be wrong with fit files and with questions about a posterior.

use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// A fit file that cannot be written or used.
#[derive(Debug, Error, Diagnostic)]
pub enum FitFileError {
    #[error("cannot read {file}: {cause}")]
    #[diagnostic(
        code(vippl::fit_file::unreadable),
        help("`vippl fit MODEL --data DATA --out FIT` writes a fit file")
    )]
    Unreadable { file: String, cause: std::io::Error },

    #[error("cannot write {file}: {cause}")]
    #[diagnostic(code(vippl::fit_file::unwritable))]
    Unwritable { file: String, cause: std::io::Error },

    #[error("{file} is the model or the data of this fit: nothing is written over it")]
    #[diagnostic(
        code(vippl::fit_file::would_overwrite),
        help("give the fit a file of its own, such as `fit.json`")
    )]
    OverwritesSource { file: String },

    #[error("{file} exists and is not a fit of vippl: nothing is written over it")]
    #[diagnostic(code(vippl::fit_file::would_overwrite), help("give another file, or remove this one first"))]
    OverwritesOther { file: String },

    #[error("{file} is not a fit of vippl: {cause}")]
    #[diagnostic(
        code(vippl::fit_file::not_a_fit),
        help(
            "give the file that `vippl fit MODEL --data DATA --out FIT` wrote; models and data go to `vippl fit`"
        )
    )]
    NotAFit { file: String, cause: String },

    #[error("{file} has fit schema {found}; this vippl reads schema {expected}")]
    #[diagnostic(
        code(vippl::fit_file::schema),
        help(
            "it was written by vippl {version}: fit the model again with this version, or read it with that one"
        )
    )]
    Schema { file: String, found: i64, expected: i64, version: String },

    #[error("{file} is damaged: {cause}")]
    #[diagnostic(code(vippl::fit_file::damaged), help("fit the model again"))]
    Damaged { file: String, cause: String },
}

/// A question to a posterior that has no answer.
#[derive(Debug, Error, Diagnostic)]
pub enum QuestionError {
    #[error("{function} takes {expected}, found {found}")]
    #[diagnostic(code(vippl::ask::arity), help("for example `{example}`"))]
    Arity {
        function: &'static str,
        expected: &'static str,
        found: String,
        example: &'static str,
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        #[label("here")]
        at: SourceSpan,
    },

    #[error("P(...) takes a condition; this is a number")]
    #[diagnostic(
        code(vippl::ask::condition),
        help("compare it with something, for example `P(beta[2] > 0)`")
    )]
    NotACondition {
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        #[label("not true or false")]
        at: SourceSpan,
    },

    #[error("mode(...) takes a discrete latent; this is continuous")]
    #[diagnostic(code(vippl::ask::continuous), help("{help}"))]
    NotDiscrete {
        help: String,
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        #[label("no value of it has a probability")]
        at: SourceSpan,
    },

    #[error("the elements of `{name}` do not depend on each other")]
    #[diagnostic(
        code(vippl::ask::not_coupled),
        help("`mode({name})` is the likeliest value of each; `path` is for chains and their like")
    )]
    NotCoupled {
        name: String,
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        #[label("has no path")]
        at: SourceSpan,
    },

    #[error("{function}(...) takes numbers; these are words")]
    #[diagnostic(code(vippl::ask::words), help("{help}"))]
    Words {
        function: &'static str,
        help: String,
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        #[label("levels of a column of words")]
        at: SourceSpan,
    },

    #[error("`=` names an argument; a comparison is written `==`")]
    #[diagnostic(
        code(vippl::ask::single_equals),
        help("write `P({equal})`, which is 0 for what is continuous; `P({near})` asks for a range")
    )]
    SingleEquals {
        equal: String,
        near: String,
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        #[label("taken for the name of an argument")]
        at: SourceSpan,
    },

    #[error("`{level}` is a level of `{quantity}`, and levels stand in quotes")]
    #[diagnostic(code(vippl::ask::unquoted_level), help("did you mean `{quantity}[\"{level}\"]`?"))]
    UnquotedLevel {
        level: String,
        quantity: String,
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        #[label("no name of the model")]
        at: SourceSpan,
    },

    #[error("cor(...) takes two quantities of the posterior; this does not vary")]
    #[diagnostic(code(vippl::ask::not_random), help("for example `cor(mu, tau)`"))]
    NotRandom {
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        #[label("the same in all draws")]
        at: SourceSpan,
    },

    #[error("cor(...) takes two quantities of one shape, or a scalar: found {} and {}", dims[0], dims[1])]
    #[diagnostic(code(vippl::ask::shapes), help("choose elements, for example `cor(alpha[1], beta)`"))]
    UnlikeShapes {
        dims: [String; 2],
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        #[label("here")]
        at: SourceSpan,
    },

    #[error("the second argument of quantile(...) is not a probability: {found}")]
    #[diagnostic(
        code(vippl::ask::probability),
        help("numbers from 0 to 1: `quantile(tau, 0.9)`, `quantile(tau, [0.05, 0.95])`")
    )]
    NotAProbability {
        found: String,
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        #[label("here")]
        at: SourceSpan,
    },

    #[error(
        "`{name}` has {elements} elements: their probabilities are known, but draws of them are too many to hold"
    )]
    #[diagnostic(
        code(vippl::ask::without_draws),
        help(
            "of one element at a time probabilities answer: `P({element} == 1)`, `mode({name})`; of several together draws do: fit again \
             with fewer of them, such as `--draws 100`"
        )
    )]
    WithoutDraws {
        name: String,
        elements: usize,
        element: String,
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        #[label("takes draws")]
        at: SourceSpan,
    },

    #[error("this has {elements} elements in each of {draws} draws, too many to hold")]
    #[diagnostic(code(vippl::ask::too_large), help("ask for fewer elements, for example `x[1:100]`"))]
    TooLarge {
        elements: usize,
        draws: usize,
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        #[label("here")]
        at: SourceSpan,
    },
}
