//! Discrete latents against sums over all their configurations.

use crate::by_hand::*;
use crate::harness::*;

/// log of the sum of exp(log joint) over all configurations of n elements with k values, 0-based.
fn enumerate(n: usize, k: usize, log_joint: impl Fn(&[usize]) -> f64) -> f64 {
    log_sum_exp(&configurations(n, k).iter().map(|z| log_joint(z)).collect::<Vec<f64>>())
}

const Y: [f64; 5] = [1.0, -0.5, 2.0, 0.3, 1.1];
const ROWS: &str = r#"{"y": [1.0, -0.5, 2.0, 0.3, 1.1], "N": 5, "x": [0.1, 0.2, 0.3, 0.4, 0.5]}"#;

#[test]
fn mixtures_over_rows() {
    let whole = "w ~ Dirichlet([1, 2])\nmu[2] ~ Normal(0, 2)\ns[2] ~ HalfNormal(1)\nz[N] ~ Categorical(w)\n\
                 y ~ Normal(mu[z], s[z])";
    let looped = "w ~ Dirichlet([1, 2])\nmu[2] ~ Normal(0, 2)\ns[2] ~ HalfNormal(1)\n\
                  for i in 1:N { z[i] ~ Categorical(w); y[i] ~ Normal(mu[z[i]], s[z[i]]) }";
    let apart = "w ~ Dirichlet([1, 2])\nmu[2] ~ Normal(0, 2)\ns[2] ~ HalfNormal(1)\n\
                 for i in 1:N { z[i] ~ Categorical(w) }\nfor i in 1:N { y[i] ~ Normal(mu[z[i]], s[z[i]]) }";
    for model in [whole, looped, apart] {
        agrees(model, &json(ROWS), |p| {
            let (w, mu, s) = (p.v("w"), p.v("mu"), p.v("s"));
            dirichlet(w, &[1.0, 2.0])
                + mu.iter().map(|&m| normal(m, 0.0, 2.0)).sum::<f64>()
                + s.iter().map(|&s| half_normal(s, 1.0)).sum::<f64>()
                + enumerate(5, 2, |z| (0..5).map(|i| w[z[i]].ln() + normal(Y[i], mu[z[i]], s[z[i]])).sum())
        });
    }
}

#[test]
fn mixtures_with_vectors_per_row() {
    let data = json(r#"{"Y": [[1, 2], [0, 1], [3, -1]], "off": [0.5, -0.5]}"#);
    let whole = "M[3, 2] ~ Normal(0, 2)\nz[3] ~ Categorical([0.2, 0.3, 0.5])\nY ~ Normal(M[z] + off, 1)";
    let looped = "M[3, 2] ~ Normal(0, 2)\nfor i in 1:3 { z[i] ~ Categorical([0.2, 0.3, 0.5]); Y[i] ~ Normal(M[z[i]] + off, 1) }";
    let nested = "M[3, 2] ~ Normal(0, 2)\nfor i in 1:3 { z[i] ~ Categorical([0.2, 0.3, 0.5])\n\
                  for k in 1:2 { Y[i, k] ~ Normal(M[z[i], k] + off[k], 1) } }";
    let mvn = "M[3, 2] ~ Normal(0, 2)\nz[3] ~ Categorical([0.2, 0.3, 0.5])\n\
               for i in 1:3 { Y[i] ~ MvNormal(M[z[i]] + off, cov = eye(2)) }";
    for model in [whole, looped, nested, mvn] {
        agrees(model, &data, |p| {
            let (m, w) = (p.v("M"), [0.2f64, 0.3, 0.5]);
            let (y, off) = ([[1.0, 2.0], [0.0, 1.0], [3.0, -1.0]], [0.5, -0.5]);
            m.iter().map(|&m| normal(m, 0.0, 2.0)).sum::<f64>()
                + enumerate(3, 3, |z| {
                    (0..3)
                        .map(|i| {
                            let row = (0..2).map(|k| normal(y[i][k], m[2 * z[i] + k] + off[k], 1.0));
                            w[z[i]].ln() + row.sum::<f64>()
                        })
                        .sum()
                })
        });
    }
}

#[test]
fn latents_of_groups() {
    let data =
        json(r#"{"y": [1.0, -0.5, 2.0, 0.3, 1.1], "g": [1, 2, 1, 3, 3], "J": 3, "u": [0.1, 0.5, 0.9]}"#);
    let whole =
        "mu[2] ~ Normal(0, 2)\nz[J] ~ Categorical([0.4, 0.6])\ny ~ Normal(mu[z[g]], 1)\nu ~ Beta(1 + z, 2)";
    let looped = "mu[2] ~ Normal(0, 2)\nfor j in 1:J { z[j] ~ Categorical([0.4, 0.6]); u[j] ~ Beta(1 + z[j], 2) }\n\
                  for i in 1:5 { y[i] ~ Normal(mu[z[g[i]]], 1) }";
    for model in [whole, looped] {
        agrees(model, &data, |p| {
            let (mu, g, u) = (p.v("mu"), [0, 1, 0, 2, 2], [0.1, 0.5, 0.9]);
            mu.iter().map(|&m| normal(m, 0.0, 2.0)).sum::<f64>()
                + enumerate(3, 2, |z| {
                    (0..3).map(|j| [0.4f64, 0.6][z[j]].ln() + beta(u[j], 2.0 + z[j] as f64, 2.0)).sum::<f64>()
                        + (0..5).map(|i| normal(Y[i], mu[z[g[i]]], 1.0)).sum::<f64>()
                })
        });
    }
}

#[test]
fn bernoulli_in_arithmetic_and_where() {
    let model = "p ~ Uniform(0, 1)\na ~ Normal(0, 1)\nz[N] ~ Bernoulli(p)\ny ~ Normal(a * z + where(z == 1, 0, x), 1 + z)";
    agrees(model, &json(ROWS), |q| {
        let (p, a) = (q.s("p"), q.s("a"));
        let x = [0.1, 0.2, 0.3, 0.4, 0.5];
        normal(a, 0.0, 1.0)
            + enumerate(5, 2, |z| {
                (0..5)
                    .map(|i| {
                        let on = z[i] as f64;
                        bernoulli(on, p) + normal(Y[i], a * on + (1.0 - on) * x[i], 1.0 + on)
                    })
                    .sum()
            })
    });
}

#[test]
fn a_single_latent() {
    let model = "mu[3] ~ Normal(0, 2)\nz ~ Categorical([0.2, 0.3, 0.5])\ny ~ Normal(mu[z], 1)\n\
                 for i in 1:N { x[i] ~ Normal(mu[z] * z, 2) }\nfactor 0.5 * z\nfor i in 1:3 { factor 0.1 * mu[z] }\nv ~ Normal(mu[z], 1)";
    agrees(model, &json(ROWS), |p| {
        let (mu, v) = (p.v("mu"), p.s("v"));
        mu.iter().map(|&m| normal(m, 0.0, 2.0)).sum::<f64>()
            + enumerate(1, 3, |z| {
                let (m, code) = (mu[z[0]], z[0] as f64 + 1.0);
                [0.2f64, 0.3, 0.5][z[0]].ln()
                    + Y.iter().map(|&y| normal(y, m, 1.0)).sum::<f64>()
                    + [0.1, 0.2, 0.3, 0.4, 0.5].iter().map(|&x| normal(x, m * code, 2.0)).sum::<f64>()
                    + 0.5 * code
                    + 0.3 * m
                    + normal(v, m, 1.0)
            })
    });
}

#[test]
fn latents_within_branches() {
    let model = "mu[2] ~ Normal(0, 2)\nfor i in 1:N { z[i] ~ Categorical([0.4, 0.6])\n\
                 if x[i] < 0.35 { y[i] ~ Normal(mu[z[i]], 1) } else { y[i] ~ Normal(mu[z[i]] + mu[z[i - 1]], 2) } }";
    agrees(model, &json(ROWS), |p| {
        let mu = p.v("mu");
        mu.iter().map(|&m| normal(m, 0.0, 2.0)).sum::<f64>()
            + enumerate(5, 2, |z| {
                (0..5)
                    .map(|i| {
                        let likelihood = if i < 3 {
                            normal(Y[i], mu[z[i]], 1.0)
                        } else {
                            normal(Y[i], mu[z[i]] + mu[z[i - 1]], 2.0)
                        };
                        [0.4f64, 0.6][z[i]].ln() + likelihood
                    })
                    .sum()
            })
    });
}

#[test]
fn change_points() {
    let model = "a ~ Exponential(1)\nb ~ Exponential(1)\ntau ~ DiscreteUniform(1, N)\n\
                 for t in 1:N { y[t] ~ Normal(where(t < tau, a, b), 1) }";
    agrees(model, &json(ROWS), |p| {
        let (a, b) = (p.s("a"), p.s("b"));
        exponential(a, 1.0)
            + exponential(b, 1.0)
            + enumerate(1, 5, |tau| {
                -(5f64.ln()) + (0..5).map(|t| normal(Y[t], if t < tau[0] { a } else { b }, 1.0)).sum::<f64>()
            })
    });
}

#[test]
fn hidden_markov_chains() {
    let looped = "P[2] ~ Dirichlet([[2, 1], [1, 3]])\nmu[2] ~ Normal(0, 2)\nz[1] ~ Categorical([0.3, 0.7])\n\
                  for t in 2:N { z[t] ~ Categorical(P[z[t - 1]]) }\nfor t in 1:N { y[t] ~ Normal(mu[z[t]], 1) }";
    let whole = "P[2] ~ Dirichlet([[2, 1], [1, 3]])\nmu[2] ~ Normal(0, 2)\nz[1] ~ Categorical([0.3, 0.7])\n\
                 for t in 2:N { z[t] ~ Categorical(P[z[t - 1]]) }\ny ~ Normal(mu[z], 1)";
    let inside = "P[2] ~ Dirichlet([[2, 1], [1, 3]])\nmu[2] ~ Normal(0, 2)\nz[1] ~ Categorical([0.3, 0.7])\ny[1] ~ Normal(mu[z[1]], 1)\n\
                  for t in 2:N { z[t] ~ Categorical(P[z[t - 1], :]); y[t] ~ Normal(mu[z[t]], 1) }";
    for model in [looped, whole, inside] {
        agrees(model, &json(ROWS), |p| {
            let (q, mu) = (p.v("P"), p.v("mu"));
            dirichlet(&q[..2], &[2.0, 1.0])
                + dirichlet(&q[2..], &[1.0, 3.0])
                + mu.iter().map(|&m| normal(m, 0.0, 2.0)).sum::<f64>()
                + enumerate(5, 2, |z| {
                    [0.3f64, 0.7][z[0]].ln()
                        + (1..5).map(|t| q[2 * z[t - 1] + z[t]].ln()).sum::<f64>()
                        + (0..5).map(|t| normal(Y[t], mu[z[t]], 1.0)).sum::<f64>()
                })
        });
    }
}

#[test]
fn chains_with_more_between_neighbours() {
    let model = "mu[2] ~ Normal(0, 2)\nb ~ Normal(0, 1)\nz[1] ~ Bernoulli(0.3)\n\
                 for t in 2:N { z[t] ~ Bernoulli(logit = b * z[t - 1] + x[t]) }\n\
                 for t in 2:N { y[t] ~ Normal(mu[z[t] + 1] - mu[z[t - 1] + 1], 1 + z[t]) }";
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    agrees(model, &json(ROWS), |p| {
        let (mu, b, x) = (p.v("mu"), p.s("b"), [0.1, 0.2, 0.3, 0.4, 0.5]);
        mu.iter().map(|&m| normal(m, 0.0, 2.0)).sum::<f64>()
            + normal(b, 0.0, 1.0)
            + enumerate(5, 2, |z| {
                let v: Vec<f64> = z.iter().map(|&z| z as f64).collect();
                bernoulli(v[0], 0.3)
                    + (1..5)
                        .map(|t| {
                            bernoulli(v[t], logistic(b * v[t - 1] + x[t]))
                                + normal(Y[t], mu[z[t]] - mu[z[t - 1]], 1.0 + v[t])
                        })
                        .sum::<f64>()
            })
    });
}

#[test]
fn chains_that_run_backwards() {
    let model = "mu[2] ~ Normal(0, 2)\nP[2] ~ Dirichlet([2, 2])\nz[5] ~ Categorical([0.3, 0.7])\n\
                 for s in 1:4 { z[5 - s] ~ Categorical(P[z[6 - s]]) }\ny ~ Normal(mu[z], 1)";
    agrees(model, &json(ROWS), |p| {
        let (q, mu) = (p.v("P"), p.v("mu"));
        dirichlet(&q[..2], &[2.0, 2.0])
            + dirichlet(&q[2..], &[2.0, 2.0])
            + mu.iter().map(|&m| normal(m, 0.0, 2.0)).sum::<f64>()
            + enumerate(5, 2, |z| {
                [0.3f64, 0.7][z[4]].ln()
                    + (0..4).map(|t| q[2 * z[t + 1] + z[t]].ln()).sum::<f64>()
                    + (0..5).map(|t| normal(Y[t], mu[z[t]], 1.0)).sum::<f64>()
            })
    });
}

#[test]
fn several_chains() {
    for n in [[3, 3], [2, 3], [1, 3], [3, 1]] {
        let data = json(&format!(r#"{{"Y": [[1, 2, 0.5], [0, 1, -1]], "n": [{}, {}]}}"#, n[0], n[1]));
        let model = "mu[2] ~ Normal(0, 2)\nP[2] ~ Dirichlet([2, 2])\n\
                     for i in 1:2 { z[i, 1] ~ Categorical([0.3, 0.7])\n\
                     for t in 2:n[i] { z[i, t] ~ Categorical(P[z[i, t - 1]]) }\n\
                     for t in 1:n[i] { Y[i, t] ~ Normal(mu[z[i, t]], 1) } }\n\
                     for i in 1:2 { for t in n[i] + 1:3 { z[i, t] ~ Categorical([0.5, 0.5]) } }";
        agrees(model, &data, |p| {
            let (q, mu) = (p.v("P"), p.v("mu"));
            let y = [[1.0, 2.0, 0.5], [0.0, 1.0, -1.0]];
            let chain = |i: usize| {
                enumerate(n[i], 2, |z| {
                    [0.3f64, 0.7][z[0]].ln()
                        + (1..n[i]).map(|t| q[2 * z[t - 1] + z[t]].ln()).sum::<f64>()
                        + (0..n[i]).map(|t| normal(y[i][t], mu[z[t]], 1.0)).sum::<f64>()
                })
            };
            dirichlet(&q[..2], &[2.0, 2.0])
                + dirichlet(&q[2..], &[2.0, 2.0])
                + mu.iter().map(|&m| normal(m, 0.0, 2.0)).sum::<f64>()
                + chain(0)
                + chain(1)
        });
    }
}

#[test]
fn latent_dependent_priors_in_rows() {
    let model =
        "b ~ Normal(0, 1)\nz[N] ~ Bernoulli(logit = b * x)\nfor i in 1:N { y[i] ~ Normal(2 * z[i], 1) }";
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    agrees(model, &json(ROWS), |p| {
        let (b, x) = (p.s("b"), [0.1, 0.2, 0.3, 0.4, 0.5]);
        normal(b, 0.0, 1.0)
            + enumerate(5, 2, |z| {
                (0..5)
                    .map(|i| {
                        bernoulli(z[i] as f64, logistic(b * x[i])) + normal(Y[i], 2.0 * z[i] as f64, 1.0)
                    })
                    .sum()
            })
    });
}

#[test]
fn regimes_in_a_recursion() {
    let model = "a ~ Normal(0, 0.5)\nmu[2] ~ Normal(0, 2)\nh[1] = 1.0\n\
                 for t in 2:N { h[t] = 0.5 * h[t - 1] + a; z[t] ~ Categorical([0.4, 0.6])\n\
                 y[t] ~ Normal(mu[z[t]] * h[t], 1)\nfactor 0.1 * z[t] * h[t - 1] }\nz[1] ~ Categorical([0.5, 0.5])";
    agrees(model, &json(ROWS), |p| {
        let (a, mu) = (p.s("a"), p.v("mu"));
        let mut total = normal(a, 0.0, 0.5) + mu.iter().map(|&m| normal(m, 0.0, 2.0)).sum::<f64>();
        let mut h = 1.0;
        for y in &Y[1..] {
            let before = h;
            h = 0.5 * h + a;
            total += enumerate(1, 2, |z| {
                [0.4f64, 0.6][z[0]].ln() + normal(*y, mu[z[0]] * h, 1.0) + 0.1 * (z[0] as f64 + 1.0) * before
            });
        }
        total
    });
}

#[test]
fn what_is_not_summed_out_is_an_error() {
    let data = json(ROWS);
    let cases: &[(&str, &[&str])] = &[
        ("z[20] ~ Bernoulli(0.5)\ny[1] ~ Normal(sum(z), 1)", &["z", "element by element"]),
        ("z[20] ~ Bernoulli(0.5)\nfor i in 1:N { y[i] ~ Normal(sum(z), 1) }", &["z", "20 elements"]),
        (
            "z[20] ~ Bernoulli(0.5)\ny[1] ~ Normal(z[1] + z[2] + z[3] + z[4] + z[5] + z[6] + z[7] + z[8] + z[9] + z[10] + z[11] + z[12] + z[13] + z[14], 1)",
            &["z", "at once"],
        ),
        ("z ~ Poisson(2)\ny ~ Normal(z, 1)", &["z"]),
        ("a ~ Normal(0, 1)\nz ~ Bernoulli(0.5)\nif z == 1 { y ~ Normal(a, 1) }", &["z"]),
        ("z ~ DiscreteUniform(1, 3)\nfor i in 1:z { y[i] ~ Normal(0, 1) }", &["z"]),
        ("z ~ DiscreteUniform(1, 3)\na[z] ~ Normal(0, 1)\ny ~ Normal(a[1], 1)", &["z"]),
        ("mu[2] ~ Normal(0, 1)\nz[N] ~ Categorical([0.5, 0.5])\ny ~ Normal(mu[z[1:3]], 1)", &[""]),
        ("M[5, 2] ~ Normal(0, 1)\nz[N] ~ Categorical([0.5, 0.5])\nfactor M[:, z]", &["discrete latent"]),
        ("M[2, 2] ~ Normal(0, 1)\nz[N] ~ Categorical([0.5, 0.5])\ny ~ Normal(M[z, z], 1)", &["y", "5"]),
        (
            "z[N] ~ Bernoulli(0.5)\nm[1] = 0.5\nfor i in 2:N { m[i] = m[i - 1] + z[i] }\ny ~ Normal(m, 1)",
            &["discrete latent"],
        ),
        ("z[N] ~ Bernoulli(0.5)\nfor i in 1:N { m[i] = z[i] * 2 }\ny ~ Normal(m, 1)", &["discrete latent"]),
        ("z ~ Bernoulli(0.5)\nx2 ~ Uniform(0, 1 + z)\ny ~ Normal(x2, 1)", &["discrete latent"]),
        (
            "mu[2] ~ Normal(0, 1)\nz[2] ~ Categorical([0.5, 0.5])\nw ~ Bernoulli(0.5)\ny ~ Normal(mu[z[w + 1]], 1)",
            &[""],
        ),
        ("z[N] ~ Categorical([0.5, 0.5])\nfor i in 1:N { m[z[i]] = 1.0 }\ny[1] ~ Normal(m[1], 1)", &["z"]),
        ("z[N] ~ Bernoulli(0.5)\nm = 2 * z\ny[1] ~ Normal(m[1], 1)", &[""]),
    ];
    for (model, words) in cases {
        refused(model, &data, words);
    }
}
