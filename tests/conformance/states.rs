//! Probabilities and draws of discrete latents against sums over all their configurations, and models with them run forwards.

use vippl::check;
use vippl::compile::{Compiled, simulator};
use vippl::data::Dataset;
use vippl::density::LogDensity;
use vippl::posterior::{Drawn, draw_states};
use vippl::source::Source;
use vippl::syntax;

use crate::by_hand::*;
use crate::harness::*;

const TOLERANCE: f64 = 1e-11;

/// The states of the only discrete latent at `n` times the same point.
fn states(compiled: &Compiled, z: &[f64], n: usize) -> Drawn {
    let points: Vec<f64> = z.iter().flat_map(|x| std::iter::repeat_n(*x, n)).collect();
    let mut drawn = draw_states(&compiled.density, &compiled.summed_out, &points, n, 1);
    assert_eq!(drawn.len(), 1);
    drawn.remove(0)
}

/// Holds marginal probabilities and joint draws of elements with the values 1, ..., k against `log_joint` of 0-based configurations,
/// at a few points.
fn states_agree(
    model: &str,
    data: &Dataset,
    (elements, k): (usize, usize),
    log_joint: impl Fn(&Point, &[usize]) -> f64,
) {
    const N_DRAWS: usize = 4_000;
    let compiled = compiled(model, data);
    for z in some_points(compiled.density.dim(), 3) {
        let point = point(&compiled, &z);
        let configurations = configurations(elements, k);
        let logs: Vec<f64> = configurations.iter().map(|own| log_joint(&point, own)).collect();
        let total = log_sum_exp(&logs);
        let joint: Vec<f64> = logs.iter().map(|log| (log - total).exp()).collect();
        let drawn = states(&compiled, &z, N_DRAWS);
        for element in 0..elements {
            for (value, found) in drawn.states.of_element(element).iter().enumerate() {
                let own = configurations.iter().zip(&joint).filter(|(own, _)| own[element] == value);
                let expected: f64 = own.map(|(_, p)| p).sum();
                assert!(
                    (found - expected).abs() < TOLERANCE,
                    "{model}\nP({element} is {value}): {found} for {expected}"
                );
            }
        }
        let n = N_DRAWS as f64;
        for (own, p) in configurations.iter().zip(&joint) {
            let is_own = |draw: &usize| {
                own.iter()
                    .enumerate()
                    .all(|(i, &value)| drawn.draws[i * N_DRAWS + draw] == value as f64 + 1.0)
            };
            let found = (0..N_DRAWS).filter(is_own).count() as f64 / n;
            let error = (p * (1.0 - p) / n).sqrt();
            assert!((found - p).abs() < 5.0 * error + 2.0 / n, "{model}\n{own:?}: {found} for {p}");
        }
    }
}

const Y: [f64; 6] = [1.0, -0.5, 2.0, 0.3, 1.1, -1.2];

#[test]
fn responsibilities_of_a_mixture() {
    let data = json(r#"{"y": [1.0, -0.5, 2.0, 0.3, 1.1, -1.2], "N": 6}"#);
    let whole = "w ~ Dirichlet([1, 2, 3])\nmu[3] ~ Normal(0, 2)\nz[N] ~ Categorical(w)\ny ~ Normal(mu[z], 1)";
    let looped = "w ~ Dirichlet([1, 2, 3])\nmu[3] ~ Normal(0, 2)\n\
                  for i in 1:N { z[i] ~ Categorical(w); y[i] ~ Normal(mu[z[i]], 1) }";
    let backwards = "w ~ Dirichlet([1, 2, 3])\nmu[3] ~ Normal(0, 2)\n\
                     for i in 1:N { z[N + 1 - i] ~ Categorical(w); y[N + 1 - i] ~ Normal(mu[z[N + 1 - i]], 1) }";
    for model in [whole, looped, backwards] {
        let compiled = compiled(model, &data);
        for z in some_points(compiled.density.dim(), 3) {
            let p = point(&compiled, &z);
            let drawn = states(&compiled, &z, 3);
            for (i, y) in Y.iter().enumerate() {
                let logs: Vec<f64> =
                    (0..3).map(|s| p.v("w")[s].ln() + normal(*y, p.v("mu")[s], 1.0)).collect();
                let total = log_sum_exp(&logs);
                for (s, log) in logs.iter().enumerate() {
                    let found = drawn.states.of_element(i)[s];
                    assert!((found - (log - total).exp()).abs() < TOLERANCE, "{model}\n{i} {s} {found}");
                }
            }
        }
    }
}

#[test]
fn chains_of_all_forms() {
    let data = json(r#"{"y": [1.0, -0.5, 2.0, 0.3, 1.1, -1.2], "N": 6}"#);
    let likelihood =
        |p: &Point, z: &[usize]| -> f64 { z.iter().zip(Y).map(|(&s, y)| normal(y, p.v("mu")[s], 1.0)).sum() };
    // A homogeneous chain.
    let model = "mu[3] ~ Normal(0, 2)\nP[3] ~ Dirichlet([1, 1, 1])\nz[1] ~ Categorical([0.2, 0.3, 0.5])\n\
                 for t in 2:N { z[t] ~ Categorical(P[z[t - 1]]) }\ny ~ Normal(mu[z], 1)";
    states_agree(model, &data, (6, 3), |p, z| {
        let steps = z.windows(2).map(|pair| p.v("P")[pair[0] * 3 + pair[1]].ln());
        [0.2f64, 0.3, 0.5][z[0]].ln() + steps.sum::<f64>() + likelihood(p, z)
    });
    // Two chains of one length, three of different lengths, through pairs that vary from edge to edge.
    let even = (vec![1, 2], vec![(1, 3), (2, 4), (3, 5), (4, 6)]);
    let ragged = (vec![1, 3, 4], vec![(1, 2), (4, 5), (5, 6)]);
    for (roots, edges) in [even, ragged] {
        let strengths: Vec<f64> = (0..edges.len()).map(|e| 0.4 * e as f64 - 0.7).collect();
        let list = |all: Vec<String>| all.join(", ");
        let data = json(&format!(
            r#"{{"y": [1.0, -0.5, 2.0, 0.3, 1.1, -1.2], "N": 6, "R": {}, "E": {}, "root": [{}], "from": [{}], "to": [{}], "s": [{}]}}"#,
            roots.len(),
            edges.len(),
            list(roots.iter().map(ToString::to_string).collect()),
            list(edges.iter().map(|edge| edge.0.to_string()).collect()),
            list(edges.iter().map(|edge| edge.1.to_string()).collect()),
            list(strengths.iter().map(ToString::to_string).collect()),
        ));
        let model = "mu[2] ~ Normal(0, 2)\nz[N] ~ Categorical([0.4, 0.6])\n\
                     for e in 1:E { factor where(z[from[e]] == z[to[e]], s[e], mu[z[to[e]]]) }\n\
                     for i in 1:R { factor 0.3 * z[root[i]] }\ny ~ Normal(mu[z], 1)";
        states_agree(model, &data, (6, 2), |p, z| {
            let pairs = edges.iter().zip(&strengths).map(|(&(from, to), s)| {
                let (a, b) = (z[from - 1], z[to - 1]);
                if a == b { *s } else { p.v("mu")[b] }
            });
            let starts = roots.iter().map(|&root| 0.3 * (z[root - 1] as f64 + 1.0));
            let priors = z.iter().map(|&s| [0.4f64, 0.6][s].ln());
            priors.sum::<f64>() + pairs.sum::<f64>() + starts.sum::<f64>() + likelihood(p, z)
        });
    }
}

/// The textbook's recursions, each step scaled to sum to 1.
fn forward_backward(first: &[f64], transition: &[Vec<f64>], likelihood: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let (n, k) = (likelihood.len(), first.len());
    let scaled = |v: Vec<f64>| -> Vec<f64> {
        let sum: f64 = v.iter().sum();
        v.into_iter().map(|x| x / sum).collect()
    };
    let mut forward = vec![scaled((0..k).map(|s| first[s] * likelihood[0][s]).collect())];
    for t in 1..n {
        let before = |s: usize| (0..k).map(|r| forward[t - 1][r] * transition[r][s]).sum::<f64>();
        forward.push(scaled((0..k).map(|s| before(s) * likelihood[t][s]).collect()));
    }
    let mut backward = vec![vec![1.0; k]; n];
    for t in (0..n - 1).rev() {
        let after =
            |s: usize| (0..k).map(|r| transition[s][r] * likelihood[t + 1][r] * backward[t + 1][r]).sum();
        backward[t] = scaled((0..k).map(after).collect());
    }
    (0..n).map(|t| scaled((0..k).map(|s| forward[t][s] * backward[t][s]).collect())).collect()
}

#[test]
fn a_long_chain_with_states_that_cannot_be_left() {
    let n = 60;
    let y: Vec<f64> = (0..n).map(|t| (t as f64 * 0.7).sin() * 2.0 + t as f64 / 20.0).collect();
    let text: Vec<String> = y.iter().map(ToString::to_string).collect();
    let data = json(&format!(
        r#"{{"y": [{}], "N": {n}, "P": [[0.9, 0.1, 0], [0, 0.8, 0.2], [0, 0, 1]]}}"#,
        text.join(", ")
    ));
    let model = "mu[3] ~ Normal(0, 2)\nz[1] ~ Categorical([0.5, 0.5, 0])\n\
                 for t in 2:N { z[t] ~ Categorical(P[z[t - 1]]) }\ny ~ Normal(mu[z], 1)";
    let compiled = compiled(model, &data);
    let transition = vec![vec![0.9, 0.1, 0.0], vec![0.0, 0.8, 0.2], vec![0.0, 0.0, 1.0]];
    for z in some_points(3, 3) {
        let mu = point(&compiled, &z).v("mu").to_vec();
        let of = |y: &f64| mu.iter().map(|mu| normal(*y, *mu, 1.0).exp()).collect();
        let expected = forward_backward(&[0.5, 0.5, 0.0], &transition, &y.iter().map(of).collect::<Vec<_>>());
        let drawn = states(&compiled, &z, 500);
        for (t, expected) in expected.iter().enumerate() {
            for (found, expected) in drawn.states.of_element(t).iter().zip(expected) {
                assert!((found - expected).abs() < TOLERANCE, "{t}: {found} for {expected}");
            }
        }
        for draw in 0..500 {
            let path: Vec<f64> = (0..n).map(|t| drawn.draws[t * 500 + draw]).collect();
            assert!(
                path[0] < 3.0 && path.windows(2).all(|pair| (0.0..2.0).contains(&(pair[1] - pair[0]))),
                "{path:?}"
            );
        }
    }
}

/// What either element says alone, and what binds them, differ by factors that no exponential holds.
#[test]
fn weights_beyond_the_range_of_exponentials() {
    let model = "a ~ Normal(0, 1)\nz[2] ~ Categorical([0.5, 0.5])\n\
                 factor where(z[1] == 1, 2000, 0)\nfactor where(z[2] == 1, a, 0)\n\
                 factor where(z[1] == z[2], 0, where(z[1] == 1, -2000, -1000)) + where(z[1] == 2, 1 + 1999 * (z[2] - 1), 0)";
    let compiled = compiled(model, &json("{}"));
    for z in some_points(1, 3) {
        let a = point(&compiled, &z).s("a");
        let log_joint = |z: &[usize]| -> f64 {
            let (first, second) = (z[0] == 0, z[1] == 0);
            let alone = if first { 2000.0 } else { 0.0 } + if second { a } else { 0.0 };
            let bound = if first == second {
                0.0
            } else if first {
                -2000.0
            } else {
                -1000.0
            };
            alone + bound + if first { 0.0 } else { 1.0 + if second { 0.0 } else { 1999.0 } }
        };
        let configurations = configurations(2, 2);
        let logs: Vec<f64> = configurations.iter().map(|own| log_joint(own)).collect();
        let total = log_sum_exp(&logs);
        let drawn = states(&compiled, &z, 10);
        for element in 0..2 {
            let own = configurations.iter().zip(&logs).filter(|(own, _)| own[element] == 0);
            let expected: f64 = own.map(|(_, log)| (log - total).exp()).sum();
            let found = drawn.states.of_element(element)[0];
            assert!((found - expected).abs() < TOLERANCE, "{element}: {found} for {expected}");
        }
    }
}

#[test]
fn a_number_of_unseen_animals() {
    let data = json(r#"{"seen": [12, 15, 9]}"#);
    let model = "p ~ Uniform(0, 1)\nn ~ DiscreteUniform(15, 60)\nseen ~ Binomial(n, p)";
    let compiled = compiled(model, &data);
    for z in some_points(1, 3) {
        let p = point(&compiled, &z).s("p");
        let log_binomial = |n: f64, x: f64| {
            let choose: f64 = (1..=x as usize).map(|i| ((n - x + i as f64) / i as f64).ln()).sum();
            choose + x * p.ln() + (n - x) * (-p).ln_1p()
        };
        let log_joint = |n: f64| [12.0, 15.0, 9.0].iter().map(|x| log_binomial(n, *x)).sum::<f64>();
        let logs: Vec<f64> = (15..=60).map(|n| log_joint(f64::from(n))).collect();
        let total = log_sum_exp(&logs);
        let drawn = states(&compiled, &z, 2);
        assert_eq!(drawn.states.values, (15..=60).map(f64::from).collect::<Vec<f64>>());
        for (found, log) in drawn.states.probabilities.iter().zip(&logs) {
            assert!((found - (log - total).exp()).abs() < TOLERANCE);
        }
        let mean: f64 = (15..=60).zip(&logs).map(|(n, log)| f64::from(n) * (log - total).exp()).sum();
        assert!((drawn.states.mean(0) - mean).abs() < 1e-9);
    }
}

#[test]
fn the_first_of_more_draws_are_the_same() {
    let data = json(r#"{"y": [1.0, -0.5, 2.0, 0.3, 1.1, -1.2], "N": 6}"#);
    let compiled = compiled("mu[2] ~ Normal(0, 2)\nz[N] ~ Bernoulli(0.5)\ny ~ Normal(mu[z + 1], 1)", &data);
    let points = some_points(2, 130);
    let draws = |n: usize| {
        let z: Vec<f64> = (0..2).flat_map(|i| points[..n].iter().map(move |point| point[i])).collect();
        draw_states(&compiled.density, &compiled.summed_out, &z, n, 7).remove(0).draws
    };
    let (few, many) = (draws(70), draws(130));
    for element in 0..6 {
        assert_eq!(few[element * 70..][..70], many[element * 130..][..70]);
    }
    assert!(many.contains(&0.0) && many.contains(&1.0));
}

#[test]
fn errors_are_those_of_averages_over_points() {
    let data = json(r#"{"y": [1.0, -0.5, 2.0, 0.3, 1.1, -1.2], "N": 6}"#);
    let model = "mu[3] ~ Normal(0, 2)\nz[N] ~ Categorical([0.2, 0.3, 0.5])\ny ~ Normal(mu[z], 1)";
    let compiled = compiled(model, &data);
    const N: usize = 130;
    let points = some_points(3, N);
    let z: Vec<f64> = (0..3).flat_map(|i| points.iter().map(move |point| point[i])).collect();
    let all = draw_states(&compiled.density, &compiled.summed_out, &z, N, 7).remove(0);
    let alone: Vec<Drawn> = points.iter().map(|point| states(&compiled, point, 1)).collect();
    let error = |x: &dyn Fn(&Drawn) -> f64| {
        let mean = alone.iter().map(x).sum::<f64>() / N as f64;
        let squares: f64 = alone.iter().map(|own| (x(own) - mean).powi(2)).sum();
        (mean, (squares / (N as f64 - 1.0) / N as f64).sqrt())
    };
    for element in 0..6 {
        for value in 0..3 {
            let (mean, expected) = error(&|own| own.states.of_element(element)[value]);
            assert!((all.states.of_element(element)[value] - mean).abs() < TOLERANCE);
            let found = all.states.errors[element * 3 + value];
            assert!((found - expected).abs() < TOLERANCE, "{found} for {expected}");
            // One value against the others has no more than its own error.
            let of_one = all.states.error(element, |x| if x == value as f64 + 1.0 { 5.0 } else { 3.0 });
            assert!((of_one - 2.0 * expected).abs() < TOLERANCE, "{of_one} for twice {expected}");
        }
        let (_, expected) = error(&|own| own.states.mean(element));
        assert!((all.mcse[element] - expected).abs() < TOLERANCE);
        let bound = all.states.error(element, |x| x);
        assert!(bound >= expected - TOLERANCE && bound < 3.0 * expected, "{bound} for {expected}");
    }
    let same = states(&compiled, &points[0], 100);
    assert!(same.states.errors.iter().chain(&same.mcse).all(|error| *error == 0.0));
}

/// A draw of the observed variables, by name.
fn simulated(model: &str, data: &Dataset, name: &str) -> Vec<f64> {
    let source = Source::new("model.vim", model);
    let file = syntax::parse(&source).expect("a model");
    let checked = check::check(&source, &file, Some(&summary(data))).expect("a model");
    let simulator = simulator(&checked.model, data).unwrap_or_else(|error| panic!("{model}\n{error:?}"));
    let (mut state, fixed) = simulator.start(data);
    simulator.draw(&mut state, &fixed, &[11]).expect("a model that can be run forwards");
    let array = simulator.arrays().iter().find(|array| array.name == name).expect("an array");
    state[array.offset..array.offset + array.len()].to_vec()
}

/// 0-based states that observations 100 apart tell.
fn told(y: &[f64]) -> Vec<usize> {
    y.iter().map(|y| (y / 100.0).round() as usize).collect()
}

#[test]
fn chains_run_forwards() {
    let n = 400;
    let zeros = vec!["0"; n].join(", ");
    let data =
        json(&format!(r#"{{"y": [{zeros}], "N": {n}, "P": [[0.9, 0.1, 0], [0, 0.7, 0.3], [0.5, 0, 0.5]]}}"#));
    let model = "z[1] ~ Categorical([0, 1, 0])\nfor t in 2:N { z[t] ~ Categorical(P[z[t - 1]]) }\n\
                 y ~ Normal(100 * (z - 1), 1)";
    let looped = "z[1] ~ Categorical([0, 1, 0])\nfor t in 2:N { z[t] ~ Categorical(P[z[t - 1]]) }\n\
                  m = [0, 100, 200]\nfor t in 1:N { y[t] ~ Normal(m[z[t]], 1) }";
    for model in [model, looped] {
        let y = simulated(model, &data, "y");
        let path = told(&y);
        assert_eq!(path[0], 1);
        let rows = [[0.9, 0.1, 0.0], [0.0, 0.7, 0.3], [0.5, 0.0, 0.5]];
        for (from, row) in rows.iter().enumerate() {
            let steps: Vec<usize> =
                path.windows(2).filter(|pair| pair[0] == from).map(|pair| pair[1]).collect();
            let visits = steps.len() as f64;
            assert!(visits > 20.0, "{from}: {visits}");
            for (to, &p) in row.iter().enumerate() {
                let share = steps.iter().filter(|step| **step == to).count() as f64 / visits;
                assert!((share - p).abs() <= 4.0 * (p * (1.0 - p) / visits).sqrt(), "{from} {to}: {share}");
            }
        }
    }
}

#[test]
fn plates_run_forwards() {
    let n = 300;
    let zeros = vec!["0"; n].join(", ");
    let groups: Vec<String> = (0..n).map(|i| (i % 30 + 1).to_string()).collect();
    let data = json(&format!(
        r#"{{"y": [{zeros}], "x": [{zeros}], "N": {n}, "J": 30, "g": [{}]}}"#,
        groups.join(", ")
    ));
    // What a latent decides is the same for all that read it: rows of a group, and a second observation.
    let model = "z[J] ~ Bernoulli(0.4)\ny ~ Normal(where(z[g] == 1, 100, 0), 1)\nx ~ Normal(200 * z[g], 1)";
    let (y, x) = (simulated(model, &data, "y"), simulated(model, &data, "x"));
    let (y, x) = (told(&y), told(&x));
    for i in 0..n {
        assert_eq!((y[i], 2 * y[i]), (y[i % 30], x[i]), "{i}");
    }
    let share = y[..30].iter().sum::<usize>() as f64 / 30.0;
    assert!((share - 0.4).abs() < 4.0 * (0.24f64 / 30.0).sqrt() && share > 0.0, "{share}");
    // A single latent over all rows, and one that another one decides.
    let model = "tau ~ DiscreteUniform(100, 200)\nk ~ Categorical(where(tau > 0, [0, 1, 0], [1, 0, 0]))\n\
                 for i in 1:N { y[i] ~ Normal(where(i <= tau, 0, 100 * k), 1) }";
    let y = told(&simulated(model, &data, "y"));
    let change = y.iter().position(|y| *y > 0).expect("a change");
    assert!((100..=200).contains(&change), "{change}");
    assert!(y[change..].iter().all(|y| *y == 2));
}

/// What is computed of discrete latents and observed by nothing is found from draws of their states, shape and all.
#[test]
fn what_is_computed_of_states_is_described() {
    let data = json(r#"{"y": [1.0, -0.5, 2.0, 0.3], "N": 4}"#);
    let of = |text: &str| {
        let model =
            format!("mu[2] ~ Normal(0, 1)\nz[N] ~ Categorical([0.4, 0.6])\ny ~ Normal(mu[z], 1)\n{text}");
        compiled(&model, &data).variables.into_iter().find(|variable| variable.name == "s").expect("s").dims
    };
    assert_eq!(of("s = sum(z == 2)"), [0; 0]);
    assert_eq!(of("s = mu[z] * 2"), [4]);
    assert_eq!(of("s = cumsum(z)"), [4]);
    assert_eq!(of("for i in 1:N { s[i] = mu[z[i]] - 1 }"), [4]);
    let used = "z[20] ~ Bernoulli(0.3)\nN = sum(z)\ny[1] ~ Normal(N, 1)";
    refused(used, &json(r#"{"y": [1.0]}"#), &["z", "element by element"]);
    let wrong = "z[20] ~ Bernoulli(0.3)\ny[1] ~ Normal(z[1], 1)\nN = sum(z + [1, 2, 3])";
    refused(wrong, &json(r#"{"y": [1.0]}"#), &["20", "3"]);
}
