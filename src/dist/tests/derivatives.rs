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
        let y = case.dist.log_density(&mut g, case.form, args, *x);
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
            let y = case.dist.log_density(&mut g, case.form, args, *x);
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
            let y = case.dist.log_density(&mut g, case.form, args, *x);
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
                let y = case.dist.log_density(&mut g, case.form, &args, x);
                let expected = g.value(y).unwrap().iter().copied().next().unwrap();
                assert_close(found, expected, 1e-13, &format!("{} in a batch", case.describe()));
            }
        }
    }
}

/// Values outside the support have density 0, and leave no NaN in the gradient of the others.
#[test]
fn observations_outside_leave_gradients_alone() {
    for case in cases() {
        let outside = match (case.dist.name(), case.dist.element()) {
            (_, ElementType::Int | ElementType::Bool) => -7.5,
            ("HalfNormal" | "HalfStudentT" | "HalfCauchy" | "LogNormal" | "Exponential" | "Gamma", _) => -1.0,
            ("InverseGamma" | "Weibull" | "Beta" | "Uniform" | "Flat", _) => -1.5,
            _ => continue,
        };
        let mut values = case.values();
        *values.last_mut().unwrap() = vector(&[outside, case.x.iter().copied().next().unwrap()]);
        let mut varying = case.varying();
        *varying.last_mut().unwrap() = false;
        let mut g = Graph::new();
        let (nodes, inputs, given) = nodes(&mut g, &values, &varying);
        let (x, args) = nodes.split_last().unwrap();
        let y = case.dist.log_density(&mut g, case.form, args, *x);
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
}
