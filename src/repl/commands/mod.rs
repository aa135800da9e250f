//! The commands of the prompt, one a file.

mod data;
mod fit;
mod help;
mod load;
mod quit;
mod sample;
mod save;
mod summary;
mod vars;

use std::ops::RangeInclusive;

use miette::Report;

use super::{Console, Fitted, Flow, Repl, Trouble};
use crate::posterior::Posterior;
use crate::report::reference::{Entry, Kind};
use crate::report::text;
use crate::session;

/// A word after a colon.
pub(crate) trait Command: Sync {
    /// Without the colon.
    fn name(&self) -> &'static str;

    /// How it is written, arguments included, without the colon.
    fn usage(&self) -> &'static str {
        self.name()
    }

    /// One line of help.
    fn summary(&self) -> &'static str;

    fn run(&self, repl: &mut Repl, arguments: &[String], console: &mut Console<'_>) -> Result<Flow, Trouble>;
}

/// Every command, in the order of the help.
pub(crate) static ALL: &[&dyn Command] = &[
    &load::Load,
    &data::Data,
    &fit::Fit,
    &sample::Sample,
    &summary::Summary,
    &vars::Vars,
    &save::Save,
    &help::Help,
    &quit::Quit,
];

/// The commands, as the reference lists them.
pub fn reference() -> Vec<Entry> {
    let entry = |command: &&dyn Command| Entry {
        kind: Kind::Prompt,
        group: String::new(),
        name: format!(":{}", command.name()),
        signatures: vec![format!(":{}", short_usage(*command))],
        summary: command.summary().to_string(),
    };
    ALL.iter().map(entry).collect()
}

/// The usage without its options.
fn short_usage(command: &dyn Command) -> String {
    let usage = command.usage();
    let short = usage.split(" [--").next().unwrap_or_default();
    if short.len() < usage.len() { format!("{short} [options]") } else { usage.to_string() }
}

/// How alike a word must be to a command to be taken for a slip (Damerau-Levenshtein, 1 = equal).
const NEAR: f64 = 0.6;

/// The command of this name, or of which it is the only beginning.
pub(super) fn find(name: &str) -> Result<&'static dyn Command, Report> {
    let exact = ALL.iter().find(|command| command.name() == name);
    let mut beginnings = ALL.iter().filter(|command| !name.is_empty() && command.name().starts_with(name));
    let by_beginning = beginnings.next().filter(|_| beginnings.next().is_none());
    if let Some(command) = exact.or(by_beginning) {
        return Ok(*command);
    }
    let alike = |command: &&&dyn Command| strsim::normalized_damerau_levenshtein(command.name(), name);
    let nearest = ALL.iter().max_by(|a, b| alike(a).total_cmp(&alike(b))).filter(|near| alike(near) >= NEAR);
    let help = match nearest {
        Some(command) => format!("did you mean `:{}`?", command.name()),
        None => "`:help` lists the commands".to_string(),
    };
    Err(miette::miette!(code = "vippl::repl::unknown_command", help = help, "there is no command `:{name}`"))
}

/// Words of a line; a word with blanks stands in double quotes.
pub(super) fn words(line: &str) -> Result<Vec<String>, Report> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let mut word = String::new();
        let mut quoted = false;
        let mut end = rest.len();
        for (i, c) in rest.char_indices() {
            match c {
                '"' => quoted = !quoted,
                c if c.is_whitespace() && !quoted => {
                    end = i;
                    break;
                }
                c => word.push(c),
            }
        }
        if quoted {
            return Err(miette::miette!(
                code = "vippl::repl::unclosed_quote",
                help = "a file name with blanks stands between two `\"`",
                "a `\"` is never closed"
            ));
        }
        words.push(word);
        rest = rest[end..].trim_start();
    }
    Ok(words)
}

/// Wrong use of a command.
fn usage(command: &dyn Command, problem: &str) -> Trouble {
    Trouble::Input(miette::miette!(
        code = "vippl::repl::usage",
        help = format!("write `:{}`", command.usage()),
        "`:{}` {problem}",
        command.name()
    ))
}

/// The only argument.
fn only<'a>(command: &dyn Command, arguments: &'a [String], what: &str) -> Result<&'a str, Trouble> {
    match arguments {
        [one] => Ok(one),
        [] => Err(usage(command, &format!("needs {what}"))),
        _ => Err(usage(command, &format!("takes {what} only"))),
    }
}

/// Shows a posterior, which is the one that is asked from now on; its first warnings have been shown.
fn present(
    repl: &mut Repl,
    posterior: Posterior,
    n_shown: usize,
    console: &mut Console<'_>,
) -> Result<Flow, Trouble> {
    for warning in &posterior.warnings[n_shown..] {
        console.warn(warning)?;
    }
    console.print(&text::summary(&posterior, &console.out_style))?;
    console.print("\n")?;
    console.print(&text::footer(&posterior, &console.out_style))?;
    repl.posterior = Some(Fitted { posterior, read: None });
    Ok(Flow::Continue)
}

/// Options and their values: `--seed=2` is `--seed 2`.
fn options(arguments: &[String]) -> impl Iterator<Item = &str> {
    arguments.iter().flat_map(|word| match word.split_once('=') {
        Some((option, value)) => vec![option, value],
        None => vec![word.as_str()],
    })
}

/// The value of an option: a whole number of a range.
fn whole<T: TryFrom<u64>>(
    command: &dyn Command,
    option: &str,
    value: &str,
    range: RangeInclusive<u64>,
) -> Result<T, Trouble> {
    let found = session::count(range)(value);
    found.map_err(|what| usage(command, &format!("takes a number after {option}, not `{value}`: {what}")))
}
