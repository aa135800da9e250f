//! `:help`: what can be typed, or a page of the reference.

use super::{ALL, Command, find, short_usage};
use crate::repl::{Console, Flow, Repl, Trouble};
use crate::report::reference::{self, Subject};
use crate::report::text::{Align, table};

pub(super) struct Help;

const QUESTIONS: [(&str, &str); 7] = [
    ("beta[2]", "mean, sd, 5%, 50%, 95% of a quantity or any expression"),
    ("mean(beta), sd(tau)", "one figure, with its Monte Carlo error; also var, median"),
    ("P(beta[2] > 0)", "posterior probability of a condition"),
    ("P(z[3] == 2), mode(z)", "probabilities and likeliest values of discrete latents"),
    ("quantile(tau, [0.05, 0.95])", "quantiles"),
    ("alpha[\"A\"] - alpha[\"B\"]", "labels of levels stand in quotes"),
    ("mean(x, axis = 1)", "with a named argument a function of the language, in each draw"),
];

impl Command for Help {
    fn name(&self) -> &'static str {
        "help"
    }

    fn usage(&self) -> &'static str {
        "help [NAME]"
    }

    fn summary(&self) -> &'static str {
        "this list, or all about a distribution, a function, a topic, a command"
    }

    fn run(&self, _: &mut Repl, arguments: &[String], console: &mut Console<'_>) -> Result<Flow, Trouble> {
        if !arguments.is_empty() {
            return help_on(&arguments.join(" "), console);
        }
        let row = |command: &&dyn Command| {
            vec![format!(":{}", short_usage(*command)), command.summary().to_string()]
        };
        let commands: Vec<Vec<String>> = ALL.iter().map(row).collect();
        let questions: Vec<Vec<String>> =
            QUESTIONS.iter().map(|(example, what)| vec![example.to_string(), what.to_string()]).collect();
        let style = console.out_style;
        console.print(&table(&[("command", Align::Left), ("", Align::Left)], &commands, &style))?;
        console.print("\n")?;
        console.print(&table(&[("question", Align::Left), ("", Align::Left)], &questions, &style))?;
        Ok(Flow::Continue)
    }
}

/// The page of a name, or the usage of a command (`:fit`).
fn help_on(name: &str, console: &mut Console<'_>) -> Result<Flow, Trouble> {
    if let Some(command) = name.strip_prefix(':') {
        let command = find(command)?;
        console.print(&format!(":{}\n  {}\n", command.usage(), command.summary()))?;
        return Ok(Flow::Continue);
    }
    let subjects = Subject::find(name);
    if subjects.is_empty() {
        if let Some(command) = ALL.iter().find(|command| command.name() == name) {
            return help_on(&format!(":{}", command.name()), console);
        }
        let names: Vec<String> = ALL.iter().map(|command| format!(":{}", command.name())).collect();
        return Err(reference::unknown(name, &names, "`:help` lists what can be typed").into());
    }
    let style = console.out_style;
    let pages: Vec<String> =
        subjects.iter().map(|subject| reference::page(&subject.page(), &style)).collect();
    console.print(&pages.join(&reference::rule(&style)))?;
    Ok(Flow::Continue)
}
