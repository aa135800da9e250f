//! Missing entries of data: latents of the statements that observe them, or left out of these.

use crate::by_hand::*;
use crate::harness::*;

/// Names of the coordinates.
fn coordinates(compiled: &vippl::compile::Compiled) -> Vec<String> {
    use vippl::density::LogDensity;
    compiled.density.coordinates().iter().map(|coordinate| coordinate.name.clone()).collect()
}

fn n_pointwise(compiled: &vippl::compile::Compiled) -> usize {
    use vippl::density::LogDensity;
    compiled.density.n_pointwise()
}

const XY: &str = r#"{"x": [0.5, null, 1.5, -0.5, null], "y": [1.0, 2.0, null, 0.5, null]}"#;

#[test]
fn responses_are_left_out() {
    let model = "a ~ Normal(0, 1)\nb ~ Normal(0, 1)\ny ~ Normal(a + b * z, 1)";
    let data = json(r#"{"z": [0.5, 1.0, 1.5, -0.5], "y": [1.0, null, 2.0, 0.5]}"#);
    let compiled = agrees(model, &data, |p| {
        let (a, b) = (p.s("a"), p.s("b"));
        let observed = [(0.5, 1.0), (1.5, 2.0), (-0.5, 0.5)];
        normal(a, 0.0, 1.0)
            + normal(b, 0.0, 1.0)
            + observed.iter().map(|(z, y)| normal(*y, a + b * z, 1.0)).sum::<f64>()
    });
    assert_eq!(coordinates(&compiled), ["a", "b"]);
    assert_eq!(n_pointwise(&compiled), 3);
    let y = compiled.variables.iter().find(|variable| variable.name == "y").expect("reported");
    assert_eq!((y.missing, y.imputed, y.left_out, y.is_drawn), (1, 0, 1, true));
}

#[test]
fn covariates_with_a_model_are_latents() {
    let model = "m ~ Normal(0, 1)\nx ~ Normal(m, 2)\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)";
    let compiled = agrees(model, &json(XY), |p| {
        let (m, b, x) = (p.s("m"), p.s("b"), p.v("x"));
        let all = [0.5, x[0], 1.5, -0.5, x[1]];
        normal(m, 0.0, 1.0)
            + normal(b, 0.0, 1.0)
            + all.iter().map(|x| normal(*x, m, 2.0)).sum::<f64>()
            + normal(1.0, b * 0.5, 1.0)
            + normal(2.0, b * x[0], 1.0)
            + normal(0.5, b * -0.5, 1.0)
    });
    assert_eq!(coordinates(&compiled), ["m", "x[2]", "x[5]", "b"]);
    // Three of x, three of y.
    assert_eq!(n_pointwise(&compiled), 6);
    let imputed = compiled.quantities.iter().find(|quantity| quantity.name == "x").expect("reported");
    assert_eq!([imputed.element_name(0), imputed.element_name(1)], ["x[2]", "x[5]"]);
    assert_eq!(imputed.marginals, [Some(1), Some(2)]);
}

#[test]
fn in_the_support_of_their_statement() {
    let model = "r ~ Exponential(1)\nx ~ Exponential(r)\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)";
    let data = json(r#"{"x": [0.5, null, 1.5, null], "y": [1.0, 2.0, 0.1, 0.5]}"#);
    agrees(model, &data, |p| {
        let (r, b, x) = (p.s("r"), p.s("b"), p.v("x"));
        let all = [0.5, x[0], 1.5, x[1]];
        exponential(r, 1.0)
            + normal(b, 0.0, 1.0)
            + all
                .iter()
                .zip([1.0, 2.0, 0.1, 0.5])
                .map(|(x, y)| exponential(*x, r) + normal(y, b * x, 1.0))
                .sum::<f64>()
    });
    let bounded = "u ~ Uniform(low, 3)\nb ~ Normal(0, 1)\ny ~ Normal(b * u, 1)";
    let data = json(r#"{"u": [0.5, null, null], "low": [0, 1, 2], "y": [1.0, 2.0, 0.1]}"#);
    agrees(bounded, &data, |p| {
        let (b, u) = (p.s("b"), p.v("u"));
        assert!(u[0] > 1.0 && u[1] > 2.0);
        normal(b, 0.0, 1.0) - 3f64.ln() - 2f64.ln()
            + [0.5, u[0], u[1]].iter().zip([1.0, 2.0, 0.1]).map(|(u, y)| normal(y, b * u, 1.0)).sum::<f64>()
    });
}

#[test]
fn a_series_with_gaps() {
    let data = json(r#"{"y": [0.3, 1.0, null, null, -0.2, 0.4, null]}"#);
    let loops =
        "r ~ Normal(0, 1)\ny[1] ~ Normal(0, 1)\nfor t in 2:len(y) { y[t] ~ Normal(r * y[t - 1], 0.5) }";
    let slices = "r ~ Normal(0, 1)\nfor t in 1:1 { y[t] ~ Normal(0, 1) }\n\
                  for t in 1:(len(y) - 1) { y[t + 1] ~ Normal(r * y[t], 0.5) }";
    for model in [loops, slices] {
        let compiled = agrees(model, &data, |p| {
            let (r, y) = (p.s("r"), p.v("y"));
            let all = [0.3, 1.0, y[0], y[1], -0.2, 0.4, y[2]];
            normal(r, 0.0, 1.0)
                + normal(0.3, 0.0, 1.0)
                + all.windows(2).map(|y| normal(y[1], r * y[0], 0.5)).sum::<f64>()
        });
        assert_eq!(n_pointwise(&compiled), 4, "{model}");
        assert_eq!(coordinates(&compiled), ["r", "y[3]", "y[4]", "y[7]"], "{model}");
    }
}

#[test]
fn within_a_recursion() {
    let data = json(r#"{"y": [0.3, 1.0, null, -0.2, null]}"#);
    let model = "a ~ Exponential(1)\nb ~ Exponential(1)\ns[1] = 1\ny[1] ~ Normal(0, s[1])\n\
                 for t in 2:5 { s[t] = sqrt(0.1 + a * y[t - 1] ^ 2 + b * s[t - 1] ^ 2); y[t] ~ Normal(0, s[t]) }";
    agrees(model, &data, |p| {
        let (a, b, y) = (p.s("a"), p.s("b"), p.v("y"));
        let all = [0.3, 1.0, y[0], -0.2, y[1]];
        let mut s = 1.0;
        let mut sum = exponential(a, 1.0) + exponential(b, 1.0) + normal(0.3, 0.0, 1.0);
        for t in 1..5 {
            s = f64::sqrt(0.1 + a * all[t - 1] * all[t - 1] + b * s * s);
            sum += normal(all[t], 0.0, s);
        }
        sum
    });
    let leaf = "b ~ Exponential(1)\ns[1] = 1\ny[1] ~ Normal(0, s[1])\n\
                for t in 2:5 { s[t] = sqrt(0.1 + b * s[t - 1] ^ 2); y[t] ~ Normal(0, s[t]) }";
    let compiled = agrees(leaf, &data, |p| {
        let b = p.s("b");
        let all = [0.3, 1.0, f64::NAN, -0.2, f64::NAN];
        let mut s = 1.0;
        let mut sum = exponential(b, 1.0) + normal(0.3, 0.0, 1.0);
        for y in &all[1..] {
            s = f64::sqrt(0.1 + b * s * s);
            sum += if y.is_nan() { 0.0 } else { normal(*y, 0.0, s) };
        }
        sum
    });
    assert_eq!(n_pointwise(&compiled), 3);
}

#[test]
fn elements_of_matrices() {
    let data = json(r#"{"y": [[0.3, null, 1.0], [null, 0.1, 0.2]], "w": [1.5, 2.5]}"#);
    let by_hand = |p: &Point| {
        let (m, y) = (p.v("m"), p.v("y"));
        let all = [[0.3, y[0], 1.0], [y[1], 0.1, 0.2]];
        let mut sum: f64 = m.iter().map(|m| normal(*m, 0.0, 1.0)).sum();
        for (i, row) in all.iter().enumerate() {
            sum += row.iter().zip(m).map(|(y, m)| normal(*y, *m, 1.0)).sum::<f64>();
            sum += normal([1.5, 2.5][i], row.iter().sum(), 1.0);
        }
        sum
    };
    let priors = "m[3] ~ Normal(0, 1)\n";
    let whole = "y ~ Normal(m, 1)\nw ~ Normal(sum(y, axis = 2), 1)";
    let loops = "for i in 1:2 { for j in 1:3 { y[i, j] ~ Normal(m[j], 1) } }\nfor i in 1:2 { w[i] ~ Normal(sum(y[i, :]), 1) }";
    let rows = "for i in 1:2 { y[i] ~ Normal(m, 1) }\nfor i in 1:2 { w[i] ~ Normal(sum(y[i]), 1) }";
    for statements in [whole, loops, rows] {
        let compiled = agrees(&format!("{priors}{statements}"), &data, by_hand);
        assert_eq!(coordinates(&compiled)[3..], ["y[1,2]", "y[2,1]"], "{statements}");
    }
}

#[test]
fn vectors_with_some_elements_missing() {
    let data = json(r#"{"y": [[0.3, null], [0.4, 0.1], [null, null]]}"#);
    let normal_2 = |y: [f64; 2], m: f64, rho: f64| {
        normal(y[0], m, 1.0) + normal(y[1], m + rho * (y[0] - m), (1.0 - rho * rho).sqrt())
    };
    let model = "m ~ Normal(0, 1)\nS = [[1.0, 0.6], [0.6, 1.0]]\ny ~ MvNormal(m, S)";
    let compiled = agrees(model, &data, |p| {
        let (m, y) = (p.s("m"), p.v("y"));
        normal(m, 0.0, 1.0)
            + normal_2([0.3, y[0]], m, 0.6)
            + normal_2([0.4, 0.1], m, 0.6)
            + normal_2([y[1], y[2]], m, 0.6)
    });
    assert_eq!(coordinates(&compiled), ["m", "y[1,2]", "y[3,1]", "y[3,2]"]);
    assert_eq!(n_pointwise(&compiled), 1);
    let loops = "m ~ Normal(0, 1)\nS = [[1.0, 0.6], [0.6, 1.0]]\nfor i in 1:3 { y[i] ~ MvNormal(m, S) }";
    assert_eq!(n_pointwise(&crate::harness::compiled(loops, &data)), 1);
    // Whole draws are left out.
    let data = json(r#"{"y": [[0.3, 0.2], [null, null]]}"#);
    let compiled = agrees(model, &data, |p| normal(p.s("m"), 0.0, 1.0) + normal_2([0.3, 0.2], p.s("m"), 0.6));
    assert_eq!(coordinates(&compiled), ["m"]);
    let walk = "s ~ Exponential(1)\nx ~ RandomWalk(s, 4)";
    agrees(walk, &json(r#"{"x": [0.1, null, 0.5, null]}"#), |p| {
        let (s, x) = (p.s("s"), p.v("x"));
        let all = [0.0, 0.1, x[0], 0.5, x[1]];
        exponential(s, 1.0) + all.windows(2).map(|x| normal(x[1] - x[0], 0.0, s)).sum::<f64>()
    });
}

#[test]
fn discrete_responses_are_left_out() {
    let data = json(r#"{"n": [3, null, 1], "k": [[1, 2], [null, null]], "c": [1, null, 2, 2]}"#);
    let model = "r ~ Exponential(1)\nn ~ Poisson(r)\np ~ Dirichlet([1, 1])\nc ~ Categorical(p)";
    agrees(model, &data, |p| {
        let (r, q) = (p.s("r"), p.v("p"));
        exponential(r, 1.0)
            + poisson(3.0, r)
            + poisson(1.0, r)
            + dirichlet(q, &[1.0, 1.0])
            + q[0].ln()
            + 2.0 * q[1].ln()
    });
    refused(
        "n ~ Poisson(3)\nb ~ Normal(0, 1)\nfor i in 1:2 { c[i] ~ Poisson(exp(b * n[i])) }",
        &data,
        &["`n` has a missing value", "cannot be summed out", "not finite"],
    );
}

#[test]
fn emissions_of_a_hidden_chain() {
    let data = json(r#"{"y": [0.5, null, 1.2, null], "N": 4}"#);
    let priors = "mu[2] ~ Normal(0, 1)\nP = [[0.7, 0.3], [0.4, 0.6]]\n";
    let loops = "z[1] ~ Categorical([0.5, 0.5])\nfor t in 2:N { z[t] ~ Categorical(P[z[t - 1]]) }\n\
                 for t in 1:N { y[t] ~ Normal(mu[z[t]], 1) }";
    let whole = "z[1] ~ Categorical([0.5, 0.5])\nfor t in 2:N { z[t] ~ Categorical(P[z[t - 1]]) }\ny ~ Normal(mu[z], 1)";
    let mixture = "z[N] ~ Categorical([0.5, 0.5])\ny ~ Normal(mu[z], 1)";
    let q = [[0.7, 0.3], [0.4, 0.6]];
    for (k, statements) in [loops, whole, mixture].into_iter().enumerate() {
        let compiled = agrees(&format!("{priors}{statements}"), &data, |p| {
            let mu = p.v("mu");
            let y = [Some(0.5), None, Some(1.2), None];
            let paths: Vec<f64> = configurations(4, 2)
                .iter()
                .map(|z| {
                    let moves = (1..4).map(|t| if k == 2 { 0.5f64.ln() } else { f64::ln(q[z[t - 1]][z[t]]) });
                    let seen = (0..4).filter_map(|t| Some(normal(y[t]?, mu[z[t]], 1.0)));
                    0.5f64.ln() + moves.sum::<f64>() + seen.sum::<f64>()
                })
                .collect();
            mu.iter().map(|m| normal(*m, 0.0, 1.0)).sum::<f64>() + log_sum_exp(&paths)
        });
        let y = compiled.variables.iter().find(|variable| variable.name == "y").expect("reported");
        assert_eq!((y.left_out, y.is_drawn), (2, true), "{statements}");
    }
}

#[test]
fn what_was_observed_is_known() {
    let data = json(r#"{"y": [1.0, null, 2.0, 4.5]}"#);
    let model = "o = y[!isnan(y)]\nm ~ Normal(mean(o), 10)\nn = len(y)\ny ~ Normal(m, 1)\nd = m - y[3]";
    let compiled = agrees(model, &data, |p| {
        let m = p.s("m");
        normal(m, 2.5, 10.0)
            + [1.0, 2.0, 4.5].iter().map(|y| normal(*y, m, 1.0)).sum::<f64>()
            + p.v("y").iter().map(|y| normal(*y, m, 1.0)).sum::<f64>()
    });
    // Something reads elements of `y`: the missing one is a latent.
    assert_eq!(coordinates(&compiled), ["m", "y[2]"]);
    let without = "m ~ Normal(mean(y[!isnan(y)]), 10)\ny ~ Normal(m, 1)";
    let compiled = agrees(without, &data, |p| {
        let m = p.s("m");
        normal(m, 2.5, 10.0) + [1.0, 2.0, 4.5].iter().map(|y| normal(*y, m, 1.0)).sum::<f64>()
    });
    assert_eq!(coordinates(&compiled), ["m"]);
}

#[test]
fn declared_data_may_have_missing_entries() {
    let data = json(r#"{"y": [1, null, 2], "x": [1.0, null, 0.5]}"#);
    let model =
        "data y: real[3] in (0, 5)\ndata x: real[3]\nm ~ Normal(0, 1)\ny ~ Normal(m, 1)\nz = m * x[1]";
    agrees(model, &data, |p| {
        normal(p.s("m"), 0.0, 1.0) + normal(1.0, p.s("m"), 1.0) + normal(2.0, p.s("m"), 1.0)
    });
}

#[test]
fn missing_entries_that_nothing_stands_for() {
    let data = json(XY);
    refused(
        "b ~ Normal(0, 1)\ny ~ Normal(b * x, 1)",
        &data,
        &["`x` has 2 missing values in 5 rows (rows 2, 5)", "x ~ Normal(m, s)"],
    );
    refused(
        "b ~ Normal(0, 1)\ny ~ Normal(b * x, 1)\nx ~ Normal(0, 1)",
        &data,
        &["is used before", "move `x ~ ...`"],
    );
    let series = json(r#"{"y": [null, 1.0, 2.0]}"#);
    refused(
        "r ~ Normal(0, 1)\nfor t in 2:3 { y[t] ~ Normal(r * y[t - 1], 1) }",
        &series,
        &["no statement has on its left"],
    );
    refused("m ~ Normal(0, 1)\nlog(y) ~ Normal(m, 1)", &series, &["`y` has a missing value"]);
    refused(
        "m ~ Normal(0, 1)\ny ~ Normal(m, 1)\nfor t in 1:3 { y[t] ~ Normal(m, 2) }",
        &series,
        &["several statements"],
    );
    let simplex = json(r#"{"q": [[0.2, 0.8], [null, 0.5]]}"#);
    refused("a ~ Exponential(1)\nq ~ Dirichlet([a, a])", &simplex, &["`q` has a missing value", "ranges"]);
}

#[test]
fn discrete_covariates_are_summed_out() {
    let data = json(r#"{"k": [1, null, 0, null], "y": [0.5, 1.2, -0.3, 2.0]}"#);
    let by_hand = |p: &Point| {
        let (q, b) = (p.s("q"), p.s("b"));
        let row = |k: f64, y: f64| bernoulli(k, q) + normal(y, b * k, 1.0);
        beta(q, 2.0, 2.0)
            + normal(b, 0.0, 1.0)
            + row(1.0, 0.5)
            + row(0.0, -0.3)
            + [1.2, 2.0].iter().map(|y| log_sum_exp(&[row(0.0, *y), row(1.0, *y)])).sum::<f64>()
    };
    let priors = "q ~ Beta(2, 2)\nb ~ Normal(0, 1)\n";
    let whole = "k ~ Bernoulli(q)\ny ~ Normal(b * k, 1)";
    let loops = "for i in 1:4 { k[i] ~ Bernoulli(q) }\nfor i in 1:4 { y[i] ~ Normal(b * k[i], 1) }";
    for statements in [whole, loops] {
        let compiled = agrees(&format!("{priors}{statements}"), &data, by_hand);
        let k = compiled.variables.iter().find(|variable| variable.name == "k").expect("reported");
        assert_eq!((k.missing, k.imputed, k.left_out, k.discrete), (2, 0, 0, true), "{statements}");
    }
    refused(&format!("{priors}y ~ Normal(b * k, 1)\nk ~ Bernoulli(q)"), &data, &["is used before"]);
    refused(
        &format!(
            "{priors}for i in 1:3 {{ k[i] ~ Bernoulli(q) }}\nfor i in 1:4 {{ y[i] ~ Normal(b * k[i], 1) }}"
        ),
        &data,
        &["no statement has on its left"],
    );
}

#[test]
fn levels_with_gaps_are_summed_out() {
    let data = csv("group,y\nred,0.5\n,1.2\nblue,-0.3\nred,2.0\n,0.1\n");
    let model =
        "p ~ Dirichlet([1, 1])\na[group] ~ Normal(0, 1)\ngroup ~ Categorical(p)\ny ~ Normal(a[group], 1)";
    agrees(model, &data, |point| {
        let (p, a) = (point.v("p"), point.v("a"));
        let row = |k: usize, y: f64| p[k].ln() + normal(y, a[k], 1.0);
        // Levels are sorted: blue, red.
        dirichlet(p, &[1.0, 1.0])
            + a.iter().map(|a| normal(*a, 0.0, 1.0)).sum::<f64>()
            + row(1, 0.5)
            + row(0, -0.3)
            + row(1, 2.0)
            + [1.2, 0.1].iter().map(|y| log_sum_exp(&[row(0, *y), row(1, *y)])).sum::<f64>()
    });
}

#[test]
fn states_of_a_chain_that_are_partly_seen() {
    let data = json(r#"{"z": [null, 2, null, null, 1], "y": [0.5, 0.1, 1.2, 0.7, -0.4]}"#);
    let model = "mu[2] ~ Normal(0, 1)\nP = [[0.7, 0.3], [0.4, 0.6]]\nz[1] ~ Categorical([0.5, 0.5])\n\
                 for t in 2:5 { z[t] ~ Categorical(P[z[t - 1]]) }\nfor t in 1:5 { y[t] ~ Normal(mu[z[t]], 1) }";
    let q = [[0.7, 0.3], [0.4, 0.6]];
    agrees(model, &data, |p| {
        let mu = p.v("mu");
        let y = [0.5, 0.1, 1.2, 0.7, -0.4];
        let seen = |z: &&Vec<usize>| z[1] == 1 && z[4] == 0;
        let paths: Vec<f64> = configurations(5, 2)
            .iter()
            .filter(seen)
            .map(|z| {
                0.5f64.ln()
                    + (1..5).map(|t| f64::ln(q[z[t - 1]][z[t]])).sum::<f64>()
                    + (0..5).map(|t| normal(y[t], mu[z[t]], 1.0)).sum::<f64>()
            })
            .collect();
        mu.iter().map(|m| normal(*m, 0.0, 1.0)).sum::<f64>() + log_sum_exp(&paths)
    });
}

#[test]
fn whether_a_value_is_missing_may_depend_on_it() {
    let data = json(r#"{"y": [0.5, null, 1.2]}"#);
    let model = "m ~ Normal(0, 1)\nb ~ Normal(0, 1)\ny ~ Normal(m, 1)\nisnan(y) ~ Bernoulli(logit = b * y)";
    agrees(model, &data, |p| {
        let (m, b, y) = (p.s("m"), p.s("b"), p.v("y")[0]);
        let seen = |missing: f64, y: f64| bernoulli(missing, 1.0 / (1.0 + (-b * y).exp()));
        normal(m, 0.0, 1.0)
            + normal(b, 0.0, 1.0)
            + [0.5, y, 1.2].iter().map(|y| normal(*y, m, 1.0)).sum::<f64>()
            + seen(0.0, 0.5)
            + seen(1.0, y)
            + seen(0.0, 1.2)
    });
}

#[test]
fn arguments_of_all_shapes_are_taken_by_row() {
    let data = json(
        r#"{"y": [[0.3, null, 1.0], [null, 0.1, 0.2]], "s": [1.0, 2.0, 0.5], "n": [[3, 4, 5], [6, 7, 8]],
            "k": [[1, null, 2], [0, 3, null]], "g": [1, 2], "w": [0.4, null]}"#,
    );
    let model = "m[3] ~ Normal(0, 1)\nr[2] ~ Exponential(1)\ny ~ StudentT(4, cbind(r, 2 * r, 3 * r) + m, s)\n\
                 k ~ Binomial(n, 0.3 * exp(-r[g])[1] * ones(3))\nw ~ mixture([0.25, 0.75], [Normal(r, 1), Normal(0, s[1:2])])";
    let compiled = compiled(model, &data);
    assert_eq!(n_pointwise(&compiled), 4 + 4 + 1);
    assert_eq!(coordinates(&compiled).len(), 5);
    derivatives(model, &compiled, &some_points(5, 4));
    let filled = json(
        r#"{"y": [0.3, 1.0, 0.1, 0.2], "i": [1, 1, 2, 2], "j": [1, 3, 2, 3], "s": [1.0, 2.0, 0.5], "n": [3, 5, 6, 7],
            "k": [1, 2, 0, 3], "w": 0.4}"#,
    );
    let by_row = "m[3] ~ Normal(0, 1)\nr[2] ~ Exponential(1)\ny ~ StudentT(4, j * r[i] + m[j], s[j])\n\
                  k ~ Binomial(n, 0.3 * exp(-r[1]))\nw ~ mixture([0.25, 0.75], [Normal(r[1], 1), Normal(0, s[1])])";
    let by_row = crate::harness::compiled(by_row, &filled);
    for z in some_points(5, 4) {
        assert!(close(value(&compiled, &z), value(&by_row, &z), 1e-12), "{z:?}");
    }
}
