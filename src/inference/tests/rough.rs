//! Densities with funnels, edges, several modes, or no finite point at all.

use super::toy::{Jet, Toy, normal, normal_const};
use super::*;
use crate::density::TermKind::{Likelihood, Prior};

/// v ~ N(0, 3), x_i ~ N(0, exp(v/2)). Mean-field optimum: E[x²] and v decouple; sigma_x² = e^{mu - s²/2}, so
/// d ELBO/d mu = -mu/9 - 9/2 + 9/2 = 0 at mu = 0 and s² = 1/(1/9 + 9/4 (1)) .
#[test]
fn neals_funnel() {
    let names = ["v", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9"];
    let density =
        Toy::new(&names, &[("v ~ Normal(0, 3)", Prior), ("x ~ Normal(0, exp(v / 2))", Prior)], |z, out| {
            out.push(normal_const(z[0], 0.0, 3.0));
            let zero = Jet::constant(0.0);
            out.push(z[1..].iter().fold(zero, |sum, x| sum + normal(*x, zero, z[0] * 0.5)));
        });
    for seed in 1..=5 {
        let fit = fitted(&density, seed);
        assert_all_finite(&fit);
        let (mean, sd) = marginals(&fit);
        let s = (1.0f64 / (1.0 / 9.0 + 4.5)).sqrt();
        assert!(mean[0].abs() < 0.1 * s, "seed {seed}: v at {} (sd {})", mean[0], sd[0]);
        assert!((sd[0] / s).ln().abs() < 0.1, "seed {seed}: sd {} not {s}", sd[0]);
    }
}

/// y ~ N(mu, tau) by eight schools, centred: the mode is at tau = 0, the fit must not be.
#[test]
fn eight_schools_centred_does_not_collapse() {
    let y = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
    let se = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];
    let names = ["mu", "tau", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8"];
    let statements =
        [("mu ~ Normal(0, 5)", Prior), ("tau ~ HalfCauchy(5)", Prior), ("theta ~ Normal(mu, tau)", Prior)];
    let statements = [&statements[..], &[("y ~ Normal(theta, sigma)", Likelihood)]].concat();
    let density = Toy::new(&names, &statements, move |z, out| {
        let zero = Jet::constant(0.0);
        out.push(normal_const(z[0], 0.0, 5.0));
        out.push(z[1] - ((z[1].exp() * 0.2).square() + 1.0).ln());
        out.push(z[2..].iter().fold(zero, |sum, t| sum + normal(*t, z[0], z[1])));
        out.push(
            z[2..].iter().zip(y.iter().zip(&se)).fold(zero, |s, (t, (y, se))| s + normal_const(*t, *y, *se)),
        );
    });
    for seed in 1..=5 {
        let fit = fitted(&density, seed);
        assert_all_finite(&fit);
        let (mean, sd) = marginals(&fit);
        // NUTS: mu 4.4 (3.3), tau 3.6, theta_1 6.2
        assert!((mean[0] - 4.4).abs() < 1.0, "seed {seed}: mu {}", mean[0]);
        assert!((0.0..2.5).contains(&mean[1]) && sd[1] > 0.1, "seed {seed}: log tau {} ({})", mean[1], sd[1]);
        assert!(fit.gradient_evaluations < 60_000, "{}", fit.gradient_evaluations);
    }
}

/// x ~ N(0, 1), y ~ N(x² , 0.3).
#[test]
fn banana() {
    let density = Toy::new(&["x", "y"], &[("x", Prior), ("y", Prior)], |z, out| {
        out.push(normal_const(z[0], 0.0, 1.0));
        out.push(normal(z[1], z[0].square(), Jet::constant(0.3f64.ln())));
    });
    for seed in 1..=5 {
        let fit = fitted(&density, seed);
        assert_all_finite(&fit);
        assert!(fit.converged, "{:?}", fit.warnings);
        // log p is normalised
        assert!(fit.elbo.unwrap().value < 0.0);
        assert!(fit.elbo.unwrap().value > -1.5, "{:?}", fit.elbo);
    }
}

/// An exponential's support entered without a transformation: -inf (or NaN) for x < 0.
#[test]
fn an_edge_is_stepped_back_from() {
    for beyond in [f64::NEG_INFINITY, f64::NAN, f64::INFINITY] {
        let density = Toy::new(&["x"], &[("x ~ Gamma(3, 1)", Prior)], move |z, out| {
            out.push(if z[0].v < 0.0 { Jet::constant(beyond) } else { z[0].ln() * 2.0 - z[0] });
        });
        for seed in 1..=5 {
            let fit = fitted(&density, seed);
            assert_all_finite(&fit);
            let (mean, sd) = marginals(&fit);
            assert!(mean[0] > 1.0 && mean[0] < 4.0 && sd[0] > 0.2, "{mean:?} {sd:?}");
        }
    }
}

/// Two modes, symmetric about the start: a fit takes one of them whole.
#[test]
fn symmetric_modes() {
    let density = Toy::new(&["x"], &[("x", Prior)], |z, out| {
        let (a, b) = (normal_const(z[0], -4.0, 0.5), normal_const(z[0], 4.0, 0.5));
        out.push(a + (b - a).softplus() - 2f64.ln());
    });
    for seed in 1..=5 {
        let (mean, sd) = marginals(&fitted(&density, seed));
        assert!((mean[0].abs() - 4.0).abs() < 0.01 && (sd[0] - 0.5).abs() < 0.01, "{mean:?} {sd:?}");
    }
}

/// Far from everywhere: the posterior sits at 1e5 with sd 1e-3.
#[test]
fn a_needle_far_away() {
    let density = Toy::new(&["x"], &[("x ~ Normal(1e5, 1e-3)", Prior)], |z, out| {
        out.push(normal_const(z[0], 1e5, 1e-3));
    });
    let (mean, sd) = marginals(&fitted(&density, 1));
    assert!((mean[0] - 1e5).abs() < 1e-5 && (sd[0] / 1e-3 - 1.0).abs() < 1e-6, "{mean:?} {sd:?}");
}

/// A flat direction has no optimum: the result is finite and says so.
#[test]
fn an_improper_direction_is_reported() {
    let density = Toy::new(&["a", "b"], &[("a ~ Flat()", Prior), ("b ~ Normal(0, 1)", Prior)], |z, out| {
        out.push(z[0] * 0.0);
        out.push(normal_const(z[1], 0.0, 1.0));
    });
    let fit = fitted(&density, 1);
    assert_all_finite(&fit);
    assert!(!fit.converged);
    assert!(fit.warnings.iter().any(|w| w.contains("`a`")), "{:?}", fit.warnings);
}

#[test]
fn no_finite_start_names_statement_and_row() {
    let statements =
        [("mu ~ Normal(0, 1)", Prior), ("y ~ Normal(mu, s)", Likelihood), ("k ~ Poisson(r)", Likelihood)];
    let density = Toy::new(&["mu"], &statements, |z, out| {
        out.push(normal_const(z[0], 0.0, 1.0));
        out.push(normal_const(z[0], 1.0, 2.0));
        out.push(Jet::constant(f64::NEG_INFINITY));
    })
    .with_pointwise(4, |z, rows| rows.copy_from_slice(&[-1.0, -z[0] * z[0], f64::NEG_INFINITY, -2.0]));
    let error = fit(&density, &FitOptions::default(), &mut |_| ()).unwrap_err();
    let InferenceError::NoFiniteStart { statement, row, value, at, .. } = &error else { panic!("{error:?}") };
    assert_eq!((statement.as_str(), *row, *value), ("k ~ Poisson(r)", Some(2), f64::NEG_INFINITY));
    assert_eq!(at.offset(), 20);
    assert!(error.to_string().contains("k ~ Poisson(r)"), "{error}");
}

#[test]
fn no_finite_gradient_names_the_coordinate() {
    let density = Toy::new(&["a", "b"], &[("a ~ Normal(0, 1)", Prior), ("f(b)", Prior)], |z, out| {
        out.push(normal_const(z[0], 0.0, 1.0));
        out.push(z[1].kink() - z[0]);
    });
    let error = fit(&density, &FitOptions::default(), &mut |_| ()).unwrap_err();
    assert!(
        matches!(&error, InferenceError::NoFiniteGradient { coordinate, .. } if coordinate == "b"),
        "{error:?}"
    );
}

/// Finite only near 7: too narrow for the first starts, found by the later ones.
#[test]
fn a_small_region_is_found() {
    let density = Toy::new(&["x"], &[("x", Prior)], |z, out| {
        let inside = (z[0].v - 7.0).abs() < 2.0;
        out.push(if inside { normal_const(z[0], 7.0, 0.1) } else { Jet::constant(f64::NAN) });
    });
    for seed in 1..=5 {
        let (mean, sd) = marginals(&fitted(&density, seed));
        assert!((mean[0] - 7.0).abs() < 1e-6 && (sd[0] - 0.1).abs() < 1e-6);
    }
}
