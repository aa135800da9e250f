//! Functions that make, measure, join and rearrange arrays.

pub mod bind;
pub mod fill;
pub mod grouping;
pub mod order;
pub mod scaling;
pub mod sequence;
pub mod size;
pub mod softmax;
