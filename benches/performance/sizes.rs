//! Models of many sizes, against gradients written by hand.

use std::hint::black_box;

use vippl::compile::{Computed, Density, GradientMode};
use vippl::density::LogDensity;
use vippl::stopwatch::seconds_of;

use crate::simulated::{Case, points};
use crate::{digits, markdown};

/// Microseconds of one gradient at one point by Stan, by model and size: CmdStan 2.x, g++ -O3 -march=native, propto, with
/// Jacobian, median. Logistic regression as a GLM primitive, varying intercepts vectorised and with `--O1`, the recursion
/// with `--O1`.
const STAN: [(&str, usize, f64); 11] = [
    ("logistic regression", 1_000, 10.4),
    ("logistic regression", 10_000, 176.0),
    ("logistic regression", 100_000, 2_030.0),
    ("logistic regression", 1_000_000, 25_800.0),
    ("varying intercepts", 1_000, 3.6),
    ("varying intercepts", 10_000, 95.0),
    ("varying intercepts", 100_000, 1_450.0),
    ("varying intercepts", 1_000_000, 17_000.0),
    ("AR(1)-GARCH(1, 1)", 1_000, 60.0),
    ("AR(1)-GARCH(1, 1)", 10_000, 630.0),
    ("AR(1)-GARCH(1, 1)", 100_000, 9_700.0),
];

/// Points at once.
const MANY: usize = 16;

pub fn table() -> String {
    let header = [
        "model",
        "N",
        "by hand, µs",
        "Stan, µs",
        "1 point, µs",
        "to hand",
        "to Stan",
        "16 points, µs each",
        "to hand",
        "to Stan",
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
    let stan = STAN.iter().find(|(model, n, _)| (*model, *n) == (case.model.name, case.n));
    let or_none = |x: Option<f64>| x.map_or_else(|| "-".to_string(), digits);
    let to_stan = |micros: f64| or_none(stan.map(|(_, _, stan)| stan / micros));
    vec![
        case.model.name.to_string(),
        format!("10^{}", case.n.ilog10()),
        digits(by_hand),
        or_none(stan.map(|(_, _, stan)| *stan)),
        digits(one),
        digits(by_hand / one),
        to_stan(one),
        digits(many),
        digits(by_hand / many),
        to_stan(many),
        or_none(direct),
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
