//! Questions to distributions: `cdf(D, x)`, `mean(D)`; and `mean(v)` in a function, where `v` may be either.

use super::distribution::{distribution_type, drop_trailing};
use super::error::{CheckError, primary};
use super::expression::describe;
use super::{Checker, Kind};
use crate::builtin::Builtin;
use crate::dist::Question;
use crate::dist::question::Answer;
use crate::ir::{self, ExprKind};
use crate::source::Span;
use crate::syntax::ast;
use crate::types::{Shape, Type, broadcast};

impl Checker<'_> {
    pub(super) fn ask(
        &mut self,
        question: &'static Question,
        arguments: &[ast::Argument],
        span: Span,
    ) -> Option<ir::Expr> {
        let signature = question.signature();
        let mut wanted = vec!["D"];
        wanted.extend(question.argument.as_ref().map(|argument| argument.name));
        let slots = self.bind(question.name, &signature, &wanted, wanted.len(), arguments)?;
        if let Some((missing, _)) = wanted.iter().zip(&slots).find(|(_, slot)| slot.is_none()) {
            self.error(CheckError::Arity {
                message: format!("`{}` needs its argument `{missing}`", question.name),
                at: span.into(),
                label: format!("`{missing}` is missing"),
                help: Some(format!("write {signature}, for example {}", question.example)),
            });
            return None;
        }
        let mut slots = slots.into_iter().flatten();
        let distribution = slots.next().map(|asked| self.asked(question, asked));
        let at = slots.next().map(|at| self.value(at));
        let at = match at {
            Some(None) => return None,
            at => at.flatten(),
        };
        self.question(question, distribution??, at, span)
    }

    /// `mean(v)` and `sd(v)`: of a distribution, of an array, or of what only a call of the function shows.
    pub(super) fn ask_or_call(
        &mut self,
        question: &'static Question,
        builtin: &'static dyn Builtin,
        value: &ast::Expr,
        span: Span,
    ) -> Option<ir::Expr> {
        let value = self.any(value)?;
        match self.kind(&value) {
            Kind::Distribution => self.question(question, value, None, span),
            Kind::Unknown => {
                let ty = Type::real(Shape::UNKNOWN);
                let kind = ExprKind::AskOrCall { question, builtin, value: Box::new(value) };
                Some(ir::Expr { kind, span, ty })
            }
            Kind::Value | Kind::Function => {
                let value = self.expect_value(value)?;
                self.builtin_call(builtin, vec![Some(value), None], span)
            }
        }
    }

    /// What stands in the place of the distribution.
    fn asked(&mut self, question: &Question, asked: &ast::Expr) -> Option<ir::Expr> {
        let checked = self.any(asked)?;
        if matches!(self.kind(&checked), Kind::Distribution | Kind::Unknown) {
            return Some(checked);
        }
        let function = self.kind(&checked) == Kind::Function;
        self.error(CheckError::Type {
            message: format!("`{}` asks a distribution", question.name),
            at: checked.span.into(),
            label: if function { "a function".into() } else { "a value".into() },
            help: Some(format!("write {}, for example {}", question.signature(), question.example)),
        });
        None
    }

    /// A question whose parts are checked, each for itself.
    fn question(
        &mut self,
        question: &'static Question,
        distribution: ir::Expr,
        at: Option<ir::Expr>,
        span: Span,
    ) -> Option<ir::Expr> {
        let known = distribution_type(&distribution);
        let at = match (question.answer, &question.argument, at) {
            (Answer::OfNumber(_), Some(param), Some(at)) => {
                let at = self.argument(question.name, param, at)?;
                let event = known.as_ref().map_or(0, |d| d.event.len() + d.joined);
                if event > 0 {
                    self.error(CheckError::Type {
                        message: format!("`{}` asks a distribution of single numbers", question.name),
                        at: distribution.span.into(),
                        label: format!("one draw is a {}", if event == 1 { "vector" } else { "matrix" }),
                        help: Some("the log density of a whole draw is `lpdf(D, x)`".into()),
                    });
                    return None;
                }
                Some(at)
            }
            (_, _, at) => at,
        };
        let shape = match (&known, question.answer, &at) {
            (None, ..) => Shape::UNKNOWN,
            (Some(d), Answer::Alone(_), _) | (Some(d), _, None) => d.shape(),
            (Some(d), _, Some(at)) => {
                let event = d.event.len() + d.joined;
                let batch = drop_trailing(&d.batch, d.joined);
                match broadcast(&batch, &drop_trailing(&at.ty.shape, event)) {
                    Ok(shape) => shape,
                    Err(_) => {
                        let (d, x) = (d.shape(), &at.ty.shape);
                        let message = format!("the distribution has shape {d}, and is asked at {x}");
                        let mut labels = vec![primary(at.span, describe(&at.ty))];
                        self.argument_labels(&distribution, &mut labels);
                        self.origin(at, &mut labels);
                        let help =
                            Some("trailing dimensions have to be equal; a scalar goes with anything".into());
                        self.error(CheckError::Shape { message, labels, help });
                        return None;
                    }
                }
            }
        };
        let element = known.as_ref().map(|d| question.element(d.element));
        let kind = ExprKind::Ask { question, distribution: Box::new(distribution), at: at.map(Box::new) };
        Some(ir::Expr { kind, span, ty: Type::array_of(element, shape) })
    }
}
