//! Names for what a formula adds to a model, which are nobody else's.

use std::collections::HashSet;

use super::find::{blocks, expressions, formulas_in, names_in, visit};
use crate::syntax::ast::{ExprKind, File, Statement, StatementKind, Term, TermKind};

/// Names that are taken, and the suffix of the formula at hand.
pub struct Names {
    taken: HashSet<String>,
    suffix: String,
}

impl Names {
    pub fn new<'n>(file: &'n File, data: impl Iterator<Item = &'n str>) -> Self {
        let mut taken: HashSet<String> = data.map(str::to_owned).collect();
        taken.insert("rows".into());
        names_of(&file.statements, &mut taken);
        Names { taken, suffix: String::new() }
    }

    /// Chooses the suffix of a formula, so that all of `stems` are free with it: none, if it is the only one; else what it predicts.
    pub fn begin(&mut self, stems: &[String], only: bool, left: Option<&str>) {
        let is_free =
            |suffix: &str| stems.iter().all(|stem| !self.taken.contains(&format!("{stem}{suffix}")));
        let left = left.map(identifier).unwrap_or_default();
        let named = if left.is_empty() { String::new() } else { format!("_{left}") };
        let numbered = (if named.is_empty() { 1 } else { 2 }..).map(|n| match named.as_str() {
            "" => format!("_{n}"),
            named => format!("{named}_{n}"),
        });
        let plain = only.then(String::new).into_iter().chain((!named.is_empty()).then(|| named.clone()));
        // There are more numbers than names.
        self.suffix = plain.chain(numbered).find(|suffix| is_free(suffix)).unwrap_or_default();
    }

    /// The name of a part of the formula at hand; it is taken from now on.
    pub fn take(&mut self, stem: &str) -> String {
        let name = format!("{stem}{}", self.suffix);
        self.taken.insert(name.clone());
        name
    }
}

/// The text as a part of a name.
pub fn identifier(text: &str) -> String {
    text.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' }).collect()
}

fn names_of_term(term: &Term, taken: &mut HashSet<String>) {
    match &term.kind {
        TermKind::Number(_) => {}
        TermKind::Column(column) => taken.extend(names_in(column).into_iter().map(str::to_owned)),
        TermKind::Group(inner) | TermKind::Minus(inner) => names_of_term(inner, taken),
        TermKind::Binary { left, right, .. } | TermKind::Effects { terms: left, groups: right, .. } => {
            names_of_term(left, taken);
            names_of_term(right, taken);
        }
    }
}

fn names_of(statements: &[Statement], taken: &mut HashSet<String>) {
    for statement in statements {
        match &statement.kind {
            StatementKind::Function { name, parameters, .. } => {
                taken.insert(name.text.clone());
                taken.extend(parameters.iter().map(|parameter| parameter.text.clone()));
            }
            StatementKind::Data { name, .. }
            | StatementKind::Param { name, .. }
            | StatementKind::For { variable: name, .. } => {
                taken.insert(name.text.clone());
            }
            _ => {}
        }
        for expr in expressions(statement) {
            visit(expr, &mut |part| {
                if let ExprKind::Name(name) = &part.kind {
                    taken.insert(name.clone());
                }
            });
            formulas_in(expr).iter().for_each(|found| names_of_term(&found.model.formula, taken));
        }
        for block in blocks(statement).0 {
            names_of(&block.statements, taken);
        }
    }
}
