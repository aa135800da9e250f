//! Distributions of matrices and of vectors with structure: normalisation by quadrature, moments, refusals.

use super::samplers::draws;
use super::*;

fn product(a: &[f64], b: &[f64], k: usize) -> Vec<f64> {
    (0..k * k).map(|e| (0..k).map(|m| a[e / k * k + m] * b[m * k + e % k]).sum()).collect()
}

fn transposed(a: &[f64], k: usize) -> Vec<f64> {
    (0..k * k).map(|e| a[e % k * k + e / k]).collect()
}

fn inverse(a: &[f64], k: usize) -> Vec<f64> {
    let mut g = Graph::new();
    let a = g.vector(a);
    let a = g.reshape(a, &[k, k]);
    let inverse = g.inverse(a);
    g.value(inverse).unwrap().iter().copied().collect()
}

/// Covariance of one draw, a vector.
pub(super) fn covariance(case: &Case) -> Option<Vec<f64>> {
    let k = case.x.len();
    let value = |i: usize| case.args[i].as_slice().unwrap().to_vec();
    let eye = |i: usize, j: usize| f64::from(i == j);
    match case.dist.name() {
        "MvStudentT" => {
            let stretch = value(0)[0] / (value(0)[0] - 2.0);
            let scale = value(2);
            let scale = if case.form == 1 { product(&scale, &transposed(&scale, k), k) } else { scale };
            Some(scale.into_iter().map(|s| stretch * s).collect())
        }
        "RandomWalk" | "AutoRegressive" => {
            let (coef, sd) = match case.dist.name() {
                "RandomWalk" => (vec![1.0], value(0)[0]),
                _ => (value(0), value(1)[0]),
            };
            let entry = |i: usize, j: usize| {
                let lag = if j < i { coef.get(i - j - 1).copied().unwrap_or(0.0) } else { 0.0 };
                (eye(i, j) - lag) / sd
            };
            let system: Vec<f64> = (0..k * k).map(|e| entry(e / k, e % k)).collect();
            let response = inverse(&system, k);
            Some(product(&response, &transposed(&response, k), k))
        }
        "Icar" => {
            let share = 1.0 / k as f64;
            let mut laplacian = vec![share; k * k];
            for (a, b) in value(0).into_iter().zip(value(1)) {
                let (i, j) = (a as usize - 1, b as usize - 1);
                for (row, column, sign) in [(i, i, 1.0), (j, j, 1.0), (i, j, -1.0), (j, i, -1.0)] {
                    laplacian[row * k + column] += sign;
                }
            }
            Some(inverse(&laplacian, k).into_iter().map(|v| v - share).collect())
        }
        _ => None,
    }
}

#[test]
fn standard_deviations_of_elements_match_the_draws() {
    const N_DRAWS: usize = 40_000;
    let mut seen = Vec::new();
    for case in cases().into_iter().filter(|c| c.dist.event_rank() > 0) {
        let mut g = Graph::new();
        let args: Vec<Node> = case.args.iter().map(|a| g.constant(a.clone())).collect();
        let Some(sd) = case.dist.sd(&mut g, case.form, &args) else { continue };
        seen.push(case.dist.name());
        let sd: Vec<f64> = g.value(sd).expect("a constant").iter().copied().collect();
        assert_eq!(sd.len(), case.x.len(), "{}", case.describe());
        let draws = draws(&case, N_DRAWS);
        let n = N_DRAWS as f64;
        for (i, sd) in sd.into_iter().enumerate() {
            let mean = draws.iter().map(|d| d[i]).sum::<f64>() / n;
            let squares: Vec<f64> = draws.iter().map(|d| (d[i] - mean).powi(2)).collect();
            let variance = squares.iter().sum::<f64>() / n;
            let spread = squares.iter().map(|s| (s - variance).powi(2)).sum::<f64>() / n;
            let error = (variance - sd * sd).abs();
            assert!(
                error <= 4.5 * (spread / n).sqrt() + 1e-15,
                "{} [{i}]: {variance}, {}",
                case.describe(),
                sd * sd
            );
        }
    }
    for name in [
        "MvStudentT",
        "LkjCholesky",
        "LkjCorr",
        "Wishart",
        "InverseWishart",
        "RandomWalk",
        "AutoRegressive",
        "Icar",
    ] {
        assert!(seen.contains(&name), "{name}");
    }
}

/// Where the moments do not exist.
#[test]
fn moments_that_do_not_exist_are_infinite_or_nan() {
    let moments = |name: &str, df: f64| {
        let mut g = Graph::new();
        let d = find(name).unwrap();
        let df = g.scalar(df);
        let eye = g.constant(matrix(&[&[1.0, 0.0], &[0.0, 1.0]]));
        let zero = g.scalar(0.0);
        let args = if name == "MvStudentT" { vec![df, zero, eye] } else { vec![df, eye] };
        let both = [d.mean(&mut g, 0, &args).unwrap(), d.sd(&mut g, 0, &args).unwrap()];
        both.map(|n| g.value(n).unwrap().iter().copied().next().unwrap())
    };
    assert!(moments("MvStudentT", 0.9).iter().all(|m| m.is_nan()));
    assert_eq!(moments("MvStudentT", 1.5), [0.0, f64::INFINITY]);
    assert_close(moments("MvStudentT", 4.0)[1], 2f64.sqrt(), 1e-14, "MvStudentT");
    assert!(moments("InverseWishart", 2.9).iter().all(|m| m.is_nan()));
    assert_eq!(moments("InverseWishart", 4.0), [1.0, f64::INFINITY]);
    assert_eq!(moments("InverseWishart", 7.0)[0], 0.25);
}

/// One axis of a grid: its points and the weights of the trapezoidal rule. Where `wide`, the points are sinh of evenly spaced
/// ones, for tails that fall like powers.
struct Axis {
    points: Vec<f64>,
    weights: Vec<f64>,
}

fn axis(from: f64, to: f64, step: f64, wide: bool) -> Axis {
    let n = ((to - from) / step).round() as usize;
    let even: Vec<f64> = (0..=n).map(|i| from + step * i as f64).collect();
    match wide {
        true => Axis {
            points: even.iter().map(|u| u.sinh()).collect(),
            weights: even.iter().map(|u| step * u.cosh()).collect(),
        },
        false => Axis { weights: vec![step; even.len()], points: even },
    }
}

/// Log of the integral of the density over one draw of shape `event`, through the support's constraint.
fn log_integral(build: &dyn Fn(&mut Graph) -> Instance, event: &[usize], axes: &[Axis]) -> f64 {
    let mut g = Graph::new();
    let d = build(&mut g);
    assert_eq!(d.objection(&mut g), None);
    let Support::Continuous { constraint, .. } = d.support(&mut g) else { panic!("continuous") };
    let (mut grid, mut weights) = (vec![vec![]], vec![1.0]);
    for axis in axes {
        let longer = |point: &Vec<f64>| -> Vec<Vec<f64>> {
            axis.points.iter().map(|&p| [&point[..], &[p]].concat()).collect()
        };
        grid = grid.iter().flat_map(longer).collect();
        weights = weights.iter().flat_map(|w| axis.weights.iter().map(move |v| w * v)).collect();
    }
    let input = g.input(&constraint.unconstrained_shape(&[&[grid.len()], event].concat()));
    let (x, log_jacobian) = constraint.constrain(&mut g, input, &[]);
    let density = d.log_density(&mut g, x);
    let total = g.add(density, log_jacobian);
    let values = run(&g, &[input], &[vector(&grid.concat())], &[total]).remove(0);
    values.iter().zip(&weights).map(|(v, w)| v.exp() * w).sum::<f64>().ln()
}

fn plain(g: &mut Graph, name: &str, args: &[Tensor]) -> Instance {
    let args = args.iter().map(|arg| g.constant(arg.clone())).collect();
    Instance::Plain { dist: find(name).unwrap(), form: 0, args }
}

/// The trapezoidal rule over whole lines is exact to rounding for densities as smooth as these.
#[test]
fn densities_of_matrices_integrate_to_one() {
    const TOLERANCE: f64 = 1e-9;
    for eta in [0.6, 1.0, 3.5] {
        for name in ["LkjCorr", "LkjCholesky"] {
            let build = |k: f64| move |g: &mut Graph| plain(g, name, &[number(k), number(eta)]);
            let line = |half: f64, step: f64| axis(-half, half, step, false);
            let two = log_integral(&build(2.0), &[2, 2], &[line(25.0, 0.1)]);
            assert!(two.abs() < TOLERANCE, "{name}(2, {eta}): {two}");
            if eta < 1.0 {
                // Tails that take many points.
                continue;
            }
            // Powers of sech: the larger eta, the narrower.
            let [half, far, step] = [9.0, 12.0, 0.3].map(|length: f64| length / eta.sqrt());
            let axes = [line(half, step), line(half, step), line(far, step)];
            let three = log_integral(&build(3.0), &[3, 3], &axes);
            assert!(three.abs() < TOLERANCE, "{name}(3, {eta}): {three}");
        }
    }
    let scale = matrix(&[&[1.0, 0.3], &[0.3, 0.8]]);
    let wishart = |g: &mut Graph| plain(g, "Wishart", &[number(4.5), scale.clone()]);
    let axes = [axis(-7.0, 2.2, 0.08, false), axis(-9.0, 9.0, 0.2, false), axis(-8.0, 2.2, 0.08, false)];
    let found = log_integral(&wishart, &[2, 2], &axes);
    assert!(found.abs() < TOLERANCE, "Wishart: {found}");
    let inverse = |g: &mut Graph| plain(g, "InverseWishart", &[number(12.5), scale.clone()]);
    // Between small diagonals the middle one is narrow, between large ones wide.
    let axes = [axis(-2.2, 2.0, 0.12, false), axis(-5.5, 5.5, 0.02, true), axis(-2.2, 2.0, 0.12, false)];
    let found = log_integral(&inverse, &[2, 2], &axes);
    assert!(found.abs() < TOLERANCE, "InverseWishart: {found}");
    let path = |g: &mut Graph| plain(g, "Icar", &[vector(&[1.0, 2.0]), vector(&[2.0, 3.0])]);
    let line = || axis(-12.0, 12.0, 0.1, false);
    let found = log_integral(&path, &[3], &[line(), line()]);
    assert!(found.abs() < TOLERANCE, "Icar: {found}");
}

/// (1 - r^2)^(eta - 1) / B(1/2, eta)
#[test]
fn lkj_of_two_rows_is_a_beta_density() {
    for (eta, r) in [(0.4, 0.9), (1.0, -0.3), (2.5, 0.6), (70.0, 0.1)] {
        let mut g = Graph::new();
        let d = plain(&mut g, "LkjCorr", &[number(2.0), number(eta)]);
        let x = g.constant(matrix(&[&[1.0, r], &[r, 1.0]]));
        let y = d.log_density(&mut g, x);
        let found = g.value(y).unwrap().iter().copied().next().unwrap();
        let log_beta = 0.5 * std::f64::consts::PI.ln() + libm::lgamma(eta) - libm::lgamma(eta + 0.5);
        assert_close(found, (eta - 1.0) * (1.0 - r * r).ln() - log_beta, 1e-13, "LkjCorr");
    }
}

fn zero_sum(g: &mut Graph, name: &str, args: &[Tensor]) -> Instance {
    let inner = vec![plain(g, name, args)];
    Instance::Wrapped { wrapper: crate::dist::wrappers::find("zero_sum").unwrap(), inner, args: vec![] }
}

#[test]
fn zero_sum_is_normalized_for_normals() {
    let line = || axis(-25.0, 25.0, 0.2, false);
    let (alike, shifted) = (vector(&[0.4, 0.4, 0.4]), vector(&[-1.0, 2.0, 0.3]));
    let sds = vector(&[0.8, 1.3, 2.0]);
    for args in
        [[number(0.4), number(1.3)], [alike, number(1.3)], [shifted.clone(), number(1.3)], [shifted, sds]]
    {
        let build = |g: &mut Graph| zero_sum(g, "Normal", &args);
        let mut g = Graph::new();
        assert!(build(&mut g).normalized(&mut g));
        let found = log_integral(&build, &[3], &[line(), line()]);
        assert!(found.abs() < 1e-10, "{found}");
    }
    let mut g = Graph::new();
    // Student t: not normalised, and cannot be drawn.
    let t = zero_sum(&mut g, "StudentT", &[number(3.0), number(0.0), number(1.0)]);
    assert!(t.objection(&mut g).is_none() && !t.normalized(&mut g));
    // A latent scale would lack its part of the normaliser.
    let args = vec![g.scalar(3.0), g.scalar(0.0), g.input(&[])];
    let inner = vec![Instance::Plain { dist: find("StudentT").unwrap(), form: 0, args }];
    let wrapper = crate::dist::wrappers::find("zero_sum").unwrap();
    let latent = Instance::Wrapped { wrapper, inner, args: vec![] };
    assert!(latent.objection(&mut g).is_some_and(|words| words.contains("depend on latents")));
    let lookup = |node: Node| g.value(node).unwrap().clone();
    let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(5);
    assert!(t.sample(&lookup, &[3], &mut rng).is_none());
}

/// Normals of different means and sds given their sum: the covariance is S - s s' / sum(s), s the diagonal of S.
#[test]
fn zero_sum_draws_are_conditional_normals() {
    let (mean, sd) = ([0.5, -1.0, 2.0], [1.0, 2.0, 0.5]);
    let mut g = Graph::new();
    let d = zero_sum(&mut g, "Normal", &[vector(&mean), vector(&sd)]);
    let lookup = |node: Node| g.value(node).unwrap().clone();
    let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(5);
    let n = 40_000;
    let draws: Vec<Vec<f64>> = (0..n).map(|_| d.sample(&lookup, &[3], &mut rng).unwrap()).collect();
    assert!(draws.iter().all(|x| x.iter().sum::<f64>().abs() < 1e-13));
    let total: f64 = sd.iter().map(|s| s * s).sum();
    for i in 0..3 {
        let (variance, shift) = (sd[i] * sd[i], sd[i] * sd[i] / total * mean.iter().sum::<f64>());
        let expected_variance = variance - variance * variance / total;
        let average = draws.iter().map(|x| x[i]).sum::<f64>() / f64::from(n);
        let error = (average - (mean[i] - shift)).abs();
        assert!(error < 4.5 * (expected_variance / f64::from(n)).sqrt(), "mean {i}: off by {error}");
        let found = draws.iter().map(|x| (x[i] - average).powi(2)).sum::<f64>() / f64::from(n);
        let error = (found / expected_variance - 1.0).abs();
        assert!(error < 4.5 * (2.0 / f64::from(n)).sqrt(), "variance {i}: off by {error}");
    }
}

#[test]
fn derivatives_of_zero_sum() {
    let mut g = Graph::new();
    let inputs = [g.input(&[]), g.input(&[]), g.input(&[3])];
    let inner = Instance::Plain { dist: find("Normal").unwrap(), form: 0, args: inputs[..2].to_vec() };
    let wrapper = crate::dist::wrappers::find("zero_sum").unwrap();
    let d = Instance::Wrapped { wrapper, inner: vec![inner], args: vec![] };
    let y = d.log_density(&mut g, inputs[2]);
    let values = [number(0.3), number(1.4), vector(&[0.5, -0.7, 0.2])];
    check_derivatives(&mut g, y, &inputs, &values, "zero_sum");
}

#[test]
fn what_is_no_matrix_distribution_is_refused_with_words() {
    let eye = ndarray::Array2::eye(3).into_dyn().into_shared();
    let nodes = |from: &[f64], to: &[f64]| vec![vector(from), vector(to)];
    let cases: [(&str, Vec<Tensor>, &str); 10] = [
        ("Wishart", vec![number(2.0), eye.clone()], "Wishart of 3 x 3 matrices needs df > 2, found 2"),
        (
            "InverseWishart",
            vec![number(1.5), eye.clone()],
            "InverseWishart of 3 x 3 matrices needs df > 2, found 1.5",
        ),
        (
            "Wishart",
            vec![number(4.0), matrix(&[&[1.0, 0.0, 0.0], &[0.0, 1.0, 0.0]])],
            "scale of Wishart must be a square matrix, found [2, 3]",
        ),
        (
            "MvStudentT",
            vec![number(4.0), vector(&[0.0; 2]), eye],
            "loc of MvStudentT has length 2, and its cov is [3, 3]",
        ),
        ("Icar", nodes(&[1.0, 3.0], &[2.0, 4.0]), "nodes 3, 4 are not connected with node 1"),
        ("Icar", nodes(&[1.0], &[3.0]), "node 2 is not connected with node 1"),
        ("Icar", nodes(&[27053000100.0], &[27053000200.0]), "Icar has a node 27053000200, and 1 edges"),
        ("Icar", nodes(&[1.0, 2.0], &[2.0, 1.0]), "the edge between 2 and 1 is given twice"),
        ("Icar", nodes(&[1.0, 2.0], &[2.0, 2.0]), "node 2 is listed as its own neighbour"),
        ("Icar", nodes(&[1.0, 2.0], &[2.0]), "node1 of Icar has length 2, and node2 has 1"),
    ];
    for (name, args, words) in cases {
        let mut g = Graph::new();
        let found = plain(&mut g, name, &args).objection(&mut g).unwrap_or_default();
        assert!(found.contains(words), "{name}: {found}");
    }
    let mut g = Graph::new();
    let (node, other) = (g.input(&[2]), g.vector(&[2.0, 3.0]));
    let icar = Instance::Plain { dist: find("Icar").unwrap(), form: 0, args: vec![node, other] };
    assert!(icar.objection(&mut g).is_some_and(|words| words.contains("must be known from the data")));
    for (name, args, words) in [
        ("Gamma", vec![number(1.0), number(1.0)], "must range over all numbers"),
        ("Poisson", vec![number(1.0)], "is discrete"),
        ("Dirichlet", vec![vector(&[1.0, 1.0])], "is an array"),
    ] {
        let found = zero_sum(&mut g, name, &args).objection(&mut g).unwrap_or_default();
        assert!(found.contains(words), "zero_sum({name}): {found}");
    }
}

/// Outside the support there is no density: not NaN.
#[test]
fn what_is_not_positive_definite_has_no_density() {
    let indefinite = matrix(&[&[1.0, 2.0], &[2.0, 1.0]]);
    let eye = matrix(&[&[1.0, 0.0], &[0.0, 1.0]]);
    let cases = [
        ("Wishart", vec![number(4.0), eye.clone()]),
        ("InverseWishart", vec![number(4.0), eye.clone()]),
        ("LkjCorr", vec![number(2.0), number(1.5)]),
    ];
    for (name, args) in cases {
        let mut g = Graph::new();
        let d = plain(&mut g, name, &args);
        let x = g.constant(indefinite.clone());
        let y = d.log_density(&mut g, x);
        assert_eq!(g.value(y).unwrap().iter().copied().next(), Some(f64::NEG_INFINITY), "{name}");
    }
    // Too few degrees of freedom, not known before fitting.
    let mut g = Graph::new();
    let (df, scale, x) = (g.input(&[]), g.constant(eye.clone()), g.constant(eye));
    let y = find("Wishart").unwrap().log_density(&mut g, 0, &[df, scale], x);
    assert_eq!(run(&g, &[df], &[number(0.7)], &[y])[0], [f64::NEG_INFINITY]);
}
