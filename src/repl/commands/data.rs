//! `:data`: the data files, in place of those before.

use super::{Command, usage};
use crate::data::DataArg;
use crate::repl::{Console, Fitted, Flow, Repl, Trouble};
use crate::session;
use miette::Report;

pub(super) struct Data;

impl Command for Data {
    fn name(&self) -> &'static str {
        "data"
    }

    fn usage(&self) -> &'static str {
        "data FILE..."
    }

    fn summary(&self) -> &'static str {
        "read data files (FILE or NAME=FILE) in place of those before"
    }

    fn run(&self, repl: &mut Repl, arguments: &[String], console: &mut Console<'_>) -> Result<Flow, Trouble> {
        if arguments.is_empty() {
            return Err(usage(self, "needs a file"));
        }
        let data: Result<Vec<DataArg>, _> =
            arguments.iter().map(|argument| DataArg::parse(argument)).collect();
        let data = data.map_err(Report::new)?;
        // Files that cannot be read leave everything as it was.
        let (_, record, warnings) = session::read_data(&data, &repl.drop)?;
        repl.data = data;
        // A fit that was read from a file goes on with its own data; others are to be fitted.
        if let Some(fitted) = repl.posterior.take_if(|fitted| fitted.read.is_some())
            && let Ok(read) = repl.read_fit(&fitted.posterior, console)
        {
            repl.posterior = Some(Fitted { read: Some(read), ..fitted });
            return Ok(Flow::Continue);
        }
        repl.prepared = None;
        repl.posterior = None;
        if repl.model.is_some() {
            repl.show_variables(console)?;
        } else {
            for warning in &warnings {
                console.report(warning)?;
            }
            let names: Vec<&str> = record.variables.iter().map(|variable| variable.name.as_str()).collect();
            console.print(&format!("{}\n", names.join(", ")))?;
        }
        Ok(Flow::Continue)
    }
}
