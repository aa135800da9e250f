//! From a log density to a fit: start, objective on fixed draws, optimisers, checks.

// Numbers
mod arrow;
mod coordinates;
mod draws;
mod linear;
mod target;

// Optimisation
mod adam;
mod all_modes;
mod climb;
mod conjugate;
mod curvature;
mod elbo;
mod full_rank;
mod ladder;
mod maximize;
mod modes;
mod newton;
mod sparse;
mod sparsity;
mod start;

// Trust
mod cause;
mod centring;
mod chains;
mod convergence;
mod evidence;
mod importance;
mod loo;
mod mixture;
mod nuts;
mod psis;

// What comes of it
mod blame;
mod diagnose;
mod error;
mod evaluate;
mod fit;
mod options;

#[cfg(test)]
mod tests;

pub use cause::{Cause, Relation, Runaway, Sketch, runaway, trace};
pub use chains::{CHAINS, Chains, audit};
pub use convergence::{ChainDraws, MIN_LENGTH};
pub use coordinates::RecentredLatent;
pub use error::InferenceError;
pub use evaluate::Elbo;
pub use evidence::{Bound, Estimate, Evidence, PriorEvidence, bounds, by_prior};
pub use fit::{Fit, Fitted, fit};
pub use importance::Weighted;
pub use loo::{LeftOut, leave_one_out, total};
pub use nuts::{ChainProgress, ChainRecord, MIN_E_BFMI, Sample, SampleOptions, sample};
pub use options::{CentringChoice, FitOptions, Optimizer, Parts, Progress, RungReport, Stage};
pub use psis::{tail_shape, threshold as k_hat_threshold, weighted_tail_shape};
