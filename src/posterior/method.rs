//! How the draws of a posterior were made.

use serde::{Deserialize, Serialize};

use crate::inference::Fit;

/// How the draws of a posterior were made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Independent draws from a fitted q.
    Variational(Fit),
}
