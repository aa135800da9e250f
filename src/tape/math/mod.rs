//! Functions of one number without branches, so that loops over them become vector code.
//!
//! All are sums, products, quotients and choices in a fixed order, fused where `mul_add` says so: a number has the same
//! bytes in a vector of any width and alone, on any processor, though those without fused multiply-add are slow at it.
//! The polynomials come from `tests/tables/make_polynomials.py`.

mod circular;
mod exponential;
mod gamma;
mod logarithm;
mod normal;
mod polynomial;

pub(super) use circular::{cos, has_many_turns, sin, tan};
pub(super) use exponential::{cosh, exp, exp_m1, logistic, logistic_by_odds, sinh, small_odds, tanh};
pub(super) use gamma::{digamma, lgamma, stirling_remainder, trigamma};
pub(super) use logarithm::{ln, ln_1p, log1m_exp, log1p_exp, log1p_exp_by_odds};
pub(super) use normal::{erf, erfc, normal_cdf, normal_hazard, normal_log_cdf};

/// What rounding takes from a product: a b - product, where that is a b rounded.
#[inline(always)]
fn rounding_error(a: f64, b: f64, product: f64) -> f64 {
    a.mul_add(b, -product)
}
