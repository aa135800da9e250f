//! Truncated, ordered and mixed distributions: normalisation, derivatives, draws, refusals.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::samplers::{check_continuous, check_discrete};
use super::*;

fn plain(g: &mut Graph, name: &str, args: &[f64]) -> Instance {
    let args = args.iter().map(|&a| g.scalar(a)).collect();
    Instance::Plain { dist: find(name).unwrap(), form: 0, args }
}

fn wrap(name: &str, inner: Vec<Instance>, args: Vec<Option<Node>>) -> Instance {
    Instance::Wrapped { wrapper: crate::dist::wrappers::find(name).unwrap(), inner, args }
}

fn truncated(g: &mut Graph, inner: Instance, bounds: [f64; 2]) -> Instance {
    let bounds = bounds.map(|b| Some(g.scalar(b)));
    wrap("truncated", vec![inner], bounds.to_vec())
}

fn value(g: &Graph, n: Node) -> f64 {
    let value = g.value(n).expect("a constant");
    assert_eq!(value.len(), 1);
    *value.iter().next().unwrap()
}

fn sample(g: &Graph, d: &Instance, shape: &[usize], n: usize) -> Vec<Vec<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let lookup = |node: Node| g.value(node).expect("a constant").clone();
    (0..n).map(|_| d.sample(&lookup, shape, &mut rng).expect("a draw")).collect()
}

/// Draws against density against 1, for a distribution of numbers built by `build`.
fn check(build: impl Fn(&mut Graph) -> Instance, n: usize, what: &str) {
    let mut g = Graph::new();
    let d = build(&mut g);
    assert_eq!(d.objection(&mut g), None, "{what}");
    assert!(d.normalized(&mut g), "{what}");
    let draws = sample(&g, &d, &[], n).concat();
    let density = |g: &mut Graph, x: Node| build(g).log_density(g, x);
    match d.support(&mut g) {
        Support::Integers { .. } => check_discrete(&draws, density, what),
        Support::Counts { .. } => panic!("{what} is a number"),
        Support::Continuous { constraint, bounds } => {
            let bounds: Vec<f64> = bounds.iter().map(|&b| value(&g, b)).collect();
            check_continuous(&draws, constraint, &bounds, density, what);
        }
    }
}

const INF: f64 = f64::INFINITY;

#[test]
fn truncated_integrates_to_one_and_is_what_is_drawn() {
    let cases: &[(&str, &[f64], [f64; 2])] = &[
        ("Normal", &[1.0, 0.5], [0.0, INF]),
        ("Normal", &[1.0, 0.5], [-INF, 0.3]),
        ("Normal", &[0.0, 1.0], [-0.5, 2.0]),
        ("Normal", &[0.0, 1.0], [8.0, 9.0]),
        ("Normal", &[0.0, 1.0], [-INF, -20.0]),
        ("Normal", &[0.0, 1.0], [-INF, INF]),
        ("StudentT", &[3.0, 1.0, 2.0], [0.0, INF]),
        ("StudentT", &[3.0, 1.0, 2.0], [50.0, 60.0]),
        ("Cauchy", &[0.0, 1.0], [2.0, 30.0]),
        ("Laplace", &[0.0, 1.0], [-1.0, 3.0]),
        ("Logistic", &[0.0, 1.0], [40.0, INF]),
        ("HalfNormal", &[2.0], [-1.0, 1.5]),
        ("HalfCauchy", &[2.0], [1.0, 10.0]),
        ("HalfStudentT", &[4.0, 2.0], [1.0, INF]),
        ("LogNormal", &[0.0, 1.0], [0.0, 2.0]),
        ("Exponential", &[2.0], [3.0, 4.0]),
        ("Gamma", &[2.5, 1.0], [1.0, 3.0]),
        ("InverseGamma", &[2.5, 1.0], [0.5, INF]),
        ("Weibull", &[1.5, 1.0], [0.5, 2.0]),
        ("Beta", &[2.0, 3.0], [0.5, INF]),
        ("Beta", &[2.0, 30.0], [0.9, 1.0]),
        ("Uniform", &[0.0, 3.0], [1.0, 2.0]),
        ("Poisson", &[1.5], [1.0, INF]),
        ("Poisson", &[4.0], [2.0, 6.0]),
        ("Poisson", &[4.0], [25.0, INF]),
        ("Binomial", &[12.0, 0.3], [1.0, 11.5]),
        ("NegBinomial", &[3.5, 1.8], [1.0, INF]),
        ("Geometric", &[0.3], [0.5, 9.0]),
        ("DiscreteUniform", &[1.0, 6.0], [3.0, INF]),
    ];
    for &(name, args, bounds) in cases {
        let build = |g: &mut Graph| {
            let inner = plain(g, name, args);
            truncated(g, inner, bounds)
        };
        check(build, 10_000, &format!("truncated {name} {args:?} {bounds:?}"));
    }
}

/// Shapes of incomplete functions, bounds on either side and on both.
#[test]
fn truncated_has_derivatives_in_bounds_and_arguments() {
    // arguments, lower, upper, x
    let cases: [(&str, &[f64], [f64; 3]); 9] = [
        ("Normal", &[0.4, 1.3], [-0.5, 2.0, 0.7]),
        ("Normal", &[0.4, 1.3], [2.5, 4.0, 3.0]),
        ("LogNormal", &[0.4, 0.8], [0.5, 6.0, 0.7]),
        ("Cauchy", &[0.4, 1.3], [-5.0, 2.0, 0.7]),
        ("Gamma", &[2.3, 0.7], [0.5, 9.0, 3.0]),
        ("Beta", &[0.8, 2.6], [0.1, 0.7, 0.3]),
        ("StudentT", &[3.3, 0.4, 1.3], [-0.5, 6.0, 2.0]),
        ("HalfStudentT", &[3.3, 1.3], [0.5, 6.0, 2.0]),
        ("InverseGamma", &[2.3, 0.7], [0.1, 2.0, 0.4]),
    ];
    for (name, args, ends) in cases {
        for sides in [[true, true], [true, false], [false, true]] {
            let mut g = Graph::new();
            let values: Vec<Tensor> = args.iter().chain(&ends).map(|&v| number(v)).collect();
            let inputs: Vec<Node> = values.iter().map(|_| g.input(&[])).collect();
            let (args, ends) = inputs.split_at(args.len());
            let inner = Instance::Plain { dist: find(name).unwrap(), form: 0, args: args.to_vec() };
            let bound = |k: usize| sides[k].then(|| ends[k]);
            let d = wrap("truncated", vec![inner], vec![bound(0), bound(1)]);
            assert_eq!(d.objection(&mut g), None);
            let y = d.log_density(&mut g, ends[2]);
            check_derivatives(&mut g, y, &inputs, &values, &format!("truncated {name} {sides:?}"));
        }
    }
}

/// Truncated counts with a latent dispersion.
#[test]
fn truncated_counts_have_derivatives() {
    for (name, args, x) in [("NegBinomial", [3.5, 1.8], 2.0), ("Binomial", [9.0, 0.3], 2.0)] {
        let mut g = Graph::new();
        let first = if name == "Binomial" { g.scalar(args[0]) } else { g.input(&[]) };
        let second = g.input(&[]);
        let d = Instance::Plain { dist: find(name).unwrap(), form: 0, args: vec![first, second] };
        let (one, six, x) = (g.scalar(1.0), g.scalar(6.0), g.scalar(x));
        let d = wrap("truncated", vec![d], vec![Some(one), Some(six)]);
        let y = d.log_density(&mut g, x);
        let (inputs, values) = match name {
            "Binomial" => (vec![second], vec![number(args[1])]),
            _ => (vec![first, second], args.map(number).to_vec()),
        };
        check_derivatives(&mut g, y, &inputs, &values, &format!("truncated {name}"));
    }
}

/// Wrapped distributions with one batch position, by name.
fn wrapped(g: &mut Graph) -> Vec<(&'static str, Instance)> {
    let normal = plain(g, "Normal", &[0.4, 1.3]);
    let one_sided = truncated(g, normal.clone(), [-0.5, INF]);
    let both = truncated(g, normal.clone(), [-0.5, 2.0]);
    let far = truncated(g, normal.clone(), [9.0, 12.0]);
    let twice = truncated(g, one_sided.clone(), [-2.0, 1.0]);
    let gamma = plain(g, "Gamma", &[2.3, 0.7]);
    let gamma = truncated(g, gamma, [1.0, 8.0]);
    let heavy = plain(g, "StudentT", &[3.5, 0.4, 1.3]);
    let heavy = truncated(g, heavy, [0.0, INF]);
    let zero_truncated = plain(g, "Poisson", &[1.3]);
    let zero_truncated = truncated(g, zero_truncated, [1.0, INF]);
    let far_counts = plain(g, "Poisson", &[1.3]);
    let far_counts = truncated(g, far_counts, [9.0, INF]);
    let few = plain(g, "NegBinomial", &[4.0, 2.0]);
    let few = truncated(g, few, [2.0, 7.0]);
    let w = g.vector(&[0.3, 0.7]);
    let list = wrap("mixture", vec![gamma.clone(), one_sided.clone()], vec![Some(w)]);
    let (mean, sd) = (g.vector(&[-1.0, 2.0]), g.scalar(0.6));
    let batch = Instance::Plain { dist: find("Normal").unwrap(), form: 0, args: vec![mean, sd] };
    let batch = wrap("mixture", vec![batch], vec![Some(w)]);
    let cut = truncated(g, batch.clone(), [0.0, INF]);
    let counts = vec![plain(g, "Poisson", &[2.0]), plain(g, "Binomial", &[20.0, 0.7])];
    let counts = wrap("mixture", counts, vec![Some(w)]);
    vec![
        ("one-sided", one_sided),
        ("both", both),
        ("far", far),
        ("twice", twice),
        ("gamma", gamma),
        ("heavy", heavy),
        ("zero-truncated", zero_truncated),
        ("far counts", far_counts),
        ("few", few),
        ("list", list),
        ("batch", batch),
        ("truncated mixture", cut),
        ("mixture of counts", counts),
    ]
}

#[test]
fn wrapped_quantiles_and_distribution_functions_go_together() {
    let mut g = Graph::new();
    let probabilities = [1e-12, 1e-3, 0.2, 0.5, 0.9, 1.0 - 1e-9];
    let p = g.vector(&probabilities);
    for (name, d) in wrapped(&mut g) {
        assert_eq!(d.objection(&mut g), None, "{name}");
        let x = d.quantile(&mut g, p).unwrap();
        let numbers = |g: &Graph, n: Node| g.value(n).unwrap().iter().copied().collect::<Vec<f64>>();
        let x = numbers(&g, x);
        let mut tails_at = |shift: f64| {
            let x: Vec<f64> = x.iter().map(|x| x + shift * (x.abs().next_up() - x.abs())).collect();
            let x = g.vector(&x);
            let tails = [d.log_cdf(&mut g, x).unwrap(), d.log_ccdf(&mut g, x).unwrap()];
            tails.map(|n| numbers(&g, n))
        };
        // 4 units in the last place around
        let ([below, above], low, high) = (tails_at(0.0), tails_at(-4.0), tails_at(4.0));
        for (k, p) in probabilities.into_iter().enumerate() {
            let what = format!("{name}: x = {} at p = {p:e}", x[k]);
            assert_close(below[k].exp() + above[k].exp(), 1.0, 1e-12, &what);
            if d.element() == ElementType::Real {
                let side = usize::from(p >= 0.5);
                let target = if side == 0 { p.ln() } else { (-p).ln_1p() };
                let (first, last) = (low[side][k].min(high[side][k]), low[side][k].max(high[side][k]));
                let tolerance = 1e-9 * target.abs().max(1.0);
                assert!(first - tolerance <= target && target <= last + tolerance, "{what}: {first}, {last}");
            } else {
                let before = low[0][k].exp();
                assert!(below[k].exp() >= p * (1.0 - 1e-14) && before < p, "{what}: {before}");
            }
        }
    }
}

/// Quantiles at an atom are the atom; above it those of the rest.
#[test]
fn quantiles_meet_atoms() {
    let mut g = Graph::new();
    let exponential = plain(&mut g, "Exponential", &[1.0]);
    let share = g.scalar(0.3);
    let hurdle = wrap("hurdle", vec![exponential.clone()], vec![Some(share)]);
    let (low, high) = (g.scalar(0.5), g.scalar(2.0));
    let censored = wrap("censored", vec![exponential], vec![Some(low), Some(high)]);
    let p = g.vector(&[1e-9, 0.2, 0.5, 0.95]);
    let expected = [[0.0, 0.0, -(0.5f64 / 0.7).ln(), -(0.05f64 / 0.7).ln()], [0.5, 0.5, 2f64.ln(), 2.0]];
    for (d, expected) in [hurdle, censored].into_iter().zip(expected) {
        let x = d.quantile(&mut g, p).unwrap();
        let found: Vec<f64> = g.value(x).unwrap().iter().copied().collect();
        for (found, expected) in found.into_iter().zip(expected) {
            assert_close(found, expected, 1e-12, &d.describe());
        }
        let zero = g.scalar(0.0);
        let at_end = d.log_cdf(&mut g, zero).unwrap();
        let expected = if d.describe().starts_with("hurdle") { 0.3f64.ln() } else { -INF };
        assert_close(value(&g, at_end), expected, 1e-12, &d.describe());
    }
}

/// The slope of the distribution function is the density; that of the quantile its inverse.
#[test]
fn wrapped_slopes_are_densities() {
    let mut g = Graph::new();
    let all = wrapped(&mut g);
    for (name, d) in all.into_iter().filter(|(_, d)| d.element() == ElementType::Real) {
        let p = g.input(&[]);
        let x = d.quantile(&mut g, p).unwrap();
        let density = d.log_density(&mut g, x);
        let slope = crate::tape::reverse(&mut g, x, &[p])[0];
        let values = run(&g, &[p], &[number(0.3)], &[density, slope]).concat();
        assert_close(values[1] * values[0].exp(), 1.0, 1e-9, name);
    }
}

#[test]
fn wrapped_moments_match_the_draws() {
    const N: usize = 40_000;
    let mut g = Graph::new();
    for (name, d) in wrapped(&mut g) {
        let moments = [d.mean(&mut g), d.sd(&mut g)];
        if name == "truncated mixture" {
            assert_eq!(moments, [None, None], "a quadrature over one mode would not do");
            continue;
        }
        let [mean, sd] = moments.map(|m| value(&g, m.unwrap_or_else(|| panic!("{name}"))));
        let draws = sample(&g, &d, &[], N).concat();
        let average = draws.iter().sum::<f64>() / N as f64;
        let squares: Vec<f64> = draws.iter().map(|x| (x - mean).powi(2)).collect();
        let variance = squares.iter().sum::<f64>() / N as f64;
        let spread = squares.iter().map(|s| (s - variance).powi(2)).sum::<f64>() / N as f64;
        assert!((average - mean).abs() < 4.5 * sd / (N as f64).sqrt(), "{name}: mean {mean}, {average}");
        let error = (variance - sd * sd).abs();
        assert!(error < 4.5 * (spread / N as f64).sqrt(), "{name}: sd {sd}, {}", variance.sqrt());
    }
}

/// Closed forms: mean and sd of a truncated normal and exponential, of a zero-truncated Poisson; where a tail is too heavy.
#[test]
fn truncated_moments_match_closed_forms() {
    let mut g = Graph::new();
    let mut moments = |name: &str, args: &[f64], bounds: [f64; 2]| {
        let inner = plain(&mut g, name, args);
        let d = truncated(&mut g, inner, bounds);
        [d.mean(&mut g), d.sd(&mut g)].map(|m| value(&g, m.unwrap()))
    };
    let check = |found: [f64; 2], expected: [f64; 2], what: &str| {
        for k in [0, 1] {
            assert_close(found[k], expected[k], 1e-10, what);
        }
    };
    // Half normal; the exponential is without memory
    let pi = std::f64::consts::PI;
    let half = [(2.0 / pi).sqrt(), (1.0 - 2.0 / pi).sqrt()];
    check(moments("Normal", &[0.0, 1.0], [0.0, INF]), half, "half normal");
    check(moments("Exponential", &[0.5], [3.0, INF]), [5.0, 2.0], "exponential");
    check(moments("Uniform", &[-4.0, 9.0], [1.0, 7.0]), [4.0, 3f64.sqrt()], "uniform");
    let rate: f64 = 1.3;
    let mass = -(-rate).exp_m1();
    let mean = rate / mass;
    let poisson = [mean, (mean * (1.0 + rate) - mean * mean).sqrt()];
    check(moments("Poisson", &[rate], [1.0, INF]), poisson, "zero-truncated");
    // Tails of more than a thousand values: a geometric one is as the whole; of one nearly all zeros, zero left out.
    let (p, lower): (f64, f64) = (0.01, 100.0);
    let geometric = [lower + (1.0 - p) / p, (1.0 - p).sqrt() / p];
    check(moments("Geometric", &[p], [lower, INF]), geometric, "geometric tail");
    let (mean, dispersion): (f64, f64) = (1.0, 1e-3);
    let mass = -(-dispersion * (mean / dispersion).ln_1p()).exp_m1();
    let positive = mean / mass;
    let square = (mean + mean * mean / dispersion + mean * mean) / mass;
    let negative_binomial = [positive, (square - positive * positive).sqrt()];
    check(moments("NegBinomial", &[mean, dispersion], [1.0, INF]), negative_binomial, "no zeros");
    // By Weibull's tail: E X = 1 / (exp(-1)) * Gamma(3, 1) for shape 0.5, scale 1, above 1: Gamma(3, 1) = 5 / e
    let weibull = moments("Weibull", &[0.5, 1.0], [1.0, INF]);
    assert_close(weibull[0], 5.0, 1e-10, "Weibull");
    let (both, one) =
        (moments("Cauchy", &[0.0, 1.0], [-1.0, 1.0]), moments("Cauchy", &[0.0, 1.0], [-INF, 2.0]));
    check(both, [0.0, (4.0 / pi - 1.0).sqrt()], "Cauchy");
    assert_eq!(one, [-INF, INF]);
}

#[test]
fn truncated_outside_is_impossible() {
    let mut g = Graph::new();
    let inner = plain(&mut g, "Normal", &[0.0, 1.0]);
    let d = truncated(&mut g, inner, [0.0, 2.0]);
    for (x, inside) in [(-0.1, false), (0.0, true), (2.0, true), (2.1, false)] {
        let x = g.scalar(x);
        let y = d.log_density(&mut g, x);
        assert_eq!(value(&g, y).is_finite(), inside);
    }
}

/// One element without a lower bound, one with; and one whose bound is below the support.
#[test]
fn truncated_bounds_differ_by_element() {
    let mut g = Graph::new();
    let scale = g.input(&[]);
    let inner = Instance::Plain { dist: find("HalfNormal").unwrap(), form: 0, args: vec![scale] };
    let lower = g.vector(&[-INF, -1.0, 0.0, 1.0]);
    let d = wrap("truncated", vec![inner], vec![Some(lower), None]);
    let x = g.scalar(1.5);
    let y = d.log_density(&mut g, x);
    let total = g.sum_all(y);
    let slope = crate::tape::reverse(&mut g, total, &[scale])[0];
    let values = run(&g, &[scale], &[number(2.0)], &[y, slope]);
    let mut h = Graph::new();
    let full = plain(&mut h, "HalfNormal", &[2.0]);
    let x = h.scalar(1.5);
    let free = full.log_density(&mut h, x);
    let one = h.scalar(1.0);
    let tail = full.log_ccdf(&mut h, one).unwrap();
    let (free, tail) = (value(&h, free), value(&h, tail));
    for (k, expected) in [free, free, free, free - tail].into_iter().enumerate() {
        assert_close(values[0][k], expected, 1e-14, "element");
    }
    assert!(values[1][0].is_finite());
}

/// Log of the integral of exp(log density) over vectors of 2, through the constraint, by the trapezoidal rule.
fn log_integral(d: &dyn Fn(&mut Graph) -> Instance) -> f64 {
    const POINTS: usize = 500;
    let mut g = Graph::new();
    let instance = d(&mut g);
    let Support::Continuous { constraint, .. } = instance.support(&mut g) else { panic!("continuous") };
    let step = 30.0 / POINTS as f64;
    let axis: Vec<f64> = (0..=POINTS).map(|i| -20.0 + step * i as f64).collect();
    let grid: Vec<f64> = axis.iter().flat_map(|&a| axis.iter().flat_map(move |&b| [a, b])).collect();
    let input = g.input(&[grid.len() / 2, 2]);
    let (x, log_jacobian) = constraint.constrain(&mut g, input, &[]);
    let density = instance.log_density(&mut g, x);
    let total = g.add(density, log_jacobian);
    let values = run(&g, &[input], &[vector(&grid)], &[total]).remove(0);
    (values.iter().map(|v| v.exp()).sum::<f64>() * step * step).ln()
}

fn ordered_case(g: &mut Graph, wrapper: &str, name: &str, args: &[&[f64]]) -> Instance {
    let args = args.iter().map(|a| if a.len() == 1 { g.scalar(a[0]) } else { g.vector(a) }).collect();
    wrap(wrapper, vec![Instance::Plain { dist: find(name).unwrap(), form: 0, args }], vec![])
}

#[test]
fn ordered_is_renormalized_where_elements_are_alike() {
    let alike: &[(&str, &str, &[&[f64]])] = &[
        ("ordered", "Normal", &[&[0.5], &[2.0]]),
        ("ordered", "Normal", &[&[0.5, 0.5], &[2.0]]),
        ("ordered", "Gamma", &[&[2.0], &[1.0]]),
        ("positive_ordered", "Normal", &[&[0.5], &[2.0]]),
        ("positive_ordered", "HalfNormal", &[&[2.0]]),
    ];
    for &(wrapper, name, args) in alike {
        let build = |g: &mut Graph| ordered_case(g, wrapper, name, args);
        let mut g = Graph::new();
        let d = build(&mut g);
        assert_eq!(d.objection(&mut g), None);
        assert!(d.normalized(&mut g), "{wrapper} {name}");
        assert!(log_integral(&build).abs() < 1e-6, "{wrapper} {name}: {}", log_integral(&build));
    }
    // Not alike: the density on the ordered set as it is. P(X1 < X2) for X2 - X1 ~ N(2, 8) is 0.7602499389065233.
    let build = |g: &mut Graph| ordered_case(g, "ordered", "Normal", &[&[-1.0, 1.0], &[2.0]]);
    let mut g = Graph::new();
    assert!(!build(&mut g).normalized(&mut g));
    assert!((log_integral(&build) - 0.7602499389065233f64.ln()).abs() < 1e-6);
}

#[test]
fn ordered_rejects_what_is_not_in_order() {
    let mut g = Graph::new();
    for (wrapper, x, inside) in [
        ("ordered", [1.0, 0.5], false),
        ("ordered", [-0.5, 1.0], true),
        ("positive_ordered", [-0.5, 1.0], false),
        ("positive_ordered", [0.5, 1.0], true),
    ] {
        let d = ordered_case(&mut g, wrapper, "Normal", &[&[0.0], &[1.0]]);
        assert_eq!(d.event_rank(), 1);
        let x = g.vector(&x);
        let y = d.log_density(&mut g, x);
        assert_eq!(value(&g, y).is_finite(), inside);
    }
}

/// Draws in order, with the means of order statistics: of two standard normals, -+1/sqrt(pi); of two positive ones (half
/// normal), sqrt(2/pi) -+ (sqrt(2) - 1) sqrt(2/pi).
#[test]
fn ordered_draws_have_the_means_of_order_statistics() {
    let pi = std::f64::consts::PI;
    let half = (2.0 / pi).sqrt();
    let spread = (2f64.sqrt() - 1.0) * half;
    for (wrapper, expected) in [
        ("ordered", [-1.0 / pi.sqrt(), 1.0 / pi.sqrt()]),
        ("positive_ordered", [half - spread, half + spread]),
    ] {
        let mut g = Graph::new();
        let d = ordered_case(&mut g, wrapper, "Normal", &[&[0.0], &[1.0]]);
        let draws = sample(&g, &d, &[2], 20_000);
        for (i, expected) in expected.into_iter().enumerate() {
            let mean = draws.iter().map(|d| d[i]).sum::<f64>() / draws.len() as f64;
            assert!((mean - expected).abs() < 4.5 / (draws.len() as f64).sqrt(), "{wrapper} [{i}] {mean}");
        }
        assert!(draws.iter().all(|d| d[0] <= d[1]));
    }
}

#[test]
fn mixtures_integrate_to_one_and_are_what_is_drawn() {
    let batch = |g: &mut Graph| {
        let (mean, sd, w) =
            (g.vector(&[-2.0, 0.0, 3.0]), g.vector(&[1.0, 0.3, 2.0]), g.vector(&[0.2, 0.3, 0.5]));
        let inner = Instance::Plain { dist: find("Normal").unwrap(), form: 0, args: vec![mean, sd] };
        wrap("mixture", vec![inner], vec![Some(w)])
    };
    check(batch, 40_000, "mixture over a batch");
    let list = |g: &mut Graph| {
        let components = vec![plain(g, "Gamma", &[2.0, 1.0]), plain(g, "LogNormal", &[1.0, 0.5])];
        let w = g.vector(&[0.3, 0.7]);
        wrap("mixture", components, vec![Some(w)])
    };
    check(list, 40_000, "mixture of a list");
    let counts = |g: &mut Graph| {
        let components = vec![plain(g, "Poisson", &[2.0]), plain(g, "Binomial", &[20.0, 0.7])];
        let w = g.vector(&[0.3, 0.7]);
        wrap("mixture", components, vec![Some(w)])
    };
    check(counts, 40_000, "mixture of counts");
    let nested = |g: &mut Graph| {
        let inner = plain(g, "Normal", &[0.0, 1.0]);
        let components = vec![truncated(g, inner, [0.0, INF]), plain(g, "HalfCauchy", &[0.2])];
        let w = g.vector(&[0.6, 0.4]);
        wrap("mixture", components, vec![Some(w)])
    };
    check(nested, 40_000, "mixture with a truncated component");
}

#[test]
fn mixtures_have_derivatives_and_rows() {
    let mut g = Graph::new();
    let (w, mean, sd) = (g.input(&[2]), g.input(&[2]), g.input(&[]));
    let x = g.vector(&[-1.0, 0.3, 55.0]);
    let inner = Instance::Plain { dist: find("Normal").unwrap(), form: 0, args: vec![mean, sd] };
    let proper = divided_by_sum(&mut g, w);
    let d = wrap("mixture", vec![inner], vec![Some(proper)]);
    let y = d.log_density(&mut g, x);
    assert_eq!(g.shape(y), [3]);
    let total = g.sum_all(y);
    let values = [vector(&[0.3, 0.7]), vector(&[-1.0, 2.0]), number(1.3)];
    let rows = run(&g, &[w, mean, sd], &values, &[y]).remove(0);
    let normal = |x: f64, m: f64| {
        (-0.5 * ((x - m) / 1.3f64).powi(2)).exp() / (1.3 * (2.0 * std::f64::consts::PI).sqrt())
    };
    for (row, x) in rows.iter().zip([-1.0, 0.3]) {
        assert_close(*row, (0.3 * normal(x, -1.0) + 0.7 * normal(x, 2.0)).ln(), 1e-14, "mixture");
    }
    assert!(rows[2].is_finite() && rows[2] < -700.0);
    check_derivatives(&mut g, total, &[w, mean, sd], &values, "mixture");
}

/// Components that are vectors: the mixture is over the dimension before the event.
#[test]
fn mixtures_of_vectors() {
    let mut g = Graph::new();
    let mean = g.constant(matrix(&[&[0.0, 0.0], &[3.0, -1.0]]));
    let cov = g.constant(matrix(&[&[1.0, 0.3], &[0.3, 2.0]]));
    let x = g.constant(matrix(&[&[0.2, 0.1], &[2.0, 0.0], &[5.0, 5.0]]));
    let w = g.vector(&[0.25, 0.75]);
    let dist = find("MvNormal").unwrap();
    let d = wrap("mixture", vec![Instance::Plain { dist, form: 0, args: vec![mean, cov] }], vec![Some(w)]);
    assert_eq!((d.event_rank(), d.objection(&mut g)), (1, None));
    let y = d.log_density(&mut g, x);
    let parts = [[0.0, 0.0], [3.0, -1.0]].map(|m| {
        let mean = g.vector(&m);
        let y = dist.log_density(&mut g, 0, &[mean, cov], x);
        g.value(y).unwrap().iter().copied().collect::<Vec<f64>>()
    });
    let found: Vec<f64> = g.value(y).unwrap().iter().copied().collect();
    for (i, found) in found.into_iter().enumerate() {
        let expected = (0.25 * parts[0][i].exp() + 0.75 * parts[1][i].exp()).ln();
        assert_close(found, expected, 1e-14, "row");
    }
    let draws = sample(&g, &d, &[2], 20_000);
    let first = draws.iter().map(|d| d[0]).sum::<f64>() / 20_000.0;
    assert!((first - 2.25).abs() < 4.5 * (1.0f64 + 9.0 * 0.1875).sqrt() / 20_000f64.sqrt(), "{first}");
}

#[test]
fn what_cannot_be_wrapped_is_refused_with_words() {
    let mut g = Graph::new();
    let (one, w) = (g.scalar(1.0), g.vector(&[0.5, 0.5]));
    let identity = g.constant(matrix(&[&[1.0, 0.0], &[0.0, 1.0]]));
    let pair = Instance::Plain { dist: find("MvNormal").unwrap(), form: 0, args: vec![w, identity] };
    let (poisson, beta) = (plain(&mut g, "Poisson", &[1.0]), plain(&mut g, "Beta", &[1.0, 1.0]));
    let normal = plain(&mut g, "Normal", &[0.0, 1.0]);
    let three = g.vector(&[0.2, 0.3, 0.5]);
    for d in [
        wrap("truncated", vec![pair.clone()], vec![Some(one), None]),
        wrap("ordered", vec![poisson.clone()], vec![]),
        wrap("ordered", vec![beta], vec![]),
        wrap("positive_ordered", vec![pair.clone()], vec![]),
        wrap("mixture", vec![normal.clone(), poisson], vec![Some(w)]),
        wrap("mixture", vec![normal.clone(), pair], vec![Some(w)]),
        wrap("mixture", vec![normal.clone(), normal], vec![Some(three)]),
    ] {
        let words = d.objection(&mut g);
        assert!(words.is_some_and(|words| words.len() > 20), "{}", d.describe());
    }
}

#[test]
fn flat_restricted_is_flat() {
    let mut g = Graph::new();
    let (low, high) = (g.scalar(-INF), g.scalar(INF));
    let flat = Instance::Plain { dist: find("Flat").unwrap(), form: 0, args: vec![low, high] };
    let d = truncated(&mut g, flat, [0.0, INF]);
    assert!(d.improper() && !d.normalized(&mut g) && d.objection(&mut g).is_none());
    let x = g.vector(&[-1.0, 2.0]);
    let y = d.log_density(&mut g, x);
    assert_eq!(g.value(y).unwrap().as_slice().unwrap(), [-INF, 0.0]);
    let Support::Continuous { constraint, .. } = d.support(&mut g) else { panic!("continuous") };
    assert_eq!(constraint.name(), "lower");
}

#[test]
fn finite_supports_are_listed() {
    let mut g = Graph::new();
    let p = g.vector(&[0.2, 0.3, 0.5]);
    let categorical = Instance::Plain { dist: find("Categorical").unwrap(), form: 0, args: vec![p] };
    assert_eq!(categorical.support_values(&mut g), Some(vec![1.0, 2.0, 3.0]));
    let binomial = plain(&mut g, "Binomial", &[2.0, 0.3]);
    assert_eq!(binomial.support_values(&mut g), Some(vec![0.0, 1.0, 2.0]));
    let poisson = plain(&mut g, "Poisson", &[2.0]);
    assert_eq!(poisson.support_values(&mut g), None);
    let poisson = truncated(&mut g, poisson, [1.5, 4.0]);
    assert_eq!(poisson.support_values(&mut g), Some(vec![2.0, 3.0, 4.0]));
    let thousand = plain(&mut g, "DiscreteUniform", &[1.0, 1000.0]);
    assert_eq!(thousand.support_values(&mut g).map(|values| values.len()), Some(1000));
    let more = plain(&mut g, "DiscreteUniform", &[0.0, 1000.0]);
    assert_eq!(more.support_values(&mut g), None);
    let normal = plain(&mut g, "Normal", &[0.0, 1.0]);
    assert_eq!(normal.support_values(&mut g), None);
}

/// A batch of draws: arguments broadcast, each element its own.
#[test]
fn batches_are_drawn_element_by_element() {
    let mut g = Graph::new();
    let (mean, sd) = (g.vector(&[0.0, 100.0]), g.constant(matrix(&[&[0.1], &[0.2], &[0.3]])));
    let d = Instance::Plain { dist: find("Normal").unwrap(), form: 0, args: vec![mean, sd] };
    let draw = sample(&g, &d, &[3, 2], 1).remove(0);
    assert_eq!(draw.len(), 6);
    for (i, x) in draw.iter().enumerate() {
        assert!((x - [0.0, 100.0][i % 2]).abs() < 2.0);
    }
    let dist = find("Dirichlet").unwrap();
    let concentration = g.constant(matrix(&[&[1e6, 1e6], &[1e6, 3e6]]));
    let d = Instance::Plain { dist, form: 0, args: vec![concentration] };
    let draw = sample(&g, &d, &[2, 2], 1).remove(0);
    for (x, expected) in draw.iter().zip([0.5, 0.5, 0.25, 0.75]) {
        assert!((x - expected).abs() < 0.01);
    }
}
