//! Hard posteriors: each is right, or said not to be.

mod common;

use common::elements;
use vippl::compile::CompileOptions;
use vippl::data::{Dataset, Values, Variable};
use vippl::family::MeanField;
use vippl::inference::{CentringChoice, FitOptions};
use vippl::posterior::{Posterior, Verdict};
use vippl::session::{FitRequest, prepare_in_memory};
use vippl::source::Source;

const SEEDS: std::ops::RangeInclusive<u64> = 1..=2;

/// Mean and sd that an element has.
type Truth = (&'static str, f64, f64);

/// Errors of mean (in sd) and ln sd up to which a number is right.
const RIGHT: f64 = 0.1;

fn fit(model: &str, y: &[f64], seed: u64) -> Posterior {
    fit_with(model, y, |options| options.seed = seed)
}

fn fit_with(model: &str, y: &[f64], change: impl FnOnce(&mut FitOptions)) -> Posterior {
    let source = Source::new("hard.vim", model);
    let variables = if y.is_empty() { vec![] } else { vec![Variable::in_memory("y", values(y))] };
    let dataset = Dataset::from_variables(variables).expect("distinct names");
    let prepared = prepare_in_memory(&source, dataset, &CompileOptions::default()).expect("a model");
    let mut request = FitRequest::default();
    change(&mut request.options);
    prepared.fit(&request, &mut |_| ()).expect("a start")
}

/// Whole numbers are counts.
fn values(y: &[f64]) -> Values {
    if y.iter().all(|y| y.fract() == 0.0) {
        return Values::int(&[y.len()], &y.iter().map(|y| *y as i64).collect::<Vec<i64>>());
    }
    Values::real(&[y.len()], y)
}

fn is_right(posterior: &Posterior, truth: &[Truth]) -> bool {
    let found = elements(posterior);
    truth.iter().all(|(name, mean, sd)| {
        let summary = &found[*name];
        let (Some(own), Some(spread)) = (summary.mean, summary.sd) else { return false };
        (own - mean).abs() <= RIGHT * sd && (spread / sd).ln().abs() <= RIGHT
    })
}

/// Right and vouched for.
fn passes(model: &str, y: &[f64], truth: &[Truth]) {
    for seed in SEEDS {
        let posterior = fit(model, y, seed);
        let verdict = posterior.verdict().expect("a verdict");
        assert!(is_right(&posterior, truth), "seed {seed}: {:?}", elements(&posterior));
        assert_ne!(verdict, Verdict::Distrust, "seed {seed}: {:?}", posterior.warnings);
    }
}

/// Wrong, or hard to know, and said so, with words that hold `cause`.
fn is_distrusted(model: &str, y: &[f64], cause: &str) {
    for seed in SEEDS {
        let posterior = fit(model, y, seed);
        assert_eq!(posterior.verdict(), Some(Verdict::Distrust), "seed {seed}: {:?}", elements(&posterior));
        let says_so = |warning: &String| warning.starts_with("do not trust") && warning.contains(cause);
        assert!(posterior.warnings.iter().any(says_so), "seed {seed}: {:?}", posterior.warnings);
    }
}

#[test]
fn a_funnel_is_fitted_without_its_neck() {
    let model = "v ~ Normal(0, 3)\nx[9] ~ Normal(0, exp(v / 2))\n";
    for seed in SEEDS {
        let posterior = fit(model, &[], seed);
        assert!(is_right(&posterior, &[("v", 0.0, 3.0)]), "seed {seed}");
        let v = posterior.quantities.iter().find(|quantity| quantity.name == "v").expect("v");
        assert_ne!(posterior.verdicts_of(v), [Verdict::Distrust], "seed {seed}");
    }
}

/// The same density, in words that nothing can be read from.
#[test]
fn a_funnel_in_disguise() {
    let model = "v ~ Normal(0, 3)\nx[9] ~ Flat()\nfactor(sum(-0.5 * x^2 * exp(-v)) - 4.5 * v)\n";
    is_distrusted(model, &[], "` goes with `v`");
}

#[test]
fn two_uneven_modes() {
    // |x| is about 3: P(x > 0) by integration
    let (mut total, mut mean, mut square) = (0.0, 0.0, 0.0);
    for k in -12_000..=12_000 {
        let x = f64::from(k) * 1e-3;
        let p = (-(x - 1.0).powi(2) / 18.0 - (3.0 - x.abs()).powi(2) / 0.5).exp();
        (total, mean, square) = (total + p, mean + p * x, square + p * x * x);
    }
    let mean = mean / total;
    let sd = (square / total - mean * mean).sqrt();
    let model = "x ~ Normal(1, 3)\ny ~ Normal(abs(x), 0.5)\n";
    passes(model, &[3.0], &[("x", mean, sd)]);
    // Each mode is a normal one, and q has both.
    let posterior = fit(model, &[3.0], 1);
    assert_eq!(posterior.method_name(), "mixture");
    let log_evidence = (total * 1e-3 / (3.0 * 0.5 * 2.0 * std::f64::consts::PI)).ln();
    let elbo = posterior.fit().and_then(|fit| fit.elbo).unwrap();
    assert!((elbo.value - log_evidence).abs() < 1e-3, "{elbo:?} {log_evidence}");
}

#[test]
fn a_banana_is_right_or_distrusted() {
    let model = "a ~ Flat()\nb ~ Flat()\nfactor(-0.5 * a^2 - 2 * (b - a^2)^2)\n";
    for seed in SEEDS {
        let posterior = fit(model, &[], seed);
        // b = a^2 + e / 2
        let is_right = is_right(&posterior, &[("a", 0.0, 1.0), ("b", 1.0, 1.5)]);
        assert!(is_right || posterior.verdict() == Some(Verdict::Distrust), "seed {seed}");
    }
}

#[test]
fn tails_without_a_variance() {
    is_distrusted("x ~ StudentT(1.5, 0, 1)\n", &[], "tails");
}

#[test]
fn a_mode_at_the_boundary() {
    // 20 trials without success: Beta(1, 21)
    passes(
        "p ~ Uniform(0, 1)\ny ~ Bernoulli(p)\n",
        &[0.0; 20],
        &[("p", 1.0 / 22.0, (21.0f64 / 484.0 / 23.0).sqrt())],
    );
}

#[test]
fn a_sum_of_which_only_the_sum_is_known() {
    let y = [2.5, 3.5, 3.0, 2.0, 4.0];
    // a + b is known, a - b is not: precision 1e-4 + 5 [1 1; 1 1]
    let variance: f64 = 0.5 * (1e4 + 1.0 / (1e-4 + 10.0));
    let mean = 15.0 / (1e-4 + 10.0);
    let sd = variance.sqrt();
    passes(
        "a ~ Normal(0, 100)\nb ~ Normal(0, 100)\ny ~ Normal(a + b, 1)\n",
        &y,
        &[("a", mean, sd), ("b", mean, sd)],
    );
}

#[test]
fn a_ridge() {
    let model = "m = [0.0, 0.0]\nx ~ MvNormal(m, cov = [[1, 0.999], [0.999, 1]])\n";
    passes(model, &[], &[("x[1]", 0.0, 1.0), ("x[2]", 0.0, 1.0)]);
}

#[test]
fn scales_from_a_millionth_to_a_million() {
    let model = "a ~ Normal(0, 1e-6)\nb ~ Normal(0, 1e6)\nc ~ Normal(1e6, 1)\n";
    passes(model, &[], &[("a", 0.0, 1e-6), ("b", 0.0, 1e6), ("c", 1e6, 1.0)]);
}

#[test]
fn many_latents() {
    passes(
        "x[1000] ~ Normal(0, 1)\n",
        &[],
        &[("x[1]", 0.0, 1.0), ("x[500]", 0.0, 1.0), ("x[1000]", 0.0, 1.0)],
    );
}

#[test]
fn an_improper_posterior() {
    is_distrusted(
        "a ~ Flat()\nb ~ Flat()\ny ~ Normal(a + b, 1)\n",
        &[1.0, 2.0, 3.0],
        "when `a` and `b` move along with each other",
    );
}

#[test]
fn an_improper_posterior_of_more_than_a_pair() {
    let model = "m ~ Flat()\na[3] ~ Flat()\ny ~ Normal(m + a, 1)\n";
    is_distrusted(
        model,
        &[1.0, 2.0, 3.0],
        "improper: it does not change when `m`, `a[1]`, `a[2]` and one more",
    );
}

#[test]
fn a_scale_that_goes_to_nothing() {
    let model = "tau ~ HalfNormal(1)\nmu ~ Normal(0, 5)\ny ~ Normal(mu, tau)\n";
    is_distrusted(model, &[1.0; 3], "log p rises without end as `tau` goes to 0");
}

/// Where it is `model` that is hard, the warning says what of it, and names what is to blame.
#[test]
fn causes_are_traced() {
    for (model, y, causes) in [
        (
            "a ~ Normal(0, 1000)\nb ~ Normal(0, 1000)\ny ~ Normal(a * b, 1)\n",
            &[1.0, 2.0, 3.0][..],
            &["only the product of `", "Fix one of the two"][..],
        ),
        (
            "mu[2] ~ Normal(0, 5)\np ~ Uniform(0, 1)\ny ~ mixture([p, 1 - p], Normal(mu, 1))\n",
            &[-3.1, -2.2, -1.9, -2.5, -1.1, -2.7, 3.2, 4.1, 2.4, 2.9, 3.3, 1.8],
            &["`mu[1]` and `mu[2]`, which can be exchanged", "`mu[2] ~ ordered(Normal(0, 5))` keeps one"],
        ),
        ("x ~ Normal(0, 3)\ny ~ Normal(x^2, 1)\n", &[9.0, 9.5], &["differ by the sign of `x`", "HalfNormal"]),
        ("x ~ StudentT(1.5, 0, 1)\n", &[], &["data say nothing of `x`", "Look at the quantiles"]),
        (
            "a ~ Flat()\nb ~ Flat()\nfactor(-0.5 * a^2 - 2 * (b - a^2)^2)\n",
            &[],
            &["lie along a curve", "Look at the quantiles"],
        ),
    ] {
        let posterior = fit(model, y, 1);
        let warning = posterior.warnings.iter().find(|warning| warning.starts_with("do not trust"));
        let warning = warning.unwrap_or_else(|| panic!("{model}: {:?}", posterior.verdict()));
        for cause in causes {
            assert!(warning.contains(cause), "{model}: {warning}");
        }
    }
}

/// A proper prior ends any rise, however far: what is far from right is then told by another cause.
#[test]
fn a_proper_prior_is_never_called_improper() {
    for model in [
        "v ~ Normal(300, 20)\nx[9] ~ Flat()\nfactor(sum(-0.5 * x^2 * exp(-(v - 300) / 6.7)) - 4.5 * (v - 300) / 6.7)\n",
        "a ~ Normal(0, 100)\nx[9] ~ Normal(0, exp(a / 20))\nfactor(a)\n",
    ] {
        let posterior = fit(model, &[], 1);
        assert_eq!(posterior.verdict(), Some(Verdict::Distrust), "{model}");
        let improper = posterior.warnings.iter().find(|warning| warning.contains("improper"));
        assert!(improper.is_none(), "{model}: {improper:?}");
    }
}

const SCHOOLS: &str = "mu ~ Normal(0, 5)\ntau ~ HalfCauchy(5)\ntheta[8] ~ Normal(mu, tau)\n\
                       y ~ Normal(theta, [15.0, 10, 16, 11, 9, 11, 10, 18])\n";
const EFFECTS: [f64; 8] = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.5];

#[test]
fn a_hierarchy_as_written_is_to_be_recentred() {
    let posterior = fit_with(SCHOOLS, &EFFECTS, |options| options.centring = CentringChoice::AsWritten);
    let cause = "goes with `tau` (";
    let said = posterior.warnings.iter().find(|warning| warning.contains(cause));
    assert!(said.is_some_and(|warning| warning.contains("`--centring learned`")), "{:?}", posterior.warnings);
}

/// Chains that agree say all that is to be said of the numbers: what was wrong with q is for programs.
#[test]
fn a_right_answer_carries_no_warning_of_its_approximation() {
    let posterior = fit_with(SCHOOLS, &EFFECTS, |options| options.family = Some(&MeanField));
    assert_eq!(posterior.verdict(), Some(Verdict::Corrected), "{:?}", posterior.warnings);
    let is_of_q = |warning: &String| warning.contains("understated");
    assert!(posterior.approximation_warnings.iter().any(is_of_q), "{:?}", posterior.approximation_warnings);
    assert!(posterior.warnings.is_empty(), "{:?}", posterior.warnings);
}

/// A random walk of more latents than a full covariance is fitted for: q is the posterior, and says so.
#[test]
fn four_hundred_latents_in_a_chain() {
    const T: usize = 400;
    let y: Vec<f64> = (0..T).map(|t| (t as f64 * 0.05).sin() + 0.4 * (t as f64 * 12.9898).sin()).collect();
    let model = "x[1] ~ Normal(0, 5)\nfor t in 2:400 { x[t] ~ Normal(x[t - 1], 0.3) }\ny ~ Normal(x, 0.5)\n";
    let (prior, step, observed) = (1.0 / 25.0, 1.0 / 0.09, 4.0);
    let diagonal: Vec<f64> = (0..T)
        .map(|t| observed + if t == 0 { prior } else { step } + if t + 1 < T { step } else { 0.0 })
        .collect();
    // Pivots of the tridiagonal precision from either end.
    let (mut down, mut up) = (diagonal.clone(), diagonal.clone());
    let (mut from_above, mut from_below): (Vec<f64>, Vec<f64>) =
        y.iter().map(|y| (observed * y, observed * y)).unzip();
    for t in 1..T {
        down[t] -= step * step / down[t - 1];
        from_above[t] += step / down[t - 1] * from_above[t - 1];
        let s = T - 1 - t;
        up[s] -= step * step / up[s + 1];
        from_below[s] += step / up[s + 1] * from_below[s + 1];
    }
    let posterior = fit(model, &y, 1);
    assert_eq!(posterior.method_name(), "sparse");
    assert_ne!(posterior.verdict(), Some(Verdict::Distrust), "{:?}", posterior.warnings);
    let n_right = posterior.verdicts.iter().filter(|verdict| **verdict == Verdict::Ok).count();
    assert!(n_right >= T - T / 100, "{n_right} of {T}: q is exact");
    let found = elements(&posterior);
    for t in 0..T {
        let precision = down[t] + up[t] - diagonal[t];
        let mean = (from_above[t] + from_below[t] - observed * y[t]) / precision;
        let sd = precision.powf(-0.5);
        let summary = &found[&format!("x[{}]", t + 1)];
        assert!((summary.mean.unwrap() - mean).abs() < 0.1 * sd, "x[{}]: {summary:?}, {mean} {sd}", t + 1);
        assert!((summary.sd.unwrap() / sd).ln().abs() < 0.1, "x[{}]: {summary:?}, {sd}", t + 1);
    }
}

/// Too many latents for a full covariance unless they need one: here all depend on all others.
#[test]
fn three_hundred_latents_of_which_the_sum_is_known() {
    const N: f64 = 310.0;
    let model = "b[310] ~ Normal(0, 1)\ntotal = sum(b)\ny ~ Normal(total, 0.1)\n";
    let posterior = fit(model, &[5.0], 1);
    assert_eq!(posterior.method_name(), "fullrank");
    assert_ne!(posterior.verdict(), Some(Verdict::Distrust), "{:?}", posterior.warnings);
    // The sum is N(0, 310) before and N(5, 0.01) is seen of it.
    let precision = 1.0 / N + 100.0;
    let (mean, sd) = (500.0 / precision, precision.powf(-0.5));
    let found = elements(&posterior);
    let total = &found["total"];
    assert!((total.mean.unwrap() - mean).abs() < 0.1 * sd, "{total:?}, {mean} {sd}");
    assert!((total.sd.unwrap() / sd).ln().abs() < 0.1, "{total:?}, {mean} {sd}");
    let sd = (1.0 - 100.0 / (1.0 + 100.0 * N)).sqrt();
    let b = &found["b[7]"];
    assert!((b.mean.unwrap() - mean / N).abs() < 0.1 * sd && (b.sd.unwrap() / sd).ln().abs() < 0.1, "{b:?}");
}

/// Where weights and chains see one of two modes only, the other is found by climbing to it, whatever the number of latents.
#[test]
fn two_modes_among_many_latents() {
    for n in [61, 350] {
        let model = format!(
            "m ~ Normal(0, 10)\nfactor(log(exp(-(m - 8)^2) + exp(-(m + 8)^2)))\nx[{n}] ~ Normal(0, 1)\n"
        );
        let posterior = fit(&model, &[], 1);
        let m = elements(&posterior)["m"];
        let is_right = m.mean.unwrap().abs() < 0.8 && (m.sd.unwrap() / 7.96).ln().abs() < 0.1;
        let distrusted = posterior.verdict() == Some(Verdict::Distrust);
        assert!(is_right || distrusted, "{n} latents: {m:?} {:?}", posterior.verdict());
    }
}
