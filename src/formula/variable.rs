//! What stands between the operators of a formula: columns, levels, expressions.

use super::columns::{Kind, Level};
use super::error::FormulaError;
use super::find::{names_in, visit};
use super::terms::{Reader, Variable, VariableKind};
use crate::source::Span;
use crate::syntax::ast::*;
use crate::syntax::print_expr;
use crate::syntax::printer::print_name;

/// Calls that are no functions of the language, and what to write in their place.
const ELSEWHERE: &[(&str, &str)] = &[
    ("s", SPLINE),
    ("t2", SPLINE),
    ("te", SPLINE),
    ("bs", SPLINE),
    ("ns", SPLINE),
    (
        "gp",
        "write the process outside of the formula: `f ~ MvNormal(0, cov = gp_exp_quad(x, a, l))`, and `lm(...) + f`",
    ),
    ("poly", "write the powers: `x + x^2`, of `center(x)` or `standardize(x)` where they go together"),
    ("scale", "it is called `standardize`, without the scaling `center`"),
    ("mo", "write the steps outside of the formula, with `Dirichlet` increments and `cumsum`"),
    (
        "me",
        "give the true values a name of their own, `x ~ Normal(m, s)`, `x_measured ~ Normal(x, e)`, and use `x`",
    ),
    ("mi", "a column with a `~` of its own has its missing entries imputed: write its name alone"),
    ("C", "write `category(x)`"),
    ("as_factor", "write `category(x)`"),
];

const SPLINE: &str = "write the basis outside of the formula: `w[K] ~ RandomWalk(tau, K)`, and `lm(...) + B @ w` with the basis B in the data";

impl Reader<'_, '_> {
    /// What a column or an expression of columns is.
    pub(super) fn read(&mut self, column: &Expr) -> Option<Variable> {
        let span = column.span;
        let label = print_expr(column);
        let number =
            |code: String| Some(Variable { label: label.clone(), code, kind: VariableKind::Number, span });
        match &column.kind {
            ExprKind::Name(name) => match self.columns.kind(name) {
                Kind::Number => number(label.clone()),
                Kind::Levels(levels) => self.levels(label, name, levels, span),
                Kind::Other(what) => {
                    self.refuse(
                        format!("`{name}` is no column"),
                        span,
                        &what,
                        "a term has a number or a level for each row: take a column of a matrix, `X[:, 1]`",
                    );
                    None
                }
            },
            ExprKind::Call { function, arguments } => match (function.text.as_str(), arguments.as_slice()) {
                ("I", [Argument { name: None, value }]) => number(print_expr(value)),
                ("category", [Argument { name: None, value: Expr { kind: ExprKind::Name(name), .. } }]) => {
                    match self.columns.levels(name) {
                        Ok(levels) => self.levels(name.clone(), name, levels, span),
                        Err(()) => {
                            self.refuse(
                                format!("`{name}` has no levels"),
                                span,
                                "neither words nor whole numbers",
                                "levels are the distinct values of a column of words or whole numbers",
                            );
                            None
                        }
                    }
                }
                ("I" | "category", _) => {
                    self.refuse(
                        format!("`{}` takes one {}", function.text, if function.text == "I" { "expression" } else { "column" }),
                        span,
                        "in this term",
                        "`category(year)` has a coefficient for each level, `I(a * b)` one for a product of numbers",
                    );
                    None
                }
                (other, _) => {
                    if let Some((_, help)) = ELSEWHERE.iter().find(|(name, _)| *name == other) {
                        self.refuse(
                            format!("`{other}` is no function of formulas"),
                            function.span,
                            "not in this language",
                            help,
                        );
                        return None;
                    }
                    self.expression(column).then(|| number(label.clone())).flatten()
                }
            },
            _ => self.expression(column).then(|| number(label.clone())).flatten(),
        }
    }

    fn levels(
        &mut self,
        label: String,
        name: &str,
        levels: Option<Vec<Level>>,
        span: Span,
    ) -> Option<Variable> {
        if let Some([only]) = levels.as_deref() {
            self.errors.push(FormulaError::OneLevel {
                name: name.into(),
                level: only.name.clone(),
                at: span.into(),
            });
            return None;
        }
        let code = print_name(name);
        Some(Variable { label, code, kind: VariableKind::Levels(levels), span })
    }

    /// An expression is one of numbers: words in it have no value.
    fn expression(&mut self, column: &Expr) -> bool {
        let mut holds_formula = None;
        visit(column, &mut |part| {
            if matches!(part.kind, ExprKind::Lm(_)) {
                holds_formula = Some(part.span);
            }
        });
        if let Some(at) = holds_formula {
            self.refuse(
                "a formula within a formula",
                at,
                "here",
                "formulas are added outside: `lm(a) + lm(b)`",
            );
            return false;
        }
        let words = |name: &&str| matches!(self.columns.kind(name), Kind::Levels(Some(_)));
        let compared = contains_words(column);
        if let Some(name) = names_in(column).into_iter().find(words).filter(|_| !compared) {
            let name = name.to_owned();
            self.refuse(
                format!("`{name}` has levels, not numbers"),
                column.span,
                "an expression of numbers",
                "levels stand in a term by their name alone, or are compared: `I(g == \"a\")`",
            );
            return false;
        }
        true
    }
}

/// Whether an expression compares with a level, or looks one up.
fn contains_words(expr: &Expr) -> bool {
    let mut found = false;
    visit(expr, &mut |part| found |= matches!(part.kind, ExprKind::Str(_) | ExprKind::Index { .. }));
    found
}
