//! `:summary`: the table of the posterior.

use super::{Command, usage};
use crate::repl::{Console, Flow, Repl, Trouble};
use crate::report::Style;
use crate::report::style::Elements;
use crate::report::text::{footer, summary};

pub(super) struct Summary;

impl Command for Summary {
    fn name(&self) -> &'static str {
        "summary"
    }

    fn usage(&self) -> &'static str {
        "summary [--all]"
    }

    fn summary(&self) -> &'static str {
        "show the posterior; --all: every element"
    }

    fn run(&self, repl: &mut Repl, arguments: &[String], console: &mut Console<'_>) -> Result<Flow, Trouble> {
        let elements = match arguments {
            [] => Elements::Few,
            [all] if all == "--all" => Elements::All,
            _ => return Err(usage(self, "takes `--all` only")),
        };
        let style = Style { elements, ..console.out_style };
        let (posterior, _) = repl.posterior()?;
        console.print(&summary(posterior, &style))?;
        console.print("\n")?;
        console.print(&footer(posterior, &style))?;
        Ok(Flow::Continue)
    }
}
