//! From a formula to its terms: sets of variables, an intercept or none, offsets and group effects. The algebra is that of R.

use std::collections::BTreeSet;

use super::columns::{Columns, Level};
use super::error::FormulaError;
use crate::check::nearest;
use crate::source::Span;
use crate::syntax::ast::*;
use crate::syntax::print_expr;

/// What stands between two operators of a formula: a column, or an expression of columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// As it is written; it names coefficients.
    pub label: String,
    /// An expression of the language; of levels, the column that has them.
    pub code: String,
    pub kind: VariableKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum VariableKind {
    Number,
    /// Unknown before there are data.
    Levels(Option<Vec<Level>>),
}

/// A product of variables, by their positions; empty for the intercept.
pub type Set = BTreeSet<usize>;

/// What a formula says.
#[derive(Debug, Default)]
pub struct Terms {
    pub variables: Vec<Variable>,
    /// Without the intercept, by degree, else in the order in which they are written.
    pub sets: Vec<(Set, Span)>,
    pub has_intercept: bool,
    pub offsets: Vec<(String, Span)>,
    pub effects: Vec<Effects>,
}

/// `(terms | group)`
#[derive(Debug)]
pub struct Effects {
    pub terms: Terms,
    /// Columns whose combinations of levels are the groups.
    pub group: Vec<Variable>,
    pub correlated: bool,
    pub span: Span,
}

/// The terms of a formula; all of its errors.
pub fn terms(formula: &Term, columns: &Columns) -> Result<Terms, Vec<FormulaError>> {
    let mut reader = Reader::new(columns, true);
    reader.sum(formula, true);
    reader.finish()
}

pub(super) struct Reader<'c, 'a> {
    pub(super) columns: &'c Columns<'a>,
    /// Whether effects and offsets may stand here.
    is_outermost: bool,
    terms: Terms,
    pub(super) errors: Vec<FormulaError>,
}

impl<'c, 'a> Reader<'c, 'a> {
    fn new(columns: &'c Columns<'a>, is_outermost: bool) -> Self {
        let terms = Terms { has_intercept: true, ..Terms::default() };
        Reader { columns, is_outermost, terms, errors: Vec::new() }
    }

    fn finish(mut self) -> Result<Terms, Vec<FormulaError>> {
        self.terms.sets.sort_by_key(|(set, _)| set.len());
        if self.errors.is_empty() { Ok(self.terms) } else { Err(self.errors) }
    }

    pub(super) fn refuse(&mut self, message: impl Into<String>, at: Span, label: &str, help: &str) {
        self.errors.push(FormulaError::Term {
            message: message.into(),
            at: at.into(),
            label: label.into(),
            help: Some(help.into()),
        });
    }

    /// A sum at the top, each part added or taken away.
    fn sum(&mut self, term: &Term, adds: bool) {
        match &term.kind {
            TermKind::Binary { op: op @ (TermOp::Add | TermOp::Remove), left, right, .. } => {
                self.sum(left, adds);
                self.sum(right, adds == (*op == TermOp::Add));
            }
            TermKind::Minus(inner) => self.sum(inner, !adds),
            TermKind::Group(inner) => self.sum(inner, adds),
            TermKind::Number(1) => self.terms.has_intercept = adds,
            TermKind::Number(0) => self.terms.has_intercept = !adds,
            TermKind::Number(other) => self.refuse(
                format!("a formula has no number {other}"),
                term.span,
                "1 is the intercept, 0 is none",
                "each term has a coefficient of its own; what is known is added outside: `lm(...) + 2`, or `offset(2 * x)`",
            ),
            TermKind::Effects { .. } | TermKind::Column(_) if !adds && !matches!(&term.kind, TermKind::Column(column) if offset(column).is_none()) => {
                self.refuse("only terms can be taken away", term.span, "not a term", "leave it out of the formula");
            }
            TermKind::Effects { terms, correlated, groups, .. } => {
                self.effects(terms, *correlated, groups, term.span);
            }
            TermKind::Column(column) if offset(column).is_some() => self.offset(column),
            _ => {
                for (set, span) in self.product(term) {
                    let known = self.terms.sets.iter().position(|(other, _)| *other == set);
                    match (known, adds) {
                        (None, true) => self.terms.sets.push((set, span)),
                        (Some(at), false) => {
                            self.terms.sets.remove(at);
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    /// The sets of a product, an interaction or a single column.
    fn product(&mut self, term: &Term) -> Vec<(Set, Span)> {
        let span = term.span;
        match &term.kind {
            TermKind::Column(column) => {
                if offset(column).is_some() {
                    self.refuse(
                        "an offset is added",
                        span,
                        "in a product",
                        "write it as a term: `a * b + offset(e)`",
                    );
                    return Vec::new();
                }
                self.variable(column).map(|at| vec![(Set::from([at]), span)]).unwrap_or_default()
            }
            TermKind::Group(inner) => self.product(inner),
            TermKind::Binary { op, left, right, .. } => {
                let (left, right) = (self.product(left), self.product(right));
                let crossed = |left: &[(Set, Span)], right: &[(Set, Span)]| -> Vec<(Set, Span)> {
                    let pair = |a: &(Set, Span), b: &(Set, Span)| (&a.0 | &b.0, span);
                    left.iter().flat_map(|a| right.iter().map(move |b| pair(a, b))).collect()
                };
                match op {
                    TermOp::Add => union([left, right]),
                    TermOp::Remove => left
                        .into_iter()
                        .filter(|(set, _)| right.iter().all(|(other, _)| other != set))
                        .collect(),
                    TermOp::Cross => {
                        let both = crossed(&left, &right);
                        union([left, right, both])
                    }
                    TermOp::Nest => {
                        let all = left.iter().fold(Set::new(), |all, (set, _)| &all | set);
                        let within = crossed(&[(all, span)], &right);
                        union([left, within])
                    }
                    TermOp::Interact => union([crossed(&left, &right)]),
                }
            }
            TermKind::Number(_) | TermKind::Minus(_) => {
                self.refuse(
                    "a number in a product of terms",
                    span,
                    "not a column",
                    "an intercept is added: `1 + a * b`",
                );
                Vec::new()
            }
            TermKind::Effects { .. } => {
                self.refuse(
                    "group effects in a product of terms",
                    span,
                    "not a column",
                    "add them, `a * b + (1 | g)`; effects that differ by group are `(a * b | g)`",
                );
                Vec::new()
            }
        }
    }

    fn effects(&mut self, terms: &Term, correlated: bool, groups: &Term, span: Span) {
        if !self.is_outermost {
            return self.refuse(
                "group effects within group effects",
                span,
                "inside another `( | )`",
                "groups within groups are `(1 | g1/g2)`",
            );
        }
        let mut grouping = Reader::new(self.columns, false);
        let mut sets = grouping.product(groups);
        sets.sort_by_key(|(set, _)| set.len());
        let variables = grouping.terms.variables;
        self.errors.append(&mut grouping.errors);
        for (set, at) in sets {
            let group: Vec<Variable> = set.into_iter().map(|k| variables[k].clone()).collect();
            if let Some(odd) = group.iter().find(|variable| !is_name(&variable.code)) {
                self.refuse(
                    format!("`{}` is not a column", odd.label),
                    odd.span,
                    "not a name",
                    "groups are the levels of a column: give it a name, `g = ...`, above",
                );
                continue;
            }
            let mut reader = Reader::new(self.columns, false);
            reader.sum(terms, true);
            match reader.finish() {
                Ok(terms) if terms.sets.is_empty() && !terms.has_intercept => {
                    self.refuse(
                        "no effect differs by group",
                        at,
                        "groups",
                        "write `(1 | g)` or `(1 + x | g)`",
                    );
                }
                Ok(terms) => self.terms.effects.push(Effects { terms, group, correlated, span }),
                Err(errors) => {
                    self.errors.extend(errors);
                    return;
                }
            }
        }
    }

    fn offset(&mut self, column: &Expr) {
        let Some(arguments) = offset(column) else { return };
        match arguments {
            [Argument { name: None, value }] if self.is_outermost => {
                self.terms.offsets.push((print_expr(value), column.span));
            }
            [_] => self.refuse(
                "an offset within group effects",
                column.span,
                "known for each row",
                "add it outside: `(1 | g) + offset(e)`",
            ),
            _ => self.refuse(
                "`offset` takes one expression",
                column.span,
                "an offset",
                "write `offset(log(n))`",
            ),
        }
    }

    /// The position of a variable, which is new or was written before.
    fn variable(&mut self, column: &Expr) -> Option<usize> {
        let variable = self.read(column)?;
        let known = self
            .terms
            .variables
            .iter()
            .position(|other| (&other.label, &other.kind) == (&variable.label, &variable.kind));
        Some(known.unwrap_or_else(|| {
            self.terms.variables.push(variable);
            self.terms.variables.len() - 1
        }))
    }
}

/// The arguments of `offset(...)`.
fn offset(column: &Expr) -> Option<&[Argument]> {
    match &column.kind {
        ExprKind::Call { function, arguments } if function.text == "offset" => Some(arguments),
        _ => None,
    }
}

fn is_name(code: &str) -> bool {
    crate::syntax::lexer::is_plain_name(code) || code.starts_with('`')
}

/// Each set once, in order.
fn union<const N: usize>(all: [Vec<(Set, Span)>; N]) -> Vec<(Set, Span)> {
    let mut union: Vec<(Set, Span)> = Vec::new();
    for (set, span) in all.into_iter().flatten() {
        if union.iter().all(|(other, _)| *other != set) {
            union.push((set, span));
        }
    }
    union
}

/// `did you mean ...?`
pub fn did_you_mean<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    let near: Vec<String> = nearest(name, known).iter().map(|name| format!("`{name}`")).collect();
    (!near.is_empty()).then(|| format!("did you mean {}?", near.join(" or ")))
}
