//! Counts, ordered outcomes, censored and zero-heavy data in whole models, against densities written by hand.

use crate::by_hand::*;
use crate::harness::*;

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// log n! for whole n
fn log_factorial(n: f64) -> f64 {
    ln_gamma(n + 1.0)
}

/// A log-normal: log density, and log P(X >= x).
fn log_normal(x: f64, mean: f64, sd: f64) -> f64 {
    normal(x.ln(), mean, sd) - x.ln()
}

#[test]
fn survival_is_censored_row_by_row() {
    let data = json(
        r#"{"months": [1.5, 4.0, 2.5, 3.0], "limit": [3.5, 4.0, 5.0, 3.0], "died": [true, false, true, false],
            "treated": [0, 1, 1, 0]}"#,
    );
    let priors = "shape ~ HalfNormal(2)\nb ~ Normal(0, 1)\n";
    let by_limit = "months ~ censored(Weibull(shape, exp(1 + b * treated)), upper = limit)";
    let by_flag = "months ~ censored(Weibull(shape, exp(1 + b * treated)), upper = where(died, inf, months))";
    let by_factor = "scale = exp(1 + b * treated)\nmonths[died] ~ Weibull(shape, scale[died])\n\
                     factor -(months[!died] / scale[!died])^shape";
    for model in [by_limit, by_flag, by_factor] {
        agrees(&format!("{priors}{model}"), &data, |p| {
            let (shape, b) = (p.s("shape"), p.s("b"));
            let rows = [(1.5, true, 0.0), (4.0, false, 1.0), (2.5, true, 1.0), (3.0, false, 0.0)];
            let likelihood = rows.map(|(months, died, treated): (f64, bool, f64)| {
                let scale = (1.0 + b * treated).exp();
                let z = months / scale;
                let density = (shape / scale).ln() + (shape - 1.0) * z.ln();
                -z.powf(shape) + if died { density } else { 0.0 }
            });
            half_normal(shape, 2.0) + normal(b, 0.0, 1.0) + likelihood.iter().sum::<f64>()
        });
    }
}

/// A tobit model: zeros stand for anything below; and values at a detection limit of each row.
#[test]
fn values_at_a_lower_limit_are_anything_below() {
    let data = json(r#"{"y": [0, 1.2, 0, 2.5], "x": [-1, 0.5, 0.2, 1.5]}"#);
    let model = "b ~ Normal(0, 1)\ns ~ HalfNormal(1)\ny ~ censored(Normal(b * x, s), lower = 0)";
    agrees(model, &data, |p| {
        let (b, s) = (p.s("b"), p.s("s"));
        normal(b, 0.0, 1.0)
            + half_normal(s, 1.0)
            + [(0.0, -1.0), (1.2, 0.5), (0.0, 0.2), (2.5, 1.5)]
                .iter()
                .map(|&(y, x)| if y == 0.0 { normal_cdf(-b * x / s).ln() } else { normal(y, b * x, s) })
                .sum::<f64>()
    });
    // Counts: 3 or more is recorded as 3.
    let data = json(r#"{"k": [0, 3, 2]}"#);
    let model = "r ~ HalfNormal(3)\nk ~ censored(Poisson(r), upper = 3)";
    agrees(model, &data, |p| {
        let r = p.s("r");
        let above = 1.0 - [0.0, 1.0, 2.0].iter().map(|&k| poisson(k, r).exp()).sum::<f64>();
        half_normal(r, 3.0) + poisson(0.0, r) + above.ln() + poisson(2.0, r)
    });
}

#[test]
fn zero_inflated_counts() {
    let data = json(r#"{"k": [0, 3, 0, 1], "x": [0.1, 0.5, -1, 2]}"#);
    let priors = "p ~ Beta(1, 1)\nb ~ Normal(0, 1)\n";
    let wrapped = "k ~ zero_inflated(p, Poisson(log = 0.4 + b * x))";
    let enumerated = "for i in 1:4 { z[i] ~ Bernoulli(1 - p); k[i] ~ Poisson(z[i] * exp(0.4 + b * x[i])) }";
    for model in [wrapped, enumerated] {
        agrees(&format!("{priors}{model}"), &data, |at| {
            let (p, b) = (at.s("p"), at.s("b"));
            normal(b, 0.0, 1.0)
                + [(0.0, 0.1), (3.0, 0.5), (0.0, -1.0), (1.0, 2.0)]
                    .iter()
                    .map(|&(k, x)| {
                        let own = (1.0 - p) * poisson(k, (0.4 + b * x).exp()).exp();
                        (own + if k == 0.0 { p } else { 0.0 }).ln()
                    })
                    .sum::<f64>()
        });
    }
}

#[test]
fn hurdles_with_a_probability_per_row() {
    let data = json(r#"{"spent": [0, 3.5, 0, 1.2], "x": [0.1, 0.5, -1, 2], "n": [0, 2, 0, 1]}"#);
    let priors = "a ~ Normal(0, 1)\nm ~ Normal(0, 1)\ns ~ HalfNormal(1)\nr ~ HalfNormal(2)\n";
    let likelihood =
        "spent ~ hurdle(inv_logit(a * x), LogNormal(m, s))\nn ~ hurdle(inv_logit(a * x), Poisson(r))";
    agrees(&format!("{priors}{likelihood}"), &data, |at| {
        let (a, m, s, r) = (at.s("a"), at.s("m"), at.s("s"), at.s("r"));
        let rows = [(0.0, 0.1, 0.0), (3.5, 0.5, 2.0), (0.0, -1.0, 0.0), (1.2, 2.0, 1.0)];
        normal(a, 0.0, 1.0)
            + normal(m, 0.0, 1.0)
            + half_normal(s, 1.0)
            + half_normal(r, 2.0)
            + rows
                .iter()
                .map(|&(spent, x, n)| {
                    let p = logistic(a * x);
                    if spent == 0.0 {
                        2.0 * p.ln()
                    } else {
                        let rest = (1.0 - (-r).exp()).ln();
                        2.0 * (1.0 - p).ln() + log_normal(spent, m, s) + poisson(n, r) - rest
                    }
                })
                .sum::<f64>()
    });
}

#[test]
fn ordered_outcomes() {
    let data = json(r#"{"rating": [1, 3, 2, 4, 3], "x": [0.1, 0.5, -1, 2, 0]}"#);
    let by_rows = "rating ~ OrderedLogistic(b * x, cuts)";
    let by_loop = "for i in 1:5 { rating[i] ~ OrderedLogistic(b * x[i], cuts) }";
    for model in [by_rows, by_loop] {
        agrees(&format!("cuts[3] ~ ordered(Normal(0, 2))\nb ~ Normal(0, 1)\n{model}"), &data, |at| {
            let (b, cuts) = (at.s("b"), at.v("cuts"));
            let below = |k: usize, eta: f64| match k {
                0 => 0.0,
                4 => 1.0,
                _ => logistic(cuts[k - 1] - eta),
            };
            normal(b, 0.0, 1.0)
                + log_factorial(3.0)
                + cuts.iter().map(|&c| normal(c, 0.0, 2.0)).sum::<f64>()
                + [(1, 0.1), (3, 0.5), (2, -1.0), (4, 2.0), (3, 0.0)]
                    .iter()
                    .map(|&(k, x)| (below(k, b * x) - below(k - 1, b * x)).ln())
                    .sum::<f64>()
        });
    }
    let model = "b ~ Normal(0, 1)\nrating ~ OrderedProbit(b * x, [-1, 0.2, 1.5])";
    agrees(model, &data, |at| {
        let b = at.s("b");
        let below = |k: usize, eta: f64| match k {
            0 => 0.0,
            4 => 1.0,
            _ => normal_cdf([-1.0, 0.2, 1.5][k - 1] - eta),
        };
        normal(b, 0.0, 1.0)
            + [(1, 0.1), (3, 0.5), (2, -1.0), (4, 2.0), (3, 0.0)]
                .iter()
                .map(|&(k, x)| (below(k, b * x) - below(k - 1, b * x)).ln())
                .sum::<f64>()
    });
}

fn multinomial(x: &[f64], p: &[f64]) -> f64 {
    let terms: f64 = x.iter().zip(p).map(|(x, p)| x * p.ln() - log_factorial(*x)).sum();
    terms + log_factorial(x.iter().sum())
}

#[test]
fn vectors_of_counts() {
    let data =
        json(r#"{"votes": [[2, 3, 5], [0, 4, 1]], "n": [10, 5], "a": [2, 0], "b": [3, 4], "c": [5, 1]}"#);
    let counts = [[2.0, 3.0, 5.0], [0.0, 4.0, 1.0]];
    for observed in [
        "votes ~ Multinomial(n, theta)",
        "votes ~ Multinomial(sum(votes, axis = 2), theta)",
        "cbind(a, b, c) ~ Multinomial(n, theta)",
        "for i in 1:2 { votes[i] ~ Multinomial(n[i], theta) }",
    ] {
        agrees(&format!("theta ~ Dirichlet([1, 2, 3])\n{observed}"), &data, |at| {
            let theta = at.v("theta");
            dirichlet(theta, &[1.0, 2.0, 3.0]) + counts.iter().map(|x| multinomial(x, theta)).sum::<f64>()
        });
    }
    let per_row = "theta[2] ~ Dirichlet([1, 2, 3])\nvotes ~ Multinomial(n, theta)";
    agrees(per_row, &data, |at| {
        let theta = at.v("theta");
        (0..2)
            .map(|i| {
                let own = &theta[3 * i..3 * i + 3];
                dirichlet(own, &[1.0, 2.0, 3.0]) + multinomial(&counts[i], own)
            })
            .sum()
    });
    // Latent classes: a class for each row, summed out or mixed.
    let classes = "theta[2] ~ Dirichlet([1, 2, 3])\nw ~ Dirichlet([2, 2])\n";
    for observed in [
        "for i in 1:2 { z[i] ~ Categorical(w); votes[i] ~ Multinomial(n[i], theta[z[i]]) }",
        "for i in 1:2 { votes[i] ~ mixture(w, Multinomial(n[i], theta)) }",
    ] {
        agrees(&format!("{classes}{observed}"), &data, |at| {
            let (theta, w) = (at.v("theta"), at.v("w"));
            dirichlet(w, &[2.0, 2.0])
                + (0..2).map(|k| dirichlet(&theta[3 * k..3 * k + 3], &[1.0, 2.0, 3.0])).sum::<f64>()
                + counts
                    .iter()
                    .map(|x| {
                        let of = |k: usize| w[k].ln() + multinomial(x, &theta[3 * k..3 * k + 3]);
                        log_sum_exp(&[of(0), of(1)])
                    })
                    .sum::<f64>()
        });
    }
    let model = "a0 ~ HalfNormal(3)\nvotes ~ DirichletMultinomial(n, [a0, 2, 3])";
    agrees(model, &data, |at| {
        let a = [at.s("a0"), 2.0, 3.0];
        let total: f64 = a.iter().sum();
        half_normal(a[0], 3.0)
            + counts
                .iter()
                .map(|x| {
                    let n: f64 = x.iter().sum();
                    let cells: f64 =
                        x.iter().zip(a).map(|(x, a)| ln_gamma(x + a) - ln_gamma(a) - log_factorial(*x)).sum();
                    log_factorial(n) + ln_gamma(total) - ln_gamma(n + total) + cells
                })
                .sum::<f64>()
    });
}

#[test]
fn overdispersed_and_finite_populations() {
    let data = json(r#"{"deaths": [2, 0, 7], "n": [10, 5, 8], "marked": 3}"#);
    let model = "m ~ Beta(2, 2)\nphi ~ HalfNormal(10)\ndeaths ~ BetaBinomial(n, m * phi, (1 - m) * phi)";
    let ln_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let choose = |n: f64, k: f64| log_factorial(n) - log_factorial(k) - log_factorial(n - k);
    agrees(model, &data, |at| {
        let (m, phi) = (at.s("m"), at.s("phi"));
        let (a, b) = (m * phi, (1.0 - m) * phi);
        beta(m, 2.0, 2.0)
            + half_normal(phi, 10.0)
            + [(2.0, 10.0), (0.0, 5.0), (7.0, 8.0)]
                .iter()
                .map(|&(x, n)| choose(n, x) + ln_beta(x + a, n - x + b) - ln_beta(a, b))
                .sum::<f64>()
    });
    // How many are there, if 3 of 12 caught are among the 20 marked before? Summed over the population.
    let model = "N ~ DiscreteUniform(30, 90)\nmarked ~ Hypergeometric(12, 20, N - 20)\nx ~ Normal(0, 1)";
    agrees(model, &data, |at| {
        let terms: Vec<f64> = (30..=90)
            .map(|n| {
                let rest = f64::from(n) - 20.0;
                -61f64.ln() + choose(20.0, 3.0) + choose(rest, 9.0) - choose(rest + 20.0, 12.0)
            })
            .collect();
        normal(at.s("x"), 0.0, 1.0) + log_sum_exp(&terms)
    });
}

/// Latents of finite support under the wrappers are summed out like any other.
#[test]
fn discrete_latents_with_more_or_fewer_zeros() {
    let data = json(r#"{"y": [0.3, 2.2]}"#);
    for (wrapped, prior) in [
        ("zero_inflated(p, Binomial(2, 0.4))", 0),
        ("hurdle(p, Binomial(2, 0.4))", 1),
        ("censored(Binomial(3, 0.4), upper = 2)", 2),
    ] {
        let model = format!("p ~ Beta(2, 2)\nfor i in 1:2 {{ z[i] ~ {wrapped}; y[i] ~ Normal(z[i], 1) }}");
        agrees(&model, &data, |at| {
            let p = at.s("p");
            let binomial: [f64; 3] = [0.36, 0.48, 0.16];
            let prior: [f64; 3] = match prior {
                0 => [p + (1.0 - p) * 0.36, (1.0 - p) * 0.48, (1.0 - p) * 0.16],
                1 => [p, (1.0 - p) * binomial[1] / 0.64, (1.0 - p) * binomial[2] / 0.64],
                _ => [0.216, 0.432, 0.352],
            };
            beta(p, 2.0, 2.0)
                + [0.3, 2.2]
                    .iter()
                    .map(|&y| {
                        let terms: Vec<f64> =
                            (0..3).map(|k| prior[k].ln() + normal(y, k as f64, 1.0)).collect();
                        log_sum_exp(&terms)
                    })
                    .sum::<f64>()
        });
    }
}

#[test]
fn what_only_data_can_be_is_refused_for_latents() {
    let data = json(r#"{"y": [0.3, 2.2], "votes": [[2, 3, 5], [0, 4, 1]], "n": [10, 6]}"#);
    refused(
        "x ~ censored(Normal(0, 1), upper = 2)\ny ~ Normal(x, 1)",
        &data,
        &[
            "`x` is a latent, and censored(Normal) is a distribution of data only",
            "write the distribution inside",
        ],
    );
    refused(
        "x ~ hurdle(0.3, LogNormal(0, 1))\ny ~ Normal(x, 1)",
        &data,
        &["`x` is a latent, and hurdle(LogNormal) is a distribution of data only", "z ~ Bernoulli(1 - p)"],
    );
    refused(
        "x ~ zero_inflated(0.3, Poisson(2))\ny ~ Normal(x, 1)",
        &data,
        &["cannot be summed out", "support is not finite"],
    );
    refused(
        "x ~ Multinomial(3, [0.2, 0.8])\ny ~ Normal(x[1], 1)",
        &data,
        &["cannot be summed out", "a draw of Multinomial is a vector of counts"],
    );
    refused(
        "theta ~ Dirichlet([1, 1, 1])\nvotes ~ Multinomial(n, theta)",
        &data,
        &["`sum(votes[2])` is 5, but a value of Multinomial sums to its n, here 6"],
    );
    refused(
        "theta ~ Dirichlet([1, 1])\nvotes ~ Multinomial(n, theta)",
        &data,
        &["`votes` is [2, 3], and its distribution is [2, 2]"],
    );
    refused("s ~ HalfNormal(1)\ny ~ censored(Normal(0, s), lower = 1)", &data, &["`y[1]` is 0.3"]);
}
