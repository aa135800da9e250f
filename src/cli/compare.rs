//! `vippl compare`: posteriors side by side.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};
use miette::Report;
use serde_json::json;

use super::terminal::Terminal;
use super::{Command, Failure, parsed};
use crate::posterior::{Loo, Posterior, Verdict, compare, fit_file};
use crate::report::style::Elements;
use crate::report::{Style, json, text};
use crate::session;

pub struct Compare;

#[derive(Args)]
struct Arguments {
    /// Fit files, as `vippl fit --out` and `vippl sample --out` write them: two of one model, or of several models of the same data
    #[arg(required = true, num_args = 2.., value_name = "FIT")]
    fits: Vec<PathBuf>,
    /// Compare by leave-one-out even if the model is the same
    #[arg(long)]
    loo: bool,
    /// Print one JSON object instead of tables
    #[arg(long)]
    json: bool,
    /// Show every element
    #[arg(long)]
    all: bool,
}

const EXAMPLES: &str = "\
Two fits of one model are compared element by element: differences of means and of quantiles in sds of the second, which is
best the more trustworthy one, and the log of the ratio of sds. `same` is within 0.1, `close` within 0.25, beyond what
may be chance.

Fits of different models are compared by how well they predict each observation from all others: expected log predictive
densities by leave-one-out (PSIS-LOO), best first, with the standard errors of their differences.

Examples:
  vippl compare fit.json sample.json
  vippl compare pooled.json partial.json --json";

impl Command for Compare {
    fn define(&self) -> clap::Command {
        let command = Arguments::augment_args(clap::Command::new("compare"));
        command.about("Compare two fits of a model, or models of the same data").after_help(EXAMPLES)
    }

    fn run(&self, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Failure> {
        let arguments: Arguments = parsed(matches)?;
        let read = |path: &PathBuf| fit_file::read(path).map_err(Report::new);
        let posteriors = arguments.fits.iter().map(read).collect::<Result<Vec<Posterior>, Report>>()?;
        let names = distinct_names(&arguments.fits);
        for (posterior, name) in posteriors.iter().zip(&names) {
            if posterior.verdict() == Some(Verdict::Distrust) {
                terminal.warn(&format!("not all of {name} is to be trusted: `vippl summary` says why"))?;
            }
        }
        let elements = if arguments.all { Elements::All } else { Elements::Few };
        let style = Style { elements, ..terminal.out_style };
        match posteriors.as_slice() {
            [a, b] if a.model.text == b.model.text && !arguments.loo => {
                side_by_side([a, b], [&names[0], &names[1]], arguments.json, &style, terminal)
            }
            all => by_prediction(all, &names, arguments.json, &style, terminal),
        }
    }
}

fn side_by_side(
    [a, b]: [&Posterior; 2],
    names: [&str; 2],
    as_json: bool,
    style: &Style,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let (rows, alone) = compare(a, b);
    if as_json {
        terminal.print(&format!("{:#}\n", json::compared(names, &rows, &alone)))?;
        return Ok(());
    }
    for ((letter, posterior), name) in [("A", a), ("B", b)].into_iter().zip(names) {
        let verdict = posterior.verdict().map_or(String::new(), |verdict| format!(", {}", verdict.name()));
        let method = posterior.method_name();
        terminal.print(&format!("{} {name}  ({method}{verdict})\n", style.bold(letter)))?;
    }
    terminal.print("\n")?;
    terminal.print(&text::compared(&rows, style))?;
    terminal.print("\n")?;
    terminal.print(&text::agreement(&rows, style))?;
    if let (Some(own), Some(other)) = (&a.loo, &b.loo)
        && let Some(difference) = own.differs(other)
    {
        terminal.warn(&format!("these are fits of different data: {difference}"))?;
    }
    if !alone.is_empty() {
        terminal.warn(&format!("only one of them has {}", alone.join(", ")))?;
    }
    Ok(())
}

fn by_prediction(
    posteriors: &[Posterior],
    names: &[String],
    as_json: bool,
    style: &Style,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let mut models: Vec<(&str, &Loo)> = Vec::new();
    for (posterior, name) in posteriors.iter().zip(names) {
        let loo = posterior.loo.as_ref().ok_or_else(|| {
            miette::miette!(
                code = "vippl::compare::no_loo",
                help = "`vippl fit --out` and `vippl sample --out` leave out each observation, where there are at least two and \
                        the model has latents",
                "{name} holds no leave-one-out, by which models are compared"
            )
        })?;
        if let Some((first, other)) = models.first()
            && let Some(difference) = loo.differs(other)
        {
            return Err(Failure::Input(miette::miette!(
                code = "vippl::compare::other_data",
                help = "leave-one-out compares models of one set of observations",
                "{first} and {name} cannot be compared: {difference}"
            )));
        }
        models.push((name, loo));
    }
    let named: Vec<(&str, &Posterior)> = names.iter().map(String::as_str).zip(posteriors).collect();
    let unlike = session::unlike(&named);
    if as_json {
        let loo = json::loo_models(&models);
        let whole = json!({ "schema": json::SCHEMA, "loo": loo, "incomparable": unlike });
        return Ok(terminal.print(&format!("{whole:#}\n"))?);
    }
    terminal.print(&text::loo_table(&models, unlike.is_none(), style))?;
    match unlike {
        Some(why) => Ok(terminal.warn(&format!("these models cannot be ranked: {why}"))?),
        None => Ok(()),
    }
}

/// The names of files, without folders where these are all that they share.
fn distinct_names(paths: &[PathBuf]) -> Vec<String> {
    let short = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let names: Vec<String> = paths.iter().map(short).collect();
    let is_distinct = |name: &String| names.iter().filter(|other| *other == name).count() == 1;
    let full = |path: &Path| path.display().to_string();
    names
        .iter()
        .zip(paths)
        .map(|(name, path)| if is_distinct(name) { name.clone() } else { full(path) })
        .collect()
}
