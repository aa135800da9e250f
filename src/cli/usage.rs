//! Wrong usage in words: what is wrong with the arguments, and what to write instead.

use std::error::Error;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use miette::{Report, miette};

use crate::check;

/// What is wrong with the words of a command line (the first is the program's name), as a person reads it.
pub fn explain(error: &clap::Error, words: &[String], definition: &Command) -> Report {
    let command = words.iter().skip(1).find_map(|word| definition.find_subcommand(word));
    let usage = Usage { error, definition, command };
    let (code, message, help) = usage.explain();
    miette!(code = format!("vippl::usage::{code}"), help = help, "{message}")
}

struct Usage<'u> {
    error: &'u clap::Error,
    definition: &'u Command,
    /// The command whose arguments are wrong.
    command: Option<&'u Command>,
}

/// Code, message and help.
type Words = (&'static str, String, String);

impl Usage<'_> {
    fn explain(&self) -> Words {
        let called = self.called();
        // `--draws` of `--draws <N>`, MODEL of `<MODEL>`.
        let argument = self.text(ContextKind::InvalidArg);
        let first = argument.split([' ', '=']).next().unwrap_or_default();
        let argument = first.trim_matches(['<', '>', '[', ']', '.']);
        let value = self.text(ContextKind::InvalidValue);
        let all = self.command.map_or_else(
            || "`vippl help` lists the commands".to_string(),
            |command| format!("`vippl help {}` says what it takes", command.get_name()),
        );
        match self.error.kind() {
            ErrorKind::UnknownArgument if argument.starts_with('-') => self.unknown_option(argument, all),
            ErrorKind::UnknownArgument => {
                let help = match argument.rsplit_once('.') {
                    Some((_, "csv" | "tsv" | "json")) if self.has_option("data") => {
                        format!("data go by an option: `--data {argument}`")
                    }
                    _ => all,
                };
                ("surplus", format!("{called} does not know what to do with `{argument}`"), help)
            }
            ErrorKind::InvalidSubcommand => self.unknown_command(),
            ErrorKind::MissingSubcommand => {
                ("missing", "a command is missing".to_string(), "`vippl help` lists them".to_string())
            }
            ErrorKind::MissingRequiredArgument => {
                let names: Vec<String> = self.texts(ContextKind::InvalidArg);
                let names = names.iter().map(|name| name.trim_matches(['<', '>', '[', ']', '.']).to_string());
                let names: Vec<String> = names.collect();
                ("missing", format!("{called} needs {}", names.join(" and ")), self.example().unwrap_or(all))
            }
            ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
                let number = |kind| match self.error.get(kind) {
                    Some(ContextValue::Number(n)) => n.to_string(),
                    _ => "some".to_string(),
                };
                let least = number(ContextKind::MinValues);
                let found = number(ContextKind::ActualNumValues);
                let message = format!("{called} takes {least} of {argument} at least, not {found}");
                ("missing", message, self.example().unwrap_or(all))
            }
            ErrorKind::ValueValidation => {
                let why = self.error.source().map(ToString::to_string).unwrap_or(all);
                ("value", format!("`{argument}` cannot be `{value}`"), why)
            }
            ErrorKind::InvalidValue => {
                let known = self.texts(ContextKind::ValidValue);
                let choices = format!("there are: {}", known.join(", "));
                match (value.is_empty(), known.is_empty()) {
                    (true, true) => {
                        let help = format!("write it as `{}`", self.text(ContextKind::InvalidArg));
                        ("value", format!("`{argument}` needs a value"), help)
                    }
                    (true, false) => ("value", format!("`{argument}` needs a value"), choices),
                    (false, _) => ("value", format!("`{argument}` cannot be `{value}`"), choices),
                }
            }
            ErrorKind::TooManyValues => {
                ("value", format!("`{argument}` takes no value"), format!("write `{argument}` alone"))
            }
            ErrorKind::ArgumentConflict => {
                let other = self.text(ContextKind::PriorArg);
                let other = other.split(' ').next().unwrap_or_default();
                match other {
                    _ if other == argument || other.is_empty() => {
                        ("twice", format!("`{argument}` is given twice"), "once is enough".to_string())
                    }
                    _ => (
                        "conflict",
                        format!("`{argument}` does not go with `{other}`"),
                        "leave one of them out".to_string(),
                    ),
                }
            }
            _ => {
                let text = self.error.to_string();
                let line = text.lines().next().unwrap_or_default();
                ("arguments", line.trim_start_matches("error: ").to_string(), all)
            }
        }
    }

    fn unknown_option(&self, option: &str, all: String) -> Words {
        let called = self.called();
        let name = option.trim_start_matches('-');
        let is_long = option.starts_with("--");
        let has = |command: &Command| command.get_arguments().any(|known| known.get_long() == Some(name));
        let owners: Vec<String> = self
            .definition
            .get_subcommands()
            .filter(|command| is_long && has(command))
            .map(|command| format!("`vippl {}`", command.get_name()))
            .collect();
        if !owners.is_empty() {
            let message = format!("`{option}` belongs to {}, not to {called}", owners.join(", "));
            return ("other_command", message, all);
        }
        let message = format!("{called} has no option `{option}`");
        let long: Vec<&str> = self
            .command
            .into_iter()
            .flat_map(|command| command.get_arguments())
            .filter_map(|known| known.get_long())
            .collect();
        let suggested = self.text(ContextKind::SuggestedArg);
        let near = check::nearest(name, long.into_iter());
        let help = match near.as_slice() {
            _ if !suggested.is_empty() => format!("did you mean `{suggested}`?"),
            [one, ..] if is_long => format!("did you mean `--{one}`?"),
            _ => all,
        };
        ("unknown_option", message, help)
    }

    fn unknown_command(&self) -> Words {
        let name = self.text(ContextKind::InvalidSubcommand);
        let near = check::nearest(&name, self.definition.get_subcommands().map(Command::get_name));
        let help = match (name.rsplit_once('.'), near.as_slice()) {
            (Some((_, "vim")), _) => format!("`vippl fit {name}` fits a model"),
            (Some((_, "json")), _) => format!("`vippl summary {name}` shows a fit"),
            (_, [one, ..]) => format!("did you mean `{one}`? `vippl help` lists the commands"),
            _ => "`vippl help` lists the commands".to_string(),
        };
        ("unknown_command", format!("there is no command `{name}`"), help)
    }

    fn called(&self) -> String {
        self.command
            .map_or_else(|| "`vippl`".to_string(), |command| format!("`vippl {}`", command.get_name()))
    }

    fn has_option(&self, long: &str) -> bool {
        self.command
            .is_some_and(|command| command.get_arguments().any(|known| known.get_long() == Some(long)))
    }

    /// The first line of a command's help that shows how it is called.
    fn example(&self) -> Option<String> {
        let command = self.command?;
        let text = command.get_after_help()?.to_string();
        let start = format!("vippl {}", command.get_name());
        let line = text.lines().map(str::trim).find(|line| line.starts_with(&start))?;
        let example = line.split("   ").next().unwrap_or(line);
        Some(format!("for example `{example}`"))
    }

    /// A context in one text; empty where there is none.
    fn text(&self, kind: ContextKind) -> String {
        match self.error.get(kind) {
            Some(ContextValue::String(text)) => text.clone(),
            Some(ContextValue::Strings(all)) => all.join(", "),
            _ => String::new(),
        }
    }

    fn texts(&self, kind: ContextKind) -> Vec<String> {
        match self.error.get(kind) {
            Some(ContextValue::String(text)) => vec![text.clone()],
            Some(ContextValue::Strings(all)) => all.clone(),
            _ => Vec::new(),
        }
    }
}
