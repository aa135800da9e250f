//! Time of a gradient of models of many sizes, beside the same gradient written by hand.

mod simulated;

use divan::{Bencher, black_box};
use simulated::{Case, points};
use vippl::density::LogDensity;

fn main() {
    divan::main();
}

/// The gradient by hand, at one point.
#[divan::bench(args = Case::all(), max_time = 1.0)]
fn by_hand(bencher: Bencher<'_, '_>, case: &Case) {
    let mut made = case.make();
    let density = made.prepare(true).compiled.density;
    made.check(&density);
    let z = points(density.dim(), 1);
    let mut gradient = z.clone();
    bencher.bench_local(|| made.baseline.gradient(black_box(&z), &mut gradient));
}

/// At so many points; the time is that of all together.
#[divan::bench(args = Case::all(), consts = [1, 16], max_time = 1.0)]
fn gradient<const LANES: usize>(bencher: Bencher<'_, '_>, case: &Case) {
    let density = case.make().prepare(true).compiled.density;
    let z = points(density.dim(), LANES);
    let (mut value, mut gradient) = (vec![0.0; LANES], z.clone());
    bencher.bench_local(|| density.gradient(LANES, black_box(&z), &mut value, &mut gradient));
}

/// Checking, binding and folding, with data in memory.
#[divan::bench(args = Case::all(), sample_count = 3, sample_size = 1)]
fn compile(bencher: Bencher<'_, '_>, case: &Case) {
    let made = case.make();
    bencher.bench_local(|| made.prepare(true));
}
