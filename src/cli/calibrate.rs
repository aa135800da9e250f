//! `vippl calibrate`: whether the fits of a model are right where the right answer is known.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};
use miette::{IntoDiagnostic, Report, WrapErr};

use super::arguments::{CompileArgs, DataArgs, FitArgs, ThreadArgs, request};
use super::progress::calibration_listener;
use super::terminal::Terminal;
use super::{Command, Failure, parsed};
use crate::data::{DataArg, overwrites};
use crate::posterior::{Calibration, Conclusion};
use crate::report::style::Elements;
use crate::report::{Style, json, text};
use crate::session::{self, CalibrationRequest, Subject, count};

pub struct Calibrate;

#[derive(Args)]
struct Arguments {
    /// Model file
    model: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// Data sets to simulate and to fit
    #[arg(long, value_name = "N", default_value_t = 200, allow_negative_numbers = true, value_parser = count::<u32>(20..=10_000))]
    sims: u32,
    #[command(flatten)]
    fit: FitArgs,
    /// Look at the approximation alone, not at what weights and chains make of it
    #[arg(long)]
    uncorrected: bool,
    #[command(flatten)]
    compile: CompileArgs,
    /// Write the rank of each true value in each fit to this file, as CSV
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print one JSON object instead of tables
    #[arg(long)]
    json: bool,
    /// Fail (exit status 3) where fits that are trusted are not calibrated
    #[arg(long)]
    strict: bool,
    /// Show every element of long vectors
    #[arg(long)]
    all: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    threads: ThreadArgs,
}

const EXAMPLES: &str = "\
Each data set has true values drawn from the priors, and what they give for the observed variables; covariates and shapes are
those of the data. Each is fitted as `vippl fit` would, with these options. Among the draws of a posterior that is right every
rank of the true value is as likely as any other one.

mean z, sd z     means and sds of the distances of fits from true values, in sds of the posterior: 0 and 1 where fits are right;
                 mean z above 0: fits are too high; sd z above 1: their intervals are too narrow
in 50%, in 90%   share of these intervals that hold the true value
ranks            histogram of the ranks of true values, from below all draws to above them: level where fits are right,
                 high at both ends where they are too narrow, low there where they are too wide
p                how likely ranks like these are if fits are right, adjusted for the number of elements

Examples:
  vippl calibrate schools.vim --data schools.json
  vippl calibrate radon.vim --data radon.csv --sims 500 --out ranks.csv
  vippl calibrate radon.vim --data radon.csv --family meanfield --uncorrected";

impl Command for Calibrate {
    fn define(&self) -> clap::Command {
        let command = Arguments::augment_args(clap::Command::new("calibrate"));
        command.about("Check the fits of a model on data sets with known answers").after_help(EXAMPLES)
    }

    fn run(&self, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Failure> {
        let arguments: Arguments = parsed(matches)?;
        arguments.threads.start()?;
        if let Some(out) = &arguments.out {
            refuse_sources(out, &arguments.model, &arguments.data.data)?;
        }
        let compile = arguments.compile.options();
        let prepared = session::prepare(&request(&arguments.model, &arguments.data, compile)?)?;
        for warning in &prepared.warnings {
            terminal.report(warning)?;
        }
        terminal.flush()?;
        let progress = calibration_listener(terminal.interactive && !arguments.quiet);
        let request = CalibrationRequest {
            fit: arguments.fit.request(),
            compile,
            n_simulations: arguments.sims as usize,
            subject: if arguments.uncorrected { Subject::Approximation } else { Subject::Reported },
        };
        let calibration = prepared.calibrate(&request, &*progress)?;
        drop(progress);
        if let Some(out) = &arguments.out {
            let written = std::fs::write(out, csv_text(&calibration)?).into_diagnostic();
            written.wrap_err_with(|| format!("cannot write {}", out.display()))?;
        }
        if arguments.json {
            terminal
                .print(&format!("{:#}\n", json::calibration(&prepared.model.source.name, &calibration)))?;
        } else {
            let elements = if arguments.all { Elements::All } else { Elements::Few };
            let style = Style { elements, ..terminal.out_style };
            terminal.print(&text::calibration(&calibration, &style))?;
        }
        let is_off = calibration.conclusion() == Conclusion::NotCalibrated;
        if arguments.strict && is_off { Err(Failure::Distrusted) } else { Ok(()) }
    }
}

/// The output must not overwrite what it is made from.
fn refuse_sources(out: &Path, model: &Path, data: &[DataArg]) -> Result<(), Report> {
    if overwrites(out, data.iter().map(DataArg::path).chain([model])) {
        return Err(miette::miette!(
            code = "vippl::calibrate::overwrites_source",
            help = "give another name",
            "{} is what the data sets are made from",
            out.display()
        ));
    }
    Ok(())
}

/// A line for each element and each fit.
fn csv_text(calibration: &Calibration) -> Result<String, Report> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["parameter", "simulation", "rank", "trusted", "truth"]).into_diagnostic()?;
    for element in &calibration.elements {
        for placed in &element.ranks {
            let cells = [
                element.name.clone(),
                placed.simulation.to_string(),
                placed.rank.to_string(),
                placed.trusted.to_string(),
                placed.truth.to_string(),
            ];
            writer.write_record(cells).into_diagnostic()?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| Report::msg(error.to_string()))?;
    String::from_utf8(bytes).into_diagnostic()
}
