//! The error function and the normal distribution function, its logarithm and its inverse, accurate in both tails.

use std::f64::consts::{FRAC_2_SQRT_PI, PI};

use super::arithmetic::unary;
use super::elementwise::Slope;
use crate::tape::graph::{Graph, Node};
use crate::tape::math;

unary!(/** erf x */ costly Erf, erf, |x| math::erf(x), |g, x, y| Slope::Node(gaussian(g, x, -1.0, FRAC_2_SQRT_PI)));
unary!(/** 1 - erf x */ costly Erfc, erfc, |x| math::erfc(x), |g, x, y| Slope::Node(gaussian(g, x, -1.0, -FRAC_2_SQRT_PI)));
unary!(/** Phi(x), the standard normal distribution function. */
costly NormalCdf, normal_cdf, |x| math::normal_cdf(x), |g, x, y| {
    Slope::Node(gaussian(g, x, -0.5, 1.0 / (2.0 * PI).sqrt()))
});
unary!(/** log Phi(x), accurate in both tails. */
    costly NormalLogCdf, normal_log_cdf, |x| math::normal_log_cdf(x), |g, x, y| Slope::Node(g.normal_hazard(x)));
unary!(/** phi(x) / Phi(x), the derivative of log Phi (the inverse Mills ratio of -x). */
costly NormalHazard, normal_hazard, |x| math::normal_hazard(x), |g, x, y| {
    let sum = g.add(x, y);
    let product = g.mul(y, sum);
    Slope::Node(g.neg(product))
});
unary!(/** The inverse of Phi: -inf at 0, inf at 1, NaN outside. */
NormalQuantile, normal_quantile, |p| normal_quantile_value(p), |g, x, y| {
    Slope::Node(gaussian(g, y, 0.5, (2.0 * PI).sqrt()))
});

/// scale * exp(exponent * x^2)
fn gaussian(g: &mut Graph, x: Node, exponent: f64, scale: f64) -> Node {
    let square = g.square(x);
    let power = g.mul_scalar(square, exponent);
    let bell = g.exp(power);
    g.mul_scalar(bell, scale)
}

/// Phi(x), to full relative precision in the lower tail.
pub fn normal_cdf_value(x: f64) -> f64 {
    math::normal_cdf(x)
}

/// log Phi(x)
pub fn normal_log_cdf_value(x: f64) -> f64 {
    math::normal_log_cdf(x)
}

/// phi(x) / Phi(x)
pub fn normal_hazard_value(x: f64) -> f64 {
    math::normal_hazard(x)
}

/// Wichura (1988), algorithm AS 241, PPND16: relative error about 1e-16.
fn normal_quantile_value(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * polynomial(&CENTRE.0, r) / polynomial(&CENTRE.1, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    if tail == 0.0 {
        return f64::INFINITY.copysign(q);
    }
    let r = (-tail.ln()).sqrt();
    let size = if r <= 5.0 {
        polynomial(&MIDDLE.0, r - 1.6) / polynomial(&MIDDLE.1, r - 1.6)
    } else {
        polynomial(&TAIL.0, r - 5.0) / polynomial(&TAIL.1, r - 5.0)
    };
    size.copysign(q)
}

fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// Numerator and denominator in ascending powers for |p - 1/2| <= 0.425.
#[allow(clippy::excessive_precision)]
const CENTRE: ([f64; 8], [f64; 8]) = (
    [
        3.3871328727963666080e0,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ],
    [
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ],
);

/// For sqrt(-log tail) <= 5.
#[allow(clippy::excessive_precision)]
const MIDDLE: ([f64; 8], [f64; 8]) = (
    [
        1.42343711074968357734e0,
        4.63033784615654529590e0,
        5.76949722146069140550e0,
        3.64784832476320460504e0,
        1.27045825245236838258e0,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ],
    [
        1.0,
        2.05319162663775882187e0,
        1.67638483018380384940e0,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ],
);

/// Beyond.
#[allow(clippy::excessive_precision)]
const TAIL: ([f64; 8], [f64; 8]) = (
    [
        6.65790464350110377720e0,
        5.46378491116411436990e0,
        1.78482653991729133580e0,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ],
    [
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ],
);
