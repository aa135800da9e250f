//! Derivatives of every log density, and its broadcasting over batches.

use super::*;

#[test]
fn derivatives_match_finite_differences() {
    for case in cases() {
        let mut g = Graph::new();
        let (nodes, inputs, given) = nodes(&mut g, &case.values(), &case.varying());
        if inputs.is_empty() {
            continue;
        }
        let (x, args) = nodes.split_last().unwrap();
        let y = density(&mut g, &case, args, *x);
        assert_eq!(g.shape(y), [0usize; 0], "{}", case.describe());
        check_derivatives(&mut g, y, &inputs, &given, &case.describe());
    }
}

#[test]
fn derivatives_of_one_argument_with_the_others_constant() {
    for case in cases() {
        let varying = case.varying();
        for only in (0..varying.len()).filter(|&k| varying[k]) {
            let mut g = Graph::new();
            let mask: Vec<bool> = (0..varying.len()).map(|k| k == only).collect();
            let (nodes, inputs, given) = nodes(&mut g, &case.values(), &mask);
            let (x, args) = nodes.split_last().unwrap();
            let y = density(&mut g, &case, args, *x);
            check_derivatives(&mut g, y, &inputs, &given, &case.describe());
        }
    }
}

/// Args with a batch of 2, x with a batch of [3, 1] or [3, 2], give [3, 2].
#[test]
fn batches_broadcast() {
    for case in cases() {
        let varying = case.varying();
        let n = varying.len();
        let stack = |value: &Tensor, scales: &[f64], shape: &[usize]| -> Tensor {
            let parts: Vec<f64> = scales.iter().flat_map(|s| value.iter().map(move |v| v * s)).collect();
            let shape: Vec<usize> = shape.iter().chain(value.shape()).copied().collect();
            ndarray::ArrayD::from_shape_vec(shape, parts).unwrap().into_shared()
        };
        let scale = |k: usize, step: usize| if varying[k] { 1.0 + 0.01 * step as f64 } else { 1.0 };
        let mut values: Vec<Tensor> =
            (0..n - 1).map(|k| stack(&case.args[k], &[scale(k, 0), scale(k, 1)], &[2])).collect();
        let x_scales = [0, 1, 2].map(|step| scale(n - 1, step));
        values.push(stack(&case.x, &x_scales, &[3, 1]));
        for varying in [varying.clone(), vec![false; n]] {
            let mut g = Graph::new();
            let (nodes, inputs, given) = nodes(&mut g, &values, &varying);
            let (x, args) = nodes.split_last().unwrap();
            let y = density(&mut g, &case, args, *x);
            assert_eq!(g.shape(y), [3, 2], "{}", case.describe());
            let batch = run(&g, &inputs, &given, &[y]).remove(0);
            for (i, &found) in batch.iter().enumerate() {
                let mut g = Graph::new();
                let args: Vec<Node> = (0..n - 1)
                    .map(|k| {
                        let value = stack(&case.args[k], &[scale(k, i % 2)], &[]);
                        g.constant(value)
                    })
                    .collect();
                let x = g.constant(stack(&case.x, &[x_scales[i / 2]], &[]));
                let y = density(&mut g, &case, &args, x);
                let expected = g.value(y).unwrap().iter().copied().next().unwrap();
                assert_close(found, expected, 1e-13, &format!("{} in a batch", case.describe()));
            }
        }
    }
}

/// Values outside the support have density 0, and leave no NaN in the gradient of the others.
#[test]
fn observations_outside_leave_gradients_alone() {
    let mut seen = 0;
    for case in cases() {
        let Some(outside) = outside(&case) else { continue };
        seen += 1;
        let mut values = case.values();
        *values.last_mut().unwrap() = vector(&[outside, case.x.iter().copied().next().unwrap()]);
        let mut varying = case.varying();
        *varying.last_mut().unwrap() = false;
        let mut g = Graph::new();
        let (nodes, inputs, given) = nodes(&mut g, &values, &varying);
        let (x, args) = nodes.split_last().unwrap();
        let y = density(&mut g, &case, args, *x);
        let (zero, limit) = (g.scalar(0.0), g.scalar(-1e300));
        let finite = g.less(limit, y);
        let kept = g.select(finite, y, zero);
        let total = g.sum_all(kept);
        let gradients = crate::tape::reverse(&mut g, total, &inputs);
        let outputs: Vec<Node> = [y].into_iter().chain(gradients).collect();
        let values = run(&g, &inputs, &given, &outputs);
        assert_eq!(values[0][0], f64::NEG_INFINITY, "{}", case.describe());
        let gradients = values[1..].concat();
        assert!(gradients.iter().all(|d| d.is_finite()), "{}: {gradients:?}", case.describe());
    }
    assert!(seen > 30);
}

/// A number outside the support, where it has an edge.
fn outside(case: &Case) -> Option<f64> {
    if case.dist.event_rank() > 0 {
        return None;
    }
    let mut g = Graph::new();
    let args: Vec<Node> = case.args.iter().map(|a| g.constant(a.clone())).collect();
    let support = case.dist.support(&mut g, case.form, &args);
    let known = |bound: Node| *g.value(bound).unwrap().iter().next().unwrap();
    match support {
        Support::Counts { .. } => None,
        Support::Integers { .. } => Some(-7.5),
        Support::Continuous { constraint, bounds } => {
            let values: Vec<f64> = bounds.iter().map(|&bound| known(bound)).collect();
            let [lower, upper] = Support::Continuous { constraint, bounds }.bounds();
            let beyond = lower.map(|n| known(n) - 1.5).or(upper.map(|n| known(n) + 1.5))?;
            constraint.violation(&[beyond], &values).map(|_| beyond)
        }
    }
}

/// Far from the mass, in unconstrained space, value and gradient are finite: an optimiser can walk back.
#[test]
fn far_points_have_finite_gradients() {
    for case in cases().into_iter().filter(|c| c.dist.element() == ElementType::Real) {
        for far in [-30.0, -12.0, 12.0, 30.0] {
            let mut g = Graph::new();
            let mut varying = case.varying();
            varying.pop();
            let (args, mut inputs, mut given) = nodes(&mut g, &case.args, &varying);
            let Support::Continuous { constraint, bounds } = case.dist.support(&mut g, case.form, &args)
            else {
                panic!("continuous")
            };
            let shape = constraint.unconstrained_shape(case.x.shape());
            let y = g.input(&shape);
            let signs = (0..shape.iter().product()).map(|i| if i % 2 == 0 { far } else { -far }).collect();
            inputs.push(y);
            given.push(ndarray::ArrayD::from_shape_vec(shape, signs).unwrap().into_shared());
            let (x, log_jacobian) = constraint.constrain(&mut g, y, &bounds);
            let log_density = density(&mut g, &case, &args, x);
            let total = g.add(log_density, log_jacobian);
            let total = g.sum_all(total);
            let gradients = crate::tape::reverse(&mut g, total, &inputs);
            let outputs: Vec<Node> = [total].into_iter().chain(gradients).collect();
            let values = run(&g, &inputs, &given, &outputs).concat();
            assert!(values.iter().all(|v| v.is_finite()), "{} at y = {far}: {values:?}", case.describe());
        }
    }
}

/// The same for linear predictors that overshoot.
#[test]
fn far_predictors_have_finite_gradients() {
    let predictors: [(&str, &[f64], &[f64]); 4] = [
        ("Bernoulli", &[], &[0.0, 1.0]),
        ("Binomial", &[9.0], &[0.0, 4.0, 9.0]),
        ("Poisson", &[], &[0.0, 4.0]),
        ("Categorical", &[], &[1.0, 2.0]),
    ];
    for (name, before, points) in predictors {
        for far in [-700.0, -40.0, 40.0, 700.0] {
            let mut g = Graph::new();
            let (x, mut args) = (g.vector(points), Vec::new());
            args.extend(before.iter().map(|&a| g.scalar(a)));
            let predictor = if name == "Categorical" { vector(&[far, -far]) } else { number(far) };
            let input = g.input(predictor.shape());
            args.push(input);
            let y = find(name).unwrap().log_density(&mut g, 1, &args, x);
            let total = g.sum_all(y);
            let gradient = crate::tape::reverse(&mut g, total, &[input])[0];
            let values = run(&g, &[input], &[predictor], &[total, gradient]).concat();
            assert!(values.iter().all(|v| v.is_finite()), "{name} at {far}: {values:?}");
        }
    }
}

/// Many rows, one table of probabilities: logarithms are taken of the table. Few rows, many tables: of what is looked up.
#[test]
fn categorical_looks_up_rows() {
    let rows: [f64; 7] = [3.0, 1.0, 2.0, 2.0, 3.0, 1.0, 1.0];
    let tables: Vec<f64> =
        (0..7).flat_map(|i| [0.1 + 0.01 * f64::from(i), 0.3, 0.6 - 0.01 * f64::from(i)]).collect();
    let categorical = find("Categorical").unwrap();
    for (shape, row_of) in [(vec![3], 0), (vec![7, 3], 1)] {
        let size: usize = shape.iter().product();
        let values =
            ndarray::ArrayD::from_shape_vec(shape.clone(), tables[..size].to_vec()).unwrap().into_shared();
        let mut g = Graph::new();
        let (p, x) = (g.input(&shape), g.vector(&rows));
        let y = categorical.log_density(&mut g, 0, &[p], x);
        let found = run(&g, &[p], std::slice::from_ref(&values), &[y]).remove(0);
        for (i, (found, x)) in found.into_iter().zip(rows).enumerate() {
            assert_eq!(found, tables[3 * i * row_of + x as usize - 1].ln());
        }
        let proper = divided_by_sum(&mut g, p);
        let y = categorical.log_density(&mut g, 0, &[proper], x);
        let total = g.sum_all(y);
        check_derivatives(&mut g, total, &[p], &[values], "Categorical rows");
    }
}

/// Probabilities that sum to something else give nothing a density; one step of rounding does not count.
#[test]
fn latent_probabilities_sum_to_one() {
    let categorical = find("Categorical").unwrap();
    let cases: [(&[f64], f64); 5] = [
        (&[0.3, 0.7], 0.3f64.ln()),
        (&[0.3, 0.7 + 1e-15], 0.3f64.ln()),
        (&[0.5, 0.7], f64::NEG_INFINITY),
        (&[0.5, 0.4], f64::NEG_INFINITY),
        (&[1.5, -0.5], f64::NEG_INFINITY),
    ];
    for (p, expected) in cases {
        // One value is looked up before, several after the logarithm.
        for rows in [vec![1.0], vec![1.0; 3]] {
            let mut g = Graph::new();
            let (input, x) = (g.input(&[2]), g.vector(&rows));
            let y = categorical.log_density(&mut g, 0, &[input], x);
            assert_eq!(run(&g, &[input], &[vector(p)], &[y])[0], vec![expected; rows.len()], "{p:?}");
        }
        let mut g = Graph::new();
        let (w, zero, one, x) = (g.input(&[2]), g.scalar(0.0), g.scalar(1.0), g.scalar(0.4));
        let normal = Instance::Plain { dist: find("Normal").unwrap(), form: 0, args: vec![zero, one] };
        let alone = normal.log_density(&mut g, x);
        let wrapper = crate::dist::wrappers::find("mixture").unwrap();
        let mixture = Instance::Wrapped { wrapper, inner: vec![normal.clone(), normal], args: vec![Some(w)] };
        let y = mixture.log_density(&mut g, x);
        let found = run(&g, &[w], &[vector(p)], &[y, alone]).concat();
        let expected = if expected.is_finite() { found[1] } else { expected };
        assert_close(found[0], expected, 1e-14, "mixture of two equal components");
    }
}
