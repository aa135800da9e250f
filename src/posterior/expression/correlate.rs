//! Correlations of two quantities over draws.

use miette::Report;

use super::{Asker, Fixed};
use crate::compile::Quantity;
use crate::posterior::error::QuestionError;
use crate::posterior::reduction::correlation;
use crate::syntax::ast::Expr;
use crate::types::ElementType;

impl Asker<'_> {
    /// `cor(a, b)` over draws: element by element, or of each element with a scalar.
    pub(super) fn correlation(&self, arguments: [&Expr; 2], expr: &Expr) -> Result<Fixed, Report> {
        let mut values = Vec::with_capacity(2);
        let mut filled = Vec::with_capacity(2);
        for argument in arguments {
            let argument = self.with_summaries_filled_in(argument)?;
            let value = self.evaluate(&argument)?;
            if !value.random {
                let (source_code, at) = (self.named(), argument.span.into());
                return Err(QuestionError::NotRandom { source_code, at }.into());
            }
            if self.levels(&argument).is_some() {
                return Err(self.no_number("cor", &argument).into());
            }
            values.push(value);
            filled.push(argument);
        }
        let lengths = [0, 1].map(|k| values[k].shape.len());
        let is_scalar = [0, 1].map(|k| values[k].shape.dims.is_empty());
        if values[0].shape.dims != values[1].shape.dims && !is_scalar[0] && !is_scalar[1] {
            let dims = [0, 1].map(|k| format!("{:?}", values[k].shape.dims));
            let (source_code, at) = (self.named(), expr.span.into());
            return Err(QuestionError::UnlikeShapes { dims, source_code, at }.into());
        }
        let draws = &self.posterior.draws;
        let worth = |x: &[f64]| draws.by_chain(x).map_or(x.len() as f64, |chains| chains.ess_mean());
        let found = (0..lengths[0].max(lengths[1])).map(|element| {
            let [a, b] = [0, 1].map(|k| values[k].element(if is_scalar[k] { 0 } else { element }));
            correlation(a, b, worth(a).min(worth(b)))
        });
        let (correlations, errors) = found.unzip();
        let of = if is_scalar[0] { 1 } else { 0 };
        let names = self.names(&filled[of], &values[of].shape);
        let shape = Quantity { element: ElementType::Real, ..values.swap_remove(of).shape };
        Ok(Fixed { shape, names, probabilities: None, values: correlations, errors })
    }
}
