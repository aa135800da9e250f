//! Linear algebra: products, diagonals, decompositions, and the covariance kernels.

pub mod determinant;
pub mod diagonal;
pub mod eigen;
pub mod kernel;
pub mod product;
pub mod solve;
