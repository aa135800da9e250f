//! Text for terminals and pipes.

mod answer;
mod calibration;
mod compare;
mod evidence;
mod states;
mod summary;
mod table;
mod variables;

pub use answer::answer;
pub use calibration::calibration;
pub use compare::{agreement, compared, loo, loo_table};
pub use summary::{footer, summary};
pub use table::{Align, table};
pub use variables::{VariableRow, variables};

use crate::report::Style;
use crate::report::style::Elements;

/// Vectors longer than this are shortened.
const LONG: usize = 12;
/// Elements shown of a shortened vector.
const SHOWN: usize = 5;
/// Room for the documentation of a quantity, or none at all.
const LEAST_DOC: usize = 12;

/// How many of `n` elements are shown.
fn shown(n: usize, style: &Style) -> usize {
    if style.elements == Elements::All || n <= LONG { n } else { SHOWN }
}

/// `text` cut to `width` characters, with `…` at the cut.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_string();
    }
    let mut kept: String = text.chars().take(width.saturating_sub(1)).collect();
    kept.truncate(kept.trim_end().len());
    kept + "…"
}

#[cfg(test)]
mod tests;
