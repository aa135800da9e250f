//! `vippl fit`: from a model and data to a posterior.

use std::path::PathBuf;

use clap::{ArgMatches, Args};

use super::arguments::{CompileArgs, DataArgs, FitArgs, ThreadArgs, request};
use super::output::{OutputArgs, ShowArgs};
use super::progress::{Shown, listener};
use super::terminal::Terminal;
use super::{Command, Failure, parsed};
use crate::inference::Progress;
use crate::report::text;
use crate::session::{self, EvidenceChoice, FitRequest};

pub struct Fit;

#[derive(Args)]
struct Arguments {
    /// Model file
    model: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    fit: FitArgs,
    /// More on log p(x): bounds (by the weights of 1, 10, 100 and 1000 draws of q), prior (by draws from the prior)
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = parse_evidence)]
    evidence: Vec<EvidenceChoice>,
    #[command(flatten)]
    compile: CompileArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Print each step of the fit, and each family with its ELBO, k-hat and time, to standard error
    #[arg(long, short, conflicts_with = "quiet")]
    verbose: bool,
    #[command(flatten)]
    threads: ThreadArgs,
}

const EXAMPLES: &str = "\
Examples:
  vippl fit radon.vim --data radon.csv
  vippl fit radon.vim --data houses.csv --data counties.json --out radon.json
  vippl fit regression.vim --data X=matrix.csv --data outcome.csv
  vippl fit model.vim --data d.csv --json | jq .parameters.tau
  vippl fit model.vim --data d.csv --evidence bounds,prior      more on log p(x)";

impl Command for Fit {
    fn define(&self) -> clap::Command {
        let command = Arguments::augment_args(clap::Command::new("fit"));
        command.about("Fit a model to data and print the posterior").after_help(EXAMPLES)
    }

    fn run(&self, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Failure> {
        let arguments: Arguments = parsed(matches)?;
        arguments.threads.start()?;
        arguments.output.check_destination(&arguments.model, &arguments.data)?;
        let prepared =
            session::prepare(&request(&arguments.model, &arguments.data, arguments.compile.options())?)?;
        let ShowArgs { quiet, json, .. } = arguments.output.show;
        if !quiet && !json {
            let rows = text::VariableRow::of_compiled(&prepared.model, &prepared.compiled.variables);
            terminal.print(&text::variables(&rows, &arguments.output.show.style(terminal)))?;
            terminal.print("\n")?;
        }
        terminal.flush()?;
        for warning in &prepared.warnings {
            terminal.report(warning)?;
        }
        let shown = match (arguments.verbose, terminal.interactive && !quiet) {
            (true, _) => Shown::Steps,
            (false, true) => Shown::Line,
            (false, false) => Shown::Nothing,
        };
        let mut show = listener(shown);
        // Without normalised densities there is no KL, nor where a density is both prior and likelihood.
        let parts_mean_something = prepared.compiled.evidence && prepared.compiled.is_split;
        let mut progress = move |progress: Progress| {
            show(Progress { parts: progress.parts.filter(|_| parts_mean_something), ..progress });
        };
        let mut request = FitRequest { loo: arguments.output.out.is_some(), ..arguments.fit.request() };
        request.options.report_rungs = arguments.verbose;
        request.evidence = arguments.evidence.clone();
        let posterior = prepared.fit(&request, &mut progress)?;
        drop(progress);
        arguments.output.finish(&posterior, prepared.warnings.len(), terminal)
    }
}

fn parse_evidence(name: &str) -> Result<EvidenceChoice, String> {
    EvidenceChoice::ALL.into_iter().find(|choice| choice.name() == name).ok_or_else(|| {
        let known: Vec<&str> = EvidenceChoice::ALL.iter().map(|choice| choice.name()).collect();
        format!("no such evidence; there are: {}", known.join(", "))
    })
}
