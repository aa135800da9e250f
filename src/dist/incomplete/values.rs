//! Incomplete gamma and beta functions with their derivatives in the shapes, as numbers.

use crate::dist::special::{deviance_value, relative_log_likelihood_value, stirling_remainder_value};
use crate::tape::ops::error_function::normal_log_cdf_value;
use crate::tape::ops::gamma::{digamma_value, polygamma_value};

use super::jet::Jet;
use super::small_shapes::{self, SMALL};

/// Terms after which a series or continued fraction has converged for all shapes up to about 1e9.
const MAX_TERMS: usize = 1_000_000;

/// A logarithm of a tail with its hazard: its slope along the logarithm (gamma) or the log odds (beta) of x, in size.
pub type Tail<const N: usize> = (Jet<N>, Jet<N>);

/// Below this x its logarithm says more.
const TINY: f64 = 1e-290;

/// log P(a, x) and log Q(a, x) with their hazards x^a e^-x / Gamma(a) over P or Q; derivatives in a.
pub fn gamma_tails<const N: usize>(a: f64, x: f64, log_x: f64) -> [Tail<N>; 2] {
    let (none, zero) = (Jet::constant(f64::NEG_INFINITY), Jet::constant(0.0));
    if a.is_nan() || log_x.is_nan() {
        let nan = Jet::constant(f64::NAN);
        return [(nan, nan); 2];
    }
    // All mass at 0 for a = 0
    if log_x == f64::NEG_INFINITY {
        return [(none, Jet::linear(a, 1.0, 0.0)), (zero, zero)];
    }
    if a == f64::INFINITY {
        return [(none, Jet::constant(f64::INFINITY)), (zero, zero)];
    }
    if a <= 0.0 || x == f64::INFINITY {
        return [(zero, zero), (none, Jet::constant(f64::INFINITY))];
    }
    if a < SMALL {
        return small_shapes::gamma_tails(a, x, log_x);
    }
    let shape = Jet::<N>::linear(a, 1.0, 0.0);
    // log x^a e^-x / Gamma(a)
    let log_density = Jet::from_derivatives(|i, j| match (i, j) {
        (0, 0) if x < TINY => a * log_x - x - libm::lgamma(a),
        (0, 0) => a.ln() - stirling_remainder_value(a) - deviance_value(a, x),
        (1, 0) => log_x - digamma_value(a),
        (i, 0) => -polygamma_value(i as u32 - 1, a),
        _ => 0.0,
    });
    let complement = |(log_tail, _): Tail<N>| {
        let log_rest = log_tail.log1m_exp();
        (log_rest, (log_density - log_rest).exp())
    };
    if x < a + 1.0 {
        let hazard = shape / gamma_series(shape, x);
        let lower = (log_density - hazard.ln(), hazard);
        [lower, complement(lower)]
    } else {
        let hazard = gamma_fraction(shape, x).recip();
        let upper = (log_density - hazard.ln(), hazard);
        [complement(upper), upper]
    }
}

/// Gamma(a + 1) e^x x^-a P(a, x) for x < a + 1. Abramowitz and Stegun 6.5.29.
fn gamma_series<const N: usize>(a: Jet<N>, x: f64) -> Jet<N> {
    let mut term = Jet::constant(1.0);
    let mut sum = term;
    for n in 1..MAX_TERMS {
        term = Jet::constant(x) / (a + n as f64) * term;
        sum = sum + term;
        if sum.absorbs(term) {
            break;
        }
    }
    sum
}

/// Gamma(a) e^x x^-a Q(a, x) for x >= a + 1, by Lentz's method. Abramowitz and Stegun 6.5.31.
pub fn gamma_fraction<const N: usize>(a: Jet<N>, x: f64) -> Jet<N> {
    let mut b = Jet::constant(x + 1.0) - a;
    let mut c = Jet::constant(f64::MAX);
    let mut d = b.recip();
    let mut h = d;
    for i in 1..MAX_TERMS {
        let i = i as f64;
        let numerator = (a + -i) * i;
        b = b + 2.0;
        d = (numerator * d + b).nonzero().recip();
        c = (b + numerator / c).nonzero();
        let factor = d * c;
        h = h * factor;
        if h.keeps(factor) {
            break;
        }
    }
    h
}

/// log I_x(a, b) and log I_(1 - x)(b, a) at x with these log odds, with their hazards x^a (1 - x)^b / B(a, b) over the
/// tails; derivatives in a and b.
pub fn beta_tails<const N: usize>(a: f64, b: f64, log_odds: f64) -> [Tail<N>; 2] {
    let (none, zero) = (Jet::constant(f64::NEG_INFINITY), Jet::constant(0.0));
    if a.is_nan() || b.is_nan() || log_odds.is_nan() {
        let nan = Jet::constant(f64::NAN);
        return [(nan, nan); 2];
    }
    // Ends, and limits of the shapes: all mass at 1, or at 0.
    if log_odds == f64::NEG_INFINITY || a == f64::INFINITY || b <= 0.0 && log_odds < f64::INFINITY {
        return [(none, Jet::linear(a, 1.0, 0.0)), (zero, zero)];
    }
    if log_odds == f64::INFINITY || a <= 0.0 || b == f64::INFINITY {
        return [(zero, zero), (none, Jet::linear(b, 0.0, 1.0))];
    }
    let n = a + b;
    let [x, rest] = shares(log_odds);
    let log_shares = [-log1p_exp(-log_odds), -log1p_exp(log_odds)];
    if a <= b && a < SMALL {
        return small_shapes::beta_tails([a, b], [x, rest], log_shares, false);
    }
    if b < SMALL {
        let [upper, lower] =
            small_shapes::beta_tails([b, a], [rest, x], [log_shares[1], log_shares[0]], true);
        return [lower, upper];
    }
    // log x^a (1 - x)^b / B(a, b)
    let log_density = Jet::from_derivatives(|i, j| match (i, j) {
        (0, 0) => {
            let remainders =
                stirling_remainder_value(n) - stirling_remainder_value(a) - stirling_remainder_value(b);
            let (rarer, logit) = if a < b { (a, log_odds) } else { (b, -log_odds) };
            remainders + (a / n).ln() + b.ln() + n * relative_log_likelihood_value(rarer / n, logit)
        }
        (1, 0) => log_shares[0] - digamma_value(a) + digamma_value(n),
        (0, 1) => log_shares[1] - digamma_value(b) + digamma_value(n),
        (i, 0) => polygamma_value(i as u32 - 1, n) - polygamma_value(i as u32 - 1, a),
        (0, j) => polygamma_value(j as u32 - 1, n) - polygamma_value(j as u32 - 1, b),
        (i, j) => polygamma_value((i + j) as u32 - 1, n),
    });
    // a - n x, from the smaller of x and 1 - x
    let excess = if x < rest { a - n * x } else { n * rest - b };
    let excess = Jet::<N>::linear(excess, rest, -x);
    let [first, second] = [Jet::<N>::linear(a, 1.0, 0.0), Jet::linear(b, 0.0, 1.0)];
    let (hazard, swapped) = if excess.value() >= 0.0 {
        (beta_fraction(first, second, x, excess), false)
    } else {
        (beta_fraction(second, first, rest, excess * -1.0), true)
    };
    let log_tail = log_density - hazard.ln();
    let log_rest = log_tail.log1m_exp();
    let rest = (log_rest, (log_density - log_rest).exp());
    if swapped { [rest, (log_tail, hazard)] } else { [(log_tail, hazard), rest] }
}

/// x^a (1 - x)^b / (B(a, b) I_x(a, b)) for excess = a - (a + b) x >= 0, by Lentz's method. DiDonato and Morris (1992),
/// "Significant digit computation of the incomplete beta function ratios", equation 9.
pub fn beta_fraction<const N: usize>(a: Jet<N>, b: Jet<N>, x: f64, excess: Jet<N>) -> Jet<N> {
    let n = a + b;
    let mut h = a / (a + 1.0) * (excess + 1.0);
    let mut c = h;
    let mut d = Jet::constant(0.0);
    for k in 1..MAX_TERMS {
        let k = k as f64;
        let odd = (a + (2.0 * k - 1.0)).recip();
        let weight = (b + -k) * (k * x) * odd;
        let alpha = (a + (k - 1.0)) * (n + (k - 1.0)) * odd * weight * x;
        let beta = weight + (a + k) / (a + (2.0 * k + 1.0)) * (excess + (1.0 + k * (2.0 - x))) + k;
        d = (beta + alpha * d).nonzero().recip();
        c = (beta + alpha / c).nonzero();
        let factor = c * d;
        h = h * factor;
        if h.keeps(factor) {
            break;
        }
    }
    h
}

/// x and 1 - x, each exact, from the log odds.
fn shares(log_odds: f64) -> [f64; 2] {
    let e = (-log_odds.abs()).exp();
    let (large, small) = (1.0 / (1.0 + e), e / (1.0 + e));
    if log_odds >= 0.0 { [large, small] } else { [small, large] }
}

fn log1p_exp(x: f64) -> f64 {
    if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
}

/// log P(T <= z) of the standard t with its first two derivatives in df.
pub fn student_log_cdf(df: f64, z: f64) -> [f64; 3] {
    if df == f64::INFINITY {
        return [normal_log_cdf_value(z), 0.0, 0.0];
    }
    let log_odds = df.ln() - 2.0 * z.abs().ln();
    let [x, rest] = shares(log_odds);
    // I_x(df / 2, 1 / 2) is twice the tail; x depends on df as well
    let [(tail, hazard), _] = beta_tails::<3>(0.5 * df, 0.5, log_odds);
    let h = hazard.value();
    let along = h * (0.5 * (df * rest - x) - h);
    let derivatives = [
        tail.value() - std::f64::consts::LN_2,
        0.5 * tail.derivative(1, 0) + h / df,
        0.25 * tail.derivative(2, 0) + hazard.derivative(1, 0) / df + (along - h) / df / df,
    ];
    let tail = Jet::<3>::from_derivatives(|i, j| if j == 0 { derivatives[i] } else { 0.0 });
    let value = if z <= 0.0 { tail } else { tail.log1m_exp() };
    [0, 1, 2].map(|k| value.derivative(k, 0))
}
