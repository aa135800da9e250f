//! `vippl check`: mistakes in a model, what its variables are, and its intermediate forms.

use std::path::PathBuf;

use clap::{ArgMatches, Args, ValueEnum};
use miette::Report;

use super::arguments::{CompileArgs, DataArgs, request};
use super::terminal::Terminal;
use super::{Command, Failure, parsed};
use crate::report::text::{VariableRow, variables};
use crate::{check, session, syntax};

pub struct Check;

#[derive(Args)]
struct Arguments {
    /// Model file
    model: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    compile: CompileArgs,
    /// Print an intermediate form instead of the variables
    #[arg(long, value_enum, value_name = "FORM")]
    dump: Option<Form>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Syntax tree
    Ast,
    /// Typed program, every name resolved
    Ir,
    /// Compiled array program; needs the data
    Program,
}

const EXAMPLES: &str = "\
Examples:
  vippl check radon.vim                        what the file alone shows
  vippl check radon.vim --data radon.csv       shapes, ranges and names against the data
  vippl check radon.vim --data radon.csv --dump program";

impl Command for Check {
    fn define(&self) -> clap::Command {
        let command = Arguments::augment_args(clap::Command::new("check"));
        command.about("Find mistakes in a model and show its variables").after_help(EXAMPLES)
    }

    fn run(&self, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Failure> {
        let arguments: Arguments = parsed(matches)?;
        let request = request(&arguments.model, &arguments.data, arguments.compile.options())?;
        if arguments.dump == Some(Form::Ast) {
            let file = syntax::parse(&request.model).map_err(Report::new)?;
            return Ok(terminal.print(&syntax::dump(&file))?);
        }
        let with_data = !request.data.is_empty() || arguments.dump == Some(Form::Program);
        let (text, warnings) = if with_data && arguments.dump != Some(Form::Ir) {
            let prepared = session::prepare(&request)?;
            let text = match arguments.dump {
                Some(_) => prepared.compiled.density.dump(),
                None => variables(
                    &VariableRow::of_compiled(&prepared.model, &prepared.compiled.variables),
                    &terminal.out_style,
                ),
            };
            (text, prepared.warnings.into_iter().chain(prepared.advice).collect())
        } else {
            let mut warnings = Vec::new();
            let mut known = None;
            if !request.data.is_empty() {
                let (dataset, record, data_warnings) = session::read_data(&request.data, &request.drop)?;
                known = Some((record.summary(), dataset));
                for warning in &data_warnings {
                    terminal.report(warning)?;
                }
            }
            let (summary, dataset) = known.as_ref().map(|(summary, dataset)| (summary, dataset)).unzip();
            let checked = session::check(&request.model, summary, dataset)?;
            warnings.extend(checked.warnings);
            let text = match arguments.dump {
                Some(_) => check::dump::dump(&checked.model),
                None => variables(&VariableRow::of_model(&checked.model), &terminal.out_style),
            };
            (text, warnings)
        };
        for warning in &warnings {
            terminal.report(warning)?;
        }
        Ok(terminal.print(&text)?)
    }
}
