//! `:vars`: the variables of the model.

use super::{Command, usage};
use crate::repl::{Console, Flow, Repl, Trouble};
use crate::report::text::{VariableRow, variables};

pub(super) struct Vars;

impl Command for Vars {
    fn name(&self) -> &'static str {
        "vars"
    }

    fn summary(&self) -> &'static str {
        "show the variables: data, observed, latent, deterministic"
    }

    fn run(&self, repl: &mut Repl, arguments: &[String], console: &mut Console<'_>) -> Result<Flow, Trouble> {
        if !arguments.is_empty() {
            return Err(usage(self, "takes no arguments"));
        }
        match repl.posterior.as_ref().and_then(|fitted| fitted.read.as_ref().map(|read| &read.model)) {
            Some(model) => console.print(&variables(&VariableRow::of_model(model), &console.out_style))?,
            None => repl.show_variables(console)?,
        }
        Ok(Flow::Continue)
    }
}
