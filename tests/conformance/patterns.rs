//! What other languages write with `while`, `break` and counters: loops, masks and reductions over data do it.

use crate::by_hand::*;
use crate::harness::*;

const DATA: &str = r#"{
  "N": 5, "T": 4, "k": [0, 1, 2, 0, 1], "w": [1, 2, 3, 4, 2.5], "v": [0.1, 0.3, 0.2, 0.5, 0.9], "from": [1, 2, 1, 3, 2],
  "Y": [[0, 1, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 1, 0]], "n": [2, 1, 4, 3, 2],
  "Z": [[0.5, 1, 2, 0.1], [1, 2, 3, 1], [0.3, 1, 2, 0.2], [1, 1, 2, 3], [0.1, 0.2, 0.3, 0.4]]
}"#;
const Y: [[u8; 4]; 5] = [[0, 1, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 1, 0]];
const Z: [[f64; 4]; 5] = [
    [0.5, 1.0, 2.0, 0.1],
    [1.0, 2.0, 3.0, 1.0],
    [0.3, 1.0, 2.0, 0.2],
    [1.0, 1.0, 2.0, 3.0],
    [0.1, 0.2, 0.3, 0.4],
];
const K: [f64; 5] = [0.0, 1.0, 2.0, 0.0, 1.0];
const W: [f64; 5] = [1.0, 2.0, 3.0, 4.0, 2.5];
const V: [f64; 5] = [0.1, 0.3, 0.2, 0.5, 0.9];
const N: [usize; 5] = [2, 1, 4, 3, 2];

fn seen(y: &[u8; 4]) -> Vec<usize> {
    (0..4).filter(|&t| y[t] == 1).collect()
}

/// Between the first and the last capture of one animal, and after it.
fn capture(phi: f64, p: f64) -> f64 {
    let mut chi = [1.0; 4];
    for t in (0..3).rev() {
        chi[t] = 1.0 - phi + phi * (1.0 - p) * chi[t + 1];
    }
    let of_animal = |y: &[u8; 4]| {
        let seen = seen(y);
        let (Some(&first), Some(&last)) = (seen.first(), seen.last()) else { return 0.0 };
        (first + 1..=last).map(|t| phi.ln() + bernoulli(f64::from(y[t]), p)).sum::<f64>() + chi[last].ln()
    };
    Y.iter().map(of_animal).sum()
}

#[test]
fn first_and_last_captures() {
    let data = json(DATA);
    let prior = "phi ~ Beta(1, 1)\np ~ Beta(1, 1)\nchi[T] = 1\n\
                 for s in 1:(T - 1) { chi[T - s] = 1 - phi + phi * (1 - p) * chi[T - s + 1] }\n";
    let by_masks = "for i in 1:N {\n  first = min(where(Y[i, :] == 1, 1:T, T + 1))\n  last = max(where(Y[i, :] == 1, 1:T, 0))\n\
                    for t in (first + 1):last {\n    factor log(phi)\n    Y[i, t] ~ Bernoulli(p)\n  }\n\
                    if last > 0 { factor log(chi[last]) }\n}";
    let by_filters = "for i in 1:N {\n  seen = (1:T)[Y[i, :] == 1]\n  if len(seen) > 0 {\n    last = seen[len(seen)]\n\
                      for t in (seen[1] + 1):last {\n      factor log(phi)\n      Y[i, t] ~ Bernoulli(p)\n    }\n\
                      factor log(chi[last])\n  }\n}";
    for body in [by_masks, by_filters] {
        agrees(&format!("{prior}{body}"), &data, |p| capture(p.s("phi"), p.s("p")));
    }
}

#[test]
fn up_to_the_first_event() {
    let data = json(DATA);
    let model = "h ~ Beta(1, 1)\nfor i in 1:N {\n  until = min(where(Y[i, :] == 1, 1:T, T))\n  Y[i, 1:until] ~ Bernoulli(h)\n}";
    agrees(model, &data, |p| {
        let of_row = |y: &[u8; 4]| {
            let until = seen(y).first().map_or(4, |first| first + 1);
            y[..until].iter().map(|&y| bernoulli(f64::from(y), p.s("h"))).sum::<f64>()
        };
        Y.iter().map(of_row).sum()
    });
}

#[test]
fn counters_and_times_since() {
    let data = json(DATA);
    let model = "a ~ Normal(0, 1)\nb ~ Normal(0, 1)\nfor i in 1:N { for t in 1:T {\n  before = sum(Y[i, 1:(t - 1)])\n\
                 since = t - max(where(Y[i, 1:t] == 1, 1:t, 0))\n  Z[i, t] ~ Normal(a * before + b * since, 1)\n} }";
    agrees(model, &data, |p| {
        let (a, b) = (p.s("a"), p.s("b"));
        let mut total = normal(a, 0.0, 1.0) + normal(b, 0.0, 1.0);
        for i in 0..5 {
            for t in 0..4 {
                let before = f64::from(Y[i][..t].iter().sum::<u8>());
                let last = (0..=t).rev().find(|&u| Y[i][u] == 1).map_or(0, |u| u + 1);
                total += normal(Z[i][t], a * before + b * (t + 1 - last) as f64, 1.0);
            }
        }
        total
    });
}

#[test]
fn running_counts_of_whole_rows() {
    let data = json(DATA);
    let model = "b[2] ~ Normal(0, 1)\nfor i in 1:N {\n  hits = cumsum(Y[i, :]) - Y[i, :]\n  misses = (0:(T - 1)) - hits\n\
                 Y[i, :] ~ Bernoulli(logit = b[1] * hits + b[2] * misses)\n}";
    agrees(model, &data, |p| {
        let b = p.v("b");
        let mut total: f64 = b.iter().map(|&b| normal(b, 0.0, 1.0)).sum();
        for y in &Y {
            let mut hits = 0.0;
            for (t, &y) in y.iter().enumerate() {
                let eta = b[0] * hits + b[1] * (t as f64 - hits);
                total += bernoulli(f64::from(y), 1.0 / (1.0 + (-eta).exp()));
                hits += f64::from(y);
            }
        }
        total
    });
}

#[test]
fn steps_until_nothing_changes() {
    let data = json(DATA);
    let model = "a ~ HalfNormal(1)\nfn root(c) {\n  x[1] = c\n\
                 for s in 1:8 { x[s + 1] = where(abs(x[s]^2 - c) < 1e-13, x[s], 0.5 * (x[s] + c / x[s])) }\n  return x[9]\n}\n\
                 for i in 1:N { w[i] ~ Normal(root(a + k[i]), 1) }";
    // From far above, eight halvings come to the root of numbers such as these.
    agrees(model, &data, |p| {
        let a = p.s("a");
        half_normal(a, 1.0) + (0..5).map(|i| normal(W[i], (a + K[i]).sqrt(), 1.0)).sum::<f64>()
    });
}

#[test]
fn branches_over_data_of_each_pass() {
    let data = json(DATA);
    let model = "a ~ Normal(0, 1)\nb ~ Normal(0, 1)\nfor i in 1:N {\n\
                 if k[i] > 0 && w[i] > 2 { m = a } else if k[i] == 0 { m = b } else { m = a + b }\n  w[i] ~ Normal(m, 1)\n\
                 if n[i] == 1 { v[i] ~ StudentT(4, a, 1) } else if n[i] == 2 { v[i] ~ Normal(b, 2) }\n}";
    agrees(model, &data, |p| {
        let (a, b) = (p.s("a"), p.s("b"));
        let student = |x: f64| {
            ln_gamma(2.5)
                - ln_gamma(2.0)
                - (std::f64::consts::PI * 4.0).ln() / 2.0
                - 2.5 * (x * x / 4.0).ln_1p()
        };
        let pass = |i: usize| {
            let m = if K[i] > 0.0 && W[i] > 2.0 {
                a
            } else if K[i] == 0.0 {
                b
            } else {
                a + b
            };
            let of_v = match N[i] {
                1 => student(V[i] - a),
                2 => normal(V[i], b, 2.0),
                _ => 0.0,
            };
            normal(W[i], m, 1.0) + of_v
        };
        normal(a, 0.0, 1.0) + normal(b, 0.0, 1.0) + (0..5).map(pass).sum::<f64>()
    });
}

#[test]
fn branches_within_double_loops() {
    let data = json(DATA);
    let model = "a ~ Normal(0, 1)\nfor i in 1:N { for t in 1:n[i] {\n  if Z[i, t] > 1 { Z[i, t] ~ Normal(a, 1) } else {\n\
                 if Y[i, t] == 1 { Z[i, t] ~ Normal(-a, 2) }\n  }\n} }";
    agrees(model, &data, |p| {
        let a = p.s("a");
        let mut total = normal(a, 0.0, 1.0);
        for i in 0..5 {
            for t in 0..N[i] {
                total += match (Z[i][t] > 1.0, Y[i][t]) {
                    (true, _) => normal(Z[i][t], a, 1.0),
                    (false, 1) => normal(Z[i][t], -a, 2.0),
                    _ => 0.0,
                };
            }
        }
        total
    });
}

#[test]
fn branches_within_recursions() {
    let data = json(DATA);
    let model = "a ~ Normal(0, 1)\nx[1] = a\nfor t in 2:N { if k[t] > 0 { x[t] = x[t - 1] + a } else { x[t] = 0.5 * x[t - 1] } }\n\
                 for i in 1:N {\n  u[i, 1] = a\n\
                 for t in 2:n[i] { if Y[i, t] == 1 { u[i, t] = u[i, t - 1] * v[i] } else { u[i, t] = u[i, t - 1] + 1 } }\n\
                 w[i] ~ Normal(x[i] + u[i, n[i]], 1)\n}";
    agrees(model, &data, |p| {
        let a = p.s("a");
        let mut x = vec![a];
        for t in 1..5 {
            x.push(if K[t] > 0.0 { x[t - 1] + a } else { 0.5 * x[t - 1] });
        }
        let pass = |i: usize| {
            let mut u = a;
            for &seen in &Y[i][1..N[i]] {
                u = if seen == 1 { u * V[i] } else { u + 1.0 };
            }
            normal(W[i], x[i] + u, 1.0)
        };
        normal(a, 0.0, 1.0) + (0..5).map(pass).sum::<f64>()
    });
}

#[test]
fn queues_that_empty() {
    let data = json(DATA);
    let model = "a ~ HalfNormal(1)\nq[1] = a\nfor t in 2:N { q[t] = max(0, q[t - 1] + a * w[t] - 3 * v[t]) }\nv ~ Normal(q, 1)";
    agrees(model, &data, |p| {
        let a = p.s("a");
        let mut q = vec![a];
        for t in 1..5 {
            q.push((q[t - 1] + a * W[t] - 3.0 * V[t]).max(0.0));
        }
        half_normal(a, 1.0) + (0..5).map(|t| normal(V[t], q[t], 1.0)).sum::<f64>()
    });
}

#[test]
fn series_that_begin_at_different_times() {
    let data = json(DATA);
    let model = "a ~ Normal(0, 1)\ns ~ HalfNormal(1)\nfor i in 1:N {\n  u[i, from[i]] ~ Normal(0, 1)\n\
                 for t in (from[i] + 1):T { u[i, t] ~ Normal(u[i, t - 1] * a, s) }\n  Z[i, from[i]:T] ~ Normal(u[i, from[i]:T], 1)\n}";
    let compiled = compiled(model, &data);
    use vippl::density::LogDensity;
    let names: Vec<&str> = compiled.density.coordinates().iter().map(|c| c.name.as_str()).collect();
    let z = some_points(names.len(), 1).remove(0);
    let at = |name: &str| z[names.iter().position(|own| *own == name).expect(name)];
    let (a, s) = (at("a"), at("s").exp());
    let mut expected = normal(a, 0.0, 1.0) + half_normal(s, 1.0) + s.ln();
    for (i, from) in [1, 2, 1, 3, 2].into_iter().enumerate() {
        for t in from..=4 {
            let u = at(&format!("u[{},{t}]", i + 1));
            let before = if t == from { None } else { Some(at(&format!("u[{},{}]", i + 1, t - 1))) };
            expected += before.map_or(normal(u, 0.0, 1.0), |before| normal(u, before * a, s));
            expected += normal(Z[i][t - 1], u, 1.0);
        }
    }
    assert_eq!(names.len(), 2 + 4 + 3 + 4 + 2 + 3);
    assert!(close(value(&compiled, &z), expected, 1e-10), "{} {expected}", value(&compiled, &z));
}
