//! Models of many sizes, against gradients written by hand.

use std::hint::black_box;

use vippl::compile::{Computed, Density, GradientMode};
use vippl::density::LogDensity;
use vippl::stopwatch::seconds_of;

use crate::simulated::{Case, points};
use crate::{digits, markdown};

/// Points at once.
const MANY: usize = 16;

pub fn table() -> String {
    let header = [
        "model",
        "N",
        "by hand, µs",
        "1 point, µs",
        "ratio",
        "16 points, µs each",
        "ratio",
        "16 points, not folded",
        "compile, ms",
    ];
    let rows: Vec<Vec<String>> = Case::all().iter().map(row).collect();
    markdown(&header, &rows)
}

fn row(case: &Case) -> Vec<String> {
    let mut made = case.make();
    let prepared = made.prepare(true);
    let density = &prepared.compiled.density;
    let start = std::time::Instant::now();
    let gradient = match density.mode(GradientMode::Auto) {
        GradientMode::Forward => Computed::Forward,
        _ => Computed::Reverse,
    };
    for what in [Computed::Value, gradient, Computed::HessianVector] {
        density.workspace_bytes(what, MANY);
    }
    let compile = prepared.seconds.compile.unwrap_or(0.0) + start.elapsed().as_secs_f64();
    made.check(density);
    let z = points(density.dim(), 1);
    let mut out = z.clone();
    let by_hand = 1e6
        * seconds_of(&mut || {
            black_box(made.baseline.gradient(black_box(&z), &mut out));
        });
    let (one, many) = (micros(density, 1), micros(density, MANY));
    let folded = density.folded().count() > 0;
    let direct = folded.then(|| micros(&made.prepare(false).compiled.density, MANY));
    vec![
        case.model.name.to_string(),
        format!("10^{}", case.n.ilog10()),
        digits(by_hand),
        digits(one),
        digits(by_hand / one),
        digits(many),
        digits(by_hand / many),
        direct.map_or_else(|| "-".to_string(), digits),
        digits(compile * 1e3),
    ]
}

/// Of a gradient, for each point.
pub fn micros(density: &Density, lanes: usize) -> f64 {
    let z = points(density.dim(), lanes);
    let (mut value, mut gradient) = (vec![0.0; lanes], z.clone());
    let seconds = seconds_of(&mut || density.gradient(lanes, black_box(&z), &mut value, &mut gradient));
    seconds * 1e6 / lanes as f64
}
