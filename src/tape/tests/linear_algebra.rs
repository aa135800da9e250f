//! Products, factors and systems, at small sizes against differences and at larger ones against each other.

use super::*;

fn points(n: usize) -> Vec<Vec<f64>> {
    (0..3).map(|k| numbers(n, k + 21)).collect()
}

/// A A^T + n I from the numbers of A: a node that is positive definite.
fn positive_definite(g: &mut Graph, a: Node) -> Node {
    let shape = g.shape(a).to_vec();
    let n = shape[shape.len() - 1];
    let t = g.transpose(a);
    let product = g.matmul(a, t);
    let identity = g
        .constant(tensor(&[n, n], (0..n * n).map(|at| (at / n == at % n) as u8 as f64 * n as f64).collect()));
    g.add(product, identity)
}

/// A + 5 I, not symmetric.
fn shifted(g: &mut Graph, a: Node) -> Node {
    let identity = g.vector(&[5.0, 5.0, 5.0]);
    let identity = g.diagonal_matrix(identity);
    g.add(a, identity)
}

#[test]
fn linear_algebra_derivatives() {
    let constant = |g: &mut Graph, shape: &[usize]| {
        let size = shape.iter().product();
        g.constant(tensor(shape, numbers(size, 3)))
    };
    let mut cases = vec![
        case("matmul", &[&[2, 3], &[3, 4]], points(18), |g, x| g.matmul(x[0], x[1])),
        case("matmul, wide", &[&[5, 3], &[3, 9]], points(42), |g, x| g.matmul(x[0], x[1])),
        case("matmul of a column", &[&[9, 3], &[3, 1]], points(30), |g, x| g.matmul(x[0], x[1])),
        case("matmul of batches", &[&[2, 2, 3], &[3, 2]], points(18), |g, x| g.matmul(x[0], x[1])),
        case("matmul of broadcast batches", &[&[2, 1, 2, 3], &[3, 3, 1]], points(21), |g, x| {
            g.matmul(x[0], x[1])
        }),
        case("constant matmul", &[&[3, 2]], points(6), move |g, x| {
            let c = constant(g, &[9, 3]);
            let y = g.matmul(c, x[0]);
            g.exp(y)
        }),
        case("constant matmul of a column", &[&[3, 1]], points(3), move |g, x| {
            let c = constant(g, &[17, 3]);
            let y = g.matmul(c, x[0]);
            g.exp(y)
        }),
        case("matmul constant", &[&[2, 3]], points(6), move |g, x| {
            let c = constant(g, &[3, 9]);
            let y = g.matmul(x[0], c);
            g.exp(y)
        }),
        case("cholesky", &[&[4, 4]], points(16), |g, x| {
            let a = positive_definite(g, x[0]);
            g.cholesky(a)
        }),
        case("cholesky of batches", &[&[2, 3, 3]], points(18), |g, x| {
            let a = positive_definite(g, x[0]);
            g.cholesky(a)
        }),
        case("cholesky of one triangle", &[&[3, 3]], points(9), |g, x| {
            let a = shifted(g, x[0]);
            g.cholesky(a)
        }),
        case("cholesky_adjoint", &[&[3, 3], &[3, 3]], points(18), |g, x| {
            let a = positive_definite(g, x[0]);
            let l = g.cholesky(a);
            let wave = g.sin(x[1]);
            let product = g.mul(l, wave);
            let total = g.sum_all(product);
            crate::tape::reverse(g, total, &[a])[0]
        }),
        case("log_det_definite", &[&[4, 4]], points(16), |g, x| {
            let a = positive_definite(g, x[0]);
            g.log_det_definite(a)
        }),
        case("log_det_definite of batches", &[&[2, 3, 3]], points(18), |g, x| {
            let a = positive_definite(g, x[0]);
            g.log_det_definite(a)
        }),
        case("log_det_definite of one triangle", &[&[3, 3]], points(9), |g, x| {
            let a = shifted(g, x[0]);
            g.log_det_definite(a)
        }),
        case("log_det_definite of a square", &[&[3, 3]], points(9), |g, x| {
            let l = shifted(g, x[0]);
            let a = g.lower_square(l);
            g.log_det_definite(a)
        }),
        case("inverse_quadratic", &[&[4, 4], &[4, 1]], points(20), |g, x| {
            let a = positive_definite(g, x[0]);
            g.inverse_quadratic(a, x[1])
        }),
        case("inverse_quadratic of one triangle", &[&[3, 3], &[3, 2]], points(15), |g, x| {
            let a = shifted(g, x[0]);
            g.inverse_quadratic(a, x[1])
        }),
        case("inverse_quadratic of a square", &[&[3, 3], &[3, 2]], points(15), |g, x| {
            let l = shifted(g, x[0]);
            let a = g.lower_square(l);
            g.inverse_quadratic(a, x[1])
        }),
        case("inverse_quadratic of batches", &[&[2, 2, 2], &[3, 1, 2, 1]], points(14), |g, x| {
            let a = positive_definite(g, x[0]);
            g.inverse_quadratic(a, x[1])
        }),
        case("inverse_quadratic of a batch of columns", &[&[2, 3, 3], &[3, 2]], points(24), |g, x| {
            let a = positive_definite(g, x[0]);
            g.inverse_quadratic(a, x[1])
        }),
        case("constant inverse_quadratic", &[&[3, 2]], points(6), move |g, x| {
            let a = constant(g, &[3, 3]);
            let a = positive_definite(g, a);
            g.inverse_quadratic(a, x[0])
        }),
        case("affine_square", &[&[2], &[], &[2, 1]], points(5), |g, x| {
            let r = (0..25).map(|at| if at % 5 < at / 5 { 0.0 } else { 1.0 + at as f64 }).collect();
            let square = g.affine_square(r, numbers(5, 1), numbers(5, 2), x);
            let small = g.mul_scalar(square, 1e-3);
            g.sin(small)
        }),
        case("inverse", &[&[3, 3]], points(9), |g, x| {
            let a = positive_definite(g, x[0]);
            g.inverse(a)
        }),
        case("log_abs_det", &[&[2, 3, 3]], points(18), |g, x| g.log_abs_det(x[0])),
        case("solve", &[&[3, 3], &[3, 2]], points(15), |g, x| {
            let a = positive_definite(g, x[0]);
            g.solve(a, x[1])
        }),
        case("solve of batches", &[&[2, 3, 3], &[3, 1]], points(21), |g, x| {
            let a = positive_definite(g, x[0]);
            g.solve(a, x[1])
        }),
        case("constant solve", &[&[3, 2]], points(6), move |g, x| {
            let a = constant(g, &[3, 3]);
            let y = g.solve(a, x[0]);
            g.sin(y)
        }),
        case("diagonal", &[&[2, 3, 3]], points(18), |g, x| {
            let y = g.square(x[0]);
            g.diagonal(y)
        }),
        case("diagonal_matrix", &[&[2, 3]], points(6), |g, x| {
            let y = g.square(x[0]);
            g.diagonal_matrix(y)
        }),
        case("tril", &[&[2, 3, 3]], points(18), |g, x| {
            let y = g.square(x[0]);
            g.tril(y)
        }),
    ];
    for transposed in [false, true] {
        cases.push(case("solve_triangular", &[&[3, 3], &[3, 2]], points(15), move |g, x| {
            let a = positive_definite(g, x[0]);
            g.solve_triangular(a, x[1], transposed)
        }));
        cases.push(case("solve_triangular of a column", &[&[4, 4], &[4, 1]], points(20), move |g, x| {
            let a = positive_definite(g, x[0]);
            g.solve_triangular(a, x[1], transposed)
        }));
        cases.push(case(
            "solve_triangular of batches",
            &[&[2, 2, 2], &[3, 1, 2, 1]],
            points(14),
            move |g, x| {
                let a = positive_definite(g, x[0]);
                g.solve_triangular(a, x[1], transposed)
            },
        ));
        cases.push(case("constant solve_triangular", &[&[3, 2]], points(6), move |g, x| {
            let a = constant(g, &[3, 3]);
            let a = positive_definite(g, a);
            let y = g.solve_triangular(a, x[0], transposed);
            g.sin(y)
        }));
        cases.push(case("matmul_transposed", &[&[3, 2], &[4, 3]], points(18), move |g, x| {
            let y = g.matmul_transposed(x[0], true, x[1], true);
            if transposed {
                g.matmul_transposed(y, true, y, false)
            } else {
                g.matmul_transposed(y, false, y, true)
            }
        }));
    }
    cases.iter().for_each(check);
}

fn naive_matmul(a: &[f64], b: &[f64], [m, k, n]: [usize; 3]) -> Vec<f64> {
    (0..m * n).map(|at| (0..k).map(|t| a[at / n * k + t] * b[t * n + at % n]).sum()).collect()
}

#[test]
fn products_of_all_sizes_and_kinds() {
    for [m, k, n] in [[1, 1, 1], [7, 300, 1], [300, 7, 1], [13, 21, 11], [4, 8, 8], [1, 600, 3], [9, 1, 20]] {
        let (a0, b0) = (numbers(m * k, 4), numbers(k * n, 5));
        let expected = naive_matmul(&a0, &b0, [m, k, n]);
        let transpose = |x: &[f64], rows: usize, columns: usize| -> Vec<f64> {
            (0..rows * columns).map(|at| x[at % rows * columns + at / rows]).collect()
        };
        for flags in 0..16 {
            let (ta, tb, constant_a, constant_b) =
                (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0, flags & 8 != 0);
            let mut g = Graph::new();
            let (shape_a, shape_b) = (if ta { [k, m] } else { [m, k] }, if tb { [n, k] } else { [k, n] });
            let a_data = if ta { transpose(&a0, m, k) } else { a0.clone() };
            let b_data = if tb { transpose(&b0, k, n) } else { b0.clone() };
            let mut inputs = Vec::new();
            let mut point = Vec::new();
            let mut factor = |g: &mut Graph, constant: bool, shape: &[usize], data: Vec<f64>| {
                if constant {
                    return g.constant(tensor(shape, data));
                }
                let node = g.input(shape);
                inputs.push(node);
                point.extend(data);
                node
            };
            let a = factor(&mut g, constant_a, &shape_a, a_data);
            let b = factor(&mut g, constant_b, &shape_b, b_data);
            let y = g.matmul_transposed(a, ta, b, tb);
            for lanes in [1, 3, 9] {
                let out = run(&g, &inputs, &[y], &vec![point.clone(); lanes]);
                for lane in &out[0] {
                    for (found, expected) in lane.iter().zip(&expected) {
                        assert_close("product", *found, *expected, 1e-13);
                    }
                }
            }
        }
    }
}

#[test]
fn factors_and_solutions_of_fifty_rows() {
    let n = 50;
    let mut g = Graph::new();
    let (x, b) = (g.input(&[n, n]), g.input(&[n, 3]));
    let a = positive_definite(&mut g, x);
    let l = g.cholesky(a);
    let lt = g.transpose(l);
    let again = g.matmul(l, lt);
    let by_lu = g.solve(a, b);
    let half = g.solve_triangular(l, b, false);
    let by_cholesky = g.solve_triangular(l, half, true);
    let log_det = g.log_abs_det(a);
    let diagonal = g.diagonal(l);
    let logs = g.log(diagonal);
    let sum = g.sum_all(logs);
    let log_det_cholesky = g.mul_scalar(sum, 2.0);
    // gradients of log det A + b' A^-1 b by both ways
    let bt = g.transpose(b);
    let mut gradients = Vec::new();
    for (solution, log_det) in [(by_lu, log_det), (by_cholesky, log_det_cholesky)] {
        let quadratic = g.matmul(bt, solution);
        let trace = g.diagonal(quadratic);
        let trace = g.sum_all(trace);
        let f = g.add(trace, log_det);
        let d = reverse(&mut g, f, &[x, b]);
        let direction = g.constant(tensor(&[n, n], numbers(n * n, 8)));
        let h = forward(&mut g, &d, &[(x, direction)]);
        gradients.extend(d);
        gradients.extend(h);
    }
    let mut outputs = vec![a, again, by_lu, by_cholesky, log_det, log_det_cholesky];
    outputs.extend(&gradients);
    let points = [1, 2, 3].map(|seed| [numbers(n * n, seed), numbers(n * 3, seed + 3)].concat());
    let out = run(&g, &[x, b], &outputs, &points);
    for (lane, point) in points.iter().enumerate() {
        let alone = run(&g, &[x, b], &outputs, std::slice::from_ref(point));
        for (k, (alone, together)) in alone.iter().zip(&out).enumerate() {
            assert!(alone[0] == together[lane], "output {k} of lane {lane} differs from a single run");
        }
    }
    let pairs = [(0, 1), (2, 3), (4, 5), (6, 10), (7, 11), (8, 12), (9, 13)];
    for (i, j) in pairs {
        for (x, y) in out[i].iter().flatten().zip(out[j].iter().flatten()) {
            assert_close(&format!("outputs {i} and {j}"), *x, *y, 1e-11);
        }
    }
}

/// Lanes are the same as single runs, also where an argument is the same in all of them.
#[test]
fn lanes_of_definite_matrices_are_single_runs() {
    for n in [3, 11, 40] {
        let mut g = Graph::new();
        let (x, scale) = (g.input(&[n, n]), g.input(&[]));
        let a = positive_definite(&mut g, x);
        let known = g.constant(tensor(&[n, 2], numbers(2 * n, 9)));
        let known_matrix = g.constant(tensor(&[n, n], numbers(n * n, 10)));
        let known_matrix = positive_definite(&mut g, known_matrix);
        let varying = g.mul(known, scale);
        let log_det = g.log_det_definite(a);
        let mut total = g.sin(log_det);
        for (a, b) in [(a, known), (a, varying), (known_matrix, varying)] {
            let squares = g.inverse_quadratic(a, b);
            let squares = g.sum_all(squares);
            let l = g.cholesky(a);
            let white = g.solve_triangular(l, b, true);
            let white = g.sum_all(white);
            total = g.add(total, squares);
            total = g.add(total, white);
        }
        let gradients = reverse(&mut g, total, &[x, scale]);
        let direction = g.constant(tensor(&[n, n], numbers(n * n, 8)));
        let second = forward(&mut g, &gradients, &[(x, direction)]);
        let outputs: Vec<Node> = [total].into_iter().chain(gradients).chain(second).collect();
        let point = |seed| [numbers(n * n, seed), vec![0.7 + seed as f64]].concat();
        let points: Vec<Vec<f64>> = (0..11).map(point).collect();
        let together = run(&g, &[x, scale], &outputs, &points);
        for (lane, point) in points.iter().enumerate() {
            let alone = run(&g, &[x, scale], &outputs, std::slice::from_ref(point));
            for (k, (alone, together)) in alone.iter().zip(&together).enumerate() {
                assert!(alone[0] == together[lane], "{n} rows: output {k} of lane {lane}");
            }
        }
    }
}

#[test]
fn not_positive_definite_is_nan() {
    for a in [[1.0, 2.0, 2.0, 1.0], [-1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]] {
        let mut g = Graph::new();
        let x = g.input(&[2, 2]);
        let l = g.cholesky(x);
        let d = g.diagonal(l);
        let d = g.sum_all(d);
        assert!(run(&g, &[x], &[d], &[a.to_vec()])[0][0][0].is_nan(), "{a:?}");
    }
}

#[test]
fn singular_matrices() {
    let mut g = Graph::new();
    let x = g.input(&[2, 2]);
    let (inverse, log_det) = (g.inverse(x), g.log_abs_det(x));
    let out = run(&g, &[x], &[inverse, log_det], &[vec![1.0, 2.0, 2.0, 4.0], vec![0.0, 1.0, 1.0, 0.0]]);
    assert!(out[0][0].iter().all(|x| !x.is_finite()));
    assert_eq!(out[1][0][0], f64::NEG_INFINITY);
    assert_eq!(out[0][1], [0.0, 1.0, 1.0, 0.0]);
    assert_eq!(out[1][1][0], 0.0);
}
