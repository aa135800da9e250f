//! Arrays that are built up element by element; latents by several statements.

use crate::by_hand::*;
use crate::harness::*;

#[test]
fn elements_in_any_order() {
    let data = json(r#"{"y": [1, 2, 3]}"#);
    let model = "a ~ Normal(0, 1)\nm[3] = a * a\nm[1] = a\nm[2] = m[1] + m[3]\ny ~ Normal(m, 1)\nfactor m[2]";
    agrees(model, &data, |p| {
        let a = p.s("a");
        assert_eq!(p.v("m"), [a, a + a * a, a * a]);
        normal(a, 0.0, 1.0)
            + normal(1.0, a, 1.0)
            + normal(2.0, a + a * a, 1.0)
            + normal(3.0, a * a, 1.0)
            + a
            + a * a
    });
}

#[test]
fn holes_duplicates_and_early_uses_are_errors() {
    let data = json(r#"{"y": [1, 2, 3]}"#);
    refused("a ~ Normal(0, 1)\nm[3] = a\nm[1] = a\ny ~ Normal(m, 1)", &data, &["m[2]"]);
    refused("a ~ Normal(0, 1)\nm[1] = a\nm[1] = a\ny ~ Normal(m[1], 1)", &data, &["m[1]"]);
    refused("a ~ Normal(0, 1)\nfor i in 1:3 { m[i] = a }\nm[2] = a\ny ~ Normal(m, 1)", &data, &["m[2]"]);
    refused("a ~ Normal(0, 1)\nfor i in 1:3 { m[1] = a }\ny ~ Normal(m[1], 1)", &data, &["m[1]"]);
    refused("a ~ Normal(0, 1)\nm[1] = m[2]\nm[2] = a\ny ~ Normal(m[1], 1)", &data, &["m"]);
    refused("a ~ Normal(0, 1)\nm[1] = a\nfor t in 2:3 { m[t] = m[t + 1] }\ny ~ Normal(m, 1)", &data, &["m["]);
    refused("a ~ Normal(0, 1)\nm[1] = a\nfor t in 2:3 { m[t] = m[t] }\ny ~ Normal(m, 1)", &data, &["m["]);
}

#[test]
fn a_latent_is_not_read_before_it_is_defined() {
    let data = json(r#"{"T": 4}"#);
    refused("for t in 1:T { z[t] ~ Normal(z[t], 1) }", &data, &["`z"]);
    refused("z[1] ~ Normal(0, 1)\nfor t in 2:T { z[t] ~ Normal(z[t] + z[t - 1], 1) }", &data, &["`z"]);
    refused("z[4] ~ Normal(0, 1)\nfor t in 1:3 { z[t] ~ Normal(z[t + 1], 1) }", &data, &["`z"]);
    refused("z[1] ~ Bernoulli(0.5)\nfor t in 2:T { z[t] ~ Bernoulli(0.5 * z[t]) }", &data, &["`z"]);
}

#[test]
fn slices_and_rows_as_elements() {
    let data = json(r#"{"y": [1, 2, 3, 4]}"#);
    let model = "a[4] ~ Normal(0, 1)\nm[1:2] = a[3:4] * 2\nm[3:4] = a[1]\n\
                 for i in 1:2 { R[i, :] = [a[i], a[i + 1], 1] }\nS[1, 1:2] = a[1:2]\nS[2, 1:2] = [m[2], 3]\n\
                 y ~ Normal(m, 1)\nfactor sum(R * [[1, 2, 3], [4, 5, 6]]) + S[2, 1] * S[1, 2] + R[2, 1]";
    agrees(model, &data, |p| {
        let a = p.v("a");
        let m = [2.0 * a[2], 2.0 * a[3], a[0], a[0]];
        a.iter().map(|&v| normal(v, 0.0, 1.0)).sum::<f64>()
            + (0..4).map(|i| normal(i as f64 + 1.0, m[i], 1.0)).sum::<f64>()
            + (a[0] + 2.0 * a[1] + 3.0 + 4.0 * a[1] + 5.0 * a[2] + 6.0)
            + m[1] * a[1]
            + a[1]
    });
}

#[test]
fn a_latent_by_several_statements() {
    let data = json(r#"{"y": [1, 2, 3]}"#);
    let model = "s ~ HalfNormal(1)\nz[1] ~ Normal(0, 1)\nz[2] ~ Exponential(2)\nz[3] ~ Uniform(0, s)\n\
                 w[3, 1] ~ Normal(0, 2)\nfor i in 1:2 { w[i, 1] ~ Normal(z[i], 3) }\ny ~ Normal(z + w[:, 1], 1)";
    let compiled = agrees(model, &data, |p| {
        let (z, w, s) = (p.v("z"), p.v("w"), p.s("s"));
        half_normal(s, 1.0) + normal(z[0], 0.0, 1.0) + exponential(z[1], 2.0) - s.ln()
            + normal(w[2], 0.0, 2.0)
            + (0..2).map(|i| normal(w[i], z[i], 3.0)).sum::<f64>()
            + (0..3).map(|i| normal(i as f64 + 1.0, z[i] + w[i], 1.0)).sum::<f64>()
    });
    use vippl::density::LogDensity;
    let names: Vec<&str> = compiled.density.coordinates().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["s", "z[1]", "z[2]", "z[3]", "w[3,1]", "w[1,1]", "w[2,1]"]);
    let z = compiled.quantities.iter().find(|q| q.name == "z").expect("reported");
    assert_eq!(z.marginals, [Some(1), Some(2), None]);
}

#[test]
fn random_walks() {
    let data = json(r#"{"y": [1, 2, 3, 2.5], "T": 4}"#);
    let model = "s ~ HalfNormal(1)\nz[1] ~ Normal(0, 5)\nfor t in 2:T { z[t] ~ Normal(z[t - 1], s) }\ny ~ Normal(z, 1)";
    agrees(model, &data, |p| {
        let (z, s) = (p.v("z"), p.s("s"));
        half_normal(s, 1.0)
            + normal(z[0], 0.0, 5.0)
            + (1..4).map(|t| normal(z[t], z[t - 1], s)).sum::<f64>()
            + (0..4).map(|t| normal([1.0, 2.0, 3.0, 2.5][t], z[t], 1.0)).sum::<f64>()
    });
    let positive =
        "z[1] ~ Exponential(1)\nfor t in 2:T { z[t] ~ Exponential(1 / z[t - 1]) }\ny ~ Normal(z, 1)";
    agrees(positive, &data, |p| {
        let z = p.v("z");
        assert!(z.iter().all(|&z| z > 0.0));
        exponential(z[0], 1.0)
            + (1..4).map(|t| exponential(z[t], 1.0 / z[t - 1])).sum::<f64>()
            + (0..4).map(|t| normal([1.0, 2.0, 3.0, 2.5][t], z[t], 1.0)).sum::<f64>()
    });
}

#[test]
fn random_walks_with_bounds() {
    let data = json(r#"{"lo": [0, 1, 2, 0.5], "T": 4}"#);
    let model = "z[1] ~ Normal(0, 5)\nfor t in 2:T { z[t] ~ truncated(Normal(z[t - 1], 1), lower = lo[t]) }\n\
                 a ~ Exponential(1)\nu[1] ~ Normal(0, 1)\nfor t in 2:T { u[t] ~ Uniform(-a * t, a * t); factor u[t] * u[t - 1] }";
    agrees(model, &data, |p| {
        let (z, lo, u, a) = (p.v("z"), [0.0, 1.0, 2.0, 0.5], p.v("u"), p.s("a"));
        normal(z[0], 0.0, 5.0)
            + (1..4)
                .map(|t| normal(z[t], z[t - 1], 1.0) - (1.0 - normal_cdf(lo[t] - z[t - 1])).ln())
                .sum::<f64>()
            + exponential(a, 1.0)
            + normal(u[0], 0.0, 1.0)
            + (1..4).map(|t| u[t] * u[t - 1] - (2.0 * a * (t as f64 + 1.0)).ln()).sum::<f64>()
    });
    let within = "z[1] ~ Exponential(1)\nfor t in 2:T { z[t] ~ Uniform(0, z[t - 1]) }\nfactor z[2]";
    agrees(within, &data, |p| {
        let z = p.v("z");
        exponential(z[0], 1.0) - (z[0] * z[1] * z[2]).ln() + z[1]
    });
    refused(within, &json(r#"{"T": 100}"#), &["support"]);
}

#[test]
fn vectors_walk() {
    let data = json(r#"{"T": 3, "S": [[2, 0.5], [0.5, 1]]}"#);
    let model = "z[1, :] ~ MvNormal([0, 0], cov = S)\nfor t in 2:T { z[t, :] ~ MvNormal(z[t - 1], cov = S) }\n\
                 for t in 1:T { for k in 1:2 { w[t, k] ~ Normal(0, 1) } }\n\
                 for t in 2:T { for k in 1:2 { factor w[t, k] * w[t - 1, k] + w[t, 1] } }\n\
                 p[1, :] ~ Dirichlet([2, 3])\nfor t in 2:T { p[t, :] ~ Dirichlet(10 * p[t - 1]) }";
    let mvn = |x: &[f64], m: &[f64]| {
        let det: f64 = 1.75;
        let (a, b) = (x[0] - m[0], x[1] - m[1]);
        -0.5 * (a * a - a * b + 2.0 * b * b) / det - 0.5 * det.ln() - (2.0 * std::f64::consts::PI).ln()
    };
    agrees(model, &data, |p| {
        let (z, w, q) = (p.v("z"), p.v("w"), p.v("p"));
        let mut total = mvn(&z[..2], &[0.0, 0.0]) + mvn(&z[2..4], &z[..2]) + mvn(&z[4..], &z[2..4]);
        total += w.iter().map(|&w| normal(w, 0.0, 1.0)).sum::<f64>();
        for t in 1..3 {
            for k in 0..2 {
                total += w[2 * t + k] * w[2 * t - 2 + k] + w[2 * t];
            }
        }
        total += dirichlet(&q[..2], &[2.0, 3.0]);
        total
            + (1..3)
                .map(|t| dirichlet(&q[2 * t..2 * t + 2], &[10.0 * q[2 * t - 2], 10.0 * q[2 * t - 1]]))
                .sum::<f64>()
    });
}

#[test]
fn trees() {
    let data = json(r#"{"parent": [0, 1, 1, 2, 3, 3], "y": [0, 1, 2, 1, 3, 2]}"#);
    let model = "s ~ HalfNormal(1)\nz[1] ~ Normal(0, 5)\nfor i in 2:6 { z[i] ~ Normal(z[parent[i]], s) }\ny ~ Normal(z, 1)";
    agrees(model, &data, |p| {
        let (z, s, parent, y) = (p.v("z"), p.s("s"), [0, 1, 1, 2, 3, 3], [0.0, 1.0, 2.0, 1.0, 3.0, 2.0]);
        half_normal(s, 1.0)
            + normal(z[0], 0.0, 5.0)
            + (1..6).map(|i| normal(z[i], z[parent[i] - 1], s)).sum::<f64>()
            + (0..6).map(|i| normal(y[i], z[i], 1.0)).sum::<f64>()
    });
}

#[test]
fn panels_of_random_walks() {
    let data = json(r#"{"Y": [[1, 2, 3], [2, 1, 0]], "n": [2, 3]}"#);
    let model = "s ~ HalfNormal(1)\nfor i in 1:2 { z[i, 1] ~ HalfNormal(1)\nfor t in 2:n[i] { z[i, t] ~ LogNormal(z[i, t - 1], s) }\n\
                 for t in 1:n[i] { Y[i, t] ~ Normal(z[i, t], 1) } }\nz[1, 3] ~ Normal(0, 1)";
    agrees(model, &data, |p| {
        let (z, s, y) = (p.v("z"), p.s("s"), [[1.0, 2.0, 3.0], [2.0, 1.0, 0.0]]);
        let mut total = half_normal(s, 1.0) + normal(z[2], 0.0, 1.0);
        for i in 0..2 {
            total += half_normal(z[3 * i], 1.0);
            for t in 1..i + 2 {
                total += normal(z[3 * i + t].ln(), z[3 * i + t - 1], s) - z[3 * i + t].ln();
            }
            for t in 0..i + 2 {
                total += normal(y[i][t], z[3 * i + t], 1.0);
            }
        }
        total
    });
}

#[test]
fn deterministic_arrays_are_quantities() {
    let data = json(r#"{"y": [1, 2, 3]}"#);
    let compiled = compiled("a ~ Normal(0, 1)\nm = a * y\nlong = a * seq(1, 2000)\ny ~ Normal(m, 1)", &data);
    let names: Vec<&str> = compiled.quantities.iter().map(|q| q.name.as_str()).collect();
    assert_eq!(names, ["a", "m"]);
    let long = compiled.variables.iter().find(|v| v.name == "long").expect("reported");
    assert_eq!(long.dims, [2000]);
}

#[test]
fn a_level_in_quotes_is_compared_with_a_column_of_words() {
    let data = csv("g,y\na,0.5\nb,1.5\na,-0.3\nc,2\n");
    let by_hand = |p: &Point| {
        let mean = |i: usize| p.s("m") + p.s("d") * [0.0, 1.0, 0.0, 0.0][i] - [0.0, 2.0, 0.0, 2.0][i];
        let of_y: f64 = (0..4).map(|i| normal([0.5, 1.5, -0.3, 2.0][i], mean(i), 1.0)).sum();
        normal(p.s("m"), 0.0, 1.0) + normal(p.s("d"), 0.0, 1.0) + of_y
    };
    let model = "m ~ Normal(0, 1)\nd ~ Normal(0, 1)\ny ~ Normal(m + d * (g == \"b\") - 2 * (\"a\" != g), 1)";
    agrees(model, &data, by_hand);
    let wrong = "m ~ Normal(0, 1)\ny ~ Normal(m * (g == \"d\"), 1)";
    refused(wrong, &data, &["\"d\" is no level", "it has 3 levels"]);
}
