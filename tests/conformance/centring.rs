//! The same densities in other coordinates of their location-scale latents.

use vippl::check;
use vippl::compile::{CompileOptions, Compiled, GradientMode, compile};
use vippl::data::Dataset;
use vippl::density::{Centring, LogDensity, Recentred};
use vippl::source::Source;
use vippl::syntax;

use crate::harness::*;

/// |log p~(z~) - log p(z) - log |dz/dz~|| <= this times max(1, |log p~(z~)|); the determinant is taken by differences.
const DENSITY_TOLERANCE: f64 = 1e-7;
/// The same for derivatives against differences.
const DERIVATIVE_TOLERANCE: f64 = 5e-6;

/// All at 1, all at 0, in units of 1 and others, all at 0.3, all different, in units of their own.
fn centrings(n: usize) -> [Centring; 6] {
    let mixed = |from: f64, by: f64| (0..n).map(|i| from + (i * 37 % 100) as f64 * by).collect::<Vec<f64>>();
    [
        Centring::new(vec![1.0; n]),
        Centring::new(vec![0.0; n]),
        Centring { weights: vec![0.0; n], log_units: mixed(-1.0, 0.02) },
        Centring::new(vec![0.3; n]),
        Centring::new(mixed(0.0, 0.01)),
        Centring { weights: mixed(0.9, -0.009), log_units: mixed(-2.0, 0.03) },
    ]
}

fn batch(points: &[Vec<f64>]) -> Vec<f64> {
    (0..points[0].len()).flat_map(|i| points.iter().map(move |z| z[i])).collect()
}

fn values(density: &dyn LogDensity, lanes: usize, z: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; lanes];
    density.value(lanes, z, &mut out);
    out
}

fn written(density: &dyn Recentred, z: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; z.len()];
    density.to_written(1, z, &mut out);
    out
}

fn gradient(density: &dyn LogDensity, lanes: usize, z: &[f64]) -> Vec<f64> {
    let mut gradient = vec![0.0; z.len()];
    density.gradient(lanes, z, &mut vec![0.0; lanes], &mut gradient);
    gradient
}

/// The derivative of numbers along a direction, by differences of five points.
fn along(z: &[f64], v: &[f64], f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let h = 1e-3;
    let at = |step: f64| f(&z.iter().zip(v).map(|(z, v)| z + step * h * v).collect::<Vec<f64>>());
    let (a, b, c, d) = (at(-2.0), at(-1.0), at(1.0), at(2.0));
    (0..a.len()).map(|i| (a[i] - 8.0 * b[i] + 8.0 * c[i] - d[i]) / (12.0 * h)).collect()
}

fn unit(n: usize, i: usize) -> Vec<f64> {
    (0..n).map(|j| f64::from(u8::from(i == j))).collect()
}

#[track_caller]
fn all_close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (k, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(close(*found, *expected, tolerance), "{what} {k}: {found}, not {expected}");
    }
}

fn compiled_by(model: &str, data: &Dataset, gradient: GradientMode) -> Compiled {
    let source = Source::new("model.vim", model);
    let file = syntax::parse(&source).unwrap_or_else(|errors| panic!("{model}\n{errors:?}"));
    let checked = check::check(&source, &file, Some(&summary(data))).unwrap_or_else(|e| panic!("{e:?}"));
    let options = CompileOptions { gradient, ..CompileOptions::default() };
    compile(&checked.model, data, &options).unwrap_or_else(|e| panic!("{model}\n{e:?}"))
}

/// Holds the density in other coordinates against the one as written, at some points; names of the coordinates that can be
/// recentred.
pub fn same_in_other_coordinates(model: &str, data: &Dataset) -> Vec<String> {
    let compiled = [GradientMode::Reverse, GradientMode::Forward].map(|mode| compiled_by(model, data, mode));
    let density = &compiled[0].density;
    let n = density.recentrable().len();
    let names = density.recentrable().iter().map(|&i| density.coordinates()[i].name.clone()).collect();
    if n == 0 {
        assert!(density.recentred(&Centring::new(Vec::new())).is_none());
        return names;
    }
    assert!(density.recentrable().is_sorted());
    let points = some_points(density.dim(), 3);
    for centring in centrings(n) {
        let [reverse, forward] =
            [0, 1].map(|k| compiled[k].density.recentred(&centring).expect("there is something to recentre"));
        assert_eq!(*reverse.centring(), centring);
        let what = |what: &str| format!("{model}\ncentring {centring:?}: {what}");
        values_agree(density, &*reverse, &points, &what);
        derivatives_agree([&*reverse, &*forward], &points, &what);
    }
    names
}

fn values_agree(
    density: &dyn LogDensity,
    recentred: &dyn Recentred,
    points: &[Vec<f64>],
    what: &dyn Fn(&str) -> String,
) {
    let (dim, lanes, n) = (density.dim(), points.len(), density.recentrable().len());
    let new = batch(points);
    let (mut old, mut back) = (vec![0.0; new.len()], vec![0.0; new.len()]);
    recentred.to_written(lanes, &new, &mut old);
    recentred.of_written(lanes, &old, &mut back);
    all_close(&what("there and back"), &back, &new, 1e-12);
    let found = values(recentred, lanes, &new);
    let expected = values(density, lanes, &old);
    for (l, z) in points.iter().enumerate() {
        let columns: Vec<Vec<f64>> =
            (0..dim).map(|i| along(z, &unit(dim, i), |z| written(recentred, z))).collect();
        let expected = expected[l] + log_abs_determinant(columns.concat(), dim);
        all_close(&what("log p"), &found[l..=l], &[expected], DENSITY_TOLERANCE);
        let [one] = values(recentred, 1, z)[..] else { panic!("one lane") };
        all_close(&what("one lane"), &[one], &found[l..=l], 1e-12);
    }

    let [mut at_old, mut at_new] = [0, 1].map(|_| (vec![0.0; n * lanes], vec![0.0; n * lanes]));
    density.locations_and_scales(lanes, &old, &mut at_old.0, &mut at_old.1);
    recentred.locations_and_scales(lanes, &new, &mut at_new.0, &mut at_new.1);
    all_close(&what("locations"), &at_new.0, &at_old.0, 1e-11);
    all_close(&what("log scales"), &at_new.1, &at_old.1, 1e-11);
    let Centring { weights, log_units } = recentred.centring();
    let log_determinant = |l: usize| -> f64 {
        (0..n).map(|k| (1.0 - weights[k]) * (at_new.1[k * lanes + l] - log_units[k])).sum()
    };
    for l in 0..lanes {
        let expected = expected[l] + log_determinant(l);
        all_close(&what("log p by scales"), &found[l..=l], &[expected], 1e-10);
    }

    let n_terms = density.statements().len();
    let mut terms = vec![0.0; n_terms * lanes];
    recentred.terms(lanes, &new, &mut terms);
    let totals: Vec<f64> = (0..lanes).map(|l| terms.iter().skip(l).step_by(lanes).sum()).collect();
    all_close(&what("sum of terms"), &totals, &found, 1e-11);
    let outputs = [density, recentred as &dyn LogDensity].map(|density| {
        let at = if std::ptr::addr_eq(density, recentred) { &new } else { &old };
        let mut constrained = vec![0.0; density.n_constrained() * lanes];
        let mut pointwise = vec![0.0; density.n_pointwise() * lanes];
        density.constrain(lanes, at, &mut constrained);
        density.pointwise(lanes, at, &mut pointwise);
        [constrained, pointwise].concat()
    });
    all_close(&what("quantities and pointwise"), &outputs[1], &outputs[0], 1e-10);
}

fn derivatives_agree(by_mode: [&dyn Recentred; 2], points: &[Vec<f64>], what: &dyn Fn(&str) -> String) {
    let [recentred, _] = by_mode;
    let (dim, lanes) = (points[0].len(), points.len());
    let z = batch(points);
    let v: Vec<f64> = (0..z.len()).map(|i| ((i * 7 % 11) as f64 - 5.0) / 5.0).collect();
    let gradients = by_mode.map(|density| gradient(density, lanes, &z));
    all_close(&what("gradient by forward mode"), &gradients[1], &gradients[0], 1e-10);
    let (mut with_product, mut product) = (vec![0.0; z.len()], vec![0.0; z.len()]);
    recentred.hessian_vector(lanes, &z, &v, &mut with_product, &mut product);
    all_close(&what("gradient of the product"), &with_product, &gradients[0], 1e-10);
    let lane = |all: &[f64], l: usize| -> Vec<f64> { all.iter().skip(l).step_by(lanes).copied().collect() };
    for (l, z) in points.iter().enumerate() {
        let by_differences: Vec<f64> =
            (0..dim).map(|i| along(z, &unit(dim, i), |z| values(recentred, 1, z))[0]).collect();
        all_close(&what("gradient"), &lane(&gradients[0], l), &by_differences, DERIVATIVE_TOLERANCE);
        let by_differences = along(z, &lane(&v, l), |z| gradient(recentred, 1, z));
        all_close(&what("Hessian product"), &lane(&product, l), &by_differences, DERIVATIVE_TOLERANCE);
    }
}

#[track_caller]
fn recentrable(model: &str, data: &Dataset, expected: &[&str]) {
    assert_eq!(same_in_other_coordinates(model, data), expected, "{model}");
}

fn schools() -> Dataset {
    json(r#"{"J": 3, "y": [2.8, 0.8, -0.3], "se": [1.5, 1.0, 1.6], "g": [1, 2, 1], "x": [0.3, -1, 2]}"#)
}

const THETAS: [&str; 3] = ["theta[1]", "theta[2]", "theta[3]"];

#[test]
fn whole_arrays() {
    let centred = "mu ~ Normal(0, 5)\ntau ~ HalfCauchy(5)\ntheta[J] ~ Normal(mu, tau)\ny ~ Normal(theta, se)";
    recentrable(centred, &schools(), &THETAS);
    // Only the location varies, only the scale does, or neither.
    let location = "mu ~ Normal(0, 5)\ntheta[J] ~ Normal(mu + x, 2)\ny ~ Normal(theta, se)";
    recentrable(location, &schools(), &THETAS);
    let scale = "tau ~ LogNormal(0, 1)\ntheta[J] ~ Normal(3, tau * [1, 2, 3])\ny ~ Normal(theta, se)";
    recentrable(scale, &schools(), &THETAS);
    recentrable("theta[J] ~ Normal(x, se)\ny ~ Normal(theta, se)", &schools(), &[]);
    // A scale that is estimated as a point.
    recentrable(
        "param tau in (0, inf) = 1\ntheta[J] ~ Normal(0, tau)\ny ~ Normal(theta, se)",
        &schools(),
        &THETAS,
    );
}

#[test]
fn every_family() {
    let families = [
        "Normal(m, s)",
        "StudentT(4, m, s)",
        "StudentT(s, m, s)",
        "Cauchy(m, s)",
        "Laplace(m, s)",
        "AsymmetricLaplace(m, s, 0.7)",
        "Logistic(m, s)",
        "Gumbel(m, s)",
        "SkewNormal(m, s, 1.5)",
        "LogNormal(m, s)",
        "LogitNormal(m, s)",
    ];
    for family in families {
        let model = format!(
            "m ~ Normal(0, 1)\ns ~ HalfNormal(1)\ntheta[J] ~ {family}\nfor j in 1:J {{ y[j] ~ Normal(theta[j], se[j]) }}"
        );
        recentrable(&model, &schools(), &THETAS);
        let in_loop = format!(
            "m ~ Normal(0, 1)\ns ~ HalfNormal(1)\n\
             for j in 1:J {{ theta[j] ~ {family}\nk[j] = theta[j] * 2; y[j] ~ Normal(k[j], se[j]) }}"
        );
        recentrable(&in_loop, &schools(), &THETAS);
    }
}

/// Positive latents are moved on the log scale.
#[test]
fn sizes() {
    let families = [
        "HalfNormal(s)",
        "HalfStudentT(4, s)",
        "HalfCauchy(s)",
        "Exponential(s)",
        "Gamma(a, s)",
        "Gamma(mean = a, sd = s)",
        "InverseGamma(a, s)",
        "Weibull(a, s)",
        "Frechet(a, s)",
        "Rayleigh(s)",
        "InverseGaussian(a, s)",
        "Lomax(a, s)",
    ];
    for family in families {
        let model = format!("a ~ Gamma(3, 2)\ns ~ HalfNormal(1)\ntheta[J] ~ {family}\ny ~ Normal(theta, se)");
        recentrable(&model, &schools(), &THETAS);
    }
}

#[test]
fn vectors() {
    let data = json(r#"{"y": [[1, 2, 0.5], [0, 1, -1]], "K": 3}"#);
    let b = ["b[1,1]", "b[1,2]", "b[1,3]", "b[2,1]", "b[2,2]", "b[2,3]"];
    let hyper = "m[3] ~ Normal(0, 1)\nt[3] ~ HalfNormal(1)\nL ~ LkjCholesky(3, 2)\n";
    let by_rows = "for i in 1:2 { y[i] ~ Normal(b[i], 1) }";
    for family in [
        "MvNormal(m, chol = diag(t) @ L)",
        "MvNormal(0, cov = diag(t) @ L @ L' @ diag(t))",
        "MvNormal(m, prec = diag(t) @ L @ L' @ diag(t))",
        "MvStudentT(4, m, chol = diag(t) @ L)",
        "MvStudentT(t[1], m, cov = diag(t) @ L @ L' @ diag(t))",
    ] {
        recentrable(&format!("{hyper}b[2] ~ {family}\n{by_rows}"), &data, &b);
    }
    let in_loop = "t[2] ~ HalfNormal(1)\nfor i in 1:2 { b[i] ~ MvNormal(t[i], cov = t[i] * eye(3))\n\
                   y[i] ~ Normal(b[i], 1) }";
    recentrable(in_loop, &data, &b);
    for family in ["RandomWalk(s, steps = J)", "AutoRegressive([0.5, r], s, steps = J)"] {
        let model = format!("s ~ HalfNormal(1)\nr ~ Normal(0, 0.3)\ntheta ~ {family}\ny ~ Normal(theta, se)");
        recentrable(&model, &schools(), &THETAS);
    }
    let zero_sum = "s ~ HalfNormal(1)\ntheta[J] ~ zero_sum(Normal(0, s))\ny ~ Normal(theta, se)";
    recentrable(zero_sum, &schools(), &THETAS[..2]);
}

#[test]
fn levels_of_levels() {
    let model = "m ~ Normal(0, 3)\nt ~ HalfNormal(2)\nu[2] ~ Normal(m, t)\ns ~ HalfNormal(1)\n\
                 theta[J] ~ StudentT(5, u[g], s)\nl[J] ~ LogNormal(theta, s * exp(u[g]))\ny ~ Normal(l, se)";
    recentrable(
        model,
        &schools(),
        &["u[1]", "u[2]", "theta[1]", "theta[2]", "theta[3]", "l[1]", "l[2]", "l[3]"],
    );
}

#[test]
fn broadcasting_and_matrices() {
    let data = json(r#"{"y": [[1, 2, 0.5], [0, 1, -1]]}"#);
    let model = "m[3] ~ Normal(0, 1)\nt[3] ~ HalfNormal(1)\nb[2, 3] ~ Normal(m, t)\n\
                 for i in 1:2 { for j in 1:3 { y[i, j] ~ Normal(b[i, j], 1) } }";
    let b = ["b[1,1]", "b[1,2]", "b[1,3]", "b[2,1]", "b[2,2]", "b[2,3]"];
    recentrable(model, &data, &b);
    let by_rows = "m[3] ~ Normal(0, 1)\nt[2] ~ HalfNormal(1)\n\
                   for i in 1:2 { b[i, 1:3] ~ Normal(m, t[i])\ny[i] ~ Normal(b[i, :], 1) }";
    recentrable(by_rows, &data, &b);
    let nested = "m[3] ~ Normal(0, 1)\nt[2] ~ HalfNormal(1)\n\
                  for i in 1:2 { s = 2 * t[i]; for j in 1:3 { b[i, j] ~ Normal(m[j], s)\ny[i, j] ~ Normal(b[i, j], s) } }";
    recentrable(nested, &data, &b);
}

#[test]
fn loops_whose_latents_feed_each_other() {
    // Each level reads what the same iteration defined.
    let chain = "t ~ HalfNormal(1)\nfor j in 1:J { m[j] ~ Normal(0, t); theta[j] ~ Normal(m[j], t)\n\
                 y[j] ~ Normal(theta[j], se[j]) }";
    recentrable(chain, &schools(), &["m[1]", "m[2]", "m[3]", "theta[1]", "theta[2]", "theta[3]"]);
    // A random walk depends on itself, and stays as written.
    let walk = "t ~ HalfNormal(1)\nw[1] ~ Normal(0, t)\nfor j in 2:J { w[j] ~ Normal(w[j - 1], t) }\n\
                theta[J] ~ Normal(w, t)\ny ~ Normal(theta, se)";
    recentrable(walk, &schools(), &["w[1]", "theta[1]", "theta[2]", "theta[3]"]);
    // So do two that depend on each other.
    let circle = "t ~ HalfNormal(1)\na[1] ~ Normal(0, 1)\nb[1] ~ Normal(0, 1)\n\
                  for j in 2:J { a[j] ~ Normal(b[j - 1], t); b[j] ~ Normal(a[j], t); y[j] ~ Normal(a[j] + b[j], 1) }";
    recentrable(circle, &schools(), &["b[2]", "b[3]"]);
}

#[test]
fn branches_and_several_statements() {
    let model = "m ~ Normal(0, 1)\nt ~ HalfNormal(1)\n\
                 for j in 1:J { if g[j] == 1 { theta[j] ~ Normal(m, t) } else { theta[j] ~ Cauchy(m, 2 * t) } }\n\
                 for j in 1:J { y[j] ~ Normal(theta[j], se[j]) }";
    recentrable(model, &schools(), &["theta[1]", "theta[3]", "theta[2]"]);
}

#[test]
fn what_stays_as_written() {
    // Mixed over a discrete latent, wrapped, and a density that is also a factor.
    let mixed = "m[2] ~ Normal(0, 1)\nz ~ Bernoulli(0.3)\ntheta ~ Normal(m[z + 1], 1)\ny ~ Normal(theta, se)";
    recentrable(mixed, &schools(), &[]);
    let wrapped = "t ~ HalfNormal(1)\ntheta[J] ~ truncated(Normal(0, t), lower = -1)\ny ~ Normal(theta, se)";
    recentrable(wrapped, &schools(), &[]);
    let factor = "m ~ Normal(0, 1)\nt ~ HalfNormal(1)\ntheta[J] ~ Normal(m, t)\n\
                  factor lpdf(Normal(m, t), theta)\ny ~ Normal(theta, se)";
    recentrable(factor, &schools(), &THETAS);
}

/// What was folded as written is so in other coordinates: levels of levels under many rows.
#[test]
fn folded_sums() {
    let n = 60;
    let column = |f: &dyn Fn(usize) -> String| (0..n).map(f).collect::<Vec<String>>().join(", ");
    let x = column(&|i| format!("{:.2}", (i * 7 % 13) as f64 / 6.0 - 1.0));
    let y = column(&|i| format!("{:.2}", (i * 11 % 17) as f64 / 8.0));
    let k = column(&|i| (i * 5 % 4).to_string());
    let g = column(&|i| (i % 3 + 1).to_string());
    let data =
        json(&format!(r#"{{"x": [{x}], "y": [{y}], "k": [{k}], "g": [{g}], "J": 3, "w": [1, -1, 2]}}"#));
    let levels = "m ~ Normal(0, 2)\nt ~ HalfNormal(1)\ntheta[J] ~ Normal(m + 0.5 * w, t)\nb ~ Normal(0, 1)\n";
    for rows in ["s ~ HalfNormal(1)\ny ~ Normal(theta[g] + b * x, s)", "k ~ Poisson(exp(theta[g] + b))"] {
        let model = format!("{levels}{rows}");
        assert!(compiled(&model, &data).density.folded().count() > 0, "{model}");
        recentrable(&model, &data, &THETAS);
    }
}

/// At 0 the centred eight schools are the non-centred ones.
#[test]
fn centring_zero_is_non_centring_by_hand() {
    let data = schools();
    let centred = compiled(
        "mu ~ Normal(0, 5)\ntau ~ HalfCauchy(5)\ntheta[J] ~ Normal(mu, tau)\ny ~ Normal(theta, se)",
        &data,
    );
    let by_hand = compiled(
        "mu ~ Normal(0, 5)\ntau ~ HalfCauchy(5)\ne[J] ~ Normal(0, 1)\ntheta = mu + tau * e\ny ~ Normal(theta, se)",
        &data,
    );
    let recentred = centred.density.recentred(&Centring::new(vec![0.0; 3])).expect("three latents");
    let points = some_points(5, 20);
    let z = batch(&points);
    all_close("log p", &values(&*recentred, 20, &z), &values(&by_hand.density, 20, &z), 1e-13);
    let gradients = [gradient(&*recentred, 20, &z), gradient(&by_hand.density, 20, &z)];
    all_close("gradient", &gradients[0], &gradients[1], 1e-12);
    let [work, by_hand] = [recentred.work(), by_hand.density.work()];
    assert!(work < 1.2 * by_hand, "{work} operations, by hand {by_hand}");
    // What is left as it is still is a function of its own coordinate.
    let partly = centred.density.recentred(&Centring::new(vec![0.0, 1.0, 0.5])).expect("three latents");
    let marginals: Vec<Option<usize>> =
        centred.quantities.iter().flat_map(|quantity| quantity.recentred(&*partly).marginals).collect();
    assert_eq!(marginals, [Some(0), Some(1), None, Some(3), None]);
}

/// Deep in the neck of a funnel nothing cancels.
#[test]
fn necks_are_exact() {
    let compiled = compiled("v ~ Normal(0, 3)\nx[9] ~ Normal(1, exp(v / 2))", &json("{}"));
    let recentred = compiled.density.recentred(&Centring::new(vec![0.0; 9])).expect("nine latents");
    let mut z = vec![-90.0];
    z.extend((0..9).map(|k| f64::from(k) - 4.0));
    let normal = |x: f64, sd: f64| -0.5 * (x / sd).powi(2) - sd.ln() - 0.918_938_533_204_672_8;
    let expected = normal(z[0], 3.0) + z[1..].iter().map(|&x| normal(x, 1.0)).sum::<f64>();
    all_close("log p", &values(&*recentred, 1, &z), &[expected], 1e-14);
    let slopes: Vec<f64> = z.iter().enumerate().map(|(i, z)| if i == 0 { -z / 9.0 } else { -z }).collect();
    all_close("gradient", &gradient(&*recentred, 1, &z), &slopes, 1e-12);
}
