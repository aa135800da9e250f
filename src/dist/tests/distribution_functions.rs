//! log P(X <= x) and log P(X > x) against the density and each other.

use super::*;

#[test]
fn tails_add_up_and_their_slope_is_the_density() {
    let mut seen = Vec::new();
    for case in
        cases().into_iter().filter(|c| c.dist.element() == ElementType::Real && c.dist.event_rank() == 0)
    {
        let mut g = Graph::new();
        let args: Vec<Node> = case.args.iter().map(|a| g.constant(a.clone())).collect();
        let x = g.input(&[]);
        let (dist, form) = (case.dist, case.form);
        let below = dist.log_cdf(&mut g, form, &args, x);
        let above = dist.log_ccdf(&mut g, form, &args, x);
        assert_eq!(below.is_some(), above.is_some(), "{}", case.describe());
        let (Some(below), Some(above)) = (below, above) else {
            assert!(dist.improper(), "{} has no distribution function", dist.name());
            continue;
        };
        seen.push(dist.name());
        let density = dist.log_density(&mut g, form, &args, x);
        let slope_below = crate::tape::reverse(&mut g, below, &[x])[0];
        let slope_above = crate::tape::reverse(&mut g, above, &[x])[0];
        let all = [below, above, density, slope_below, slope_above];
        let values = run(&g, &[x], std::slice::from_ref(&case.x), &all);
        let [below, above, density, slope_below, slope_above] = [0, 1, 2, 3, 4].map(|k| values[k][0]);
        let what = case.describe();
        assert_close(below.exp() + above.exp(), 1.0, 1e-13, &what);
        assert_close(slope_below * below.exp(), density.exp(), 1e-12, &what);
        assert_close(-slope_above * above.exp(), density.exp(), 1e-12, &what);
    }
    assert!(seen.len() > 20);
}

/// Derivatives in x and all arguments that have them.
#[test]
fn derivatives_match_finite_differences() {
    for case in cases() {
        let varying = case.varying();
        // Shapes of incomplete gamma and beta functions are constants.
        let fixed: &[usize] = match (case.dist.name(), case.form) {
            ("StudentT" | "HalfStudentT" | "InverseGamma", _) | ("Gamma", 0) => &[0],
            ("NegBinomial", _) => &[1],
            ("Gamma" | "Beta", _) => &[0, 1],
            _ => &[],
        };
        let mask: Vec<bool> = (0..varying.len()).map(|k| varying[k] && !fixed.contains(&k)).collect();
        for upper in [false, true] {
            let mut g = Graph::new();
            let (nodes, inputs, given) = nodes(&mut g, &case.values(), &mask);
            let (x, args) = nodes.split_last().unwrap();
            let found = match upper {
                false => case.dist.log_cdf(&mut g, case.form, args, *x),
                true => case.dist.log_ccdf(&mut g, case.form, args, *x),
            };
            let Some(y) = found else { continue };
            let finite = run(&g, &inputs, &given, &[y])[0][0].is_finite();
            if !inputs.is_empty() && finite {
                check_derivatives(&mut g, y, &inputs, &given, &case.describe());
            }
        }
    }
}

#[test]
fn shapes_that_vary_have_no_distribution_function() {
    let mut g = Graph::new();
    let (shape, x) = (g.input(&[]), g.scalar(1.0));
    for name in ["Gamma", "InverseGamma", "Beta", "HalfStudentT"] {
        assert!(find(name).unwrap().log_cdf(&mut g, 0, &[shape, x], x).is_none(), "{name}");
    }
}

/// Discrete: P(X <= k) is the sum of the probabilities up to k.
#[test]
fn discrete_sums_match() {
    for case in cases() {
        let counts = ["Binomial", "Poisson", "NegBinomial", "Geometric", "DiscreteUniform"];
        if !counts.contains(&case.dist.name()) {
            continue;
        }
        let mut g = Graph::new();
        let args: Vec<Node> = case.args.iter().map(|a| g.constant(a.clone())).collect();
        let mut total = 0.0;
        for k in -2..=11 {
            let x = g.scalar(f64::from(k));
            let density = case.dist.log_density(&mut g, case.form, &args, x);
            total += g.value(density).unwrap().iter().next().unwrap().exp();
            if k < 0 && case.dist.name() != "DiscreteUniform" || total == 0.0 {
                continue;
            }
            let below = case.dist.log_cdf(&mut g, case.form, &args, x).expect("a distribution function");
            let above = case.dist.log_ccdf(&mut g, case.form, &args, x).expect("a distribution function");
            let [below, above] = [below, above].map(|n| *g.value(n).unwrap().iter().next().unwrap());
            if k > 7 && case.dist.name() == "DiscreteUniform" {
                continue;
            }
            let what = format!("{} k = {k}", case.describe());
            assert_close(below.exp(), total, 1e-13, &what);
            assert_close(above.exp(), 1.0 - total, 1e-13, &what);
        }
    }
}

/// Far tails, from mpmath with 50 digits.
#[test]
fn far_tails_keep_their_relative_precision() {
    let tail = |name: &str, args: &[f64], x: f64, upper: bool| {
        let mut g = Graph::new();
        let args: Vec<Node> = args.iter().map(|&a| g.scalar(a)).collect();
        let x = g.scalar(x);
        let d = find(name).unwrap();
        let found = if upper { d.log_ccdf(&mut g, 0, &args, x) } else { d.log_cdf(&mut g, 0, &args, x) };
        *g.value(found.unwrap()).unwrap().iter().next().unwrap()
    };
    FAR_TAILS.iter().for_each(|&(name, args, x, upper, expected)| {
        assert_close(tail(name, args, x, upper), expected, 1e-12, &format!("{name} {args:?} {x} {upper}"));
    });
}

/// (name, arguments, x, upper tail, log probability)
type Tail = (&'static str, &'static [f64], f64, bool, f64);

const FAR_TAILS: &[Tail] = &[
    ("Normal", &[0.0, 1.0], -38.0, false, -726.5572160188201),
    ("Normal", &[0.0, 1.0], 38.0, true, -726.5572160188201),
    ("HalfNormal", &[2.0], 60.0, true, -453.62809677578326),
    ("HalfNormal", &[2.0], 1e-12, false, -28.54995964913322),
    ("Gamma", &[2.5, 1.0], 800.0, true, -790.2558908656379),
    ("Gamma", &[2.5, 1.0], 1e-30, false, -173.8948555769005),
    ("Gamma", &[10000.0, 1.0], 9000.0, false, -56.83548616875225),
    ("Gamma", &[10000.0, 1.0], 11000.0, true, -50.13045668620431),
    ("Gamma", &[0.001, 1.0], 50.0, true, -60.834702705886635),
    ("InverseGamma", &[3.0, 1.0], 0.001, false, -986.875636623927),
    ("Beta", &[2.5, 0.8], 1e-40, false, -230.62444400225675),
    ("Beta", &[2.0, 30.0], 0.9, true, -65.74534827964618),
    ("Beta", &[5000.0, 3000.0], 0.5, false, -256.73207518277565),
    ("StudentT", &[3.0, 0.0, 1.0], -100000000.0, false, -55.164318792812495),
    ("StudentT", &[3.0, 0.0, 1.0], 100000000.0, true, -55.164318792812495),
    ("StudentT", &[50.0, 0.0, 1.0], -40.0, false, -90.27785301120115),
    ("StudentT", &[3.0, 0.0, 1.0], -1e-05, false, -0.6931545316389032),
    ("Cauchy", &[0.0, 1.0], -1000000000000.0, false, -28.775751001777948),
    ("HalfCauchy", &[2.0], 1000000000000.0, true, -27.389456640658057),
    ("Laplace", &[0.0, 1.0], -700.0, false, -700.6931471805599),
    ("Logistic", &[0.0, 1.0], -700.0, false, -700.0),
    ("LogNormal", &[0.0, 1.0], 1e-12, false, -385.9758471246314),
    ("Exponential", &[2.0], 1e-20, false, -45.35855467932097),
    ("Weibull", &[1.5, 1.0], 1e-20, false, -69.07755278982137),
    ("Poisson", &[3.5], 80.0, true, -180.05017626841698),
    ("Poisson", &[1000.0], 700.0, false, -53.32574818369548),
    ("Binomial", &[100.0, 0.3], 95.0, true, -101.80842584163032),
    ("Binomial", &[100.0, 0.3], 0.0, false, -35.667494393873234),
];
