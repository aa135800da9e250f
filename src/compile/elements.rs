//! Arrays that are built up element by element: `h[1] = ...`, then `for t in 2:T { h[t] = ... }`.

use std::collections::HashMap;
use std::sync::Arc;

use super::CompileError;
use super::index::Positions;
use super::tracer::{Binding, Result, Tracer};
use super::value::{Axis, MAX_INDEX_RANK, Place, Traced, Tuple};
use crate::ir::{Index, Role, VariableId};
use crate::source::Span;
use crate::tape::Node;
use crate::types::ElementType;

/// What has been defined of an array so far.
#[derive(Clone)]
pub struct Elements {
    /// How many indices name an element.
    pub rank: usize,
    /// Dimensions of one element.
    pub dims: Vec<usize>,
    pub element: ElementType,
    /// Nodes `[rows, dims...]`, one per definition; rows are numbered through all pieces.
    pub pieces: Vec<Node>,
    pub slots: Arc<Slots>,
}

/// Which row holds which element.
#[derive(Clone, Default, Debug)]
pub struct Slots {
    /// One index: row + 1 by index, 0 where undefined.
    dense: Vec<u32>,
    sparse: HashMap<Tuple, u32>,
    /// Largest index seen in each dimension.
    pub extents: Tuple,
    pub rows: usize,
}

/// The elements that brackets name, for all rows of a domain.
pub struct Selection {
    pub tuples: Vec<Tuple>,
    pub axes: Vec<Axis>,
    /// Dimensions that vector indices make.
    pub dims: Vec<usize>,
    pub rank: usize,
}

impl Slots {
    /// The row of an element.
    pub fn get(&self, tuple: &Tuple, rank: usize) -> Option<u32> {
        if rank == 1 {
            self.dense.get(tuple[0] as usize).copied().filter(|&row| row > 0).map(|row| row - 1)
        } else {
            self.sparse.get(tuple).copied()
        }
    }

    /// Gives the next row to an element; false if it has one.
    pub fn insert(&mut self, tuple: Tuple, rank: usize) -> bool {
        let row = self.rows as u32;
        if rank == 1 {
            let at = tuple[0] as usize;
            if self.dense.len() <= at {
                self.dense.resize((at + 1).max(self.dense.len() * 2), 0);
            }
            if self.dense[at] > 0 {
                return false;
            }
            self.dense[at] = row + 1;
        } else if self.sparse.insert(tuple, row).is_some() {
            return false;
        }
        for (extent, index) in self.extents.iter_mut().zip(tuple) {
            *extent = (*extent).max(index);
        }
        self.rows += 1;
        true
    }
}

impl Tracer<'_> {
    /// `x[indices] = value` for every row of the loops around it.
    pub fn define_elements(
        &mut self,
        variable: VariableId,
        indices: &[Index],
        value: Traced,
        at: Span,
    ) -> Result<()> {
        if value.is_enumerated() {
            return Err(CompileError::unsupported("an element that depends on a discrete latent", at));
        }
        let selection = self.selection(indices, None, at)?;
        let vector = selection.dims.len();
        if value.rank() > 0 && !value.dims.starts_with(&selection.dims) {
            return Err(CompileError::Index {
                message: format!(
                    "{} elements are assigned a value of shape {:?}",
                    selection.dims.iter().product::<usize>(),
                    value.dims
                ),
                help: Some("the value must have one element per index, or be a scalar".into()),
                at,
            });
        }
        let element_dims = if value.rank() == 0 { Vec::new() } else { value.dims[vector..].to_vec() };
        if self.scan_defines(variable, &selection, &value, &element_dims, at)? {
            return Ok(());
        }
        let rows_shape = self.full_shape(&selection.axes, &selection.dims, Place::Main);
        let mut value = value;
        if let Some(domain) = self.domain {
            self.lift(&mut value, domain);
        }
        let mut shape = self.full_shape(&selection.axes, &[], Place::Main);
        if value.axes.is_empty() {
            shape.iter_mut().for_each(|len| *len = 1);
        }
        shape.extend(std::iter::repeat_n(1, vector.saturating_sub(value.rank())));
        shape.extend(&value.dims);
        let node = self.graph.reshape(value.node, &shape);
        let mut full = rows_shape;
        full.extend(&element_dims);
        let node = self.graph.broadcast(node, &full);
        self.add_piece(variable, &selection, node, element_dims, value.element, at)
    }

    /// Registers `node` (rows in the order of the selection) as the definition of the selected elements.
    pub fn add_piece(
        &mut self,
        variable: VariableId,
        selection: &Selection,
        node: Node,
        dims: Vec<usize>,
        element: ElementType,
        at: Span,
    ) -> Result<()> {
        let name = self.model.variable(variable).name.clone();
        let mut elements = match self.env[variable.0].take() {
            Some(Binding::Elements(elements)) => elements,
            _ => Elements {
                rank: selection.rank,
                dims: dims.clone(),
                element,
                pieces: Vec::new(),
                slots: Arc::default(),
            },
        };
        if elements.rank != selection.rank || elements.dims != dims {
            return Err(CompileError::Index {
                message: format!("elements of `{name}` have different shapes"),
                help: Some(format!(
                    "earlier ones take {} indices and have shape {:?}, these {} and {dims:?}",
                    elements.rank, elements.dims, selection.rank
                )),
                at,
            });
        }
        if element == ElementType::Real {
            elements.element = element;
        }
        let slots = Arc::make_mut(&mut elements.slots);
        for tuple in &selection.tuples {
            if !slots.insert(*tuple, selection.rank) {
                return Err(CompileError::RedefinedElement { element: element_name(&name, tuple, selection.rank), at });
            }
        }
        let mut shape = vec![selection.tuples.len()];
        shape.extend(&dims);
        let node = self.graph.reshape(node, &shape);
        elements.pieces.push(node);
        if let Some(plan) = &mut self.plan {
            let rows = rows_of(selection.tuples.len(), self.domain.map_or(1, |d| self.domains[d].size));
            let rows = match self.domain {
                Some(domain) => self.iterations_of(domain, rows),
                None => rows,
            };
            if let Some(plan_now) = &mut self.plan {
                plan_now.wrote(variable, &selection.tuples, &rows, selection.rank);
            }
        } else {
            let _ = &plan_unused();
        }
        self.env[variable.0] = Some(Binding::Elements(elements));
        Ok(())
    }
}
