//! vippl: a probabilistic programming language with automatic variational inference.
//!
//! A model file flows down this list and nothing looks back up; ARCHITECTURE.md tells the story.

// Language: text to typed program
pub mod source;
pub mod syntax;
pub mod types;

// Engine: array programs, their derivatives, the seam to inference
pub mod density;
pub mod tape;

// Catalogues: what models are made of
pub mod builtin;
pub mod constraint;
pub mod dist;

// Inference: from a log density to a fit
pub mod family;
pub mod inference;

// From text and data to a log density
pub mod check;
pub mod compile;
pub mod data;
pub mod formula;
pub mod ir;

// Surface: what people see
pub mod cli;
pub mod posterior;
pub mod repl;
pub mod report;
pub mod session;
pub mod simulate;

// How long things take
pub mod stopwatch;
