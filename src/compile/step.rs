//! Within a step of a recursion: what comes in from outside, what is defined, what is read.

use std::collections::HashMap;
use std::sync::Arc;

use super::CompileError;
use super::elements::{Elements, element_name};
use super::scan::{Deferred, Section, Store};
use super::selection::Selection;
use super::tracer::{Binding, Result, Tracer};
use super::value::{Axis, Place, Traced, Tuple};
use crate::ir::{Role, VariableId};
use crate::source::Span;
use crate::tape::{Access, Node, Source};
use crate::types::ElementType;

impl Tracer<'_> {
    /// A value as the body sees it: one step's.
    pub fn import(&mut self, value: &Traced, at: Span) -> Result<Traced> {
        if value.place == Place::Step {
            return Ok(value.clone());
        }
        let Some(scan) = &self.scan else { return Ok(value.clone()) };
        let (domain, base, steps) = (scan.domain, scan.base, scan.steps);
        let mut value = value.clone();
        if matches!(value.place, Place::Export(_)) {
            return Err(CompileError::unsupported("a value that leaves a recursion and enters it again", at));
        }
        let whole = match value.domain() {
            None => true,
            Some(own) if self.inner_of(own, domain, at)? == domain && own != domain => {
                // Varies along a loop around this one only.
                let target = base.unwrap_or(domain);
                self.lift(&mut value, target);
                base.is_some()
            }
            Some(_) => false,
        };
        let mut axes = value.axes.clone();
        if let Some(Axis::Domain(own)) = axes.first_mut()
            && Some(*own) == base
        {
            *own = domain;
        }
        let shape = self.graph.shape(value.node).to_vec();
        let size: usize = shape.iter().product();
        let step_shape: Vec<usize> = if whole {
            shape
        } else {
            std::iter::once(shape[0] / steps).chain(shape[1..].iter().copied()).collect()
        };
        if !whole && base.is_none() {
            axes.retain(|axis| *axis != Axis::Domain(domain));
        }
        let own_shape: Vec<usize> =
            if axes.len() < value.axes.len() { step_shape[1..].to_vec() } else { step_shape };
        let constant = self.graph.value(value.node).cloned();
        let Some(scan) = &mut self.scan else { return Ok(value) };
        let key = (value.node, whole, own_shape.clone());
        let node = match (scan.imported.get(&key), constant, whole) {
            (Some(&node), _, _) => node,
            (None, Some(tensor), true) => scan.graph.constant(tensor),
            (None, _, _) => {
                let node = scan.graph.input(&own_shape);
                let arg = scan.args.iter().position(|&arg| arg == value.node).unwrap_or_else(|| {
                    scan.args.push(value.node);
                    scan.args.len() - 1
                });
                let access = if whole {
                    Access::Whole
                } else {
                    Access::Rows { start: 0, step: (size / steps) as isize }
                };
                scan.ports.push((node, Source::Arg(arg), access));
                node
            }
        };
        scan.imported.insert(key, node);
        (value.node, value.place, value.axes) = (node, Place::Step, axes);
        Ok(value)
    }

    /// Takes a definition in the body of a scan; false where it is an ordinary one.
    pub fn scan_defines(
        &mut self,
        variable: VariableId,
        selection: &Selection,
        value: &Traced,
        dims: &[usize],
        at: Span,
    ) -> Result<bool> {
        let Some(scan) = &self.scan else { return Ok(false) };
        let steps = scan.steps;
        let state = scan.states.iter().position(|state| state.variable == variable);
        // A local of a function lives in the step, whatever fills it.
        let local = self.model.variable(variable).role == Role::Local;
        if state.is_none() && value.place == Place::Main && !local {
            return Ok(false);
        }
        if local && self.env[variable.0].is_none() {
            self.env[variable.0] = Some(Binding::Elements(Elements {
                rank: selection.rank,
                dims: dims.to_vec(),
                element: value.element,
                pieces: Vec::new(),
                slots: Arc::default(),
            }));
        }
        let inner = self.domain;
        let mut value = self.import(value, at)?;
        if let Some(domain) = inner
            && (value.domain().is_some() || Some(domain) != self.scan.as_ref().map(|scan| scan.domain))
        {
            value = self.spread_in_step(value, domain);
        }
        // The step's own rows, then the dimensions that vector indices make, then the element's.
        let mut full = self.full_shape(&value.axes, &[], Place::Step);
        if self.scan.as_ref().is_some_and(|scan| scan.base.is_some()) && value.axes.is_empty() {
            value = self.spread_in_step(value, self.scan.as_ref().map_or(0, |scan| scan.domain));
            full = self.full_shape(&value.axes, &[], Place::Step);
        }
        let mut shape = full.clone();
        shape
            .extend(std::iter::repeat_n(1, (selection.dims.len() + dims.len()).saturating_sub(value.rank())));
        shape.extend(&value.dims);
        full.extend(&selection.dims);
        full.extend(dims);
        let graph = self.graph_at(Place::Step);
        let node = graph.reshape(value.node, &shape);
        let node = graph.broadcast(node, &full);
        value.node = node;
        value.dims = selection.dims.iter().chain(dims).copied().collect();
        let Some(scan) = &mut self.scan else { return Ok(false) };
        let extents = scan.extents.entry(variable).or_default();
        for tuple in &selection.tuples {
            extents.iter_mut().zip(tuple).for_each(|(len, index)| *len = (*len).max(*index));
        }
        scan.sections.push(Section { variable, tuples: selection.tuples.clone(), value: value.clone() });
        match state {
            Some(state) => {
                let carried = &scan.states[state];
                let block: usize = carried.dims.iter().product();
                let rows =
                    selection.tuples.iter().map(|tuple| carried.slots.get(tuple, carried.rank).unwrap_or(0));
                let access = access(rows.collect(), steps, block);
                scan.stores.push(Store { node, state, access });
            }
            None => {
                let selection = Selection {
                    tuples: selection.tuples.clone(),
                    axes: selection.axes.clone(),
                    dims: selection.dims.clone(),
                    rank: selection.rank,
                };
                let value = self.export(&value);
                self.defer(Deferred::Piece { variable, selection, value, dims: dims.to_vec(), at });
            }
        }
        Ok(true)
    }

    fn spread_in_step(&mut self, mut value: Traced, domain: usize) -> Traced {
        let drop_axis = self.scan.as_ref().is_some_and(|scan| scan.base.is_none() && scan.domain == domain);
        if drop_axis {
            return value;
        }
        if value.place == Place::Step && value.domain().is_none() {
            return self.spread(value, domain);
        }
        self.lift(&mut value, domain);
        value
    }

    /// Reads elements in the body of a scan; `None` where they are ordinary ones.
    pub fn scan_reads(
        &mut self,
        variable: VariableId,
        elements: &Elements,
        selection: &Selection,
        at: Span,
    ) -> Result<Option<Traced>> {
        let Some(by_loop) = self.along_scan(selection) else { return Ok(None) };
        let selection = &by_loop;
        if let Some(value) = self.read_in_step(variable, selection, at)? {
            return Ok(Some(value));
        }
        let Some(scan) = &self.scan else { return Ok(None) };
        let steps = scan.steps;
        let Some(state) = scan.states.iter().position(|state| state.variable == variable) else {
            return Ok(None);
        };
        let carried = &scan.states[state];
        let n = selection.tuples.len();
        // The same elements in every step; in a panel those of each row.
        let uniform = selection.axes.iter().all(|axis| Some(*axis) == scan.base.map(Axis::Domain));
        let mut rows = Vec::with_capacity(n);
        let there = self.elements_there(&selection.axes, n);
        for (k, tuple) in selection.tuples.iter().enumerate() {
            if there.as_ref().is_some_and(|there| !there[k]) {
                // What is beyond a length repeats an element that was read before.
                rows.push(rows.last().copied().unwrap_or(0));
                continue;
            }
            let undefined = || CompileError::UndefinedElement {
                element: element_name(&self.model.variable(variable).name, tuple, carried.rank),
                at,
            };
            let row = carried.slots.get(tuple, carried.rank).ok_or_else(undefined)?;
            if row as usize >= carried.n_before {
                let now = if uniform { 0 } else { k / (n / steps) };
                let then = carried.steps[row as usize - carried.n_before];
                if then == now && self.domain != Some(scan.domain) {
                    return Err(CompileError::unsupported(
                        "an inner loop whose iterations feed each other, inside a recursion",
                        at,
                    ));
                }
                if then >= now {
                    return Err(undefined());
                }
            }
            rows.push(row);
        }
        let block: usize = carried.dims.iter().product();
        let access = match (rows.is_empty(), uniform) {
            (true, _) => None,
            (false, true) => {
                Some(access((0..steps).flat_map(|_| rows.iter().copied()).collect(), steps, block))
            }
            (false, false) => Some(access(rows, steps, block)),
        };
        let dims: Vec<usize> = selection.dims.iter().chain(&elements.dims).copied().collect();
        let scan_domain = scan.domain;
        let mut axes = selection.axes.clone();
        match scan.base {
            None => axes.retain(|axis| *axis != Axis::Domain(scan_domain)),
            Some(base) => {
                let rows = axes.iter_mut().filter(|axis| **axis == Axis::Domain(base));
                rows.for_each(|axis| *axis = Axis::Domain(scan_domain));
            }
        }
        let element = carried.element;
        let shape = self.full_shape(&axes, &dims, Place::Step);
        let Some(scan) = &mut self.scan else { return Ok(None) };
        let node = match access {
            Some(access) => {
                let node = scan.graph.input(&shape);
                scan.ports.push((node, Source::State(state), access));
                node
            }
            None => scan.graph.full(&shape, 0.0),
        };
        let mut value = Traced::new(node, dims, element);
        (value.axes, value.place) = (axes, Place::Step);
        Ok(Some(value))
    }

    /// A selection by a loop around the recursion, as one by the rows that run side by side, or by iterations.
    fn along_scan(&self, selection: &Selection) -> Option<Selection> {
        let scan = self.scan.as_ref()?;
        let mut selection = selection.clone();
        let Some(Axis::Domain(own)) = selection.axes.first().copied() else { return Some(selection) };
        if own == scan.domain || !self.encloses(own, scan.domain) {
            return Some(selection);
        }
        let target = scan.base.unwrap_or(scan.domain);
        let size: usize = selection.dims.iter().product();
        let rows = self.rows_between(own, target);
        selection.tuples = rows
            .iter()
            .flat_map(|&row| selection.tuples[row as usize * size..][..size].iter().copied())
            .collect();
        selection.axes = vec![Axis::Domain(target)];
        Some(selection)
    }

    /// Elements that the same step has just defined.
    fn read_in_step(
        &mut self,
        variable: VariableId,
        selection: &Selection,
        at: Span,
    ) -> Result<Option<Traced>> {
        let Some(scan) = &self.scan else { return Ok(None) };
        let steps = scan.steps;
        let wanted = selection.tuples.len() / steps;
        let sections: Vec<&Section> =
            scan.sections.iter().filter(|section| section.variable == variable).collect();
        let Some(&first) = sections.first() else { return Ok(None) };
        let by_row = scan.base.map(Axis::Domain);
        if wanted == 0 || selection.axes.iter().all(|axis| Some(*axis) == by_row) {
            return Ok(None);
        }
        // Where the first step defines what it reads; rows are numbered through all sections.
        let per_step: Vec<usize> = sections.iter().map(|section| section.tuples.len() / steps).collect();
        let mut places: HashMap<Tuple, (usize, usize)> = HashMap::new();
        for (k, section) in sections.iter().enumerate() {
            places.extend(
                section.tuples[..per_step[k]].iter().enumerate().map(|(row, tuple)| (*tuple, (k, row))),
            );
        }
        let found: Vec<(usize, usize)> =
            selection.tuples[..wanted].iter().filter_map(|tuple| places.get(tuple).copied()).collect();
        if found.is_empty() {
            return Ok(None);
        }
        let same_everywhere = found.len() == wanted
            && (0..steps).all(|s| {
                found
                    .iter()
                    .zip(&selection.tuples[s * wanted..])
                    .all(|(&(k, row), tuple)| sections[k].tuples[s * per_step[k] + row] == *tuple)
            });
        if !same_everywhere {
            let feature = "reading elements of this and of earlier iterations at once, in a recursion";
            return Err(CompileError::unsupported(feature, at));
        }
        let offsets: Vec<usize> = per_step
            .iter()
            .scan(0, |offset, n| {
                let own = *offset;
                *offset += n;
                Some(own)
            })
            .collect();
        let pattern: Vec<u32> = found.iter().map(|&(k, row)| (offsets[k] + row) as u32).collect();
        let (nodes, element): (Vec<Node>, ElementType) =
            (sections.iter().map(|section| section.value.node).collect(), first.value.element);
        let n_indexed = first.value.dims.len() - self.element_rank(variable);
        let element_dims = first.value.dims[n_indexed..].to_vec();
        let base = scan.base;
        let own = scan.domain;
        let graph = self.graph_at(Place::Step);
        let rows: Vec<Node> = nodes
            .iter()
            .zip(&per_step)
            .map(|(&node, &n)| {
                let shape: Vec<usize> = std::iter::once(n).chain(element_dims.iter().copied()).collect();
                graph.reshape(node, &shape)
            })
            .collect();
        let all = if let [one] = rows.as_slice() { *one } else { graph.concat(&rows, 0) };
        let node = self.take_rows(all, &pattern, &element_dims, Place::Step);
        let dims: Vec<usize> = selection.dims.iter().chain(&element_dims).copied().collect();
        let mut axes = selection.axes.clone();
        if base.is_none() {
            axes.retain(|axis| *axis != Axis::Domain(own));
        }
        let shape = self.full_shape(&axes, &dims, Place::Step);
        let node = self.graph_at(Place::Step).reshape(node, &shape);
        let mut value = Traced::new(node, dims, element);
        (value.axes, value.place) = (axes, Place::Step);
        Ok(Some(value))
    }

    fn element_rank(&self, variable: VariableId) -> usize {
        let scan = self.scan.as_ref();
        let carried = scan.and_then(|scan| scan.states.iter().find(|state| state.variable == variable));
        match (carried, &self.env[variable.0]) {
            (Some(carried), _) => carried.dims.len(),
            (None, Some(Binding::Elements(elements))) => elements.dims.len(),
            _ => 0,
        }
    }
}

/// Rows `[steps][per step]` of blocks of `block` numbers, as evenly spaced runs where they are.
fn access(rows: Vec<u32>, steps: usize, block: usize) -> Access {
    let per_step = rows.len() / steps;
    let runs = rows.chunks(per_step).all(|run| run.iter().zip(run[0]..).all(|(&row, next)| row == next));
    let stride = if steps > 1 { i64::from(rows[per_step]) - i64::from(rows[0]) } else { 0 };
    let even = rows
        .chunks(per_step)
        .enumerate()
        .all(|(step, run)| i64::from(run[0]) == i64::from(rows[0]) + stride * step as i64);
    if runs && even {
        return Access::Rows {
            start: (rows[0] as usize * block) as isize,
            step: stride as isize * block as isize,
        };
    }
    let table: Vec<u32> =
        rows.iter().flat_map(|&row| (0..block as u32).map(move |k| row * block as u32 + k)).collect();
    Access::Table(table.into())
}
