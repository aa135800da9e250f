//! Recursions, each against a loop in Rust.

use crate::by_hand::*;
use crate::harness::*;
use vippl::compile::Computed;

const Y: [f64; 6] = [1.0, -0.5, 2.0, 0.3, 1.1, -2.0];
const SERIES: &str = r#"{"y": [1.0, -0.5, 2.0, 0.3, 1.1, -2.0], "T": 6}"#;

#[test]
fn garch() {
    let model = "mu ~ Normal(0, 1)\na0 ~ Exponential(1)\na1 ~ Uniform(0, 1)\nb1 ~ Flat(lower = 0, upper = 1 - a1)\n\
                 h[1] = 1.5\nfor t in 2:T { h[t] = sqrt(a0 + a1 * (y[t - 1] - mu) ^ 2 + b1 * h[t - 1] ^ 2) }\n\
                 y ~ Normal(mu, h)";
    agrees(model, &json(SERIES), |p| {
        let (mu, a0, a1, b1) = (p.s("mu"), p.s("a0"), p.s("a1"), p.s("b1"));
        let mut total = normal(mu, 0.0, 1.0) + exponential(a0, 1.0);
        let mut h = 1.5f64;
        for t in 0..6 {
            if t > 0 {
                h = (a0 + a1 * (Y[t - 1] - mu).powi(2) + b1 * h * h).sqrt();
            }
            assert!((p.v("h")[t] - h).abs() < 1e-12);
            total += normal(Y[t], mu, h);
        }
        total
    });
}

#[test]
fn autoregression_of_a_deterministic_array() {
    let model = "a[2] ~ Normal(0, 0.5)\nm[1] = a[1]\nm[2] = a[2] + 1\n\
                 for t in 3:T { m[t] = a[1] * m[t - 1] + a[2] * m[t - 2] + y[t - 1] }\ny ~ Normal(m, 1)";
    agrees(model, &json(SERIES), |p| {
        let a = p.v("a");
        let mut m = vec![a[0], a[1] + 1.0];
        for t in 2..6 {
            m.push(a[0] * m[t - 1] + a[1] * m[t - 2] + Y[t - 1]);
        }
        normal(a[0], 0.0, 0.5) + normal(a[1], 0.0, 0.5) + (0..6).map(|t| normal(Y[t], m[t], 1.0)).sum::<f64>()
    });
}

#[test]
fn arma() {
    let model = "mu ~ Normal(0, 1)\nphi ~ Normal(0, 0.5)\ntheta ~ Normal(0, 0.5)\ns ~ HalfNormal(1)\n\
                 err[1] = y[1] - mu - phi * mu\nerr[1] ~ Normal(0, s)\n\
                 for t in 2:T { nu = mu + phi * y[t - 1] + theta * err[t - 1]; err[t] = y[t] - nu }\n\
                 factor sum(lpdf(Normal(0, s), err[2:T]))";
    // `err` depends on latents: it cannot be observed.
    refused(model, &json(SERIES), &["err"]);
    let model = model.replace("err[1] ~ Normal(0, s)\n", "").replace("err[2:T]", "err");
    agrees(&model, &json(SERIES), |p| {
        let (mu, phi, theta, s) = (p.s("mu"), p.s("phi"), p.s("theta"), p.s("s"));
        let mut err = vec![Y[0] - mu - phi * mu];
        for t in 1..6 {
            err.push(Y[t] - (mu + phi * Y[t - 1] + theta * err[t - 1]));
        }
        normal(mu, 0.0, 1.0)
            + normal(phi, 0.0, 0.5)
            + normal(theta, 0.0, 0.5)
            + half_normal(s, 1.0)
            + err.iter().map(|&e| normal(e, 0.0, s)).sum::<f64>()
    });
}

#[test]
fn statements_inside_the_recursion() {
    let model = "a ~ Normal(0, 0.5)\nl[1] = a\nfor t in 2:T {\n\
                   u[t - 1] ~ Normal(l[t - 1], 2)\n\
                   d = l[t - 1] * a\n\
                   l[t] = 0.5 * d + 0.3 * u[t - 1] + l[1]\n\
                   e[t - 1] = l[t] * 2\n\
                   y[t] ~ Normal(e[t - 1] + d, 1)\n\
                   factor l[t] * 0.1 + 1\n\
                   factor 0.25 * a }";
    agrees(model, &json(SERIES), |p| {
        let (a, u) = (p.s("a"), p.v("u"));
        let mut l = vec![a];
        let mut total = normal(a, 0.0, 0.5);
        for t in 1..6 {
            total += normal(u[t - 1], l[t - 1], 2.0);
            let d = l[t - 1] * a;
            l.push(0.5 * d + 0.3 * u[t - 1] + l[0]);
            total += normal(Y[t], 2.0 * l[t] + d, 1.0) + 0.1 * l[t] + 1.0 + 0.25 * a;
        }
        total
    });
}

#[test]
fn arrays_that_carry_each_other() {
    let model = "a ~ Normal(0, 0.5)\nb ~ Normal(0, 0.5)\nl[1] = a\ng[1] = b\n\
                 for t in 2:T { l[t] = l[t - 1] + g[t - 1] + a * y[t]; g[t] = b * g[t - 1] + l[t] * 0.1 }\n\
                 y ~ Normal(l + g, 1)";
    agrees(model, &json(SERIES), |p| {
        let (a, b) = (p.s("a"), p.s("b"));
        let (mut l, mut g) = (a, b);
        let mut total = normal(a, 0.0, 0.5) + normal(b, 0.0, 0.5);
        for (t, y) in Y.into_iter().enumerate() {
            if t > 0 {
                l = l + g + a * y;
                g = b * g + l * 0.1;
            }
            total += normal(y, l + g, 1.0);
        }
        total
    });
}

#[test]
fn states_that_are_rows() {
    let model = "P[2] ~ Dirichlet([[2, 1], [1, 3]])\nmu[2] ~ Normal(0, 2)\n\
                 lp[1, :] = log([0.3, 0.7]) + lpdf(Normal(mu, 1), y[1])\n\
                 for t in 2:T { lp[t, :] = [logsumexp(lp[t - 1] + log(P[:, 1])), logsumexp(lp[t - 1] + log(P[:, 2]))]\n\
                 + lpdf(Normal(mu, 1), y[t]) }\nfactor logsumexp(lp[T])";
    let inner = "P[2] ~ Dirichlet([[2, 1], [1, 3]])\nmu[2] ~ Normal(0, 2)\n\
                 for k in 1:2 { lp[1, k] = log([0.3, 0.7][k]) + lpdf(Normal(mu[k], 1), y[1]) }\n\
                 for t in 2:T { for k in 1:2 { lp[t, k] = logsumexp(lp[t - 1] + log(P[:, k])) + lpdf(Normal(mu[k], 1), y[t]) } }\n\
                 factor logsumexp(lp[T])";
    let whole = "P[2] ~ Dirichlet([[2, 1], [1, 3]])\nmu[2] ~ Normal(0, 2)\n\
                 lp[1, :] = log([0.3, 0.7]) + lpdf(Normal(mu, 1), y[1])\n\
                 for t in 2:T { for k in 1:2 { acc[t - 1, k] = logsumexp(lp[t - 1] + log(P[:, k])) }\n\
                 lp[t, :] = acc[t - 1] + lpdf(Normal(mu, 1), y[t]) }\nfactor logsumexp(lp[T])";
    let parts = "P[2] ~ Dirichlet([[2, 1], [1, 3]])\nmu[2] ~ Normal(0, 2)\n\
                 for k in 1:2 { lp[1, k] = log([0.3, 0.7][k]) + lpdf(Normal(mu[k], 1), y[1]) }\n\
                 for t in 2:T { lp[t, 1] = logsumexp(lp[t - 1] + log(P[:, 1])) + lpdf(Normal(mu[1], 1), y[t])\n\
                 for k in 2:2 { lp[t, k] = logsumexp(lp[t - 1] + log(P[:, k])) + lpdf(Normal(mu[k], 1), y[t]) }\n\
                 total[t - 1] = logsumexp(lp[t]) }\nfactor total[T - 1]";
    for model in [model, inner, whole, parts] {
        agrees(model, &json(SERIES), |p| {
            let (q, mu) = (p.v("P"), p.v("mu"));
            let mut lp: Vec<f64> = (0..2).map(|k| [0.3f64, 0.7][k].ln() + normal(Y[0], mu[k], 1.0)).collect();
            for y in &Y[1..] {
                lp = (0..2)
                    .map(|k| {
                        log_sum_exp(&[lp[0] + q[k].ln(), lp[1] + q[2 + k].ln()]) + normal(*y, mu[k], 1.0)
                    })
                    .collect();
            }
            dirichlet(&q[..2], &[2.0, 1.0])
                + dirichlet(&q[2..], &[1.0, 3.0])
                + mu.iter().map(|&m| normal(m, 0.0, 2.0)).sum::<f64>()
                + log_sum_exp(&lp)
        });
    }
}

#[test]
fn panels_run_side_by_side() {
    let data = json(r#"{"y": [[1, 2, 3, 1], [0, 1, 0.5, 2], [3, 2, 1, 1]], "x": [0.5, 1, 2]}"#);
    let model = "a ~ Normal(0, 0.5)\nb[3] ~ Normal(0, 0.5)\n\
                 for i in 1:3 { h[i, 1] = b[i]\nm = b[i] * x[i]\n\
                 for t in 2:4 { h[i, t] = a * h[i, t - 1] + b[i] * y[i, t - 1] + m; y[i, t] ~ Normal(h[i, t], x[i])\nfactor h[i, t] * 0.1; factor 0.5 } }\n\
                 s = sum(h)\nfactor s";
    let compiled = agrees(model, &data, |p| {
        let (a, b, x) = (p.s("a"), p.v("b"), [0.5, 1.0, 2.0]);
        let y = [[1.0, 2.0, 3.0, 1.0], [0.0, 1.0, 0.5, 2.0], [3.0, 2.0, 1.0, 1.0]];
        let mut total = normal(a, 0.0, 0.5) + b.iter().map(|&b| normal(b, 0.0, 0.5)).sum::<f64>();
        for i in 0..3 {
            let mut h = b[i];
            total += h;
            for t in 1..4 {
                h = a * h + b[i] * y[i][t - 1] + b[i] * x[i];
                total += normal(y[i][t], h, x[i]) + 0.1 * h + 0.5 + h;
            }
        }
        total
    });
    assert!(compiled.density.dump().contains("for 3 steps"), "{}", compiled.density.dump());
}

#[test]
fn panels_that_read_their_first_element() {
    let data = json(r#"{"y": [[1, 2, 3, 1, 2], [0, 1, 0.5, 2, 1]], "n": [5, 4]}"#);
    for (length, n) in [("5", [5, 5]), ("n[i]", [5, 4])] {
        let model = format!(
            "a ~ Normal(0, 0.5)\nb[2] ~ Normal(0, 0.5)\nfor i in 1:2 {{ h[i, 1] = b[i]\n\
             for t in 2:{length} {{ h[i, t] = a * h[i, t - 1] + h[i, 1] + y[i, 1] * b[i] + b[1]; y[i, t] ~ Normal(h[i, t], 1) }}\n\
             for t in {length} + 1:5 {{ h[i, t] = 0 }} }}"
        );
        agrees(&model, &data, |p| {
            let (a, b) = (p.s("a"), p.v("b"));
            let y = [[1.0, 2.0, 3.0, 1.0, 2.0], [0.0, 1.0, 0.5, 2.0, 1.0]];
            let mut total = normal(a, 0.0, 0.5) + b.iter().map(|&b| normal(b, 0.0, 0.5)).sum::<f64>();
            for i in 0..2 {
                let mut h = b[i];
                for t in 1..n[i] {
                    h = a * h + b[i] + y[i][0] * b[i] + b[0];
                    total += normal(y[i][t], h, 1.0);
                }
            }
            total
        });
    }
}

#[test]
fn ragged_panels() {
    let data = json(r#"{"y": [[1, 2, 3, 1], [0, 1, 0.5, 2], [3, 2, 1, 1]], "n": [2, 4, 3]}"#);
    let model = "a ~ Normal(0, 0.5)\nb[3] ~ Normal(0, 0.5)\n\
                 for i in 1:3 { h[i, 1] = b[i]\n\
                 for t in 2:n[i] { h[i, t] = a * h[i, t - 1] + b[i] * y[i, t - 1]; y[i, t] ~ Normal(h[i, t], 1) } }";
    // The array has holes, which only its uses outside may not touch.
    let model = format!("{model}\nh[1, 3] = 0\nh[1, 4] = 0\nh[3, 4] = 0");
    agrees(&model, &data, |p| {
        let (a, b, n) = (p.s("a"), p.v("b"), [2, 4, 3]);
        let y = [[1.0, 2.0, 3.0, 1.0], [0.0, 1.0, 0.5, 2.0], [3.0, 2.0, 1.0, 1.0]];
        let mut total = normal(a, 0.0, 0.5) + b.iter().map(|&b| normal(b, 0.0, 0.5)).sum::<f64>();
        for i in 0..3 {
            let mut h = b[i];
            for t in 1..n[i] {
                h = a * h + b[i] * y[i][t - 1];
                total += normal(y[i][t], h, 1.0);
            }
        }
        total
    });
}

#[test]
fn far_reads() {
    let model = "a ~ Normal(0, 0.5)\nfor t in 1:3 { m[t] = a * t }\n\
                 for t in 4:T { m[t] = a * m[t - 3] + 0.1 * sum(m[t - 2:t - 1]) + m[2] }\ny ~ Normal(m, 1)";
    agrees(model, &json(SERIES), |p| {
        let a = p.s("a");
        let mut m = vec![a, 2.0 * a, 3.0 * a];
        for t in 3..6 {
            m.push(a * m[t - 3] + 0.1 * (m[t - 2] + m[t - 1]) + m[1]);
        }
        normal(a, 0.0, 0.5) + (0..6).map(|t| normal(Y[t], m[t], 1.0)).sum::<f64>()
    });
}

#[test]
fn reads_at_irregular_places() {
    let data = json(r#"{"y": [1, 2, 3, 1, 0, 2], "from": [0, 1, 1, 2, 2, 4]}"#);
    let model = "a ~ Normal(0, 0.5)\nm[1] = a\nfor t in 2:6 { m[t] = a * m[from[t]] + 1 }\ny ~ Normal(m, 1)";
    agrees(model, &data, |p| {
        let (a, from, y) = (p.s("a"), [0, 1, 1, 2, 2, 4], [1.0, 2.0, 3.0, 1.0, 0.0, 2.0]);
        let mut m = vec![a];
        for t in 1..6 {
            m.push(a * m[from[t] - 1] + 1.0);
        }
        normal(a, 0.0, 0.5) + (0..6).map(|t| normal(y[t], m[t], 1.0)).sum::<f64>()
    });
}

#[test]
fn the_whole_and_its_rows_in_one_step() {
    let model = "a ~ Normal(0, 0.5)\nm[1] = a\nfor t in 2:T { m[t] = a * m[t - 1] + sum(y) * y[t] }\n\
                 w[6] ~ Normal(0, 1)\nq[1] = 0.0\nfor t in 1:T { r[t] = sum(w) + w[t] }\n\
                 for t in 2:T { q[t] = 0.5 * q[t - 1] + sum(w) * w[t] + w[t - 1] }\ny ~ Normal(m + q, 1)";
    agrees(model, &json(SERIES), |p| {
        let (a, w) = (p.s("a"), p.v("w"));
        let (sum, sum_w): (f64, f64) = (Y.iter().sum(), w.iter().sum());
        let (mut m, mut q) = (a, 0.0);
        let mut total = normal(a, 0.0, 0.5) + w.iter().map(|&w| normal(w, 0.0, 1.0)).sum::<f64>();
        for t in 0..6 {
            if t > 0 {
                m = a * m + sum * Y[t];
                q = 0.5 * q + sum_w * w[t] + w[t - 1];
            }
            total += normal(Y[t], m + q, 1.0);
        }
        total
    });
}

#[test]
fn branches_in_a_recursion() {
    let model = "a ~ Normal(0, 0.5)\nfor t in 1:T { if t == 1 { m[t] = a; k = 2 } else if t < 4 { m[t] = a * m[t - 1] + 1; k = 3 }\n\
                 else { m[t] = m[t - 1] - m[t - 3]; k = m[t - 1] }\ny[t] ~ Normal(m[t] * k, 1) }";
    let compiled = agrees(model, &json(SERIES), |p| {
        let a = p.s("a");
        let mut m: Vec<f64> = Vec::new();
        let mut total = normal(a, 0.0, 0.5);
        for t in 0..6 {
            let (next, k) = match t {
                0 => (a, 2.0),
                1 | 2 => (a * m[t - 1] + 1.0, 3.0),
                _ => (m[t - 1] - m[t - 3], m[t - 1]),
            };
            m.push(next);
            total += normal(Y[t], next * k, 1.0);
        }
        total
    });
    use vippl::density::LogDensity;
    assert_eq!(compiled.density.statements().len(), 2);
}

#[test]
fn branches_in_a_panel() {
    let data = json(r#"{"y": [[1, 2, 3, 1], [0, 1, 0.5, 2], [3, 2, 1, 1]], "n": [2, 4, 3]}"#);
    for (length, n) in [("4", [4, 4, 4]), ("n[i]", [2, 4, 3])] {
        let model = format!(
            "a ~ Normal(0, 0.5)\nb[3] ~ Normal(0, 0.5)\nfor i in 1:3 {{ for t in 1:{length} {{\n\
             if t == 1 {{ h[i, t] = b[i] }} else {{ h[i, t] = a * h[i, t - 1] + y[i, t - 1] }}\n\
             y[i, t] ~ Normal(h[i, t], 1) }}\nfor t in {length} + 1:4 {{ h[i, t] = 0 }} }}"
        );
        agrees(&model, &data, |p| {
            let (a, b) = (p.s("a"), p.v("b"));
            let y = [[1.0, 2.0, 3.0, 1.0], [0.0, 1.0, 0.5, 2.0], [3.0, 2.0, 1.0, 1.0]];
            let mut total = normal(a, 0.0, 0.5) + b.iter().map(|&b| normal(b, 0.0, 0.5)).sum::<f64>();
            for i in 0..3 {
                let mut h = b[i];
                for t in 0..n[i] {
                    if t > 0 {
                        h = a * h + y[i][t - 1];
                    }
                    total += normal(y[i][t], h, 1.0);
                }
            }
            total
        });
    }
}

#[test]
fn a_recursion_within_a_function() {
    let model = "fn smooth(x, a) { s[1] = x[1]; for t in 2:len(x) { s[t] = a * x[t] + (1 - a) * s[t - 1] }; return s }\n\
                 a ~ Uniform(0, 1)\nb ~ Uniform(0, 1)\ny ~ Normal(smooth(y, a) + smooth(smooth(y, b), a), 1)";
    agrees(model, &json(SERIES), |p| {
        let smooth = |x: &[f64], a: f64| {
            let mut s = vec![x[0]];
            for t in 1..x.len() {
                s.push(a * x[t] + (1.0 - a) * s[t - 1]);
            }
            s
        };
        let (a, b) = (p.s("a"), p.s("b"));
        let (one, two) = (smooth(&Y, a), smooth(&smooth(&Y, b), a));
        (0..6).map(|t| normal(Y[t], one[t] + two[t], 1.0)).sum()
    });
}

#[test]
fn single_steps_and_empty_recursions() {
    let data = json(r#"{"y": [1.0, 2.0], "T": 2}"#);
    let model = "a ~ Normal(0, 0.5)\nm[1] = a\nfor t in 2:T { m[t] = a * m[t - 1] + 1 }\ny ~ Normal(m, 1)";
    agrees(model, &data, |p| {
        let a = p.s("a");
        normal(a, 0.0, 0.5) + normal(1.0, a, 1.0) + normal(2.0, a * a + 1.0, 1.0)
    });
    let data = json(r#"{"y": [1.0], "T": 1}"#);
    agrees(model, &data, |p| normal(p.s("a"), 0.0, 0.5) + normal(1.0, p.s("a"), 1.0));
}

/// Only what feeds itself is carried: the mean of AR(1), and its square, are arrays before the recursion begins.
#[test]
fn what_iterations_need_of_others_but_not_of_themselves_is_no_recursion() {
    let model = "mu ~ Normal(0, 1)\nphi ~ Normal(0, 0.5)\na ~ Uniform(0, 1)\nm[1] = mu\nh[1] = 1\n\
                 for t in 2:T {\n  m[t] = mu + phi * y[t - 1]\n  e = y[t - 1] - m[t - 1]\n\
                 h[t] = 0.5 + a * e^2 + 0.3 * h[t - 1]\n}\ny ~ Normal(m, sqrt(h))";
    agrees(model, &json(SERIES), |p| {
        let (mu, phi, a) = (p.s("mu"), p.s("phi"), p.s("a"));
        let (mut m, mut h) = (mu, 1.0);
        let mut total = normal(mu, 0.0, 1.0) + normal(phi, 0.0, 0.5);
        for t in 0..6 {
            if t > 0 {
                h = 0.5 + a * (Y[t - 1] - m).powi(2) + 0.3 * h;
                m = mu + phi * Y[t - 1];
            }
            total += normal(Y[t], m, f64::sqrt(h));
        }
        total
    });
    let dump = compiled(model, &json(SERIES)).density.dump();
    assert!(dump.contains("State(0)") && !dump.contains("State(1)"), "{dump}");
    // In the other order of statements the mean is carried: an iteration reads it before it defines its own.
    let swapped = "mu ~ Normal(0, 1)\nphi ~ Normal(0, 0.5)\nm[1] = mu\nh[1] = 1\n\
                   for t in 2:T {\n  h[t] = 0.5 + (y[t - 1] - m[t - 1])^2 + 0.3 * h[t - 1]\n\
                   m[t] = mu + phi * y[t - 1]\n}\ny ~ Normal(m, sqrt(h))";
    agrees(swapped, &json(SERIES), |p| {
        let (mu, phi) = (p.s("mu"), p.s("phi"));
        let (mut m, mut h) = (mu, 1.0);
        let mut total = normal(mu, 0.0, 1.0) + normal(phi, 0.0, 0.5);
        for t in 0..6 {
            if t > 0 {
                h = 0.5 + (Y[t - 1] - m).powi(2) + 0.3 * h;
                m = mu + phi * Y[t - 1];
            }
            total += normal(Y[t], m, f64::sqrt(h));
        }
        total
    });
    // A whole loop without a recursion, though iterations read what others define.
    let lagged =
        "mu ~ Normal(0, 1)\nm[1] = mu\nfor t in 2:T {\n  m[t] = mu * y[t]\n  y[t] ~ Normal(m[t - 1], 1)\n}";
    agrees(lagged, &json(SERIES), |p| {
        let mu = p.s("mu");
        let mean = |t: usize| if t == 0 { mu } else { mu * Y[t] };
        normal(mu, 0.0, 1.0) + (1..6).map(|t| normal(Y[t], mean(t - 1), 1.0)).sum::<f64>()
    });
    assert!(!compiled(lagged, &json(SERIES)).density.dump().contains("scan"));
    // What comes later is not there, even where it could be.
    let ahead = "mu ~ Normal(0, 1)\nh[1] = 1\nfor t in 2:T {\n  m[t] = mu * y[t]\n\
                 h[t] = m[t + 1] + h[t - 1]\n}\ny ~ Normal(h, 1)";
    refused(ahead, &json(SERIES), &["m[3]"]);
    let within = "mu ~ Normal(0, 1)\nfor t in 1:T {\n  for k in 1:2 { m[t, k] = mu * k * y[t] }\n\
                  s[t] = sum(m[t, :])\n  if t > 1 { y[t] ~ Normal(m[t - 1, 2] + s[t - 1], 1) }\n}";
    agrees(within, &json(SERIES), |p| {
        let mu = p.s("mu");
        normal(mu, 0.0, 1.0) + (1..6).map(|t| normal(Y[t], 5.0 * mu * Y[t - 1], 1.0)).sum::<f64>()
    });
}

fn long(n: usize) -> vippl::data::Dataset {
    use vippl::data::{Dataset, Values, Variable};
    let y: Vec<f64> = (0..n).map(|t| (t as f64 * 0.37).sin()).collect();
    Dataset::from_variables([
        Variable::in_memory("y", Values::real(&[n], y)),
        Variable::in_memory("T", Values::int(&[], &[n as i64])),
    ])
    .expect("two names")
}

const GARCH: &str = "mu ~ Normal(0, 1)\na0 ~ Exponential(1)\na1 ~ Uniform(0, 1)\nb1 ~ Flat(lower = 0, upper = 1 - a1)\n\
    h[1] = 1.5\nfor t in 2:T { h[t] = sqrt(a0 + a1 * (y[t - 1] - mu) ^ 2 + b1 * h[t - 1] ^ 2) }\ny ~ Normal(mu, h)";

#[test]
fn programs_do_not_grow_with_the_data() {
    for model in [GARCH, "z[1] ~ Normal(0, 1)\nfor t in 2:T { z[t] ~ Normal(z[t - 1], 1) }\ny ~ Normal(z, 1)"]
    {
        let sizes: Vec<_> = [10, 10_000]
            .map(|n| {
                let density = compiled(model, &long(n)).density;
                let programs = [Computed::Value, Computed::Reverse, Computed::HessianVector];
                programs.map(|what| density.program_size(what).instructions)
            })
            .into();
        assert_eq!(sizes[0], sizes[1], "{model}");
    }
}
