//! Answers to questions about a posterior.

use super::shown;
use super::states::words;
use super::summary::{Block, blocks_table};
use super::table::{Align, table};
use crate::posterior::{Answer, AnswerKind};
use crate::report::Style;
use crate::report::number::{align_points, plain, with_digits};
use crate::types::ElementType;

/// Significant digits of a Monte Carlo error.
const ERROR_DIGITS: i32 = 2;

/// A summary table for what has a posterior; a number with its Monte Carlo error for a summary of it.
pub fn answer(answer: &Answer, style: &Style) -> String {
    match &answer.kind {
        AnswerKind::Random(summaries) => {
            let name = |element: usize| {
                if answer.is_unnamed_scalar() {
                    answer.question.clone()
                } else {
                    answer.names[element].clone()
                }
            };
            let block = Block {
                name: Box::new(name),
                empty: &answer.question,
                doc: "",
                summaries,
                verdicts: &[],
                convergence: &[],
            };
            blocks_table(&[block], style)
        }
        AnswerKind::Levels(states) => match &answer.levels {
            Some(levels) => words(&answer.names, states, levels, style),
            None => String::new(),
        },
        AnswerKind::Fixed { values, errors } => fixed(answer, values, errors.as_deref(), style),
        AnswerKind::Quantiles { probabilities, values, errors } => {
            quantiles(answer, probabilities, values, errors, style)
        }
    }
}

/// A value with the digits that its error leaves, and the error if there is one.
fn with_error(value: f64, error: Option<f64>, element: ElementType) -> (String, Option<String>) {
    match error {
        Some(error) if error > 0.0 && error.is_finite() => {
            let mut both = with_digits(&[Some(value), Some(error)], Some(error), ERROR_DIGITS);
            let error = both.pop();
            (both.swap_remove(0), error)
        }
        _ if element == ElementType::Bool => ((value != 0.0).to_string(), None),
        _ => (plain(value), None),
    }
}

fn fixed(answer: &Answer, values: &[f64], errors: Option<&[f64]>, style: &Style) -> String {
    let word = |value: f64| answer.levels.as_ref()?.names().get((value as usize).checked_sub(1)?).cloned();
    let text = |element: usize| match word(values[element]) {
        Some(word) => (word, None),
        None => with_error(values[element], errors.map(|errors| errors[element]), answer.element),
    };
    if answer.dims.is_empty() {
        return match text(0) {
            (value, Some(error)) => format!("{value} ± {error}\n"),
            (value, None) => format!("{value}\n"),
        };
    }
    if values.is_empty() {
        return format!("no elements (shape {:?})\n", answer.dims);
    }
    let n_shown = shown(values.len(), style);
    let (mut cells, mut margins): (Vec<String>, Vec<String>) =
        (0..n_shown).map(text).map(|(value, error)| (value, error.unwrap_or_default())).unzip();
    align_points(&mut cells);
    align_points(&mut margins);
    let any_error = margins.iter().any(|margin| !margin.trim().is_empty());
    let mut header = vec![("", Align::Left), ("value", Align::Right)];
    if any_error {
        header.push(("± error", Align::Right));
    }
    let rows = (0..n_shown).map(|element| {
        let mut row = vec![answer.names[element].clone(), cells[element].clone()];
        if any_error {
            row.push(margins[element].clone());
        }
        row
    });
    table(&header, &with_count(rows.collect(), values.len()), style)
}

/// One column a probability.
fn quantiles(
    answer: &Answer,
    probabilities: &[f64],
    values: &[f64],
    errors: &[f64],
    style: &Style,
) -> String {
    let k = probabilities.len();
    let n = answer.names.len();
    let n_shown = shown(n, style);
    let titles: Vec<String> = probabilities.iter().map(|p| format!("{}%", plain(100.0 * p))).collect();
    let mut header = vec![("", Align::Left)];
    header.extend(titles.iter().map(|title| (title.as_str(), Align::Right)));
    let mut rows: Vec<Vec<String>> = answer.names[..n_shown].iter().map(|name| vec![name.clone()]).collect();
    for j in 0..k {
        let cell = |element: usize| {
            let at = element * k + j;
            with_error(values[at], Some(errors[at]), answer.element).0
        };
        let mut column: Vec<String> = (0..n_shown).map(cell).collect();
        align_points(&mut column);
        rows.iter_mut().zip(column).for_each(|(row, cell)| row.push(cell));
    }
    table(&header, &with_count(rows, n), style)
}

/// The rows, with a line that counts those left out.
fn with_count(mut rows: Vec<Vec<String>>, n: usize) -> Vec<Vec<String>> {
    if rows.len() < n {
        rows.push(vec![format!("  … {} more", n - rows.len())]);
    }
    rows
}

impl Answer {
    /// A scalar that is not an element of a quantity: the question itself names it.
    fn is_unnamed_scalar(&self) -> bool {
        self.dims.is_empty() && self.names.iter().all(String::is_empty)
    }
}
