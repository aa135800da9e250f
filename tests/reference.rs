//! Log densities and distribution functions against tables of 50-digit arithmetic (`tests/tables/make_tables.py`).

use std::collections::BTreeMap;
use std::path::Path;

use vippl::dist::{self, Distribution, Instance, Range};
use vippl::tape::{Graph, Node, Program};

/// |error| <= TOLERANCE max(1, |value|), of logarithms.
const TOLERANCE: f64 = 1e-10;

/// A number, a vector or a matrix: shape and elements.
type Array = (Vec<usize>, Vec<f64>);

/// What a column holds, and how it is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Column {
    Density,
    Cdf,
    Ccdf,
}

struct Row {
    form: usize,
    args: Vec<Array>,
    x: Array,
    /// Log density and, where the table has them, both tails.
    values: Vec<(Column, f64)>,
    text: String,
}

impl Column {
    fn node(self, g: &mut Graph, d: &Instance, x: Node) -> Option<Node> {
        match self {
            Column::Density => Some(d.log_density(g, x)),
            Column::Cdf => d.log_cdf(g, x),
            Column::Ccdf => d.log_ccdf(g, x),
        }
    }
}

#[test]
fn distributions_match_the_tables() {
    let mut failures = Vec::new();
    for &d in dist::ALL {
        let rows = table(d);
        let forms: std::collections::BTreeSet<usize> = rows.iter().map(|row| row.form).collect();
        assert_eq!(forms.len(), d.forms().len(), "{}: the table covers every form", d.name());
        let has_tails = rows.iter().any(|row| row.values.len() > 1);
        assert_eq!(has_tails, d.event_rank() == 0 && !d.improper(), "{}: tails are in the table", d.name());
        failures.extend(check_constants(d, &rows));
        failures.extend(check_programs(d, &rows));
    }
    assert!(failures.is_empty(), "{} values are off:\n{}", failures.len(), failures.join("\n"));
}

/// Arguments and x as data: all values fold to constants.
fn check_constants(d: &'static dyn Distribution, rows: &[Row]) -> Vec<String> {
    let mut failures = Vec::new();
    for row in rows {
        let mut g = Graph::new();
        let args: Vec<Node> = row.args.iter().map(|a| constant(&mut g, a)).collect();
        let x = constant(&mut g, &row.x);
        let here = Instance::Plain { dist: d, form: row.form, args };
        for &(column, expected) in &row.values {
            let y = column.node(&mut g, &here, x).expect("a distribution function");
            let value = g.value(y).expect("constants fold").iter().copied().next().expect("a number");
            failures.extend(mismatch(d, column, "constant", row, value, expected));
        }
    }
    failures
}

/// Arguments and x as inputs: one program for all rows of the same shapes, a lane each.
fn check_programs(d: &'static dyn Distribution, rows: &[Row]) -> Vec<String> {
    // Positions and lengths are constants: a group shares them.
    let fixed = |form: usize, k: usize| d.forms()[form].get(k).is_some_and(|p| p.range == Range::Ordinal);
    // form, shapes, positions and lengths, whether there are tails
    type Key = (usize, Vec<Vec<usize>>, Vec<u64>, usize);
    let mut groups: BTreeMap<Key, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let shapes = row.args.iter().chain([&row.x]).map(|(shape, _)| shape.clone()).collect();
        let known = row.args.iter().enumerate().filter(|(k, _)| fixed(row.form, *k));
        let known = known.flat_map(|(_, (_, values))| values.iter().map(|v| v.to_bits())).collect();
        groups.entry((row.form, shapes, known, row.values.len())).or_default().push(row);
    }
    let mut failures = Vec::new();
    for ((form, shapes, _, n_values), rows) in groups {
        let mut g = Graph::new();
        let varying: Vec<usize> = (0..shapes.len()).filter(|&k| !fixed(form, k)).collect();
        let nodes: Vec<Node> = shapes
            .iter()
            .enumerate()
            .map(
                |(k, shape)| if fixed(form, k) { constant(&mut g, &rows[0].args[k]) } else { g.input(shape) },
            )
            .collect();
        let inputs: Vec<Node> = varying.iter().map(|&k| nodes[k]).collect();
        let (x, args) = nodes.split_last().expect("x");
        let here = Instance::Plain { dist: d, form, args: args.to_vec() };
        let columns = rows[0].values.iter().map(|(column, _)| column.node(&mut g, &here, *x));
        let outputs: Vec<Node> = columns.flatten().collect();
        // A sum over counts asks for a constant number of them.
        let is_sum = d.forms()[form].iter().any(|p| p.range == Range::Count);
        assert!(outputs.len() == n_values || is_sum && outputs.len() == 1, "{}: tails", d.name());
        let program = Program::new(&g, &inputs, &outputs);
        let lanes = rows.len();
        let values: Vec<Vec<f64>> = varying
            .iter()
            .map(|&k| {
                let of = |row: &'_ Row| row.args.get(k).unwrap_or(&row.x).1.clone();
                let columns: Vec<Vec<f64>> = rows.iter().map(|row| of(row)).collect();
                (0..columns[0].len()).flat_map(|i| columns.iter().map(move |c| c[i])).collect()
            })
            .collect();
        let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
        let mut ws = program.workspace(lanes);
        program.run(&mut ws, &values);
        for k in 0..outputs.len() {
            let output = program.output(&ws, k);
            for (lane, row) in rows.iter().enumerate() {
                let (column, expected) = row.values[k];
                failures.extend(mismatch(d, column, "program", row, output.get(0, lane), expected));
            }
        }
    }
    failures
}

fn mismatch(
    d: &dyn Distribution,
    column: Column,
    how: &str,
    row: &Row,
    value: f64,
    expected: f64,
) -> Option<String> {
    let error = (value - expected).abs() / expected.abs().max(1.0);
    let fits = if expected.is_finite() { error <= TOLERANCE } else { value == expected };
    let (name, text) = (d.name(), &row.text);
    (!fits).then(|| format!("{name} {column:?} ({how}) {text}: found {value:e}, error {error:.1e}"))
}

fn constant(g: &mut Graph, (shape, values): &Array) -> Node {
    let array = ndarray::ArrayD::from_shape_vec(shape.clone(), values.clone()).expect("a full array");
    g.constant(array.into_shared())
}

fn table(d: &dyn Distribution) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/tables/{}.csv", d.name()));
    let mut reader = csv::Reader::from_path(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let header = reader.headers().expect("a header").clone();
    let at = |name: &str| header.iter().position(|column| column == name);
    let (x, log_density) = (at("x").expect("a column x"), at("log_density").expect("a column log_density"));
    let columns =
        [(Column::Density, Some(log_density)), (Column::Cdf, at("log_cdf")), (Column::Ccdf, at("log_ccdf"))];
    reader
        .records()
        .map(|record| {
            let record = record.expect("a row");
            let form: usize = record[0].parse().expect("a form");
            let filled = |&(column, at): &(Column, Option<usize>)| {
                at.filter(|&at| !record[at].is_empty()).map(|at| (column, number(&record[at])))
            };
            Row {
                form,
                args: d.forms()[form]
                    .iter()
                    .enumerate()
                    .map(|(k, p)| array(&record[k + 1], p.rank))
                    .collect(),
                x: array(&record[x], d.event_rank()),
                values: columns.iter().filter_map(filled).collect(),
                text: record.iter().collect::<Vec<_>>().join(","),
            }
        })
        .collect()
}

fn array(cell: &str, rank: usize) -> Array {
    let rows: Vec<Vec<f64>> = cell.split(';').map(|row| row.split(' ').map(number).collect()).collect();
    let shape = match rank {
        0 => vec![],
        1 => vec![rows[0].len()],
        _ => vec![rows.len(), rows[0].len()],
    };
    (shape, rows.concat())
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("{text} is a number"))
}
