//! Functions that work element by element: one entry each in the tables of the files below.

pub mod arithmetic;
pub mod choice;
pub mod comparison;
pub mod exponential;
pub mod logic;
pub mod neural;
pub mod probability;
pub mod rounding;
pub mod special;
pub mod trigonometric;

use super::function::{arity, typ};
use super::typing::{Element, broadcast_all, numeric};
use super::{Builtin, Call, CallError, Param};
use crate::tape::{Graph, Node};
use crate::types::{Dim, Type};

/// f(x), element by element.
pub struct Unary {
    pub name: &'static str,
    pub summary: &'static str,
    pub example: &'static str,
    pub element: Element,
    pub build: fn(&mut Graph, Node) -> Node,
}

impl Builtin for Unary {
    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn params(&self) -> &'static [Param] {
        const X: &[Param] = &[Param::required("x")];
        X
    }

    fn result(&self, args: &[Option<Type>]) -> Result<Type, CallError> {
        arity(self.name, self.params(), args)?;
        numeric(args)?;
        let x = typ(args, 0)?;
        Ok(Type { element: self.element.of([x]), shape: x.shape.clone(), size: None })
    }

    fn build(&self, g: &mut Graph, call: &Call) -> Result<Node, CallError> {
        self.result(&call.types(g))?;
        Ok((self.build)(g, call.arg(0)?.node))
    }

    fn elementwise(&self) -> bool {
        true
    }

    fn example(&self) -> &'static str {
        self.example
    }
}

/// f(a, b), element by element, with broadcasting.
pub struct Binary {
    pub name: &'static str,
    pub summary: &'static str,
    pub example: &'static str,
    pub element: fn(&Type, &Type) -> Result<Element, CallError>,
    /// Of two lengths: the result as a length, where it is one.
    pub size: fn(&Dim, &Dim) -> Option<Dim>,
    /// `cannot add {a} and {b}`.
    pub mismatch: &'static str,
    pub build: fn(&mut Graph, Node, Node) -> Node,
}

impl Builtin for Binary {
    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn params(&self) -> &'static [Param] {
        const AB: &[Param] = &[Param::required("a"), Param::required("b")];
        AB
    }

    fn result(&self, args: &[Option<Type>]) -> Result<Type, CallError> {
        arity(self.name, self.params(), args)?;
        let (a, b) = (typ(args, 0)?, typ(args, 1)?);
        let element = (self.element)(a, b)?.of([a, b]);
        let shape = broadcast_all([(0, a), (1, b)], self.mismatch)?;
        let size = match (&a.size, &b.size) {
            (Some(a), Some(b)) => (self.size)(a, b),
            _ => None,
        };
        Ok(Type { element, shape, size })
    }

    fn build(&self, g: &mut Graph, call: &Call) -> Result<Node, CallError> {
        self.result(&call.types(g))?;
        let args = aligned(g, call);
        Ok((self.build)(g, args[0], args[1]))
    }

    fn elementwise(&self) -> bool {
        true
    }

    fn example(&self) -> &'static str {
        self.example
    }
}

/// All given arguments with equal event ranks, so that the graph's broadcasting aligns batch with batch.
pub fn aligned(g: &mut Graph, call: &Call) -> Vec<Node> {
    let args = call.tail(0);
    let rank = args.iter().map(|a| a.rank).max().unwrap_or(0);
    args.into_iter().map(|a| if call.batch > 0 { call.padded(g, a, rank) } else { a.node }).collect()
}

/// Numbers in, `element` out.
macro_rules! numbers {
    ($element:expr) => {
        |a, b| {
            crate::builtin::typing::numeric(&[Some(a.clone()), Some(b.clone())])?;
            Ok($element)
        }
    };
}
pub(crate) use numbers;
