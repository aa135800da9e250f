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
    let n_free = |&k: &usize| c.unconstrained_shape(&[k]).iter().product::<usize>();
    sizes.iter().map(n_free).flat_map(|n| [0.1, 0.9, 2.0, 4.0].map(|phase| wave(n, phase))).collect()
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
            for y in points(c, 3.0) {
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
                let n = y.len();
                let (_, log_jacobian) = constrain(c, &y, &bounds);
                let mut jacobian = vec![vec![0.0; n]; n];
                for j in 0..n {
                    let shifted = |h: f64| {
                        let mut y = y.clone();
                        y[j] += h;
                        constrain(c, &y, &bounds).0
                    };
                    let (high, low) = (shifted(STEP), shifted(-STEP));
                    // A simplex is measured by its first K - 1 elements.
                    for i in 0..n {
                        jacobian[i][j] = (high[i] - low[i]) / (2.0 * STEP);
                    }
                }
                let numeric = log_abs_det(jacobian);
                let error = (numeric - log_jacobian).abs();
                assert!(error < 1e-7, "{} at {y:?} {bounds:?}: {log_jacobian} is not {numeric}", c.name());
            }
        }
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
        for bounds in bounds_of(c) {
            for scale in [30.0, 700.0] {
                for signs in [[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]] {
                    let n = if c.event_rank() == 0 { 1 } else { c.unconstrained_shape(&[3])[0] };
                    let y: Vec<f64> = (0..n).map(|i| scale * signs[i % 2]).collect();
                    let (x, log_jacobian) = constrain(c, &y, &bounds);
                    let what = format!("{} at {y:?} {bounds:?}: {x:?}, {log_jacobian}", c.name());
                    assert!(x.iter().all(|x| x.is_finite()) && log_jacobian.is_finite(), "{what}");
                    assert_eq!(c.violation(&x, &bounds), None, "{what}");
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
            for y in points(c, 2.0).into_iter().filter(|y| !y.is_empty()) {
                let mut g = Graph::new();
                let shape: &[usize] = if c.event_rank() == 0 { &[] } else { &[y.len()] };
                let input = g.input(shape);
                let nodes: Vec<Node> = bounds.iter().map(|&b| g.scalar(b)).collect();
                let (x, log_jacobian) = c.constrain(&mut g, input, &nodes);
                let sine = g.sin(x);
                let total = g.sum_all(sine);
                let total = g.add(total, log_jacobian);
                let gradient = crate::tape::reverse(&mut g, total, &[input])[0];
                let program = Program::new(&g, &[input], &[total, gradient]);
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
    let outside: [(&dyn Constraint, &[f64], &[f64]); 11] = [
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
    ];
    for (c, x, bounds) in outside {
        assert!(c.violation(x, bounds).is_some_and(|words| words.starts_with("must ")), "{} {x:?}", c.name());
        assert_eq!(c.unconstrain(x, bounds), None, "{} {x:?}", c.name());
    }
    // On the edge: a value, but without an unconstrained one.
    let edges: [(&dyn Constraint, &[f64], &[f64]); 4] = [
        (&Lower, &[0.0], &[0.0]),
        (&Interval, &[1.0], &[0.0, 1.0]),
        (&Simplex, &[1.0, 0.0], &[]),
        (&Ordered, &[1.0, 1.0], &[]),
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
