//! What every builtin needs of its call: arguments, event shapes under a batch, constants, words for errors.

use super::{Arg, Call, CallError, Param, ParamKind};
use crate::tape::{Graph, Node};
use crate::types::{Dim, ElementType, Shape, Type};

impl Param {
    pub const fn required(name: &'static str) -> Param {
        Param { name, kind: ParamKind::Required, doc: "" }
    }

    /// With words for the reference.
    pub const fn doc(self, doc: &'static str) -> Param {
        Param { doc, ..self }
    }

    pub const fn optional(name: &'static str) -> Param {
        Param { name, kind: ParamKind::Optional, doc: "" }
    }

    pub const fn named(name: &'static str) -> Param {
        Param { name, kind: ParamKind::Named, doc: "" }
    }

    pub const fn variadic(name: &'static str) -> Param {
        Param { name, kind: ParamKind::Variadic, doc: "" }
    }
}

impl CallError {
    pub fn new(message: impl Into<String>) -> CallError {
        CallError { message: message.into(), help: None, argument: None, varies: false }
    }

    pub fn help(mut self, help: impl Into<String>) -> CallError {
        self.help = Some(help.into());
        self
    }

    /// Which argument it is about: a position in `Call::args`.
    pub fn about(mut self, argument: usize) -> CallError {
        self.argument = Some(argument);
        self
    }
}

impl Call<'_> {
    /// The argument at position `i`, which the parameters say is there.
    pub fn arg(&self, i: usize) -> Result<Arg, CallError> {
        self.optional(i).ok_or_else(|| CallError::new("an argument is missing").about(i))
    }

    pub fn optional(&self, i: usize) -> Option<Arg> {
        self.args.get(i).copied().flatten()
    }

    /// All given arguments from position `from` on: a variadic tail.
    pub fn tail(&self, from: usize) -> Vec<Arg> {
        self.args.iter().skip(from).filter_map(|a| *a).collect()
    }

    /// The argument's own dimensions.
    pub fn event(&self, g: &Graph, arg: Arg) -> Vec<usize> {
        g.shape(arg.node)[self.batch..].to_vec()
    }

    /// The leading dimensions that all arguments broadcast to.
    pub fn batch_shape(&self, g: &Graph) -> Vec<usize> {
        let mut dims = vec![1; self.batch];
        for arg in self.args.iter().flatten() {
            for (dim, &n) in dims.iter_mut().zip(g.shape(arg.node)) {
                if *dim == 1 {
                    *dim = n;
                }
            }
        }
        dims
    }

    /// The argument with ones put between batch and event dimensions until the event has `rank` dimensions, so that
    /// NumPy's broadcasting aligns batch with batch.
    pub fn padded(&self, g: &mut Graph, arg: Arg, rank: usize) -> Node {
        if arg.rank >= rank {
            return arg.node;
        }
        let mut shape = g.shape(arg.node).to_vec();
        let ones = std::iter::repeat_n(1, rank - arg.rank);
        shape.splice(self.batch..self.batch, ones);
        g.reshape(arg.node, &shape)
    }

    /// The argument's node with its event dimensions replaced by others of the same number of elements.
    pub fn reshaped(&self, g: &mut Graph, arg: Arg, event: &[usize]) -> Node {
        let shape = [&g.shape(arg.node)[..self.batch], event].concat();
        g.reshape(arg.node, &shape)
    }

    /// A constant that is the same everywhere in the batch.
    pub fn constant(&self, g: &mut Graph, values: Vec<f64>, event: &[usize]) -> Node {
        let flat = g.vector(&values);
        let shape = [&vec![1; self.batch][..], event].concat();
        g.reshape(flat, &shape)
    }

    /// The values of an argument that has to be known from the data and be the same all over the batch.
    pub fn known(&self, g: &Graph, i: usize, what: &str) -> Result<Vec<f64>, CallError> {
        let arg = self.arg(i)?;
        let Some(value) = g.value(arg.node) else {
            return Err(CallError::new(format!("{what} must be known from the data"))
                .help("it depends on a latent variable here")
                .about(i));
        };
        let size: usize = self.event(g, arg).iter().product();
        let flat: Vec<f64> = value.iter().copied().collect();
        let first: Vec<f64> = flat.iter().take(size).copied().collect();
        if flat.is_empty() && size > 0 {
            return Err(CallError::new(format!("{what} is not known: the loop has no passes")).about(i));
        }
        let differs = |row: &[f64]| row.iter().zip(&first).any(|(a, b)| a.to_bits() != b.to_bits());
        if size > 0 && flat.chunks(size).any(differs) {
            let error = CallError::new(format!("{what} changes from one pass of the loop to the next"))
                .help("inside a loop it has to be the same in every pass")
                .about(i);
            return Err(CallError { varies: true, ..error });
        }
        Ok(first)
    }

    /// A whole number known from the data.
    pub fn known_int(&self, g: &Graph, i: usize, what: &str) -> Result<i64, CallError> {
        let value = self.known(g, i, what)?;
        match value[..] {
            [x] if x.fract() == 0.0 && x.abs() <= 9e15 => Ok(x as i64),
            _ => Err(CallError::new(format!("{what} must be one whole number")).about(i)),
        }
    }

    /// A length known from the data: a whole number from 0 on.
    pub fn known_length(&self, g: &Graph, i: usize, what: &str) -> Result<usize, CallError> {
        let n = self.known_int(g, i, what)?;
        usize::try_from(n)
            .ok()
            .filter(|&n| n <= MAX_LENGTH)
            .ok_or_else(|| CallError::new(format!("{what} is {n}, which cannot be a length")).about(i))
    }

    /// The exact types of the arguments, from their nodes.
    pub fn types(&self, g: &Graph) -> Vec<Option<Type>> {
        let exact = |arg: &Arg| {
            let event = self.event(g, *arg);
            let mut exact = Type::array(arg.element, Shape::known(&event));
            if arg.element == ElementType::Int && event.is_empty() {
                exact.size = self.size(g, *arg).map(Dim::Known);
            }
            exact
        };
        self.args.iter().map(|arg| arg.as_ref().map(exact)).collect()
    }

    fn size(&self, g: &Graph, arg: Arg) -> Option<usize> {
        let value = g.value(arg.node)?;
        let &first = value.iter().next()?;
        let whole = first >= 0.0 && first.fract() == 0.0 && first <= MAX_LENGTH as f64;
        (whole && value.iter().all(|&x| x == first)).then_some(first as usize)
    }
}

/// Most elements of an array that a call makes out of nothing: 2 GiB of numbers, and well within the 32-bit positions of
/// the engine's index tables.
pub const MAX_LENGTH: usize = 1 << 28;

/// Elements at the positions `index` along `axis` of `x`.
pub fn take(g: &mut Graph, x: Node, axis: usize, index: &[usize]) -> Node {
    let mut shape = g.shape(x).to_vec();
    let length = shape[axis];
    let outer: usize = shape[..axis].iter().product();
    let inner: usize = shape[axis + 1..].iter().product();
    let mut flat = Vec::with_capacity(outer * index.len() * inner);
    for o in 0..outer {
        for &k in index {
            let start = (o * length + k) * inner;
            flat.extend((start..start + inner).map(|i| i as u32));
        }
    }
    shape[axis] = index.len();
    g.gather(x, flat.into(), &shape)
}
