//! From terms to the columns of a design matrix, as R's `model.matrix` makes them.

use super::terms::{Set, Terms, Variable, VariableKind};
use crate::source::{Source, Span};
use crate::syntax::ast::{BinaryOp, ExprKind};
use crate::syntax::parse_expression;

/// A column of a design: one coefficient.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// `x1:groupb`
    pub label: String,
    /// `x1 * (group == "b")`
    pub code: String,
    pub span: Span,
}

/// The columns of all terms but the intercept.
pub fn columns(terms: &Terms) -> Vec<Column> {
    let first_with_levels = match terms.has_intercept {
        true => None,
        false => first_with_levels(terms),
    };
    let mut columns = Vec::new();
    for (at, (set, span)) in terms.sets.iter().enumerate() {
        let factors: Vec<Vec<(String, String)>> = set
            .iter()
            .map(|&k| {
                let variable = &terms.variables[k];
                let all = first_with_levels == Some((at, k)) || is_dummy(&terms.sets[..at], set, k);
                factor(variable, all)
            })
            .collect();
        columns.extend(products(&factors).into_iter().map(|(label, code)| Column {
            label,
            code,
            span: *span,
        }));
    }
    columns
}

/// Without an intercept the first variable with levels has a column for each of them.
fn first_with_levels(terms: &Terms) -> Option<(usize, usize)> {
    terms.sets.iter().enumerate().find_map(|(at, (set, _))| {
        let has_levels = |k: &&usize| matches!(terms.variables[**k].kind, VariableKind::Levels(_));
        set.iter().find(has_levels).map(|&k| (at, k))
    })
}

/// Whether a variable has a column for each level in a term: if the term without it is in no term before (R's `TermCode`, after
/// Chambers and Hastie, "Statistical Models in S", 1992, p. 38).
fn is_dummy(before: &[(Set, Span)], set: &Set, variable: usize) -> bool {
    let mut margin = set.clone();
    margin.remove(&variable);
    !margin.is_empty() && !before.iter().any(|(other, _)| margin.is_subset(other))
}

/// Labels and codes of the columns of one variable.
fn factor(variable: &Variable, all_levels: bool) -> Vec<(String, String)> {
    match &variable.kind {
        VariableKind::Number => vec![(variable.label.clone(), variable.code.clone())],
        // Before there are data any column does.
        VariableKind::Levels(None) => {
            vec![(variable.label.clone(), format!("one_hot({}, 2)[:, 2]", variable.code))]
        }
        VariableKind::Levels(Some(levels)) => {
            let column = |level: &super::columns::Level| {
                let value = if level.is_word { quoted(&level.name) } else { level.name.clone() };
                (format!("{}{}", variable.label, level.name), format!("{} == {value}", variable.code))
            };
            levels.iter().skip(usize::from(!all_levels)).map(column).collect()
        }
    }
}

/// All products of one column of each variable, the first varying fastest.
fn products(factors: &[Vec<(String, String)>]) -> Vec<(String, String)> {
    let [only] = factors else {
        let mut all = vec![(String::new(), String::new())];
        for factor in factors {
            let joined = |(label, code): &(String, String), (own, value): &(String, String)| {
                let value = in_product(value);
                match label.is_empty() {
                    true => (own.clone(), value),
                    false => (format!("{label}:{own}"), format!("{code} * {value}")),
                }
            };
            all = factor.iter().flat_map(|own| all.iter().map(move |before| joined(before, own))).collect();
        }
        return all;
    };
    only.clone()
}

/// An expression as a factor of a product.
pub fn in_product(code: &str) -> String {
    match parse_expression(&Source::new("a column", code)).map(|expr| expr.kind) {
        Ok(ExprKind::Binary { op: BinaryOp::Pow, .. }) => code.to_owned(),
        Ok(ExprKind::Binary { .. } | ExprKind::Unary { .. }) => format!("({code})"),
        _ => code.to_owned(),
    }
}

/// A string of the language.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
