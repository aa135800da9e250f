//! What a fit says about the quantities of its model: draws, summaries, expressions over draws, the fit file.

mod calibration;
mod compare;
mod data_record;
mod draws;
mod error;
mod exact;
mod expression;
pub mod fit_file;
mod judge;
mod loo;
mod markov;
mod method;
mod ordered;
mod reduction;
mod rewrite;
mod rows;
mod states;
mod summarise;
mod summary;
mod trust;

pub use calibration::{
    BINS, Calibration, Conclusion, Element, Failure, Fault, Finding, MIN_RANKS, Placed, Shortened,
    Uniformity, place,
};
pub use compare::{Agreement, Compared, compare};
pub use data_record::{DataRecord, DataVariable};
pub use draws::Draws;
pub use error::{FitFileError, QuestionError};
pub use exact::{Marginals, summaries as exact_summaries};
pub use expression::{Answer, AnswerKind, Scope, ask};
pub use judge::{Complaint, Judged, Lack, Reported, Weighing, by_chains, unwitnessed};
pub use loo::{Loo, Points};
pub use markov::{Convergence, Nuts, Sampled, of_chains};
pub use method::Method;
pub use states::{Drawn, StatePath, States, StatesFound, TablesAt, draw_states, find_states};
pub use summarise::{DEFAULT_DRAWS, Summarised, summarise};
pub use summary::{Summary, mean_sd, quantile_in_place};
pub use trust::{Basis, Symptom, Verdict};

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::compile::Quantity;
use crate::data::Levels;
use crate::density::{LogDensity, Role};
use crate::inference::Fit;
use crate::source::Source;
use crate::tape::Tensor;

/// A fitted model: everything that is reported or asked of it, without its data.
#[derive(Clone, Debug)]
pub struct Posterior {
    pub model: Source,
    pub data: DataRecord,
    /// Rows of `summaries` and `draws`, in order: quantity k has rows `offset .. offset + len`. The last ones may have no draws.
    pub quantities: Vec<Quantity>,
    pub coordinates: Vec<FittedCoordinate>,
    /// Reductions of data alone, which keep their values on other data.
    pub training_constants: Vec<(String, Tensor)>,
    /// Densities are normalised, so that log p(x) and KL to the prior mean something.
    pub evidence: bool,
    /// Priors and likelihood are apart, so that the parts of the ELBO mean something: not where a vector with some elements missing
    /// has one density.
    pub is_split: bool,
    pub method: Method,
    /// `[rows]`
    pub summaries: Vec<Summary>,
    /// `[rows]`; empty where there is nothing to judge.
    pub verdicts: Vec<Verdict>,
    /// Where summaries and draws come from.
    pub basis: Basis,
    pub draws: Draws,
    /// Of the quantities that are discrete, by name.
    pub states: Vec<(String, States)>,
    /// Leave-one-out, where it was asked for.
    pub loo: Option<Loo>,
    pub warnings: Vec<String>,
    /// What was wrong with q, where none of the reported numbers are its own and all of them are right.
    pub approximation_warnings: Vec<String>,
    pub seconds: Seconds,
}

/// Name and role of an unconstrained coordinate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FittedCoordinate {
    pub name: String,
    pub point_estimate: bool,
}

/// Wall-clock seconds by phase; `None` for a phase that did not run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seconds {
    pub load: Option<f64>,
    pub compile: Option<f64>,
    pub fit: Option<f64>,
    pub audit: Option<f64>,
    /// Bounds of log p(x), and draws of the prior.
    pub evidence: Option<f64>,
    /// Leave-one-out.
    pub loo: Option<f64>,
    pub total: Option<f64>,
}

impl Seconds {
    /// With the sum of all phases.
    pub fn with_total(self) -> Seconds {
        let Seconds { load, compile, fit, audit, evidence, loo, total: _ } = self;
        let phases = [load, compile, fit, audit, evidence, loo];
        Seconds { total: Some(phases.into_iter().flatten().sum()), ..self }
    }
}

impl Posterior {
    /// The fitted q, where there is one.
    pub fn fit(&self) -> Option<&Fit> {
        match &self.method {
            Method::Variational(fit) => Some(fit),
            Method::Nuts(_) => None,
        }
    }

    /// The sample that the draws are, where they are one.
    pub fn nuts(&self) -> Option<&Nuts> {
        match &self.method {
            Method::Variational(_) => None,
            Method::Nuts(nuts) => Some(nuts),
        }
    }

    /// How well chains agree on a quantity's elements; empty of what is no sample.
    pub fn convergence_of(&self, quantity: &Quantity) -> &[Convergence] {
        let rows = quantity.offset..quantity.offset + quantity.len();
        self.nuts().and_then(|nuts| nuts.convergence.get(rows)).unwrap_or_default()
    }

    /// The worst of the elements' verdicts.
    pub fn verdict(&self) -> Option<Verdict> {
        self.verdicts.iter().copied().max()
    }

    /// The verdicts on a quantity's elements.
    pub fn verdicts_of(&self, quantity: &Quantity) -> &[Verdict] {
        self.verdicts.get(quantity.offset..quantity.offset + quantity.len()).unwrap_or_default()
    }

    /// `nuts`, or the family of q.
    pub fn method_name(&self) -> &str {
        match &self.method {
            Method::Variational(fit) => &fit.family,
            Method::Nuts(_) => "nuts",
        }
    }

    pub fn quantity(&self, name: &str) -> Option<&Quantity> {
        self.quantities.iter().find(|quantity| quantity.name == name)
    }

    /// The probabilities of a discrete quantity's values; `None` of a continuous one.
    pub fn states_of(&self, quantity: &Quantity) -> Option<&States> {
        self.states.iter().find(|(name, _)| *name == quantity.name).map(|(_, states)| states)
    }

    /// What the codes of a column of the data stand for, if it is one of words.
    pub fn levels_of(&self, name: &str) -> Option<Arc<Levels>> {
        let column = self.data.variables.iter().find(|variable| variable.name == name)?;
        column.levels.clone().map(|levels| Arc::new(Levels::new(levels)))
    }

    /// Whether there are draws of a quantity: of discrete latents with many elements there are probabilities alone.
    pub fn has_draws(&self, quantity: &Quantity) -> bool {
        quantity.offset + quantity.len() <= self.draws.n_rows()
    }

    /// The summaries of a quantity's elements.
    pub fn summaries_of(&self, quantity: &Quantity) -> &[Summary] {
        &self.summaries[quantity.offset..quantity.offset + quantity.len()]
    }
}

impl FittedCoordinate {
    pub fn all_of(density: &dyn LogDensity) -> Vec<FittedCoordinate> {
        let of = |c: &crate::density::Coordinate| FittedCoordinate {
            name: c.name.clone(),
            point_estimate: c.role == Role::PointEstimate,
        };
        density.coordinates().iter().map(of).collect()
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
