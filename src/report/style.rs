//! How text is laid out: colours, width, how much of long vectors.

use anstyle::{AnsiColor, Color, Style as Ansi};

/// Layout of text output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
    pub elements: Elements,
    /// Nothing in tables is cut to fit the width, as for what reads a pipe.
    pub is_whole: bool,
}

/// How many elements of a long vector are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elements {
    /// The first few and a count.
    Few,
    All,
}

impl Default for Style {
    fn default() -> Self {
        Style { color: false, width: 80, elements: Elements::Few, is_whole: false }
    }
}

impl Style {
    pub fn bold(&self, text: &str) -> String {
        self.paint(Ansi::new().bold(), text)
    }

    pub fn dim(&self, text: &str) -> String {
        self.paint(Ansi::new().dimmed(), text)
    }

    pub fn warning(&self, text: &str) -> String {
        self.paint(Ansi::new().fg_color(Some(Color::Ansi(AnsiColor::Yellow))), text)
    }

    fn paint(&self, ansi: Ansi, text: &str) -> String {
        if self.color { format!("{}{text}{}", ansi.render(), ansi.render_reset()) } else { text.to_string() }
    }
}
