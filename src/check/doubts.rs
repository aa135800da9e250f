//! Lints that look at a whole checked model: vectors that scale columns, priors wider than the arguments that use them.

use super::lint::Lint;
use super::observed::{children, walk};
use super::reach::{Meanings, Reach};
use crate::dist::{Distribution, Param, Range, fitting};
use crate::ir::{Expr, ExprKind, Model, Statement, StatementKind};

/// Everything that a checked model probably does not mean.
pub(super) fn lints(model: &Model) -> Vec<Lint> {
    let mut doubts = Doubts { model, meanings: Meanings::of(model), found: Vec::new() };
    let functions = model.functions.iter().map(|function| &function.body);
    for body in std::iter::once(&model.body).chain(functions) {
        walk(body, &mut |statement| expressions(statement).into_iter().for_each(|e| doubts.expr(e)));
    }
    doubts.found
}

struct Doubts<'m> {
    model: &'m Model,
    meanings: Meanings<'m>,
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
                    arg.iter().for_each(|arg| self.argument_range(*dist, *form, param, arg));
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

    /// An argument that goes beyond what it may be: a latent on the whole real line, or a linear predictor, as a rate.
    fn argument_range(
        &mut self,
        dist: &'static dyn Distribution,
        form: usize,
        param: &'static Param,
        arg: &Expr,
    ) {
        let (must, priors, map) = match param.range {
            Range::Positive => ("must be positive", POSITIVE, "exp"),
            Range::NonNegative => ("must not be negative", POSITIVE, "exp"),
            Range::UnitInterval => {
                ("must be between 0 and 1", "Beta(a, b) or LogitNormal(mean, sd)", "inv_logit")
            }
            _ => return,
        };
        let Some(Reach { through, down, up }) = self.meanings.reach(arg) else { return };
        let outside = match (down, up, param.range) {
            (true, true, Range::UnitInterval) => "any number",
            (false, true, Range::UnitInterval) => "above 1",
            (true, ..) => "negative",
            _ => return,
        };
        let Some(prior) = self.meanings.priors.get(&through) else { return };
        let text = self.model.source.slice(arg.span).split_whitespace().collect::<Vec<&str>>().join(" ");
        let base = match &arg.kind {
            ExprKind::Index { base, .. } => &base.kind,
            kind => kind,
        };
        let name = &self.model.variable(through).name;
        let on_a_scale = on_its_scale(dist, form, param)
            .map(|scale| format!(", or `{scale} = {text}` in place of `{}`", param.name))
            .unwrap_or_default();
        let (subject, help, covers) = match base {
            ExprKind::Variable(id) if *id == through => (
                name.clone(),
                format!(
                    "give `{name}` a prior on what it may be, such as {priors}, or use `{map}({text})`{on_a_scale}"
                ),
                "its prior".to_string(),
            ),
            _ => (text.clone(), format!("use `{map}({text})`{on_a_scale}"), format!("the prior of `{name}`")),
        };
        let covers = match ends_of(prior) {
            [true, true] => format!("{covers} covers all real numbers"),
            _ => format!("{covers} has no upper end"),
        };
        self.found.push(Lint::ArgumentRange {
            subject,
            outside,
            argument: param.name,
            callee: dist.name(),
            must,
            help,
            covers,
            at: arg.span.into(),
            prior: prior.span.into(),
        });
    }
}

/// Whether the distribution of a prior has no lower end, and no upper one.
fn ends_of(prior: &Expr) -> [bool; 2] {
    match &prior.kind {
        ExprKind::Distribution { dist, .. } => fitting::open_ends(*dist),
        _ => [false; 2],
    }
}

const POSITIVE: &str = "HalfNormal(sd), Exponential(rate) or LogNormal(meanlog, sdlog)";

/// The argument of another form that takes this one on the scale of all numbers: `log`, `logit`.
fn on_its_scale(dist: &dyn Distribution, form: usize, param: &Param) -> Option<&'static str> {
    let own: Vec<&str> =
        dist.forms()[form].iter().map(|p| p.name).filter(|name| *name != param.name).collect();
    let other = |params: &&&'static [Param]| {
        let rest: Vec<&str> =
            params.iter().map(|p| p.name).filter(|name| !matches!(*name, "log" | "logit")).collect();
        rest.len() + 1 == params.len() && rest == own
    };
    let params = dist.forms().iter().find(other)?;
    params.iter().map(|p| p.name).find(|name| matches!(*name, "log" | "logit"))
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
