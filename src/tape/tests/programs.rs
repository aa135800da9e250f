//! Folding, sharing, liveness, stages and the printed form.

use super::*;

#[test]
fn constants_fold_and_equal_nodes_are_one() {
    let mut g = Graph::new();
    let (a, b) = (g.scalar(2.0), g.vector(&[1.0, 2.0]));
    let c = g.mul(a, b);
    assert_eq!(g.value(c).map(|v| v.iter().copied().collect::<Vec<_>>()), Some(vec![2.0, 4.0]));
    let x = g.input(&[2]);
    let (p, q) = (g.exp(x), g.exp(x));
    assert_eq!(p, q);
    assert_eq!(g.scalar(2.0), a);
    assert_ne!(g.scalar(-0.0), g.scalar(0.0));
    let (m, n) = (g.polygamma(1, x), g.polygamma(2, x));
    assert_ne!(m, n);
    let one = g.scalar(1.0);
    assert_eq!(g.mul(x, one), x);
    let zero = g.scalar(0.0);
    assert_eq!(g.add(zero, x), x);
    let scalar = g.input(&[]);
    let ones = g.full(&[1], 1.0);
    let product = g.mul(scalar, ones);
    assert_eq!(g.shape(product), [1]);
}

#[test]
fn the_order_of_summands_and_factors_does_not_matter() {
    let mut g = Graph::new();
    let (x, y) = (g.input(&[2]), g.input(&[]));
    assert_eq!(g.add(x, y), g.add(y, x));
    assert_eq!(g.mul(x, y), g.mul(y, x));
    assert_ne!(g.sub(x, y), g.sub(y, x));
}

#[test]
fn programs_go_to_other_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Program>();
    shared::<Graph>();
    shared::<Workspace>();
}

#[test]
fn buffers_are_reused() {
    let mut g = Graph::new();
    let x = g.input(&[1000]);
    let mut y = x;
    for _ in 0..100 {
        y = g.exp(y);
        y = g.neg(y);
    }
    let program = Program::new(&g, &[x], &[y]);
    // one pass over blocks
    assert_eq!(program.len(), 1);
    assert_eq!(program.arena_size(), 2000);
    let bytes = program.lowered(1).bytes();
    assert!(bytes < 8 * 4000, "{bytes}");
    assert_eq!(program.constant_bytes(), 0);
}

#[test]
fn dead_code_and_views_cost_nothing() {
    let mut g = Graph::new();
    let x = g.input(&[6]);
    let _dead = g.exp(x);
    let view = g.reshape(x, &[2, 3]);
    let view = g.slice(view, 3, &[3]);
    let y = g.neg(view);
    let program = Program::new(&g, &[x], &[y, view, x]);
    assert_eq!(program.len(), 1);
    assert_eq!(program.dump(), "%0 = input 0 : 6 numbers\n%4 = neg %0[3..6] : [3]\nreturn %4 %0[3..6] %0\n");
    let out = run(&g, &[x], &[y, view, x], &[vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]);
    assert_eq!((&out[0][0][..], &out[1][0][..]), (&[-4.0, -5.0, -6.0][..], &[4.0, 5.0, 6.0][..]));
}

#[test]
fn constant_outputs() {
    let mut g = Graph::new();
    let x = g.input(&[]);
    let c = g.vector(&[1.0, 2.0]);
    let program = Program::new(&g, &[x], &[c]);
    let mut ws = program.workspace(2);
    program.run(&mut ws, &[&[0.0, 0.0]]);
    let mut out = [0.0; 4];
    let output = program.output(&ws, 0);
    output.copy_to(&mut out, 2);
    assert_eq!((output.lanes, out), (1, [1.0, 1.0, 2.0, 2.0]));
}

#[test]
fn the_second_stage_runs_alone() {
    let n = 20;
    let mut g = Graph::new();
    let (x, v) = (g.input(&[n]), g.input(&[n]));
    let mut y = x;
    for _ in 0..5 {
        let s = g.sin(y);
        y = g.mul(s, x);
    }
    let s = g.sum_all(y);
    let d = reverse(&mut g, s, &[x])[0];
    let h = forward(&mut g, &[d], &[(x, v)])[0];
    let staged = Program::staged(&g, &[x], &[v], &[s, d, h]);
    let whole = Program::new(&g, &[x, v], &[s, d, h]);
    let mut ws = staged.workspace(1);
    let at = numbers(n, 1);
    staged.run(&mut ws, &[&at]);
    for seed in 2..5 {
        let direction = numbers(n, seed);
        staged.run_directions(&mut ws, &[&direction]);
        let mut ws_whole = whole.workspace(1);
        whole.run(&mut ws_whole, &[&at, &direction]);
        for k in 0..3 {
            assert_eq!(staged.output(&ws, k).data, whole.output(&ws_whole, k).data, "output {k}");
        }
    }
    assert!(staged.dump().contains("-- for each direction"));
}

#[test]
fn an_operation_of_many_arguments() {
    for n in [3, 5, 33, 1025] {
        let mut g = Graph::new();
        let parts: Vec<Node> = (0..n).map(|_| g.input(&[1])).collect();
        let y = g.concat(&parts, 0);
        let out = run(&g, &parts, &[y], &[numbers(n, 1), numbers(n, 2)]);
        assert_eq!(out[0], [numbers(n, 1), numbers(n, 2)]);
    }
}

#[test]
#[should_panic(expected = "not among the inputs")]
fn an_input_left_out_is_noticed() {
    let mut g = Graph::new();
    let (x, y) = (g.input(&[]), g.input(&[]));
    let z = g.add(x, y);
    Program::new(&g, &[x], &[z]);
}

#[test]
fn what_is_kept_gives_the_same_and_what_is_not_is_gone() {
    let mut g = Graph::new();
    let x = g.input(&[2]);
    let known = g.vector(&[1.0, 2.0]);
    let gone = g.exp(known);
    let y = g.mul(x, known);
    let unused = g.add(y, gone);
    g.keep_only(&[y]);
    assert!(g.value(known).is_some() && g.value(gone).is_none());
    let program = Program::new(&g, &[x], &[y]);
    let mut ws = program.workspace(1);
    program.run(&mut ws, &[&[3.0, 4.0]]);
    assert_eq!(program.output(&ws, 0).data, [3.0, 8.0]);
    // Made anew where it is needed again.
    let again = g.exp(known);
    let sum = g.add(y, again);
    assert!(again != gone && sum != unused && g.value(again).is_some());
}

#[test]
fn lanes_of_many_points_and_memory_of_another_program() {
    let mut g = Graph::new();
    let (x, y) = (g.input(&[2]), g.input(&[]));
    let (dx, dy) = (g.input(&[2]), g.input(&[]));
    let product = g.mul(x, y);
    let derivative = forward(&mut g, &[product], &[(x, dx), (y, dy)])[0];
    let program = Program::staged(&g, &[x, y], &[dx, dy], &[product, derivative]);
    let other = Program::new(&g, &[x], &[x]);
    let lanes = 5;
    let at: Vec<f64> = (0..3 * lanes).map(|i| i as f64).collect();
    for (first, own) in [(0, 5), (1, 3), (4, 1)] {
        let mut memory = other.workspace(7);
        memory.memory.fill(f64::NAN);
        let lowered = program.lowered(own);
        let bytes = lowered.bytes();
        let mut ws = lowered.workspace(Some(memory));
        assert!(ws.lanes() == own && ws.bytes() >= bytes);
        program.run_at(&mut ws, &[Columns::new(&at, lanes, first)]);
        for coordinate in 0..3 {
            program.run_along_coordinate(&mut ws, coordinate);
            let mut along = vec![0.0; 3 * own];
            along[coordinate * own..(coordinate + 1) * own].fill(1.0);
            let by_coordinate = program.output(&ws, 1).data.to_vec();
            program.run_directions(&mut ws, &[&along[..2 * own], &along[2 * own..]]);
            assert_eq!(program.output(&ws, 1).data, by_coordinate);
        }
        let mut in_parts = program.workspace(own);
        let parts = [&at[..2 * lanes], &at[2 * lanes..]].map(|part| Columns::new(part, lanes, first));
        program.run_at(&mut in_parts, &parts);
        assert_eq!(program.output(&in_parts, 0).data, program.output(&ws, 0).data);
        let mut out = vec![-1.0; 2 * lanes];
        program.output(&ws, 0).copy_to_columns(own, &mut out, lanes, first);
        for (i, out) in out.iter().enumerate() {
            let is_own = (first..first + own).contains(&(i % lanes));
            let expected = if is_own { at[i] * at[2 * lanes + i % lanes] } else { -1.0 };
            assert_eq!(*out, expected, "{i} of {first}, {own}");
        }
    }
}

/// Arrays of no elements go through all ways of running.
#[test]
fn arrays_without_elements() {
    for lanes in [1, 3, 64] {
        let mut g = Graph::new();
        let (none, some, wide, tall) = (g.input(&[0]), g.input(&[3]), g.input(&[0, 2]), g.input(&[2, 0]));
        let joined = g.concat(&[none, some, none], 0);
        let total = g.sum_all(none);
        let squares = g.square(none);
        let columns = g.sum(wide, &[0]);
        let product = g.matmul(tall, wide);
        let picked = g.gather(some, [].into(), &[0]);
        let added = g.scatter_add(none, [].into(), &[3]);
        let shifted = g.add(picked, squares);
        let running = g.cumsum(none, 0, false);
        let outputs = [joined, total, squares, columns, product, shifted, added, running];
        let point = vec![5.0, 6.0, 7.0];
        let found = run(&g, &[none, some, wide, tall], &outputs, &vec![point; lanes]);
        let expected: [&[f64]; 8] =
            [&[5.0, 6.0, 7.0], &[0.0], &[], &[0.0; 2], &[0.0; 4], &[], &[0.0; 3], &[]];
        for (k, expected) in expected.iter().enumerate() {
            for lane in &found[k] {
                assert_eq!(lane, expected, "output {k}");
            }
        }
    }
}
