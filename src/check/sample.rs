//! `x ~ D`: whether it observes, draws over plates, or draws elements, and the shapes that follow.

use super::distribution::{DistributionType, distribution_type, drop_trailing};
use super::error::{CheckError, primary};
use super::expression::describe;
use super::outline::ungroup;
use super::{Checker, Kind};
use crate::builtin::takes_missing;
use crate::ir::{self, ExprKind, Index, Role, StatementKind, VariableId};
use crate::source::Span;
use crate::syntax::ast;
use crate::types::{Dim, ElementType, Shape, Type, broadcast};

/// Of arguments that are larger than what is observed.
const STRETCHED: &str =
    "arguments never stretch an observed value: give each observation its own argument, as in mu[group]";
/// A row and a column of arguments for each observation.
const PAIRS: &str = "two columns as indices make every pair; for one element in each row write a loop: \
                     `for i in 1:rows { y[i] ~ Normal(b[g[i], h[i]], sd) }`";
/// A row of arguments for each observation.
const PRODUCT: &str = "arguments never stretch an observed value; the product of a matrix with a vector is `X @ b`, and \
                       `*` multiplies element by element";

impl Checker<'_> {
    pub(super) fn sample(
        &mut self,
        target: &ast::Expr,
        distribution: &ast::Expr,
        doc: Option<&str>,
        span: Span,
    ) -> Option<StatementKind> {
        let target = ungroup(target);
        let (name, brackets) = match &target.kind {
            ast::ExprKind::Name(name) => (ast::Name { text: name.clone(), span: target.span }, None),
            ast::ExprKind::Index { base, indices } => match &ungroup(base).kind {
                ast::ExprKind::Name(name) => {
                    (ast::Name { text: name.clone(), span: base.span }, Some(&indices[..]))
                }
                _ => return self.observe(target, distribution),
            },
            _ => return self.observe(target, distribution),
        };
        let visible = self.scopes.lookup(&name.text).map(|binding| binding.id);
        match visible {
            Some(id) if self.variable(id).role == Role::Latent => {}
            Some(id) if brackets.is_some() && self.only_starts(id) => {
                let name = ast::Name { text: name.text, span: target.span };
                self.drawn_and_computed(&name);
                return None;
            }
            Some(_) => return self.observe(target, distribution),
            None if self.in_data(&name.text) => return self.observe(target, distribution),
            None => {}
        }
        let Some(outline) = self.outlines.get(&name.text) else { return self.observe(target, distribution) };
        if outline.declared_data || outline.function {
            // Declared or defined further down, or a function: the use reports it.
            return self.observe(target, distribution);
        }
        let by_elements = outline.by_elements();
        if let Some((plain, bracketed)) = mixed(&outline.samples) {
            if target.span == outline.samples[1].span || visible.is_none() {
                let (at, other, found, before) = if plain.start > bracketed.start {
                    (plain, bracketed, "all of it here", "elements or plates here")
                } else {
                    (bracketed, plain, "elements or plates here", "all of it here")
                };
                let (found, before) = (found.into(), before.into());
                self.error(CheckError::MixedPlates {
                    name: name.text.clone(),
                    at: at.into(),
                    other: other.into(),
                    found,
                    before,
                });
            }
            let distribution = self.distribution(distribution);
            if visible.is_none() {
                self.latent(&name, distribution.as_ref(), None, doc);
            }
            return None;
        }
        match brackets {
            Some(indices) if by_elements => {
                self.latent_elements(&name, indices, distribution, doc, target.span)
            }
            _ if self.scopes.in_loop() => {
                let index = self.loop_variable();
                let at = target.span.into();
                self.error(CheckError::LatentInLoop { name: name.text.clone(), index, at });
                self.distribution(distribution);
                if visible.is_none() {
                    self.element_name(&name, Role::Latent, doc);
                }
                None
            }
            _ => self.latent_plates(&name, brackets.unwrap_or_default(), distribution, doc, span),
        }
    }

    /// A recursion that is drawn, but whose first elements have been computed: `z[1] = 0`, then `z[t] ~ ...` in a loop.
    fn only_starts(&self, id: VariableId) -> bool {
        let starts = self.extents.get(&id).is_some_and(|extent| extent.only_constants);
        starts && self.scopes.in_loop()
    }

    /// The name of the innermost loop's variable.
    fn loop_variable(&self) -> String {
        let innermost = self.loop_ends.keys().max_by_key(|id| id.0);
        innermost.map_or_else(|| "i".into(), |id| self.variable(*id).name.clone())
    }

    fn latent(
        &mut self,
        name: &ast::Name,
        distribution: Option<&ir::Expr>,
        plates: Option<&[Dim]>,
        doc: Option<&str>,
    ) -> Option<VariableId> {
        let ty = match (distribution.and_then(distribution_type), plates) {
            (Some(d), Some(plates)) => latent_type(&d, plates),
            (Some(d), None) => Type::array(d.element, Shape::UNKNOWN),
            (None, _) => Type::unknown(),
        };
        self.define_name(name, Role::Latent, Kind::Value, ty, doc)
    }

    /// The only statement of a latent, outside loops.
    fn latent_plates(
        &mut self,
        name: &ast::Name,
        plates: &[ast::Index],
        distribution: &ast::Expr,
        doc: Option<&str>,
        span: Span,
    ) -> Option<StatementKind> {
        let outer = self.defining.replace(name.text.clone());
        let distribution = self.distribution(distribution);
        let plates = self.plates(&name.text, plates);
        self.defining = outer;
        let dims: Option<Vec<Dim>> =
            plates.as_ref().map(|plates| plates.iter().map(|p| self.plate_length(p)).collect());
        let fits = match (&distribution, &dims, &plates) {
            (Some(distribution), Some(dims), Some(plates)) => {
                self.plates_fit(name, distribution, dims, plates, span).is_some()
            }
            _ => false,
        };
        let variable = self.latent(name, distribution.as_ref(), dims.as_deref().filter(|_| fits), doc);
        if !fits {
            return None;
        }
        Some(StatementKind::Latent { variable: variable?, plates: plates?, distribution: distribution? })
    }

    /// `z[t] ~ D` in a loop, or one of several such statements.
    fn latent_elements(
        &mut self,
        name: &ast::Name,
        indices: &[ast::Index],
        distribution: &ast::Expr,
        doc: Option<&str>,
        span: Span,
    ) -> Option<StatementKind> {
        let in_loop = self.scopes.in_loop();
        let early = if in_loop { self.element_name(name, Role::Latent, doc) } else { None };
        let outer = if in_loop { self.defining.take() } else { self.defining.replace(name.text.clone()) };
        let distribution = self.distribution(distribution);
        let indices = self.indices(indices);
        self.defining = outer;
        let id = if in_loop { early? } else { self.element_name(name, Role::Latent, doc)? };
        let indices = indices?;
        if !in_loop && self.is_plate(&name.text, &indices, span) {
            return None;
        }
        self.element_indices(&name.text, &indices)?;
        let distribution = distribution?;
        let ty = distribution_type(&distribution);
        // A scalar statement fills one element; a slice takes its length from the brackets.
        let own = ty.as_ref().and_then(|d| {
            let wide = indices.iter().filter(|i| matches!(i, Index::Slice { .. })).count();
            let batch = d.batch.dims()?;
            let padding = vec![Dim::Unknown; wide.saturating_sub(batch.len() + d.event.len())];
            Some([&padding, batch, &d.event].concat())
        });
        self.fill(id, &indices, ty.map(|d| d.element), own, span)?;
        Some(StatementKind::LatentElements { variable: id, indices, distribution })
    }

    /// Reports brackets that are plainly plates where other statements name elements.
    fn is_plate(&mut self, name: &str, indices: &[Index], span: Span) -> bool {
        let plate = indices.iter().any(|index| match index {
            Index::At(expr) => match &expr.kind {
                ExprKind::Rows => true,
                ExprKind::Variable(id) => {
                    self.variable(*id).role == Role::Data && expr.ty.shape.rank() == Some(1)
                }
                _ => false,
            },
            Index::Slice { .. } => false,
        });
        if !plate {
            return false;
        }
        let other = self.outlines.get(name).and_then(|o| o.samples.iter().find(|s| s.span != span));
        let other = other.map_or(span, |sample| sample.span);
        let (found, before) = ("plates here".into(), "elements here".into());
        self.error(CheckError::MixedPlates {
            name: name.into(),
            at: span.into(),
            other: other.into(),
            found,
            before,
        });
        true
    }

    /// The value on the left is data, or made of data alone.
    fn observe(&mut self, target: &ast::Expr, distribution: &ast::Expr) -> Option<StatementKind> {
        let value = self.value(target);
        let distribution = self.distribution(distribution);
        let (value, distribution) = (value?, distribution?);
        self.not_of_itself(&value, &distribution)?;
        if let ExprKind::Variable(id) = value.kind
            && !self.scopes.in_if()
        {
            if let Some(first) = self.observed.get(&id) {
                let name = self.variable(id).name.clone();
                let lint = super::Lint::ObservedTwice { name, at: value.span.into(), first: (*first).into() };
                self.lints.push(lint);
            } else {
                self.observed.insert(id, value.span);
            }
            if self.scopes.in_loop() && matches!(self.variable(id).role, Role::Data | Role::Observed) {
                let name = self.variable(id).name.clone();
                self.lints.push(super::Lint::ObservedEachIteration { name, at: value.span.into() });
            }
        }
        if let Some(d) = distribution_type(&distribution) {
            self.observed_fits(&value, &distribution, &d)?;
        }
        Some(StatementKind::Observe { value, distribution })
    }

    /// Refuses `y ~ Normal(a, y)`: an element that is an argument of its own density. Bounds of wrappers may be data that
    /// are observed: `t ~ censored(D, upper = where(seen, inf, t))`.
    fn not_of_itself(&mut self, value: &ir::Expr, distribution: &ir::Expr) -> Option<()> {
        let mut left = Vec::new();
        self.own_elements(value, &mut left);
        // Of several data on the left only one is the draw, the others are shifts and scales.
        let [(drawn, _)] = &left[..] else { return Some(()) };
        let mut used = Vec::new();
        let mut open = vec![distribution];
        while let Some(part) = open.pop() {
            match &part.kind {
                ExprKind::Distribution { args, .. } => {
                    args.iter().flatten().for_each(|arg| self.own_elements(arg, &mut used));
                }
                ExprKind::Wrapped { inner, .. } => open.extend(inner),
                _ => {}
            }
        }
        let Some((name, at)) = used.into_iter().find(|(name, _)| name == drawn) else { return Some(()) };
        self.error(CheckError::OwnArgument { name, at: at.into(), drawn: value.span.into() });
        None
    }

    /// The data, or elements of them, that an expression is made of element by element.
    fn own_elements(&self, expr: &ir::Expr, found: &mut Vec<(String, Span)>) {
        let base = match &expr.kind {
            ExprKind::Index { base, .. } => base,
            // Whether a value is missing is another thing than the value.
            ExprKind::Call { builtin, .. } if takes_missing(*builtin) => return,
            ExprKind::Call { builtin, args } if builtin.elementwise() => {
                return args.iter().flatten().for_each(|arg| self.own_elements(arg, found));
            }
            _ => expr,
        };
        let ExprKind::Variable(id) = base.kind else { return };
        if matches!(self.variable(id).role, Role::Data | Role::Observed) {
            let text = self.source.slice(expr.span).split_whitespace().collect();
            found.push((text, expr.span));
        }
    }

    fn observed_fits(
        &mut self,
        value: &ir::Expr,
        distribution: &ir::Expr,
        d: &DistributionType,
    ) -> Option<()> {
        let what = self.source.slice(value.span);
        if value.ty.element == Some(ElementType::Category) && d.element == ElementType::Real {
            self.error(CheckError::Type {
                message: format!("`{what}` is a category, and this distribution is of real numbers"),
                at: value.span.into(),
                label: describe(&value.ty),
                help: Some("a category is drawn from Categorical(p)".into()),
            });
            return None;
        }
        let (Some(rank), Some(batch)) = (value.ty.shape.rank(), d.batch.dims()) else { return Some(()) };
        let shape = d.shape();
        let event_rank = d.event.len() + d.joined;
        let too_flat = rank < event_rank.max(batch.len() + d.event.len());
        let own = drop_trailing(&value.ty.shape, d.event.len());
        if !too_flat && broadcast(&own, &d.batch).is_ok() && self.events_agree(value, d) {
            return Some(());
        }
        let message = if too_flat && rank < event_rank {
            format!(
                "one draw of this distribution is {}, and `{what}` is {}",
                kind_of_event(event_rank),
                value.ty.shape
            )
        } else if too_flat {
            format!(
                "`{what}` is {}, but the arguments of its distribution make an array {shape}",
                value.ty.shape
            )
        } else {
            format!("`{what}` is {}, and its distribution is {shape}", value.ty.shape)
        };
        let mut labels = vec![primary(value.span, describe(&value.ty))];
        self.argument_labels(distribution, &mut labels);
        let help = Some(match (value.ty.shape.dims(), d.batch.dims()) {
            (Some([n]), Some([rows, columns])) if n == rows && n == columns => PAIRS.into(),
            (Some([n]), Some([rows, _])) if n == rows => PRODUCT.into(),
            _ if too_flat => STRETCHED.into(),
            _ => "trailing dimensions have to be equal; a scalar goes with anything".into(),
        });
        self.error(CheckError::Shape { message, labels, help });
        None
    }

    fn events_agree(&self, value: &ir::Expr, d: &DistributionType) -> bool {
        let Some(dims) = value.ty.shape.dims() else { return true };
        let tail = &dims[dims.len().saturating_sub(d.event.len())..];
        tail.iter().zip(&d.event).all(|(a, b)| a.known().is_none() || b.known().is_none() || a == b)
    }
}

/// A statement without brackets and one with them, of the same name.
fn mixed(samples: &[super::outline::Sample]) -> Option<(Span, Span)> {
    let plain = samples.iter().find(|s| s.brackets.is_none())?;
    let bracketed = samples.iter().find(|s| s.brackets.is_some())?;
    Some((plain.span, bracketed.span))
}

/// Plates and the shape of one draw make the shape of a latent; without plates the arguments do.
fn latent_type(d: &DistributionType, plates: &[Dim]) -> Type {
    let batch = match (plates, d.batch.dims()) {
        ([], batch) => batch.map(<[Dim]>::to_vec),
        (plates, Some(batch)) => {
            broadcast(&Shape(Some(plates.to_vec())), &Shape(Some(batch.to_vec()))).ok().and_then(|s| s.0)
        }
        (plates, None) => Some(plates.to_vec()),
    };
    Type::array(d.element, Shape(batch.map(|batch| [batch, d.event.clone()].concat())))
}

fn kind_of_event(rank: usize) -> &'static str {
    if rank == 1 { "a vector" } else { "a matrix" }
}
