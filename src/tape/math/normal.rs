//! The error function and the standard normal distribution function, accurate in both tails.

use std::f64::consts::FRAC_1_SQRT_2;

use super::exponential::{IDENTITY, between, exp_of_sum};
use super::logarithm::ln_sum;
use super::polynomial::polynomial_with_head;

/// (1 + 2 x) erfcx(x) in (x - 4) / (x + 4), x >= 0.
const ERFCX: [f64; 25] = [
    1.2329951186255526,
    -0.13962111684056228,
    0.015379652102619974,
    0.06809705425466839,
    -0.10103906603631811,
    0.09373283499911264,
    -0.06633036581186058,
    0.037167515526338006,
    -0.01619773406293477,
    0.005031970069102256,
    -0.0007577732435942576,
    -0.0001992571524726518,
    0.00015062142608651945,
    -2.4397731143023292e-05,
    -1.1221135665965907e-05,
    5.70657829924074e-06,
    2.9173425573089733e-07,
    -8.210647933297337e-07,
    7.771943241086912e-08,
    1.0631817593818149e-07,
    -2.0725802488181963e-08,
    -1.2338731403798444e-08,
    3.2323973445082033e-09,
    9.297625263709659e-10,
    -2.764120233734578e-10,
];

/// erf(x) / x in x^2, |x| <= 1.
const ERF: [f64; 12] = [
    std::f64::consts::FRAC_2_SQRT_PI,
    -0.37612638903183543,
    0.11283791670945006,
    -0.02686617064323777,
    0.0052239776071164225,
    -0.0008548325975389692,
    0.00012055294904839707,
    -1.492473690741966e-05,
    1.6447424703317362e-06,
    -1.6208483801871705e-07,
    1.3720064546777686e-08,
    -7.795898827002142e-10,
];

/// 1 / sqrt(2 pi)
const DENSITY_AT_0: f64 = 0.398_942_280_401_432_7;

/// e^(x^2) erfc(x) for x >= 0, as a quotient. Shepherd and Laframboise (1981), "Chebyshev approximation of
/// (1 + 2x) exp(x^2) erfc(x) in 0 <= x < inf".
#[inline(always)]
fn erfcx(x: f64) -> [f64; 2] {
    let finite = between(x, 0.0, 1e100);
    let t = (finite - 4.0) / (finite + 4.0);
    [polynomial_with_head(t, &ERFCX), 1.0 + 2.0 * x]
}

/// exp(factor x^2), where factor is -1 or -1/2, with the rounding error of the square.
#[inline(always)]
fn bell(x: f64, factor: f64) -> f64 {
    let x = between(x.abs(), 0.0, 40.0);
    // 26 bits, whose products are exact
    let high = f64::from_bits(x.to_bits() & !0x7ff_ffff);
    let low = x - high;
    let square = x * x;
    let rest = ((high * high - square) + 2.0 * high * low) + low * low;
    exp_of_sum(factor * square, factor * rest)
}

/// erf x within 2 ulp.
#[inline(always)]
pub fn erf(x: f64) -> f64 {
    let near = x * polynomial_with_head(x * x, &ERF);
    let [numerator, denominator] = erfcx(x.abs());
    let far = (1.0 - bell(x, -1.0) * (numerator / denominator)).copysign(x);
    if x.abs() < 1.0 { near } else { far }
}

/// 1 - erf x within 3 ulp.
#[inline(always)]
pub fn erfc(x: f64) -> f64 {
    let near = 1.0 - x * polynomial_with_head(x * x, &ERF);
    let [numerator, denominator] = erfcx(x.abs());
    let tail = bell(x, -1.0) * (numerator / denominator);
    let far = if x < 0.0 { 2.0 - tail } else { tail };
    if x.abs() < 0.65 { near } else { far }
}

/// The distribution function of the standard normal distribution within 4 ulp.
#[inline(always)]
pub fn normal_cdf(x: f64) -> f64 {
    let scaled = x * FRAC_1_SQRT_2;
    let near = 0.5 + 0.5 * scaled * polynomial_with_head(scaled * scaled, &ERF);
    let [numerator, denominator] = erfcx(scaled.abs());
    let tail = 0.5 * bell(x, -0.5) * (numerator / denominator);
    let far = if x < 0.0 { tail } else { 1.0 - tail };
    if x.abs() < 0.9 { near } else { far }
}

/// Its logarithm within 4 ulp.
#[inline(always)]
pub fn normal_log_cdf(x: f64) -> f64 {
    let below = x < 0.0;
    let [numerator, denominator] = erfcx(x.abs() * FRAC_1_SQRT_2);
    let half = 0.5 * (numerator / denominator);
    let tail = bell(x, -0.5) * half;
    let sum = if below { half } else { 1.0 - tail };
    let lost = if below { 0.0 } else { (1.0 - sum) - tail };
    let log = ln_sum(sum, lost);
    let above = if tail < IDENTITY { -tail } else { log };
    let value = if below { log - 0.5 * x * x } else { above };
    if x == f64::NEG_INFINITY { x } else { value }
}

/// The derivative of the latter, density / distribution function, within 4 ulp.
#[inline(always)]
pub fn normal_hazard(x: f64) -> f64 {
    let [numerator, denominator] = erfcx(x.abs() * FRAC_1_SQRT_2);
    let bell = bell(x, -0.5);
    // on the right 1 - tail is a quotient as well
    let rest = denominator - 0.5 * bell * numerator;
    let below = x < 0.0;
    let over = (if below { 2.0 } else { bell }) * denominator;
    let under = if below { numerator } else { rest };
    let value = DENSITY_AT_0 * (over / under);
    if x == f64::INFINITY { 0.0 } else { value }
}
