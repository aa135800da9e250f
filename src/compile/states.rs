//! Discrete latents that were summed out, for their states to be found again from the tables of their elimination.

use std::sync::Arc;

use super::eliminate::{Eliminated, Elimination};
use super::report::indices_as_labels;
use super::tracer::Tracer;
use super::value::Tuple;
use crate::data::Levels;
use crate::tape::Node;

/// Discrete latents that were summed out together. Their tables in [`Density::states`](super::Density::states) are those of the
/// elimination's pools, one pool after the other: `[rows][values...]`.
#[derive(Clone, Debug)]
pub struct SummedOut {
    pub elimination: Elimination,
    pub latents: Vec<DiscreteLatent>,
}

/// A discrete latent that was summed out.
#[derive(Clone, Debug)]
pub struct DiscreteLatent {
    pub name: String,
    pub dims: Vec<usize>,
    pub labels: Vec<Option<Arc<Levels>>>,
    pub doc: Option<String>,
    /// The values that each element may take, in ascending order.
    pub values: Vec<f64>,
    /// Of data: the positions that are missing in them, which alone are reported; `dims` and `labels` are theirs.
    pub missing: Option<Vec<usize>>,
    /// Its place among the discrete latents of the file.
    pub index: usize,
    /// The variable of the elimination that is the first element; the others follow.
    pub first: usize,
    /// Where each element is in the array, row-major.
    pub positions: Vec<u32>,
}

impl DiscreteLatent {
    pub fn n_elements(&self) -> usize {
        self.positions.len()
    }

    /// Positions of the elements that are reported.
    pub fn reported(&self) -> Vec<usize> {
        self.missing.clone().unwrap_or_else(|| (0..self.n_elements()).collect())
    }
}

impl SummedOut {
    pub fn n_elements(&self) -> usize {
        self.latents.iter().map(DiscreteLatent::n_elements).sum()
    }

    /// Whether any element depends on another one, given the other latents.
    pub fn is_coupled(&self) -> bool {
        (0..self.elimination.n_steps()).any(|step| !self.elimination.neighbours(step).is_empty())
    }

    /// Numbers of its tables.
    pub fn n_states(&self) -> usize {
        self.elimination.pools.iter().map(|pool| pool.n_rows() * pool.size()).sum()
    }
}

/// The discrete latents of all eliminations, in the order of the file.
pub fn in_file_order(summed_out: &[SummedOut]) -> Vec<&DiscreteLatent> {
    let mut latents: Vec<&DiscreteLatent> = summed_out.iter().flat_map(|group| &group.latents).collect();
    latents.sort_by_key(|latent| latent.index);
    latents
}

impl Tracer<'_> {
    /// The discrete latents of a model that has been traced, in file order, and the nodes of their tables.
    pub fn summed_out(&mut self) -> (Vec<SummedOut>, Vec<Node>) {
        let mut all = Vec::new();
        let mut nodes = Vec::new();
        for Eliminated { group, elimination, pools } in std::mem::take(&mut self.eliminated) {
            let latents = group.discrete.iter().zip(&group.first);
            let latents =
                latents.filter_map(|(&latent, &first)| self.reported_latent(latent, first as usize));
            all.push(SummedOut { latents: latents.collect(), elimination });
            nodes.extend(pools);
        }
        (all, nodes)
    }

    fn reported_latent(&self, latent: usize, first: usize) -> Option<DiscreteLatent> {
        let known = &self.discrete[latent];
        let report = self.variables.iter().find(|report| report.name == known.name);
        let missing = self.partly_missing(known.variable);
        let (dims, labels, doc) = match (report, &missing) {
            (Some(report), _) => (report.dims.clone(), report.labels.clone(), report.doc.clone()),
            (None, Some(missing)) => {
                let tuples = self.partly_tuples(known.variable, missing);
                let labels = vec![Some(indices_as_labels(&tuples, known.rank))];
                (vec![missing.len()], labels, self.model.variable(known.variable).doc.clone())
            }
            (None, None) => return None,
        };
        let lens: Vec<usize> = match missing {
            Some(_) => known.slots.extents[..known.rank].iter().map(|&len| len as usize).collect(),
            None => dims.clone(),
        };
        let position = |tuple: &Tuple| {
            let indices = tuple.iter().zip(&lens);
            indices.fold(0, |flat, (&i, &len)| flat * len as u32 + i.saturating_sub(1))
        };
        let mut positions = vec![0; known.slots.rows];
        for (place, (tuple, element)) in known.slots.in_order(known.rank).into_iter().enumerate() {
            let is_listed = missing.is_none() && known.is_listed();
            positions[element as usize] = if is_listed { place as u32 } else { position(&tuple) };
        }
        Some(DiscreteLatent {
            name: known.name.clone(),
            values: known.values.clone(),
            dims,
            labels,
            doc,
            missing,
            index: latent,
            first,
            positions,
        })
    }
}
