//! What can be wrong with data files, in the words people see.

use std::sync::Arc;

use miette::{Diagnostic, SourceSpan};
use thiserror::Error;

use super::snippet::Snippet;

/// Data that cannot be used. Lines and columns count from 1.
#[derive(Debug, Error, Diagnostic)]
pub enum DataError {
    #[error("cannot read {file}: {cause}")]
    #[diagnostic(code(vippl::data::unreadable), help("{help}"))]
    Unreadable { file: String, cause: std::io::Error, help: &'static str },

    #[error("line {line} of {file} is not UTF-8 text")]
    #[diagnostic(code(vippl::data::encoding), help("{help}"))]
    NotUtf8 { file: String, line: usize, help: &'static str },

    #[error("{file} is empty")]
    #[diagnostic(
        code(vippl::data::empty),
        help(
            "a CSV file has a line of column names and one line for each row; a JSON file is an object of names and values"
        )
    )]
    Empty { file: String },

    #[error("{file} has column names but no rows")]
    #[diagnostic(code(vippl::data::no_rows), help("each line below the names is a row"))]
    NoRows { file: String },

    #[error("{file} has no column names: its first line holds numbers only")]
    #[diagnostic(
        code(vippl::data::no_header),
        help(
            "put a line of column names first, or bind the whole file as a matrix with `--data NAME={file}`"
        )
    )]
    NoHeader {
        file: String,
        #[source_code]
        snippet: Arc<Snippet>,
        #[label("names are expected here")]
        at: SourceSpan,
    },

    #[error("columns {first} and {second} of {file} are both called `{name}`")]
    #[diagnostic(code(vippl::data::duplicate_column), help("give each column a name of its own"))]
    DuplicateColumn {
        file: Arc<str>,
        name: String,
        first: usize,
        second: usize,
        #[source_code]
        snippet: Arc<Snippet>,
        #[label("this name is taken")]
        at: SourceSpan,
    },

    #[error("line {line} of {file} has {found} field{}, but its header has {expected}", if *found == 1 { "" } else { "s" })]
    #[diagnostic(code(vippl::data::ragged), help("{help}"))]
    Ragged {
        file: Arc<str>,
        line: usize,
        found: usize,
        expected: usize,
        help: &'static str,
        #[source_code]
        snippet: Arc<Snippet>,
        #[label("{label}")]
        at: SourceSpan,
        label: String,
    },

    #[error("column `{column}` of {file} has a number that is too large at line {line}: {cell}")]
    #[diagnostic(
        code(vippl::data::too_large),
        help(
            "numbers go up to 1.8e308; correct it, leave the cell empty if the value is missing, or write `Inf` for a bound that is infinite"
        )
    )]
    TooLarge {
        file: Arc<str>,
        column: String,
        line: usize,
        cell: String,
        #[source_code]
        snippet: Arc<Snippet>,
        #[label("too large")]
        at: SourceSpan,
    },

    #[error("a quoted field of {file} that opens at line {line}, column {column} is never closed")]
    #[diagnostic(
        code(vippl::data::unclosed_quote),
        help("close it with `\"`; inside a quoted field a quote is written twice")
    )]
    UnclosedQuote {
        file: String,
        line: usize,
        column: usize,
        #[source_code]
        snippet: Arc<Snippet>,
        #[label("opened here")]
        at: SourceSpan,
    },

    #[error("{file}, line {line}, column {column}: {message}")]
    #[diagnostic(code(vippl::data::json_syntax), help("{help}"))]
    JsonSyntax {
        file: Arc<str>,
        line: usize,
        column: usize,
        message: String,
        help: &'static str,
        #[source_code]
        snippet: Arc<Snippet>,
        #[label("here")]
        at: SourceSpan,
    },

    #[error("{message}")]
    #[diagnostic(code(vippl::data::json_value), help("{help}"))]
    JsonValue {
        message: String,
        help: &'static str,
        #[source_code]
        snippet: Arc<Snippet>,
        #[label("found here")]
        at: SourceSpan,
    },

    #[error("{file} holds {found}, not an object of names and values")]
    #[diagnostic(
        code(vippl::data::json_top_level),
        help("write {{\"name\": value, ...}}, or bind the value to a name with `--data NAME={file}`")
    )]
    JsonTopLevel { file: String, found: &'static str },

    #[error("`{name}` is in both {first} and {second}")]
    #[diagnostic(
        code(vippl::data::duplicate),
        help(
            "rename or remove one of them; a table with one row for each value of `{name}` is joined with `--data NAME=FILE`"
        )
    )]
    Duplicate { name: String, first: Arc<str>, second: Arc<str> },

    #[error("`--drop {name}`: the data has no `{name}`")]
    #[diagnostic(code(vippl::data::unknown_drop), help("{help}"))]
    UnknownDrop { name: String, help: String },

    #[error("`{name}={file}` names one value, but {file} has {found}")]
    #[diagnostic(
        code(vippl::data::not_one_value),
        help(
            "`--data NAME=FILE` takes a file with a single column, a matrix of numbers, one JSON value, or a table to join: with a column that another table has too; `--data FILE` keeps the file's own names"
        )
    )]
    NotOneValue { name: String, file: String, found: String },

    #[error("{file} has several columns that the other data have too: {names}")]
    #[diagnostic(
        code(vippl::data::several_keys),
        help("a table is joined by one column, its key: remove or rename the others")
    )]
    SeveralKeys { file: String, names: String },

    #[error("{file} has two rows for `{level}` of `{key}`: {first} and {second}")]
    #[diagnostic(
        code(vippl::data::key_twice),
        help("a table that is joined by `{key}` has one row for each of its values")
    )]
    KeyTwice { file: String, key: String, level: String, first: usize, second: usize },

    #[error("row {row} of {file} has no `{key}`")]
    #[diagnostic(
        code(vippl::data::key_missing),
        help("the table is joined by `{key}`: each of its rows needs one")
    )]
    KeyMissing { file: String, key: String, row: usize },

    #[error("{file} has no row for {n} of the values of `{key}` in {of}: {levels}")]
    #[diagnostic(
        code(vippl::data::key_absent),
        help("add a row for each, with empty cells where nothing is known, or remove their rows from {of}")
    )]
    KeyAbsent { file: String, key: String, n: usize, levels: String, of: String },

    #[error("`{name}` is in both {first} and {second}")]
    #[diagnostic(
        code(vippl::data::duplicate),
        help("rename one of them, or remove it: only the column that joins the tables is in both")
    )]
    JoinedTwice { name: String, first: String, second: String },

    #[error("`--data {argument}` {problem}")]
    #[diagnostic(code(vippl::data::argument), help("write `--data FILE` or `--data NAME=FILE`"))]
    Argument { argument: String, problem: &'static str },
}

/// Data that is usable, but perhaps not what was meant. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
pub enum DataWarning {
    #[error(
        "column `{column}` of {file} has {n_words} of {n_cells} cells that are not numbers (first at line {line}: \"{cell}\"); read as category"
    )]
    #[diagnostic(
        severity(Warning),
        code(vippl::data::mostly_numbers),
        help("correct those cells, or leave them empty (or `NA`) if the value is missing")
    )]
    MostlyNumbers {
        file: Arc<str>,
        column: String,
        n_words: usize,
        n_cells: usize,
        line: usize,
        cell: String,
    },

    #[error(
        "column `{column}` of {file} has decimal commas (first at line {line}: \"{cell}\"); read as real numbers"
    )]
    #[diagnostic(
        severity(Warning),
        code(vippl::data::decimal_commas),
        help("where the comma separates thousands instead, remove it from the file")
    )]
    DecimalCommas { file: Arc<str>, column: String, line: usize, cell: String },

    #[error(
        "column `{column}` of {file} has commas in its numbers (first at line {line}: \"{cell}\"); read as category"
    )]
    #[diagnostic(
        severity(Warning),
        code(vippl::data::commas_in_numbers),
        help("write a decimal point, and no separator of thousands")
    )]
    CommasInNumbers { file: Arc<str>, column: String, line: usize, cell: String },

    #[error("`{name}` of {file} has integers beyond 2^53 (first: {value}); read as real numbers, rounded")]
    #[diagnostic(
        severity(Warning),
        code(vippl::data::huge_integers),
        help("if they are identifiers, put a letter before each so that they are read as categories")
    )]
    HugeIntegers { file: Arc<str>, name: String, value: String },

    #[error(
        "`{name}` of {file} has {n} infinite value{} (first at {place}: {cell})", if *n == 1 { "" } else { "s" }
    )]
    #[diagnostic(
        severity(Warning),
        code(vippl::data::infinite),
        help(
            "as a bound of a distribution that is fine; a value that is missing is an empty cell or `NA` (in JSON: `null`)"
        )
    )]
    Infinite { file: Arc<str>, name: String, n: usize, place: String, cell: String },

    #[error("{file} has rows for {n} value{} of `{key}` that {of} has not: {levels}; they are left out", if *n == 1 { "" } else { "s" })]
    #[diagnostic(severity(Warning), code(vippl::data::key_unused))]
    KeyUnused { file: Arc<str>, key: String, n: usize, levels: String, of: Arc<str> },

    #[error("all values of `{name}` in {file} are missing")]
    #[diagnostic(severity(Warning), code(vippl::data::all_missing))]
    AllMissing { file: Arc<str>, name: String },

    #[error("column {position} of {file} has no name and is left out")]
    #[diagnostic(
        severity(Warning),
        code(vippl::data::unnamed_column),
        help(
            "name it in the first line if the model needs it (in R: `write.csv(d, file, row.names = FALSE)` writes no row names)"
        )
    )]
    UnnamedColumn { file: Arc<str>, position: usize },

    #[error("line {line} of {file} is blank and was skipped")]
    #[diagnostic(severity(Warning), code(vippl::data::blank_line), help("write `NA` for a missing value"))]
    BlankLine { file: Arc<str>, line: usize },

    #[error(
        "the first line of {file} holds numbers only: read as the first row of `{name}`, not as column names"
    )]
    #[diagnostic(severity(Warning), code(vippl::data::headerless))]
    Headerless { file: Arc<str>, name: String },

    #[error("{file} has one column, `{column}`, but its fields seem to be separated by spaces")]
    #[diagnostic(
        severity(Warning),
        code(vippl::data::separator),
        help("separate them by commas, semicolons or tabs (in R: `write.csv(d, file, row.names = FALSE)`)")
    )]
    SpaceSeparated { file: Arc<str>, column: String },
}
