//! Sums over data that are folded, and the sums themselves: values and derivatives agree on every case and example.

mod common;

use std::path::Path;

use common::{models, package, tables_of};
use vippl::compile::{CompileOptions, Density};
use vippl::density::LogDensity;
use vippl::session::{self, Request};

/// Relative to the largest element of what is compared.
const TOLERANCE: f64 = 1e-9;
/// Points at once.
const LANES: usize = 3;

fn density(folder: &Path, fold: bool) -> Density {
    let request = Request {
        model: session::read_model(&folder.join("model.vim")).expect("a model"),
        data: tables_of(folder),
        drop: Vec::new(),
        compile: CompileOptions { fold, ..CompileOptions::default() },
    };
    let prepared = session::prepare(&request);
    prepared.unwrap_or_else(|error| panic!("{}: {error:?}", folder.display())).compiled.density
}

/// Value, gradient, Hessian-vector product and terms at some points.
fn evaluate(density: &Density, scale: f64) -> [Vec<f64>; 4] {
    let dim = density.dim();
    let z: Vec<f64> = (0..dim * LANES).map(|i| scale * (1.0 + 1.7 * i as f64).sin()).collect();
    let v: Vec<f64> = (0..dim * LANES).map(|i| (2.0 + i as f64).cos()).collect();
    let (mut value, mut gradient) = (vec![0.0; LANES], vec![0.0; dim * LANES]);
    density.gradient(LANES, &z, &mut value, &mut gradient);
    let (mut again, mut product) = (vec![0.0; dim * LANES], vec![0.0; dim * LANES]);
    density.hessian_vector(LANES, &z, &v, &mut again, &mut product);
    let mut terms = vec![0.0; density.statements().len() * LANES];
    density.terms(LANES, &z, &mut terms);
    [value, gradient, product, terms]
}

#[test]
fn folded_and_direct_sums_agree() {
    let mut n_folded = 0;
    for folder in models() {
        let (folded, direct) = (density(&folder, true), density(&folder, false));
        assert_eq!(direct.folded().count(), 0);
        n_folded += usize::from(folded.folded().count() > 0);
        for scale in [0.1, 0.5] {
            let parts = ["value", "gradient", "product", "terms"];
            for ((part, direct), folded) in
                parts.iter().zip(evaluate(&direct, scale)).zip(evaluate(&folded, scale))
            {
                for lane in 0..LANES {
                    let of_lane = |values: &[f64]| {
                        values.iter().skip(lane).step_by(LANES).copied().collect::<Vec<f64>>()
                    };
                    let (direct, folded) = (of_lane(&direct), of_lane(&folded));
                    let largest =
                        direct.iter().filter(|x| x.is_finite()).fold(1.0, |m: f64, x| m.max(x.abs()));
                    for (i, (x, y)) in direct.iter().zip(&folded).enumerate() {
                        let same = x == y || x.is_nan() && y.is_nan() || (x - y).abs() <= TOLERANCE * largest;
                        assert!(same, "{}: {part} {i} is {y}, not {x}", folder.display());
                    }
                }
            }
        }
    }
    assert!(n_folded >= 15, "only {n_folded} models have sums that fold");
}

/// The dump says which statement's rows were folded, and `--no-fold` turns it off.
#[test]
fn the_dump_says_what_was_folded() {
    let folder = package().join("tests/cases/earnings-earn_height");
    let note = "# folded: earn ~ Normal(beta[1] + beta[2] * height, sigma): 1192 rows into R of 2 x 2";
    assert!(density(&folder, true).dump().lines().any(|line| line == note));
    let command = "vippl check model.vim --data data.json --dump program --no-fold";
    let output = common::run(command, &folder);
    let dump = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && !dump.contains("folded") && dump.contains("[1192]"), "{dump}");
}
