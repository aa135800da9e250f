//! Time of a gradient, a Hessian-vector product and a whole compilation, for the cases and examples.

use std::path::{Path, PathBuf};

use divan::{Bencher, black_box};
use vippl::compile::CompileOptions;
use vippl::data::DataArg;
use vippl::density::LogDensity;
use vippl::session::{self, Prepared, Request};

fn main() {
    divan::main();
}

/// Points evaluated at once.
const LANES: usize = 32;

const MODELS: [&str; 10] = [
    "tests/cases/arK-arK",
    "tests/cases/earnings-logearn_interaction",
    "tests/cases/eight_schools-eight_schools_noncentered",
    "tests/cases/garch-garch11",
    "tests/cases/gp_pois_regr-gp_regr",
    "tests/cases/hmm_example-hmm_example",
    "tests/cases/kidiq-kidscore_interaction",
    "tests/cases/low_dim_gauss_mix-low_dim_gauss_mix",
    "examples/radon",
    "examples/wells",
];

/// Of the model and data in a folder of the package.
fn prepare(folder: &str) -> Prepared {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let data: Vec<PathBuf> =
        ["data.csv", "data.json"].iter().map(|name| folder.join(name)).filter(|path| path.exists()).collect();
    let request = Request {
        model: session::read_model(&folder.join("model.vim")).expect("a model"),
        data: data.into_iter().map(DataArg::File).collect(),
        drop: Vec::new(),
        compile: CompileOptions::default(),
    };
    session::prepare(&request).unwrap_or_else(|report| panic!("{report:?}"))
}

fn points(dim: usize) -> Vec<f64> {
    (0..dim * LANES).map(|i| 0.1 * (i as f64 * 12.9898).sin()).collect()
}

/// Value and gradient at 32 points.
#[divan::bench(args = MODELS)]
fn gradient(bencher: Bencher<'_, '_>, model: &str) {
    let prepared = prepare(model);
    let density = &prepared.compiled.density;
    let z = points(density.dim());
    let (mut value, mut gradient) = (vec![0.0; LANES], vec![0.0; z.len()]);
    bencher.bench_local(|| density.gradient(LANES, black_box(&z), &mut value, &mut gradient));
}

/// Hessian-vector product at 32 points.
#[divan::bench(args = MODELS)]
fn hessian_vector(bencher: Bencher<'_, '_>, model: &str) {
    let prepared = prepare(model);
    let density = &prepared.compiled.density;
    let (z, v) = (points(density.dim()), vec![1.0; density.dim() * LANES]);
    let (mut gradient, mut product) = (vec![0.0; z.len()], vec![0.0; z.len()]);
    bencher.bench_local(|| density.hessian_vector(LANES, black_box(&z), &v, &mut gradient, &mut product));
}

/// Reading, checking and compiling, data included.
#[divan::bench(args = MODELS)]
fn compile(bencher: Bencher<'_, '_>, model: &str) {
    bencher.bench_local(|| prepare(black_box(model)));
}
