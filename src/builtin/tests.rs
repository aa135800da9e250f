//! Every function against reference values, its derivatives against finite differences, batches against single calls.

use std::collections::BTreeSet;
use std::fs;

use ndarray::ArcArray;
use serde_json::Value;

use super::{ALL, Arg, Builtin, Call, CallError, PLANNED, ParamKind, find};
use crate::tape::{Graph, Node, Program, Tensor, forward, reverse};
use crate::types::{Dim, ElementType, Shape, Type};

/// Largest |error| / max(1, |value|) of a value.
const VALUE_TOLERANCE: f64 = 1e-12;
/// Largest |difference| / max(1, |derivative|) from central finite differences of step 1e-6 max(1, |x|).
const DERIVATIVE_TOLERANCE: f64 = 1e-6;

struct Row {
    function: &'static dyn Builtin,
    args: Vec<Option<(Tensor, ElementType)>>,
    vary: Vec<usize>,
    expected: Tensor,
    text: String,
}

fn rows() -> Vec<Row> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tables/functions.csv");
    let text = fs::read_to_string(path).expect("the table of reference values");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.expect("a row of the table");
        let field = |i: usize| -> Value { serde_json::from_str(&record[i]).expect("JSON in the table") };
        let array = |value: &Value| value.as_array().expect("a list").clone();
        rows.push(Row {
            function: find(&record[0]).unwrap_or_else(|| panic!("no function {}", &record[0])),
            args: array(&field(1)).iter().map(|v| (!v.is_null()).then(|| (tensor(v), element(v)))).collect(),
            vary: array(&field(2)).iter().map(|v| v.as_u64().expect("a position") as usize).collect(),
            expected: tensor(&field(3)),
            text: format!("{}{}", &record[0], &record[1]),
        });
    }
    rows
}

fn tensor(value: &Value) -> Tensor {
    fn fill(value: &Value, depth: usize, shape: &mut Vec<usize>, flat: &mut Vec<f64>) {
        match value {
            Value::Array(items) => {
                if shape.len() == depth {
                    shape.push(items.len());
                }
                assert_eq!(shape[depth], items.len(), "a ragged array");
                items.iter().for_each(|item| fill(item, depth + 1, shape, flat));
            }
            Value::Bool(b) => flat.push(*b as u8 as f64),
            Value::String(word) => flat.push(word.parse().expect("inf or nan")),
            number => flat.push(number.as_f64().expect("a number")),
        }
    }
    let (mut shape, mut flat) = (Vec::new(), Vec::new());
    fill(value, 0, &mut shape, &mut flat);
    ArcArray::from_shape_vec(shape, flat).expect("a full array")
}

/// Real if any element is written so, else int, bool only if all are.
fn element(value: &Value) -> ElementType {
    match value {
        Value::Array(items) => items.iter().map(element).reduce(wider).unwrap_or(ElementType::Real),
        Value::Bool(_) => ElementType::Bool,
        Value::Number(n) if n.is_i64() => ElementType::Int,
        _ => ElementType::Real,
    }
}

fn wider(a: ElementType, b: ElementType) -> ElementType {
    if a == b {
        a
    } else if [a, b].contains(&ElementType::Real) {
        ElementType::Real
    } else {
        ElementType::Int
    }
}

/// `value` with leading dimensions put before its own, all with the same content.
fn batched(value: &Tensor, batch: &[usize]) -> Tensor {
    let shape = [batch, value.shape()].concat();
    let copies: usize = batch.iter().product();
    let flat: Vec<f64> = (0..copies).flat_map(|_| value.iter().copied()).collect();
    ArcArray::from_shape_vec(shape, flat).expect("a full array")
}

/// The call with its arguments as constants, or as inputs at the positions in `vary`; `batch(i)` are the leading
/// dimensions of argument i.
fn build(
    g: &mut Graph,
    row: &Row,
    vary: &[usize],
    batch: impl Fn(usize) -> Vec<usize>,
) -> (Result<Node, CallError>, Vec<Node>) {
    let rank = batch(0).len();
    let mut inputs = Vec::new();
    let mut args = Vec::new();
    for (i, arg) in row.args.iter().enumerate() {
        args.push(arg.as_ref().map(|(value, element)| {
            let value = batched(value, &batch(i));
            let event = value.ndim() - rank;
            let node = if vary.contains(&i) {
                inputs.push(g.input(value.shape()));
                inputs[inputs.len() - 1]
            } else {
                g.constant(value)
            };
            Arg { node, rank: event, element: *element }
        }));
    }
    (row.function.build(g, &Call { args: &args, batch: rank }), inputs)
}

/// What to run the inputs of `build` at.
fn values(row: &Row, vary: &[usize], batch: impl Fn(usize) -> Vec<usize>) -> Vec<Vec<f64>> {
    vary.iter()
        .map(|&i| {
            let (value, _) = row.args[i].as_ref().expect("a varying argument is given");
            batched(value, &batch(i)).iter().copied().collect()
        })
        .collect()
}

fn run(g: &Graph, inputs: &[Node], outputs: &[Node], at: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let program = Program::new(g, inputs, outputs);
    let mut workspace = program.workspace(1);
    let at: Vec<&[f64]> = at.iter().map(Vec::as_slice).collect();
    program.run(&mut workspace, &at);
    (0..outputs.len()).map(|k| program.output(&workspace, k).data.to_vec()).collect()
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance * b.abs().max(1.0)
}

fn assert_all_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: {found:?} for {expected:?}");
    for (&f, &e) in found.iter().zip(expected) {
        assert!(close(f, e, tolerance), "{what}: {f:e} for {e:e}\nall {found:?}\nfor {expected:?}");
    }
}

fn built(g: &mut Graph, row: &Row, vary: &[usize], batch: impl Fn(usize) -> Vec<usize>) -> (Node, Vec<Node>) {
    let (node, inputs) = build(g, row, vary, batch);
    (node.unwrap_or_else(|error| panic!("{}: {error:?}", row.text)), inputs)
}

#[test]
fn names_are_unique_and_every_function_has_reference_values() {
    let names: BTreeSet<&str> = ALL.iter().map(|f| f.name()).collect();
    assert_eq!(names.len(), ALL.len());
    assert!(PLANNED.iter().all(|name| !names.contains(name)));
    let tabled: BTreeSet<&str> = rows().iter().map(|row| row.function.name()).collect();
    let missing: Vec<&&str> = names.difference(&tabled).collect();
    assert!(missing.is_empty(), "no reference values for {missing:?}");
}

#[test]
fn every_function_has_help() {
    for f in ALL {
        assert!(f.summary().ends_with('.') && !f.example().is_empty(), "{}", f.name());
        assert!(!f.params().is_empty(), "{}", f.name());
        let variadic = f.params().iter().position(|p| p.kind == ParamKind::Variadic);
        assert!(variadic.is_none_or(|i| i + 1 == f.params().len()), "{}", f.name());
    }
}

#[test]
fn constants_fold_to_the_reference_values_with_the_promised_type() {
    for row in rows() {
        let mut g = Graph::new();
        let (node, _) = built(&mut g, &row, &[], |_| vec![]);
        let value = g.value(node).unwrap_or_else(|| panic!("{} is not a constant", row.text)).clone();
        assert_eq!(value.shape(), row.expected.shape(), "{}", row.text);
        let (found, expected) = (value.iter().copied().collect::<Vec<_>>(), row.expected.iter().copied());
        assert_all_close(&found, &expected.collect::<Vec<_>>(), VALUE_TOLERANCE, &row.text);

        let types: Vec<Option<Type>> = row.args.iter().map(|arg| arg.as_ref().map(exact)).collect();
        let typed = row.function.result(&types).unwrap_or_else(|error| panic!("{}: {error:?}", row.text));
        let dims = typed.shape.dims().unwrap_or_else(|| panic!("{} has no rank", row.text));
        assert_eq!(dims.len(), value.ndim(), "{}: {}", row.text, typed.shape);
        for (dim, &n) in dims.iter().zip(value.shape()) {
            assert!(matches!(dim, Dim::Unknown) || *dim == Dim::Known(n), "{}: {}", row.text, typed.shape);
        }
        match typed.element {
            Some(ElementType::Bool) => assert!(found.iter().all(|x| [0.0, 1.0].contains(x)), "{}", row.text),
            Some(ElementType::Int) => assert!(found.iter().all(|x| x.fract() == 0.0), "{}", row.text),
            Some(ElementType::Real) => {}
            other => panic!("{}: {other:?}", row.text),
        }
        if let Some(size) = typed.size {
            assert_eq!(size, Dim::Known(found[0] as usize), "{}", row.text);
        }
    }
}

fn exact((value, element): &(Tensor, ElementType)) -> Type {
    let mut t = Type::array(*element, Shape::known(value.shape()));
    if *element == ElementType::Int && value.ndim() == 0 && value.first().is_some_and(|&x| x >= 0.0) {
        t.size = value.first().map(|&x| Dim::Known(x as usize));
    }
    t
}

#[test]
fn unknown_types_are_believed() {
    for row in rows() {
        let types: Vec<Option<Type>> = row.args.iter().map(|arg| arg.as_ref().map(|_| Type::unknown())).collect();
        let typed = row.function.result(&types).unwrap_or_else(|error| panic!("{}: {error:?}", row.text));
        if let Some(dims) = typed.shape.dims() {
            assert_eq!(dims.len(), row.expected.ndim(), "{}: {}", row.text, typed.shape);
        }
    }
}

#[test]
fn a_batch_gives_what_single_calls_give() {
    for row in rows() {
        let varying: Vec<usize> = row.args.iter().enumerate().filter_map(|(i, a)| a.as_ref().map(|_| i)).collect();
        // All alike, none, and each alone varying with the batch.
        let mut cases: Vec<Vec<usize>> = vec![varying.clone(), vec![]];
        cases.extend(varying.iter().map(|&i| vec![i]));
        for case in cases {
            for copies in [vec![2], vec![3, 2]] {
                let mut g = Graph::new();
                let ones = vec![1; copies.len()];
                let (node, _) = built(&mut g, &row, &[], |i| if case.contains(&i) { copies.clone() } else { ones.clone() });
                let value = g.value(node).expect("a constant");
                let batch = &value.shape()[..copies.len()];
                let what = format!("{} with batch {copies:?} of {case:?}", row.text);
                assert!(batch == copies || batch == ones, "{what}: {:?}", value.shape());
                let expected = batched(&row.expected, batch);
                assert_eq!(value.shape(), expected.shape(), "{what}");
                let found: Vec<f64> = value.iter().copied().collect();
                let expected: Vec<f64> = expected.iter().copied().collect();
                assert_all_close(&found, &expected, VALUE_TOLERANCE, &what);
            }
        }
    }
}

#[test]
fn rows_of_a_batch_do_not_mix() {
    for row in rows() {
        if row.vary.is_empty() {
            continue;
        }
        // The first row of the batch holds the arguments, the second ones 1 % larger; both against calls on their own.
        let single = |scale: f64| {
            let mut g = Graph::new();
            let (node, inputs) = built(&mut g, &row, &row.vary, |_| vec![]);
            let at: Vec<Vec<f64>> =
                values(&row, &row.vary, |_| vec![]).into_iter().map(|v| v.into_iter().map(|x| x * scale).collect()).collect();
            run(&g, &inputs, &[node], &at).remove(0)
        };
        let mut g = Graph::new();
        let (node, inputs) =
            built(&mut g, &row, &row.vary, |i| if row.vary.contains(&i) { vec![2] } else { vec![1] });
        let at: Vec<Vec<f64>> = values(&row, &row.vary, |_| vec![])
            .into_iter()
            .map(|v| v.iter().copied().chain(v.iter().map(|x| x * 1.01)).collect())
            .collect();
        let both = run(&g, &inputs, &[node], &at).remove(0);
        let expected = [single(1.0), single(1.01)].concat();
        assert_all_close(&both, &expected, VALUE_TOLERANCE, &row.text);
    }
}

#[test]
fn derivatives_match_finite_differences() {
    for row in rows() {
        if row.vary.is_empty() {
            continue;
        }
        check_derivatives(&row, |_| vec![]);
        check_derivatives(&row, |_| vec![2]);
        for &alone in &row.vary {
            check_derivatives(&row, |i| vec![if i == alone { 2 } else { 1 }]);
        }
    }
}

/// y = Σ w_i f(args)_i with uneven weights: both modes against central differences in each varying element.
fn check_derivatives(row: &Row, batch: impl Fn(usize) -> Vec<usize>) {
    let mut g = Graph::new();
    let (node, inputs) = built(&mut g, row, &row.vary, &batch);
    let n: usize = g.shape(node).iter().product();
    let weights: Vec<f64> = (0..n).map(|i| 0.3 + ((i * 7 + 3) % 11) as f64 * 0.17).collect();
    let weights = ArcArray::from_shape_vec(g.shape(node).to_vec(), weights).expect("weights");
    let weights = g.constant(weights);
    let weighted = g.mul(node, weights);
    let y = g.sum_all(weighted);
    let at = values(row, &row.vary, &batch);

    let gradient = reverse(&mut g, y, &inputs);
    let analytic = run(&g, &inputs, &gradient, &at);

    let mut with_directions = inputs.clone();
    let mut pairs = Vec::new();
    for &input in &inputs {
        let shape = g.shape(input).to_vec();
        let direction = g.input(&shape);
        pairs.push((input, direction));
        with_directions.push(direction);
    }
    let tangent = forward(&mut g, &[y], &pairs);

    let value = |at: &[Vec<f64>]| run(&g, &inputs, &[y], at)[0][0];
    for (k, point) in at.iter().enumerate() {
        for i in 0..point.len() {
            let step = 1e-6 * point[i].abs().max(1.0);
            let moved = |by: f64| {
                let mut moved = at.clone();
                moved[k][i] += by;
                value(&moved)
            };
            let numeric = (moved(step) - moved(-step)) / (2.0 * step);
            let what = format!("d {} / d argument {} [{i}], batch {:?}", row.text, row.vary[k], batch(k));
            let reversed = analytic[k][i];
            assert!(close(reversed, numeric, DERIVATIVE_TOLERANCE), "{what}: reverse {reversed}, numeric {numeric}");

            let mut directions: Vec<Vec<f64>> = at.iter().map(|v| vec![0.0; v.len()]).collect();
            directions[k][i] = 1.0;
            let pushed = run(&g, &with_directions, &tangent, &[at.clone(), directions].concat())[0][0];
            assert!(close(pushed, reversed, 1e-10), "{what}: forward {pushed}, reverse {reversed}");
        }
    }
}
