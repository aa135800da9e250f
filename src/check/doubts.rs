//! Lints that look at a whole checked model: vectors that scale columns, priors wider than the arguments that use them.

use std::collections::HashMap;

use super::distribution::improper;
use super::lint::Lint;
use super::observed::{children, walk};
use crate::dist::{Distribution, Param, Range, fitting};
use crate::ir::{Expr, ExprKind, Model, Statement, StatementKind, VariableId};

/// Everything that a checked model probably does not mean.
pub(super) fn lints(model: &Model) -> Vec<Lint> {
    let mut priors = HashMap::new();
    walk(&model.body, &mut |statement| {
        if let StatementKind::Latent { variable, distribution, .. }
        | StatementKind::LatentElements { variable, distribution, .. } = &statement.kind
        {
            priors.entry(*variable).or_insert(distribution);
        }
    });
    let mut doubts = Doubts { model, priors, found: Vec::new() };
    let functions = model.functions.iter().map(|function| &function.body);
    for body in std::iter::once(&model.body).chain(functions) {
        walk(body, &mut |statement| expressions(statement).into_iter().for_each(|e| doubts.expr(e)));
    }
    doubts.found
}

struct Doubts<'m> {
    model: &'m Model,
    priors: HashMap<VariableId, &'m Expr>,
    found: Vec<Lint>,
}

impl Doubts<'_> {
    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Call { builtin, args } if builtin.name() == "*" => {
                if let [Some(left), Some(right)] = &args[..] {
                    self.scaled_columns(left, right, expr);
                }
            }
            ExprKind::Distribution { dist, form, args } => {
                for (param, arg) in dist.forms()[*form].iter().zip(args) {
                    arg.iter().for_each(|arg| self.prior_range(*dist, param, arg));
                }
            }
            _ => {}
        }
        children(expr).into_iter().for_each(|child| self.expr(child));
    }

    /// `tau * L`: in algebra a diagonal matrix on the left scales rows.
    fn scaled_columns(&mut self, left: &Expr, right: &Expr, product: &Expr) {
        let plain = match &left.kind {
            ExprKind::Call { builtin, args } if builtin.name() == "transpose" => args[0].as_ref(),
            _ => Some(left),
        };
        let Some(plain) = plain.filter(|plain| plain.ty.shape.rank() == Some(1)) else { return };
        if right.ty.shape.rank() != Some(2) {
            return;
        }
        let text = |e: &Expr| self.model.source.slice(e.span).to_string();
        let (vector, plain, matrix) = (text(left), text(plain), text(right));
        self.found.push(Lint::ScaledColumns { vector, plain, matrix, at: product.span.into() });
    }

    /// A latent on the whole real line as an argument that has to be positive, or a probability.
    fn prior_range(&mut self, dist: &'static dyn Distribution, param: &Param, arg: &Expr) {
        let base = match &arg.kind {
            ExprKind::Index { base, .. } => base,
            _ => arg,
        };
        let ExprKind::Variable(id) = base.kind else { return };
        let Some(prior) = self.priors.get(&id) else { return };
        let ExprKind::Distribution { dist: of_prior, .. } = &prior.kind else { return };
        if of_prior.event_rank() > 0 || improper(prior) || !fitting::is_unbounded(*of_prior) {
            return;
        }
        let (outside, must, priors, map) = match param.range {
            Range::Positive => (
                "negative",
                "must be positive",
                "HalfNormal(sd), Exponential(rate) or LogNormal(meanlog, sdlog)",
                "exp",
            ),
            Range::UnitInterval => {
                ("any number", "must be between 0 and 1", "Beta(a, b) or LogitNormal(mean, sd)", "inv_logit")
            }
            _ => return,
        };
        let name = self.model.variable(id).name.clone();
        self.found.push(Lint::PriorRange {
            map: format!("{map}({})", self.model.source.slice(arg.span)),
            name,
            outside,
            argument: param.name,
            callee: dist.name(),
            must,
            priors,
            at: arg.span.into(),
            prior: prior.span.into(),
        });
    }
}

/// The expressions of a statement that hold values and distributions.
fn expressions(statement: &Statement) -> Vec<&Expr> {
    match &statement.kind {
        StatementKind::Latent { distribution, .. } | StatementKind::LatentElements { distribution, .. } => {
            vec![distribution]
        }
        StatementKind::Observe { value, distribution } => vec![value, distribution],
        StatementKind::Define { value, .. }
        | StatementKind::DefineElements { value, .. }
        | StatementKind::Factor { value }
        | StatementKind::Return { value } => vec![value],
        _ => Vec::new(),
    }
}
