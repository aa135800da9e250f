//! Exponentials, logarithms and the logistic function, with the forms that keep their digits at the ends.

use super::arithmetic::unary;
use super::elementwise::Slope;
use crate::tape::graph::{Graph, Node};

unary!(/** e^x */ Exp, exp, |x| x.exp(), |g, x, y| Slope::Node(y));
unary!(/** e^x - 1 */ Expm1, expm1, |x| x.exp_m1(), |g, x, y| Slope::Node(g.exp(x)));
unary!(/** The natural logarithm: -inf at 0, NaN below. */ Log, log, |x| x.ln(), |g, x, y| Slope::Node(g.recip(x)));
unary!(/** log(1 + x) */ Log1p, log1p, |x| x.ln_1p(), |g, x, y| {
    let argument = g.add_scalar(x, 1.0);
    Slope::Node(g.recip(argument))
});
unary!(/** 1 / (1 + e^-x) */ Logistic, logistic, |x| logistic_value(x), |g, x, y| {
    let mirrored = g.neg(x);
    let complement = g.logistic(mirrored);
    Slope::Node(g.mul(y, complement))
});
unary!(/** log(1 + e^x) */ Log1pExp, log1p_exp, |x| log1p_exp_value(x), |g, x, y| Slope::Node(g.logistic(x)));
unary!(/** log(1 - e^x) for x < 0; -inf at 0, NaN above. Maechler (2012), "Accurately computing log(1 - exp(-|a|))". */
Log1mExp, log1m_exp, |x| log1m_exp_value(x), |g, x, y| {
    let mirrored = g.neg(x);
    let odds = g.expm1(mirrored);
    let inverse = g.recip(odds);
    Slope::Node(g.neg(inverse))
});

#[inline(always)]
fn logistic_value(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

#[inline(always)]
fn log1p_exp_value(x: f64) -> f64 {
    if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
}

/// log(1 - e^x) for x < 0
#[inline(always)]
pub fn log1m_exp_value(x: f64) -> f64 {
    if x > -std::f64::consts::LN_2 { (-x.exp_m1()).ln() } else { (-x.exp()).ln_1p() }
}
