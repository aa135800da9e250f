//! Blocks, loops, branches, declarations and factors.

use super::error::CheckError;
use super::expression::describe;
use super::scope::{Binding, ScopeKind};
use super::{Checker, Kind};
use crate::ir::{self, Role, StatementKind};
use crate::source::Span;
use crate::syntax::ast;
use crate::types::{Dim, ElementType, Type};

impl Checker<'_> {
    /// Statements in order; what is wrong is reported and left out.
    pub(super) fn block(&mut self, statements: &[ast::Statement]) -> Vec<ir::Statement> {
        let mut checked = Vec::with_capacity(statements.len());
        for statement in statements {
            let kind = self.statement(statement);
            checked.extend(kind.map(|kind| ir::Statement { kind, span: statement.span }));
        }
        checked
    }

    fn statement(&mut self, statement: &ast::Statement) -> Option<StatementKind> {
        use ast::StatementKind as S;
        let doc = statement.doc.as_deref();
        match &statement.kind {
            S::Sample { target, distribution } => {
                self.outside_functions(
                    "`~`",
                    "a function computes: return a distribution and write `x ~ f(...)` outside",
                    statement.span,
                )?;
                self.sample(target, distribution, doc, statement.span)
            }
            S::Define { target, value } => self.define(target, value, doc),
            S::For { variable, range, body } => self.for_loop(variable, range, body),
            S::If { arms, otherwise } => self.branches(arms, otherwise.as_ref()),
            S::Data { name, element, dims, range } => {
                self.at_top("data", true, statement.span)?;
                self.data_declaration(name, element, dims.as_deref(), range.as_ref(), doc)
            }
            S::Param { name, dims, range, start } => {
                self.at_top("param", false, statement.span)?;
                self.param(name, dims.as_deref(), range.as_ref(), start.as_ref(), doc)
            }
            S::Function { name, parameters, body } => {
                self.at_top("fn", true, statement.span)?;
                self.function_definition(name, parameters, body);
                None
            }
            S::Factor { value } => {
                self.outside_functions(
                    "`factor`",
                    "return the value and write `factor f(...)` outside",
                    statement.span,
                )?;
                let value = self.value(value)?;
                Some(StatementKind::Factor { value })
            }
            S::Return { value } => self.return_statement(value, statement.span),
        }
    }

    fn outside_functions(&mut self, what: &str, help: &str, span: Span) -> Option<()> {
        if !self.scopes.in_function() {
            return Some(());
        }
        self.error(CheckError::Statement {
            message: format!("{what} inside a function"),
            at: span.into(),
            label: "not allowed in a function".into(),
            help: Some(help.into()),
        });
        None
    }

    /// `data`, `param` and `fn` stand outside loops and functions; the first and last also outside branches.
    fn at_top(&mut self, word: &str, outside_if: bool, span: Span) -> Option<()> {
        let place = if self.scopes.in_function() {
            "a function"
        } else if self.scopes.in_loop() {
            "a loop"
        } else if outside_if && self.scopes.in_if() {
            "an `if`"
        } else {
            return Some(());
        };
        self.error(CheckError::Statement {
            message: format!("`{word}` inside {place}"),
            at: span.into(),
            label: format!("not allowed in {place}"),
            help: Some(format!("move it out: `{word}` stands at the top level of the file")),
        });
        None
    }

    fn for_loop(
        &mut self,
        variable: &ast::Name,
        range: &ast::Expr,
        body: &ast::Block,
    ) -> Option<StatementKind> {
        let range = self.value(range).filter(|range| self.loop_range(range));
        self.scopes.open(ScopeKind::Loop);
        let ty = Type::int(Dim::Unknown);
        let span = variable.span;
        let loop_variable =
            ir::Variable { name: variable.text.clone(), span, role: Role::Loop, doc: None, ty };
        let id = self.new_variable(loop_variable, Kind::Value);
        let level = self.scopes.innermost();
        self.scopes.bind(level, &variable.text, Binding { id, span, by_element: false });
        if let Some(range) = &range {
            let end = self.last_of(range);
            self.loop_ends.insert(id, end);
        }
        let body = self.block(&body.statements);
        self.loop_ends.remove(&id);
        self.scopes.close();
        Some(StatementKind::For { variable: id, range: range?, body })
    }

    /// The last value of a loop's range; before there is data, what the range says it is.
    fn last_of(&self, range: &ir::Expr) -> Dim {
        let ir::ExprKind::Range { to, .. } = &range.kind else { return Dim::Unknown };
        match &to.ty.size {
            Some(size) => size.clone(),
            None if self.data.is_none() => Dim::Named(self.source.slice(to.span).into()),
            None => Dim::Unknown,
        }
    }

    /// A loop runs over a vector of ints, usually `a:b`.
    fn loop_range(&mut self, range: &ir::Expr) -> bool {
        let whole = !matches!(range.ty.element, Some(ElementType::Real | ElementType::Bool));
        let vector = range.ty.shape.rank().is_none_or(|rank| rank == 1);
        if whole && vector {
            return true;
        }
        let what = self.source.slice(range.span);
        let scalar = range.ty.shape.rank() == Some(0);
        self.error(CheckError::Type {
            message: "a loop runs over a range of ints".into(),
            at: range.span.into(),
            label: describe(&range.ty),
            help: Some(if scalar { format!("write 1:{what}") } else { "write `for i in a:b`".into() }),
        });
        false
    }

    fn branches(
        &mut self,
        arms: &[(ast::Expr, ast::Block)],
        otherwise: Option<&ast::Block>,
    ) -> Option<StatementKind> {
        self.scopes.open_if();
        let mut checked = Vec::with_capacity(arms.len());
        let mut good = true;
        for (condition, block) in arms {
            let condition = self.value(condition).filter(|condition| self.condition(condition));
            self.scopes.open_arm();
            let body = self.block(&block.statements);
            self.scopes.close_arm();
            match condition {
                Some(condition) => checked.push((condition, body)),
                None => good = false,
            }
        }
        let otherwise = otherwise.map_or_else(Vec::new, |block| {
            self.scopes.open_arm();
            let body = self.block(&block.statements);
            self.scopes.close_arm();
            body
        });
        self.scopes.close_if();
        good.then_some(StatementKind::If { arms: checked, otherwise })
    }

    fn condition(&mut self, condition: &ir::Expr) -> bool {
        let truth = !matches!(condition.ty.element, Some(ElementType::Real | ElementType::Category));
        if truth && condition.ty.shape.rank().is_none_or(|rank| rank == 0) {
            return true;
        }
        let array = condition.ty.shape.rank().is_some_and(|rank| rank > 0);
        self.error(CheckError::Type {
            message: "the condition of `if` is one truth value".into(),
            at: condition.span.into(),
            label: describe(&condition.ty),
            help: Some(if array {
                "for a choice element by element write where(c, a, b); `any` and `all` make one of many"
                    .into()
            } else {
                "compare it, as in `x > 0`".into()
            }),
        });
        false
    }
}
