//! Evaluating allocates nothing: all memory of programs is in workspaces, which densities keep from run to run.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use vippl::compile::{CompileOptions, Computed, Density, GradientMode};
use vippl::data::Dataset;
use vippl::density::LogDensity;
use vippl::session;
use vippl::source;
use vippl::tape::{
    Access, Body, Control, Field, Graph, Mode, Node, Program, Scan, Source, State, forward, reverse,
};

/// Forward mode takes a pass for each coordinate: it is left out for models with more.
const MOST_BY_FORWARD: usize = 300;

struct Counting;

/// By all threads that evaluate.
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

/// One test evaluates at a time.
static EVALUATING: Mutex<()> = Mutex::new(());

thread_local! {
    static EVALUATES: Cell<bool> = const { Cell::new(false) };
}

fn count() {
    ALLOCATIONS.fetch_add(usize::from(EVALUATES.get()), Ordering::SeqCst);
}

fn allocations() -> usize {
    ALLOCATIONS.load(Ordering::SeqCst)
}

/// Runs a test on so many threads, all of which are counted.
fn on_threads(n: usize, test: impl FnOnce() + Send) {
    let _one = EVALUATING.lock().unwrap_or_else(PoisonError::into_inner);
    // a thread that ends, later than its pool, allocates
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(n)
        .start_handler(|_| EVALUATES.set(true))
        .exit_handler(|_| EVALUATES.set(false))
        .build();
    pool.expect("threads").install(test);
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Some of everything: broadcasts, gathers, reductions, linear algebra, a recursion; and their derivatives.
fn everything(g: &mut Graph, x: Node) -> Node {
    let matrix = g.reshape(x, &[4, 4]);
    let transposed = g.transpose(matrix);
    let product = g.matmul(matrix, transposed);
    let identity = g.vector(&[4.0; 4]);
    let identity = g.diagonal_matrix(identity);
    let definite = g.add(product, identity);
    let factor = g.cholesky(definite);
    let (eigenvalues, eigenvectors) = g.eigen_sym(definite);
    let squared = g.lower_square(factor);
    let eigenvalues = g.diagonal_matrix(eigenvalues);
    let turned = g.matmul(eigenvectors, eigenvalues);
    let turned = g.add(turned, squared);
    let solved = g.solve_triangular(factor, matrix, false);
    let solved = g.solve(definite, solved);
    let log_det = g.log_abs_det(definite);
    let batches = g.reshape(solved, &[4, 1, 2, 2]);
    let pair = g.reshape(matrix, &[4, 2, 2]);
    let products = g.matmul(batches, pair);
    let row = g.gather(x, [3, 1, 2].into(), &[3]);
    let column = g.reshape(row, &[3, 1]);
    let square = g.max(row, column);
    let zero = g.scalar(0.0);
    let sign = g.less(square, zero);
    let chosen = g.select(sign, row, column);
    let largest = g.max_axis(chosen, 0);
    let joined = g.concat(&[row, largest, row, largest, row], 0);
    let summed = g.cumsum(joined, 0, false);
    let total = g.logsumexp(summed, 0);
    let scanned = {
        let mut graph = Graph::new();
        let (last, picked) = (graph.input(&[]), graph.input(&[2]));
        let sum = graph.sum_all(picked);
        let bent = graph.sin(last);
        let next = graph.mul(bent, sum);
        let ports = vec![
            (last, Source::State(0), Access::Rows { start: 0, step: 1 }),
            (picked, Source::Arg(0), Access::Table([0, 5, 3, 3, 2, 9].into())),
        ];
        let stores = vec![(next, 0, Access::Rows { start: 1, step: 1 }, Mode::Set)];
        let states = vec![State { shape: vec![4], init: Some(1) }];
        let start = g.slice(x, 0, &[4]);
        g.scan(Scan { steps: 3, reverse: false, body: Body { graph, ports, stores }, states }, &[x, start])
    };
    let solved = {
        let mut graph = Graph::new();
        let (time, state, rate) = (graph.input(&[]), graph.input(&[2]), graph.input(&[2]));
        let sin = graph.sin(state);
        let moved = graph.mul(sin, rate);
        let slope = graph.add(moved, time);
        let field = Field { graph, time, state, args: vec![rate], slope };
        let (start, rate) = (g.slice(x, 2, &[2]), g.slice(x, 4, &[2]));
        let (t0, times) = (g.scalar(0.0), g.slice(x, 6, &[3]));
        g.ode(field, start, t0, times, &[rate], Control::default())
    };
    let mut y = g.add(total, log_det);
    for part in [products, scanned, chosen, turned, solved] {
        let part = g.square(part);
        let part = g.sum_all(part);
        y = g.add(y, part);
    }
    y
}

#[test]
fn running_allocates_nothing() {
    on_threads(1, || {
        let mut g = Graph::new();
        let (x, v) = (g.input(&[16]), g.input(&[16]));
        let y = everything(&mut g, x);
        let gradient = reverse(&mut g, y, &[x])[0];
        let product = forward(&mut g, &[gradient], &[(x, v)])[0];
        let program = Program::staged(&g, &[x], &[v], &[y, gradient, product]);
        for lanes in [1, 5] {
            let mut ws = program.workspace(lanes);
            let input: Vec<f64> = (0..16 * lanes).map(|i| (i as f64 * 0.7).sin()).collect();
            let before = allocations();
            program.run(&mut ws, &[&input]);
            program.run_directions(&mut ws, &[&input]);
            assert_eq!(allocations(), before, "{lanes} lanes");
            assert!((0..3).all(|k| program.output(&ws, k).data.iter().all(|x| x.is_finite())));
        }
    });
}

#[test]
fn passes_that_keep_many_arrays_allocate_nothing() {
    const N: usize = 3000;
    for n_kept in [30, 40, 500] {
        on_threads(1, || {
            let mut g = Graph::new();
            let x = g.input(&[N]);
            let scaled = |k: usize| {
                let factor = g.scalar(1.0 + k as f64);
                g.mul(x, factor)
            };
            let kept: Vec<Node> = (0..n_kept).map(scaled).collect();
            let program = Program::new(&g, &[x], &kept);
            assert_eq!(program.len(), 1, "{}", program.dump());
            let mut ws = program.workspace(3);
            let input = wave(3 * N);
            let before = allocations();
            program.run(&mut ws, &[&input]);
            assert_eq!(allocations(), before, "{n_kept} arrays");
            let last = program.output(&ws, n_kept - 1);
            assert_eq!(last.get(N - 1, 2), n_kept as f64 * input[3 * N - 1]);
        });
    }
}

/// A model, its data, and whether sums over them are folded.
struct Case {
    name: &'static str,
    model: &'static str,
    data: fn() -> String,
    is_folded: bool,
}

const CASES: &[Case] = &[
    Case {
        name: "products with a matrix",
        model: "b[3] ~ Normal(0, 1)\ny ~ Bernoulli(logit = X @ b)",
        data: || {
            let rows: Vec<String> = wave(300).chunks(3).map(|row| format!("{row:?}")).collect();
            let outcomes: Vec<u32> = (0..100).map(|i| i * i % 3 % 2).collect();
            format!(r#"{{"X": [{}], "y": {outcomes:?}}}"#, rows.join(", "))
        },
        is_folded: false,
    },
    Case {
        name: "a recursion",
        model: "mu ~ Normal(0, 1)\na ~ Exponential(1)\nb ~ Uniform(0, 1)\nh[1] = 1.5\n\
                for t in 2:T { h[t] = a + b * h[t - 1] + 0.1 * (y[t - 1] - mu) ^ 2 }\ny ~ Normal(mu, sqrt(h))",
        data: || format!(r#"{{"y": {:?}, "T": 50}}"#, wave(50)),
        is_folded: false,
    },
    Case {
        name: "two coordinates, a chain of states summed out",
        model: "mu[2] ~ ordered(Normal(0, 2))\nz[1] ~ Categorical([0.5, 0.5])\n\
                for t in 2:rows { z[t] ~ Categorical([[0.9, 0.1], [0.2, 0.8]][z[t - 1]]) }\ny ~ Normal(mu[z], 1)",
        data: || format!(r#"{{"y": {:?}}}"#, wave(30)),
        is_folded: false,
    },
    Case {
        name: "linear algebra",
        model: "scale ~ HalfNormal(1)\nnoise ~ HalfNormal(1)\nmu ~ Normal(0, 1)\n\
                K = exp(scale * outer(x, x)) + diag_matrix(rep(noise + 0.1, 12))\n\
                y ~ MvNormal(rep(mu, 12), cov = K)",
        data: || format!(r#"{{"x": {:?}, "y": {:?}}}"#, &wave(30)[18..], wave(12)),
        is_folded: false,
    },
    Case {
        name: "groups, folded",
        model: "tau ~ HalfNormal(1)\nsigma ~ HalfNormal(1)\nb ~ Normal(0, 1)\na[g] ~ Normal(0, tau)\n\
                y ~ Normal(a[g] + b * x, sigma)",
        data: || {
            let groups: Vec<u32> = (0..200).map(|i| 1 + i % 5).collect();
            format!(r#"{{"g": {groups:?}, "x": {:?}, "y": {:?}}}"#, wave(200), &wave(400)[200..])
        },
        is_folded: true,
    },
];

/// Rows enough for passes that are shared out among threads.
const LONG: Case = Case {
    name: "long rows",
    model: "b[3] ~ Normal(0, 1)\nc[g] ~ Normal(0, 1)\ns ~ Bernoulli(logit = X @ b + c[g])",
    data: || {
        const ROWS: usize = 50_000;
        let rows: Vec<String> = wave(3 * ROWS).chunks(3).map(|row| format!("{row:?}")).collect();
        let outcomes: Vec<usize> = (0..ROWS).map(|i| i * i % 3 % 2).collect();
        let groups: Vec<usize> = (0..ROWS).map(|i| 1 + i % 7).collect();
        format!(r#"{{"X": [{}], "s": {outcomes:?}, "g": {groups:?}}}"#, rows.join(", "))
    },
    is_folded: false,
};

fn wave(n: usize) -> Vec<f64> {
    (0..n).map(|i| (1.0 + 0.7 * i as f64).sin()).collect()
}

fn density(case: &Case) -> Density {
    let (dataset, _) = Dataset::from_json("data.json", &(case.data)()).expect(case.name);
    let source = source::Source::new("model.vim", case.model);
    let prepared = session::prepare_in_memory(&source, dataset, &CompileOptions::default());
    prepared.unwrap_or_else(|report| panic!("{}: {report:?}", case.name)).compiled.density
}

/// Fails if an evaluation allocates that was done once before.
fn allocates_nothing(name: &str, density: &Density) {
    let dim = density.dim();
    for lanes in [1, 3, 16] {
        let z: Vec<f64> = wave(dim * lanes).iter().map(|x| 0.3 * x).collect();
        let v = wave(dim * lanes);
        let mut out = vec![0.0; lanes];
        let [mut gradient, mut product] = [0, 1].map(|_| vec![0.0; dim * lanes]);
        let mut evaluate = |what: &str| match what {
            "value" => density.value(lanes, &z, &mut out),
            "forward" => density.gradient_with(GradientMode::Forward, lanes, &z, &mut out, &mut gradient),
            "reverse" => density.gradient_with(GradientMode::Reverse, lanes, &z, &mut out, &mut gradient),
            _ => density.hessian_vector(lanes, &z, &v, &mut gradient, &mut product),
        };
        let all = ["value", "forward", "reverse", "hessian_vector"];
        let all = if dim > MOST_BY_FORWARD { &all[2..] } else { &all[..] };
        all.iter().for_each(|what| evaluate(what));
        for what in all {
            let before = allocations();
            evaluate(what);
            assert_eq!(allocations(), before, "{what} of {name}, {lanes} lanes");
        }
    }
}

#[test]
fn densities_allocate_nothing_once_they_have_been_evaluated() {
    on_threads(1, || {
        for case in CASES {
            let density = density(case);
            assert_eq!(density.folded().count() > 0, case.is_folded, "{}", case.name);
            allocates_nothing(case.name, &density);
        }
    });
}

#[test]
fn threads_allocate_nothing() {
    on_threads(2, || {
        let density = density(&LONG);
        for what in [Computed::Value, Computed::Reverse, Computed::HessianVector] {
            assert!(density.tasks(what, 16, 2) > 1, "{what:?} is one task");
        }
        allocates_nothing(LONG.name, &density);
    });
}

#[test]
fn cases_and_examples_allocate_nothing() {
    on_threads(1, || {
        for folder in common::models() {
            let prepared = common::prepare(&folder).unwrap_or_else(|report| panic!("{report:?}"));
            allocates_nothing(&folder.display().to_string(), &prepared.compiled.density);
        }
    });
}
