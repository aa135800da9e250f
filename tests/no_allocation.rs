//! Running a program allocates nothing: all of its memory is in the workspace.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use vippl::tape::{
    Access, Body, Control, Field, Graph, Mode, Node, Program, Scan, Source, State, forward, reverse,
};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Some of everything: broadcasts, gathers, reductions, linear algebra, a recursion; and their derivatives.
fn everything(g: &mut Graph, x: Node) -> Node {
    let matrix = g.reshape(x, &[4, 4]);
    let transposed = g.transpose(matrix);
    let product = g.matmul(matrix, transposed);
    let identity = g.vector(&[4.0; 4]);
    let identity = g.diagonal_matrix(identity);
    let definite = g.add(product, identity);
    let factor = g.cholesky(definite);
    let (eigenvalues, eigenvectors) = g.eigen_sym(definite);
    let squared = g.lower_square(factor);
    let eigenvalues = g.diagonal_matrix(eigenvalues);
    let turned = g.matmul(eigenvectors, eigenvalues);
    let turned = g.add(turned, squared);
    let solved = g.solve_triangular(factor, matrix, false);
    let solved = g.solve(definite, solved);
    let log_det = g.log_abs_det(definite);
    let batches = g.reshape(solved, &[4, 1, 2, 2]);
    let pair = g.reshape(matrix, &[4, 2, 2]);
    let products = g.matmul(batches, pair);
    let row = g.gather(x, [3, 1, 2].into(), &[3]);
    let column = g.reshape(row, &[3, 1]);
    let square = g.max(row, column);
    let zero = g.scalar(0.0);
    let sign = g.less(square, zero);
    let chosen = g.select(sign, row, column);
    let largest = g.max_axis(chosen, 0);
    let joined = g.concat(&[row, largest, row, largest, row], 0);
    let summed = g.cumsum(joined, 0, false);
    let total = g.logsumexp(summed, 0);
    let scanned = {
        let mut graph = Graph::new();
        let (last, picked) = (graph.input(&[]), graph.input(&[2]));
        let sum = graph.sum_all(picked);
        let bent = graph.sin(last);
        let next = graph.mul(bent, sum);
        let ports = vec![
            (last, Source::State(0), Access::Rows { start: 0, step: 1 }),
            (picked, Source::Arg(0), Access::Table([0, 5, 3, 3, 2, 9].into())),
        ];
        let stores = vec![(next, 0, Access::Rows { start: 1, step: 1 }, Mode::Set)];
        let states = vec![State { shape: vec![4], init: Some(1) }];
        let start = g.slice(x, 0, &[4]);
        g.scan(Scan { steps: 3, reverse: false, body: Body { graph, ports, stores }, states }, &[x, start])
    };
    let solved = {
        let mut graph = Graph::new();
        let (time, state, rate) = (graph.input(&[]), graph.input(&[2]), graph.input(&[2]));
        let sin = graph.sin(state);
        let moved = graph.mul(sin, rate);
        let slope = graph.add(moved, time);
        let field = Field { graph, time, state, args: vec![rate], slope };
        let (start, rate) = (g.slice(x, 2, &[2]), g.slice(x, 4, &[2]));
        let (t0, times) = (g.scalar(0.0), g.slice(x, 6, &[3]));
        g.ode(field, start, t0, times, &[rate], Control::default())
    };
    let mut y = g.add(total, log_det);
    for part in [products, scanned, chosen, turned, solved] {
        let part = g.square(part);
        let part = g.sum_all(part);
        y = g.add(y, part);
    }
    y
}

#[test]
fn running_allocates_nothing() {
    let mut g = Graph::new();
    let (x, v) = (g.input(&[16]), g.input(&[16]));
    let y = everything(&mut g, x);
    let gradient = reverse(&mut g, y, &[x])[0];
    let product = forward(&mut g, &[gradient], &[(x, v)])[0];
    let program = Program::staged(&g, &[x], &[v], &[y, gradient, product]);
    for lanes in [1, 5] {
        let mut ws = program.workspace(lanes);
        let input: Vec<f64> = (0..16 * lanes).map(|i| (i as f64 * 0.7).sin()).collect();
        let before = ALLOCATIONS.get();
        program.run(&mut ws, &[&input]);
        program.run_directions(&mut ws, &[&input]);
        assert_eq!(ALLOCATIONS.get(), before, "{lanes} lanes");
        assert!((0..3).all(|k| program.output(&ws, k).data.iter().all(|x| x.is_finite())));
    }
}
