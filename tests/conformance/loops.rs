//! Loops over independent iterations, nested ones, branches.

use crate::by_hand::*;
use crate::harness::*;

#[test]
fn nested_two_and_three_deep() {
    let data =
        json(r#"{"y": [[1, 2, 3], [0, 1, 0.5]], "w": [[[1, 2], [3, 4], [5, 6]], [[0, 1], [2, 0], [1, 1]]]}"#);
    let model = "a[2] ~ Normal(0, 1)\nb[3] ~ Normal(0, 1)\nc[2] ~ Normal(0, 1)\n\
                 for i in 1:2 { m = a[i] * 2; for j in 1:3 { y[i, j] ~ Normal(m + b[j], 1)\n\
                 u = m * b[j]; for k in 1:2 { w[i, j, k] ~ Normal(u + c[k], 2) } } }";
    agrees(model, &data, |p| {
        let (a, b, c) = (p.v("a"), p.v("b"), p.v("c"));
        let y = [[1.0, 2.0, 3.0], [0.0, 1.0, 0.5]];
        let w = [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[0.0, 1.0], [2.0, 0.0], [1.0, 1.0]]];
        let mut total: f64 = a.iter().chain(b).chain(c).map(|&v| normal(v, 0.0, 1.0)).sum();
        for i in 0..2 {
            for j in 0..3 {
                total += normal(y[i][j], 2.0 * a[i] + b[j], 1.0);
                for k in 0..2 {
                    total += normal(w[i][j][k], 2.0 * a[i] * b[j] + c[k], 2.0);
                }
            }
        }
        total
    });
}

#[test]
fn triangular_and_empty_ranges() {
    let data = json(r#"{"y": [[1, 2, 3], [0, 1, 0.5], [3, 2, 1]]}"#);
    let model = "a[3] ~ Normal(0, 1)\nfor i in 1:3 { for j in 1:i - 1 { y[i, j] ~ Normal(a[i] * a[j], 1) } }\n\
                 for i in 2:1 { y[i, 1] ~ Normal(a[i + 9], 1) }";
    agrees(model, &data, |p| {
        let (a, y) = (p.v("a"), [[1.0, 2.0, 3.0], [0.0, 1.0, 0.5], [3.0, 2.0, 1.0]]);
        let mut total: f64 = a.iter().map(|&v| normal(v, 0.0, 1.0)).sum();
        for i in 0..3 {
            for j in 0..i {
                total += normal(y[i][j], a[i] * a[j], 1.0);
            }
        }
        total
    });
}

#[test]
fn branches_within_loops() {
    let data = json(r#"{"y": [1, 2, 3, 4, 5], "g": [1, 2, 3, 2, 1]}"#);
    let model = "a ~ Normal(0, 1)\nb ~ Normal(0, 1)\n\
                 for i in 1:5 { \n\
                   if g[i] == 1 { m = a; s = 1.0 } else if g[i] == 2 { m = b * i; s = 2.0 } \
                   else { if a_known(i) == 1 { m = 7.0 } else { m = a * b }; s = 0.5 }\n\
                   y[i] ~ Normal(m, s)\n\
                   if i > 3 { factor a * i } }";
    let model = format!("fn a_known(i) = 0\n{model}");
    agrees(&model, &data, |p| {
        let (a, b) = (p.s("a"), p.s("b"));
        normal(a, 0.0, 1.0)
            + normal(b, 0.0, 1.0)
            + normal(1.0, a, 1.0)
            + normal(2.0, 2.0 * b, 2.0)
            + normal(3.0, a * b, 0.5)
            + normal(4.0, 4.0 * b, 2.0)
            + normal(5.0, a, 1.0)
            + 9.0 * a
    });
}

#[test]
fn an_arm_sees_its_own_iterations_only() {
    let data = json(r#"{"y": [1, 2, 3, 4], "n": [0, 2, 0, 3]}"#);
    let model = "a ~ Normal(0, 1)\nm[4] ~ Normal(0, 1)\nfor i in 1:4 { s = n[i]\n\
                 if i > 1 { y[i] ~ Normal(m[i - 1] + y[i - 1] * a, 1) } else { y[i] ~ Normal(a, 1) }\n\
                 if n[i] > 0 { for k in 1:2 { y[i] ~ Normal(m[i] * k, s) } } }";
    agrees(model, &data, |p| {
        let (a, m) = (p.s("a"), p.v("m"));
        let mut total = normal(a, 0.0, 1.0) + m.iter().map(|&m| normal(m, 0.0, 1.0)).sum::<f64>();
        for i in 0..4 {
            let y = i as f64 + 1.0;
            total += if i > 0 { normal(y, m[i - 1] + (y - 1.0) * a, 1.0) } else { normal(y, a, 1.0) };
            let n = [0.0, 2.0, 0.0, 3.0][i];
            if n > 0.0 {
                total += normal(y, m[i], n) + normal(y, 2.0 * m[i], n);
            }
        }
        total
    });
}

#[test]
fn branches_outside_loops_define_names() {
    for (flag, expected) in [(1, 2.0), (0, 3.0)] {
        let data = json(&format!(r#"{{"flag": {flag}, "y": 1.5}}"#));
        let model =
            "a ~ Normal(0, 1)\nif flag == 1 { m = 2 * a } else { m = 3 * a; factor a }\ny ~ Normal(m, 1)";
        agrees(model, &data, |p| {
            let a = p.s("a");
            normal(a, 0.0, 1.0) + normal(1.5, expected * a, 1.0) + if flag == 0 { a } else { 0.0 }
        });
    }
}

#[test]
fn branches_that_fill_elements() {
    let data = json(r#"{"y": [1, 2, 3, 4]}"#);
    let model = "a ~ Normal(0, 1)\nfor i in 1:4 { if mod(i, 2) == 0 { m[i] = a } else { m[i] = a * a; } }\ny ~ Normal(m, 1)";
    agrees(model, &data, |p| {
        let a = p.s("a");
        normal(a, 0.0, 1.0)
            + (1..=4).map(|i| normal(f64::from(i), if i % 2 == 0 { a } else { a * a }, 1.0)).sum::<f64>()
    });
}

#[test]
fn vectors_inside_loops() {
    let data = json(r#"{"X": [[1, 2], [3, 4], [5, 6]], "y": [1, 0, 1], "t": [1, 3], "n": [2, 1]}"#);
    let model = "b[2] ~ Normal(0, 1)\nc[3] ~ Normal(0, 1)\nfor i in 1:3 { eta = sum(X[i] * b) + X[i] @ b + c[i]\n\
                 v = [eta, b[1]]\n y[i] ~ Bernoulli(logit = sum(v)) }\n\
                 for j in 1:2 { factor sum(c[1:2] * X[t[j]]) }";
    agrees(model, &data, |p| {
        let (b, c, x) = (p.v("b"), p.v("c"), [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        let mut total: f64 = b.iter().chain(c).map(|&v| normal(v, 0.0, 1.0)).sum();
        for i in 0..3 {
            let eta = 2.0 * (x[i][0] * b[0] + x[i][1] * b[1]) + c[i] + b[0];
            total += bernoulli([1.0, 0.0, 1.0][i], 1.0 / (1.0 + (-eta).exp()));
        }
        for t in [0, 2] {
            total += c[0] * x[t][0] + c[1] * x[t][1];
        }
        total
    });
}

#[test]
fn multivariate_distributions_in_loops() {
    let data = json(r#"{"Y": [[1, 2], [3, 4], [5, 6]], "S": [[2, 0.5], [0.5, 1]]}"#);
    let model = "m[3] ~ Normal(0, 1)\nfor i in 1:3 { Y[i] ~ MvNormal([m[i], 2 * m[i]], cov = S) }\n\
                 for i in 1:3 { Y[i] ~ MvNormal(m[1:2], cov = S * i) }";
    let mvn = |x: [f64; 2], m: [f64; 2], scale: f64| {
        let det: f64 = (2.0 - 0.25) * scale * scale;
        let (a, b) = (x[0] - m[0], x[1] - m[1]);
        let quad = scale * (a * a - a * b + 2.0 * b * b) / det;
        -0.5 * quad - 0.5 * det.ln() - (2.0 * std::f64::consts::PI).ln()
    };
    agrees(model, &data, |p| {
        let (m, y) = (p.v("m"), [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        m.iter().map(|&v| normal(v, 0.0, 1.0)).sum::<f64>()
            + (0..3)
                .map(|i| mvn(y[i], [m[i], 2.0 * m[i]], 1.0) + mvn(y[i], [m[0], m[1]], i as f64 + 1.0))
                .sum::<f64>()
    });
}

#[test]
fn ranges_inside_loops() {
    let data = json(r#"{"from": [1, 2, 3], "y": [1, 2, 3]}"#);
    let model = "x[4] ~ Normal(0, 1)\nfor i in 1:3 { y[i] ~ Normal(sum(x[from[i]:from[i] + 1]), 1) }";
    agrees(model, &data, |p| {
        let x = p.v("x");
        x.iter().map(|&v| normal(v, 0.0, 1.0)).sum::<f64>()
            + (0..3).map(|i| normal(i as f64 + 1.0, x[i] + x[i + 1], 1.0)).sum::<f64>()
    });
}
