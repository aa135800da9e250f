//! Samplers against densities, at a fixed seed.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::constraint::Constraint;

const N_DRAWS: usize = 40_000;

/// Kolmogorov-Smirnov distance that a correct sampler exceeds once in 1e4 seeds: sqrt(log(2e4) / 2) / sqrt(n).
fn critical_distance(n: usize) -> f64 {
    (2e4f64.ln() / 2.0).sqrt() / (n as f64).sqrt()
}

/// Checks draws of numbers against a log density: the transform of both to the whole line, Simpson's rule between
/// neighbouring quantiles. A density that does not integrate to 1 fails as a wrong sampler does.
pub(super) fn check_continuous(
    draws: &[f64],
    constraint: &dyn Constraint,
    bounds: &[f64],
    density: impl Fn(&mut Graph, Node) -> Node,
    what: &str,
) {
    const BINS: usize = 400;
    const PANELS: usize = 8;
    let mut y: Vec<f64> = draws
        .iter()
        .map(|&x| constraint.unconstrain(&[x], bounds).unwrap_or_else(|| panic!("{what}: {x}"))[0])
        .collect();
    y.sort_by(f64::total_cmp);
    let n = y.len();
    let mut edges: Vec<f64> = (0..=BINS).map(|b| y[(b * (n - 1)) / BINS]).collect();
    // Heavy tails are wide: refine between the outermost quantiles.
    let mut refined = Vec::new();
    for pair in edges.windows(2) {
        let parts = if pair[1] - pair[0] > 0.5 { 200 } else { 1 };
        refined.extend((0..parts).map(|i| pair[0] + (pair[1] - pair[0]) * i as f64 / parts as f64));
    }
    refined.push(*edges.last().unwrap());
    edges = refined;
    let mut grid = Vec::new();
    for pair in edges.windows(2) {
        grid.extend((0..=PANELS).map(|i| pair[0] + (pair[1] - pair[0]) * i as f64 / PANELS as f64));
    }
    let mut g = Graph::new();
    let input = g.input(&[grid.len()]);
    let bounds: Vec<Node> = bounds.iter().map(|&b| g.scalar(b)).collect();
    let (x, log_jacobian) = constraint.constrain(&mut g, input, &bounds);
    let log_density = density(&mut g, x);
    let total = g.add(log_density, log_jacobian);
    let values = run(&g, &[input], &[vector(&grid)], &[total]).remove(0);
    let mut cumulative = 0.0;
    let mut worst: f64 = 0.0;
    for (pair, values) in edges.windows(2).zip(values.chunks_exact(PANELS + 1)) {
        let empirical = y.partition_point(|&v| v <= pair[0]) as f64 / n as f64;
        worst = worst.max((cumulative - empirical).abs());
        let weights = |i: usize| {
            if i == 0 || i == PANELS {
                1.0
            } else if i % 2 == 1 {
                4.0
            } else {
                2.0
            }
        };
        let sum: f64 = values.iter().enumerate().map(|(i, v)| weights(i) * v.exp()).sum();
        cumulative += sum * (pair[1] - pair[0]) / PANELS as f64 / 3.0;
    }
    worst = worst.max((cumulative - 1.0).abs());
    assert!(worst < critical_distance(n), "{what}: distance {worst}");
}

/// Chi-squared of draws of whole numbers against their probabilities, those expected under 10 times pooled.
pub(super) fn check_discrete(draws: &[f64], density: impl Fn(&mut Graph, Node) -> Node, what: &str) {
    let highest = draws.iter().copied().fold(f64::MIN, f64::max);
    let lowest = draws.iter().copied().fold(f64::MAX, f64::min);
    let values: Vec<f64> = (0..=(highest - lowest) as usize).map(|k| lowest + k as f64).collect();
    let mut g = Graph::new();
    let x = g.vector(&values);
    let log_density = density(&mut g, x);
    let probabilities: Vec<f64> = g.value(log_density).expect("constants").iter().map(|v| v.exp()).collect();
    let n = draws.len() as f64;
    let (mut statistic, mut cells) = (0.0, 0);
    let (mut rest, mut rest_expected) = (n, n);
    for (&value, p) in values.iter().zip(&probabilities) {
        if n * p < 10.0 {
            continue;
        }
        let count = draws.iter().filter(|&&x| x == value).count() as f64;
        statistic += (count - n * p).powi(2) / (n * p);
        cells += 1;
        rest -= count;
        rest_expected -= n * p;
    }
    if rest_expected > 10.0 {
        statistic += (rest - rest_expected).powi(2) / rest_expected;
    } else {
        assert!(
            (rest - rest_expected).abs() < 30.0,
            "{what}: {rest} draws elsewhere, {rest_expected} expected"
        );
    }
    // Mean plus 4.5 standard deviations
    let limit = f64::from(cells) + 4.5 * (2.0 * f64::from(cells)).sqrt();
    assert!(statistic < limit, "{what}: chi-squared {statistic} in {cells} cells");
}

pub(super) fn draws(case: &Case, n: usize) -> Vec<Vec<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let args: Vec<&[f64]> = case.args.iter().map(|a| a.as_slice().unwrap()).collect();
    (0..n)
        .map(|_| {
            let mut out = vec![0.0; case.x.len()];
            case.dist.sample(case.form, &args, &mut rng, &mut out);
            out
        })
        .collect()
}

#[test]
fn samplers_follow_their_densities() {
    for case in cases().into_iter().filter(|c| c.dist.event_rank() == 0 && !c.dist.improper()) {
        let what = case.describe();
        let draws = draws(&case, N_DRAWS).concat();
        let density = |g: &mut Graph, x: Node| {
            let args: Vec<Node> = case.args.iter().map(|a| g.constant(a.clone())).collect();
            case.dist.log_density(g, case.form, &args, x)
        };
        let mut g = Graph::new();
        let args: Vec<Node> = case.args.iter().map(|a| g.constant(a.clone())).collect();
        match case.dist.support(&mut g, case.form, &args) {
            Support::Integers { .. } => check_discrete(&draws, density, &what),
            Support::Counts { .. } => panic!("{what} is a number"),
            Support::Continuous { constraint, bounds } => {
                let number = |&n: &Node| *g.value(n).unwrap().iter().next().unwrap();
                let bounds: Vec<f64> = bounds.iter().map(number).collect();
                check_continuous(&draws, constraint, &bounds, density, &what);
            }
        }
    }
}

/// Kolmogorov-Smirnov distance between draws and the distribution function; for discrete distributions at their values.
#[test]
fn samplers_follow_their_distribution_functions() {
    for case in cases().into_iter().filter(|c| c.dist.event_rank() == 0 && !c.dist.improper()) {
        let mut draws = draws(&case, N_DRAWS).concat();
        draws.sort_by(f64::total_cmp);
        let mut g = Graph::new();
        let args: Vec<Node> = case.args.iter().map(|a| g.constant(a.clone())).collect();
        let d = Instance::Plain { dist: case.dist, form: case.form, args };
        // Of draws that are equal the last; of all, every 20th
        let n = draws.len();
        let ranks = (0..n).filter(|&k| draws.get(k + 1) != Some(&draws[k]));
        let discrete = case.dist.element() != ElementType::Real;
        let ranks: Vec<usize> = ranks.step_by(if discrete { 1 } else { 20 }).collect();
        let values: Vec<f64> = ranks.iter().map(|&k| draws[k]).collect();
        let x = g.vector(&values);
        let log_p = d.log_cdf(&mut g, x).unwrap_or_else(|| panic!("{}", case.describe()));
        let distance = |(log_p, &k): (&f64, &usize)| (log_p.exp() - (k + 1) as f64 / n as f64).abs();
        let worst = g.value(log_p).unwrap().iter().zip(&ranks).map(distance).fold(0.0, f64::max);
        assert!(worst < critical_distance(draws.len()), "{}: distance {worst}", case.describe());
    }
}

/// Whatever their arguments, these have no mean. All other trials have one, and a standard deviation.
const WITHOUT_MEAN: [&str; 2] = ["Cauchy", "HalfCauchy"];

/// Formulas for means and standard deviations against quadrature of the density, or sums over the support.
#[test]
fn moments_match_quadrature() {
    let mut seen = 0;
    let mut failures = Vec::new();
    for case in cases().into_iter().filter(|c| c.dist.event_rank() == 0 && !c.dist.improper()) {
        let what = case.describe();
        let mut g = Graph::new();
        let args: Vec<Node> = case.args.iter().map(|a| g.constant(a.clone())).collect();
        let mut d = Instance::Plain { dist: case.dist, form: case.form, args };
        let formulas = [d.mean(&mut g), d.sd(&mut g)];
        if case.dist.element() != ElementType::Real && d.support_values(&mut g).is_none() {
            // All but 1e-15 of it
            let p = g.scalar(1.0 - 1e-15);
            let end = d.quantile(&mut g, p).unwrap();
            let wrapper = crate::dist::wrappers::find("truncated").unwrap();
            d = Instance::Wrapped { wrapper, inner: vec![d], args: vec![None, Some(end)] };
        }
        let Some(sums) = d.summed_moments(&mut g) else { panic!("{what}: no sums") };
        for (formula, sum) in formulas.into_iter().zip(sums) {
            let Some(formula) = formula else { continue };
            let [formula, sum] = [formula, sum].map(|n| *g.value(n).unwrap().iter().next().unwrap());
            assert_eq!(formula.is_finite(), !WITHOUT_MEAN.contains(&case.dist.name()), "{what}: {formula}");
            if formula.is_finite() {
                seen += 1;
                if (sum - formula).abs() > 1e-9 * formula.abs().max(1.0) {
                    failures.push(format!("{what}: {sum} is not {formula}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(seen > 60);
}

#[test]
fn means_match_the_draws() {
    let mut seen = 0;
    for case in cases() {
        let mut g = Graph::new();
        let args: Vec<Node> = case.args.iter().map(|a| g.constant(a.clone())).collect();
        let Some(mean) = case.dist.mean(&mut g, case.form, &args) else { continue };
        seen += 1;
        let mean: Vec<f64> = g.value(mean).expect("a constant").iter().copied().collect();
        assert_eq!(mean.len(), case.x.len(), "{}", case.describe());
        if WITHOUT_MEAN.contains(&case.dist.name()) {
            assert!(mean.iter().all(|m| !m.is_finite()), "{}: {mean:?}", case.describe());
            continue;
        }
        assert!(mean.iter().all(|m| m.is_finite()), "{}: {mean:?}", case.describe());
        let draws = draws(&case, N_DRAWS);
        for (i, mean) in mean.into_iter().enumerate() {
            let column: Vec<f64> = draws.iter().map(|d| d[i]).collect();
            let average = column.iter().sum::<f64>() / N_DRAWS as f64;
            let variance = column.iter().map(|x| (x - average).powi(2)).sum::<f64>() / N_DRAWS as f64;
            let error = (variance / N_DRAWS as f64).sqrt();
            // An element may be a constant, such as the first one of a correlation's factor.
            assert!((average - mean).abs() <= 4.5 * error, "{} [{i}]: {average}, {mean}", case.describe());
        }
    }
    assert!(seen > 40);
}

/// Covariances of multivariate draws.
#[test]
fn covariances_match_the_draws() {
    for case in cases().into_iter().filter(|c| c.dist.event_rank() == 1) {
        let k = case.x.len();
        let value = |i: usize| case.args[i].as_slice().unwrap().to_vec();
        let expected: Vec<f64> = match (case.dist.name(), case.form) {
            ("MvNormal", 0) => value(1),
            ("MvNormal", 1) => {
                let l = value(1);
                let entry = |i: usize, j: usize| (0..k).map(|m| l[i * k + m] * l[j * k + m]).sum();
                (0..k * k).map(|e| entry(e / k, e % k)).collect()
            }
            ("MvNormal", _) => {
                let mut g = Graph::new();
                let precision = g.constant(case.args[1].clone());
                let covariance = g.inverse(precision);
                g.value(covariance).unwrap().iter().copied().collect()
            }
            ("Dirichlet" | "Multinomial" | "DirichletMultinomial", _) => {
                // A factor times p (1 - p) and -p p'
                let a = if case.dist.name() == "Dirichlet" { value(0) } else { value(1) };
                let total: f64 = a.iter().sum();
                let share = |i: usize| a[i] / total;
                let factor = match case.dist.name() {
                    "Dirichlet" => 1.0 / (total + 1.0),
                    "Multinomial" => value(0)[0],
                    _ => value(0)[0] * (total + value(0)[0]) / (total + 1.0),
                };
                let entry =
                    |i: usize, j: usize| factor * (f64::from(i == j) * share(i) - share(i) * share(j));
                (0..k * k).map(|e| entry(e / k, e % k)).collect()
            }
            (name, _) => super::matrices::covariance(&case)
                .unwrap_or_else(|| panic!("the covariance of {name} is not tested")),
        };
        let draws = draws(&case, N_DRAWS);
        let n = N_DRAWS as f64;
        let mean: Vec<f64> = (0..k).map(|i| draws.iter().map(|d| d[i]).sum::<f64>() / n).collect();
        for i in 0..k {
            for j in 0..k {
                let products: Vec<f64> = draws.iter().map(|d| (d[i] - mean[i]) * (d[j] - mean[j])).collect();
                let covariance = products.iter().sum::<f64>() / n;
                let spread = products.iter().map(|p| (p - covariance).powi(2)).sum::<f64>() / n;
                let error = (covariance - expected[i * k + j]).abs();
                assert!(error < 4.5 * (spread / n).sqrt(), "{} [{i}, {j}]: off by {error}", case.describe());
            }
        }
    }
}
