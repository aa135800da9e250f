//! Layout of tables: digits, shortening, widths.

use crate::compile::{Quantity, QuantityKind};
use crate::inference::{Bound, Estimate, Evidence, PriorEvidence};
use crate::posterior::testing::posterior;
use crate::posterior::{Answer, AnswerKind, Basis, Draws, Method, States, Summary, Verdict};
use crate::report::Style;
use crate::report::style::Elements;
use crate::report::text::{answer, footer, summary, variables};
use crate::types::ElementType;

use super::VariableRow;

fn vector(n: usize, name: &str) -> crate::posterior::Posterior {
    let mut posterior = posterior(2);
    posterior.quantities = vec![Quantity {
        name: name.to_string(),
        kind: QuantityKind::Latent,
        dims: vec![n],
        labels: vec![None],
        element: ElementType::Real,
        doc: None,
        offset: 0,
        marginals: vec![None; n],
    }];
    posterior.draws = Draws::new(1, vec![0.0; n]);
    let one = Summary {
        mean: Some(0.5),
        sd: Some(0.25),
        q05: Some(0.1),
        q50: Some(0.5),
        q95: Some(0.9),
        mcse: None,
    };
    posterior.summaries = vec![one; n];
    posterior
}

#[test]
fn the_summary_is_a_table_with_aligned_digits() {
    let text = summary(&posterior(4000), &Style::default());
    insta::assert_snapshot!(text);
    assert!(text.lines().all(|line| line.chars().count() <= 80 && line == line.trim_end()), "{text}");
}

#[test]
fn discrete_latents_have_tables_of_their_own() {
    let mut posterior = posterior(4000);
    let mut add = |name: &str, dims: Vec<usize>, values: Vec<f64>, probabilities: Vec<f64>| {
        let n: usize = dims.iter().product();
        let offset = posterior.summaries.len();
        let summary = |element: usize| Summary {
            mean: Some(4.5 + element as f64),
            sd: Some(1.25),
            q05: Some(2.0),
            q50: Some(4.0),
            q95: Some(7.0),
            mcse: Some(0.01),
        };
        posterior.summaries.extend((0..n).map(summary));
        posterior.quantities.push(Quantity {
            name: name.to_string(),
            kind: QuantityKind::Latent,
            labels: vec![None; dims.len()],
            marginals: vec![None; n],
            dims,
            element: ElementType::Int,
            doc: Some(format!(
                "what is said of {name}, at such a length that it does not fit into eighty characters"
            )),
            offset,
        });
        posterior.states.push((name.to_string(), States::exact(values, probabilities)));
    };
    let states = [0.02, 0.98, 0.0, 1.0, 0.5, 0.5, 0.0001, 0.9999, f64::NAN, f64::NAN];
    add("z", vec![5], vec![1.0, 2.0], states.to_vec());
    add("on", vec![], vec![0.0, 1.0], vec![0.25, 0.75]);
    // With the values of z, and so many elements that not all are shown.
    add("s", vec![20], vec![1.0, 2.0], [0.125, 0.875].repeat(20));
    add("n", vec![2], (0..10).map(f64::from).collect(), [vec![0.05; 18], vec![0.0, 0.1]].concat());
    let text = summary(&posterior, &Style::default());
    insta::assert_snapshot!(text);
    assert!(text.lines().all(|line| line.chars().count() <= 80 && line == line.trim_end()), "{text}");
    posterior.quantities.drain(..5);
    let text = summary(&posterior, &Style::default());
    assert!(text.starts_with("no continuous latents: the ELBO is the exact log evidence\n\n"), "{text}");
}

#[test]
fn the_footer_shows_the_elbo_with_its_parts_and_the_time() {
    let mut posterior = posterior(10);
    insta::assert_snapshot!(footer(&posterior, &Style::default()));
    posterior.evidence = false;
    let text = footer(&posterior, &Style::default());
    assert!(text.starts_with("ELBO -12.345 ± 0.012  (not all densities are normalised"), "{text}");
}

#[test]
fn the_footer_shows_what_is_known_of_the_evidence() {
    let mut posterior = posterior(10);
    let evidence = Evidence {
        log_evidence: Estimate { value: -12.1, se: 0.0056 },
        kl: Some(Estimate { value: 0.245, se: 0.0135 }),
        is_bound: false,
        bounds: vec![Bound { k: 1, value: -12.34, se: 0.02 }, Bound { k: 10, value: -12.2, se: 0.03 }],
        prior: Some(PriorEvidence { value: -12.2, se: 0.11, n_draws: 5000, k_hat: Some(0.4) }),
    };
    let mut lines = |change: &dyn Fn(&mut Evidence)| -> Vec<String> {
        let mut evidence = evidence.clone();
        change(&mut evidence);
        let Method::Variational(fit) = &mut posterior.method else { panic!("a fit") };
        fit.evidence = Some(evidence);
        footer(&posterior, &Style::default()).lines().skip(1).map(str::to_string).collect()
    };
    let all = lines(&|_| ());
    assert_eq!(
        all[..4],
        [
            "log p(x) -12.1000 ± 0.0056  (given the point estimates; KL from q to the posterior 0.245)",
            "  at least -12.340 ± 0.020 by one draw of q: its ELBO",
            "  at least -12.200 ± 0.030 by the weights of 10 draws of q",
            "  -12.20 ± 0.11 by 5000 draws of the prior",
        ]
    );
    let bound = lines(&|evidence| evidence.is_bound = true);
    assert!(bound[0].starts_with("log p(x) at least -12.1000 ± 0.0056  (given"), "{bound:?}");
    assert!(bound[0].ends_with("; KL from q to the posterior at least 0.245)"), "{bound:?}");
    let unknown = lines(&|evidence| evidence.kl = None);
    assert_eq!(unknown[0], "log p(x) -12.1000 ± 0.0056  (given the point estimates)");
    let prior = |change: fn(&mut PriorEvidence)| {
        move |evidence: &mut Evidence| change(evidence.prior.as_mut().expect("draws of the prior"))
    };
    let heavy = lines(&prior(|prior| prior.k_hat = Some(0.9)));
    assert!(heavy[3].ends_with("draws of the prior: its error may be larger (k-hat 0.90)"), "{heavy:?}");
    let few = lines(&prior(|prior| prior.se = 0.5));
    assert!(few[3].ends_with("draws of the prior: too few of them come near the data to tell"), "{few:?}");
}

/// Where weights are even they vouch for q whatever the shape of their tail.
#[test]
fn k_hat_is_shown_where_it_says_something() {
    let mut posterior = posterior(100);
    let mut last = |k_hat: f64, verdict: Verdict, basis: Basis| -> String {
        let Method::Variational(fit) = &mut posterior.method else { panic!("a fit") };
        fit.k_hat = Some(k_hat);
        posterior.verdicts = vec![verdict; 6];
        posterior.basis = basis;
        let text = footer(&posterior, &Style::default());
        text.lines().find(|line| line.starts_with(verdict.name())).unwrap_or_default().to_string()
    };
    assert!(last(0.84, Verdict::Ok, Basis::Approximation).ends_with("(weights are even)"));
    assert!(last(0.84, Verdict::Corrected, Basis::Weights).ends_with("(weights are even)"));
    assert!(last(0.34, Verdict::Ok, Basis::Approximation).ends_with("(k-hat 0.34)"));
    assert!(last(0.84, Verdict::Corrected, Basis::Chains).ends_with("(k-hat 0.84)"));
    assert!(last(0.84, Verdict::Distrust, Basis::Weights).ends_with("(k-hat 0.84)"));
}

#[test]
fn long_vectors_are_shortened_unless_all_is_asked_for() {
    let lines = |n: usize, elements| {
        let style = Style { elements, ..Style::default() };
        summary(&vector(n, "theta"), &style).lines().map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(lines(12, Elements::Few).len(), 1 + 12);
    let few = lines(13, Elements::Few);
    assert_eq!(few.len(), 1 + 5 + 1);
    assert_eq!(few[6], "  … 8 more");
    assert!(few[5].starts_with("theta[5]"), "{few:?}");
    assert_eq!(lines(500, Elements::All).len(), 1 + 500);
}

#[test]
fn long_names_give_way_to_numbers() {
    let name = "a_very_long_name_of_a_latent_variable_that_somebody_chose_to_write_out_in_full_for_clarity";
    let text = summary(&vector(2, name), &Style::default());
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.contains("…") && text.contains("[2]"), "{text}");
    let all = Style { elements: Elements::All, ..Style::default() };
    assert!(summary(&vector(2, name), &all).contains(name));
}

#[test]
fn colours_are_only_around_text() {
    let color = Style { color: true, ..Style::default() };
    let (plain, colored) = (summary(&posterior(10), &Style::default()), summary(&posterior(10), &color));
    assert_ne!(plain, colored);
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plain);
}

#[test]
fn distributions_are_cut_to_the_width() {
    let row = |name: &str, distribution: &str| VariableRow {
        name: name.to_string(),
        role: "observed".to_string(),
        shape: "[919]".to_string(),
        support: String::new(),
        distribution: distribution.to_string(),
    };
    let long = "Normal(alpha[county] + beta * floor + gamma * basement\n   + delta * uranium[county], sigma)";
    let text = variables(&[row("log_radon", long), row("mu", "Normal(0, 10)")], &Style::default());
    insta::assert_snapshot!(text);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn answers_show_their_monte_carlo_error() {
    let of = |dims: &[usize], names: &[&str], kind: AnswerKind| {
        let names = names.iter().map(|name| name.to_string()).collect();
        let question = "some question".to_string();
        let answered = Answer {
            levels: None,
            question,
            dims: dims.to_vec(),
            element: ElementType::Real,
            names,
            distrusted: vec![],
            kind,
        };
        answer(&answered, &Style::default())
    };
    let scalar = |value, errors| of(&[], &[""], AnswerKind::Fixed { values: vec![value], errors });
    assert_eq!(scalar(0.973512, Some(vec![0.00251])), "0.9735 ± 0.0025\n");
    assert_eq!(scalar(1.23456789, Some(vec![0.0])), "1.2346\n");
    assert_eq!(scalar(434.0, None), "434\n");
    let fixed = AnswerKind::Fixed { values: vec![0.25, 12.5], errors: Some(vec![0.01, 0.1]) };
    insta::assert_snapshot!("vector", of(&[2], &["b[1]", "b[2]"], fixed));
    let quantiles = AnswerKind::Quantiles {
        probabilities: vec![0.05, 0.975],
        values: vec![0.25, 12.5, -1.0, 3.0],
        errors: vec![0.01, 0.1, 0.2, 0.0],
    };
    insta::assert_snapshot!("quantiles", of(&[2], &["[1]", "[2]"], quantiles));
    let one = Summary { mean: Some(1.0), sd: Some(2.0), ..Summary::default() };
    assert!(of(&[], &[""], AnswerKind::Random(vec![one])).contains("\nsome question  1.00"));
    assert!(of(&[], &["b[2]"], AnswerKind::Random(vec![one])).contains("\nb[2]  1.00"));
}
