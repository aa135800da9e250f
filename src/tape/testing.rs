//! For tests: derivatives of programs with large inputs, along a few directions, against extrapolated differences.

use super::{Graph, Node, Program, forward, reverse};

/// Deterministic numbers in (-1, 1).
pub fn numbers(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e3779b97f4a7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

/// The largest step; what it leaves of the error is its sixth power.
const STEP: f64 = 0.01;

/// Relative to the largest element of what is compared.
const TOLERANCE: f64 = 1e-7;

/// Gradient and Hessian-vector products of the number `total` at a point, along three directions of length about
/// `sqrt(n)`, n the number of rows of a matrix.
pub fn check_along_directions(
    what: &str,
    g: &mut Graph,
    total: Node,
    inputs: &[Node],
    at: &[Vec<f64>],
    n: usize,
) {
    let gradient = reverse(g, total, inputs);
    let directions: Vec<Node> = inputs
        .iter()
        .map(|&input| {
            let shape = g.shape(input).to_vec();
            g.input(&shape)
        })
        .collect();
    let wrt: Vec<(Node, Node)> = inputs.iter().copied().zip(directions.iter().copied()).collect();
    let tangent = forward(g, &[total], &wrt)[0];
    let products = forward(g, &gradient, &wrt);
    let values = Program::new(g, inputs, &[&[total], &gradient[..]].concat());
    let all = Program::new(g, &[inputs, &directions[..]].concat(), &[&[tangent], &products[..]].concat());
    let read = |program: &Program, points: &[Vec<f64>]| -> Vec<f64> {
        let mut ws = program.workspace(1);
        let points: Vec<&[f64]> = points.iter().map(Vec::as_slice).collect();
        program.run(&mut ws, &points);
        let sizes = inputs.iter().map(|&input| g.size(input));
        let sizes: Vec<usize> = std::iter::once(1).chain(sizes).collect();
        let output = |k: usize| (0..sizes[k]).map(|i| program.output(&ws, k).get(i, 0)).collect::<Vec<f64>>();
        (0..sizes.len()).flat_map(output).collect()
    };
    let here = read(&values, at);
    for seed in 0..3 {
        let v: Vec<Vec<f64>> = at
            .iter()
            .zip(0..)
            .map(|(x, k)| {
                numbers(x.len(), 31 + 7 * seed + k).into_iter().map(|v| v / (n as f64).sqrt()).collect()
            })
            .collect();
        let moved = |t: f64| {
            let shifted = |(x, v): (&Vec<f64>, &Vec<f64>)| x.iter().zip(v).map(|(x, v)| x + t * v).collect();
            read(&values, &at.iter().zip(&v).map(shifted).collect::<Vec<Vec<f64>>>())
        };
        let central = |h: f64| -> Vec<f64> {
            moved(h).iter().zip(moved(-h)).map(|(a, b)| (a - b) / (2.0 * h)).collect()
        };
        let richer = |coarse: Vec<f64>, fine: &[f64], power: f64| -> Vec<f64> {
            coarse.iter().zip(fine).map(|(c, f)| (power * f - c) / (power - 1.0)).collect()
        };
        let steps = [1.0, 0.5, 0.25].map(|part| central(part * STEP));
        let [coarse, middle, fine] = steps;
        let first = richer(coarse, &middle, 4.0);
        let second = richer(middle, &fine, 4.0);
        let expected = richer(first, &second, 16.0);
        let found = read(&all, &[at, &v].concat());
        let flat: Vec<f64> = v.concat();
        let along: f64 = here[1..].iter().zip(&flat).map(|(d, v)| d * v).sum();
        let scale = here[1..].iter().zip(&flat).map(|(d, v)| (d * v).abs()).fold(1e-300, f64::max);
        let error = (along - expected[0]).abs();
        assert!(
            error <= TOLERANCE * along.abs().max(scale),
            "{what}, n = {n}: {along} is not {}",
            expected[0]
        );
        let error = (found[0] - along).abs();
        assert!(
            error <= 1e-11 * along.abs().max(scale),
            "{what}, n = {n}: forward {} is not {along}",
            found[0]
        );
        let largest = expected[1..].iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        for (i, (found, expected)) in found[1..].iter().zip(&expected[1..]).enumerate() {
            let error = (found - expected).abs();
            assert!(
                error <= TOLERANCE * largest,
                "{what}, n = {n}: Hessian product {i} is {found}, not {expected}, of {largest}"
            );
        }
    }
}
