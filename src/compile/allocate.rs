//! Unconstrained coordinates behind latents: whole ones, and elements of those that are built up.

use std::collections::HashMap;
use std::sync::Arc;

use super::plan::LoopPlan;
use super::quantity::element_name_within;
use super::recentre::{Read, ReadAhead};
use super::selection::Selection;
use super::tracer::{Block, Result, Tracer};
use super::value::{Place, Traced, Tuple};
use crate::constraint::Constraint;
use crate::data::Levels;
use crate::density::{Coordinate, Role, Row, TermKind};
use crate::ir::{self, VariableId};
use crate::source::Span;
use crate::tape::Node;
use crate::types::{ElementType, unravel};

/// Elements of a latent that can be allocated before the loop whose iterations define and read them: their support
/// does not depend on what the loop computes.
#[derive(Clone)]
pub struct Ahead {
    pub tuples: Vec<Tuple>,
    pub constraint: &'static dyn Constraint,
    /// Of one element, or of the shape of all elements without their event dimensions.
    pub bounds: Vec<Node>,
    pub span: Span,
}

/// What coordinates come from: their role, and the statement that makes them.
#[derive(Clone, Copy)]
pub struct Origin {
    pub role: Role,
    pub span: Span,
}

/// Elements of an array that is built up, to name their coordinates.
pub struct Named<'n> {
    pub name: &'n str,
    pub tuples: &'n [Tuple],
    pub rank: usize,
    /// Dimensions of one element.
    pub dims: &'n [usize],
}

/// What is known of the coordinates of a latent that is built up.
pub struct BuiltUp {
    pub support: String,
    /// First coordinate of the elements that are increasing functions of one coordinate each.
    pub coordinates: HashMap<Tuple, usize>,
}

/// A block of constrained values.
pub struct Allocated {
    pub x: Node,
    pub log_jacobian: Node,
    /// Index into `Tracer::blocks`; of no meaning while a model is run forwards.
    pub block: usize,
    /// First coordinate, where each element is an increasing function of one.
    pub first_coordinate: Option<usize>,
    /// For people.
    pub support: String,
}

impl Tracer<'_> {
    /// In a dry run: notes how to allocate the selected elements before the loop, if that can be.
    pub fn plan_ahead(
        &mut self,
        variable: VariableId,
        selection: &Selection,
        constraint: &'static dyn Constraint,
        bounds: &[Node],
        batch: &[usize],
        span: Span,
    ) {
        let Some(plan) = &self.plan else { return };
        // What the dry run reads of arrays that are not there yet stands for nothing.
        let placeholders = plan.placeholders.clone();
        let known = bounds.iter().all(|&bound| !self.graph.depends_on_any(bound, &placeholders));
        let tuples = selection.tuples.clone();
        let bounds: Vec<Node> = bounds
            .iter()
            .map(
                |&bound| if self.graph.size(bound) == 1 { bound } else { self.graph.broadcast(bound, batch) },
            )
            .collect();
        let Some(plan) = &mut self.plan else { return };
        let writes = plan.writes.entry(variable).or_default();
        if known {
            writes.ahead.push(Ahead { tuples, constraint, bounds, span });
        } else {
            writes.late = Some(span);
        }
    }

    pub fn read_ahead(&mut self, elements: &super::elements::Elements, selection: &Selection) -> Traced {
        let rows: Vec<u32> =
            selection.tuples.iter().filter_map(|tuple| elements.slots.get(tuple, elements.rank)).collect();
        let all = self.all_rows(elements);
        let node = self.take_rows(all, &rows, &elements.dims, Place::Main);
        let dims: Vec<usize> = selection.dims.iter().chain(&elements.dims).copied().collect();
        let shape = self.full_shape(&selection.axes, &dims, Place::Main);
        let mut x = Traced::new(self.graph.reshape(node, &shape), dims, ElementType::Real);
        x.axes.clone_from(&selection.axes);
        x
    }

    /// Before a loop: latents whose elements its iterations define and read are there from the start.
    pub fn allocate_ahead(&mut self, plan: &LoopPlan) -> Result<()> {
        let mut variables: Vec<VariableId> = plan.writes.keys().copied().collect();
        variables.sort_unstable();
        for variable in variables {
            let writes = &plan.writes[&variable];
            let name = self.model.variable(variable).name.clone();
            let at = self.model.variable(variable).span;
            if let Some(values) = &writes.discrete {
                self.register_discrete(variable, &writes.tuples, writes.rank, values.clone(), at)?;
            }
            for ahead in &writes.ahead {
                let n = ahead.tuples.len();
                let mut shape = vec![n];
                shape.extend(&writes.dims);
                let batch = shape.len() - ahead.constraint.event_rank();
                let bounds: Vec<Node> = ahead
                    .bounds
                    .iter()
                    .map(|&bound| {
                        let shape: &[usize] = if self.graph.size(bound) == 1 { &[] } else { &shape[..batch] };
                        self.graph.reshape(bound, shape)
                    })
                    .collect();
                let named =
                    Named { name: &name, tuples: &ahead.tuples, rank: writes.rank, dims: &writes.dims };
                let allocated = self.allocate_elements(&named, ahead.constraint, &bounds, &shape, ahead.span);
                self.reads_ahead.push(ReadAhead {
                    span: ahead.span,
                    tuples: ahead.tuples.clone(),
                    read: Read { block: allocated.block, constraint: ahead.constraint, bounds },
                });
                let selection = Selection {
                    tuples: ahead.tuples.clone(),
                    axes: Vec::new(),
                    dims: vec![n],
                    rank: writes.rank,
                };
                self.add_piece(
                    variable,
                    &selection,
                    allocated.x,
                    writes.dims.clone(),
                    ElementType::Real,
                    at,
                )?;
                self.jacobians_ahead.push((ahead.span, allocated.log_jacobian));
            }
            if !writes.ahead.is_empty() {
                self.ahead.insert(variable);
            }
        }
        Ok(())
    }

    /// New coordinates for values of `shape`, mapped to the support.
    pub fn allocate(
        &mut self,
        name: &str,
        constraint: &'static dyn Constraint,
        bounds: &[Node],
        shape: &[usize],
        labels: &[Option<Arc<Levels>>],
        origin: Origin,
    ) -> Allocated {
        if self.is_forwards() {
            let role = match origin.role {
                Role::Latent => ir::Role::Latent,
                Role::PointEstimate => ir::Role::PointEstimate,
            };
            return self.allocate_forwards(name, role, shape, None);
        }
        let unconstrained = constraint.unconstrained_shape(shape);
        // Along an event the coordinates are not the elements.
        let n_labelled = shape.len() - constraint.event_rank();
        let (batch, labels) = (&shape[..n_labelled], &labels[..n_labelled]);
        let n: usize = unconstrained.iter().product();
        let block: usize = unconstrained[n_labelled..].iter().product();
        let row = |flat: usize| match shape {
            // Without a dimension outside the event there is nothing to tell rows by.
            [of, ..] if n_labelled > 0 && *of > 0 => Some(Row { at: flat / (n / of).max(1), of: *of }),
            _ => None,
        };
        let start_sd = start_sd(shape);
        self.allocate_named(constraint, bounds, shape, origin, |flat| Coordinate {
            start_sd,
            row: row(flat),
            ..Coordinate::new(
                element_name_within(name, batch, labels, flat / block, &constraint.element_of(flat % block)),
                origin.role,
            )
        })
    }

    /// [`Tracer::allocate`] for elements of an array that is built up, `shape` being [elements..., dims...].
    pub fn allocate_elements(
        &mut self,
        named: &Named,
        constraint: &'static dyn Constraint,
        bounds: &[Node],
        shape: &[usize],
        span: Span,
    ) -> Allocated {
        if self.is_forwards() {
            let tuples = (named.tuples.to_vec(), named.rank);
            let allocated = self.allocate_forwards(named.name, ir::Role::Latent, shape, Some(tuples));
            self.note_coordinates(named, &allocated);
            return allocated;
        }
        let own = constraint.unconstrained_shape(named.dims);
        let block: usize = own.iter().product();
        let n_batch = named.dims.len() - constraint.event_rank();
        let event: usize = own[n_batch..].iter().product();
        let of = named.tuples.iter().map(|tuple| tuple[0] as usize).max().unwrap_or(0);
        let allocated =
            self.allocate_named(constraint, bounds, shape, Origin { role: Role::Latent, span }, |flat| {
                let tuple = &named.tuples[flat / block][..named.rank];
                let row = Row { at: (tuple[0] as usize).saturating_sub(1), of };
                let mut indices: Vec<String> = tuple.iter().map(u32::to_string).collect();
                let mut inner = unravel(flat % block / event, &own[..n_batch]);
                inner.extend(constraint.element_of(flat % event));
                indices.extend(inner.iter().map(|at| (at + 1).to_string()));
                let name = format!("{}[{}]", named.name, indices.join(","));
                Coordinate { row: Some(row), ..Coordinate::new(name, Role::Latent) }
            });
        self.note_coordinates(named, &allocated);
        allocated
    }

    /// Values on their own scale, to be drawn.
    fn allocate_forwards(
        &mut self,
        name: &str,
        role: ir::Role,
        shape: &[usize],
        tuples: Option<(Vec<Tuple>, usize)>,
    ) -> Allocated {
        let x = self.forwards_input(name, role, shape, tuples);
        let log_jacobian = self.graph.scalar(0.0);
        Allocated { x, log_jacobian, block: 0, first_coordinate: None, support: String::new() }
    }

    fn allocate_named(
        &mut self,
        constraint: &'static dyn Constraint,
        bounds: &[Node],
        shape: &[usize],
        Origin { role, span }: Origin,
        coordinate: impl Fn(usize) -> Coordinate,
    ) -> Allocated {
        let unconstrained = constraint.unconstrained_shape(shape);
        let size: usize = unconstrained.iter().product();
        let input = self.graph.input(&unconstrained);
        let first = self.coordinates.len();
        let in_dry_run = self.plan.is_some();
        // Names of a dry run's coordinates are never seen.
        let own = |flat| if in_dry_run { Coordinate::new("", role) } else { coordinate(flat) };
        self.coordinates.extend((0..size).map(own));
        let block = self.blocks.len();
        self.blocks.push(Block { input, size, span });
        let (x, log_jacobian) = constraint.constrain(&mut self.graph, input, bounds);
        let constant_bounds = bounds.iter().all(|&bound| self.graph.value(bound).is_some());
        // Of bounds that differ by element an infinite one decides.
        let bound = |node: &Node| {
            let tensor = self.graph.value(*node)?;
            tensor.iter().copied().find(|x| x.is_infinite()).or_else(|| tensor.first().copied())
        };
        let known: Vec<Option<f64>> = bounds.iter().map(bound).collect();
        let increasing = constant_bounds && constraint.increasing(&known);
        let support = self.support_words(constraint, bounds);
        Allocated { x, log_jacobian, block, first_coordinate: increasing.then_some(first), support }
    }

    /// Remembers the coordinates behind elements of an array that is built up.
    fn note_coordinates(&mut self, named: &Named, allocated: &Allocated) {
        if self.plan.is_some() {
            return;
        }
        let (support, block) = (&allocated.support, named.dims.iter().product::<usize>());
        let own = self
            .built_up
            .entry(named.name.to_string())
            .or_insert_with(|| BuiltUp { support: support.clone(), coordinates: HashMap::new() });
        if own.support != *support {
            own.support = "mixed".into();
        }
        if let Some(first) = allocated.first_coordinate {
            let firsts = (0..).map(|k| first + k * block);
            own.coordinates.extend(named.tuples.iter().copied().zip(firsts));
        }
    }

    /// Adds the log-Jacobian of a latent's map to the last term of its statement.
    pub fn add_jacobian(&mut self, span: Span, log_jacobian: Node) {
        if self.plan.is_some() {
            return;
        }
        let total = self.graph.sum_all(log_jacobian);
        if self.graph.value(total).is_some_and(|tensor| tensor.iter().all(|x| *x == 0.0)) {
            return;
        }
        let own = self.terms.iter_mut().rev().find(|term| term.term.span == span);
        match own {
            Some(term) => {
                let was = std::mem::replace(&mut term.node, total);
                term.node = self.graph.add(was, total);
                let is = term.node;
                self.note_jacobian(span, was, is);
            }
            None => self.add_term(span, TermKind::Prior, total, false),
        }
    }

    /// Adds the log-Jacobians that wait, and tells every coordinate its statement.
    pub fn settle_coordinates(&mut self) {
        for (span, log_jacobian) in std::mem::take(&mut self.jacobians_ahead) {
            self.add_jacobian(span, log_jacobian);
        }
        let mut first = 0;
        for block in &self.blocks {
            // What was summed out of a statement stands in the term that the sum became.
            let statement = self.terms.iter().position(|term| term.spans().any(|span| span == block.span));
            for coordinate in &mut self.coordinates[first..first + block.size] {
                coordinate.statement = statement.unwrap_or(0);
            }
            first += block.size;
        }
    }
}

/// A matrix with elements of this size has singular values of about 1, whichever side it is multiplied from.
fn start_sd(shape: &[usize]) -> f64 {
    match shape {
        [.., a, b] => (*a.max(b).max(&1) as f64).sqrt().recip(),
        _ => Coordinate::START_SD,
    }
}
