//! Diagnostics of chains and leave-one-out against ArviZ, and where ArviZ says nothing.

use serde_json::Value;

use super::super::convergence::{ChainDraws, e_bfmi};
use super::super::loo::{leave_one_out, total};
use super::{assert_close, numbers};

const TABLE: &str = include_str!("../../../tests/tables/arviz.json");

fn cases(kind: &str) -> Vec<Value> {
    let table: Value = serde_json::from_str(TABLE).unwrap();
    table[kind].as_array().unwrap().clone()
}

/// `[chains * draws]` and the number of chains.
fn draws(case: &Value) -> (Vec<f64>, usize) {
    let chains: Vec<Vec<f64>> = case["draws"].as_array().unwrap().iter().map(numbers).collect();
    (chains.concat(), chains.len())
}

#[test]
fn diagnostics_are_those_of_arviz() {
    let cases = cases("chains");
    assert!(cases.len() >= 9);
    for case in &cases {
        let (draws, n_chains) = draws(case);
        let chains = ChainDraws::new(&draws, n_chains);
        let close = |what: &str, found: f64, expected: &Value| {
            assert_close(found, expected.as_f64().unwrap(), 1e-6, &format!("{what} of {}", case["name"]));
        };
        if n_chains > 1 {
            close("R-hat", chains.r_hat(), &case["r_hat"]);
        }
        close("bulk ESS", chains.ess_bulk(), &case["ess_bulk"]);
        close("tail ESS", chains.ess_tail(), &case["ess_tail"]);
        close("ESS of the mean", chains.ess_mean(), &case["ess_mean"]);
        close("MCSE of the mean", chains.mcse_mean(), &case["mcse_mean"]);
        close("MCSE of the sd", chains.mcse_sd(), &case["mcse_sd"]);
        for quantile in case["quantiles"].as_array().unwrap() {
            let p = quantile["p"].as_f64().unwrap();
            close("ESS of a quantile", chains.ess_quantile(p), &quantile["ess"]);
            close("MCSE of a quantile", chains.mcse_quantile(p), &quantile["mcse"]);
        }
        let length = draws.len() / n_chains;
        for (chain, expected) in draws.chunks_exact(length).zip(case["e_bfmi"].as_array().unwrap()) {
            close("E-BFMI", e_bfmi(chain), expected);
        }
    }
}

#[test]
fn chains_that_do_not_move_are_told_from_quantities_that_do_not_vary() {
    let constant = [2.5; 40];
    let chains = ChainDraws::new(&constant, 4);
    assert!(chains.r_hat().is_nan());
    assert_eq!(
        (chains.ess_bulk(), chains.ess_tail(), chains.mcse_mean(), chains.mcse_sd()),
        (40.0, 40.0, 0.0, 0.0)
    );
    let stuck: Vec<f64> = (0..400).map(|i| f64::from(i / 100)).collect();
    let chains = ChainDraws::new(&stuck, 4);
    assert_eq!(chains.r_hat(), f64::INFINITY);
    assert!(chains.ess_bulk() < 8.0, "{}", chains.ess_bulk());
}

#[test]
fn scale_changes_nothing() {
    let (draws, n_chains) = draws(&cases("chains")[1]);
    let small: Vec<f64> = draws.iter().map(|x| 1e-20 * x).collect();
    let (here, there) = (ChainDraws::new(&draws, n_chains), ChainDraws::new(&small, n_chains));
    assert_close(there.ess_mean(), here.ess_mean(), 1e-9, "ESS");
    assert_close(there.mcse_sd(), 1e-20 * here.mcse_sd(), 1e-9, "MCSE");
    assert_eq!(there.r_hat(), here.r_hat());
}

#[test]
fn of_what_is_not_a_number_nothing_is_said() {
    let mut draws = vec![0.5, 1.0, 2.0, 3.0, 1.5, 0.0, 2.5, 1.0];
    assert!(ChainDraws::new(&draws, 2).r_hat().is_finite());
    assert!(ChainDraws::new(&draws, 4).ess_bulk().is_nan());
    draws[3] = f64::NAN;
    let chains = ChainDraws::new(&draws, 2);
    let said =
        [chains.r_hat(), chains.ess_bulk(), chains.ess_tail(), chains.mcse_mean(), chains.mcse_quantile(0.5)];
    assert!(said.iter().all(|x| x.is_nan()), "{said:?}");
}

#[test]
fn leave_one_out_is_that_of_arviz() {
    let table: Value = serde_json::from_str(TABLE).unwrap();
    let models = table["loo"]["models"].as_array().unwrap();
    let mut pointwise = Vec::new();
    for model in models {
        let name = model["name"].as_str().unwrap();
        let rows: Vec<Vec<f64>> = model["log_likelihood"].as_array().unwrap().iter().map(numbers).collect();
        let efficiency = model["relative_efficiency"].as_f64().unwrap();
        let left_out = leave_one_out(&rows.concat(), None, rows[0].len(), efficiency);
        let elpd: Vec<f64> = left_out.iter().map(|left_out| left_out.elpd).collect();
        for (found, expected) in elpd.iter().zip(numbers(&model["pointwise"])) {
            assert_close(*found, expected, 1e-8, name);
        }
        for (found, expected) in left_out.iter().zip(numbers(&model["k_hat"])) {
            assert_close(found.k_hat, expected, 1e-8, name);
        }
        let (sum, se) = total(&elpd, elpd.len());
        assert_close(sum, model["elpd"].as_f64().unwrap(), 1e-8, name);
        assert_close(se, model["se"].as_f64().unwrap(), 1e-8, name);
        let lpd: f64 = left_out.iter().map(|left_out| left_out.lpd).sum();
        assert_close(lpd - sum, model["p_loo"].as_f64().unwrap(), 1e-8, name);
        pointwise.push(elpd);
    }
    let difference: Vec<f64> = pointwise[1].iter().zip(&pointwise[0]).map(|(a, b)| a - b).collect();
    let (elpd, se) = total(&difference, difference.len());
    let expected = &table["loo"]["difference"];
    assert_eq!(expected["best"], 1);
    assert_close(elpd, expected["elpd"].as_f64().unwrap(), 1e-8, "difference");
    assert_close(se, expected["se"].as_f64().unwrap(), 1e-8, "se of the difference");
}

/// y_i ~ Normal(mu, 1), mu ~ Normal(0, 10): leave-one-out is known, and draws of a wider q with their ratios find it too.
#[test]
fn draws_of_an_approximation_leave_out_the_same() {
    let y = [0.3, -0.5, 1.8, 0.9, 2.2, 0.1];
    let precision = y.len() as f64 + 0.01;
    let (mean, sd) = (y.iter().sum::<f64>() / precision, precision.powf(-0.5));
    let n_draws = 4000;
    let normal = statrs::distribution::Normal::standard();
    let e: Vec<f64> = (0..n_draws)
        .map(|i| statrs::distribution::ContinuousCDF::inverse_cdf(&normal, (i as f64 + 0.5) / n_draws as f64))
        .collect();
    let q_sd = 1.6 * sd;
    let mu: Vec<f64> = e.iter().map(|e| mean + 0.3 * sd + q_sd * e).collect();
    let log_normal =
        |x: f64, mean: f64, sd: f64| -0.5 * ((x - mean) / sd).powi(2) - sd.ln() - 0.918_938_533_204_672_7;
    let ratios: Vec<f64> = mu
        .iter()
        .zip(&e)
        .map(|(mu, e)| log_normal(*mu, mean, sd) - log_normal(*e, 0.0, 1.0) + q_sd.ln() + 7.0)
        .collect();
    let rows: Vec<f64> = y.iter().flat_map(|y| mu.iter().map(move |mu| log_normal(*y, *mu, 1.0))).collect();
    for (left_out, y) in leave_one_out(&rows, Some(&ratios), n_draws, 1.0).iter().zip(y) {
        let without = precision - 1.0;
        let exact = log_normal(y, (mean * precision - y) / without, (1.0 + 1.0 / without).sqrt());
        assert!((left_out.elpd - exact).abs() < 0.003, "{left_out:?} {exact}");
        let with = log_normal(y, mean, (1.0 + sd * sd).sqrt());
        assert!((left_out.lpd - with).abs() < 0.003, "{left_out:?} {with}");
        assert!(left_out.k_hat < 0.5);
    }
}

/// Of a sample of observations the sum is that of all, and its error covers what was not looked at.
#[test]
fn a_sample_of_observations_stands_for_all() {
    let all: Vec<f64> = (0..1000).map(|i| f64::from(i * 7919 % 1000) / 100.0).collect();
    let (sum, se) = total(&all, all.len());
    let (estimate, error) = total(&all[..250], all.len());
    assert!(((estimate - sum) / error).abs() < 2.0, "{estimate} {sum} {error}");
    assert!((error / se - 2.0).abs() < 0.1, "{error} {se}");
}
