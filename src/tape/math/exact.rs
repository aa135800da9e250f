//! What rounding takes from products.

/// The number to 26 bits, whose products are exact.
#[inline(always)]
pub(super) fn head(x: f64) -> f64 {
    f64::from_bits(x.to_bits() & !0x7ff_ffff)
}

/// a b - product, but for the smallest part of it. Dekker (1971), "A floating-point technique for extending the available
/// precision".
#[inline(always)]
pub(super) fn rounding_error(a: f64, b: f64, product: f64) -> f64 {
    let (a_high, b_high) = (head(a), head(b));
    let (a_low, b_low) = (a - a_high, b - b_high);
    ((a_high * b_high - product) + (a_high * b_low + a_low * b_high)) + a_low * b_low
}
