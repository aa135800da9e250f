//! `vippl help`: a page of the reference, or the help of a command.

use clap::{ArgMatches, Args};
use serde_json::{Value, json};

use super::terminal::Terminal;
use super::{Command, Failure, define, parsed};
use crate::report::reference::{self, Kind, Subject};

pub struct Help;

#[derive(Args)]
struct Arguments {
    /// A command, a distribution, a function, an operator or a topic of the language; without one, the commands
    #[arg(value_name = "NAME", num_args = 0..)]
    topic: Vec<String>,
    /// Print JSON: a list with an object for each thing of this name
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  vippl help fit          a command
  vippl help Gamma        a distribution: its parameterisations, density, names in Stan, PyMC and R
  vippl help cholesky     a function, with an example
  vippl help plates       a topic of the language
  vippl help dnorm        what another system's name is here

`vippl list` lists what there is.";

impl Command for Help {
    fn define(&self) -> clap::Command {
        let command = Arguments::augment_args(clap::Command::new("help"));
        command.about("Explain a command, a distribution, a function or a topic").after_help(EXAMPLES)
    }

    fn run(&self, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Failure> {
        let arguments: Arguments = parsed(matches)?;
        let topic = arguments.topic.join(" ");
        let command = if topic.is_empty() { Some(define()) } else { command(&topic) };
        let subjects = if topic.is_empty() { Vec::new() } else { Subject::find(&topic) };
        if command.is_none() && subjects.is_empty() {
            let commands: Vec<String> = define().get_subcommands().map(|c| c.get_name().into()).collect();
            return Err(reference::unknown(&topic, &commands, "`vippl list` lists what there is").into());
        }
        if arguments.json {
            let of_command = command.map(|mut command| {
                json!({
                    "kind": Kind::Command,
                    "name": command.get_name(),
                    "summary": command.get_about().map(ToString::to_string),
                    "text": command.render_long_help().to_string(),
                })
            });
            let pages = subjects.iter().map(|subject| json!(subject.page()));
            let pages: Vec<Value> = of_command.into_iter().chain(pages).collect();
            return Ok(terminal.print(&format!("{:#}\n", Value::from(pages)))?);
        }
        let mut texts = Vec::new();
        if let Some(mut command) = command {
            let help = if topic.is_empty() { command.render_help() } else { command.render_long_help() };
            texts.push(if terminal.out_style.color { help.ansi().to_string() } else { help.to_string() });
        }
        texts.extend(subjects.iter().map(|subject| reference::page(&subject.page(), &terminal.out_style)));
        Ok(terminal.print(&texts.join(&reference::rule(&terminal.out_style)))?)
    }
}

/// The command of this name, with the name of the program in its usage.
fn command(name: &str) -> Option<clap::Command> {
    let mut definition = define();
    definition.build();
    definition.find_subcommand(name).cloned()
}
