//! Brackets on the right: `x[i, 2:5]`, their types and what is out of range whatever the data.

use super::Checker;
use super::distribution::constant;
use super::error::{CheckError, primary};
use super::expression::describe;
use crate::ir::{self, ExprKind, Index, Role};
use crate::source::Span;
use crate::syntax::ast;
use crate::types::{Dim, ElementType, Shape, Type};

impl Checker<'_> {
    pub(super) fn indexed(
        &mut self,
        base: &ast::Expr,
        indices: &[ast::Index],
        span: Span,
    ) -> Option<ir::Expr> {
        let base = self.value(base);
        let indices = self.indices(indices);
        let (base, indices) = (base?, indices?);
        let ty = self.indexed_type(&base, &indices)?;
        Some(ir::Expr { kind: ExprKind::Index { base: Box::new(base), indices }, span, ty })
    }

    /// Checked bracket entries; an entry may be a string, a level's name.
    pub(super) fn indices(&mut self, indices: &[ast::Index]) -> Option<Vec<Index>> {
        let checked: Vec<Option<Index>> = indices.iter().map(|index| self.index(index)).collect();
        checked.into_iter().collect()
    }

    fn index(&mut self, index: &ast::Index) -> Option<Index> {
        match index {
            ast::Index::At(expr) => {
                if let ast::ExprKind::Str(level) = &expr.kind {
                    let kind = ExprKind::Str(level.clone());
                    let ty = Type::array(ElementType::Category, Shape::scalar());
                    return Some(Index::At(ir::Expr { kind, span: expr.span, ty }));
                }
                self.value(expr).map(Index::At)
            }
            ast::Index::Slice { lower, upper, span } => {
                let lower = lower.as_ref().map(|e| self.value(e));
                let upper = upper.as_ref().map(|e| self.value(e));
                if matches!(lower, Some(None)) || matches!(upper, Some(None)) {
                    return None;
                }
                let (lower, upper) = (lower.flatten(), upper.flatten());
                let mut good = true;
                for bound in [&lower, &upper].into_iter().flatten() {
                    good &= self.slice_bound(bound);
                }
                good.then_some(Index::Slice { lower, upper, span: *span })
            }
        }
    }

    fn slice_bound(&mut self, bound: &ir::Expr) -> bool {
        let whole = matches!(bound.ty.element, None | Some(ElementType::Int));
        if whole && bound.ty.shape.rank().is_none_or(|rank| rank == 0) {
            return true;
        }
        let message = "a bound of a slice is one int".into();
        let labels = vec![primary(bound.span, describe(&bound.ty))];
        self.error(CheckError::Index { message, labels, help: None });
        false
    }

    fn indexed_type(&mut self, base: &ir::Expr, indices: &[Index]) -> Option<Type> {
        let mut good = true;
        for index in indices {
            if let Index::At(expr) = index {
                good &= self.index_element(expr);
            }
        }
        if !good {
            return None;
        }
        let Some(dims) = base.ty.shape.dims() else {
            return Some(Type::array_of(base.ty.element, Shape::UNKNOWN));
        };
        if indices.len() > dims.len() {
            let what = self.source.slice(base.span);
            let message = match dims.len() {
                0 => format!("`{what}` is a scalar and has no elements to select"),
                rank => format!("`{what}` has {rank} {}, indexed with {}", plural(rank), indices.len()),
            };
            let mut labels = vec![primary(base.span, describe(&base.ty))];
            self.origin(base, &mut labels);
            self.error(CheckError::Index { message, labels, help: None });
            return None;
        }
        let mut out: Option<Vec<Dim>> = Some(Vec::new());
        for (position, dim) in dims.iter().enumerate() {
            let own = match indices.get(position) {
                None => Some(vec![dim.clone()]),
                Some(index) => {
                    self.in_range(base, index, dim, position)?;
                    selected(index, dim)
                }
            };
            out = match (out, own) {
                (Some(mut out), Some(own)) => {
                    out.extend(own);
                    Some(out)
                }
                _ => None,
            };
        }
        Some(Type::array_of(base.ty.element, Shape(out)))
    }

    /// Ints, bools and categories select; a real does not.
    fn index_element(&mut self, expr: &ir::Expr) -> bool {
        let message = match (expr.ty.element, expr.ty.shape.rank()) {
            (Some(ElementType::Real), _) => "an index is an int, and this is real",
            (Some(ElementType::Bool), Some(0)) => "an index is an int, and this is a truth value",
            _ => return true,
        };
        // The latent is the trouble, and is reported with its name; a column's values say whether they are whole.
        if self.holds_latent(expr) || self.is_given(expr) {
            return true;
        }
        let message = message.to_string();
        let labels = vec![primary(expr.span, describe(&expr.ty))];
        let divided = matches!(&expr.kind, ExprKind::Call { builtin, .. } if builtin.name() == "/");
        let help = match constant(expr) {
            _ if expr.ty.element == Some(ElementType::Bool) => {
                Some("elements are counted from 1: write b + 1".into())
            }
            Some(value) if value.fract() == 0.0 => Some(format!("write {value:.0}")),
            _ if divided => Some("`/` is always real: div(a, b) is the whole-number division".into()),
            _ => Some("an index comes from ints in the data, a loop variable, or a discrete latent".into()),
        };
        self.error(CheckError::Index { message, labels, help });
        false
    }

    /// A column, or some of its elements, of data at hand: that its numbers are not whole is found with the row.
    pub(super) fn is_given(&self, expr: &ir::Expr) -> bool {
        match &expr.kind {
            ExprKind::Index { base, .. } => self.is_given(base),
            ExprKind::Variable(id) => {
                let variable = self.variable(*id);
                let from_data = matches!(variable.role, Role::Data | Role::Observed);
                from_data && self.data_variable(&variable.name).is_some()
            }
            _ => false,
        }
    }

    fn holds_latent(&self, expr: &ir::Expr) -> bool {
        match expr.kind {
            ExprKind::Variable(id) => {
                let variable = self.variable(id);
                let continuous = !matches!(variable.ty.element, Some(ElementType::Int | ElementType::Bool));
                continuous && matches!(variable.role, Role::Latent | Role::PointEstimate)
            }
            _ => super::observed::children(expr).into_iter().any(|child| self.holds_latent(child)),
        }
    }

    /// Reports a constant index that no data can make right.
    fn in_range(&mut self, base: &ir::Expr, index: &Index, dim: &Dim, position: usize) -> Option<()> {
        let length = dim.known();
        let outside = |value: f64| value < 1.0 || length.is_some_and(|n| value > n as f64);
        let mut wrong: Vec<(f64, Span)> = Vec::new();
        let mut look = |expr: &ir::Expr| {
            if let Some(value) = known_int(expr)
                && outside(value)
            {
                wrong.push((value, expr.span));
            }
        };
        match index {
            Index::At(expr) => match &expr.kind {
                ExprKind::Range { from, to } => {
                    let ends = known_int(from).zip(known_int(to));
                    if ends.is_none_or(|(a, b)| a <= b) {
                        look(from);
                        look(to);
                    }
                }
                ExprKind::Array(items) => items.iter().for_each(&mut look),
                _ if expr.ty.shape.rank() == Some(0) && expr.ty.element == Some(ElementType::Int) => {
                    look(expr)
                }
                _ => {}
            },
            // `x[n + 1:]` is empty, and so is `x[:0]`.
            Index::Slice { lower, upper, .. } => {
                let beyond = |value: f64, slack: f64| length.is_some_and(|n| value > n as f64 + slack);
                if let Some(lower) = lower
                    && let Some(value) = known_int(lower)
                    && (value < 1.0 || beyond(value, 1.0))
                {
                    wrong.push((value, lower.span));
                }
                if let Some(upper) = upper
                    && let Some(value) = known_int(upper)
                    && (value < 0.0 || beyond(value, 0.0))
                {
                    wrong.push((value, upper.span));
                }
            }
        }
        let Some(&(value, span)) = wrong.first() else { return Some(()) };
        let what = self.source.slice(base.span);
        let place = match base.ty.shape.rank() {
            Some(1) | None => String::new(),
            _ => format!(" in dimension {}", position + 1),
        };
        let (message, help) = match length {
            _ if value < 1.0 => (
                format!("there is no element {value} of `{what}`{place}"),
                Some("elements are counted from 1".into()),
            ),
            Some(n) => {
                (format!("element {value} of `{what}` is out of range{place}: its length is {n}"), None)
            }
            None => (format!("there is no element {value} of `{what}`{place}"), None),
        };
        let mut labels = vec![primary(span, "out of range")];
        self.origin(base, &mut labels);
        self.error(CheckError::Index { message, labels, help });
        None
    }
}

/// The value of a scalar int, as far as the file and the sizes in the data tell.
pub(super) fn known_int(expr: &ir::Expr) -> Option<f64> {
    constant(expr).or_else(|| Some(expr.ty.size.as_ref()?.known()? as f64))
}

/// The dimensions that one bracket entry leaves of one dimension; `None` when their number is not known.
fn selected(index: &Index, dim: &Dim) -> Option<Vec<Dim>> {
    match index {
        Index::At(expr) => {
            let dims = expr.ty.shape.dims()?;
            // A filter leaves as many as are true.
            if expr.ty.element == Some(ElementType::Bool) && dims.len() == 1 {
                return Some(vec![Dim::Unknown]);
            }
            Some(dims.to_vec())
        }
        Index::Slice { lower, upper, .. } => {
            let size = |e: &ir::Expr| e.ty.size.clone().unwrap_or(Dim::Unknown);
            let end = upper.as_ref().map_or_else(|| dim.clone(), size);
            let Some(lower) = lower else { return Some(vec![end]) };
            let length = end.plus(&Dim::Known(1)).minus(&size(lower));
            Some(vec![length.unwrap_or(Dim::Known(0))])
        }
    }
}

fn plural(rank: usize) -> &'static str {
    if rank == 1 { "dimension" } else { "dimensions" }
}
