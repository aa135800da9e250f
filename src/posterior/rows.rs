//! Rows of a posterior by the names of elements, and rows that are added when a fit is done.

use std::collections::HashMap;
use std::sync::Arc;

use super::markov::Convergence;
use super::{Method, Posterior, Summary};
use crate::compile::{Quantity, QuantityKind, Simulated};
use crate::data::Levels;
use crate::types::ElementType;

/// The first row of the element at some indices.
type FirstRow<'p> = dyn Fn(&[u32]) -> Option<usize> + 'p;

impl Posterior {
    /// For each element of a latent or `param` of a model run forwards, its row; `None` where the posterior does not know it.
    pub fn rows_of(&self, array: &Simulated) -> Option<Vec<usize>> {
        let known = self.quantity(&array.name);
        let Some((tuples, rank)) = &array.tuples else {
            let known = known.filter(|known| known.dims == array.dims)?;
            return Some((known.offset..known.offset + known.len()).collect());
        };
        let block = array.len().checked_div(tuples.len()).unwrap_or(0);
        let whole = known.filter(|known| known.kind != QuantityKind::Imputed);
        let first_of: Box<FirstRow> = match whole {
            Some(whole) => {
                let lens = whole.dims.get(..*rank)?;
                Box::new(move |tuple| {
                    let flat = tuple.iter().zip(lens).try_fold(0, |flat, (&i, &len)| {
                        let at = (i as usize).checked_sub(1).filter(|at| *at < len)?;
                        Some(flat * len + at)
                    })?;
                    Some(whole.offset + flat * block)
                })
            }
            None => {
                let rows: HashMap<String, usize> = self.rows_named(&array.name).collect();
                Box::new(move |tuple| {
                    let indices: Vec<String> = tuple.iter().map(u32::to_string).collect();
                    rows.get(&indices.join(",")).copied()
                })
            }
        };
        let mut rows = Vec::with_capacity(array.len());
        for tuple in tuples {
            let first = first_of(&tuple[..*rank])?;
            rows.extend(first..first + block);
        }
        Some(rows)
    }

    /// Elements that are named one by one, `17` or `3,2`, with their first rows.
    fn rows_named<'p>(&'p self, name: &'p str) -> impl Iterator<Item = (String, usize)> + 'p {
        self.quantities.iter().flat_map(move |quantity| {
            let one_by_one: Vec<(String, usize)> = match quantity.labels.first() {
                Some(Some(labels)) if quantity.name == name => {
                    labels.names().iter().cloned().zip(quantity.offset..).collect()
                }
                _ => {
                    let indices = quantity.name.strip_prefix(name).and_then(|rest| rest.strip_prefix('['));
                    let indices = indices.and_then(|rest| rest.strip_suffix(']'));
                    indices.map(|indices| (indices.to_string(), quantity.offset)).into_iter().collect()
                }
            };
            one_by_one
        })
    }

    /// Adds missing entries of the data that were drawn for each draw of the latents, `values[entries][n_draws]`. They are as
    /// good as the latents are.
    pub fn add_imputed(&mut self, name: &str, labels: Arc<Levels>, element: ElementType, values: Vec<f64>) {
        let n = labels.len();
        let offset = self.summaries.len();
        let n_draws = self.draws.n_draws();
        for row in values.chunks_exact(n_draws.max(1)) {
            let chains = self.draws.by_chain(row);
            if let (Some(chains), Method::Nuts(nuts)) = (chains, &mut self.method) {
                nuts.convergence.push(Convergence::of(chains));
            }
            self.summaries.push(match self.draws.by_chain(row) {
                Some(chains) => Summary::of_chains(chains),
                None => Summary::of_draws(row),
            });
        }
        if let Some(worst) = self.verdict() {
            self.verdicts.extend(std::iter::repeat_n(worst, n));
        }
        self.draws.append(values);
        self.quantities.push(Quantity {
            name: name.to_string(),
            kind: QuantityKind::Imputed,
            dims: vec![n],
            labels: vec![Some(labels)],
            element,
            doc: None,
            offset,
            marginals: vec![None; n],
        });
    }
}
