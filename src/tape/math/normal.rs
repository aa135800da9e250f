//! The error function and the standard normal distribution function, accurate in both tails.

use super::exponential::{IDENTITY, Power, between};
use super::logarithm::ln_sum;
use super::polynomial::{polynomial_in_two, polynomial_with_head};
use super::rounding_error;

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

/// (1 + x) e^(x^2 / 2) Phi(-x) in (x - 6) / (x + 6), x >= 0.
const MILLS: [f64; 25] = [
    0.45345520027112796,
    -0.08502536230577078,
    0.03981142456242962,
    -0.004373386779587198,
    -0.016141517332181932,
    0.02259246706260733,
    -0.01976647922039735,
    0.013246864156327713,
    -0.007059819415256836,
    0.0029356555016263252,
    -0.0008689947107368678,
    0.00011948972001381457,
    3.7795117299523617e-05,
    -2.6353524502285418e-05,
    4.4117489875123325e-06,
    1.7838588443078674e-06,
    -9.98326194420317e-07,
    -3.0402843729717914e-11,
    1.3090175613401817e-07,
    -2.0972629515201503e-08,
    -1.477375697145361e-08,
    3.855073995078402e-09,
    1.4765205049735479e-09,
    -3.408845257080436e-10,
    -9.888052656966761e-11,
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

/// (Phi(x) - 1/2) / x in x^2, x^2 <= 0.42.
const CENTRE: [f64; 9] = [
    0.3989422804014327,
    -0.06649038006690532,
    0.009973557010027926,
    -0.0011873282152873416,
    0.00011543468524711454,
    -9.444639917124029e-06,
    6.659030136424588e-07,
    -4.106919510059747e-08,
    2.0702277399399703e-09,
];

/// 1 / sqrt(2 pi), as a sum of two doubles.
const DENSITY_AT_0: [f64; 2] = [0.398_942_280_401_432_7, -2.492_327_202_277_73e-17];

/// From here on Phi and erfc are functions of their tails, which are quotients; closer to 0 they are odd polynomials.
const PHI_TAIL: f64 = 0.6;
const ERFC_TAIL: f64 = 0.5;

/// Larger arguments are as good as this one.
const FAR: f64 = 1e300;

/// A polynomial in (x - centre) / (x + centre) over 1 + growth, as the sum of two numbers of which the second is small;
/// `mean` is about the mean of the polynomial. Shepherd and Laframboise (1981), "Chebyshev approximation of
/// (1 + 2x) exp(x^2) erfc(x) in 0 <= x < inf".
#[inline(always)]
fn tail(x: f64, growth: f64, centre: f64, c: &[f64; 25], mean: f64) -> [f64; 2] {
    let [over, over_rest] = polynomial_in_two((x - centre) / (x + centre), c);
    let under = 1.0 + growth;
    let under_rest = if growth < 1.0 { growth - (under - 1.0) } else { 1.0 - (under - growth) };
    let quotient = over / under;
    // the inverse of what it is divided by, about
    let inverse = quotient * (1.0 / mean);
    let product = quotient * under;
    let rest = (over - product) - rounding_error(quotient, under, product);
    [quotient, (rest + (over_rest - quotient * under_rest)) * inverse]
}

/// e^(x^2) erfc(x), x >= 0
#[inline(always)]
fn erfcx(x: f64) -> [f64; 2] {
    let x = between(x, 0.0, FAR);
    tail(x, 2.0 * x, 4.0, &ERFCX, 1.15)
}

/// e^(x^2 / 2) Phi(-x), x >= 0
#[inline(always)]
fn mills(x: f64) -> [f64; 2] {
    let x = between(x, 0.0, FAR);
    tail(x, x, 6.0, &MILLS, 0.46)
}

/// exp(factor x^2), where factor is -1 or -1/2.
#[inline(always)]
fn bell(x: f64, factor: f64) -> Power {
    let x = between(x.abs(), 0.0, 40.0);
    let square = x * x;
    let rest = rounding_error(x, x, square);
    Power::of_sum(factor * square, factor * rest)
}

/// erf x within 2 ulp.
#[inline(always)]
pub fn erf(x: f64) -> f64 {
    let near = x * polynomial_with_head(x * x, &ERF);
    let far = (1.0 - bell(x, -1.0).times(erfcx(x.abs()))).copysign(x);
    if x.abs() < 1.0 { near } else { far }
}

/// 1 - erf x within 2 ulp.
#[inline(always)]
pub fn erfc(x: f64) -> f64 {
    let near = 1.0 - x * polynomial_with_head(x * x, &ERF);
    let tail = bell(x, -1.0).times(erfcx(x.abs()));
    let far = if x < 0.0 { 2.0 - tail } else { tail };
    if x.abs() < ERFC_TAIL { near } else { far }
}

/// The standard normal distribution function for |x| < 0.6, as a sum.
#[inline(always)]
fn phi_near(x: f64) -> [f64; 2] {
    let above = x * polynomial_with_head(x * x, &CENTRE);
    let sum = 0.5 + above;
    [sum, (0.5 - sum) + above]
}

/// The distribution function of the standard normal distribution within 2 ulp.
#[inline(always)]
pub fn normal_cdf(x: f64) -> f64 {
    let tail = bell(x, -0.5).times(mills(x.abs()));
    let far = if x < 0.0 { tail } else { 1.0 - tail };
    if x.abs() < PHI_TAIL { phi_near(x)[0] } else { far }
}

/// Its logarithm within 2 ulp.
#[inline(always)]
pub fn normal_log_cdf(x: f64) -> f64 {
    let (near, below) = (x.abs() < PHI_TAIL, x < 0.0);
    let mills = mills(x.abs());
    let tail = bell(x, -0.5).times(mills);
    let above = 1.0 - tail;
    let far = if below { mills } else { [above, (1.0 - above) - tail] };
    let centre = phi_near(x);
    let sum = if near { centre[0] } else { far[0] };
    let rest = if near { centre[1] } else { far[1] };
    let log = ln_sum(sum, rest);
    let value = if tail < IDENTITY && !below { -tail } else { log };
    let value = if below && !near { log - 0.5 * x * x } else { value };
    if x == f64::NEG_INFINITY { x } else { value }
}

/// The derivative of the latter, density / distribution function, within 2.5 ulp.
#[inline(always)]
pub fn normal_hazard(x: f64) -> f64 {
    let mills = mills(x.abs());
    let bell = bell(x, -0.5);
    let near = x.abs() < PHI_TAIL;
    // on the left both are divided by the bell
    let left = x <= -PHI_TAIL;
    let above = 1.0 - bell.times(mills);
    let under = if near { phi_near(x)[0] } else { above };
    let under = if left { mills[0] } else { under };
    let over = if left { DENSITY_AT_0[0] } else { bell.times(DENSITY_AT_0) };
    let value = over / under;
    // 1 / mills is value / density at 0
    let rest = DENSITY_AT_0[1] - value * mills[1];
    let value = if left { value + rest * value * (1.0 / DENSITY_AT_0[0]) } else { value };
    if x <= -FAR { -x } else { value }
}
