//! Reading lines: with editing, history and completion on a terminal; plainly from a pipe, without prompt or echo.

use std::io::{self, BufRead, IsTerminal};

use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper, Highlighter, Hinter};

use super::{Console, Flow, Repl, commands};
use crate::source::Source;
use crate::syntax;

const PROMPT: &str = "vippl> ";

/// Words that summarise, beside the names of the model.
const SUMMARIES: [&str; 8] = ["mean(", "sd(", "var(", "median(", "quantile(", "mode(", "cor(", "P("];

/// Reads and does lines until `:quit` or the end of input. Fails only when output cannot be written.
pub fn run(repl: &mut Repl, console: &mut Console<'_>) -> io::Result<()> {
    console.flush()?;
    if io::stdin().is_terminal() {
        interactive(repl, console)
    } else {
        piped(repl, io::stdin().lock(), console)
    }
}

/// Lines of a script; a question may go on over lines while its brackets are open.
pub(super) fn piped(repl: &mut Repl, input: impl BufRead, console: &mut Console<'_>) -> io::Result<()> {
    let mut pending = String::new();
    for line in input.split(b'\n') {
        let line = line?;
        pending.push_str(String::from_utf8_lossy(&line).trim_end_matches('\r'));
        if is_incomplete(&pending) {
            pending.push('\n');
            continue;
        }
        if repl.line(&std::mem::take(&mut pending), console)? == Flow::Quit {
            return Ok(());
        }
    }
    repl.line(&pending, console).map(|_| ())
}

fn interactive(repl: &mut Repl, console: &mut Console<'_>) -> io::Result<()> {
    let config = Config::builder().completion_type(CompletionType::List).auto_add_history(true).build();
    let mut editor: Editor<LineHelper, DefaultHistory> =
        Editor::with_config(config).map_err(io::Error::other)?;
    editor.set_helper(Some(LineHelper::default()));
    console.print(&format!("vippl {}: `:help` lists commands, Ctrl-D ends\n", env!("CARGO_PKG_VERSION")))?;
    console.flush()?;
    loop {
        if let Some(helper) = editor.helper_mut() {
            helper.names = repl.names();
        }
        match editor.readline(PROMPT) {
            Ok(line) => {
                if repl.line(&line, console)? == Flow::Quit {
                    return Ok(());
                }
            }
            // Ctrl-C drops the line.
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(io::Error::other(error)),
        }
    }
}

/// Whether a question lacks its end: an open bracket, or an operator without its right side.
fn is_incomplete(text: &str) -> bool {
    let question = text.trim();
    if question.is_empty() || question.starts_with([':', '#']) {
        return false;
    }
    syntax::parse_line(&Source::new("prompt", text)).is_err_and(|errors| errors.is_incomplete())
}

#[derive(Default, Helper, Highlighter, Hinter)]
struct LineHelper {
    files: FilenameCompleter,
    names: Vec<String>,
}

impl Validator for LineHelper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_incomplete(context.input()) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

impl Completer for LineHelper {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        at: usize,
        context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = &line[..at];
        if let Some(command) = before.strip_prefix(':') {
            return match command.split_once(char::is_whitespace) {
                Some(_) => self.files.complete(line, at, context),
                None => {
                    let names = commands::ALL.iter().map(|command| format!(":{}", command.name()));
                    Ok((0, starting_with(before, names)))
                }
            };
        }
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let start = before
            .rfind(|c| !is_part(c))
            .map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8));
        let names = self.names.iter().cloned().chain(SUMMARIES.map(String::from));
        Ok((start, starting_with(&before[start..], names)))
    }
}

fn starting_with(prefix: &str, names: impl Iterator<Item = String>) -> Vec<Pair> {
    names
        .filter(|name| name.starts_with(prefix))
        .map(|name| Pair { display: name.clone(), replacement: name })
        .collect()
}
