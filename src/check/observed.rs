//! Which latents and parameters something observes, and which data are observed.

use std::collections::{HashMap, HashSet};

use super::distribution::improper;
use super::error::CheckError;
use crate::ir::{self, Expr, ExprKind, Index, Model, Role, Statement, StatementKind, VariableId};
use crate::source::Span;

/// Data in an expression left of `~` are observed, not conditioned on: `log(earn) ~ ...`.
pub(super) fn mark(model: &mut Model) {
    let mut found = Vec::new();
    walk(&model.body, &mut |statement| {
        if let StatementKind::Observe { value, .. } = &statement.kind {
            on_the_left(value, &mut found);
        }
    });
    for id in found {
        let variable = &mut model.variables[id.0];
        if variable.role == Role::Data {
            variable.role = Role::Observed;
        }
    }
}

/// Variables of an observed expression, those in its brackets left out.
fn on_the_left(expr: &Expr, found: &mut Vec<VariableId>) {
    match &expr.kind {
        ExprKind::Index { base, .. } => on_the_left(base, found),
        ExprKind::Variable(id) => found.push(*id),
        _ => children(expr).into_iter().for_each(|child| on_the_left(child, found)),
    }
}

/// Improper latents and parameters that no observation depends on. Where the roles are not known, any `~` may be an
/// observation of what stands to its left.
pub(super) fn check(model: &Model, roles_known: bool) -> Vec<CheckError> {
    let mut graph = Graph::default();
    graph.block(model, &model.body, roles_known);
    let mut reached: HashSet<VariableId> = HashSet::new();
    let mut open: Vec<VariableId> = graph.seeds;
    while let Some(id) = open.pop() {
        if reached.insert(id)
            && let Some(depends) = graph.edges.get(&id)
        {
            open.extend(depends.iter().copied().filter(|id| !reached.contains(id)));
        }
    }
    let mut errors = Vec::new();
    for (id, span) in graph.improper {
        if !reached.contains(&id) {
            errors.push(CheckError::ImproperUnobserved {
                name: model.variable(id).name.clone(),
                at: span.into(),
            });
        }
    }
    for (id, span) in graph.params {
        if !reached.contains(&id) {
            errors
                .push(CheckError::ParamUnobserved { name: model.variable(id).name.clone(), at: span.into() });
        }
    }
    errors
}

/// What each name is made of.
#[derive(Default)]
struct Graph {
    edges: HashMap<VariableId, Vec<VariableId>>,
    /// Variables that observed statements and factors use.
    seeds: Vec<VariableId>,
    improper: Vec<(VariableId, Span)>,
    params: Vec<(VariableId, Span)>,
}

impl Graph {
    fn block(&mut self, model: &Model, body: &[Statement], roles_known: bool) {
        for statement in body {
            match &statement.kind {
                StatementKind::Latent { variable, distribution, .. }
                | StatementKind::LatentElements { variable, distribution, .. } => {
                    let used = variables(model, distribution);
                    if !roles_known {
                        self.seeds.extend(used.iter().filter(|id| *id != variable));
                    }
                    self.edges.entry(*variable).or_default().extend(used);
                    if improper(distribution) {
                        self.improper.push((*variable, distribution.span));
                    }
                }
                StatementKind::Define { variable, value }
                | StatementKind::DefineElements { variable, value, .. } => {
                    let used = variables(model, value);
                    self.edges.entry(*variable).or_default().extend(used);
                }
                StatementKind::Observe { value, distribution } => {
                    self.seeds.extend(variables(model, value));
                    self.seeds.extend(variables(model, distribution));
                }
                StatementKind::Factor { value } => self.seeds.extend(variables(model, value)),
                StatementKind::For { body, .. } => self.block(model, body, roles_known),
                StatementKind::If { arms, otherwise } => {
                    arms.iter().for_each(|(_, body)| self.block(model, body, roles_known));
                    self.block(model, otherwise, roles_known);
                }
                StatementKind::Param { variable, .. } => {
                    self.params.push((*variable, model.variable(*variable).span))
                }
                StatementKind::Data { .. } | StatementKind::Return { .. } => {}
            }
        }
    }
}

/// All variables that an expression reads, inside the functions that it calls too.
fn variables(model: &Model, expr: &Expr) -> Vec<VariableId> {
    let mut found = Vec::new();
    let mut functions = HashSet::new();
    collect(model, expr, &mut found, &mut functions);
    found
}

fn collect(model: &Model, expr: &Expr, found: &mut Vec<VariableId>, functions: &mut HashSet<ir::FunctionId>) {
    match &expr.kind {
        ExprKind::Variable(id) => found.push(*id),
        ExprKind::Apply { function, .. } | ExprKind::Function(function) if functions.insert(*function) => {
            let mut values = Vec::new();
            walk(&model.function(*function).body, &mut |statement| values.extend(values_of(statement)));
            values.into_iter().for_each(|value| collect(model, value, found, functions));
        }
        _ => {}
    }
    children(expr).into_iter().for_each(|child| collect(model, child, found, functions));
}

/// Visits statements, those in loops and branches too.
pub(super) fn walk<'m>(body: &'m [Statement], visit: &mut impl FnMut(&'m Statement)) {
    for statement in body {
        visit(statement);
        match &statement.kind {
            StatementKind::For { body, .. } => walk(body, visit),
            StatementKind::If { arms, otherwise } => {
                for (_, body) in arms {
                    walk(body, visit);
                }
                walk(otherwise, visit);
            }
            _ => {}
        }
    }
}

/// The expressions of one statement of a function.
fn values_of(statement: &Statement) -> Vec<&Expr> {
    match &statement.kind {
        StatementKind::Define { value, .. }
        | StatementKind::DefineElements { value, .. }
        | StatementKind::Return { value } => vec![value],
        StatementKind::If { arms, .. } => arms.iter().map(|(condition, _)| condition).collect(),
        StatementKind::For { range, .. } => vec![range],
        _ => Vec::new(),
    }
}

/// The expressions directly below one.
pub(super) fn children(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Number(..)
        | ExprKind::Str(_)
        | ExprKind::Variable(_)
        | ExprKind::Rows
        | ExprKind::Function(_) => Vec::new(),
        ExprKind::Array(items) => items.iter().collect(),
        ExprKind::Call { args, .. } | ExprKind::Distribution { args, .. } => args.iter().flatten().collect(),
        ExprKind::Apply { args, .. } | ExprKind::ApplyVariable { args, .. } => args.iter().collect(),
        ExprKind::Wrapped { inner, args, .. } => inner.iter().chain(args.iter().flatten()).collect(),
        ExprKind::Ode(ode) => ode.parts().collect(),
        ExprKind::Ask { distribution, at, .. } => {
            std::iter::once(&**distribution).chain(at.as_deref()).collect()
        }
        ExprKind::AskOrCall { value, .. } => vec![value],
        ExprKind::Range { from, to } => vec![from, to],
        ExprKind::Index { base, indices } => {
            std::iter::once(&**base).chain(index_children(indices)).collect()
        }
    }
}

/// The expressions between brackets.
pub(super) fn index_children(indices: &[Index]) -> Vec<&Expr> {
    let mut found = Vec::new();
    for index in indices {
        match index {
            Index::At(expr) => found.push(expr),
            Index::Slice { lower, upper, .. } => found.extend(lower.iter().chain(upper)),
        }
    }
    found
}
