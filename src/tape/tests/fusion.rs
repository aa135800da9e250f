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

/// A gradient is the same whether the elements of a block are many points or many rows.
#[test]
fn lanes_do_not_mix() {
    let n = 300;
    let mut g = Graph::new();
    let (x, row, scalar) = (g.input(&[n, 3]), g.input(&[3]), g.input(&[]));
    let known =
        g.constant(Tensor::from_shape_vec(ndarray::IxDyn(&[n, 3]), numbers(3 * n, 9)).expect("a matrix"));
    let outputs = expressions(&mut g, x, row, scalar, known, n);
    let program = Program::new(&g, &[x, row, scalar], &outputs);
    let sizes = [3 * n, 3, 1];
    let run = |lanes: usize, points: &[Vec<f64>]| {
        let mut ws = program.workspace(lanes);
        program.run(&mut ws, &points.iter().map(Vec::as_slice).collect::<Vec<_>>());
        ws
    };
    let lanes = 37;
    let points: Vec<Vec<f64>> =
        sizes.iter().zip(1..).map(|(size, seed)| numbers(size * lanes, seed)).collect();
    let together = run(lanes, &points);
    for lane in 0..lanes {
        let own: Vec<Vec<f64>> =
            points.iter().map(|p| p.chunks(lanes).map(|row| row[lane]).collect()).collect();
        let alone = run(1, &own);
        for k in 0..outputs.len() {
            let (a, b) = (program.output(&together, k), program.output(&alone, k));
            for i in 0..b.data.len() {
                assert!(
                    (a.get(i, lane) - b.data[i]).abs() <= 1e-12 * b.data[i].abs().max(1.0),
                    "{lane} {k}[{i}]"
                );
            }
        }
    }
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
