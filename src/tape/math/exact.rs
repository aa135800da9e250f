//! What rounding takes from products.

/// a b - product, where that is a b rounded.
#[inline(always)]
pub(super) fn rounding_error(a: f64, b: f64, product: f64) -> f64 {
    a.mul_add(b, -product)
}
