//! `vippl summary`: the posterior of a fit file.

use std::path::PathBuf;

use clap::{ArgMatches, Args};
use miette::Report;

use super::terminal::Terminal;
use super::{Command, Failure, parsed};
use crate::posterior::fit_file;
use crate::report::style::Elements;
use crate::report::{Style, json, text};

pub struct Summary;

#[derive(Args)]
struct Arguments {
    /// Fit file, as `vippl fit --out` writes it
    fit: PathBuf,
    /// Print one JSON object instead of tables
    #[arg(long)]
    json: bool,
    /// Show how well the model predicts observations that it has not seen
    #[arg(long)]
    loo: bool,
    /// Show every element of long vectors
    #[arg(long)]
    all: bool,
    /// Print the summary table only
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  vippl fit radon.vim --data radon.csv --out radon.json
  vippl summary radon.json --all --loo";

impl Command for Summary {
    fn define(&self) -> clap::Command {
        let command = Arguments::augment_args(clap::Command::new("summary"));
        command.about("Print the posterior of a saved fit").after_help(EXAMPLES)
    }

    fn run(&self, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Failure> {
        let arguments: Arguments = parsed(matches)?;
        let posterior = fit_file::read(&arguments.fit).map_err(Report::new)?;
        for warning in &posterior.warnings {
            terminal.warn(warning)?;
        }
        if arguments.json {
            terminal.print(&format!("{:#}\n", json::fit(&posterior)))?;
            return Ok(());
        }
        let elements = if arguments.all { Elements::All } else { Elements::Few };
        let style = Style { elements, ..terminal.out_style };
        terminal.print(&text::summary(&posterior, &style))?;
        if arguments.loo {
            let loo = posterior.loo.as_ref().ok_or_else(|| {
                miette::miette!(
                    code = "vippl::summary::no_loo",
                    help = "`vippl fit --out` and `vippl sample --out` leave out each observation, where there are at least two \
                            and the model has latents",
                    "the fit holds no leave-one-out"
                )
            })?;
            terminal.print("\n")?;
            terminal.print(&text::loo(loo, &style))?;
        }
        if !arguments.quiet {
            terminal.print("\n")?;
            terminal.print(&text::footer(&posterior, &style))?;
        }
        Ok(())
    }
}
