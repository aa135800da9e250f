//! `:help`: what can be typed.

use super::{ALL, Command};
use crate::repl::{Console, Flow, Repl, Trouble};
use crate::report::text::{Align, table};

pub(super) struct Help;

const QUESTIONS: [(&str, &str); 6] = [
    ("beta[2]", "mean, sd, 5%, 50%, 95% of a quantity or any expression"),
    ("mean(beta), sd(tau)", "one figure, with its Monte Carlo error; also var, median"),
    ("P(beta[2] > 0)", "posterior probability of a condition"),
    ("quantile(tau, [0.05, 0.95])", "quantiles"),
    ("alpha[\"A\"] - alpha[\"B\"]", "labels of levels stand in quotes"),
    ("mean(x, axis = 1)", "with a named argument a function of the language, in each draw"),
];

impl Command for Help {
    fn name(&self) -> &'static str {
        "help"
    }

    fn summary(&self) -> &'static str {
        "this list"
    }

    fn run(&self, _: &mut Repl, _: &[String], console: &mut Console<'_>) -> Result<Flow, Trouble> {
        let commands: Vec<Vec<String>> = ALL
            .iter()
            .map(|command| {
                let usage = command.usage().split(" [--").next().unwrap_or_default();
                let more = if usage.len() < command.usage().len() { " [options]" } else { "" };
                vec![format!(":{usage}{more}"), command.summary().to_string()]
            })
            .collect();
        let questions: Vec<Vec<String>> =
            QUESTIONS.iter().map(|(example, what)| vec![example.to_string(), what.to_string()]).collect();
        let style = console.out_style;
        console.print(&table(&[("command", Align::Left), ("", Align::Left)], &commands, &style))?;
        console.print("\n")?;
        console.print(&table(&[("question", Align::Left), ("", Align::Left)], &questions, &style))?;
        Ok(Flow::Continue)
    }
}
