//! Exponentials, logarithms and the logistic function, with the forms that keep their digits at the ends.

use super::arithmetic::unary;
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
