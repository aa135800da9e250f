//! `:sample`: samples the posterior of the model that is loaded.

use super::{Command, options, present, usage, whole};
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
            "--seed" => own.seed = whole(command, option, value()?, 0..=u64::MAX)?,
            "--chains" => own.n_chains = whole(command, option, value()?, 1..=1000)?,
            "--warmup" => own.n_warmup = whole(command, option, value()?, 20..=1_000_000)?,
            "--draws" => own.n_draws = whole(command, option, value()?, 10..=1_000_000)?,
            "--target-accept" => {
                let share = value()?.parse::<f64>().ok().filter(|share| *share > 0.0 && *share < 1.0);
                own.target_accept = share
                    .ok_or_else(|| usage(command, "takes a number between 0 and 1 after --target-accept"))?;
            }
            other => return Err(usage(command, &format!("has no option `{other}`"))),
        }
    }
    Ok(request)
}
