//! The prompt: commands that begin with a colon, and questions to the posterior. Errors are shown; it goes on.

mod commands;
mod console;
mod prompt;

pub use commands::reference;
pub use console::Console;
pub use prompt::run;

use std::io;
use std::path::Path;

use miette::Report;

use crate::compile::CompileOptions;
use crate::data::{DataArg, Dataset};
use crate::ir;
use crate::posterior::{Posterior, Scope, fit_file};
use crate::report::text::{VariableRow, answer, variables};
use crate::session::{self, Prepared, Request};
use crate::source::Source;

use commands::Command;

/// What has been loaded so far.
#[derive(Default)]
pub struct Repl {
    model: Option<Source>,
    data: Vec<DataArg>,
    drop: Vec<String>,
    /// The model with its data; made when first needed.
    prepared: Option<Prepared>,
    posterior: Option<Fitted>,
    /// Something has been refused so far.
    failed: bool,
}

/// A posterior with the names that questions may use.
struct Fitted {
    posterior: Posterior,
    /// Of a fit that was read from a file; otherwise `prepared` has them.
    read: Option<Read>,
}

/// The model of a fit that was read from a file, and its data where they were given.
struct Read {
    model: ir::Model,
    dataset: Option<Dataset>,
}

/// What a line makes the prompt do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Continue,
    Quit,
}

/// Why a command does not end well.
pub(crate) enum Trouble {
    /// Shown; the prompt comes back.
    Input(Report),
    /// Nobody reads the output any more.
    Output(io::Error),
}

impl From<Report> for Trouble {
    fn from(report: Report) -> Trouble {
        Trouble::Input(report)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Output(error)
    }
}

impl Repl {
    /// Begins with a model file or a fit file, and data. What is wrong with them is shown.
    pub fn open(
        &mut self,
        path: Option<&Path>,
        data: Vec<DataArg>,
        drop: Vec<String>,
        console: &mut Console<'_>,
    ) -> io::Result<()> {
        (self.data, self.drop) = (data, drop);
        let opened = match path {
            Some(path) => self.load(path, console),
            None => Ok(()),
        };
        self.show_trouble(opened, console)
    }

    /// Does what a line says. Fails only when output cannot be written.
    pub fn line(&mut self, line: &str, console: &mut Console<'_>) -> io::Result<Flow> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(Flow::Continue);
        }
        let outcome = match line.strip_prefix(':') {
            Some(command) => self.command(command, console),
            None => self.question(line, console).map(|()| Flow::Continue),
        };
        let flow = *outcome.as_ref().unwrap_or(&Flow::Continue);
        self.show_trouble(outcome, console)?;
        console.flush()?;
        Ok(flow)
    }

    fn command(&mut self, text: &str, console: &mut Console<'_>) -> Result<Flow, Trouble> {
        let mut words = commands::words(text)?;
        let name = if words.is_empty() { String::new() } else { words.remove(0) };
        let command: &dyn Command = commands::find(&name)?;
        command.run(self, &words, console)
    }

    fn question(&mut self, line: &str, console: &mut Console<'_>) -> Result<(), Trouble> {
        // A statement is told apart before anything is asked of a posterior.
        let source = Source::new("prompt", line);
        session::expression(&source)?;
        let (posterior, scope) = self.posterior()?;
        let answered = session::answer(posterior, scope, line)?;
        let words = distrust(&answered.distrusted);
        console.print(&answer(&answered, &console.out_style))?;
        words.map_or(Ok(()), |words| Ok(console.warn(&words)?))
    }

    /// The posterior with its names, or what to do first.
    fn posterior(&self) -> Result<(&Posterior, Scope<'_>), Report> {
        let Some(fitted) = &self.posterior else {
            return Err(if self.model.is_some() {
                miette::miette!(
                    code = "vippl::repl::no_fit",
                    help = "`:fit` fits the model",
                    "nothing is fitted yet"
                )
            } else {
                miette::miette!(
                    code = "vippl::repl::no_model",
                    help = "`:load MODEL`, `:data FILE`, then `:fit`; or `:load FIT.json`",
                    "no model is loaded"
                )
            });
        };
        let scope = match (&fitted.read, &self.prepared) {
            (Some(Read { model, dataset }), _) => Scope { model, dataset: dataset.as_ref() },
            (None, Some(prepared)) => prepared.scope(),
            (None, None) => return Err(Report::msg("the model of the fit is gone; `:fit` again")),
        };
        Ok((&fitted.posterior, scope))
    }

    /// Reads a model, or a fit file.
    fn load(&mut self, path: &Path, console: &mut Console<'_>) -> Result<(), Trouble> {
        if path.extension().is_some_and(|extension| extension == "json") || fit_file::is_fit(path) {
            let posterior = fit_file::read(path).map_err(Report::new)?;
            self.model = Some(posterior.model.clone());
            self.prepared = None;
            let read = self.read_fit(&posterior, console)?;
            self.posterior = Some(Fitted { posterior, read: Some(read) });
            return Ok(());
        }
        let model = session::read_model(path)?;
        self.model = Some(model);
        self.prepared = None;
        self.posterior = None;
        self.show_variables(console)
    }

    /// The model of a fit with the data that were given, which are to be those of the fit.
    fn read_fit(&self, posterior: &Posterior, console: &mut Console<'_>) -> Result<Read, Trouble> {
        if self.data.is_empty() {
            return Ok(Read { model: session::recheck(posterior)?, dataset: None });
        }
        let (model, dataset, warnings) = session::recheck_with_data(posterior, &self.data, &self.drop)?;
        for warning in &warnings {
            console.report(warning)?;
        }
        Ok(Read { model, dataset: Some(dataset) })
    }

    /// The table of variables: against the data where there are some.
    fn show_variables(&mut self, console: &mut Console<'_>) -> Result<(), Trouble> {
        let Some(model) = &self.model else {
            return Err(self.posterior().err().map_or_else(no_model, Trouble::Input));
        };
        let rows = if self.data.is_empty() && self.prepared.is_none() {
            let checked = session::check(model, None, None)?;
            for warning in &checked.warnings {
                console.report(warning)?;
            }
            VariableRow::of_model(&checked.model)
        } else {
            {
                let prepared = self.prepared(console)?;
                VariableRow::of_compiled(&prepared.model, &prepared.compiled.variables)
            }
        };
        console.print(&variables(&rows, &console.out_style))?;
        Ok(())
    }

    /// The model with its data, compiled now if it has not been.
    fn prepared(&mut self, console: &mut Console<'_>) -> Result<&Prepared, Trouble> {
        let Some(model) = &self.model else { return Err(no_model()) };
        if self.prepared.is_none() {
            let request = Request {
                model: model.clone(),
                data: self.data.clone(),
                drop: self.drop.clone(),
                compile: CompileOptions::default(),
            };
            let prepared = session::prepare(&request)?;
            for warning in &prepared.warnings {
                console.report(warning)?;
            }
            self.prepared = Some(prepared);
        }
        self.prepared.as_ref().ok_or_else(no_model)
    }

    /// Whether anything so far was refused: a script that asks in vain has failed.
    pub fn failed(&self) -> bool {
        self.failed
    }

    /// Shows what went wrong; only output that cannot be written ends the prompt.
    fn show_trouble<T>(&mut self, outcome: Result<T, Trouble>, console: &mut Console<'_>) -> io::Result<()> {
        match outcome {
            Ok(_) => Ok(()),
            Err(Trouble::Input(report)) => {
                self.failed = true;
                console.report(&report)
            }
            Err(Trouble::Output(error)) => Err(error),
        }
    }

    /// Names that can be completed: quantities, and names of the data.
    fn names(&self) -> Vec<String> {
        let quantities = self.posterior.iter().flat_map(|fitted| &fitted.posterior.quantities);
        let mut names: Vec<String> = quantities.map(|quantity| quantity.name.clone()).collect();
        if let Some(prepared) = &self.prepared {
            names.extend(prepared.dataset.names().map(String::from));
            names.extend(prepared.compiled.variables.iter().map(|variable| variable.name.clone()));
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

fn no_model() -> Trouble {
    Trouble::Input(miette::miette!(
        code = "vippl::repl::no_model",
        help = "`:load MODEL` reads a model file",
        "no model is loaded"
    ))
}

/// Said below an answer that is made of what is not to be trusted.
fn distrust(names: &[String]) -> Option<String> {
    /// The others are counted.
    const MOST: usize = 3;
    let named: Vec<String> = names.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > MOST { format!(" and {} more", names.len() - MOST) } else { String::new() };
    (!names.is_empty()).then(|| format!("the fit does not vouch for {}{more}", named.join(", ")))
}

#[cfg(test)]
mod tests;
