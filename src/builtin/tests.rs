//! Every function against reference values, its derivatives against finite differences, batches against single calls.

use std::collections::BTreeSet;
use std::fs;

use ndarray::ArcArray;
use serde_json::Value;

use super::{ALL, Arg, Builtin, Call, CallError, PLANNED, ParamKind, find};
use crate::tape::{Graph, Node, Program, Tensor, forward, reverse};
use crate::types::{Dim, ElementType, Shape, Type};

/// Largest |error| / |value|, far tails included; where the value is 0, largest |error|.
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

/// A call without an expected value.
fn call_of(name: &str, args: &str, vary: Vec<usize>) -> Row {
    let args: Vec<Value> = serde_json::from_str(args).expect("JSON");
    Row {
        function: find(name).unwrap_or_else(|| panic!("no function {name}")),
        args: args.iter().map(|v| (!v.is_null()).then(|| (tensor(v), element(v)))).collect(),
        vary,
        expected: tensor(&serde_json::json!([])),
        text: name.into(),
    }
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

/// Within a tolerance, relative beyond 1.
fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * b.abs().max(1.0)
}

fn assert_all_close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: {found:?} for {expected:?}");
    for (&f, &e) in found.iter().zip(expected) {
        let scale = if e == 0.0 { 1.0 } else { e.abs() };
        let same = f == e || (f.is_nan() && e.is_nan()) || (f - e).abs() <= VALUE_TOLERANCE * scale;
        assert!(same, "{what}: {f:e} for {e:e}\nall {found:?}\nfor {expected:?}");
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

/// What has no derivatives: shapes, whole numbers, truths, and orders of data.
const NOT_DIFFERENTIABLE: &[&str] = &[
    "<",
    "<=",
    ">",
    ">=",
    "==",
    "!=",
    "&&",
    "||",
    "!",
    "any",
    "all",
    "isnan",
    "len",
    "nrow",
    "ncol",
    "zeros",
    "ones",
    "eye",
    "one_hot",
    "range",
    "seq",
    "sort",
    "rank",
    "levels",
    "interaction",
    "floor",
    "ceil",
    "round",
    "div",
    "sign",
    "determinant_sign",
];

#[test]
fn every_other_function_has_its_derivatives_checked() {
    let checked: BTreeSet<&str> =
        rows().iter().filter(|row| !row.vary.is_empty()).map(|row| row.function.name()).collect();
    let unchecked: Vec<&str> = ALL
        .iter()
        .map(|f| f.name())
        .filter(|name| !checked.contains(name) && !NOT_DIFFERENTIABLE.contains(name))
        .collect();
    assert!(unchecked.is_empty(), "no derivatives of {unchecked:?}");
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
        assert_all_close(&found, &expected.collect::<Vec<_>>(), &row.text);

        let types: Vec<Option<Type>> = row.args.iter().map(|arg| arg.as_ref().map(exact)).collect();
        let typed = row.function.result(&types).unwrap_or_else(|error| panic!("{}: {error:?}", row.text));
        let dims = typed.shape.dims().unwrap_or_else(|| panic!("{} has no rank", row.text));
        assert_eq!(dims.len(), value.ndim(), "{}: {}", row.text, typed.shape);
        for (dim, &n) in dims.iter().zip(value.shape()) {
            assert!(matches!(dim, Dim::Unknown) || *dim == Dim::Known(n), "{}: {}", row.text, typed.shape);
        }
        match typed.element {
            Some(ElementType::Bool) => assert!(found.iter().all(|x| [0.0, 1.0].contains(x)), "{}", row.text),
            Some(ElementType::Int | ElementType::Category) => {
                assert!(found.iter().all(|x| x.fract() == 0.0), "{}", row.text)
            }
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
        let types: Vec<Option<Type>> =
            row.args.iter().map(|arg| arg.as_ref().map(|_| Type::unknown())).collect();
        let typed = row.function.result(&types).unwrap_or_else(|error| panic!("{}: {error:?}", row.text));
        if let Some(dims) = typed.shape.dims() {
            assert_eq!(dims.len(), row.expected.ndim(), "{}: {}", row.text, typed.shape);
        }
    }
}

#[test]
fn a_batch_gives_what_single_calls_give() {
    for row in rows() {
        let varying: Vec<usize> =
            row.args.iter().enumerate().filter_map(|(i, a)| a.as_ref().map(|_| i)).collect();
        // All alike, none, and each alone varying with the batch.
        let mut cases: Vec<Vec<usize>> = vec![varying.clone(), vec![]];
        cases.extend(varying.iter().map(|&i| vec![i]));
        for case in cases {
            for copies in [vec![2], vec![3, 2]] {
                let mut g = Graph::new();
                let ones = vec![1; copies.len()];
                let (node, _) =
                    built(
                        &mut g,
                        &row,
                        &[],
                        |i| if case.contains(&i) { copies.clone() } else { ones.clone() },
                    );
                let value = g.value(node).expect("a constant");
                let batch = &value.shape()[..copies.len()];
                let what = format!("{} with batch {copies:?} of {case:?}", row.text);
                assert!(batch == copies || batch == ones, "{what}: {:?}", value.shape());
                let expected = batched(&row.expected, batch);
                assert_eq!(value.shape(), expected.shape(), "{what}");
                let found: Vec<f64> = value.iter().copied().collect();
                let expected: Vec<f64> = expected.iter().copied().collect();
                assert_all_close(&found, &expected, &what);
            }
        }
    }
}

#[test]
fn a_loop_without_passes_is_empty() {
    for row in rows() {
        let mut g = Graph::new();
        let (node, _) = build(&mut g, &row, &[], |_| vec![0]);
        // What needs a value from the data may refuse; nothing may panic.
        if let Ok(node) = node {
            let leading = g.shape(node)[0];
            assert!(leading <= 1, "{}: {:?}", row.text, g.shape(node));
            assert_eq!(g.shape(node).len(), row.expected.ndim() + 1, "{}", row.text);
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
            let at: Vec<Vec<f64>> = values(&row, &row.vary, |_| vec![])
                .into_iter()
                .map(|v| v.into_iter().map(|x| x * scale).collect())
                .collect();
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
        assert_all_close(&both, &expected, &row.text);
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

/// y = Σ w_i f(args)_i with uneven weights: gradients of both modes and a Hessian-vector product against central
/// differences.
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

    let curvature = forward(&mut g, &gradient, &pairs);
    let along: Vec<Vec<f64>> =
        at.iter().map(|v| (0..v.len()).map(|i| 0.5 + (i % 3) as f64 * 0.4).collect()).collect();
    let product = run(&g, &with_directions, &curvature, &[at.clone(), along.clone()].concat());
    let gradient_at = |step: f64| {
        let moved = |(v, d): (&Vec<f64>, &Vec<f64>)| v.iter().zip(d).map(|(x, d)| x + step * d).collect();
        run(&g, &inputs, &gradient, &at.iter().zip(&along).map(moved).collect::<Vec<_>>())
    };
    let (above, below) = (gradient_at(1e-6), gradient_at(-1e-6));
    for k in 0..at.len() {
        for i in 0..at[k].len() {
            let numeric = (above[k][i] - below[k][i]) / 2e-6;
            let what = format!("Hessian-vector product of {}, argument {} [{i}]", row.text, row.vary[k]);
            let found = product[k][i];
            assert!(close(found, numeric, DERIVATIVE_TOLERANCE), "{what}: {found}, numeric {numeric}");
        }
    }

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
            assert!(
                close(reversed, numeric, DERIVATIVE_TOLERANCE),
                "{what}: reverse {reversed}, numeric {numeric}"
            );

            let mut directions: Vec<Vec<f64>> = at.iter().map(|v| vec![0.0; v.len()]).collect();
            directions[k][i] = 1.0;
            let pushed = run(&g, &with_directions, &tangent, &[at.clone(), directions].concat())[0][0];
            assert!(close(pushed, reversed, 1e-10), "{what}: forward {pushed}, reverse {reversed}");
        }
    }
}

/// A row of calls that have to fail: the function, its arguments as JSON, and words of the message.
const REFUSED: &[(&str, &str, &str)] = &[
    ("+", "[[1.0, 2.0], [1.0, 2.0, 3.0]]", "cannot add [2] and [3]: lengths 2 and 3 differ"),
    ("-", "[[1.0, 2.0], [1.0]]", "cannot subtract [1] from [2]: lengths 2 and 1 differ"),
    ("*", "[[1.0, 2.0], [[1.0], [2.0]]]", "cannot multiply [2] by [2, 1]: lengths 2 and 1 differ"),
    ("<", "[[1, 2], [1, 2, 3]]", "cannot compare [2] with [3]"),
    ("+", "[1.0]", "needs its argument `b`"),
    ("exp", "[1.0, 2.0]", "takes 1 argument, found 2"),
    ("sum", "[[1.0, 2.0], 2]", "the axis of `sum` is 2, but the value has 1 dimension"),
    ("sum", "[[[1.0, 2.0]], 0]", "the axis of `sum` is 0, but the value has 2 dimensions"),
    ("sum", "[[1.0, 2.0], 1.5]", "must be one whole number, found real"),
    ("max", "[3, [1.0, 2.0]]", "the axis of `max` is 3"),
    ("max", "[1, [1.0, 2.0], 3.0]", "takes an axis with one array only"),
    ("mean", "[[], null]", "needs at least 1 element, found 0"),
    ("min", "[null, []]", "needs at least 1 element, found 0"),
    ("sd", "[[1.0], null]", "needs at least 2 elements, found 1"),
    ("standardize", "[[2.0, 2.0]]", "whose values are all equal"),
    ("zeros", "[-1]", "is -1, which cannot be a length"),
    ("zeros", "[2.0]", "must be one whole number, found real"),
    ("zeros", "[100000, 100000]", "too large"),
    ("eye", "[20000]", "too large"),
    ("range", "[1.0, 2]", "must be one whole number"),
    ("seq", "[0, 1, 0, null]", "in steps of 0"),
    ("seq", "[0, 1, -1, null]", "in steps of -1"),
    ("seq", "[0, 1, 0.5, 3]", "`by` or `length`, not both"),
    ("seq", "[0, 1, 1e-30, null]", "too long"),
    ("rep", "[[1.0, 2.0], [1, 2, 3]]", "one number or one for each element: [3] for [2]"),
    ("rep", "[[1.0, 2.0], -1]", "from 0 on"),
    ("rep", "[[[1.0]], 2]", "must be a vector, found [1, 1]"),
    ("cbind", "[[1.0, 2.0], [1.0, 2.0, 3.0]]", "cannot bind [2] and [3] as columns: lengths 2 and 3 differ"),
    ("concat", "[[1.0, 2.0], [[1.0, 2.0]]]", "cannot put [1, 2] after [2]"),
    ("[]", "[[1.0, 2.0], [1.0]]", "cannot put [2] and [1] as elements of one array: lengths 2 and 1 differ"),
    ("[]", "[[1.0, 2.0], 1.0]", "cannot put [2] and scalar as elements of one array"),
    ("ncol", "[[1.0, 2.0]]", "`ncol` needs a matrix, found [2]"),
    ("softmax", "[1.0]", "found a scalar"),
    ("sort", "[1.0, null]", "needs a vector or a matrix, found a scalar"),
    ("sort", "[[1.0], 2]", "the axis of `sort` is 2, but the value has 1 dimension"),
    ("reverse", "[[1.0], 0]", "the axis of `reverse` is 0"),
    ("softmax", "[[1.0], 2]", "the axis of `softmax` is 2"),
    ("levels", "[[[1, 2]]]", "must be a vector, found [1, 2]"),
    ("segment_sum", "[[1.0, 2.0], [1, 2, 3], null]", "cannot sum [2] by groups [3]"),
    ("segment_sum", "[[1.0, 2.0], [1, 3], 2]", "are 1 to 2, but is 3 in row 2"),
    ("segment_sum", "[[1.0, 2.0], [0, 1], null]", "but is 0 in row 1"),
    ("segment_sum", "[[1.0, 2.0], [1.5, 1.0], null]", "but is 1.5 in row 1"),
    ("one_hot", "[1.5, 2]", "takes whole numbers, found real"),
    ("@", "[[[1.0, 2.0]], [1.0, 2.0, 3.0]]", "cannot multiply [1, 2] @ [3]: inner lengths 2 and 3 differ"),
    ("@", "[2.0, [1.0]]", "`@` multiplies vectors and matrices, found scalar and [1]"),
    ("dot", "[[1.0], [1.0, 2.0]]", "lengths 1 and 2 differ"),
    ("det", "[[[1.0, 2.0]]]", "must be a square matrix, found [1, 2]"),
    ("solve", "[[[1.0]], [1.0, 2.0]]", "cannot solve [1, 1] x = [2]: lengths 1 and 2 differ"),
    ("cholesky", "[[[1.0, 2.0], [2.0, 1.0]]]", "needs a positive definite matrix"),
    ("quad_form", "[[[1.0]], [1.0, 2.0]]", "inner lengths 1 and 2 differ"),
    ("@", "[[[[1.0]], [[2.0]]], [[[1.0]], [[2.0]], [[3.0]]]]", "stacks of 2 and 3 matrices"),
    ("solve", "[[[[1.0]], [[2.0]]], [[[1.0]], [[2.0]], [[3.0]]]]", "stacks of 2 and 3 matrices"),
    ("solve", "[[[1.0]], 2.0]", "must be a vector or a matrix, found scalar"),
    ("inverse", "[[1.0, 2.0]]", "must be a matrix, found [2]"),
    ("cholesky", "[[[[1.0, 2.0]]]]", "must be a square matrix, found [1, 1, 2]"),
    ("diag_matrix", "[2.0]", "the diagonal must be a vector, found scalar"),
    ("eigen_sym", "[[[1.0, 2.0], [0.0, 1.0]]]", "needs a symmetric matrix"),
    ("eigen_sym", "[[[1.0]], 2.0]", "`vectors` of `eigen_sym` is `true`, or left out"),
    ("eigen_sym", "[[[1.0]], false]", "where `vectors = true` is left out"),
    ("diag", "[2]", "needs a vector or a square matrix, found scalar"),
    ("gp_exp_quad", "[[1.0, 2.0], [1.0], 1.0]", "the sd of a kernel must be a scalar, found [1]"),
    ("gp_exp_quad", "[[1.0, 2.0], 1.0, [1.0, 2.0]]", "one for each coordinate"),
];

#[test]
fn calls_that_cannot_be_say_why() {
    for (name, args, words) in REFUSED {
        let row = call_of(name, args, vec![]);
        for batch in [vec![], vec![1], vec![2]] {
            let (built, _) = build(&mut Graph::new(), &row, &[], |_| batch.clone());
            let error = built.expect_err(&format!("{name}{args:?} has to fail"));
            assert!(error.message.contains(words), "{name}{args:?}: {error:?}");
        }
    }
}

#[test]
fn what_must_be_known_from_the_data_cannot_vary() {
    for (name, args) in [
        ("zeros", "[2]"),
        ("segment_sum", "[[2.0, 1.0], [1, 1], null]"),
        ("levels", "[[2.0, 1.0]]"),
        ("rank", "[[2.0, 1.0]]"),
        ("rep", "[1.0, 2]"),
        ("sum", "[[1.0, 2.0], 1]"),
        ("seq", "[1, 3, null, null]"),
        ("range", "[1, 3]"),
        ("eye", "[2]"),
    ] {
        let mut row = call_of(name, args, vec![]);
        row.vary.extend(row.args.iter().rposition(Option::is_some));
        let (built, _) = build(&mut Graph::new(), &row, &row.vary, |_| vec![]);
        let error = built.expect_err(name);
        assert!(error.message.contains("must be known from the data"), "{name}: {error:?}");
    }
}

#[test]
fn lengths_may_not_change_within_a_batch_but_ranges_may_move() {
    let mut g = Graph::new();
    let starts = g.vector(&[1.0, 4.0]);
    let ends = g.vector(&[3.0, 6.0]);
    let arg = |node| Some(Arg { node, rank: 0, element: ElementType::Int });
    let range = find("range").expect("range");
    let moving =
        range.build(&mut g, &Call { args: &[arg(starts), arg(ends)], batch: 1 }).expect("a moving window");
    let value = g.value(moving).expect("a constant");
    assert_eq!(value.shape(), [2, 3]);
    assert_eq!(value.iter().copied().collect::<Vec<_>>(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let one = g.vector(&[1.0]);
    let growing =
        range.build(&mut g, &Call { args: &[arg(one), arg(ends)], batch: 1 }).expect_err("a growing window");
    assert!(growing.message.contains("it is 3 in pass 1 and 6 in pass 2"), "{growing:?}");
    let zeros = find("zeros").expect("zeros");
    let error = zeros.build(&mut g, &Call { args: &[arg(starts)], batch: 1 }).expect_err("changing lengths");
    assert!(error.message.contains("changes from one pass of the loop to the next"), "{error:?}");
}

fn result(name: &str, args: &[Type]) -> Result<Type, CallError> {
    let args: Vec<Option<Type>> = args.iter().cloned().map(Some).collect();
    find(name).unwrap_or_else(|| panic!("no function {name}")).result(&args)
}

#[test]
fn shapes_are_symbolic_before_there_is_data() {
    let named = |name: &str| Dim::Named(name.into());
    let int = |name: &str| Type::int(named(name));
    let known = |n| Type::int(Dim::Known(n));
    let array = |dims: &[&str]| Type::real(Shape(Some(dims.iter().map(|d| named(d)).collect())));
    let shape = |name: &str, args: &[Type]| result(name, args).map(|t| t.shape.to_string());
    let ok = |s: &str| Ok(s.to_string());

    let less_one = result("-", &[int("K"), known(1)]).expect("K - 1");
    assert_eq!(less_one.size, Some(named("K - 1")));
    assert_eq!(shape("zeros", std::slice::from_ref(&less_one)), ok("[K - 1]"));
    assert_eq!(shape("zeros", &[int("N"), int("K")]), ok("[N, K]"));
    assert_eq!(shape("range", &[known(1), int("N")]), ok("[N]"));
    assert_eq!(shape("range", &[known(2), int("N")]), ok("[N - 1]"));
    assert_eq!(shape("+", &[array(&["N"]), known(1)]), ok("[N]"));
    assert_eq!(shape("+", &[array(&["N", "K"]), array(&["K"])]), ok("[N, K]"));
    assert_eq!(shape("@", &[array(&["N", "K"]), array(&["K"])]), ok("[N]"));
    assert_eq!(shape("@", &[array(&["K"]), array(&["K", "M"])]), ok("[M]"));
    assert_eq!(shape("@", &[array(&["K"]), array(&["K"])]), ok("scalar"));
    assert_eq!(shape("@", &[array(&["N", "K"]), Type::unknown()]), ok("?"));
    assert_eq!(shape("cbind", &[known(1), array(&["N"]), array(&["N", "K"])]), ok("[N, K + 2]"));
    assert_eq!(shape("concat", &[array(&["N"]), known(1)]), ok("[N + 1]"));
    assert_eq!(shape("sum", &[array(&["N", "K"]), known(2)]), ok("[N]"));
    assert_eq!(shape("transpose", &[array(&["N", "K"])]), ok("[K, N]"));
    assert_eq!(shape("gp_exp_quad", &[array(&["N"]), known(1), known(1)]), ok("[N, N]"));
    assert_eq!(shape("rep", &[array(&["N"]), known(2)]), ok("[2 * N]"));
    assert_eq!(result("ncol", &[array(&["N", "K"])]), Ok(int("K")));
    assert_eq!(result("len", &[array(&["N", "K"])]), Ok(int("N")));
}

#[test]
fn elements_combine_and_categories_are_not_numbers() {
    let of = |element| Type::array(element, Shape::scalar());
    let [int, real, boolean, category] =
        [ElementType::Int, ElementType::Real, ElementType::Bool, ElementType::Category].map(of);
    let element = |name: &str, args: &[&Type]| {
        let args: Vec<Type> = args.iter().map(|&t| t.clone()).collect();
        result(name, &args).map(|t| t.element)
    };
    assert_eq!(element("+", &[&int, &boolean]), Ok(Some(ElementType::Int)));
    assert_eq!(element("+", &[&boolean, &boolean]), Ok(Some(ElementType::Int)));
    assert_eq!(element("*", &[&int, &real]), Ok(Some(ElementType::Real)));
    assert_eq!(element("/", &[&int, &int]), Ok(Some(ElementType::Real)));
    assert_eq!(element("^", &[&int, &Type::int(Dim::Known(2))]), Ok(Some(ElementType::Int)));
    assert_eq!(element("^", &[&int, &int]), Ok(Some(ElementType::Real)));
    assert_eq!(element("^", &[&real, &Type::int(Dim::Known(2))]), Ok(Some(ElementType::Real)));
    assert_eq!(element("<", &[&int, &real]), Ok(Some(ElementType::Bool)));
    assert_eq!(element("==", &[&category, &category]), Ok(Some(ElementType::Bool)));
    assert_eq!(element("+", &[&int, &Type::unknown()]), Ok(None));
    assert_eq!(element("+", &[&real, &Type::unknown()]), Ok(Some(ElementType::Real)));
    let error = element("+", &[&int, &category]).expect_err("a category in a sum");
    assert_eq!((error.argument, error.message.contains("use it as an index")), (Some(1), true));
    for (name, args) in
        [("exp", vec![&category]), ("<", vec![&category, &category]), ("==", vec![&category, &int])]
    {
        assert!(element(name, &args).is_err(), "{name}");
    }
}

#[test]
fn categories_of_the_same_levels_compare() {
    let mut g = Graph::new();
    let codes = g.vector(&[1.0, 2.0, 3.0]);
    let code = g.scalar(2.0);
    let args = [(codes, 1), (code, 0)];
    let args = args.map(|(node, rank)| Some(Arg { node, rank, element: ElementType::Category }));
    let equal = find("==").expect("==").build(&mut g, &Call { args: &args, batch: 0 }).expect("equal levels");
    assert_eq!(g.value(equal).map(|v| v.iter().copied().collect::<Vec<_>>()), Some(vec![0.0, 1.0, 0.0]));
}

#[test]
fn zero_spread_and_zero_distance_have_finite_derivatives() {
    for (name, args) in [
        ("sd", "[[2.0, 2.0, 2.0], null]"),
        ("norm", "[[0.0, 0.0], null]"),
        ("gp_matern32", "[[[1.0, 2.0], [1.0, 2.0], [3.0, 1.0]], 1.0, 1.0]"),
        ("gp_matern52", "[[1.0, 1.0, 3.0], 1.0, 1.0]"),
        ("gp_periodic", "[[[1.0, 2.0], [1.0, 2.0], [3.0, 1.0]], 1.0, 1.0, 2.0]"),
    ] {
        let row = call_of(name, args, vec![0]);
        let mut g = Graph::new();
        let (node, inputs) = built(&mut g, &row, &row.vary, |_| vec![]);
        let y = g.sum_all(node);
        let gradient = reverse(&mut g, y, &inputs);
        let shape = g.shape(inputs[0]).to_vec();
        let direction = g.input(&shape);
        let hessian_product = forward(&mut g, &gradient, &[(inputs[0], direction)]);
        let at = values(&row, &row.vary, |_| vec![]).remove(0);
        let ones = vec![1.0; at.len()];
        let outputs = [gradient, hessian_product].concat();
        for found in run(&g, &[inputs[0], direction], &outputs, &[at, ones]) {
            assert!(found.iter().all(|x| x.is_finite()), "{name}: {found:?}");
        }
    }
}

#[test]
fn a_product_in_a_loop_is_one_matrix_product() {
    let mut g = Graph::new();
    let rows = 1000;
    let x = g.full(&[rows, 3], 1.5);
    let beta = g.input(&[1, 3]);
    let args = [
        Some(Arg { node: x, rank: 1, element: ElementType::Real }),
        Some(Arg { node: beta, rank: 1, element: ElementType::Real }),
    ];
    let y = find("dot").expect("dot").build(&mut g, &Call { args: &args, batch: 1 }).expect("a product");
    assert_eq!(g.shape(y), [rows]);
    let program = Program::new(&g, &[beta], &[y]);
    assert_eq!(program.dump().matches("matmul").count(), 1, "{}", program.dump());
    assert!(program.len() <= 3, "{}", program.dump());
}

#[test]
fn determinants_keep_their_signs_by_lane() {
    let mut g = Graph::new();
    let a = g.input(&[4, 4]);
    let args = [Some(Arg { node: a, rank: 2, element: ElementType::Real })];
    let det =
        find("det").expect("det").build(&mut g, &Call { args: &args, batch: 0 }).expect("a determinant");
    let program = Program::new(&g, &[a], &[det]);
    let mut workspace = program.workspace(3);
    // Lane by lane: 2 I; 2 I with two rows exchanged; a singular matrix.
    let mut lanes = vec![0.0; 48];
    for i in 0..4 {
        lanes[(i * 4 + i) * 3] = 2.0;
        lanes[(i * 4 + [1, 0, 2, 3][i]) * 3 + 1] = 2.0;
        lanes[(i * 4 + i) * 3 + 2] = if i == 3 { 0.0 } else { 2.0 };
    }
    program.run(&mut workspace, &[&lanes]);
    let found = program.output(&workspace, 0);
    let found: Vec<f64> = (0..3).map(|lane| found.get(0, lane)).collect();
    assert_all_close(&found, &[16.0, -16.0, 0.0], "det");
}
