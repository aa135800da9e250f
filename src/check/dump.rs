//! The typed program in readable text, for `--dump ir`.

use std::fmt::Write;

use crate::ir::{Expr, ExprKind, Index, Model, Role, Statement, StatementKind, VariableId};
use crate::types::{ElementType, Type};

/// Variables with their roles and types, functions, statements: one a line, bodies indented.
pub fn dump(model: &Model) -> String {
    let mut out = String::from("variables\n");
    let width = model.variables.iter().map(|v| v.name.chars().count()).max().unwrap_or(0);
    for (i, variable) in model.variables.iter().enumerate() {
        let line = format!(
            "  {i:>3} {:<width$}  {:<14} {}",
            variable.name,
            role(variable.role),
            typed(&variable.ty)
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    let writer = Writer { model };
    for function in &model.functions {
        let parameters: Vec<&str> = function.parameters.iter().map(|p| writer.name(*p)).collect();
        let _ = writeln!(out, "function {}({})", function.name, parameters.join(", "));
        writer.block(&function.body, 1, &mut out);
    }
    out.push_str("body\n");
    writer.block(&model.body, 1, &mut out);
    out
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Data => "data",
        Role::Observed => "observed",
        Role::Latent => "latent",
        Role::Deterministic => "deterministic",
        Role::PointEstimate => "param",
        Role::Loop => "loop",
        Role::Local => "local",
    }
}

/// `real[N, K]`, `int = K`, `?`.
pub fn typed(ty: &Type) -> String {
    let element = ty.element.map_or_else(|| "?".to_string(), |element| element.to_string());
    match (ty.shape.rank(), &ty.size) {
        (None, _) if ty.element.is_none() => "?".into(),
        (None, _) => format!("{element}[?..]"),
        (Some(0), Some(size)) if *size != crate::types::Dim::Unknown => format!("{element} = {size}"),
        (Some(0), _) => element,
        (Some(_), _) => format!("{element}{}", ty.shape),
    }
}

struct Writer<'m> {
    model: &'m Model,
}

impl Writer<'_> {
    fn name(&self, id: VariableId) -> &str {
        &self.model.variable(id).name
    }

    fn block(&self, body: &[Statement], depth: usize, out: &mut String) {
        for statement in body {
            self.statement(statement, depth, out);
        }
    }

    fn statement(&self, statement: &Statement, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        out.push_str(&indent);
        let line = match &statement.kind {
            StatementKind::Latent { variable, plates, distribution } => {
                let plates =
                    if plates.is_empty() { String::new() } else { format!("[{}]", self.list(plates)) };
                format!("latent {}{plates} ~ {}", self.name(*variable), self.expr(distribution))
            }
            StatementKind::LatentElements { variable, indices, distribution } => {
                format!(
                    "element {}[{}] ~ {}",
                    self.name(*variable),
                    self.indices(indices),
                    self.expr(distribution)
                )
            }
            StatementKind::Observe { value, distribution } => {
                format!("observe {} ~ {}", self.expr(value), self.expr(distribution))
            }
            StatementKind::Define { variable, value } => {
                format!("define {} = {}", self.name(*variable), self.expr(value))
            }
            StatementKind::DefineElements { variable, indices, value } => {
                format!("element {}[{}] = {}", self.name(*variable), self.indices(indices), self.expr(value))
            }
            StatementKind::For { variable, range, .. } => {
                format!("for {} in {}", self.name(*variable), self.expr(range))
            }
            StatementKind::If { .. } => "if".into(),
            StatementKind::Data { variable, element, dims, range } => {
                let dims = dims.as_ref().map_or_else(String::new, |dims| format!("[{}]", self.list(dims)));
                format!("data {}: {element}{dims}{}", self.name(*variable), self.interval(range.as_ref()))
            }
            StatementKind::Param { variable, dims, range, start } => {
                let dims = if dims.is_empty() { String::new() } else { format!("[{}]", self.list(dims)) };
                let start =
                    start.as_ref().map_or_else(String::new, |start| format!(" = {}", self.expr(start)));
                format!("param {}{dims}{}{start}", self.name(*variable), self.interval(range.as_ref()))
            }
            StatementKind::Factor { value } => format!("factor {}", self.expr(value)),
            StatementKind::Return { value } => format!("return {}", self.expr(value)),
        };
        match &statement.kind {
            StatementKind::For { body, .. } => {
                out.push_str(&line);
                out.push('\n');
                self.block(body, depth + 1, out);
            }
            StatementKind::If { arms, otherwise } => {
                for (i, (condition, body)) in arms.iter().enumerate() {
                    if i > 0 {
                        let _ = write!(out, "{indent}else ");
                    }
                    let _ = writeln!(out, "{line} {}", self.expr(condition));
                    self.block(body, depth + 1, out);
                }
                if !otherwise.is_empty() {
                    let _ = writeln!(out, "{indent}else");
                    self.block(otherwise, depth + 1, out);
                }
            }
            _ => {
                out.push_str(&line);
                out.push('\n');
            }
        }
    }

    fn interval(&self, range: Option<&(Expr, Expr)>) -> String {
        range.map_or_else(String::new, |(a, b)| format!(" in ({}, {})", self.expr(a), self.expr(b)))
    }

    fn list(&self, exprs: &[Expr]) -> String {
        exprs.iter().map(|e| self.expr(e)).collect::<Vec<_>>().join(", ")
    }

    fn optional(&self, args: &[Option<Expr>]) -> String {
        let one = |arg: &Option<Expr>| arg.as_ref().map_or_else(|| "_".to_string(), |arg| self.expr(arg));
        args.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    fn indices(&self, indices: &[Index]) -> String {
        let one = |index: &Index| match index {
            Index::At(expr) => self.expr(expr),
            Index::Slice { lower, upper, .. } => {
                let end = |e: &Option<Expr>| e.as_ref().map_or_else(String::new, |e| self.expr(e));
                format!("{}:{}", end(lower), end(upper))
            }
        };
        indices.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    fn expr(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Number(value, ElementType::Real) => format!("{value:?}"),
            ExprKind::Number(value, ElementType::Bool) => (*value != 0.0).to_string(),
            ExprKind::Number(value, _) => value.to_string(),
            ExprKind::Str(level) => format!("{level:?}"),
            ExprKind::Variable(id) => self.name(*id).to_string(),
            ExprKind::Rows => "rows".into(),
            ExprKind::Array(items) => format!("[{}]", self.list(items)),
            ExprKind::Call { builtin, args } => self.call(builtin.name(), args),
            ExprKind::Apply { function, args } => {
                format!("{}({})", self.model.function(*function).name, self.list(args))
            }
            ExprKind::ApplyVariable { variable, args } => {
                format!("{}({})", self.name(*variable), self.list(args))
            }
            ExprKind::Function(id) => self.model.function(*id).name.clone(),
            ExprKind::Distribution { dist, form, args } => {
                let params = dist.forms()[*form];
                let given = params.iter().zip(args).filter_map(|(p, arg)| Some((p, arg.as_ref()?)));
                let args: Vec<String> =
                    given.map(|(p, arg)| format!("{} = {}", p.name, self.expr(arg))).collect();
                format!("{}({})", dist.name(), args.join(", "))
            }
            ExprKind::Wrapped { wrapper, inner, args } => {
                let given = wrapper.params().iter().zip(args).filter_map(|(p, arg)| Some((p, arg.as_ref()?)));
                let named = given.map(|(p, arg)| format!("{} = {}", p.name, self.expr(arg)));
                let parts: Vec<String> = inner.iter().map(|e| self.expr(e)).chain(named).collect();
                format!("{}({})", wrapper.name(), parts.join(", "))
            }
            ExprKind::Ask { question, distribution, at } => {
                let parts: Vec<String> =
                    std::iter::once(distribution).chain(at).map(|part| self.expr(part)).collect();
                format!("{}({})", question.name, parts.join(", "))
            }
            ExprKind::Ode(ode) => {
                let given = [&ode.function, &ode.start, &ode.t0, &ode.times].into_iter().chain(&ode.args);
                let given = given.map(|arg| self.expr(arg));
                let options = ode.options().map(|(name, option)| format!("{name} = {}", self.expr(option)));
                format!("ode({})", given.chain(options).collect::<Vec<_>>().join(", "))
            }
            ExprKind::AskOrCall { question, value, .. } => {
                format!("{}({})", question.name, self.expr(value))
            }
            ExprKind::Range { from, to } => format!("({} : {})", self.expr(from), self.expr(to)),
            ExprKind::Index { base, indices } => {
                let base = match base.kind {
                    ExprKind::Variable(_) => self.expr(base),
                    _ => format!("({})", self.expr(base)),
                };
                format!("{base}[{}]", self.indices(indices))
            }
        }
    }

    /// Operators stand between their operands, in brackets.
    fn call(&self, name: &str, args: &[Option<Expr>]) -> String {
        let is_symbol = !name.starts_with(|c: char| c.is_alphabetic());
        match args {
            [Some(a), Some(b)] if is_symbol => format!("({} {name} {})", self.expr(a), self.expr(b)),
            [Some(a)] if name == "neg" => format!("-{}", self.expr(a)),
            [Some(a)] if is_symbol => format!("{name}{}", self.expr(a)),
            _ => format!("{name}({})", self.optional(args)),
        }
    }
}
