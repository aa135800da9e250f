//! Natural logarithms, and those of 1 + e^x and 1 - e^x.

use super::exponential::{IDENTITY, LN_2, exp_and_exp_m1, small_odds};
use super::polynomial::polynomial;

/// (log((1 + s) / (1 - s)) - 2 s) / s^3 in s^2, for arguments from sqrt(1/2) to sqrt(2).
const LN: [f64; 7] = [
    0.666666666666667,
    0.3999999999989924,
    0.2857142862609589,
    0.22222211115144158,
    0.18182890556695763,
    0.15331674030163508,
    0.1461703754883715,
];

/// The bits of sqrt(1/2), where the reduced argument starts, and those of 1.
const START: u64 = 0x3fe6_a09e_667f_3bcd;
const ONE: u64 = 1.0f64.to_bits();

/// 2^52: an integer in the low bits of its mantissa is added to it.
const MANTISSA: f64 = 4503599627370496.0;

/// 2^54 makes subnormal numbers normal.
const RAISE: f64 = 18014398509481984.0;

/// log(2^k (1 + f) (1 + rest)) as k times the first part of log 2, f, and what is left, which is much smaller; |rest| of
/// the order of a rounding error. As in fdlibm's e_log.c.
#[inline(always)]
fn parts(k: f64, f: f64, rest: f64) -> [f64; 3] {
    let s = f / (2.0 + f);
    let square = s * s;
    let half = 0.5 * f * f;
    let curve = square * polynomial(square, &LN);
    [k * LN_2[0], f, half - s.mul_add(half + curve, k.mul_add(LN_2[1], rest))]
}

#[inline(always)]
fn assemble(k: f64, f: f64, rest: f64) -> f64 {
    let [power, f, less] = parts(k, f, rest);
    power - (less - f)
}

/// The k, as an integer plus 1023, for which x 2^-k lies between sqrt(1/2) and sqrt(2); x is normal.
#[inline(always)]
fn exponent(x: f64) -> u64 {
    (x.to_bits().wrapping_add(ONE - START)) >> 52
}

#[inline(always)]
fn integer(biased: u64) -> f64 {
    f64::from_bits(MANTISSA.to_bits() | biased) - (MANTISSA + 1023.0)
}

/// x 2^-k
#[inline(always)]
fn mantissa(x: f64, biased: u64) -> f64 {
    f64::from_bits(x.to_bits().wrapping_sub(biased.wrapping_sub(1023) << 52))
}

/// k and x 2^-k - 1, of any number above 0.
#[inline(always)]
fn reduced(x: f64) -> [f64; 2] {
    let subnormal = x < f64::MIN_POSITIVE;
    let (normal, lift) = (if subnormal { x * RAISE } else { x }, if subnormal { 54.0 } else { 0.0 });
    let biased = exponent(normal);
    [integer(biased) - lift, mantissa(normal, biased) - 1.0]
}

/// log x within 1 ulp: -inf at 0, NaN below.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    let [k, f] = reduced(x);
    ends(x, assemble(k, f, 0.0))
}

/// log x as the sum of two numbers, with about 60 bits.
#[inline(always)]
pub(super) fn ln_in_two(x: f64) -> [f64; 2] {
    let [k, f] = reduced(x);
    let [power, f, less] = parts(k, f, 0.0);
    // where k is not 0 the first is the larger one
    let sum = power + f;
    let lost = ((power - sum) + f) - less;
    let high = sum + lost;
    let low = (sum - high) + lost;
    let inside = x > 0.0 && x < f64::INFINITY;
    [ends(x, high), if inside { low } else { 0.0 }]
}

/// log(1 + x) within 1 ulp: -inf at -1, NaN below.
#[inline(always)]
pub fn ln_1p(x: f64) -> f64 {
    let sum = 1.0 + x;
    let lost = if x < 1.0 { x - (sum - 1.0) } else { 1.0 - (sum - x) };
    let value = ln_sum(sum, if sum < MANTISSA { lost } else { 0.0 });
    let value = ends(sum, value);
    if x.abs() < IDENTITY { x } else { value }
}

/// log(x + rest) for a normal number x, |rest| at most half an ulp of x; x below 2^52 if rest is not 0.
#[inline(always)]
pub(super) fn ln_sum(x: f64, rest: f64) -> f64 {
    let biased = exponent(x);
    let f = mantissa(x, biased) - 1.0;
    // 2^-k; not needed where it would be subnormal
    let scale = f64::from_bits(2046_u64.saturating_sub(biased) << 52);
    // rest / (1 + f), to the few digits that matter
    assemble(integer(biased), f, rest * scale * (1.0 - f + f * f))
}

/// The logarithm at the ends of its domain.
#[inline(always)]
fn ends(x: f64, value: f64) -> f64 {
    let outside = if x > 0.0 { x } else { f64::NAN };
    let outside = if x == 0.0 { f64::NEG_INFINITY } else { outside };
    if x > 0.0 && x < f64::INFINITY { value } else { outside }
}

/// log(1 + e) for 0 <= e <= 1.
#[inline(always)]
fn ln_1p_of_unit(e: f64) -> f64 {
    let sum = 1.0 + e;
    let lost = e - (sum - 1.0);
    let upper = sum > std::f64::consts::SQRT_2;
    let (k, scale) = if upper { (1.0, 0.5) } else { (0.0, 1.0) };
    let f = sum * scale - 1.0;
    let value = assemble(k, f, lost * scale * (1.0 - f + f * f));
    if e < IDENTITY { e } else { value }
}

/// log(1 + e^x) within 2 ulp.
#[inline(always)]
pub fn log1p_exp(x: f64) -> f64 {
    log1p_exp_by_odds(x, small_odds(x))
}

/// The same, given e = [`small_odds`] of x.
#[inline(always)]
pub fn log1p_exp_by_odds(x: f64, e: f64) -> f64 {
    let tail = ln_1p_of_unit(e);
    if x > 0.0 { x + tail } else { tail }
}

/// log(1 - e^x) for x < 0 within 2 ulp; -inf at 0, NaN above. Maechler (2012), "Accurately computing log(1 - exp(-|a|))".
#[inline(always)]
pub fn log1m_exp(x: f64) -> f64 {
    let [e, less_one] = exp_and_exp_m1(x);
    let near = x > -std::f64::consts::LN_2;
    let sum = 1.0 - e;
    let lost = (1.0 - sum) - e;
    let (sum, lost) = (if near { -less_one } else { sum }, if near { 0.0 } else { lost });
    // -less_one may be subnormal
    let subnormal = sum < f64::MIN_POSITIVE;
    let value = ln_sum(if subnormal { sum * RAISE } else { sum }, lost);
    let value = if subnormal { value - 54.0 * std::f64::consts::LN_2 } else { value };
    let value = ends(sum, value);
    if e < IDENTITY { -e } else { value }
}
