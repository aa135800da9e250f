//! Loops whose iterations feed each other: the part that carries values becomes the body of one scan; all that does
//! not depend on it is computed outside, side by side.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::CompileError;
use super::elements::{Elements, Selection, Slots, element_name};
use super::loops::LoopPlan;
use super::tracer::{Binding, Result, Tracer};
use super::value::{Axis, DistributionKind, Place, Traced, TracedDistribution, Tuple};
use crate::density::TermKind;
use crate::ir::{Role, VariableId};
use crate::source::Span;
use crate::tape::{Access, Body, Graph, Mode, Node, Scan, Source, State};
use crate::types::ElementType;

/// A scan whose body is being traced.
pub struct ScanTrace {
    pub domain: usize,
    /// The domain around the loop, whose rows run side by side; `None` where all iterations run one after the other.
    pub base: Option<usize>,
    pub steps: usize,
    pub graph: Graph,
    ports: Vec<(Node, Source, Access)>,
    args: Vec<Node>,
    /// By node of the main graph and shape in a step: one node may be read whole and row by row.
    imported: HashMap<(Node, bool, Vec<usize>), Node>,
    states: Vec<Carried>,
    exports: Vec<Export>,
    stores: Vec<Store>,
    sections: Vec<Section>,
    deferred: Vec<Deferred>,
    /// How far the arrays reach that the loop defines.
    pub extents: HashMap<VariableId, Tuple>,
}

/// An array that iterations both define and read.
struct Carried {
    variable: VariableId,
    dims: Vec<usize>,
    element: ElementType,
    rank: usize,
    /// Rows defined before the loop, then those that it defines.
    slots: Slots,
    tuples: Vec<Tuple>,
    /// The step that defines each of the latter.
    steps: Vec<usize>,
    n_before: usize,
    before: Option<usize>,
}

/// A step's value that is handed out for all steps.
struct Export {
    node: Node,
    axes: Vec<Axis>,
    dims: Vec<usize>,
}

struct Store {
    node: Node,
    state: usize,
    access: Access,
}

/// Elements defined in the body so far, to be read again in the same step.
struct Section {
    variable: VariableId,
    tuples: Vec<Tuple>,
    value: Traced,
}

/// What waits for the scan's values.
pub enum Deferred {
    Density { span: Span, kind: TermKind, domain: Option<usize>, distribution: TracedDistribution, x: Traced },
    Factor { span: Span, domain: Option<usize>, value: Traced },
    Piece { variable: VariableId, selection: Selection, value: Traced, dims: Vec<usize>, at: Span },
}

impl ScanTrace {
    /// Drops what is known of a function's locals once it returns.
    pub fn forget(&mut self, locals: &[(VariableId, Option<Binding>)]) {
        let local = |variable: VariableId| locals.iter().any(|(name, _)| *name == variable);
        self.sections.retain(|section| !local(section.variable));
        self.deferred
            .retain(|deferred| !matches!(deferred, Deferred::Piece { variable, .. } if local(*variable)));
    }
}

impl Tracer<'_> {
    pub fn begin_scan(
        &mut self,
        domain: usize,
        base: Option<usize>,
        steps: usize,
        carried: &HashSet<VariableId>,
        plan: &LoopPlan,
    ) -> Result<()> {
        // The dry run numbers iterations row by row of the domain around; steps run across those rows.
        let step_of = |iteration: u32| match base {
            Some(_) => iteration as usize % steps,
            None => iteration as usize,
        };
        let mut scan = ScanTrace {
            domain,
            base,
            steps,
            graph: Graph::new(),
            ports: Vec::new(),
            args: Vec::new(),
            imported: HashMap::new(),
            states: Vec::new(),
            exports: Vec::new(),
            stores: Vec::new(),
            sections: Vec::new(),
            deferred: Vec::new(),
            extents: plan.writes.iter().map(|(variable, writes)| (*variable, writes.slots.extents)).collect(),
        };
        for (variable, writes) in &plan.writes {
            if self.env[variable.0].is_none() {
                self.env[variable.0] = Some(Binding::Elements(Elements {
                    rank: writes.rank,
                    dims: writes.dims.clone(),
                    element: writes.element.unwrap_or(ElementType::Real),
                    pieces: Vec::new(),
                    slots: Arc::default(),
                }));
            }
        }
        let mut variables: Vec<VariableId> = carried.iter().copied().collect();
        variables.sort_unstable();
        for variable in variables {
            let writes = &plan.writes[&variable];
            let known = match &self.env[variable.0] {
                Some(Binding::Elements(elements)) => Some(elements.clone()),
                _ => None,
            };
            let mut slots = known.as_ref().map_or_else(Slots::default, |known| known.slots.as_ref().clone());
            let n_before = slots.rows;
            for tuple in &writes.tuples {
                slots.insert(*tuple, writes.rank);
            }
            let before = known.as_ref().filter(|_| n_before > 0).map(|known| {
                let node = self.all_rows(known);
                scan.args.push(node);
                scan.args.len() - 1
            });
            let element = writes.element.unwrap_or(ElementType::Real);
            scan.states.push(Carried {
                variable,
                dims: writes.dims.clone(),
                element,
                rank: writes.rank,
                slots,
                tuples: writes.tuples.clone(),
                steps: writes.iterations.iter().map(|&iteration| step_of(iteration)).collect(),
                n_before,
                before,
            });
        }
        self.scan = Some(scan);
        Ok(())
    }

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
        let uniform = selection.axes.is_empty();
        let mut rows = Vec::with_capacity(n);
        for (k, tuple) in selection.tuples.iter().enumerate() {
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
        let access = if uniform {
            let block_rows = rows.len();
            let repeated = (0..steps).flat_map(|_| rows.iter().copied()).collect::<Vec<_>>();
            debug_assert_eq!(repeated.len(), steps * block_rows);
            access(repeated, steps, block)
        } else {
            access(rows, steps, block)
        };
        let dims: Vec<usize> = selection.dims.iter().chain(&elements.dims).copied().collect();
        let mut axes = selection.axes.clone();
        let scan_domain = scan.domain;
        if scan.base.is_none() {
            axes.retain(|axis| *axis != Axis::Domain(scan_domain));
        } else {
            for axis in &mut axes {
                if *axis == Axis::Domain(scan.base.unwrap_or(scan_domain)) {
                    return Err(CompileError::unsupported("reading across the rows of an outer loop", at));
                }
            }
        }
        let element = carried.element;
        let shape = self.full_shape(&axes, &dims, Place::Step);
        let Some(scan) = &mut self.scan else { return Ok(None) };
        let node = scan.graph.input(&shape);
        scan.ports.push((node, Source::State(state), access));
        let mut value = Traced::new(node, dims, element);
        (value.axes, value.place) = (axes, Place::Step);
        Ok(Some(value))
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
        if selection.axes.is_empty() || wanted == 0 {
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

    /// Asks the scan to hand out a step's value for all steps; the result can be resolved once the scan is done.
    pub fn export(&mut self, value: &Traced) -> Traced {
        if value.place != Place::Step {
            return value.clone();
        }
        let Some(scan) = &self.scan else { return value.clone() };
        let (domain, with_base) = (scan.domain, scan.base.is_some());
        let mut value = value.clone();
        if value.domain().is_none() && with_base {
            value = self.spread(value, domain);
        }
        let mut axes = value.axes.clone();
        if value.domain().is_none() {
            axes.insert(0, Axis::Domain(domain));
        }
        let Some(scan) = &mut self.scan else { return value };
        scan.exports.push(Export { node: value.node, axes: axes.clone(), dims: value.dims.clone() });
        value.place = Place::Export(scan.exports.len() - 1);
        value.axes = axes;
        value
    }

    /// [`Tracer::export`] of every argument of a distribution.
    pub fn export_distribution(&mut self, distribution: &TracedDistribution) -> TracedDistribution {
        distribution.map(&mut |value| self.export(value))
    }

    pub fn defer(&mut self, deferred: Deferred) {
        if let Some(scan) = &mut self.scan {
            scan.deferred.push(deferred);
        }
    }

    /// Puts the scan into the graph, and does what waited for its values.
    pub fn finish_scan(&mut self, at: Span) -> Result<()> {
        let Some(mut scan) = self.scan.take() else { return Ok(()) };
        let steps = scan.steps;
        let mut states = Vec::new();
        let mut sizes = Vec::new();
        for carried in &scan.states {
            let rows = carried.n_before + carried.tuples.len();
            let mut shape = vec![rows];
            shape.extend(&carried.dims);
            sizes.push(shape.iter().product::<usize>());
            let init = carried.before.map(|arg| {
                let mut rest = vec![carried.tuples.len()];
                rest.extend(&carried.dims);
                let zeros = self.graph.scalar(0.0);
                let zeros = self.graph.broadcast(zeros, &rest);
                let joined = self.graph.concat(&[scan.args[arg], zeros], 0);
                scan.args.push(joined);
                scan.args.len() - 1
            });
            states.push(State { shape, init });
        }
        let mut stores: Vec<(Node, usize, Access, Mode)> =
            scan.stores.into_iter().map(|store| (store.node, store.state, store.access, Mode::Set)).collect();
        for export in &scan.exports {
            let size: usize = scan.graph.shape(export.node).iter().product();
            states.push(State { shape: vec![steps * size], init: None });
            sizes.push(steps * size);
            let access = Access::Rows { start: 0, step: size as isize };
            stores.push((export.node, states.len() - 1, access, Mode::Set));
        }
        let body = Body { graph: scan.graph, ports: scan.ports, stores };
        let output = self.graph.scan(Scan { steps, reverse: false, body, states }, &scan.args);
        let ranges: Vec<Range<usize>> = sizes
            .iter()
            .scan(0, |offset, size| {
                let range = *offset..*offset + size;
                *offset = range.end;
                Some(range)
            })
            .collect();
        for (carried, range) in scan.states.iter().zip(&ranges) {
            let block: usize = carried.dims.iter().product();
            let mut shape = vec![carried.tuples.len()];
            shape.extend(&carried.dims);
            let node = self.graph.slice(output, range.start + carried.n_before * block, &shape);
            let selection = Selection {
                tuples: carried.tuples.clone(),
                axes: Vec::new(),
                dims: vec![carried.tuples.len()],
                rank: carried.rank,
            };
            self.add_piece(carried.variable, &selection, node, carried.dims.clone(), carried.element, at)?;
        }
        let n_carried = scan.states.len();
        let mut resolved = Vec::new();
        for (export, range) in scan.exports.iter().zip(&ranges[n_carried..]) {
            let shape = self.full_shape(&export.axes, &export.dims, Place::Main);
            resolved.push(self.graph.slice(output, range.start, &shape));
        }
        let resolve = |value: &Traced| {
            let mut value = value.clone();
            if let Place::Export(k) = value.place {
                (value.node, value.place) = (resolved[k], Place::Main);
            }
            value
        };
        for deferred in scan.deferred {
            match deferred {
                Deferred::Density { span, kind, domain, distribution, x } => {
                    let distribution = distribution.map(&mut |value| resolve(value));
                    let outer = std::mem::replace(&mut self.domain, domain);
                    let added = self.add_density(span, kind, &distribution, &resolve(&x));
                    self.domain = outer;
                    added?;
                }
                Deferred::Factor { span, domain, value } => {
                    let value = resolve(&value);
                    let outer = std::mem::replace(&mut self.domain, domain);
                    self.add_value(span, TermKind::Factor, value, false);
                    self.domain = outer;
                }
                Deferred::Piece { variable, selection, value, dims, at } => {
                    let value = resolve(&value);
                    self.add_piece(variable, &selection, value.node, dims, value.element, at)?;
                }
            }
        }
        Ok(())
    }
}

impl TracedDistribution {
    /// The same distribution of other arguments.
    pub fn map(&self, f: &mut dyn FnMut(&Traced) -> Traced) -> TracedDistribution {
        let kind = match &self.kind {
            DistributionKind::Plain { dist, form, args } => {
                DistributionKind::Plain { dist: *dist, form: *form, args: args.iter().map(&mut *f).collect() }
            }
            DistributionKind::Wrapped { wrapper, inner, args } => DistributionKind::Wrapped {
                wrapper: *wrapper,
                inner: inner.iter().map(|inner| inner.map(f)).collect(),
                args: args.iter().map(|arg| arg.as_ref().map(&mut *f)).collect(),
            },
        };
        TracedDistribution { kind, span: self.span }
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
