//! Blocks, loops, branches, declarations and factors.

use super::aliases::{did_you_mean, nearest};
use super::error::{CheckError, primary};
use super::expression::describe;
use super::scope::{Binding, ScopeKind};
use super::{Checker, Kind};
use crate::ir::{self, Role, StatementKind};
use crate::source::Span;
use crate::syntax::ast;
use crate::types::{Dim, ElementType, Shape, Type};

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
        let ir::ExprKind::Call { builtin, args } = &range.kind else { return Dim::Unknown };
        match &args[..] {
            [_, Some(to)] if builtin.name() == "range" => match &to.ty.size {
                Some(size) => size.clone(),
                None if self.data.is_none() => Dim::Named(self.source.slice(to.span).into()),
                None => Dim::Unknown,
            },
            _ => Dim::Unknown,
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

    fn data_declaration(
        &mut self,
        name: &ast::Name,
        element: &ast::Name,
        dims: Option<&[ast::Expr]>,
        range: Option<&ast::Interval>,
        doc: Option<&str>,
    ) -> Option<StatementKind> {
        let dims = dims.map(|dims| self.lengths(dims));
        let range = range.map(|range| self.interval(range));
        let declared = self.element_type(element);
        let free = self.free_name(&name.text, name.span, self.scopes.innermost(), None);
        let given = self.data_variable(&name.text);
        if self.data.is_some() && given.is_none() {
            let near: Vec<&str> = nearest(&name.text, self.data_index.keys().copied());
            self.error(CheckError::Data {
                message: format!("`{}` is not in the data", name.text),
                at: name.span.into(),
                label: "declared to come from the data".into(),
                help: did_you_mean(&near).or(Some("add it to the data, or remove the declaration".into())),
            });
        }
        let declared_shape = match &dims {
            None => Shape::scalar(),
            Some(dims) => Shape(dims.as_ref().map(|dims| dims.iter().map(length_of).collect())),
        };
        let ty = match given {
            Some(given) => {
                self.declaration_holds(name, declared, &declared_shape, &given.ty);
                Type { element: declared.or(given.ty.element), ..given.ty.clone() }
            }
            None => {
                let scalar_int = declared == Some(ElementType::Int) && declared_shape.rank() == Some(0);
                let size = scalar_int.then(|| Dim::Named(name.text.as_str().into()));
                Type { element: declared, shape: declared_shape, size }
            }
        };
        let observed = self.outlines.get(&name.text).is_some_and(|outline| !outline.samples.is_empty());
        let variable = ir::Variable {
            name: name.text.clone(),
            span: name.span,
            role: if observed { Role::Observed } else { Role::Data },
            doc: doc.map(str::to_string),
            ty,
        };
        let id = self.new_variable(variable, Kind::Value);
        self.declared.push(id);
        if free {
            self.scopes.bind(0, &name.text, Binding { id, span: name.span, by_element: false });
            self.lint_shadowing(&name.text, name.span);
        }
        if matches!(dims, Some(None)) || matches!(range, Some(None)) {
            return None;
        }
        let (dims, range) = (dims.flatten(), range.flatten());
        Some(StatementKind::Data { variable: id, element: declared?, dims, range })
    }

    fn element_type(&mut self, word: &ast::Name) -> Option<ElementType> {
        let element = match word.text.as_str() {
            "real" => ElementType::Real,
            "int" => ElementType::Int,
            "bool" => ElementType::Bool,
            "category" => ElementType::Category,
            other => {
                let meant = match other {
                    "float" | "double" | "number" | "numeric" | "vector" | "matrix" => Some("real"),
                    "integer" | "count" | "array" => Some("int"),
                    "boolean" | "logical" => Some("bool"),
                    "factor" | "string" | "str" | "character" | "levels" => Some("category"),
                    _ => nearest(other, ["real", "int", "bool", "category"].into_iter()).first().copied(),
                };
                self.error(CheckError::Type {
                    message: format!("there is no type `{other}`"),
                    at: word.span.into(),
                    label: "real, int, bool or category".into(),
                    help: meant.map(|meant| match other {
                        "vector" => "write real[N]".to_string(),
                        "matrix" => "write real[N, K]".to_string(),
                        _ => format!("write {meant}"),
                    }),
                });
                return None;
            }
        };
        Some(element)
    }

    /// The declared type against the one that the data have.
    fn declaration_holds(
        &mut self,
        name: &ast::Name,
        element: Option<ElementType>,
        shape: &Shape,
        given: &Type,
    ) {
        use ElementType::{Bool, Category, Int, Real};
        let fits = match (element, given.element) {
            (Some(Real), Some(Int | Bool)) | (Some(Int), Some(Bool)) | (None, _) | (_, None) => true,
            // An int column can hold 0 and 1 or the codes of levels: the data decide.
            (Some(Bool | Category), Some(Int)) => true,
            (declared, found) => declared == found,
        };
        let same = |(a, b): (&Dim, &Dim)| a.known().is_none() || b.known().is_none() || a == b;
        let shapes = match (shape.dims(), given.shape.dims()) {
            (Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(b).all(same),
            _ => true,
        };
        if fits && shapes {
            return;
        }
        let declared = Type::array_of(element, shape.clone());
        self.error(CheckError::Data {
            message: format!(
                "`{}` is declared as {}, but the data have {}",
                name.text,
                describe(&declared),
                describe(given)
            ),
            at: name.span.into(),
            label: format!("declared as {}", describe(&declared)),
            help: Some("change the declaration, or the data".into()),
        });
    }

    fn param(
        &mut self,
        name: &ast::Name,
        dims: Option<&[ast::Expr]>,
        range: Option<&ast::Interval>,
        start: Option<&ast::Expr>,
        doc: Option<&str>,
    ) -> Option<StatementKind> {
        let dims = dims.map_or(Some(Vec::new()), |dims| self.lengths(dims));
        let range = range.map(|range| self.interval(range));
        let start = start.map(|start| self.value(start));
        let shape = Shape(dims.as_ref().map(|dims| dims.iter().map(length_of).collect()));
        let ty = Type::real(shape.clone());
        let id = self.define_name(name, Role::PointEstimate, Kind::Value, ty, doc);
        if let Some(Some(start)) = &start {
            let fits = crate::types::broadcast(&shape, &start.ty.shape);
            let longer = start.ty.shape.rank() > shape.rank() && shape.rank().is_some();
            if fits.is_err() || longer {
                let message = format!("the start of `{}` has another shape", name.text);
                let labels = vec![
                    primary(start.span, describe(&start.ty)),
                    super::error::secondary(name.span, format!("`{}` is {shape}", name.text)),
                ];
                self.error(CheckError::Shape { message, labels, help: None });
            }
        }
        if matches!(range, Some(None)) || matches!(start, Some(None)) {
            return None;
        }
        let (range, start) = (range.flatten(), start.flatten());
        Some(StatementKind::Param { variable: id?, dims: dims?, range, start })
    }

    fn interval(&mut self, range: &ast::Interval) -> Option<(ir::Expr, ir::Expr)> {
        let (lower, upper) = (self.value(&range.lower), self.value(&range.upper));
        let (lower, upper) = (lower?, upper?);
        let ends = super::distribution::constant(&lower).zip(super::distribution::constant(&upper));
        if let Some((a, b)) = ends
            && !(a < b)
        {
            self.error(CheckError::ArgumentRange {
                message: "this range is empty".into(),
                at: range.span.into(),
                label: format!("nothing is above {a} and below {b}"),
                help: Some("write it as (lower, upper)".into()),
            });
            return None;
        }
        Some((lower, upper))
    }

    /// Lengths in a declaration: scalar ints.
    fn lengths(&mut self, dims: &[ast::Expr]) -> Option<Vec<ir::Expr>> {
        let mut checked = Vec::with_capacity(dims.len());
        for dim in dims {
            let length = self.value(dim);
            checked.push(length.filter(|length| {
                let whole = matches!(length.ty.element, None | Some(ElementType::Int));
                let good = whole && length.ty.shape.rank().is_none_or(|rank| rank == 0);
                if !good {
                    self.error(CheckError::Type {
                        message: "a length is one int".into(),
                        at: length.span.into(),
                        label: describe(&length.ty),
                        help: None,
                    });
                }
                good
            }));
        }
        checked.into_iter().collect()
    }
}

fn length_of(length: &ir::Expr) -> Dim {
    length.ty.size.clone().unwrap_or(Dim::Unknown)
}
