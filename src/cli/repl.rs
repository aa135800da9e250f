//! `vippl repl`: questions to a posterior, one line at a time.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{ArgMatches, Args};

use super::arguments::DataArgs;
use super::progress::{Shown, chain_listener, listener};
use super::terminal::Terminal;
use super::{Command, Failure, parsed};
use crate::repl::{self, Console};

pub struct Repl;

#[derive(Args)]
struct Arguments {
    /// Model file, or a fit file (.json)
    path: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
}

const EXAMPLES: &str = "\
Examples:
  vippl repl radon.vim --data radon.csv
  vippl repl radon.json                     a saved fit, without its data
  vippl repl radon.json --data radon.csv    a saved fit, with what was observed
  echo 'P(beta > 0)' | vippl repl radon.json

At the prompt:
  :fit
  mean(tau)
  P(alpha[\"HENNEPIN\"] > alpha[\"AITKIN\"])
  quantile(tau, [0.05, 0.95])
  :help";

impl Command for Repl {
    fn define(&self) -> clap::Command {
        let command = Arguments::augment_args(clap::Command::new("repl"));
        command.about("Ask questions about a posterior interactively").after_help(EXAMPLES)
    }

    fn run(&self, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Failure> {
        let arguments: Arguments = parsed(matches)?;
        let mut repl = repl::Repl::default();
        let interactive = terminal.interactive;
        let mut console = Console {
            out: &mut *terminal.out,
            err: &mut *terminal.err,
            out_style: terminal.out_style,
            err_style: terminal.err_style,
            progress: &move || listener(if interactive { Shown::Line } else { Shown::Nothing }),
            chain_progress: &move |n_chains| chain_listener(n_chains, interactive),
        };
        let (data, drop) = (arguments.data.data, arguments.data.drop);
        repl.open(arguments.path.as_deref(), data, drop, &mut console)?;
        let script = !std::io::stdin().is_terminal();
        if script && repl.failed() {
            return Err(Failure::Shown);
        }
        repl::run(&mut repl, &mut console)?;
        if script && repl.failed() { Err(Failure::Shown) } else { Ok(()) }
    }
}
