//! TO BE WRITTEN
pub mod ast;
