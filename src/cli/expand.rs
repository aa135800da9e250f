//! `vippl expand`: the plain program that a model with formulas stands for.

use std::path::PathBuf;

use clap::{ArgMatches, Args};

use super::arguments::{DataArgs, request};
use super::terminal::Terminal;
use super::{Command, Failure, parsed};
use crate::compile::CompileOptions;
use crate::session;

pub struct Expand;

#[derive(Args)]
struct Arguments {
    /// Model file
    model: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

const EXAMPLES: &str = "\
A formula, `lm(1 + x + (1 | g))`, stands for plain statements: a design matrix, coefficients, group effects, and a prior for
each of them. They are printed as a model of their own, to be read or changed; it has the same posterior.

Examples:
  vippl expand sleep.vim --data sleep.csv
  vippl expand sleep.vim --data sleep.csv > plain.vim";

impl Command for Expand {
    fn define(&self) -> clap::Command {
        let command = Arguments::augment_args(clap::Command::new("expand"));
        command.about("Write the formulas of a model as plain statements").after_help(EXAMPLES)
    }

    fn run(&self, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Failure> {
        let arguments: Arguments = parsed(matches)?;
        let request = request(&arguments.model, &arguments.data, CompileOptions::default())?;
        let (text, warnings) = session::expand(&request)?;
        for warning in &warnings {
            terminal.report(warning)?;
        }
        Ok(terminal.print(&text)?)
    }
}
