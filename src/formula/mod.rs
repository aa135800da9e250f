//! Formulas: `lm(1 + x + (1 | g))` rewritten into plain statements, once the columns of the data are known.
//!
//! A formula is taken apart into terms (`terms`), which make the columns of a design matrix (`design`) as in R; their
//! coefficients get priors on the scale of what is predicted (`scale`, `prior`). The statements of all that are written before the one that
//! holds the formula (`statements`, `expansion`), and what is found wrong in them is shown where the formula stands (`rewrite`).

mod columns;
mod design;
mod error;
mod expansion;
mod find;
mod names;
mod prior;
mod rewrite;
mod scale;
mod spread;
mod statements;
mod terms;
mod variable;

pub use columns::Known;
pub use error::{FormulaAdvice, FormulaError, FormulaErrors};
pub use expansion::{Expansion, expand};
pub use rewrite::Rewritten;
pub use statements::Design;
