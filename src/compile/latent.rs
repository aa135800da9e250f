//! Latents and point-estimated parameters: plates, unconstrained coordinates, the map to their support.

use std::collections::HashMap;
use std::sync::Arc;

use super::CompileError;
use super::distribution::skeleton;
use super::elements::{Elements, Selection};
use super::eliminate::Discrete;
use super::loops::LoopPlan;
use super::quantity::{MAX_REPORTED, Quantity, QuantityKind, VariableReport, element_name};
use super::tracer::{Binding, Block, Result, TermNode, Tracer, one_line};
use super::value::{Axis, Place, Traced, TracedDistribution, Tuple, Value, ValueLevels};
use crate::constraint::Constraint;
use crate::data::Levels;
use crate::density::{Coordinate, Role, Term, TermKind};
use crate::dist::{Instance, Support};
use crate::ir::{self, Expr, ExprKind, Index, Statement, VariableId};
use crate::source::Span;
use crate::tape::Node;
use crate::types::{ElementType, Shape, broadcast};

/// More elements than this in one latent are a mistake, or beyond the machine.
const MAX_ELEMENTS: u128 = 1 << 28;

/// Elements of a latent that can be allocated before the loop whose iterations define and read them: their support
/// does not depend on what the loop computes.
#[derive(Clone)]
pub struct Ahead {
    tuples: Vec<Tuple>,
    constraint: &'static dyn Constraint,
    /// Of one element, or of the shape of all elements without their event dimensions.
    bounds: Vec<Node>,
    span: Span,
}

/// Elements of an array that is built up, to name their coordinates.
struct Named<'n> {
    name: &'n str,
    tuples: &'n [Tuple],
    rank: usize,
    /// Dimensions of one element.
    dims: &'n [usize],
}

/// What is known of the coordinates of a latent that is built up.
pub struct BuiltUp {
    pub support: String,
    /// First coordinate of the elements that are increasing functions of one coordinate each.
    pub coordinates: HashMap<Tuple, usize>,
}

/// A dimension that a plate makes.
struct Plate {
    len: usize,
    label: Option<Arc<Levels>>,
}

/// A block of constrained values.
struct Allocated {
    x: Node,
    log_jacobian: Node,
    /// First coordinate, where each element is an increasing function of one.
    first_coordinate: Option<usize>,
    /// For people.
    support: String,
}

impl Tracer<'_> {
    /// `alpha[county] ~ D`: the only statement of a latent.
    pub fn latent(
        &mut self,
        statement: &Statement,
        variable: VariableId,
        plates: &[Expr],
        distribution: &Expr,
    ) -> Result<()> {
        let name = self.model.variable(variable).name.clone();
        let traced = self.distribution(distribution)?;
        let plates = plates.iter().map(|plate| self.plate(plate)).collect::<Result<Vec<_>>>()?;
        let dims = self.latent_dims(&traced, &plates, &name, statement.span)?;
        let elements: u128 = dims.iter().map(|&len| len as u128).product();
        if elements > MAX_ELEMENTS {
            return Err(CompileError::TooLarge { name, elements, at: statement.span });
        }
        if self.is_discrete(&traced) {
            return self.discrete_latent(statement, variable, &traced, dims);
        }
        let mut labels: Vec<Option<Arc<Levels>>> = plates.into_iter().map(|plate| plate.label).collect();
        labels.resize(dims.len(), None);
        let placed = self.place(&traced, None, distribution.span)?;
        let Support::Continuous { constraint, bounds } = placed.instance.support(&mut self.graph) else {
            return Err(CompileError::Poisoned);
        };
        needs_length(&name, dims.len(), constraint.event_rank(), statement.span)?;
        self.refuse_enumerated(&placed.axes, &bounds, &name, distribution.span)?;
        let bounds = self.bounds_along(&placed.axes, bounds);
        self.note_improper(&placed.instance);
        let allocated =
            self.allocate(&name, constraint, &bounds, &dims, &labels, Role::Latent, statement.span);
        let mut x = Traced::new(allocated.x, dims, ElementType::Real);
        x.labels.clone_from(&labels);
        self.density_statement(statement.span, TermKind::Prior, &traced, &x)?;
        self.add_jacobian(statement.span, allocated.log_jacobian);
        self.report_latent(
            variable,
            &x,
            Some(distribution.span),
            &allocated.support,
            allocated.first_coordinate,
        );
        self.env[variable.0] = Some(Binding::Value(Value::Array(x)));
        Ok(())
    }

    /// `z[t] ~ D`: elements of a latent that is built up.
    pub fn latent_elements(
        &mut self,
        statement: &Statement,
        variable: VariableId,
        indices: &[Index],
        distribution: &Expr,
    ) -> Result<()> {
        let name = self.model.variable(variable).name.clone();
        let traced = self.distribution(distribution)?;
        let selection = self.selection(variable, indices, None, statement.span)?;
        if self.is_discrete(&traced) {
            return self.discrete_elements(statement, variable, &selection, &traced);
        }
        let value_dims = self.value_dims(&traced)?;
        let vector = selection.dims.len();
        let event = skeleton(&traced).event_rank();
        needs_length(&name, value_dims.len(), event, statement.span)?;
        let element_dims: Vec<usize> =
            if vector == 0 { value_dims.clone() } else { value_dims[value_dims.len() - event..].to_vec() };
        let dims: Vec<usize> = selection.dims.iter().chain(&element_dims).copied().collect();
        let known = match &self.env[variable.0] {
            Some(Binding::Elements(elements)) => {
                let all =
                    selection.tuples.iter().all(|tuple| elements.slots.get(tuple, elements.rank).is_some());
                (all && self.ahead.contains(&variable)).then(|| elements.clone())
            }
            _ => None,
        };
        let mut jacobian = None;
        let x = if let Some(elements) = known {
            self.read_ahead(&elements, &selection)
        } else {
            let placed = self.place(&traced, None, distribution.span)?;
            if placed.place == Place::Step {
                return Err(CompileError::unsupported(
                    format!("`{name}`, whose support depends on values of the same recursion"),
                    distribution.span,
                ));
            }
            let Support::Continuous { constraint, bounds } = placed.instance.support(&mut self.graph) else {
                return Err(CompileError::Poisoned);
            };
            self.refuse_enumerated(&placed.axes, &bounds, &name, distribution.span)?;
            let bounds = self.bounds_along(&placed.axes, bounds);
            self.note_improper(&placed.instance);
            let mut shape = self.full_shape(&selection.axes, &selection.dims, Place::Main);
            let batch = shape.len() + element_dims.len() - constraint.event_rank();
            shape.extend(&element_dims);
            if self.plan.is_some() {
                self.plan_ahead(variable, &selection, constraint, &bounds, &shape[..batch], statement.span);
            }
            let named =
                Named { name: &name, tuples: &selection.tuples, rank: selection.rank, dims: &element_dims };
            let allocated = self.allocate_elements(&named, constraint, &bounds, &shape, statement.span);
            let rows_and_dims = allocated.x;
            self.add_piece(
                variable,
                &selection,
                rows_and_dims,
                element_dims.clone(),
                ElementType::Real,
                statement.span,
            )?;
            jacobian = Some(allocated.log_jacobian);
            let mut x = Traced::new(rows_and_dims, dims, ElementType::Real);
            x.axes.clone_from(&selection.axes);
            x
        };
        self.check_shape(&traced, &x, &name, statement.span)?;
        self.density_statement(statement.span, TermKind::Prior, &traced, &x)?;
        if let Some(jacobian) = jacobian {
            self.add_jacobian(statement.span, jacobian);
        }
        Ok(())
    }

    /// In a dry run: notes how to allocate the selected elements before the loop, if that can be.
    fn plan_ahead(
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

    fn read_ahead(&mut self, elements: &super::elements::Elements, selection: &Selection) -> Traced {
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

    fn is_discrete(&self, distribution: &TracedDistribution) -> bool {
        matches!(skeleton(distribution).element(), ElementType::Int | ElementType::Bool)
    }

    fn note_improper(&mut self, instance: &Instance) {
        if instance.improper() {
            self.normalised = false;
        }
    }

    fn refuse_enumerated(&self, axes: &[Axis], bounds: &[Node], name: &str, at: Span) -> Result<()> {
        let varies = |bound: &Node| self.graph.shape(*bound).iter().product::<usize>() > 1;
        let enumerated = axes.iter().any(|axis| matches!(axis, Axis::Enumeration(_)));
        if enumerated && bounds.iter().any(varies) {
            return Err(CompileError::unsupported(
                format!("`{name}`, whose support depends on a discrete latent"),
                at,
            ));
        }
        Ok(())
    }

    /// Bounds that vary along the current loop as its latents do.
    fn bounds_along(&mut self, axes: &[Axis], bounds: Vec<Node>) -> Vec<Node> {
        let along = |bound: Node, tracer: &mut Self| {
            let shape = tracer.graph.shape(bound).to_vec();
            if shape.iter().product::<usize>() == 1 {
                return tracer.graph.reshape(bound, &[]);
            }
            match (axes.first(), tracer.domain) {
                (Some(Axis::Domain(own)), Some(domain))
                    if *own != domain && shape.first() == Some(&tracer.domains[*own].size) =>
                {
                    let rows = tracer.rows_between(*own, domain);
                    tracer.take_rows(bound, &rows, &shape[1..], Place::Main)
                }
                _ => bound,
            }
        };
        bounds.into_iter().map(|bound| along(bound, self)).collect()
    }

    /// Shape of a latent: plates, then the event; without plates what the arguments broadcast to.
    fn latent_dims(
        &mut self,
        distribution: &TracedDistribution,
        plates: &[Plate],
        name: &str,
        at: Span,
    ) -> Result<Vec<usize>> {
        let dims = self.value_dims(distribution)?;
        if plates.is_empty() {
            return Ok(dims);
        }
        let skeleton = skeleton(distribution);
        // Under `ordered` and its like the brackets give the full shape.
        let full_brackets = match &skeleton {
            Instance::Wrapped { inner, .. } => {
                inner.iter().all(|inner| inner.event_rank() < skeleton.event_rank())
            }
            Instance::Plain { .. } => false,
        };
        let event = if full_brackets { 0 } else { skeleton.event_rank() };
        let plate_dims: Vec<usize> = plates.iter().map(|plate| plate.len).collect();
        let batch = &dims[..dims.len() - event.min(dims.len())];
        let fits = broadcast(&Shape::known(batch), &Shape::known(&plate_dims)).is_ok()
            && batch.len() <= plates.len();
        if !fits {
            return Err(CompileError::DistributionShape {
                value: name.to_string(),
                found: Shape::known(&plate_dims).to_string(),
                distribution: Shape::known(batch).to_string(),
                value_at: at,
                distribution_at: distribution.span,
            });
        }
        let mut full = plate_dims;
        full.extend(&dims[dims.len() - event.min(dims.len())..]);
        Ok(full)
    }

    /// One bracket entry on the left of `~`: a size, a grouping column, or `rows`.
    fn plate(&mut self, expr: &Expr) -> Result<Plate> {
        if matches!(expr.kind, ExprKind::Rows) {
            return Ok(Plate { len: self.row_count(expr.span)?, label: None });
        }
        let value = self.array(expr)?;
        let known = self.known(&value, expr.span, "the size of a plate must be known from the data")?;
        if value.rank() == 0 && value.element != ElementType::Category {
            let size = known[0];
            if size < 0.0 || size.fract() != 0.0 || value.element == ElementType::Real {
                return Err(CompileError::Index {
                    message: format!("a plate of size {size}: a size is a whole number, 0 or more"),
                    help: None,
                    at: expr.span,
                });
            }
            return Ok(Plate { len: size as usize, label: None });
        }
        match &value.levels {
            Some(ValueLevels::Category(levels)) => {
                Ok(Plate { len: levels.len(), label: Some(levels.clone()) })
            }
            Some(ValueLevels::IntColumn(column)) => match self.data.get(column).and_then(|v| v.grouping()) {
                Some(grouping) => Ok(Plate {
                    len: grouping.levels.len(),
                    label: (!grouping.is_positional).then(|| grouping.levels.clone()),
                }),
                None => Err(CompileError::Poisoned),
            },
            None if value.element == ElementType::Int && value.rank() == 1 => {
                let mut distinct: Vec<i64> = known.iter().map(|&v| v as i64).collect();
                distinct.sort_unstable();
                distinct.dedup();
                let positional = distinct.iter().zip(1..).all(|(&v, j)| v == j);
                let names = distinct.iter().map(i64::to_string).collect();
                let label = (!positional).then(|| Arc::new(Levels::new(names)));
                Ok(Plate { len: distinct.len(), label })
            }
            None => Err(CompileError::Index {
                message: format!("a plate cannot be made of an array of {} values", value.element),
                help: Some(
                    "a plate is an int (`theta[J]`), a grouping column (`alpha[county]`), or `rows`".into(),
                ),
                at: expr.span,
            }),
        }
    }

    /// New coordinates for values of `shape`, mapped to the support.
    fn allocate(
        &mut self,
        name: &str,
        constraint: &'static dyn Constraint,
        bounds: &[Node],
        shape: &[usize],
        labels: &[Option<Arc<Levels>>],
        role: Role,
        span: Span,
    ) -> Allocated {
        let unconstrained = constraint.unconstrained_shape(shape);
        // Along an event the coordinates are not the elements.
        let n_labelled = shape.len() - constraint.event_rank();
        let labels = &labels[..n_labelled];
        self.allocate_named(constraint, bounds, shape, role, span, |flat| {
            element_name(name, &unconstrained, labels, flat)
        })
    }

    /// [`Tracer::allocate`] for elements of an array that is built up, `shape` being [elements..., dims...].
    fn allocate_elements(
        &mut self,
        named: &Named,
        constraint: &'static dyn Constraint,
        bounds: &[Node],
        shape: &[usize],
        span: Span,
    ) -> Allocated {
        let own = constraint.unconstrained_shape(named.dims);
        let block: usize = own.iter().product();
        let allocated = self.allocate_named(constraint, bounds, shape, Role::Latent, span, |flat| {
            let tuple = &named.tuples[flat / block][..named.rank];
            let mut indices: Vec<String> = tuple.iter().map(u32::to_string).collect();
            let mut rest = flat % block;
            let mut inner = vec![0; own.len()];
            for (index, len) in inner.iter_mut().zip(&own).rev() {
                *index = rest % len + 1;
                rest /= len;
            }
            indices.extend(inner.iter().map(usize::to_string));
            format!("{}[{}]", named.name, indices.join(","))
        });
        self.note_coordinates(named, &allocated);
        allocated
    }

    fn allocate_named(
        &mut self,
        constraint: &'static dyn Constraint,
        bounds: &[Node],
        shape: &[usize],
        role: Role,
        span: Span,
        name: impl Fn(usize) -> String,
    ) -> Allocated {
        let unconstrained = constraint.unconstrained_shape(shape);
        let size: usize = unconstrained.iter().product();
        let input = self.graph.input(&unconstrained);
        let first = self.coordinates.len();
        let in_dry_run = self.plan.is_some();
        for flat in 0..size {
            // Names of a dry run's coordinates are never seen.
            let name = if in_dry_run { String::new() } else { name(flat) };
            self.coordinates.push(Coordinate { name, role, statement: 0, start: None });
        }
        self.blocks.push(Block { input, size, span });
        let (x, log_jacobian) = constraint.constrain(&mut self.graph, input, bounds);
        let constant_bounds = bounds.iter().all(|&bound| self.graph.value(bound).is_some());
        let increasing = constraint.event_rank() == 0 && constant_bounds && constraint.name() != "upper";
        let support = self.support_words(constraint, bounds);
        Allocated { x, log_jacobian, first_coordinate: increasing.then_some(first), support }
    }

    /// A support for people: `positive`, `> 2`, `(0, 1)`, `simplex`.
    fn support_words(&self, constraint: &dyn Constraint, bounds: &[Node]) -> String {
        let known = |k: usize| match self.graph.value(bounds[k]) {
            Some(tensor) if tensor.iter().all(|x| Some(x) == tensor.first()) => {
                tensor.first().map_or_else(String::new, f64::to_string)
            }
            _ => constraint.bounds()[k].to_string(),
        };
        match constraint.bounds() {
            ["lower"] if known(0) == "0" => "positive".into(),
            ["lower"] => format!("> {}", known(0)),
            ["upper"] => format!("< {}", known(0)),
            ["lower", "upper"] => format!("({}, {})", known(0), known(1)),
            _ => constraint.name().into(),
        }
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
        let total = self.graph.sum_all(log_jacobian);
        if self.graph.value(total).is_some_and(|tensor| tensor.iter().all(|x| *x == 0.0)) {
            return;
        }
        let own = self.terms.iter_mut().rev().find(|term| term.term.span == span);
        match own {
            Some(term) => term.node = self.graph.add(term.node, total),
            None => self.add_term(span, TermKind::Prior, total, false),
        }
    }

    fn discrete_latent(
        &mut self,
        statement: &Statement,
        variable: VariableId,
        distribution: &TracedDistribution,
        dims: Vec<usize>,
    ) -> Result<()> {
        let values = self.finite_values(distribution, variable)?;
        let rank = dims.len();
        if rank > 1 {
            return Err(CompileError::unsupported(
                "a discrete latent of two or more dimensions",
                statement.span,
            ));
        }
        let n = dims.first().copied().unwrap_or(1);
        let tuples: Vec<_> = (1..=n as u32).map(|i| [if rank == 0 { 0 } else { i }, 0, 0, 0]).collect();
        self.register_discrete(variable, &tuples, rank, values, statement.span)?;
        let Some(Binding::Discrete(discrete)) = self.env[variable.0] else {
            return Err(CompileError::Poisoned);
        };
        let x = self.whole_discrete(discrete, statement.span)?;
        self.report_discrete(variable, dims, distribution.span);
        self.density_statement(statement.span, TermKind::Prior, distribution, &x)
    }

    fn discrete_elements(
        &mut self,
        statement: &Statement,
        variable: VariableId,
        selection: &Selection,
        distribution: &TracedDistribution,
    ) -> Result<()> {
        if !selection.dims.is_empty() {
            return Err(CompileError::unsupported(
                "defining several discrete latents at once",
                statement.span,
            ));
        }
        let values = self.finite_values(distribution, variable)?;
        let ahead = match self.env[variable.0] {
            Some(Binding::Discrete(discrete)) => {
                let known = &self.discrete[discrete];
                selection.tuples.iter().all(|tuple| known.slots.get(tuple, known.rank).is_some())
            }
            _ => false,
        };
        if !ahead {
            self.register_discrete(
                variable,
                &selection.tuples,
                selection.rank,
                values.clone(),
                statement.span,
            )?;
            self.note_write(variable, selection, &[], ElementType::Int);
            if let Some(plan) = &mut self.plan
                && let Some(writes) = plan.writes.get_mut(&variable)
            {
                writes.discrete = Some(values);
            }
        }
        let Some(Binding::Discrete(discrete)) = self.env[variable.0] else {
            return Err(CompileError::Poisoned);
        };
        let known = &self.discrete[discrete];
        let map: Vec<u32> =
            selection.tuples.iter().filter_map(|tuple| known.slots.get(tuple, known.rank)).collect();
        let domain = selection.axes.iter().find_map(|axis| match axis {
            Axis::Domain(domain) => Some(*domain),
            Axis::Enumeration(_) => None,
        });
        let x = self.enumerate(discrete, domain, map.into())?;
        self.density_statement(statement.span, TermKind::Prior, distribution, &x)
    }

    fn register_discrete(
        &mut self,
        variable: VariableId,
        tuples: &[super::value::Tuple],
        rank: usize,
        values: Vec<f64>,
        span: Span,
    ) -> Result<()> {
        let name = self.model.variable(variable).name.clone();
        let discrete = match self.env[variable.0] {
            Some(Binding::Discrete(discrete)) => discrete,
            _ => {
                self.discrete.push(Discrete {
                    variable,
                    name: name.clone(),
                    values: values.clone(),
                    rank,
                    slots: Default::default(),
                    span,
                });
                self.env[variable.0] = Some(Binding::Discrete(self.discrete.len() - 1));
                self.discrete.len() - 1
            }
        };
        let known = &mut self.discrete[discrete];
        if known.values != values || known.rank != rank {
            return Err(CompileError::unsupported(
                format!("`{name}`, whose elements take different values in different statements"),
                span,
            ));
        }
        for tuple in tuples {
            if !known.slots.insert(*tuple, rank) {
                let element = super::elements::element_name(&name, tuple, rank);
                return Err(CompileError::RedefinedElement { element, at: span });
            }
        }
        Ok(())
    }

    fn finite_values(&mut self, distribution: &TracedDistribution, variable: VariableId) -> Result<Vec<f64>> {
        let placed = self.place(distribution, None, distribution.span)?;
        let graph = self.graph_at(placed.place);
        placed.instance.support_values(graph).ok_or_else(|| CompileError::Elimination {
            name: self.model.variable(variable).name.clone(),
            reason: "its support is not finite, or not known from the data".into(),
            help: "Categorical, Bernoulli and DiscreteUniform latents are summed out".into(),
            at: distribution.span,
        })
    }

    /// `param w[H] in (0, inf) = 1`
    pub fn param(
        &mut self,
        statement: &Statement,
        variable: VariableId,
        dims: &[Expr],
        range: Option<&(Expr, Expr)>,
        start: Option<&Expr>,
    ) -> Result<()> {
        let name = self.model.variable(variable).name.clone();
        let plates = dims.iter().map(|plate| self.plate(plate)).collect::<Result<Vec<_>>>()?;
        let dims: Vec<usize> = plates.iter().map(|plate| plate.len).collect();
        let labels: Vec<Option<Arc<Levels>>> = plates.into_iter().map(|plate| plate.label).collect();
        let mut ends = [f64::NEG_INFINITY, f64::INFINITY];
        if let Some((lower, upper)) = range {
            for (end, expr) in ends.iter_mut().zip([lower, upper]) {
                let value = self.array(expr)?;
                let known =
                    self.known(&value, expr.span, "the range of a `param` must be known from the data")?;
                *end = known.first().copied().unwrap_or(f64::NAN);
            }
            if ends[0] >= ends[1] || ends.iter().any(|end| end.is_nan()) {
                return Err(CompileError::Index {
                    message: format!("the range ({}, {}) is empty", ends[0], ends[1]),
                    help: None,
                    at: lower.span.to(upper.span),
                });
            }
        }
        let flat = crate::dist::find("Flat").ok_or(CompileError::Poisoned)?;
        let args = ends.map(|end| self.graph.scalar(end)).to_vec();
        let instance = Instance::Plain { dist: flat, form: 0, args };
        let Support::Continuous { constraint, bounds } = instance.support(&mut self.graph) else {
            return Err(CompileError::Poisoned);
        };
        let first = self.coordinates.len();
        let allocated =
            self.allocate(&name, constraint, &bounds, &dims, &labels, Role::PointEstimate, statement.span);
        if let Some(start) = start {
            let value = self.array(start)?;
            let known =
                self.known(&value, start.span, "the start of a `param` must be known from the data")?;
            let finite: Vec<f64> = ends.into_iter().filter(|end| end.is_finite()).collect();
            for (k, coordinate) in self.coordinates[first..].iter_mut().enumerate() {
                let x = known[if known.len() == 1 { 0 } else { k.min(known.len() - 1) }];
                let Some(unconstrained) = constraint.unconstrain(&[x], &finite) else {
                    return Err(CompileError::Index {
                        message: format!("the start {x} is not inside the range ({}, {})", ends[0], ends[1]),
                        help: None,
                        at: start.span,
                    });
                };
                coordinate.start = unconstrained.first().copied();
            }
        }
        let zero = self.graph.scalar(0.0);
        let text = one_line(self.model.source.slice(statement.span));
        let term = Term { text, kind: TermKind::Prior, span: statement.span };
        self.terms.push(TermNode { term, node: zero, pointwise: None, joined: Vec::new() });
        let mut x = Traced::new(allocated.x, dims, ElementType::Real);
        x.labels = labels;
        self.report_latent(variable, &x, None, &allocated.support, allocated.first_coordinate);
        self.env[variable.0] = Some(Binding::Value(Value::Array(x)));
        Ok(())
    }

    fn report_latent(
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
            discrete: false,
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

    fn report_discrete(&mut self, variable: VariableId, dims: Vec<usize>, distribution: Span) {
        let known = self.model.variable(variable);
        let report = VariableReport {
            name: known.name.clone(),
            role: known.role,
            labels: vec![None; dims.len()],
            dims,
            element: ElementType::Int,
            support: None,
            distribution: Some(one_line(self.model.source.slice(distribution))),
            doc: known.doc.clone(),
            missing: 0,
            discrete: true,
        };
        self.variables.push(report);
    }

    /// A deterministic name: reported if it depends on a latent and is not too long.
    pub fn report_deterministic(&mut self, variable: VariableId, x: &Traced, text: Option<String>) {
        let known = self.model.variable(variable);
        if self.plan.is_some() {
            return;
        }
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
            discrete: x.is_enumerated(),
        };
        self.variables.push(report);
        let n: usize = x.dims.iter().product();
        if self.constant(x).is_none() && x.axes.is_empty() && n <= MAX_REPORTED {
            self.add_quantity(variable, QuantityKind::Deterministic, x, vec![None; n]);
        }
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

    /// Reports latents and deterministic arrays that were built up, once the file is done.
    pub fn report_built_up(&mut self) -> Result<()> {
        let model = self.model;
        for (id, variable) in model.variables.iter().enumerate() {
            let id = VariableId(id);
            match self.env[id.0].clone() {
                Some(Binding::Elements(_)) if variable.role == ir::Role::Local => {}
                Some(Binding::Elements(elements)) => {
                    let x = self.assemble(id, &elements, variable.span)?;
                    match variable.role {
                        ir::Role::Latent => self.report_built_up_latent(id, &x, &elements),
                        ir::Role::Deterministic => self.report_deterministic(id, &x, None),
                        _ => {}
                    }
                }
                Some(Binding::Discrete(discrete))
                    if !self.variables.iter().any(|v| v.name == variable.name) =>
                {
                    let known = &self.discrete[discrete];
                    let dims: Vec<usize> =
                        known.slots.extents[..known.rank].iter().map(|&extent| extent as usize).collect();
                    if dims.iter().product::<usize>() != known.slots.rows {
                        let element = format!("an element of `{}`", known.name);
                        return Err(CompileError::MissingElement { element, at: variable.span });
                    }
                    self.report_discrete(id, dims, variable.span);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// A vector has a length: `mu ~ ordered(Normal(0, 1))` does not say which.
fn needs_length(name: &str, rank: usize, event: usize, at: Span) -> Result<()> {
    if rank >= event {
        return Ok(());
    }
    Err(CompileError::Call {
        message: format!("`{name}` is a vector, but nothing says how long"),
        help: Some(format!(
            "write its length, as in `{name}[3] ~ ...`, or give the distribution arguments of that length"
        )),
        at,
    })
}
