//! Indexing: positions along the dimensions of an array become one block of it, or one gather.

use std::ops::Range;
use std::sync::Arc;

use super::CompileError;
use super::elements::Elements;
use super::positions::Positions;
use super::tracer::{Binding, Result, Tracer};
use super::value::{Axis, Place, Traced, Value};
use crate::ir::{Expr, ExprKind, Index, Role, VariableId};
use crate::source::Span;
use crate::tape::Node;

impl Tracer<'_> {
    pub fn index_expr(&mut self, base: &Expr, indices: &[Index], at: Span) -> Result<Traced> {
        if let ExprKind::Variable(variable) = base.kind {
            if self.plan.is_some() && self.env[variable.0].is_none() && self.is_built_here(variable) {
                // Of what the first pass begins to build up it can read no element: `x[1:(t - 1)]`.
                let elements = Elements::none(indices.len());
                return self.index_elements(variable, &elements, indices, at);
            }
            match self.lookup(variable, base.span)? {
                Binding::Elements(elements) => return self.index_elements(variable, &elements, indices, at),
                Binding::Discrete(discrete) => return self.index_discrete(discrete, indices, at),
                Binding::Value(Value::Array(traced)) => return self.index_traced(&traced, indices, at),
                _ => {}
            }
        }
        let traced = self.array(base)?;
        self.index_traced(&traced, indices, at)
    }

    /// Whether a name is an array that the model builds up of numbers.
    fn is_built_here(&self, variable: VariableId) -> bool {
        matches!(self.model.variable(variable).role, Role::Deterministic | Role::Latent)
    }

    pub fn index_traced(&mut self, base: &Traced, indices: &[Index], at: Span) -> Result<Traced> {
        if self.ragged_of(base).is_some() {
            return self.index_ragged(base, indices, at);
        }
        if indices.len() > base.rank() {
            return Err(CompileError::Index {
                message: format!("{} indices for an array of {} dimensions", indices.len(), base.rank()),
                help: (base.rank() == 0).then(|| "a scalar cannot be indexed".into()),
                at,
            });
        }
        if let Some(chosen) = self.chosen_by_draws(base, indices, at)? {
            return Ok(chosen);
        }
        let mut positions: Vec<Positions> = Vec::with_capacity(base.rank());
        for (k, index) in indices.iter().enumerate() {
            positions.push(self.positions(index, Some(base.dims[k]), base.labels[k].as_ref())?);
        }
        self.refuse_slices_beside(&positions, at)?;
        // Along the elements of a whole discrete latent the result has its first dimension, whatever stands before.
        let whole = |position: &Positions| position.axes.iter().any(|axis| self.is_implicit(axis));
        let first_array = positions.iter().position(|position| whole(position) || !position.dims.is_empty());
        if let Some(k) = positions.iter().rposition(whole)
            && (Some(k) != first_array || base.axes.iter().any(|axis| self.is_implicit(axis)))
        {
            return Err(CompileError::unsupported(
                "a whole discrete latent as an index after another array, or twice; write a loop over its elements",
                at,
            ));
        }
        self.select(base, positions, at)
    }

    /// The elements of `base` at the given positions of its leading dimensions.
    pub fn select(&mut self, base: &Traced, mut positions: Vec<Positions>, at: Span) -> Result<Traced> {
        for k in positions.len()..base.rank() {
            positions.push(Positions::whole(base.dims[k], base.labels[k].clone()));
        }
        if let Some(node) = self.known_block(base, &positions) {
            return Ok(selected(node, base, Vec::new(), &positions));
        }
        if base.place == Place::Step {
            for position in &mut positions {
                self.within_step(position, at)?;
            }
        }
        let mut axes: Vec<Axis> =
            base.axes.iter().chain(positions.iter().flat_map(|position| &position.axes)).copied().collect();
        let domains = std::iter::once(&base.axes).chain(positions.iter().map(|position| &position.axes));
        let domain = self.common_domain(domains, at)?;
        axes.retain(|axis| !matches!(axis, Axis::Domain(_)));
        axes.extend(domain.map(Axis::Domain));
        axes.sort_unstable();
        axes.dedup();

        let inner: usize = base.dims.iter().product();
        let base_rows = self.row_offsets(&base.axes, &axes, base.place);
        let position_rows: Vec<Vec<u32>> =
            positions.iter().map(|position| self.row_offsets(&position.axes, &axes, base.place)).collect();
        let mut strides = vec![1u32; base.rank()];
        for k in (1..base.rank()).rev() {
            strides[k - 1] = strides[k] * base.dims[k] as u32;
        }
        let dims: Vec<usize> = positions.iter().flat_map(|position| position.dims.iter().copied()).collect();
        let combinations: usize = axes.iter().map(|&axis| self.axis_len(axis, base.place)).product();
        let mut index: Vec<u32> = Vec::with_capacity(combinations * dims.iter().product::<usize>());
        let (mut run, mut wider) = (Vec::new(), Vec::new());
        for combination in 0..combinations {
            run.clear();
            run.push(base_rows[combination] * inner as u32);
            for (k, position) in positions.iter().enumerate() {
                let size: usize = position.dims.iter().product();
                let start = position_rows[k][combination] as usize * size;
                let chosen = &position.values[start..start + size];
                let stride = strides[k];
                wider.clear();
                wider.extend(run.iter().flat_map(|&offset| chosen.iter().map(move |&p| offset + p * stride)));
                std::mem::swap(&mut run, &mut wider);
            }
            index.extend_from_slice(&run);
        }
        let shape = self.full_shape(&axes, &dims, base.place);
        let graph = self.graph_at(base.place);
        let contiguous = index.iter().zip(index.first().copied().unwrap_or(0)..).all(|(&i, next)| i == next);
        let node = if contiguous && !index.is_empty() {
            graph.slice(base.node, index[0] as usize, &shape)
        } else {
            graph.gather(base.node, Arc::from(index), &shape)
        };
        Ok(selected(node, base, axes, &positions))
    }

    /// Neighbours along each dimension of an array that is known: no table of positions is needed for them.
    fn known_block(&mut self, base: &Traced, positions: &[Positions]) -> Option<Node> {
        self.constant(base)?;
        let ranges: Option<Vec<Range<usize>>> = positions.iter().map(Positions::range).collect();
        if !base.axes.is_empty() {
            return None;
        }
        let mut node = base.node;
        for (axis, range) in ranges?.into_iter().enumerate() {
            node = self.graph.take_range(node, axis, range);
        }
        let dims: Vec<usize> = positions.iter().flat_map(|position| position.dims.iter().copied()).collect();
        Some(self.graph.reshape(node, &dims))
    }

    /// Within a scan's step a local array can only be indexed the same way in every step.
    fn within_step(&self, position: &mut Positions, at: Span) -> Result<()> {
        let Some(scan) = &self.scan else { return Ok(()) };
        if !position.axes.iter().any(|axis| matches!(axis, Axis::Domain(_))) {
            return Ok(());
        }
        let (own, base, steps) = (scan.domain, scan.base, scan.steps);
        for axis in &mut position.axes {
            let Axis::Domain(domain) = *axis else { continue };
            if domain == own || self.inner_of(domain, own, at)? == domain {
                continue;
            }
            // The index varies along a loop around the recursion only.
            let size: usize = position.dims.iter().product();
            let target = base.unwrap_or(own);
            let rows = self.rows_between(domain, target);
            position.values = rows
                .iter()
                .flat_map(|&row| position.values[row as usize * size..][..size].iter().copied())
                .collect();
            *axis = Axis::Domain(own);
            if base.is_some() {
                return Ok(());
            }
        }
        let per_step = position.values.len() / steps;
        if per_step == 0 {
            return Ok(());
        }
        if position.values.chunks(per_step).any(|step| step != &position.values[..per_step]) {
            return Err(CompileError::unsupported(
                "an index into a local array that changes from step to step of a recursion",
                at,
            ));
        }
        position.values.truncate(per_step);
        if base.is_none() {
            position.axes.retain(|&axis| axis != Axis::Domain(own));
        }
        Ok(())
    }

    pub fn common_domain<'t>(
        &self,
        axes: impl Iterator<Item = &'t Vec<Axis>>,
        at: Span,
    ) -> Result<Option<usize>> {
        let mut common: Option<usize> = None;
        for axis in axes.flatten() {
            let Axis::Domain(domain) = *axis else { continue };
            common = Some(match common {
                None => domain,
                Some(other) => self.inner_of(domain, other, at)?,
            });
        }
        Ok(common)
    }

    /// For every combination of the result's axes, the row of a value that has only some of them.
    fn row_offsets(&self, own: &[Axis], axes: &[Axis], place: Place) -> Vec<u32> {
        let lens: Vec<usize> = axes.iter().map(|&axis| self.axis_len(axis, place)).collect();
        let mut rows = vec![0u32; lens.iter().product()];
        for (k, axis) in axes.iter().enumerate() {
            let found = own.iter().position(|o| match (o, axis) {
                (Axis::Domain(_), Axis::Domain(_)) => true,
                (o, axis) => o == axis,
            });
            let Some(mine) = found else { continue };
            let stride: usize = own[mine + 1..].iter().map(|&axis| self.axis_len(axis, place)).product();
            let map = match (own[mine], *axis) {
                (Axis::Domain(outer), Axis::Domain(inner)) if outer != inner => {
                    Some(self.rows_between(outer, inner))
                }
                _ => None,
            };
            let after: usize = lens[k + 1..].iter().product();
            for (flat, row) in rows.iter_mut().enumerate() {
                let along = flat / after % lens[k];
                let along = map.as_ref().map_or(along, |map| map[along] as usize);
                *row += (along * stride) as u32;
            }
        }
        rows
    }
}

/// What a value becomes where elements are selected from it.
fn selected(node: Node, base: &Traced, axes: Vec<Axis>, positions: &[Positions]) -> Traced {
    let labels = positions.iter().flat_map(|position| {
        let label = (position.dims.len() == 1).then(|| position.label.clone()).flatten();
        position.dims.iter().map(move |_| label.clone())
    });
    Traced {
        node,
        place: base.place,
        axes,
        dims: positions.iter().flat_map(|position| position.dims.iter().copied()).collect(),
        element: base.element,
        labels: labels.collect(),
        levels: base.levels.clone(),
    }
}
