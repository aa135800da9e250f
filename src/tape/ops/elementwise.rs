//! Operations described by a scalar function and its slopes: everything else about them is said here, once.

use std::fmt::Debug;
use std::sync::Arc;

use crate::tape::code::Kernel;
use crate::tape::fusion::Role;
use crate::tape::graph::{Graph, Node};
use crate::tape::kernel::Walk;
use crate::tape::op::{COSTLY_WORK, Op, Operand, broadcast_shape, fingerprint_of, size_of};
use crate::tape::vector;

/// f'(x), or a partial derivative, at the point where the function is evaluated.
#[derive(Clone, Copy, Debug)]
pub enum Slope {
    Zero,
    Constant(f64),
    Node(Node),
}

/// A function of one number.
pub trait Unary: Copy + Debug + Send + Sync + 'static {
    const NAME: &'static str;
    /// Whether a value costs much more than its way through memory.
    const COSTLY: bool = false;
    /// Inlined into vector code: without branches where speed matters.
    fn value(self, x: f64) -> f64;
    /// Whether x is one of the few arguments for which `value` does not hold.
    #[inline(always)]
    fn is_exception(self, _x: f64) -> bool {
        false
    }
    /// The value there.
    fn exception(self, x: f64) -> f64 {
        self.value(x)
    }
    /// f'(x), where y = f(x).
    fn slope(self, g: &mut Graph, x: Node, y: Node) -> Slope;
    /// Tells functions of one name apart.
    fn parameter(self) -> u64 {
        0
    }
}

/// A function of two numbers.
pub trait Binary: Copy + Debug + Send + Sync + 'static {
    const NAME: &'static str;
    /// Whether a value costs much more than its way through memory.
    const COSTLY: bool = false;
    /// Inlined into vector code: without branches where speed matters.
    fn value(self, a: f64, b: f64) -> f64;
    /// df/da, where y = f(a, b).
    fn slope_a(self, g: &mut Graph, a: Node, b: Node, y: Node) -> Slope;
    /// df/db
    fn slope_b(self, g: &mut Graph, a: Node, b: Node, y: Node) -> Slope;
    /// The chain rule: d df/da
    fn along_a(self, g: &mut Graph, [a, b, y]: [Node; 3], d: Node) -> Option<Node> {
        let slope = self.slope_a(g, a, b, y);
        g.chain(d, slope)
    }
    /// The chain rule: d df/db
    fn along_b(self, g: &mut Graph, [a, b, y]: [Node; 3], d: Node) -> Option<Node> {
        let slope = self.slope_b(g, a, b, y);
        g.chain(d, slope)
    }
}

/// A function of N numbers that costs much more than the walk over its arguments.
pub trait Nary<const N: usize>: Copy + Debug + Send + Sync + 'static {
    const NAME: &'static str;
    fn value(self, x: [f64; N]) -> f64;
    /// Its derivative along argument `k`, where y = f(x).
    fn slope(self, g: &mut Graph, x: [Node; N], y: Node, k: usize) -> Slope;
    /// Tells functions of one name apart.
    fn parameter(self) -> u64 {
        0
    }
}

/// A [`Unary`] function of every element.
#[derive(Clone, Copy, Debug)]
pub struct Map1<F>(pub F);

/// A [`Binary`] function of every pair of elements, broadcast.
#[derive(Clone, Copy, Debug)]
pub struct Map2<F>(pub F);

/// An [`Nary`] function of all N-tuples of elements, broadcast.
#[derive(Clone, Copy, Debug)]
pub struct MapN<F, const N: usize>(pub F);

impl Graph {
    pub fn map1<F: Unary>(&mut self, f: F, x: Node) -> Node {
        self.apply(Arc::new(Map1(f)), &[x])
    }

    pub fn map2<F: Binary>(&mut self, f: F, a: Node, b: Node) -> Node {
        self.apply(Arc::new(Map2(f)), &[a, b])
    }

    pub fn map_n<F: Nary<N>, const N: usize>(&mut self, f: F, args: [Node; N]) -> Node {
        self.apply(Arc::new(MapN(f)), &args)
    }

    /// The chain rule: d times slope, 0 wherever d is 0 (so that a branch not taken contributes nothing, even where its
    /// slope is not finite).
    pub fn chain(&mut self, d: Node, slope: Slope) -> Option<Node> {
        match slope {
            Slope::Zero => None,
            Slope::Constant(c) => Some(self.mul_scalar(d, c)),
            Slope::Node(slope) => Some(self.gated_mul(d, slope)),
        }
    }
}

impl<F: Unary> Op for Map1<F> {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        args[0].to_vec()
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        size_of(&self.shape(args)) as f64 * if F::COSTLY { COSTLY_WORK } else { 1.0 }
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], _lanes: usize, _scratch: &mut [f64]) {
        self.map(&[args[0].data], out);
    }

    fn role(&self, _args: &[&[usize]]) -> Role {
        Role::Map
    }

    fn map(&self, args: &[&[f64]], out: &mut [f64]) {
        if args[0].len() == out.len() {
            vector::map1(self.0, args[0], out);
        } else if let Some((first, rest)) = out.split_first_mut() {
            vector::map1(self.0, args[0], std::slice::from_mut(first));
            rest.fill(*first);
        }
    }

    fn kernel(&self, len: usize, _is_one: &[bool]) -> Option<Box<dyn Kernel>> {
        Some(vector::kernel1(self.0, len))
    }

    fn takes_unbroadcast(&self) -> bool {
        true
    }

    fn tangent(&self, g: &mut Graph, args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let slope = self.0.slope(g, args[0], y);
        g.chain(tangents[0]?, slope)
    }

    fn adjoint(
        &self,
        g: &mut Graph,
        args: &[Node],
        y: Node,
        dy: Node,
        _wanted: &[bool],
    ) -> Vec<Option<Node>> {
        let slope = self.0.slope(g, args[0], y);
        vec![g.chain(dy, slope)]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(self.0.parameter())
    }
}

impl<F: Binary> Op for Map2<F> {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        broadcast_shape(args).to_vec()
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        size_of(&self.shape(args)) as f64 * if F::COSTLY { COSTLY_WORK } else { 1.0 }
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let f = self.0;
        let [a, b] = [&args[0], &args[1]];
        // the same shape, or a constant scalar: no axes to walk over
        let n = out.len();
        match (a.data.len() == n, b.data.len() == n) {
            (true, true) => return vector::map2(f, a.data, b.data, [1, 1], out),
            (true, false) if b.data.len() == 1 => return vector::map2(f, a.data, b.data, [1, 0], out),
            (false, true) if a.data.len() == 1 => return vector::map2(f, a.data, b.data, [0, 1], out),
            _ => {}
        }
        let shape = broadcast_shape(&[a.shape, b.shape]);
        Walk::broadcast(&shape, lanes, [a, b]).rows(|o, [i, j], n, strides| {
            vector::map2(f, &a.data[i..], &b.data[j..], strides, &mut out[o..o + n]);
        });
    }

    fn role(&self, _args: &[&[usize]]) -> Role {
        Role::Map
    }

    fn map(&self, args: &[&[f64]], out: &mut [f64]) {
        let stride = |row: &[f64]| usize::from(row.len() == out.len());
        let strides = [stride(args[0]), stride(args[1])];
        vector::map2(self.0, args[0], args[1], strides, out);
    }

    fn kernel(&self, len: usize, is_one: &[bool]) -> Option<Box<dyn Kernel>> {
        Some(vector::kernel2(self.0, len, [is_one[0], is_one[1]]))
    }

    fn takes_unbroadcast(&self) -> bool {
        true
    }

    fn tangent(&self, g: &mut Graph, args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let (a, b) = (args[0], args[1]);
        let along_a = tangents[0].and_then(|d| self.0.along_a(g, [a, b, y], d));
        let along_b = tangents[1].and_then(|d| self.0.along_b(g, [a, b, y], d));
        let sum = match (along_a, along_b) {
            (Some(a), Some(b)) => g.add(a, b),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => return None,
        };
        let shape = g.shape(y).to_vec();
        Some(g.broadcast(sum, &shape))
    }

    fn adjoint(&self, g: &mut Graph, args: &[Node], y: Node, dy: Node, wanted: &[bool]) -> Vec<Option<Node>> {
        let (a, b) = (args[0], args[1]);
        let to_a = wanted[0].then(|| self.0.along_a(g, [a, b, y], dy)).flatten();
        let to_a = to_a.map(|d| unbroadcast(g, d, y, a));
        let to_b = wanted[1].then(|| self.0.along_b(g, [a, b, y], dy)).flatten();
        let to_b = to_b.map(|d| unbroadcast(g, d, y, b));
        vec![to_a, to_b]
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(0)
    }
}

impl<F: Nary<N>, const N: usize> Op for MapN<F, N> {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn shape(&self, args: &[&[usize]]) -> Vec<usize> {
        broadcast_shape(args).to_vec()
    }

    fn work(&self, args: &[&[usize]]) -> f64 {
        size_of(&self.shape(args)) as f64 * COSTLY_WORK
    }

    fn evaluate(&self, args: &[Operand<'_>], out: &mut [f64], lanes: usize, _scratch: &mut [f64]) {
        let operands: [&Operand<'_>; N] = std::array::from_fn(|k| &args[k]);
        let shape = broadcast_shape(&operands.map(|operand| operand.shape));
        Walk::broadcast(&shape, lanes, operands).rows(|o, at, n, strides| {
            for (i, y) in out[o..o + n].iter_mut().enumerate() {
                *y = self.0.value(std::array::from_fn(|k| operands[k].data[at[k] + i * strides[k]]));
            }
        });
    }

    fn role(&self, _args: &[&[usize]]) -> Role {
        Role::Map
    }

    fn map(&self, args: &[&[f64]], out: &mut [f64]) {
        let stride = |row: &[f64]| usize::from(row.len() == out.len());
        let strides: [usize; N] = std::array::from_fn(|k| stride(args[k]));
        for (i, y) in out.iter_mut().enumerate() {
            *y = self.0.value(std::array::from_fn(|k| args[k][i * strides[k]]));
        }
    }

    fn takes_unbroadcast(&self) -> bool {
        true
    }

    fn tangent(&self, g: &mut Graph, args: &[Node], y: Node, tangents: &[Option<Node>]) -> Option<Node> {
        let x: [Node; N] = std::array::from_fn(|k| args[k]);
        let mut sum = None;
        for (k, tangent) in tangents.iter().enumerate() {
            let Some(tangent) = *tangent else { continue };
            let slope = self.0.slope(g, x, y, k);
            let Some(along) = g.chain(tangent, slope) else { continue };
            sum = Some(sum.map_or(along, |sum| g.add(sum, along)));
        }
        let shape = g.shape(y).to_vec();
        sum.map(|sum| g.broadcast(sum, &shape))
    }

    fn adjoint(&self, g: &mut Graph, args: &[Node], y: Node, dy: Node, wanted: &[bool]) -> Vec<Option<Node>> {
        let x: [Node; N] = std::array::from_fn(|k| args[k]);
        let mut to = |k: usize| {
            let slope = self.0.slope(g, x, y, k);
            let d = g.chain(dy, slope)?;
            Some(unbroadcast(g, d, y, args[k]))
        };
        (0..N).map(|k| wanted[k].then(|| to(k)).flatten()).collect()
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint_of(self.0.parameter())
    }
}

/// The adjoint of broadcasting `arg` to the shape of `y`: sums `d`, which itself may have yet to be broadcast.
pub(super) fn unbroadcast(g: &mut Graph, d: Node, y: Node, arg: Node) -> Node {
    if g.shape(arg) == g.shape(y) {
        return d;
    }
    let (full, target) = (g.shape(y).to_vec(), g.shape(arg).to_vec());
    let d = g.broadcast(d, &full);
    g.sum_to(d, &target)
}
