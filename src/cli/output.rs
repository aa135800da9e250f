//! What becomes of a posterior: shown, printed as JSON, written to a file.

use std::path::{Path, PathBuf};

use clap::Args;
use miette::Report;

use super::Failure;
use super::arguments::DataArgs;
use super::terminal::Terminal;
use crate::data::DataArg;
use crate::posterior::{Posterior, Verdict, fit_file};
use crate::report::style::Elements;
use crate::report::{Style, json, text};

// No documentation comments on the structs here: clap would take them for the help of a command.
#[derive(Args, Clone, Debug)]
pub struct OutputArgs {
    /// Write a fit file, for `vippl summary`, `vippl repl` and `vippl compare`
    #[arg(long, value_name = "FIT")]
    pub out: Option<PathBuf>,
    /// Fail (exit status 3) where a number is not to be trusted
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    pub show: ShowArgs,
}

#[derive(Args, Clone, Copy, Debug)]
pub struct ShowArgs {
    /// Print the summary table only
    #[arg(long, short)]
    pub quiet: bool,
    /// Print one JSON object instead of tables
    #[arg(long)]
    pub json: bool,
    /// Show every element of long vectors
    #[arg(long)]
    all: bool,
}

impl OutputArgs {
    /// Whether `--out` can be written, and is none of the files that are read: before the work, not after it.
    pub fn check_destination(&self, model: &Path, data: &DataArgs) -> Result<(), Failure> {
        let Some(out) = &self.out else { return Ok(()) };
        let sources = data.data.iter().map(DataArg::path).chain([model]);
        Ok(fit_file::check_destination(out, sources).map_err(Report::new)?)
    }

    /// Warnings after the first `n_said`, the posterior, and the file.
    pub fn finish(
        &self,
        posterior: &Posterior,
        n_said: usize,
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        for warning in &posterior.warnings[n_said..] {
            terminal.warn(warning)?;
        }
        self.show.print(posterior, None, terminal)?;
        if let Some(path) = &self.out {
            fit_file::write(posterior, path).map_err(Report::new)?;
        }
        let is_distrusted = posterior.verdict() == Some(Verdict::Distrust);
        if self.strict && is_distrusted { Err(Failure::Distrusted) } else { Ok(()) }
    }
}

impl ShowArgs {
    pub fn style(&self, terminal: &Terminal) -> Style {
        Style { elements: if self.all { Elements::All } else { Elements::Few }, ..terminal.out_style }
    }

    /// The posterior as JSON, or as its table, `between` and the lines below.
    pub fn print(
        &self,
        posterior: &Posterior,
        between: Option<String>,
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        if self.json {
            return Ok(terminal.print(&format!("{:#}\n", json::fit(posterior)))?);
        }
        let style = self.style(terminal);
        terminal.print(&text::summary(posterior, &style))?;
        if let Some(between) = between {
            terminal.print(&format!("\n{between}"))?;
        }
        if !self.quiet {
            terminal.print(&format!("\n{}", text::footer(posterior, &style)))?;
        }
        Ok(())
    }
}
