//! `:quit`: ends the session at the prompt.

use super::Command;
use crate::repl::{Console, Flow, Repl, Trouble};

pub(super) struct Quit;

impl Command for Quit {
    fn name(&self) -> &'static str {
        "quit"
    }

    fn summary(&self) -> &'static str {
        "end (also Ctrl-D)"
    }

    fn run(&self, _: &mut Repl, _: &[String], _: &mut Console<'_>) -> Result<Flow, Trouble> {
        Ok(Flow::Quit)
    }
}
