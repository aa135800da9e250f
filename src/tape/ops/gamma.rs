//! The logarithm of the gamma function and its derivatives.

use std::f64::consts::PI;

use super::arithmetic::unary;
use super::elementwise::{Slope, Unary};
use crate::tape::graph::{Graph, Node};
use crate::tape::math;

unary!(/** log |Gamma(x)| */ costly Lgamma, lgamma, |x| math::lgamma(x), but libm::lgamma(x), if x < 0.0,
    |g, x, y| Slope::Node(g.digamma(x)));
unary!(/** The derivative of log Gamma; NaN at 0, -1, -2 ... */
    costly Digamma, digamma, |x| math::digamma(x), but digamma_value(x), if x <= 0.0,
    |g, x, y| Slope::Node(g.trigamma(x)));
unary!(/** The second derivative of log Gamma; NaN at 0, -1, -2 ... */
    costly Trigamma, trigamma, |x| math::trigamma(x), but polygamma_value(1, x), if x <= 0.0,
    |g, x, y| Slope::Node(g.polygamma(2, x)));

unary!(/** log Gamma(x + 1) - (x log x - x), x >= 0: 0 at 0, close to log(2 pi x) / 2 for large x. */
costly StirlingRemainder, stirling_remainder, |x| math::stirling_remainder(x), |g, x, y| {
    let next = g.add_scalar(x, 1.0);
    let (digamma, log) = (g.digamma(next), g.log(x));
    Slope::Node(g.sub(digamma, log))
});

/// The derivative of digamma of this order, 2 or higher.
#[derive(Clone, Copy, Debug)]
pub struct Polygamma(u32);

impl Unary for Polygamma {
    const NAME: &'static str = "polygamma";
    fn value(self, x: f64) -> f64 {
        polygamma_value(self.0, x)
    }
    fn slope(self, g: &mut Graph, x: Node, _y: Node) -> Slope {
        Slope::Node(g.polygamma(self.0 + 1, x))
    }
    fn parameter(self) -> u64 {
        self.0.into()
    }
}

impl Graph {
    /// The derivative of digamma of this order: 0 is digamma itself, 1 trigamma.
    pub fn polygamma(&mut self, order: u32, x: Node) -> Node {
        match order {
            0 => self.digamma(x),
            1 => self.trigamma(x),
            _ => self.map1(Polygamma(order), x),
        }
    }
}

/// B_2, B_4 ...: Bernoulli numbers of the asymptotic series. Abramowitz and Stegun 23.1.3.
const BERNOULLI: [f64; 10] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174611.0 / 330.0,
];

/// From here on the asymptotic series of digamma has full precision.
const DIGAMMA_ASYMPTOTIC: f64 = 10.0;

/// The positive root of digamma, as a sum of two doubles.
const DIGAMMA_ROOT: (f64, f64) = (1.4616321449683622, 9.549995429965697e-17);

/// psi(x). Abramowitz and Stegun 6.3.18, with recurrence below and reflection for negative x.
pub(crate) fn digamma_value(x: f64) -> f64 {
    if x.is_nan() || x == f64::NEG_INFINITY {
        return f64::NAN;
    }
    if x <= 0.0 {
        if x == x.floor() {
            return f64::NAN;
        }
        return digamma_value(1.0 - x) - PI / tan_pi(x);
    }
    if (x - DIGAMMA_ROOT.0).abs() < DIGAMMA_SERIES_RADIUS {
        return digamma_near_root(x);
    }
    let mut shift = 0.0;
    let mut z = x;
    while z < DIGAMMA_ASYMPTOTIC {
        shift += 1.0 / z;
        z += 1.0;
    }
    let inverse_square = 1.0 / (z * z);
    let mut series = 0.0;
    for (k, b) in BERNOULLI.iter().enumerate().rev() {
        series = inverse_square * (series + b / (2 * (k + 1)) as f64);
    }
    z.ln() - 0.5 / z - series - shift
}

/// Within this distance of its root digamma is a Taylor series, for its relative accuracy.
const DIGAMMA_SERIES_RADIUS: f64 = 0.03;

fn digamma_near_root(x: f64) -> f64 {
    let h = (x - DIGAMMA_ROOT.0) - DIGAMMA_ROOT.1;
    let mut term = 1.0;
    let mut sum = 0.0;
    for order in 1..=11 {
        term *= h / order as f64;
        sum += term * polygamma_value(order, DIGAMMA_ROOT.0);
    }
    sum
}

/// tan(pi x), from the distance of x to the nearest integer.
fn tan_pi(x: f64) -> f64 {
    (PI * (x - x.round())).tan()
}

/// The recurrence is not followed over more steps than this; negative arguments beyond are NaN.
const MAX_SHIFT: f64 = 1e6;

/// psi^(n)(x), n >= 1. Abramowitz and Stegun 6.4.6 (recurrence, valid for all x) and 6.4.11 (asymptotic series).
pub(crate) fn polygamma_value(order: u32, x: f64) -> f64 {
    let n = order as f64;
    if x.is_nan() || x <= 0.0 && (x == x.floor() || x < -MAX_SHIFT) {
        return f64::NAN;
    }
    // (-1)^(n+1) psi^(n)(x) = sum_k n! / (x + k)^(n+1)
    let mut shift = 0.0;
    let mut z = x;
    let asymptotic = DIGAMMA_ASYMPTOTIC + 2.0 * n;
    while z < asymptotic {
        shift += z.powi(-(order as i32) - 1);
        z += 1.0;
    }
    let inverse_square = 1.0 / (z * z);
    // (n-1)!/z^n + n!/(2 z^(n+1)) + sum_k B_2k (2k+n-1)! / ((2k)! z^(2k+n)), all divided by n!
    let mut series = 0.0;
    let mut term = 1.0 / n;
    for (k, b) in BERNOULLI.iter().enumerate() {
        // (2k+n-1)! / ((2k)! n!) z^-2k from its predecessor
        let two_k = 2.0 * (k as f64 + 1.0);
        term *= (two_k + n - 1.0) * (two_k + n - 2.0) / (two_k * (two_k - 1.0)) * inverse_square;
        series += b * term;
    }
    let tail = z.powi(-(order as i32)) * (1.0 / n + 0.5 / z + series);
    let factorial: f64 = (1..=order).map(f64::from).product();
    let sign = if order % 2 == 1 { 1.0 } else { -1.0 };
    sign * factorial * (shift + tail)
}

/// log Gamma(x + 1) - (x log x - x), x >= 0
pub(crate) fn stirling_remainder_value(x: f64) -> f64 {
    math::stirling_remainder(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: f64, expected: f64, relative: f64) {
        assert!((value - expected).abs() <= relative * expected.abs(), "{value:e} is not {expected:e}");
    }

    #[test]
    fn stirling_remainder_meets_at_the_switch() {
        let x: f64 = 15.0;
        let direct = libm::lgamma(x + 1.0) - x * x.ln() + x;
        close(stirling_remainder_value(x), direct, 1e-14);
        close(stirling_remainder_value(x.next_down()), stirling_remainder_value(x), 1e-14);
        assert_eq!(stirling_remainder_value(0.0), 0.0);
    }
}
