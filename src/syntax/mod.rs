//! From text to the abstract syntax tree, and back: lexer, layout, grammar, printer.

pub mod ast;
mod complaint;
pub mod error;
mod foreign;
pub mod layout;
pub mod lexer;
mod parser;
mod tree;

#[allow(clippy::all, clippy::pedantic, dead_code, unused_imports, unused_parens)]
mod grammar {
    lalrpop_util::lalrpop_mod!(generated, "/vippl.rs");
    pub use generated::{ExprParser, StatementsParser};
}

pub use error::{SyntaxError, SyntaxErrors};
pub use parser::{Line, parse, parse_expression, parse_line};
