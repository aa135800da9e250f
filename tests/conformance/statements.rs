//! Statements one by one: observed, latent, `param`, `factor`, functions, bounds and wrappers.

use crate::by_hand::*;
use crate::harness::*;

#[test]
fn observed_expressions() {
    let data = json(r#"{"earn": [1, 2, 5], "a": [1, 0], "b": [2, 4], "T": 3}"#);
    let model = "m ~ Normal(0, 1)\nlog(earn) ~ Normal(m, 1)\ns = a + b\ns ~ Poisson(exp(m))";
    agrees(model, &data, |p| {
        let m = p.s("m");
        normal(m, 0.0, 1.0)
            + [1f64, 2.0, 5.0].iter().map(|e| normal(e.ln(), m, 1.0)).sum::<f64>()
            + poisson(3.0, m.exp())
            + poisson(4.0, m.exp())
    });
}

#[test]
fn params_with_ranges_and_starts() {
    let data = json(r#"{"y": [0.5, 1.0]}"#);
    let model = "param m\nparam s in (0, inf) = 2\nparam p in (0, 1) = 0.25\nparam w[2]\nz ~ Normal(m, s)\n\
                 y ~ Normal(z * p + w, 1)";
    let compiled = agrees(model, &data, |p| {
        let w = p.v("w");
        normal(p.s("z"), p.s("m"), p.s("s"))
            + normal(0.5, p.s("z") * p.s("p") + w[0], 1.0)
            + normal(1.0, p.s("z") * p.s("p") + w[1], 1.0)
    });
    use vippl::density::LogDensity;
    let starts: Vec<Option<f64>> = compiled.density.coordinates().iter().map(|c| c.start).collect();
    assert_eq!(starts[0], None);
    assert!((starts[1].expect("a start") - 2f64.ln()).abs() < 1e-12);
    assert!((starts[2].expect("a start") - (0.25f64 / 0.75).ln()).abs() < 1e-12);
    refused("param s in (0, 1) = 2\ny ~ Normal(s, 1)", &data, &["2"]);
}

#[test]
fn factors_count_once_per_iteration() {
    let data = json(r#"{"y": [0.5, 1.0]}"#);
    agrees("m ~ Normal(0, 1)\nfactor m\nfactor [m, 2 * m]\nfor i in 1:3 { factor 5 * m ^ 2 }", &data, |p| {
        let m = p.s("m");
        normal(m, 0.0, 1.0) + 4.0 * m + 15.0 * m * m
    });
    agrees("m ~ Normal(0, 1)\nfor i in 1:3 { for j in 1:i { factor m ^ 2 }\nfactor i * m }", &data, |p| {
        let m = p.s("m");
        normal(m, 0.0, 1.0) + 6.0 * m * m + 6.0 * m
    });
}

#[test]
fn observations_in_loops_count_once_per_iteration() {
    let data = json(r#"{"y": 0.5}"#);
    agrees("m ~ Normal(0, 1)\nfor i in 1:3 { y ~ Normal(m, 1) }", &data, |p| {
        normal(p.s("m"), 0.0, 1.0) + 3.0 * normal(0.5, p.s("m"), 1.0)
    });
}

#[test]
fn where_chooses_by_latents() {
    let data = json(r#"{"x": [-1, 0.2, 2]}"#);
    agrees("c ~ Normal(0, 1)\nb[3] ~ Normal(where(x > c, c * x, 2.0), 1)", &data, |p| {
        let (c, b, x) = (p.s("c"), p.v("b"), [-1.0, 0.2, 2.0]);
        normal(c, 0.0, 1.0)
            + (0..3).map(|i| normal(b[i], if x[i] > c { c * x[i] } else { 2.0 }, 1.0)).sum::<f64>()
    });
}

#[test]
fn bounds_that_depend_on_latents() {
    let data = json(r#"{"lo": [0.0, -1.0, 2.0]}"#);
    let model = "a ~ Uniform(0, 1)\nb ~ Flat(lower = 0, upper = 1 - a)\nc[3] ~ Uniform(lo, lo + 1 + a)\n\
                 d ~ Flat(lower = a)\ne ~ Flat(upper = b)\nfactor -d + e";
    agrees(model, &data, |p| {
        let (a, b) = (p.s("a"), p.s("b"));
        assert!(b > 0.0 && b < 1.0 - a && p.s("d") > a && p.s("e") < b);
        let c = p.v("c");
        assert!((0..3).all(|i| c[i] > [0.0, -1.0, 2.0][i] && c[i] < [1.0, 0.0, 3.0][i] + a));
        -3.0 * (1.0 + a).ln() - p.s("d") + p.s("e")
    });
}

#[test]
fn truncation_with_latent_bounds() {
    let data = json(r#"{"y": [1.5, 2.5]}"#);
    let model = "a ~ Normal(0, 1)\nm ~ Normal(0, 1)\nx ~ truncated(Normal(m, 2), lower = a)\n\
                 y ~ truncated(Normal(m, 1), lower = 1, upper = 3)";
    agrees(model, &data, |p| {
        let (a, m, x) = (p.s("a"), p.s("m"), p.s("x"));
        assert!(x > a);
        let mass = normal_cdf(3.0 - m) - normal_cdf(1.0 - m);
        normal(a, 0.0, 1.0) + normal(m, 0.0, 1.0) + normal(x, m, 2.0) - (1.0 - normal_cdf((a - m) / 2.0)).ln()
            + normal(1.5, m, 1.0)
            + normal(2.5, m, 1.0)
            - 2.0 * mass.ln()
    });
}

#[test]
fn mixtures() {
    let data = json(r#"{"y": [1.5, 2.5, -1]}"#);
    let model = "w ~ Dirichlet([1, 1])\nm[2] ~ Normal(0, 2)\ny ~ mixture(w, Normal(m, 1))\n\
                 y ~ mixture(w, [Normal(0, m[1] ^ 2 + 1), Normal(m[2], 3)])\nx ~ mixture(w, Normal(m, [1, 2]))";
    agrees(model, &data, |p| {
        let (w, m, x) = (p.v("w"), p.v("m"), p.s("x"));
        let two = |a: f64, b: f64| log_sum_exp(&[w[0].ln() + a, w[1].ln() + b]);
        let rows: f64 = [1.5, 2.5, -1.0]
            .iter()
            .map(|&y| {
                two(normal(y, m[0], 1.0), normal(y, m[1], 1.0))
                    + two(normal(y, 0.0, m[0] * m[0] + 1.0), normal(y, m[1], 3.0))
            })
            .sum();
        dirichlet(w, &[1.0, 1.0])
            + normal(m[0], 0.0, 2.0)
            + normal(m[1], 0.0, 2.0)
            + rows
            + two(normal(x, m[0], 1.0), normal(x, m[1], 2.0))
    });
}

#[test]
fn functions_with_locals_loops_and_functions() {
    let data = json(r#"{"y": [1.5, 2.5, -1]}"#);
    let model = "fn square_of(x) = x * x\n\
                 fn shifted(x, by) { u = square_of(x); v = u + by; return v + square_of(by) }\n\
                 fn twice(f, x) = f(f(x))\n\
                 fn inner(x) = twice(square_of, x) + x\n\
                 fn near(m) = Normal(shifted(m, 1), 0.5)\n\
                 fn poly(x, c) { acc[1] = c[1]; for k in 2:3 { acc[k] = acc[k - 1] * x + c[k] }; return acc[3] }\n\
                 m ~ Normal(0, 1)\n\
                 y ~ near(m)\n\
                 factor twice(inner, m) + twice(square_of, shifted(m, 2)) * 1e-3 + poly(m, [1, 2, 3])\n\
                 z ~ near(shifted(m, 0))";
    agrees(model, &data, |p| {
        let (m, z) = (p.s("m"), p.s("z"));
        let shifted = |x: f64, by: f64| x * x + by + by * by;
        let inner = |x: f64| x.powi(4) + x;
        normal(m, 0.0, 1.0)
            + [1.5, 2.5, -1.0].iter().map(|&y| normal(y, shifted(m, 1.0), 0.5)).sum::<f64>()
            + inner(inner(m))
            + shifted(m, 2.0).powi(4) * 1e-3
            + m * m
            + 2.0 * m
            + 3.0
            + normal(z, shifted(shifted(m, 0.0), 1.0), 0.5)
    });
}

#[test]
fn functions_with_recursions_in_loops() {
    let data = json(r#"{"y": [1.5, 2.5, -1], "x": [0.5, 1, 2], "C": [[1, 2, 3], [3, 2, 1], [0, 1, 0]]}"#);
    let model = "fn poly(x, c) { acc[1] = c[1]; for k in 2:3 { acc[k] = acc[k - 1] * x + c[k] }; return acc[3] + sum(acc) }\n\
                 fn both(x) { u[1] = x; u[2] = x * x; return u }\n\
                 m ~ Normal(0, 1)\n\
                 for i in 1:3 { y[i] ~ Normal(poly(m * x[i], C[i]) + poly(m, [1, 1, x[i]]) + sum(both(m * i)), 1) }\n\
                 h[1] = m\nfor t in 2:3 { h[t] = h[t - 1] * 0.5 + sum(both(h[t - 1])) - both(m * 0.5)[2] }\nfactor h[3]";
    agrees(model, &data, |p| {
        let m = p.s("m");
        let poly = |x: f64, c: [f64; 3]| {
            let acc = [c[0], c[0] * x + c[1], (c[0] * x + c[1]) * x + c[2]];
            acc[2] + acc.iter().sum::<f64>()
        };
        let both = |x: f64| x + x * x;
        let (y, x) = ([1.5, 2.5, -1.0], [0.5, 1.0, 2.0]);
        let c = [[1.0, 2.0, 3.0], [3.0, 2.0, 1.0], [0.0, 1.0, 0.0]];
        let rows: f64 = (0..3)
            .map(|i| {
                normal(
                    y[i],
                    poly(m * x[i], c[i]) + poly(m, [1.0, 1.0, x[i]]) + both(m * (i as f64 + 1.0)),
                    1.0,
                )
            })
            .sum();
        let next = |h: f64| h * 0.5 + both(h) - 0.25 * m * m;
        normal(m, 0.0, 1.0) + rows + next(next(m))
    });
}

#[test]
fn functions_that_branch_on_data() {
    let data = json(r#"{"y": [1.5, 2.5, -1], "k": [1, 2, 2]}"#);
    let model = "fn f(x, k) { if k == 1 { return x } else { return x * x } }\nm ~ Normal(0, 1)\n\
                 for i in 1:3 { y[i] ~ Normal(f(m, k[i]) + f(m, 2), 1) }";
    agrees(model, &data, |p| {
        let m = p.s("m");
        normal(m, 0.0, 1.0)
            + normal(1.5, m + m * m, 1.0)
            + normal(2.5, 2.0 * m * m, 1.0)
            + normal(-1.0, 2.0 * m * m, 1.0)
    });
}

#[test]
fn log_densities_as_numbers() {
    let data = json(r#"{"y": [1.5, 2.5]}"#);
    agrees("m ~ Normal(0, 1)\nfactor lpdf(Normal(m, 2), y)\nfactor 2 * lpdf(Normal(0, 1), m)", &data, |p| {
        let m = p.s("m");
        3.0 * normal(m, 0.0, 1.0) + normal(1.5, m, 2.0) + normal(2.5, m, 2.0)
    });
}

#[test]
fn values_outside_a_support_are_found() {
    let data = json(r#"{"y": [1, 2, -1], "p": 1.5}"#);
    refused("m ~ Exponential(1)\ny ~ Exponential(m)\ny ~ LogNormal(m, 1)", &data, &["y", "3"]);
    refused("m ~ Exponential(1)\ny ~ Bernoulli(p)", &data, &["1.5"]);
}
