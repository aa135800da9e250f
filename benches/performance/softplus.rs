//! log(1 + e^x) and its derivative as a loop by hand: what the function of a logistic likelihood takes at least.
//!
//! One exponential and one division for both, in a loop without branches that becomes vector code. The coefficients are
//! those of vippl's own functions.

use std::f64::consts::LOG2_E;
use std::hint::black_box;

use pulp::Arch;
use vippl::stopwatch::seconds_of;

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

/// (log((1 + s) / (1 - s)) - 2 s) / s^3 in s^2.
const LOG: [f64; 7] = [
    0.666666666666667,
    0.3999999999989924,
    0.2857142862609589,
    0.22222211115144158,
    0.18182890556695763,
    0.15331674030163508,
    0.1461703754883715,
];

/// 1.5 * 2^52: adding it rounds to an integer, which is then in the low bits.
const ROUND: f64 = 6755399441055744.0;

/// log(2) as a sum.
const LN_2_PARTS: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];

/// From here on log(1 + e) is log 2 and the logarithm of a number below 1.
const FAR: f64 = std::f64::consts::SQRT_2 - 1.0;

#[inline(always)]
fn value_and_slope(x: f64) -> [f64; 2] {
    // e = e^-|x| = 2^k e^r
    let size = -x.abs();
    let size = if size < -708.0 { -708.0 } else { size };
    let shifted = size.mul_add(LOG2_E, ROUND);
    let k = shifted - ROUND;
    let r = k.mul_add(-LN_2_PARTS[1], k.mul_add(-LN_2_PARTS[0], size));
    let (r2, r4) = (r * r, r * r * (r * r));
    let pair = |i: usize| EXP[i + 1].mul_add(r, EXP[i]);
    let even = pair(8).mul_add(r4, pair(4)).mul_add(r4, pair(0));
    let odd = pair(6).mul_add(r4, pair(2));
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0f64.to_bits()));
    let e = r2.mul_add(odd.mul_add(r2, even), r + 1.0) * power;
    // 1 + e = 2^n (1 + f), log(1 + f) = 2 atanh s; one division for s and the slope
    let far = e > FAR;
    let (n, f) = (if far { 1.0 } else { 0.0 }, if far { e.mul_add(0.5, -0.5) } else { e });
    let (sum, under) = (1.0 + e, 2.0 + f);
    let inverse = 1.0 / (sum * under);
    let s = f * sum * inverse;
    let (q, q2) = (s * s, s * s * (s * s));
    let pair = |i: usize| LOG[i + 1].mul_add(q, LOG[i]);
    let curve = LOG[6].mul_add(q2, pair(4)).mul_add(q2, pair(2)).mul_add(q2, pair(0));
    let half = 0.5 * f * f;
    let less = half - s.mul_add(q.mul_add(curve, half), n * LN_2_PARTS[1]);
    let log = n.mul_add(LN_2_PARTS[0], f - less);
    let above = if x >= 0.0 { 1.0 } else { e };
    [if x > 0.0 { x + log } else { log }, above * under * inverse]
}

fn run(x: &[f64], values: &mut [f64], slopes: &mut [f64]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for ((value, slope), &x) in values.iter_mut().zip(slopes).zip(x) {
                [*value, *slope] = value_and_slope(x);
            }
        },
    );
}

/// Most by which a value may differ from that of the standard library, in parts of it.
const TOLERANCE: f64 = 1e-15;

/// Seconds for one number, of many in the fastest cache.
pub fn seconds() -> f64 {
    const NUMBERS: usize = 512;
    let x: Vec<f64> = (0..NUMBERS).map(|i| 4.0 * (i as f64).sin()).collect();
    let [mut values, mut slopes] = [0, 1].map(|_| vec![0.0; NUMBERS]);
    run(&x, &mut values, &mut slopes);
    for ((x, value), slope) in x.iter().zip(&values).zip(&slopes) {
        let [expected, of_slope] = [x.max(0.0) + (-x.abs()).exp().ln_1p(), 1.0 / (1.0 + (-x).exp())];
        assert!((value / expected - 1.0).abs() < TOLERANCE, "log(1 + e^{x}) is not {value}");
        assert!((slope / of_slope - 1.0).abs() < TOLERANCE, "its derivative is not {slope}");
    }
    seconds_of(&mut || {
        run(black_box(&x), &mut values, &mut slopes);
        black_box((&values, &slopes));
    }) / NUMBERS as f64
}
