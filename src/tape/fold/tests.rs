//! Folded sums against the sums themselves: values, gradients, Hessian-vector products.

use super::exact::Exact;
use super::fold;
use crate::tape::testing::numbers;
use crate::tape::{Graph, Node, Program, forward, reverse};

/// Agreement of folded and direct sums, relative to the largest of what is compared.
const TOLERANCE: f64 = 1e-9;

/// Value, gradient and Hessian-vector product of `total` at a point.
fn evaluate(g: &mut Graph, total: Node, inputs: &[Node], at: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let gradient = reverse(g, total, inputs);
    let shapes: Vec<Vec<usize>> = inputs.iter().map(|&input| g.shape(input).to_vec()).collect();
    let directions: Vec<Node> = shapes.iter().map(|shape| g.input(shape)).collect();
    let wrt: Vec<(Node, Node)> = inputs.iter().copied().zip(directions.iter().copied()).collect();
    let products = forward(g, &gradient, &wrt);
    let outputs = [&[total], &gradient[..], &products[..]].concat();
    let program = Program::new(g, &[inputs, &directions[..]].concat(), &outputs);
    let mut ws = program.workspace(1);
    let along: Vec<Vec<f64>> = at.iter().zip(50..).map(|(x, k)| numbers(x.len(), k)).collect();
    let points: Vec<&[f64]> = at.iter().chain(&along).map(Vec::as_slice).collect();
    program.run(&mut ws, &points);
    let n = inputs.len();
    [0..1, 1..n + 1, n + 1..2 * n + 1]
        .map(|range| range.flat_map(|k| program.output(&ws, k).data.to_vec()).collect())
        .into()
}

/// Folds `total` and compares; the notes come back.
fn check(what: &str, g: &mut Graph, total: Node, inputs: &[Node]) -> Vec<String> {
    let folded = fold(g, &[total]);
    for seed in 1..4 {
        let at: Vec<Vec<f64>> =
            inputs.iter().zip(0..).map(|(&x, k)| numbers(g.size(x), 10 * seed + k)).collect();
        let direct = evaluate(g, total, inputs, &at);
        let found = evaluate(g, folded.nodes[0], inputs, &at);
        for (part, (direct, found)) in ["value", "gradient", "product"].iter().zip(direct.iter().zip(&found))
        {
            let scale = direct.iter().fold(1e-300_f64, |m, x| m.max(x.abs()));
            for (i, (x, y)) in direct.iter().zip(found).enumerate() {
                assert!((x - y).abs() <= TOLERANCE * scale, "{what}: {part} {i} is {y}, not {x}");
            }
        }
    }
    folded.notes.into_iter().next().unwrap_or_default()
}

/// The sum of the log densities of normals, but for constants.
fn normal(g: &mut Graph, y: Node, mean: Node, sd: Node) -> Node {
    let residual = g.sub(y, mean);
    let precision = g.recip(sd);
    let z = g.mul(residual, precision);
    let square = g.square(z);
    let half = g.mul_scalar(square, -0.5);
    let log_sd = g.log(sd);
    let density = g.sub(half, log_sd);
    g.sum_all(density)
}

fn positive(g: &mut Graph) -> [Node; 2] {
    let log_sd = g.input(&[]);
    [log_sd, g.exp(log_sd)]
}

fn matrix(g: &mut Graph, n: usize, width: usize, seed: u64) -> Node {
    g.constant(
        ndarray::ArcArray::from_shape_vec(ndarray::IxDyn(&[n, width]), numbers(n * width, seed)).unwrap(),
    )
}

#[test]
fn regression() {
    let n = 300;
    let mut g = Graph::new();
    let (x, y) = (matrix(&mut g, n, 3, 1), numbers(n, 2));
    let y = g.vector(&y);
    let (a, b) = (g.input(&[]), g.input(&[3]));
    let [log_sd, sd] = positive(&mut g);
    let b_column = g.reshape(b, &[3, 1]);
    let product = g.matmul(x, b_column);
    let product = g.reshape(product, &[n]);
    let mean = g.add(product, a);
    let total = normal(&mut g, y, mean, sd);
    let notes = check("regression", &mut g, total, &[a, b, log_sd]);
    assert_eq!(notes, ["300 rows into R of 4 x 4"]);
}

#[test]
fn regression_on_single_coefficients() {
    let n = 50;
    let mut g = Graph::new();
    let [y, x, w] = [1, 2, 3].map(|seed| numbers(n, seed));
    let [y, x, w] = [y, x, w].map(|v| g.vector(&v));
    let b = g.input(&[3]);
    let [log_sd, sd] = positive(&mut g);
    let one = g.slice(b, 0, &[]);
    let two = g.slice(b, 1, &[1]);
    let three = g.slice(b, 2, &[]);
    let product = g.mul(x, two);
    let mut mean = g.add(one, product);
    let interaction = g.mul(three, x);
    let interaction = g.mul(interaction, w);
    mean = g.add(mean, interaction);
    let total = normal(&mut g, y, mean, sd);
    let notes = check("coefficients", &mut g, total, &[b, log_sd]);
    assert_eq!(notes, ["50 rows into R of 3 x 3"]);
}

/// Rows in groups, of which the last is empty.
fn groups(n: usize, n_groups: usize, seed: u64) -> std::sync::Arc<[u32]> {
    numbers(n, seed).iter().map(|x| ((x + 1.0) / 2.0 * (n_groups - 1) as f64) as u32).collect()
}

#[test]
fn varying_intercepts_and_slopes() {
    for (n_slopes, n_shared) in [(0, 0), (0, 2), (1, 0), (1, 1), (2, 2)] {
        let (n, n_groups) = (3000, 40);
        let mut g = Graph::new();
        let y = numbers(n, 7);
        let y = g.vector(&y);
        let index = groups(n, n_groups, 3);
        let mut inputs = Vec::new();
        let effects = g.input(&[n_groups]);
        inputs.push(effects);
        let mut mean = g.gather(effects, index.clone(), &[n]);
        for k in 0..n_slopes {
            let slopes = g.input(&[n_groups]);
            inputs.push(slopes);
            let x = numbers(n, 11 + k);
            let x = g.vector(&x);
            let own = g.gather(slopes, index.clone(), &[n]);
            let product = g.mul(x, own);
            mean = g.add(mean, product);
        }
        for k in 0..n_shared {
            let slope = g.input(&[]);
            inputs.push(slope);
            let x = numbers(n, 21 + k);
            let x = g.vector(&x);
            let product = g.mul(x, slope);
            mean = g.add(mean, product);
        }
        let [log_sd, sd] = positive(&mut g);
        inputs.push(log_sd);
        let total = normal(&mut g, y, mean, sd);
        let notes = check("groups", &mut g, total, &inputs);
        assert!(notes.len() == 1 && notes[0].contains("39 groups"), "{notes:?}");
    }
}

#[test]
fn crossed_groups() {
    let n = 4000;
    let mut g = Graph::new();
    let y = numbers(n, 7);
    let y = g.vector(&y);
    let (a, b) = (g.input(&[60]), g.input(&[9]));
    let (of_a, of_b) = (groups(n, 60, 5), groups(n, 9, 6));
    let (of_a, of_b) = (g.gather(a, of_a, &[n]), g.gather(b, of_b, &[n]));
    let mean = g.add(of_a, of_b);
    let [log_sd, sd] = positive(&mut g);
    let total = normal(&mut g, y, mean, sd);
    let notes = check("crossed", &mut g, total, &[a, b, log_sd]);
    assert_eq!(notes, ["4000 rows into R of 1 x 10 for each of 59 groups and R of 9 x 9"]);
}

/// `n` rows of `width` numbers, of which few are distinct.
fn repeated_rows(g: &mut Graph, n: usize, width: usize, n_distinct: usize) -> Node {
    let distinct = numbers(n_distinct * width, 5);
    let rows = numbers(n, 6).into_iter().map(|x| ((x + 1.0) / 2.0 * n_distinct as f64) as usize);
    let values = rows.flat_map(|row| distinct[row * width..(row + 1) * width].to_vec()).collect();
    g.constant(ndarray::ArcArray::from_shape_vec(ndarray::IxDyn(&[n, width]), values).unwrap())
}

#[test]
fn logistic_regression_with_repeated_rows() {
    let n = 2000;
    let mut g = Graph::new();
    let x = repeated_rows(&mut g, n, 3, 20);
    let (a, b) = (g.input(&[]), g.input(&[3, 1]));
    let product = g.matmul(x, b);
    let product = g.reshape(product, &[n]);
    let eta = g.add(product, a);
    let sign: Vec<f64> = numbers(n, 9).iter().map(|x| x.signum()).collect();
    let sign = g.vector(&sign);
    let against = g.mul(sign, eta);
    let tail = g.log1p_exp(against);
    let density = g.neg(tail);
    let total = g.sum_all(density);
    let notes = check("logistic", &mut g, total, &[a, b]);
    assert_eq!(notes, ["2000 rows into 40 distinct ones"]);
}

#[test]
fn counts_by_group() {
    // y (a_j + b_k) - exp(a_j + b_k): an inner product, and a sum over pairs of groups
    let n = 3000;
    let mut g = Graph::new();
    let (a, b) = (g.input(&[12]), g.input(&[5]));
    let (of_a, of_b) = (groups(n, 13, 5), groups(n, 6, 6));
    let (of_a, of_b) = (g.gather(a, of_a, &[n]), g.gather(b, of_b, &[n]));
    let eta = g.add(of_a, of_b);
    let y: Vec<f64> = numbers(n, 9).iter().map(|x| (3.0 + 3.0 * x).floor()).collect();
    let y = g.vector(&y);
    let (product, rate) = (g.mul(y, eta), g.exp(eta));
    let density = g.sub(product, rate);
    let total = g.sum_all(density);
    let notes = check("counts", &mut g, total, &[a, b]);
    assert_eq!(notes, ["3000 rows into 60 distinct ones", "3000 rows into an inner product of 17"]);
}

#[test]
fn a_curve_at_repeated_times() {
    let n = 500;
    let mut g = Graph::new();
    let t: Vec<f64> = (0..n).map(|i| (i % 10) as f64).collect();
    let (t, y) = (g.vector(&t), numbers(n, 3));
    let y = g.vector(&y);
    let rate = g.input(&[]);
    let [log_sd, sd] = positive(&mut g);
    let exponent = g.mul(rate, t);
    let mean = g.exp(exponent);
    let total = normal(&mut g, y, mean, sd);
    let notes = check("curve", &mut g, total, &[rate, log_sd]);
    assert_eq!(notes, ["500 rows into 10 distinct ones"]);
}

#[test]
fn categories_by_predictor_row() {
    let (n, k) = (1000, 4);
    let mut g = Graph::new();
    let x = repeated_rows(&mut g, n, 2, 15);
    let b = g.input(&[2, k]);
    let eta = g.matmul(x, b);
    let normalizer = g.logsumexp(eta, 1);
    let normalizer = g.reshape(normalizer, &[n, 1]);
    let table = g.sub(eta, normalizer);
    let of: std::sync::Arc<[u32]> =
        groups(n, k + 1, 8).iter().zip(0..).map(|(y, i)| i * k as u32 + y).collect();
    let density = g.gather(table, of, &[n]);
    let total = g.sum_all(density);
    let notes = check("categories", &mut g, total, &[b]);
    assert_eq!(notes, ["1000 rows into 60 distinct ones"]);
}

#[test]
fn a_number_that_varies_chooses_between_sums() {
    let n = 100;
    let mut g = Graph::new();
    let y = numbers(n, 7);
    let y = g.vector(&y);
    let mu = g.input(&[]);
    let residual = g.sub(y, mu);
    let square = g.square(residual);
    let zero = g.scalar(0.0);
    let condition = g.less(zero, mu);
    let outside = g.scalar(f64::NEG_INFINITY);
    let density = g.select(condition, square, outside);
    let total = g.sum_all(density);
    let folded = fold(&mut g, &[total]);
    assert_eq!(folded.notes, [["100 rows into R of 1 x 1"]]);
    let program = Program::new(&g, &[mu], &[total, folded.nodes[0]]);
    let mut ws = program.workspace(2);
    program.run(&mut ws, &[&[0.5, -0.5]]);
    let (direct, folded) = (program.output(&ws, 0), program.output(&ws, 1));
    assert!((direct.data[0] - folded.data[0]).abs() < 1e-12 * direct.data[0]);
    assert_eq!([direct.data[1], folded.data[1]], [f64::NEG_INFINITY; 2]);
}

#[test]
fn what_is_not_finite_is_not_folded() {
    let n = 100;
    for bad in [f64::INFINITY, f64::NAN] {
        let mut g = Graph::new();
        let (x, y) = (numbers(n, 3), numbers(n, 7));
        let (mut x, y) = (x, g.vector(&y));
        x[17] = bad;
        let (x, slope) = (g.vector(&x), g.input(&[]));
        let mean = g.mul(x, slope);
        let [_, sd] = positive(&mut g);
        let total = normal(&mut g, y, mean, sd);
        assert!(fold(&mut g, &[total]).notes[0].is_empty());
    }
}

/// Value and gradient of sum_i (y_i - a - b x_i)^2 in twice the precision.
fn exact_squares(x: &[f64], y: &[f64], [a, b]: [f64; 2]) -> [f64; 3] {
    let mut sums = [Exact::default(); 3];
    for (&x, &y) in x.iter().zip(y) {
        let mut residual = Exact::default();
        residual.add(y);
        residual.add(-a);
        residual.add_product(-b, x);
        let (high, low) = residual.parts();
        sums[0].add_product(high, high);
        sums[0].add_product(2.0 * high, low);
        sums[1].add_product(-2.0, high);
        sums[1].add_product(-2.0, low);
        sums[2].add_product(-2.0 * high, x);
        sums[2].add_product(-2.0 * low, x);
    }
    sums.map(Exact::value)
}

/// Means a million times the standard deviation, a million rows, and points a few posterior standard deviations apart:
/// as exact as the data.
#[test]
fn far_from_zero() {
    let n = 1_000_000;
    let (unit_x, unit_y) = (numbers(n, 3), numbers(n, 4));
    for (what, level_x) in [("a predictor near zero", 0.0), ("a predictor far from zero", 1e6)] {
        let x: Vec<f64> = unit_x.iter().map(|x| level_x + x).collect();
        let y: Vec<f64> = unit_x.iter().zip(&unit_y).map(|(x, e)| 1e6 + 0.7 * x + e).collect();
        let mut g = Graph::new();
        let (x_node, y_node) = (g.vector(&x), g.vector(&y));
        let v = g.input(&[2]);
        let (a, b) = (g.slice(v, 0, &[]), g.slice(v, 1, &[]));
        let product = g.mul(b, x_node);
        let mean = g.add(a, product);
        let residual = g.sub(y_node, mean);
        let square = g.square(residual);
        let total = g.sum_all(square);
        let folded = fold(&mut g, &[total]).nodes[0];
        for (da, db) in [(0.0, 0.0), (3e-3, 0.0), (-2e-3, 4e-3), (0.1, -0.2)] {
            let b = 0.7 + db;
            let a = 1e6 + da - level_x * b;
            let at = [vec![a, b]];
            let found = evaluate(&mut g, folded, &[v], &at);
            let exact = exact_squares(&x, &y, [a, b]);
            let found = [found[0][0], found[1][0], found[1][1]];
            // A gradient is as exact as it is large a posterior standard deviation away from 0.
            let (sd, root_n) = (1.0 / 3f64.sqrt(), (n as f64).sqrt());
            let scales = [0.0, 2.0 * sd * root_n, 2.0 * sd * root_n * (level_x + 1.0)];
            for ((part, (found, exact)), scale) in
                ["value", "da", "db"].iter().zip(found.iter().zip(&exact)).zip(scales)
            {
                let error = (found - exact).abs() / (exact.abs() + scale);
                assert!(error <= TOLERANCE, "{what}: {part} is {found}, not {exact}: {error:e}");
            }
        }
    }
}

#[test]
fn what_is_known_to_be_censored_is_summed_apart() {
    let n = 200;
    let mut g = Graph::new();
    let (x, y) = (numbers(n, 3), numbers(n, 7));
    let censored: Vec<f64> = y.iter().map(|&y| f64::from(y < -0.5)).collect();
    let (x, y, censored) = (g.vector(&x), g.vector(&y), g.vector(&censored));
    let (a, b) = (g.input(&[]), g.input(&[]));
    let [log_sd, sd] = positive(&mut g);
    let product = g.mul(b, x);
    let mean = g.add(a, product);
    let residual = g.sub(y, mean);
    let precision = g.recip(sd);
    let z = g.mul(residual, precision);
    let square = g.square(z);
    let half = g.mul_scalar(square, -0.5);
    let log_sd_again = g.log(sd);
    let density = g.sub(half, log_sd_again);
    let tail = g.normal_log_cdf(z);
    let chosen = g.select(censored, tail, density);
    let total = g.sum_all(chosen);
    let notes = check("censored", &mut g, total, &[a, b, log_sd]);
    assert!(notes.len() == 1 && notes[0].ends_with("rows into R of 2 x 2"), "{notes:?}");
}

/// Deterministic choices.
struct Choices(u64);

impl Choices {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

/// A sum of random terms of `n` rows: numbers, coefficients, products, groups, lags, with weights and factors.
fn random_mean(g: &mut Graph, n: usize, choices: &mut Choices, inputs: &mut Vec<Node>) -> Node {
    let intercept = g.input(&[]);
    inputs.push(intercept);
    let mut mean = g.broadcast(intercept, &[n]);
    let index = groups(n, 2 + choices.below(30), 90 + choices.below(5) as u64);
    for k in 0..1 + choices.below(4) {
        let seed = (100 * k + choices.below(100)) as u64;
        let x = numbers(n, seed);
        let term = match choices.below(6) {
            0 => {
                let (x, b) = (g.vector(&x), g.input(&[1]));
                inputs.push(b);
                g.mul(x, b)
            }
            1 => {
                let width = 1 + choices.below(5);
                let (x, b) = (matrix(g, n, width, seed), g.input(&[width, 1]));
                inputs.push(b);
                let product = g.matmul(x, b);
                g.reshape(product, &[n])
            }
            2 => {
                let effects = g.input(&[1 + *index.iter().max().unwrap() as usize]);
                inputs.push(effects);
                g.gather(effects, index.clone(), &[n])
            }
            3 => {
                let slopes = g.input(&[1 + *index.iter().max().unwrap() as usize]);
                inputs.push(slopes);
                let slopes = g.gather(slopes, index.clone(), &[n]);
                let x = g.vector(&x);
                g.mul(slopes, x)
            }
            4 => {
                let (size, own) = (2 + choices.below(8), g.input(&[]));
                let effects = g.input(&[size]);
                inputs.extend([own, effects]);
                let scaled = g.mul(own, effects);
                g.gather(scaled, groups(n, size + 1, seed), &[n])
            }
            _ => {
                // repeated values, and a product of two numbers that vary
                let x: Vec<f64> = x.iter().map(|x| (3.0 * x).round()).collect();
                let (x, b, c) = (g.vector(&x), g.input(&[]), g.input(&[]));
                inputs.extend([b, c]);
                let product = g.mul(x, b);
                let shifted = g.sub(product, c);
                g.div(shifted, c)
            }
        };
        mean = if choices.below(3) == 0 { g.sub(mean, term) } else { g.add(mean, term) };
    }
    mean
}

#[test]
fn random_models() {
    let mut n_folded = 0;
    for seed in 0..120 {
        let mut choices = Choices(seed);
        let n = [30, 300, 2500][choices.below(3)];
        let mut g = Graph::new();
        let mut inputs = Vec::new();
        let mean = random_mean(&mut g, n, &mut choices, &mut inputs);
        let y = numbers(n, 1000 + seed);
        let total = match choices.below(6) {
            0 | 1 => {
                let y = g.vector(&y);
                let [log_sd, sd] = positive(&mut g);
                inputs.push(log_sd);
                normal(&mut g, y, mean, sd)
            }
            2 => {
                let (y, sd) = (g.vector(&y), numbers(n, 77).iter().map(|x| 1.5 + x).collect::<Vec<f64>>());
                let sd = g.vector(&sd);
                normal(&mut g, y, mean, sd)
            }
            3 => {
                let sign: Vec<f64> = y.iter().map(|y| y.signum()).collect();
                let sign = g.vector(&sign);
                let against = g.mul(sign, mean);
                let tail = g.log1p_exp(against);
                g.sum_all(tail)
            }
            4 => {
                let y: Vec<f64> = y.iter().map(|y| (2.0 + 2.0 * y).round()).collect();
                let y = g.vector(&y);
                let (product, rate) = (g.mul(y, mean), g.exp(mean));
                let density = g.sub(product, rate);
                let rows = g.reshape(density, &[n / 10, 10]);
                let by_ten = g.sum(rows, &[1]);
                g.sum_all(by_ten)
            }
            _ => {
                // a curve through the mean, with weights by known groups
                let weights: Vec<f64> = y.iter().map(|y| 1.0 + (2.0 * y).abs().floor()).collect();
                let (y, weights) = (g.vector(&y), g.vector(&weights));
                let bent = g.tanh(mean);
                let residual = g.sub(y, bent);
                let square = g.square(residual);
                let weighed = g.mul(weights, square);
                g.sum_all(weighed)
            }
        };
        let notes = check(&format!("random model {seed}"), &mut g, total, &inputs);
        n_folded += usize::from(!notes.is_empty());
    }
    assert!(n_folded > 50, "only {n_folded} models folded");
}

#[test]
fn groups_with_their_own_means_and_deviations() {
    let (n, n_groups) = (1000, 20);
    let mut g = Graph::new();
    let y = numbers(n, 7);
    let y = g.vector(&y);
    let (means, log_sds) = (g.input(&[n_groups]), g.input(&[n_groups]));
    let index = groups(n, n_groups + 1, 3);
    let mean = g.gather(means, index.clone(), &[n]);
    let sds = g.exp(log_sds);
    let sd = g.gather(sds, index, &[n]);
    let total = normal(&mut g, y, mean, sd);
    let notes = check("groups", &mut g, total, &[means, log_sds]);
    assert_eq!(notes, ["1000 rows into 20 distinct ones", "1000 rows into 20 distinct ones"]);
}

/// What is used twice at each of many levels has exponentially many uses.
#[test]
fn what_is_shared_is_not_looked_at_for_each_use() {
    let n = 100;
    let mut g = Graph::new();
    let x = numbers(n, 3);
    let (x, a) = (g.vector(&x), g.input(&[]));
    let mut level = g.add(x, a);
    for _ in 0..60 {
        let half = g.mul_scalar(level, 0.5);
        let third = g.mul_scalar(level, 0.3);
        level = g.add(half, third);
    }
    let bent = g.exp(level);
    let both = g.add(bent, level);
    let square = g.square(level);
    let all = g.add(both, square);
    let total = g.sum_all(all);
    check("levels", &mut g, total, &[a]);
}
