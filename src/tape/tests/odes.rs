//! Differential equations against closed forms, and their derivatives against differences and each other.

use super::*;

/// Tight enough for differences of values that take steps of their own.
const TIGHT: Control = Control { method: Method::DormandPrince, rtol: 1e-12, atol: 1e-13, max_steps: 1000 };
const TIGHT_STIFF: Control = Control { method: Method::Rodas, rtol: 1e-11, atol: 1e-12, max_steps: 10_000 };

/// dy/dt = f(t, y, args), for groups of this shape.
fn field(
    groups: &[usize],
    n: usize,
    args: &[&[usize]],
    f: impl Fn(&mut Graph, Node, Node, &[Node]) -> Node,
) -> Field {
    let mut graph = Graph::new();
    let time = graph.input(groups);
    let state = graph.input(&[groups, &[n]].concat());
    let args: Vec<Node> = args.iter().map(|shape| graph.input(shape)).collect();
    let slope = f(&mut graph, time, state, &args);
    Field { graph, time, state, args, slope }
}

/// dy/dt = -k y
fn decay() -> Field {
    field(&[], 1, &[&[]], |g, _, y, args| {
        let rate = g.mul(args[0], y);
        g.neg(rate)
    })
}

/// Predator and prey: theta [4].
fn lotka_volterra() -> Field {
    field(&[], 2, &[&[4]], |g, _, y, args| {
        let theta: Vec<Node> = (0..4).map(|k| g.slice(args[0], k, &[])).collect();
        let (u, v) = (g.slice(y, 0, &[]), g.slice(y, 1, &[]));
        let (eaten, eating) = (g.mul(theta[1], v), g.mul(theta[3], u));
        let (growth, gain) = (g.sub(theta[0], eaten), g.sub(eating, theta[2]));
        let (du, dv) = (g.mul(growth, u), g.mul(gain, v));
        let (du, dv) = (g.reshape(du, &[1]), g.reshape(dv, &[1]));
        g.concat(&[du, dv], 0)
    })
}

/// A pendulum that is pushed: dx/dt = v, dv/dt = -a sin x - b v + cos(w t); args a, b, w.
fn pendulum(groups: &[usize]) -> Field {
    let groups_owned = groups.to_vec();
    field(groups, 2, &[&[], &[], &[]], move |g, t, y, args| {
        let one = [&groups_owned[..], &[1]].concat();
        let rank = groups_owned.len();
        let part = |g: &mut Graph, k: u32| {
            let index: Vec<u32> = (0..g.size(y) as u32 / 2).map(|i| 2 * i + k).collect();
            g.gather(y, index.into(), &one)
        };
        let (x, v) = (part(g, 0), part(g, 1));
        let sin = g.sin(x);
        let (pull, drag) = (g.mul(args[0], sin), g.mul(args[1], v));
        let phase = g.mul(args[2], t);
        let push = g.cos(phase);
        let push = g.reshape(push, &one);
        let force = g.sub(push, pull);
        let force = g.sub(force, drag);
        g.concat(&[v, force], rank)
    })
}

fn solve(field: Field, start: &[f64], times: &[f64], args: &[&[f64]], control: Control) -> Vec<f64> {
    let mut g = Graph::new();
    let (start, t0, times) = (g.vector(start), g.scalar(0.0), g.vector(times));
    let args: Vec<Node> = field
        .args
        .clone()
        .iter()
        .zip(args)
        .map(|(&input, values)| g.constant(tensor(field.graph.shape(input), values.to_vec())))
        .collect();
    let y = g.ode(field, start, t0, times, &args, control);
    g.value(y).expect("a solve of constants folds").iter().copied().collect()
}

#[test]
fn exponential_decay_to_the_tolerance() {
    for rtol in [1e-4, 1e-6, 1e-8, 1e-10] {
        let control = Control { rtol, atol: 1e-14, ..Control::default() };
        let times = [0.1, 0.5, 0.5, 2.0, 10.0];
        let y = solve(decay(), &[3.0], &times, &[&[0.7]], control);
        for (y, t) in y.iter().zip(times) {
            let exact = 3.0 * (-0.7 * t).exp();
            assert!((y - exact).abs() <= 10.0 * rtol * exact, "rtol {rtol}, t {t}: {y} and {exact}");
        }
    }
}

#[test]
fn a_harmonic_oscillator_over_many_periods() {
    let oscillator = field(&[], 2, &[&[]], |g, _, y, args| {
        let (x, v) = (g.slice(y, 0, &[1]), g.slice(y, 1, &[1]));
        let square = g.square(args[0]);
        let pull = g.mul(square, x);
        let pull = g.neg(pull);
        g.concat(&[v, pull], 0)
    });
    let times = [1.0, 10.0, 30.0];
    let control = Control { rtol: 1e-9, atol: 1e-9, max_steps: 10_000, ..Control::default() };
    let y = solve(oscillator, &[1.0, 0.0], &times, &[&[2.0]], control);
    for (y, t) in y.chunks(2).zip(times) {
        assert!((y[0] - (2.0 * t).cos()).abs() < 1e-6, "{t}: {y:?}");
        assert!((y[1] + 2.0 * (2.0 * t).sin()).abs() < 1e-6, "{t}: {y:?}");
    }
}

#[test]
fn backwards_in_time() {
    let y = solve(decay(), &[1.0], &[-1.0, -3.0], &[&[0.5]], TIGHT);
    assert!((y[0] - 0.5f64.exp()).abs() < 1e-10 && (y[1] - 1.5f64.exp()).abs() < 1e-10, "{y:?}");
}

#[test]
fn a_solve_that_needs_too_many_steps_is_nan_from_there_on() {
    let control = Control { max_steps: 50, ..Control::default() };
    let y = solve(decay(), &[1.0], &[1e-6, 10.0, 11.0], &[&[1e5]], control);
    assert!(y[0].is_finite() && y[1].is_nan() && y[2].is_nan(), "{y:?}");
}

#[test]
fn a_solution_that_leaves_the_numbers_is_nan() {
    // dy/dt = y^2, y(0) = 1: y = 1 / (1 - t)
    let blow_up = field(&[], 1, &[], |g, _, y, _| g.square(y));
    let y = solve(blow_up, &[1.0], &[0.5, 2.0], &[], Control::default());
    assert!((y[0] - 2.0).abs() < 1e-5 && y[1].is_nan(), "{y:?}");
}

#[test]
fn lanes_that_fail_leave_the_others_alone() {
    let mut g = Graph::new();
    let (start, k) = (g.input(&[1]), g.input(&[]));
    let (t0, times) = (g.scalar(0.0), g.vector(&[1.0, 2.0]));
    let y = g.ode(decay(), start, t0, times, &[k], Control { max_steps: 60, ..Control::default() });
    let s = g.sum_all(y);
    let gradient = reverse(&mut g, s, &[start, k]);
    let points = [vec![1.0, 1.0], vec![f64::NAN, 1.0], vec![1.0, 1e6], vec![1.0, 2.0]];
    let out = run(&g, &[start, k], &[y, gradient[1]], &points);
    for (lane, k) in [(0, 1.0f64), (3, 2.0)] {
        assert!((out[0][lane][1] - (-2.0 * k).exp()).abs() < 1e-6);
        let exact = -(-k).exp() - 2.0 * (-2.0 * k).exp();
        assert!((out[1][lane][0] - exact).abs() < 1e-5, "{:?}", out[1]);
    }
    for lane in [1, 2] {
        assert!(out[0][lane][1].is_nan() && out[1][lane][0].is_nan(), "{out:?}");
    }
}

#[test]
fn derivatives_of_a_decay() {
    let points = (0..3).map(|k| {
        let x = numbers(5, 3 + k);
        vec![1.0 + 0.5 * x[0], 0.3 * x[1], 1.0 + 0.2 * x[2], 1.5 + 0.2 * x[3], 0.8 + 0.5 * x[4]]
    });
    check(&case("decay", &[&[1], &[], &[2], &[]], points.collect(), |g, x| {
        g.ode(decay(), x[0], x[1], x[2], &[x[3]], TIGHT)
    }));
}

#[test]
fn derivatives_of_predator_and_prey() {
    let points = (0..3).map(|k| {
        let x = numbers(6, 17 + k);
        let theta = [0.8, 0.6, 0.7, 0.5].iter().zip(&x[2..]).map(|(m, x)| m * (1.0 + 0.3 * x));
        [1.2 + 0.3 * x[0], 0.7 + 0.2 * x[1]].into_iter().chain(theta).collect()
    });
    check(&case("predator and prey", &[&[2], &[4]], points.collect(), |g, x| {
        let (t0, times) = (g.scalar(0.0), g.vector(&[0.5, 0.5, 2.0]));
        g.ode(lotka_volterra(), x[0], t0, times, &[x[1]], TIGHT)
    }));
}

#[test]
fn derivatives_of_a_pushed_pendulum_in_groups() {
    let points: Vec<Vec<f64>> = (0..3).map(|k| numbers(4 + 2 + 4 + 3, 41 + k)).collect();
    let shapes: &[&[usize]] = &[&[2, 2], &[2], &[2, 2], &[], &[], &[]];
    check(&case("pendulum, groups", shapes, points, |g, x| {
        g.ode(pendulum(&[2]), x[0], x[1], x[2], &[x[3], x[4], x[5]], TIGHT)
    }));
    let points: Vec<Vec<f64>> = (0..3).map(|k| numbers(2 + 2 + 1, 51 + k)).collect();
    check(&case("pendulum, some arguments", &[&[2], &[2], &[]], points, |g, x| {
        let (t0, a, b) = (g.scalar(0.1), g.scalar(1.3), g.scalar(0.2));
        g.ode(pendulum(&[]), x[0], t0, x[1], &[a, b, x[2]], TIGHT)
    }));
}

/// The gradient belongs to the steps that were taken, however rough they are: along the argument of a decay the discrete
/// solution is a product of polynomials in it.
#[test]
fn derivatives_are_those_of_the_steps_themselves() {
    let control = Control { rtol: 1e-3, atol: 1e-3, max_steps: 100, ..Control::default() };
    let mut g = Graph::new();
    let (start, k) = (g.input(&[1]), g.input(&[]));
    let (t0, times) = (g.scalar(0.0), g.vector(&[4.0]));
    let y = g.ode(decay(), start, t0, times, &[k], control);
    let s = g.sum_all(y);
    let gradient = reverse(&mut g, s, &[start, k]);
    let one = g.scalar(1.0);
    let dk = forward(&mut g, &[s], &[(k, one)])[0];
    let out = run(&g, &[start, k], &[s, gradient[0], gradient[1], dk], &[vec![2.0, 1.0]]);
    let (y, by_start, by_k, along_k) = (out[0][0][0], out[1][0][0], out[2][0][0], out[3][0][0]);
    // linear in the start: the derivative is the value over the start, to rounding
    assert_close("by the start", by_start, y / 2.0, 1e-14);
    assert_close("by both modes", along_k, by_k, 1e-13);
    let exact = -4.0 * 2.0 * (-4.0f64).exp();
    assert!((by_k - exact).abs() < 0.05 * exact.abs() && by_k != exact, "{by_k} and {exact}");
}

/// dy/dt = -k (y - cos t) - sin t: after what is fast has settled, y = cos t.
fn drawn_to_a_cosine() -> Field {
    field(&[], 1, &[&[]], |g, t, y, args| {
        let (cos, sin) = (g.cos(t), g.sin(t));
        let (cos, sin) = (g.reshape(cos, &[1]), g.reshape(sin, &[1]));
        let off = g.sub(y, cos);
        let pull = g.mul(args[0], off);
        let slope = g.add(pull, sin);
        g.neg(slope)
    })
}

#[test]
fn a_stiff_equation_takes_implicit_steps() {
    let control = Control { method: Method::Rodas, ..Control::default() };
    let times = [1e-3, 0.5, 2.0, 10.0];
    for k in [1.0, 1e3, 1e6, 1e9] {
        let y = solve(drawn_to_a_cosine(), &[1.0], &times, &[&[k]], control);
        for (y, t) in y.iter().zip(times) {
            assert!((y - t.cos()).abs() < 1e-5, "{k}, {t}: {y} and {}", t.cos());
        }
    }
    // from afar, and with steps that would have to be tiny
    let y = solve(drawn_to_a_cosine(), &[5.0], &times, &[&[1e6]], control);
    assert!((y[3] - 10f64.cos()).abs() < 1e-5, "{y:?}");
    let explicit = Control { method: Method::DormandPrince, ..control };
    assert!(solve(drawn_to_a_cosine(), &[1.0], &times, &[&[1e6]], explicit)[3].is_nan());
}

#[test]
fn implicit_steps_keep_to_the_tolerance() {
    for rtol in [1e-4, 1e-6, 1e-8, 1e-10] {
        let control = Control { method: Method::Rodas, rtol, atol: 1e-14, max_steps: 10_000 };
        let times = [0.1, 0.5, 0.5, 2.0, 10.0];
        let y = solve(decay(), &[3.0], &times, &[&[0.7]], control);
        for (y, t) in y.iter().zip(times) {
            let exact = 3.0 * (-0.7 * t).exp();
            assert!((y - exact).abs() <= 10.0 * rtol * exact, "rtol {rtol}, t {t}: {y} and {exact}");
        }
    }
}

/// Robertson's reactions; args k [3].
fn robertson() -> Field {
    field(&[], 3, &[&[3]], |g, _, y, args| {
        let [a, b, c] = std::array::from_fn(|i| g.slice(y, i, &[1]));
        let [k1, k2, k3] = std::array::from_fn(|i| g.slice(args[0], i, &[1]));
        let (slow, bb, bc) = (g.mul(k1, a), g.mul(b, b), g.mul(b, c));
        let (fast, back) = (g.mul(k2, bb), g.mul(k3, bc));
        let da = g.sub(back, slow);
        let left = g.add(da, fast);
        let db = g.neg(left);
        g.concat(&[da, db, fast], 0)
    })
}

#[test]
fn the_reactions_of_robertson() {
    // Hairer, Wanner, Solving Ordinary Differential Equations II, IV.10
    let reference = [0.7158270687, 0.9185534765e-5, 0.2841637457];
    let control = Control { method: Method::Rodas, rtol: 1e-8, atol: 1e-12, max_steps: 1000 };
    let k = [0.04, 3e7, 1e4];
    let y = solve(robertson(), &[1.0, 0.0, 0.0], &[40.0], &[&k], control);
    for (y, reference) in y.iter().zip(reference) {
        assert!((y / reference - 1.0).abs() < 1e-7, "{y:?} {reference}");
    }
    // The gradient against differences of solves.
    let mut g = Graph::new();
    let (start, theta) = (g.vector(&[1.0, 0.0, 0.0]), g.input(&[3]));
    let (t0, times) = (g.scalar(0.0), g.vector(&[40.0]));
    let y = g.ode(robertson(), start, t0, times, &[theta], control);
    let first = g.slice(y, 0, &[]);
    let gradient = reverse(&mut g, first, &[theta])[0];
    let found = run(&g, &[theta], &[gradient], &[k.to_vec()])[0][0].clone();
    for i in 0..3 {
        let moved = |by: f64| {
            let mut k = k;
            k[i] *= 1.0 + by;
            solve(robertson(), &[1.0, 0.0, 0.0], &[40.0], &[&k], Control { rtol: 1e-10, ..control })[0]
        };
        let difference = (moved(1e-3) - moved(-1e-3)) / (2e-3 * k[i]);
        assert!((found[i] / difference - 1.0).abs() < 1e-4, "k{}: {} and {difference}", i + 1, found[i]);
    }
}

#[test]
fn derivatives_of_implicit_steps() {
    let points = (0..2).map(|k| {
        let x = numbers(5, 3 + k);
        vec![1.0 + 0.5 * x[0], 0.3 * x[1], 1.0 + 0.2 * x[2], 1.5 + 0.2 * x[3], 0.8 + 0.5 * x[4]]
    });
    check(&case("implicit decay", &[&[1], &[], &[2], &[]], points.collect(), |g, x| {
        g.ode(decay(), x[0], x[1], x[2], &[x[3]], TIGHT_STIFF)
    }));
    let points: Vec<Vec<f64>> = (0..2).map(|k| numbers(4 + 2 + 4 + 3, 41 + k)).collect();
    let shapes: &[&[usize]] = &[&[2, 2], &[2], &[2, 2], &[], &[], &[]];
    check(&case("implicit pendulum, groups", shapes, points, |g, x| {
        g.ode(pendulum(&[2]), x[0], x[1], x[2], &[x[3], x[4], x[5]], TIGHT_STIFF)
    }));
}
