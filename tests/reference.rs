//! Log densities against tables of 50-digit arithmetic (`tests/tables/make_tables.py`).

use std::collections::BTreeMap;
use std::path::Path;

use vippl::dist::{self, Distribution};
use vippl::tape::{Graph, Node, Program};

/// |error| <= TOLERANCE max(1, |log density|).
const TOLERANCE: f64 = 1e-10;

/// A number, a vector or a matrix: shape and elements.
type Array = (Vec<usize>, Vec<f64>);

struct Row {
    form: usize,
    args: Vec<Array>,
    x: Array,
    log_density: f64,
    text: String,
}

#[test]
fn log_densities_match_the_tables() {
    let mut failures = Vec::new();
    for &d in dist::ALL {
        let rows = table(d);
        let forms: std::collections::BTreeSet<usize> = rows.iter().map(|row| row.form).collect();
        assert_eq!(forms.len(), d.forms().len(), "{}: the table covers every form", d.name());
        failures.extend(check_constants(d, &rows));
        failures.extend(check_programs(d, &rows));
    }
    assert!(failures.is_empty(), "{} rows are off:\n{}", failures.len(), failures.join("\n"));
}

/// Arguments and x as data: the density folds to a constant.
fn check_constants(d: &dyn Distribution, rows: &[Row]) -> Vec<String> {
    rows.iter()
        .filter_map(|row| {
            let mut g = Graph::new();
            let args: Vec<Node> = row.args.iter().map(|a| constant(&mut g, a)).collect();
            let x = constant(&mut g, &row.x);
            let y = d.log_density(&mut g, row.form, &args, x);
            let value = g.value(y).expect("constants fold").iter().copied().next().expect("a number");
            mismatch(d, "constant", row, value)
        })
        .collect()
}

/// Arguments and x as inputs: one program for all rows of the same shapes, a lane each.
fn check_programs(d: &dyn Distribution, rows: &[Row]) -> Vec<String> {
    let mut groups: BTreeMap<(usize, Vec<Vec<usize>>), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let shapes = row.args.iter().chain([&row.x]).map(|(shape, _)| shape.clone()).collect();
        groups.entry((row.form, shapes)).or_default().push(row);
    }
    let mut failures = Vec::new();
    for ((form, shapes), rows) in groups {
        let mut g = Graph::new();
        let inputs: Vec<Node> = shapes.iter().map(|shape| g.input(shape)).collect();
        let (x, args) = inputs.split_last().expect("x");
        let y = d.log_density(&mut g, form, args, *x);
        let program = Program::new(&g, &inputs, &[y]);
        let lanes = rows.len();
        let values: Vec<Vec<f64>> = (0..inputs.len())
            .map(|k| {
                let of = |row: &'_ Row| row.args.get(k).unwrap_or(&row.x).1.clone();
                let columns: Vec<Vec<f64>> = rows.iter().map(|row| of(row)).collect();
                (0..columns[0].len()).flat_map(|i| columns.iter().map(move |c| c[i])).collect()
            })
            .collect();
        let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
        let mut ws = program.workspace(lanes);
        program.run(&mut ws, &values);
        let output = program.output(&ws, 0);
        failures.extend(
            rows.iter().enumerate().filter_map(|(l, row)| mismatch(d, "program", row, output.get(0, l))),
        );
    }
    failures
}

fn mismatch(d: &dyn Distribution, how: &str, row: &Row, value: f64) -> Option<String> {
    let expected = row.log_density;
    let fits = if expected.is_finite() {
        (value - expected).abs() <= TOLERANCE * expected.abs().max(1.0)
    } else {
        value == expected
    };
    let error = (value - expected).abs() / expected.abs().max(1.0);
    (!fits).then(|| format!("{} ({how}) {}: found {value:e}, error {error:.1e}", d.name(), row.text))
}

fn constant(g: &mut Graph, (shape, values): &Array) -> Node {
    let array = ndarray::ArrayD::from_shape_vec(shape.clone(), values.clone()).expect("a full array");
    g.constant(array.into_shared())
}

fn table(d: &dyn Distribution) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/tables/{}.csv", d.name()));
    let mut reader = csv::Reader::from_path(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    reader
        .records()
        .map(|record| {
            let record = record.expect("a row");
            let form: usize = record[0].parse().expect("a form");
            let params = d.forms()[form];
            let n = record.len();
            Row {
                form,
                args: params.iter().enumerate().map(|(k, p)| array(&record[k + 1], p.rank)).collect(),
                x: array(&record[n - 2], d.event_rank()),
                log_density: number(&record[n - 1]),
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
