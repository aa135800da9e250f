//! `x = ...` and `x[i] = ...`, and the rules that all definitions of a name share.

use super::error::{CheckError, primary};
use super::expression::describe;
use super::outline::ungroup;
use super::scope::Binding;
use super::{Checker, Kind};
use crate::ir::{self, Index, Role, StatementKind, VariableId};
use crate::source::Span;
use crate::syntax::ast;
use crate::types::{Dim, ElementType, Shape, Type};

/// What the statements of a name filled by element have filled so far.
#[derive(Clone, Debug)]
pub(super) struct Extent {
    pub element: Option<ElementType>,
    /// Highest index by dimension, and the dimensions of one element; `None` when their number is not known.
    pub dims: Option<Vec<Dim>>,
    pub n_statements: usize,
    /// Every statement fills one element at a position that does not move.
    pub only_constants: bool,
}

impl Checker<'_> {
    pub(super) fn define(
        &mut self,
        target: &ast::Expr,
        value: &ast::Expr,
        doc: Option<&str>,
    ) -> Option<StatementKind> {
        let target = ungroup(target);
        match &target.kind {
            ast::ExprKind::Name(name) => {
                let name = ast::Name { text: name.clone(), span: target.span };
                self.define_plain(&name, value, doc)
            }
            ast::ExprKind::Index { base, indices } => match &ungroup(base).kind {
                ast::ExprKind::Name(name) => {
                    let name = ast::Name { text: name.clone(), span: base.span };
                    self.define_elements(&name, indices, value, doc, target.span)
                }
                _ => self.bad_target(target.span),
            },
            _ => self.bad_target(target.span),
        }
    }

    fn bad_target(&mut self, span: Span) -> Option<StatementKind> {
        self.error(CheckError::Statement {
            message: "only a name or an element of one can be defined".into(),
            at: span.into(),
            label: "not a name".into(),
            help: Some("write `x = ...` or `x[i] = ...`".into()),
        });
        None
    }

    fn define_plain(
        &mut self,
        name: &ast::Name,
        value: &ast::Expr,
        doc: Option<&str>,
    ) -> Option<StatementKind> {
        let outer = self.defining.replace(name.text.clone());
        let value = self.any(value);
        self.defining = outer;
        let kind = value.as_ref().map_or(Kind::Unknown, |value| self.kind(value));
        if kind == Kind::Function {
            self.error(CheckError::Type {
                message: "a function cannot be given another name".into(),
                at: value.as_ref().map_or(name.span, |value| value.span).into(),
                label: "a function".into(),
                help: Some("call it, or define `fn g(x) = f(x)`".into()),
            });
        }
        let ty = value.as_ref().map_or_else(Type::unknown, |value| value.ty.clone());
        let local = self.scopes.in_function() || self.scopes.in_loop();
        let role = if local { Role::Local } else { Role::Deterministic };
        let variable = self.define_name(name, role, kind, ty, doc)?;
        let value = value?;
        (kind != Kind::Function).then_some(StatementKind::Define { variable, value })
    }

    /// A new plain name in the innermost scope; a name that is taken is reported.
    pub(super) fn define_name(
        &mut self,
        name: &ast::Name,
        role: Role,
        kind: Kind,
        ty: Type,
        doc: Option<&str>,
    ) -> Option<VariableId> {
        let level = self.scopes.innermost();
        let span = name.span;
        if let Some(binding) = self.scopes.in_other_arm(level, &name.text).cloned()
            && self.scopes.lookup_here(&name.text).is_none()
        {
            let variable = &mut self.variables[binding.id.0];
            if variable.ty != ty {
                variable.ty = merged(&variable.ty, &ty);
            }
            // Drawn in one arm and computed in another: a latent, where the data choose that arm.
            if role == Role::Latent {
                variable.role = Role::Latent;
            }
            if self.kinds[binding.id.0] != kind {
                self.kinds[binding.id.0] = Kind::Unknown;
            }
            self.scopes.bind(level, &name.text, binding.clone());
            return Some(binding.id);
        }
        let free = self.free_name(&name.text, span, level, None);
        if !free {
            return None;
        }
        let variable = ir::Variable { name: name.text.clone(), span, role, doc: doc.map(str::to_string), ty };
        let id = self.new_variable(variable, kind);
        self.scopes.bind(level, &name.text, Binding { id, span, by_element: false });
        self.lint_shadowing(&name.text, span);
        Some(id)
    }

    /// Whether a name may be defined here; if not, says why.
    pub(super) fn free_name(&mut self, name: &str, span: Span, level: usize, help: Option<String>) -> bool {
        let taken =
            self.scopes.lookup_here(name).map(|binding| (binding.id, binding.span, binding.by_element));
        if let Some((id, first, by_element)) = taken {
            let from_data = matches!(self.variable(id).role, Role::Data | Role::Observed);
            let declared = self.declared.contains(&id);
            self.error(if from_data && !declared && self.in_data(name) {
                CheckError::DefinedInData { name: name.into(), at: span.into() }
            } else {
                let inner = level > 0 && !self.scopes.in_function();
                let help = help.or_else(|| {
                    Some(match () {
                        () if by_element => format!("`{name}` is filled by element: write `{name}[i] = ...`"),
                        () if inner => {
                            format!("in a loop, fill elements, `{name}[i] = ...`, or take another name")
                        }
                        () => "a name is defined once: take another name for the second".to_string(),
                    })
                });
                CheckError::Redefinition { name: name.into(), at: span.into(), first: first.into(), help }
            });
            return false;
        }
        if self.scopes.in_function() {
            return true;
        }
        if let Some(function) = self.function_names.get(name) {
            let first = self.functions[function.0].span.into();
            self.error(CheckError::Redefinition { name: name.into(), at: span.into(), first, help });
            return false;
        }
        let declaration = self.outlines.get(name).is_some_and(|outline| outline.declared_data);
        if self.in_data(name) && !declaration {
            self.error(CheckError::DefinedInData { name: name.into(), at: span.into() });
            return false;
        }
        true
    }

    fn define_elements(
        &mut self,
        name: &ast::Name,
        indices: &[ast::Index],
        value: &ast::Expr,
        doc: Option<&str>,
        span: Span,
    ) -> Option<StatementKind> {
        // In a loop an element may be made from earlier ones of the same name.
        let in_loop = self.scopes.in_loop();
        let role = if self.scopes.in_function() { Role::Local } else { Role::Deterministic };
        let early = if in_loop { self.element_name(name, role, doc) } else { None };
        let outer = if in_loop { self.defining.take() } else { self.defining.replace(name.text.clone()) };
        let value = self.value(value);
        let indices = self.indices(indices);
        self.defining = outer;
        let id = if in_loop { early? } else { self.element_name(name, role, doc)? };
        let ty = value.as_ref().map_or_else(Type::unknown, |value| value.ty.clone());
        let indices = indices?;
        self.element_indices(&name.text, &indices)?;
        self.fill(id, &indices, ty.element, ty.shape.dims().map(<[Dim]>::to_vec), span)?;
        Some(StatementKind::DefineElements { variable: id, indices, value: value? })
    }

    /// The variable of a name filled by element: made by its first statement, shared by the others.
    pub(super) fn element_name(
        &mut self,
        name: &ast::Name,
        role: Role,
        doc: Option<&str>,
    ) -> Option<VariableId> {
        let level = self.scopes.outside_loops();
        let span = name.span;
        let visible = self.scopes.lookup_here(&name.text).cloned();
        let other_arm =
            visible.is_none().then(|| self.scopes.in_other_arm(level, &name.text).cloned()).flatten();
        if let Some(binding) = other_arm {
            self.same_role(&binding, role, name)?;
            self.scopes.bind(level, &name.text, binding.clone());
            return Some(binding.id);
        }
        if let Some(binding) = visible.filter(|binding| binding.by_element) {
            self.same_role(&binding, role, name)?;
            return Some(binding.id);
        }
        let help = format!("either `{0} = ...` whole, or `{0}[i] = ...` by element", name.text);
        if !self.free_name(&name.text, span, level, Some(help)) {
            return None;
        }
        let variable = ir::Variable {
            name: name.text.clone(),
            span,
            role,
            doc: doc.map(str::to_string),
            ty: Type::unknown(),
        };
        let id = self.new_variable(variable, Kind::Value);
        self.scopes.bind(level, &name.text, Binding { id, span, by_element: true });
        self.lint_shadowing(&name.text, span);
        Some(id)
    }

    /// All elements of a name are drawn, or all are computed.
    fn same_role(&mut self, binding: &Binding, role: Role, name: &ast::Name) -> Option<()> {
        if self.variable(binding.id).role == role {
            return Some(());
        }
        self.drawn_and_computed(name);
        None
    }

    pub(super) fn drawn_and_computed(&mut self, name: &ast::Name) {
        self.error(CheckError::NotSupportedYet {
            feature: format!("`{}` with some elements drawn by `~` and others computed by `=`", name.text),
            at: name.span.into(),
            help: Some("draw the latent part under a name of its own, and join the parts with concat".into()),
        });
    }

    /// Left of `=` an index is an int or a vector of ints, or a slice.
    pub(super) fn element_indices(&mut self, name: &str, indices: &[Index]) -> Option<()> {
        for index in indices {
            let Index::At(expr) = index else { continue };
            let message = if matches!(expr.kind, ir::ExprKind::Str(_)) {
                format!("elements of `{name}` are filled by position, not by level")
            } else if matches!(expr.ty.element, Some(ElementType::Real | ElementType::Bool)) {
                format!("an index of `{name}` is an int")
            } else if super::index::known_int(expr).is_some_and(|value| value < 1.0) {
                format!(
                    "there is no element {} of `{name}`: elements are counted from 1",
                    self.source.slice(expr.span)
                )
            } else {
                continue;
            };
            let labels = vec![primary(expr.span, describe(&expr.ty))];
            self.error(CheckError::Index { message, labels, help: None });
            return None;
        }
        Some(())
    }

    /// Takes note of elements that a statement fills, and what is known of the whole by now.
    pub(super) fn fill(
        &mut self,
        id: VariableId,
        indices: &[Index],
        element: Option<ElementType>,
        own: Option<Vec<Dim>>,
        span: Span,
    ) -> Option<()> {
        let in_if = self.scopes.in_if();
        let mut wide = 0;
        let mut ends = Vec::with_capacity(indices.len());
        for index in indices {
            // `m[i, :] = row` is as wide as the row.
            let open = matches!(index, Index::Slice { lower: None, upper: None, .. });
            let of_value = own.as_ref().and_then(|own| own.get(wide)).filter(|_| open);
            wide += usize::from(is_wide(index));
            ends.push(match of_value {
                _ if in_if => Dim::Unknown,
                Some(length) => length.clone(),
                None => self.highest(index),
            });
        }
        let constant = |index: &Index| matches!(index, Index::At(e) if super::index::known_int(e).is_some());
        let only_constants = indices.iter().all(constant);
        // What slices select is filled by dimensions of the value; what is left of those belongs to one element.
        let dims = own.map(|own| [&ends[..], &own[wide.min(own.len())..]].concat());
        let extent = match self.extents.get(&id) {
            None => Extent { element, dims, n_statements: 1, only_constants },
            Some(before) => {
                let n_statements = before.n_statements + 1;
                let dims = match (&before.dims, dims) {
                    (Some(a), Some(b)) if a.len() != b.len() => {
                        let name = self.variable(id).name.clone();
                        let message = format!(
                            "the elements of `{name}` have different numbers of dimensions, {} and {}",
                            a.len(),
                            b.len()
                        );
                        let first = self.variable(id).span;
                        let labels = vec![
                            primary(span, format!("{} dimensions in all", b.len())),
                            super::error::secondary(first, format!("{} dimensions in all", a.len())),
                        ];
                        self.error(CheckError::Shape { message, labels, help: None });
                        return None;
                    }
                    (Some(a), Some(b)) => Some(a.iter().zip(&b).map(|(a, b)| higher(a, b)).collect()),
                    _ => None,
                };
                let element = match (before.element, element) {
                    (Some(a), Some(b)) if a != b => Some(ElementType::Real),
                    (a, b) => a.and(b),
                };
                Extent {
                    element,
                    dims,
                    n_statements,
                    only_constants: only_constants && before.only_constants,
                }
            }
        };
        let complete = {
            let outline = self.outlines.get(&self.variable(id).name);
            let total = outline.map_or(0, |o| o.element_definitions.max(o.samples.len()));
            !self.scopes.in_function() && extent.n_statements >= total
        };
        let shape =
            Shape(extent.dims.as_ref().map(|dims| {
                dims.iter().map(|dim| if complete { dim.clone() } else { Dim::Unknown }).collect()
            }));
        self.variables[id.0].ty = Type::array_of(extent.element, shape);
        self.extents.insert(id, extent);
        Some(())
    }

    /// The highest index that a bracket entry can reach.
    fn highest(&self, index: &Index) -> Dim {
        match index {
            Index::At(expr) => match &expr.kind {
                ir::ExprKind::Variable(id) => match self.loop_ends.get(id) {
                    Some(end) => end.clone(),
                    None => expr.ty.size.clone().unwrap_or(Dim::Unknown),
                },
                ir::ExprKind::Range { to, .. } => to.ty.size.clone().unwrap_or(Dim::Unknown),
                _ => expr.ty.size.clone().unwrap_or(Dim::Unknown),
            },
            Index::Slice { upper: Some(upper), .. } => upper.ty.size.clone().unwrap_or(Dim::Unknown),
            Index::Slice { .. } => Dim::Unknown,
        }
    }
}

/// Selects several elements.
fn is_wide(index: &Index) -> bool {
    match index {
        Index::At(expr) => expr.ty.shape.rank() == Some(1),
        Index::Slice { .. } => true,
    }
}

/// The larger of two extents; a named one is believed to be larger than a number.
fn higher(a: &Dim, b: &Dim) -> Dim {
    match (a, b) {
        (Dim::Known(m), Dim::Known(n)) => Dim::Known(*m.max(n)),
        (Dim::Unknown, _) | (_, Dim::Unknown) => Dim::Unknown,
        (Dim::Named(name), Dim::Known(_)) | (Dim::Known(_), Dim::Named(name)) => Dim::Named(name.clone()),
        (Dim::Named(m), Dim::Named(n)) if m == n => a.clone(),
        (Dim::Named(_), Dim::Named(_)) => Dim::Unknown,
    }
}

/// What two arms of an `if` agree on.
fn merged(a: &Type, b: &Type) -> Type {
    let element = if a.element == b.element { a.element } else { None };
    let shape = Shape(match (a.shape.dims(), b.shape.dims()) {
        (Some(a), Some(b)) if a.len() == b.len() => {
            Some(a.iter().zip(b).map(|(a, b)| if a == b { a.clone() } else { Dim::Unknown }).collect())
        }
        _ => None,
    });
    let size = if a.size == b.size { a.size.clone() } else { None };
    Type { element, shape, size }
}
