//! Recursions against the same computation unrolled, and against finite differences.

use std::sync::Arc;

use super::*;

fn points(n: usize) -> Vec<Vec<f64>> {
    (0..3).map(|k| numbers(n, k + 31)).collect()
}

const WHOLE: Access = Access::Whole;

fn rows(start: isize, step: isize) -> Access {
    Access::Rows { start, step }
}

/// x[t] = a tanh(x[t-1]) + b x[t-2] + e[t], x[0] and x[1] given; arguments: a, b, start [2], e [steps].
fn autoregression(g: &mut Graph, steps: usize, args: &[Node]) -> Node {
    let mut graph = Graph::new();
    let [a, b, last, before, noise] = std::array::from_fn(|_| graph.input(&[]));
    let bent = graph.tanh(last);
    let first = graph.mul(a, bent);
    let second = graph.mul(b, before);
    let sum = graph.add(first, second);
    let next = graph.add(sum, noise);
    let ports = vec![
        (a, Source::Arg(0), WHOLE),
        (b, Source::Arg(1), WHOLE),
        (last, Source::State(0), rows(1, 1)),
        (before, Source::State(0), rows(0, 1)),
        (noise, Source::Arg(3), rows(0, 1)),
    ];
    let body = Body { graph, ports, stores: vec![(next, 0, rows(2, 1), Mode::Set)] };
    let start_shape = g.shape(args[2]).to_vec();
    assert_eq!(start_shape, [2]);
    let zeros = g.full(&[steps], 0.0);
    let start = g.concat(&[args[2], zeros], 0);
    let states = vec![State { shape: vec![steps + 2], init: Some(2) }];
    g.scan(Scan { steps, reverse: false, body, states }, &[args[0], args[1], start, args[3]])
}

fn autoregression_unrolled(g: &mut Graph, steps: usize, args: &[Node]) -> Node {
    let mut x: Vec<Node> = (0..2).map(|k| g.slice(args[2], k, &[1])).collect();
    for t in 0..steps {
        let e = g.slice(args[3], t, &[1]);
        let bent = g.tanh(x[t + 1]);
        let first = g.mul(args[0], bent);
        let second = g.mul(args[1], x[t]);
        let sum = g.add(first, second);
        x.push(g.add(sum, e));
    }
    g.concat(&x, 0)
}

#[test]
fn autoregression_of_order_two() {
    let steps = 6;
    let shapes: &[&[usize]] = &[&[], &[], &[2], &[6]];
    check(&case("AR(2)", shapes, points(10), move |g, x| autoregression(g, steps, x)));
    check(&case("AR(2), unrolled", shapes, points(10), move |g, x| autoregression_unrolled(g, steps, x)));
    let mut g = Graph::new();
    let x: Vec<Node> = shapes.iter().map(|s| g.input(s)).collect();
    let (a, b) = (autoregression(&mut g, steps, &x), autoregression_unrolled(&mut g, steps, &x));
    let out = run(&g, &x, &[a, b], &points(10));
    assert_eq!(out[0], out[1]);
}

#[test]
fn autoregression_of_data_with_some_arguments_constant() {
    check(&case("AR(2) of data", &[&[], &[2]], points(3), |g, x| {
        let (b, noise) = (g.scalar(0.3), g.vector(&[0.1, -0.4, 0.7]));
        autoregression(g, 3, &[x[0], b, x[1], noise])
    }));
    check(&case("AR(2), one coefficient", &[&[]], points(1), |g, x| {
        let (b, start, noise) = (g.scalar(0.3), g.vector(&[1.0, 2.0]), g.vector(&[0.1, -0.4, 0.7]));
        autoregression(g, 3, &[x[0], b, start, noise])
    }));
}

#[test]
fn a_scan_of_constants_folds() {
    let mut g = Graph::new();
    let args = [g.scalar(0.5), g.scalar(0.25), g.vector(&[1.0, 2.0]), g.vector(&[0.0; 4])];
    let y = autoregression(&mut g, 4, &args);
    assert!(g.value(y).is_some());
}

/// h[t] = w + a y[t-1]^2 + b h[t-1], y data: the log density of a GARCH(1, 1) model.
fn garch(g: &mut Graph, y: &[f64], args: &[Node]) -> Node {
    let steps = y.len() - 1;
    let mut graph = Graph::new();
    let [w, a, b, h, seen] = std::array::from_fn(|_| graph.input(&[]));
    let (a_scale, b_scale) = (graph.logistic(a), graph.logistic(b));
    let squared = graph.square(seen);
    let news = graph.mul(a_scale, squared);
    let memory = graph.mul(b_scale, h);
    let level = graph.exp(w);
    let sum = graph.add(level, news);
    let next = graph.add(sum, memory);
    let ports = vec![
        (w, Source::Arg(0), WHOLE),
        (a, Source::Arg(1), WHOLE),
        (b, Source::Arg(2), WHOLE),
        (h, Source::State(0), rows(0, 1)),
        (seen, Source::Arg(4), rows(0, 1)),
    ];
    let body = Body { graph, ports, stores: vec![(next, 0, rows(1, 1), Mode::Set)] };
    let data = g.vector(y);
    let start = g.full(&[steps + 1], 1.0);
    let states = vec![State { shape: vec![steps + 1], init: Some(3) }];
    let h = g.scan(Scan { steps, reverse: false, body, states }, &[args[0], args[1], args[2], start, data]);
    let squared = g.square(data);
    let ratio = g.div(squared, h);
    let log = g.log(h);
    let sum = g.add(ratio, log);
    let total = g.sum_all(sum);
    g.mul_scalar(total, -0.5)
}

#[test]
fn garch_of_data() {
    let y = [0.3, -1.2, 0.8, 2.0, -0.1, 0.4, -0.9];
    check(&case("GARCH", &[&[], &[], &[]], points(3), move |g, x| garch(g, &y, x)));
}

/// z[t] = tanh(A z[t-1] + u[t]) for vectors z; arguments A [3, 3], start [3], u [4, 3].
#[test]
fn states_that_are_vectors() {
    let shapes: &[&[usize]] = &[&[3, 3], &[3], &[4, 3]];
    check(&case("vector state", shapes, points(24), |g, x| {
        let mut graph = Graph::new();
        let (a, z, u) = (graph.input(&[3, 3]), graph.input(&[3, 1]), graph.input(&[3, 1]));
        let moved = graph.matmul(a, z);
        let sum = graph.add(moved, u);
        let next = graph.tanh(sum);
        let ports = vec![
            (a, Source::Arg(0), WHOLE),
            (z, Source::State(0), rows(0, 3)),
            (u, Source::Arg(2), rows(0, 3)),
        ];
        let body = Body { graph, ports, stores: vec![(next, 0, rows(3, 3), Mode::Set)] };
        let zeros = g.full(&[12], 0.0);
        let start = g.concat(&[x[1], zeros], 0);
        let states = vec![State { shape: vec![5, 3], init: Some(1) }];
        g.scan(Scan { steps: 4, reverse: false, body, states }, &[x[0], start, x[2]])
    }));
}

/// The forward algorithm: alpha[t] = logsumexp_i(alpha[t-1][i] + T[i, j]) + e[t][j], run forwards or backwards.
fn hidden_markov(reverse: bool) -> Case {
    case("hidden Markov model", &[&[3, 3], &[3], &[4, 3]], points(24), move |g, x| {
        let mut graph = Graph::new();
        let (transition, alpha, emission) = (graph.input(&[3, 3]), graph.input(&[3]), graph.input(&[3]));
        let from = graph.reshape(alpha, &[3, 1]);
        let pairs = graph.add(from, transition);
        let sums = graph.logsumexp(pairs, 0);
        let next = graph.add(sums, emission);
        let (read, write) = if reverse { (3, 0) } else { (0, 3) };
        let ports = vec![
            (transition, Source::Arg(0), WHOLE),
            (alpha, Source::State(0), rows(read, 3)),
            (emission, Source::Arg(2), rows(0, 3)),
        ];
        let body = Body { graph, ports, stores: vec![(next, 0, rows(write, 3), Mode::Set)] };
        let zeros = g.full(&[12], 0.0);
        let parts = if reverse { [zeros, x[1]] } else { [x[1], zeros] };
        let start = g.concat(&parts, 0);
        let states = vec![State { shape: vec![5, 3], init: Some(1) }];
        let alphas = g.scan(Scan { steps: 4, reverse, body, states }, &[x[0], start, x[2]]);
        let last = g.slice(alphas, if reverse { 0 } else { 12 }, &[3]);
        g.logsumexp(last, 0)
    })
}

#[test]
fn hidden_markov_models() {
    check(&hidden_markov(false));
    check(&hidden_markov(true));
}

/// Two states, of which one feeds the other; lags of three; gathered reads and scattered writes.
#[test]
fn tables_lags_and_several_states() {
    let steps = 5;
    let groups: Arc<[u32]> = [0u32, 1, 1, 2, 0, 2, 2, 1, 0, 0].into();
    // position of step t in the second state: written out of order
    let places: Arc<[u32]> = [4u32, 2, 0, 1, 3].into();
    check(&case("tables", &[&[3], &[3], &[]], points(7), move |g, x| {
        let mut graph = Graph::new();
        let [last, third, scale] = std::array::from_fn(|_| graph.input(&[]));
        let effects = graph.input(&[2]);
        let squared = graph.square(effects);
        let effect = graph.sum_all(squared);
        let product = graph.mul(third, effect);
        let bent = graph.sin(last);
        let next = graph.add(bent, product);
        let scaled = graph.mul(next, scale);
        let other = graph.exp(scaled);
        let ports = vec![
            (last, Source::State(0), rows(2, 1)),
            (third, Source::State(0), rows(0, 1)),
            (scale, Source::Arg(2), WHOLE),
            (effects, Source::Arg(1), Access::Table(groups.clone())),
        ];
        let stores = vec![
            (next, 0, rows(3, 1), Mode::Set),
            (other, 1, Access::Table(places.clone()), Mode::Set),
            (scaled, 2, WHOLE, Mode::Add),
        ];
        let zeros = g.full(&[steps], 0.0);
        let start = g.concat(&[x[0], zeros], 0);
        let states = vec![
            State { shape: vec![steps + 3], init: Some(0) },
            State { shape: vec![steps], init: None },
            State { shape: vec![], init: Some(2) },
        ];
        g.scan(
            Scan { steps, reverse: false, body: Body { graph, ports, stores }, states },
            &[start, x[1], x[2]],
        )
    }));
}

/// A recursion within the body of a recursion.
#[test]
fn nested_recursions() {
    check(&case("nested", &[&[], &[]], points(2), |g, x| {
        let mut graph = Graph::new();
        let (scale, carry) = (graph.input(&[]), graph.input(&[]));
        let inner = {
            let mut inner = Graph::new();
            let (a, z) = (inner.input(&[]), inner.input(&[]));
            let s = inner.sin(z);
            let next = inner.mul(a, s);
            let ports = vec![(a, Source::Arg(0), WHOLE), (z, Source::State(0), rows(0, 1))];
            let body = Body { graph: inner, ports, stores: vec![(next, 0, rows(1, 1), Mode::Set)] };
            let zeros = graph.full(&[2], 0.0);
            let first = graph.reshape(carry, &[1]);
            let start = graph.concat(&[first, zeros], 0);
            let states = vec![State { shape: vec![3], init: Some(1) }];
            graph.scan(Scan { steps: 2, reverse: false, body, states }, &[scale, start])
        };
        let next = graph.sum_all(inner);
        let ports = vec![(scale, Source::Arg(0), WHOLE), (carry, Source::State(0), rows(0, 1))];
        let body = Body { graph, ports, stores: vec![(next, 0, rows(1, 1), Mode::Set)] };
        let zeros = g.full(&[3], 0.0);
        let first = g.reshape(x[1], &[1]);
        let start = g.concat(&[first, zeros], 0);
        let states = vec![State { shape: vec![4], init: Some(1) }];
        g.scan(Scan { steps: 3, reverse: false, body, states }, &[x[0], start])
    }));
}

/// x[t + 1] = a sin(x[t]) + e[t], and what is computed from it: y[T - 1 - t] = x[t]^2 + 1 over a first content, z = sum of
/// a x[t], w at a table += x[t] e[t], and v[t] = exp(y[T - 1 - t]), which reads the second one.
fn carried_and_not(g: &mut Graph, steps: usize, args: &[Node]) -> Node {
    let mut graph = Graph::new();
    let [a, x, noise, y] = std::array::from_fn(|_| graph.input(&[]));
    let wave = graph.sin(x);
    let scaled = graph.mul(a, wave);
    let next = graph.add(scaled, noise);
    let square = graph.square(x);
    let above = graph.add_scalar(square, 1.0);
    let weighted = graph.mul(a, x);
    let product = graph.mul(x, noise);
    let exp = graph.exp(y);
    let last = steps as isize - 1;
    let table: Arc<[u32]> = (0..steps as u32).map(|t| t * 5 % 3).collect();
    let ports = vec![
        (a, Source::Arg(0), WHOLE),
        (x, Source::State(0), rows(0, 1)),
        (noise, Source::Arg(2), rows(0, 1)),
        (y, Source::State(1), rows(last, -1)),
    ];
    let stores = vec![
        (next, 0, rows(1, 1), Mode::Set),
        (above, 1, rows(last, -1), Mode::Set),
        (weighted, 2, WHOLE, Mode::Add),
        (product, 3, Access::Table(table), Mode::Add),
        (exp, 4, rows(1, 1), Mode::Set),
    ];
    let states = vec![
        State { shape: vec![steps + 1], init: Some(1) },
        State { shape: vec![steps + 1], init: Some(3) },
        State { shape: vec![], init: None },
        State { shape: vec![3], init: None },
        State { shape: vec![steps + 2], init: None },
    ];
    let zeros = g.full(&[steps], 0.0);
    let start = g.concat(&[args[1], zeros], 0);
    let content = g.full(&[steps + 1], 7.0);
    let body = Body { graph, ports, stores };
    g.scan(Scan { steps, reverse: false, body, states }, &[args[0], start, args[2], content])
}

#[test]
fn what_no_carried_value_depends_on_is_not_carried() {
    let shapes: &[&[usize]] = &[&[], &[1], &[4]];
    check(&case("carried and not", shapes, points(6), |g, x| carried_and_not(g, 4, x)));

    let mut g = Graph::new();
    let inputs: Vec<Node> = shapes.iter().map(|shape| g.input(shape)).collect();
    let value = carried_and_not(&mut g, 4, &inputs);
    let point = points(6)[0].clone();
    let found = run(&g, &inputs, &[value], std::slice::from_ref(&point))[0][0].clone();
    let (a, noise) = (point[0], &point[2..]);
    let mut x = vec![point[1]];
    for t in 0..4 {
        x.push(a * x[t].sin() + noise[t]);
    }
    let y: Vec<f64> = (0..4).rev().map(|t| x[t] * x[t] + 1.0).collect();
    let z: f64 = x[..4].iter().map(|x| a * x).sum();
    let mut w = [0.0; 3];
    (0..4).for_each(|t| w[t * 5 % 3] += x[t] * noise[t]);
    let mut v = vec![0.0];
    v.extend((0..4).map(|t| y[3 - t].exp()));
    let expected = [x, y, vec![7.0, z], w.to_vec(), v, vec![0.0]].concat();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert_close("carried and not", *found, *expected, 1e-14);
    }

    let text = Program::new(&g, &inputs, &[value]).dump();
    let stores = text.lines().filter(|line| line.contains("State(") && line.contains(" : %"));
    assert_eq!(stores.count(), 1, "{text}");
}

/// The adjoint of a recursion carries one number from step to step, by three products.
#[test]
fn adjoints_carry_no_more_than_they_must() {
    let mut g = Graph::new();
    let x: Vec<Node> = (0..3).map(|_| g.input(&[])).collect();
    let s = garch(&mut g, &numbers(50, 1), &x);
    let d = reverse(&mut g, s, &x);
    let text = Program::new(&g, &x, &d).dump();
    let body = text.split("= scan_reverse").nth(1).expect("an adjoint recursion");
    let body: Vec<&str> = body.lines().skip(1).take_while(|line| line.starts_with("    ")).collect();
    let is_state =
        |line: &&&str| line.trim_start().starts_with("Set") || line.trim_start().starts_with("Add");
    assert_eq!(body.iter().filter(is_state).count(), 1, "{text}");
    assert!(body.len() < 9, "{text}");
}

/// A long constant is read where it is, a step at a time.
#[test]
fn recursions_over_long_data() {
    let steps = 20_000;
    let data = numbers(2 * steps, 3);
    let run_over = |lanes: usize| {
        let mut g = Graph::new();
        let (scale, start) = (g.input(&[]), g.input(&[1]));
        let mut graph = Graph::new();
        let (a, x, pair, first) = (graph.input(&[]), graph.input(&[]), graph.input(&[2]), graph.input(&[1]));
        let sum = graph.sum_all(pair);
        let moved = graph.mul(a, x);
        let level = graph.sum_all(first);
        let total = graph.add(moved, sum);
        let wave = graph.sin(total);
        let next = graph.mul(wave, level);
        let table: Arc<[u32]> = (0..steps as u32).map(|t| t / 2).collect();
        let ports = vec![
            (a, Source::Arg(0), WHOLE),
            (x, Source::State(0), rows(0, 1)),
            (pair, Source::Arg(2), rows(0, 2)),
            (first, Source::Arg(2), Access::Table(table)),
        ];
        let body = Body { graph, ports, stores: vec![(next, 0, rows(1, 1), Mode::Set)] };
        let known = g.vector(&data);
        let zeros = g.full(&[steps], 0.0);
        let from = g.concat(&[start, zeros], 0);
        let states = vec![State { shape: vec![steps + 1], init: Some(1) }];
        let y = g.scan(Scan { steps, reverse: false, body, states }, &[scale, from, known]);
        let points = vec![vec![0.9, 0.3]; lanes];
        run(&g, &[scale, start], &[y], &points)[0][lanes - 1].clone()
    };
    let mut x = 0.3;
    let one = run_over(1);
    for t in 0..steps {
        x = (0.9 * x + (data[2 * t] + data[2 * t + 1])).sin() * data[t / 2];
        assert_close("a long recursion", one[t + 1], x, 1e-12);
    }
    assert_eq!(run_over(3), one);
}

/// Values stored that are ports, or constants, or read from data alone.
#[test]
fn stores_of_ports_and_constants() {
    check(&case("stores of ports", &[&[2]], points(2), |g, x| {
        let mut graph = Graph::new();
        let (a, datum) = (graph.input(&[]), graph.input(&[]));
        let (one, log) = (graph.scalar(1.0), graph.log(datum));
        let ports = vec![(a, Source::Arg(0), rows(0, 1)), (datum, Source::Arg(1), rows(0, 1))];
        let stores = vec![
            (a, 0, rows(1, -1), Mode::Set),
            (one, 1, rows(0, 1), Mode::Set),
            (log, 1, rows(2, 1), Mode::Set),
            (one, 2, WHOLE, Mode::Add),
        ];
        let states = vec![
            State { shape: vec![2], init: None },
            State { shape: vec![4], init: None },
            State { shape: vec![], init: None },
        ];
        let data = g.vector(&[2.0, 3.0]);
        let scan = Scan { steps: 2, reverse: false, body: Body { graph, ports, stores }, states };
        let y = g.scan(scan, &[x[0], data]);
        g.square(y)
    }));
}

#[test]
fn the_program_is_as_long_for_a_thousand_steps() {
    let length = |n: usize| {
        let y = numbers(n, 1);
        let mut g = Graph::new();
        let (x, v): (Vec<Node>, Vec<Node>) = (0..3).map(|_| (g.input(&[]), g.input(&[]))).unzip();
        let s = garch(&mut g, &y, &x);
        let d = reverse(&mut g, s, &x);
        let wrt: Vec<(Node, Node)> = x.iter().copied().zip(v.iter().copied()).collect();
        let h = forward(&mut g, &d, &wrt);
        let program = Program::new(&g, &[x, v].concat(), &[d, h].concat());
        (program.len(), program.dump().lines().count())
    };
    assert_eq!(length(10), length(1000));
    assert!(length(10).0 < 60, "{:?}", length(10));
}

#[test]
fn no_steps() {
    let mut g = Graph::new();
    let x: Vec<Node> = [&[][..], &[], &[2], &[0]].iter().map(|s| g.input(s)).collect();
    let y = autoregression(&mut g, 0, &x);
    let s = g.sum_all(y);
    let d = reverse(&mut g, s, &x[..3]);
    let outputs = [vec![y], d].concat();
    let out = run(&g, &x, &outputs, &[vec![0.5, 0.25, 3.0, 4.0]]);
    assert_eq!(out[0][0], [3.0, 4.0]);
    assert_eq!((out[1][0][0], &out[3][0][..]), (0.0, &[1.0, 1.0][..]));
}
