//! What a name means where it is used, and what to say when it means nothing.

use std::collections::HashSet;

use super::aliases::{alike, did_you_mean, fold, known_calls, listed, nearest};
use super::catalogue;
use super::error::CheckError;
use super::lint::Lint;
use super::scope::Binding;
use super::{Checker, Kind};
use crate::ir::{self, FunctionId, Role, VariableId};
use crate::source::Span;
use crate::types::{Dim, ElementType, Shape, Type};

/// What a name in value position stands for.
pub(super) enum Meaning {
    Variable(VariableId),
    Function(FunctionId),
    Constant(f64),
    Rows(Type),
}

/// Named numbers.
const CONSTANTS: &[(&str, f64)] = &[("pi", std::f64::consts::PI), ("inf", f64::INFINITY), ("nan", f64::NAN)];

impl Checker<'_> {
    /// Looks a name up; an unknown one is reported.
    pub(super) fn resolve(&mut self, name: &str, span: Span) -> Option<Meaning> {
        if let Some(binding) = self.scopes.lookup(name) {
            let id = binding.id;
            self.used.insert(id);
            return Some(Meaning::Variable(id));
        }
        if self.defining.as_deref() == Some(name) && !self.in_data(name) {
            self.error(CheckError::SelfReference { name: name.into(), at: span.into() });
            return None;
        }
        if let Some(&function) = self.function_names.get(name) {
            self.called(function);
            return Some(Meaning::Function(function));
        }
        if self.function.as_ref().is_some_and(|(function, _)| function == name) {
            self.error(CheckError::Recursion { name: name.into(), at: span.into() });
            return None;
        }
        if self.in_data(name) {
            return Some(Meaning::Variable(self.data_used(name, span)));
        }
        if let Some(outline) = self.outlines.get(name) {
            if outline.only_sampled() && !self.roles_known() {
                let sampled = outline.samples[0].span.into();
                self.lints.push(Lint::AssumedData { name: name.into(), at: span.into(), sampled });
                return Some(Meaning::Variable(self.assume_data(name, span)));
            }
            let (name, at, defined) = (name.to_string(), span.into(), outline.span.into());
            if self.unknown.insert(name.clone()) {
                let other = self.defining.clone().filter(|defining| self.leads_to(&name, defining));
                self.error(match other {
                    Some(other) => CheckError::Cycle { name, other, at, defined },
                    None => CheckError::UsedBeforeDefinition { name, at, defined },
                });
            }
            return None;
        }
        if let Some((_, value)) = CONSTANTS.iter().find(|(constant, _)| *constant == name) {
            return Some(Meaning::Constant(*value));
        }
        if name == "rows" {
            return self.rows(span).map(Meaning::Rows);
        }
        let callable = catalogue::what_is(name);
        let assumable =
            callable.is_none_or(|what| what != "distribution") && self.scopes.ended(name).is_none();
        if !self.roles_known() && assumable {
            return Some(Meaning::Variable(self.assume_data(name, span)));
        }
        self.unknown_name(name, span);
        None
    }

    fn rows(&mut self, span: Span) -> Option<Type> {
        match self.data {
            None => Some(Type::int(Dim::Named("rows".into()))),
            Some(data) => match data.rows {
                Some(n) => Some(Type::int(Dim::Known(n))),
                None => {
                    self.error(CheckError::Data {
                        message: "the data are not one table, so `rows` has no value".into(),
                        at: span.into(),
                        label: "number of rows of what?".into(),
                        help: Some("write the length of an array instead, as in len(y)".into()),
                    });
                    None
                }
            },
        }
    }

    /// The variable of a name that is in the data, made at its first use.
    pub(super) fn data_used(&mut self, name: &str, span: Span) -> VariableId {
        if let Some(binding) = self.scopes.lookup(name) {
            let id = binding.id;
            self.used.insert(id);
            return id;
        }
        let ty = self.data_variable(name).map_or_else(Type::unknown, |v| v.ty.clone());
        let observed = self.outlines.get(name).is_some_and(|outline| !outline.samples.is_empty());
        let role = if observed { Role::Observed } else { Role::Data };
        let variable = ir::Variable { name: name.into(), span, role, doc: None, ty };
        let id = self.new_variable(variable, Kind::Value);
        self.scopes.bind_data(name, Binding { id, span, by_element: false });
        self.used.insert(id);
        self.lint_shadowing(name, span);
        id
    }

    fn assume_data(&mut self, name: &str, span: Span) -> VariableId {
        let id = self.data_used(name, span);
        self.assumed_data.push(id);
        id
    }

    fn unknown_name(&mut self, name: &str, span: Span) {
        if !self.unknown.insert(name.to_string()) {
            return;
        }
        if let Some(inner) = self.scopes.ended(name) {
            let (_, column) = self.source.line_column(inner.start);
            let line = self.source.line_column(inner.start).0;
            let help = format!(
                "the `{name}` of line {line}, column {column} lives in the body of its loop; to keep it for every pass, fill elements: `{name}[i] = ...`"
            );
            return self.error(CheckError::UnknownName {
                name: name.into(),
                at: span.into(),
                help: Some(help),
            });
        }
        if let Some(what) = catalogue::what_is(name) {
            let (message, help) = match catalogue::signature(name) {
                Some(signature) => {
                    (format!("`{name}` is a {what}, not a value"), format!("call it: `{signature}`"))
                }
                None => (format!("`{name}` is a {what}, not a value"), format!("call it: `{name}(...)`")),
            };
            return self.error(CheckError::Type {
                message,
                at: span.into(),
                label: format!("a {what} without its arguments"),
                help: Some(help),
            });
        }
        if self.outlines.declares_data && self.data_index.contains_key(name) {
            let help = format!(
                "the data have `{name}`, but this file declares its data: add `data {name}: real[...]`"
            );
            return self.error(CheckError::UnknownName {
                name: name.into(),
                at: span.into(),
                help: Some(help),
            });
        }
        let near = self.near_names(name);
        let near: Vec<&str> = near.iter().map(String::as_str).collect();
        let help = did_you_mean(&near).or_else(|| {
            let names: Vec<&str> = self.data?.variables.iter().map(|v| v.name.as_str()).take(12).collect();
            let more = if self.data?.variables.len() > names.len() { ", ..." } else { "" };
            (!names.is_empty()).then(|| {
                let names = names.join(", ");
                format!("the data have {names}{more}; a latent has its `~` above: `{name} ~ ...`")
            })
        });
        self.error(CheckError::UnknownName { name: name.into(), at: span.into(), help });
    }

    /// Whether the definition of a name needs `target`, itself or by way of others: neither can stand above the other.
    fn leads_to(&self, name: &str, target: &str) -> bool {
        let mut seen = HashSet::new();
        let mut waiting = vec![name];
        while let Some(name) = waiting.pop() {
            if self.in_data(name) || !seen.insert(name) {
                continue;
            }
            if name == target {
                return true;
            }
            let outline = self.outlines.get(name);
            waiting.extend(outline.into_iter().flat_map(|outline| outline.uses.iter().map(String::as_str)));
        }
        false
    }

    /// Names near to an unknown one, nearest first.
    fn near_names(&self, name: &str) -> Vec<String> {
        let data = self.data_index.keys().copied();
        let file = self.outlines.names.keys().map(String::as_str);
        let candidates = data.chain(file).chain(self.scopes.visible()).chain(["pi", "inf", "nan", "rows"]);
        nearest(name, candidates).into_iter().map(str::to_string).collect()
    }

    /// A name of the data or the file that a built-in also has.
    pub(super) fn lint_shadowing(&mut self, name: &str, span: Span) {
        let constant = CONSTANTS.iter().any(|(c, _)| *c == name) || name == "rows";
        let what = if constant { Some("constant") } else { catalogue::what_is(name) };
        if let Some(what) = what
            && !self.scopes.in_function()
            && self.shadowed.insert(name.to_string())
        {
            self.lints.push(Lint::Shadowing { name: name.into(), what, at: span.into() });
        }
    }

    /// Lints that need the whole file to have been seen.
    pub(super) fn final_lints(&mut self, model: &ir::Model) {
        let unused: Vec<&str> = self
            .data_index
            .keys()
            .copied()
            .filter(|name| !model.variables.iter().any(|v| v.name == *name && is_data(v.role)))
            .collect();
        for variable in &model.variables {
            let at = variable.span.into();
            if variable.role == Role::Latent
                && let Some(column) = unused.iter().find(|column| alike(&variable.name, column))
            {
                let (latent, column) = (variable.name.clone(), column.to_string());
                self.lints.push(Lint::MisspeltColumn { latent, column, at });
            }
        }
        for &id in &self.assumed_data {
            let variable = &model.variables[id.0];
            let others = self.outlines.names.iter().filter(|(name, _)| **name != variable.name);
            if let Some((near, outline)) =
                others.filter(|(name, _)| alike(name, &variable.name)).min_by_key(|o| o.0)
            {
                self.lints.push(Lint::MisspeltName {
                    name: variable.name.clone(),
                    near: near.clone(),
                    at: variable.span.into(),
                    defined: outline.span.into(),
                });
            }
        }
        for &id in &self.declared {
            if !self.used.contains(&id) {
                let variable = &model.variables[id.0];
                self.lints.push(Lint::UnusedData { name: variable.name.clone(), at: variable.span.into() });
            }
        }
        for (i, function) in model.functions.iter().enumerate() {
            if !self.called.contains(&FunctionId(i)) {
                self.lints
                    .push(Lint::UnusedFunction { name: function.name.clone(), at: function.span.into() });
            }
        }
    }

    /// What to say of a call to something that is not there.
    pub(super) fn unknown_function(&mut self, name: &str, span: Span) {
        if !self.unknown.insert(format!("{name}()")) {
            return;
        }
        // What has a word of its own may be more than a name in another case.
        let in_other_case = || {
            let known = known_calls().find(|known| fold(known) == fold(name))?;
            Some(format!("vippl calls it `{}`", catalogue::signature(known).unwrap_or_else(|| known.into())))
        };
        let help = listed(name)
            .map(|here| format!("vippl calls it {here}"))
            .or_else(in_other_case)
            .or_else(|| super::aliases::translate(name).map(|here| format!("vippl calls it {here}")))
            .or_else(|| {
                let mut known: Vec<&str> = known_calls().collect();
                known.extend(self.function_names.keys().map(String::as_str));
                did_you_mean(&nearest(name, known.into_iter()))
            });
        self.error(CheckError::UnknownFunction { name: name.into(), at: span.into(), help });
    }
}

fn is_data(role: Role) -> bool {
    matches!(role, Role::Data | Role::Observed)
}

/// The type of a literal number.
pub(super) fn number_type(value: f64, element: ElementType) -> Type {
    let size = (element == ElementType::Int && value >= 0.0).then_some(Dim::Known(value as usize));
    Type { element: Some(element), shape: Shape::scalar(), size }
}
