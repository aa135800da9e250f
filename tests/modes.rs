//! Gradients in every mode there is, for every case, every example and long made-up data: forward and reverse, folded and
//! not, one point and many, one thread and two, against each other and against differences of log p.

mod common;

use std::fmt::Write;
use std::path::Path;

use common::{models, package, tables_of};
use vippl::compile::{CompileOptions, Computed, Density, GradientMode};
use vippl::data::{Dataset, Values, Variable};
use vippl::density::LogDensity;
use vippl::session::{self, Request};
use vippl::source::Source;

/// Between modes, relative to the largest derivative at a point.
const TOLERANCE: f64 = 1e-9;
/// Against differences, relative to the length of the gradient.
const DIFFERENCE_TOLERANCE: f64 = 1e-6;
/// Half of the step of a difference.
const STEP: f64 = 1e-4;
/// Forward mode takes a pass for each coordinate: models with more are left to the other mode.
const MOST_BY_FORWARD: usize = 300;
/// Points at once, more than one vector of any processor and no multiple of it.
const MANY: usize = 19;

struct Model {
    name: String,
    folded: Density,
    direct: Density,
}

/// log p and its derivatives: `[lanes]`, `[D][lanes]`
type Evaluated = (Vec<f64>, Vec<f64>);

fn gradient(density: &Density, mode: GradientMode, lanes: usize, z: &[f64]) -> Evaluated {
    let (mut value, mut gradient) = (vec![0.0; lanes], vec![0.0; z.len()]);
    density.gradient_with(mode, lanes, z, &mut value, &mut gradient);
    (value, gradient)
}

fn products(density: &Density, lanes: usize, z: &[f64]) -> Evaluated {
    let v: Vec<f64> = (0..z.len()).map(|i| (2.0 + i as f64).cos()).collect();
    let (mut gradient, mut product) = (vec![0.0; z.len()], vec![0.0; z.len()]);
    density.hessian_vector(lanes, z, &v, &mut gradient, &mut product);
    (gradient, product)
}

fn lane(of: &[f64], lanes: usize, lane: usize) -> Vec<f64> {
    of.iter().skip(lane).step_by(lanes).copied().collect()
}

/// Points in `[D][MANY]`: half of them near 0, half further away.
fn points(dim: usize) -> Vec<f64> {
    let scale = |lane: usize| if lane < MANY / 2 { 0.1 } else { 0.4 };
    (0..dim * MANY).map(|i| scale(i % MANY) * (1.0 + 1.7 * i as f64).sin()).collect()
}

fn on_threads<T: Send>(n: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().expect("threads");
    pool.install(work)
}

#[track_caller]
fn assert_close(what: &str, found: &[f64], expected: &[f64]) {
    let largest = expected.iter().filter(|x| x.is_finite()).fold(1.0, |m: f64, x| m.max(x.abs()));
    for (i, (x, y)) in expected.iter().zip(found).enumerate() {
        let same = x == y || x.is_nan() && y.is_nan() || (x - y).abs() <= TOLERANCE * largest;
        assert!(same, "{what}: element {i} is {y}, not {x}");
    }
}

#[track_caller]
fn assert_same_bytes(what: &str, found: &[f64], expected: &[f64]) {
    let differs = found.iter().zip(expected).position(|(x, y)| x.to_bits() != y.to_bits());
    assert_eq!(differs, None, "{what}: an element is not the same");
}

fn all_modes_agree(model: &Model) {
    let Model { name, folded, direct, .. } = model;
    let dim = folded.dim();
    let z = points(dim);
    let expected = gradient(folded, GradientMode::Reverse, MANY, &z);
    let modes: &[GradientMode] = match dim {
        ..=MOST_BY_FORWARD => &[GradientMode::Reverse, GradientMode::Forward, GradientMode::Auto],
        _ => &[GradientMode::Reverse],
    };
    for (density, how) in [(folded, "folded"), (direct, "direct")] {
        for &mode in modes {
            let what = format!("{name}, {how}, {mode:?}");
            let many = gradient(density, mode, MANY, &z);
            for l in 0..MANY {
                let [own, other] = [&many, &expected].map(|of| lane(&of.1, MANY, l));
                assert_close(&format!("{what}, point {l}"), &own, &other);
                assert_close(&format!("{what}, log p at {l}"), &[many.0[l]], &[expected.0[l]]);
            }
            for l in [0, MANY - 1] {
                let one = gradient(density, mode, 1, &lane(&z, MANY, l));
                assert_close(&format!("{what}, point {l} alone"), &one.1, &lane(&many.1, MANY, l));
                assert_close(&format!("{what}, log p at {l} alone"), &one.0, &[many.0[l]]);
            }
            for threads in [1, 2] {
                let there = on_threads(threads, || gradient(density, mode, MANY, &z));
                assert_same_bytes(&format!("{what}, {threads} threads"), &there.1, &many.1);
                assert_same_bytes(&format!("{what}, log p on {threads} threads"), &there.0, &many.0);
            }
        }
        let (again, product) = products(density, MANY, &z);
        for l in 0..MANY {
            let [own, other] = [&again, &expected.1].map(|of| lane(of, MANY, l));
            assert_close(&format!("{name}, {how}, gradient beside a product, point {l}"), &own, &other);
        }
        let there = on_threads(2, || products(density, MANY, &z));
        assert_same_bytes(&format!("{name}, {how}, product on 2 threads"), &there.1, &product);
    }
    differences_agree(model, &z, &expected);
}

/// Along one direction for each point, by differences of fourth order.
fn differences_agree(model: &Model, z: &[f64], (value, gradient): &Evaluated) {
    let direction: Vec<f64> = (0..z.len()).map(|i| (3.0 + 2.3 * i as f64).cos()).collect();
    let at = |steps: f64| {
        let moved: Vec<f64> = z.iter().zip(&direction).map(|(z, v)| z + steps * STEP * v).collect();
        let mut out = vec![0.0; MANY];
        model.direct.value(MANY, &moved, &mut out);
        out
    };
    let [far_left, left, right, far_right] = [-2.0, -1.0, 1.0, 2.0].map(at);
    let mut n_finite = 0;
    for l in 0..MANY {
        let difference = (8.0 * (right[l] - left[l]) - (far_right[l] - far_left[l])) / (12.0 * STEP);
        if !difference.is_finite() {
            continue;
        }
        n_finite += 1;
        let (gradient, direction) = (lane(gradient, MANY, l), lane(&direction, MANY, l));
        let along: f64 = gradient.iter().zip(&direction).map(|(g, v)| g * v).sum();
        let length = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        let rounding = 1e-14 * value[l].abs() / STEP;
        let off = (along - difference).abs();
        let name = &model.name;
        assert!(
            off <= DIFFERENCE_TOLERANCE * (1.0 + length * (direction.len() as f64).sqrt()) + rounding,
            "{name}, point {l}: the derivative is {along}, by differences {difference}"
        );
    }
    assert!(n_finite * 2 > MANY, "{}: log p is finite at {n_finite} points of {MANY} only", model.name);
}

fn read(folder: &Path) -> Model {
    let name = folder.strip_prefix(package()).expect("in the package").display().to_string();
    let model = session::read_model(&folder.join("model.vim")).expect("a model");
    let [folded, direct] = [true, false].map(|fold| {
        let request = Request {
            model: model.clone(),
            data: tables_of(folder),
            drop: Vec::new(),
            compile: CompileOptions { fold, ..CompileOptions::default() },
        };
        let prepared = session::prepare(&request);
        prepared.unwrap_or_else(|report| panic!("{name}: {report:?}")).compiled.density
    });
    Model { name, folded, direct }
}

/// Three chunks of a pass and a few rows more: they are shared out among threads.
const LONG: usize = 3 * 16384 + 7;

/// A model of made-up data.
fn made_up(name: &str, text: &str, rows: usize) -> Model {
    let wave = |n: usize, speed: f64| (0..n).map(|i| (1.0 + speed * i as f64).sin()).collect::<Vec<f64>>();
    let y = wave(rows, 0.37);
    let outcome: Vec<i64> = y.iter().map(|&y| i64::from(y > 0.2)).collect();
    let group: Vec<i64> = (0..rows).map(|i| 1 + (i * 37 % 10) as i64).collect();
    let variables = [
        Variable::in_memory("X", Values::real(&[rows, 5], wave(5 * rows, 1.3))),
        Variable::in_memory("x", Values::real(&[rows], wave(rows, 2.1))),
        Variable::in_memory("y", Values::real(&[rows], y)),
        Variable::in_memory("s", Values::int(&[rows], &outcome)),
        Variable::in_memory("g", Values::int(&[rows], &group)),
    ];
    let source = Source::new(name, text);
    let [folded, direct] = [true, false].map(|fold| {
        let dataset = Dataset::from_variables(variables.clone()).expect("distinct names");
        let options = CompileOptions { fold, ..CompileOptions::default() };
        let prepared = session::prepare_in_memory(&source, dataset, &options);
        prepared.unwrap_or_else(|report| panic!("{name}: {report:?}")).compiled.density
    });
    Model { name: name.to_string(), folded, direct }
}

#[test]
fn modes_agree_on_every_case_and_example() {
    let folders = models();
    assert!(folders.len() >= 35, "{} models", folders.len());
    for folder in folders {
        all_modes_agree(&read(&folder));
    }
}

#[test]
fn modes_agree_on_long_data() {
    let mut columns = String::from("b[5] ~ Normal(0, 1)\nsd ~ HalfNormal(1)\n");
    let terms: Vec<String> = (1..=5).map(|k| format!("b[{k}] * X[:, {k}]")).collect();
    let _ = write!(columns, "y ~ StudentT(4, {}, sd)", terms.join(" + "));
    for (name, text) in [
        ("logistic regression", "a ~ Normal(0, 1)\nb[5] ~ Normal(0, 1)\ns ~ Bernoulli(logit = a + X @ b)"),
        ("linear regression", "b[5] ~ Normal(0, 1)\nsd ~ HalfNormal(1)\ny ~ Normal(X @ b, sd)"),
        (
            "groups",
            "tau ~ HalfNormal(1)\na[g] ~ Normal(0, tau)\nsd ~ HalfNormal(1)\ny ~ StudentT(3, a[g], sd)",
        ),
        ("columns", &columns),
    ] {
        let model = made_up(name, text, LONG);
        for what in [Computed::Value, Computed::Reverse, Computed::HessianVector] {
            let tasks = [1, 2].map(|threads| model.direct.tasks(what, MANY, threads));
            assert!(tasks[0] == 1 && tasks[1] > 1, "{name}, {what:?}: {tasks:?} tasks");
        }
        all_modes_agree(&model);
    }
}

#[test]
fn modes_agree_on_a_recursion() {
    let text = "w ~ HalfNormal(1)\na ~ Uniform(0, 1)\nb ~ Uniform(0, 1)\nh[1] = 1\n\
                for t in 2:len(y) { h[t] = w + a * y[t - 1]^2 + b * h[t - 1] }\ny ~ Normal(0, sqrt(h))";
    all_modes_agree(&made_up("a recursion", text, 4000));
}
