//! Calls: which argument goes where.

use super::aliases::{did_you_mean, nearest};
use super::error::CheckError;
use super::foreign_arguments::{called_here, stands_elsewhere};
use super::{Checker, Kind, aliases, catalogue};
use crate::builtin::{Builtin, ParamKind};
use crate::dist::{self, question};
use crate::ir::{self, ExprKind};
use crate::source::Span;
use crate::syntax::ast;
use crate::types::Type;

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
        if let (Some(question), None) = (question::find(text), catalogue::function(text)) {
            return self.ask(question, arguments, span);
        }
        if text == "ode" {
            return self.ode(arguments, span);
        }
        if let Some(dist) = dist::find(text) {
            return self.distribution_call(dist, name, arguments, span);
        }
        if let Some(wrapper) = dist::wrappers::find(text) {
            return self.wrapped(wrapper, name, arguments, span);
        }
        if let Some(builtin) = catalogue::function(text) {
            return self.function_call(builtin, arguments, span);
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
    pub(super) fn bind<'e>(
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
                    let half = callee.starts_with("Half") && found == n_positional + 1;
                    let location = if half { "it begins at 0 and has no location: " } else { "" };
                    let help = Some(format!("{location}its arguments are {signature}"));
                    self.error(CheckError::Arity { message, at, label: "one too many".into(), help });
                    return None;
                }
                Some(name) => match wanted.iter().position(|w| *w == name.text) {
                    Some(slot) => slot,
                    None => {
                        let is_distribution = callee.starts_with(char::is_uppercase);
                        let near = called_here(&name.text, wanted)
                            .or_else(|| stands_elsewhere(&name.text).filter(|_| is_distribution))
                            .map(|words| words + ".")
                            .or_else(|| did_you_mean(&nearest(&name.text, wanted.iter().copied())));
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
        if let (Some(question), [Some(value), None]) = (question::find(builtin.name()), &given[..]) {
            return self.ask_or_call(question, builtin, value, span);
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
}

fn noun(n: usize) -> &'static str {
    if n == 1 { "argument" } else { "arguments" }
}

fn count_message(callee: &str, wanted: usize, found: usize) -> String {
    format!("`{callee}` takes {wanted} {}, found {found}", noun(wanted))
}
