//! Rows of a posterior by the names of elements, and rows that are added when a fit is done.

use std::collections::HashMap;
use std::sync::Arc;

use super::markov::Convergence;
use super::{Method, Posterior, States, Summary};
use crate::compile::{Quantity, QuantityKind, Simulated};
use crate::data::Levels;
use crate::types::ElementType;

impl Posterior {
    /// For each element of a latent or `param` of a model run forwards, its row; `None` where the posterior does not know it.
    pub fn rows_of(&self, array: &Simulated) -> Option<Vec<usize>> {
        let is_whole = |known: &&Quantity| known.kind != QuantityKind::Imputed || array.tuples.is_none();
        if let Some(whole) = self.quantity(&array.name).filter(is_whole) {
            let positions = array.positions_in(&whole.dims)?;
            return Some(positions.into_iter().map(|position| whole.offset + position).collect());
        }
        let (tuples, rank) = array.tuples.as_ref()?;
        let block = array.len().checked_div(tuples.len()).unwrap_or(0);
        let known: HashMap<String, usize> = self.rows_named(&array.name).collect();
        let mut rows = Vec::with_capacity(array.len());
        for tuple in tuples {
            let indices: Vec<String> = tuple[..*rank].iter().map(u32::to_string).collect();
            let first = *known.get(&indices.join(","))?;
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

    /// Adds missing entries of the data that were drawn for each draw of the latents, `values[entries][n_draws]`.
    pub fn add_imputed(&mut self, name: &str, labels: Arc<Levels>, element: ElementType, values: Vec<f64>) {
        let n = labels.len();
        self.add_drawn(
            Quantity {
                name: name.to_string(),
                kind: QuantityKind::Imputed,
                dims: vec![n],
                labels: vec![Some(labels)],
                element,
                doc: None,
                offset: 0,
                marginals: vec![None; n],
            },
            values,
        );
    }

    /// Adds what was drawn for each draw of the latents, `values[elements][n_draws]`. It is as good as the latents are.
    pub fn add_drawn(&mut self, mut quantity: Quantity, values: Vec<f64>) {
        quantity.offset = self.summaries.len();
        let n_draws = self.draws.n_draws();
        let words = self.levels_of(&quantity.name);
        if let Some(words) = &words {
            let codes = (1..=words.len()).map(|code| code as f64).collect();
            let states = States::of_draws(codes, &values, n_draws, self.worth());
            self.states.push((quantity.name.clone(), states));
        }
        for row in values.chunks_exact(n_draws.max(1)) {
            let chains = self.draws.by_chain(row);
            if let (Some(chains), Method::Nuts(nuts)) = (chains, &mut self.method) {
                nuts.convergence.push(Convergence::of(chains));
            }
            self.summaries.push(match self.draws.by_chain(row) {
                // Words have no moments.
                _ if words.is_some() => Summary::default(),
                Some(chains) => Summary::of_chains(chains),
                None => Summary::of_draws(row),
            });
        }
        if let Some(worst) = self.verdict() {
            self.verdicts.extend(std::iter::repeat_n(worst, quantity.len()));
        }
        self.draws.append(values);
        self.quantities.push(quantity);
    }
}
