//! Posteriors whose mean-field optimum, evidence or ELBO is known.

use std::f64::consts::PI;

use super::toy::{Jet, Toy, normal, normal_const};
use super::*;
use crate::density::TermKind::{Likelihood, Prior};

const SEEDS: [u64; 3] = [1, 2, 3];

/// Optimum for N(m, P^-1): mu = m, sigma_i² = 1/P_ii, KL = 1/2 (Σ log P_ii - log det P); the density is scaled by e^3.
#[test]
fn correlated_gaussian() {
    let (m, p) = ([3.0, -1e3, 2e-5], [[2.0, 0.9e-2, 3.0], [0.9e-2, 1e-4, 0.01], [3.0, 0.01, 1e8]]);
    let det = {
        let [a, b, c] = p;
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0])
    };
    let density = Toy::new(&["a", "b", "c"], &[("z ~ MvNormal(m, S)", Prior)], move |z, out| {
        let mut sum = Jet::constant(3.0 + 0.5 * f64::ln(det) - 1.5 * (2.0 * PI).ln());
        for i in 0..3 {
            for j in 0..3 {
                sum = sum + (z[i] - m[i]) * (z[j] - m[j]) * (-0.5 * p[i][j]);
            }
        }
        out.push(sum);
    });
    // linear response is exact here: sd_i / sigma_i = sqrt(P_ii (P^-1)_ii), the same for a and b but for 1e-8
    let ratio = (p[0][0] * (p[1][1] * p[2][2] - p[1][2] * p[2][1]) / det).sqrt();
    let kl = 0.5 * ((0..3).map(|i| p[i][i].ln()).sum::<f64>() - det.ln());
    for seed in SEEDS {
        let fit = fitted(&density, seed);
        let (mean, sd) = marginals(&fit);
        assert!(fit.converged && fit.warnings.len() == 1, "{:?}", fit.warnings);
        let factor = format!("{ratio:.1} times as high");
        assert!(
            warns_of_correlation_at_most(&fit) && fit.warnings[0].contains(&factor),
            "{:?}",
            fit.warnings
        );
        for i in 0..3 {
            assert!((mean[i] - m[i]).abs() < 1e-6 * sd[i], "mean {i}: {} not {}", mean[i], m[i]);
            assert!((sd[i] * p[i][i].sqrt() - 1.0).abs() < 1e-6, "sd {i}: {}", sd[i]);
        }
        let elbo = fit.elbo.unwrap();
        assert!((elbo.value - (3.0 - kl)).abs() < 4.0 * elbo.se + 1e-9, "{elbo:?}, not {}", 3.0 - kl);
        assert!(
            elbo.se < 0.05 && elbo.log_likelihood == 0.0 && (elbo.kl + elbo.value).abs() < 1e-12,
            "{elbo:?}"
        );
    }
}

/// mu ~ N(1, 2), x_i ~ N(mu, 0.5): the posterior is in the family, so the ELBO is the evidence, without Monte Carlo error.
#[test]
fn conjugate_normal_mean() {
    let x = [0.3, 1.7, 2.2, -0.4, 0.9];
    let density =
        Toy::new(&["mu"], &[("mu ~ Normal(1, 2)", Prior), ("x ~ Normal(mu, 0.5)", Likelihood)], |z, out| {
            out.push(normal_const(z[0], 1.0, 2.0));
            out.push(x.iter().fold(Jet::constant(0.0), |sum, x| sum + normal_const(z[0], *x, 0.5)));
        });
    let precision = 0.25 + 5.0 / 0.25;
    let mean = (0.25 + x.iter().sum::<f64>() / 0.25) / precision;
    let normal_at = |x: f64, m: f64, v: f64| -0.5 * (x - m) * (x - m) / v - 0.5 * (2.0 * PI * v).ln();
    // log p(x) = log p(mean) + log p(x | mean) - log p(mean | x)
    let at_mean = normal_at(mean, 1.0, 4.0) + x.iter().map(|x| normal_at(*x, mean, 0.25)).sum::<f64>();
    let evidence = at_mean + 0.5 * (2.0 * PI / precision).ln();
    let kl = 0.5 * (1.0 / precision + (mean - 1.0).powi(2)) / 4.0 - 0.5 + 0.5 * (4.0 * precision).ln();
    for seed in SEEDS {
        let fit = fitted(&density, seed);
        let (q_mean, q_sd) = marginals(&fit);
        assert!((q_mean[0] - mean).abs() < 1e-9 && (q_sd[0] - precision.powf(-0.5)).abs() < 1e-6);
        let elbo = fit.elbo.unwrap();
        assert!((elbo.value - evidence).abs() < 1e-6 && elbo.se < 1e-6, "{elbo:?}, evidence {evidence}");
        assert!((elbo.kl - kl).abs() < 1e-6, "{elbo:?}, kl {kl}");
    }
}

/// One latent by quadrature: evidence, and the best Gaussian's ELBO found by a search over a fine grid of (mu, log sd).
struct Quadrature {
    evidence: f64,
    mu: f64,
    sd: f64,
    elbo: f64,
}

impl Quadrature {
    /// `log_density` must fall off well inside [-40, 40].
    fn new(log_density: impl Fn(f64) -> f64) -> Quadrature {
        let step = 1e-3;
        let integral: f64 = (-40_000..40_000).map(|k| (log_density(k as f64 * step)).exp() * step).sum();
        let elbo = |mu: f64, log_sd: f64| {
            let weighted = |k: i32| {
                let e = f64::from(k) * 0.02;
                (-0.5 * e * e).exp() / (2.0 * PI).sqrt() * 0.02 * log_density(mu + log_sd.exp() * e)
            };
            (-500..=500).map(weighted).sum::<f64>() + log_sd + 0.5 * (1.0 + (2.0 * PI).ln())
        };
        // shrinking pattern search
        let (mut at, mut width) = ([0.0, 0.0], 1.0);
        let mut best = elbo(at[0], at[1]);
        while width > 1e-7 {
            let moves = [[width, 0.0], [-width, 0.0], [0.0, width], [0.0, -width]];
            let candidates = moves.map(|[a, b]| (elbo(at[0] + a, at[1] + b), [at[0] + a, at[1] + b]));
            match candidates.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)) {
                Some((value, point)) if value > best => (best, at) = (value, point),
                _ => width *= 0.5,
            }
        }
        Quadrature { evidence: integral.ln(), mu: at[0], sd: at[1].exp(), elbo: best }
    }

    fn check(&self, density: &dyn crate::density::LogDensity, evidence: f64) {
        assert!(
            (self.evidence - evidence).abs() < 1e-8,
            "closed form {evidence}, quadrature {}",
            self.evidence
        );
        for seed in SEEDS {
            let options = FitOptions { seed, elbo_draws: 100_000, ..Default::default() };
            let fit = fit(density, &options, &mut |_| ()).unwrap();
            let (mu, sd) = marginals(&fit);
            assert!((mu[0] - self.mu).abs() < 0.05 * self.sd, "mean {} not {}", mu[0], self.mu);
            assert!((sd[0] / self.sd).ln().abs() < 0.05, "sd {} not {}", sd[0], self.sd);
            let elbo = fit.elbo.unwrap();
            assert!((elbo.value - self.elbo).abs() < 1e-3 + 4.0 * elbo.se, "{elbo:?} not {}", self.elbo);
            assert!(elbo.se < 1e-3 && elbo.value < evidence, "{elbo:?}");
        }
    }
}

fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// p ~ Beta(2, 3) on the logit scale, 7 of 10.
#[test]
fn beta_binomial() {
    let constant = ln_gamma(5.0) - ln_gamma(2.0) - ln_gamma(3.0) + 120f64.ln();
    let evidence = constant + ln_gamma(9.0) + ln_gamma(6.0) - ln_gamma(15.0);
    let statements = [("p ~ Beta(2, 3)", Prior), ("k ~ Binomial(10, p)", Likelihood)];
    let density = Toy::new(&["p"], &statements, |z, out| {
        let (up, down) = ((-z[0]).softplus(), z[0].softplus());
        out.push(up * -2.0 - down * 3.0 + (ln_gamma(5.0) - ln_gamma(2.0) - ln_gamma(3.0)));
        out.push(up * -7.0 - down * 3.0 + 120f64.ln());
    });
    let formula = |z: f64| constant - 9.0 * (-z).exp().ln_1p() - 6.0 * z.exp().ln_1p();
    Quadrature::new(formula).check(&density, evidence);
}

/// rate ~ Gamma(3, 2) on the log scale, counts 2, 0, 3.
#[test]
fn gamma_poisson() {
    let constant = 3.0 * 2f64.ln() - ln_gamma(3.0) - 2f64.ln() - 6f64.ln();
    let evidence = constant + ln_gamma(8.0) - 8.0 * 5f64.ln();
    let statements = [("rate ~ Gamma(3, 2)", Prior), ("y ~ Poisson(rate)", Likelihood)];
    let density = Toy::new(&["rate"], &statements, |z, out| {
        out.push(z[0] * 3.0 - z[0].exp() * 2.0 + (3.0 * 2f64.ln() - ln_gamma(3.0)));
        out.push(z[0] * 5.0 - z[0].exp() * 3.0 - (2f64.ln() + 6f64.ln()));
    });
    Quadrature::new(|z: f64| constant + 8.0 * z - 5.0 * z.exp()).check(&density, evidence);
}

/// z_i ~ N(0, 1), x_i ~ N(theta + z_i, 1): theta's estimate is the mean of x, q(z_i) = N((x_i - theta)/2, 1/2), and the
/// ELBO is the evidence log N(x | theta, 2).
#[test]
fn point_estimates_are_learned_jointly() {
    let x = [1.0, 4.0, 2.5, -0.5];
    let statements = [("z ~ Normal(0, 1)", Prior), ("x ~ Normal(theta + z, 1)", Likelihood)];
    let zero = Jet::constant(0.0);
    let density = Toy::new(&["z[1]", "theta", "z[2]", "z[3]", "z[4]"], &statements, move |z, out| {
        let latents = [z[0], z[2], z[3], z[4]];
        out.push(latents.iter().fold(zero, |sum, z| sum + normal(*z, zero, zero)));
        let rows = latents.iter().zip(x);
        out.push(rows.fold(zero, |sum, (l, x)| sum + normal(Jet::constant(x), z[1] + *l, zero)));
    })
    .estimating(&["theta"]);
    let theta: f64 = x.iter().sum::<f64>() / 4.0;
    let evidence: f64 = x.iter().map(|x| -0.25 * (x - theta).powi(2) - 0.5 * (4.0 * PI).ln()).sum();
    for seed in SEEDS {
        let fit = fitted(&density, seed);
        assert_eq!((fit.latent.clone(), fit.point_estimated.clone()), (vec![0, 2, 3, 4], vec![1]));
        assert!((fit.theta[0] - theta).abs() < 1e-6, "{}", fit.theta[0]);
        let (mean, sd) = marginals(&fit);
        for i in 0..4 {
            assert!((mean[i] - 0.5 * (x[i] - theta)).abs() < 1e-6 && (sd[i] - 0.5f64.sqrt()).abs() < 1e-6);
        }
        let elbo = fit.elbo.unwrap();
        assert!((elbo.value - evidence).abs() < 1e-6, "{elbo:?}, evidence {evidence}");
        let draws = fit.sample_unconstrained(50, seed).unwrap();
        assert!(draws[50..100].iter().all(|t| *t == fit.theta[0]), "theta does not vary");
        assert!(draws[..50].windows(2).all(|w| w[0] != w[1]));
    }
}

/// Only point estimates: maximum likelihood of a logistic regression.
#[test]
fn without_latents_it_is_maximum_likelihood() {
    let rows = [(-2.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.5, 0.0), (1.0, 1.0), (3.0, 1.0)];
    let density =
        Toy::new(&["a", "b"], &[("y ~ Bernoulli(inv_logit(a + b * x))", Likelihood)], move |z, out| {
            let eta = |x: f64| z[0] + z[1] * x;
            out.push(rows.iter().fold(Jet::constant(0.0), |s, (x, y)| s + eta(*x) * *y - eta(*x).softplus()));
        })
        .estimating(&["a", "b"]);
    let fit = fitted(&density, 1);
    assert!(fit.converged && fit.lambda.is_empty());
    // the score equations: residuals sum to 0, also weighted by x
    let residual = |(x, y): &(f64, f64)| y - 1.0 / (1.0 + (-(fit.theta[0] + fit.theta[1] * x)).exp());
    assert!(rows.iter().map(residual).sum::<f64>().abs() < 1e-5);
    assert!(rows.iter().map(|r| r.0 * residual(r)).sum::<f64>().abs() < 1e-5);
    let elbo = fit.elbo.unwrap();
    assert!(elbo.se == 0.0 && elbo.kl.abs() < 1e-12, "{elbo:?}");
}
