//! Elimination against sums over all configurations: coupled chains, trees, rings, several latents, and random models.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use vippl::compile::Compiled;
use vippl::density::LogDensity;
use vippl::posterior::{TablesAt, draw_states};

use crate::by_hand::*;
use crate::harness::*;

/// All ways to choose a 0-based value for each element.
fn mixed_configurations(cards: &[usize]) -> Vec<Vec<usize>> {
    cards.iter().fold(vec![Vec::new()], |all, &card| {
        let extended = |own: &Vec<usize>| {
            let own = own.clone();
            (0..card).map(move |value| own.iter().copied().chain([value]).collect::<Vec<usize>>())
        };
        all.iter().flat_map(extended).collect()
    })
}

/// Holds the density of a model, the probabilities of its states and the most likely ones against sums over all configurations.
/// `cards` are those of all elements of its discrete latents, in the order of their statements.
fn agrees_with_enumeration(
    model: &str,
    data: &str,
    cards: &[usize],
    prior: impl Fn(&Point) -> f64,
    log_joint: impl Fn(&Point, &[usize]) -> f64,
) {
    let configurations = mixed_configurations(cards);
    let logs = |p: &Point| -> Vec<f64> { configurations.iter().map(|own| log_joint(p, own)).collect() };
    let compiled = agrees(model, &json(data), |p| prior(p) + log_sum_exp(&logs(p)));
    for z in some_points(compiled.density.dim(), 2) {
        let logs = logs(&point(&compiled, &z));
        let total = log_sum_exp(&logs);
        let mut element = 0;
        for drawn in draw_states(&compiled.density, &compiled.summed_out, &z, 1, 1) {
            let k = drawn.states.values.len();
            for own in drawn.states.probabilities.chunks(k) {
                for (value, found) in own.iter().enumerate() {
                    let of_value = configurations.iter().zip(&logs).filter(|(own, _)| own[element] == value);
                    let expected: f64 = of_value.map(|(_, log)| (log - total).exp()).sum();
                    assert!(
                        (found - expected).abs() < 1e-10,
                        "{model}\nelement {element}: {found} for {expected}"
                    );
                }
                element += 1;
            }
        }
        assert_eq!(element, cards.len(), "{model}");
        most_likely_values_agree(model, &compiled, &z, &configurations, &logs);
    }
}

/// At one point the most likely values of all elements are those of the most likely configuration.
fn most_likely_values_agree(
    model: &str,
    compiled: &Compiled,
    z: &[f64],
    configurations: &[Vec<usize>],
    logs: &[f64],
) {
    let Compiled { density, summed_out, .. } = compiled;
    let paths = TablesAt { density, summed_out, z, n: 1, seed: 1 }.paths(&[0]);
    let best = (0..logs.len()).max_by(|&a, &b| logs[a].total_cmp(&logs[b])).expect("a configuration");
    let best: &[usize] = &configurations[best];
    let mut first = 0;
    let mut latents: Vec<_> = summed_out.iter().flat_map(|group| &group.latents).collect();
    latents.sort_by_key(|latent| latent.index);
    for (latent, path) in latents.iter().zip(paths) {
        let own = &best[first..first + latent.n_elements()];
        first += own.len();
        if let Some(path) = path {
            let values: Vec<f64> = own.iter().map(|&value| latent.values[value]).collect();
            assert_eq!(path.values, values, "{model}");
            if summed_out.len() == 1 {
                let p = (logs.iter().copied().fold(f64::MIN, f64::max) - log_sum_exp(logs)).exp();
                assert!((path.probability - p).abs() < 1e-10, "{model}\n{} for {p}", path.probability);
            }
        }
    }
}

const GAPS: &str = r#"{"y": [1.0, -0.5, 2.0, 0.3, 1.1], "N": 5, "P": [[0.8, 0.2], [0.3, 0.7]],
    "Q": [[0.5, 0.25, 0.25], [0.1, 0.6, 0.3], [0.2, 0.2, 0.6]],
    "R": [[[0.5, 0.5], [0.2, 0.8]], [[0.9, 0.1], [0.4, 0.6]]], "parent": [1, 1, 1, 2, 2],
    "E": [[0, 1, 1], [1, 0, 0], [1, 0, 0]], "first": [1, 2, 5], "last": [1, 4, 5]}"#;
const Y: [f64; 5] = [1.0, -0.5, 2.0, 0.3, 1.1];
const P: [[f64; 2]; 2] = [[0.8, 0.2], [0.3, 0.7]];
const Q: [[f64; 3]; 3] = [[0.5, 0.25, 0.25], [0.1, 0.6, 0.3], [0.2, 0.2, 0.6]];
const R: [[[f64; 2]; 2]; 2] = [[[0.5, 0.5], [0.2, 0.8]], [[0.9, 0.1], [0.4, 0.6]]];

fn normals(x: &[f64]) -> f64 {
    x.iter().map(|&x| normal(x, 0.0, 1.0)).sum()
}

#[test]
fn two_chains_that_share_what_is_seen() {
    let model = "a[2] ~ Normal(0, 1)\nb[3] ~ Normal(0, 1)\n\
                 u[1] ~ Categorical([0.4, 0.6])\nfor t in 2:N { u[t] ~ Categorical(P[u[t - 1]]) }\n\
                 v[1] ~ Categorical([0.2, 0.3, 0.5])\nfor t in 2:N { v[t] ~ Categorical(Q[v[t - 1]]) }\n\
                 for t in 1:N { y[t] ~ Normal(a[u[t]] + b[v[t]], 1) }";
    let cards = [[2; 5], [3; 5]].concat();
    agrees_with_enumeration(
        model,
        GAPS,
        &cards,
        |p| normals(p.v("a")) + normals(p.v("b")),
        |p, z| {
            let (u, v) = z.split_at(5);
            let (a, b) = (p.v("a"), p.v("b"));
            [0.4f64, 0.6][u[0]].ln()
                + [0.2f64, 0.3, 0.5][v[0]].ln()
                + (1..5).map(|t| P[u[t - 1]][u[t]].ln() + Q[v[t - 1]][v[t]].ln()).sum::<f64>()
                + (0..5).map(|t| normal(Y[t], a[u[t]] + b[v[t]], 1.0)).sum::<f64>()
        },
    );
}

#[test]
fn a_chain_of_the_second_order() {
    let model = "a[2] ~ Normal(0, 1)\nz[1] ~ Categorical([0.4, 0.6])\nz[2] ~ Categorical(P[z[1]])\n\
                 for t in 3:N { z[t] ~ Categorical(R[z[t - 2], z[t - 1]]) }\ny ~ Normal(a[z], 1)";
    agrees_with_enumeration(
        model,
        GAPS,
        &[2; 5],
        |p| normals(p.v("a")),
        |p, z| {
            [0.4f64, 0.6][z[0]].ln()
                + P[z[0]][z[1]].ln()
                + (2..5).map(|t| R[z[t - 2]][z[t - 1]][z[t]].ln()).sum::<f64>()
                + (0..5).map(|t| normal(Y[t], p.v("a")[z[t]], 1.0)).sum::<f64>()
        },
    );
}

#[test]
fn a_switch_over_a_whole_chain() {
    let model = "a[2] ~ Normal(0, 1)\ns ~ Bernoulli(0.3)\nz[1] ~ Categorical([0.4, 0.6])\n\
                 for t in 2:N { z[t] ~ Categorical(P[z[t - 1]]) }\ny ~ Normal(a[z] * (1 + s), 1)";
    agrees_with_enumeration(
        model,
        GAPS,
        &[2; 6],
        |p| normals(p.v("a")),
        |p, own| {
            let (s, z) = (own[0], &own[1..]);
            [0.7f64, 0.3][s].ln()
                + [0.4f64, 0.6][z[0]].ln()
                + (1..5).map(|t| P[z[t - 1]][z[t]].ln()).sum::<f64>()
                + (0..5).map(|t| normal(Y[t], p.v("a")[z[t]] * (1.0 + s as f64), 1.0)).sum::<f64>()
        },
    );
}

#[test]
fn a_tree() {
    let model = "a[2] ~ Normal(0, 1)\nz[1] ~ Categorical([0.4, 0.6])\n\
                 for i in 2:N { z[i] ~ Categorical(P[z[parent[i]]]) }\ny ~ Normal(a[z], 1)";
    agrees_with_enumeration(
        model,
        GAPS,
        &[2; 5],
        |p| normals(p.v("a")),
        |p, z| {
            [0.4f64, 0.6][z[0]].ln()
                + [(0, 1), (0, 2), (1, 3), (1, 4)]
                    .iter()
                    .map(|&(from, to)| P[z[from]][z[to]].ln())
                    .sum::<f64>()
                + (0..5).map(|t| normal(Y[t], p.v("a")[z[t]], 1.0)).sum::<f64>()
        },
    );
}

#[test]
fn a_ring_and_a_hub() {
    for (model, near) in [
        (
            "a ~ Normal(0, 1)\nz[N] ~ Bernoulli(0.4)\nfor i in 2:N { y[i] ~ Normal(a * z[1] * z[i], 1) }",
            [(0, 1), (0, 2), (0, 3), (0, 4)],
        ),
        (
            "a ~ Normal(0, 1)\nz[N] ~ Bernoulli(0.4)\nfor i in 2:N { y[i] ~ Normal(a * z[i - 1] * z[i], 1) }",
            [(0, 1), (1, 2), (2, 3), (3, 4)],
        ),
    ] {
        let ring = format!("{model}\nfactor a * (z[1] != z[N])");
        for (text, closed) in [(model, false), (ring.as_str(), true)] {
            agrees_with_enumeration(
                text,
                GAPS,
                &[2; 5],
                |p| normal(p.s("a"), 0.0, 1.0),
                |p, z| {
                    let edges = near.iter().zip(1..);
                    z.iter().map(|&one| bernoulli(one as f64, 0.4)).sum::<f64>()
                        + edges
                            .map(|(&(i, j), at)| normal(Y[at], p.s("a") * (z[i] * z[j]) as f64, 1.0))
                            .sum::<f64>()
                        + if closed && z[0] != z[4] { p.s("a") } else { 0.0 }
                },
            );
        }
    }
}

#[test]
fn groups_of_groups() {
    let model = "b ~ Normal(0, 1)\nfor i in 1:2 { g[i] ~ Bernoulli(0.3)\n\
                 for j in 1:2 { l[i, j] ~ Bernoulli(0.2 + 0.5 * g[i]); y[2 * i + j - 2] ~ Normal(b * l[i, j] + g[i], 1) } }";
    agrees_with_enumeration(
        model,
        GAPS,
        &[2; 6],
        |p| normal(p.s("b"), 0.0, 1.0),
        |p, z| {
            let (g, l) = z.split_at(2);
            g.iter().map(|&one| bernoulli(one as f64, 0.3)).sum::<f64>()
                + (0..4)
                    .map(|k| {
                        let own = g[k / 2] as f64;
                        bernoulli(l[k] as f64, 0.2 + 0.5 * own)
                            + normal(Y[k], p.s("b") * l[k] as f64 + own, 1.0)
                    })
                    .sum::<f64>()
        },
    );
}

/// Rows in which both indices are the same element, and in which they come in either order.
#[test]
fn a_block_model() {
    let model = "B[2, 2] ~ Normal(0, 1)\nz[3] ~ Categorical([0.4, 0.6])\n\
                 for i in 1:3 { for j in 1:3 { E[i, j] ~ Bernoulli(logit = B[z[i], z[j]]) } }";
    let edges = [[0, 1, 1], [1, 0, 0], [1, 0, 0]];
    agrees_with_enumeration(
        model,
        GAPS,
        &[2; 3],
        |p| normals(p.v("B")),
        |p, z| {
            let own: f64 = z.iter().map(|&own| [0.4f64, 0.6][own].ln()).sum();
            let pairs = (0..9).map(|k| (k / 3, k % 3));
            own + pairs
                .map(|(i, j)| {
                    let p = 1.0 / (1.0 + (-p.v("B")[2 * z[i] + z[j]]).exp());
                    bernoulli(f64::from(edges[i][j]), p)
                })
                .sum::<f64>()
        },
    );
}

#[test]
fn chains_of_several_lengths() {
    let model = "a[2] ~ Normal(0, 1)\nfor i in 1:3 { z[first[i]] ~ Categorical([0.4, 0.6])\n\
                 for t in (first[i] + 1):last[i] { z[t] ~ Categorical(P[z[t - 1]]) } }\ny ~ Normal(a[z], 1)";
    agrees_with_enumeration(
        model,
        GAPS,
        &[2; 5],
        |p| normals(p.v("a")),
        |p, z| {
            [0, 1, 4].iter().map(|&i| [0.4f64, 0.6][z[i]].ln()).sum::<f64>()
                + [(1, 2), (2, 3)].iter().map(|&(from, to)| P[z[from]][z[to]].ln()).sum::<f64>()
                + (0..5).map(|t| normal(Y[t], p.v("a")[z[t]], 1.0)).sum::<f64>()
        },
    );
}

/// Long enough for recursions: chains of uneven lengths, one and two of them coupled, against a forward pass over all states.
#[test]
fn recursions_side_by_side() {
    let lengths = [9usize, 1, 7, 12, 2];
    let n: usize = lengths.iter().sum();
    let starts: Vec<usize> =
        lengths.iter().scan(0, |at, len| Some(std::mem::replace(at, *at + len))).collect();
    let y: Vec<f64> = (0..n).map(|t| (1.7 * t as f64).sin()).collect();
    let data = format!(
        r#"{{"y": {y:?}, "N": {n}, "P": [[0.8, 0.2], [0.3, 0.7]], "Q": [[0.5, 0.25, 0.25], [0.1, 0.6, 0.3], [0.2, 0.2, 0.6]],
            "first": {:?}, "last": {:?}}}"#,
        starts.iter().map(|at| at + 1).collect::<Vec<_>>(),
        starts.iter().zip(lengths).map(|(at, len)| at + len).collect::<Vec<_>>(),
    );
    let chain = |name: &str, first: &str, rows: &str| {
        format!(
            "for i in 1:5 {{ {name}[first[i]] ~ Categorical({first})\n\
             for t in (first[i] + 1):last[i] {{ {name}[t] ~ Categorical({rows}[{name}[t - 1]]) }} }}\n"
        )
    };
    let one = format!("a[2] ~ Normal(0, 1)\n{}y ~ Normal(a[u], 1)", chain("u", "[0.4, 0.6]", "P"));
    let two = format!(
        "a[2] ~ Normal(0, 1)\nb[3] ~ Normal(0, 1)\n{}{}for t in 1:N {{ y[t] ~ Normal(a[u[t]] + b[v[t]], 1) }}",
        chain("u", "[0.4, 0.6]", "P"),
        chain("v", "[0.2, 0.3, 0.5]", "Q")
    );
    for (model, is_two) in [(one, false), (two, true)] {
        agrees(&model, &json(&data), |p| {
            let a = p.v("a");
            let b = if is_two { p.v("b") } else { &[0.0, 0.0, 0.0] };
            let mean = |s: usize| if is_two { a[s / 3] + b[s % 3] } else { a[s / 3] };
            let prior = normals(a) + if is_two { normals(b) } else { 0.0 };
            let of_chain = |(&start, len): (&usize, usize)| {
                let first = |s: usize| ([0.4f64, 0.6][s / 3] * [0.2, 0.3, 0.5][s % 3]).ln();
                let step = |from: usize, to: usize| (P[from / 3][to / 3] * Q[from % 3][to % 3]).ln();
                let mut alpha: Vec<f64> = (0..6).map(|s| first(s) + normal(y[start], mean(s), 1.0)).collect();
                for seen in &y[start + 1..start + len] {
                    alpha = (0..6)
                        .map(|to| {
                            let from: Vec<f64> = (0..6).map(|from| alpha[from] + step(from, to)).collect();
                            log_sum_exp(&from) + normal(*seen, mean(to), 1.0)
                        })
                        .collect();
                }
                log_sum_exp(&alpha)
            };
            prior + starts.iter().zip(lengths).map(of_chain).sum::<f64>()
        });
    }
}

/// Networks of up to seven discrete latents with up to three parents each, and observations of up to three of them.
#[test]
fn random_networks() {
    for seed in 0..40 {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let n = rng.random_range(3..=7);
        let cards: Vec<usize> = (0..n).map(|_| rng.random_range(2..=3)).collect();
        let mut model = String::from("m ~ Normal(0, 1)\n");
        let mut data: Vec<String> = Vec::new();
        let mut tables: Vec<(Vec<usize>, Vec<f64>)> = Vec::new();
        for (i, &card) in cards.iter().enumerate() {
            let parents = some_of(i, 3, &mut rng);
            let rows: usize = parents.iter().map(|&p| cards[p]).product();
            let numbers: Vec<f64> = (0..rows).flat_map(|_| probabilities(card, &mut rng)).collect();
            let axes: Vec<usize> = parents.iter().copied().chain([i]).collect();
            data.push(format!("\"P{i}\": {}", nested(&numbers, &axes, &cards)));
            let read: Vec<String> = parents.iter().map(|p| format!("z{p}")).collect();
            let table = if read.is_empty() { format!("P{i}") } else { format!("P{i}[{}]", read.join(", ")) };
            model += &format!("z{i} ~ Categorical({table})\n");
            tables.push((axes, numbers));
        }
        let mut seen: Vec<(Vec<usize>, Vec<f64>, f64)> = Vec::new();
        for j in 0..rng.random_range(1..=4) {
            let of = some_of(n, 3, &mut rng);
            if of.is_empty() {
                continue;
            }
            let size: usize = of.iter().map(|&i| cards[i]).product();
            let means: Vec<f64> = (0..size).map(|_| rng.random_range(-2.0..2.0)).collect();
            let y: f64 = rng.random_range(-2.0..2.0);
            data.push(format!("\"M{j}\": {}, \"y{j}\": {y}", nested(&means, &of, &cards)));
            let read: Vec<String> = of.iter().map(|i| format!("z{i}")).collect();
            model += &format!("y{j} ~ Normal(m + M{j}[{}], 1)\n", read.join(", "));
            seen.push((of, means, y));
        }
        let at = |axes: &[usize], z: &[usize]| axes.iter().fold(0, |flat, &i| flat * cards[i] + z[i]);
        agrees_with_enumeration(
            &model,
            &format!("{{{}}}", data.join(", ")),
            &cards,
            |p| normal(p.s("m"), 0.0, 1.0),
            |p, z| {
                tables.iter().map(|(axes, numbers)| numbers[at(axes, z)].ln()).sum::<f64>()
                    + seen
                        .iter()
                        .map(|(of, means, y)| normal(*y, p.s("m") + means[at(of, z)], 1.0))
                        .sum::<f64>()
            },
        );
    }
}

/// Up to `most` of 0..n, in any order.
fn some_of(n: usize, most: usize, rng: &mut impl Rng) -> Vec<usize> {
    let mut left: Vec<usize> = (0..n).collect();
    let count = rng.random_range(0..=most.min(n));
    (0..count).map(|_| left.remove(rng.random_range(0..left.len()))).collect()
}

fn probabilities(card: usize, rng: &mut impl Rng) -> Vec<f64> {
    let raw: Vec<f64> = (0..card).map(|_| rng.random_range(0.1..1.0)).collect();
    let total: f64 = raw.iter().sum();
    raw.iter().map(|x| x / total).collect()
}

/// Numbers as nested JSON arrays, one level for each axis.
fn nested(numbers: &[f64], axes: &[usize], cards: &[usize]) -> String {
    let Some((&first, rest)) = axes.split_first() else { return format!("{:?}", numbers[0]) };
    let parts = numbers.chunks(numbers.len() / cards[first]).map(|part| nested(part, rest, cards));
    format!("[{}]", parts.collect::<Vec<String>>().join(", "))
}

#[test]
fn what_is_coupled_too_closely_is_an_error_with_its_treewidth() {
    let model = "z[30] ~ Bernoulli(0.5)\nfor i in 1:30 { for j in (i + 1):30 { factor 0.1 * z[i] * z[j] } }";
    refused(model, &json("{}"), &["z[1]", "treewidth of 29"]);
}

#[test]
fn whole_latents_in_one_number() {
    let models = [
        ("y[1] ~ Normal(a * sum(z), 1)", 1),
        ("y[1] ~ Normal(a * sum(z[1:4]) + a * z[5], 1)", 1),
        ("for i in 1:N { y[i] ~ Normal(a * sum(z), 1) }", 5),
        ("y ~ Normal(a * sum(z), 1)", 5),
        ("s = a * z\ny ~ Normal(sum(s), 1)", 5),
        ("y ~ Normal(ones(N) * (a * (ones(N) @ z)), 1)", 5),
    ];
    for (statement, n) in models {
        agrees_with_enumeration(
            &format!("a ~ Normal(0, 1)\nz[N] ~ Bernoulli(0.3)\n{statement}"),
            GAPS,
            &[2; 5],
            |p| normal(p.s("a"), 0.0, 1.0),
            |p, z| {
                let total: usize = z.iter().sum();
                z.iter().map(|&one| bernoulli(one as f64, 0.3)).sum::<f64>()
                    + Y[..n].iter().map(|&y| normal(y, p.s("a") * total as f64, 1.0)).sum::<f64>()
            },
        );
    }
}

/// The mean of all and the own element in one statement.
#[test]
fn all_and_one() {
    agrees_with_enumeration(
        "a ~ Normal(0, 1)\nz[N] ~ Bernoulli(0.3)\ny ~ Normal(a * mean(z) + z, 1)",
        GAPS,
        &[2; 5],
        |p| normal(p.s("a"), 0.0, 1.0),
        |p, z| {
            let mean = z.iter().sum::<usize>() as f64 / 5.0;
            z.iter().map(|&one| bernoulli(one as f64, 0.3)).sum::<f64>()
                + (0..5).map(|i| normal(Y[i], p.s("a") * mean + z[i] as f64, 1.0)).sum::<f64>()
        },
    );
}

#[test]
fn matrices_of_discrete_latents() {
    let data = r#"{"M": [[1.0, -0.5, 2.0], [0.3, 1.1, -0.2]], "p": [0.2, 0.5, 0.7], "U": [[1.0, 2.0], [0.5, -1.0], [0.3, 0.4]], "v": [1.0, 2.0, 3.0]}"#;
    let m = [[1.0, -0.5, 2.0], [0.3, 1.1, -0.2]];
    for model in [
        "b ~ Normal(0, 1)\nz[2, 3] ~ Bernoulli(p)\nM ~ Normal(b * z + v, 1)",
        "b ~ Normal(0, 1)\nz[2, 3] ~ Bernoulli(p)\nfor i in 1:2 { for j in 1:3 { M[i, j] ~ Normal(b * z[i, j] + v[j], 1) } }",
        "b ~ Normal(0, 1)\nz[2, 3] ~ Bernoulli(p)\nfor i in 1:2 { M[i] ~ Normal(b * z[i, :] + v, 1) }",
    ] {
        agrees_with_enumeration(
            model,
            data,
            &[2; 6],
            |p| normal(p.s("b"), 0.0, 1.0),
            |p, z| {
                (0..6)
                    .map(|k| {
                        let (i, j) = (k / 3, k % 3);
                        bernoulli(z[k] as f64, [0.2, 0.5, 0.7][j])
                            + normal(m[i][j], p.s("b") * z[k] as f64 + [1.0, 2.0, 3.0][j], 1.0)
                    })
                    .sum()
            },
        );
    }
    let model =
        "B[2, 2] ~ Normal(0, 1)\nz[3] ~ Categorical([0.4, 0.6])\nv ~ Normal(sum(U * B[z], axis = 2), 1)";
    let u = [[1.0, 2.0], [0.5, -1.0], [0.3, 0.4]];
    agrees_with_enumeration(
        model,
        data,
        &[2; 3],
        |p| normals(p.v("B")),
        |p, z| {
            (0..3)
                .map(|i| {
                    let mean: f64 = (0..2).map(|k| u[i][k] * p.v("B")[2 * z[i] + k]).sum();
                    [0.4f64, 0.6][z[i]].ln() + normal(i as f64 + 1.0, mean, 1.0)
                })
                .sum()
        },
    );
}

#[test]
fn slices_of_discrete_latents_whose_length_changes() {
    for statement in [
        "y[i] ~ Normal(a * sum(z[1:i]), 1)",
        "y[i] ~ Normal(sum(a * z[1:i]), 1)",
        "y[i] ~ Normal(a * dot(z[1:i], ones(i)), 1)",
    ] {
        agrees_with_enumeration(
            &format!("a ~ Normal(0, 1)\nz[3] ~ Bernoulli(0.3)\nfor i in 1:3 {{ {statement} }}"),
            GAPS,
            &[2; 3],
            |p| normal(p.s("a"), 0.0, 1.0),
            |p, z| {
                let mean = |i: usize| p.s("a") * z[..=i].iter().sum::<usize>() as f64;
                z.iter().map(|&one| bernoulli(one as f64, 0.3)).sum::<f64>()
                    + (0..3).map(|i| normal(Y[i], mean(i), 1.0)).sum::<f64>()
            },
        );
    }
}

/// Capture histories of animals that are first seen at different times.
#[test]
fn ragged_arrays_of_discrete_latents() {
    let data = r#"{"c": [[1, 0, 1], [0, 1, 0]], "first": [1, 2]}"#;
    let model = "p ~ Beta(2, 2)\nfor i in 1:2 { z[i, first[i]] ~ Bernoulli(1)\n\
                 for t in (first[i] + 1):3 { z[i, t] ~ Bernoulli(0.8 * z[i, t - 1]); c[i, t] ~ Bernoulli(p * z[i, t]) } }";
    let seen = [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]];
    let at = |z: &[usize], i: usize, t: usize| if i == 0 { z[t] } else { z[2 + t] } as f64;
    agrees_with_enumeration(
        model,
        data,
        &[2; 5],
        |p| beta(p.s("p"), 2.0, 2.0),
        |p, z| {
            let mut log = 0.0;
            for (i, seen) in seen.iter().enumerate() {
                log += bernoulli(at(z, i, i), 1.0);
                for (t, seen) in seen.iter().enumerate().skip(i + 1) {
                    log += bernoulli(at(z, i, t), 0.8 * at(z, i, t - 1))
                        + bernoulli(*seen, p.s("p") * at(z, i, t));
                }
            }
            log
        },
    );
}

#[test]
fn discrete_latents_without_elements() {
    for model in [
        "a ~ Normal(0, 1)\nz[0] ~ Bernoulli(0.5)\ny ~ Normal(a, 1)",
        "a ~ Normal(0, 1)\nz[0] ~ Bernoulli(0.5)\ny ~ Normal(a + sum(z), 1)",
        "a ~ Normal(0, 1)\nz[2] ~ Bernoulli(1)\nfor i in 1:N { y[i] ~ Normal(a + sum(z[2:1]), 1) }",
    ] {
        agrees(model, &json(GAPS), |p| {
            normal(p.s("a"), 0.0, 1.0) + Y.iter().map(|&y| normal(y, p.s("a"), 1.0)).sum::<f64>()
        });
    }
}
