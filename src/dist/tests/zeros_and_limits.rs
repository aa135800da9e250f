//! Censored, zero-inflated and hurdle distributions against probabilities added up by hand, their draws and derivatives.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;

const INF: f64 = f64::INFINITY;
const N_DRAWS: usize = 4_000;

fn wrap(name: &str, inner: Instance, args: Vec<Option<Node>>) -> Instance {
    let wrapper = crate::dist::wrappers::find(name).unwrap();
    Instance::Wrapped { wrapper, inner: vec![inner], args }
}

fn plain(g: &mut Graph, name: &str, args: &[f64]) -> Instance {
    let args = args.iter().map(|&a| g.scalar(a)).collect();
    Instance::Plain { dist: find(name).unwrap(), form: 0, args }
}

fn censored(g: &mut Graph, inner: Instance, limits: [f64; 2]) -> Instance {
    let limits = limits.map(|limit| Some(g.scalar(limit)));
    wrap("censored", inner, limits.to_vec())
}

fn with_zeros(g: &mut Graph, name: &str, p: f64, inner: Instance) -> Instance {
    let p = g.scalar(p);
    wrap(name, inner, vec![Some(p)])
}

fn draws(g: &Graph, d: &Instance) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let lookup = |node: Node| g.value(node).expect("a constant").clone();
    (0..N_DRAWS).map(|_| d.sample(&lookup, &[], &mut rng).expect("a draw")[0]).collect()
}

/// exp of log density (0), log P(X <= x) (1) or log P(X > x) (2) at constants.
fn asked(g: &mut Graph, d: &Instance, question: usize, x: &[f64]) -> Vec<f64> {
    let at = g.vector(x);
    let y = match question {
        0 => d.log_density(g, at),
        1 => d.log_cdf(g, at).expect("a lower tail"),
        _ => d.log_ccdf(g, at).expect("an upper tail"),
    };
    g.value(y).expect("a constant").iter().map(|v| v.exp()).collect()
}

/// One of each distribution of numbers that is proper, for every trial.
fn numbers() -> Vec<Case> {
    let mut cases: Vec<Case> =
        cases().into_iter().filter(|c| c.dist.event_rank() == 0 && !c.dist.improper()).collect();
    cases.dedup_by(|a, b| a.dist.name() == b.dist.name() && a.form == b.form && a.args == b.args);
    cases
}

fn instance(g: &mut Graph, case: &Case) -> Instance {
    let args = case.args.iter().map(|a| g.constant(a.clone())).collect();
    Instance::Plain { dist: case.dist, form: case.form, args }
}

/// The share of draws at or below each point, against P(X <= x) and P(X > x).
fn check_draws(g: &mut Graph, d: &Instance, draws: &[f64], points: &[f64], what: &str) {
    let (below, above) = (asked(g, d, 1, points), asked(g, d, 2, points));
    for ((&x, below), above) in points.iter().zip(below).zip(above) {
        assert_close(below + above, 1.0, 1e-12, &format!("{what}: tails at {x}"));
        let share = draws.iter().filter(|&&v| v <= x).count() as f64 / draws.len() as f64;
        let error = (below * above / draws.len() as f64).sqrt();
        assert!((share - below).abs() <= 4.5 * error, "{what}: {share} of draws <= {x}, not {below}");
    }
}

/// Mean and sd against those of draws, where there are formulas and a fourth moment.
fn check_moments(g: &mut Graph, d: &Instance, draws: &[f64], what: &str) -> bool {
    let n = draws.len() as f64;
    let (Some(mean), Some(sd)) = (d.mean(g), d.sd(g)) else { return false };
    let [mean, sd] = [mean, sd].map(|n| *g.value(n).expect("a constant").iter().next().unwrap());
    if !(mean.is_finite() && sd.is_finite()) {
        return false;
    }
    let average = draws.iter().sum::<f64>() / n;
    assert!((average - mean).abs() <= 4.5 * sd / n.sqrt(), "{what}: mean {mean}, draws {average}");
    let squares: Vec<f64> = draws.iter().map(|x| (x - mean).powi(2)).collect();
    let variance = squares.iter().sum::<f64>() / n;
    let spread = (squares.iter().map(|s| (s - variance).powi(2)).sum::<f64>() / n / n).sqrt();
    let error = (variance - sd * sd).abs();
    // Where squares have no variance the draws say little.
    let light = spread < 0.05 * variance;
    assert!(!light || error <= 4.5 * spread + 1e-12, "{what}: sd {sd}, draws {}", variance.sqrt());
    true
}

/// Composite Simpson between two points, which are left out.
fn integral(g: &mut Graph, d: &Instance, low: f64, high: f64) -> f64 {
    const PANELS: usize = 100;
    let inside = 1e-9 * (high - low);
    let (low, high) = (low + inside, high - inside);
    let step = (high - low) / PANELS as f64;
    let grid: Vec<f64> = (0..=PANELS).map(|i| low + step * i as f64).collect();
    let weight = |i: usize| match i {
        0 | PANELS => 1.0,
        i if i % 2 == 1 => 4.0,
        _ => 2.0,
    };
    let density = asked(g, d, 0, &grid);
    density.iter().enumerate().map(|(i, p)| weight(i) * p).sum::<f64>() * step / 3.0
}

/// The same over pieces of one length.
fn pieces(g: &mut Graph, d: &Instance, low: f64, high: f64) -> f64 {
    let edge = |i: usize| low + (high - low) * i as f64 / 200.0;
    (0..200).map(|i| integral(g, d, edge(i), edge(i + 1))).sum()
}

#[test]
fn censored_keeps_all_mass_and_draws_match() {
    let (mut seen, mut n_moments) = (Vec::new(), 0);
    for case in numbers() {
        let mut g = Graph::new();
        let inner = instance(&mut g, &case);
        let mut sorted = draws(&g, &inner);
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (sorted[N_DRAWS / 5], sorted[N_DRAWS * 4 / 5]);
        for limits in [[low, high], [-INF, high], [low, INF]] {
            if limits[0] >= limits[1] {
                continue;
            }
            let d = censored(&mut g, inner.clone(), limits);
            assert_eq!(d.objection(&mut g), None, "{}", case.describe());
            let what = format!("censored {} {limits:?}", case.describe());
            let ends: Vec<f64> = limits.into_iter().filter(|x| x.is_finite()).collect();
            let at_ends: f64 = asked(&mut g, &d, 0, &ends).iter().sum();
            let between = match case.dist.element() {
                ElementType::Real => {
                    let [low, high] = [limits[0].max(sorted[20]), limits[1].min(sorted[N_DRAWS - 20])];
                    // Piece by piece, each of a like probability
                    let quantiles = sorted.iter().step_by(50).copied().filter(|&x| x > low && x < high);
                    let edges: Vec<f64> = [low].into_iter().chain(quantiles).chain([high]).collect();
                    let middle: f64 =
                        edges.windows(2).map(|pair| integral(&mut g, &d, pair[0], pair[1])).sum();
                    // What lies between the outer draws and infinity
                    let from = |x: f64, tail: usize, g: &mut Graph| asked(g, &inner, tail, &[x])[0];
                    let below = if limits[0] == -INF { from(low, 1, &mut g) } else { 0.0 };
                    let above = if limits[1] == INF { from(high, 2, &mut g) } else { 0.0 };
                    middle + below + above
                }
                _ => {
                    let [low, high] =
                        [limits[0].max(sorted[0] - 100.0), limits[1].min(sorted[N_DRAWS - 1] + 3000.0)];
                    let n = (high - low) as usize;
                    let values: Vec<f64> = (0..=n).map(|i| low + i as f64).collect();
                    let inside: Vec<f64> = values.into_iter().filter(|x| !ends.contains(x)).collect();
                    if inside.is_empty() { 0.0 } else { asked(&mut g, &d, 0, &inside).iter().sum() }
                }
            };
            assert!((at_ends + between - 1.0).abs() < 2e-5, "{what}: {at_ends} and {between}");
            let drawn = draws(&g, &d);
            assert!(drawn.iter().all(|x| (limits[0]..=limits[1]).contains(x)), "{what}");
            let points: Vec<f64> = (1..6).map(|k| sorted[N_DRAWS * k / 6]).collect();
            check_draws(&mut g, &d, &drawn, &points, &what);
            // Once for each distribution: moments between limits are quadratures.
            if !seen.contains(&case.dist.name()) {
                n_moments += usize::from(check_moments(&mut g, &d, &drawn, &what));
            }
            seen.push(case.dist.name());
        }
        // Outside its limits nothing is recorded.
        let d = censored(&mut g, inner, [low, INF]);
        assert_eq!(asked(&mut g, &d, 0, &[low - 1.0]), [0.0], "{}", case.describe());
    }
    let names: std::collections::BTreeSet<&str> = numbers().iter().map(|c| c.dist.name()).collect();
    let missing: Vec<&&str> = names.iter().filter(|name| !seen.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(n_moments > 20, "{n_moments} have moments");
}

#[test]
fn zeros_add_up_and_draws_match() {
    const P: f64 = 0.3;
    let mut n_moments = 0;
    for case in numbers() {
        let discrete = case.dist.element() != ElementType::Real;
        for name in ["zero_inflated", "hurdle"] {
            let mut g = Graph::new();
            let inner = instance(&mut g, &case);
            let d = with_zeros(&mut g, name, P, inner.clone());
            let what = format!("{name}({P}, {})", case.describe());
            assert_eq!(d.objection(&mut g), None, "{what}");
            assert_eq!(d.atoms(&mut g).len(), usize::from(!discrete), "{what}");
            let mut points = draws(&g, &inner);
            points.sort_by(f64::total_cmp);
            let mut points: Vec<f64> = (0..12).map(|k| points[N_DRAWS * k / 12]).chain([-1.0, 1.0]).collect();
            points.retain(|&x| x != 0.0);
            points.push(0.0);
            let own: [Vec<f64>; 3] = [0, 1, 2].map(|question| asked(&mut g, &inner, question, &points));
            let found: [Vec<f64>; 3] = [0, 1, 2].map(|question| asked(&mut g, &d, question, &points));
            let zero = points.len() - 1;
            let own_zero = if discrete { own[0][zero] } else { 0.0 };
            for (i, &x) in points.iter().enumerate() {
                let extra = f64::from(x >= 0.0);
                let [density, below, above] = [0, 1, 2].map(|question| own[question][i]);
                let expected = if name == "zero_inflated" {
                    let density = if x == 0.0 { P + (1.0 - P) * own_zero } else { (1.0 - P) * density };
                    [density, extra * P + (1.0 - P) * below, (1.0 - extra) * P + (1.0 - P) * above]
                } else {
                    let share = (1.0 - P) / (1.0 - own_zero);
                    let density = if x == 0.0 { P } else { share * density };
                    let below = below - extra * own_zero;
                    let above = above - (1.0 - extra) * own_zero;
                    [density, extra * P + share * below, (1.0 - extra) * P + share * above]
                };
                for (question, expected) in expected.into_iter().enumerate() {
                    assert_close(found[question][i], expected, 1e-12, &format!("{what} [{question}] at {x}"));
                }
            }
            let drawn = draws(&g, &d);
            check_draws(&mut g, &d, &drawn, &points, &what);
            n_moments += usize::from(check_moments(&mut g, &d, &drawn, &what));
        }
    }
    assert!(n_moments > 10, "{n_moments}");
}

/// Limits that are constants, at them and between them; zeros and others.
#[test]
fn derivatives_match_finite_differences() {
    type Limited = (&'static str, &'static [f64], [f64; 2], [f64; 3]);
    let cases: [Limited; 5] = [
        ("Normal", &[0.4, 1.3], [-0.5, 2.0], [-0.5, 0.7, 2.0]),
        ("Normal", &[0.4, 1.3], [-30.0, 20.0], [-30.0, 0.7, 20.0]),
        ("LogNormal", &[0.4, 0.8], [0.5, 6.0], [0.5, 0.7, 6.0]),
        ("Poisson", &[3.5], [1.0, 6.0], [1.0, 4.0, 6.0]),
        ("OrderedLogistic", &[0.4], [2.0, 3.0], [2.0, 2.0, 3.0]),
    ];
    for (name, args, limits, points) in cases {
        let mut g = Graph::new();
        let inputs: Vec<Node> = args.iter().map(|_| g.input(&[])).collect();
        let mut all = inputs.clone();
        if name == "OrderedLogistic" {
            all.push(g.vector(&[-1.0, 0.5, 2.0]));
        }
        let inner = Instance::Plain { dist: find(name).unwrap(), form: 0, args: all };
        let d = censored(&mut g, inner, limits);
        let x = g.vector(&points);
        let y = d.log_density(&mut g, x);
        let total = g.sum_all(y);
        let values: Vec<Tensor> = args.iter().map(|&a| number(a)).collect();
        check_derivatives(&mut g, total, &inputs, &values, &format!("censored {name} {limits:?}"));
    }
    let cases: [(&str, &[f64], &[f64]); 5] = [
        ("Poisson", &[3.5], &[0.0, 1.0, 7.0]),
        ("Poisson", &[0.02], &[0.0, 1.0]),
        ("Geometric", &[0.3], &[0.0, 4.0]),
        ("LogNormal", &[0.4, 0.8], &[0.0, 0.7, 6.0]),
        ("Bernoulli", &[0.3], &[0.0, 1.0]),
    ];
    for (name, args, points) in cases {
        for wrapper in ["zero_inflated", "hurdle"] {
            for question in 0..3 {
                let mut g = Graph::new();
                let p = g.input(&[]);
                let mut inputs: Vec<Node> = args.iter().map(|_| g.input(&[])).collect();
                let inner = Instance::Plain { dist: find(name).unwrap(), form: 0, args: inputs.clone() };
                let d = wrap(wrapper, inner, vec![Some(p)]);
                let x = g.vector(if question == 2 { &points[..points.len() - 1] } else { points });
                let y = match question {
                    0 => d.log_density(&mut g, x),
                    1 => d.log_cdf(&mut g, x).unwrap(),
                    _ => d.log_ccdf(&mut g, x).unwrap(),
                };
                let total = g.sum_all(y);
                inputs.push(p);
                let values: Vec<Tensor> = args.iter().chain(&[0.35]).map(|&a| number(a)).collect();
                let what = format!("{wrapper} {name} {args:?}, question {question}");
                check_derivatives(&mut g, total, &inputs, &values, &what);
            }
        }
    }
}

/// Limits that are latent have derivatives where they are what is recorded: through lower = x, say.
#[test]
fn latent_limits_have_derivatives() {
    let mut g = Graph::new();
    let (mean, sd, limit) = (g.input(&[]), g.input(&[]), g.input(&[]));
    let inner = Instance::Plain { dist: find("Normal").unwrap(), form: 0, args: vec![mean, sd] };
    let d = wrap("censored", inner, vec![Some(limit), None]);
    let y = d.log_density(&mut g, limit);
    let values = [number(0.3), number(1.2), number(-0.4)];
    check_derivatives(&mut g, y, &[mean, sd, limit], &values, "a latent limit");
}

/// Each element has its own limit, or none.
#[test]
fn limits_differ_by_element() {
    let mut g = Graph::new();
    let mean = g.input(&[]);
    let one = g.scalar(1.0);
    let inner = Instance::Plain { dist: find("Normal").unwrap(), form: 0, args: vec![mean, one] };
    let upper = g.vector(&[INF, 2.0, 1.0, 0.5]);
    let d = wrap("censored", inner, vec![None, Some(upper)]);
    assert_eq!(d.objection(&mut g), None);
    let x = g.vector(&[1.0, 1.0, 1.0, 1.0]);
    let y = d.log_density(&mut g, x);
    let zero = g.scalar(0.0);
    let lowest = g.scalar(-1e300);
    let finite = g.less(lowest, y);
    let kept = g.select(finite, y, zero);
    let total = g.sum_all(kept);
    let slope = crate::tape::reverse(&mut g, total, &[mean])[0];
    let found = run(&g, &[mean], &[number(0.0)], &[y, slope]);
    let density = -0.5 - formula::HALF_LN_2PI;
    let expected = [density, density, 0.158_655_253_931_457_05_f64.ln(), -INF];
    for (found, expected) in found[0].iter().zip(expected) {
        assert_close(*found, expected, 1e-13, "an element");
    }
    // 1, 1, and the hazard of a standard normal at 1
    assert_close(found[1][0], 2.0 + 1.525_135_276_160_981, 1e-12, "the gradient");
    assert_eq!(d.atoms(&mut g).len(), 1);
}

/// Far tails, and probabilities that are nearly or exactly 0 and 1.
#[test]
fn extremes_stay_exact() {
    let mut g = Graph::new();
    let log = |g: &mut Graph, d: &Instance, x: f64| {
        let x = g.scalar(x);
        let y = d.log_density(g, x);
        *g.value(y).unwrap().iter().next().unwrap()
    };
    let normal = plain(&mut g, "Normal", &[0.0, 1.0]);
    let d = censored(&mut g, normal, [-INF, 40.0]);
    // log(erfc(40 / sqrt(2)) / 2)
    assert_close(log(&mut g, &d, 40.0), -804.608_442_013_753_8, 1e-14, "far limit");
    for (p, rate, zero, one) in [
        // log(p + (1 - p) exp(-rate)), log(1 - p) + log(rate) - rate, with mpmath
        (1e-300, 800.0, -690.775_527_898_213_7, -793.315_388_272_332_9),
        (0.0, 2.0, -2.0, std::f64::consts::LN_2 - 2.0),
        (1.0, 2.0, 0.0, -INF),
        (1.0 - 1e-16, 2.0, 0.0, -38.043_653_389_117_16),
    ] {
        let poisson = plain(&mut g, "Poisson", &[rate]);
        let d = with_zeros(&mut g, "zero_inflated", p, poisson);
        assert_close(log(&mut g, &d, 0.0), zero, 1e-13, "zero");
        assert_close(log(&mut g, &d, 1.0), one, 1e-13, "one");
    }
    // A count that is nearly always 0: given that it is not, it is 1.
    let poisson = plain(&mut g, "Poisson", &[1e-20]);
    let d = with_zeros(&mut g, "hurdle", 0.25, poisson);
    assert_close(log(&mut g, &d, 1.0), 0.75_f64.ln(), 1e-14, "hurdle of a rare count");
    assert_close(log(&mut g, &d, 0.0), 0.25_f64.ln(), 1e-15, "hurdle of a rare count at 0");
    let drawn = draws(&g, &d);
    assert!(drawn.iter().all(|&x| x == 0.0 || x == 1.0));
    let share = drawn.iter().sum::<f64>() / N_DRAWS as f64;
    assert!((share - 0.75).abs() < 4.5 * (0.75 * 0.25 / N_DRAWS as f64).sqrt(), "{share}");
}

/// Wrapped twice: all mass is there.
#[test]
fn wrappers_nest() {
    let mut g = Graph::new();
    let poisson = plain(&mut g, "Poisson", &[3.0]);
    let inflated = with_zeros(&mut g, "zero_inflated", 0.2, poisson);
    let d = censored(&mut g, inflated, [-INF, 4.0]);
    assert_eq!(d.objection(&mut g), None);
    let total: f64 = asked(&mut g, &d, 0, &[0.0, 1.0, 2.0, 3.0, 4.0]).iter().sum();
    assert_close(total, 1.0, 1e-14, "censored(zero_inflated(Poisson))");
    assert_eq!(d.support_values(&mut g), Some(vec![0.0, 1.0, 2.0, 3.0, 4.0]));

    for (name, lower, upper) in [("zero_inflated", 0.0, 3.0), ("hurdle", 0.0, 3.0), ("hurdle", -1.0, 2.0)] {
        let normal = plain(&mut g, "Normal", &[0.5, 2.0]);
        let recorded = censored(&mut g, normal, [lower, upper]);
        let d = with_zeros(&mut g, name, 0.2, recorded);
        assert_eq!(d.objection(&mut g), None);
        let mut atoms = vec![lower, upper];
        if lower != 0.0 {
            atoms.push(0.0);
        }
        let at_atoms: f64 = asked(&mut g, &d, 0, &atoms).iter().sum();
        let middle = [(lower, 0.0), (0.0, upper)]
            .map(|(low, high)| if low == high { 0.0 } else { integral(&mut g, &d, low, high) });
        assert_close(at_atoms + middle[0] + middle[1], 1.0, 1e-7, &format!("{name} of censored at {lower}"));
        let drawn = draws(&g, &d);
        check_draws(&mut g, &d, &drawn, &[-1.0, -0.5, 0.0, 1.0, 2.5], name);
    }
    let log_normal = plain(&mut g, "LogNormal", &[0.0, 1.0]);
    let spent = with_zeros(&mut g, "hurdle", 0.3, log_normal);
    let d = censored(&mut g, spent, [-INF, 2.0]);
    assert_eq!(d.objection(&mut g), None);
    let total = asked(&mut g, &d, 0, &[0.0, 2.0]).iter().sum::<f64>() + pieces(&mut g, &d, 0.0, 2.0);
    assert_close(total, 1.0, 1e-7, "censored(hurdle(LogNormal))");
}

/// The smallest x with P(X <= x) >= p: at an atom, that number itself.
#[test]
fn quantiles_stop_at_atoms() {
    let mut g = Graph::new();
    let normal = plain(&mut g, "Normal", &[0.0, 1.0]);
    let log_normal = plain(&mut g, "LogNormal", &[0.0, 1.0]);
    let poisson = plain(&mut g, "Poisson", &[2.0]);
    let cases = [
        (censored(&mut g, normal, [-1.0, 2.0]), [-1.0, 0.0, 2.0]),
        (
            with_zeros(&mut g, "hurdle", 0.3, log_normal),
            [0.0, 0.567_821_129_940_458_8, 8.929_404_930_286_487],
        ),
        (with_zeros(&mut g, "zero_inflated", 0.3, poisson), [0.0, 1.0, 6.0]),
    ];
    for (d, expected) in cases {
        let p = g.vector(&[0.1, 0.5, 0.99]);
        let x = d.quantile(&mut g, p).expect("a quantile");
        for (found, expected) in g.value(x).unwrap().clone().iter().zip(expected) {
            assert_close(*found, expected, 1e-12, &d.describe());
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_words() {
    let mut g = Graph::new();
    let normal = plain(&mut g, "Normal", &[0.0, 1.0]);
    let poisson = plain(&mut g, "Poisson", &[2.0]);
    let never = plain(&mut g, "Poisson", &[0.0]);
    let flat = plain(&mut g, "Flat", &[-INF, INF]);
    let (p, n) = (g.vector(&[0.5, 0.5]), g.scalar(3.0));
    let counts = Instance::Plain { dist: find("Multinomial").unwrap(), form: 0, args: vec![n, p] };
    let zeros = with_zeros(&mut g, "hurdle", 0.3, normal.clone());
    let half = g.scalar(0.5);
    for (d, words) in [
        (censored(&mut g, normal.clone(), [2.0, 1.0]), "lower < upper, found 2 and 1"),
        (censored(&mut g, poisson, [1.5, INF]), "whole numbers, as its values are, found 1.5"),
        (censored(&mut g, flat.clone(), [0.0, INF]), "integrate to 1"),
        (censored(&mut g, counts.clone(), [0.0, INF]), "a draw of Multinomial is an array"),
        (with_zeros(&mut g, "zero_inflated", 0.5, counts), "a draw of Multinomial is an array"),
        (with_zeros(&mut g, "hurdle", 0.5, flat), "integrate to 1"),
        (with_zeros(&mut g, "hurdle", 0.5, never), "nothing but zeros"),
        (wrap("truncated", zeros.clone(), vec![Some(half), None]), "gives single numbers a probability"),
        (wrap("ordered", zeros, vec![]), "gives single numbers a probability"),
    ] {
        let found = d.objection(&mut g);
        assert!(found.as_ref().is_some_and(|found| found.contains(words)), "{}: {found:?}", d.describe());
    }
    // Without a limit anywhere, censored is what it wraps.
    let d = censored(&mut g, normal, [-INF, INF]);
    assert!(d.objection(&mut g).is_none() && d.atoms(&mut g).is_empty());
}

#[test]
fn log_add_exp_has_its_limits() {
    let mut g = Graph::new();
    for (a, b, expected) in [
        (0.0, 0.0, std::f64::consts::LN_2),
        (-INF, -3.0, -3.0),
        (-INF, -INF, -INF),
        (1000.0, 999.0, 1_000.313_261_687_518_3),
        (-1e4, 0.0, 0.0),
        (INF, 2.0, INF),
    ] {
        for (a, b) in [(a, b), (b, a)] {
            let (x, y) = (g.scalar(a), g.scalar(b));
            let sum = g.log_add_exp(x, y);
            assert_close(*g.value(sum).unwrap().iter().next().unwrap(), expected, 1e-15, "log_add_exp");
        }
    }
    let (a, b) = (g.input(&[]), g.input(&[]));
    let y = g.log_add_exp(a, b);
    check_derivatives(&mut g, y, &[a, b], &[number(0.3), number(-1.2)], "log_add_exp");
    let slopes = crate::tape::reverse(&mut g, y, &[a, b]);
    let found = run(&g, &[a, b], &[number(-INF), number(-INF)], &slopes).concat();
    assert_eq!(found, [0.0, 0.0]);
}
