//! Summaries against closed forms and draws; fit files there and back.

use super::testing::{LOG_TAU, LOG_W, MU, SD, Toy, marginals, posterior, quantities};
use super::*;

/// 5% quantile of the standard normal, negated.
const Z95: f64 = 1.644_853_626_951_472_7;

fn close(found: Option<f64>, expected: f64, tolerance: f64) {
    let found = found.expect("a number");
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
}

#[test]
fn normal_and_lognormal_marginals_are_exact() {
    let posterior = posterior(DEFAULT_DRAWS);
    let mu = posterior.summaries[0];
    for (found, expected) in
        [(mu.mean, MU), (mu.sd, SD), (mu.q05, MU - Z95 * SD), (mu.q50, MU), (mu.q95, MU + Z95 * SD)]
    {
        close(found, expected, 1e-13);
    }
    assert_eq!(mu.mcse, Some(0.0));

    let (m, s) = LOG_TAU;
    let tau = posterior.summaries[1];
    let mean = (m + s * s / 2.0).exp();
    close(tau.mean, mean, 1e-13);
    close(tau.sd, mean * ((s * s).exp() - 1.0).sqrt(), 1e-12);
    close(tau.q05, (m - Z95 * s).exp(), 1e-13);
    close(tau.q50, m.exp(), 1e-13);
    close(tau.q95, (m + Z95 * s).exp(), 1e-13);
}

#[test]
fn quadrature_holds_for_wide_lognormal_and_logistic_marginals() {
    struct Curves;
    impl LogDensity for Curves {
        fn coordinates(&self) -> &[crate::density::Coordinate] {
            static ONE: std::sync::OnceLock<Vec<crate::density::Coordinate>> = std::sync::OnceLock::new();
            ONE.get_or_init(|| {
                let role = Role::Latent;
                vec![crate::density::Coordinate::new("z", role)]
            })
        }
        fn statements(&self) -> &[crate::density::Term] {
            &[]
        }
        fn value(&self, _: usize, _: &[f64], _: &mut [f64]) {}
        fn gradient(&self, _: usize, _: &[f64], _: &mut [f64], _: &mut [f64]) {}
        fn hessian_vector(&self, _: usize, _: &[f64], _: &[f64], _: &mut [f64], _: &mut [f64]) {}
        fn terms(&self, _: usize, _: &[f64], _: &mut [f64]) {}
        fn n_constrained(&self) -> usize {
            2
        }
        fn constrain(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
            for l in 0..lanes {
                out[l] = z[l].exp();
                out[lanes + l] = 1.0 / (1.0 + (-z[l]).exp());
            }
        }
        fn n_pointwise(&self) -> usize {
            0
        }
        fn pointwise(&self, _: usize, _: &[f64], _: &mut [f64]) {}
    }
    let summaries = |sd: f64| {
        let q = Marginals { mean: vec![0.0], sd: vec![sd] };
        exact_summaries(&Curves, &q, &[Some(0), Some(0)])
    };
    for sd in [1e-3, 0.5, 2.0, 4.0] {
        let [wide, logistic] = summaries(sd)[..] else { panic!("two rows") };
        let mean = (sd * sd / 2.0).exp();
        close(wide.unwrap().mean, mean, 1e-12 * mean);
        let expected = mean * (sd * sd).exp_m1().sqrt();
        close(wide.unwrap().sd, expected, 1e-9 * expected);
        // By symmetry.
        close(logistic.unwrap().mean, 0.5, 1e-13);
    }
    // E[logistic(z)^2] - 1/4 for z ~ N(0, 2^2), by mpmath quadrature to 30 digits.
    close(summaries(2.0)[1].unwrap().sd, LOGISTIC_SD, 1e-9);

    // Where the second moment lies beyond the rule, or overflows, nothing is claimed; quantiles stand.
    for sd in [15.0, 60.0] {
        let wide = summaries(sd)[0].unwrap();
        assert_eq!(wide.sd, None, "{sd}");
        close(wide.q50, 1.0, 1e-12);
    }
    assert_eq!(summaries(60.0)[0].unwrap().mean, None);
}

/// sd of logistic(z), z ~ N(0, 4).
const LOGISTIC_SD: f64 = 0.313_964_365_174_553_4;

#[test]
fn what_has_no_marginal_comes_from_draws() {
    let posterior = posterior(20_000);
    let total = posterior.summaries[5];
    let (m, s) = LOG_TAU;
    let tau_mean = (m + s * s / 2.0).exp();
    let sd = (SD * SD + tau_mean * tau_mean * (s * s).exp_m1()).sqrt();
    let mcse = total.mcse.unwrap();
    close(Some(mcse), sd / 20_000f64.sqrt(), 0.1 * mcse);
    close(total.mean, MU + tau_mean, 4.0 * mcse);
    close(total.sd, sd, 0.1 * sd);
    // The same draws, pushed forward by hand.
    let row: Vec<f64> =
        posterior.draws.row(0).iter().zip(posterior.draws.row(1)).map(|(mu, tau)| mu + tau).collect();
    assert_eq!(row, posterior.draws.row(5));
    assert_eq!(total, Summary::of_draws(&row));
}

#[test]
fn draws_agree_with_exact_summaries() {
    let n = 40_000;
    let posterior = posterior(n);
    for row in 0..4 {
        let (exact, drawn) = (posterior.summaries[row], Summary::of_draws(posterior.draws.row(row)));
        let sd = exact.sd.unwrap();
        close(drawn.mean, exact.mean.unwrap(), 4.0 * sd / (n as f64).sqrt());
        for (drawn, exact) in [(drawn.q05, exact.q05), (drawn.q50, exact.q50), (drawn.q95, exact.q95)] {
            close(drawn, exact.unwrap(), 0.1 * sd);
        }
    }
}

#[test]
fn point_estimates_have_a_value_and_no_spread() {
    let posterior = posterior(100);
    assert_eq!(posterior.summaries[4], Summary { mean: Some(LOG_W.exp()), ..Summary::default() });
    assert!(posterior.draws.row(4).iter().all(|w| *w == LOG_W.exp()));
    assert!(posterior.warnings.is_empty(), "{:?}", posterior.warnings);
}

#[test]
fn draws_do_not_depend_on_how_many_there_are() {
    let (few, many) = (posterior(70), posterior(130));
    assert_eq!(few.draws.row(5), &many.draws.row(5)[..70]);
}

#[test]
fn trouble_is_told() {
    struct Broken(Toy);
    impl LogDensity for Broken {
        fn coordinates(&self) -> &[crate::density::Coordinate] {
            self.0.coordinates()
        }
        fn statements(&self) -> &[crate::density::Term] {
            &[]
        }
        fn value(&self, _: usize, _: &[f64], _: &mut [f64]) {}
        fn gradient(&self, _: usize, _: &[f64], _: &mut [f64], _: &mut [f64]) {}
        fn hessian_vector(&self, _: usize, _: &[f64], _: &[f64], _: &mut [f64], _: &mut [f64]) {}
        fn terms(&self, _: usize, _: &[f64], _: &mut [f64]) {}
        fn n_constrained(&self) -> usize {
            6
        }
        /// alpha is not a number where mu > 1.5; tau is huge.
        fn constrain(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
            self.0.constrain(lanes, z, out);
            for l in 0..lanes {
                if out[l] > MU {
                    out[2 * lanes + l] = f64::NAN;
                    out[3 * lanes + l] = f64::NAN;
                }
                out[lanes + l] = (1000.0 * out[lanes + l]).exp();
            }
        }
        fn n_pointwise(&self) -> usize {
            0
        }
        fn pointwise(&self, _: usize, _: &[f64], _: &mut [f64]) {}
    }
    let fit = testing::fit();
    let mut quantities = quantities();
    quantities[2].marginals = vec![None, None];
    let sample = |n| fit.sample_unconstrained(n, 1).unwrap();
    let summarised = summarise(&Broken(Toy::default()), &quantities, &marginals(), 1000, sample);
    let [tau, alpha] = summarised.warnings.as_slice() else { panic!("{:?}", summarised.warnings) };
    assert!(tau.contains("`tau`: the mean or sd is too large"), "{tau}");
    assert!(alpha.contains("`alpha[AITKIN]` is not a number in "), "{alpha}");
    assert!(alpha.contains("of 1000 draws and one more element"), "{alpha}");
    assert_eq!(summarised.summaries[2], Summary::default());
}

#[test]
fn few_draws_of_chains_come_from_all_of_them() {
    let draws = Draws::new(40, (0..40).map(f64::from).collect()).in_chains(4);
    let mut taken: Vec<usize> = (0..40).map(|k| draws.kth(k)).collect();
    let chains: Vec<usize> = taken[..8].iter().map(|draw| draw / 10).collect();
    assert_eq!(chains, [0, 1, 2, 3, 0, 1, 2, 3]);
    assert!(taken[0].abs_diff(taken[4]) > 2);
    taken.sort_unstable();
    assert_eq!(taken, (0..40).collect::<Vec<usize>>());
    // Independent draws come as they are, and again from the first.
    let draws = Draws::new(3, vec![0.0; 3]);
    assert_eq!((0..5).map(|k| draws.kth(k)).collect::<Vec<usize>>(), [0, 1, 2, 0, 1]);
}

mod fit_files {
    use super::*;

    #[test]
    fn come_back_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fit.json");
        let mut before = posterior(200);
        before.warnings.push("tau: \"watch\" the tail".to_string());
        before.approximation_warnings.push("not settled".to_string());
        fit_file::write(&before, &path).unwrap();
        let after = fit_file::read(&path).unwrap();
        assert_eq!(after.draws, before.draws);
        assert_eq!(after.summaries, before.summaries);
        assert_eq!(after.method, before.method);
        assert_eq!(after.model, before.model);
        assert_eq!(after.data, before.data);
        assert_eq!(after.coordinates, before.coordinates);
        assert_eq!(after.training_constants, before.training_constants);
        assert_eq!((after.warnings, after.seconds), (before.warnings, before.seconds));
        assert_eq!(after.approximation_warnings, before.approximation_warnings);
        assert_eq!(format!("{:?}", after.quantities), format!("{:?}", before.quantities));
    }

    #[test]
    fn what_is_not_finite_survives_as_not_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fit.json");
        let mut before = posterior(3);
        let mut values: Vec<f64> = (0..6).flat_map(|row| before.draws.row(row).to_vec()).collect();
        values[17] = f64::INFINITY;
        before.draws = Draws::new(3, values);
        fit_file::write(&before, &path).unwrap();
        let after = fit_file::read(&path).unwrap();
        assert!(after.draws.row(5)[2].is_nan());
        assert_eq!(after.draws.row(4), before.draws.row(4));
    }

    #[test]
    fn wide_fits_keep_their_first_draws() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fit.json");
        let mut before = posterior(2);
        let (rows, n) = (30_000, 200);
        let values: Vec<f64> = (0..rows * n).map(|i| (i % 7) as f64).collect();
        before.draws = Draws::new(n, values);
        before.summaries = vec![Summary::default(); rows];
        before.quantities.truncate(1);
        before.quantities[0].dims = vec![rows];
        before.quantities[0].labels = vec![None];
        before.quantities[0].marginals = vec![None; rows];
        fit_file::write(&before, &path).unwrap();
        let after = fit_file::read(&path).unwrap();
        assert_eq!((after.draws.n_draws(), after.draws.n_rows()), (4_000_000 / rows, rows));
        assert_eq!(after.draws.row(rows - 1), &before.draws.row(rows - 1)[..4_000_000 / rows]);
        assert_eq!(after.summaries.len(), rows);
    }

    #[test]
    fn wide_samples_keep_the_first_draws_of_each_chain() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fit.json");
        let mut before = posterior(2);
        let (rows, n) = (30_000, 400);
        let values: Vec<f64> = (0..rows * n).map(|i| (i % n) as f64).collect();
        before.draws = Draws::new(n, values).in_chains(4);
        before.summaries = vec![Summary::default(); rows];
        before.quantities.truncate(1);
        before.quantities[0].dims = vec![rows];
        before.quantities[0].labels = vec![None];
        before.quantities[0].marginals = vec![None; rows];
        fit_file::write(&before, &path).unwrap();
        let draws = fit_file::read(&path).unwrap().draws;
        let each = 4_000_000 / rows / 4;
        assert_eq!((draws.n_draws(), draws.n_chains()), (4 * each, Some(4)));
        let expected: Vec<f64> =
            (0..4).flat_map(|chain| (0..each).map(move |k| (chain * 100 + k) as f64)).collect();
        assert_eq!(draws.row(rows - 1), expected);
    }

    #[test]
    fn something_else_is_refused_with_a_word() {
        let good = {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("fit.json");
            fit_file::write(&posterior(2), &path).unwrap();
            std::fs::read_to_string(path).unwrap()
        };
        let code = |text: &str| {
            let error = fit_file::parse("f.json", text.as_bytes()).expect_err(text);
            let code = miette::Diagnostic::code(&error).expect("a code").to_string();
            (code, error.to_string())
        };
        assert_eq!(code("").0, "vippl::fit_file::not_a_fit");
        assert_eq!(code("mu ~ Normal(0, 1)").0, "vippl::fit_file::not_a_fit");
        assert_eq!(code("[1, 2]").0, "vippl::fit_file::not_a_fit");
        assert_eq!(code("{\"J\": 8}").0, "vippl::fit_file::not_a_fit");
        assert_eq!(code(&good[..good.len() / 2]).0, "vippl::fit_file::not_a_fit");
        let newer = good.replacen("\"schema\":2", "\"schema\":3", 1);
        assert_eq!(
            code(&newer),
            (
                "vippl::fit_file::schema".to_string(),
                "f.json has fit schema 3; this vippl reads schema 2".to_string()
            )
        );
        for (from, to) in [
            ("\"n_draws\":2,\"n_chains\"", "\"n_draws\":3,\"n_chains\""),
            ("\"n_chains\":null", "\"n_chains\":0"),
            ("\"n_chains\":null", "\"n_chains\":3"),
            ("\"dims\":[2]", "\"dims\":[3]"),
            ("\"labels\":[0]", "\"labels\":[9]"),
            ("[\"AITKIN\",\"HENNEPIN\"]]", "[\"AITKIN\",\"AITKIN\"]]"),
            ("\"element\":\"real\"", "\"element\":\"complex\""),
            ("\"quantities\":[", "\"quantities\":[1,"),
        ] {
            let damaged = good.replace(from, to);
            assert_ne!(damaged, good, "{from}");
            assert_eq!(code(&damaged).0, "vippl::fit_file::damaged", "{to}");
        }
        let missing = fit_file::read(std::path::Path::new("/nonexistent/fit.json")).unwrap_err();
        assert!(matches!(missing, FitFileError::Unreadable { .. }));
    }
}
