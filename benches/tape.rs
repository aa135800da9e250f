//! Gradients of typical log densities, by number of lanes.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use ndarray::IxDyn;
use vippl::tape::{Access, Body, Graph, Mode, Node, Program, Scan, Source, State, Tensor, forward, reverse};

fn main() {
    divan::main();
}

const LANES: [usize; 4] = [1, 8, 16, 64];

fn numbers(n: usize) -> Vec<f64> {
    (0..n).map(|i| (i as f64 * 12.9898).sin() * 43758.5453 % 1.0).collect()
}

fn tensor(shape: &[usize], data: Vec<f64>) -> Tensor {
    Tensor::from_shape_vec(IxDyn(shape), data).expect("the size of the shape")
}

/// Time of value and gradient of `build` at a vector of `dim`.
fn gradient(bencher: Bencher<'_, '_>, dim: usize, lanes: usize, build: impl Fn(&mut Graph, Node) -> Node) {
    let mut g = Graph::new();
    let x = g.input(&[dim]);
    let y = build(&mut g, x);
    let d = reverse(&mut g, y, &[x])[0];
    let program = Program::new(&g, &[x], &[y, d]);
    let mut ws = program.workspace(lanes);
    let at = numbers(dim * lanes);
    bencher.bench_local(|| program.run(&mut ws, &[black_box(&at)]));
}

/// Bernoulli with a logit link: 100000 rows, 20 predictors `x`.
fn logistic_regression(g: &mut Graph, x: &Tensor, beta: Node) -> Node {
    let (rows, columns) = (100_000, 20);
    let x = g.constant(x.clone());
    let y = g.constant(tensor(&[rows], numbers(rows).iter().map(|x| (*x > 0.0) as u8 as f64).collect()));
    let beta = g.reshape(beta, &[columns, 1]);
    let eta = g.matmul(x, beta);
    let eta = g.reshape(eta, &[rows]);
    let product = g.mul(y, eta);
    let normaliser = g.log1p_exp(eta);
    let terms = g.sub(product, normaliser);
    g.sum_all(terms)
}

#[divan::bench(args = LANES)]
fn logistic_100000_rows(bencher: Bencher<'_, '_>, lanes: usize) {
    let x = tensor(&[100_000, 20], numbers(2_000_000));
    gradient(bencher, 20, lanes, |g, beta| logistic_regression(g, &x, beta));
}

/// Normal rows with group effects: 10000 rows, 100 groups.
#[divan::bench(args = LANES)]
fn groups_10000_rows(bencher: Bencher<'_, '_>, lanes: usize) {
    gradient(bencher, 101, lanes, |g, x| {
        let rows = 10_000;
        let y = g.constant(tensor(&[rows], numbers(rows)));
        let (effects, log_sd) = (g.slice(x, 0, &[100]), g.slice(x, 100, &[]));
        let index = (0..rows as u32).map(|i| i * 7 % 100).collect();
        let mean = g.gather(effects, index, &[rows]);
        let precision = g.neg(log_sd);
        let precision = g.exp(precision);
        let residual = g.sub(y, mean);
        let z = g.mul(residual, precision);
        let z = g.square(z);
        let z = g.mul_scalar(z, -0.5);
        let terms = g.sub(z, log_sd);
        g.sum_all(terms)
    });
}

/// Eight schools: all scalars and short vectors.
#[divan::bench(args = LANES)]
fn eight_schools(bencher: Bencher<'_, '_>, lanes: usize) {
    gradient(bencher, 10, lanes, |g, x| {
        let y = g.vector(&[28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]);
        let weights = g.vector(&[15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0].map(|s: f64| -0.5 / (s * s)));
        let (mu, log_tau, eta) = (g.slice(x, 0, &[]), g.slice(x, 1, &[]), g.slice(x, 2, &[8]));
        let tau = g.exp(log_tau);
        let scaled = g.mul(tau, eta);
        let theta = g.add(mu, scaled);
        let residual = g.sub(y, theta);
        let squared = g.square(residual);
        let likelihood = g.mul(weights, squared);
        let eta2 = g.square(eta);
        let prior = g.mul_scalar(eta2, -0.5);
        let terms = g.add(likelihood, prior);
        let sum = g.sum_all(terms);
        let mu2 = g.square(mu);
        let mu2 = g.mul_scalar(mu2, -0.02);
        g.add(sum, mu2)
    });
}

/// A Gaussian process of 200 points: kernel, Cholesky factor, solve.
#[divan::bench(args = [1, 8])]
fn gaussian_process_200(bencher: Bencher<'_, '_>, lanes: usize) {
    gradient(bencher, 2, lanes, |g, x| {
        let n = 200;
        let data = (0..n * n).map(|at| -0.5 * ((at / n) as f64 - (at % n) as f64).powi(2) / 100.0).collect();
        let distance = g.constant(tensor(&[n, n], data));
        let (log_scale, log_sd) = (g.slice(x, 0, &[]), g.slice(x, 1, &[]));
        let scale = g.exp(log_scale);
        let scaled = g.mul(distance, scale);
        let kernel = g.exp(scaled);
        let variance = g.exp(log_sd);
        let ones = g.full(&[n], 1.0);
        let noise = g.mul(ones, variance);
        let noise = g.diagonal_matrix(noise);
        let covariance = g.add(kernel, noise);
        let l = g.cholesky(covariance);
        let y = g.constant(tensor(&[n, 1], numbers(n)));
        let z = g.solve_triangular(l, y, false);
        let z = g.square(z);
        let z = g.sum_all(z);
        let d = g.diagonal(l);
        let d = g.log(d);
        let d = g.sum_all(d);
        let z = g.mul_scalar(z, -0.5);
        g.sub(z, d)
    });
}

/// GARCH(1, 1) of 1000 observations, gradient, then Hessian-vector product.
fn garch(g: &mut Graph, x: Node) -> Node {
    let steps = 1000;
    let mut graph = Graph::new();
    let [w, a, b, h, seen] = std::array::from_fn(|_| graph.input(&[]));
    let (a_scale, b_scale, level) = (graph.logistic(a), graph.logistic(b), graph.exp(w));
    let squared = graph.square(seen);
    let news = graph.mul(a_scale, squared);
    let memory = graph.mul(b_scale, h);
    let sum = graph.add(level, news);
    let next = graph.add(sum, memory);
    let rows = |start| Access::Rows { start, step: 1 };
    let ports = vec![
        (w, Source::Arg(0), Access::Whole),
        (a, Source::Arg(1), Access::Whole),
        (b, Source::Arg(2), Access::Whole),
        (h, Source::State(0), rows(0)),
        (seen, Source::Arg(4), rows(0)),
    ];
    let body = Body { graph, ports, stores: vec![(next, 0, rows(1), Mode::Set)] };
    let data = g.vector(&numbers(steps + 1));
    let start = g.full(&[steps + 1], 1.0);
    let states = vec![State { shape: vec![steps + 1], init: Some(3) }];
    let [w, a, b] = [0, 1, 2].map(|k| g.slice(x, k, &[]));
    let h = g.scan(Scan { steps, reverse: false, body, states }, &[w, a, b, start, data]);
    let squared = g.square(data);
    let ratio = g.div(squared, h);
    let log = g.log(h);
    let sum = g.add(ratio, log);
    let total = g.sum_all(sum);
    g.mul_scalar(total, -0.5)
}

#[divan::bench(args = LANES)]
fn garch_1000(bencher: Bencher<'_, '_>, lanes: usize) {
    gradient(bencher, 3, lanes, garch);
}

#[divan::bench(args = LANES)]
fn garch_1000_hessian_vector(bencher: Bencher<'_, '_>, lanes: usize) {
    let mut g = Graph::new();
    let (x, v) = (g.input(&[3]), g.input(&[3]));
    let y = garch(&mut g, x);
    let d = reverse(&mut g, y, &[x])[0];
    let h = forward(&mut g, &[d], &[(x, v)])[0];
    let program = Program::new(&g, &[x, v], &[h]);
    let mut ws = program.workspace(lanes);
    let at = numbers(3 * lanes);
    bencher.bench_local(|| program.run(&mut ws, &[black_box(&at), &at]));
}

/// A function of one number as an operation, the same of a library of scalar functions, and a range of arguments.
struct Function {
    name: &'static str,
    build: fn(&mut Graph, Node) -> Node,
    scalar: fn(f64) -> f64,
    range: [f64; 2],
}

impl std::fmt::Display for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! functions {
    ($($name:ident, $scalar:expr, $low:literal, $high:literal;)*) => {
        static FUNCTIONS: &[Function] = &[$(Function {
            name: stringify!($name),
            build: Graph::$name,
            scalar: $scalar,
            range: [$low, $high],
        }),*];
    };
}

functions! {
    exp, f64::exp, -20.0, 20.0;
    expm1, f64::exp_m1, -20.0, 20.0;
    log, f64::ln, 0.01, 20.0;
    log1p, f64::ln_1p, -0.9, 20.0;
    logistic, |x| 1.0 / (1.0 + (-x).exp()), -20.0, 20.0;
    log1p_exp, |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), -20.0, 20.0;
    log1m_exp, |x| (-x.exp_m1()).ln(), -5.0, -0.01;
    tanh, f64::tanh, -5.0, 5.0;
    sinh, f64::sinh, -5.0, 5.0;
    cosh, f64::cosh, -5.0, 5.0;
    sin, f64::sin, -10.0, 10.0;
    cos, f64::cos, -10.0, 10.0;
    tan, f64::tan, -10.0, 10.0;
    lgamma, libm::lgamma, 0.01, 20.0;
    digamma, statrs::function::gamma::digamma, 0.01, 20.0;
    erf, libm::erf, -3.0, 3.0;
    erfc, libm::erfc, -3.0, 5.0;
    normal_log_cdf, |x| (0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)).ln(), -5.0, 5.0;
}

const FUNCTION_POINTS: usize = 1024;

fn points([low, high]: [f64; 2]) -> Vec<f64> {
    numbers(FUNCTION_POINTS).iter().map(|u| low + (high - low) * u.abs()).collect()
}

#[divan::bench(args = FUNCTIONS)]
fn function_of_1024_numbers(bencher: Bencher<'_, '_>, function: &Function) {
    let mut g = Graph::new();
    let x = g.input(&[FUNCTION_POINTS]);
    let y = (function.build)(&mut g, x);
    let program = Program::new(&g, &[x], &[y]);
    let mut ws = program.workspace(1);
    let at = points(function.range);
    bencher.counter(ItemsCount::new(FUNCTION_POINTS)).bench_local(|| program.run(&mut ws, &[black_box(&at)]));
}

#[divan::bench(args = FUNCTIONS)]
fn scalar_function_of_1024_numbers(bencher: Bencher<'_, '_>, function: &Function) {
    let (at, mut out) = (points(function.range), vec![0.0; FUNCTION_POINTS]);
    bencher.counter(ItemsCount::new(FUNCTION_POINTS)).bench_local(|| {
        for (y, x) in out.iter_mut().zip(black_box(&at)) {
            *y = (function.scalar)(*x);
        }
        black_box(&mut out);
    });
}

/// Building, differentiating and compiling.
#[divan::bench]
fn compile_logistic_100000_rows(bencher: Bencher<'_, '_>) {
    let data = tensor(&[100_000, 20], numbers(2_000_000));
    bencher.bench_local(|| {
        let mut g = Graph::new();
        let x = g.input(&[20]);
        let y = logistic_regression(&mut g, &data, x);
        let d = reverse(&mut g, y, &[x])[0];
        Program::new(&g, &[x], &[y, d]).len()
    });
}
