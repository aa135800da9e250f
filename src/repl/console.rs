//! What the prompt writes to.

use std::io::{self, Write};

use miette::Report;

use crate::inference::{ChainProgress, Progress};
use crate::report::{Style, diagnostic};
use crate::session;

/// Handles and styles for results and for errors.
pub struct Console<'a> {
    pub out: &'a mut dyn Write,
    pub err: &'a mut dyn Write,
    pub out_style: Style,
    pub err_style: Style,
    /// Makes a listener for each fit.
    pub progress: &'a dyn Fn() -> Box<dyn FnMut(Progress)>,
    /// Makes a listener for each sample, of so many chains.
    pub chain_progress: &'a dyn Fn(usize) -> Box<dyn Fn(ChainProgress) + Sync>,
}

impl Console<'_> {
    pub fn print(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())
    }

    /// Shows an error or a warning, after the results so far.
    pub fn report(&mut self, report: &Report) -> io::Result<()> {
        self.out.flush()?;
        for diagnostic in session::in_order(report) {
            let text = diagnostic::render(diagnostic, &self.err_style);
            self.err.write_all(text.as_bytes())?;
        }
        self.err.flush()
    }

    pub fn warn(&mut self, warning: &str) -> io::Result<()> {
        self.out.flush()?;
        let word = self.err_style.warning("warning:");
        writeln!(self.err, "{word} {warning}")?;
        self.err.flush()
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()?;
        self.err.flush()
    }
}
