//! `:fit`: fits the model that is loaded.

use super::{Command, options, present, usage, whole};
use crate::family;
use crate::inference::Optimizer;
use crate::repl::{Console, Flow, Repl, Trouble};
use crate::session::{EvidenceChoice, FitRequest};

pub(super) struct Fit;

impl Command for Fit {
    fn name(&self) -> &'static str {
        "fit"
    }

    fn usage(&self) -> &'static str {
        "fit [--seed N] [--draws N] [--mc-draws M] [--family NAME] [--optimizer newton|adam] [--evidence bounds,prior]"
    }

    fn summary(&self) -> &'static str {
        "fit the model and show its posterior"
    }

    fn run(&self, repl: &mut Repl, arguments: &[String], console: &mut Console<'_>) -> Result<Flow, Trouble> {
        let request = request(self, arguments)?;
        let mut progress = (console.progress)();
        let prepared = repl.prepared(console)?;
        let n_warnings = prepared.warnings.len();
        let posterior = prepared.fit(&request, &mut *progress)?;
        drop(progress);
        present(repl, posterior, n_warnings, console)
    }
}

fn request(command: &Fit, arguments: &[String]) -> Result<FitRequest, Trouble> {
    let mut request = FitRequest::default();
    let mut words = options(arguments);
    while let Some(option) = words.next() {
        let mut value =
            || words.next().ok_or_else(|| usage(command, &format!("needs a value after {option}")));
        match option {
            "--seed" => request.options.seed = whole(command, option, value()?, 0..=u64::MAX)?,
            "--draws" => request.n_draws = whole(command, option, value()?, 2..=10_000_000)?,
            "--mc-draws" => request.options.mc_draws = Some(whole(command, option, value()?, 2..=1_000_000)?),
            "--family" => {
                let choice = family::choice(value()?);
                request.options.family = choice.map_err(|error| usage(command, &format!("has {error}")))?;
            }
            "--optimizer" => {
                let name = value()?;
                request.options.optimizer = Optimizer::ALL
                    .into_iter()
                    .find(|optimizer| optimizer.name() == name)
                    .ok_or_else(|| usage(command, &format!("has no optimizer `{name}`")))?;
            }
            "--evidence" => {
                for name in value()?.split(',') {
                    let choice = EvidenceChoice::ALL.into_iter().find(|choice| choice.name() == name);
                    let choice =
                        choice.ok_or_else(|| usage(command, &format!("has no evidence `{name}`")))?;
                    request.evidence.push(choice);
                }
            }
            other => return Err(usage(command, &format!("has no option `{other}`"))),
        }
    }
    Ok(request)
}
