//! Functions of numbers against high-precision references, and that vectors and single numbers have the same bytes.

use std::collections::BTreeMap;

use super::{Graph, Node, Program};

/// From tests/tables/make_elementary.py: function, x, and the value as a sum of two doubles.
const TABLE: &str = include_str!("../../../tests/tables/elementary.csv");

type Function = fn(&mut Graph, Node) -> Node;

/// The functions of the table, and the largest error in units in the last place.
const FUNCTIONS: &[(&str, Function, f64)] = &[
    ("exp", Graph::exp, 1.0),
    ("expm1", Graph::expm1, 2.0),
    ("log", Graph::log, 1.0),
    ("log1p", Graph::log1p, 1.0),
    ("logistic", Graph::logistic, 2.0),
    ("log1p_exp", Graph::log1p_exp, 1.5),
    ("log1m_exp", Graph::log1m_exp, 2.0),
    ("tanh", Graph::tanh, 2.0),
    ("sinh", Graph::sinh, 2.0),
    ("cosh", Graph::cosh, 1.5),
    ("lgamma", Graph::lgamma, 2.0),
    ("digamma", Graph::digamma, 2.0),
    ("trigamma", Graph::trigamma, 3.0),
    ("erf", Graph::erf, 2.0),
    ("erfc", Graph::erfc, 2.0),
    ("normal_cdf", Graph::normal_cdf, 2.0),
    ("normal_log_cdf", Graph::normal_log_cdf, 2.0),
    ("normal_hazard", Graph::normal_hazard, 2.5),
    ("sin", Graph::sin, 1.0),
    ("cos", Graph::cos, 1.0),
    ("tan", Graph::tan, 2.0),
];

struct Row {
    x: f64,
    high: f64,
    low: f64,
}

fn table() -> BTreeMap<&'static str, Vec<Row>> {
    let mut table: BTreeMap<&str, Vec<Row>> = BTreeMap::new();
    for line in TABLE.lines().skip(1) {
        let [name, x, high, low] = line.split(',').collect::<Vec<_>>().try_into().expect("four columns");
        let [x, high, low] = [x, high, low].map(|field| field.parse().expect("a number"));
        table.entry(name).or_default().push(Row { x, high, low });
    }
    table
}

/// f of every number, in one instruction over all of them.
fn evaluate(f: Function, x: &[f64]) -> Vec<f64> {
    let mut g = Graph::new();
    let input = g.input(&[x.len()]);
    let y = f(&mut g, input);
    let program = Program::new(&g, &[input], &[y]);
    let mut ws = program.workspace(1);
    program.run(&mut ws, &[x]);
    program.output(&ws, 0).data.to_vec()
}

/// The distance to the next double.
fn ulp(x: f64) -> f64 {
    let size = x.abs().max(f64::MIN_POSITIVE);
    size - size.next_down()
}

#[test]
fn functions_are_accurate() {
    let table = table();
    assert!(table.keys().all(|name| FUNCTIONS.iter().any(|(f, _, _)| f == name)));
    for (name, f, limit) in FUNCTIONS {
        let rows = &table[name];
        let x: Vec<f64> = rows.iter().map(|row| row.x).collect();
        for (row, y) in rows.iter().zip(evaluate(*f, &x)) {
            let Row { x, high, low } = row;
            if high.is_nan() {
                assert!(y.is_nan(), "{name}({x:e}) is {y:e}, not NaN");
            } else if high.is_infinite() || *high == 0.0 && *low == 0.0 {
                assert_eq!(y.to_bits(), high.to_bits(), "{name}({x:e}) is {y:e}, not {high:e}");
            } else {
                let error = ((y - high) - low).abs() / ulp(*high);
                assert!(error <= *limit, "{name}({x:e}) is {y:e}, not {high:e}: {error} ulp");
            }
        }
    }
}

#[test]
fn a_number_has_the_same_bytes_in_a_vector_and_alone() {
    for (name, rows) in table() {
        let (_, f, _) = FUNCTIONS.iter().find(|(f, _, _)| *f == name).expect("a function");
        let x: Vec<f64> = rows.iter().map(|row| row.x).filter(|x| !x.is_nan()).collect();
        let together = evaluate(*f, &x);
        for (x, y) in x.iter().zip(&together) {
            let alone = evaluate(*f, &[*x])[0];
            assert!(alone.to_bits() == y.to_bits() || alone.is_nan() && y.is_nan(), "{name}({x:e})");
        }
        // any number of them, so that the last vector overlaps the one before by any number
        for n in 1..34 {
            let part = evaluate(*f, &x[..n]);
            for (k, (y, expected)) in part.iter().zip(&together).enumerate() {
                assert!(
                    y.to_bits() == expected.to_bits() || y.is_nan() && expected.is_nan(),
                    "{name} of {n}: {k}"
                );
            }
        }
    }
}

/// y = reduce(x) of `[outer][n][inner]` numbers over the middle axis, in `lanes` copies.
fn reduce(f: fn(&mut Graph, Node) -> Node, shape: [usize; 3], lanes: usize, x: &[f64]) -> Vec<f64> {
    let mut g = Graph::new();
    let input = g.input(&shape);
    let y = f(&mut g, input);
    let program = Program::new(&g, &[input], &[y]);
    let mut ws = program.workspace(lanes);
    let spread: Vec<f64> = x.iter().flat_map(|&x| std::iter::repeat_n(x, lanes)).collect();
    program.run(&mut ws, &[&spread]);
    program.output(&ws, 0).data.to_vec()
}

#[test]
fn reductions_have_the_same_bytes_for_any_lanes_and_shape() {
    let reductions: [fn(&mut Graph, Node) -> Node; 2] = [|g, x| g.sum(x, &[1]), |g, x| g.logsumexp(x, 1)];
    for f in reductions {
        for n in [2, 3, 8, 13, 700, 2100] {
            let column: Vec<f64> = (0..n).map(|i| ((i * i) as f64 * 0.7).sin() * 30.0).collect();
            let expected = reduce(f, [1, n, 1], 1, &column)[0];
            for (outer, inner, lanes) in
                [(1, 1, 4), (1, 3, 1), (3, 1, 1), (40, 1, 1), (2, 5, 7), (1, 1, 16), (3, 1, 600), (1, 40, 1)]
            {
                let x: Vec<f64> = (0..outer)
                    .flat_map(|_| column.iter().flat_map(|&x| std::iter::repeat_n(x, inner)))
                    .collect();
                let found = reduce(f, [outer, n, inner], lanes, &x);
                assert_eq!(found.len(), outer * inner * lanes);
                for y in found {
                    assert_eq!(y.to_bits(), expected.to_bits(), "{n} rows, {outer} {inner} {lanes}");
                }
            }
        }
    }
}

#[test]
fn logsumexp_of_rows_with_infinities() {
    let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
    let rows = [[low, low], [low, 0.0], [high, 0.0], [high, high], [f64::NAN, 0.0], [-800.0, -800.0]];
    let expected = [low, 0.0, high, high, f64::NAN, -800.0 + std::f64::consts::LN_2];
    for lanes in [1, 8] {
        let found = reduce(|g, x| g.logsumexp(x, 1), [6, 2, 1], lanes, rows.as_flattened());
        for (row, expected) in found.chunks(lanes).zip(expected) {
            assert!(
                row.iter().all(|y| *y == expected || y.is_nan() && expected.is_nan()),
                "{row:?}: {expected}"
            );
        }
    }
}
