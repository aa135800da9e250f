//! e^x and what is made of it: the logistic and the hyperbolic functions.

use super::polynomial::polynomial;

/// 1.5 * 2^52: adding it rounds to an integer, which is then in the low bits.
pub(super) const ROUND: f64 = 6755399441055744.0;

/// log(2) as a sum: the products of the first with integers below 2^20 are exact.
pub(super) const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];

/// (e^r - 1 - r) / r^2, |r| <= log(2) / 2.
const EXP: [f64; 10] = [
    0.5000000000000001,
    0.16666666666666669,
    0.04166666666662404,
    0.008333333333330055,
    0.0013888888917258759,
    0.00019841269863088255,
    2.4801521225986432e-05,
    2.7557268406190795e-06,
    2.7620121717381933e-07,
    2.51004110820149e-08,
];

/// Below this size x is e^x - 1, log(1 + x) and tanh x.
pub(super) const IDENTITY: f64 = 5.6e-17;

/// x = k log(2) + r + rest, and e^r = 1 + r + curve.
struct Reduced {
    /// k + 2046, as an integer.
    biased: u64,
    r: f64,
    rest: f64,
    curve: f64,
}

/// |x| < 1100
#[inline(always)]
fn reduce(x: f64) -> Reduced {
    let shifted = x.mul_add(std::f64::consts::LOG2_E, ROUND);
    let k = shifted - ROUND;
    let high = k.mul_add(-LN_2[0], x);
    let low = k * LN_2[1];
    let r = high - low;
    let rest = (high - r) - low;
    let curve = r * r * polynomial(r, &EXP);
    let biased = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(2046);
    Reduced { biased, r, rest, curve }
}

impl Reduced {
    /// 2^(k + more) as a product, so that no factor overflows or is subnormal.
    #[inline(always)]
    fn powers(&self, more: i64) -> [f64; 2] {
        let biased = self.biased.wrapping_add_signed(more);
        let half = biased >> 1;
        [f64::from_bits(half << 52), f64::from_bits(biased.wrapping_sub(half) << 52)]
    }

    /// e^x 2^more
    #[inline(always)]
    fn exp(&self, more: i64) -> f64 {
        let [a, b] = self.powers(more);
        (1.0 + (self.r + self.curve)) * a * b
    }

    /// e^x - 1 for k from -1000 to 1000.
    #[inline(always)]
    fn exp_m1(&self) -> f64 {
        // half of it, since 2^k may be too large by a factor of 2
        let power = f64::from_bits((self.biased.wrapping_sub(1024)) << 52);
        let (jump, line) = (power - 0.5, power * self.r);
        let sum = jump + line;
        let lost = line - (sum - jump);
        2.0 * (sum + (lost + power * (self.curve + self.rest)))
    }
}

/// e^x within 1 ulp.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    reduce(between(x, -746.0, 710.0)).exp(0)
}

/// e^x / 2 for x >= 0, also where e^x overflows.
#[inline(always)]
fn half_exp(x: f64) -> f64 {
    reduce(between(x, 0.0, 711.0)).exp(-1)
}

/// A power as (high + low) a b, with about 60 bits; the product with a and b is left for the end, since it may be subnormal.
#[derive(Clone, Copy)]
pub(super) struct Power {
    high: f64,
    low: f64,
    scale: [f64; 2],
}

impl Power {
    /// e^(x + rest), where rest is of the order of a rounding error of x.
    #[inline(always)]
    pub fn of_sum(x: f64, rest: f64) -> Power {
        let reduced = reduce(between(x, -746.0, 710.0));
        let line = 1.0 + (reduced.r + reduced.curve);
        let curve = reduced.curve + (reduced.rest + rest) * line;
        let above = reduced.r + curve;
        let lost = (reduced.r - above) + curve;
        let high = 1.0 + above;
        Power { high, low: ((1.0 - high) + above) + lost, scale: reduced.powers(0) }
    }

    /// The product with x + rest.
    #[inline(always)]
    pub fn times(&self, [x, rest]: [f64; 2]) -> f64 {
        let [a, b] = self.scale;
        (self.high * x + (self.low * x + self.high * rest)) * a * b
    }
}

/// e^x - 1 within 2 ulp.
#[inline(always)]
pub fn exp_m1(x: f64) -> f64 {
    let value = reduce(between(x, -40.0, 710.0)).exp_m1();
    if x.abs() < IDENTITY { x } else { value }
}

/// e^x and e^x - 1, the latter for -40 < x < 40.
#[inline(always)]
pub(super) fn exp_and_exp_m1(x: f64) -> [f64; 2] {
    let reduced = reduce(between(x, -746.0, 40.0));
    let less_one = reduced.exp_m1();
    [reduced.exp(0), if x.abs() < IDENTITY { x } else { less_one }]
}

/// e^-|x|: the odds e^x or their inverse, whichever is below 1.
#[inline(always)]
pub fn small_odds(x: f64) -> f64 {
    exp(-x.abs())
}

/// 1 / (1 + e^-x) within 2 ulp.
#[inline(always)]
pub fn logistic(x: f64) -> f64 {
    logistic_by_odds(x, small_odds(x))
}

/// The same, given e = [`small_odds`] of x.
#[inline(always)]
pub fn logistic_by_odds(x: f64, e: f64) -> f64 {
    let above = if x >= 0.0 { 1.0 } else { e };
    above / (1.0 + e)
}

/// tanh x within 2 ulp.
#[inline(always)]
pub fn tanh(x: f64) -> f64 {
    let odds = exp_m1(between(2.0 * x.abs(), 0.0, 44.0));
    (odds / (odds + 2.0)).copysign(x)
}

/// cosh x within 2 ulp.
#[inline(always)]
pub fn cosh(x: f64) -> f64 {
    let half = half_exp(x.abs());
    half + 0.25 / half
}

/// sinh x within 2 ulp.
#[inline(always)]
pub fn sinh(x: f64) -> f64 {
    let size = x.abs();
    let half = half_exp(size);
    let far = half - 0.25 / half;
    let less_one = exp_m1(between(size, 0.0, 1.0));
    let near = 0.5 * (less_one + less_one / (less_one + 1.0));
    (if size < 1.0 { near } else { far }).copysign(x)
}

/// To the nearest integer; |x| < 2^51.
#[inline(always)]
pub(super) fn round(x: f64) -> f64 {
    (x + ROUND) - ROUND
}

/// x kept between two bounds; NaN stays.
#[inline(always)]
pub(super) fn between(x: f64, low: f64, high: f64) -> f64 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}
