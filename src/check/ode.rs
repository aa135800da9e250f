//! `ode(f, y0, t0, ts, args...)`: a function of the file and what it is solved for.

use super::error::CheckError;
use super::{Checker, Kind};
use crate::builtin::{CallError, typing};
use crate::ir::{self, ExprKind, OdeMethod};
use crate::source::Span;
use crate::syntax::ast;
use crate::types::{Shape, Type};

/// How it is called.
pub(super) const SIGNATURE: &str = "ode(f, y0, t0, ts, [args, ...], method =, rtol =, atol =, max_steps =)";

/// By position, then by name only.
const NAMES: &[&str] = &["f", "y0", "t0", "ts", "method", "rtol", "atol", "max_steps"];
const N_POSITIONAL: usize = 4;

impl Checker<'_> {
    pub(super) fn ode(&mut self, arguments: &[ast::Argument], span: Span) -> Option<ir::Expr> {
        let (mut seen, mut rest, mut others) = (0, Vec::new(), Vec::new());
        for argument in arguments {
            seen += usize::from(argument.name.is_none());
            if argument.name.is_none() && seen > N_POSITIONAL {
                rest.push(&argument.value);
            } else {
                others.push(argument.clone());
            }
        }
        let slots = self.bind("ode", SIGNATURE, NAMES, N_POSITIONAL, &others)?;
        let [function, start, t0, times, method, rtol, atol, max_steps] = slots[..] else { return None };
        let (Some(function), Some(start), Some(t0), Some(times)) = (function, start, t0, times) else {
            let missing = NAMES.iter().zip(&slots).find(|(_, slot)| slot.is_none());
            let missing = missing.map_or("ts", |(name, _)| name);
            self.error(CheckError::Arity {
                message: format!("`ode` needs its argument `{missing}`"),
                at: span.into(),
                label: format!("`{missing}` is missing"),
                help: Some(format!("its arguments are {SIGNATURE}")),
            });
            return None;
        };
        let function = self.right_side(function, rest.len());
        let mut required = [start, t0, times].map(|expr| self.value(expr));
        let args: Vec<Option<ir::Expr>> = rest.into_iter().map(|expr| self.any(expr)).collect();
        let method = method.map_or(Some(OdeMethod::default()), |method| self.method(method));
        let mut options = [rtol, atol, max_steps].map(|option| option.map(|expr| self.value(expr)));
        let good = options.iter().all(|option| !matches!(option, Some(None)));
        let [rtol, atol, max_steps] = std::array::from_fn(|k| options[k].take().flatten());
        let [start, t0, times] = std::array::from_fn(|k| required[k].take());
        let args = args.into_iter().collect::<Option<Vec<_>>>();
        let (function, start, t0, times, args, method) = (function?, start?, t0?, times?, args?, method?);
        if !good {
            return None;
        }
        let given = [Some(start), Some(t0), Some(times)];
        let ty = match shape(&given) {
            Ok(shape) => Type::real(shape),
            Err(error) => {
                self.call_error(error, &given, span);
                return None;
            }
        };
        let [Some(start), Some(t0), Some(times)] = given else { return None };
        let ode = ir::Ode { function, start, t0, times, args, method, rtol, atol, max_steps };
        Some(ir::Expr { kind: ExprKind::Ode(Box::new(ode)), span, ty })
    }

    /// The function of (t, y, args...).
    fn right_side(&mut self, expr: &ast::Expr, n_args: usize) -> Option<ir::Expr> {
        let checked = self.any(expr)?;
        if !matches!(self.kind(&checked), Kind::Function | Kind::Unknown) {
            self.error(CheckError::Type {
                message: "the first argument of `ode` must be a function".into(),
                at: checked.span.into(),
                label: "not a function".into(),
                help: Some(
                    "define `fn f(t, y) = ...`, which gives dy/dt, and write ode(f, y0, t0, ts)".into(),
                ),
            });
            return None;
        }
        if let ExprKind::Function(id) = checked.kind {
            let function = &self.functions[id.0];
            let names: Vec<&str> =
                function.parameters.iter().map(|p| self.variables[p.0].name.as_str()).collect();
            if names.len() != 2 + n_args {
                let signature = format!("{}({})", function.name, names.join(", "));
                let further = if n_args == 1 { "argument" } else { "arguments" };
                let message =
                    format!("`ode` calls `{}` with t, y and {n_args} further {further}", function.name);
                let (at, label) = (checked.span.into(), format!("it is defined as {signature}"));
                let help = "what comes after `ts` in `ode` comes after t and y in the function";
                self.error(CheckError::Arity { message, at, label, help: Some(help.into()) });
                return None;
            }
        }
        Some(checked)
    }

    /// The method that is named; `None` if there is none of this name.
    fn method(&mut self, expr: &ast::Expr) -> Option<OdeMethod> {
        let named = match &expr.kind {
            ast::ExprKind::Str(name) => OdeMethod::NAMES.iter().find(|(known, _)| known == name),
            _ => None,
        };
        if named.is_none() {
            self.error(CheckError::Type {
                message: "there is no such method".into(),
                at: expr.span.into(),
                label: "a method by name".into(),
                help: Some(
                    "the methods are \"rk45\", which is taken where none is named, and \"bdf\" for stiff equations"
                        .into(),
                ),
            });
        }
        named.map(|(_, method)| *method)
    }
}

/// `[len(ts), len(y0)]`
fn shape(args: &[Option<ir::Expr>; 3]) -> Result<Shape, CallError> {
    let types = args.each_ref().map(|arg| arg.as_ref().map_or_else(Type::unknown, |arg| arg.ty.clone()));
    typing::numeric(&types.clone().map(Some))?;
    let [start, t0, times] = &types;
    let n = typing::vector(start, 0, "the state `y0`")?;
    typing::scalar(t0, 1, "the time `t0`")?;
    let k = typing::vector(times, 2, "the times `ts`")?;
    Ok(typing::shape([k, n]))
}
