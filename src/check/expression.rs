//! Expressions: operators, literals, names.

use super::error::{CheckError, primary};
use super::names::{Meaning, number_type};
use super::{Checker, Kind, distribution};
use crate::builtin::{self, Builtin, CallError};
use crate::ir;
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp, UnaryOp};
use crate::types::{ElementType, Shape, Type};

/// Whole numbers up to here are exact as 64-bit reals, which all numbers are.
const MAX_EXACT_INT: u64 = 1 << 53;

impl Checker<'_> {
    /// A number or an array.
    pub(super) fn value(&mut self, expr: &ast::Expr) -> Option<ir::Expr> {
        let checked = self.any(expr)?;
        self.expect_value(checked)
    }

    /// An expression of type distribution.
    pub(super) fn distribution(&mut self, expr: &ast::Expr) -> Option<ir::Expr> {
        let checked = self.any(expr)?;
        let (label, help) = match self.kind(&checked) {
            Kind::Distribution | Kind::Unknown => return Some(checked),
            Kind::Function => (
                "a function".to_string(),
                "call it, as in `x ~ f(a)`, if it returns a distribution".to_string(),
            ),
            Kind::Value => match &checked.kind {
                ir::ExprKind::Number(value, _) => (
                    "a number".to_string(),
                    format!("to give a name a value write `=`; near {value}: `x ~ Normal({value}, sd)`"),
                ),
                _ => (
                    "a value".to_string(),
                    "`=` defines a value; `~` takes a distribution such as Normal(0, 1)".into(),
                ),
            },
        };
        self.error(CheckError::Type {
            message: "a distribution is needed here".into(),
            at: checked.span.into(),
            label,
            help: Some(help),
        });
        None
    }

    pub(super) fn expect_value(&mut self, checked: ir::Expr) -> Option<ir::Expr> {
        let (message, label, help) = match self.kind(&checked) {
            Kind::Value | Kind::Unknown => return Some(checked),
            Kind::Distribution => (
                "a number is needed here, not a distribution",
                "a distribution",
                "give the draw a name, `x ~ ...`, and use `x`; the log density at x is `lpdf(D, x)`",
            ),
            Kind::Function => {
                ("a number is needed here, not a function", "a function", "call it, as in `f(x)`")
            }
        };
        self.error(CheckError::Type {
            message: message.into(),
            at: checked.span.into(),
            label: label.into(),
            help: Some(help.into()),
        });
        None
    }

    pub(super) fn kind(&self, expr: &ir::Expr) -> Kind {
        distribution::kind(expr, &self.kinds, &self.results)
    }

    /// A value, a distribution or a function.
    pub(super) fn any(&mut self, expr: &ast::Expr) -> Option<ir::Expr> {
        match &expr.kind {
            ast::ExprKind::Int(value) if value.unsigned_abs() > MAX_EXACT_INT => {
                self.error(CheckError::Type {
                    message: format!("{value} is too large for an int"),
                    at: expr.span.into(),
                    label: "beyond 2^53, where not every whole number is held".into(),
                    help: Some(format!(
                        "write it as a real number, rounded to 16 digits: {:e}",
                        *value as f64
                    )),
                });
                None
            }
            ast::ExprKind::Int(value) => Some(number(*value as f64, ElementType::Int, expr.span)),
            ast::ExprKind::Real(value) => Some(number(*value, ElementType::Real, expr.span)),
            ast::ExprKind::Bool(value) => Some(number(f64::from(*value), ElementType::Bool, expr.span)),
            ast::ExprKind::Str(_) => {
                self.error(CheckError::Type {
                    message: "a string is not a value".into(),
                    at: expr.span.into(),
                    label: "a string".into(),
                    help: Some(
                        "strings only name levels: `alpha[\"HENNEPIN\"]`, `county == \"HENNEPIN\"`".into(),
                    ),
                });
                None
            }
            ast::ExprKind::Name(name) => self.name(name, expr.span),
            ast::ExprKind::Array(items) => self.array(items, expr.span),
            ast::ExprKind::Group(inner) => self.any(inner),
            ast::ExprKind::Unary { op, operand } => {
                let symbol = match op {
                    UnaryOp::Neg => "neg",
                    UnaryOp::Not => "!",
                };
                let operand = self.value(operand)?;
                self.operator(symbol, vec![operand], expr.span)
            }
            ast::ExprKind::Binary { .. } => self.binary(expr),
            ast::ExprKind::Transpose(operand) => {
                let operand = self.value(operand)?;
                self.operator("transpose", vec![operand], expr.span)
            }
            ast::ExprKind::Call { function, arguments } => self.call(function, arguments, expr.span),
            ast::ExprKind::Index { base, indices } => self.indexed(base, indices, expr.span),
            ast::ExprKind::Lm(_) => {
                self.error(CheckError::Type {
                    message: "a formula stands in a model only".into(),
                    at: expr.span.into(),
                    label: "a formula".into(),
                    help: Some("`vippl expand MODEL --data FILE` shows what it stands for there".into()),
                });
                None
            }
        }
    }

    fn name(&mut self, name: &str, span: Span) -> Option<ir::Expr> {
        let (kind, ty) = match self.resolve(name, span)? {
            Meaning::Variable(id) => (ir::ExprKind::Variable(id), self.variable(id).ty.clone()),
            Meaning::Function(id) => (ir::ExprKind::Function(id), Type::unknown()),
            Meaning::Constant(value) => {
                (ir::ExprKind::Number(value, ElementType::Real), Type::real(Shape::scalar()))
            }
            Meaning::Rows(ty) => (ir::ExprKind::Rows, ty),
        };
        Some(ir::Expr { kind, span, ty })
    }

    /// `a + b + c + ...` without recursion along the chain.
    fn binary(&mut self, expr: &ast::Expr) -> Option<ir::Expr> {
        let mut chain = Vec::new();
        let mut first = expr;
        while let ast::ExprKind::Binary { op, left, right, .. } = &first.kind {
            chain.push((*op, right, first.span));
            first = left;
        }
        let mut left = self.operand(first, chain.last().map(|(op, ..)| *op));
        for (op, right, span) in chain.into_iter().rev() {
            let right = self.operand(right, Some(op));
            left = match (left, right) {
                (Some(left), Some(right)) if op == BinaryOp::Range => self.range(left, right, span),
                (Some(left), Some(right)) => self.operator(symbol(op), vec![left, right], span),
                _ => None,
            };
        }
        left
    }

    /// A value; beside `==` and `!=` also a level in quotes.
    fn operand(&mut self, expr: &ast::Expr, op: Option<BinaryOp>) -> Option<ir::Expr> {
        match &expr.kind {
            ast::ExprKind::Str(level) if matches!(op, Some(BinaryOp::Equal | BinaryOp::NotEqual)) => {
                let ty = Type { element: Some(ElementType::Category), shape: Shape::scalar(), size: None };
                Some(ir::Expr { kind: ir::ExprKind::Str(level.clone()), span: expr.span, ty })
            }
            _ => self.value(expr),
        }
    }

    /// `a:b`
    fn range(&mut self, from: ir::Expr, to: ir::Expr, span: Span) -> Option<ir::Expr> {
        let call = self.builtin_call(builtin::RANGE, vec![Some(from), Some(to)], span)?;
        match call.kind {
            ir::ExprKind::Call { args, .. } => {
                let mut ends = args.into_iter().flatten().map(Box::new);
                let kind = ir::ExprKind::Range { from: ends.next()?, to: ends.next()? };
                Some(ir::Expr { kind, ..call })
            }
            kind => Some(ir::Expr { kind, ..call }),
        }
    }

    pub(super) fn operator(
        &mut self,
        symbol: &'static str,
        args: Vec<ir::Expr>,
        span: Span,
    ) -> Option<ir::Expr> {
        let Some(builtin) = builtin::find(symbol) else {
            self.error(CheckError::NotSupportedYet {
                feature: format!("the operator {symbol}"),
                at: span.into(),
                help: None,
            });
            return None;
        };
        self.builtin_call(builtin, args.into_iter().map(Some).collect(), span)
    }

    /// A call whose arguments are in their places.
    pub(super) fn builtin_call(
        &mut self,
        builtin: &'static dyn Builtin,
        args: Vec<Option<ir::Expr>>,
        span: Span,
    ) -> Option<ir::Expr> {
        let types: Vec<Option<Type>> = args.iter().map(|a| a.as_ref().map(|a| a.ty.clone())).collect();
        match builtin.result(&types) {
            Ok(ty) => Some(ir::Expr { kind: ir::ExprKind::Call { builtin, args }, span, ty }),
            Err(error) => {
                self.call_error(error, &args, span);
                None
            }
        }
    }

    /// Reports a refused call: each argument that is an array says its shape and where that came from.
    pub(super) fn call_error(&mut self, error: CallError, args: &[Option<ir::Expr>], span: Span) {
        let mut labels = Vec::new();
        let culprit = error.argument.and_then(|i| args.get(i)?.as_ref());
        let of_shape =
            args.iter().flatten().filter(|a| a.ty.shape.rank().is_some_and(|rank| rank > 0)).count();
        if let Some(culprit) = culprit {
            labels.push(primary(culprit.span, describe(&culprit.ty)));
        } else if of_shape == 0 {
            labels.push(primary(span, "in this call"));
        }
        for arg in args.iter().flatten() {
            let is_culprit = culprit.is_some_and(|c| std::ptr::eq(c, arg));
            if !is_culprit && arg.ty.shape.rank().is_some_and(|rank| rank > 0 || culprit.is_some()) {
                let text = describe(&arg.ty);
                labels.push(if labels.is_empty() {
                    primary(arg.span, text)
                } else {
                    super::error::secondary(arg.span, text)
                });
            }
            self.origin(arg, &mut labels);
        }
        let about_shape = of_shape > 0 && error.message.contains('[');
        if about_shape {
            self.error(CheckError::Shape { message: error.message, labels, help: error.help });
        } else {
            let at = culprit.map_or(span, |c| c.span);
            let label = culprit.map_or_else(|| "in this call".to_string(), |c| describe(&c.ty));
            self.error(CheckError::Type { message: error.message, at: at.into(), label, help: error.help });
        }
    }

    /// Adds where a variable got its shape from, unless that is the place itself.
    pub(super) fn origin(&self, expr: &ir::Expr, labels: &mut Vec<miette::LabeledSpan>) {
        let ir::ExprKind::Variable(id) = expr.kind else { return };
        let variable = self.variable(id);
        let Some(1..) = variable.ty.shape.rank() else { return };
        let from = match variable.role {
            ir::Role::Data | ir::Role::Observed => " in the data",
            _ => "",
        };
        let overlaps = labels.iter().any(|l| l.offset() == variable.span.start as usize);
        if variable.span != expr.span && !overlaps && variable.span != Span::default() {
            let text = format!("`{}` is {}{from}", variable.name, variable.ty.shape);
            labels.push(super::error::secondary(variable.span, text));
        }
    }

    fn array(&mut self, items: &[ast::Expr], span: Span) -> Option<ir::Expr> {
        let checked: Vec<Option<ir::Expr>> = items.iter().map(|item| self.any(item)).collect();
        let items: Vec<ir::Expr> = checked.into_iter().collect::<Option<_>>()?;
        if !items.is_empty() && items.iter().all(|item| self.kind(item) == Kind::Distribution) {
            self.error(CheckError::Type {
                message: "a list of distributions stands in a mixture only".into(),
                at: span.into(),
                label: "distributions".into(),
                help: Some("write mixture(w, [D1, D2])".into()),
            });
            return None;
        }
        let items: Vec<ir::Expr> =
            items.into_iter().map(|item| self.expect_value(item)).collect::<Option<_>>()?;
        let Some(builtin) = builtin::find("[]") else {
            return Some(ir::Expr { kind: ir::ExprKind::Array(items), span, ty: Type::unknown() });
        };
        let types: Vec<Option<Type>> = items.iter().map(|item| Some(item.ty.clone())).collect();
        match builtin.result(&types) {
            Ok(ty) => Some(ir::Expr { kind: ir::ExprKind::Array(items), span, ty }),
            Err(error) => {
                let args: Vec<Option<ir::Expr>> = items.into_iter().map(Some).collect();
                self.call_error(error, &args, span);
                None
            }
        }
    }
}

fn number(value: f64, element: ElementType, span: Span) -> ir::Expr {
    ir::Expr { kind: ir::ExprKind::Number(value, element), span, ty: number_type(value, element) }
}

/// `[434]`, `int`, `category [919]`: what a label says of a type.
pub(super) fn describe(ty: &Type) -> String {
    match (ty.element, ty.shape.rank()) {
        (Some(element), Some(0)) => element.to_string(),
        (Some(ElementType::Real) | None, Some(_)) => ty.shape.to_string(),
        (Some(element), Some(_)) => format!("{element} {}", ty.shape),
        (Some(element), None) => format!("{element}, of a shape that only the data tell"),
        (None, None) => "of a shape that only the data tell".into(),
    }
}

fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Or => "||",
        BinaryOp::And => "&&",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Range => "range",
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::MatMul => "@",
        BinaryOp::Pow => "^",
    }
}
