//! Comparisons: bool results, zero derivatives.

use super::{Binary, numbers};
use crate::builtin::typing::{Element, alike};
use crate::builtin::{Builtin, CallError};
use crate::tape::Graph;
use crate::types::{Dim, Type};

pub const ALL: &[&dyn Builtin] = &[
    &Binary {
        name: "<",
        summary: "Less than.",
        example: "1 < 2",
        element: numbers!(Element::Bool),
        size: none,
        mismatch: WORDS,
        build: Graph::less,
    },
    &Binary {
        name: "<=",
        summary: "Less than or equal.",
        example: "2 <= 2",
        element: numbers!(Element::Bool),
        size: none,
        mismatch: WORDS,
        build: Graph::less_equal,
    },
    &Binary {
        name: ">",
        summary: "Greater than.",
        example: "2 > 1",
        element: numbers!(Element::Bool),
        size: none,
        mismatch: WORDS,
        build: |g, a, b| g.less(b, a),
    },
    &Binary {
        name: ">=",
        summary: "Greater than or equal.",
        example: "2 >= 3",
        element: numbers!(Element::Bool),
        size: none,
        mismatch: WORDS,
        build: |g, a, b| g.less_equal(b, a),
    },
    &Binary {
        name: "==",
        summary: "Equal; also of categories with the same levels.",
        example: "1 + 1 == 2",
        element: equality,
        size: none,
        mismatch: WORDS,
        build: Graph::equal,
    },
    &Binary {
        name: "!=",
        summary: "Not equal; also of categories with the same levels.",
        example: "1 != 2",
        element: equality,
        size: none,
        mismatch: WORDS,
        build: Graph::not_equal,
    },
];

const WORDS: &str = "cannot compare {a} with {b}";

fn none(_: &Dim, _: &Dim) -> Option<Dim> {
    None
}

/// Numbers with numbers, categories with categories.
fn equality(a: &Type, b: &Type) -> Result<Element, CallError> {
    alike(&[Some(a.clone()), Some(b.clone())]).map_err(|error| CallError {
        message: "a category is compared with a level of it in quotes, or with a category of the same levels"
            .into(),
        help: Some("write `county == \"HENNEPIN\"`".into()),
        ..error
    })?;
    Ok(Element::Bool)
}
