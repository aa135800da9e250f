//! Cumulative sums.

use super::{Empty, X_AXIS, operand, reduced};
use crate::builtin::Builtin;
use crate::builtin::function::{Facts, Function, typ};
use crate::builtin::typing::{Element, numeric};
use crate::types::Type;

pub const ALL: &[&dyn Builtin] = &[&Function {
    name: "cumsum",
    summary: "Running sums, in order of the elements or along an axis; keeps the shape.",
    params: X_AXIS,
    example: "cumsum([1, 2, 3])",
    facts: Facts::Plain,
    result: |args| {
        numeric(args)?;
        let x = typ(args, 0)?;
        reduced("cumsum", x, args.get(1).and_then(Option::as_ref), Empty::Is(0.0))?;
        Ok(Type { element: Element::Keep.of([x]), shape: x.shape.clone(), size: None })
    },
    build: |g, call| {
        let shape = g.shape(call.arg(0)?.node).to_vec();
        let (x, axis) = operand(g, call, "cumsum")?;
        let sums = g.cumsum(x, axis, false);
        Ok(g.reshape(sums, &shape))
    },
}];
