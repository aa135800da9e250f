//! Views, gathers, reductions.

use std::sync::Arc;

use super::*;

fn points(n: usize) -> Vec<Vec<f64>> {
    (0..3).map(|k| numbers(n, k + 11)).collect()
}

#[test]
fn structure_derivatives() {
    let index = |i: &[u32]| -> Arc<[u32]> { i.into() };
    let cases = vec![
        case("reshape", &[&[2, 3]], points(6), |g, x| {
            let y = g.square(x[0]);
            let y = g.reshape(y, &[3, 2]);
            g.exp(y)
        }),
        case("broadcast", &[&[2, 1]], points(2), |g, x| {
            let y = g.square(x[0]);
            g.broadcast(y, &[3, 2, 2])
        }),
        case("gather", &[&[4]], points(4), move |g, x| {
            let y = g.square(x[0]);
            g.gather(y, index(&[3, 0, 0, 2, 3, 3]), &[2, 3])
        }),
        case("scatter_add", &[&[4]], points(4), move |g, x| {
            let y = g.square(x[0]);
            g.scatter_add(y, index(&[1, 2, 1, 0]), &[5])
        }),
        case("slice", &[&[6]], points(6), |g, x| {
            let y = g.square(x[0]);
            let (a, b, c) = (g.slice(y, 1, &[2]), g.slice(y, 4, &[2]), g.slice(y, 0, &[2]));
            let a = g.mul(a, b);
            g.mul(a, c)
        }),
        case("overlapping slices", &[&[6]], points(6), |g, x| {
            let (a, b) = (g.slice(x[0], 1, &[4]), g.slice(x[0], 2, &[4]));
            g.mul(a, b)
        }),
        case("concat, first axis", &[&[2, 2], &[1, 2]], points(6), |g, x| {
            let y = g.concat(x, 0);
            g.square(y)
        }),
        case("concat, last axis", &[&[2, 2], &[2, 1]], points(6), |g, x| {
            let y = g.concat(&[x[0], x[1], x[0]], 1);
            g.square(y)
        }),
        case("concat with a constant", &[&[2]], points(2), |g, x| {
            let c = g.vector(&[1.0, 2.0]);
            let y = g.concat(&[c, x[0]], 0);
            g.square(y)
        }),
        case("permute", &[&[2, 3, 2]], points(12), |g, x| {
            let y = g.square(x[0]);
            g.permute(y, &[2, 0, 1])
        }),
        case("transpose", &[&[2, 3, 2]], points(12), |g, x| {
            let y = g.square(x[0]);
            g.transpose(y)
        }),
        case("permute of axes of length 1", &[&[1, 3, 1, 2]], points(6), |g, x| {
            g.permute(x[0], &[1, 0, 3, 2])
        }),
        case("sum, first", &[&[3, 2, 2]], points(12), |g, x| {
            let y = g.square(x[0]);
            let s = g.sum(y, &[0]);
            g.exp(s)
        }),
        case("sum, middle", &[&[2, 3, 2]], points(12), |g, x| {
            let y = g.square(x[0]);
            let s = g.sum(y, &[1]);
            g.exp(s)
        }),
        case("sum, outer two", &[&[2, 3, 2]], points(12), |g, x| {
            let y = g.square(x[0]);
            let s = g.sum(y, &[0, 2]);
            g.exp(s)
        }),
        case("sum_all", &[&[2, 3]], points(6), |g, x| {
            let y = g.square(x[0]);
            let s = g.sum_all(y);
            g.exp(s)
        }),
        case("sum_to", &[&[2, 3, 2]], points(12), |g, x| {
            let y = g.square(x[0]);
            let s = g.sum_to(y, &[3, 1]);
            g.exp(s)
        }),
        case("max_axis", &[&[2, 3]], points(6), |g, x| {
            let y = g.exp(x[0]);
            g.max_axis(y, 1)
        }),
        case("min_axis", &[&[2, 3]], points(6), |g, x| {
            let y = g.exp(x[0]);
            g.min_axis(y, 0)
        }),
        case("logsumexp, last", &[&[2, 3]], points(6), |g, x| g.logsumexp(x[0], 1)),
        case("logsumexp, first", &[&[2, 3]], points(6), |g, x| {
            let y = g.square(x[0]);
            g.logsumexp(y, 0)
        }),
        case("cumsum", &[&[2, 3]], points(6), |g, x| {
            let y = g.square(x[0]);
            let y = g.cumsum(y, 1, false);
            g.exp(y)
        }),
        case("cumsum from the end", &[&[3, 2]], points(6), |g, x| {
            let y = g.square(x[0]);
            let y = g.cumsum(y, 0, true);
            g.exp(y)
        }),
    ];
    cases.iter().for_each(check);
}

fn bits(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| x.abs().to_bits() | ((*x < 0.0) as u64) << 63).collect()
}

fn of_constants(build: impl Fn(&mut Graph, Node) -> Node, shape: &[usize], data: &[f64]) -> Vec<f64> {
    let mut g = Graph::new();
    let x = g.constant(tensor(shape, data.to_vec()));
    let y = build(&mut g, x);
    let folded: Vec<f64> = g.value(y).map(|v| v.iter().copied().collect()).unwrap_or_default();
    // the same from an input, two lanes
    let mut g = Graph::new();
    let x = g.input(shape);
    let y = build(&mut g, x);
    let out = run(&g, &[x], &[y], &[data.to_vec(), data.iter().map(|x| -x).collect()]);
    assert_eq!(bits(&out[0][0]), bits(&folded));
    folded
}

#[test]
fn structure_values() {
    let six = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let m: &[usize] = &[2, 3];
    assert_eq!(of_constants(|g, x| g.transpose(x), m, &six), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    assert_eq!(of_constants(|g, x| g.sum(x, &[0]), m, &six), [5.0, 7.0, 9.0]);
    assert_eq!(of_constants(|g, x| g.sum(x, &[1]), m, &six), [6.0, 15.0]);
    assert_eq!(of_constants(|g, x| g.sum(x, &[0, 1]), m, &six), [21.0]);
    assert_eq!(of_constants(|g, x| g.sum_to(x, &[2, 1]), m, &six), [6.0, 15.0]);
    assert_eq!(of_constants(|g, x| g.max_axis(x, 0), m, &six), [4.0, 5.0, 6.0]);
    assert_eq!(of_constants(|g, x| g.min_axis(x, 1), m, &six), [1.0, 4.0]);
    assert_eq!(of_constants(|g, x| g.cumsum(x, 1, false), m, &six), [1.0, 3.0, 6.0, 4.0, 9.0, 15.0]);
    assert_eq!(of_constants(|g, x| g.cumsum(x, 0, true), m, &six), [5.0, 7.0, 9.0, 4.0, 5.0, 6.0]);
    assert_eq!(of_constants(|g, x| g.concat(&[x, x], 1), m, &six)[..6], [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
    assert_eq!(of_constants(|g, x| g.slice(x, 2, &[3]), m, &six), [3.0, 4.0, 5.0]);
    assert_eq!(of_constants(|g, x| g.gather(x, [5, 0].into(), &[2]), m, &six), [6.0, 1.0]);
    assert_eq!(
        of_constants(|g, x| g.scatter_add(x, [0, 1, 0, 1, 0, 1].into(), &[3]), m, &six),
        [9.0, 12.0, 0.0]
    );
    assert_eq!(of_constants(|g, x| g.broadcast(x, &[2, 2, 3]), m, &six)[6..], six);
    assert_eq!(of_constants(|g, x| g.diagonal_matrix(x), &[2], &[1.0, 2.0]), [1.0, 0.0, 0.0, 2.0]);
    assert_eq!(of_constants(|g, x| g.diagonal(x), &[2, 2], &six[..4]), [1.0, 4.0]);
    assert_eq!(of_constants(|g, x| g.tril(x), &[2, 2], &six[..4]), [1.0, 0.0, 3.0, 4.0]);
    assert_eq!(of_constants(|g, x| g.permute(x, &[1, 0, 2]), &[1, 2, 3], &six), six);
}

#[test]
fn empty_arrays() {
    for shape in [&[0usize, 3][..], &[0], &[2, 0]] {
        let rank = shape.len();
        assert_eq!(of_constants(|g, x| g.sum_all(x), shape, &[]), [0.0]);
        assert!(of_constants(|g, x| g.exp(x), shape, &[]).is_empty());
        assert!(of_constants(|g, x| g.add(x, x), shape, &[]).is_empty());
        assert!(of_constants(|g, x| g.cumsum(x, rank - 1, false), shape, &[]).is_empty());
    }
    assert_eq!(of_constants(|g, x| g.sum(x, &[0]), &[0, 3], &[]), [0.0; 3]);
    assert_eq!(of_constants(|g, x| g.logsumexp(x, 0), &[0, 2], &[]), [f64::NEG_INFINITY; 2]);
    assert!(of_constants(|g, x| g.logsumexp(x, 1), &[0, 3], &[]).is_empty());
    assert!(of_constants(|g, x| g.logsumexp(x, 0), &[3, 0], &[]).is_empty());
    assert!(
        of_constants(
            |g, x| {
                let t = g.transpose(x);
                g.matmul(t, x)
            },
            &[3, 0],
            &[]
        )
        .is_empty()
    );
    assert_eq!(
        of_constants(
            |g, x| {
                let t = g.transpose(x);
                g.matmul(t, x)
            },
            &[0, 2],
            &[]
        ),
        [0.0; 4]
    );
}

#[test]
fn logsumexp_at_the_ends() {
    const INF: f64 = f64::INFINITY;
    let value = |x: &[f64]| of_constants(|g, x| g.logsumexp(x, 0), &[x.len()], x)[0];
    assert_eq!(value(&[-INF, -INF]), -INF);
    assert_eq!(value(&[1000.0, 1000.0]), 1000.0 + 2f64.ln());
    assert_eq!(value(&[-INF, 3.0]), 3.0);
    assert_eq!(value(&[INF, 3.0]), INF);
    assert!(value(&[f64::NAN, 3.0]).is_nan());
    let mut g = Graph::new();
    let (x, v) = (g.input(&[3]), g.input(&[3]));
    let y = g.logsumexp(x, 0);
    let d = reverse(&mut g, y, &[x])[0];
    let t = forward(&mut g, &[y], &[(x, v)])[0];
    let h = forward(&mut g, &[d], &[(x, v)])[0];
    let lanes = [vec![-INF, -INF, -INF, 1.0, 2.0, 3.0], vec![-INF, 0.0, 0.0, 1.0, 2.0, 4.0]];
    let out = run(&g, &[x, v], &[d, t, h], &lanes);
    assert_eq!(out[0][0], [0.0, 0.0, 0.0]);
    assert_eq!((out[1][0][0], &out[2][0][..]), (0.0, &[0.0, 0.0, 0.0][..]));
    assert_eq!(out[0][1], [0.0, 0.5, 0.5]);
    assert!((out[1][1][0] - 3.0).abs() < 1e-15);
    assert_eq!(out[2][1][0], 0.0);
}

/// A long sum keeps its digits, and lanes do not change it.
#[test]
fn long_sums() {
    let n = 300_007usize;
    let x: Vec<f64> = (0..n).map(|i| 0.1 + (i % 7) as f64 * 1e-3).collect();
    let exact: f64 = (0..7).map(|r| ((n - r).div_ceil(7)) as f64 * (0.1 + r as f64 * 1e-3)).sum();
    let mut g = Graph::new();
    let a = g.input(&[n]);
    let y = g.sum_all(a);
    let out = run(&g, &[a], &[y], &[x.clone(), x.clone(), x.iter().map(|x| 2.0 * x).collect()]);
    let alone = run(&g, &[a], &[y], &[x]);
    assert!((out[0][0][0] / exact - 1.0).abs() < 1e-14, "{} {exact}", out[0][0][0]);
    assert_eq!(out[0][0], alone[0][0]);
    assert_eq!(out[0][1], alone[0][0]);
    assert_eq!(out[0][2][0], 2.0 * alone[0][0][0]);
}

/// The adjoint of taking a vector apart is one concatenation, after one pass for the numbers.
#[test]
fn slices_of_one_vector_are_put_together_again() {
    let mut g = Graph::new();
    let x = g.input(&[50]);
    let mut y = g.scalar(0.0);
    for k in 0..50 {
        let part = g.slice(x, k, &[]);
        let term = g.exp(part);
        y = g.add(y, term);
    }
    let d = reverse(&mut g, y, &[x])[0];
    let program = Program::new(&g, &[x], &[d]);
    assert_eq!(program.len(), 2, "{}", program.dump());
}
