//! Arrays that are built up element by element: `h[1] = ...`, then `for t in 2:T { h[t] = ... }`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::CompileError;
use super::positions::Positions;
use super::selection::Selection;
use super::tracer::{Binding, Result, Tracer};
use super::value::{MAX_ELEMENTS, Place, Traced, Tuple};
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

/// How far an array that is built up reaches.
#[derive(Clone, Copy)]
pub struct Extents {
    pub rank: usize,
    pub lens: Tuple,
}

impl Elements {
    /// An array of numbers, none of which is defined yet.
    pub fn none(rank: usize) -> Elements {
        let (dims, slots) = (Vec::new(), Arc::default());
        Elements { rank, dims, element: ElementType::Real, pieces: Vec::new(), slots }
    }
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

    /// All elements with their rows, in the order of their indices.
    pub fn in_order(&self, rank: usize) -> Vec<(Tuple, u32)> {
        let mut all: Vec<(Tuple, u32)> = if rank == 1 {
            let dense = self.dense.iter().enumerate().filter(|(_, row)| **row > 0);
            let tuple = |index: usize| {
                let mut tuple = Tuple::default();
                tuple[0] = index as u32;
                tuple
            };
            dense.map(|(index, &row)| (tuple(index), row - 1)).collect()
        } else {
            self.sparse.iter().map(|(tuple, &row)| (*tuple, row)).collect()
        };
        all.sort_unstable();
        all
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
        } else {
            let Entry::Vacant(slot) = self.sparse.entry(tuple) else { return false };
            slot.insert(row);
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
        let value = match value.is_enumerated() && self.has_drawn_states() {
            true => self.at_drawn_states(&value, at)?,
            false => value,
        };
        if value.is_enumerated() {
            let name = &self.model.variable(variable).name;
            let feature = format!("an element of `{name}` that depends on a discrete latent");
            return Err(CompileError::unsupported(feature, at));
        }
        let selection = self.selection(variable, indices, None, at)?;
        let ragged = self.ragged_axis(&selection.axes);
        let value = match (self.ragged_of(&value), self.domain) {
            (Some(own), _) if self.scan.is_some() => {
                let what = "elements defined by a slice whose length changes, in a recursion";
                return Err(self.varies(own, what, at));
            }
            (Some(_), None) => value,
            (Some(own), Some(domain)) => {
                let value = self.ragged_within(&value, domain, at)?;
                if self.ragged_of(&value) != ragged {
                    return Err(match ragged {
                        Some(ragged) => self.lengths_differ(ragged, own, at),
                        None => CompileError::Index {
                            message: "one element is assigned a slice whose length changes over the loop"
                                .into(),
                            help: Some("name the elements on the left, as in `x[j, 1:n[j]] = ...`".into()),
                            at,
                        },
                    });
                }
                value
            }
            (None, _) => value,
        };
        self.along(ragged, |tracer| tracer.define_selected(variable, &selection, value, at))
    }

    fn define_selected(
        &mut self,
        variable: VariableId,
        selection: &Selection,
        value: Traced,
        at: Span,
    ) -> Result<()> {
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
        if self.scan_defines(variable, selection, &value, &element_dims, at)? {
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
        self.add_piece(variable, selection, node, element_dims, value.element, at)
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
        self.note_write(variable, selection, &dims, element);
        self.add_rows(variable, selection, node, dims, element, at)
    }

    /// [`Tracer::add_piece`] without a note of which iterations define what.
    pub fn add_rows(
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
                return Err(CompileError::RedefinedElement {
                    element: element_name(&name, tuple, selection.rank),
                    at,
                });
            }
        }
        let mut shape = vec![selection.tuples.len()];
        shape.extend(&dims);
        let node = self.graph.reshape(node, &shape);
        elements.pieces.push(node);
        self.env[variable.0] = Some(Binding::Elements(elements));
        Ok(())
    }

    /// The loop around the call of the function to which a local belongs. The local is another one in each iteration:
    /// its first index, which nobody writes, is the row of the loop.
    pub fn call_of(&self, variable: VariableId) -> Option<usize> {
        self.call_domain.filter(|_| self.model.variable(variable).role == Role::Local)
    }

    /// How far an array reaches, with what the loop being traced defines of it.
    pub fn extents_of(&self, variable: VariableId, elements: &Elements) -> Extents {
        let mut lens = elements.slots.extents;
        let scan = self.scan.as_ref().and_then(|scan| scan.extents.get(&variable));
        for (len, other) in lens.iter_mut().zip(scan.into_iter().flatten()) {
            *len = (*len).max(*other);
        }
        Extents { rank: elements.rank, lens }
    }

    /// `x[indices]` of an array that is built up.
    pub fn index_elements(
        &mut self,
        variable: VariableId,
        elements: &Elements,
        indices: &[Index],
        at: Span,
    ) -> Result<Traced> {
        let own_rank = elements.rank - usize::from(self.call_of(variable).is_some());
        if indices.len() > own_rank + elements.dims.len() {
            return Err(CompileError::Index {
                message: format!(
                    "{} indices for an array of {} dimensions",
                    indices.len(),
                    own_rank + elements.dims.len()
                ),
                help: None,
                at,
            });
        }
        if self.domain.is_none() && !self.partly.contains_key(&variable) {
            let whole = self.assemble(variable, elements, at);
            match whole {
                Ok(whole) => {
                    let mut positions = Vec::with_capacity(indices.len());
                    for (k, index) in indices.iter().enumerate() {
                        positions.push(self.positions(
                            index,
                            Some(whole.dims[k]),
                            whole.labels[k].as_ref(),
                        )?);
                    }
                    return self.select(&whole, positions, at);
                }
                // Not all of it is defined yet: the elements asked for may be.
                Err(CompileError::MissingElement { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let (own, rest) = indices.split_at(indices.len().min(own_rank));
        let extents = self.extents_of(variable, elements);
        let selection = self.selection(variable, own, Some(extents), at)?;
        if let Some(given) = self.partly_given(variable) {
            within_data(&selection, &given.dims, at)?;
        }
        let read = self.read_elements(variable, elements, &selection, at);
        let read = read.map_err(|error| self.for_want_of_data(variable, error))?;
        if rest.is_empty() {
            return Ok(read);
        }
        let n_own = selection.dims.len();
        let mut positions: Vec<Positions> =
            read.dims[..n_own].iter().map(|&len| Positions::whole(len, None)).collect();
        for (k, index) in rest.iter().enumerate() {
            positions.push(self.positions(index, Some(elements.dims[k]), None)?);
        }
        self.select(&read, positions, at)
    }

    fn read_elements(
        &mut self,
        variable: VariableId,
        elements: &Elements,
        selection: &Selection,
        at: Span,
    ) -> Result<Traced> {
        self.note_read(variable, selection, at);
        if let Some(read) = self.scan_reads(variable, elements, selection, at)? {
            return Ok(read);
        }
        let dims: Vec<usize> = selection.dims.iter().chain(&elements.dims).copied().collect();
        let mut read = Traced::new(self.graph.scalar(f64::NAN), dims, elements.element);
        read.axes.clone_from(&selection.axes);
        let there = self.elements_there(&selection.axes, selection.tuples.len());
        let row = |(k, tuple): (usize, &Tuple)| {
            let row = elements.slots.get(tuple, elements.rank);
            row.or_else(|| there.as_ref().is_some_and(|there| !there[k]).then_some(0))
        };
        let rows: Option<Vec<u32>> = selection.tuples.iter().enumerate().map(row).collect();
        match rows {
            Some(rows) => {
                let node = self.rows_of(elements, rows);
                let shape = self.full_shape(&read.axes, &read.dims, Place::Main);
                read.node = self.graph.reshape(node, &shape);
            }
            // In a dry run the shape is all that counts.
            None if self.plan.is_some() => {
                let shape = self.full_shape(&read.axes, &read.dims, Place::Main);
                read.node = self.graph.input(&shape);
                if let Some(plan) = &mut self.plan {
                    plan.placeholders.push(read.node);
                }
            }
            None => {
                let missing =
                    selection.tuples.iter().find(|tuple| elements.slots.get(tuple, elements.rank).is_none());
                let name = &self.model.variable(variable).name;
                return Err(CompileError::UndefinedElement {
                    element: missing
                        .map_or_else(String::new, |tuple| element_name(name, tuple, elements.rank)),
                    at,
                });
            }
        }
        Ok(read)
    }

    /// Everything that is defined, `[rows, dims...]` in the order of definition.
    pub fn all_rows(&mut self, elements: &Elements) -> Node {
        match elements.pieces.as_slice() {
            [one] => *one,
            pieces => self.graph.concat(pieces, 0),
        }
    }

    fn rows_of(&mut self, elements: &Elements, mut rows: Vec<u32>) -> Node {
        // Data among them stay constants.
        let all = match self.piece_of(elements, &rows) {
            Some((piece, before)) => {
                rows.iter_mut().for_each(|row| *row -= before);
                piece
            }
            None => self.all_rows(elements),
        };
        let first = rows.first().copied().unwrap_or(0);
        let contiguous = rows.iter().zip(first..).all(|(&row, next)| row == next);
        if contiguous {
            let block: usize = elements.dims.iter().product();
            let mut shape = vec![rows.len()];
            shape.extend(&elements.dims);
            return self.graph.slice(all, first as usize * block, &shape);
        }
        self.take_rows(all, &rows, &elements.dims, Place::Main)
    }

    /// The piece that all of these rows are in, if one holds them, and the number of rows before it.
    fn piece_of(&self, elements: &Elements, rows: &[u32]) -> Option<(Node, u32)> {
        let (least, most) = (*rows.iter().min()?, *rows.iter().max()?);
        let mut before = 0;
        for &piece in &elements.pieces {
            let end = before + self.graph.shape(piece)[0] as u32;
            if least < end {
                return (least >= before && most < end).then_some((piece, before));
            }
            before = end;
        }
        None
    }

    /// The whole array; an error if elements within its extents are not defined.
    pub fn assemble(&mut self, variable: VariableId, elements: &Elements, at: Span) -> Result<Traced> {
        let extents = self.extents_of(variable, elements);
        let lens: Vec<usize> = extents.lens[..elements.rank].iter().map(|&len| len as usize).collect();
        let n = lens.iter().map(|&len| len as u128).fold(1, u128::saturating_mul);
        if n > MAX_ELEMENTS as u128 {
            // More than could have been defined: not worth looking for the first that is not.
            let element = format!("an element of `{}`", self.model.variable(variable).name);
            return Err(CompileError::MissingElement { element, at });
        }
        let selection = self.selection(variable, &[], Some(extents), at)?;
        self.read_elements(variable, elements, &selection, at).map_err(|error| match error {
            CompileError::UndefinedElement { element, at } => CompileError::MissingElement { element, at },
            other => other,
        })
    }
}

/// Elements of data are within their dimensions.
fn within_data(selection: &Selection, dims: &[usize], at: Span) -> Result<()> {
    for tuple in &selection.tuples {
        let outside = tuple.iter().zip(dims).find(|(index, len)| **index as usize > **len);
        if let Some((&index, &length)) = outside {
            let index = i64::from(index);
            return Err(CompileError::IndexRange { index, length, place: String::new(), at });
        }
    }
    Ok(())
}

/// `h[3]`, `lp[2,1]`
pub fn element_name(name: &str, tuple: &Tuple, rank: usize) -> String {
    let indices: Vec<String> = tuple[..rank].iter().map(u32::to_string).collect();
    format!("`{name}[{}]`", indices.join(","))
}
