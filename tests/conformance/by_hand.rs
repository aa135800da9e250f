//! Log densities written out, independent of the crate's formulas.

use std::f64::consts::PI;

pub fn normal(x: f64, mean: f64, sd: f64) -> f64 {
    -0.5 * ((x - mean) / sd).powi(2) - sd.ln() - 0.5 * (2.0 * PI).ln()
}

pub fn half_normal(x: f64, sd: f64) -> f64 {
    2f64.ln() + normal(x, 0.0, sd)
}

pub fn exponential(x: f64, rate: f64) -> f64 {
    rate.ln() - rate * x
}

/// log Gamma(x) for x > 0: Stirling's series after shifting x beyond 12.
pub fn ln_gamma(x: f64) -> f64 {
    let (mut y, mut shift) = (x, 0.0);
    while y < 12.0 {
        shift += y.ln();
        y += 1.0;
    }
    let series = 1.0 / (12.0 * y) - 1.0 / (360.0 * y.powi(3)) + 1.0 / (1260.0 * y.powi(5))
        - 1.0 / (1680.0 * y.powi(7));
    (y - 0.5) * y.ln() - y + 0.5 * (2.0 * PI).ln() + series - shift
}

pub fn beta(x: f64, a: f64, b: f64) -> f64 {
    (a - 1.0) * x.ln() + (b - 1.0) * (1.0 - x).ln() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b)
}

pub fn poisson(k: f64, rate: f64) -> f64 {
    k * rate.ln() - rate - ln_gamma(k + 1.0)
}

pub fn bernoulli(x: f64, p: f64) -> f64 {
    if x == 1.0 { p.ln() } else { (1.0 - p).ln() }
}

pub fn dirichlet(x: &[f64], a: &[f64]) -> f64 {
    let terms: f64 = x.iter().zip(a).map(|(x, a)| (a - 1.0) * x.ln() - ln_gamma(*a)).sum();
    terms + ln_gamma(a.iter().sum())
}

pub fn log_sum_exp(x: &[f64]) -> f64 {
    let top = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY { top } else { top + x.iter().map(|x| (x - top).exp()).sum::<f64>().ln() }
}

/// Phi(x), by the trapezoidal rule from -12 on: exact to 1e-13 or so, since the density is flat at both ends only if x
/// is far; the correction of Euler and Maclaurin takes care of the end at x.
pub fn normal_cdf(x: f64) -> f64 {
    let density = |t: f64| (-0.5 * t * t).exp() / (2.0 * PI).sqrt();
    let n = 40_000;
    let h = (x + 12.0) / f64::from(n);
    let inner: f64 = (1..n).map(|k| density(-12.0 + f64::from(k) * h)).sum();
    let end = density(x);
    h * (inner + 0.5 * end) + h * h / 12.0 * x * end
}

/// All index vectors of n digits below k.
pub fn configurations(n: usize, k: usize) -> Vec<Vec<usize>> {
    (0..k.pow(n as u32))
        .map(|mut code| {
            (0..n)
                .map(|_| {
                    let digit = code % k;
                    code /= k;
                    digit
                })
                .collect()
        })
        .collect()
}
