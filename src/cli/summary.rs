//! `vippl summary`: the posterior of a fit file.

use std::path::PathBuf;

use clap::{ArgMatches, Args};
use miette::Report;

use super::output::ShowArgs;
use super::terminal::Terminal;
use super::{Command, Failure, parsed};
use crate::posterior::fit_file;
use crate::report::text;

pub struct Summary;

#[derive(Args)]
struct Arguments {
    /// Fit file, as `vippl fit --out` writes it
    fit: PathBuf,
    /// Show how well the model predicts observations that it has not seen
    #[arg(long)]
    loo: bool,
    #[command(flatten)]
    show: ShowArgs,
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
        let style = arguments.show.style(terminal);
        let loo = match &posterior.loo {
            Some(loo) if arguments.loo => Some(text::loo(loo, &style)),
            None if arguments.loo && !arguments.show.json => {
                return Err(miette::miette!(
                    code = "vippl::summary::no_loo",
                    help = "`vippl fit --out` and `vippl sample --out` leave out each observation, where there are at least two \
                            and the model has latents",
                    "the fit holds no leave-one-out"
                )
                .into());
            }
            _ => None,
        };
        arguments.show.print(&posterior, loo, terminal)
    }
}
