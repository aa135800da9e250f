//! `vippl bench`: how long a model takes to compile and its derivatives to evaluate.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{ArgMatches, Args};
use serde_json::{Value, json};

use super::arguments::{DataArgs, FoldArgs, request};
use super::terminal::Terminal;
use super::{Command, Failure, parsed};
use crate::compile::{Density, GradientMode};
use crate::density::LogDensity;
use crate::report::Style;
use crate::report::number::seconds;
use crate::report::text::{Align, table};
use crate::session::{self, Prepared};

pub struct Bench;

#[derive(Args)]
struct Arguments {
    /// Model file
    model: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    fold: FoldArgs,
    /// Points evaluated at once; may be given several times [default: 1, 4, 16, 64]
    #[arg(long, value_name = "L", value_delimiter = ',',
          value_parser = clap::value_parser!(u32).range(1..=4096))]
    lanes: Vec<u32>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  vippl bench radon.vim --data radon.csv
  vippl bench radon.vim --data radon.csv --lanes 64 --json";

const DEFAULT_LANES: [u32; 4] = [1, 4, 16, 64];
/// Each figure is the best of so many rounds of about so long.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(20);

impl Command for Bench {
    fn define(&self) -> clap::Command {
        let command = Arguments::augment_args(clap::Command::new("bench"));
        command
            .about("Time the compilation of a model and the evaluation of its derivatives")
            .after_help(EXAMPLES)
    }

    fn run(&self, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Failure> {
        let arguments: Arguments = parsed(matches)?;
        let request = request(&arguments.model, &arguments.data, arguments.fold.options())?;
        let prepared = session::prepare(&request)?;
        let lanes = if arguments.lanes.is_empty() { DEFAULT_LANES.to_vec() } else { arguments.lanes };
        let timings: Vec<Timing> =
            lanes.iter().map(|&lanes| time(&prepared.compiled.density, lanes as usize)).collect();
        let text = if arguments.json {
            format!("{:#}\n", as_json(&prepared, &timings))
        } else {
            as_text(&prepared, &timings, &terminal.out_style)
        };
        Ok(terminal.print(&text)?)
    }
}

/// Nanoseconds for each point, at one number of lanes.
struct Timing {
    lanes: usize,
    value: f64,
    forward: f64,
    reverse: f64,
    hessian_vector: f64,
}

impl Timing {
    fn gradient(&self) -> f64 {
        self.forward.min(self.reverse)
    }
}

fn time(density: &Density, lanes: usize) -> Timing {
    let dim = density.dim();
    // Points near 0, all different, the same in every run.
    let z: Vec<f64> = (0..dim * lanes).map(|i| 0.1 * (1.0 + i as f64).sin()).collect();
    let v = vec![1.0; dim * lanes];
    let mut value = vec![0.0; lanes];
    let mut gradient = vec![0.0; dim * lanes];
    let mut product = vec![0.0; dim * lanes];
    let per_point = |evaluate: &mut dyn FnMut()| best_time(evaluate).as_secs_f64() * 1e9 / lanes as f64;
    Timing {
        lanes,
        value: per_point(&mut || density.value(lanes, &z, &mut value)),
        forward: per_point(&mut || {
            density.gradient_with(GradientMode::Forward, lanes, &z, &mut value, &mut gradient);
        }),
        reverse: per_point(&mut || {
            density.gradient_with(GradientMode::Reverse, lanes, &z, &mut value, &mut gradient);
        }),
        hessian_vector: per_point(&mut || {
            density.hessian_vector(lanes, &z, &v, &mut gradient, &mut product);
        }),
    }
}

/// The time of one evaluation: the best mean over rounds, after one evaluation to warm up.
fn best_time(evaluate: &mut dyn FnMut()) -> Duration {
    evaluate();
    let start = Instant::now();
    evaluate();
    let once = start.elapsed().max(Duration::from_nanos(20));
    let repeats = (ROUND.as_nanos() / once.as_nanos()).clamp(1, 1_000_000) as u32;
    let rounds = if once > ROUND { 1 } else { ROUNDS };
    let round = |_| {
        let start = Instant::now();
        for _ in 0..repeats {
            evaluate();
        }
        start.elapsed() / repeats
    };
    (0..rounds).map(round).min().unwrap_or(once)
}

fn as_json(prepared: &Prepared, timings: &[Timing]) -> Value {
    let size = prepared.compiled.density.program_size();
    let best = timings.iter().map(Timing::gradient).fold(f64::INFINITY, f64::min);
    let one_lane = timings.iter().find(|timing| timing.lanes == 1).map(Timing::gradient);
    let by_lanes: Vec<Value> = timings
        .iter()
        .map(|timing| {
            json!({
                "lanes": timing.lanes,
                "ns_per_value": timing.value,
                "ns_per_gradient_forward": timing.forward,
                "ns_per_gradient_reverse": timing.reverse,
                "ns_per_hessian_vector": timing.hessian_vector,
            })
        })
        .collect();
    json!({
        "schema": 1,
        "model": &*prepared.model.source.name,
        "dim": prepared.compiled.density.dim(),
        "ns_per_gradient": best,
        "ns_per_gradient_1_lane": one_lane,
        "seconds": { "load": prepared.seconds.load, "compile": prepared.seconds.compile },
        "program": {
            "value": size.value,
            "gradient": size.gradient,
            "hessian_vector": size.hessian_vector,
            "constants_bytes": size.constant_bytes,
            "arena_bytes_per_lane": size.arena_bytes_per_lane,
        },
        "lanes": by_lanes,
    })
}

fn as_text(prepared: &Prepared, timings: &[Timing], style: &Style) -> String {
    let size = prepared.compiled.density.program_size();
    let phase = |time: Option<f64>| time.map_or_else(|| "-".to_string(), seconds);
    let mut text = format!(
        "load {}, compile {}; {} coordinates\n",
        phase(prepared.seconds.load),
        phase(prepared.seconds.compile),
        prepared.compiled.density.dim()
    );
    text += &format!(
        "instructions: value {}, gradient {}, Hessian-vector {}; constants {} bytes, arena {} bytes a lane\n\n",
        size.value, size.gradient, size.hessian_vector, size.constant_bytes, size.arena_bytes_per_lane
    );
    let header =
        ["lanes", "value", "forward", "reverse", "Hessian-vector"].map(|title| (title, Align::Right));
    let rows: Vec<Vec<String>> = timings
        .iter()
        .map(|timing| {
            let times = [timing.value, timing.forward, timing.reverse, timing.hessian_vector];
            let times = times.map(|ns| seconds(ns * 1e-9));
            std::iter::once(timing.lanes.to_string()).chain(times).collect()
        })
        .collect();
    text += &table(&header, &rows, style);
    text += &style.dim("time for each point; forward and reverse are gradients");
    text.push('\n');
    text
}
