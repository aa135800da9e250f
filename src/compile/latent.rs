//! Latents and point-estimated parameters: plates, unconstrained coordinates, the map to their support.

use std::sync::Arc;

use super::CompileError;
use super::allocate::{Named, Origin};
use super::distribution::skeleton;
use super::recentre::Read;
use super::selection::Selection;
use super::tracer::{Binding, Result, Tracer};
use super::value::{
    Axis, DistributionKind, MAX_COORDINATES, Place, Traced, TracedDistribution, Value, ValueLevels,
    fits_in_memory,
};
use crate::constraint::Constraint;
use crate::data::Levels;
use crate::density::{Role, TermKind};
use crate::dist::{Instance, Support};
use crate::ir::{Expr, ExprKind, Index, Statement, VariableId};
use crate::source::Span;
use crate::tape::Node;
use crate::types::{ElementType, Shape, broadcast};

/// A dimension that a plate makes.
pub struct Plate {
    pub len: usize,
    pub label: Option<Arc<Levels>>,
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
        let by_row = plates.first().is_some_and(|plate| matches!(plate.kind, ExprKind::Rows));
        let plates = plates.iter().map(|plate| self.plate(plate)).collect::<Result<Vec<_>>>()?;
        let dims = self.latent_dims(&traced, &plates, &name, statement.span)?;
        fits_in_memory(&format!("`{name}`"), &dims, MAX_COORDINATES, statement.span)?;
        let n_plates = plates.len();
        let mut labels: Vec<Option<Arc<Levels>>> = plates.into_iter().map(|plate| plate.label).collect();
        labels.resize(dims.len(), None);
        label_by_arguments(&traced, &dims, &mut labels[n_plates..]);
        if self.is_discrete(&traced) {
            self.discrete_latent(statement, variable, &traced, dims, labels)?;
            if by_row {
                self.note_by_row();
            }
            return Ok(());
        }
        let placed = self.place(&traced, None, distribution.span)?;
        let (constraint, bounds) = self.latent_support(&placed.instance, &name, distribution.span)?;
        needs_length(&name, dims.len(), constraint.event_rank(), statement.span)?;
        self.refuse_enumerated(&placed.axes, &bounds, &name, distribution.span)?;
        let bounds = self.bounds_along(&placed.axes, bounds);
        self.note_improper(&placed.instance);
        let origin = Origin { role: Role::Latent, span: statement.span };
        let allocated = self.allocate(&name, constraint, &bounds, &dims, &labels, origin);
        if by_row {
            self.note_by_row();
        }
        let mut x = Traced::new(allocated.x, dims, ElementType::Real);
        x.labels.clone_from(&labels);
        let before = self.prior_term(statement.span);
        self.density_statement(statement.span, TermKind::Prior, &traced, &x)?;
        let read = Read { block: allocated.block, constraint, bounds };
        self.note_recentrable(statement.span, before, &traced, &x, read)?;
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
        let traced = self.distribution(distribution)?;
        let selection = self.selection(variable, indices, None, statement.span)?;
        let ragged = self.ragged_axis(&selection.axes);
        if let Some(ragged) = ragged.filter(|_| self.scan.is_some()) {
            let what = "latents over a slice whose length changes, in a recursion";
            return Err(self.varies(ragged, what, statement.span));
        }
        self.along(ragged, |tracer| tracer.selected_latents(statement, variable, &selection, &traced))
    }

    /// `z[t] ~ D`, its elements and its distribution traced.
    fn selected_latents(
        &mut self,
        statement: &Statement,
        variable: VariableId,
        selection: &Selection,
        traced: &TracedDistribution,
    ) -> Result<()> {
        let name = self.model.variable(variable).name.clone();
        if self.is_discrete(traced) {
            return self.discrete_elements(statement, variable, selection, traced);
        }
        let value_dims = self.value_dims(traced)?;
        let vector = selection.dims.len();
        let event = skeleton(traced).event_rank();
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
        let (x, read) = if let Some(elements) = known {
            (self.read_ahead(&elements, selection), self.noted_ahead(statement.span, selection))
        } else {
            let placed = self.place(traced, None, traced.span)?;
            if placed.place == Place::Step {
                return Err(CompileError::unsupported(
                    format!("`{name}`, whose support depends on values of the same recursion"),
                    traced.span,
                ));
            }
            let (constraint, bounds) = self.latent_support(&placed.instance, &name, traced.span)?;
            self.refuse_enumerated(&placed.axes, &bounds, &name, traced.span)?;
            let bounds = self.bounds_along(&placed.axes, bounds);
            self.note_improper(&placed.instance);
            let mut shape = self.full_shape(&selection.axes, &selection.dims, Place::Main);
            let batch = shape.len() + element_dims.len() - constraint.event_rank();
            shape.extend(&element_dims);
            if self.plan.is_some() {
                self.plan_ahead(variable, selection, constraint, &bounds, &shape[..batch], statement.span);
            }
            let named =
                Named { name: &name, tuples: &selection.tuples, rank: selection.rank, dims: &element_dims };
            let allocated = self.allocate_elements(&named, constraint, &bounds, &shape, statement.span);
            let rows_and_dims = allocated.x;
            self.add_piece(
                variable,
                selection,
                rows_and_dims,
                element_dims.clone(),
                ElementType::Real,
                statement.span,
            )?;
            jacobian = Some(allocated.log_jacobian);
            let mut x = Traced::new(rows_and_dims, dims, ElementType::Real);
            x.axes.clone_from(&selection.axes);
            (x, Some(Read { block: allocated.block, constraint, bounds }))
        };
        self.check_shape(traced, &x, &name, statement.span)?;
        let before = self.prior_term(statement.span);
        self.density_statement(statement.span, TermKind::Prior, traced, &x)?;
        if let Some(read) = read {
            self.note_recentrable(statement.span, before, traced, &x, read)?;
        }
        if let Some(jacobian) = jacobian {
            self.add_jacobian(statement.span, jacobian);
        }
        Ok(())
    }

    pub fn is_discrete(&self, distribution: &TracedDistribution) -> bool {
        matches!(skeleton(distribution).element(), ElementType::Int | ElementType::Bool)
    }

    /// What a continuous latent ranges over; words where only data can have its distribution.
    pub fn latent_support(
        &mut self,
        instance: &Instance,
        name: &str,
        at: Span,
    ) -> Result<(&'static dyn Constraint, Vec<Node>)> {
        if !instance.atoms(&mut self.graph).is_empty() {
            return Err(CompileError::OfDataOnly {
                name: name.to_string(),
                distribution: instance.describe(),
                help: instance.latent_advice(),
                at,
            });
        }
        match instance.support(&mut self.graph) {
            Support::Continuous { constraint, bounds } => Ok((constraint, bounds)),
            Support::Integers { .. } | Support::Counts { .. } => Err(CompileError::Poisoned),
        }
    }

    pub fn note_improper(&mut self, instance: &Instance) {
        if instance.improper() {
            self.normalised = false;
        }
    }

    pub fn refuse_enumerated(&self, axes: &[Axis], bounds: &[Node], name: &str, at: Span) -> Result<()> {
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
    pub fn bounds_along(&mut self, axes: &[Axis], bounds: Vec<Node>) -> Vec<Node> {
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

    /// One bracket entry on the left of `~`: a size, a grouping column, labels, or `rows`.
    pub fn plate(&mut self, expr: &Expr) -> Result<Plate> {
        if matches!(expr.kind, ExprKind::Rows) {
            return Ok(Plate { len: self.row_count(expr.span)?, label: None });
        }
        if let Some(labels) = labels(expr) {
            return Ok(Plate { len: labels.len(), label: Some(Arc::new(Levels::new(labels))) });
        }
        // Levels are those of what was observed.
        let value = self.as_given(|tracer| tracer.array(expr))?;
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
        self.plate_over(&value, &known, expr.span)
    }

    /// The plate of a grouping: one element for each of its levels.
    pub fn plate_over(&self, value: &Traced, known: &[f64], at: Span) -> Result<Plate> {
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
                let found = known.iter().filter(|v| !v.is_nan());
                let mut distinct: Vec<i64> = found.map(|&v| v as i64).collect();
                distinct.sort_unstable();
                distinct.dedup();
                let positional = distinct.iter().zip(1..).all(|(&v, j)| v == j);
                let names = distinct.iter().map(i64::to_string).collect();
                let label = (!positional).then(|| Arc::new(Levels::new(names)));
                Ok(Plate { len: distinct.len(), label })
            }
            None if value.element == ElementType::Real && value.rank() == 1 => {
                let odd = known.iter().position(|x| x.fract() != 0.0).unwrap_or(0);
                let found = known.get(odd).copied().unwrap_or(f64::NAN);
                let name = self.model.source.slice(at);
                Err(CompileError::Index {
                    message: format!(
                        "`{name}[{}]` is {found}: a grouping has whole numbers or words",
                        odd + 1
                    ),
                    help: Some(format!("a number for each row is used as it is: `b * {name}`")),
                    at,
                })
            }
            None if value.element == ElementType::Bool => Err(CompileError::Index {
                message: "a plate cannot be made of true and false".into(),
                help: Some(format!(
                    "number the two: `kind = 1 + {}`, then `b[kind]` on both sides",
                    self.model.source.slice(at)
                )),
                at,
            }),
            None => Err(CompileError::Index {
                message: format!("a plate cannot be made of an array of {} values", value.element),
                help: Some(
                    "a plate is an int (`theta[J]`), a grouping column (`alpha[county]`), or `rows`".into(),
                ),
                at,
            }),
        }
    }

    /// A support for people: `positive`, `> 2`, `(0, 1)`, `simplex`.
    pub fn support_words(&self, constraint: &dyn Constraint, bounds: &[Node]) -> String {
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
}

/// The labels of a plate that lists them: `b[["x1", "x2"]]`.
fn labels(plate: &Expr) -> Option<Vec<String>> {
    let ExprKind::Array(items) = &plate.kind else { return None };
    let label = |item: &Expr| match &item.kind {
        ExprKind::Str(label) => Some(label.clone()),
        _ => None,
    };
    items.iter().map(label).collect()
}

/// Dimensions that no plate makes have the labels of the arguments that make them: elements of a vector those of its mean, or
/// of the rows of its covariance.
fn label_by_arguments(distribution: &TracedDistribution, dims: &[usize], labels: &mut [Option<Arc<Levels>>]) {
    let DistributionKind::Plain { dist, form, args } = &distribution.kind else { return };
    for (param, arg) in dist.forms()[*form].iter().zip(args).filter(|(_, arg)| arg.axes.is_empty()) {
        // One of the two dimensions of a matrix stands for the elements; before it are batches.
        let n_own = arg.rank() - usize::from(param.rank == 2 && arg.rank() > 1);
        let own = arg.dims[..n_own].iter().zip(&arg.labels).rev();
        for ((label, len), (own_len, own)) in labels.iter_mut().rev().zip(dims.iter().rev()).zip(own) {
            if label.is_none() && len == own_len {
                label.clone_from(own);
            }
        }
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
