//! What is reported of latents, `param`s and deterministic names.

use std::sync::Arc;

use super::CompileError;
use super::elements::Elements;
use super::quantity::{MAX_REPORTED, Quantity, QuantityKind, VariableReport};
use super::tracer::{Binding, Result, Tracer, one_line};
use super::value::{Traced, Tuple};
use crate::data::Levels;
use crate::ir::{self, VariableId};
use crate::source::Span;
use crate::types::ElementType;

impl Tracer<'_> {
    pub fn report_latent(
        &mut self,
        variable: VariableId,
        x: &Traced,
        distribution: Option<Span>,
        support: &str,
        first_coordinate: Option<usize>,
    ) {
        let known = self.model.variable(variable);
        let kind = match known.role {
            ir::Role::PointEstimate => QuantityKind::PointEstimate,
            _ => QuantityKind::Latent,
        };
        let report = VariableReport {
            name: known.name.clone(),
            role: known.role,
            dims: x.dims.clone(),
            labels: x.labels.clone(),
            element: x.element,
            support: Some(support.to_string()),
            distribution: distribution.map(|span| one_line(self.model.source.slice(span))),
            doc: known.doc.clone(),
            missing: 0,
            imputed: 0,
            left_out: 0,
            is_drawn: false,
            discrete: false,
            not_finite: None,
        };
        self.variables.push(report);
        let n: usize = x.dims.iter().product();
        let marginals = (0..n).map(|k| first_coordinate.map(|first| first + k)).collect();
        self.add_quantity(variable, kind, x, marginals);
    }

    fn report_built_up_latent(&mut self, variable: VariableId, x: &Traced, elements: &Elements) {
        let known = self.model.variable(variable);
        let built_up = self.built_up.remove(&known.name);
        let support = built_up.as_ref().map_or("", |own| &own.support);
        self.report_latent(variable, x, None, support, None);
        let Some(built_up) = built_up else { return };
        let block: usize = elements.dims.iter().product();
        let lens = &x.dims[..elements.rank];
        let n: usize = lens.iter().product();
        let mut marginals = Vec::with_capacity(n * block);
        for row in 0..n {
            let (mut tuple, mut rest) = (Tuple::default(), row);
            for k in (0..elements.rank).rev() {
                tuple[k] = (rest % lens[k]) as u32 + 1;
                rest /= lens[k];
            }
            let first = built_up.coordinates.get(&tuple);
            marginals.extend((0..block).map(|k| first.map(|first| first + k)));
        }
        if let Some((quantity, _)) = self.quantities.last_mut() {
            quantity.marginals = marginals;
        }
    }

    /// A latent whose elements do not fill a rectangle: each is a quantity of its own, under its own indices.
    fn report_ragged_latent(&mut self, variable: VariableId, elements: &Elements) {
        let known = self.model.variable(variable);
        let (name, doc) = (known.name.clone(), known.doc.clone());
        let built_up = self.built_up.remove(&name);
        let lens = &elements.slots.extents[..elements.rank];
        self.variables.push(VariableReport {
            name: name.clone(),
            role: known.role,
            dims: lens.iter().map(|&len| len as usize).chain(elements.dims.iter().copied()).collect(),
            labels: vec![None; elements.rank + elements.dims.len()],
            element: elements.element,
            support: built_up.as_ref().map(|own| own.support.clone()),
            distribution: None,
            doc: doc.clone(),
            missing: 0,
            imputed: 0,
            left_out: 0,
            is_drawn: false,
            discrete: false,
            not_finite: None,
        });
        let all = self.all_rows(elements);
        let block: usize = elements.dims.iter().product();
        for (tuple, row) in elements.slots.in_order(elements.rank) {
            let node = self.graph.slice(all, row as usize * block, &elements.dims);
            let first = built_up.as_ref().and_then(|own| own.coordinates.get(&tuple).copied());
            let offset = self.quantities.last().map_or(0, |(last, _)| last.offset + last.len());
            let quantity = Quantity {
                name: super::elements::element_name(&name, &tuple, elements.rank)
                    .trim_matches('`')
                    .to_string(),
                kind: QuantityKind::Latent,
                dims: elements.dims.clone(),
                labels: vec![None; elements.dims.len()],
                element: elements.element,
                doc: doc.clone(),
                offset,
                marginals: (0..block).map(|k| first.map(|first| first + k)).collect(),
            };
            self.quantities.push((quantity, node));
        }
    }

    pub fn report_discrete(
        &mut self,
        variable: VariableId,
        dims: Vec<usize>,
        labels: Vec<Option<Arc<Levels>>>,
        distribution: Span,
    ) {
        let known = self.model.variable(variable);
        let report = VariableReport {
            name: known.name.clone(),
            role: known.role,
            labels,
            dims,
            element: ElementType::Int,
            support: None,
            distribution: Some(one_line(self.model.source.slice(distribution))),
            doc: known.doc.clone(),
            missing: 0,
            imputed: 0,
            left_out: 0,
            is_drawn: false,
            discrete: true,
            not_finite: None,
        };
        self.variables.push(report);
    }

    /// A deterministic name of discrete latents, which is found when a fit is done.
    pub fn report_of_states(&mut self, variable: VariableId) {
        let known = self.model.variable(variable);
        self.variables.push(VariableReport {
            name: known.name.clone(),
            role: ir::Role::Deterministic,
            dims: Vec::new(),
            labels: Vec::new(),
            element: ElementType::Real,
            support: None,
            distribution: None,
            doc: known.doc.clone(),
            missing: 0,
            imputed: 0,
            left_out: 0,
            is_drawn: false,
            discrete: true,
            not_finite: None,
        });
    }

    /// A deterministic name: reported if it depends on a latent and is not too long.
    pub fn report_deterministic(&mut self, variable: VariableId, x: &Traced, text: Option<String>) {
        let known = self.model.variable(variable);
        if self.plan.is_some() {
            return;
        }
        let constant = self.constant(x);
        let not_finite = constant.and_then(|values| values.iter().copied().find(|value| !value.is_finite()));
        let report = VariableReport {
            name: known.name.clone(),
            role: ir::Role::Deterministic,
            dims: x.dims.clone(),
            labels: x.labels.clone(),
            element: x.element,
            support: None,
            distribution: text.map(|text| one_line(&text)),
            doc: known.doc.clone(),
            missing: 0,
            imputed: 0,
            left_out: 0,
            is_drawn: false,
            discrete: x.is_enumerated(),
            not_finite,
        };
        self.variables.push(report);
        let n: usize = x.dims.iter().product();
        if self.constant(x).is_none() && x.axes.is_empty() && n <= MAX_REPORTED {
            self.add_quantity(variable, QuantityKind::Deterministic, x, vec![None; n]);
        }
    }

    /// Reports latents and deterministic arrays that were built up, once the file is done.
    pub fn report_built_up(&mut self) -> Result<()> {
        let model = self.model;
        for (id, variable) in model.variables.iter().enumerate() {
            let id = VariableId(id);
            match self.env[id.0].clone() {
                Some(Binding::Elements(_)) if variable.role == ir::Role::Local => {}
                Some(Binding::Elements(_)) if self.partly.contains_key(&id) => self.report_imputed(id)?,
                Some(Binding::Elements(elements)) => {
                    let x = match self.assemble(id, &elements, variable.span) {
                        Ok(x) => x,
                        // A ragged array: its elements are reported one by one, those of a latent at least.
                        Err(CompileError::MissingElement { .. }) => {
                            if variable.role == ir::Role::Latent {
                                self.report_ragged_latent(id, &elements);
                            }
                            continue;
                        }
                        Err(error) => return Err(error),
                    };
                    match variable.role {
                        ir::Role::Latent => self.report_built_up_latent(id, &x, &elements),
                        ir::Role::Deterministic => self.report_deterministic(id, &x, None),
                        _ => {}
                    }
                }
                Some(Binding::Discrete(_)) if self.partly.contains_key(&id) => {}
                Some(Binding::Discrete(discrete))
                    if !self.variables.iter().any(|v| v.name == variable.name) =>
                {
                    let known = &self.discrete[discrete];
                    let dims: Vec<usize> =
                        known.slots.extents[..known.rank].iter().map(|&extent| extent as usize).collect();
                    if known.is_listed() {
                        let tuples = known.slots.in_order(known.rank).into_iter().map(|(tuple, _)| tuple);
                        let tuples: Vec<Tuple> = tuples.collect();
                        let labels = vec![Some(indices_as_labels(&tuples, known.rank))];
                        self.report_discrete(id, vec![tuples.len()], labels, variable.span);
                    } else {
                        let labels = vec![None; dims.len()];
                        self.report_discrete(id, dims, labels, variable.span);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Missing entries of the data that are latents, under their own indices.
    fn report_imputed(&mut self, variable: VariableId) -> Result<()> {
        let positions = self.imputed_positions(variable);
        if positions.is_empty() {
            return Ok(());
        }
        let known = self.model.variable(variable);
        let node = self.rows_defined(variable, &positions, known.span)?;
        let tuples = self.partly_tuples(variable, &positions);
        let built_up = self.built_up.remove(&known.name);
        let first = |tuple: &Tuple| built_up.as_ref().and_then(|own| own.coordinates.get(tuple).copied());
        let rank = self.partly_given(variable).map_or(1, Traced::rank);
        let mut x = Traced::new(node, vec![positions.len()], ElementType::Real);
        x.labels = vec![Some(indices_as_labels(&tuples, rank))];
        let marginals = tuples.iter().map(first).collect();
        self.add_quantity(variable, QuantityKind::Imputed, &x, marginals);
        Ok(())
    }

    fn add_quantity(
        &mut self,
        variable: VariableId,
        kind: QuantityKind,
        x: &Traced,
        marginals: Vec<Option<usize>>,
    ) {
        let known = self.model.variable(variable);
        let offset = self.quantities.last().map_or(0, |(last, _)| last.offset + last.len());
        let quantity = Quantity {
            name: known.name.clone(),
            kind,
            dims: x.dims.clone(),
            labels: x.labels.clone(),
            element: x.element,
            doc: known.doc.clone(),
            offset,
            marginals,
        };
        self.quantities.push((quantity, x.node));
    }
}

/// `17`, or `3,2` of a matrix: what stands in the brackets of each element.
pub fn indices_as_labels(tuples: &[Tuple], rank: usize) -> Arc<Levels> {
    let label = |tuple: &Tuple| tuple[..rank].iter().map(u32::to_string).collect::<Vec<String>>().join(",");
    Arc::new(Levels::new(tuples.iter().map(label).collect()))
}
