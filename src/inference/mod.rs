//! From a log density to a fit: start, objective on fixed draws, optimisers, checks.

// Numbers
mod arrow;
mod draws;
mod linear;
mod target;

// Optimisation
mod adam;
mod climb;
mod conjugate;
mod curvature;
mod elbo;
mod newton;
mod start;

// What comes of it
mod blame;
mod convergence;
mod diagnose;
mod error;
mod evaluate;
mod fit;
mod loo;
mod nuts;
mod options;
mod psis;

#[cfg(test)]
mod tests;

pub use error::InferenceError;
pub use evaluate::Elbo;
pub use fit::{Fit, fit};
pub use options::{FitOptions, Optimizer, Parts, Progress, Stage};
