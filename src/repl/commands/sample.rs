//! `:sample`: samples the posterior of the model that is loaded.

use super::{Command, number, options, present, usage};
use crate::repl::{Console, Flow, Repl, Trouble};
use crate::session::SampleRequest;

pub(super) struct Sample;

impl Command for Sample {
    fn name(&self) -> &'static str {
        "sample"
    }

    fn usage(&self) -> &'static str {
        "sample [--seed N] [--chains N] [--warmup N] [--draws N] [--target-accept P]"
    }

    fn summary(&self) -> &'static str {
        "sample the posterior by Markov chains (NUTS) and show it"
    }

    fn run(&self, repl: &mut Repl, arguments: &[String], console: &mut Console<'_>) -> Result<Flow, Trouble> {
        let request = request(self, arguments)?;
        let progress = (console.chain_progress)(request.options.n_chains);
        let prepared = repl.prepared(console)?;
        let n_warnings = prepared.warnings.len();
        let posterior = prepared.sample(&request, &*progress)?;
        drop(progress);
        present(repl, posterior, n_warnings, console)
    }
}

fn request(command: &Sample, arguments: &[String]) -> Result<SampleRequest, Trouble> {
    let mut request = SampleRequest::default();
    let own = &mut request.options;
    let mut words = options(arguments);
    while let Some(option) = words.next() {
        let mut value =
            || words.next().ok_or_else(|| usage(command, &format!("needs a value after {option}")));
        match option {
            "--seed" => own.seed = number(command, option, value()?, 0)?,
            "--chains" => own.n_chains = number(command, option, value()?, 1)?,
            "--warmup" => own.n_warmup = number(command, option, value()?, 20)?,
            "--draws" => own.n_draws = number(command, option, value()?, 10)?,
            "--target-accept" => {
                own.target_accept = number(command, option, value()?, 0.0)?;
                if !(own.target_accept > 0.0 && own.target_accept < 1.0) {
                    return Err(usage(command, "takes a number between 0 and 1 after --target-accept"));
                }
            }
            other => return Err(usage(command, &format!("has no option `{other}`"))),
        }
    }
    Ok(request)
}
