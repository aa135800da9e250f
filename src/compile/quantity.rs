//! What a compiled model has to show: variables for the table before a fit, quantities for the summary after it.

use std::collections::HashSet;
use std::sync::Arc;

use super::value::Tuple;
use crate::data::Levels;
use crate::density::Recentred;
use crate::ir::Role;
use crate::types::{ElementType, unravel};

/// Deterministic quantities of more elements are not reported unless asked for.
pub const MAX_REPORTED: usize = 1_000;

/// A variable of the model as it meets the data.
#[derive(Clone, Debug)]
pub struct VariableReport {
    pub name: String,
    pub role: Role,
    pub dims: Vec<usize>,
    pub labels: Vec<Option<Arc<Levels>>>,
    pub element: ElementType,
    /// `real`, `positive`, `simplex`; of latents and `param`s.
    pub support: Option<String>,
    /// What stands on the right of `~` or `=`.
    pub distribution: Option<String>,
    pub doc: Option<String>,
    /// Missing elements in the data.
    pub missing: usize,
    /// Of these, those that are latents.
    pub imputed: usize,
    /// Of these, those that are left out of the density, because nothing but their own statement mentions them.
    pub left_out: usize,
    /// What is left out is drawn when a fit is done.
    pub is_drawn: bool,
    /// A discrete latent that is summed out, or what is computed of one.
    pub discrete: bool,
    /// Of a definition without latents: a value that is not finite, if it has one.
    pub not_finite: Option<f64>,
}

impl VariableReport {
    /// A deterministic variable that depends on discrete latents.
    pub fn is_of_states(&self) -> bool {
        self.discrete && self.role == Role::Deterministic
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantityKind {
    Latent,
    PointEstimate,
    Deterministic,
    /// Missing entries of a column of the data, `[entries]`, labelled with their indices.
    Imputed,
}

impl QuantityKind {
    /// Whether it is learned with a distribution.
    pub fn is_latent(self) -> bool {
        matches!(self, QuantityKind::Latent | QuantityKind::Imputed)
    }
}

/// A named array of the posterior, on its own scale.
#[derive(Clone, Debug)]
pub struct Quantity {
    pub name: String,
    pub kind: QuantityKind,
    pub dims: Vec<usize>,
    /// Levels that name the positions of a dimension.
    pub labels: Vec<Option<Arc<Levels>>>,
    pub element: ElementType,
    pub doc: Option<String>,
    /// Row of its first element in the output of `LogDensity::constrain`.
    pub offset: usize,
    /// For each element: the coordinate of which alone it is an increasing function, if it is.
    pub marginals: Vec<Option<usize>>,
}

impl Quantity {
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Of missing entries: their 1-based indices in the data, which are their labels, and how many of these there are.
    pub fn entries(&self) -> Option<(Vec<Tuple>, usize)> {
        let [Some(labels)] = self.labels.as_slice() else { return None };
        let rank = labels.names().first().map_or(1, |label| label.split(',').count());
        let tuple = |label: &String| {
            let mut tuple = Tuple::default();
            for (k, index) in label.split(',').enumerate() {
                *tuple.get_mut(k)? = index.parse().ok()?;
            }
            Some(tuple)
        };
        Some((labels.names().iter().map(tuple).collect::<Option<_>>()?, rank))
    }

    /// In other coordinates: elements whose own coordinate was moved depend on others too.
    pub fn recentred(&self, density: &dyn Recentred) -> Quantity {
        let own = density.recentrable().iter().zip(&density.centring().weights);
        let moved: HashSet<usize> = own.filter(|(_, c)| **c != 1.0).map(|(&i, _)| i).collect();
        let is_kept = |coordinate: &usize| !moved.contains(coordinate);
        Quantity { marginals: self.marginals.iter().map(|own| own.filter(is_kept)).collect(), ..self.clone() }
    }

    /// `tau`, `theta[1,2]`, `alpha[HENNEPIN]`
    pub fn element_name(&self, flat: usize) -> String {
        element_name(&self.name, &self.dims, &self.labels, flat)
    }
}

/// The name of one element, by levels where a dimension has them.
pub fn element_name(name: &str, dims: &[usize], labels: &[Option<Arc<Levels>>], flat: usize) -> String {
    element_name_within(name, dims, labels, flat, &[])
}

/// The name of one element of the array at `flat`: `within` are its positions there, from 0.
pub fn element_name_within(
    name: &str,
    dims: &[usize],
    labels: &[Option<Arc<Levels>>],
    flat: usize,
    within: &[usize],
) -> String {
    if dims.is_empty() && within.is_empty() {
        return name.to_string();
    }
    let index = |(k, position): (usize, usize)| match labels.get(k).and_then(Option::as_ref) {
        Some(levels) => levels.names()[position].clone(),
        None => (position + 1).to_string(),
    };
    let mut indices: Vec<String> = unravel(flat, dims).into_iter().enumerate().map(index).collect();
    indices.extend(within.iter().map(|at| (at + 1).to_string()));
    format!("{name}[{}]", indices.join(","))
}
