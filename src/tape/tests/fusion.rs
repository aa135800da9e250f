//! Passes over blocks against the operations one by one, which is what happens to constants.

use std::sync::Arc;

use super::*;
use crate::tape::Tensor;

/// Arrays of three sizes that read each other by broadcasting, by index, through sums and through views.
fn expressions(g: &mut Graph, x: Node, row: Node, scalar: Node, data: Node, n: usize) -> Vec<Node> {
    let scale = g.exp(scalar);
    let shifted = g.sub(x, row);
    let scaled = g.mul(shifted, scale);
    let product = g.mul(scaled, data);
    let wave = g.sin(product);
    let positive = g.less(row, wave);
    let chosen = g.select(positive, wave, scale);
    let table: Arc<[u32]> = (0..n as u32).map(|i| i * 7 % 3).collect();
    let picked = g.gather(row, table.clone(), &[n]);
    let picked = g.reshape(picked, &[n, 1]);
    let mixed = g.mul(chosen, picked);
    let total = g.sum_all(mixed);
    let columns = g.sum(mixed, &[0]);
    let rows = g.sum(wave, &[1]);
    let scattered = g.scatter_add(rows, table, &[3]);
    let centred = g.sub(mixed, columns);
    let again = g.add(centred, total);
    let repeated = g.broadcast(total, &[n, 3]);
    let last = g.slice(again, n, &[n]);
    let last = g.mul(last, rows);
    let gradient = reverse(g, total, &[x, row, scalar]);
    [vec![total, columns, rows, scattered, again, repeated, last, chosen], gradient].concat()
}

#[test]
fn passes_are_the_operations_one_by_one() {
    for (n, lanes) in [(1, 1), (1, 3), (2, 64), (5, 1), (170, 3), (700, 1), (700, 16), (3000, 600)] {
        let shapes = [vec![n, 3], vec![3], vec![]];
        let points: Vec<Vec<f64>> = shapes
            .iter()
            .zip(1..)
            .map(|(shape, seed)| numbers(shape.iter().product::<usize>() * lanes, seed))
            .collect();
        let data = Tensor::from_shape_vec(ndarray::IxDyn(&[n, 3]), numbers(3 * n, 9)).expect("a matrix");
        let mut g = Graph::new();
        let inputs: Vec<Node> = shapes.iter().map(|shape| g.input(shape)).collect();
        let known = g.constant(data.clone());
        let outputs = expressions(&mut g, inputs[0], inputs[1], inputs[2], known, n);
        let program = Program::new(&g, &inputs, &outputs);
        let mut ws = program.workspace(lanes);
        program.run(&mut ws, &points.iter().map(Vec::as_slice).collect::<Vec<_>>());
        for lane in [0, lanes / 2, lanes - 1] {
            // A constant with a derivative to take: the graph of an input is folded once the input is known.
            let mut alone = Graph::new();
            let own: Vec<Node> = shapes
                .iter()
                .zip(&points)
                .map(|(shape, values)| {
                    let values: Vec<f64> = values.chunks(lanes).map(|row| row[lane]).collect();
                    let value = Tensor::from_shape_vec(ndarray::IxDyn(shape), values).expect("a point");
                    alone.constant(value)
                })
                .collect();
            let known = alone.constant(data.clone());
            let values = expressions(&mut alone, own[0], own[1], own[2], known, n);
            // derivatives with respect to constants are not asked for
            for (k, &value) in values.iter().enumerate().take(8) {
                let expected = alone.value(value).expect("folded");
                let output = program.output(&ws, k);
                for (i, expected) in expected.iter().enumerate() {
                    let found = output.get(i, lane);
                    let size = expected.abs().max(1.0);
                    assert!(
                        (found - expected).abs() <= 1e-12 * size,
                        "{n} {lanes} output {k}[{i}]: {found} {expected}"
                    );
                }
            }
        }
    }
}

/// Every value of a lane has the same bytes in a run over many points and alone.
fn check_lanes(program: &Program, sizes: &[usize], n_outputs: usize, lanes: usize) {
    let run = |lanes: usize, points: &[Vec<f64>]| {
        let mut ws = program.workspace(lanes);
        program.run(&mut ws, &points.iter().map(Vec::as_slice).collect::<Vec<_>>());
        ws
    };
    let points: Vec<Vec<f64>> =
        sizes.iter().zip(1..).map(|(size, seed)| numbers(size * lanes, seed)).collect();
    let together = run(lanes, &points);
    for lane in 0..lanes {
        let own: Vec<Vec<f64>> =
            points.iter().map(|p| p.chunks(lanes).map(|row| row[lane]).collect()).collect();
        let alone = run(1, &own);
        for k in 0..n_outputs {
            let (a, b) = (program.output(&together, k), program.output(&alone, k));
            for i in 0..b.data.len() {
                assert_eq!(a.get(i, lane).to_bits(), b.data[i].to_bits(), "lane {lane} output {k}[{i}]");
            }
        }
    }
}

/// A gradient is the same whether the elements of a block are many points or many rows, and whether there are enough
/// for blocks.
#[test]
fn lanes_do_not_mix() {
    for (n, lanes) in [(1, 600), (2, 64), (60, 9), (300, 37), (1500, 5)] {
        let mut g = Graph::new();
        let (x, row, scalar) = (g.input(&[n, 3]), g.input(&[3]), g.input(&[]));
        let known =
            g.constant(Tensor::from_shape_vec(ndarray::IxDyn(&[n, 3]), numbers(3 * n, 9)).expect("a matrix"));
        let outputs = expressions(&mut g, x, row, scalar, known, n);
        let program = Program::new(&g, &[x, row, scalar], &outputs);
        check_lanes(&program, &[3 * n, 3, 1], outputs.len(), lanes);
    }
}

/// A network of one hidden layer for n rows of 5 numbers: loss, gradient, the outputs themselves.
fn network(g: &mut Graph, n: usize, hidden: usize) -> (Vec<Node>, Vec<Node>) {
    let (first, second) = (g.input(&[5, hidden]), g.input(&[hidden, 1]));
    let data = Tensor::from_shape_vec(ndarray::IxDyn(&[n, 5]), numbers(5 * n, 9)).expect("a matrix");
    let data = g.constant(data);
    let inner = g.matmul(data, first);
    let inner = g.tanh(inner);
    let outer = g.matmul(inner, second);
    let outer = g.reshape(outer, &[n]);
    let target = g.vector(&numbers(n, 4));
    let residual = g.sub(outer, target);
    let squares = g.square(residual);
    let loss = g.sum_all(squares);
    let mut outputs = vec![loss, outer];
    outputs.extend(reverse(g, loss, &[first, second]));
    (vec![first, second], outputs)
}

#[test]
fn products_are_the_sums_that_they_stand_for() {
    for (n, hidden, lanes) in
        [(1, 1, 1), (1, 1, 3), (1, 3, 4), (7, 2, 1), (300, 3, 16), (2100, 4, 2), (700, 7, 9)]
    {
        let mut g = Graph::new();
        let (inputs, outputs) = network(&mut g, n, hidden);
        let program = Program::new(&g, &inputs, &outputs);
        let points = [numbers(5 * hidden * lanes, 1), numbers(hidden * lanes, 2)];
        let mut ws = program.workspace(lanes);
        program.run(&mut ws, &[&points[0], &points[1]]);
        let (data, target) = (numbers(5 * n, 9), numbers(n, 4));
        for lane in 0..lanes {
            let weight = |k: usize, h: usize| points[0][(k * hidden + h) * lanes + lane];
            let outer = |h: usize| points[1][h * lanes + lane];
            let (mut loss, mut to_first, mut to_second) = (0.0, vec![0.0; 5 * hidden], vec![0.0; hidden]);
            for i in 0..n {
                let x = &data[5 * i..5 * i + 5];
                let inner: Vec<f64> =
                    (0..hidden).map(|h| (0..5).map(|k| x[k] * weight(k, h)).sum::<f64>().tanh()).collect();
                let y: f64 = (0..hidden).map(|h| inner[h] * outer(h)).sum();
                check(program.output(&ws, 1).get(i, lane), y, "output");
                let residual = y - target[i];
                loss += residual * residual;
                for h in 0..hidden {
                    to_second[h] += 2.0 * residual * inner[h];
                    for k in 0..5 {
                        let slope = 2.0 * residual * outer(h) * (1.0 - inner[h] * inner[h]);
                        to_first[k * hidden + h] += slope * x[k];
                    }
                }
            }
            check(program.output(&ws, 0).get(0, lane), loss, "loss");
            let gradients = [to_first, to_second];
            for (k, expected) in gradients.iter().enumerate() {
                for (i, &expected) in expected.iter().enumerate() {
                    let found = program.output(&ws, 2 + k).get(i, lane);
                    assert!(
                        (found - expected).abs() <= 1e-12 * n as f64,
                        "{n} {hidden} {k} {found} {expected}"
                    );
                }
            }
        }
        check_lanes(&program, &[5 * hidden, hidden], outputs.len(), lanes);
    }
}

fn check(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{what}: {found} {expected}");
}

/// Long arrays are shared out among threads, and added up in an order that does not know of it.
#[test]
fn values_do_not_depend_on_threads() {
    let n = 100_000;
    let mut g = Graph::new();
    let (inputs, mut outputs) = network(&mut g, n, 1);
    let table: Arc<[u32]> = (0..n as u32).map(|i| i * 7 % 30).collect();
    outputs.push(g.scatter_add(outputs[1], table, &[30]));
    let program = Program::new(&g, &inputs, &outputs);
    let lanes = 3;
    let points = [numbers(5 * lanes, 1), numbers(lanes, 2)];
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            let mut ws = program.workspace(lanes);
            program.run(&mut ws, &[&points[0], &points[1]]);
            let bits =
                |k| program.output(&ws, k).data.iter().map(|x: &f64| x.to_bits()).collect::<Vec<u64>>();
            (0..outputs.len()).map(bits).collect::<Vec<_>>()
        })
    };
    let alone = run(1);
    assert_eq!(alone, run(2));
    assert_eq!(alone, run(5));
    check_lanes(&program, &[5, 1], outputs.len(), lanes);
}

/// One pass for a likelihood and its derivatives: value, residuals' sum and what goes back to the products.
#[test]
fn a_likelihood_is_one_pass() {
    let n = 1000;
    let mut g = Graph::new();
    let (mean, log_sd) = (g.input(&[n]), g.input(&[]));
    let y = g.vector(&numbers(n, 3));
    let sd = g.exp(log_sd);
    let residual = g.sub(y, mean);
    let z = g.div(residual, sd);
    let square = g.square(z);
    let half = g.mul_scalar(square, -0.5);
    let density = g.sub(half, log_sd);
    let total = g.sum_all(density);
    let gradient = reverse(&mut g, total, &[mean, log_sd]);
    let program = Program::new(&g, &[mean, log_sd], &[total, gradient[0], gradient[1]]);
    assert!(program.len() <= 4, "{}", program.dump());
    // inputs, the gradient of the means and a few numbers
    assert!(program.arena_size() < 2 * n + 20, "{}", program.arena_size());
}
