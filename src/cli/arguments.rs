//! Arguments that several commands share.

use std::path::Path;

use clap::{Args, ValueEnum};
use miette::Report;

use crate::compile::{CompileOptions, GradientMode};
use crate::data::DataArg;
use crate::family::{self, Family};
use crate::inference::{CentringChoice, FitOptions, Optimizer};
use crate::posterior::DEFAULT_DRAWS;
use crate::session::{self, FitRequest, Request, count};

// No documentation comments on the structs here: clap would take them for the help of a command.
#[derive(Args, Clone, Debug, Default)]
pub struct DataArgs {
    /// CSV or JSON file with the data; may be given several times. NAME=FILE binds what is in FILE to one name, or joins it:
    /// a table with a column that another one has too is joined by it, and has one row for each of its values
    #[arg(long = "data", value_name = "FILE", value_parser = parse_data)]
    pub data: Vec<DataArg>,

    /// Leave this name of the data out, so that the model can define it
    #[arg(long = "drop", value_name = "NAME")]
    pub drop: Vec<String>,
}

#[derive(Args, Clone, Copy, Debug)]
pub struct CompileArgs {
    /// How derivatives are computed
    #[arg(long, value_enum, default_value = "auto", value_name = "MODE")]
    gradient: GradientChoice,
    #[command(flatten)]
    fold: FoldArgs,
}

#[derive(Args, Clone, Copy, Debug)]
pub struct FoldArgs {
    /// Go through all rows of the data at every evaluation: no sufficient statistics, no distinct rows
    #[arg(long)]
    no_fold: bool,
}

#[derive(Args, Clone, Copy, Debug)]
pub struct ThreadArgs {
    /// Threads to use [default: one for each processor]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = count::<u32>(1..=4096))]
    threads: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum GradientChoice {
    /// Whichever suits the model
    Auto,
    /// Tangents, a few directions at a time
    Forward,
    /// Adjoints, all directions at once
    Reverse,
}

impl ThreadArgs {
    /// Starts the threads; to be called before there is anything to do for them.
    pub fn start(self) -> Result<(), Report> {
        let Some(n) = self.threads else { return Ok(()) };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n as usize).build_global();
        pool.map_err(|error| Report::msg(format!("cannot start {n} threads: {error}")))
    }
}

impl CompileArgs {
    pub fn options(self) -> CompileOptions {
        let gradient = match self.gradient {
            GradientChoice::Auto => GradientMode::Auto,
            GradientChoice::Forward => GradientMode::Forward,
            GradientChoice::Reverse => GradientMode::Reverse,
        };
        CompileOptions { gradient, ..self.fold.options() }
    }
}

impl FoldArgs {
    pub fn options(self) -> CompileOptions {
        CompileOptions { fold: !self.no_fold, ..CompileOptions::default() }
    }
}

#[derive(Args, Clone)]
pub struct FitArgs {
    /// Seed of all random numbers: the same seed gives the same result
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = count::<u64>(0..=u64::MAX))]
    seed: u64,

    /// Draws of the posterior, for whatever is not known exactly
    #[arg(long, value_name = "N", default_value_t = DEFAULT_DRAWS as u64,
          allow_negative_numbers = true, value_parser = count::<u64>(2..=10_000_000))]
    draws: u64,

    /// Draws of the objective (M) instead of as many as it needs
    #[arg(long, value_name = "M", allow_negative_numbers = true, value_parser = count::<u64>(2..=1_000_000))]
    mc_draws: Option<u64>,

    /// Approximating family, or auto: the simplest that serves
    #[arg(long, value_name = "FAMILY", default_value = "auto", value_parser = parse_family)]
    family: ChosenFamily,

    /// How the ELBO is maximised: newton (fixed draws, second order) or adam (stochastic)
    #[arg(long, value_name = "NAME", default_value = "newton", value_parser = parse_optimizer)]
    optimizer: Optimizer,

    /// Coordinates of hierarchical latents: learned (between centred and non-centred) or as-written
    #[arg(long, value_name = "NAME", default_value = "learned", value_parser = parse_centring)]
    centring: CentringChoice,
}

impl FitArgs {
    pub fn request(&self) -> FitRequest {
        let options = FitOptions {
            family: self.family.0,
            optimizer: self.optimizer,
            centring: self.centring,
            seed: self.seed,
            mc_draws: self.mc_draws.map(|m| m as usize),
            ..FitOptions::default()
        };
        FitRequest { options, n_draws: self.draws as usize, ..FitRequest::default() }
    }
}

/// A model file with its data.
pub fn request(model: &Path, data: &DataArgs, compile: CompileOptions) -> Result<Request, Report> {
    let model = session::read_model(model)?;
    Ok(Request { model, data: data.data.clone(), drop: data.drop.clone(), compile })
}

fn parse_data(argument: &str) -> Result<DataArg, String> {
    DataArg::parse(argument).map_err(|error| error.to_string())
}

/// `None` for auto.
#[derive(Clone, Copy)]
pub struct ChosenFamily(pub Option<&'static dyn Family>);

fn parse_family(name: &str) -> Result<ChosenFamily, String> {
    family::choice(name).map(ChosenFamily)
}

fn parse_optimizer(name: &str) -> Result<Optimizer, String> {
    Optimizer::ALL.into_iter().find(|optimizer| optimizer.name() == name).ok_or_else(|| {
        let known: Vec<&str> = Optimizer::ALL.iter().map(|optimizer| optimizer.name()).collect();
        format!("no such optimizer; there are: {}", known.join(", "))
    })
}

pub fn parse_centring(name: &str) -> Result<CentringChoice, String> {
    CentringChoice::ALL.into_iter().find(|choice| choice.name() == name).ok_or_else(|| {
        let known: Vec<&str> = CentringChoice::ALL.iter().map(|choice| choice.name()).collect();
        format!("no such choice; there are: {}", known.join(", "))
    })
}
