//! Distributions made out of distributions: restricted, censored, ordered, mixed, with zeros.

mod censored;
mod hurdle;
mod mixture;
mod ordered;
mod positive_ordered;
mod truncated;
mod zero_inflated;
mod zero_sum;

use super::Wrapper;

/// Every wrapper.
pub static ALL: &[&dyn Wrapper] = &[
    &truncated::Truncated,
    &censored::Censored,
    &ordered::Ordered,
    &positive_ordered::PositiveOrdered,
    &zero_sum::ZeroSum,
    &mixture::Mixture,
    &zero_inflated::ZeroInflated,
    &hurdle::Hurdle,
];

/// The wrapper of this name.
pub fn find(name: &str) -> Option<&'static dyn Wrapper> {
    ALL.iter().copied().find(|w| w.name() == name)
}
