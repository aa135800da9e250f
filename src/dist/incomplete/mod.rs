//! Logarithms of incomplete gamma and beta functions, with derivatives in all their arguments: distribution functions.
//!
//! Two kinds of operation are closed under differentiation: derivatives of a log tail in its shapes, and those of its hazard,
//! the slope along the logarithm (gamma) or the log odds (beta) of x.

mod jet;
mod small_shapes;
mod values;

use crate::tape::ops::elementwise::{Nary, Slope};
use crate::tape::{Graph, Node};

use super::student_t::{finite_df, scaled_log_density};

/// log P(a, x), the regularised lower incomplete gamma function.
pub fn log_gamma_p(g: &mut Graph, a: Node, x: Node) -> Node {
    let log_x = g.log(x);
    gamma(g, Side::Lower, [a, x, log_x])
}

/// log Q(a, x) = log(1 - P(a, x)).
pub fn log_gamma_q(g: &mut Graph, a: Node, x: Node) -> Node {
    let log_x = g.log(x);
    gamma(g, Side::Upper, [a, x, log_x])
}

/// log P(a, exp(log_x)), where x may underflow.
pub fn log_gamma_p_of_log(g: &mut Graph, a: Node, log_x: Node) -> Node {
    let x = g.exp(log_x);
    gamma(g, Side::Lower, [a, x, log_x])
}

/// log Q(a, exp(log_x)).
pub fn log_gamma_q_of_log(g: &mut Graph, a: Node, log_x: Node) -> Node {
    let x = g.exp(log_x);
    gamma(g, Side::Upper, [a, x, log_x])
}

/// log I_x(a, b), the regularised incomplete beta function; `rest` is 1 - x.
pub fn log_beta_p(g: &mut Graph, a: Node, b: Node, x: Node, rest: Node) -> Node {
    let (log_x, log_rest) = (g.log(x), g.log(rest));
    let log_odds = g.sub(log_x, log_rest);
    log_beta_p_of_odds(g, a, b, log_odds)
}

/// log I_x(a, b) at x = logistic(log_odds). The other tail is that of (b, a) at -log_odds.
pub fn log_beta_p_of_odds(g: &mut Graph, a: Node, b: Node, log_odds: Node) -> Node {
    beta(g, Beta { what: What::LogTail, order: [0, 0] }, [a, b, log_odds])
}

/// log P(T <= t) of the standard t; of the standard normal for infinite df.
pub fn student_log_cdf(g: &mut Graph, df: Node, t: Node) -> Node {
    g.map_n(StudentLogCdf(0), [df, t])
}

/// Shapes have derivatives up to this order. A fit asks for two.
const MAX_ORDER: u32 = 3;

/// A derivative that nobody asks for; NaN rather than wrong.
fn unknown(g: &mut Graph) -> Slope {
    Slope::Node(g.scalar(f64::NAN))
}

#[derive(Clone, Copy, Debug, Hash, PartialEq)]
enum Side {
    Lower,
    Upper,
}

#[derive(Clone, Copy, Debug, Hash, PartialEq)]
enum What {
    LogTail,
    Hazard,
}

/// A derivative in a, of this order, of log P(a, x) or log Q(a, x) or of x^a e^-x / Gamma(a) over P or Q, elementwise over
/// (a, x, log x); the derivative along x is taken along log x.
#[derive(Clone, Copy, Debug)]
struct Gamma {
    side: Side,
    what: What,
    order: u32,
}

fn gamma(g: &mut Graph, side: Side, args: [Node; 3]) -> Node {
    g.map_n(Gamma { side, what: What::LogTail, order: 0 }, args)
}

impl Gamma {
    fn with<const N: usize>(self, [a, x, log_x]: [f64; 3]) -> f64 {
        let (log_tail, hazard) = values::gamma_tails::<N>(a, x, log_x)[self.side as usize];
        let jet = if self.what == What::LogTail { log_tail } else { hazard };
        jet.derivative(self.order as usize, 0)
    }

    fn hazard(self, g: &mut Graph, args: [Node; 3], order: u32) -> Node {
        g.map_n(Gamma { what: What::Hazard, order, ..self }, args)
    }
}

impl Nary<3> for Gamma {
    const NAME: &'static str = "incomplete_gamma";

    fn value(self, args: [f64; 3]) -> f64 {
        match self.order {
            0 => self.with::<1>(args),
            1 => self.with::<2>(args),
            2 => self.with::<3>(args),
            _ => self.with::<4>(args),
        }
    }

    fn slope(self, g: &mut Graph, args: [Node; 3], _y: Node, k: usize) -> Slope {
        let order = self.order;
        match (k, self.what) {
            (0, _) if order == MAX_ORDER => unknown(g),
            (0, _) => Slope::Node(g.map_n(Gamma { order: order + 1, ..self }, args)),
            (1, _) => Slope::Zero,
            (_, What::LogTail) => {
                let hazard = self.hazard(g, args, order);
                Slope::Node(if self.side == Side::Lower { hazard } else { g.neg(hazard) })
            }
            // h' = h (a - x -+ h), by Leibniz's rule
            (_, What::Hazard) => {
                let hazards: Vec<Node> = (0..=order).map(|i| self.hazard(g, args, i)).collect();
                let excess = g.sub(args[0], args[1]);
                let mut sum = g.mul(excess, hazards[order as usize]);
                if order > 0 {
                    let along = g.mul_scalar(hazards[order as usize - 1], f64::from(order));
                    sum = g.add(sum, along);
                }
                for i in 0..=order {
                    let product = g.mul(hazards[i as usize], hazards[(order - i) as usize]);
                    let product = g.mul_scalar(product, choose(order, i));
                    sum = if self.side == Side::Lower { g.sub(sum, product) } else { g.add(sum, product) };
                }
                Slope::Node(sum)
            }
        }
    }

    fn parameter(self) -> u64 {
        u64::from(self.order) * 4 + self.side as u64 * 2 + self.what as u64
    }
}

/// A derivative in a and b, of these orders, of log I_x(a, b) or of x^a (1 - x)^b / B(a, b) over I_x(a, b), elementwise
/// over (a, b, log odds of x).
#[derive(Clone, Copy, Debug)]
struct Beta {
    what: What,
    order: [u32; 2],
}

fn beta(g: &mut Graph, f: Beta, args: [Node; 3]) -> Node {
    g.map_n(f, args)
}

impl Beta {
    fn with<const N: usize>(self, [a, b, log_odds]: [f64; 3]) -> f64 {
        let [(log_tail, hazard), _] = values::beta_tails::<N>(a, b, log_odds);
        let jet = if self.what == What::LogTail { log_tail } else { hazard };
        jet.derivative(self.order[0] as usize, self.order[1] as usize)
    }

    fn hazard(g: &mut Graph, args: [Node; 3], order: [u32; 2]) -> Node {
        beta(g, Beta { what: What::Hazard, order }, args)
    }
}

impl Nary<3> for Beta {
    const NAME: &'static str = "incomplete_beta";

    fn value(self, args: [f64; 3]) -> f64 {
        match self.order[0] + self.order[1] {
            0 => self.with::<1>(args),
            1 => self.with::<2>(args),
            2 => self.with::<3>(args),
            _ => self.with::<4>(args),
        }
    }

    fn slope(self, g: &mut Graph, args: [Node; 3], _y: Node, k: usize) -> Slope {
        let [i, j] = self.order;
        match (k, self.what) {
            (0 | 1, _) if i + j == MAX_ORDER => unknown(g),
            (0, _) => Slope::Node(beta(g, Beta { order: [i + 1, j], ..self }, args)),
            (1, _) => Slope::Node(beta(g, Beta { order: [i, j + 1], ..self }, args)),
            (_, What::LogTail) => Slope::Node(Beta::hazard(g, args, self.order)),
            // h' = h (a (1 - x) - b x - h), by Leibniz's rule
            (_, What::Hazard) => {
                let [a, b, log_odds] = args;
                let against = g.neg(log_odds);
                let (x, rest) = (g.logistic(log_odds), g.logistic(against));
                let (up, down) = (g.mul(a, rest), g.mul(b, x));
                let excess = g.sub(up, down);
                let own = Beta::hazard(g, args, self.order);
                let mut sum = g.mul(excess, own);
                if i > 0 {
                    let lower = Beta::hazard(g, args, [i - 1, j]);
                    let along = g.mul(lower, rest);
                    let along = g.mul_scalar(along, f64::from(i));
                    sum = g.add(sum, along);
                }
                if j > 0 {
                    let lower = Beta::hazard(g, args, [i, j - 1]);
                    let along = g.mul(lower, x);
                    let along = g.mul_scalar(along, f64::from(j));
                    sum = g.sub(sum, along);
                }
                for p in 0..=i {
                    for q in 0..=j {
                        let first = Beta::hazard(g, args, [p, q]);
                        let second = Beta::hazard(g, args, [i - p, j - q]);
                        let product = g.mul(first, second);
                        let product = g.mul_scalar(product, choose(i, p) * choose(j, q));
                        sum = g.sub(sum, product);
                    }
                }
                Slope::Node(sum)
            }
        }
    }

    fn parameter(self) -> u64 {
        u64::from(self.order[0]) * 16 + u64::from(self.order[1]) * 2 + self.what as u64
    }
}

fn choose(n: u32, k: u32) -> f64 {
    (1..=k).map(|i| f64::from(n + 1 - i) / f64::from(i)).product()
}

/// The derivative in df, of this order up to 2, of log P(T <= t), elementwise over (df, t).
#[derive(Clone, Copy, Debug)]
struct StudentLogCdf(u32);

impl Nary<2> for StudentLogCdf {
    const NAME: &'static str = "student_log_cdf";

    fn value(self, [df, t]: [f64; 2]) -> f64 {
        values::student_log_cdf(df, t)[self.0 as usize]
    }

    fn slope(self, g: &mut Graph, [df, t]: [Node; 2], y: Node, k: usize) -> Slope {
        match (k, self.0) {
            (_, 2) => unknown(g),
            (0, order) => Slope::Node(g.map_n(StudentLogCdf(order + 1), [df, t])),
            (_, 0) => Slope::Node(student_hazard(g, df, t, y)),
            _ => {
                let log_cdf = g.map_n(StudentLogCdf(0), [df, t]);
                let hazard = student_hazard(g, df, t, log_cdf);
                let along = student_log_density_slope(g, df, t);
                let relative = g.sub(along, y);
                Slope::Node(g.mul(relative, hazard))
            }
        }
    }

    fn parameter(self) -> u64 {
        self.0.into()
    }
}

/// The density over the distribution function.
fn student_hazard(g: &mut Graph, df: Node, t: Node, log_cdf: Node) -> Node {
    let log_density = scaled_log_density(g, df, t, None);
    let log_hazard = g.sub(log_density, log_cdf);
    g.exp(log_hazard)
}

/// The derivative in df of the log density of a standard t:
/// (digamma((df + 1) / 2) - digamma(df / 2) - 1 / df - log(1 + t^2 / df) + (1 + 1 / df) t^2 / (df + t^2)) / 2
fn student_log_density_slope(g: &mut Graph, df: Node, t: Node) -> Node {
    let df = finite_df(g, df);
    let half = g.mul_scalar(df, 0.5);
    let next = g.add_scalar(half, 0.5);
    let (digamma, digamma_next) = (g.digamma(half), g.digamma(next));
    let inverse = g.recip(df);
    let gammas = g.sub(digamma_next, digamma);
    let constant = g.sub(gammas, inverse);
    let root = g.sqrt(inverse);
    let scaled = g.mul(t, root);
    let spread = super::special::log1p_square(g, scaled);
    // t^2 / (df + t^2) = 1 - exp(-spread)
    let against = g.neg(spread);
    let share = g.expm1(against);
    let one_more = g.add_scalar(inverse, 1.0);
    let saturation = g.mul(one_more, share);
    let varying = g.add(spread, saturation);
    let twice = g.sub(constant, varying);
    g.mul_scalar(twice, 0.5)
}
/// Where element `i` of an array of `shape` finds its value in an array of shape `from` that broadcasts to it.
pub fn broadcast_position(mut i: usize, shape: &[usize], from: &[usize]) -> usize {
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
