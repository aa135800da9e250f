//! Formulas on their way to plain programs: expansion, errors shown where formulas stand, designs looked at with their values.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, Report, Severity, SourceCode};

use super::{Prepared, Request, read_data};
use crate::check::{self, DataSummary, check_expression};
use crate::compile::{ExpressionProgram, compile_expression};
use crate::data::Dataset;
use crate::formula::{self, Design, Expansion, FormulaAdvice, FormulaError, FormulaErrors, Known, Rewritten};
use crate::ir;
use crate::posterior::DataRecord;
use crate::source::{Source, Span};
use crate::syntax::{self, ast};

/// A column whose part that others do not make is smaller than this, of its length, is made of them.
const DEPENDENT: f64 = 1e-9;
/// Columns that make less of another one are not named.
const NAMED: f64 = 1e-6;
/// Multiplications beyond which a design is not looked at.
const MOST_WORK: usize = 1 << 31;

/// A model without its formulas, in canonical layout, with warnings.
pub fn expand(request: &Request) -> Result<(String, Vec<Report>), Report> {
    let (dataset, record, mut warnings) = read_data(&request.data, &request.drop)?;
    let dataset = (!request.data.is_empty()).then_some(&dataset);
    let syntax = syntax::parse(&request.model)?;
    let expansion = expanded(&request.model, &syntax, dataset)?;
    let summary = record.summary();
    warnings.extend(super::check(&request.model, dataset.map(|_| &summary), dataset)?.warnings);
    let text = syntax::format(&expansion.rewritten.source)
        .map_err(|errors| located(errors.into(), &expansion.rewritten))?;
    Ok((text, warnings))
}

/// A file whose formulas are expanded; `None` if it has none.
pub(super) fn expansion(
    model: &Source,
    syntax: &ast::File,
    dataset: Option<&Dataset>,
) -> Result<Option<Expansion>, Report> {
    let expansion = expanded(model, syntax, dataset)?;
    Ok((!expansion.rewritten.is_unchanged()).then_some(expansion))
}

fn expanded(
    model: &Source,
    syntax: &ast::File,
    dataset: Option<&Dataset>,
) -> Result<Expansion, FormulaErrors> {
    let Some(data) = dataset else { return formula::expand(model, syntax, None) };
    let summary = DataRecord::new(data, Vec::new(), Vec::new()).summary();
    let evaluate = |code: &str| evaluate(code, data, &summary);
    formula::expand(model, syntax, Some(&Known { data, evaluate: &evaluate }))
}

/// The numbers of an expression of names of the data; `None` if it is none.
fn evaluate(code: &str, data: &Dataset, summary: &DataSummary) -> Option<Vec<f64>> {
    let source = Source::new("an expression of the data", format!("value_for_formula = {code}"));
    let file = syntax::parse(&source).ok()?;
    let model = check::check(&source, &file, Some(summary)).ok()?.model;
    let ir::StatementKind::Define { value, .. } = &model.body.first()?.kind else { return None };
    let compiled = compile_expression(&model, value, &[], &[], Some(data)).ok()?;
    Some(numbers(&compiled))
}

/// The elements of an expression without inputs.
fn numbers(compiled: &ExpressionProgram) -> Vec<f64> {
    let mut flat = vec![0.0; compiled.dims.iter().product()];
    let mut workspace = compiled.program.workspace(1);
    compiled.program.run(&mut workspace, &[]);
    compiled.program.output(&workspace, 0).copy_to(&mut flat, 1);
    flat
}

impl Prepared {
    /// An error about the model, shown where it stands in what the user wrote.
    pub(super) fn about_model(&self, error: impl Diagnostic + Send + Sync + 'static) -> Report {
        let report = Report::new(error).with_source_code(self.model.source.named());
        match &self.rewritten {
            Some(rewritten) => located(report, rewritten),
            None => report,
        }
    }
}

/// What the values of designs show: dependent columns.
///
/// # Errors
/// A column that is the same in every row.
pub(super) fn doubts(
    expansion: &Expansion,
    model: &ir::Model,
    dataset: &Dataset,
) -> Result<Vec<FormulaAdvice>, Report> {
    let mut advice = Vec::new();
    let mut errors = Vec::new();
    for design in &expansion.designs {
        let Some(values) = values(design, model, dataset) else { continue };
        match dependencies(design, values) {
            Ok(dependencies) if dependencies.is_empty() => {}
            Ok(dependencies) => {
                advice.push(FormulaAdvice::Collinear { dependencies, at: design.formula.into() });
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(advice)
    } else {
        Err(FormulaErrors::new(&expansion.rewritten.original, errors).into())
    }
}

/// The columns of a design that data alone make: `[columns][rows]`.
fn values(design: &Design, model: &ir::Model, dataset: &Dataset) -> Option<Vec<Vec<f64>>> {
    let codes: Vec<&str> = design.columns.iter().map(|column| column.code.as_str()).collect();
    let source = Source::new("design", format!("cbind({})", codes.join(", ")));
    let expr = syntax::parse_expression(&source).ok()?;
    let typed = check_expression(model, &source, &expr).ok()?;
    let asked = ir::Model { source, ..model.clone() };
    let compiled = compile_expression(&asked, &typed, &[], &[], Some(dataset)).ok()?;
    let [n_rows, n_columns] = compiled.dims[..] else { return None };
    let work = n_rows.saturating_mul(n_columns).saturating_mul(n_columns);
    if n_columns != design.columns.len() || n_rows == 0 || work > MOST_WORK {
        return None;
    }
    let flat = numbers(&compiled);
    let column = |k: usize| flat.iter().skip(k).step_by(n_columns).copied().collect::<Vec<f64>>();
    let columns: Vec<Vec<f64>> = (0..n_columns).map(column).collect();
    columns.iter().flatten().all(|x| x.is_finite()).then_some(columns)
}

/// Which columns are made of those before them, in words, by a QR decomposition.
fn dependencies(design: &Design, columns: Vec<Vec<f64>>) -> Result<Vec<String>, FormulaError> {
    // Of each independent column: its direction, and what it has of the directions before.
    let mut basis: Vec<(usize, Vec<f64>, Vec<f64>)> = Vec::new();
    let mut dependent = Vec::new();
    for (k, mut x) in columns.into_iter().enumerate() {
        let raw = norm(&x);
        if design.has_intercept {
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            x.iter_mut().for_each(|x| *x -= mean);
        }
        let length = norm(&x);
        let (column, at) = (design.columns[k].label.clone(), design.columns[k].span.into());
        if raw == 0.0 {
            return Err(FormulaError::Zero { column, at });
        }
        if length <= DEPENDENT * raw {
            return Err(FormulaError::Constant { column, at });
        }
        let mut along = Vec::with_capacity(basis.len() + 1);
        for (_, direction, _) in &basis {
            let part = dot(&x, direction);
            x.iter_mut().zip(direction).for_each(|(x, d)| *x -= part * d);
            along.push(part);
        }
        let rest = norm(&x);
        if rest > DEPENDENT * length {
            x.iter_mut().for_each(|x| *x /= rest);
            along.push(rest);
            basis.push((k, x, along));
            continue;
        }
        let makes = coefficients(&basis, along);
        let parts: Vec<String> = basis
            .iter()
            .zip(&makes)
            .filter(|((_, _, own), weight)| weight.abs() * norm(own) > NAMED * length)
            .map(|((of, ..), _)| format!("`{}`", design.columns[*of].label))
            .collect();
        dependent.push(format!("`{column}` is made of {}", parts.join(", ")));
    }
    Ok(dependent)
}

/// The weights of the independent columns in one with these parts along their directions, by back substitution.
fn coefficients(basis: &[(usize, Vec<f64>, Vec<f64>)], mut along: Vec<f64>) -> Vec<f64> {
    for k in (0..along.len()).rev() {
        let own = &basis[k].2;
        along[k] /= own[k];
        let weight = along[k];
        along[..k].iter_mut().zip(own).for_each(|(rest, part)| *rest -= weight * part);
    }
    along
}

fn norm(x: &[f64]) -> f64 {
    dot(x, x).sqrt()
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// Whether the first place of a report is one that the user wrote, not one that stands for a formula.
pub(super) fn is_about_own_text(report: &Report, rewritten: &Rewritten) -> bool {
    let first = report.labels().and_then(|mut labels| labels.next());
    first.is_none_or(|label| rewritten.is_copy(Span::new(label.offset(), label.offset() + label.len())))
}

/// A report about a plain program, with its places in what the user wrote.
pub(super) fn located(report: Report, rewritten: &Rewritten) -> Report {
    Located::of(report.as_ref(), rewritten, true).into()
}

/// A copy of a diagnostic with other places.
#[derive(Debug)]
struct Located {
    message: String,
    code: Option<String>,
    severity: Option<Severity>,
    help: Option<String>,
    labels: Vec<LabeledSpan>,
    related: Vec<Located>,
    source: Option<NamedSource<Arc<str>>>,
}

impl Located {
    fn of(diagnostic: &dyn Diagnostic, rewritten: &Rewritten, is_outermost: bool) -> Located {
        let mut labels: Vec<LabeledSpan> = Vec::new();
        for label in diagnostic.labels().into_iter().flatten() {
            let at = rewritten.origin(Span::new(label.offset(), label.offset() + label.len()));
            // Several places of a plain program may be one of the formula: the first says most.
            if labels.iter().all(|other| *other.inner() != at.into()) {
                let text = label.label().map(str::to_owned);
                labels.push(match label.primary() {
                    true => LabeledSpan::new_primary_with_span(text, at),
                    false => LabeledSpan::new_with_span(text, at),
                });
            }
        }
        let related = diagnostic.related().into_iter().flatten();
        Located {
            message: diagnostic.to_string(),
            code: diagnostic.code().map(|code| code.to_string()),
            severity: diagnostic.severity(),
            help: diagnostic.help().map(|help| help.to_string()),
            labels,
            related: related.map(|related| Located::of(related, rewritten, false)).collect(),
            source: is_outermost.then(|| rewritten.original.named()),
        }
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Located {}

impl Diagnostic for Located {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.as_ref().map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<Severity> {
        self.severity
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        let is_list = !self.related.is_empty();
        is_list.then(|| Box::new(self.related.iter().map(|one| one as &dyn Diagnostic)) as Box<_>)
    }
}
