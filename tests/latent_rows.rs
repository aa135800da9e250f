//! Models with a latent for each row and point estimates: probabilistic PCA against its closed form, a decoder, simulation.

mod common;

use common::{elements, package, prepare_csv};
use vippl::inference::FitOptions;
use vippl::posterior::Posterior;
use vippl::session::{FitRequest, Prepared};
use vippl::simulate::simulate;

/// The first `rows` rows of an example's data: the text of a CSV file, and the numbers.
fn table(example: &str, rows: usize) -> (String, Vec<Vec<f64>>) {
    let path = package().join("examples").join(example).join("data.csv");
    let text = std::fs::read_to_string(path).expect("the data of an example");
    let text: String = text.lines().take(rows + 1).map(|line| format!("{line}\n")).collect();
    let parse = |line: &str| line.split(',').map(|cell| cell.parse().expect("a number")).collect();
    let numbers = text.lines().skip(1).map(parse).collect();
    (text, numbers)
}

fn fit(prepared: &Prepared, seed: u64) -> Posterior {
    let posterior = fit_as_far_as_it_goes(prepared, seed);
    assert!(posterior.fit().expect("a fit").converged, "{:?}", posterior.warnings);
    posterior
}

/// The ELBO is a lower bound wherever the optimiser stops.
fn fit_as_far_as_it_goes(prepared: &Prepared, seed: u64) -> Posterior {
    let options = FitOptions { seed, ..FitOptions::default() };
    let request = FitRequest { options, n_draws: 200, ..FitRequest::default() };
    prepared.fit(&request, &mut |_| {}).unwrap_or_else(|report| panic!("{report:?}"))
}

fn ppca(columns: usize, latents: usize) -> String {
    let names: Vec<String> = (1..=columns).map(|j| format!("x{j}")).collect();
    format!(
        "param W[{latents}, {columns}]\nparam m[{columns}]\nparam s in (0, inf)\n\
         z[rows, {latents}] ~ Normal(0, 1)\ncbind({}) ~ Normal(z @ W + m, s)\n",
        names.join(", ")
    )
}

/// Noise variance, W'W + s² I and log likelihood at their maximum (Tipping & Bishop 1999, equations 7, 8 and 3).
fn closed_form(x: &[Vec<f64>], latents: usize) -> (f64, Vec<Vec<f64>>, f64) {
    let (n, d) = (x.len() as f64, x[0].len());
    let mean: Vec<f64> = (0..d).map(|j| x.iter().map(|row| row[j]).sum::<f64>() / n).collect();
    let covariance = faer::Mat::from_fn(d, d, |i, j| {
        x.iter().map(|row| (row[i] - mean[i]) * (row[j] - mean[j])).sum::<f64>() / n
    });
    let eigen = covariance.self_adjoint_eigen(faer::Side::Lower).expect("eigenvalues");
    // in ascending order
    let (value, vector) = (|k: usize| eigen.S()[k], |i: usize, k: usize| eigen.U()[(i, k)]);
    let noise = (0..d - latents).map(value).sum::<f64>() / (d - latents) as f64;
    let kept = d - latents..d;
    let element = |i: usize, j: usize| {
        let own = kept.clone().map(|k| vector(i, k) * vector(j, k) * (value(k) - noise)).sum::<f64>();
        own + if i == j { noise } else { 0.0 }
    };
    let model = (0..d).map(|i| (0..d).map(|j| element(i, j)).collect()).collect();
    let log_determinant =
        kept.clone().map(|k| value(k).ln()).sum::<f64>() + (d - latents) as f64 * noise.ln();
    let log_likelihood =
        -0.5 * n * (d as f64 * (2.0 * std::f64::consts::PI).ln() + log_determinant + d as f64);
    (noise, model, log_likelihood)
}

/// Within 0.1%, for one and two latents: noise variance, covariance of the model, ELBO = log likelihood.
#[test]
fn probabilistic_pca_is_its_closed_form() {
    let (data, x) = table("ppca", 150);
    for latents in [1, 2] {
        let posterior = fit(&prepare_csv(&ppca(6, latents), &data), 1);
        let found = elements(&posterior);
        let mean = |name: &str| found[name].mean.expect("a mean");
        let (noise, covariance, log_likelihood) = closed_form(&x, latents);
        let s2 = mean("s").powi(2);
        assert!((s2 / noise - 1.0).abs() < 1e-3, "{latents}: s² {s2}, not {noise}");
        for i in 0..6 {
            for j in 0..6 {
                let w = |k: usize, i: usize| mean(&format!("W[{},{}]", k + 1, i + 1));
                let own =
                    (0..latents).map(|k| w(k, i) * w(k, j)).sum::<f64>() + if i == j { s2 } else { 0.0 };
                let size = (covariance[i][i] * covariance[j][j]).sqrt();
                assert!((own - covariance[i][j]).abs() < 1e-3 * size, "{latents}: [{i},{j}] {own}");
            }
        }
        let elbo = posterior.fit().expect("a fit").elbo.expect("an ELBO");
        assert!((elbo.value / log_likelihood - 1.0).abs() < 1e-3, "{latents}: {elbo:?} {log_likelihood}");
        // a bound, tight because the posterior of a row factorises at the maximum
        assert!(elbo.value < log_likelihood + 4.0 * elbo.se + 1e-6, "{latents}: {elbo:?} {log_likelihood}");
    }
}

fn decoder(hidden: usize) -> String {
    format!(
        "param W1[1, {hidden}]\nparam b1[{hidden}]\nparam W2[{hidden}, 5]\nparam b2[5]\nparam s in (0, inf)\n\
         z[rows, 1] ~ Normal(0, 1)\n\
         cbind(x1, x2, x3, x4, x5) ~ Normal(tanh(z @ W1 + b1) @ W2 + b2, s)\n"
    )
}

/// By more than 10 standard errors of both ELBOs, whatever the seed.
fn decoder_beats_the_linear_model(rows: usize, hidden: usize) {
    let (data, _) = table("decoder", rows);
    let linear = fit(&prepare_csv(&ppca(5, 1), &data), 1).fit().expect("a fit").elbo.expect("an ELBO");
    let prepared = prepare_csv(&decoder(hidden), &data);
    for seed in 1..=5 {
        let elbo = fit_as_far_as_it_goes(&prepared, seed).fit().expect("a fit").elbo.expect("an ELBO");
        let (gain, error) = (elbo.value - linear.value, elbo.se.hypot(linear.se));
        println!("seed {seed}: {:.1} ± {:.3}, linear {:.1}: {gain:.1}", elbo.value, elbo.se, linear.value);
        assert!(gain > 10.0 * error, "seed {seed}: {elbo:?} {linear:?}");
        // and not by a hair: the noise is what made the data, not the bends of the curve
        assert!(gain > rows as f64, "seed {seed}: {gain}");
    }
}

#[test]
fn a_decoder_beats_the_linear_model_on_a_curve() {
    decoder_beats_the_linear_model(60, 5);
}

#[test]
#[ignore = "minutes without optimisation: cargo test --release --test latent_rows -- --ignored"]
fn a_decoder_beats_the_linear_model_on_all_of_the_curve() {
    decoder_beats_the_linear_model(1000, 8);
}

/// Latents of rows are drawn anew: the covariance of simulated rows is W'W + s² I, not that of the data's rows.
#[test]
fn simulated_rows_have_the_moments_of_the_model() {
    let (data, x) = table("ppca", 100);
    let prepared = prepare_csv(&ppca(6, 1), &data);
    let posterior = fit(&prepared, 1);
    let (_, covariance, _) = closed_form(&x, 1);
    let simulated = simulate(&prepared.model, &prepared.dataset, Some(&posterior), 60, 1).expect("simulates");
    assert_eq!(simulated.variables.len(), 6);
    let n = 6000.0;
    let column = |j: usize| -> Vec<f64> {
        simulated.sets.iter().flat_map(|set| set[100 * j..100 * (j + 1)].to_vec()).collect()
    };
    for i in 0..6 {
        for j in 0..6 {
            let (a, b) = (column(i), column(j));
            let mean = |x: &[f64]| x.iter().sum::<f64>() / n;
            let (ma, mb) = (mean(&a), mean(&b));
            let found = a.iter().zip(&b).map(|(a, b)| (a - ma) * (b - mb)).sum::<f64>() / n;
            let size = (covariance[i][i] * covariance[j][j]).sqrt();
            assert!((found - covariance[i][j]).abs() < 5.0 * (2.0 / n).sqrt() * size, "[{i},{j}] {found}");
        }
    }
    let again = simulate(&prepared.model, &prepared.dataset, Some(&posterior), 2, 1).expect("simulates");
    assert_eq!(again.sets, simulated.sets[..2], "the first of more sets are the same");
    assert_ne!(
        simulate(&prepared.model, &prepared.dataset, Some(&posterior), 1, 2).expect("simulates").sets[0],
        again.sets[0]
    );
}

/// Draws from the prior of models of every kind of statement: means of what is observed, over many sets.
#[test]
fn priors_are_run_forwards() {
    let data: String = std::iter::once("g,y\n".to_string())
        .chain((0..12).map(|i| format!("{},{}\n", ["a", "b", "c"][i % 3], i as f64 / 10.0)))
        .collect();
    // mean and sd of the last row of y under the prior
    let cases = [
        ("mu ~ Normal(3, 1)\ny ~ Normal(mu, 2)", 3.0, 5.0_f64.sqrt()),
        ("a[g] ~ Normal(1, 1)\ntau ~ Gamma(4, 4)\ny ~ Normal(a[g] * 2 + tau, 1)", 3.0, 5.25_f64.sqrt()),
        ("for i in 1:rows {\n  u[i] ~ Normal(i, 1)\n  y[i] ~ Normal(u[i], 1)\n}", 12.0, 2.0_f64.sqrt()),
        // y[1] stays what the data say, and each next one is drawn from the last
        (
            "s ~ Uniform(1, 1.0001)\nfor t in 2:rows {\n  y[t] ~ Normal(1 + y[t - 1], s)\n}",
            11.0,
            11.0_f64.sqrt(),
        ),
        (
            "z[1] ~ Normal(0, 1)\nfor t in 2:rows {\n  z[t] ~ Normal(0.5 * z[t - 1], 1)\n}\ny ~ Normal(z, 1)",
            0.0,
            (4.0_f64 / 3.0 + 1.0).sqrt(),
        ),
        ("w ~ Dirichlet([1, 1])\ny ~ mixture(w, Normal([0, 4], 1))", 2.0, 5.0_f64.sqrt()),
    ];
    for (model, mean, sd) in cases {
        let n = 2000;
        let prepared = prepare_csv(model, &data);
        let simulated = simulate(&prepared.model, &prepared.dataset, None, n, 3)
            .unwrap_or_else(|r| panic!("{model}: {r:?}"));
        assert_eq!(simulated.variables[0].name, "y", "{model}");
        let last: Vec<f64> = simulated.sets.iter().map(|set| set[11]).collect();
        let found = last.iter().sum::<f64>() / n as f64;
        let variance = last.iter().map(|x| (x - found).powi(2)).sum::<f64>() / n as f64;
        assert!((found - mean).abs() < 4.0 * sd / (n as f64).sqrt(), "{model}: mean {found}");
        assert!((variance.sqrt() / sd - 1.0).abs() < 0.08, "{model}: sd {}", variance.sqrt());
    }
}

/// Real draws stay real where the data happen to be whole; the levels of a group are not rows, however many there are.
#[test]
fn simulated_sets_follow_the_fit() {
    let data = "g,y\na,5\nb,-5\nc,9\nd,2\n";
    let prepared = prepare_csv("m[g] ~ Normal(0, 100)\ny ~ Normal(m[g], 0.01)", data);
    let posterior = fit(&prepared, 1);
    let simulated = simulate(&prepared.model, &prepared.dataset, Some(&posterior), 20, 1).expect("simulates");
    assert_eq!(simulated.variables[0].element, vippl::types::ElementType::Real);
    for set in &simulated.sets {
        for (y, observed) in set.iter().zip([5.0, -5.0, 9.0, 2.0]) {
            assert!((y - observed).abs() < 0.1 && y.fract() != 0.0, "{set:?}");
        }
    }
}

#[test]
fn what_cannot_be_simulated_is_refused_with_words() {
    let data = "y\n1.5\n2.5\n3.5\n";
    for (model, words) in [
        ("param m\ny ~ Normal(m, 1)", "has no distribution"),
        ("m ~ Flat()\ny ~ Normal(m, 1)", "no way to draw"),
        ("m ~ Normal(0, 1)\ny ~ Normal(m, 1)\nfactor -m^2", "cannot be simulated"),
        ("m ~ Normal(0, 1)\nlog(y) ~ Normal(m, 1)", "computed from the data"),
        ("m ~ Normal(0, 1)", "nothing is observed"),
    ] {
        let prepared = prepare_csv(model, data);
        let error = match simulate(&prepared.model, &prepared.dataset, None, 1, 1) {
            Ok(_) => panic!("{model} is simulated"),
            Err(error) => format!("{error:?}"),
        };
        let flat = error.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "{model}: {error}");
    }
}
