//! What is computed of discrete latents and is not part of the density: found after a fit, from draws of their states.

use super::CompileError;
use super::loops::DomainKind;
use super::tracer::{Binding, Result, Tracer};
use super::value::{Axis, Place, Traced};
use crate::ir::{Role, Statement, StatementKind, VariableId};
use crate::source::Span;
use crate::types::ElementType;

impl Tracer<'_> {
    /// Whether a statement only defines names, and cannot because of the discrete latents in it: `N = sum(z)`.
    pub fn is_of_states(&self, statement: &Statement, error: &CompileError) -> bool {
        let is_about_them =
            matches!(error, CompileError::Elimination { .. } | CompileError::NotSupportedYet { .. });
        is_about_them && !self.is_forwards() && !self.discrete.is_empty() && only_defines(statement)
    }

    /// The names of such a statement are errors where they are used, and reported if they are not.
    pub fn put_off(&mut self, statement: &Statement, error: &CompileError) {
        let mut names = Vec::new();
        defined(statement, &mut names);
        names.retain(|name| self.model.variable(*name).role != Role::Local);
        names.sort_unstable();
        names.dedup();
        names.into_iter().for_each(|name| self.report_of_states(name));
        self.bind_all(statement, &Binding::OfStates(Box::new(error.clone())));
    }

    /// A value at the drawn values of the discrete latents that it depends on. The elements of whole ones are dimensions again.
    pub fn at_drawn_states(&mut self, value: &Traced, at: Span) -> Result<Traced> {
        if value.place != Place::Main {
            self.refuse_forwards("what depends on a discrete latent within a recursion", at)?;
        }
        let mut value = value.clone();
        let mut domain = value.domain();
        for along in value.axes.iter().filter_map(|axis| self.domain_along(axis)).collect::<Vec<usize>>() {
            domain = Some(match domain {
                Some(other) => self.inner_of(along, other, at)?,
                None => along,
            });
        }
        match (value.domain(), domain) {
            (Some(_), Some(domain)) => self.lift(&mut value, domain),
            (None, Some(domain)) => {
                let shape = self.full_shape(&value.axes, &value.dims, Place::Main);
                let node = self.graph.reshape(value.node, &[&[1], &shape[..]].concat());
                let size = self.domains[domain].size;
                value.node = self.graph.broadcast(node, &[&[size], &shape[..]].concat());
                value.axes.insert(0, Axis::Domain(domain));
            }
            (_, None) => {}
        }
        while let Some(k) = value.axes.iter().rposition(|axis| matches!(axis, Axis::Enumeration(_))) {
            value.node = self.chosen(value.node, &value.axes, k, at)?;
            value.axes.remove(k);
        }
        if let Some(domain) = domain
            && self.domains[domain].kind == DomainKind::Implicit
        {
            let lens = self.domains[domain].dims.clone();
            value.axes.clear();
            value.labels.splice(0..0, vec![None; lens.len()]);
            value.dims.splice(0..0, lens);
            value.node = self.graph.reshape(value.node, &value.dims);
        }
        Ok(value)
    }

    /// Elements of a discrete latent as they are drawn: an array of `dims` in each row of a loop.
    pub fn drawn_jointly(
        &mut self,
        discrete: usize,
        domain: Option<usize>,
        map: &[u32],
        dims: &[usize],
    ) -> Traced {
        let node = self.drawn_rows(discrete, map);
        let axes: Vec<Axis> = domain.map(Axis::Domain).into_iter().collect();
        let shape = self.full_shape(&axes, dims, Place::Main);
        let mut value = Traced::new(self.graph.reshape(node, &shape), dims.to_vec(), ElementType::Int);
        value.axes = axes;
        value
    }
}

fn only_defines(statement: &Statement) -> bool {
    match &statement.kind {
        StatementKind::Define { .. } | StatementKind::DefineElements { .. } => true,
        StatementKind::For { body, .. } => body.iter().all(only_defines),
        StatementKind::If { arms, otherwise } => {
            arms.iter().flat_map(|(_, body)| body).chain(otherwise).all(only_defines)
        }
        _ => false,
    }
}

fn defined(statement: &Statement, names: &mut Vec<VariableId>) {
    match &statement.kind {
        StatementKind::Define { variable, .. } | StatementKind::DefineElements { variable, .. } => {
            names.push(*variable);
        }
        StatementKind::For { body, .. } => body.iter().for_each(|inner| defined(inner, names)),
        StatementKind::If { arms, otherwise } => {
            arms.iter().flat_map(|(_, body)| body).chain(otherwise).for_each(|inner| defined(inner, names));
        }
        _ => {}
    }
}
