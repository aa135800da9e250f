//! Every constraint: round trip, log-Jacobian against finite differences, extremes.

use crate::tape::{Graph, Node, Program};

use super::*;

/// Bounds that each constraint is tried with.
fn bounds_of(c: &dyn Constraint) -> Vec<Vec<f64>> {
    let inf = f64::INFINITY;
    match c.bounds() {
        [] => vec![vec![]],
        ["lower"] => vec![vec![0.0], vec![-3.5], vec![1e6]],
        ["upper"] => vec![vec![0.0], vec![2.5]],
        ["lower", "upper"] => {
            vec![vec![0.0, 1.0], vec![-7.0, 5.0], vec![1.0, inf], vec![-inf, 2.0], vec![-inf, inf]]
        }
        other => panic!("bounds {other:?} of {} are not tried", c.name()),
    }
}

/// Points of unconstrained space for one event of each size.
fn points(c: &dyn Constraint, scale: f64) -> Vec<Vec<f64>> {
    let sizes: &[usize] = if c.event_rank() == 0 { &[1] } else { &[1, 2, 3, 7] };
    let wave = |n: usize, phase: f64| (0..n).map(|i| scale * (phase + 1.7 * i as f64).sin()).collect();
    let n_free = |&k: &usize| c.unconstrained_shape(&vec![k; c.event_rank()]).iter().product::<usize>();
    sizes.iter().map(n_free).flat_map(|n| [0.1, 0.9, 2.0, 4.0].map(|phase| wave(n, phase))).collect()
}

/// Whether values are L L' of a matrix L.
fn is_square(c: &dyn Constraint) -> bool {
    matches!(c.name(), "correlation" | "covariance")
}

/// (x, log-Jacobian) of one event.
fn constrain(c: &dyn Constraint, y: &[f64], bounds: &[f64]) -> (Vec<f64>, f64) {
    let mut g = Graph::new();
    let shape: &[usize] = if c.event_rank() == 0 { &[] } else { &[y.len()] };
    let input = g.input(shape);
    let bounds: Vec<Node> = bounds.iter().map(|&b| g.scalar(b)).collect();
    let (x, log_jacobian) = c.constrain(&mut g, input, &bounds);
    assert_eq!(g.shape(log_jacobian), [0usize; 0], "{}", c.name());
    let (n, program) = (g.size(x), Program::new(&g, &[input], &[x, log_jacobian]));
    let mut ws = program.workspace(1);
    program.run(&mut ws, &[y]);
    let x = (0..n).map(|i| program.output(&ws, 0).get(i, 0)).collect();
    (x, program.output(&ws, 1).get(0, 0))
}

#[test]
fn constrained_values_are_inside_and_come_back() {
    for &c in ALL {
        for bounds in bounds_of(c) {
            // Of L L' rounding leaves less the closer it is to singular.
            for y in points(c, if is_square(c) { 1.2 } else { 3.0 }) {
                let (x, _) = constrain(c, &y, &bounds);
                assert_eq!(c.violation(&x, &bounds), None, "{} {y:?} {bounds:?}", c.name());
                let back = c.unconstrain(&x, &bounds).expect("inside");
                // Next to a large bound the distance to it is what has been rounded.
                let tolerance =
                    1e-12 * bounds.iter().filter(|b| b.is_finite()).fold(10.0, |a, b| a + b.abs());
                let worst = back.iter().zip(&y).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(
                    back.len() == y.len() && worst < tolerance,
                    "{} {bounds:?}: {back:?} is not {y:?}",
                    c.name()
                );
            }
        }
    }
}

#[test]
fn log_jacobians_match_finite_differences() {
    const STEP: f64 = 1e-5;
    for &c in ALL {
        for bounds in bounds_of(c).into_iter().filter(|b| b.iter().all(|b| b.abs() != 1e6)) {
            for y in points(c, 1.5) {
                let (x, log_jacobian) = constrain(c, &y, &bounds);
                let columns: Vec<Vec<f64>> = (0..y.len())
                    .map(|j| {
                        let shifted = |h: f64| {
                            let mut y = y.clone();
                            y[j] += h;
                            constrain(c, &y, &bounds).0
                        };
                        let (high, low) = (shifted(STEP), shifted(-STEP));
                        measured(c, high.len()).map(|i| (high[i] - low[i]) / (2.0 * STEP)).collect()
                    })
                    .collect();
                // A volume on a hyperplane: the square root of the Gram determinant.
                let flat = c.name() == "zero_sum" && x.len() > 1;
                let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum();
                let gram = |a: &Vec<f64>| columns.iter().map(|b| dot(a, b)).collect();
                let numeric = match flat {
                    true => 0.5 * log_abs_det(columns.iter().map(gram).collect()),
                    false => log_abs_det(columns),
                };
                let error = (numeric - log_jacobian).abs();
                assert!(error < 1e-7, "{} at {y:?} {bounds:?}: {log_jacobian} is not {numeric}", c.name());
            }
        }
    }
}

/// Elements that a volume is measured by: all, but for what follows from the others.
fn measured(c: &dyn Constraint, n: usize) -> Box<dyn Iterator<Item = usize>> {
    let k = n.isqrt();
    let entries = move |(i, j)| i * k + j;
    match c.name() {
        "simplex" => Box::new(0..n - 1),
        "cholesky_corr" | "correlation" => Box::new(triangle::strict(k).map(entries)),
        "covariance" => Box::new(triangle::lower(k).map(entries)),
        _ => Box::new(0..n),
    }
}

fn log_abs_det(mut a: Vec<Vec<f64>>) -> f64 {
    let n = a.len();
    let mut total = 0.0;
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[i][k].abs().total_cmp(&a[j][k].abs())).expect("rows");
        a.swap(k, pivot);
        total += a[k][k].abs().ln();
        for i in k + 1..n {
            let factor = a[i][k] / a[k][k];
            let row = a[k].clone();
            a[i].iter_mut().zip(row).skip(k).for_each(|(x, pivot)| *x -= factor * pivot);
        }
    }
    total
}

#[test]
fn extreme_points_stay_finite_and_inside() {
    for &c in ALL {
        // A variance is a square. Rounding takes what is nearly singular out of the positive definite matrices.
        let scales = if is_square(c) { [6.0, 300.0] } else { [30.0, 700.0] };
        for bounds in bounds_of(c) {
            for scale in scales {
                for signs in [[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]] {
                    let n = c.unconstrained_shape(&vec![3; c.event_rank()]).iter().product();
                    let y: Vec<f64> = (0..n).map(|i| scale * signs[i % 2]).collect();
                    let (x, log_jacobian) = constrain(c, &y, &bounds);
                    let what = format!("{} at {y:?} {bounds:?}: {x:?}, {log_jacobian}", c.name());
                    assert!(x.iter().all(|x| x.is_finite()) && log_jacobian.is_finite(), "{what}");
                    if !is_square(c) || scale == scales[0] {
                        assert_eq!(c.violation(&x, &bounds), None, "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn log_jacobian_gradients_match_finite_differences() {
    const STEP: f64 = 1e-5;
    for &c in ALL {
        for bounds in bounds_of(c) {
            let scale = if is_square(c) { 0.8 } else { 2.0 };
            for y in points(c, scale).into_iter().filter(|y| !y.is_empty()) {
                let mut g = Graph::new();
                let shape: &[usize] = if c.event_rank() == 0 { &[] } else { &[y.len()] };
                let input = g.input(shape);
                let nodes: Vec<Node> = bounds.iter().map(|&b| g.scalar(b)).collect();
                let (x, log_jacobian) = c.constrain(&mut g, input, &nodes);
                let sine = g.sin(x);
                let total = g.sum_all(sine);
                let total = g.add(total, log_jacobian);
                let gradient = crate::tape::reverse(&mut g, total, &[input])[0];
                let direction: Vec<f64> = (0..y.len()).map(|i| (0.4 + 1.3 * i as f64).cos()).collect();
                let along = g.vector(&direction);
                let along = g.reshape(along, shape);
                let tangents = crate::tape::forward(&mut g, &[total, gradient], &[(input, along)]);
                let program = Program::new(&g, &[input], &[total, gradient, tangents[0], tangents[1]]);
                let mut ws = program.workspace(1);
                let mut at = |y: &[f64], k: usize, i: usize| {
                    program.run(&mut ws, &[y]);
                    program.output(&ws, k).get(i, 0)
                };
                for i in 0..y.len() {
                    let (mut high, mut low) = (y.clone(), y.clone());
                    high[i] += STEP;
                    low[i] -= STEP;
                    let numeric = (at(&high, 0, 0) - at(&low, 0, 0)) / (2.0 * STEP);
                    let exact = at(&y, 1, i);
                    // A bound of 1e6 leaves 1e-10 of x, and 1e-5 of a difference quotient.
                    let tolerance = if bounds == [1e6] { 1e-4 } else { 1e-6 } * exact.abs().max(1.0);
                    let what = format!("{} at {y:?} {bounds:?}: {exact} is not {numeric}", c.name());
                    assert!((exact - numeric).abs() < tolerance, "{what}");
                }
                let total_along: f64 = (0..y.len()).map(|i| at(&y, 1, i) * direction[i]).sum();
                let what = format!("{} at {y:?} {bounds:?}", c.name());
                let error = (at(&y, 2, 0) - total_along).abs();
                assert!(error < 1e-11 * (1.0 + total_along.abs()), "{what}: forward mode is off by {error}");
                let moved =
                    |h: f64| -> Vec<f64> { y.iter().zip(&direction).map(|(y, d)| y + h * d).collect() };
                let (high, low) = (moved(STEP), moved(-STEP));
                for i in 0..y.len() {
                    let numeric = (at(&high, 1, i) - at(&low, 1, i)) / (2.0 * STEP);
                    let exact = at(&y, 3, i);
                    let tolerance = if bounds == [1e6] { 1e-3 } else { 1e-6 } * exact.abs().max(1.0);
                    let what = format!("{what}, Hessian product {i}: {exact} is not {numeric}");
                    assert!((exact - numeric).abs() < tolerance, "{what}");
                }
            }
        }
    }
}

#[test]
fn bounds_broadcast_and_may_be_infinite_in_some_elements() {
    let mut g = Graph::new();
    let y = g.input(&[2, 4]);
    let inf = f64::INFINITY;
    let (lower, upper) = ([0.0, 1.0, -inf, -inf], [2.0, inf, 3.0, inf]);
    let bounds = [g.vector(&lower), g.vector(&upper)];
    let (x, log_jacobian) = Interval.constrain(&mut g, y, &bounds);
    let program = Program::new(&g, &[y], &[x, log_jacobian]);
    let mut ws = program.workspace(1);
    let values = [0.3, -1.2, 2.0, 0.7, -0.4, 800.0, 800.0, 800.0];
    program.run(&mut ws, &[&values]);
    for (i, &value) in values.iter().enumerate().take(5) {
        let bounds = [lower[i % 4], upper[i % 4]];
        let (one, jacobian) = constrain(&Interval, &[value], &bounds);
        assert_eq!(program.output(&ws, 0).get(i, 0), one[0]);
        assert_eq!(program.output(&ws, 1).get(i, 0), jacobian);
    }
    assert_eq!(program.output(&ws, 0).get(7, 0), 800.0);
}

#[test]
fn the_centre_of_a_simplex_is_at_zero() {
    let (x, _) = constrain(&Simplex, &[0.0; 3], &[]);
    assert!(x.iter().all(|p| (p - 0.25).abs() < 1e-15));
}

#[test]
fn values_outside_are_refused_with_words() {
    let nan = f64::NAN;
    let outside: [(&dyn Constraint, &[f64], &[f64]); 22] = [
        (&Lower, &[-1.0], &[0.0]),
        (&Lower, &[nan], &[0.0]),
        (&Upper, &[4.0], &[3.0]),
        (&Interval, &[1.5], &[0.0, 1.0]),
        (&Interval, &[nan], &[0.0, 1.0]),
        (&Ordered, &[1.0, 0.5], &[]),
        (&PositiveOrdered, &[-1.0, 0.5], &[]),
        (&Simplex, &[0.5, 0.4], &[]),
        (&Simplex, &[1.5, -0.5], &[]),
        (&Real, &[nan], &[]),
        (&Angle, &[nan], &[-1.0, 1.0]),
        (&ZeroSum, &[1.0, 0.5, -1.0], &[]),
        (&ZeroSum, &[nan, 0.0], &[]),
        (&CholeskyCorr, &[1.0, 0.1, 0.6, 0.8], &[]),
        (&CholeskyCorr, &[1.0, 0.0, 0.6, 0.7], &[]),
        (&CholeskyCorr, &[1.0, 0.0, 0.6, -0.8], &[]),
        (&CholeskyCorr, &[1.0, nan, 0.6, 0.8], &[]),
        (&Correlation, &[1.0, 0.5, 0.4, 1.0], &[]),
        (&Correlation, &[1.0, 0.5, 0.5, 2.0], &[]),
        (&Correlation, &[1.0, 1.5, 1.5, 1.0], &[]),
        (&Covariance, &[-1.0, 0.0, 0.0, 1.0], &[]),
        (&Covariance, &[4.0, nan, nan, 1.0], &[]),
    ];
    for (c, x, bounds) in outside {
        assert!(c.violation(x, bounds).is_some_and(|words| words.starts_with("must ")), "{} {x:?}", c.name());
        assert_eq!(c.unconstrain(x, bounds), None, "{} {x:?}", c.name());
    }
    // On the edge: a value, but without an unconstrained one.
    let edges: [(&dyn Constraint, &[f64], &[f64]); 5] = [
        (&Lower, &[0.0], &[0.0]),
        (&Interval, &[1.0], &[0.0, 1.0]),
        (&Simplex, &[1.0, 0.0], &[]),
        (&Ordered, &[1.0, 1.0], &[]),
        (&CholeskyCorr, &[1.0, 0.0, 1.0, 0.0], &[]),
    ];
    for (c, x, bounds) in edges {
        assert_eq!((c.violation(x, bounds), c.unconstrain(x, bounds)), (None, None), "{} {x:?}", c.name());
    }
}

#[test]
fn increasing_constraints_keep_the_order() {
    let inf = f64::INFINITY;
    let cases: [(&dyn Constraint, &[f64], bool); 7] = [
        (&Real, &[], true),
        (&Lower, &[2.5], true),
        (&Upper, &[2.5], false),
        (&Interval, &[-1.0, 2.5], true),
        (&Interval, &[-inf, 2.5], false),
        (&Interval, &[-inf, inf], false),
        (&Ordered, &[], false),
    ];
    for (constraint, bounds, increasing) in cases {
        let known: Vec<Option<f64>> = bounds.iter().map(|&b| Some(b)).collect();
        assert_eq!(constraint.increasing(&known), increasing, "{} {bounds:?}", constraint.name());
        if increasing {
            let mut g = Graph::new();
            let bounds: Vec<Node> = bounds.iter().map(|&b| g.scalar(b)).collect();
            let y = g.vector(&[-3.0, -0.1, 0.2, 4.0]);
            let (x, _) = constraint.constrain(&mut g, y, &bounds);
            let x: Vec<f64> = g.value(x).expect("constant").iter().copied().collect();
            assert!(x.is_sorted_by(|a, b| a < b), "{}: {x:?}", constraint.name());
        }
    }
    assert!(!Interval.increasing(&[Some(0.0), None]), "a bound that is not known may be infinite");
}

/// A batch of matrices is each matrix by itself; the length of the program does not grow with them.
#[test]
fn batches_of_matrices_and_fifty_rows() {
    let constraints: [&dyn Constraint; 4] = [&CholeskyCorr, &Correlation, &Covariance, &ZeroSum];
    for c in constraints {
        let nodes = |k: usize| {
            let mut g = Graph::new();
            let y = g.input(&c.unconstrained_shape(&vec![k; c.event_rank()]));
            let (x, log_jacobian) = c.constrain(&mut g, y, &[]);
            let sum = g.sum_all(x);
            let total = g.add(sum, log_jacobian);
            crate::tape::reverse(&mut g, total, &[y]);
            g.len()
        };
        assert_eq!(nodes(4), nodes(50), "{}", c.name());
        let event = vec![4; c.event_rank()];
        let n: usize = c.unconstrained_shape(&event).iter().product();
        let y: Vec<f64> = (0..3 * n).map(|i| (0.3 + 1.1 * i as f64).sin()).collect();
        let mut g = Graph::new();
        let input = g.input(&[3, n]);
        let (x, log_jacobian) = c.constrain(&mut g, input, &[]);
        assert_eq!(g.shape(x), [&[3], &event[..]].concat());
        assert_eq!(g.shape(log_jacobian), [3]);
        let program = Program::new(&g, &[input], &[x, log_jacobian]);
        let mut ws = program.workspace(1);
        program.run(&mut ws, &[&y]);
        let size: usize = event.iter().product();
        for (b, y) in y.chunks_exact(n).enumerate() {
            let (one, jacobian) = constrain(c, y, &[]);
            assert_eq!(program.output(&ws, 1).get(b, 0), jacobian, "{}", c.name());
            for (i, one) in one.into_iter().enumerate() {
                assert_eq!(program.output(&ws, 0).get(b * size + i, 0), one, "{}", c.name());
            }
        }
    }
}

#[test]
fn matrices_are_at_their_centre_at_zero() {
    let identity = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    let constraints: [&dyn Constraint; 3] = [&CholeskyCorr, &Correlation, &Covariance];
    for c in constraints {
        let n = c.unconstrained_shape(&[3, 3])[0];
        assert_eq!(constrain(c, &vec![0.0; n], &[]).0, identity, "{}", c.name());
    }
    assert_eq!(constrain(&ZeroSum, &[0.0; 3], &[]).0, [0.0; 4]);
}
