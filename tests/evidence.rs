//! log p(x), its bounds and KL(q || posterior) against closed forms; and what is said where it cannot be known.

mod common;

use libm::lgamma;
use vippl::compile::CompileOptions;
use vippl::data::{Dataset, Values, Variable};
use vippl::inference::Evidence;
use vippl::posterior::Posterior;
use vippl::session::{EvidenceChoice, FitRequest, prepare_in_memory};
use vippl::source::Source;

const LN_2PI: f64 = 1.837_877_066_409_345_5;
/// Standard errors that an estimate may be off.
const ERRORS: f64 = 3.0;
/// The largest standard error, in nats, that PSIS and the bounds of so small models have.
const KNOWN: f64 = 1e-2;

fn fit(model: &str, data: Vec<(&str, Values)>, choices: &[EvidenceChoice], seed: u64) -> Posterior {
    let source = Source::new("evidence.vim", model);
    let variables = data.into_iter().map(|(name, values)| Variable::in_memory(name, values));
    let dataset = Dataset::from_variables(variables).expect("distinct names");
    let prepared = prepare_in_memory(&source, dataset, &CompileOptions::default())
        .unwrap_or_else(|report| panic!("{report:?}"));
    let mut request = FitRequest { evidence: choices.to_vec(), ..FitRequest::default() };
    request.options.seed = seed;
    prepared.fit(&request, &mut |_| ()).unwrap_or_else(|report| panic!("{report:?}"))
}

fn evidence_of(posterior: &Posterior) -> Evidence {
    posterior.fit().and_then(|fit| fit.evidence.clone()).expect("evidence of a fit")
}

/// Every way to log p(x) against what it is.
fn agrees(name: &str, model: &str, data: Vec<(&str, Values)>, truth: impl Fn(&Posterior) -> f64) {
    for seed in 1..=2 {
        // Draws of the prior are many.
        let choices = &EvidenceChoice::ALL[..if seed == 1 { 2 } else { 1 }];
        let posterior = fit(model, data.clone(), choices, seed);
        let (truth, evidence) = (truth(&posterior), evidence_of(&posterior));
        let is_near = |what: &str, value: f64, se: f64| {
            let error = value - truth;
            assert!(
                error.abs() <= ERRORS * se + 1e-9,
                "{name}, seed {seed}, {what}: {value} ± {se}, not {truth}"
            );
        };
        let of_weights = evidence.log_evidence;
        is_near("weights", of_weights.value, of_weights.se);
        assert!(of_weights.se <= KNOWN && !evidence.is_bound, "{name}, seed {seed}: {of_weights:?}");

        let elbo = posterior.fit().and_then(|fit| fit.elbo).expect("an ELBO");
        let kl = evidence.kl.expect("KL to the posterior");
        let gap = (truth - elbo.value - kl.value).abs();
        assert!(gap <= ERRORS * kl.se + 1e-9 && kl.value >= 0.0, "{name}, seed {seed}: {kl:?}, {elbo:?}");

        let sizes: Vec<usize> = evidence.bounds.iter().map(|bound| bound.k).collect();
        assert_eq!(sizes, [1, 10, 100, 1000], "{name}, seed {seed}");
        let first = evidence.bounds[0];
        let apart = (first.value - elbo.value).abs();
        assert!(apart <= ERRORS * first.se.hypot(elbo.se) + 1e-9, "{name}, seed {seed}: {first:?}, {elbo:?}");
        for pair in evidence.bounds.windows(2) {
            assert!(pair[1].value >= pair[0].value - 1e-9, "{name}, seed {seed}: {pair:?}");
        }
        for bound in &evidence.bounds {
            assert!(
                bound.value <= truth + ERRORS * bound.se + 1e-9,
                "{name}, seed {seed}: {bound:?}, {truth}"
            );
        }
        let last = evidence.bounds[3];
        assert!(last.se <= KNOWN && last.value > truth - 0.02, "{name}, seed {seed}: {last:?}, {truth}");

        if seed == 1 {
            let prior = evidence.prior.expect("draws of the prior");
            is_near("prior", prior.value, prior.se);
            assert!(prior.se <= 0.05 && prior.n_draws == 100_000, "{name}: {prior:?}");
        }
    }
}

fn log_normal(x: f64, mean: f64, sd: f64) -> f64 {
    -0.5 * ((x - mean) / sd).powi(2) - sd.ln() - 0.5 * LN_2PI
}

fn lbeta(a: f64, b: f64) -> f64 {
    lgamma(a) + lgamma(b) - lgamma(a + b)
}

/// log N(x | 0, covariance), by elimination without pivots.
fn log_gaussian(x: &[f64], mut covariance: Vec<Vec<f64>>) -> f64 {
    let (n, mut x) = (x.len(), x.to_vec());
    let mut log_density = -0.5 * n as f64 * LN_2PI;
    for k in 0..n {
        let pivot = covariance[k][k];
        log_density -= 0.5 * (pivot.ln() + x[k] * x[k] / pivot);
        for i in k + 1..n {
            let factor = covariance[i][k] / pivot;
            x[i] -= factor * x[k];
            (k..n).for_each(|j| covariance[i][j] -= factor * covariance[k][j]);
        }
    }
    log_density
}

/// log N(y | 0, sd² I + prior_sd² 1 1')
fn log_exchangeable(y: &[f64], prior_sd: f64, sd: f64) -> f64 {
    let n = y.len();
    let element = |i: usize, j: usize| prior_sd * prior_sd + if i == j { sd * sd } else { 0.0 };
    log_gaussian(y, (0..n).map(|i| (0..n).map(|j| element(i, j)).collect()).collect())
}

const Y: [f64; 6] = [1.2, 0.4, 2.9, -0.3, 1.7, 0.8];

#[test]
fn normal_with_known_sd() {
    let centred: Vec<f64> = Y.iter().map(|y| y - 0.5).collect();
    let truth = log_exchangeable(&centred, 2.0, 1.5);
    let model = "mu ~ Normal(0.5, 2)\ny ~ Normal(mu, 1.5)\n";
    agrees("known sd", model, vec![("y", Values::real(&[6], Y))], |_| truth);
}

/// Mean and variance from the normal-inverse-gamma prior.
#[test]
fn normal_with_unknown_mean_and_variance() {
    let (shape, scale, m, k) = (3.0, 2.0, 0.5, 0.8);
    let n = Y.len() as f64;
    let mean = Y.iter().sum::<f64>() / n;
    let squares: f64 = Y.iter().map(|y| (y - mean).powi(2)).sum();
    let scale_n = scale + 0.5 * squares + 0.5 * k * n / (k + n) * (mean - m) * (mean - m);
    let shape_n = shape + 0.5 * n;
    let truth = lgamma(shape_n) - lgamma(shape) + shape * f64::ln(scale) - shape_n * scale_n.ln()
        + 0.5 * (k / (k + n)).ln()
        - 0.5 * n * LN_2PI;
    let model = "v ~ InverseGamma(3, 2)\nmu ~ Normal(0.5, sqrt(v / 0.8))\ny ~ Normal(mu, sqrt(v))\n";
    agrees("unknown variance", model, vec![("y", Values::real(&[6], Y))], |_| truth);
}

/// Correlated columns and a correlated prior.
#[test]
fn regression_with_a_multivariate_prior() {
    let x = [[1.0, 0.2], [1.0, 0.9], [1.0, 1.4], [1.0, 2.2], [1.0, 2.9], [1.0, 3.3]];
    let (prior, sd) = ([[1.0, -0.4], [-0.4, 0.5]], 0.9);
    let y: Vec<f64> = Y.iter().zip(&x).map(|(y, x)| y - 0.3 * x[0] + 0.1 * x[1]).collect();
    let dot = |i: usize, j: usize| -> f64 {
        (0..2).flat_map(|a| (0..2).map(move |b| (a, b))).map(|(a, b)| x[i][a] * prior[a][b] * x[j][b]).sum()
    };
    let element = |i: usize, j: usize| dot(i, j) + if i == j { sd * sd } else { 0.0 };
    let truth = log_gaussian(&y, (0..6).map(|i| (0..6).map(|j| element(i, j)).collect()).collect());
    let model = "beta ~ MvNormal([0.3, -0.1], [[1, -0.4], [-0.4, 0.5]])\ny ~ Normal(X @ beta, 0.9)\n";
    let data = vec![("X", Values::real(&[6, 2], x.concat())), ("y", Values::real(&[6], Y))];
    agrees("regression", model, data, |_| truth);
}

#[test]
fn beta_binomial() {
    let (n, k) = (20.0, 14.0);
    let log_choose = lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
    let truth = log_choose + lbeta(2.0 + k, 3.0 + n - k) - lbeta(2.0, 3.0);
    let data = vec![("k", Values::int(&[], &[14]))];
    agrees("beta-binomial", "p ~ Beta(2, 3)\nk ~ Binomial(20, p)\n", data, |_| truth);
}

#[test]
fn gamma_poisson() {
    let y = [3.0, 5.0, 2.0, 4.0, 7.0];
    let (shape, rate) = (1.5 + y.iter().sum::<f64>(), 0.5 + y.len() as f64);
    let truth = 1.5 * 0.5f64.ln() - lgamma(1.5) + lgamma(shape)
        - shape * rate.ln()
        - y.iter().map(|y| lgamma(y + 1.0)).sum::<f64>();
    let data = vec![("y", Values::int(&[5], &[3, 5, 2, 4, 7]))];
    agrees("gamma-Poisson", "rate ~ Gamma(1.5, 0.5)\ny ~ Poisson(rate)\n", data, |_| truth);
}

#[test]
fn dirichlet_multinomial() {
    let (a, counts) = ([1.5, 2.0, 0.8, 3.0], [4.0, 9.0, 3.0, 2.0]);
    let (total, n): (f64, f64) = (a.iter().sum(), counts.iter().sum());
    let of = |a: f64, c: f64| lgamma(a + c) - lgamma(a) - lgamma(c + 1.0);
    let truth = lgamma(n + 1.0) + lgamma(total) - lgamma(total + n)
        + a.iter().zip(counts).map(|(a, c)| of(*a, c)).sum::<f64>();
    let data = vec![("counts", Values::int(&[4], &[4, 9, 3, 2]))];
    let model = "p ~ Dirichlet([1.5, 2, 0.8, 3])\ncounts ~ Multinomial(18, p)\n";
    agrees("Dirichlet-multinomial", model, data, |_| truth);
}

/// Discrete latents are summed out of what draws of the prior are weighed by.
#[test]
fn a_mixture_of_discrete_latents() {
    let y = [0.3, 2.2, 1.9, -0.4];
    let (a, b) = (2.0, 3.0);
    let ways = (0..1u32 << y.len()).map(|which| {
        let is_two = |i: usize| which >> i & 1 == 1;
        let k = f64::from(which.count_ones());
        let density =
            (0..y.len()).map(|i| log_normal(y[i], if is_two(i) { 2.0 } else { 0.0 }, 0.7)).sum::<f64>();
        lbeta(a + k, b + y.len() as f64 - k) - lbeta(a, b) + density
    });
    let truth = ways.map(f64::exp).sum::<f64>().ln();
    let model = "p ~ Beta(2, 3)\nz[4] ~ Bernoulli(p)\ny ~ Normal(2 * z, 0.7)\n";
    agrees("mixture", model, vec![("y", Values::real(&[4], y))], |_| truth);
}

/// Latents that are built up, and whose prior is a recursion: y is a Gaussian with the covariance of a random walk.
#[test]
fn a_random_walk() {
    let y = [0.3, 1.2, 0.9, 1.6];
    let element = |i: usize, j: usize| 1.0 + 0.25 * i.min(j) as f64 + if i == j { 0.36 } else { 0.0 };
    let truth = log_gaussian(&y, (0..4).map(|i| (0..4).map(|j| element(i, j)).collect()).collect());
    let model =
        "z[1] ~ Normal(0, 1)\nfor t in 2:4 {\n  z[t] ~ Normal(z[t - 1], 0.5)\n}\ny ~ Normal(z, 0.6)\n";
    agrees("random walk", model, vec![("y", Values::real(&[4], y))], |_| truth);
}

/// log p(x; s) at the s that was found.
#[test]
fn evidence_given_a_point_estimate() {
    let model = "param s in (0, inf)\nmu ~ Normal(0, 1)\ny ~ Normal(mu, s)\n";
    agrees("point estimate", model, vec![("y", Values::real(&[6], Y))], |posterior| {
        let s = common::elements(posterior)["s"].mean.expect("s is finite");
        log_exchangeable(&Y, 1.0, s)
    });
}

#[test]
fn what_cannot_be_known_is_bounded() {
    // log p(x) = 0 of both: nothing is observed.
    let funnel = "v ~ Normal(0, 3)\nx[9] ~ Normal(0, exp(v / 2))\n";
    let mut request = FitRequest::default();
    request.options.centring = vippl::inference::CentringChoice::AsWritten;
    let dataset = Dataset::from_variables([]).expect("no names");
    let prepared = prepare_in_memory(&Source::new("funnel.vim", funnel), dataset, &CompileOptions::default());
    let posterior = prepared.expect("a model").fit(&request, &mut |_| ()).expect("a start");
    let evidence = evidence_of(&posterior);
    assert!(evidence.is_bound, "{evidence:?}");
    let bound = evidence.log_evidence;
    assert!(bound.value <= ERRORS * bound.se && bound.value > -10.0, "{bound:?}");
    let elbo = posterior.fit().and_then(|fit| fit.elbo).expect("an ELBO");
    let kl = evidence.kl.expect("a bound of KL");
    assert!((kl.value - (bound.value - elbo.value)).abs() < 1e-12 && kl.value <= ERRORS * kl.se - elbo.value);
    let shown = vippl::report::text::footer(&posterior, &Default::default());
    assert!(shown.contains("log p(x) at least -") && shown.contains("to the posterior at least "), "{shown}");
}

/// Without normalised densities log p(x) lacks a constant that KL does not.
#[test]
fn improper_models_have_a_divergence_but_no_evidence() {
    let data = || vec![("y", Values::real(&[6], Y))];
    let of = |prior: &str| fit(&format!("mu ~ {prior}\ny ~ StudentT(4, mu, 1.5)\n"), data(), &[], 1);
    let (flat, wide) = (of("Flat()"), of("Normal(0, 1e4)"));
    let [of_flat, of_wide] = [&flat, &wide].map(|posterior| evidence_of(posterior).kl.expect("KL"));
    assert!((of_flat.value - of_wide.value).abs() <= ERRORS * of_flat.se.hypot(of_wide.se), "{of_flat:?}");
    let shown = vippl::report::json::fit(&flat);
    assert!(shown["evidence"]["log_evidence"].is_null() && shown["evidence"]["bounds"].is_null());
    assert!(shown["evidence"]["kl_to_posterior"]["value"].is_number(), "{}", shown["evidence"]);
    let footer = vippl::report::text::footer(&flat, &Default::default());
    assert!(!footer.contains("log p(x)") && footer.contains("\nKL from q to the posterior 0."), "{footer}");

    let source = Source::new("flat.vim", "mu ~ Flat()\ny ~ Normal(mu, 1.5)\n");
    let dataset = Dataset::from_variables([Variable::in_memory("y", Values::real(&[6], Y))]).expect("a name");
    let prepared = prepare_in_memory(&source, dataset, &CompileOptions::default()).expect("a model");
    for choice in EvidenceChoice::ALL {
        let request = FitRequest { evidence: vec![choice], ..FitRequest::default() };
        let error = prepared.fit(&request, &mut |_| ()).expect_err("no evidence");
        assert_eq!(error.code().expect("a code").to_string(), "vippl::fit::no_evidence");
    }
}

/// Blocks of draws have random numbers of their own.
#[test]
fn numbers_do_not_depend_on_threads() {
    let model = "v ~ InverseGamma(3, 2)\nmu ~ Normal(0.5, sqrt(v / 0.8))\ny ~ Normal(mu, sqrt(v))\n";
    let found = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let data = vec![("y", Values::real(&[6], Y))];
        pool.install(|| evidence_of(&fit(model, data, &EvidenceChoice::ALL, 3)))
    };
    assert_eq!(found(1), found(2));
}
