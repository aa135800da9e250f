//! What is asked of log p(x) beyond what the weights of a fit say: bounds, and draws of the prior.

use std::time::Instant;

use miette::{Diagnostic, Report};
use rayon::prelude::*;
use thiserror::Error;

use super::{Prepared, seconds_since};
use crate::compile::{PriorDraws, SimulateError, prior};
use crate::density::LogDensity;
use crate::inference::{self, Fit, PriorEvidence};
use crate::ir::Role;

/// A further way to log p(x).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceChoice {
    /// Importance-weighted bounds from draws of q.
    Bounds,
    /// The mean likelihood of draws from the prior.
    Prior,
}

impl EvidenceChoice {
    pub const ALL: [EvidenceChoice; 2] = [EvidenceChoice::Bounds, EvidenceChoice::Prior];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            EvidenceChoice::Bounds => "bounds",
            EvidenceChoice::Prior => "prior",
        }
    }
}

#[derive(Debug, Error, Diagnostic)]
enum EvidenceError {
    #[error("there is no evidence: not all densities of the model are normalised")]
    #[diagnostic(
        code(vippl::fit::no_evidence),
        help(
            "`factor` and priors such as Flat leave log p(x) open; KL from q to the posterior is known all the same"
        )
    )]
    NotNormalised,
}

/// Ways to log p(x) that have been looked at, so that a fit is not made in vain.
pub(super) struct Further {
    bounds: bool,
    prior: Option<PriorDraws>,
}

impl Prepared {
    /// What it takes to do as asked.
    ///
    /// # Errors
    /// If log p(x) has no meaning, or the prior cannot be drawn from.
    pub(super) fn further_evidence(&self, choices: &[EvidenceChoice]) -> Result<Further, Report> {
        if !choices.is_empty() && !self.compiled.evidence {
            return Err(EvidenceError::NotNormalised.into());
        }
        let from_prior = choices.contains(&EvidenceChoice::Prior);
        let prior = from_prior.then(|| prior(&self.model, &self.dataset)).transpose()?;
        Ok(Further { bounds: choices.contains(&EvidenceChoice::Bounds), prior })
    }
}

impl Further {
    /// Adds to the evidence of a fit: the seconds that it took, if there was anything to do, and a warning where draws of the
    /// prior say nothing.
    pub(super) fn add(&self, prepared: &Prepared, fit: &mut Fit) -> (Option<f64>, Option<String>) {
        if fit.latent.is_empty() || !self.bounds && self.prior.is_none() {
            return (None, None);
        }
        let start = Instant::now();
        let bounds =
            if self.bounds { inference::bounds(&prepared.compiled.density, fit) } else { Vec::new() };
        let by_prior = self.prior.as_ref().map(|prior| by_prior(prior, prepared, fit)).transpose();
        let (prior, warning) = match by_prior {
            Ok(prior) => (prior, None),
            Err(why) => (None, Some(format!("no evidence by draws of the prior: {why}"))),
        };
        if let Some(evidence) = &mut fit.evidence {
            evidence.add_bounds(bounds, fit.elbo.as_ref());
            evidence.prior = prior;
        }
        (seconds_since(start), warning)
    }
}

/// Draws of the prior, at least and at most.
const DRAWS: [usize; 2] = [1_000, 100_000];
/// Sums and products of all of them.
const MAX_WORK: f64 = 2e10;
/// Draws that are evaluated together.
const LANES: usize = 64;

/// log of the mean likelihood of draws of the prior, the `param`s being as the fit says; or why there is none.
fn by_prior(prior: &PriorDraws, prepared: &Prepared, fit: &Fit) -> Result<PriorEvidence, String> {
    let state = point_estimates(prior, prepared, fit);
    let n = ((MAX_WORK / prior.work()) as usize).clamp(DRAWS[0], DRAWS[1]);
    let firsts: Vec<usize> = (0..n).step_by(LANES).collect();
    // Draws of one seed are those of no other one.
    let seed = |draw: usize| fit.seed.wrapping_mul(0xd134_2543_de82_ef95).rotate_left(32) ^ draw as u64;
    let block = |first: usize| {
        let seeds: Vec<u64> = (first..n.min(first + LANES)).map(seed).collect();
        prior.log_likelihoods(&state, &seeds)
    };
    let blocks: Result<Vec<Vec<f64>>, SimulateError> = firsts.into_par_iter().map(block).collect();
    let log_likelihoods = blocks.map_err(|error| error.to_string())?.concat();
    let found = inference::by_prior(&log_likelihoods);
    found.ok_or_else(|| format!("none of {n} has a finite likelihood"))
}

/// The values of the `param`s, where they stand among the arrays of the prior; 0 elsewhere.
fn point_estimates(prior: &PriorDraws, prepared: &Prepared, fit: &Fit) -> Vec<f64> {
    let density = &prepared.compiled.density;
    let mut state = vec![0.0; prior.size()];
    let z: Vec<f64> = fit.sample(density, 1, fit.seed).unwrap_or_default();
    let mut values = vec![0.0; density.n_constrained()];
    if z.len() == density.dim() {
        density.constrain(1, &z, &mut values);
    }
    for array in prior.arrays().iter().filter(|array| array.role == Role::PointEstimate) {
        let known = prepared.compiled.quantities.iter().find(|quantity| quantity.name == array.name);
        if let Some(quantity) = known.filter(|quantity| quantity.len() == array.len()) {
            let own = &values[quantity.offset..quantity.offset + quantity.len()];
            state[array.offset..array.offset + array.len()].copy_from_slice(own);
        }
    }
    state
}
