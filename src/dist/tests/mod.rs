//! Every distribution and wrapper: derivatives, broadcasting, distribution functions, samplers.

mod continuous_moments;
mod counts;
mod derivatives;
mod distribution_functions;
mod large_matrices;
mod location_scale;
mod matrices;
mod refusals;
mod samplers;
mod truncated_moments;
mod wrappers;
mod zeros_and_limits;

use crate::tape::{Graph, Node, Program, Tensor};

use super::*;

/// A distribution at one point.
struct Case {
    dist: &'static dyn Distribution,
    form: usize,
    args: Vec<Tensor>,
    x: Tensor,
}

impl Case {
    fn describe(&self) -> String {
        let args: Vec<String> = self.args.iter().map(|a| format!("{:?}", a.as_slice().unwrap())).collect();
        format!(
            "{} form {} ({}) at {:?}",
            self.dist.name(),
            self.form,
            args.join(", "),
            self.x.as_slice().unwrap()
        )
    }

    /// Which of the arguments, and of x (last), have derivatives: not counts.
    fn varying(&self) -> Vec<bool> {
        let continuous = |p: &Param| !matches!(p.range, Range::Count | Range::Ordinal | Range::Integer);
        let args = self.dist.forms()[self.form].iter().map(continuous);
        args.chain([self.dist.element() == ElementType::Real]).collect()
    }

    fn values(&self) -> Vec<Tensor> {
        self.args.iter().chain([&self.x]).cloned().collect()
    }
}

fn number(x: f64) -> Tensor {
    ndarray::ArrayD::from_elem(vec![], x).into_shared()
}

fn vector(x: &[f64]) -> Tensor {
    ndarray::ArrayD::from_shape_vec(vec![x.len()], x.to_vec()).unwrap().into_shared()
}

fn matrix(rows: &[&[f64]]) -> Tensor {
    ndarray::ArrayD::from_shape_vec(vec![rows.len(), rows[0].len()], rows.concat()).unwrap().into_shared()
}

/// One draw's argument from its row-major values: a matrix is square.
fn argument(rank: usize, values: &[f64]) -> Tensor {
    let n = if rank == 2 { values.len().isqrt() } else { values.len() };
    ndarray::ArrayD::from_shape_vec(vec![n; rank], values.to_vec()).unwrap().into_shared()
}

/// The trials of every distribution, point by point.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for &dist in ALL {
        for trial in dist.trials() {
            let params = dist.forms()[trial.form];
            let args: Vec<Tensor> =
                trial.args.iter().zip(params).map(|(values, param)| argument(param.rank, values)).collect();
            let known: Vec<Argument<'_>> =
                args.iter().map(|a| Argument { shape: a.shape(), value: Some(a) }).collect();
            let event = dist.event_shape(trial.form, &known).unwrap();
            for point in trial.points.chunks_exact(event.iter().product()) {
                let x = ndarray::ArrayD::from_shape_vec(event.clone(), point.to_vec()).unwrap().into_shared();
                cases.push(Case { dist, form: trial.form, args: args.clone(), x });
            }
        }
    }
    cases
}

#[test]
fn every_form_has_a_case() {
    let cases = cases();
    for &d in ALL {
        for form in 0..d.forms().len() {
            let found = cases.iter().any(|c| c.dist.name() == d.name() && c.form == form);
            assert!(found, "{} form {form}", d.name());
        }
    }
}

#[test]
fn names_are_found() {
    for &d in ALL {
        assert_eq!(find(d.name()).map(|found| found.name()), Some(d.name()));
        assert!(d.example().contains(d.name()), "{}: {}", d.name(), d.example());
    }
    for &w in super::wrappers::ALL {
        assert_eq!(super::wrappers::find(w.name()).map(|found| found.name()), Some(w.name()));
        assert!(w.example().contains(w.name()), "{}: {}", w.name(), w.example());
    }
    assert!(find("normal").is_none());
}

/// Values of `outputs` at one point.
fn run(g: &Graph, inputs: &[Node], values: &[Tensor], outputs: &[Node]) -> Vec<Vec<f64>> {
    let program = Program::new(g, inputs, outputs);
    let mut ws = program.workspace(1);
    let values: Vec<&[f64]> = values.iter().map(|v| v.as_slice().expect("row-major")).collect();
    program.run(&mut ws, &values);
    (0..outputs.len())
        .map(|k| (0..g.size(outputs[k])).map(|i| program.output(&ws, k).get(i, 0)).collect())
        .collect()
}

/// `values` as constants, or as inputs where `varying`: the nodes, the inputs, the values of the inputs.
fn nodes(g: &mut Graph, values: &[Tensor], varying: &[bool]) -> (Vec<Node>, Vec<Node>, Vec<Tensor>) {
    let (mut inputs, mut given) = (Vec::new(), Vec::new());
    let nodes = values
        .iter()
        .zip(varying)
        .map(|(value, &varies)| {
            if !varies {
                return g.constant(value.clone());
            }
            inputs.push(g.input(value.shape()));
            given.push(value.clone());
            *inputs.last().expect("just pushed")
        })
        .collect();
    (nodes, inputs, given)
}

/// The log density, its probabilities divided by their sum: each may then vary by itself.
fn density(g: &mut Graph, case: &Case, args: &[Node], x: Node) -> Node {
    let args = proper(g, case, args);
    case.dist.log_density(g, case.form, &args, x)
}

/// Arguments with probabilities divided by their sum.
fn proper(g: &mut Graph, case: &Case, args: &[Node]) -> Vec<Node> {
    let params = case.dist.forms()[case.form];
    let proper = |(&arg, param): (&Node, &Param)| match param.range {
        Range::Simplex => divided_by_sum(g, arg),
        _ => arg,
    };
    args.iter().zip(params).map(proper).collect()
}

fn divided_by_sum(g: &mut Graph, p: Node) -> Node {
    let sum = formula::sum_last(g, p);
    let mut column = g.shape(sum).to_vec();
    column.push(1);
    let sum = g.reshape(sum, &column);
    g.div(p, sum)
}

fn assert_close(value: f64, expected: f64, tolerance: f64, what: &str) {
    let fits = value == expected || (value - expected).abs() <= tolerance * expected.abs().max(1.0);
    assert!(fits, "{what}: {value} is not {expected}");
}

/// Gradients of `y` (shape []) in reverse and forward mode and Hessian-vector products against finite differences.
fn check_derivatives(g: &mut Graph, y: Node, inputs: &[Node], values: &[Tensor], what: &str) {
    const STEP: f64 = 1e-5;
    const TOLERANCE: f64 = 2e-7;
    let gradients = crate::tape::reverse(g, y, inputs);
    let directions: Vec<Tensor> = values
        .iter()
        .enumerate()
        .map(|(k, v)| {
            let wave = |(i, v): (usize, &f64)| {
                (0.3 + (1.0 + i as f64 + 2.3 * k as f64).sin()) * v.abs().clamp(0.1, 10.0)
            };
            let wave = v.iter().enumerate().map(wave).collect();
            ndarray::ArrayD::from_shape_vec(v.shape(), wave).unwrap().into_shared()
        })
        .collect();
    let tangents: Vec<(Node, Node)> =
        inputs.iter().zip(&directions).map(|(&input, v)| (input, g.constant(v.clone()))).collect();
    let forward = crate::tape::forward(g, &[y], &tangents)[0];
    let products = crate::tape::forward(g, &gradients, &tangents);
    let outputs: Vec<Node> =
        [y, forward].into_iter().chain(gradients.iter().copied()).chain(products.iter().copied()).collect();
    let program = Program::new(g, inputs, &outputs);
    let mut ws = program.workspace(1);
    let sizes: Vec<usize> = outputs.iter().map(|&n| g.size(n)).collect();
    let mut at = |values: &[Tensor]| -> Vec<Vec<f64>> {
        let values: Vec<&[f64]> = values.iter().map(|v| v.as_slice().expect("row-major")).collect();
        program.run(&mut ws, &values);
        (0..outputs.len())
            .map(|k| (0..sizes[k]).map(|i| program.output(&ws, k).get(i, 0)).collect())
            .collect()
    };
    let here = at(values);
    assert!(here[0][0].is_finite(), "{what}");
    let n = inputs.len();
    let mut along = 0.0;
    for (k, direction) in directions.iter().enumerate() {
        for (i, &exact) in here[2 + k].iter().enumerate() {
            let mut shifted = |h: f64| {
                let mut values = values.to_vec();
                let step = h * values[k].as_slice().expect("row-major")[i].abs().clamp(0.1, 10.0);
                let mut array = values[k].to_owned();
                array.as_slice_mut().expect("row-major")[i] += step;
                values[k] = array.into_shared();
                (at(&values)[0][0], step)
            };
            let ((high, up), (low, down)) = (shifted(STEP), shifted(-STEP));
            let numeric = (high - low) / (up - down);
            assert_close(exact, numeric, TOLERANCE, &format!("{what}, derivative in argument {k} [{i}]"));
            along += exact * direction.as_slice().expect("row-major")[i];
        }
    }
    assert_close(here[1][0], along, 1e-12, &format!("{what}, forward mode"));
    let mut shifted = |h: f64| {
        let moved: Vec<Tensor> = values
            .iter()
            .zip(&directions)
            .map(|(v, d)| (v.to_owned() + &(d.to_owned() * h)).into_shared())
            .collect();
        at(&moved)
    };
    let (high, low) = (shifted(STEP), shifted(-STEP));
    for (k, product) in here[2 + n..].iter().enumerate() {
        for (i, &exact) in product.iter().enumerate() {
            let numeric = (high[2 + k][i] - low[2 + k][i]) / (2.0 * STEP);
            assert_close(exact, numeric, 1e-6, &format!("{what}, Hessian product {k} [{i}]"));
        }
    }
}
