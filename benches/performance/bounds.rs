//! What a processor can do at most: numbers read from memory, multiply-adds, functions, each in a second.

use std::hint::black_box;

use pulp::{Arch, Simd, WithSimd};
use vippl::stopwatch::seconds_of;

use crate::simulated::{Case, PREDICTORS, logistic};
use crate::sizes::micros;
use crate::{digits, markdown, softplus};

/// Bytes read in a second, one after the other, from an array of so many numbers that no cache holds.
fn bytes_read(numbers: usize) -> f64 {
    const AT_ONCE: usize = 64;
    let data: Vec<f64> = (0..numbers).map(|i| i as f64).collect();
    let seconds = seconds_of(&mut || {
        let sum = Arch::new().dispatch(
            #[inline(always)]
            || {
                let mut sums = [0.0; AT_ONCE];
                for row in black_box(&data).as_chunks::<AT_ONCE>().0 {
                    for k in 0..AT_ONCE {
                        sums[k] += row[k];
                    }
                }
                sums.iter().sum::<f64>()
            },
        );
        black_box(sum);
    });
    (numbers * size_of::<f64>()) as f64 / seconds
}

/// Multiply-adds of numbers in registers.
struct MultiplyAdd {
    rounds: usize,
}

/// Independent chains of multiply-adds: as many as hide the time that one takes.
const CHAINS: usize = 12;

impl WithSimd for MultiplyAdd {
    /// Of one chain, and numbers in a vector.
    type Output = (f64, usize);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (f64, usize) {
        let (factor, term) = (simd.splat_f64s(black_box(0.999)), simd.splat_f64s(black_box(0.001)));
        let mut chains = [simd.splat_f64s(1.0); CHAINS];
        for _ in 0..self.rounds {
            for chain in &mut chains {
                *chain = simd.mul_add_e_f64s(*chain, factor, term);
            }
        }
        let sum = chains.into_iter().map(|chain| simd.reduce_sum_f64s(chain)).sum();
        (sum, S::F64_LANES)
    }
}

/// Multiply-adds in a second.
fn multiply_adds() -> f64 {
    let rounds = 100_000;
    let mut width = 1;
    let seconds = seconds_of(&mut || {
        let (sum, lanes) = Arch::new().dispatch(MultiplyAdd { rounds });
        black_box(sum);
        width = lanes;
    });
    (rounds * CHAINS * width) as f64 / seconds
}

/// Points at once, and rows, of the logistic regression that is held against the bounds.
const POINTS: usize = 16;
const ROWS: usize = 1_000_000;

pub fn table() -> String {
    let case = Case { model: &logistic::MODEL, n: ROWS };
    let density = case.make().prepare(true).compiled.density;
    let taken = micros(&density, POINTS) * 1e-6 * POINTS as f64;

    let numbers = ROWS * PREDICTORS;
    let (bandwidth, multiply_adds, function) = (bytes_read(numbers), multiply_adds(), softplus::seconds());
    // X and y are read once; a product with X forwards and one back.
    let bytes = (numbers + ROWS) * size_of::<f64>();
    let n_multiply_adds = 2 * numbers * POINTS;
    let n_functions = ROWS * POINTS;
    let [memory, products, functions] =
        [bytes as f64 / bandwidth, n_multiply_adds as f64 / multiply_adds, n_functions as f64 * function];
    let row = |what: &str, speed: String, work: String, seconds: f64| {
        vec![what.to_string(), speed, work, digits(seconds * 1e3), format!("{:.0}%", 100.0 * seconds / taken)]
    };
    let million = |n: usize| format!("{} million", n / 1_000_000);
    let rows = [
        row(
            "memory",
            format!("{} GB/s", digits(bandwidth * 1e-9)),
            format!("{} MB", bytes / 1_000_000),
            memory,
        ),
        row(
            "multiply-adds",
            format!("{} thousand million/s", digits(multiply_adds * 1e-9)),
            million(n_multiply_adds),
            products,
        ),
        row(
            "log(1 + e^x) and its derivative, by hand",
            format!("{} ns each", digits(function * 1e9)),
            million(n_functions),
            functions,
        ),
        row(
            "multiply-adds and functions, which share the vector units",
            String::new(),
            String::new(),
            products + functions,
        ),
        row("vippl", String::new(), String::new(), taken),
    ];
    markdown(&["16 points, N = 10^6, D = 20", "at most", "work", "ms", "of what vippl takes"], &rows)
}
