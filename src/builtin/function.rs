//! A builtin with free-form typing and building; elementwise functions and reductions have leaner forms of their own.

use super::{Builtin, Call, CallError, Param, ParamKind};
use crate::tape::{Graph, Node};
use crate::types::Type;

/// One entry of a catalogue.
pub struct Function {
    pub name: &'static str,
    pub summary: &'static str,
    pub params: &'static [Param],
    pub example: &'static str,
    pub facts: Facts,
    pub result: fn(&[Option<Type>]) -> Result<Type, CallError>,
    /// Called with arguments that `result` has agreed to, with exact shapes.
    pub build: fn(&mut Graph, &Call) -> Result<Node, CallError>,
}

/// What else is true of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facts {
    Plain,
    Elementwise,
    TrainingConstant,
    /// The elements of the result are elements of the first argument.
    Rearranges,
    /// Rows of the first argument by columns of the second.
    Product,
    /// Rows and columns stand for the elements of the first argument.
    OnDiagonal,
}

impl Builtin for Function {
    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn params(&self) -> &'static [Param] {
        self.params
    }

    fn result(&self, args: &[Option<Type>]) -> Result<Type, CallError> {
        arity(self.name, self.params, args)?;
        (self.result)(args)
    }

    fn build(&self, g: &mut Graph, call: &Call) -> Result<Node, CallError> {
        self.result(&call.types(g))?;
        (self.build)(g, call)
    }

    fn elementwise(&self) -> bool {
        self.facts == Facts::Elementwise
    }

    fn training_constant(&self) -> bool {
        self.facts == Facts::TrainingConstant
    }

    fn keeps_levels(&self) -> bool {
        self.facts == Facts::Rearranges
    }

    fn dimensions_of(&self) -> &'static [(usize, usize)] {
        match self.facts {
            Facts::Product => &[(0, 0), (1, 1)],
            Facts::OnDiagonal => &[(0, 0), (0, 0)],
            _ => &[],
        }
    }

    fn example(&self) -> &'static str {
        self.example
    }
}

/// Every required argument is there, and no more than there are parameters.
pub fn arity(name: &str, params: &[Param], args: &[Option<Type>]) -> Result<(), CallError> {
    let variadic = params.iter().any(|p| p.kind == ParamKind::Variadic);
    for (i, param) in params.iter().enumerate() {
        let needed = matches!(param.kind, ParamKind::Required | ParamKind::Variadic);
        if needed && args.get(i).is_none_or(Option::is_none) {
            return Err(CallError::new(format!("`{name}` needs its argument `{}`", param.name)).about(i));
        }
    }
    if args.len() > params.len() && !variadic {
        let arguments = if params.len() == 1 { "argument" } else { "arguments" };
        let counts = format!("takes {} {arguments}, found {}", params.len(), args.len());
        return Err(CallError::new(format!("`{name}` {counts}")));
    }
    Ok(())
}

/// The type of an argument that `arity` has seen.
pub fn typ(args: &[Option<Type>], i: usize) -> Result<&Type, CallError> {
    args.get(i).and_then(Option::as_ref).ok_or_else(|| CallError::new("an argument is missing").about(i))
}
