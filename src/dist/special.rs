//! Special functions that keep log densities exact where differences of log-gammas would cancel.
//!
//! After Loader (2000), "Fast and accurate computation of binomial probabilities": every density of the gamma, beta,
//! Poisson and binomial kind is a sum of remainders of Stirling's formula and of deviances, each small near the mode.

use crate::tape::ops::elementwise::{Binary, Slope, Unary};
pub(super) use crate::tape::ops::gamma::stirling_remainder_value;
use crate::tape::{Graph, Node};

/// log Gamma(x + 1) - (x log x - x), x >= 0: 0 at 0, close to log(2 pi x) / 2 for large x.
pub fn stirling_remainder(g: &mut Graph, x: Node) -> Node {
    g.stirling_remainder(x)
}

/// x log(x / m) + m - x, for x, m >= 0: Poisson deviance, 0 where m = x, to full relative precision near there.
pub fn deviance(g: &mut Graph, x: Node, m: Node) -> Node {
    g.map2(Deviance, x, m)
}

/// Log likelihood of one trial at this logit, given the share of successes, less its maximum over logits:
/// s log(p / s) + (1 - s) log((1 - p) / (1 - s)), p = logistic(logit).
pub fn relative_log_likelihood(g: &mut Graph, share: Node, logit: Node) -> Node {
    g.map2(RelativeLogLikelihood, share, logit)
}

/// log(1 + x^2), without overflow.
pub fn log1p_square(g: &mut Graph, x: Node) -> Node {
    g.map1(Log1pSquare, x)
}

#[derive(Clone, Copy, Debug)]
struct Deviance;

impl Binary for Deviance {
    const NAME: &'static str = "deviance";

    fn value(self, x: f64, m: f64) -> f64 {
        deviance_value(x, m)
    }

    fn slope_a(self, g: &mut Graph, x: Node, m: Node, _y: Node) -> Slope {
        let (log_x, log_m) = (g.log(x), g.log(m));
        Slope::Node(g.sub(log_x, log_m))
    }

    fn slope_b(self, g: &mut Graph, x: Node, m: Node, _y: Node) -> Slope {
        let ratio = g.map2(Ratio, x, m);
        let negative = g.neg(ratio);
        Slope::Node(g.add_scalar(negative, 1.0))
    }
}

/// x / m, 0 where x = 0.
#[derive(Clone, Copy, Debug)]
struct Ratio;

impl Binary for Ratio {
    const NAME: &'static str = "ratio";

    fn value(self, x: f64, m: f64) -> f64 {
        if x == 0.0 { 0.0 } else { x / m }
    }

    fn slope_a(self, g: &mut Graph, _x: Node, m: Node, _y: Node) -> Slope {
        Slope::Node(g.recip(m))
    }

    fn slope_b(self, g: &mut Graph, _x: Node, m: Node, y: Node) -> Slope {
        let slope = g.map2(Ratio, y, m);
        Slope::Node(g.neg(slope))
    }
}

#[derive(Clone, Copy, Debug)]
struct RelativeLogLikelihood;

impl Binary for RelativeLogLikelihood {
    const NAME: &'static str = "relative_log_likelihood";

    fn value(self, share: f64, logit: f64) -> f64 {
        relative_log_likelihood_value(share, logit)
    }

    fn slope_a(self, g: &mut Graph, share: Node, logit: Node, _y: Node) -> Slope {
        let negative = g.neg(share);
        let (log, log_rest) = (g.log(share), g.log1p(negative));
        let saturated = g.sub(log, log_rest);
        Slope::Node(g.sub(logit, saturated))
    }

    fn slope_b(self, g: &mut Graph, share: Node, logit: Node, _y: Node) -> Slope {
        let p = g.logistic(logit);
        Slope::Node(g.sub(share, p))
    }
}

/// Beyond this logit the smaller probability is below 1e-13, and no share of a count below 1e12 is near it.
const FAR_LOGIT: f64 = 30.0;

pub(super) fn relative_log_likelihood_value(share: f64, logit: f64) -> f64 {
    let rest = 1.0 - share;
    let e = (-logit.abs()).exp();
    if logit.abs() > FAR_LOGIT {
        let log_max = xlogy(share, share) + if rest == 0.0 { 0.0 } else { rest * (-share).ln_1p() };
        let tail = e.ln_1p();
        let log_p = logit.min(0.0) - tail;
        let log_q = (-logit).min(0.0) - tail;
        return share * log_p + rest * log_q - log_max;
    }
    let (large, small) = (1.0 / (1.0 + e), e / (1.0 + e));
    let (p, q) = if logit >= 0.0 { (large, small) } else { (small, large) };
    -(deviance_value(share, p) + deviance_value(rest, q))
}

#[derive(Clone, Copy, Debug)]
struct Log1pSquare;

impl Unary for Log1pSquare {
    const NAME: &'static str = "log1p_square";

    fn value(self, x: f64) -> f64 {
        if x.abs() < LARGE_ROOT { (x * x).ln_1p() } else { 2.0 * x.abs().ln() }
    }

    fn slope(self, g: &mut Graph, x: Node, _y: Node) -> Slope {
        let square = g.square(x);
        let sum = g.add_scalar(square, 1.0);
        let inverse = g.recip(sum);
        let twice = g.mul_scalar(x, 2.0);
        Slope::Node(g.mul(twice, inverse))
    }
}

/// Its square is far from overflow, and 1 is nothing to it.
const LARGE_ROOT: f64 = 1e100;

pub(super) fn deviance_value(x: f64, m: f64) -> f64 {
    if x == 0.0 {
        return m;
    }
    if m.is_infinite() {
        return m;
    }
    let difference = x - m;
    if difference.abs() < 0.1 * (x + m) {
        // 2 x artanh(v) - (x - m) with v = (x - m) / (x + m), term by term
        let v = difference / (x + m);
        let mut sum = difference * v;
        let mut power = 2.0 * x * v;
        for j in 1..20 {
            power *= v * v;
            let next = sum + power / f64::from(2 * j + 1);
            if next == sum {
                break;
            }
            sum = next;
        }
        return sum;
    }
    let ratio = x / m;
    let log_ratio = if ratio.is_normal() { ratio.ln() } else { x.ln() - m.ln() };
    x * log_ratio + (m - x)
}

fn xlogy(x: f64, y: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * y.ln() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: f64, expected: f64, relative: f64) {
        assert!((value - expected).abs() <= relative * expected.abs(), "{value:e} is not {expected:e}");
    }

    #[test]
    fn deviance_keeps_its_relative_precision_near_zero() {
        // mpmath, 50 digits, at the doubles given
        close(deviance_value(1e6, 1000001.0), 4.999996666669167e-7, 1e-13);
        close(deviance_value(3.0, 3.1), 0.0016305315310273914, 1e-13);
        close(deviance_value(1.0, 1e-300), 689.7755278982137, 1e-14);
        assert_eq!(deviance_value(0.0, 2.5), 2.5);
        assert_eq!(deviance_value(2.5, 2.5), 0.0);
        assert_eq!(deviance_value(2.0, 0.0), f64::INFINITY);
    }
}
