//! `vippl bench`: how long a model takes to compile and its derivatives to evaluate, and in how much memory.

use std::path::PathBuf;
use std::time::Instant;

use clap::{ArgMatches, Args};
use serde_json::{Map, Value, json};

use super::arguments::{DataArgs, FoldArgs, ThreadArgs, request};
use super::terminal::Terminal;
use super::{Command, Failure, parsed};
use crate::compile::{Computed, Density, GradientMode};
use crate::density::LogDensity;
use crate::report::Style;
use crate::report::number::{bytes, seconds};
use crate::report::text::{Align, table};
use crate::session::{self, Prepared, count};
use crate::stopwatch;

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
          allow_negative_numbers = true, value_parser = count::<u32>(1..=4096))]
    lanes: Vec<u32>,
    #[command(flatten)]
    threads: ThreadArgs,
    /// Print one JSON object instead of tables
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  vippl bench radon.vim --data radon.csv
  vippl bench radon.vim --data radon.csv --lanes 1,64 --threads 1 --json";

const DEFAULT_LANES: [u32; 4] = [1, 4, 16, 64];

/// A mode is timed if it takes at most about so many times as long as the one that a fit takes: a pass of it as long as
/// the value, reckoned before.
const MOST_TIMES: f64 = 4.0;

/// The programs that are timed, with their names.
const PROGRAMS: [(Computed, &str); 4] = [
    (Computed::Value, "value"),
    (Computed::Forward, "forward"),
    (Computed::Reverse, "reverse"),
    (Computed::HessianVector, "hessian_vector"),
];

impl Command for Bench {
    fn define(&self) -> clap::Command {
        let command = Arguments::augment_args(clap::Command::new("bench"));
        command
            .about("Time the compilation of a model and the evaluation of its derivatives")
            .after_help(EXAMPLES)
    }

    fn run(&self, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Failure> {
        let arguments: Arguments = parsed(matches)?;
        arguments.threads.start()?;
        let request = request(&arguments.model, &arguments.data, arguments.fold.options())?;
        let prepared = session::prepare(&request)?;
        let mut lanes: Vec<u32> = Vec::new();
        for n in if arguments.lanes.is_empty() { &DEFAULT_LANES[..] } else { &arguments.lanes } {
            if !lanes.contains(n) {
                lanes.push(*n);
            }
        }
        let measured = Measured::new(&prepared, &lanes);
        if !measured.is_finite() {
            terminal.warn("log p is not finite at all points that were timed: elsewhere times may differ")?;
        }
        let text = if arguments.json {
            format!("{:#}\n", measured.as_json())
        } else {
            measured.as_text(&terminal.out_style)
        };
        Ok(terminal.print(&text)?)
    }
}

/// All that is known of a model in the end.
struct Measured<'p> {
    prepared: &'p Prepared,
    /// Seconds to differentiate, plan and lower for one number of lanes, in the order of [`PROGRAMS`].
    plan: [f64; 4],
    timings: Vec<Timing>,
    one_lane: Timing,
}

/// Nanoseconds for each point, at one number of lanes.
#[derive(Clone, Copy)]
struct Timing {
    lanes: usize,
    value: f64,
    forward: Option<f64>,
    reverse: Option<f64>,
    hessian_vector: f64,
    /// Whether log p is, at all points.
    is_finite: bool,
    /// The memory that all of these work in.
    workspace_bytes: usize,
}

impl Timing {
    /// By the quicker mode.
    fn gradient(&self) -> f64 {
        self.forward.into_iter().chain(self.reverse).fold(f64::INFINITY, f64::min)
    }
}

impl Measured<'_> {
    fn new<'p>(prepared: &'p Prepared, lanes: &[u32]) -> Measured<'p> {
        let density = &prepared.compiled.density;
        let plan = PROGRAMS.map(|(what, _)| {
            let start = Instant::now();
            density.workspace_bytes(what, 1);
            start.elapsed().as_secs_f64()
        });
        let timings: Vec<Timing> = lanes.iter().map(|&lanes| time(density, lanes as usize)).collect();
        let one_lane = timings.iter().find(|timing| timing.lanes == 1).copied();
        Measured { prepared, plan, timings, one_lane: one_lane.unwrap_or_else(|| time(density, 1)) }
    }

    fn is_finite(&self) -> bool {
        self.timings.iter().chain([&self.one_lane]).all(|timing| timing.is_finite)
    }

    fn density(&self) -> &Density {
        &self.prepared.compiled.density
    }

    /// The name of the mode that a fit takes by itself.
    fn own_mode(&self) -> &'static str {
        match self.density().mode(GradientMode::Auto) {
            GradientMode::Forward => "forward",
            _ => "reverse",
        }
    }

    /// Seconds to check, bind and fold, and to differentiate and plan what a fit by itself needs.
    fn compile(&self) -> Option<f64> {
        let is_needed = |name: &str| ["value", "hessian_vector", self.own_mode()].contains(&name);
        let plans = PROGRAMS.iter().zip(self.plan).filter(|((_, name), _)| is_needed(name));
        Some(self.prepared.seconds.compile? + plans.map(|(_, seconds)| seconds).sum::<f64>())
    }

    fn as_json(&self) -> Value {
        let best = self.timings.iter().map(Timing::gradient).fold(f64::INFINITY, f64::min);
        let by_lanes = self.timings.iter().map(|timing| {
            json!({
                "lanes": timing.lanes,
                "ns_per_value": timing.value,
                "ns_per_gradient_forward": timing.forward,
                "ns_per_gradient_reverse": timing.reverse,
                "ns_per_hessian_vector": timing.hessian_vector,
                "finite": timing.is_finite,
                "workspace_bytes": timing.workspace_bytes,
            })
        });
        let plan: Map<String, Value> =
            PROGRAMS.iter().zip(self.plan).map(|((_, name), s)| (name.to_string(), json!(s))).collect();
        let programs: Map<String, Value> = PROGRAMS
            .iter()
            .map(|&(what, name)| (name.to_string(), json!(self.density().program_size(what))))
            .collect();
        let seconds = &self.prepared.seconds;
        json!({
            "schema": 2,
            "model": &*self.prepared.model.source.name,
            "dim": self.density().dim(),
            "ns_per_gradient": best,
            "ns_per_gradient_1_lane": self.one_lane.gradient(),
            "threads": rayon::current_num_threads(),
            "gradient_mode": self.own_mode(),
            "finite": self.is_finite(),
            "seconds": {
                "load": seconds.load,
                "compile": self.compile(),
                "bind": seconds.compile,
                "plan": plan,
            },
            "program": programs,
            "lanes": by_lanes.collect::<Vec<Value>>(),
        })
    }

    fn as_text(&self, style: &Style) -> String {
        let phase = |time: Option<f64>| time.map_or_else(|| "-".to_string(), seconds);
        let threads = match rayon::current_num_threads() {
            1 => "1 thread".to_string(),
            n => format!("{n} threads"),
        };
        let mut text = format!(
            "load {}, compile {} (bind {}); {} coordinates; {threads}\n\n",
            phase(self.prepared.seconds.load),
            phase(self.compile()),
            phase(self.prepared.seconds.compile),
            self.density().dim()
        );
        text += &self.programs(style);
        text.push('\n');
        text += &self.times(style);
        text += &style.dim("time for each point; forward and reverse are gradients, * is what a fit takes");
        text.push('\n');
        if self.timings.iter().any(|timing| timing.forward.is_none() || timing.reverse.is_none()) {
            let words =
                format!("- is not timed: it would take about {MOST_TIMES} times as long as *, or longer");
            text += &style.dim(&words);
            text.push('\n');
        }
        text
    }

    fn title(&self, name: &str) -> String {
        let name = if name == "hessian_vector" { "Hessian-vector" } else { name };
        if name == self.own_mode() { format!("{name} *") } else { name.to_string() }
    }

    fn programs(&self, style: &Style) -> String {
        let titles = ["program", "plan", "instructions", "constants", "arena a lane"];
        let align = |k| if k == 0 { Align::Left } else { Align::Right };
        let header: Vec<(&str, Align)> =
            titles.into_iter().enumerate().map(|(k, title)| (title, align(k))).collect();
        let rows: Vec<Vec<String>> = PROGRAMS
            .iter()
            .zip(self.plan)
            .map(|(&(what, name), plan)| {
                let size = self.density().program_size(what);
                vec![
                    self.title(name),
                    seconds(plan),
                    size.instructions.to_string(),
                    bytes(size.constant_bytes),
                    bytes(size.arena_bytes_per_lane),
                ]
            })
            .collect();
        table(&header, &rows, style)
    }

    fn times(&self, style: &Style) -> String {
        let mut titles = vec!["lanes".to_string()];
        titles.extend(PROGRAMS.iter().map(|(_, name)| self.title(name)));
        titles.push("workspace".to_string());
        let header: Vec<(&str, Align)> = titles.iter().map(|title| (&**title, Align::Right)).collect();
        let rows: Vec<Vec<String>> = self
            .timings
            .iter()
            .map(|timing| {
                let Timing { value, forward, reverse, hessian_vector, .. } = *timing;
                let times = [Some(value), forward, reverse, Some(hessian_vector)];
                let times = times.map(|ns| ns.map_or_else(|| "-".to_string(), |ns| seconds(ns * 1e-9)));
                let lanes = std::iter::once(timing.lanes.to_string());
                lanes.chain(times).chain([bytes(timing.workspace_bytes)]).collect()
            })
            .collect();
        table(&header, &rows, style)
    }
}

fn time(density: &Density, lanes: usize) -> Timing {
    let dim = density.dim();
    // Points near 0, all different, the same in every run.
    let z: Vec<f64> = (0..dim * lanes).map(|i| 0.1 * (1.0 + i as f64).sin()).collect();
    let v = vec![1.0; dim * lanes];
    let mut out = vec![0.0; lanes];
    let mut gradient = vec![0.0; dim * lanes];
    let mut product = vec![0.0; dim * lanes];
    let per_point = |evaluate: &mut dyn FnMut()| stopwatch::seconds_of(evaluate) * 1e9 / lanes as f64;
    let value = per_point(&mut || density.value(lanes, &z, &mut out));
    let is_finite = out.iter().all(|x| x.is_finite());
    let mut by = |mode| per_point(&mut || density.gradient_with(mode, lanes, &z, &mut out, &mut gradient));
    let own_mode = density.mode(GradientMode::Auto);
    let own = by(own_mode);
    let mut gradient_by = |mode: GradientMode, passes: usize| match mode == own_mode {
        true => Some(own),
        // A mode that nobody would take is not waited for.
        false => (value * passes as f64 <= MOST_TIMES * own).then(|| by(mode)),
    };
    let forward = gradient_by(GradientMode::Forward, dim + 1);
    let reverse = gradient_by(GradientMode::Reverse, 2);
    let hessian_vector =
        per_point(&mut || density.hessian_vector(lanes, &z, &v, &mut gradient, &mut product));
    let workspaces = PROGRAMS.map(|(what, _)| density.workspace_bytes(what, lanes));
    let workspace_bytes = workspaces.into_iter().max().unwrap_or(0);
    Timing { lanes, value, forward, reverse, hessian_vector, is_finite, workspace_bytes }
}
