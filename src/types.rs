//! Types that all layers share.

use std::fmt;

/// What one element of a value is. Every element is stored as an f64: bools as 0/1, categories as 1-based codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ElementType {
    Int,
    Real,
    Bool,
    /// One of a set of named levels.
    Category,
}

impl ElementType {
    /// The name that a `data` declaration uses.
    pub fn name(self) -> &'static str {
        match self {
            ElementType::Int => "int",
            ElementType::Real => "real",
            ElementType::Bool => "bool",
            ElementType::Category => "category",
        }
    }

    /// Whether arithmetic applies; bools count as 0/1.
    pub fn is_numeric(self) -> bool {
        self != ElementType::Category
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
