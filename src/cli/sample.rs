//! `vippl sample`: Markov chains on the posterior, where there is time for them.

use std::path::PathBuf;

use clap::{ArgMatches, Args};

use super::arguments::{CompileArgs, DataArgs, ThreadArgs, parse_centring, request};
use super::output::OutputArgs;
use super::progress::chain_listener;
use super::terminal::Terminal;
use super::{Command, Failure, parsed};
use crate::inference::{CentringChoice, SampleOptions};
use crate::session::{self, SampleRequest, count};

pub struct Sample;

#[derive(Args)]
struct Arguments {
    /// Model file
    model: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// Seed of all random numbers: the same seed gives the same result
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = count::<u64>(0..=u64::MAX))]
    seed: u64,
    /// Independent chains, from different starting points
    #[arg(long, value_name = "N", default_value_t = 4, allow_negative_numbers = true, value_parser = count::<u64>(1..=1000))]
    chains: u64,
    /// Steps of each chain that adapt it, and are thrown away
    #[arg(long, value_name = "N", default_value_t = 1000, allow_negative_numbers = true, value_parser = count::<u64>(20..=1_000_000))]
    warmup: u64,
    /// Draws of each chain
    #[arg(long, value_name = "N", default_value_t = 1000, allow_negative_numbers = true, value_parser = count::<u64>(10..=1_000_000))]
    draws: u64,
    /// Acceptance that the step size is adapted to; more makes smaller steps
    #[arg(long, value_name = "P", default_value_t = 0.9, allow_negative_numbers = true, value_parser = parse_acceptance)]
    target_accept: f64,
    /// A trajectory has at most 2^N steps
    #[arg(long, value_name = "N", default_value_t = 10, allow_negative_numbers = true, value_parser = count::<u64>(1..=20))]
    max_depth: u64,
    /// Coordinates of the chains: learned (hierarchical latents as centred as serves, correlations of a fit taken out) or as-written
    #[arg(long, value_name = "NAME", default_value = "learned", value_parser = parse_centring)]
    centring: CentringChoice,
    #[command(flatten)]
    compile: CompileArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    threads: ThreadArgs,
}

const EXAMPLES: &str = "\
The No-U-Turn sampler draws from the posterior itself: slower than `vippl fit`, and exact in the limit. R-hat compares the
chains (1 where they agree), the effective sample sizes say what their draws are worth for means and for 5% and 95% quantiles.

Examples:
  vippl sample schools.vim --data schools.json
  vippl sample radon.vim --data radon.csv --chains 8 --draws 2000 --out sample.json
  vippl compare fit.json sample.json";

impl Command for Sample {
    fn define(&self) -> clap::Command {
        let command = Arguments::augment_args(clap::Command::new("sample"));
        command.about("Sample the posterior by Markov chains (NUTS)").after_help(EXAMPLES)
    }

    fn run(&self, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Failure> {
        let arguments: Arguments = parsed(matches)?;
        arguments.threads.start()?;
        arguments.output.check_destination(&arguments.model, &arguments.data)?;
        let prepared =
            session::prepare(&request(&arguments.model, &arguments.data, arguments.compile.options())?)?;
        for warning in &prepared.warnings {
            terminal.report(warning)?;
        }
        let options = SampleOptions {
            seed: arguments.seed,
            n_chains: arguments.chains as usize,
            n_warmup: arguments.warmup as usize,
            n_draws: arguments.draws as usize,
            max_depth: arguments.max_depth as usize,
            target_accept: arguments.target_accept,
            centring: arguments.centring,
        };
        let progress =
            chain_listener(arguments.chains as usize, terminal.interactive && !arguments.output.show.quiet);
        let request = SampleRequest { options, loo: arguments.output.out.is_some() };
        let posterior = prepared.sample(&request, &*progress)?;
        drop(progress);
        arguments.output.finish(&posterior, prepared.warnings.len(), terminal)
    }
}

fn parse_acceptance(argument: &str) -> Result<f64, String> {
    match argument.parse::<f64>() {
        Ok(p) if p > 0.0 && p < 1.0 => Ok(p),
        _ => Err("a number between 0 and 1, such as 0.95".to_string()),
    }
}
