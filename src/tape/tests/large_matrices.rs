//! Factors, systems, determinants and eigenvalues of up to fifty rows: adjoints and second derivatives.

use super::super::testing::{check_along_directions, numbers};
use super::*;

const ROWS: [usize; 4] = [2, 5, 20, 50];

/// A function of a matrix X of n rows, weighted and summed.
fn check_function(what: &str, build: impl Fn(&mut Graph, Node) -> Node) {
    for n in ROWS {
        let mut g = Graph::new();
        let x = g.input(&[n, n]);
        let y = build(&mut g, x);
        let weights = g.constant(tensor(g.shape(y), numbers(g.size(y), 77)));
        let weighted = g.mul(weights, y);
        let total = g.sum_all(weighted);
        check_along_directions(what, &mut g, total, &[x], &[numbers(n * n, 21)], n);
    }
}

/// X X^T / n + I
fn definite(g: &mut Graph, x: Node) -> Node {
    let n = g.shape(x)[0];
    let product = g.matmul_transposed(x, false, x, true);
    let product = g.mul_scalar(product, 1.0 / n as f64);
    let ones = g.full(&[n], 1.0);
    let identity = g.diagonal_matrix(ones);
    g.add(product, identity)
}

/// (X + X^T) / sqrt(n) + diag(1, ..., n): its eigenvalues are apart.
fn spread(g: &mut Graph, x: Node) -> Node {
    let n = g.shape(x)[0];
    let transposed = g.transpose(x);
    let sum = g.add(x, transposed);
    let sum = g.mul_scalar(sum, 0.3 / (n as f64).sqrt());
    let diagonal: Vec<f64> = (1..=n).map(|i| i as f64).collect();
    let diagonal = g.vector(&diagonal);
    let diagonal = g.diagonal_matrix(diagonal);
    g.add(sum, diagonal)
}

#[test]
fn derivatives_hold_up_to_fifty_rows() {
    check_function("cholesky", |g, x| {
        let a = definite(g, x);
        g.cholesky(a)
    });
    check_function("log_det_definite", |g, x| {
        let a = definite(g, x);
        g.log_det_definite(a)
    });
    check_function("inverse_quadratic", |g, x| {
        let a = definite(g, x);
        g.inverse_quadratic(a, x)
    });
    check_function("lower_square", |g, x| {
        let a = g.lower_square(x);
        g.sin(a)
    });
    check_function("lower_square_of_unit_rows", |g, x| {
        let lower = g.tril(x);
        let squares = g.square(lower);
        let lengths = g.sum(squares, &[1]);
        let lengths = g.sqrt(lengths);
        let n = g.shape(x)[0];
        let column = g.reshape(lengths, &[n, 1]);
        let l = g.div(lower, column);
        let a = g.lower_square_of_unit_rows(l);
        g.sin(a)
    });
    check_function("inverse", |g, x| {
        let a = definite(g, x);
        g.inverse(a)
    });
    check_function("solve", |g, x| {
        let a = definite(g, x);
        g.solve(a, x)
    });
    check_function("solve_triangular", |g, x| {
        let a = definite(g, x);
        let l = g.cholesky(a);
        g.solve_triangular(l, x, true)
    });
    check_function("log_abs_det", |g, x| {
        let a = definite(g, x);
        g.log_abs_det(a)
    });
    check_function("eigenvalues", |g, x| {
        let a = spread(g, x);
        g.eigen_sym(a).0
    });
    check_function("eigenvectors", |g, x| {
        let a = spread(g, x);
        g.eigen_sym(a).1
    });
}

#[test]
fn eigenvectors_diagonalise() {
    for n in [1, 2, 3, 7, 20, 50, 130] {
        let mut g = Graph::new();
        let x = g.input(&[n, n]);
        let transposed = g.transpose(x);
        let a = g.add(x, transposed);
        let (values, vectors) = g.eigen_sym(a);
        let along = g.matmul(a, vectors);
        let row = g.reshape(values, &[1, n]);
        let stretched = g.mul(vectors, row);
        let gram = g.matmul_transposed(vectors, true, vectors, false);
        let points = [numbers(n * n, 3), numbers(n * n, 4)];
        let out = run(&g, &[x], &[along, stretched, gram, values, vectors], &points);
        for (lane, values) in out[3].iter().enumerate() {
            for (a, b) in out[0][lane].iter().zip(&out[1][lane]) {
                assert!((a - b).abs() < 1e-13 * n as f64, "{n}: {a} is not {b}");
            }
            for (at, d) in out[2][lane].iter().enumerate() {
                let expected = f64::from(at / n == at % n);
                assert!((d - expected).abs() < 1e-13 * n as f64, "{n}: not orthonormal");
            }
            assert!(values.is_sorted(), "{n}");
            for j in 0..n {
                let column: Vec<f64> = (0..n).map(|i| out[4][lane][i * n + j]).collect();
                let tallest = column.iter().fold(0.0_f64, |m, &x| if x.abs() > m.abs() { x } else { m });
                assert!(tallest > 0.0, "{n}");
            }
        }
    }
}

/// Equal eigenvalues: symmetric functions of them keep their gradients, and nothing is NaN.
#[test]
fn equal_eigenvalues_have_finite_derivatives() {
    let mut g = Graph::new();
    let a = g.input(&[3, 3]);
    let (values, vectors) = g.eigen_sym(a);
    let squares = g.square(values);
    let total = g.sum_all(squares);
    let gradient = reverse(&mut g, total, &[a])[0];
    let sine = g.sin(vectors);
    let of_vectors = g.sum_all(sine);
    let other = reverse(&mut g, of_vectors, &[a])[0];
    let identity = vec![2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0];
    let out = run(&g, &[a], &[total, gradient, other], &[identity]);
    assert_eq!(out[0][0], [12.0]);
    assert_eq!(out[1][0], [4.0, 0.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 4.0]);
    assert!(out[2][0].iter().all(|d| d.is_finite()));
    let nan = vec![f64::NAN; 9];
    assert!(run(&g, &[a], &[values], &[nan])[0][0].iter().all(|x| x.is_nan()));
    let huge: Vec<f64> = [3.0, 1.0, 0.0, 1.0, 3.0, 0.0, 0.0, 0.0, 1.0].iter().map(|x| x * 1e300).collect();
    let values = run(&g, &[a], &[values], &[huge])[0][0].clone();
    for (found, expected) in values.iter().zip([1e300, 2e300, 4e300]) {
        assert!((found / expected - 1.0).abs() < 1e-14, "{values:?}");
    }
}

#[test]
fn a_square_remembers_its_factor() {
    let mut g = Graph::new();
    let x = g.input(&[3, 3]);
    let l = g.tril(x);
    let a = g.lower_square(x);
    assert_eq!(g.cholesky(a), l);
    let by_product = g.matmul_transposed(l, false, l, true);
    let out = run(&g, &[x], &[a, by_product], &[numbers(9, 1), numbers(9, 2)]);
    for (x, y) in out[0].iter().flatten().zip(out[1].iter().flatten()) {
        assert!((x - y).abs() < 1e-15);
    }
    let of_unit_rows = g.lower_square_of_unit_rows(x);
    assert_eq!(g.cholesky(of_unit_rows), l);
    let diagonal = g.diagonal(of_unit_rows);
    assert_eq!(run(&g, &[x], &[diagonal], &[numbers(9, 1)])[0][0], [1.0; 3]);
}
