//! Array programs over many points at once, and their derivatives, which are again array programs.
//!
//! A [`Graph`] is built once model and data are known; [`reverse`] and [`forward`] add derivatives to it; a [`Program`]
//! is the compiled graph. Layout: a varying value of n elements over L lanes is `v[i * L + l]`, a constant is `v[i]`.

// Building
mod graph;
mod op;
pub mod ops;

// Derivatives
mod forward;
mod reverse;

// Running
mod arena;
mod executor;
mod kernel;
mod plan;
mod program;

#[cfg(test)]
mod tests;

pub use forward::forward;
pub use graph::{Graph, Node, Tensor};
pub use op::{Op, Operand};
pub use ops::scan::{Access, Body, Mode, Scan, Source, State};
pub use program::{Output, Program, Workspace};
pub use reverse::reverse;
