//! Circular functions of arguments that are not huge. As in fdlibm's k_sin.c and k_cos.c.

use super::exponential::{ROUND, round};

/// Arguments at least this large have too many turns for the reduction here.
const LIMIT: f64 = 8e5;

/// pi / 2 as a sum; the products of all but the last with integers below 2^20 are exact.
const QUARTER_TURN: [f64; 4] =
    [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32];

const SIN: [f64; 6] = [
    -0.16666666666666632,
    0.00833333333332249,
    -0.0001984126982985795,
    2.7557313707070068e-06,
    -2.5050760253406863e-08,
    1.58969099521155e-10,
];

const COS: [f64; 6] = [
    0.0416666666666666,
    -0.001388888888887411,
    2.480158728947673e-05,
    -2.7557314351390663e-07,
    2.087572321298175e-09,
    -1.1359647557788195e-11,
];

/// Whether the functions of this file do not hold.
#[inline(always)]
pub fn has_many_turns(x: f64) -> bool {
    x.abs() >= LIMIT
}

/// x = k pi / 2 + r: the sine and the cosine of r, and the last two bits of k.
#[inline(always)]
fn reduced(x: f64) -> ([f64; 2], u64) {
    let turns = x * std::f64::consts::FRAC_2_PI;
    let k = round(turns);
    let quarter = (turns + ROUND).to_bits() & 3;
    let first = x - k * QUARTER_TURN[0];
    let (mut r, mut rest) = (first, -k * QUARTER_TURN[3]);
    for part in [QUARTER_TURN[1], QUARTER_TURN[2]] {
        let step = k * part;
        let next = r - step;
        rest += (r - next) - step;
        r = next;
    }
    let high = r + rest;
    let low = (r - high) + rest;

    let square = high * high;
    let cube = square * high;
    let curve = ((SIN[5] * square + SIN[4]) * square + SIN[3]) * square + SIN[2];
    let curve = curve * square + SIN[1];
    let sin = high - ((square * (0.5 * low - cube * curve) - low) - cube * SIN[0]);

    let curve = ((COS[5] * square + COS[4]) * square + COS[3]) * square + COS[2];
    let curve = square * ((curve * square + COS[1]) * square + COS[0]);
    let half = 0.5 * square;
    let level = 1.0 - half;
    let cos = level + (((1.0 - level) - half) + (square * curve - high * low));
    ([sin, cos], quarter)
}

/// sin x within 1 ulp, |x| < 8e5.
#[inline(always)]
pub fn sin(x: f64) -> f64 {
    let ([sin, cos], quarter) = reduced(x);
    let value = if quarter & 1 == 0 { sin } else { cos };
    let value = f64::from_bits(value.to_bits() ^ (quarter >> 1) << 63);
    if x.abs() < 1e-9 { x } else { value }
}

/// cos x within 1 ulp, |x| < 8e5.
#[inline(always)]
pub fn cos(x: f64) -> f64 {
    let ([sin, cos], quarter) = reduced(x);
    let value = if quarter & 1 == 0 { cos } else { sin };
    f64::from_bits(value.to_bits() ^ ((quarter + 1) >> 1) << 63)
}

/// tan x within 2 ulp, |x| < 8e5.
#[inline(always)]
pub fn tan(x: f64) -> f64 {
    let ([sin, cos], quarter) = reduced(x);
    let odd = quarter & 1 == 1;
    let value = (if odd { -cos } else { sin }) / (if odd { sin } else { cos });
    if x.abs() < 1e-9 { x } else { value }
}
