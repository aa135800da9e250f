//! Questions to distributions in expressions: `lpdf`, `cdf`, `quantile`, `mean`, `sd`, wherever an expression may stand.

use crate::by_hand::*;
use crate::harness::*;

const X: &str = r#"{"x": [0.5, -1.0, 2.0], "N": 3}"#;
const XS: [f64; 3] = [0.5, -1.0, 2.0];

/// The value of the deterministic quantity `q` of a model without latents that matter.
fn answer(model: &str) -> Vec<f64> {
    let compiled = compiled(&format!("anchor ~ Normal(0, 1)\n{model} + 0 * anchor"), &json(X));
    point(&compiled, &[0.3]).v("q").to_vec()
}

#[test]
fn distribution_functions_with_latent_arguments() {
    for model in [
        "m ~ Normal(0, 1)\ns ~ HalfNormal(1)\nfactor log_ccdf(Normal(m, s), x)",
        "m ~ Normal(0, 1)\ns ~ HalfNormal(1)\nD = Normal(m, s)\nfor i in 1:N { factor log(1 - cdf(D, x[i])) }",
        "m ~ Normal(0, 1)\ns ~ HalfNormal(1)\nfn above(D, at) = log_cdf(D, 2 * m - at)\n\
         factor above(Normal(m, s), x)",
    ] {
        agrees(model, &json(X), |p| {
            let (m, s) = (p.s("m"), p.s("s"));
            let censored = XS.iter().map(|x| normal_cdf((m - x) / s).ln());
            normal(m, 0.0, 1.0) + half_normal(s, 1.0) + censored.sum::<f64>()
        });
    }
}

#[test]
fn the_batches_of_distribution_and_value_broadcast() {
    let model = "m[3] ~ Normal(0, 1)\nc = cdf(Normal(m, 1), [[0.0, 1, 2], [3, 4, 5]])\nfactor [1, 2] * sum(c, axis = 2)";
    agrees(model, &json(X), |p| {
        let m = p.v("m");
        let row = |from: f64| (0..3).map(|k| normal_cdf(from + k as f64 - m[k])).sum::<f64>();
        m.iter().map(|&m| normal(m, 0.0, 1.0)).sum::<f64>() + row(0.0) + 2.0 * row(3.0)
    });
}

#[test]
fn moments_with_latent_arguments() {
    let model =
        "a ~ Exponential(1)\nb ~ Exponential(1)\nD = Gamma(a, b)\nfactor mean(D) - sd(D) + 0.5 * var(D)";
    agrees(model, &json(X), |p| {
        let (a, b) = (p.s("a"), p.s("b"));
        exponential(a, 1.0) + exponential(b, 1.0) + a / b - a.sqrt() / b + 0.5 * a / (b * b)
    });
}

#[test]
fn moments_have_the_shape_of_draws() {
    assert_eq!(answer("q = mean(MvNormal([1, 2], cov = eye(2)))"), [1.0, 2.0]);
    assert_eq!(answer("q = sd(MvNormal(0, cov = [[4, 0], [0, 9]]))"), [2.0, 3.0]);
    assert_eq!(answer("q = mean(Normal(5, [1, 2, 3]))"), [5.0; 3]);
    assert_eq!(answer("q = mean(Normal([1, 2], 1))"), [1.0, 2.0]);
    assert_eq!(answer("q = mean(Dirichlet([1, 3]))"), [0.25, 0.75]);
}

/// `mean` and `sd` of an array are what they were, in functions that may be given either too.
#[test]
fn reductions_and_moments_share_their_names() {
    let both = "fn centre(v) = mean(v)\nfn spread(v) { w = v; return sd(w) }\n";
    let text = |q: &str| answer(&format!("{both}{q}"));
    assert_eq!(text("q = centre(Normal(4, 2))"), [4.0]);
    assert_eq!(text("q = centre([1, 2, 6])"), [3.0]);
    assert_eq!(text("q = spread(Normal([4, 5], 2))"), [2.0, 2.0]);
    assert_eq!(text("q = spread([1, 3])"), [2f64.sqrt()]);
    assert_eq!(answer("q = mean([[1, 2], [5, 6]], axis = 1)"), [3.0, 4.0]);
    assert_eq!(answer("fn noise(s) = Normal(7, s)\nq = mean(noise(2)) + sd(noise(2))"), [9.0]);
    assert_eq!(answer("fn ask(f, D) = f(D)\nfn m(D) = mean(D)\nq = ask(m, Poisson(3.5))"), [3.5]);
}

#[test]
fn discrete_distribution_functions_are_steps() {
    let at = |x: &str| answer(&format!("q = cdf(Poisson(2), {x})"))[0];
    let exact = |k: i32| (0..=k).map(|k| poisson(f64::from(k), 2.0).exp()).sum::<f64>();
    for (x, k) in [("0", 0), ("2", 2), ("2.7", 2), ("7.999", 7)] {
        assert!((at(x) - exact(k)).abs() < 1e-11, "{x}: {} for {}", at(x), exact(k));
    }
    assert_eq!((at("-1"), at("-0.5"), at("inf")), (0.0, 0.0, 1.0));
    assert_eq!(answer("q = log_ccdf(Poisson(2), -3)"), [0.0]);
}

#[test]
fn questions_in_loops_and_recursions() {
    let model = "m ~ Normal(0, 1)\nx1[1] = m\nfor t in 2:4 { x1[t] = cdf(Normal(x1[t - 1], 1), t) + mean(Normal(x1[t - 1], t)) }\nfactor x1[4]";
    agrees(model, &json(X), |p| {
        let m = p.s("m");
        let x4 = (2..5).fold(m, |x, t| normal_cdf(f64::from(t) - x) + x);
        normal(m, 0.0, 1.0) + x4
    });
}

#[test]
fn questions_about_discrete_latents() {
    let data = json(r#"{"y": [1.0, -0.5]}"#);
    for model in [
        "mu[2] ~ Normal(0, 1)\nz[2] ~ Categorical([0.25, 0.75])\ny ~ Normal(mean(Normal(mu[z], 2)), 1)",
        "mu[2] ~ Normal(0, 1)\nfor i in 1:2 { z[i] ~ Categorical([0.25, 0.75])\n\
         y[i] ~ Normal(mean(Gamma(1, exp(-mu[z[i]]))) - exp(mu[z[i]]) + mu[z[i]], 1) }",
    ] {
        agrees(model, &data, |p| {
            let mu = p.v("mu");
            let row = |y: f64| {
                log_sum_exp(&[0.25f64.ln() + normal(y, mu[0], 1.0), 0.75f64.ln() + normal(y, mu[1], 1.0)])
            };
            normal(mu[0], 0.0, 1.0) + normal(mu[1], 0.0, 1.0) + row(1.0) + row(-0.5)
        });
    }
}

#[test]
fn questions_without_an_answer_say_why() {
    let data = json(X);
    refused("q = cdf(MvNormal(0, cov = eye(2)), [0, 0])", &data, &["asks a distribution of single numbers"]);
    refused(
        "fn f(D) = cdf(D, [0, 0])\nq = f(MvNormal(0, cov = eye(2)))",
        &data,
        &["asks a distribution of single numbers"],
    );
    refused("q = mean(Flat())", &data, &["does not integrate"]);
    refused("q = cdf(x, 0.5)", &data, &["`cdf` asks a distribution"]);
    refused("q = quantile(Normal(0, 1))", &data, &["`quantile` needs its argument `p`"]);
    refused("q = quantile(Normal(0, 1), 1.5)", &data, &["`p` of quantile must be between 0 and 1"]);
    refused("q = quantile(Normal(0, 1), x)", &data, &["p must be between 0 and 1, but is -1", "[2]"]);
    refused("q = cdf(Normal([1, 2], 1), x)", &data, &["[2]", "[3]"]);
    refused("fn f(D) = cdf(D, x)\nq = f(Normal([1, 2], 1))", &data, &["[2]", "[3]"]);
    refused("q = mean(Normal(0, 1), axis = 1)", &data, &["a number is needed here, not a distribution"]);
}
