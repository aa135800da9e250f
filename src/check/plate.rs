//! Plates: what stands in the brackets left of `~`, and how the arguments fit them.

use super::Checker;
use super::distribution::distribution_type;
use super::error::{CheckError, primary, secondary};
use super::expression::describe;
use crate::ir::{self, ExprKind, Role};
use crate::source::Span;
use crate::syntax::ast;
use crate::types::{Dim, ElementType, Shape, Type, broadcast};

impl Checker<'_> {
    pub(super) fn plates(&mut self, name: &str, plates: &[ast::Index]) -> Option<Vec<ir::Expr>> {
        let checked: Vec<Option<ir::Expr>> = plates.iter().map(|plate| self.plate(name, plate)).collect();
        checked.into_iter().collect()
    }

    /// One plate: an int, a grouping column, labels, or `rows`.
    fn plate(&mut self, name: &str, plate: &ast::Index) -> Option<ir::Expr> {
        let refuse = |checker: &mut Self, message: String, span: Span, label: String, help: String| {
            checker.error(CheckError::Plate { message, at: span.into(), label, help: Some(help) });
            None
        };
        let sizes = || {
            format!(
                "left of `~` brackets say how many draws there are: `{name}[N]`, `{name}[county]`, `{name}[rows]`"
            )
        };
        let expr = match plate {
            ast::Index::Slice { span, .. } => {
                return refuse(
                    self,
                    format!("a slice does not say how many `{name}` there are"),
                    *span,
                    "a slice".into(),
                    sizes(),
                );
            }
            ast::Index::At(expr) => match &expr.kind {
                ast::ExprKind::Str(_) => {
                    return refuse(
                        self,
                        format!("a level does not say how many `{name}` there are"),
                        expr.span,
                        "a level".into(),
                        sizes(),
                    );
                }
                ast::ExprKind::Array(items) if is_labels(items) => {
                    return self.labels(name, items, expr.span);
                }
                _ => self.value(expr)?,
            },
        };
        let rank = expr.ty.shape.rank();
        let negative = super::distribution::constant(&expr).is_some_and(|value| value < 0.0);
        match (expr.ty.element, rank) {
            (Some(ElementType::Real), _) if rank != Some(1) || !self.is_given(&expr) => {
                let label = describe(&expr.ty);
                let message = if rank == Some(0) {
                    "the number of draws is an int"
                } else {
                    "a column of reals is not a grouping"
                };
                refuse(self, message.into(), expr.span, label, sizes())
            }
            (_, Some(2..)) => {
                let label = describe(&expr.ty);
                refuse(self, "a plate is an int or a column".into(), expr.span, label, sizes())
            }
            (Some(ElementType::Category | ElementType::Bool), Some(0)) => {
                let label = describe(&expr.ty);
                refuse(self, "a plate is an int or a column".into(), expr.span, label, sizes())
            }
            _ if negative => {
                refuse(self, "a negative number of draws".into(), expr.span, "below zero".into(), sizes())
            }
            _ => Some(expr),
        }
    }

    /// `["x1", "x2"]`: one element for each label.
    fn labels(&mut self, name: &str, items: &[ast::Expr], span: Span) -> Option<ir::Expr> {
        let mut labels: Vec<(&str, Span)> = Vec::with_capacity(items.len());
        for item in items {
            let ast::ExprKind::Str(label) = &item.kind else { continue };
            if labels.iter().any(|(earlier, _)| earlier == label) {
                self.error(CheckError::Plate {
                    message: format!("two elements of `{name}` have the label {label:?}"),
                    at: item.span.into(),
                    label: "the second one".into(),
                    help: Some("labels tell elements apart: give each its own".into()),
                });
                return None;
            }
            labels.push((label, item.span));
        }
        let own = Type::array(ElementType::Category, Shape::scalar());
        let item = |(label, span): (&str, Span)| ir::Expr {
            kind: ExprKind::Str(label.to_string()),
            span,
            ty: own.clone(),
        };
        let ty = Type::array(ElementType::Category, Shape::known(&[labels.len()]));
        Some(ir::Expr { kind: ExprKind::Array(labels.into_iter().map(item).collect()), span, ty })
    }

    pub(super) fn plate_length(&self, plate: &ir::Expr) -> Dim {
        if let ExprKind::Array(items) = &plate.kind
            && items.iter().any(|item| matches!(item.kind, ExprKind::Str(_)))
        {
            return Dim::Known(items.len());
        }
        match plate.ty.shape.rank() {
            Some(0) => plate.ty.size.clone().unwrap_or(Dim::Unknown),
            Some(_) => {
                let counted = match plate.kind {
                    ExprKind::Variable(id) => {
                        let variable = self.variable(id);
                        let from_data = matches!(variable.role, Role::Data | Role::Observed);
                        self.data_variable(&variable.name).filter(|_| from_data).and_then(|v| v.n_levels)
                    }
                    _ => None,
                };
                let levels = || Dim::Named(format!("levels({})", self.source.slice(plate.span)).into());
                counted.map_or_else(levels, Dim::Known)
            }
            None => Dim::Named(self.source.slice(plate.span).into()),
        }
    }

    /// The batch of the arguments against the plates.
    pub(super) fn plates_fit(
        &mut self,
        name: &ast::Name,
        distribution: &ir::Expr,
        dims: &[Dim],
        plates: &[ir::Expr],
        span: Span,
    ) -> Option<()> {
        let Some(d) = distribution_type(distribution) else { return Some(()) };
        let Some(batch) = d.batch.dims() else { return Some(()) };
        if dims.is_empty() {
            if d.joined > batch.len() {
                self.error(CheckError::Plate {
                    message: format!("how long is `{}`?", name.text),
                    at: name.span.into(),
                    label: "a vector, but of which length?".into(),
                    help: Some(format!("say it in brackets: `{}[K] ~ ...`", name.text)),
                });
                return None;
            }
            return Some(());
        }
        let shape = Shape(Some(dims.to_vec()));
        let fits = batch.len() <= dims.len() && broadcast(&shape, &d.batch).is_ok();
        if fits {
            return Some(());
        }
        let message = if batch.len() > dims.len() {
            format!(
                "`{}` has {} in brackets, but the arguments of its distribution make an array {}",
                name.text,
                count(dims.len()),
                d.batch
            )
        } else {
            format!(
                "`{}` is {shape}, but the arguments of its distribution make an array {}",
                name.text, d.batch
            )
        };
        let place = plates.iter().map(|p| p.span).reduce(Span::to).unwrap_or(span);
        let mut labels = vec![primary(place, shape.to_string())];
        self.argument_labels(distribution, &mut labels);
        let help = Some(
            "the arguments broadcast against the plates: their trailing dimensions have to be equal".into(),
        );
        self.error(CheckError::Shape { message, labels, help });
        None
    }

    /// Labels the arrays among the arguments of a distribution.
    pub(super) fn argument_labels(&self, distribution: &ir::Expr, labels: &mut Vec<miette::LabeledSpan>) {
        let (inner, args): (&[ir::Expr], &[Option<ir::Expr>]) = match &distribution.kind {
            ExprKind::Distribution { args, .. } => (&[], args),
            ExprKind::Wrapped { inner, args, .. } => (inner, args),
            _ => return,
        };
        inner.iter().for_each(|inner| self.argument_labels(inner, labels));
        for arg in args.iter().flatten() {
            if arg.ty.shape.rank().is_some_and(|rank| rank > 0) {
                labels.push(secondary(arg.span, describe(&arg.ty)));
                self.origin(arg, labels);
            }
        }
    }
}

/// Whether brackets hold labels: `b[["x1", "x2"]]`.
fn is_labels(items: &[ast::Expr]) -> bool {
    !items.is_empty() && items.iter().all(|item| matches!(item.kind, ast::ExprKind::Str(_)))
}

fn count(n: usize) -> String {
    if n == 1 { "one dimension".into() } else { format!("{n} dimensions") }
}
