//! Special functions against references of more digits.

use super::special_references::REFERENCES;
use super::*;

pub(super) type Builder = fn(&mut Graph, Node) -> Node;

fn value(build: Builder, x: f64) -> f64 {
    let mut g = Graph::new();
    let x = g.scalar(x);
    let y = build(&mut g, x);
    g.value(y).map_or(f64::NAN, |v| v.iter().copied().sum())
}

/// Relative accuracy of special functions.
const ACCURACY: f64 = 2e-14;

#[test]
fn special_functions_match_references() {
    for (name, build, x, expected) in REFERENCES {
        let found = value(*build, *x);
        let error = if found == *expected { 0.0 } else { (found / expected - 1.0).abs() };
        assert!(
            error < ACCURACY,
            "{name}({x:e}) = {found:e}, expected {expected:e}: relative error {error:e}"
        );
    }
}

#[test]
fn special_functions_at_the_edges() {
    const INF: f64 = f64::INFINITY;
    assert_eq!(value(Graph::lgamma, 0.0), INF);
    assert!(value(Graph::digamma, 0.0).is_nan() && value(Graph::digamma, -2.0).is_nan());
    assert_eq!(value(Graph::digamma, INF), INF);
    assert_eq!(value(Graph::normal_quantile, 0.0), -INF);
    assert_eq!(value(Graph::normal_quantile, 1.0), INF);
    assert_eq!(value(Graph::normal_quantile, 0.5), 0.0);
    assert!(value(Graph::normal_quantile, 1.5).is_nan());
    assert_eq!(value(Graph::normal_log_cdf, INF), 0.0);
    assert_eq!(value(Graph::normal_log_cdf, -INF), -INF);
    assert_eq!(value(Graph::normal_hazard, INF), 0.0);
    assert_eq!(value(Graph::log1m_exp, 0.0), -INF);
    assert_eq!(value(Graph::log1p_exp, 800.0), 800.0);
    assert_eq!(value(Graph::logistic, 800.0), 1.0);
    assert_eq!(value(Graph::logistic, -800.0), 0.0);
    assert!(value(Graph::sign, f64::NAN).is_nan());
}

#[test]
fn quantiles_invert_the_distribution_function() {
    for k in 1..400 {
        let p = 1.0 / (1.0 + (-(k as f64 - 200.0) / 6.0).exp());
        let (mut g, at) = (Graph::new(), p);
        let p = g.scalar(at);
        let x = g.normal_quantile(p);
        let again = g.normal_cdf(x);
        let again = g.value(again).map_or(f64::NAN, |v| v.sum());
        let x = g.value(x).map_or(f64::NAN, |v| v.sum());
        // the condition of Phi, times the rounding of its argument
        let condition = 1.0 + (x * (-0.5 * x * x).exp() / (2.5066 * at)).abs();
        assert!((again / at - 1.0).abs() < 4.0 * f64::EPSILON * condition, "{at:e}: {again:e}");
    }
}
