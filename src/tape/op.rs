//! What an operation must say about itself: shape, value, derivatives.

use std::any::Any;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::{Deref, DerefMut};

use super::code::{Arg, Destination, Kernel, Lowering};
use super::fusion::Role;
use super::graph::{Graph, Node};

/// An argument of an operation while a program runs.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a> {
    /// `[size][lanes]`
    pub data: &'a [f64],
    pub shape: &'a [usize],
    /// 1 where the value is the same in all lanes, else the lanes of the program.
    pub lanes: usize,
}

/// What is known of an argument before a program runs.
#[derive(Clone, Copy, Debug)]
pub struct Extent<'a> {
    pub shape: &'a [usize],
    /// 1 where the value is the same in all lanes, else the lanes of the program.
    pub lanes: usize,
}

/// An array operation. Its derivatives are graph transformations, so that they can be differentiated again.
pub trait Op: Any + Debug + Send + Sync {
    fn name(&self) -> &'static str;

    /// Shape of the value. Panics where the shapes of the arguments do not fit: callers have checked them.
    fn shape(&self, args: &[&[usize]]) -> Vec<usize>;

    /// Roughly how many sums and products a value takes at one point: what is run how, and on how many threads, is chosen
    /// by it.
    fn work(&self, args: &[&[usize]]) -> f64 {
        size_of(&self.shape(args)) as f64
    }

    /// How many numbers of working memory [`Op::evaluate`] needs.
    fn scratch(&self, _args: &[Extent<'_>], _lanes: usize) -> usize {
        0
    }

    /// In how many tasks [`Op::evaluate`] is shared out, where there are so many threads.
    fn tasks(&self, _lanes: usize, _threads: usize) -> usize {
        1
    }

    /// Writes every element of `out[size][lanes]`. At least one argument varies by lane, or `lanes` is 1.
    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, scratch: &mut [f64]);

    /// What the operation does in a pass over the elements of an array, given the shapes of its arguments.
    fn role(&self, _args: &[&[usize]]) -> Role {
        Role::Alone
    }

    /// Of a [`Role::Map`]: writes `out`; each argument is as long, or one number for all.
    fn map(&self, _args: &[&[f64]], _out: &mut [f64]) {
        unreachable!("{} is not elementwise", self.name());
    }

    /// Of a [`Role::Map`] of at most three arguments: what it does over `len` numbers that lie one after the other. An
    /// argument is as long, or one number for all, but not all of them are; `None` if [`Op::map`] does as well.
    fn kernel(&self, _len: usize, _is_one: &[bool]) -> Option<Box<dyn Kernel>> {
        None
    }

    /// Adds the calls that compute the value; `false` if there are none but to map or to evaluate.
    fn lower(&self, _code: &mut Lowering, _args: &[Arg<'_>], _to: &Destination) -> bool {
        false
    }

    /// The operation on each of `n` rows: the arguments that have rows have them along a new first axis, and so has the
    /// value. `None` where there is no operation for that. Those of a [`Role::Map`] are known.
    fn over_rows(&self, _g: &mut Graph, _args: &[Node], _has_rows: &[bool], _n: usize) -> Option<Node> {
        None
    }

    /// Where the value is a contiguous block of its first argument: the block's offset. Such an op costs nothing.
    fn view(&self) -> Option<usize> {
        None
    }

    /// Where the value is zero but for a contiguous block, which is the first argument: the block's offset.
    fn padding(&self) -> Option<usize> {
        None
    }

    /// Whether [`Op::adjoint`] takes a `dy` that has yet to be broadcast to the shape of y, and may give the same.
    fn takes_unbroadcast(&self) -> bool {
        false
    }

    /// J v: the tangent of `y` given those of the arguments (`None` is zero; at least one is not).
    fn tangent(&self, g: &mut Graph, args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node>;

    /// v J: what `dy` contributes to the adjoint of each wanted argument (`None` is zero).
    fn adjoint(&self, g: &mut Graph, args: &[Node], y: Node, dy: Node, wanted: &[bool]) -> Vec<Option<Node>>;

    /// The program that a recursion runs at every step, as text.
    fn body(&self) -> Option<String> {
        None
    }

    /// Ops of one name and one fingerprint are equal: on equal arguments they are one node. `None`: never merged.
    fn fingerprint(&self) -> Option<u64>;
}

/// Whether an operation is of this type.
pub(super) fn is<T: Op>(op: &dyn Op) -> bool {
    let any: &dyn Any = op;
    any.is::<T>()
}

/// A fingerprint from all that distinguishes an op from others of its name.
pub(super) fn fingerprint_of(parameters: impl Hash) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    parameters.hash(&mut hasher);
    Some(hasher.finish())
}

/// A hash of a table of indices, quick for long ones.
pub(super) fn hash_of_table(table: &[u32]) -> u64 {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        product as u64 ^ (product >> 64) as u64
    };
    table.iter().fold(table.len() as u64 ^ MIX, |hash, &i| fold(hash ^ u64::from(i), MIX).wrapping_add(MIX))
}

/// The number of elements of a shape.
pub(super) fn size_of(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// What a function costs, in sums and products, whose values cost much more than their way through memory.
pub(super) const COSTLY_WORK: f64 = 16.0;

/// Arrays have at most this many axes.
pub(super) const MAX_RANK: usize = 15;

/// A shape that is kept on the stack, for use while a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dims {
    dims: [usize; MAX_RANK],
    rank: usize,
}

impl Dims {
    pub fn ones(rank: usize) -> Dims {
        assert!(rank <= MAX_RANK, "arrays of more than {MAX_RANK} axes");
        Dims { dims: [1; MAX_RANK], rank }
    }
}

impl Deref for Dims {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.dims[..self.rank]
    }
}

impl DerefMut for Dims {
    fn deref_mut(&mut self) -> &mut [usize] {
        &mut self.dims[..self.rank]
    }
}

/// The shape that arguments broadcast to, NumPy's rule.
pub(super) fn broadcast_shape(shapes: &[&[usize]]) -> Dims {
    let rank = shapes.iter().map(|s| s.len()).max().unwrap_or(0);
    let mut out = Dims::ones(rank);
    for shape in shapes {
        for (have, &dim) in out[rank - shape.len()..].iter_mut().zip(*shape) {
            assert!(*have == dim || *have == 1 || dim == 1, "shapes {shapes:?} do not broadcast");
            if *have == 1 {
                *have = dim;
            }
        }
    }
    out
}

/// Where in an array of shape `from` element `position` of the shape that it is broadcast to is found; flat positions.
pub(super) fn broadcast_position(mut position: usize, to: &[usize], from: &[usize]) -> usize {
    if to == from {
        return position;
    }
    let (mut found, mut stride) = (0, 1);
    for (&dim, &own) in to.iter().rev().zip(from.iter().rev()) {
        found += if own == 1 { 0 } else { position % dim * stride };
        stride *= own;
        position /= dim;
    }
    found
}
