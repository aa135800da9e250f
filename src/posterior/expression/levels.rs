//! Levels in the brackets of a question.

use super::Asker;
use crate::posterior::error::QuestionError;
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
}
