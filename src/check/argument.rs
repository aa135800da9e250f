//! Calls of distributions and wrappers: their forms, their arguments, and how the shapes fit.

use super::distribution::{constant, distribution_type, drop_trailing};
use super::error::{CheckError, primary, secondary};
use super::expression::describe;
use super::outline::ungroup;
use super::{Checker, catalogue};
use crate::dist::{Distribution, Param, Wrapper};
use crate::ir::{self, ExprKind};
use crate::source::Span;
use crate::syntax::ast;
use crate::types::{Dim, ElementType, Shape, Type, broadcast};

impl Checker<'_> {
    pub(super) fn distribution_call(
        &mut self,
        dist: &'static dyn Distribution,
        name: &ast::Name,
        arguments: &[ast::Argument],
        span: Span,
    ) -> Option<ir::Expr> {
        let forms = dist.forms();
        let signature = catalogue::distribution_signature(dist);
        let mut all: Vec<&str> = Vec::new();
        for param in forms.iter().flat_map(|form| form.iter()) {
            if !all.contains(&param.name) {
                all.push(param.name);
            }
        }
        // The first form's names come first, so that positions are theirs.
        let slots = self.bind(dist.name(), &signature, &all, forms[0].len(), arguments)?;
        let given: Vec<(&str, &ast::Expr)> =
            all.iter().zip(slots).filter_map(|(name, slot)| Some((*name, slot?))).collect();
        let has = |form: &[Param], name: &str| form.iter().any(|p| p.name == name);
        let fits = |form: &[Param]| given.iter().all(|(name, _)| has(form, name));
        let complete = |form: &[Param]| {
            form.iter().all(|p| p.default.is_some() || given.iter().any(|(n, _)| *n == p.name))
        };
        let chosen = forms
            .iter()
            .position(|form| fits(form) && complete(form))
            .or_else(|| forms.iter().position(|form| fits(form)));
        let Some(form) = chosen else {
            let together = |a: &str, b: &str| forms.iter().any(|form| has(form, a) && has(form, b));
            let pair = given.iter().enumerate().find_map(|(i, (a, x))| {
                given[i + 1..].iter().find(|(b, _)| !together(a, b)).map(|(b, y)| (*a, *b, x.span, y.span))
            });
            let (first_name, second_name, first, at) =
                pair.unwrap_or((given[0].0, given[given.len() - 1].0, given[0].1.span, span));
            self.error(CheckError::AlternativeArguments {
                callee: dist.name().into(),
                first_name: first_name.into(),
                second_name: second_name.into(),
                signature: format!("its arguments are {signature}"),
                first: first.into(),
                at: at.into(),
            });
            return None;
        };
        let params = forms[form];
        let missing = params.iter().find(|p| p.default.is_none() && !given.iter().any(|(n, _)| *n == p.name));
        if let Some(missing) = missing {
            self.error(CheckError::Arity {
                message: format!("{} needs its argument `{}`", dist.name(), missing.name),
                at: if arguments.is_empty() { span } else { name.span }.into(),
                label: format!("`{}` is missing: {}", missing.name, missing.doc),
                help: Some(format!("its arguments are {signature}")),
            });
            return None;
        }
        let in_order: Vec<Option<&ast::Expr>> =
            params.iter().map(|p| given.iter().find(|(n, _)| *n == p.name).map(|(_, e)| *e)).collect();
        let args = self.arguments(dist.name(), params, &in_order)?;
        self.argument_shapes(dist.name(), params, &args, dist.event_rank(), span)?;
        self.event_fits(dist, form, &args)?;
        Some(ir::Expr { kind: ExprKind::Distribution { dist, form, args }, span, ty: Type::unknown() })
    }

    /// Checked arguments of a distribution or wrapper, each for itself.
    fn arguments(
        &mut self,
        callee: &str,
        params: &[Param],
        given: &[Option<&ast::Expr>],
    ) -> Option<Vec<Option<ir::Expr>>> {
        let mut args = Vec::with_capacity(given.len());
        let mut good = true;
        for (param, expr) in params.iter().zip(given) {
            let arg = expr.map(|expr| {
                let arg = self.value(expr)?;
                self.argument(callee, param, arg)
            });
            good &= !matches!(arg, Some(None));
            args.push(arg.flatten());
        }
        good.then_some(args)
    }

    /// One argument against what its place takes.
    pub(super) fn argument(&mut self, callee: &str, param: &Param, arg: ir::Expr) -> Option<ir::Expr> {
        if arg.ty.element == Some(ElementType::Category) {
            self.error(CheckError::Type {
                message: format!("`{}` of {callee} is a number, and a category is not", param.name),
                at: arg.span.into(),
                label: describe(&arg.ty),
                help: Some(
                    "use it as an index: `effect[county]` has a value for each level of `county`".into(),
                ),
            });
            return None;
        }
        if let Some(value) = constant(&arg)
            && let Some(must) = param.range.requirement(value)
        {
            self.error(CheckError::ArgumentRange {
                message: format!("`{}` of {callee} {must}", param.name),
                at: arg.span.into(),
                label: format!("{value}"),
                help: Some(param.help(callee)),
            });
            return None;
        }
        Some(arg)
    }

    /// The arguments of one draw have to agree in length, and their batches to broadcast.
    fn argument_shapes(
        &mut self,
        callee: &str,
        params: &[Param],
        args: &[Option<ir::Expr>],
        event_rank: usize,
        span: Span,
    ) -> Option<()> {
        let mut batch = Shape::scalar();
        let mut length: Option<(&ir::Expr, usize)> = None;
        for (param, arg) in params.iter().zip(args) {
            let Some(arg) = arg else { continue };
            let own = drop_trailing(&arg.ty.shape, param.rank);
            match broadcast(&batch, &own) {
                Ok(both) => batch = both,
                Err(_) => {
                    let conflict = format!("the arguments of {callee} have shapes that do not fit together");
                    self.shape_conflict(conflict, args.iter().flatten(), span);
                    return None;
                }
            }
            if event_rank == 0 || param.rank == 0 {
                continue;
            }
            let last = arg.ty.shape.dims().and_then(|dims| dims.last()?.known());
            match (last, length) {
                (Some(n), Some((other, m))) if n != m => {
                    let message = format!("the arguments of {callee} have different lengths, {m} and {n}");
                    self.shape_conflict(message, [other, arg].into_iter(), span);
                    return None;
                }
                (Some(n), None) => length = Some((arg, n)),
                _ => {}
            }
        }
        Some(())
    }

    /// Arguments whose shapes are known by now go together.
    fn event_fits(&mut self, dist: &dyn Distribution, form: usize, args: &[Option<ir::Expr>]) -> Option<()> {
        let known = |arg: &Option<ir::Expr>| -> Option<Vec<usize>> {
            let Some(arg) = arg else { return Some(Vec::new()) };
            arg.ty.shape.dims()?.iter().map(Dim::known).collect()
        };
        let Some(shapes) = args.iter().map(known).collect::<Option<Vec<_>>>() else { return Some(()) };
        let shapes: Vec<&[usize]> = shapes.iter().map(Vec::as_slice).collect();
        let Some(message) = dist.event_mismatch(form, &shapes) else { return Some(()) };
        let given = args.iter().flatten();
        let arrays = given.clone().filter(|arg| arg.ty.shape.rank() != Some(0)).count();
        let shown = given.filter(|arg| arrays == 0 || arg.ty.shape.rank() != Some(0));
        let labels = shown.map(|arg| primary(arg.span, describe(&arg.ty))).collect();
        let help = Some(format!("its arguments are {}", catalogue::distribution_signature(dist)));
        self.error(CheckError::Shape { message, labels, help });
        None
    }

    /// A shape error that shows every array among `parts`.
    pub(super) fn shape_conflict<'e>(
        &mut self,
        message: String,
        parts: impl Iterator<Item = &'e ir::Expr>,
        span: Span,
    ) {
        let mut labels = Vec::new();
        for part in parts.filter(|part| part.ty.shape.rank().is_some_and(|rank| rank > 0)) {
            let text = describe(&part.ty);
            labels.push(if labels.is_empty() {
                primary(part.span, text)
            } else {
                secondary(part.span, text)
            });
            self.origin(part, &mut labels);
        }
        if labels.is_empty() {
            labels.push(primary(span, "here"));
        }
        let help = Some("trailing dimensions have to be equal; a scalar goes with anything".into());
        self.error(CheckError::Shape { message, labels, help });
    }

    pub(super) fn wrapped(
        &mut self,
        wrapper: &'static dyn Wrapper,
        name: &ast::Name,
        arguments: &[ast::Argument],
        span: Span,
    ) -> Option<ir::Expr> {
        let params = wrapper.params();
        let signature = catalogue::wrapper_signature(wrapper);
        let mut wanted: Vec<&str> = params.iter().map(|p| p.name).collect();
        let inner_at = wrapper.inner_position().min(wanted.len());
        wanted.insert(inner_at, "D");
        let mut slots = self.bind(wrapper.name(), &signature, &wanted, wanted.len(), arguments)?;
        let inner = slots.remove(inner_at);
        let missing = params.iter().zip(&slots).find(|(p, slot)| p.default.is_none() && slot.is_none());
        let missing = if inner.is_none() { Some("D") } else { missing.map(|(p, _)| p.name) };
        let (Some(inner), None) = (inner, missing) else {
            let missing = missing.unwrap_or("D");
            let what = if missing == "D" { "a distribution" } else { missing };
            self.error(CheckError::Arity {
                message: format!(
                    "`{}` needs {}",
                    wrapper.name(),
                    if missing == "D" {
                        "a distribution".into()
                    } else {
                        format!("its argument `{missing}`")
                    }
                ),
                at: name.span.into(),
                label: format!("{what} is missing"),
                help: Some(format!("write {signature}")),
            });
            return None;
        };
        let inner = match &ungroup(inner).kind {
            ast::ExprKind::Array(items) if wrapper.takes_list() && !items.is_empty() => {
                let items: Vec<Option<ir::Expr>> = items.iter().map(|item| self.distribution(item)).collect();
                items.into_iter().collect::<Option<Vec<_>>>()
            }
            _ => self.distribution(inner).map(|inner| vec![inner]),
        };
        let args = self.arguments(wrapper.name(), params, &slots);
        let (inner, args) = (inner?, args?);
        let kind = ExprKind::Wrapped { wrapper, inner, args };
        let expr = ir::Expr { kind, span, ty: Type::unknown() };
        self.mixed_elements(wrapper, &expr)?;
        Some(expr)
    }

    /// The components of a mixture are all continuous or all discrete, and as many as weights.
    fn mixed_elements(&mut self, wrapper: &dyn Wrapper, expr: &ir::Expr) -> Option<()> {
        let ExprKind::Wrapped { inner, args, .. } = &expr.kind else { return Some(()) };
        let types: Vec<_> = inner.iter().map(distribution_type).collect::<Option<_>>().unwrap_or_default();
        if let Some(other) = types
            .iter()
            .position(|t| (t.element == ElementType::Real) != (types[0].element == ElementType::Real))
        {
            self.error(CheckError::Type {
                message: format!("`{}` of a continuous and a discrete distribution", wrapper.name()),
                at: inner[other].span.into(),
                label: format!("of {} numbers, the first of {}", types[other].element, types[0].element),
                help: Some("the components have to be of one kind".into()),
            });
            return None;
        }
        let weights =
            wrapper.params().iter().zip(args).find(|(p, _)| p.rank == 1).and_then(|(_, arg)| arg.as_ref());
        let n_weights = weights.and_then(|w| w.ty.shape.dims()?.last()?.known());
        let n_components = match &types[..] {
            [one] if wrapper.inner_rank(1) == 1 => one.batch.dims().and_then(|dims| dims.last()?.known()),
            [_] => None,
            several => Some(several.len()).filter(|&n| n > 0),
        };
        if let (Some(w), Some(n), Some(k)) = (weights, n_weights, n_components)
            && n != k
        {
            let message = format!("{n} weights for {k} components");
            let labels = vec![
                primary(w.span, describe(&w.ty)),
                secondary(inner[0].span.to(inner[inner.len() - 1].span), format!("{k} components")),
            ];
            let help = Some("a mixture has one weight for each component, and they sum to 1".into());
            self.error(CheckError::Shape { message, labels, help });
            return None;
        }
        Some(())
    }
}
