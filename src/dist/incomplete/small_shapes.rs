//! Tails of gamma and beta distributions with a shape near 0: nearly all mass is at one end, and the rest is proportional to
//! the shape. All is written as that shape times what has a limit at shape 0, so that no digits cancel, of derivatives neither.

use crate::dist::quadrature::NODES;
use crate::tape::ops::gamma::{digamma_value, polygamma_value};

use super::jet::Jet;
use super::values::{Tail, beta_fraction, gamma_fraction};

/// Shapes below this are small.
pub const SMALL: f64 = 0.1;

/// zeta(k) / k for k = 2, 3, ...
const ZETA_SHARES: [f64; 18] = [
    0.8224670334241132,
    0.40068563438653143,
    0.27058080842778454,
    0.20738555102867398,
    0.1695571769974082,
    0.1440498967688461,
    0.12550966952474304,
    0.11133426586956469,
    0.1000994575127818,
    0.09095401714582904,
    0.083353840546109,
    0.0769325164113522,
    0.07143294629536133,
    0.06666870588242046,
    0.06250095514121304,
    0.058823978658684585,
    0.055555767627403614,
    0.05263167937961666,
];

const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

/// As [`super::values::gamma_tails`], for 0 < a < [`SMALL`] and finite log x.
pub fn gamma_tails<const N: usize>(a: f64, x: f64, log_x: f64) -> [Tail<N>; 2] {
    let shape = Jet::<N>::linear(a, 1.0, 0.0);
    let log_gamma = log_gamma_share(shape);
    // log x^a e^-x / Gamma(a + 1)
    let log_density = (Jet::constant(log_x) - log_gamma) * shape + -x;
    if x >= a + 1.0 {
        let log_rest = log_density - gamma_fraction(shape, x).recip().ln();
        return from_rest(shape, log_density, log_rest);
    }
    // P(a, x) = x^a / Gamma(a + 1) (1 + a sum). Abramowitz and Stegun 6.5.29.
    let mut sum = Jet::constant(0.0);
    let mut power = 1.0;
    for n in 1..MAX_TERMS {
        power *= -x / f64::from(n);
        let term = (shape + f64::from(n)).recip() * power;
        sum = sum + term;
        if sum.absorbs(term) {
            break;
        }
    }
    let log_share = Jet::constant(log_x) - log_gamma + sum * log1p_share(shape * sum);
    from_log_share(shape, log_density, log_share)
}

/// As [`super::values::beta_tails`], for a shape 0 < a < [`SMALL`] that is the smaller one, at finite log odds. Where
/// `swapped`, derivatives are in b and a, in this order.
pub fn beta_tails<const N: usize>(
    [a, b]: [f64; 2],
    [x, rest]: [f64; 2],
    [log_x, log_rest]: [f64; 2],
    swapped: bool,
) -> [Tail<N>; 2] {
    let along = |value: f64, is_first: bool| {
        if is_first == swapped { Jet::<N>::linear(value, 0.0, 1.0) } else { Jet::linear(value, 1.0, 0.0) }
    };
    let (shape, other) = (along(a, true), along(b, false));
    // (log Gamma(a + b) - log Gamma(b)) / a, an integral of digamma between them, on which its pole at 0 has no bearing
    let steps =
        NODES.iter().flat_map(|&(node, weight)| [(0.5 - 0.5 * node, weight), (0.5 + 0.5 * node, weight)]);
    let mean_digamma = Jet::from_derivatives(|i, j| {
        let (order, in_shape) = (i + j, if swapped { j } else { i });
        let term = |(t, weight): (f64, f64)| {
            let at = b + a * t;
            let value = if order == 0 { digamma_value(at) } else { polygamma_value(order as u32, at) };
            0.5 * weight * t.powi(in_shape as i32) * value
        };
        steps.clone().map(term).sum()
    });
    // -log(a B(a, b)) / a
    let log_constant = mean_digamma - log_gamma_share(shape);
    // log x^a (1 - x)^b / (a B(a, b))
    let log_density = (log_constant + log_x) * shape + other * log_rest;
    if x > 0.5 || b * x > 1.0 {
        let excess = other * x - shape * rest;
        let log_rest = log_density - beta_fraction(other, shape, rest, excess).ln();
        return from_rest(shape, log_density, log_rest);
    }
    // I_x(a, b) = x^a / (a B(a, b)) (1 + a sum). Abramowitz and Stegun 26.5.4.
    let mut sum = Jet::constant(0.0);
    let mut power = Jet::constant(1.0);
    for n in 1..MAX_TERMS {
        let n = f64::from(n);
        power = power * ((other + -n) * (-x / n));
        let term = power / (shape + n);
        sum = sum + term;
        if sum.absorbs(term) {
            break;
        }
    }
    let log_share = log_constant + log_x + sum * log1p_share(shape * sum);
    from_log_share(shape, log_density, log_share)
}

/// Terms of a series of which each is at most half the one before, in the end.
const MAX_TERMS: u32 = 1_000;

/// Both tails from the logarithm of the lower one over `shape`; `log_density` is that of the density over `shape`.
fn from_log_share<const N: usize>(shape: Jet<N>, log_density: Jet<N>, log_share: Jet<N>) -> [Tail<N>; 2] {
    let log_tail = shape * log_share;
    // (1 - exp(shape log_share)) / shape
    let log_rest = (log_share * expm1_share(log_tail) * -1.0).ln();
    let upper = (shape.ln() + log_rest, (log_density - log_rest).exp());
    [(log_tail, shape * (log_density - log_tail).exp()), upper]
}

/// The same from the logarithm of the upper tail over `shape`.
fn from_rest<const N: usize>(shape: Jet<N>, log_density: Jet<N>, log_rest: Jet<N>) -> [Tail<N>; 2] {
    let upper = shape * log_rest.exp();
    let log_tail = (upper * -1.0 + 1.0).ln().with_value((-upper.value()).ln_1p());
    let hazard = (log_density - log_rest).exp();
    [(log_tail, shape * (log_density - log_tail).exp()), (shape.ln() + log_rest, hazard)]
}

/// log Gamma(1 + a) / a, for a < [`SMALL`].
fn log_gamma_share<const N: usize>(a: Jet<N>) -> Jet<N> {
    let mut sum = Jet::constant(0.0);
    for share in ZETA_SHARES.into_iter().rev() {
        sum = Jet::constant(share) - a * sum;
    }
    a * sum + -EULER_GAMMA
}

/// (exp(z) - 1) / z
fn expm1_share<const N: usize>(z: Jet<N>) -> Jet<N> {
    let x = z.value();
    if x.abs() >= 1.0 {
        return ((z.exp() + -1.0) / z).with_value(x.exp_m1() / x);
    }
    let value = if x == 0.0 { 1.0 } else { x.exp_m1() / x };
    z.compose(value, |k| series(|m| 1.0 / (1..=m + 1).map(f64::from).product::<f64>(), x, k as u32))
}

/// log(1 + z) / z, for |z| < 1/4.
fn log1p_share<const N: usize>(z: Jet<N>) -> Jet<N> {
    let x = z.value();
    let value = if x == 0.0 { 1.0 } else { x.ln_1p() / x };
    z.compose(value, |k| series(|m| if m % 2 == 0 { 1.0 } else { -1.0 } / f64::from(m + 1), x, k as u32))
}

/// The k-th Taylor coefficient at x of the sum of c(m) x^m.
fn series(c: impl Fn(u32) -> f64, x: f64, k: u32) -> f64 {
    let (mut sum, mut weight) = (0.0, 1.0);
    for m in k..k + 40 {
        sum += weight * c(m);
        weight *= x * f64::from(m + 1) / f64::from(m + 1 - k);
    }
    sum
}
