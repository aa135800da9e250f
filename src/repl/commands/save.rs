//! `:save`: writes the fit.

use std::path::Path;

use miette::Report;

use super::{Command, only};
use crate::posterior::fit_file;
use crate::repl::{Console, Flow, Repl, Trouble};

pub(super) struct Save;

impl Command for Save {
    fn name(&self) -> &'static str {
        "save"
    }

    fn usage(&self) -> &'static str {
        "save FILE.json"
    }

    fn summary(&self) -> &'static str {
        "write the fit to a file, for `:load` and `vippl summary`"
    }

    fn run(&self, repl: &mut Repl, arguments: &[String], console: &mut Console<'_>) -> Result<Flow, Trouble> {
        let path = only(self, arguments, "a file")?;
        let (posterior, _) = repl.posterior()?;
        fit_file::write(posterior, Path::new(path)).map_err(Report::new)?;
        console.print(&format!("saved to {path}\n"))?;
        Ok(Flow::Continue)
    }
}
