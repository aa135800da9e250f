//! Calls: which argument goes where.

use super::aliases::{did_you_mean, nearest};
use super::distribution::{constant, distribution_type, drop_trailing};
use super::error::{CheckError, primary, secondary};
use super::expression::describe;
use super::outline::ungroup;
use super::{Checker, Kind, aliases, catalogue};
use crate::builtin::{Builtin, ParamKind};
use crate::dist::{self, Distribution, Param, Range, Wrapper};
use crate::ir::{self, ExprKind};
use crate::source::Span;
use crate::syntax::ast;
use crate::types::{ElementType, Shape, Type, broadcast};

/// Questions to a distribution that this version cannot answer.
const QUESTIONS: &[&str] = &["mean", "sd", "var", "cdf", "quantile"];

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        name: &ast::Name,
        arguments: &[ast::Argument],
        span: Span,
    ) -> Option<ir::Expr> {
        let text = name.text.as_str();
        if catalogue::what_is(text).is_none()
            && let Some(binding) = self.scopes.lookup_here(text)
            && matches!(self.kinds[binding.id.0], Kind::Unknown | Kind::Function)
            && self.scopes.in_function()
        {
            let variable = binding.id;
            let args = self.positional(text, arguments)?;
            return Some(ir::Expr {
                kind: ExprKind::ApplyVariable { variable, args },
                span,
                ty: Type::unknown(),
            });
        }
        if let Some(&function) = self.function_names.get(text) {
            return self.apply(function, name, arguments, span);
        }
        if self.function.as_ref().is_some_and(|(function, _)| function == text) {
            self.error(CheckError::Recursion { name: text.into(), at: name.span.into() });
            return None;
        }
        if let Some(outline) = self.outlines.get(text)
            && outline.function
        {
            let defined = outline.span.into();
            self.error(CheckError::UsedBeforeDefinition { name: text.into(), at: name.span.into(), defined });
            return None;
        }
        if text == "lpdf" {
            return self.log_density(arguments, span);
        }
        if let Some(dist) = dist::find(text) {
            return self.distribution_call(dist, name, arguments, span);
        }
        if let Some(wrapper) = dist::wrappers::find(text) {
            return self.wrapped(wrapper, name, arguments, span);
        }
        if let Some(builtin) = catalogue::function(text) {
            return self.function_call(builtin, name, arguments, span);
        }
        if aliases::planned(text) {
            let feature = text.to_string();
            self.error(CheckError::NotSupportedYet { feature, at: name.span.into(), help: None });
            return None;
        }
        if self.scopes.lookup(text).is_some() || self.in_data(text) || self.outlines.get(text).is_some() {
            self.error(CheckError::Type {
                message: format!("`{text}` is not a function"),
                at: name.span.into(),
                label: "called like a function".into(),
                help: Some(format!(
                    "an element is selected with square brackets: `{text}[i]`; a product is written `*`"
                )),
            });
            return None;
        }
        self.unknown_function(text, name.span);
        None
    }

    /// All arguments, none of them named.
    fn positional(&mut self, callee: &str, arguments: &[ast::Argument]) -> Option<Vec<ir::Expr>> {
        let mut args = Vec::with_capacity(arguments.len());
        for argument in arguments {
            if let Some(name) = &argument.name {
                let help = Some("give it by position".into());
                let (callee, unknown) = (format!("`{callee}`"), name.text.clone());
                self.error(CheckError::UnknownArgument { callee, name: unknown, at: name.span.into(), help });
                args.push(None);
            } else {
                args.push(self.any(&argument.value));
            }
        }
        args.into_iter().collect()
    }

    /// A function of the file.
    fn apply(
        &mut self,
        id: ir::FunctionId,
        name: &ast::Name,
        arguments: &[ast::Argument],
        span: Span,
    ) -> Option<ir::Expr> {
        self.called(id);
        let function = &self.functions[id.0];
        let parameters: Vec<String> =
            function.parameters.iter().map(|p| self.variables[p.0].name.clone()).collect();
        let signature = format!("{}({})", name.text, parameters.join(", "));
        let wanted: Vec<&str> = parameters.iter().map(String::as_str).collect();
        let slots = self.bind(&name.text, &signature, &wanted, wanted.len(), arguments)?;
        let missing = wanted.iter().zip(&slots).find(|(_, slot)| slot.is_none());
        if let Some((missing, _)) = missing {
            let message = count_message(&name.text, wanted.len(), arguments.len());
            let label = format!("`{missing}` is missing");
            let help = Some(format!("it is defined as {signature}"));
            self.error(CheckError::Arity { message, at: span.into(), label, help });
            return None;
        }
        let args: Vec<Option<ir::Expr>> = slots.into_iter().flatten().map(|arg| self.any(arg)).collect();
        let args = args.into_iter().collect::<Option<Vec<_>>>()?;
        Some(ir::Expr { kind: ExprKind::Apply { function: id, args }, span, ty: Type::unknown() })
    }

    /// Sorts arguments into the places of `wanted` names; the first `n_positional` can be given by position.
    fn bind<'e>(
        &mut self,
        callee: &str,
        signature: &str,
        wanted: &[&str],
        n_positional: usize,
        arguments: &'e [ast::Argument],
    ) -> Option<Vec<Option<&'e ast::Expr>>> {
        let mut slots: Vec<Option<&ast::Expr>> = vec![None; wanted.len()];
        let mut position = 0;
        let mut good = true;
        for argument in arguments {
            let slot = match &argument.name {
                None if position < n_positional => {
                    position += 1;
                    position - 1
                }
                None => {
                    let found = arguments.iter().filter(|a| a.name.is_none()).count();
                    let message = if n_positional < wanted.len() {
                        format!(
                            "`{callee}` takes {n_positional} {} by position, found {found}",
                            noun(n_positional)
                        )
                    } else {
                        count_message(callee, n_positional, found)
                    };
                    let at = argument.value.span.into();
                    let help = Some(format!("its arguments are {signature}"));
                    self.error(CheckError::Arity { message, at, label: "one too many".into(), help });
                    return None;
                }
                Some(name) => match wanted.iter().position(|w| *w == name.text) {
                    Some(slot) => slot,
                    None => {
                        let near = did_you_mean(&nearest(&name.text, wanted.iter().copied()));
                        let help = Some(match near {
                            Some(near) => format!("{near} Its arguments are {signature}"),
                            None => format!("its arguments are {signature}"),
                        });
                        let (callee, unknown) = (format!("`{callee}`"), name.text.clone());
                        self.error(CheckError::UnknownArgument {
                            callee,
                            name: unknown,
                            at: name.span.into(),
                            help,
                        });
                        good = false;
                        continue;
                    }
                },
            };
            if let Some(first) = slots[slot] {
                self.error(CheckError::DuplicateArgument {
                    name: wanted[slot].into(),
                    signature: format!("its arguments are {signature}"),
                    at: argument.name.as_ref().map_or(argument.value.span, |n| n.span).into(),
                    first: first.span.into(),
                });
                good = false;
            }
            slots[slot] = Some(&argument.value);
        }
        good.then_some(slots)
    }

    fn function_call(
        &mut self,
        builtin: &'static dyn Builtin,
        name: &ast::Name,
        arguments: &[ast::Argument],
        span: Span,
    ) -> Option<ir::Expr> {
        let params = builtin.params();
        let signature = catalogue::builtin_signature(builtin);
        let variadic = params.iter().find(|p| p.kind == ParamKind::Variadic);
        let fixed: Vec<_> = params.iter().filter(|p| p.kind != ParamKind::Variadic).collect();
        let n_positional = fixed.iter().take_while(|p| p.kind != ParamKind::Named).count();
        let wanted: Vec<&str> = fixed.iter().map(|p| p.name).collect();
        // The first positional arguments fill the fixed places, the rest are the variadic ones.
        let (mut seen, mut rest, mut others) = (0, Vec::new(), Vec::new());
        for argument in arguments {
            if argument.name.is_none() {
                seen += 1;
                if variadic.is_some() && seen > n_positional {
                    rest.push(&argument.value);
                    continue;
                }
            }
            others.push(argument.clone());
        }
        let slots = self.bind(builtin.name(), &signature, &wanted, n_positional, &others)?;
        let missing =
            fixed.iter().zip(&slots).find(|(p, slot)| p.kind == ParamKind::Required && slot.is_none());
        let missing = missing.map(|(p, _)| p.name).or(variadic.filter(|_| rest.is_empty()).map(|p| p.name));
        if let Some(missing) = missing {
            self.error(CheckError::Arity {
                message: format!("`{}` needs its argument `{missing}`", builtin.name()),
                at: span.into(),
                label: format!("`{missing}` is missing"),
                help: Some(format!("its arguments are {signature}")),
            });
            return None;
        }
        let given: Vec<Option<&ast::Expr>> = slots.into_iter().chain(rest.into_iter().map(Some)).collect();
        if let (Some(Some(first)), true) = (given.first(), QUESTIONS.contains(&builtin.name()))
            && self.asks_distribution(first)
        {
            let feature = format!("{}(D) of a distribution", builtin.name());
            self.error(CheckError::NotSupportedYet { feature, at: name.span.into(), help: None });
            return None;
        }
        let mut args = Vec::with_capacity(given.len());
        let mut good = true;
        for expr in given {
            let arg = expr.map(|expr| self.value(expr));
            good &= !matches!(arg, Some(None));
            args.push(arg.flatten());
        }
        if !good {
            return None;
        }
        self.builtin_call(builtin, args, span)
    }

    /// Whether an argument is plainly a distribution, by its look.
    fn asks_distribution(&self, expr: &ast::Expr) -> bool {
        match &ungroup(expr).kind {
            ast::ExprKind::Call { function, .. } => {
                let name = &function.text;
                !self.function_names.contains_key(name)
                    && (catalogue::what_is(name) == Some("distribution")
                        || dist::wrappers::find(name).is_some())
                    || self
                        .function_names
                        .get(name)
                        .is_some_and(|id| self.results[id.0] == Kind::Distribution)
            }
            ast::ExprKind::Name(name) => {
                self.scopes.lookup(name).is_some_and(|b| self.kinds[b.id.0] == Kind::Distribution)
            }
            _ => false,
        }
    }

    fn log_density(&mut self, arguments: &[ast::Argument], span: Span) -> Option<ir::Expr> {
        let slots = self.bind("lpdf", "lpdf(D, x)", &["D", "x"], 2, arguments)?;
        let [Some(distribution), Some(at)] = slots[..] else {
            self.error(CheckError::Arity {
                message: count_message("lpdf", 2, arguments.len()),
                at: span.into(),
                label: "a distribution and a value are needed".into(),
                help: Some("write lpdf(D, x), for example lpdf(Normal(0, 1), x)".into()),
            });
            return None;
        };
        let distribution = self.distribution(distribution);
        let at = self.value(at);
        let (distribution, at) = (distribution?, at?);
        let shape = distribution_type(&distribution).map_or(Shape::UNKNOWN, |d| {
            let events = d.event.len() + d.joined;
            let batch = drop_trailing(&d.batch, d.joined);
            broadcast(&batch, &drop_trailing(&at.ty.shape, events)).unwrap_or(Shape::UNKNOWN)
        });
        let kind = ExprKind::LogDensity { distribution: Box::new(distribution), at: Box::new(at) };
        Some(ir::Expr { kind, span, ty: Type::real(shape) })
    }

    fn distribution_call(
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
    fn argument(&mut self, callee: &str, param: &Param, arg: ir::Expr) -> Option<ir::Expr> {
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
            && let Some(must) = violation(param.range, value)
        {
            self.error(CheckError::ArgumentRange {
                message: format!("`{}` of {callee} {must}", param.name),
                at: arg.span.into(),
                label: format!("{value}"),
                help: Some(format!("{callee}: {} is the {}", param.name, param.doc)),
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

    fn wrapped(
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

fn noun(n: usize) -> &'static str {
    if n == 1 { "argument" } else { "arguments" }
}

fn count_message(callee: &str, wanted: usize, found: usize) -> String {
    format!("`{callee}` takes {wanted} {}, found {found}", noun(wanted))
}

/// What a constant argument must be, if it is not.
fn violation(range: Range, value: f64) -> Option<&'static str> {
    let whole = value.fract() == 0.0;
    match range {
        Range::Positive if !(value > 0.0) => Some("must be positive"),
        Range::NonNegative if !(value >= 0.0) => Some("must not be negative"),
        Range::UnitInterval if !(0.0..=1.0).contains(&value) => Some("must be between 0 and 1"),
        Range::Count if !(value >= 0.0 && whole) => Some("must be a whole number, 0 or more"),
        Range::Integer if !whole => Some("must be a whole number"),
        Range::Real if value.is_nan() => Some("must be a number"),
        _ => None,
    }
}
