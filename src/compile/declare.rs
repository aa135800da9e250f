//! Declarations: `param`, and `data` held against what the data are.

use std::sync::Arc;

use super::CompileError;
use super::allocate::Origin;
use super::tracer::{Binding, Result, TermNode, Tracer, one_line};
use super::value::{MAX_COORDINATES, Traced, Value, fits_in_memory};
use crate::data::Levels;
use crate::density::{Role, Term, TermKind};
use crate::dist::{Flat, Instance, Support};
use crate::ir::{Expr, Statement, VariableId};
use crate::tape::Tensor;
use crate::types::ElementType;

impl Tracer<'_> {
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
        fits_in_memory(&format!("`{name}`"), &dims, MAX_COORDINATES, statement.span)?;
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
        let args = ends.map(|end| self.graph.scalar(end)).to_vec();
        let instance = Instance::Plain { dist: &Flat, form: 0, args };
        let Support::Continuous { constraint, bounds } = instance.support(&mut self.graph) else {
            return Err(CompileError::Poisoned);
        };
        let first = self.coordinates.len();
        let origin = Origin { role: Role::PointEstimate, span: statement.span };
        let allocated = self.allocate(&name, constraint, &bounds, &dims, &labels, origin);
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

    /// Shape and value checks of `data x: real[N, K] in (lo, hi)`.
    pub fn declared(
        &mut self,
        variable: VariableId,
        element: ElementType,
        dims: Option<&[Expr]>,
        range: Option<&(Expr, Expr)>,
    ) -> Result<()> {
        let known = self.model.variable(variable);
        let (name, at) = (known.name.clone(), known.span);
        let mut value = self.given(&name, at)?;
        let data_error =
            |message: String, help: &str| CompileError::Data { message, help: Some(help.into()), at };
        let fits = match element {
            ElementType::Real => value.element != ElementType::Category,
            ElementType::Category => matches!(value.element, ElementType::Category | ElementType::Int),
            ElementType::Int => {
                let whole = |tensor: &Tensor| tensor.iter().all(|x| x.fract() == 0.0 || x.is_nan());
                value.element == ElementType::Int || self.constant(&value).is_some_and(whole)
            }
            ElementType::Bool => {
                let binary = |tensor: &Tensor| tensor.iter().all(|x| *x == 0.0 || *x == 1.0 || x.is_nan());
                value.element == ElementType::Bool || self.constant(&value).is_some_and(binary)
            }
        };
        if !fits {
            let message = format!("`{name}` is declared {element}, but the data hold {}", value.element);
            return Err(data_error(message, "change the declaration or the data"));
        }
        value.element = element;
        let declared = dims.unwrap_or_default();
        if declared.len() != value.rank() {
            let message = format!(
                "`{name}` is declared with {} dimensions, but the data have {} (shape {:?})",
                declared.len(),
                value.rank(),
                value.dims
            );
            return Err(data_error(message, "write one length per dimension: `data X: real[N, K]`"));
        }
        for (k, dim) in declared.iter().enumerate() {
            let length = self.array(dim)?;
            let length = self.known(&length, dim.span, "a declared length must be known from the data")?;
            if length.len() != 1 || length[0] != value.dims[k] as f64 {
                let message = format!(
                    "dimension {} of `{name}` is declared {}, but the data have {}",
                    k + 1,
                    length.first().copied().unwrap_or(f64::NAN),
                    value.dims[k]
                );
                return Err(data_error(message, "change the declaration or the data"));
            }
        }
        if let Some((lower, upper)) = range {
            let mut bound = |expr: &Expr| -> Result<f64> {
                let value = self.array(expr)?;
                let known = self.known(&value, expr.span, "a declared range must be known from the data")?;
                Ok(known.first().copied().unwrap_or(f64::NAN))
            };
            let (lower, upper) = (bound(lower)?, bound(upper)?);
            let outside = self.constant(&value).and_then(|t| t.iter().position(|x| *x < lower || *x > upper));
            if let Some(row) = outside {
                let found = self.constant(&value).and_then(|tensor| tensor.iter().nth(row).copied());
                let message = format!(
                    "element {} of `{name}` is {}, outside the declared range ({lower}, {upper})",
                    row + 1,
                    found.unwrap_or(f64::NAN)
                );
                return Err(data_error(message, "change the declaration or the data"));
            }
        }
        if let Some(partly) = self.partly.get_mut(&variable) {
            // Its entries are where they are from the start; what is missing is an error where it is used.
            partly.given.element = element;
            if let Some(Binding::Elements(elements)) = &mut self.env[variable.0] {
                elements.element = element;
            }
            return Ok(());
        }
        let value = self.observed_input(variable, value);
        self.env[variable.0] = Some(Binding::Value(Value::Array(value)));
        Ok(())
    }
}
