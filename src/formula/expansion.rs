//! Files with formulas as plain files.

use super::columns::{Columns, Known};
use super::error::{FormulaAdvice, FormulaError, FormulaErrors};
use super::find::{Found, blocks, expressions, formulas_in, names_in};
use super::names::Names;
use super::rewrite::{Rewritten, Writer};
use super::scale::scale;
use super::statements::{Design, Plain, rewrite};
use crate::source::{Source, Span};
use crate::syntax::ast::*;

/// A file without formulas.
#[derive(Debug)]
pub struct Expansion {
    pub rewritten: Rewritten,
    /// The design of each formula that has slopes.
    pub designs: Vec<Design>,
    pub advice: Vec<FormulaAdvice>,
}

/// Rewrites the formulas of a file. Before there are data, all columns are taken for numbers.
///
/// # Errors
/// All that is wrong with its formulas.
pub fn expand(source: &Source, file: &File, known: Option<&Known>) -> Result<Expansion, FormulaErrors> {
    let columns = Columns::new(file, known);
    let names = Names::new(file, columns.names());
    let n_formulas = count(&file.statements);
    let mut expander = Expander { source, columns, names, n_formulas, found: Vec::new(), errors: Vec::new() };
    expander.statements(&file.statements, true);
    let Expander { found, mut errors, .. } = expander;
    if !errors.is_empty() {
        errors.sort_by_key(|error| error.at().offset());
        errors.dedup();
        return Err(FormulaErrors::new(source, errors));
    }
    let mut writer = Writer::new(source);
    let (mut at, mut designs, mut advice) = (0, Vec::new(), Vec::new());
    for Statement { start, formulas } in found {
        writer.copy(Span { start: at, end: start });
        at = start;
        let is_inside_line = !source.text[..start as usize].trim_end_matches([' ', '\t']).ends_with('\n');
        if is_inside_line && start > 0 {
            writer.write("\n", formulas.first().map(|(formula, ..)| *formula).unwrap_or_default());
        }
        for (formula, _, plain) in &formulas {
            for line in &plain.lines {
                line.iter().for_each(|(text, origin)| writer.write(text, *origin));
                writer.write("\n", *formula);
            }
        }
        for (formula, is_alone, plain) in formulas {
            writer.copy(Span { start: at, end: formula.start });
            at = formula.end;
            let in_brackets =
                !is_alone && plain.sum.iter().any(|(text, _)| text == " + " || text.contains(' '));
            if in_brackets {
                writer.write("(", formula);
            }
            plain.sum.iter().for_each(|(text, origin)| writer.write(text, *origin));
            if in_brackets {
                writer.write(")", formula);
            }
            designs.extend(plain.designs);
            advice.extend(plain.advice);
        }
    }
    writer.copy(Span { start: at, end: source.text.len() as u32 });
    Ok(Expansion { rewritten: writer.finish(), designs, advice })
}

/// A statement with formulas.
struct Statement {
    /// Where statements before it go.
    start: u32,
    /// Each formula, whether it needs no brackets, and what stands for it.
    formulas: Vec<(Span, bool, Plain)>,
}

struct Expander<'a> {
    source: &'a Source,
    columns: Columns<'a>,
    names: Names,
    n_formulas: usize,
    found: Vec<Statement>,
    errors: Vec<FormulaError>,
}

impl<'a> Expander<'a> {
    fn statements(&mut self, statements: &'a [crate::syntax::ast::Statement], may_hold: bool) {
        for (k, statement) in statements.iter().enumerate() {
            let formulas: Vec<Found> = expressions(statement).into_iter().flat_map(formulas_in).collect();
            if let Some(first) = formulas.first() {
                match refused(statement, first.span, may_hold) {
                    Some(error) => self.errors.push(error),
                    None => self.statement(statement, formulas, &statements[k + 1..]),
                }
            }
            let (blocks, may_hold_inside) = blocks(statement);
            for block in blocks {
                self.statements(&block.statements, may_hold && may_hold_inside);
            }
        }
    }

    fn statement(
        &mut self,
        statement: &'a crate::syntax::ast::Statement,
        formulas: Vec<Found<'a>>,
        after: &'a [crate::syntax::ast::Statement],
    ) {
        let left = match &statement.kind {
            StatementKind::Sample { target, .. } | StatementKind::Define { target, .. } => {
                names_in(target).first().copied()
            }
            _ => None,
        };
        let mut done = Vec::new();
        for found in formulas {
            let span = found.span;
            let scale = |offsets: &[String]| scale(span, statement, after, offsets, &self.columns);
            let about = (self.n_formulas == 1, left);
            match rewrite(self.source, &found, &self.columns, &mut self.names, &scale, about) {
                Ok(plain) => done.push((found.span, found.is_alone, plain)),
                Err(errors) => self.errors.extend(errors),
            }
        }
        self.found.push(Statement { start: self.before(statement), formulas: done });
    }

    /// Where a statement begins, with the `##` lines above it.
    fn before(&self, statement: &crate::syntax::ast::Statement) -> u32 {
        let mut start = statement.span.start as usize;
        let line_of = |at: usize| self.source.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line = line_of(start);
        if self.source.text[line..start].trim().is_empty() {
            start = line;
            while statement.doc.is_some() && start > 0 {
                let above = line_of(start - 1);
                if !self.source.text[above..start].trim_start().starts_with("##") {
                    break;
                }
                start = above;
            }
        }
        start as u32
    }
}

/// Why a formula cannot stand in a statement.
fn refused(statement: &crate::syntax::ast::Statement, at: Span, may_hold: bool) -> Option<FormulaError> {
    let (message, help) = match &statement.kind {
        _ if !may_hold => (
            "a formula stands outside of loops and functions",
            "it is about all rows at once: give it a name before, `mu = lm(...)`, and use `mu[i]`",
        ),
        StatementKind::Sample { distribution, .. } if matches!(distribution.kind, ExprKind::Lm(_)) => (
            "a formula predicts a number: it is no distribution",
            "say what is distributed around it: `y ~ Normal(lm(...), sigma)`, `y ~ Bernoulli(logit = lm(...))`",
        ),
        StatementKind::Sample { target, .. } | StatementKind::Define { target, .. }
            if !formulas_in(target).is_empty() =>
        {
            ("a formula stands on the right of `~` or `=`", "write `y ~ Normal(lm(...), sigma)`")
        }
        StatementKind::Sample { .. } | StatementKind::Define { .. } | StatementKind::Factor { .. } => {
            return None;
        }
        _ => ("a formula stands on the right of `~` or `=`", "give it a name: `mu = lm(...)`"),
    };
    Some(FormulaError::Place {
        message: message.into(),
        at: at.into(),
        label: "a formula".into(),
        help: Some(help.into()),
    })
}

fn count(statements: &[crate::syntax::ast::Statement]) -> usize {
    let own =
        |statement| expressions(statement).into_iter().map(|expr| formulas_in(expr).len()).sum::<usize>();
    let inside =
        |statement| blocks(statement).0.into_iter().map(|block| count(&block.statements)).sum::<usize>();
    statements.iter().map(|statement| own(statement) + inside(statement)).sum()
}
