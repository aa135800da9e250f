//! `fn`: a scope of its own, checked once with whatever its parameters may be.

use super::distribution::agree;
use super::error::CheckError;
use super::lint::Lint;
use super::scope::{Binding, ScopeKind};
use super::{Checker, Kind};
use crate::ir::{self, FunctionId, Role, StatementKind};
use crate::source::Span;
use crate::syntax::ast;
use crate::types::Type;

/// Functions call functions this deep at most. Guards the stack of everything that follows calls.
pub(super) const MAX_CALL_DEPTH: usize = 100;

impl Checker<'_> {
    /// Takes note that a function is called or passed on.
    pub(super) fn called(&mut self, id: FunctionId) {
        self.called.insert(id);
        self.call_depth = self.call_depth.max(self.call_depths[id.0]);
    }

    pub(super) fn function_definition(
        &mut self,
        name: &ast::Name,
        parameters: &[ast::Name],
        body: &ast::FunctionBody,
    ) {
        let free = self.free_name(&name.text, name.span, 0, None);
        self.lint_shadowing(&name.text, name.span);
        self.function = Some((name.text.clone(), Vec::new()));
        self.call_depth = 0;
        self.scopes.open(ScopeKind::Function);
        let ids = self.parameters(parameters);
        let body = match body {
            ast::FunctionBody::Expr(expr) => {
                let returned = self.return_statement(expr, expr.span);
                returned.into_iter().map(|kind| ir::Statement { kind, span: expr.span }).collect()
            }
            ast::FunctionBody::Block(block) => {
                let checked = self.block(&block.statements);
                if !always_returns(&block.statements) {
                    self.error(CheckError::MissingReturn { name: name.text.clone(), at: name.span.into() });
                }
                self.unreachable(&block.statements);
                checked
            }
        };
        self.scopes.close();
        let (_, returned) = self.function.take().unwrap_or_default();
        if free {
            let id = FunctionId(self.functions.len());
            self.functions.push(ir::Function {
                name: name.text.clone(),
                span: name.span,
                parameters: ids,
                body,
            });
            self.results.push(agree(&returned));
            if self.call_depth == MAX_CALL_DEPTH {
                self.error(CheckError::Statement {
                    message: format!("functions call functions more than {MAX_CALL_DEPTH} deep"),
                    at: name.span.into(),
                    label: "the last of them".into(),
                    help: Some("write some of them out".into()),
                });
            }
            self.call_depths.push(self.call_depth + 1);
            self.function_names.insert(name.text.clone(), id);
        }
    }

    fn parameters(&mut self, parameters: &[ast::Name]) -> Vec<ir::VariableId> {
        let mut ids = Vec::with_capacity(parameters.len());
        for parameter in parameters {
            let span = parameter.span;
            if let Some(first) = self.scopes.lookup_here(&parameter.text) {
                let first = first.span.into();
                let name = parameter.text.clone();
                self.error(CheckError::Redefinition {
                    name,
                    at: span.into(),
                    first,
                    help: Some("rename one of the parameters".into()),
                });
            }
            let name = parameter.text.clone();
            let variable = ir::Variable { name, span, role: Role::Local, doc: None, ty: Type::unknown() };
            let id = self.new_variable(variable, Kind::Unknown);
            ids.push(id);
            let level = self.scopes.innermost();
            self.scopes.bind(level, &parameter.text, Binding { id, span, by_element: false });
        }
        ids
    }

    pub(super) fn return_statement(&mut self, value: &ast::Expr, span: Span) -> Option<StatementKind> {
        if self.function.is_none() {
            self.error(CheckError::Statement {
                message: "`return` outside a function".into(),
                at: span.into(),
                label: "nothing to return from".into(),
                help: Some("a model has no result to return: every name is reported by itself".into()),
            });
            return None;
        }
        if self.scopes.in_loop() {
            self.error(CheckError::Statement {
                message: "`return` inside a loop".into(),
                at: span.into(),
                label: "a loop runs through all of its range".into(),
                help: Some("return after the loop".into()),
            });
            return None;
        }
        let value = self.any(value);
        let kind = value.as_ref().map_or(Kind::Unknown, |value| self.kind(value));
        if let Some((_, returned)) = &mut self.function {
            returned.push(kind);
        }
        Some(StatementKind::Return { value: value? })
    }

    fn unreachable(&mut self, statements: &[ast::Statement]) {
        let after = statements.iter().position(returns).map_or(statements.len(), |at| at + 1);
        if let Some(statement) = statements.get(after) {
            self.lints.push(Lint::Unreachable { at: statement.span.into() });
        }
    }
}

/// Whether every path through a block ends with a `return`.
fn always_returns(statements: &[ast::Statement]) -> bool {
    statements.iter().any(returns)
}

fn returns(statement: &ast::Statement) -> bool {
    match &statement.kind {
        ast::StatementKind::Return { .. } => true,
        ast::StatementKind::If { arms, otherwise: Some(otherwise) } => {
            arms.iter().all(|(_, block)| always_returns(&block.statements))
                && always_returns(&otherwise.statements)
        }
        _ => false,
    }
}
