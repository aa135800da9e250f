//! `vippl fit`: from a model and data to a posterior.

use std::path::PathBuf;

use clap::{ArgMatches, Args};
use miette::Report;

use super::arguments::{CompileArgs, DataArgs, FitArgs, ThreadArgs, request};
use super::progress::{Shown, listener};
use super::terminal::Terminal;
use super::{Command, Failure, parsed};
use crate::data::DataArg;
use crate::inference::Progress;
use crate::posterior::{Verdict, fit_file};
use crate::report::style::Elements;
use crate::report::{Style, json, text};
use crate::session::{self, FitRequest};

pub struct Fit;

#[derive(Args)]
struct Arguments {
    /// Model file
    model: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    fit: FitArgs,
    #[command(flatten)]
    compile: CompileArgs,
    /// Write a fit file, for `vippl summary` and `vippl repl`
    #[arg(long, value_name = "FIT")]
    out: Option<PathBuf>,
    /// Print the summary table only
    #[arg(long, short)]
    quiet: bool,
    /// Print each step of the fit, with the ELBO in its two parts, to standard error
    #[arg(long, short, conflicts_with = "quiet")]
    verbose: bool,
    /// Print one JSON object instead of tables
    #[arg(long)]
    json: bool,
    /// Fail (exit status 3) where a number is not to be trusted
    #[arg(long)]
    strict: bool,
    /// Show every element of long vectors
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    threads: ThreadArgs,
}

const EXAMPLES: &str = "\
Examples:
  vippl fit radon.vim --data radon.csv
  vippl fit radon.vim --data houses.csv --data counties.json --out radon.json
  vippl fit regression.vim --data X=matrix.csv --data outcome.csv
  vippl fit model.vim --data d.csv --json | jq .parameters.tau";

impl Command for Fit {
    fn define(&self) -> clap::Command {
        let command = Arguments::augment_args(clap::Command::new("fit"));
        command.about("Fit a model to data and print the posterior").after_help(EXAMPLES)
    }

    fn run(&self, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Failure> {
        let arguments: Arguments = parsed(matches)?;
        arguments.threads.start()?;
        if let Some(out) = &arguments.out {
            // Before the work, not after it.
            let data = arguments.data.data.iter().map(|data| match data {
                DataArg::File(path) | DataArg::Named { path, .. } => path.as_path(),
            });
            let sources = data.chain([arguments.model.as_path()]);
            fit_file::check_destination(out, sources).map_err(Report::new)?;
        }
        let prepared =
            session::prepare(&request(&arguments.model, &arguments.data, arguments.compile.options())?)?;
        let style = Style {
            elements: if arguments.all { Elements::All } else { Elements::Few },
            ..terminal.out_style
        };
        if !arguments.quiet && !arguments.json {
            let rows = text::VariableRow::of_compiled(&prepared.model, &prepared.compiled.variables);
            terminal.print(&text::variables(&rows, &style))?;
            terminal.print("\n")?;
        }
        terminal.flush()?;
        for warning in &prepared.warnings {
            terminal.report(warning)?;
        }
        let shown = match (arguments.verbose, terminal.interactive && !arguments.quiet) {
            (true, _) => Shown::Steps,
            (false, true) => Shown::Line,
            (false, false) => Shown::Nothing,
        };
        let mut show = listener(shown);
        // Without normalised densities there is no KL.
        let parts_mean_something = prepared.compiled.evidence;
        let mut progress = move |progress: Progress| {
            show(Progress { parts: progress.parts.filter(|_| parts_mean_something), ..progress });
        };
        let request = FitRequest { loo: arguments.out.is_some(), ..arguments.fit.request() };
        let posterior = prepared.fit(&request, &mut progress)?;
        drop(progress);
        for warning in &posterior.warnings[prepared.warnings.len()..] {
            terminal.warn(warning)?;
        }
        if let Some(path) = &arguments.out {
            fit_file::write(&posterior, path).map_err(Report::new)?;
        }
        if arguments.json {
            terminal.print(&format!("{:#}\n", json::fit(&posterior)))?;
        } else {
            terminal.print(&text::summary(&posterior, &style))?;
            if !arguments.quiet {
                terminal.print("\n")?;
                terminal.print(&text::footer(&posterior, &style))?;
            }
        }
        let is_distrusted = posterior.verdict() == Some(Verdict::Distrust);
        if arguments.strict && is_distrusted { Err(Failure::Distrusted) } else { Ok(()) }
    }
}
