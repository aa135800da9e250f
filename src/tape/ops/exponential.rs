//! Exponentials, logarithms and the logistic function, with the forms that keep their digits at the ends.

use super::arithmetic::{binary, unary};
use super::elementwise::Slope;
use crate::tape::graph::{Graph, Node};
use crate::tape::math;

unary!(/** e^x */ costly Exp, exp, |x| math::exp(x), |g, x, y| Slope::Node(y));
unary!(/** e^x - 1 */ costly Expm1, expm1, |x| math::exp_m1(x), |g, x, y| Slope::Node(g.exp(x)));
unary!(/** The natural logarithm: -inf at 0, NaN below. */ costly Log, log, |x| math::ln(x), |g, x, y| Slope::Node(g.recip(x)));
unary!(/** log(1 + x) */ costly Log1p, log1p, |x| math::ln_1p(x), |g, x, y| {
    let argument = g.add_scalar(x, 1.0);
    Slope::Node(g.recip(argument))
});
unary!(/** 1 / (1 + e^-x) */ costly Logistic, logistic, |x| math::logistic(x), |g, x, y| {
    let mirrored = g.neg(x);
    let complement = g.logistic(mirrored);
    Slope::Node(g.mul(y, complement))
});
unary!(/** log(1 + e^x) */ costly Log1pExp, log1p_exp, |x| math::log1p_exp(x), |g, x, y| Slope::Node(g.logistic(x)));
unary!(/** e^-|x|: the odds e^x or their inverse, whichever is below 1. */
costly SmallOdds, small_odds, |x| math::small_odds(x), |g, x, y| {
    let sign = g.sign(x);
    let downwards = g.neg(sign);
    Slope::Node(g.mul(downwards, y))
});
binary!(/** log(1 + e^x), given e = e^-|x|. */
costly Log1pExpByOdds, "log1p_exp_by_odds", |x, e| math::log1p_exp_by_odds(x, e),
|g, x, e, y| {
    let zero = g.scalar(0.0);
    Slope::Node(g.less(zero, x))
},
{
    let sum = g.add_scalar(e, 1.0);
    Slope::Node(g.recip(sum))
});
binary!(/** 1 / (1 + e^-x), given e = e^-|x|. */
LogisticByOdds, "logistic_by_odds", |x, e| math::logistic_by_odds(x, e), |g, x, e, y| Slope::Zero, {
    // -1 / (1 + e)^2 for the larger part, else the opposite
    let sum = g.add_scalar(e, 1.0);
    let square = g.square(sum);
    let slope = g.recip(square);
    let mirrored = g.neg(slope);
    let zero = g.scalar(0.0);
    let is_larger = g.less_equal(zero, x);
    Slope::Node(g.select(is_larger, mirrored, slope))
});

impl Graph {
    /// log(1 + e^x), given e = [`Graph::small_odds`] of x.
    pub fn log1p_exp_by_odds(&mut self, x: Node, e: Node) -> Node {
        self.map2(Log1pExpByOdds, x, e)
    }

    /// 1 / (1 + e^-x), given e = [`Graph::small_odds`] of x or -x.
    pub fn logistic_by_odds(&mut self, x: Node, e: Node) -> Node {
        self.map2(LogisticByOdds, x, e)
    }
}

unary!(/** log(1 - e^x) for x < 0; -inf at 0, NaN above. Maechler (2012), "Accurately computing log(1 - exp(-|a|))". */
costly Log1mExp, log1m_exp, |x| math::log1m_exp(x), |g, x, y| {
    let mirrored = g.neg(x);
    let odds = g.expm1(mirrored);
    let inverse = g.recip(odds);
    Slope::Node(g.neg(inverse))
});

/// log(1 - e^x) for x < 0
pub fn log1m_exp_value(x: f64) -> f64 {
    math::log1m_exp(x)
}
