//! Where output goes: handles, not `println!`, so that a closed pipe is an error value and colours are decided once.

use std::io::{BufWriter, IsTerminal, Write};

use clap::ValueEnum;
use miette::Report;

use crate::report::style::Elements;
use crate::report::{Style, diagnostic};
use crate::session;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Always,
    Never,
}

impl ColorChoice {
    pub fn for_clap(self) -> clap::ColorChoice {
        match self {
            ColorChoice::Auto => clap::ColorChoice::Auto,
            ColorChoice::Always => clap::ColorChoice::Always,
            ColorChoice::Never => clap::ColorChoice::Never,
        }
    }

    fn for_stream(self, stream: &impl anstream::stream::RawStream) -> bool {
        match self {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never,
        }
    }
}

/// Standard output and standard error, with their styles.
pub struct Terminal {
    pub out: Box<dyn Write>,
    pub err: Box<dyn Write>,
    pub out_style: Style,
    pub err_style: Style,
    /// Standard output is a terminal: lines are to fit its width.
    pub out_is_terminal: bool,
    /// Standard error is a terminal: progress can be shown.
    pub interactive: bool,
}

/// Widest layout: longer lines are hard to read.
const MAX_WIDTH: usize = 120;
const DEFAULT_WIDTH: usize = 80;

impl Terminal {
    pub fn standard(color: ColorChoice) -> Terminal {
        let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
        let columns: Option<usize> = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let width = columns.unwrap_or(DEFAULT_WIDTH).clamp(40, MAX_WIDTH);
        // What reads a pipe wants whole lines, unless it says how wide they are to be.
        let is_whole = columns.is_none() && !stdout.is_terminal();
        let style = |color| Style { color, width, elements: Elements::Few, is_whole };
        Terminal {
            out_style: style(color.for_stream(&stdout)),
            err_style: style(color.for_stream(&stderr)),
            out_is_terminal: stdout.is_terminal(),
            interactive: stderr.is_terminal(),
            out: Box::new(BufWriter::new(stdout)),
            err: Box::new(BufWriter::new(stderr)),
        }
    }

    pub fn print(&mut self, text: &str) -> std::io::Result<()> {
        self.out.write_all(text.as_bytes())
    }

    /// Shows an error or a warning on standard error.
    pub fn report(&mut self, report: &Report) -> std::io::Result<()> {
        for diagnostic in session::in_order(report) {
            let text = diagnostic::render(diagnostic, &self.err_style);
            self.err.write_all(text.as_bytes())?;
        }
        self.err.flush()
    }

    /// Shows a warning that has no place in a source.
    pub fn warn(&mut self, warning: &str) -> std::io::Result<()> {
        let word = self.err_style.warning("warning:");
        writeln!(self.err, "{word} {warning}")?;
        self.err.flush()
    }

    pub fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()?;
        self.err.flush()
    }
}
