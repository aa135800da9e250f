//! `:load`: a model file or a fit file.

use std::path::Path;

use super::{Command, only};
use crate::repl::{Console, Flow, Repl, Trouble};

pub(super) struct Load;

impl Command for Load {
    fn name(&self) -> &'static str {
        "load"
    }

    fn usage(&self) -> &'static str {
        "load MODEL"
    }

    fn summary(&self) -> &'static str {
        "read a model file, or a fit file"
    }

    fn run(&self, repl: &mut Repl, arguments: &[String], console: &mut Console<'_>) -> Result<Flow, Trouble> {
        repl.load(Path::new(only(self, arguments, "a file")?), console)?;
        Ok(Flow::Continue)
    }
}
