//! `vippl completions`: what a shell needs to complete commands, options and names of the language.

use clap::builder::PossibleValuesParser;
use clap::{ArgMatches, Args};
use clap_complete::Shell;

use super::terminal::Terminal;
use super::{Command, Failure, define, parsed};
use crate::report::reference::{Kind, Subject};

pub struct Completions;

#[derive(Args)]
struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

const INSTRUCTIONS: &str = "\
The script goes to standard output. To complete in every new shell:
  bash        vippl completions bash > ~/.local/share/bash-completion/completions/vippl
  zsh         vippl completions zsh > ~/.zfunc/_vippl
              with `fpath+=~/.zfunc` before `compinit` in ~/.zshrc
  fish        vippl completions fish > ~/.config/fish/completions/vippl.fish
  powershell  vippl completions powershell >> $PROFILE
  elvish      vippl completions elvish >> ~/.config/elvish/rc.elv
In this bash only: source <(vippl completions bash)";

impl Command for Completions {
    fn define(&self) -> clap::Command {
        let command = Arguments::augment_args(clap::Command::new("completions"));
        command.about("Print completions for a shell").after_help(INSTRUCTIONS)
    }

    fn run(&self, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Failure> {
        let arguments: Arguments = parsed(matches)?;
        // Known names complete after `vippl help`, which takes others too.
        let mut names: Vec<String> = Subject::all()
            .iter()
            .filter(|subject| subject.kind() != Kind::Operator)
            .map(|subject| subject.entry().name)
            .collect();
        names.extend(define().get_subcommands().map(|command| command.get_name().to_string()));
        names.sort_unstable();
        names.dedup();
        let mut definition = define().mut_subcommand("help", |help| {
            help.mut_arg("topic", |topic| topic.value_parser(PossibleValuesParser::new(names)))
        });
        let mut script = Vec::new();
        clap_complete::generate(arguments.shell, &mut definition, "vippl", &mut script);
        Ok(terminal.print(&String::from_utf8_lossy(&script))?)
    }
}
