//! Words in questions: levels in brackets, and columns of words with imputed entries.

use std::sync::Arc;

use miette::Report;

use super::{AnswerKind, Asker, Images};
use crate::compile::Quantity;
use crate::data::Levels;
use crate::posterior::States;
use crate::posterior::error::QuestionError;
use crate::posterior::reduction::Reduction;
use crate::posterior::rewrite::{ungroup, visit};
use crate::syntax::ast::{Expr, ExprKind, Index};

impl Asker<'_> {
    /// A level that stands in brackets without its quotes, if no name is spelt like it.
    pub(super) fn unquoted_level(&self, expr: &Expr) -> Option<QuestionError> {
        let mut found = None;
        visit(expr, &mut |part| {
            let ExprKind::Index { base, indices } = &part.kind else { return };
            let ExprKind::Name(name) = &ungroup(base).kind else { return };
            let Some(quantity) = self.posterior.quantity(name) else { return };
            for (index, levels) in indices.iter().zip(&quantity.labels) {
                let (Index::At(at), Some(levels)) = (index, levels) else { continue };
                let ExprKind::Name(level) = &at.kind else { continue };
                let is_known = self.scope.model.variables.iter().any(|variable| variable.name == *level);
                if !is_known && levels.names().contains(level) {
                    found = Some(QuestionError::UnquotedLevel {
                        level: level.clone(),
                        quantity: name.clone(),
                        source_code: self.named(),
                        at: at.span.into(),
                    });
                }
            }
        });
        found
    }

    /// The levels of a column of words, or of elements of one; also of their mode.
    pub(super) fn levels(&self, expr: &Expr) -> Option<Arc<Levels>> {
        match &ungroup(expr).kind {
            ExprKind::Name(name) => self.posterior.levels_of(name),
            ExprKind::Index { base, .. } => match &ungroup(base).kind {
                ExprKind::Name(name) => self.posterior.levels_of(name),
                _ => None,
            },
            ExprKind::Call { function, arguments } => match arguments.as_slice() {
                [only] if Reduction::find(&function.text) == Some(Reduction::Mode) => {
                    self.levels(&only.value)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// What is said of elements of a column of words.
    pub(super) fn levels_drawn(&self, expr: &Expr) -> Result<(Quantity, AnswerKind), Report> {
        if let Some(Images { shape, states }) = self.images(expr) {
            return Ok((shape, AnswerKind::Levels(states)));
        }
        let value = self.evaluate(expr)?;
        let n_levels = self.levels(expr).map_or(0, |levels| levels.len());
        if !value.random {
            return Ok((value.shape, AnswerKind::Fixed { values: value.values, errors: None }));
        }
        let codes: Vec<f64> = (1..=n_levels).map(|code| code as f64).collect();
        let worth = self.posterior.draws.n_draws() as f64;
        let of = |element: usize| States::of_draws(codes.clone(), value.element(element), value.n, worth);
        let states = (0..value.shape.len()).map(of).collect();
        Ok((value.shape, AnswerKind::Levels(states)))
    }

    /// That a number is asked for of words.
    pub(super) fn no_number(&self, function: &'static str, argument: &Expr) -> QuestionError {
        let text = self.source.slice(argument.span);
        let level =
            self.levels(argument).and_then(|levels| levels.names().first().cloned()).unwrap_or_default();
        let help = format!(
            "`mode({text})` is the likeliest level; `P({text} == {level:?})` is the probability of one"
        );
        QuestionError::Words { function, help, source_code: self.named(), at: argument.span.into() }
    }
}
