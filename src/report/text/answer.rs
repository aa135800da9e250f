//! Answers to questions about a posterior.

use super::shown;
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
        AnswerKind::Random(summaries) => blocks_table(&[Block { quantity: &answer.shape, summaries }], style),
        AnswerKind::Fixed { values, errors } => fixed(answer, values, errors.as_deref(), style),
    }
}

fn fixed(answer: &Answer, values: &[f64], errors: Option<&[f64]>, style: &Style) -> String {
    let text = |element: usize| {
        let value = values[element];
        match errors.map(|errors| errors[element]) {
            Some(error) if error > 0.0 && error.is_finite() => {
                let mut both = with_digits(&[Some(value), Some(error)], Some(error), ERROR_DIGITS);
                let error = both.pop();
                (both.swap_remove(0), error)
            }
            _ if answer.shape.element == ElementType::Bool => ((value != 0.0).to_string(), None),
            _ => (plain(value), None),
        }
    };
    if answer.shape.dims.is_empty() {
        return match text(0) {
            (value, Some(error)) => format!("{value} ± {error}\n"),
            (value, None) => format!("{value}\n"),
        };
    }
    let n_shown = shown(values.len(), style);
    let (mut cells, mut margins): (Vec<String>, Vec<String>) =
        (0..n_shown).map(text).map(|(value, error)| (value, error.unwrap_or_default())).unzip();
    align_points(&mut cells);
    align_points(&mut margins);
    let any_error = margins.iter().any(|margin| !margin.trim().is_empty());
    let mut unnamed = answer.shape.clone();
    unnamed.name = String::new();
    let mut rows: Vec<Vec<String>> = (0..n_shown)
        .map(|element| {
            let mut row = vec![unnamed.element_name(element), cells[element].clone()];
            if any_error {
                row.push(format!("± {}", margins[element]));
            }
            row
        })
        .collect();
    if n_shown < values.len() {
        rows.push(vec![format!("  … {} more", values.len() - n_shown)]);
    }
    if values.is_empty() {
        return format!("no elements, shape {:?}\n", answer.shape.dims);
    }
    let mut header = vec![("", Align::Left), (answer.shape.name.as_str(), Align::Right)];
    if any_error {
        header.push(("", Align::Right));
    }
    table(&header, &rows, style)
}
