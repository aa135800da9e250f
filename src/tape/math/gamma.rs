//! The logarithm of the gamma function and its first two derivatives, for positive arguments.

use super::exponential::{between, round};
use super::logarithm::{ln, ln_in_two};
use super::polynomial::{polynomial, polynomial_in_two, polynomial_with_head};
use super::rounding_error;

/// From here on Stirling's formula and its derivatives hold.
const LGAMMA_LARGE: f64 = 8.0;
const DIGAMMA_LARGE: f64 = 4.0;
const TRIGAMMA_LARGE: f64 = 5.0;

/// The largest number of steps of a recurrence, from just below.
const LGAMMA_STEPS: usize = 6;
const DIGAMMA_STEPS: usize = 2;

/// (log(2 pi) - 1) / 2
const STIRLING_CONSTANT: f64 = 0.418_938_533_204_672_8;

/// The positive root of digamma, as a sum of two doubles.
const DIGAMMA_ROOT: [f64; 2] = [1.4616321449683622, 9.549995429965697e-17];

/// log Gamma(z) / (z - 2) in z - 1.5, 1.25 <= z <= 2.25.
const LGAMMA_MIDDLE: [f64; 21] = [
    0.24156447527049044,
    0.41014900258382786,
    -0.11450419537702344,
    0.047257157324059114,
    -0.02290993818544944,
    0.01208428740705777,
    -0.006702393524008383,
    0.0038404207953244823,
    -0.002250616067193795,
    0.001340709358403429,
    -0.0008086530846644555,
    0.0004925159891819624,
    -0.00030233867837658936,
    0.0001868828709676009,
    -0.0001163767866212546,
    7.283519245525402e-05,
    -4.467841687965457e-05,
    2.4950587725689595e-05,
    -1.118815931163148e-05,
    3.3757172051874875e-06,
    -4.938973877783741e-07,
];

/// The remainder of Stirling's formula, times x, in 1 / x^2, x >= 8.
const LGAMMA_TAIL: [f64; 6] = [
    0.0833333333333333,
    -0.002777777777606244,
    0.0007936506649488252,
    -0.0005952025951802712,
    0.0008372834512071336,
    -0.0016526004455595122,
];

/// z digamma(z) / (z - root) in z - 1.6, 1 <= z <= 2.2.
const DIGAMMA_MIDDLE: [f64; 19] = [
    1.4575345147285041,
    0.30356737867112127,
    -0.05776853194748759,
    0.01576227911762286,
    -0.004976557962447342,
    0.0016934830095223612,
    -0.0006016318213248963,
    0.00021946066629620754,
    -8.142054196518156e-05,
    3.0546567859662906e-05,
    -1.1546741176127059e-05,
    4.386973132204856e-06,
    -1.672825323726935e-06,
    6.407519193686634e-07,
    -2.453726409218003e-07,
    9.082573433697147e-08,
    -3.4853079329917834e-08,
    1.790412787767878e-08,
    -6.879215682780736e-09,
];

/// (log x - 1 / (2 x) - digamma(x)) x^2 in 1 / x^2, x >= 4.
const DIGAMMA_TAIL: [f64; 12] = [
    0.08333333333333333,
    -0.008333333333331309,
    0.00396825396669174,
    -0.004166666189390399,
    0.00757568128718997,
    -0.021085480231143226,
    0.08287780760807265,
    -0.4238843454039485,
    2.4691541279502918,
    -13.426103331601523,
    53.456525338561356,
    -107.61230023246503,
];

/// (trigamma(x) - 1 / x - 1 / (2 x^2)) x^3 in 1 / x^2, x >= 5.
const TRIGAMMA_TAIL: [f64; 10] = [
    0.16666666666666666,
    -0.03333333333325126,
    0.02380952374109669,
    -0.033333310995762054,
    0.0757538279521865,
    -0.25274611974458133,
    1.1441295601005839,
    -6.194272011346679,
    31.164102405294997,
    -92.78135893722174,
];

/// log Gamma(x) for x >= 0 within 2 ulp, also close to its roots 1 and 2; inf at 0.
#[inline(always)]
pub fn lgamma(x: f64) -> f64 {
    // by recurrence to 1.25 <= z <= 2.25, where it is (z - 2) times a polynomial
    let (below, far_below) = (x < 1.25, x < 0.25);
    let steps = between(round(x - 1.75), 0.0, LGAMMA_STEPS as f64);
    let mut product = 1.0;
    for k in 0..LGAMMA_STEPS {
        let more = product * (x - (k + 1) as f64);
        product = if steps > k as f64 { more } else { product };
    }
    let argument = if far_below { x * (x + 1.0) } else { x };
    let product = if below { argument } else { product };
    // z - 2 without rounding
    let distance = if below { x - 1.0 } else { (x - steps) - 2.0 };
    let distance = if far_below { x } else { distance };
    let middle = distance * polynomial_with_head(distance + 0.5, &LGAMMA_MIDDLE);

    let large = x >= LGAMMA_LARGE;
    let [log, log_rest] = ln_in_two(if large { x } else { product });
    let shifted = if below { (middle - log_rest) - log } else { (middle + log_rest) + log };
    let inverse = 1.0 / x;
    let tail = inverse * polynomial(inverse * inverse, &LGAMMA_TAIL);
    let (count, less_one) = (x - 0.5, log - 1.0);
    let product = count * less_one;
    let rest = count * log_rest + (STIRLING_CONSTANT + tail);
    let stirling = product + (rounding_error(count, less_one, product) + rest);
    let stirling = if product < f64::INFINITY { stirling } else { product };
    if large { stirling } else { shifted }
}

/// The derivative of log Gamma for x > 0 within 2 ulp, also close to its root.
#[inline(always)]
pub fn digamma(x: f64) -> f64 {
    // by recurrence to 1 <= z <= 2.2, where it is (z - root) times a polynomial, divided by z; with 1 / z + 1 / (z + 1) ...
    // it is kept as a quotient
    let below = x < 1.0;
    let steps = between(round(x - 1.7), 0.0, DIGAMMA_STEPS as f64);
    let z = if below { x + 1.0 } else { x - steps };
    let above = z - DIGAMMA_ROOT[0];
    let distance = above - DIGAMMA_ROOT[1];
    let distance_rest = (above - distance) - DIGAMMA_ROOT[1];
    let [slope, slope_rest] = polynomial_in_two(z - 1.6, &DIGAMMA_MIDDLE);
    let middle = distance * slope;
    let mut numerator = if steps >= 1.0 { middle + 1.0 } else { middle };
    let mut denominator = z;
    for k in 1..DIGAMMA_STEPS {
        let factor = z + k as f64;
        let more = steps > k as f64;
        let (sum, product) = (numerator * factor + denominator, denominator * factor);
        numerator = if more { sum } else { numerator };
        denominator = if more { product } else { denominator };
    }
    let numerator = if below { middle * x - z } else { numerator };
    let denominator = if below { x * z } else { denominator };

    let large = x >= DIGAMMA_LARGE;
    let quotient = (if large { 1.0 } else { numerator }) / (if large { x } else { denominator });
    // without steps, where the root is, the rests count; at the root 1.414 is the slope and 0.968 that over z
    let own = !below && steps < 1.0;
    let rest = quotient * (slope_rest * (1.0 / 1.414)) + distance_rest * 0.968;
    let middle = if own { quotient + rest } else { quotient };
    let square = quotient * quotient;
    let series = ln(x) - (0.5 * quotient + square * polynomial(square, &DIGAMMA_TAIL));
    if large { series } else { middle }
}

/// The second derivative of log Gamma for x > 0 within 3 ulp.
#[inline(always)]
pub fn trigamma(x: f64) -> f64 {
    // by recurrence to z >= 5: adds 1 / x^2, and 1 / (x + 1)^2 ... 1 / (x + 4)^2 as a quotient
    let large = x >= TRIGAMMA_LARGE;
    let z = if large { x } else { x + TRIGAMMA_LARGE };
    let mut numerator = 1.0;
    let mut root = x + 1.0;
    for k in 2..5 {
        let factor = x + k as f64;
        numerator = numerator * (factor * factor) + root * root;
        root *= factor;
    }
    let root = if large { 1.0 } else { root };
    let (first, both) = (1.0 / x, 1.0 / (root * z));
    let (rest, inverse) = (both * z, both * root);
    let steps = first * first + numerator * (rest * rest);

    let square = inverse * inverse;
    let series = inverse + square * (0.5 + inverse * polynomial(square, &TRIGAMMA_TAIL));
    series + if large { 0.0 } else { steps }
}

/// From here on the series of Stirling's formula has full precision in few terms.
const REMAINDER_LARGE: f64 = 15.0;

/// log(2 pi) / 2
const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;

/// log Gamma(x + 1) - (x log x - x) for x >= 0; NaN below. Abramowitz and Stegun 6.1.41.
#[inline(always)]
pub fn stirling_remainder(x: f64) -> f64 {
    let log = ln(x);
    let product = x * log;
    let saturated = if x == 0.0 { 0.0 } else { product };
    let direct = lgamma(x + 1.0) - saturated + x;
    let s = 1.0 / (x * x);
    let series = 1.0 / 12.0 - s * (1.0 / 360.0 - s * (1.0 / 1260.0 - s * (1.0 / 1680.0 - s / 1188.0)));
    let far = HALF_LN_2PI + 0.5 * log + series / x;
    if x < REMAINDER_LARGE { direct } else { far }
}
