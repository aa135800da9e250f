//! Models whose evidence is known in closed form: the ELBO against it, and the gap against the KL divergence.

use libm::lgamma;
use vippl::data::{Dataset, Values, Variable};
use vippl::family::MeanField;
use vippl::inference::{Elbo, Fit, FitOptions};
use vippl::source::Source;
use vippl::{check, compile, inference, syntax};

/// Where q can be the posterior the ELBO is the evidence; where it cannot, evidence - ELBO is the KL divergence.
const TOLERANCE_NATS: f64 = 1e-3;

const LN_2PI: f64 = 1.837_877_066_409_345_5;

fn fit(model: &str, data: Vec<(&str, Values)>, elbo_draws: usize) -> (Fit, Elbo, f64) {
    let source = Source::new("conjugate.vim", model);
    let file = syntax::parse(&source).expect("the model parses");
    let variables = data.into_iter().map(|(name, values)| Variable::in_memory(name, values));
    let dataset = Dataset::from_variables(variables).expect("distinct names");
    let summary = check::DataSummary {
        variables: dataset
            .variables()
            .map(|variable| check::DataVariable {
                name: variable.name.clone(),
                ty: vippl::types::Type::array(
                    variable.values.element,
                    vippl::types::Shape::known(variable.values.shape()),
                ),
                n_levels: None,
            })
            .collect(),
        rows: None,
    };
    let checked = check::check(&source, &file, Some(&summary)).expect("the model is right");
    let compiled =
        compile::compile(&checked.model, &dataset, &Default::default()).expect("the model fits the data");
    let options = FitOptions { family: Some(&MeanField), elbo_draws, ..FitOptions::default() };
    let fitted = inference::fit(&compiled.density, &options, &mut |_| {});
    let fit = fitted.expect("the model can be fitted").fit;
    let elbo = fit.elbo.expect("draws from q are finite");
    let (_, log_sd) = fit.lambda.split_at(fit.latent.len());
    let sd = log_sd.first().map_or(f64::NAN, |log_sd| log_sd.exp());
    (fit, elbo, sd)
}

fn assert_close(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() < tolerance, "{what}: {found} instead of {expected}");
}

/// KL(q || posterior) of a normal q on the unconstrained scale, by the trapezoidal rule.
fn kl_by_quadrature(mean: f64, sd: f64, log_posterior: impl Fn(f64) -> f64) -> f64 {
    const HALF_WIDTH_SD: f64 = 12.0;
    const STEPS: usize = 20_000;
    let step = 2.0 * HALF_WIDTH_SD / STEPS as f64;
    (0..=STEPS)
        .map(|k| {
            let u = -HALF_WIDTH_SD + step * k as f64;
            let log_q = -0.5 * u * u - 0.5 * LN_2PI - sd.ln();
            let weight = if k == 0 || k == STEPS { 0.5 } else { 1.0 };
            weight * step * sd * log_q.exp() * (log_q - log_posterior(mean + sd * u))
        })
        .sum()
}

fn lbeta(a: f64, b: f64) -> f64 {
    lgamma(a) + lgamma(b) - lgamma(a + b)
}

#[test]
fn normal_mean_with_known_sd() {
    let y = [1.2, 0.4, 2.9, -0.3, 1.7, 0.8];
    let (prior_mean, prior_sd, sd) = (0.5, 2.0, 1.5);
    let (fit, elbo, q_sd) = fit(
        "mu ~ Normal(0.5, 2)\ny ~ Normal(mu, 1.5)\n",
        vec![("y", Values::real(&[y.len()], y.to_vec()))],
        1_000,
    );
    // Posterior by precision weighting; evidence from p(y, mu) / p(mu | y) at mu = 0.
    let n = y.len() as f64;
    let precision = 1.0 / (prior_sd * prior_sd) + n / (sd * sd);
    let mean = (prior_mean / (prior_sd * prior_sd) + y.iter().sum::<f64>() / (sd * sd)) / precision;
    let log_normal = |x: f64, m: f64, s: f64| -0.5 * ((x - m) / s).powi(2) - s.ln() - 0.5 * LN_2PI;
    let evidence = log_normal(0.0, prior_mean, prior_sd)
        + y.iter().map(|&y| log_normal(y, 0.0, sd)).sum::<f64>()
        - log_normal(0.0, mean, precision.powf(-0.5));
    assert_close("posterior mean", fit.lambda[0], mean, 1e-4);
    assert_close("posterior sd", q_sd, precision.powf(-0.5), 1e-4);
    assert_close("ELBO", elbo.value, evidence, TOLERANCE_NATS);
    assert_close("its parts", elbo.log_likelihood - elbo.kl, elbo.value, 1e-9);
}

#[test]
fn linear_regression_with_orthogonal_columns() {
    // Columns of +-1 that are orthogonal: the posterior of the coefficients is a product of normals.
    let x: Vec<f64> = (0..8)
        .flat_map(|i: i32| {
            [1, i & 1, (i >> 1) & 1, (i >> 2) & 1].map(|bit| if bit == 1 { 1.0 } else { -1.0 })
        })
        .enumerate()
        .map(|(k, v)| if k % 4 == 0 { 1.0 } else { v })
        .collect();
    let y = [2.1, 0.3, -1.4, 0.9, 3.3, 1.8, 0.2, -0.6];
    let (prior_sd, sd) = (3.0, 0.7);
    let (fit, elbo, _) = fit(
        "beta[4] ~ Normal(0, 3)\ny ~ Normal(X @ beta, 0.7)\n",
        vec![("X", Values::real(&[8, 4], x.clone())), ("y", Values::real(&[8], y.to_vec()))],
        1_000,
    );
    let precision = 1.0 / (prior_sd * prior_sd) + 8.0 / (sd * sd);
    let mean: Vec<f64> =
        (0..4).map(|k| (0..8).map(|i| x[i * 4 + k] * y[i]).sum::<f64>() / (sd * sd) / precision).collect();
    let log_normal = |x: f64, m: f64, s: f64| -0.5 * ((x - m) / s).powi(2) - s.ln() - 0.5 * LN_2PI;
    let at_zero: f64 = y.iter().map(|&y| log_normal(y, 0.0, sd)).sum::<f64>()
        + 4.0 * log_normal(0.0, 0.0, prior_sd)
        - mean.iter().map(|&m| log_normal(0.0, m, precision.powf(-0.5))).sum::<f64>();
    for (k, &mean) in mean.iter().enumerate() {
        assert_close("coefficient", fit.lambda[k], mean, 1e-4);
        assert_close("its log sd", fit.lambda[4 + k], -0.5 * precision.ln(), 1e-4);
    }
    assert_close("ELBO", elbo.value, at_zero, TOLERANCE_NATS);
}

#[test]
fn beta_binomial() {
    let (a, b, n, k) = (2.0, 3.0, 20.0, 14.0);
    let (fit, elbo, sd) =
        fit("p ~ Beta(2, 3)\nk ~ Binomial(20, p)\n", vec![("k", Values::int(&[], &[14]))], 400_000);
    let log_choose = lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
    let evidence = log_choose + lbeta(a + k, b + n - k) - lbeta(a, b);
    // The posterior is Beta(a + k, b + n - k); on the logit scale with its Jacobian.
    let log_posterior = |z: f64| (a + k) * z - (a + b + n) * z.exp().ln_1p() - lbeta(a + k, b + n - k);
    let kl = kl_by_quadrature(fit.lambda[0], sd, log_posterior);
    assert!(kl > 0.0 && kl < 0.05, "a normal is near the posterior, but not it: KL = {kl}");
    assert_close("evidence - ELBO", evidence - elbo.value, kl, TOLERANCE_NATS);
}

#[test]
fn gamma_poisson() {
    let y = [3.0, 5.0, 2.0, 4.0, 7.0];
    let (a, b) = (1.5, 0.5);
    let (fit, elbo, sd) = fit(
        "rate ~ Gamma(1.5, 0.5)\ny ~ Poisson(rate)\n",
        vec![("y", Values::int(&[5], &[3, 5, 2, 4, 7]))],
        400_000,
    );
    let (shape, rate) = (a + y.iter().sum::<f64>(), b + y.len() as f64);
    let evidence = a * b.ln() - lgamma(a) + lgamma(shape)
        - shape * rate.ln()
        - y.iter().map(|&y| lgamma(y + 1.0)).sum::<f64>();
    let log_posterior = |z: f64| shape * rate.ln() - lgamma(shape) + shape * z - rate * z.exp();
    let kl = kl_by_quadrature(fit.lambda[0], sd, log_posterior);
    assert!(kl > 0.0 && kl < 0.05, "a normal is near the posterior, but not it: KL = {kl}");
    assert_close("evidence - ELBO", evidence - elbo.value, kl, TOLERANCE_NATS);
}
