//! Distribution functions and quantiles against densities, each other and finite differences.

use super::*;

/// Trials that must have a distribution function: of numbers with a density that integrates.
fn askable() -> impl Iterator<Item = Case> {
    cases().into_iter().filter(|c| c.dist.event_rank() == 0 && !c.dist.improper())
}

impl Case {
    /// With constant arguments.
    fn instance(&self, g: &mut Graph) -> Instance {
        let args = self.args.iter().map(|a| g.constant(a.clone())).collect();
        Instance::Plain { dist: self.dist, form: self.form, args }
    }

    fn is_discrete(&self) -> bool {
        self.dist.element() != ElementType::Real
    }
}

fn values(g: &Graph, n: Node) -> Vec<f64> {
    g.value(n).expect("a constant").iter().copied().collect()
}

#[test]
fn tails_add_up_and_their_slope_is_the_density() {
    for case in askable().filter(|c| !c.is_discrete()) {
        let mut g = Graph::new();
        let d = case.instance(&mut g);
        let x = g.input(&[]);
        let below = d.log_cdf(&mut g, x).unwrap_or_else(|| panic!("{}", case.describe()));
        let above = d.log_ccdf(&mut g, x).unwrap_or_else(|| panic!("{}", case.describe()));
        let density = d.log_density(&mut g, x);
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
}

/// Derivatives in x and all arguments that have them.
#[test]
fn derivatives_match_finite_differences() {
    for case in askable() {
        for upper in [false, true] {
            let mut g = Graph::new();
            let (nodes, inputs, given) = nodes(&mut g, &case.values(), &case.varying());
            let (x, args) = nodes.split_last().unwrap();
            let args = proper(&mut g, &case, args);
            let d = Instance::Plain { dist: case.dist, form: case.form, args };
            let y = if upper { d.log_ccdf(&mut g, *x) } else { d.log_cdf(&mut g, *x) };
            let y = y.unwrap_or_else(|| panic!("{}", case.describe()));
            let finite = run(&g, &inputs, &given, &[y])[0][0].is_finite();
            if !inputs.is_empty() && finite {
                check_derivatives(&mut g, y, &inputs, &given, &case.describe());
            }
        }
    }
}

/// Left of the support nothing, right of it everything; infinite x too.
#[test]
fn outside_the_support_tails_are_sure() {
    for case in askable() {
        let mut g = Graph::new();
        let d = case.instance(&mut g);
        let [lower, upper] = d.support(&mut g).bounds().map(|b| b.map(|b| values(&g, b)[0]));
        let infinity = f64::INFINITY;
        let left = [-infinity, lower.map_or(-infinity, |l| l - 1.5)];
        let right = [infinity, upper.map_or(infinity, |u| u + 1.5), upper.unwrap_or(infinity)];
        for (points, sure) in [(&left[..], [-infinity, 0.0]), (&right[..], [0.0, -infinity])] {
            for &x in points {
                let x = g.scalar(x);
                let tails = [d.log_cdf(&mut g, x).unwrap(), d.log_ccdf(&mut g, x).unwrap()];
                let found = tails.map(|n| values(&g, n)[0]);
                assert_eq!(found, sure, "{} at {:?}", d.describe(), values(&g, x));
            }
        }
    }
}

/// Discrete: P(X <= k) is the sum of the probabilities up to k, and stays at it between whole numbers.
#[test]
fn discrete_sums_match() {
    let mut seen = 0;
    for case in askable().filter(Case::is_discrete) {
        let mut g = Graph::new();
        let d = case.instance(&mut g);
        let Some(lower) = d.support(&mut g).bounds()[0].map(|b| values(&g, b)[0]) else { continue };
        seen += 1;
        let mut total = 0.0;
        for k in 0..12 {
            let (at, between) = (g.scalar(lower + f64::from(k)), g.scalar(lower + f64::from(k) + 0.7));
            let density = d.log_density(&mut g, at);
            total += values(&g, density)[0].exp();
            for x in [at, between] {
                let (below, above) = (d.log_cdf(&mut g, x).unwrap(), d.log_ccdf(&mut g, x).unwrap());
                let [below, above] = [below, above].map(|n| values(&g, n)[0]);
                let what = format!("{} at {:?}", case.describe(), values(&g, x));
                assert_close(below.exp(), total, 1e-13, &what);
                assert_close(above.exp(), 1.0 - total, 1e-13, &what);
            }
        }
    }
    assert!(seen > 8);
}

const PROBABILITIES: [f64; 13] =
    [1e-300, 1e-100, 1e-20, 1e-9, 1e-4, 0.03, 0.4, 0.5, 0.7, 0.97, 1.0 - 1e-7, 1.0 - 1e-12, 1.0 - 2e-16];

/// The tails at a quantile are p and 1 - p, or lie on either side of them at the neighbouring doubles.
#[test]
fn distribution_functions_undo_quantiles() {
    for case in askable().filter(|c| !c.is_discrete()) {
        let mut g = Graph::new();
        let d = case.instance(&mut g);
        let p = g.vector(&PROBABILITIES);
        let x = d.quantile(&mut g, p).unwrap_or_else(|| panic!("{}", case.describe()));
        for (x, p) in values(&g, x).into_iter().zip(PROBABILITIES) {
            // 4 units in the last place
            let ulp = 4.0 * (x.abs().next_up() - x.abs());
            let around = g.vector(&[x - ulp, x, x + ulp]);
            let tail = if p < 0.5 { d.log_cdf(&mut g, around) } else { d.log_ccdf(&mut g, around) };
            let target = if p < 0.5 { p.ln() } else { (-p).ln_1p() };
            let tail = values(&g, tail.unwrap());
            let tolerance = 1e-9 * target.abs().max(1.0);
            let close = (tail[1] - target).abs() <= tolerance;
            let (low, high) = (tail[0].min(tail[2]), tail[0].max(tail[2]));
            let between = low <= target + tolerance && target - tolerance <= high;
            assert!(close || between, "{} p = {p:e}: x = {x:e}, {tail:?} is not {target}", case.describe());
        }
    }
}

#[test]
fn quantiles_undo_distribution_functions() {
    for case in askable() {
        let mut g = Graph::new();
        let d = case.instance(&mut g);
        let x = *case.x.iter().next().unwrap();
        let at = g.scalar(x);
        let (log_p, density) = (d.log_cdf(&mut g, at).unwrap(), d.log_density(&mut g, at));
        let (p, density) = (values(&g, log_p)[0].exp(), values(&g, density)[0].exp());
        let mut quantile = |p: f64| {
            let p = g.scalar(p);
            let x = d.quantile(&mut g, p).unwrap();
            values(&g, x)[0]
        };
        if case.is_discrete() {
            assert_eq!(quantile(p), x, "{}", case.describe());
            let more = p * (1.0 + 1e-12);
            if more < 1.0 {
                assert_eq!(quantile(more), x + 1.0, "{}", case.describe());
            }
        } else {
            let rounding = 4.0 * f64::EPSILON * p / density;
            let error = (quantile(p) - x).abs();
            assert!(error <= 1e-9 * x.abs().max(1.0) + rounding, "{}: off by {error}", case.describe());
        }
    }
}

#[test]
fn quantiles_end_where_the_support_ends() {
    for case in askable() {
        let mut g = Graph::new();
        let d = case.instance(&mut g);
        let infinity = f64::INFINITY;
        let [lower, upper] = d.support(&mut g).bounds().map(|b| b.map(|b| values(&g, b)[0]));
        let p = g.vector(&[0.0, 1.0, -0.1, 1.1, f64::NAN]);
        let x = d.quantile(&mut g, p).unwrap();
        let x = values(&g, x);
        let ends = [lower.unwrap_or(-infinity), upper.unwrap_or(infinity)];
        assert_eq!(x[..2], ends, "{}", case.describe());
        assert!(x[2..].iter().all(|x| x.is_nan()), "{}: {x:?}", case.describe());
    }
}

/// Derivatives in p and all arguments that have them.
#[test]
fn derivatives_of_quantiles_match_finite_differences() {
    for case in askable().filter(|c| !c.is_discrete()) {
        for p in [0.03, 0.4, 0.95] {
            let mut g = Graph::new();
            let given: Vec<Tensor> = case.args.iter().cloned().chain([number(p)]).collect();
            let (nodes, inputs, given) = nodes(&mut g, &given, &case.varying());
            let (p_node, args) = nodes.split_last().unwrap();
            let args = proper(&mut g, &case, args);
            let d = Instance::Plain { dist: case.dist, form: case.form, args };
            let y = d.quantile(&mut g, *p_node).unwrap();
            check_derivatives(
                &mut g,
                y,
                &inputs,
                &given,
                &format!("quantile of {} at p = {p}", case.describe()),
            );
        }
    }
}

/// Where an argument is out of its range, the quantile is no number, and no loop is endless.
#[test]
fn quantiles_of_nothing_are_nan() {
    for name in ["Gamma", "StudentT", "Poisson", "Beta"] {
        let mut g = Graph::new();
        let dist = find(name).unwrap();
        let args: Vec<Node> = dist.forms()[0].iter().map(|_| g.scalar(f64::NAN)).collect();
        let d = Instance::Plain { dist, form: 0, args };
        let p = g.scalar(0.3);
        let x = d.quantile(&mut g, p).unwrap();
        assert!(values(&g, x)[0].is_nan(), "{name}");
    }
}

/// Beyond 2^53 there are whole numbers between the doubles.
#[test]
fn counts_beyond_the_doubles_have_no_quantiles() {
    let quantile = |rate: f64, p: f64| {
        let mut g = Graph::new();
        let args = vec![g.scalar(rate)];
        let d = Instance::Plain { dist: find("Poisson").unwrap(), form: 0, args };
        let p = g.scalar(p);
        let x = d.quantile(&mut g, p).unwrap();
        values(&g, x)[0]
    };
    assert!(quantile(1e17, 0.5).is_nan());
    assert!(quantile(1e17, 1e-20).is_nan());
    assert_eq!(quantile(1e17, 1.0), f64::INFINITY);
    assert_eq!(quantile(3.5, 0.5), 3.0);
}

/// (name, arguments, p, quantile) from mpmath with 50 digits.
type Quantile = (&'static str, &'static [f64], f64, f64);

#[test]
fn quantiles_match_references() {
    for &(name, args, p, expected) in QUANTILES {
        let mut g = Graph::new();
        let args: Vec<Node> = args.iter().map(|&a| g.scalar(a)).collect();
        let d = Instance::Plain { dist: find(name).unwrap(), form: 0, args };
        let p_node = g.scalar(p);
        let x = d.quantile(&mut g, p_node).unwrap();
        let x = values(&g, x)[0];
        assert!(
            (x - expected).abs() <= 1e-12 * expected.abs(),
            "{name} p = {p:e}: {x:e} is not {expected:e}"
        );
    }
}

const QUANTILES: &[Quantile] = &[
    ("Gamma", &[2.5, 0.4], 1e-300, 4.04175972572891e-120),
    ("Gamma", &[2.5, 0.4], 0.3, 3.7498851659498826),
    ("Gamma", &[0.01, 1.0], 0.2, 7.1758381098578925e-71),
    ("Gamma", &[10000.0, 1.0], 1e-20, 9101.82410122972),
    ("Beta", &[2.5, 0.8], 1e-300, 1.1576289227724308e-120),
    ("Beta", &[2.5, 0.8], 0.3, 0.676051317895465),
    ("Beta", &[0.5, 0.5], 0.01, 0.0002467198171342215),
    ("Beta", &[300.0, 40.0], 1e-09, 0.753494499515789),
    ("StudentT", &[3.5, 0.0, 1.0], 1e-300, -6.106857031571263e+85),
    ("StudentT", &[3.5, 0.0, 1.0], 0.01, -4.060711359300083),
    ("StudentT", &[0.5, 0.0, 1.0], 1e-20, -1.0284911563163402e+39),
    ("StudentT", &[300.0, 0.0, 1.0], 1e-05, -4.334062920768099),
    ("Normal", &[0.0, 1.0], 1e-300, -37.0470962993612),
    ("HalfNormal", &[1.0], 1e-300, 1.2533141373155002e-300),
    ("Normal", &[0.0, 1.0], 1e-20, -9.262340089798407),
    ("HalfNormal", &[1.0], 1e-20, 1.2533141373155002e-20),
    ("Normal", &[0.0, 1.0], 0.3, -0.5244005127080408),
    ("HalfNormal", &[1.0], 0.3, 0.3853204664075676),
];

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
