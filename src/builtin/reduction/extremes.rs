//! `min` and `max`: of one array, or element by element of several values.

use super::{Empty, operand, reduced};
use crate::builtin::elementwise::aligned;
use crate::builtin::function::{arity, typ};
use crate::builtin::typing::{Element, broadcast_all, numeric};
use crate::builtin::{Arg, Builtin, Call, CallError, Param};
use crate::tape::{Graph, Node};
use crate::types::Type;

pub const ALL: &[&dyn Builtin] = &[
    &Extreme {
        name: "min",
        summary: "Smallest element of one array (or along an axis), or of several values element by element.",
        example: "min([3, 1, 2])",
        along: Graph::min_axis,
        of_two: Graph::min,
    },
    &Extreme {
        name: "max",
        summary: "Largest element of one array (or along an axis), or of several values element by element.",
        example: "max(2, 7)",
        along: Graph::max_axis,
        of_two: Graph::max,
    },
];

/// Arguments are the axis and then the values.
struct Extreme {
    name: &'static str,
    summary: &'static str,
    example: &'static str,
    along: fn(&mut Graph, Node, usize) -> Node,
    of_two: fn(&mut Graph, Node, Node) -> Node,
}

impl Builtin for Extreme {
    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn params(&self) -> &'static [Param] {
        const PARAMS: &[Param] = &[
            Param::named("axis").doc(super::AXIS),
            Param::variadic("x").doc("an array, or several values to compare element by element"),
        ];
        PARAMS
    }

    fn result(&self, args: &[Option<Type>]) -> Result<Type, CallError> {
        arity(self.name, self.params(), args)?;
        numeric(args)?;
        let values = || args.iter().enumerate().skip(1).filter_map(|(i, t)| Some((i, t.as_ref()?)));
        let element = Element::Keep.of(values().map(|(_, t)| t));
        let axis = args[0].as_ref();
        let shape = if values().count() == 1 {
            reduced(self.name, typ(args, 1)?, axis, Empty::AtLeast(1)).map_err(swapped)?
        } else if axis.is_some() {
            let message = format!("`{}` takes an axis with one array only", self.name);
            return Err(CallError::new(message).about(0));
        } else {
            broadcast_all(values(), &format!("cannot combine {{a}} and {{b}} in `{}`", self.name))?
        };
        Ok(Type { element, shape, size: None })
    }

    fn build(&self, g: &mut Graph, call: &Call) -> Result<Node, CallError> {
        self.result(&call.types(g))?;
        if let [x] = call.tail(1)[..] {
            let args: [Option<Arg>; 2] = [Some(x), call.optional(0)];
            let (x, axis) = operand(g, &Call { args: &args, batch: call.batch }, self.name)?;
            return Ok((self.along)(g, x, axis));
        }
        let values = aligned(g, call);
        Ok(values[1..].iter().fold(values[0], |extreme, &x| (self.of_two)(g, extreme, x)))
    }

    /// Of one array; several values are compared row by row.
    fn training_constant(&self) -> bool {
        true
    }

    fn example(&self) -> &'static str {
        self.example
    }
}

/// `reduced` speaks of the value as argument 0 and of the axis as 1; here they are the other way round.
fn swapped(error: CallError) -> CallError {
    CallError { argument: error.argument.map(|i| 1 - i), ..error }
}
