//! Every operation against references, finite differences and itself at other numbers of lanes.

mod elementwise;
mod fusion;
mod large_matrices;
mod linear_algebra;
mod odes;
mod programs;
mod random_graphs;
mod scans;
mod special_references;
mod special_values;
mod structure;

use super::testing::numbers;
use super::*;

/// A function of some arrays, to be checked at a point.
pub(super) struct Case {
    pub name: &'static str,
    pub shapes: Vec<Vec<usize>>,
    pub points: Vec<Vec<f64>>,
    pub build: Builder,
}

type Builder = Box<dyn Fn(&mut Graph, &[Node]) -> Node>;

pub(super) fn case(
    name: &'static str,
    shapes: &[&[usize]],
    points: Vec<Vec<f64>>,
    build: impl Fn(&mut Graph, &[Node]) -> Node + 'static,
) -> Case {
    Case { name, shapes: shapes.iter().map(|s| s.to_vec()).collect(), points, build: Box::new(build) }
}

/// Runs a program over lanes; `points[lane]` is all inputs, flat. Gives `[output][lane]`, flat.
pub(super) fn run(g: &Graph, inputs: &[Node], outputs: &[Node], points: &[Vec<f64>]) -> Vec<Vec<Vec<f64>>> {
    let program = Program::new(g, inputs, outputs);
    let lanes = points.len();
    let mut ws = program.workspace(lanes);
    let mut at = 0;
    let mut data = Vec::new();
    for &n in inputs {
        let size = g.size(n);
        let mut block = vec![0.0; size * lanes];
        for i in 0..size {
            for (l, point) in points.iter().enumerate() {
                block[i * lanes + l] = point[at + i];
            }
        }
        at += size;
        data.push(block);
    }
    let slices: Vec<&[f64]> = data.iter().map(|d| &d[..]).collect();
    program.run(&mut ws, &slices);
    (0..outputs.len())
        .map(|k| {
            let output = program.output(&ws, k);
            let size = g.size(outputs[k]);
            (0..lanes).map(|l| (0..size).map(|i| output.get(i, l)).collect()).collect()
        })
        .collect()
}

fn assert_close(what: &str, found: f64, expected: f64, tolerance: f64) {
    let scale = 1.0 + expected.abs();
    assert!(
        (found - expected).abs() <= tolerance * scale
            || found == expected
            || found.is_nan() && expected.is_nan(),
        "{what}: {found:e}, expected {expected:e}"
    );
}

/// d/dt f(x + t v) at 0, to fourth order.
fn difference(f: &dyn Fn(&[f64]) -> Vec<f64>, x: &[f64], v: &[f64]) -> Vec<f64> {
    let h = 5e-4;
    let at = |t: f64| f(&x.iter().zip(v).map(|(x, v)| x + t * v).collect::<Vec<_>>());
    let (a, b, c, d) = (at(-2.0 * h), at(-h), at(h), at(2.0 * h));
    (0..a.len()).map(|i| (a[i] - 8.0 * b[i] + 8.0 * c[i] - d[i]) / (12.0 * h)).collect()
}

/// Relative tolerance against fourth order differences with a step of 5e-4.
const DIFFERENCES: f64 = 2e-7;

/// Value, gradient, tangent and Hessian-vector product agree with differences and each other, at one and three lanes.
pub(super) fn check(case: &Case) {
    let Case { name, shapes, points, build } = case;
    let mut g = Graph::new();
    let inputs: Vec<Node> = shapes.iter().map(|s| g.input(s)).collect();
    let directions: Vec<Node> = shapes.iter().map(|s| g.input(s)).collect();
    let y = build(&mut g, &inputs);
    let weights = tensor(g.shape(y), numbers(g.size(y), 77));
    let weights = g.constant(weights);
    let weighted = g.mul(weights, y);
    let s = g.sum_all(weighted);
    let gradient = reverse(&mut g, s, &inputs);
    let wrt: Vec<(Node, Node)> = inputs.iter().copied().zip(directions.iter().copied()).collect();
    let tangent = forward(&mut g, &[s], &wrt)[0];
    let product = forward(&mut g, &gradient, &wrt);
    // the same by reverse over reverse
    let mut along = g.scalar(0.0);
    for (&d, &v) in gradient.iter().zip(&directions) {
        let term = g.mul(d, v);
        let term = g.sum_all(term);
        along = g.add(along, term);
    }
    let product_reverse = reverse(&mut g, along, &inputs);
    let all_inputs: Vec<Node> = inputs.iter().chain(&directions).copied().collect();
    let mut outputs = vec![y, s, tangent];
    outputs.extend(&gradient);
    outputs.extend(&product);
    outputs.extend(&product_reverse);
    for (&n, shape) in gradient.iter().chain(&product).zip(shapes.iter().chain(shapes)) {
        assert_eq!(g.shape(n), shape, "{name}: shape of a derivative");
    }

    let size: usize = shapes.iter().map(|s| s.iter().product::<usize>()).sum();
    let with_direction = |x: &[f64], k: usize| -> Vec<f64> { [x, &numbers(size, 5 + k as u64)].concat() };
    let lanes: Vec<Vec<f64>> = points.iter().enumerate().map(|(k, x)| with_direction(x, k)).collect();
    let together = run(&g, &all_inputs, &outputs, &lanes);
    for (lane, point) in lanes.iter().enumerate() {
        let alone = run(&g, &all_inputs, &outputs, std::slice::from_ref(point));
        for (k, (a, b)) in alone.iter().zip(&together).enumerate() {
            let same = a[0]
                .iter()
                .zip(&b[lane])
                .all(|(x, y)| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan());
            assert!(same, "{name}: output {k} of lane {lane} differs from a single run");
        }
        let (x, v) = point.split_at(size);
        let parts = inputs.len();
        let flat = |k: usize| -> Vec<f64> { (k..k + parts).flat_map(|k| alone[k][0].clone()).collect() };
        let (gradient, product, product_reverse) = (flat(3), flat(3 + parts), flat(3 + 2 * parts));
        let of = |outputs: Vec<Node>| {
            let (g, inputs) = (&g, &inputs);
            move |x: &[f64]| -> Vec<f64> {
                run(g, inputs, &outputs, &[x.to_vec()]).into_iter().flat_map(|o| o[0].clone()).collect()
            }
        };
        let value = of(vec![s]);
        for i in 0..size {
            let mut unit = vec![0.0; size];
            unit[i] = 1.0;
            let expected = difference(&value, x, &unit)[0];
            assert_close(&format!("{name}: gradient {i} at {x:?}"), gradient[i], expected, DIFFERENCES);
        }
        let along: f64 = gradient.iter().zip(v).map(|(d, v)| d * v).sum();
        assert_close(&format!("{name}: tangent at {x:?}"), alone[2][0][0], along, 1e-11);
        let expected = difference(&of(outputs[3..3 + parts].to_vec()), x, v);
        for i in 0..size {
            assert_close(
                &format!("{name}: Hessian product {i} at {x:?}"),
                product[i],
                expected[i],
                DIFFERENCES,
            );
            assert_close(
                &format!("{name}: reverse over reverse {i} at {x:?}"),
                product_reverse[i],
                product[i],
                1e-9,
            );
        }
    }
}

fn tensor(shape: &[usize], data: Vec<f64>) -> Tensor {
    super::graph::tensor(shape, data)
}
