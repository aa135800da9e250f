//! The catalogue of operations: one, or one family, a file, each with its values, derivatives and builders.

// Elementwise
pub mod arithmetic;
pub mod combination;
pub mod comparison;
pub mod elementwise;
pub mod error_function;
pub mod exponential;
pub mod gamma;
pub mod power;
pub mod select;
pub mod trigonometric;

// Structure
pub mod broadcast;
pub mod concat;
pub mod gather;
pub mod permute;
pub mod reshape;
pub mod window;

// Reductions
pub mod cumsum;
pub mod extremum;
pub mod logsumexp;
pub mod sum;

// Linear algebra
pub mod affine_square;
pub mod cholesky;
pub mod cholesky_adjoint;
pub mod definite;
pub mod eigen;
pub mod lower_square;
pub mod lu;
pub mod matmul;
pub mod triangular;

// Recursions
pub mod ode;
pub mod scan;
