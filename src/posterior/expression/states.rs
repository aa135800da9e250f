//! Functions of one element of a discrete latent: their values have the probabilities of its states.

use miette::Report;

use super::{Asker, Fixed, LANES};
use crate::compile::Quantity;
use crate::posterior::error::QuestionError;
use crate::posterior::rewrite::{ungroup, visit};
use crate::posterior::states::States;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};

/// What an expression is made of.
enum Part<'e> {
    /// Nothing that has a posterior.
    Known,
    /// Elements of a discrete latent, through operations that take them one by one.
    Selection(&'e Expr),
    Other,
}

/// Values of the elements of an expression, with their probabilities.
pub(super) struct Images {
    pub shape: Quantity,
    /// Of each element.
    pub states: Vec<States>,
}

impl Asker<'_> {
    /// For each element of `expr`, where each depends on one element of a discrete latent alone: the values that it takes, with
    /// their probabilities.
    pub(super) fn images(&self, expr: &Expr) -> Option<Images> {
        let Part::Selection(selection) = self.part(expr) else { return None };
        let rows = self.rows_of(selection)?;
        let (quantity, states) = self.discrete_at(*rows.first()?)?;
        let question = self.question(expr).ok()?;
        let n = states.values.len();
        let images = self.run(&question, n, |_, first, lanes, port| {
            for lane_values in port.chunks_exact_mut(LANES) {
                lane_values[..lanes].copy_from_slice(&states.values[first..first + lanes]);
                lane_values[lanes..].fill(states.values[first]);
            }
        });
        let images = images.ok()?;
        let elements: Vec<usize> = match rows.as_slice() {
            [row] => vec![row - quantity.offset; images.shape.len()],
            rows if rows.len() == images.shape.len() => {
                rows.iter().map(|row| row - quantity.offset).collect()
            }
            _ => return None,
        };
        let own = elements.iter().enumerate();
        let own = own.map(|(k, &element)| states.image(element, images.element(k))).collect();
        Some(Images { shape: images.shape, states: own })
    }

    fn part<'e>(&self, expr: &'e Expr) -> Part<'e> {
        let mut is_random = false;
        visit(expr, &mut |part| {
            let own = |name: &str| self.scope.model.functions.iter().any(|function| function.name == name);
            is_random |= match &part.kind {
                ExprKind::Name(name) => self.posterior.quantity(name).is_some() || own(name),
                ExprKind::Call { function, .. } => own(&function.text),
                _ => false,
            };
        });
        if !is_random {
            return Part::Known;
        }
        match &expr.kind {
            ExprKind::Group(inner) => self.part(inner),
            ExprKind::Unary { operand, .. } => self.part(operand),
            ExprKind::Binary { op, left, right, .. } if !matches!(op, BinaryOp::MatMul | BinaryOp::Range) => {
                match (self.part(left), self.part(right)) {
                    (Part::Selection(selection), Part::Known) | (Part::Known, Part::Selection(selection)) => {
                        Part::Selection(selection)
                    }
                    _ => Part::Other,
                }
            }
            ExprKind::Name(_) | ExprKind::Index { .. } if self.is_discrete(expr) => Part::Selection(expr),
            _ => Part::Other,
        }
    }

    /// Whether `expr` is a discrete latent, or elements of one.
    fn is_discrete(&self, expr: &Expr) -> bool {
        let base = match &expr.kind {
            ExprKind::Index { base, .. } => ungroup(base),
            _ => expr,
        };
        let ExprKind::Name(name) = &base.kind else { return false };
        let quantity = self.posterior.quantity(name);
        quantity.is_some_and(|quantity| self.posterior.states_of(quantity).is_some())
    }

    /// The discrete latent of a row.
    fn discrete_at(&self, row: usize) -> Option<(&Quantity, &States)> {
        let quantities = &self.posterior.quantities;
        let k = quantities.partition_point(|quantity| quantity.offset <= row).checked_sub(1)?;
        Some((&quantities[k], self.posterior.states_of(&quantities[k])?))
    }

    /// `path(z)`: the values of all elements that are most likely together.
    pub(super) fn path(&self, argument: &Expr) -> Result<Fixed, Report> {
        let selection = self.selection(argument).and_then(|(shape, rows)| {
            let (quantity, states) = self.discrete_at(*rows.first()?)?;
            Some((shape, rows, quantity, states))
        });
        let Some((shape, rows, quantity, states)) = selection else {
            return Err(self.not_discrete(argument).into());
        };
        let Some(path) = &states.path else {
            let (name, source_code, at) = (quantity.name.clone(), self.named(), argument.span.into());
            return Err(QuestionError::NotCoupled { name, source_code, at }.into());
        };
        let values: Vec<f64> = rows.iter().map(|row| path.values[row - quantity.offset]).collect();
        let names = self.names(argument, &shape);
        let errors = vec![0.0; values.len()];
        let shape = Quantity { element: quantity.element, ..shape };
        Ok(Fixed { shape, names, probabilities: None, values, errors })
    }

    /// That draws are asked for which there are not.
    pub(super) fn without_draws(&self, quantity: &Quantity, expr: &Expr) -> QuestionError {
        QuestionError::WithoutDraws {
            name: quantity.name.clone(),
            elements: quantity.len(),
            element: quantity.element_name(0),
            source_code: self.named(),
            at: expr.span.into(),
        }
    }

    /// That `mode` is asked of something continuous.
    pub(super) fn not_discrete(&self, argument: &Expr) -> QuestionError {
        let text = self.source.slice(argument.span);
        let names: Vec<String> =
            self.posterior.states.iter().map(|(name, _)| format!("`mode({name})`")).collect();
        let help = match names.as_slice() {
            [] => format!("`median({text})` is in the middle of it; the model has no discrete latents"),
            names => format!("`median({text})` is in the middle of it; discrete are {}", names.join(", ")),
        };
        QuestionError::NotDiscrete { help, source_code: self.named(), at: argument.span.into() }
    }
}
