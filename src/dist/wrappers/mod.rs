//! Distributions made out of distributions: restricted, ordered, mixed.

mod mixture;
mod ordered;
mod positive_ordered;
mod truncated;
mod zero_sum;

use super::Wrapper;

/// Every wrapper.
pub static ALL: &[&dyn Wrapper] = &[
    &truncated::Truncated,
    &ordered::Ordered,
    &positive_ordered::PositiveOrdered,
    &zero_sum::ZeroSum,
    &mixture::Mixture,
];

/// The wrapper of this name.
pub fn find(name: &str) -> Option<&'static dyn Wrapper> {
    ALL.iter().copied().find(|w| w.name() == name)
}
