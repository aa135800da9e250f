//! `vippl fmt`: model files in their canonical layout.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};
use miette::Report;

use super::terminal::Terminal;
use super::{Command, Failure, parsed};
use crate::source::Source;
use crate::{session, syntax};

pub struct Fmt;

#[derive(Args)]
struct Arguments {
    /// Model files; `-` formats standard input to standard output
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,
    /// Change nothing: list the files that are not formatted, and fail if there are any
    #[arg(long)]
    check: bool,
}

const EXAMPLES: &str = "\
Examples:
  vippl fmt model.vim
  vippl fmt --check models/*.vim
  vippl fmt - < model.vim";

impl Command for Fmt {
    fn define(&self) -> clap::Command {
        let command = Arguments::augment_args(clap::Command::new("fmt"));
        command.about("Format model files in place").after_help(EXAMPLES)
    }

    fn run(&self, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Failure> {
        let arguments: Arguments = parsed(matches)?;
        let mut clean = true;
        for file in &arguments.files {
            match format_file(file, arguments.check, terminal) {
                Ok(formatted) => clean &= formatted,
                Err(Failure::Input(report)) => {
                    // The other files are formatted all the same.
                    terminal.report(&report)?;
                    clean = false;
                }
                Err(other) => return Err(other),
            }
        }
        if clean { Ok(()) } else { Err(Failure::Shown) }
    }
}

/// Formats one file; with `check` says only whether it is formatted already.
fn format_file(file: &Path, check: bool, terminal: &mut Terminal) -> Result<bool, Failure> {
    let from_stdin = file == Path::new("-");
    let source = if from_stdin {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        read.map_err(|error| Report::msg(format!("cannot read standard input: {error}")))?;
        Source::new("standard input", text)
    } else {
        session::read_model(file)?
    };
    let formatted = syntax::format(&source).map_err(Report::new)?;
    let is_formatted = formatted == *source.text;
    if check {
        if !is_formatted {
            terminal.print(&format!("{} is not formatted\n", source.name))?;
        }
        return Ok(is_formatted);
    }
    if from_stdin {
        terminal.print(&formatted)?;
    } else if !is_formatted {
        std::fs::write(file, &formatted)
            .map_err(|error| Report::msg(format!("cannot write {}: {error}", file.display())))?;
    }
    Ok(true)
}
