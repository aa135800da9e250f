//! Loops whose iterations feed each other: the part that carries values becomes the body of one scan; all that does
//! not depend on it is computed outside, side by side.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::elements::{Elements, Slots};
use super::part::Part;
use super::plan::LoopPlan;
use super::selection::Selection;
use super::tracer::{Binding, Result, Tracer};
use super::value::{Axis, DistributionKind, Place, Traced, TracedDistribution, Tuple};
use crate::density::TermKind;
use crate::ir::VariableId;
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
    pub ports: Vec<(Node, Source, Access)>,
    pub args: Vec<Node>,
    /// By node of the main graph and shape in a step: one node may be read whole and row by row.
    pub imported: HashMap<(Node, bool, Vec<usize>), Node>,
    pub states: Vec<Carried>,
    pub exports: Vec<Export>,
    pub stores: Vec<Store>,
    pub sections: Vec<Section>,
    pub deferred: Vec<Deferred>,
    /// How far the arrays reach that the loop defines.
    pub extents: HashMap<VariableId, Tuple>,
}

/// An array that iterations both define and read.
pub struct Carried {
    pub variable: VariableId,
    pub dims: Vec<usize>,
    pub element: ElementType,
    pub rank: usize,
    /// Rows defined before the loop, then those that it defines.
    pub slots: Slots,
    pub tuples: Vec<Tuple>,
    /// The step that defines each of the latter.
    pub steps: Vec<usize>,
    pub n_before: usize,
    pub before: Option<usize>,
}

/// A step's value that is handed out for all steps.
pub struct Export {
    node: Node,
    axes: Vec<Axis>,
    dims: Vec<usize>,
}

pub struct Store {
    pub node: Node,
    pub state: usize,
    pub access: Access,
}

/// Elements defined in the body so far, to be read again in the same step.
pub struct Section {
    pub variable: VariableId,
    pub tuples: Vec<Tuple>,
    pub value: Traced,
}

/// What waits for the scan's values.
pub enum Deferred {
    Density { span: Span, kind: TermKind, domain: Option<usize>, distribution: TracedDistribution, x: Traced },
    Part { distribution: TracedDistribution, part: Part },
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
        carried: &BTreeSet<VariableId>,
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
            // The scan holds what was there before as well: all of the array is one block of its value.
            if let Some(Binding::Elements(elements)) = &mut self.env[carried.variable.0]
                && elements.slots.rows == carried.slots.rows
            {
                let mut shape = vec![carried.slots.rows];
                shape.extend(&carried.dims);
                elements.pieces = vec![self.graph.slice(output, range.start, &shape)];
            }
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
                Deferred::Part { distribution, part } => {
                    self.add_part(&distribution.map(&mut |value| resolve(value)), part)?;
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
