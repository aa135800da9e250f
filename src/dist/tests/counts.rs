//! Vectors of counts, ordered outcomes and finite supports: probabilities sum to 1, tails are sums, moments match.

use super::*;

fn log_p(case: &Case, x: Tensor) -> f64 {
    let mut g = Graph::new();
    let args: Vec<Node> = case.args.iter().map(|a| g.constant(a.clone())).collect();
    let x = g.constant(x);
    let y = case.dist.log_density(&mut g, case.form, &args, x);
    number_of(&g, y)
}

fn number_of(g: &Graph, n: Node) -> f64 {
    let value = g.value(n).expect("a constant");
    assert_eq!(value.len(), 1);
    *value.iter().next().unwrap()
}

/// All vectors of `k` whole numbers, 0 or more, that sum to `n`.
fn compositions(n: usize, k: usize) -> Vec<Vec<f64>> {
    if k == 1 {
        return vec![vec![n as f64]];
    }
    (0..=n)
        .flat_map(|first| {
            compositions(n - first, k - 1).into_iter().map(move |rest| [vec![first as f64], rest].concat())
        })
        .collect()
}

#[test]
fn vectors_of_counts_have_probabilities_that_sum_to_one() {
    let mut seen = 0;
    for case in cases().into_iter().filter(|c| c.dist.event_rank() == 1) {
        let mut g = Graph::new();
        let args: Vec<Node> = case.args.iter().map(|a| g.constant(a.clone())).collect();
        let Support::Counts { total } = case.dist.support(&mut g, case.form, &args) else { continue };
        seen += 1;
        let (n, k) = (number_of(&g, total), case.x.len());
        let (mut sum, mut first, mut second) = (0.0, vec![0.0; k], vec![0.0; k]);
        for x in compositions(n as usize, k) {
            let p = log_p(&case, vector(&x)).exp();
            sum += p;
            for i in 0..k {
                first[i] += p * x[i];
                second[i] += p * x[i] * x[i];
            }
        }
        assert_close(sum, 1.0, 1e-13, &case.describe());
        let mean = case.dist.mean(&mut g, case.form, &args).expect("a mean");
        let sd = case.dist.sd(&mut g, case.form, &args).expect("an sd");
        let [mean, sd] = [mean, sd].map(|n| g.value(n).unwrap().iter().copied().collect::<Vec<f64>>());
        for i in 0..k {
            assert_close(mean[i], first[i], 1e-13, &case.describe());
            assert_close(sd[i] * sd[i], second[i] - first[i] * first[i], 1e-12, &case.describe());
        }
        for wrong in [n + 1.0, n - 0.5] {
            let mut x = vec![0.0; k];
            x[0] = wrong;
            assert_eq!(log_p(&case, vector(&x)), f64::NEG_INFINITY, "{}", case.describe());
        }
        let mut negative = vec![0.0; k];
        (negative[0], negative[1]) = (-1.0, n + 1.0);
        assert_eq!(log_p(&case, vector(&negative)), f64::NEG_INFINITY, "{}", case.describe());
    }
    assert!(seen >= 4);
}

/// Distributions of numbers with a finite support: their probabilities, both tails, mean and sd.
#[test]
fn finite_supports_add_up() {
    let mut seen = Vec::new();
    for case in cases().into_iter().filter(|c| c.dist.event_rank() == 0) {
        let mut g = Graph::new();
        let args: Vec<Node> = case.args.iter().map(|a| g.constant(a.clone())).collect();
        let (dist, form) = (case.dist, case.form);
        let instance = Instance::Plain { dist, form, args: args.clone() };
        let Some(values) = instance.support_values(&mut g) else { continue };
        seen.push(dist.name());
        let p: Vec<f64> = values.iter().map(|&x| log_p(&case, number(x)).exp()).collect();
        assert_close(p.iter().sum(), 1.0, 1e-13, &case.describe());
        let mean: f64 = values.iter().zip(&p).map(|(x, p)| x * p).sum();
        let variance: f64 = values.iter().zip(&p).map(|(x, p)| (x - mean).powi(2) * p).sum();
        if let Some(found) = dist.mean(&mut g, form, &args) {
            assert_close(number_of(&g, found), mean, 1e-13, &case.describe());
        }
        if let Some(found) = dist.sd(&mut g, form, &args) {
            assert_close(number_of(&g, found), variance.sqrt(), 1e-12, &case.describe());
        }
        for (k, &x) in values.iter().enumerate() {
            // x as a constant and as an input: two ways through the formulas.
            for varying in [false, true] {
                let mut g = Graph::new();
                let args: Vec<Node> = case.args.iter().map(|a| g.constant(a.clone())).collect();
                let at = if varying { g.input(&[]) } else { g.scalar(x) };
                let here = Instance::Plain { dist, form, args };
                let tails = (here.log_cdf(&mut g, at), here.log_ccdf(&mut g, at));
                // Incomplete functions take constants.
                let (Some(below), Some(above)) = tails else {
                    assert!(varying, "{} has tails", case.describe());
                    continue;
                };
                let inputs: &[Node] = if varying { &[at] } else { &[] };
                let given = if varying { vec![number(x)] } else { vec![] };
                let found = run(&g, inputs, &given, &[below, above]);
                let sums = [p[..=k].iter().sum::<f64>(), p[k + 1..].iter().sum()];
                for (found, sum) in found.iter().zip(sums) {
                    assert_close(found[0].exp(), sum, 1e-13, &format!("{} <= {x}", case.describe()));
                    assert!(found[0] <= 0.0, "{}: {}", case.describe(), found[0]);
                }
            }
        }
    }
    for name in ["BetaBinomial", "Hypergeometric", "OrderedLogistic", "OrderedProbit"] {
        assert!(seen.contains(&name), "{name} is among {seen:?}");
    }
}

/// Tails of finite sums in logarithms, far out, and beyond both ends.
#[test]
fn finite_sums_keep_small_tails() {
    // Sums of 50-digit arithmetic (mpmath)
    for &(name, args, x, below, above) in FAR_TAILS {
        let mut g = Graph::new();
        let dist = find(name).unwrap();
        let args: Vec<Node> = args.iter().map(|&a| g.scalar(a)).collect();
        let x = g.scalar(x);
        let here = Instance::Plain { dist, form: 0, args };
        let found = [here.log_cdf(&mut g, x), here.log_ccdf(&mut g, x)];
        for (found, expected) in found.into_iter().zip([below, above]) {
            assert_close(number_of(&g, found.unwrap()), expected, 1e-11, name);
        }
    }
}

/// A predictor that overshoots leaves value and gradient finite, wherever the category.
#[test]
fn ordered_outcomes_have_finite_gradients_far_out() {
    for name in ["OrderedLogistic", "OrderedProbit"] {
        for far in [-700.0, -40.0, -3.0, 3.0, 40.0, 700.0] {
            let mut g = Graph::new();
            let (eta, cutpoints) = (g.input(&[]), g.input(&[3]));
            let x = g.vector(&[1.0, 2.0, 3.0, 4.0]);
            let y = find(name).unwrap().log_density(&mut g, 0, &[eta, cutpoints], x);
            let total = g.sum_all(y);
            let slopes = crate::tape::reverse(&mut g, total, &[eta, cutpoints]);
            let given = [number(far), vector(&[-1.0, 0.2, 0.20001])];
            let found = run(&g, &[eta, cutpoints], &given, &[total, slopes[0], slopes[1]]).concat();
            assert!(found.iter().all(|v| v.is_finite()), "{name} at {far}: {found:?}");
        }
    }
}

/// Latent cutpoints that do not increase give no category a probability.
#[test]
fn cutpoints_increase() {
    for name in ["OrderedLogistic", "OrderedProbit"] {
        let mut g = Graph::new();
        let (eta, cutpoints) = (g.scalar(0.2), g.input(&[2, 3]));
        let x = g.constant(matrix(&[&[1.0, 1.0], &[2.0, 2.0], &[4.0, 4.0]]));
        let y = find(name).unwrap().log_density(&mut g, 0, &[eta, cutpoints], x);
        let total = g.sum_all(y);
        let slope = crate::tape::reverse(&mut g, total, &[cutpoints])[0];
        let given = matrix(&[&[-1.0, 0.5, 2.0], &[0.0, 2.0, 1.0]]);
        let found = run(&g, &[cutpoints], &[given], &[y, slope]);
        for (i, value) in found[0].iter().enumerate() {
            assert_eq!(value.is_finite(), i % 2 == 0, "{name} {:?}", found[0]);
        }
        assert!(found[1].iter().all(|d| d.is_finite()), "{name}: {:?}", found[1]);
    }
}

/// Mixtures of count vectors: the probabilities of all vectors sum to 1.
#[test]
fn count_vectors_mix() {
    let mut g = Graph::new();
    let (n, w) = (g.scalar(4.0), g.vector(&[0.3, 0.7]));
    let p = g.constant(matrix(&[&[0.2, 0.3, 0.5], &[0.6, 0.3, 0.1]]));
    let inner = Instance::Plain { dist: find("Multinomial").unwrap(), form: 0, args: vec![n, p] };
    let wrapper = crate::dist::wrappers::find("mixture").unwrap();
    let d = Instance::Wrapped { wrapper, inner: vec![inner], args: vec![Some(w)] };
    assert_eq!(d.objection(&mut g), None);
    assert!(matches!(d.support(&mut g), Support::Counts { .. }));
    let all = compositions(4, 3);
    let rows: Vec<&[f64]> = all.iter().map(Vec::as_slice).collect();
    let x = g.constant(matrix(&rows));
    let y = d.log_density(&mut g, x);
    let total: f64 = g.value(y).unwrap().iter().map(|v| v.exp()).sum();
    assert_close(total, 1.0, 1e-13, "a mixture of multinomials");
}

/// Name, arguments, x, log P(X <= x), log P(X > x).
type FarTail = (&'static str, &'static [f64], f64, f64, f64);

const INF: f64 = f64::INFINITY;

const FAR_TAILS: &[FarTail] = &[
    ("BetaBinomial", &[7.0, 0.5, 3.0], -1.0, -INF, 0.0),
    ("BetaBinomial", &[7.0, 0.5, 3.0], 7.0, 0.0, -INF),
    ("Hypergeometric", &[7.0, 5.0, 9.0], -1.0, -INF, 0.0),
    ("Hypergeometric", &[7.0, 5.0, 9.0], 5.0, 0.0, -INF),
    ("BetaBinomial", &[1000.0, 30.0, 2000.0], 90.0, -1.2167644291581187e-22, -50.46067681743812),
    ("BetaBinomial", &[1000.0, 3000000.0, 2000000.0], 400.0, -84.15201217234748, -2.8395226167352643e-37),
    ("BetaBinomial", &[50.0, 0.01, 40.0], 45.0, -1.1469941621058455e-24, -55.12489748343001),
    ("Hypergeometric", &[500.0, 700.0, 900.0], 350.0, -2.0526832973508063e-47, -107.4220731915846),
    ("Hypergeometric", &[500.0, 700.0, 900.0], 60.0, -167.98021200839028, 1.7159149438791896e-48),
];
