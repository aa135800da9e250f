//! `vippl simulate`: new data sets from a model or a fit.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};
use miette::{IntoDiagnostic, Report, WrapErr};
use serde_json::{Map, Value, json};

use super::arguments::DataArgs;
use super::terminal::Terminal;
use super::{Command, Failure, parsed};
use crate::compile::{CompileOptions, element_name};
use crate::data::{DataArg, overwrites};
use crate::posterior::fit_file;
use crate::session::{self, Request, count};
use crate::simulate::{SimulatedVariable, Simulations, simulate};
use crate::types::ElementType;

pub struct Simulate;

#[derive(Args)]
struct Arguments {
    /// Fit file, as `vippl fit --out` writes it, or a model file
    source: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// How many data sets to draw
    #[arg(long, short, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = count::<u32>(1..=1_000_000))]
    n: u32,
    /// Seed of all random numbers: the same seed gives the same data
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = count::<u64>(0..=u64::MAX))]
    seed: u64,
    /// Write to this file instead of standard output; JSON if its name ends in .json, otherwise CSV
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
From a fit: each data set has one posterior draw of the global latents, the point estimates, and new draws from the
prior of the latents with a plate of `rows`. From a model: every latent from its prior. The data give the shapes,
and what is conditioned on; those of a fit are read again from where they were.

Examples:
  vippl simulate decoder.json -o new.csv
  vippl simulate radon.json -n 100 --seed 3 -o replications.csv
  vippl simulate radon.vim --data radon.csv      draws from the prior";

impl Command for Simulate {
    fn define(&self) -> clap::Command {
        let command = Arguments::augment_args(clap::Command::new("simulate"));
        command.about("Draw new data sets from a fit or from a model").after_help(EXAMPLES)
    }

    fn run(&self, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Failure> {
        let arguments: Arguments = parsed(matches)?;
        let fit = match fit_file::is_fit(&arguments.source) {
            true => Some(fit_file::read(&arguments.source).map_err(Report::new)?),
            false => None,
        };
        let mut request = Request {
            model: match &fit {
                Some(fit) => fit.model.clone(),
                None => session::read_model(&arguments.source)?,
            },
            data: arguments.data.data.clone(),
            drop: arguments.data.drop.clone(),
            compile: CompileOptions::default(),
        };
        if let Some(fit) = fit.as_ref().filter(|_| request.data.is_empty()) {
            let files = fit.data.files.iter().map(|file| DataArg::parse(file));
            request.data = files.collect::<Result<_, _>>().map_err(Report::new)?;
            refuse_moved(&request.data)?;
            request.drop.clone_from(&fit.data.dropped);
        }
        if let Some(out) = &arguments.out {
            refuse_sources(out, &arguments.source, &request.data)?;
        }
        let prepared = session::prepare(&request)?;
        for warning in &prepared.warnings {
            terminal.report(warning)?;
        }
        let simulations =
            simulate(&prepared.model, &prepared.dataset, fit.as_ref(), arguments.n as usize, arguments.seed)?;
        let as_json = arguments
            .out
            .as_ref()
            .and_then(|out| out.extension())
            .is_some_and(|extension| extension == "json");
        let text = if as_json { json_text(&simulations) } else { csv_text(&simulations)? };
        match &arguments.out {
            Some(out) => {
                let written = std::fs::write(out, text).into_diagnostic();
                written.wrap_err_with(|| format!("cannot write {}", out.display()))?;
            }
            None => terminal.print(&text)?,
        }
        Ok(())
    }
}

/// A fit names its data by their paths, as they were given.
fn refuse_moved(data: &[DataArg]) -> Result<(), Report> {
    let moved = data.iter().map(DataArg::path).find(|path| !path.exists());
    moved.map_or(Ok(()), |path| {
        Err(miette::miette!(
            help = "give the data of the fit by `--data FILE`",
            "the fit was made from {}, which is not there, seen from this directory",
            path.display()
        ))
    })
}

/// The output must not overwrite what it is made from.
fn refuse_sources(out: &Path, source: &Path, data: &[DataArg]) -> Result<(), Report> {
    if overwrites(out, data.iter().map(DataArg::path).chain([source])) {
        return Err(miette::miette!(
            help = "give another name",
            "{} is what the simulation is made from",
            out.display()
        ));
    }
    Ok(())
}

/// One line for each position along the first dimension of the variables, which all have in common.
fn csv_text(simulations: &Simulations) -> Result<String, Report> {
    let variables = &simulations.variables;
    let rows_of = |variable: &SimulatedVariable| variable.dims.first().copied().unwrap_or(1);
    let rows = variables.first().map_or(0, rows_of);
    if let Some(other) = variables.iter().find(|variable| rows_of(variable) != rows) {
        return Err(miette::miette!(
            help = "write JSON: `-o FILE.json`",
            "`{}` has {} rows and `{}` has {}: they do not fit into one table",
            variables[0].name,
            rows,
            other.name,
            rows_of(other)
        ));
    }
    let several = simulations.sets.len() > 1;
    let mut header: Vec<String> = several.then(|| "set".to_string()).into_iter().collect();
    for variable in variables {
        let inner: Vec<usize> = variable.dims.iter().skip(1).copied().collect();
        let width: usize = inner.iter().product();
        header.extend((0..width).map(|k| element_name(&variable.name, &inner, &[], k)));
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&header).into_diagnostic()?;
    for (set, values) in simulations.sets.iter().enumerate() {
        for row in 0..rows {
            let mut record: Vec<String> = several.then(|| (set + 1).to_string()).into_iter().collect();
            let mut first = 0;
            for variable in variables {
                let width = variable.len() / rows.max(1);
                let own = &values[first + row * width..first + (row + 1) * width];
                record.extend(own.iter().map(|value| match cell(variable, *value) {
                    Value::String(level) => level,
                    other => other.to_string(),
                }));
                first += variable.len();
            }
            writer.write_record(&record).into_diagnostic()?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| Report::msg(error.to_string()))?;
    String::from_utf8(bytes).into_diagnostic()
}

/// An object of arrays, or an array of such objects.
fn json_text(simulations: &Simulations) -> String {
    let object = |values: &Vec<f64>| {
        let mut object = Map::new();
        let mut first = 0;
        for variable in &simulations.variables {
            let own = &values[first..first + variable.len()];
            let cells: Vec<Value> = own.iter().map(|value| cell(variable, *value)).collect();
            object.insert(variable.name.clone(), nested(&cells, &variable.dims));
            first += variable.len();
        }
        Value::Object(object)
    };
    let all: Vec<Value> = simulations.sets.iter().map(object).collect();
    let value = if let [one] = all.as_slice() { one.clone() } else { Value::Array(all) };
    format!("{value}\n")
}

fn nested(cells: &[Value], dims: &[usize]) -> Value {
    match dims {
        [] => cells.first().cloned().unwrap_or_default(),
        [_, inner @ ..] => {
            let size: usize = inner.iter().product();
            Value::Array(cells.chunks(size.max(1)).map(|cells| nested(cells, inner)).collect())
        }
    }
}

/// A number, a level, true or false; null for what is not finite.
fn cell(variable: &SimulatedVariable, value: f64) -> Value {
    match (variable.element, &variable.levels) {
        (ElementType::Category, Some(levels)) => {
            let name = (value as usize).checked_sub(1).and_then(|code| levels.names().get(code));
            name.map_or(Value::Null, |name| json!(name))
        }
        (ElementType::Bool, _) => json!(value != 0.0),
        (ElementType::Int, _) if value.is_finite() => json!(value as i64),
        _ => json!(value),
    }
}
