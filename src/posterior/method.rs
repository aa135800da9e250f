//! How the draws of a posterior were made.

use serde::{Deserialize, Serialize};

use super::markov::Nuts;
use crate::inference::Fit;

/// How the draws of a posterior were made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A fitted q.
    Variational(Box<Fit>),
    /// Markov chains on the posterior itself.
    Nuts(Nuts),
}

impl Method {
    pub fn seed(&self) -> u64 {
        match self {
            Method::Variational(fit) => fit.seed,
            Method::Nuts(nuts) => nuts.sample.seed,
        }
    }
}
