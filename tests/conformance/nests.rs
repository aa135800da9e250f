//! Arrays of many dimensions, and loops within loops: recursions in the inner one, the outer one, or both.

use crate::by_hand::*;
use crate::harness::*;

const DATA: &str = r#"{
  "I": 2, "J": 3, "K": 2, "T": 4, "x": [[1, 2, 3, 4], [2, 1, 0, 1]], "g": ["a", "b", "a"],
  "y": [[[1, 2], [3, 4], [5, 6]], [[0, 1], [2, 1], [0.5, 0.2]]]
}"#;
const X: [[f64; 4]; 2] = [[1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 0.0, 1.0]];
const Y: [f64; 12] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.0, 1.0, 2.0, 1.0, 0.5, 0.2];

fn standard(x: &[f64]) -> f64 {
    x.iter().map(|&x| normal(x, 0.0, 1.0)).sum()
}

#[test]
fn latents_of_three_to_five_dimensions() {
    let data = json(DATA);
    let model = "theta[I, J, K] ~ Normal(0, 1)\nmu[I, J, K, 2] ~ Normal(0, 1)\nb[g, J, K] ~ Normal(0, 1)\nv[1, I, J, K, 1] ~ Normal(0, 1)\n\
                 t = theta + sum(mu, axis = 4) + v[1, :, :, :, 1]\n\
                 for i in 1:I { for j in 1:J { y[i, j, :] ~ Normal(t[i, j, :] + b[\"a\", j, :] * b[2, j, :], 1) } }";
    agrees(model, &data, |p| {
        let (theta, mu, b, v) = (p.v("theta"), p.v("mu"), p.v("b"), p.v("v"));
        let at = |k: usize| theta[k] + mu[2 * k] + mu[2 * k + 1] + v[k] + b[k % 6] * b[6 + k % 6];
        let own: f64 = (0..12).map(|k| normal(Y[k], at(k), 1.0)).sum();
        [theta, mu, b, v].into_iter().map(standard).sum::<f64>() + own
    });
}

#[test]
fn arrays_built_up_by_three_and_by_five_indices() {
    let data = json(DATA);
    let model = "a[I] ~ Normal(0, 1)\nfor i in 1:I { for j in 1:J { for k in 1:K {\n  u[i, j, k] = a[i] * j + k\n\
                 for l in 1:2 { for m in 1:2 { w[i, j, k, l, m] = a[i] * l - m } }\n  z[i, j, k] ~ Normal(u[i, j, k], 1)\n} } }\n\
                 y ~ Normal(z + sum(sum(w, axis = 5), axis = 4), 1)";
    agrees(model, &data, |p| {
        let (a, z) = (p.v("a"), p.v("z"));
        let mut total = standard(a);
        for (n, &z) in z.iter().enumerate() {
            let (i, j, k) = (n / 6, n / 2 % 3 + 1, n % 2 + 1);
            let w: f64 = [(1, 1), (1, 2), (2, 1), (2, 2)]
                .iter()
                .map(|&(l, m)| a[i] * f64::from(l) - f64::from(m))
                .sum();
            total += normal(z, a[i] * j as f64 + k as f64, 1.0) + normal(Y[n], z + w, 1.0);
        }
        total
    });
}

#[test]
fn recursions_in_the_inner_of_three_loops() {
    let data = json(DATA);
    let model = "a[I] ~ Normal(0, 1)\nfor i in 1:I { for j in 1:J {\n  z[i, j, 1] ~ Normal(a[i], 1)\n  h[i, j, 1] = a[i]\n\
                 for k in 2:K {\n    z[i, j, k] ~ Normal(z[i, j, k - 1], 1)\n    h[i, j, k] = h[i, j, k - 1] * 0.5 + j\n  }\n\
                 y[i, j, :] ~ Normal(z[i, j, :] + h[i, j, :], 1)\n} }";
    let compiled = compiled(model, &data);
    use vippl::density::LogDensity;
    let names: Vec<String> = compiled.density.coordinates().iter().map(|c| c.name.clone()).collect();
    let z = some_points(names.len(), 1).remove(0);
    let at = |name: String| z[names.iter().position(|own| *own == name).expect("a coordinate")];
    let mut expected = 0.0;
    for i in 1..=2 {
        let a = at(format!("a[{i}]"));
        expected += normal(a, 0.0, 1.0);
        for j in 1..=3 {
            let own = [at(format!("z[{i},{j},1]")), at(format!("z[{i},{j},2]"))];
            let h = [a, a * 0.5 + f64::from(j)];
            let y = &Y[((i - 1) * 6 + (j - 1) * 2) as usize..];
            expected += normal(own[0], a, 1.0) + normal(own[1], own[0], 1.0);
            expected += normal(y[0], own[0] + h[0], 1.0) + normal(y[1], own[1] + h[1], 1.0);
        }
    }
    assert!(close(value(&compiled, &z), expected, 1e-10), "{} {expected}", value(&compiled, &z));
}

#[test]
fn recursions_in_the_outer_loop_and_in_a_middle_one() {
    let data = json(DATA);
    let model = "a ~ Normal(0, 1)\nfor k in 1:K { h[1, k] = a * k }\n\
                 for t in 2:T { for k in 1:K { h[t, k] = 0.5 * sum(h[t - 1, :]) + a * k } }\n\
                 for k in 1:K { for t in 1:T { for i in 1:I {\n  if t == 1 { u[k, t, i] = a } else { u[k, t, i] = 0.5 * u[k, t - 1, i] + i }\n} } }\n\
                 x ~ Normal(h', 1)\nfor i in 1:I { x[i, :] ~ Normal(sum(u[:, :, i], axis = 1), 1) }";
    agrees(model, &data, |p| {
        let a = p.s("a");
        let mut h = [a, 2.0 * a];
        let mut u = [a, a];
        let mut total = normal(a, 0.0, 1.0);
        for (t, seen) in X[0].iter().zip(X[1]).enumerate() {
            let seen = [*seen.0, seen.1];
            if t > 0 {
                let sum = h[0] + h[1];
                h = [0.5 * sum + a, 0.5 * sum + 2.0 * a];
                u = [0.5 * u[0] + 1.0, 0.5 * u[1] + 2.0];
            }
            total +=
                (0..2).map(|i| normal(seen[i], h[i], 1.0) + normal(seen[i], 2.0 * u[i], 1.0)).sum::<f64>();
        }
        total
    });
}

#[test]
fn recursions_in_both_loops() {
    let data = json(DATA);
    let model = "a ~ Normal(0, 1)\nfor t in 1:T { h[1, t] = a }\n\
                 for i in 2:3 {\n  h[i, 1] = 0.1 * a\n  for t in 2:T { h[i, t] = 0.5 * h[i - 1, t] + 0.3 * h[i, t - 1] * x[i - 1, t] }\n}\n\
                 x ~ Normal(h[2:3, :], 1)";
    agrees(model, &data, |p| {
        let a = p.s("a");
        let mut h = vec![[a; 4]];
        for i in 1..3 {
            let mut row = [0.1 * a; 4];
            for t in 1..4 {
                row[t] = 0.5 * h[i - 1][t] + 0.3 * row[t - 1] * X[i - 1][t];
            }
            h.push(row);
        }
        normal(a, 0.0, 1.0) + (0..8).map(|k| normal(X[k / 4][k % 4], h[1 + k / 4][k % 4], 1.0)).sum::<f64>()
    });
    // One pass after the other makes long programs of long loops.
    let long = "a ~ Normal(0, 1)\nfor t in 1:T { h[1, t] = a }\n\
                for i in 2:100 {\n  h[i, 1] = a\n  for t in 2:T { h[i, t] = 0.5 * h[i - 1, t] + 0.3 * h[i, t - 1] }\n}\nfactor sum(h)";
    refused(long, &data, &["recursion"]);
}

#[test]
fn matrices_carried_by_recursions() {
    let data = json(DATA);
    let model = "a ~ Normal(0, 1)\nS[1, :, :] = eye(2)\n\
                 for t in 2:T { S[t, :, :] = a * (S[t - 1, :, :] @ S[t - 1, :, :]') / 4 + [[2, 0.5], [0.5, 1]] }\n\
                 for t in 1:T { factor S[t, 1, 2] + S[t, 2, 2] }";
    agrees(model, &data, |p| {
        let a = p.s("a");
        let mut s = [[1.0, 0.0], [0.0, 1.0]];
        let mut total = normal(a, 0.0, 1.0);
        for t in 0..4 {
            if t > 0 {
                let square = |i: usize, j: usize| s[i][0] * s[j][0] + s[i][1] * s[j][1];
                s = [
                    [a * square(0, 0) / 4.0 + 2.0, a * square(0, 1) / 4.0 + 0.5],
                    [a * square(1, 0) / 4.0 + 0.5, a * square(1, 1) / 4.0 + 1.0],
                ];
            }
            total += s[0][1] + s[1][1];
        }
        total
    });
}

#[test]
fn local_arrays_of_functions_called_in_loops() {
    let data = json(DATA);
    let model = "fn filtered(y, a) {\n  m[1] = 0\n  P[1] = 1\n  for t in 1:len(y) {\n    v[t] = P[t] + 1\n    k = P[t] / v[t]\n    e[t] = y[t] - m[t]\n\
                 m[t + 1] = a * (m[t] + k * e[t])\n    P[t + 1] = a^2 * P[t] * (1 - k) + 1\n  }\n  return sum(lpdf(Normal(0, sqrt(v)), e))\n}\n\
                 a ~ Normal(0, 1)\nfor i in 1:I { factor filtered(x[i, :], a) }";
    agrees(model, &data, |p| {
        let a = p.s("a");
        let of_series = |x: &[f64; 4]| {
            let (mut m, mut variance, mut total) = (0.0, 1.0, 0.0);
            for &x in x {
                let v: f64 = variance + 1.0;
                let (k, e) = (variance / v, x - m);
                total += normal(e, 0.0, v.sqrt());
                m = a * (m + k * e);
                variance = a * a * variance * (1.0 - k) + 1.0;
            }
            total
        };
        normal(a, 0.0, 1.0) + X.iter().map(of_series).sum::<f64>()
    });
}
