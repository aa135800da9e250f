//! From text to the abstract syntax tree, and back: lexer, layout, grammar, printer.

pub mod ast;
mod complaint;
mod dump;
pub mod error;
mod foreign;
#[cfg(test)]
mod fuzz_tests;
pub mod layout;
pub mod lexer;
mod parser;
pub mod printer;
mod report;
mod spans;
pub mod token;
mod tree;

#[allow(clippy::all, clippy::pedantic, dead_code, unused_imports, unused_parens)]
mod grammar {
    lalrpop_util::lalrpop_mod!(generated, "/vippl.rs");
    pub use generated::{ExprParser, StatementsParser};
}

pub use dump::dump;
pub use error::SyntaxError;
pub use parser::{Line, parse, parse_expression, parse_line};
pub use printer::{format, print_expr, print_file, print_statement_head};
pub use report::SyntaxErrors;
pub use spans::{strip_expr_spans, strip_spans};
