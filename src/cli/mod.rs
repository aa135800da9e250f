//! The command line: one file for each command, with its arguments, its help and what it does.
//!
//! Results go to standard output; warnings, errors and progress to standard error. Exit code 0: done; 1: something is
//! wrong with the model, the data, a file, or a question in a script; 2: wrong usage; 3: `--strict` where a number is not
//! to be trusted.

mod arguments;
mod bench;
mod calibrate;
mod check;
mod compare;
mod completions;
mod expand;
mod fit;
mod fmt;
mod help;
mod list;
mod man;
mod output;
mod progress;
mod repl;
mod sample;
mod simulate;
mod summary;
mod terminal;
mod usage;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, FromArgMatches, ValueEnum};
use miette::Report;

use crate::report::failure;
use crate::session;
use terminal::{ColorChoice, Terminal};

/// A subcommand.
trait Command: Sync {
    /// Name, arguments and help.
    fn define(&self) -> clap::Command;

    fn run(&self, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Failure>;
}

/// Every command, in the order of the help.
static ALL: &[&dyn Command] = &[
    &fit::Fit,
    &sample::Sample,
    &check::Check,
    &expand::Expand,
    &summary::Summary,
    &compare::Compare,
    &simulate::Simulate,
    &calibrate::Calibrate,
    &repl::Repl,
    &fmt::Fmt,
    &bench::Bench,
    &help::Help,
    &list::List,
    &completions::Completions,
    &man::ManPages,
];

/// Why a command does not end well.
enum Failure {
    /// The user's input: shown, exit code 1.
    Input(Report),
    /// Already shown: exit code 1.
    Shown,
    /// A fit that is not to be trusted, shown, where that is asked for: exit code 3.
    Distrusted,
    /// Output that cannot be written: quiet if nobody reads it any more.
    Output(std::io::Error),
}

impl From<Report> for Failure {
    fn from(report: Report) -> Failure {
        Failure::Input(report)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::Output(error)
    }
}

const EXAMPLES: &str = "\
Examples:
  vippl fit radon.vim --data radon.csv      fit a model, print its posterior
  vippl check radon.vim --data radon.csv    find mistakes, show what is latent and what is data
  vippl repl radon.vim --data radon.csv     ask questions: P(beta[2] > 0), mean(tau)

`vippl help NAME` explains a command, a distribution, a function or a topic:
`vippl help fit`, `vippl help Normal`, `vippl help plates`; `vippl list` lists them.";

fn define() -> clap::Command {
    clap::Command::new("vippl")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A probabilistic programming language with automatic variational inference")
        .after_help(EXAMPLES)
        .subcommand_required(true)
        .disable_help_subcommand(true)
        .arg(
            Arg::new("color")
                .long("color")
                .value_name("WHEN")
                .help("Colours in the output")
                .value_parser(clap::builder::EnumValueParser::<ColorChoice>::new())
                .default_value("auto")
                .global(true),
        )
        .subcommands(ALL.iter().map(|command| command.define()))
}

/// Runs the program with these arguments (the first is its name).
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let color = color_in(&arguments);
    let mut definition = define().color(color.for_clap());
    if arguments.len() < 2 {
        // Ignored: a reader that is gone has no use for help.
        let _ = definition.print_help();
        return ExitCode::SUCCESS;
    }
    let words: Vec<String> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let matches = match definition.try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) if !error.use_stderr() => {
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            let report = usage::explain(&error, &words, &define());
            fail(&mut Terminal::standard(color), &report, words.iter().any(|word| word == "--json"));
            return ExitCode::from(2);
        }
    };
    let color = matches.get_one::<ColorChoice>("color").copied().unwrap_or_default();
    let mut terminal = Terminal::standard(color);
    let Some((name, submatches)) = matches.subcommand() else { return ExitCode::from(2) };
    let command = ALL.iter().find(|command| command.define().get_name() == name);
    let result = match command {
        Some(command) => command.run(submatches, &mut terminal),
        None => return ExitCode::from(2),
    };
    let result = result.and_then(|()| Ok(terminal.flush()?));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Shown) => finish(terminal, ExitCode::from(1)),
        Err(Failure::Distrusted) => finish(terminal, ExitCode::from(3)),
        Err(Failure::Input(report)) => {
            let as_json = matches!(submatches.try_get_one::<bool>("json"), Ok(Some(true)));
            fail(&mut terminal, &report, as_json);
            ExitCode::from(1)
        }
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Output(error)) => {
            let _ = terminal.report(&Report::msg(format!("cannot write the output: {error}")));
            ExitCode::from(1)
        }
    }
}

/// The arguments of a command, which its definition has made sure of.
fn parsed<T: FromArgMatches>(matches: &ArgMatches) -> Result<T, Failure> {
    T::from_arg_matches(matches).map_err(|error| Failure::Input(Report::msg(error.to_string())))
}

/// Shows an error on standard error, and as an object on standard output where that is read by a program. A reader that is gone
/// has no use for either.
fn fail(terminal: &mut Terminal, report: &Report, as_json: bool) {
    if as_json {
        let object = failure(&session::in_order(report));
        let _ = terminal.print(&format!("{object:#}\n"));
    }
    let _ = terminal.flush();
    let _ = terminal.report(report);
}

fn finish(mut terminal: Terminal, code: ExitCode) -> ExitCode {
    let _ = terminal.flush();
    code
}

/// The value of `--color`, known before the arguments are parsed, for the colours of usage errors.
fn color_in(arguments: &[OsString]) -> ColorChoice {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let value = words.iter().enumerate().find_map(|(i, word)| match word.strip_prefix("--color") {
        Some("") => words.get(i + 1).copied(),
        Some(rest) => rest.strip_prefix('='),
        None => None,
    });
    value.and_then(|value| ColorChoice::from_str(value, true).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn definitions_are_consistent() {
        super::define().debug_assert();
    }
}
