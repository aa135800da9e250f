//! What is known of a distribution expression before it has data: element type, shapes, whether it is proper.

use super::Kind;
use crate::dist::{Distribution, Extent, Instance, Param};
use crate::ir::{self, Expr, ExprKind, Model, Role, StatementKind};
use crate::types::{Dim, ElementType, Shape, broadcast};

/// Shapes of a distribution: independent draws, and one draw.
#[derive(Clone, Debug)]
pub(super) struct DistributionType {
    pub element: ElementType,
    pub batch: Shape,
    /// Dimensions of one draw of the innermost distribution.
    pub event: Vec<Dim>,
    /// Trailing dimensions of the batch that a wrapper makes one draw of: 1 for `ordered`.
    pub joined: usize,
}

impl DistributionType {
    /// All dimensions of a draw of the batch.
    pub fn shape(&self) -> Shape {
        Shape(self.batch.dims().map(|batch| [batch, &self.event[..]].concat()))
    }
}

/// `None` for distributions that functions return or variables hold.
pub(super) fn distribution_type(expr: &Expr) -> Option<DistributionType> {
    match &expr.kind {
        ExprKind::Distribution { dist, form, args } => {
            let params = dist.forms()[*form];
            let batch = batch_of(params, args, Shape::scalar());
            Some(DistributionType {
                element: dist.element(),
                batch,
                event: event_dims(*dist, *form, args),
                joined: 0,
            })
        }
        ExprKind::Wrapped { wrapper, inner, args } => {
            let types: Vec<DistributionType> = inner.iter().map(distribution_type).collect::<Option<_>>()?;
            let first = types.first()?;
            let instances: Vec<Instance> = inner.iter().map(instance).collect::<Option<_>>()?;
            let event_rank = wrapper.event_rank(&instances);
            let mut batch = types[1..]
                .iter()
                .fold(first.batch.clone(), |batch, t| broadcast(&batch, &t.batch).unwrap_or(Shape::UNKNOWN));
            batch = drop_trailing(&batch, wrapper.inner_rank(inner.len()));
            batch = batch_of(wrapper.params(), args, batch);
            let joined = first.joined.max(event_rank.saturating_sub(first.event.len()));
            Some(DistributionType { element: first.element, batch, event: first.event.clone(), joined })
        }
        _ => None,
    }
}

/// The batch shape that arguments broadcast to; what does not fit has been reported and is unknown here.
fn batch_of(params: &[Param], args: &[Option<Expr>], start: Shape) -> Shape {
    params.iter().zip(args).fold(start, |batch, (param, arg)| match arg {
        Some(arg) => broadcast(&batch, &drop_trailing(&arg.ty.shape, param.rank)).unwrap_or(Shape::UNKNOWN),
        None => batch,
    })
}

/// A shape without its last `rank` dimensions; with fewer, a scalar (it serves every element).
pub(super) fn drop_trailing(shape: &Shape, rank: usize) -> Shape {
    Shape(shape.dims().map(|dims| dims[..dims.len().saturating_sub(rank)].to_vec()))
}

/// Dimensions of one draw, as far as they are known.
fn event_dims(dist: &dyn Distribution, form: usize, args: &[Option<Expr>]) -> Vec<Dim> {
    let extent = |extent: &Extent| match *extent {
        Extent::Last(k) => args[k].as_ref()?.ty.shape.dims()?.last().cloned(),
        Extent::Value(k) => args[k].as_ref()?.ty.size.clone(),
        Extent::Largest(_) => None,
    };
    dist.event(form).iter().map(|e| extent(e).unwrap_or(Dim::Unknown)).collect()
}

/// A distribution without its arguments, enough to ask for ranks.
fn instance(expr: &Expr) -> Option<Instance> {
    match &expr.kind {
        ExprKind::Distribution { dist, form, .. } => {
            Some(Instance::Plain { dist: *dist, form: *form, args: Vec::new() })
        }
        ExprKind::Wrapped { wrapper, inner, args } => Some(Instance::Wrapped {
            wrapper: *wrapper,
            inner: inner.iter().map(instance).collect::<Option<_>>()?,
            args: vec![None; args.len()],
        }),
        _ => None,
    }
}

/// Whether the density does not integrate: a `Flat` with an open end.
pub(super) fn improper(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Distribution { dist, args, .. } => {
            let open = |arg: &Option<Expr>| match arg {
                None => true,
                Some(arg) => constant(arg).is_some_and(f64::is_infinite),
            };
            dist.improper() && args.iter().any(open)
        }
        // A truncation renormalises, and has been told where to.
        ExprKind::Wrapped { wrapper, .. } if wrapper.name() == "truncated" => false,
        ExprKind::Wrapped { inner, .. } => inner.iter().any(improper),
        _ => false,
    }
}

/// The value of a literal, perhaps with a sign.
pub(super) fn constant(expr: &Expr) -> Option<f64> {
    match &expr.kind {
        ExprKind::Number(value, _) => Some(*value),
        ExprKind::Call { builtin, args } if builtin.name() == "neg" => match &args[..] {
            [Some(operand)] => constant(operand).map(|x| -x),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn kind(expr: &Expr, variables: &[Kind], results: &[Kind]) -> Kind {
    match &expr.kind {
        ExprKind::Distribution { .. } | ExprKind::Wrapped { .. } => Kind::Distribution,
        ExprKind::Function(_) => Kind::Function,
        ExprKind::Variable(id) => variables.get(id.0).copied().unwrap_or(Kind::Unknown),
        ExprKind::Apply { function, .. } => results.get(function.0).copied().unwrap_or(Kind::Unknown),
        ExprKind::ApplyVariable { .. } => Kind::Unknown,
        _ => Kind::Value,
    }
}

/// What each variable of a checked model holds.
pub(super) fn kinds(model: &Model) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = model
        .variables
        .iter()
        .map(|v| if v.role == Role::Local { Kind::Unknown } else { Kind::Value })
        .collect();
    definitions(&model.body, &mut kinds);
    kinds
}

fn definitions(body: &[ir::Statement], kinds: &mut [Kind]) {
    for statement in body {
        match &statement.kind {
            StatementKind::Define { variable, value } => kinds[variable.0] = kind(value, kinds, &[]),
            StatementKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, body)| definitions(body, kinds));
                definitions(otherwise, kinds);
            }
            _ => {}
        }
    }
}

/// What each function of a checked model returns; a function calls earlier ones only.
pub(super) fn results(model: &Model) -> Vec<Kind> {
    let mut results = Vec::with_capacity(model.functions.len());
    for function in &model.functions {
        let mut returned = Vec::new();
        returns(&function.body, &mut |value| returned.push(kind(value, &[], &results)));
        results.push(agree(&returned));
    }
    results
}

/// One kind, or unknown where they differ.
pub(super) fn agree(kinds: &[Kind]) -> Kind {
    match kinds {
        [first, rest @ ..] if rest.iter().all(|k| k == first) => *first,
        _ => Kind::Unknown,
    }
}

/// Visits the values of all `return`s.
pub(super) fn returns<'m>(body: &'m [ir::Statement], visit: &mut impl FnMut(&'m Expr)) {
    for statement in body {
        match &statement.kind {
            StatementKind::Return { value } => visit(value),
            StatementKind::If { arms, otherwise } => {
                for (_, body) in arms {
                    returns(body, visit);
                }
                returns(otherwise, visit);
            }
            _ => {}
        }
    }
}
