//! Errors and warnings with the source that they point into.

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

use super::Style;

/// A diagnostic as people see it; ends with a newline.
pub fn render(diagnostic: &dyn Diagnostic, style: &Style) -> String {
    let theme = if style.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(style.width.max(40));
    let mut text = String::new();
    match handler.render_report(&mut text, diagnostic) {
        Ok(()) => text,
        // A span outside its source: the words still stand.
        Err(_) => format!("{diagnostic}\n"),
    }
}
