//! `vippl list`: the distributions, functions and other names that there are, one a line.

use clap::builder::PossibleValuesParser;
use clap::{ArgMatches, Args};
use serde_json::json;

use super::terminal::Terminal;
use super::{Command, Failure, define, parsed};
use crate::repl;
use crate::report::reference::{self, Entry, Kind, Subject};

pub struct List;

#[derive(Args)]
struct Arguments {
    /// What to list; without it, everything
    #[arg(value_name = "KIND", value_parser = PossibleValuesParser::new(Kind::ALL.map(Kind::plural)))]
    kind: Option<String>,
    /// Print JSON: a list with an object for each name
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  vippl list distributions
  vippl list functions | grep log
  vippl list --json

`vippl help NAME` tells all about one of them.";

impl Command for List {
    fn define(&self) -> clap::Command {
        let command = Arguments::augment_args(clap::Command::new("list"));
        command.about("List distributions, functions and other names").after_help(EXAMPLES)
    }

    fn run(&self, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Failure> {
        let arguments: Arguments = parsed(matches)?;
        let wanted = |entry: &Entry| arguments.kind.as_ref().is_none_or(|kind| entry.kind.plural() == kind);
        let entries = Subject::all().into_iter().map(|subject| subject.entry());
        let entries = entries.chain(commands()).chain(repl::reference());
        let entries: Vec<Entry> = entries.filter(wanted).collect();
        if arguments.json {
            return Ok(terminal.print(&format!("{:#}\n", json!(entries)))?);
        }
        let mut style = terminal.out_style;
        if !terminal.out_is_terminal {
            // What reads a pipe wants whole lines.
            style.width = usize::MAX;
        }
        Ok(terminal.print(&reference::list(&entries, &style))?)
    }
}

/// The commands of the program.
fn commands() -> Vec<Entry> {
    let entry = |command: &clap::Command| Entry {
        kind: Kind::Command,
        group: String::new(),
        name: command.get_name().to_string(),
        signatures: vec![format!("vippl {}", command.get_name())],
        summary: command.get_about().map(ToString::to_string).unwrap_or_default(),
    };
    define().get_subcommands().map(entry).collect()
}
