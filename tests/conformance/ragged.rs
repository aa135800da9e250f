//! Slices and filters whose length changes from pass to pass of a loop.

use crate::by_hand::*;
use crate::harness::*;

const TABLE: &str = r#"{
  "J": 4, "y": [1.2, -0.3, 0.5, 2.1, 0.7, -1.1, 0.4], "v": [0.3, 0.4, 0.1, 1.2, 0.5, 0.9, 0.2], "w": [1, 2, 3, 0.5],
  "start": [1, 3, 4, 8], "stop": [2, 3, 7, 7], "n": [2, 1, 4, 0], "g": [1, 2, 1, 2, 2, 1, 1],
  "M": [[1.5, 0, 2, 0], [0, 2.5, 1, 0], [0.3, 0.7, 0, 0], [3, 0, 4, 0]],
  "X": [[1, 2], [0, 1], [3, 1], [2, 2], [1, 0], [0.5, 1], [2, 3]]
}"#;
const STARTS: [usize; 4] = [0, 2, 3, 7];
const STOPS: [usize; 4] = [2, 3, 7, 7];
const Y: [f64; 7] = [1.2, -0.3, 0.5, 2.1, 0.7, -1.1, 0.4];
const V: [f64; 7] = [0.3, 0.4, 0.1, 1.2, 0.5, 0.9, 0.2];
const W: [f64; 4] = [1.0, 2.0, 3.0, 0.5];

fn standard(x: &[f64]) -> f64 {
    x.iter().map(|&x| normal(x, 0.0, 1.0)).sum()
}

/// log MvNormal(x; 0, k) by a Cholesky factor.
fn mv_normal(x: &[f64], k: &[f64]) -> f64 {
    let n = x.len();
    let mut l = vec![0.0; n * n];
    let mut density = 0.0;
    let mut z = vec![0.0; n];
    for i in 0..n {
        for j in 0..=i {
            let rest: f64 = (0..j).map(|m| l[i * n + m] * l[j * n + m]).sum();
            l[i * n + j] =
                if i == j { (k[i * n + i] - rest).sqrt() } else { (k[i * n + j] - rest) / l[j * n + j] };
        }
        z[i] = (x[i] - (0..i).map(|m| l[i * n + m] * z[m]).sum::<f64>()) / l[i * n + i];
        density += normal(z[i], 0.0, 1.0) - l[i * n + i].ln();
    }
    density
}

#[test]
fn observed_slices() {
    let data = json(TABLE);
    let model =
        "mu[J] ~ Normal(0, 1)\ns ~ HalfNormal(1)\nfor j in 1:J { y[start[j]:stop[j]] ~ Normal(mu[j], s) }";
    agrees(model, &data, |p| {
        let (mu, s) = (p.v("mu"), p.s("s"));
        let rows = |j: usize| (STARTS[j]..STOPS[j]).map(|k| normal(Y[k], mu[j], s)).sum::<f64>();
        standard(mu) + half_normal(s, 1.0) + (0..4).map(rows).sum::<f64>()
    });
}

#[test]
fn slices_against_slices() {
    let data = json(TABLE);
    let model = "b[7] ~ Normal(0, 1)\na[2] ~ Normal(0, 1)\n\
                 for j in 1:J {\n  m = b[start[j]:stop[j]] * v[start[j]:stop[j]] + a[g[start[j]:stop[j]]] * w[j]\n\
                 y[start[j]:stop[j]] ~ Normal(m, exp(v[start[j]:stop[j]]))\n}";
    agrees(model, &data, |p| {
        let (a, b) = (p.v("a"), p.v("b"));
        let g = [0, 1, 0, 1, 1, 0, 0];
        let row = |j: usize| {
            (STARTS[j]..STOPS[j]).map(|k| normal(Y[k], b[k] * V[k] + a[g[k]] * W[j], V[k].exp())).sum::<f64>()
        };
        standard(a) + standard(b) + (0..4).map(row).sum::<f64>()
    });
}

#[test]
fn reductions_of_slices() {
    let data = json(TABLE);
    type OfSlices = fn(&[f64], &[f64]) -> f64;
    let lists: [(&str, OfSlices); 12] = [
        ("sum(b[start[j]:stop[j]])", |b, _| b.iter().sum()),
        ("prod(b[start[j]:stop[j]])", |b, _| b.iter().product()),
        ("logsumexp(concat(0, b)[start[j]:(stop[j] + 1)])", |_, _| f64::NAN),
        ("norm(b[start[j]:stop[j]])", |b, _| b.iter().map(|x| x * x).sum::<f64>().sqrt()),
        ("dot(b[start[j]:stop[j]], v[start[j]:stop[j]])", |b, v| b.iter().zip(v).map(|(b, v)| b * v).sum()),
        ("b[start[j]:stop[j]] @ v[start[j]:stop[j]]", |b, v| b.iter().zip(v).map(|(b, v)| b * v).sum()),
        ("sum(exp(b[start[j]:stop[j]]) * 2 + 1)", |b, _| b.iter().map(|b| b.exp() * 2.0 + 1.0).sum()),
        ("len(b[start[j]:stop[j]])", |b, _| b.len() as f64),
        ("sum(cumsum(b[start[j]:stop[j]]))", |b, _| {
            b.iter().enumerate().map(|(k, x)| x * (b.len() - k) as f64).sum()
        }),
        ("sum(where(v[start[j]:stop[j]] > 0.35, b[start[j]:stop[j]], 0))", |b, v| {
            b.iter().zip(v).filter(|(_, v)| **v > 0.35).map(|(b, _)| b).sum()
        }),
        ("sum(b[start[j]:stop[j]][v[start[j]:stop[j]] > 0.35])", |b, v| {
            b.iter().zip(v).filter(|(_, v)| **v > 0.35).map(|(b, _)| b).sum()
        }),
        ("sum(b[start[j]:stop[j]][2:])", |b, _| b.iter().skip(1).sum()),
    ];
    for (text, by_hand) in lists {
        let model = format!("b[7] ~ Normal(0, 1)\nfor j in 1:J {{ w[j] ~ Normal({text}, 1) }}");
        agrees(&model, &data, |p| {
            let b = p.v("b");
            let row = |j: usize| {
                let (from, to) = (STARTS[j], STOPS[j]);
                let value = match text.starts_with("logsumexp") {
                    false => by_hand(&b[from..to], &V[from..to]),
                    true => {
                        let all: Vec<f64> = std::iter::once(0.0).chain(b.iter().copied()).collect();
                        all[from..=to].iter().map(|x| x.exp()).sum::<f64>().ln()
                    }
                };
                normal(W[j], value, 1.0)
            };
            standard(b) + (0..4).map(row).sum::<f64>()
        });
    }
}

#[test]
fn moments_and_extremes_of_slices() {
    let data = json(TABLE);
    let model = "b[7] ~ Normal(0, 1)\n\
                 for j in 1:3 {\n  x = b[start[j]:stop[j]]\n  w[j] ~ Normal(mean(x) + max(x) - min(x) + x[1] * x[len(x)], 1)\n}\n\
                 for j in 1:2 { factor sd(b[j:(2 * j)]) + var(b[j:(3 * j)]) }";
    agrees(model, &data, |p| {
        let b = p.v("b");
        let row = |j: usize| {
            let x = &b[STARTS[j]..STOPS[j]];
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let min = x.iter().copied().fold(f64::INFINITY, f64::min);
            normal(W[j], mean + max - min + x[0] * x[x.len() - 1], 1.0)
        };
        let var = |x: &[f64]| {
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (x.len() - 1) as f64
        };
        standard(b)
            + (0..3).map(row).sum::<f64>()
            + var(&b[0..2]).sqrt()
            + var(&b[1..4]).sqrt()
            + var(&b[0..3])
            + var(&b[1..6])
    });
    refused("b[7] ~ Normal(0, 1)\nfor j in 1:J { factor max(b[start[j]:stop[j]]) }", &data, &["at least 1"]);
}

#[test]
fn matrices_with_rows_that_change() {
    let data = json(TABLE);
    let model = "b[2] ~ Normal(0, 1)\nc[2] ~ Normal(0, 1)\nfor j in 1:J {\n  Z = X[start[j]:stop[j], :]\n\
                 y[start[j]:stop[j]] ~ Normal(Z @ b, 1)\n\
                 w[j] ~ Normal(sum(sum(Z * c, axis = 2)) + sum(Z, axis = 1) @ b, 1)\n\
                 factor sum(cbind(1, Z) @ [c[1], b[1], b[2]])\n}";
    let x = [[1.0, 2.0], [0.0, 1.0], [3.0, 1.0], [2.0, 2.0], [1.0, 0.0], [0.5, 1.0], [2.0, 3.0]];
    agrees(model, &data, |p| {
        let (b, c) = (p.v("b"), p.v("c"));
        let row = |j: usize| {
            let rows = &x[STARTS[j]..STOPS[j]];
            let fit = |r: &[f64; 2], b: &[f64]| r[0] * b[0] + r[1] * b[1];
            let own: f64 =
                rows.iter().zip(&Y[STARTS[j]..STOPS[j]]).map(|(r, &y)| normal(y, fit(r, b), 1.0)).sum();
            let both: f64 = rows.iter().map(|r| fit(r, c) + fit(r, b)).sum();
            let factor: f64 = rows.iter().map(|r| c[0] + fit(r, b)).sum();
            own + normal(W[j], both, 1.0) + factor
        };
        standard(b) + standard(c) + (0..4).map(row).sum::<f64>()
    });
}

#[test]
fn filters_in_loops() {
    let data = json(TABLE);
    let model = "mu[J] ~ Normal(0, 1)\ns ~ HalfNormal(1)\n\
                 for j in 1:J { M[M[:, j] > 0, j] ~ Normal(mu[j], s)\n factor sum(mu[M[:, j] > 2]) }";
    let m = [[1.5, 0.0, 2.0, 0.0], [0.0, 2.5, 1.0, 0.0], [0.3, 0.7, 0.0, 0.0], [3.0, 0.0, 4.0, 0.0]];
    agrees(model, &data, |p| {
        let (mu, s) = (p.v("mu"), p.s("s"));
        let column = |j: usize| {
            (0..4)
                .map(|i| {
                    let observed = if m[i][j] > 0.0 { normal(m[i][j], mu[j], s) } else { 0.0 };
                    observed + if m[i][j] > 2.0 { mu[i] } else { 0.0 }
                })
                .sum::<f64>()
        };
        standard(mu) + half_normal(s, 1.0) + (0..4).map(column).sum::<f64>()
    });
    refused("mu ~ Normal(0, 1)\nfor j in 1:J { w[M[:, j] > mu] ~ Normal(mu, 1) }", &data, &["DataOnly"]);
    refused(
        "mu ~ Normal(0, 1)\nfor j in 1:J { y[M[:, j] > 0] ~ Normal(mu, 1) }",
        &data,
        &["a filter of 4", "7"],
    );
}

#[test]
fn filters_of_one_length() {
    let data = json(r#"{"M": [[1, 0], [0, 2], [3, 4]]}"#);
    let model = "mu[2] ~ Normal(0, 1)\nfor j in 1:2 { M[M[:, j] > 0, j] ~ Normal(mu[j], 1) }";
    agrees(model, &data, |p| {
        let mu = p.v("mu");
        standard(mu)
            + normal(1.0, mu[0], 1.0)
            + normal(3.0, mu[0], 1.0)
            + normal(2.0, mu[1], 1.0)
            + normal(4.0, mu[1], 1.0)
    });
}

#[test]
fn slices_with_open_ends_that_move() {
    let data = json(TABLE);
    let model = "b[7] ~ Normal(0, 1)\nfor j in 1:J { w[j] ~ Normal(sum(b[(start[j] - 1):]), 1) }";
    refused(model, &data, &["index 0", "iteration 1"]);
    let model = "b[7] ~ Normal(0, 1)\nfor j in 1:J { w[j] ~ Normal(sum(b[start[j]:]) + sum(v[:n[j]]), 1) }";
    agrees(model, &data, |p| {
        let b = p.v("b");
        let n = [2, 1, 4, 0];
        let row =
            |j: usize| normal(W[j], b[STARTS[j]..].iter().sum::<f64>() + V[..n[j]].iter().sum::<f64>(), 1.0);
        standard(b) + (0..4).map(row).sum::<f64>()
    });
}

#[test]
fn recursions_over_all_that_came_before() {
    let data = json(TABLE);
    let model = "r ~ Normal(0, 1)\nx[1] = r\nfor t in 2:7 { x[t] = r + 0.3 * sum(x[1:(t - 1)]) * v[t] }\ny ~ Normal(x, 1)";
    agrees(model, &data, |p| {
        let r = p.s("r");
        let mut x = vec![r];
        for v in &V[1..7] {
            x.push(r + 0.3 * x.iter().sum::<f64>() * v);
        }
        normal(r, 0.0, 1.0) + (0..7).map(|t| normal(Y[t], x[t], 1.0)).sum::<f64>()
    });
    // Weighted by how long ago, from nothing on: an epidemic by its serial intervals.
    let model = "r ~ Normal(0, 1)\nfor t in 1:7 {\n  x[t] = r + dot(x[1:(t - 1)], reverse(v)[(8 - t + 1):7]) + max(concat(0, v)[1:t])\n}\n\
                 y ~ Normal(x, 1)";
    agrees(model, &data, |p| {
        let r = p.s("r");
        let mut x: Vec<f64> = Vec::new();
        for t in 0..7 {
            let past: f64 = (0..t).map(|k| x[k] * V[t - 1 - k]).sum();
            let largest = V[..t].iter().copied().fold(0.0, f64::max);
            x.push(r + past + largest);
        }
        normal(r, 0.0, 1.0) + (0..7).map(|t| normal(Y[t], x[t], 1.0)).sum::<f64>()
    });
}

#[test]
fn recursions_in_rows_that_run_side_by_side() {
    let data = json(TABLE);
    let model = "r[J] ~ Normal(0, 1)\nfor j in 1:J {\n  x[j, 1] = r[j]\n\
                 for t in 2:4 { x[j, t] = mean(x[j, 1:(t - 1)]) * v[t] + logsumexp(x[j, 1:(t - 1)]) }\n}\nM ~ Normal(x, 1)";
    let m = [[1.5, 0.0, 2.0, 0.0], [0.0, 2.5, 1.0, 0.0], [0.3, 0.7, 0.0, 0.0], [3.0, 0.0, 4.0, 0.0]];
    agrees(model, &data, |p| {
        let r = p.v("r");
        let row = |j: usize| {
            let mut x = vec![r[j]];
            for v in &V[1..4] {
                let mean = x.iter().sum::<f64>() / x.len() as f64;
                x.push(mean * v + x.iter().map(|x| x.exp()).sum::<f64>().ln());
            }
            (0..4).map(|t| normal(m[j][t], x[t], 1.0)).sum::<f64>()
        };
        standard(r) + (0..4).map(row).sum::<f64>()
    });
}

#[test]
fn elements_and_latents_over_slices() {
    let data = json(TABLE);
    let model = "m ~ Normal(0, 1)\nfor j in 1:3 {\n  z[j, 1:n[j]] ~ Normal(m * w[j], 1)\n  q[start[j]:stop[j]] = z[j, 1:n[j]] * v[start[j]:stop[j]]\n}\n\
                 y ~ Normal(q, 1)";
    let compiled = compiled(model, &data);
    use vippl::density::LogDensity;
    let names: Vec<&str> = compiled.density.coordinates().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["m", "z[1,1]", "z[1,2]", "z[2,1]", "z[3,1]", "z[3,2]", "z[3,3]", "z[3,4]"]);
    let z = some_points(8, 1).remove(0);
    let group = [0, 0, 1, 2, 2, 2, 2];
    let expected = normal(z[0], 0.0, 1.0)
        + (0..7)
            .map(|k| normal(z[k + 1], z[0] * W[group[k]], 1.0) + normal(Y[k], z[k + 1] * V[k], 1.0))
            .sum::<f64>();
    assert!(close(value(&compiled, &z), expected, 1e-10), "{} {expected}", value(&compiled, &z));
}

#[test]
fn vectors_of_several_lengths_one_length_at_a_time() {
    let data = json(TABLE);
    // A Gaussian process for each group, and what takes a vector whole.
    let model = "s ~ HalfNormal(1)\nb[7] ~ Normal(0, 1)\nfor j in 1:3 {\n  rows_j = start[j]:stop[j]\n\
                 K = s * s * gp_exp_quad(v[rows_j], 1, 1) + eye(n[j])\n  y[rows_j] ~ MvNormal(zeros(n[j]), cov = K)\n\
                 w[j] ~ Normal(sum(reverse(b[rows_j])[1:1]), 1)\n}";
    agrees(model, &data, |p| {
        let (s, b) = (p.s("s"), p.v("b"));
        let group = |j: usize| {
            let (from, to) = (STARTS[j], STOPS[j]);
            let n = to - from;
            let mut k = vec![0.0; n * n];
            for a in 0..n {
                for c in 0..n {
                    let d = V[from + a] - V[from + c];
                    k[a * n + c] = s * s * (-0.5 * d * d).exp() + f64::from(u8::from(a == c));
                }
            }
            mv_normal(&Y[from..to], &k) + normal(W[j], b[to - 1], 1.0)
        };
        half_normal(s, 1.0) + standard(b) + (0..3).map(group).sum::<f64>()
    });
}

#[test]
fn slices_in_functions_and_branches() {
    let data = json(TABLE);
    let model = "fn tail(x) = sum(x[2:]) - len(x)\nfn last(x, n) { for k in 1:n { d[k] = x[k] * k }\nreturn d[n] }\n\
                 b[7] ~ Normal(0, 1)\nfor j in 1:3 {\n  if n[j] > 1 { u = b[start[j]:stop[j]] } else { u = 2 * v[1:3] }\n\
                 w[j] ~ Normal(tail(u) + last(b[start[j]:stop[j]], n[j]), 1)\n}";
    agrees(model, &data, |p| {
        let b = p.v("b");
        let row = |j: usize| {
            let x = &b[STARTS[j]..STOPS[j]];
            let u: Vec<f64> = if x.len() > 1 { x.to_vec() } else { V[..3].iter().map(|v| 2.0 * v).collect() };
            let tail = u.iter().skip(1).sum::<f64>() - u.len() as f64;
            normal(W[j], tail + x[x.len() - 1] * x.len() as f64, 1.0)
        };
        standard(b) + (0..3).map(row).sum::<f64>()
    });
}

#[test]
fn slices_above_discrete_latents() {
    let data = json(TABLE);
    let model = "mu[2] ~ ordered(Normal(0, 1))\nfor j in 1:3 {\n  z[j] ~ Bernoulli(0.3)\n\
                 y[start[j]:stop[j]] ~ Normal(mu[z[j] + 1] * v[start[j]:stop[j]], 1)\n  w[j] ~ Normal(sum(mu[z[j] + 1] * v[start[j]:stop[j]]), 1)\n}";
    agrees(model, &data, |p| {
        let mu = p.v("mu");
        let group = |j: usize| {
            let under = |k: usize| {
                let own: f64 = (STARTS[j]..STOPS[j]).map(|i| normal(Y[i], mu[k] * V[i], 1.0)).sum();
                let total: f64 = V[STARTS[j]..STOPS[j]].iter().map(|v| mu[k] * v).sum();
                own + normal(W[j], total, 1.0)
            };
            log_sum_exp(&[0.7f64.ln() + under(0), 0.3f64.ln() + under(1)])
        };
        standard(mu) + 2f64.ln() + (0..3).map(group).sum::<f64>()
    });
}

#[test]
fn slices_of_other_lengths_do_not_go_together() {
    let data = json(TABLE);
    let prior = "b[7] ~ Normal(0, 1)\n";
    let said =
        |body: &str, words: &[&str]| refused(&format!("{prior}for j in 1:3 {{ {body} }}"), &data, words);
    said("factor sum(b[start[j]:stop[j]] + b[1:(n[j] + 1)])", &["slices of 2 and 3 elements", "pass 1"]);
    said("y[start[j]:stop[j]] ~ Normal(b[1:(n[j] + 1)], 1)", &["slices of", "pass 1"]);
    said("x[j] = b[start[j]:stop[j]]", &["one element"]);
    said("if v[start[j]:stop[j]] > 0 { factor b[1] }", &["one truth value"]);
    said("for k in 1:v[start[j]:stop[j]] { factor b[1] }", &["one whole number"]);
    said("factor b[start[j]:stop[j]][3]", &["index 3"]);
    said("w[j] ~ Normal(b[start[j]:stop[j]], 1)", &["is scalar"]);
}

#[test]
fn lengths_far_apart() {
    // One long pass among many short ones: filled up by powers of two.
    let lens: Vec<usize> = (0..40).map(|j| if j == 17 { 60 } else { j % 3 }).collect();
    let starts: Vec<usize> = lens
        .iter()
        .scan(1, |next, n| {
            let own = *next;
            *next += n;
            Some(own)
        })
        .collect();
    let stops: Vec<usize> = starts.iter().zip(&lens).map(|(s, n)| s + n - 1).collect();
    let total: usize = lens.iter().sum();
    let data = json(&format!("{{\"start\": {starts:?}, \"stop\": {stops:?}, \"N\": {total}, \"J\": 40}}"));
    let model = "b[N] ~ Normal(0, 1)\nfor j in 1:J {\n  c = cumsum(b[start[j]:stop[j]])\n  factor logsumexp(concat(c[1:0], 1)) + sum(square(c)) / 100\n}";
    agrees(model, &data, |p| {
        let b = p.v("b");
        let of_pass = |j: usize| {
            let mut sum = 0.0;
            let own = &b[starts[j] - 1..starts[j] - 1 + lens[j]];
            1.0 + own
                .iter()
                .map(|x| {
                    sum += x;
                    sum * sum
                })
                .sum::<f64>()
                / 100.0
        };
        standard(b) + (0..40).map(of_pass).sum::<f64>()
    });
}
