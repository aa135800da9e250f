//! Fits with missing data against closed forms, and what is asked of them and reported.

mod common;

use vippl::compile::CompileOptions;
use vippl::data::Dataset;
use vippl::posterior::{AnswerKind, Posterior, Summary, fit_file};
use vippl::report::{Style, json, text};
use vippl::session::{self, EvidenceChoice, FitRequest, Prepared, SampleRequest};
use vippl::source::Source;

/// Means and sds of Gaussian posteriors that q holds exactly.
const TOLERANCE: f64 = 2e-3;
/// Moments of draws, in Monte Carlo standard errors.
const STANDARD_ERRORS: f64 = 4.5;

fn prepare(model: &str, data: &str) -> Prepared {
    let source = Source::new("model.vim", model);
    let dataset = match data.starts_with('{') {
        true => Dataset::from_json("data.json", data),
        false => Dataset::from_csv("data.csv", data),
    };
    let dataset = dataset.expect("the test's data are well formed").0;
    session::prepare_in_memory(&source, dataset, &CompileOptions::default())
        .unwrap_or_else(|report| panic!("{model}\n{report:?}"))
}

fn fit(prepared: &Prepared) -> Posterior {
    let request = FitRequest { loo: true, ..FitRequest::default() };
    prepared.fit(&request, &mut |_| ()).unwrap_or_else(|report| panic!("{report:?}"))
}

fn summary(posterior: &Posterior, element: &str) -> Summary {
    for quantity in &posterior.quantities {
        for (k, summary) in posterior.summaries_of(quantity).iter().enumerate() {
            if quantity.element_name(k) == element {
                return *summary;
            }
        }
    }
    panic!("no {element}")
}

/// Mean and sd of an element, held to these.
fn is_normal(posterior: &Posterior, element: &str, mean: f64, sd: f64) {
    let Summary { mean: Some(found_mean), sd: Some(found_sd), mcse, .. } = summary(posterior, element) else {
        panic!("{element} has no moments");
    };
    let error = mcse.unwrap_or(0.0);
    let of_mean = (STANDARD_ERRORS * error).max(TOLERANCE * sd);
    assert!((found_mean - mean).abs() <= of_mean, "{element}: mean {found_mean}, exactly {mean}, {error}");
    // The sd of a Gaussian's sample sd is that of its mean over the square root of 2.
    let of_sd = (STANDARD_ERRORS * error / 2f64.sqrt()).max(TOLERANCE * sd);
    assert!((found_sd - sd).abs() <= of_sd, "{element}: sd {found_sd}, exactly {sd}, {error}");
}

/// Solves `a[n][n] x = b` for a positive definite matrix.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for k in 0..n {
        for i in k + 1..n {
            let factor = a[i][k] / a[k][k];
            let (above, below) = a.split_at_mut(i);
            below[0].iter_mut().zip(&above[k]).for_each(|(x, y)| *x -= factor * y);
            b[i] -= factor * b[k];
        }
    }
    for k in (0..n).rev() {
        let known: f64 = (k + 1..n).map(|j| a[k][j] * b[j]).sum();
        b[k] = (b[k] - known) / a[k][k];
    }
    b
}

/// Means and sds of the unknown entries of a Gaussian vector of mean 0 and this precision, given the others.
fn conditional(precision: &[Vec<f64>], known: &[Option<f64>]) -> Vec<(f64, f64)> {
    let unknown: Vec<usize> = (0..known.len()).filter(|&i| known[i].is_none()).collect();
    let a: Vec<Vec<f64>> =
        unknown.iter().map(|&i| unknown.iter().map(|&j| precision[i][j]).collect()).collect();
    let b = unknown
        .iter()
        .map(|&i| -(0..known.len()).map(|j| precision[i][j] * known[j].unwrap_or(0.0)).sum::<f64>());
    let mean = solve(a.clone(), b.collect());
    let unit = |k: usize| (0..unknown.len()).map(|i| f64::from(u8::from(i == k))).collect();
    (0..unknown.len()).map(|k| (mean[k], solve(a.clone(), unit(k))[k].sqrt())).collect()
}

/// Adds `(c . v)^2 / variance` to a quadratic form.
fn add_square(precision: &mut [Vec<f64>], c: &[(usize, f64)], variance: f64) {
    for &(i, a) in c {
        for &(j, b) in c {
            precision[i][j] += a * b / variance;
        }
    }
}

#[test]
fn a_regression_is_that_of_the_rows_with_a_response() {
    let model = "a ~ Normal(0, 2)\nb ~ Normal(0, 2)\ny ~ Normal(a + b * x, 0.7)";
    let x = [-1.0, 0.5, 2.0, 3.0, 1.0, -2.0];
    let y = [Some(0.3), Some(1.4), None, Some(3.1), None, Some(-1.2)];
    let shown = |y: &Option<f64>| y.map_or("NA".to_string(), |y| y.to_string());
    let rows = |keep: &dyn Fn(&Option<f64>) -> bool| -> String {
        let own = x.iter().zip(&y).filter(|(_, y)| keep(y));
        "x,y\n".to_string() + &own.map(|(x, y)| format!("{x},{}\n", shown(y))).collect::<String>()
    };
    let whole = fit(&prepare(model, &rows(&|_| true)));
    let without = fit(&prepare(model, &rows(&Option::is_some)));
    for name in ["a", "b"] {
        assert_eq!(summary(&whole, name), summary(&without, name), "{name}");
    }
    // Of a, b and what is missing: each is Gaussian.
    let mut precision = vec![vec![0.0; 8]; 8];
    add_square(&mut precision, &[(0, 1.0)], 4.0);
    add_square(&mut precision, &[(1, 1.0)], 4.0);
    for (k, x) in x.iter().enumerate() {
        add_square(&mut precision, &[(2 + k, 1.0), (0, -1.0), (1, -x)], 0.49);
    }
    let known: Vec<Option<f64>> = [None, None].into_iter().chain(y).collect();
    let exact = conditional(&precision, &known);
    for (element, (mean, sd)) in ["a", "b", "y[3]", "y[5]"].into_iter().zip(exact) {
        is_normal(&whole, element, mean, sd);
    }
    let loo = whole.loo.as_ref().expect("asked for");
    assert_eq!(
        loo.elpd,
        without.loo.as_ref().expect("asked for").elpd,
        "what is observed is left out, nothing else"
    );
}

#[test]
fn a_bivariate_normal_with_missing_entries() {
    let model = "m[2] ~ Normal(0, 2)\nS = [[1.0, 0.6], [0.6, 2.0]]\ny ~ MvNormal(m, S)";
    let y = [[Some(0.3), None], [Some(1.4), Some(2.0)], [None, Some(-1.0)], [Some(-0.5), None], [None, None]];
    let cell = |y: &Option<f64>| y.map_or("null".to_string(), |y| y.to_string());
    let rows: Vec<String> = y.iter().map(|row| format!("[{}, {}]", cell(&row[0]), cell(&row[1]))).collect();
    let posterior = fit(&prepare(model, &format!("{{\"y\": [{}]}}", rows.join(", "))));
    let determinant = 2.0 - 0.36;
    let inverse = [[2.0 / determinant, -0.6 / determinant], [-0.6 / determinant, 1.0 / determinant]];
    let n = 2 + 2 * y.len();
    let mut precision = vec![vec![0.0; n]; n];
    precision.iter_mut().take(2).enumerate().for_each(|(j, row)| row[j] += 0.25);
    for row in 0..y.len() {
        for (j, inverse) in inverse.iter().enumerate() {
            for (k, value) in inverse.iter().enumerate() {
                let (a, b) = (2 + 2 * row + j, 2 + 2 * row + k);
                precision[a][b] += value;
                precision[a][k] -= value;
                precision[j][b] -= value;
                precision[j][k] += value;
            }
        }
    }
    let known: Vec<Option<f64>> = [None, None].into_iter().chain(y.into_iter().flatten()).collect();
    let names = ["m[1]", "m[2]", "y[1,2]", "y[3,1]", "y[4,2]", "y[5,1]", "y[5,2]"];
    for (element, (mean, sd)) in names.into_iter().zip(conditional(&precision, &known)) {
        is_normal(&posterior, element, mean, sd);
    }
}

#[test]
fn a_series_with_gaps_is_smoothed() {
    let model = "y[1] ~ Normal(0, 2)\nfor t in 2:rows { y[t] ~ Normal(0.8 * y[t - 1], 0.5) }";
    let mut y: Vec<Option<f64>> = (0..60).map(|t| Some((f64::from(t) * 0.3).sin() * 2.0)).collect();
    let gaps = [0, 7, 8, 9, 10, 22, 23, 40, 58, 59];
    gaps.iter().for_each(|&t| y[t] = None);
    let data = "y\n".to_string()
        + &y.iter().map(|y| y.map_or("NA\n".into(), |y| format!("{y}\n"))).collect::<String>();
    let posterior = fit(&prepare(model, &data));
    let mut precision = vec![vec![0.0; 60]; 60];
    add_square(&mut precision, &[(0, 1.0)], 4.0);
    (1..60).for_each(|t| add_square(&mut precision, &[(t, 1.0), (t - 1, -0.8)], 0.25));
    for (t, (mean, sd)) in gaps.into_iter().zip(conditional(&precision, &y)) {
        is_normal(&posterior, &format!("y[{}]", t + 1), mean, sd);
    }
    assert_eq!(posterior.quantities.len(), 1);
}

#[test]
fn chains_say_the_same() {
    let model = "b ~ Normal(0, 1)\nx ~ Normal(0, 1)\ny ~ Normal(x, 0.5)\nw ~ Normal(b, 1)";
    let data = "x,y,w\nNA,1.5,1\n0.2,0.3,NA\nNA,-0.5,2\nNA,NA,NA\n";
    let prepared = prepare(model, data);
    let sampled = prepared.sample(&SampleRequest::default(), &|_| ()).expect("it can be sampled");
    // One of the variance of b, with two observations, and of the observation itself.
    let w = (1.0, (1.0 + 1.0 / 3.0f64).sqrt());
    for posterior in [&fit(&prepared), &sampled] {
        for (element, y) in [("x[1]", 1.5), ("x[3]", -0.5)] {
            is_normal(posterior, element, y / 1.25, 0.2f64.sqrt());
        }
        is_normal(posterior, "x[4]", 0.0, 1.0);
        is_normal(posterior, "y[4]", 0.0, 1.25f64.sqrt());
        is_normal(posterior, "w[2]", w.0, w.1);
        is_normal(posterior, "w[4]", w.0, w.1);
    }
    let x = sampled.quantity("x").expect("it is reported");
    let w = sampled.quantity("w").expect("it is reported");
    assert_eq!(sampled.convergence_of(x).len(), 3);
    assert_eq!(sampled.convergence_of(w).len(), 2);
    assert!(sampled.convergence_of(w).iter().all(|own| own.r_hat.is_some_and(|r_hat| r_hat < 1.05)));
}

#[test]
fn counts_are_drawn_from_their_predictive() {
    let model = "r ~ Gamma(3, 1)\nn ~ Poisson(r)";
    let posterior = fit(&prepare(model, "n\n2\nNA\n4\n3\n"));
    // r is Gamma(3 + 9, 1 + 3) by the data, and n given them negative binomial.
    let (mean, sd) = (12.0 / 4.0, f64::sqrt(12.0 / 4.0 + 12.0 / 16.0));
    let Summary { mean: Some(found), sd: Some(found_sd), mcse: Some(error), .. } =
        summary(&posterior, "n[2]")
    else {
        panic!("no moments");
    };
    assert!((found - mean).abs() < STANDARD_ERRORS * error, "{found} against {mean}");
    assert!((found_sd / sd - 1.0).abs() < 0.08, "{found_sd} against {sd}");
    let row = posterior.quantity("n").expect("it is reported").offset;
    assert!(posterior.draws.row(row).iter().all(|n| n.fract() == 0.0 && *n >= 0.0));
}

#[test]
fn the_evidence_is_that_of_what_was_observed() {
    let model = "x ~ Normal(0, 1)\ny ~ Normal(x, 0.5)";
    let prepared = prepare(model, "x,y\nNA,1.5\n0.2,NA\n");
    let request = FitRequest { evidence: vec![EvidenceChoice::Bounds], ..FitRequest::default() };
    let posterior = prepared.fit(&request, &mut |_| ()).expect("it can be fitted");
    let normal =
        |x: f64, variance: f64| -0.5 * (x * x / variance + (2.0 * std::f64::consts::PI * variance).ln());
    let exact = normal(1.5, 1.25) + normal(0.2, 1.0);
    let elbo = posterior.fit().and_then(|fit| fit.elbo).expect("it is finite");
    assert!((elbo.value - exact).abs() < 1e-3 + 4.0 * elbo.se, "{} against {exact}", elbo.value);
    assert!(posterior.evidence);
}

#[test]
fn imputed_entries_are_asked_for_as_elements_of_their_column() {
    let model = "m ~ Normal(0, 1)\nx ~ Normal(m, 1)\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)";
    let prepared = prepare(model, "x,y\n0.5,1\nNA,0.5\n1.5,NA\n");
    let posterior = fit(&prepared);
    let ask = |line: &str, with_data: bool| {
        let scope = prepared.scope();
        let scope = if with_data { scope } else { vippl::posterior::Scope { dataset: None, ..scope } };
        session::answer(&posterior, scope, line)
    };
    for with_data in [true, false] {
        for (line, name) in [("x[2]", "x[2]"), ("y[3]", "y[3]")] {
            let answer = ask(line, with_data).expect("it is known");
            assert_eq!(answer.names, [name]);
            let AnswerKind::Random(found) = &answer.kind else { panic!("{line} varies") };
            assert_eq!(found[0], summary(&posterior, name));
        }
    }
    let observed = ask("x[1]", true).expect("it is known");
    let AnswerKind::Fixed { values, errors: None } = &observed.kind else { panic!("it does not vary") };
    assert_eq!(values, &[0.5]);
    assert!(ask("x[1]", false).is_err());
    let AnswerKind::Fixed { values, .. } = ask("mean(x)", true).expect("it is known").kind else {
        panic!("a mean over draws");
    };
    assert_eq!((values[0], values[2]), (0.5, 1.5));
    let file = tempfile::NamedTempFile::new().expect("a file");
    fit_file::write(&posterior, file.path()).expect("it can be written");
    let read = fit_file::read(file.path()).expect("it can be read");
    assert_eq!(summary(&read, "y[3]"), summary(&posterior, "y[3]"));
    let printed = text::summary(&posterior, &Style::default());
    assert!(printed.contains("x[2]") && printed.contains("y[3]"), "{printed}");
    let parameters = &json::fit(&posterior)["parameters"];
    assert!(parameters.get("x[2]").is_some() && parameters.get("y[3]").is_some(), "{parameters}");
}

#[test]
fn the_same_seed_gives_the_same_draws() {
    let model = "m ~ Normal(0, 1)\ny ~ Normal(m, 1)";
    let draws = || fit(&prepare(model, "y\n1\nNA\n2\n")).draws;
    assert_eq!(draws(), draws());
}

#[test]
fn discrete_entries_have_probabilities() {
    let model = "m ~ Normal(0, 0.001)\nk ~ Bernoulli(0.3)\ny ~ Normal(m + 2 * k, 1)";
    let prepared = prepare(model, "k,y\nNA,1.5\n1,2\nNA,NA\n0,NA\n1,0.5\n");
    let posterior = fit(&prepared);
    let normal = |x: f64| (-0.5 * x * x).exp();
    let p = 0.3 * normal(-0.5) / (0.3 * normal(-0.5) + 0.7 * normal(1.5));
    for (element, p) in [("k[1]", p), ("k[3]", 0.3)] {
        let Summary { mean: Some(mean), .. } = summary(&posterior, element) else { panic!("no mean") };
        assert!((mean - p).abs() < 1e-3, "{element}: {mean} against {p}");
        let answer =
            session::answer(&posterior, prepared.scope(), &format!("P({element} == 1)")).expect("known");
        let AnswerKind::Fixed { values, .. } = answer.kind else { panic!("a probability") };
        assert!((values[0] - p).abs() < 1e-3, "{element}: {} against {p}", values[0]);
    }
    let names: Vec<String> = posterior
        .quantities
        .iter()
        .flat_map(|quantity| (0..quantity.len()).map(|k| quantity.element_name(k)))
        .collect();
    assert_eq!(names, ["m", "k[1]", "k[3]", "y[3]", "y[4]"]);
    is_normal(&posterior, "y[4]", 0.0, 1.0);
    // A mixture of two, of the mean and the sd of which a draw's moments are no further off than those of a Gaussian.
    is_normal(&posterior, "y[3]", 0.6, 1.84f64.sqrt());
}

#[test]
fn emissions_of_a_chain_are_drawn_with_its_states() {
    let model = "m ~ Normal(0, 0.001)\nz[1] ~ Categorical([0.5, 0.5])\n\
                 for t in 2:4 { z[t] ~ Categorical([[0.9, 0.1], [0.2, 0.8]][z[t - 1]]) }\n\
                 for t in 1:4 { y[t] ~ Normal(m + [-3, 3][z[t]], 0.5) }";
    let posterior = fit(&prepare(model, "y\n-3\nNA\nNA\n3\n"));
    // The states of the ends are known; between them the chain moves after the first, the second or the third.
    let (stay, leave, arrived) = (0.9, 0.1, 0.8);
    let paths = [leave * arrived * arrived, stay * leave * arrived, stay * stay * leave, leave * 0.2 * leave];
    let total: f64 = paths.iter().sum();
    let second = (paths[0] + paths[3]) / total;
    let third = (paths[0] + paths[1]) / total;
    for (element, p) in [("y[2]", second), ("y[3]", third)] {
        let mean = 6.0 * p - 3.0;
        let Summary { mean: Some(found), sd: Some(sd), mcse: Some(error), .. } = summary(&posterior, element)
        else {
            panic!("no moments");
        };
        assert!((found - mean).abs() < STANDARD_ERRORS * error, "{element}: {found} against {mean}");
        let exact = (0.25 + 36.0 * p * (1.0 - p)).sqrt();
        assert!((sd / exact - 1.0).abs() < 0.05, "{element}: {sd} against {exact}");
    }
}

#[test]
fn a_vector_with_some_entries_missing_has_no_kl_of_its_own() {
    let model = "m[2] ~ Normal(0, 2)\nS = [[1.0, 0.6], [0.6, 2.0]]\ny ~ MvNormal(m, S)";
    let some = fit(&prepare(model, "{\"y\": [[0.3, null], [1.4, 2.0]]}"));
    let none = fit(&prepare(model, "{\"y\": [[0.3, 1.0], [1.4, 2.0]]}"));
    assert_eq!((some.evidence, some.is_split, none.is_split), (true, false, true));
    let [with, without] = [&some, &none].map(|posterior| text::footer(posterior, &Style::default()));
    assert!(with.contains("no KL to the prior") && with.contains("log p(x)"), "{with}");
    assert!(without.contains("KL to the prior "), "{without}");
    let elbo = &json::fit(&some)["elbo"];
    assert!(elbo["kl"].is_null() && elbo["log_likelihood"].is_null() && elbo["value"].is_number(), "{elbo}");
}

#[test]
fn the_evidence_is_known_where_a_discrete_latent_chooses_what_is_missing() {
    // x is missing, of one of two kinds, and y is seen of it.
    let model = "m ~ Normal(0, 1)\nz[rows] ~ Bernoulli(0.3)\nx ~ Normal(3 * z, 1)\ny ~ Normal(x, 1)\n\
                 w ~ Normal(m, 1)";
    let posterior = fit(&prepare(model, "x,y,w\nNA,1.2,0.5\n"));
    let normal = |x: f64, mean: f64, variance: f64| {
        (-0.5 * (x - mean).powi(2) / variance).exp() / (2.0 * std::f64::consts::PI * variance).sqrt()
    };
    let exact = (0.7 * normal(1.2, 0.0, 2.0) + 0.3 * normal(1.2, 3.0, 2.0)).ln() + normal(0.5, 0.0, 2.0).ln();
    assert_eq!((posterior.evidence, posterior.is_split), (true, false));
    let evidence = posterior.fit().and_then(|fit| fit.evidence.as_ref()).expect("it is known");
    let found = evidence.log_evidence;
    assert!((found.value - exact).abs() < 5.0 * found.se + 1e-3, "{found:?} against {exact}");
}

/// Sums over what is missing of a series of zeros and ones, as the error about such a series says to write it.
#[test]
fn a_binary_series_with_gaps_is_a_latent_that_was_observed() {
    let model = "m ~ Normal(0, 1)\nz[1] ~ Bernoulli(0.5)\n\
                 for t in 2:rows { z[t] ~ Bernoulli([0.2, 0.9][z[t - 1] + 1]) }\ny ~ Bernoulli(z)";
    let prepared = prepare(model, "y\n1\nNA\n0\n1\nNA\n");
    let posterior = fit(&prepared);
    let second = 0.9 * 0.1 / (0.9 * 0.1 + 0.1 * 0.8);
    for (question, expected) in [("P(z[2] == 1)", second), ("P(z[5] == 1)", 0.9), ("P(z[3] == 1)", 0.0)] {
        let answer = session::answer(&posterior, prepared.scope(), question).expect("known");
        let AnswerKind::Fixed { values, .. } = answer.kind else { panic!("a probability") };
        assert!((values[0] - expected).abs() < 1e-9, "{question}: {} against {expected}", values[0]);
    }
}

#[test]
fn imputed_words_are_asked_for_and_told_as_words() {
    let model = "m ~ Normal(0, 0.001)\nk ~ Categorical([0.3, 0.7])\ny ~ Normal(m + [0, 2][k], 1)\n\
                 l ~ Categorical([0.25, 0.75])";
    let prepared = prepare(model, "k,y,l\nNA,1.5,u\nlow,2,v\nhigh,NA,NA\nlow,0,u\n");
    let posterior = fit(&prepared);
    let file = tempfile::NamedTempFile::new().expect("a file");
    fit_file::write(&posterior, file.path()).expect("it can be written");
    let read = fit_file::read(file.path()).expect("it can be read");
    assert_eq!(read.states, posterior.states);
    let normal = |x: f64| (-0.5 * x * x).exp();
    // Levels in the order of the alphabet: high is the first.
    let p = 0.3 * normal(1.5) / (0.3 * normal(1.5) + 0.7 * normal(-0.5));
    let ask = |posterior: &Posterior, line: &str, with_data: bool| {
        let scope = prepared.scope();
        let scope = if with_data { scope } else { vippl::posterior::Scope { dataset: None, ..scope } };
        session::answer(posterior, scope, line)
    };
    for (posterior, with_data) in [(&posterior, true), (&read, false)] {
        for (line, expected, tolerance) in [
            ("P(k[1] == \"high\")", p, 1e-3),
            ("P(k[1] != \"high\")", 1.0 - p, 1e-3),
            ("P(\"low\" == k[1])", 1.0 - p, 1e-3),
            ("P(l[3] == \"v\")", 0.75, 0.04),
        ] {
            let AnswerKind::Fixed { values, .. } = ask(posterior, line, with_data).expect("known").kind
            else {
                panic!("{line}: a probability");
            };
            assert!((values[0] - expected).abs() < tolerance, "{line}: {} against {expected}", values[0]);
        }
        let mode = ask(posterior, "mode(k[1])", with_data).expect("known");
        assert_eq!(text::answer(&mode, &Style::default()), "low\n");
        let whole = text::answer(&ask(posterior, "k[1]", with_data).expect("known"), &Style::default());
        assert!(whole.contains("P(high)") && whole.contains("P(low)"), "{whole}");
        for line in ["mean(k[1])", "sd(l[3])", "cor(k[1], m)"] {
            let words = format!("{:?}", ask(posterior, line, with_data).expect_err("words have no moments"));
            assert!(words.contains("takes numbers; these are words"), "{line}: {words}");
        }
        assert!(format!("{:?}", ask(posterior, "P(k[1] == \"lo\")", with_data)).contains("no level"));
    }
    // Without its data the name of a column stands for what was imputed.
    assert_eq!(ask(&read, "P(k == \"high\")", false).expect("known").names.len(), 1);
    assert_eq!(ask(&read, "P(k == \"high\")", true).expect("known").names.len(), 4);
    assert_eq!(ask(&read, "mean(y)", false).expect("known").names, ["y[3]"]);
    let error = format!("{:?}", ask(&read, "y[1]", false).expect_err("it is in the data"));
    assert!(error.contains("--data FILE"), "{error}");
    let printed = text::summary(&posterior, &Style::default());
    assert!(
        printed.contains("P(high)") && printed.contains("P(u)") && !printed.contains("P(1)"),
        "{printed}"
    );
    let entry = &json::fit(&posterior)["parameters"]["k[1]"];
    assert_eq!(entry["mode"], "low");
    assert!(entry["mean"].is_null() && entry["probabilities"]["high"].is_number(), "{entry}");
}
