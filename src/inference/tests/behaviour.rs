//! Seeds, threads, the other optimiser, size, and what a fit remembers.

use super::toy::{Jet, Regression, Toy, normal, normal_const};
use super::*;
use crate::density::{Coordinate, LogDensity, Role, Term, TermKind};

/// Enough rows for several blocks of lanes and for threads.
fn large_regression() -> Regression {
    let rows: Vec<Vec<f64>> = (0..9000).map(|i| vec![1.0, f64::from(i % 100) / 10.0]).collect();
    let y = rows
        .iter()
        .enumerate()
        .map(|(i, r)| 2.0 + 0.5 * r[1] + f64::from((i * 7919 % 101) as u32) / 50.0)
        .collect();
    Regression::new(rows, y, vec![(0.0, 10.0); 2], None)
}

#[test]
fn the_same_seed_gives_the_same_bytes_whatever_the_threads() {
    let density = large_regression();
    let with_threads = |n: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        serde_json::to_string(&pool.install(|| fitted(&density, 5))).unwrap()
    };
    let one = with_threads(1);
    assert_eq!(one, with_threads(3));
    assert_ne!(one, serde_json::to_string(&fitted(&density, 6)).unwrap());
}

#[test]
fn a_fit_survives_serialisation_and_draws_repeat() {
    let density = Toy::new(&["a", "b"], &[("a, b", TermKind::Prior)], |z, out| {
        out.push(normal_const(z[0], 1.0, 2.0) + normal_const(z[1], -3.0, 0.1));
    });
    let fit = fitted(&density, 1);
    let back: Fit = serde_json::from_str(&serde_json::to_string(&fit).unwrap()).unwrap();
    assert_eq!(fit, back);
    let n = 20_000;
    let z = fit.sample_unconstrained(n, 9).unwrap();
    assert_eq!(z, back.sample_unconstrained(n, 9).unwrap());
    assert_ne!(z, fit.sample_unconstrained(n, 10).unwrap());
    let fewer = fit.sample_unconstrained(10, 9).unwrap();
    assert_eq!(fewer, [&z[..10], &z[n..n + 10]].concat(), "the first of more draws");
    for (i, (mean, sd)) in [(1.0, 2.0), (-3.0, 0.1)].into_iter().enumerate() {
        let row = &z[i * n..(i + 1) * n];
        let m = row.iter().sum::<f64>() / n as f64;
        let v = row.iter().map(|x| (x - m).powi(2)).sum::<f64>() / n as f64;
        assert!((m - mean).abs() < 4.0 * sd / (n as f64).sqrt(), "{m}");
        assert!((v.sqrt() / sd - 1.0).abs() < 4.0 / (2.0 * n as f64).sqrt(), "{v}");
    }
    assert_eq!(fit.sample_unconstrained(0, 1).unwrap(), Vec::<f64>::new());
}

/// Logistic regression with 8 rows and normal priors: no closed form, so the two optimisers are held against each other.
#[test]
fn adam_reaches_the_same_optimum() {
    let rows =
        [(-2.0, 0.0), (-1.0, 1.0), (0.0, 1.0), (0.5, 0.0), (1.0, 1.0), (3.0, 1.0), (2.0, 1.0), (-3.0, 0.0)];
    let names = ["a", "b", "log_s"];
    let density =
        Toy::new(&names, &[("prior", TermKind::Prior), ("y", TermKind::Likelihood)], move |z, out| {
            let zero = Jet::constant(0.0);
            out.push(normal_const(z[0], 0.0, 2.0) + normal(z[1], zero, z[2]) + normal_const(z[2], 0.0, 0.5));
            let eta = |x: f64| z[0] + z[1] * x;
            out.push(rows.iter().fold(zero, |s, (x, y)| s + eta(*x) * *y - eta(*x).softplus()));
        });
    let newton = fitted(&density, 1);
    assert!(newton.converged);
    let (mean, sd) = marginals(&newton);
    for seed in 1..=3 {
        let options = FitOptions { seed, optimizer: Optimizer::Adam, ..Default::default() };
        let adam = fit(&density, &options, &mut |_| ()).unwrap();
        assert!(adam.converged && adam.warnings.is_empty(), "{:?}", adam.warnings);
        assert_eq!(adam.optimizer, Optimizer::Adam);
        let (adam_mean, adam_sd) = marginals(&adam);
        for i in 0..3 {
            assert!(
                (adam_mean[i] - mean[i]).abs() < 0.06 * sd[i],
                "{} not {} ({})",
                adam_mean[i],
                mean[i],
                sd[i]
            );
            assert!((adam_sd[i] / sd[i]).ln().abs() < 0.06, "{} not {}", adam_sd[i], sd[i]);
        }
        let (a, b) = (adam.elbo.unwrap(), newton.elbo.unwrap());
        assert!((a.value - b.value).abs() < 4.0 * (a.se + b.se) + 0.01, "{a:?} {b:?}");
    }
}

#[test]
fn adam_stops_when_it_is_told_to() {
    let density =
        Toy::new(&["a"], &[("a", TermKind::Prior)], |z, out| out.push(normal_const(z[0], 0.0, 1.0)));
    let options = FitOptions { optimizer: Optimizer::Adam, max_iterations: Some(50), ..Default::default() };
    let fit = fit(&density, &options, &mut |_| ()).unwrap();
    assert_all_finite(&fit);
    assert_eq!(fit.iterations, 50);
    assert!(!fit.converged && fit.warnings[0].contains("50 iterations"), "{:?}", fit.warnings);
}

/// Independent normals with sds over six orders of magnitude.
struct Independent {
    coordinates: Vec<Coordinate>,
    statements: Vec<Term>,
}

impl Independent {
    fn new(d: usize) -> Independent {
        let name = |i| format!("x[{i}]");
        let coordinates = (0..d).map(|i| Coordinate::new(name(i), Role::Latent));
        let kind = TermKind::Prior;
        let statements = vec![Term { text: "x ~ Normal(1, s)".into(), kind, span: Default::default() }];
        Independent { coordinates: coordinates.collect(), statements }
    }

    fn sd(&self, i: usize) -> f64 {
        10f64.powf(6.0 * i as f64 / self.dim() as f64 - 3.0)
    }
}

impl LogDensity for Independent {
    fn coordinates(&self) -> &[Coordinate] {
        &self.coordinates
    }
    fn statements(&self) -> &[Term] {
        &self.statements
    }
    fn value(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for (i, z) in z.chunks_exact(lanes).enumerate() {
            let sd = self.sd(i);
            out.iter_mut().zip(z).for_each(|(out, z)| *out -= 0.5 * ((z - 1.0) / sd).powi(2));
        }
    }
    fn gradient(&self, lanes: usize, z: &[f64], out: &mut [f64], gradient: &mut [f64]) {
        self.value(lanes, z, out);
        for (i, (z, g)) in z.chunks_exact(lanes).zip(gradient.chunks_exact_mut(lanes)).enumerate() {
            let sd = self.sd(i);
            g.iter_mut().zip(z).for_each(|(g, z)| *g = (1.0 - z) / (sd * sd));
        }
    }
    fn hessian_vector(&self, lanes: usize, z: &[f64], v: &[f64], gradient: &mut [f64], product: &mut [f64]) {
        self.gradient(lanes, z, &mut vec![0.0; lanes], gradient);
        for (i, (v, h)) in v.chunks_exact(lanes).zip(product.chunks_exact_mut(lanes)).enumerate() {
            let sd = self.sd(i);
            h.iter_mut().zip(v).for_each(|(h, v)| *h = -v / (sd * sd));
        }
    }
    fn terms(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        self.value(lanes, z, out);
    }
    fn n_constrained(&self) -> usize {
        self.dim()
    }
    fn constrain(&self, _lanes: usize, z: &[f64], out: &mut [f64]) {
        out.copy_from_slice(z);
    }
    fn n_pointwise(&self) -> usize {
        0
    }
    fn pointwise(&self, _lanes: usize, _z: &[f64], _out: &mut [f64]) {}
}

#[test]
fn a_thousand_coordinates() {
    let density = Independent::new(1000);
    let fit = fitted(&density, 1);
    assert!(fit.converged && fit.warnings.is_empty(), "{:?}", fit.warnings);
    let (mean, sd) = marginals(&fit);
    for i in 0..1000 {
        let truth = density.sd(i);
        assert!((mean[i] - 1.0).abs() < 1e-2 * truth && (sd[i] / truth).ln().abs() < 1e-3, "{i}");
    }
    assert!(fit.batched_evaluations < 200, "{}", fit.batched_evaluations);
}

/// Nothing unknown: the ELBO is the log density.
#[test]
fn no_coordinates_at_all() {
    let density = Toy::new(&[], &[("y ~ Normal(0, 1)", TermKind::Likelihood)], |_, out| {
        out.push(Jet::constant(-4.5));
    });
    for optimizer in Optimizer::ALL {
        let fit = fit(&density, &FitOptions { optimizer, ..Default::default() }, &mut |_| ()).unwrap();
        let elbo = fit.elbo.unwrap();
        assert_eq!((elbo.value, elbo.log_likelihood, elbo.kl, elbo.se), (-4.5, -4.5, 0.0, 0.0));
        assert!(fit.converged && fit.lambda.is_empty());
    }
}

#[test]
fn draws_that_are_asked_for_are_kept_and_progress_is_told() {
    let density = Toy::new(&["v", "x"], &[("v, x", TermKind::Prior)], |z, out| {
        out.push(normal_const(z[0], 0.0, 3.0) + normal(z[1], Jet::constant(0.0), z[0]));
    });
    let mut stages = Vec::new();
    let options = FitOptions { mc_draws: Some(10), ..Default::default() };
    let few = fit(&density, &options, &mut |p| stages.push(p.stage)).unwrap();
    assert_eq!(few.n_draws, 10);
    assert!(few.warnings.iter().any(|w| w.contains("--mc-draws")), "{:?}", few.warnings);
    stages.dedup();
    assert_eq!(stages.first(), Some(&Stage::Start));
    assert!(stages.contains(&Stage::Optimise) && stages.last() == Some(&Stage::Evaluate), "{stages:?}");
    let enough = fitted(&density, 1);
    assert!(enough.n_draws > 32, "{}", enough.n_draws);
}
