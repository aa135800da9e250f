//! Logarithms of incomplete gamma and beta functions: the distribution functions that `truncated` needs.
//!
//! They have derivatives in their last argument (a density) but not in their shapes, which must be constants.

use std::sync::Arc;

use crate::tape::ops::elementwise::{Binary, Slope};
use crate::tape::{Graph, Node, Op, Operand};
use crate::types::broadcast_dims;

use super::special::{deviance, deviance_value, stirling_remainder, stirling_remainder_value};
use super::student_t::scaled_log_density;

/// log P(a, x), the regularised lower incomplete gamma function. `None` where a is not constant.
pub fn log_gamma_p(g: &mut Graph, a: Node, x: Node) -> Option<Node> {
    g.value(a)?;
    Some(g.map2(LogGammaP, a, x))
}

/// log Q(a, x) = log(1 - P(a, x)). `None` where a is not constant.
pub fn log_gamma_q(g: &mut Graph, a: Node, x: Node) -> Option<Node> {
    g.value(a)?;
    Some(g.map2(LogGammaQ, a, x))
}

/// log I_x(a, b), the regularised incomplete beta function; `rest` is 1 - x. `None` where a or b is not constant.
pub fn log_beta_p(g: &mut Graph, a: Node, b: Node, x: Node, rest: Node) -> Option<Node> {
    g.value(a)?;
    g.value(b)?;
    Some(g.apply(Arc::new(LogBetaP), &[a, b, x, rest]))
}

/// log P(T <= t) of the standard t. `None` where df is not constant.
pub fn student_log_cdf(g: &mut Graph, df: Node, t: Node) -> Option<Node> {
    g.value(df)?;
    Some(g.map2(StudentLogCdf, df, t))
}

#[derive(Clone, Copy, Debug)]
struct LogGammaP;

impl Binary for LogGammaP {
    const NAME: &'static str = "log_gamma_p";

    fn value(self, a: f64, x: f64) -> f64 {
        log_gamma_p_value(a, x)
    }

    fn slope_a(self, g: &mut Graph, _a: Node, _x: Node, _y: Node) -> Slope {
        unknown(g)
    }

    fn slope_b(self, g: &mut Graph, a: Node, x: Node, y: Node) -> Slope {
        Slope::Node(gamma_slope(g, a, x, y))
    }
}

#[derive(Clone, Copy, Debug)]
struct LogGammaQ;

impl Binary for LogGammaQ {
    const NAME: &'static str = "log_gamma_q";

    fn value(self, a: f64, x: f64) -> f64 {
        log_gamma_q_value(a, x)
    }

    fn slope_a(self, g: &mut Graph, _a: Node, _x: Node, _y: Node) -> Slope {
        unknown(g)
    }

    fn slope_b(self, g: &mut Graph, a: Node, x: Node, y: Node) -> Slope {
        let slope = gamma_slope(g, a, x, y);
        Slope::Node(g.neg(slope))
    }
}

#[derive(Clone, Copy, Debug)]
struct StudentLogCdf;

impl Binary for StudentLogCdf {
    const NAME: &'static str = "student_log_cdf";

    fn value(self, df: f64, t: f64) -> f64 {
        let square = t * t;
        // I_x(df / 2, 1 / 2) / 2 is the tail on either side
        let (x, rest) = match square.is_infinite() {
            true => (df / t.abs() / t.abs(), 1.0),
            false => (df / (df + square), square / (df + square)),
        };
        let tail = log_beta_p_value(0.5 * df, 0.5, x, rest) - std::f64::consts::LN_2;
        if t <= 0.0 { tail } else { (-tail.exp()).ln_1p() }
    }

    fn slope_a(self, g: &mut Graph, _df: Node, _t: Node, _y: Node) -> Slope {
        unknown(g)
    }

    fn slope_b(self, g: &mut Graph, df: Node, t: Node, y: Node) -> Slope {
        let log_density = scaled_log_density(g, df, t, None);
        let log_slope = g.sub(log_density, y);
        Slope::Node(g.exp(log_slope))
    }
}

/// A derivative that nobody has asked for, since the argument is constant; NaN rather than wrong.
fn unknown(g: &mut Graph) -> Slope {
    Slope::Node(g.scalar(f64::NAN))
}

/// Density of Gamma(a, 1) at x over exp(y).
fn gamma_slope(g: &mut Graph, a: Node, x: Node, y: Node) -> Node {
    let (log_a, log_x) = (g.log(a), g.log(x));
    let (remainder, distance) = (stirling_remainder(g, a), deviance(g, a, x));
    let constant = g.sub(log_a, remainder);
    let varying = g.add(log_x, distance);
    let log_density = g.sub(constant, varying);
    let log_slope = g.sub(log_density, y);
    g.exp(log_slope)
}

/// I_x(a, b) elementwise over (a, b, x, 1 - x); the derivative is taken along x, with 1 - x in step.
#[derive(Clone, Copy, Debug)]
struct LogBetaP;

impl LogBetaP {
    /// Density of Beta(a, b) at x over exp(y).
    fn slope(g: &mut Graph, args: &[Node], y: Node) -> Node {
        let [a, b, x, rest] = [args[0], args[1], args[2], args[3]];
        let n = g.add(a, b);
        let mut term = |k: Node| {
            let (log, remainder) = (g.log(k), stirling_remainder(g, k));
            g.sub(log, remainder)
        };
        let (of_a, of_b, of_n) = (term(a), term(b), term(n));
        let constant = g.add(of_a, of_b);
        let constant = g.sub(constant, of_n);
        let (expected, expected_rest) = (g.mul(n, x), g.mul(n, rest));
        let (distance, distance_rest) = (deviance(g, a, expected), deviance(g, b, expected_rest));
        let (log_x, log_rest) = (g.log(x), g.log(rest));
        let logs = g.add(log_x, log_rest);
        let distances = g.add(distance, distance_rest);
        let varying = g.add(logs, distances);
        let log_density = g.sub(constant, varying);
        let log_slope = g.sub(log_density, y);
        g.exp(log_slope)
    }
}

impl Op for LogBetaP {
    fn name(&self) -> &'static str {
        "log_beta_p"
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        args.iter()
            .skip(1)
            .fold(args[0].to_vec(), |all, arg| broadcast_dims(&all, arg).expect("shapes that broadcast"))
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let shapes: Vec<&[usize]> = args.iter().map(|a| a.shape).collect();
        let shape = self.shape(&shapes);
        for (i, row) in out.chunks_exact_mut(lanes.max(1)).enumerate() {
            let at = [0, 1, 2, 3].map(|k| broadcast_position(i, &shape, args[k].shape));
            for (lane, y) in row.iter_mut().enumerate() {
                let [a, b, x, rest] = [0, 1, 2, 3].map(|k| {
                    let Operand { data, lanes, .. } = args[k];
                    data[at[k] * lanes + if lanes == 1 { 0 } else { lane }]
                });
                *y = log_beta_p_value(a, b, x, rest);
            }
        }
    }

    fn tangent(&self, g: &mut Graph, args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let dx = tangents[2]?;
        let slope = LogBetaP::slope(g, args, y);
        let shape = g.shape(y).to_vec();
        let tangent = g.gated_mul(dx, slope);
        Some(g.broadcast(tangent, &shape))
    }

    fn adjoint(&self, g: &mut Graph, args: &[Node], y: Node, dy: Node, wanted: &[bool]) -> Vec<Option<Node>> {
        let to_x = wanted[2].then(|| {
            let slope = LogBetaP::slope(g, args, y);
            let dx = g.gated_mul(dy, slope);
            let shape = g.shape(args[2]).to_vec();
            g.sum_to(dx, &shape)
        });
        vec![None, None, to_x, None]
    }

    fn fingerprint(&self) -> Option<u64> {
        Some(0)
    }
}

/// Where element `i` of an array of `shape` finds its value in an array of shape `from` that broadcasts to it.
pub(super) fn broadcast_position(mut i: usize, shape: &[usize], from: &[usize]) -> usize {
    let (mut at, mut stride) = (0, 1);
    for (back, &dim) in shape.iter().rev().enumerate() {
        let index = i % dim;
        i /= dim;
        if let Some(&own) = from.len().checked_sub(back + 1).and_then(|k| from.get(k)) {
            if own != 1 {
                at += index * stride;
            }
            stride *= own;
        }
    }
    at
}

/// Terms after which a series or continued fraction has converged for all shapes up to about 1e8.
const MAX_TERMS: usize = 100_000;

fn log_gamma_p_value(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if a <= 0.0 {
        return 0.0;
    }
    if x < a + 1.0 { log_gamma_series(a, x) } else { log1m_exp(log_gamma_fraction(a, x)) }
}

fn log_gamma_q_value(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if a <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if x < a + 1.0 { log1m_exp(log_gamma_series(a, x)) } else { log_gamma_fraction(a, x) }
}

/// log P(a, x) for x < a + 1. Abramowitz and Stegun 6.5.29.
fn log_gamma_series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 1..MAX_TERMS {
        term *= x / (a + n as f64);
        sum += term;
        if term < sum * f64::EPSILON * 0.5 {
            break;
        }
    }
    -stirling_remainder_value(a) - deviance_value(a, x) + sum.ln()
}

/// log Q(a, x) for x >= a + 1, by Lentz's method. Abramowitz and Stegun 6.5.31.
fn log_gamma_fraction(a: f64, x: f64) -> f64 {
    if x.is_infinite() {
        return f64::NEG_INFINITY;
    }
    let mut b = x + 1.0 - a;
    let mut c = f64::MAX;
    let mut d = 1.0 / b;
    let mut h = d;
    for i in 1..MAX_TERMS {
        let i = i as f64;
        let numerator = -i * (i - a);
        b += 2.0;
        d = 1.0 / nonzero(numerator * d + b);
        c = nonzero(b + numerator / c);
        let factor = d * c;
        h *= factor;
        if (factor - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    a.ln() - stirling_remainder_value(a) - deviance_value(a, x) + h.ln()
}

fn log_beta_p_value(a: f64, b: f64, x: f64, rest: f64) -> f64 {
    // The limits of the shapes: all mass at 1, or at 0.
    if x <= 0.0 || b <= 0.0 && rest > 0.0 {
        return f64::NEG_INFINITY;
    }
    if rest <= 0.0 || a <= 0.0 {
        return 0.0;
    }
    let n = a + b;
    let remainders = stirling_remainder_value(n) - stirling_remainder_value(a) - stirling_remainder_value(b);
    let log_front = remainders - deviance_value(a, n * x) - deviance_value(b, n * rest) - n.ln();
    if x < (a + 1.0) / (n + 2.0) {
        log_front + b.ln() + beta_fraction(a, b, x).ln()
    } else {
        log1m_exp(log_front + a.ln() + beta_fraction(b, a, rest).ln())
    }
}

/// The continued fraction of I_x(a, b), by Lentz's method. Abramowitz and Stegun 26.5.8.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / nonzero(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    for m in 1..MAX_TERMS {
        let m = m as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut factor = 1.0;
        for numerator in [even, odd] {
            d = 1.0 / nonzero(1.0 + numerator * d);
            c = nonzero(1.0 + numerator / c);
            factor = d * c;
            h *= factor;
        }
        if (factor - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    h
}

/// Lentz's guard against a zero denominator.
fn nonzero(x: f64) -> f64 {
    if x.abs() < 1e-300 { 1e-300 } else { x }
}

/// log(1 - exp(x)), x <= 0; what rounding takes above 0 counts as 0.
fn log1m_exp(x: f64) -> f64 {
    let x = x.min(0.0);
    if x > -std::f64::consts::LN_2 { (-x.exp_m1()).ln() } else { (-x.exp()).ln_1p() }
}
