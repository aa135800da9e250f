//! Choosing between values: `where` and `clamp`.

use super::aligned;
use crate::builtin::function::{Facts, Function, typ};
use crate::builtin::typing::{Element, alike, broadcast_all, join, numeric};
use crate::builtin::{Builtin, CallError, Param};
use crate::types::Type;

pub static WHERE: Function = Function {
    name: "where",
    summary: "a where the condition holds, b elsewhere.",
    params: &[Param::required("condition"), Param::required("a"), Param::required("b")],
    example: "where(2 > 1, 10, 20)",
    facts: Facts::Elementwise,
    result: where_result,
    build: |g, call| {
        let args = aligned(g, call);
        Ok(g.select(args[0], args[1], args[2]))
    },
};

pub const ALL: &[&dyn Builtin] = &[
    &WHERE,
    &Function {
        name: "clamp",
        summary: "x, or the bound that it is beyond.",
        params: &[Param::required("x"), Param::required("lower"), Param::required("upper")],
        example: "clamp(5, 0, 1)",
        facts: Facts::Elementwise,
        result: |args| {
            numeric(args)?;
            let given = || args.iter().flatten();
            let shape = broadcast_all(given().enumerate(), "cannot combine {a} and {b} in `clamp`")?;
            Ok(Type { element: Element::Keep.of(given()), shape, size: None })
        },
        build: |g, call| {
            let args = aligned(g, call);
            let below = g.min(args[0], args[2]);
            Ok(g.max(below, args[1]))
        },
    },
];

fn where_result(args: &[Option<Type>]) -> Result<Type, CallError> {
    numeric(&args[..1])?;
    alike(&args[1..])?;
    let given = args.iter().flatten();
    let shape = broadcast_all(given.enumerate(), "cannot combine {a} and {b} in `where`")?;
    Ok(Type { element: join([typ(args, 1)?, typ(args, 2)?]), shape, size: None })
}
