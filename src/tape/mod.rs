//! Array programs over many points at once, and their derivatives, which are again array programs.
//!
//! A [`Graph`] is built once model and data are known; [`reverse`] and [`forward`] add derivatives to it; a [`Program`]
//! is the compiled graph. Layout: a varying value of n elements over L lanes is `v[i * L + l]`, a constant is `v[i]`.
//!
//! ```
//! use vippl::tape::{Graph, Program, reverse};
//!
//! // f(x) = sum_i w_i exp(x_i) and its gradient, at two points
//! let mut g = Graph::new();
//! let x = g.input(&[3]);
//! let w = g.vector(&[1.0, 2.0, 3.0]);
//! let e = g.exp(x);
//! let product = g.mul(w, e);
//! let f = g.sum_all(product);
//! let gradient = reverse(&mut g, f, &[x])[0];
//!
//! let program = Program::new(&g, &[x], &[f, gradient]);
//! let mut ws = program.workspace(2);
//! program.run(&mut ws, &[&[0.0, 1.0, 0.0, 1.0, 0.0, 1.0]]);
//! assert_eq!(program.output(&ws, 0).data[0], 6.0);
//! assert_eq!(program.output(&ws, 1).get(2, 0), 3.0);
//! assert!((program.output(&ws, 1).get(0, 1) - 1f64.exp()).abs() < 1e-15);
//! ```

// Building
mod graph;
mod op;
pub mod ops;

// Less to compute, or from other values
mod fold;
mod share;
mod simplify;
mod substitute;

// Derivatives
mod forward;
mod reverse;

// Running
mod arena;
mod code;
mod dense;
mod fusion;
mod kernel;
mod math;
mod plan;
mod program;
mod vector;

#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;

pub use fold::{Folded, fold, pick};
pub use forward::forward;
pub use graph::{Graph, Node, Tensor};
pub use op::{Extent, Op, Operand};
pub use ops::ode::{Control, Field, Method};
pub use ops::scan::{Access, Body, Mode, Scan, Source, State};
pub use program::{Columns, Output, Program, Workspace};
pub use reverse::reverse;
pub use share::share_exponentials;
pub use simplify::{exponent, simplify};
pub use substitute::substitute;
