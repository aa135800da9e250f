//! Discrete latents from a fit to its answers: probabilities, questions, files, samples, new data.

mod common;

use common::prepare_csv;
use vippl::inference::SampleOptions;
use vippl::posterior::{AnswerKind, Posterior, fit_file};
use vippl::report::json;
use vippl::session::{self, FitRequest, Prepared, SampleRequest};
use vippl::simulate::simulate;

fn fit(prepared: &Prepared) -> Posterior {
    prepared.fit(&FitRequest::default(), &mut |_| {}).unwrap_or_else(|report| panic!("{report:?}"))
}

/// Values and errors of a question that has one number for each element.
fn asked(prepared: &Prepared, posterior: &Posterior, question: &str) -> (Vec<f64>, Vec<f64>) {
    let answer = session::answer(posterior, prepared.scope(), question);
    match answer.unwrap_or_else(|report| panic!("{question}: {report:?}")).kind {
        AnswerKind::Fixed { values, errors: Some(errors) } => (values, errors),
        other => panic!("{question}: {other:?}"),
    }
}

fn refused(prepared: &Prepared, posterior: &Posterior, question: &str) -> String {
    match session::answer(posterior, prepared.scope(), question) {
        Ok(answer) => panic!("{question}: {answer:?}"),
        Err(report) => format!("{report:?}").split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

fn normal(x: f64, mean: f64) -> f64 {
    (-0.5 * (x - mean) * (x - mean)).exp()
}

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} for {expected}");
}

const DATA: &str = "y\n0.8\n-1.5\n2.5\n";

/// Nothing else is latent: all is exact.
#[test]
fn answers_without_continuous_latents_are_exact() {
    let prepared = prepare_csv("z[rows] ~ Bernoulli(0.3)\ny ~ Normal(z, 1)", DATA);
    let posterior = fit(&prepared);
    let expected = [0.8, -1.5, 2.5].map(|y| {
        let (on, off) = (0.3 * normal(y, 1.0), 0.7 * normal(y, 0.0));
        on / (on + off)
    });
    for (question, of) in [
        ("P(z == 1)", (|p| p) as fn(f64) -> f64),
        ("mean(z)", |p| p),
        ("P(1 > z)", |p| 1.0 - p),
        ("sd(3 - 2 * z)", |p| 2.0 * (p * (1.0 - p)).sqrt()),
        ("mode(z)", |p| f64::from(p > 0.5)),
        ("median(z)", |p| f64::from(p > 0.5)),
    ] {
        let (values, errors) = asked(&prepared, &posterior, question);
        assert_eq!(errors, [0.0; 3], "{question}");
        values.iter().zip(expected).for_each(|(found, p)| close(*found, of(p), 1e-12));
    }
    close(asked(&prepared, &posterior, "P(z[2] == 1)").0[0], expected[1], 1e-12);
    // Of two elements draws tell.
    let (both, error) = asked(&prepared, &posterior, "P(z[1] == z[3])");
    let p = expected[0] * expected[2] + (1.0 - expected[0]) * (1.0 - expected[2]);
    assert!(error[0] > 0.0);
    close(both[0], p, 5.0 * error[0]);
    let whole = json::fit(&posterior);
    let first = &whole["parameters"]["z[1]"];
    close(first["probabilities"]["1"].as_f64().expect("a number"), expected[0], 1e-12);
    close(first["mean"].as_f64().expect("a number"), expected[0], 1e-12);
    assert_eq!(first["mode"], 0.0);
}

#[test]
fn what_is_asked_of_the_wrong_thing_is_told() {
    let prepared = prepare_csv("m ~ Normal(0, 2)\nz[rows] ~ Bernoulli(0.3)\ny ~ Normal(m + z, 1)", DATA);
    let posterior = fit(&prepared);
    let continuous = refused(&prepared, &posterior, "mode(m)");
    assert!(continuous.contains("mode(...) takes a discrete latent; this is continuous"), "{continuous}");
    assert!(continuous.contains("`mode(z)`"), "{continuous}");
    assert!(refused(&prepared, &posterior, "P(z)").contains("takes a condition"), "P(z)");
    assert!(refused(&prepared, &posterior, "mode()").contains("found nothing"), "mode()");
    // Functions of both kinds of latents are taken over draws.
    let (values, _) = asked(&prepared, &posterior, "mean(m + z)");
    let (of_m, of_z) = (asked(&prepared, &posterior, "mean(m)"), asked(&prepared, &posterior, "mean(z)"));
    values.iter().zip(&of_z.0).for_each(|(sum, z)| close(*sum, of_m.0[0] + z, 0.15));
}

const CHAIN: &str = "mu[2] ~ ordered(Normal(0, 3))\nz[1] ~ Categorical([0.5, 0.5])\n\
                     for t in 2:rows { z[t] ~ Categorical(where(z[t - 1] == 1, [0.8, 0.2], [0.3, 0.7])) }\ny ~ Normal(mu[z], 1)";
const SERIES: &str = "y\n0.1\n-0.4\n0.6\n4.2\n3.7\n2.1\n0.3\n5.1\n4.4\n3.9\n-0.8\n0.2\n";

#[test]
fn a_sample_has_the_probabilities_of_a_fit() {
    let prepared = prepare_csv(CHAIN, SERIES);
    let posterior = fit(&prepared);
    let options = SampleOptions { n_warmup: 300, n_draws: 500, ..SampleOptions::default() };
    let sample = prepared
        .sample(&SampleRequest { options, loo: false }, &|_| {})
        .unwrap_or_else(|report| panic!("{report:?}"));
    let (of_fit, of_sample) = (&posterior.quantities[1], &sample.quantities[1]);
    assert_eq!((of_fit.name.as_str(), of_sample.name.as_str()), ("z", "z"));
    let states =
        [posterior.states_of(of_fit), sample.states_of(of_sample)].map(|states| states.expect("states"));
    for (a, b) in states[0].probabilities.iter().zip(&states[1].probabilities) {
        close(*a, *b, 0.04);
    }
    // Draws agree with the probabilities, of both.
    for (posterior, quantity, states) in [(&posterior, of_fit, states[0]), (&sample, of_sample, states[1])] {
        for element in 0..quantity.len() {
            let row = posterior.draws.row(quantity.offset + element);
            let share = row.iter().filter(|z| **z == 2.0).count() as f64 / row.len() as f64;
            let p = states.of_element(element)[1];
            close(share, p, 5.0 * (p * (1.0 - p) / row.len() as f64).sqrt() + 0.002);
            let sum: f64 = states.of_element(element).iter().sum();
            close(sum, 1.0, 1e-12);
        }
    }
}

#[test]
fn files_keep_states_and_new_data_are_made_with_them() {
    let prepared = prepare_csv(CHAIN, SERIES);
    let posterior = fit(&prepared);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("fit.json");
    fit_file::write(&posterior, &path).expect("written");
    let read = fit_file::read(&path).expect("read");
    assert_eq!(read.states, posterior.states);
    assert_eq!(read.summaries, posterior.summaries);
    let question = "P(z == 2)";
    assert_eq!(asked(&prepared, &read, question), asked(&prepared, &posterior, question));
    // The states of a fit are those of its draws: what is simulated is near the data where the state is sure.
    let simulated = simulate(&prepared.model, &prepared.dataset, Some(&read), 200, 1).expect("simulates");
    let mean = |i: usize| simulated.sets.iter().map(|set| set[i]).sum::<f64>() / 200.0;
    assert!(mean(0) < 1.0 && mean(7) > 3.0 && mean(8) > 3.0, "{} {} {}", mean(0), mean(7), mean(8));
}

/// Several latents are independent given all others, and so are their draws.
#[test]
fn draws_of_several_latents_are_independent() {
    let model = "z[rows] ~ Bernoulli(0.5)\nw[rows] ~ Bernoulli(0.5)\ny ~ Normal(z, 1)\nx ~ Normal(w, 1)";
    let prepared = prepare_csv(model, "y,x\n0.5,0.5\n");
    let posterior = fit(&prepared);
    let (both, error) = asked(&prepared, &posterior, "P(z[1] == w[1])");
    close(both[0], 0.5, 5.0 * error[0]);
}

/// 1100 rows of two kinds, those from the 551st on of the second; one of them is missing.
fn long_mixture() -> Prepared {
    let y = |i: usize| (i as f64 * 0.7).sin() + if i < 550 { 0.0 } else { 4.0 };
    let cell = |i: usize| if i == 700 { "NA".to_string() } else { format!("{:.4}", y(i)) };
    let data: String = (0..1100).map(|i| cell(i) + "\n").collect();
    let model =
        "m ~ Normal(0, 1)\nfor i in 1:rows { z[i] ~ Categorical([0.5, 0.5]) }\ny ~ Normal(4 * z - 4, 1)";
    prepare_csv(model, &format!("y\n{data}"))
}

#[test]
fn long_latents_have_probabilities_and_leave_all_draws_to_others() {
    let prepared = long_mixture();
    let posterior = fit(&prepared);
    assert_eq!(posterior.draws.n_draws(), 4000);
    assert!(posterior.warnings.is_empty(), "{:?}", posterior.warnings);
    let z = posterior.quantity("z").expect("it is reported");
    assert!(!posterior.has_draws(z) && posterior.has_draws(posterior.quantity("m").expect("reported")));
    let names: Vec<&str> = posterior.quantities.iter().map(|quantity| quantity.name.as_str()).collect();
    assert_eq!(names, ["m", "y", "z"]);
    let y = (2.0f64 * 0.7).sin();
    let expected = normal(4.0, y) / (normal(0.0, y) + normal(4.0, y));
    close(asked(&prepared, &posterior, "P(z[3] == 2)").0[0], expected, 1e-4);
    close(asked(&prepared, &posterior, "mean(z[3])").0[0], 1.0 + expected, 1e-4);
    assert_eq!(asked(&prepared, &posterior, "mode(z[702:1100])").0, [2.0; 399]);
    // Nothing was observed of its row.
    close(asked(&prepared, &posterior, "P(z[701] == 2)").0[0], 0.5, 1e-12);
    let missing = &posterior.summaries_of(posterior.quantity("y").expect("reported"))[0];
    close(missing.mean.expect("a number"), 2.0, 5.0 * missing.mcse.expect("a number"));
    for question in ["P(z[1] == z[2])", "mean(m * z[1])"] {
        let words = refused(&prepared, &posterior, question);
        assert!(words.contains("their probabilities are known") && words.contains("--draws"), "{words}");
    }
    match session::answer(&posterior, prepared.scope(), "z[3]").expect("known").kind {
        AnswerKind::Random(summaries) => assert_eq!(summaries, [posterior.summaries_of(z)[2]]),
        other => panic!("{other:?}"),
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("fit.json");
    fit_file::write(&posterior, &path).expect("written");
    let read = fit_file::read(&path).expect("read");
    assert_eq!(read.states, posterior.states);
    assert!(!read.has_draws(read.quantity("z").expect("kept")));
    let question = "P(z[549:552] == 2)";
    assert_eq!(asked(&prepared, &read, question), asked(&prepared, &posterior, question));
    let error = simulate(&prepared.model, &prepared.dataset, Some(&read), 1, 1).err().expect("no draws");
    assert!(error.to_string().contains("no draws"), "{error}");
    // Fewer draws of all are few enough.
    let request = FitRequest { n_draws: 200, ..FitRequest::default() };
    let fewer = prepared.fit(&request, &mut |_| {}).expect("it can be fitted");
    let (both, _) = asked(&prepared, &fewer, "P(z[1] == z[2])");
    assert!(both[0] > 0.9, "{both:?}");
}

/// A deterministic name of discrete latents is a function of their draws.
#[test]
fn counts_of_states_come_back_with_a_fit() {
    let rows: String = (0..30)
        .map(|i| format!("{}\n", if i % 3 == 0 { 3.0 } else { -3.0 } + 0.1 * f64::from(i % 7)))
        .collect();
    let data = format!("y\n{rows}");
    let model = "mu ~ ordered(Normal([-2, 2], 1))\nz[rows] ~ Categorical([0.5, 0.5])\ny ~ Normal(mu[z], 1)\n\
                 n_high = sum(z == 2)\nlevel = mu[z]\nfirst_two = z[1] + z[2]\n";
    let prepared = prepare_csv(model, &data);
    let posterior = fit(&prepared);
    let (count, _) = asked(&prepared, &posterior, "mean(n_high)");
    let (of_rows, _) = asked(&prepared, &posterior, "mean(z == 2)");
    assert!((count[0] - of_rows.iter().sum::<f64>()).abs() < 0.02, "{count:?} {of_rows:?}");
    assert!((count[0] - 10.0).abs() < 0.1, "{count:?}");
    let (level, _) = asked(&prepared, &posterior, "mean(level)");
    let (mu, _) = asked(&prepared, &posterior, "mean(mu)");
    assert!((level[0] - mu[1]).abs() < 0.05 && (level[1] - mu[0]).abs() < 0.05, "{level:?} {mu:?}");
    let (same, _) = asked(&prepared, &posterior, "P(n_high == sum(z == 2))");
    assert_eq!(same, [1.0]);
    let (sum, _) = asked(&prepared, &posterior, "P(first_two == z[1] + z[2])");
    assert_eq!(sum, [1.0]);
}

#[test]
fn draws_of_a_latent_choose_elements() {
    let model = "mu[2] ~ ordered(Normal(0, 3))\nz[rows] ~ Categorical([0.5, 0.5])\ny ~ Normal(mu[z], 1)";
    let prepared = prepare_csv(model, "y\n0.3\n4\n2\n-0.5\n4.4\n");
    let posterior = fit(&prepared);
    let [mu, z] = ["mu", "z"].map(|name| posterior.quantity(name).expect("reported").offset);
    let n = posterior.draws.n_draws();
    let chosen = |i: usize, draw: usize| {
        let z = posterior.draws.row(z + i)[draw];
        posterior.draws.row(mu + z as usize - 1)[draw]
    };
    let expected: Vec<f64> =
        (0..5).map(|i| (0..n).map(|draw| chosen(i, draw)).sum::<f64>() / n as f64).collect();
    let (found, _) = asked(&prepared, &posterior, "mean(mu[z])");
    found.iter().zip(&expected).for_each(|(found, expected)| close(*found, *expected, 1e-12));
    close(asked(&prepared, &posterior, "mean(mu[z[3]])").0[0], expected[2], 1e-12);
    close(asked(&prepared, &posterior, "mean(mu[z[2:3]])").0[1], expected[2], 1e-12);
    // An index beyond the ends has no value.
    assert!(asked(&prepared, &posterior, "mean(mu[z[2] + 2])").0[0].is_nan());
}
