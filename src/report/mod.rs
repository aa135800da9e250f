//! What people and programs read: summaries, variables, answers and errors, as text or JSON. Nothing here prints.

pub mod diagnostic;
mod failure;
pub mod json;
pub mod number;
pub mod reference;
pub mod style;
pub mod text;

pub use failure::failure;
pub use style::Style;
