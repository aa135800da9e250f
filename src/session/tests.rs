//! Questions at the prompt, and the numbers of a posterior made by hand.

use super::*;
use crate::posterior::AnswerKind;
use crate::posterior::testing::posterior;
use crate::posterior::{Summary, mean_sd, quantile_in_place};

fn asked(line: &str) -> Result<(Posterior, Answer), Report> {
    let posterior = posterior(4000);
    let model = recheck(&posterior).expect("the toy model is right");
    let scope = Scope { model: &model, dataset: None };
    let answer = answer(&posterior, scope, line)?;
    Ok((posterior, answer))
}

/// Values and errors of an answer that is a number or an array of them.
fn fixed(line: &str) -> (Vec<f64>, Option<Vec<f64>>) {
    match asked(line).unwrap_or_else(|report| panic!("{line}: {report:?}")).1.kind {
        AnswerKind::Fixed { values, errors } => (values, errors),
        other => panic!("{line}: {other:?}"),
    }
}

fn random(line: &str) -> (Vec<String>, Vec<Summary>) {
    let answer = asked(line).unwrap_or_else(|report| panic!("{line}: {report:?}")).1;
    match answer.kind {
        AnswerKind::Random(summaries) => (answer.names, summaries),
        other => panic!("{line}: {other:?}"),
    }
}

fn code(line: &str) -> String {
    let report = asked(line).err().unwrap_or_else(|| panic!("{line} has an answer"));
    report.code().map(|code| code.to_string()).unwrap_or_default()
}

#[test]
fn quantities_and_their_elements_agree_with_the_table() {
    let posterior = posterior(4000);
    assert_eq!(random("mu").1, posterior.summaries[..1]);
    let (names, summaries) = random("alpha");
    assert_eq!(names, ["alpha[AITKIN]", "alpha[HENNEPIN]"]);
    assert_eq!(summaries, posterior.summaries[2..4]);
    for line in ["alpha[\"HENNEPIN\"]", "alpha[2]", "(alpha)[1 + 1]"] {
        let (names, summaries) = random(line);
        assert_eq!(
            (names, summaries.as_slice()),
            (vec!["alpha[HENNEPIN]".into()], &posterior.summaries[3..4])
        );
    }
    let table = &posterior.summaries[3];
    assert_eq!(fixed("mean(alpha[\"HENNEPIN\"])"), (vec![table.mean.unwrap()], Some(vec![0.0])));
    assert_eq!(fixed("mean(alpha)[\"HENNEPIN\"]").0, vec![table.mean.unwrap()]);
    assert_eq!(fixed("sd(alpha[2])").0, vec![table.sd.unwrap()]);
    assert_eq!(fixed("median(alpha[2])").0, vec![table.q50.unwrap()]);
    assert_eq!(fixed("quantile(alpha[2], 0.95)"), (vec![table.q95.unwrap()], Some(vec![0.0])));
}

#[test]
fn expressions_are_taken_in_each_draw() {
    let posterior = posterior(4000);
    let (mu, tau) = (posterior.draws.row(0), posterior.draws.row(1));
    let by_hand: Vec<f64> = mu.iter().zip(tau).map(|(mu, tau)| mu / tau - 1.0).collect();
    let (names, summaries) = random("mu / tau - 1");
    assert_eq!(names, [""]);
    assert_eq!(summaries, [Summary::of_draws(&by_hand)]);
    let (mean, sd) = mean_sd(&by_hand);
    let n = by_hand.len() as f64;
    assert_eq!(fixed("mean(mu / tau - 1)"), (vec![mean], Some(vec![sd / n.sqrt()])));
    assert_eq!(fixed("sd(mu / tau - 1)").0, [sd]);
    assert_eq!(fixed("var(mu / tau - 1)").0, [sd * sd]);
    assert_eq!(fixed("quantile(mu / tau - 1, 0.3)").0, [quantile_in_place(&mut by_hand.clone(), 0.3)]);
    // The deterministic quantity and its definition are the same numbers.
    assert_eq!(random("total - mu - tau").1[0].sd.map(|sd| sd < 1e-12), Some(true));
}

#[test]
fn probabilities_count_draws() {
    let posterior = posterior(4000);
    let (mu, tau) = (posterior.draws.row(0), posterior.draws.row(1));
    let share = mu.iter().zip(tau).filter(|(mu, tau)| mu > tau).count() as f64 / 4000.0;
    let (values, errors) = fixed("P(mu > tau)");
    assert_eq!(values, [share]);
    let error = errors.unwrap()[0];
    assert!((error - (share * (1.0 - share) / 4000.0).sqrt()).abs() < 1e-5);
    let (both, _) = fixed("P(alpha > 0.1)");
    assert_eq!(both.len(), 2);
    assert!(both[0] > 0.8 && both[1] < 0.1, "{both:?}");
    // Never is not known for certain from 4000 draws.
    let (never, errors) = fixed("P(tau < 0)");
    assert_eq!(never, [0.0]);
    assert!(errors.unwrap()[0] > 0.0);
    assert_eq!(fixed("P(mu > tau && !(mu > tau))").0, [0.0]);
}

#[test]
fn summaries_stand_within_arithmetic() {
    let posterior = posterior(4000);
    let mu = posterior.summaries[0];
    assert_eq!(fixed("mean(mu) / sd(mu)"), (vec![mu.mean.unwrap() / mu.sd.unwrap()], None));
    let centred = random("alpha - mean(alpha)").1;
    assert!(centred.iter().all(|summary| summary.mean.unwrap().abs() < 0.01), "{centred:?}");
    assert_eq!(fixed("P(mu > mean(mu))").0[0], fixed("P(mu - mean(mu) > 0)").0[0]);
    assert_eq!(fixed("mean(alpha)[2] - mean(alpha[2])").0, [0.0]);
    // With a named argument, a function of the language in each draw.
    let inner = random("mean(alpha, axis = 1)").1[0];
    let outer = fixed("mean(alpha)").0;
    assert!((inner.mean.unwrap() - (outer[0] + outer[1]) / 2.0).abs() < 0.01);
}

#[test]
fn several_quantiles_are_a_table() {
    let (posterior, answer) = asked("quantile(alpha, [0.05, 0.95])").unwrap();
    let AnswerKind::Quantiles { probabilities, values, .. } = answer.kind else { panic!("{answer:?}") };
    assert_eq!(probabilities, [0.05, 0.95]);
    let expected = posterior.summaries[2..4].iter().flat_map(|s| [s.q05.unwrap(), s.q95.unwrap()]);
    assert_eq!(values, expected.collect::<Vec<_>>());
}

#[test]
fn what_has_no_posterior_is_itself() {
    assert_eq!(fixed("1 + 2 * 3"), (vec![7.0], None));
    assert_eq!(fixed("mean([1, 2, 6])"), (vec![3.0], None));
    assert_eq!(fixed("P(2 > 1)").0, [1.0]);
}

#[test]
fn questions_without_an_answer_say_why() {
    for (line, expected) in [
        ("P(mu)", "vippl::ask::condition"),
        ("P(mu > 0, 1)", "vippl::ask::arity"),
        ("median()", "vippl::ask::arity"),
        ("quantile(mu)", "vippl::ask::arity"),
        ("quantile(mu, 2)", "vippl::ask::probability"),
        ("quantile(mu, tau)", "vippl::ask::probability"),
        ("nu", "vippl::check::unknown_name"),
        ("mean(nu)", "vippl::check::unknown_name"),
        ("P(nu > 0)", "vippl::check::unknown_name"),
        ("mu = 3", "vippl::repl::not_supported_yet"),
    ] {
        assert_eq!(code(line), expected, "{line}");
    }
    for line in ["alpha[3]", "alpha[\"X\"]", "mu +* 2", "y", "Normal(0, 1)", "(", "mu[1]", "alpha[mu]"] {
        assert!(asked(line).is_err(), "{line}");
    }
}

#[test]
fn correlations_are_taken_over_draws() {
    let posterior = posterior(4000);
    let (mu, alpha) = (posterior.draws.row(0), posterior.draws.row(3));
    let mean = |x: &[f64]| x.iter().sum::<f64>() / 4000.0;
    let centred = |x: &[f64]| -> Vec<f64> { x.iter().map(|v| v - mean(x)).collect() };
    let (a, b) = (centred(mu), centred(alpha));
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let r = product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt();
    let (values, errors) = fixed("cor(mu, alpha)");
    assert!((values[1] - r).abs() < 1e-12, "{values:?} {r}");
    assert!((errors.unwrap()[1] - (1.0 - r * r) / 4000f64.sqrt()).abs() < 1e-12);
    let (values, errors) = fixed("cor(total, -total)");
    assert!((values[0] + 1.0).abs() < 1e-12 && errors.unwrap()[0] < 1e-12);
    assert_eq!(code("cor(mu, 2)"), "vippl::ask::not_random");
    assert_eq!(code("cor(alpha, [mu, tau, total])"), "vippl::ask::shapes");
    assert_eq!(code("cor(mu)"), "vippl::ask::arity");
}

#[test]
fn slips_at_the_prompt_are_told() {
    let help = |line: &str| {
        let report = asked(line).err().unwrap_or_else(|| panic!("{line} has an answer"));
        (code(line), report.help().map(|help| help.to_string()).unwrap_or_default())
    };
    let (of_equals, said) = help("P(mu = 0)");
    assert_eq!(of_equals, "vippl::ask::single_equals");
    assert!(said.contains("`P(mu == 0)`") && said.contains("`P(abs(mu - 0) < 0.1)`"), "{said}");
    for line in ["alpha[AITKIN]", "P(alpha[AITKIN] > 0)", "mean(2 * alpha[AITKIN])"] {
        let (of_level, said) = help(line);
        assert_eq!(of_level, "vippl::ask::unquoted_level", "{line}");
        assert!(said.contains("`alpha[\"AITKIN\"]`"), "{said}");
    }
    assert_eq!(code("alpha[NOWHERE]"), "vippl::check::unknown_name");
}
