//! What is left of discrete latents that were summed out: tables from which their states are drawn, last element first.

use std::sync::Arc;

use super::report::indices_as_labels;
use super::tracer::Tracer;
use super::value::Tuple;
use crate::data::Levels;
use crate::tape::Node;

/// The tables of a discrete latent, as nodes.
pub struct Tables {
    pub discrete: usize,
    /// Log weights of an element's values with all elements before it summed out, `[rows, values]`.
    pub weights: Node,
    /// Row of each element.
    pub rows: Vec<u32>,
    /// Log weights of the values of two elements, `[pairs, values of the first, values of the second]`.
    pub pairs: Option<Node>,
    /// Of each element the one after it that it was summed out with.
    pub next: Vec<Option<Next>>,
}

/// The element that another one depends on once all before that have been summed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    pub element: u32,
    /// Their table.
    pub pair: u32,
}

/// A discrete latent that was summed out, with the layout of its tables in [`Density::states`](super::Density::states):
/// `weights[elements][values]`, then `pairs[n_pairs][values][values]`.
///
/// Given the data, the other latents and the elements after it, an element takes value s with a probability proportional to
/// exp(weights[row][s] + pairs[pair][s][value of the next element]).
#[derive(Clone, Debug)]
pub struct SummedOut {
    pub name: String,
    pub dims: Vec<usize>,
    pub labels: Vec<Option<Arc<Levels>>>,
    pub doc: Option<String>,
    /// The values that each element may take, in ascending order.
    pub values: Vec<f64>,
    /// Of data: the positions that are missing in them, which alone are reported; `dims` and `labels` are theirs.
    pub missing: Option<Vec<usize>>,
    /// The elements in the order in which they were summed out.
    pub elements: Vec<Conditional>,
    pub n_pairs: usize,
}

/// An element of a [`SummedOut`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditional {
    /// Its position in the array, row-major.
    pub position: u32,
    /// Its row of `weights`.
    pub row: u32,
    /// Of the element that it depends on: its place in this order, and their table.
    pub next: Option<Next>,
}

impl SummedOut {
    pub fn n_elements(&self) -> usize {
        self.elements.len()
    }

    /// Positions of the elements that are reported.
    pub fn reported(&self) -> Vec<usize> {
        self.missing.clone().unwrap_or_else(|| (0..self.n_elements()).collect())
    }

    /// Numbers of its tables.
    pub fn n_states(&self) -> usize {
        let k = self.values.len();
        (self.n_elements() + self.n_pairs * k) * k
    }
}

impl Tables {
    /// Of elements that depend on none of the others.
    pub fn of_single_elements(discrete: usize, weights: Node, n: usize) -> Tables {
        Tables { discrete, weights, rows: (0..n as u32).collect(), pairs: None, next: vec![None; n] }
    }
}

impl Tracer<'_> {
    /// The discrete latents of a model that has been traced, in file order, and the nodes of their tables.
    pub fn summed_out(&mut self) -> (Vec<SummedOut>, Vec<Node>) {
        let mut all = Vec::new();
        let mut nodes = Vec::new();
        for tables in std::mem::take(&mut self.tables) {
            let known = &self.discrete[tables.discrete];
            let report = self.variables.iter().find(|report| report.name == known.name);
            let missing = self.partly_missing(known.variable);
            let (dims, labels, doc) = match (report, &missing) {
                (Some(report), _) => (report.dims.clone(), report.labels.clone(), report.doc.clone()),
                (None, Some(missing)) => {
                    let tuples = self.partly_tuples(known.variable, missing);
                    let labels = vec![Some(indices_as_labels(&tuples, known.rank))];
                    (vec![missing.len()], labels, self.model.variable(known.variable).doc.clone())
                }
                (None, None) => continue,
            };
            let lens = if missing.is_some() { &known.slots.extents[..known.rank] } else { &[] };
            let lens: Vec<usize> = lens.iter().map(|&len| len as usize).collect();
            let lens = if missing.is_some() { &lens } else { &dims };
            let position = |tuple: &Tuple| {
                let indices = tuple.iter().zip(lens);
                indices.fold(0, |flat, (&i, &len)| flat * len as u32 + i.saturating_sub(1))
            };
            let mut elements: Vec<Conditional> = tables
                .rows
                .iter()
                .zip(&tables.next)
                .map(|(&row, &next)| Conditional { position: 0, row, next })
                .collect();
            for (tuple, element) in known.slots.in_order(known.rank) {
                elements[element as usize].position = position(&tuple);
            }
            all.push(SummedOut {
                name: known.name.clone(),
                values: known.values.clone(),
                n_pairs: tables.pairs.map_or(0, |pairs| self.graph.shape(pairs)[0]),
                dims,
                labels,
                doc,
                missing,
                elements,
            });
            nodes.push(tables.weights);
            nodes.extend(tables.pairs);
        }
        (all, nodes)
    }
}
