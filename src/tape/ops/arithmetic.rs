//! Sums, products, rounding and extremes of two.

use std::cmp::Ordering;

use super::elementwise::{Binary, Map1, Map2, Slope, Unary};
use crate::tape::graph::{Graph, Node};
use crate::tape::op::is;

macro_rules! unary {
    ($(#[$doc:meta])* $type:ident, $costly:literal, $name:ident, |$x:ident| $value:expr,
     $(but $exception:expr, if $condition:expr,)? |$g:ident, $xn:ident, $y:ident| $slope:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $type;

        impl $crate::tape::ops::elementwise::Unary for $type {
            const NAME: &'static str = stringify!($name);
            const COSTLY: bool = $costly;
            #[inline(always)]
            fn value(self, $x: f64) -> f64 {
                $value
            }
            $(#[inline(always)]
            fn is_exception(self, $x: f64) -> bool {
                $condition
            }
            fn exception(self, $x: f64) -> f64 {
                $exception
            })?
            #[allow(unused_variables)]
            fn slope(self, $g: &mut Graph, $xn: Node, $y: Node) -> Slope {
                $slope
            }
        }

        impl Graph {
            $(#[$doc])*
            pub fn $name(&mut self, x: Node) -> Node {
                self.map1($type, x)
            }
        }
    };
    ($(#[$doc:meta])* costly $type:ident, $($rest:tt)*) => {
        $crate::tape::ops::arithmetic::unary!($(#[$doc])* $type, true, $($rest)*);
    };
    ($(#[$doc:meta])* $type:ident, $name:ident, $($rest:tt)*) => {
        $crate::tape::ops::arithmetic::unary!($(#[$doc])* $type, false, $name, $($rest)*);
    };
}

pub(super) use unary;

unary!(/** 1/x */ Recip, recip, |x| 1.0 / x, |g, x, y| {
    let square = g.square(y);
    Slope::Node(g.neg(square))
});
unary!(/** |x|; its slope at 0 is 0. */ Abs, abs, |x| x.abs(), |g, x, y| Slope::Node(g.sign(x)));
unary!(/** -1, 0 or 1; its slope is 0. */ Sign, sign, |x| if x == 0.0 { 0.0 } else { x.signum() }, |g, x, y| Slope::Zero);
unary!(/** Rounds down; its slope is 0. */ Floor, floor, |x| x.floor(), |g, x, y| Slope::Zero);
unary!(/** Rounds up; its slope is 0. */ Ceil, ceil, |x| x.ceil(), |g, x, y| Slope::Zero);
unary!(/** Rounds to the nearest integer, halves away from 0; its slope is 0. */ Round, round, |x| x.round(), |g, x, y| Slope::Zero);
unary!(/** x^2 */ Square, square, |x| x * x, |g, x, y| Slope::Node(g.mul_scalar(x, 2.0)));
unary!(/** The square root, NaN below 0. */ Sqrt, sqrt, |x| x.sqrt(), |g, x, y| {
    let inverse = g.recip(y);
    Slope::Node(g.mul_scalar(inverse, 0.5))
});

/// -x
#[derive(Clone, Copy, Debug)]
pub struct Neg;

impl Unary for Neg {
    const NAME: &'static str = "neg";
    #[inline(always)]
    fn value(self, x: f64) -> f64 {
        -x
    }
    fn slope(self, _g: &mut Graph, _x: Node, _y: Node) -> Slope {
        Slope::Constant(-1.0)
    }
}

macro_rules! binary {
    ($(#[$doc:meta])* $type:ident, $costly:literal, $name:literal, |$a:ident, $b:ident| $value:expr,
     |$g:ident, $an:ident, $bn:ident, $y:ident| $slope_a:expr, $slope_b:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $type;

        impl $crate::tape::ops::elementwise::Binary for $type {
            const NAME: &'static str = $name;
            const COSTLY: bool = $costly;
            #[inline(always)]
            fn value(self, $a: f64, $b: f64) -> f64 {
                $value
            }
            #[allow(unused_variables)]
            fn slope_a(self, $g: &mut Graph, $an: Node, $bn: Node, $y: Node) -> Slope {
                $slope_a
            }
            #[allow(unused_variables)]
            fn slope_b(self, $g: &mut Graph, $an: Node, $bn: Node, $y: Node) -> Slope {
                $slope_b
            }
        }
    };
    ($(#[$doc:meta])* costly $type:ident, $($rest:tt)*) => {
        $crate::tape::ops::arithmetic::binary!($(#[$doc])* $type, true, $($rest)*);
    };
    ($(#[$doc:meta])* $type:ident, $name:literal, |$($rest:tt)*) => {
        $crate::tape::ops::arithmetic::binary!($(#[$doc])* $type, false, $name, |$($rest)*);
    };
}

pub(super) use binary;

binary!(/** a + b */ Add, "add", |a, b| a + b, |g, a, b, y| Slope::Constant(1.0), Slope::Constant(1.0));
binary!(/** a - b */ Sub, "sub", |a, b| a - b, |g, a, b, y| Slope::Constant(1.0), Slope::Constant(-1.0));
binary!(/** a b */ Mul, "mul", |a, b| a * b, |g, a, b, y| Slope::Node(b), Slope::Node(a));
binary!(/** a / b */ Div, "div", |a, b| a / b, |g, a, b, y| Slope::Node(g.recip(b)), {
    let ratio = g.div(y, b);
    Slope::Node(g.neg(ratio))
});
binary!(/** The larger, NaN if one is; of equals the slope goes to `a`. */
    Max, "max", |a, b| if a >= b || a.is_nan() { a } else { b },
    |g, a, b, y| Slope::Node(g.less_equal(b, a)), Slope::Node(g.less(a, b)));
binary!(/** The smaller, NaN if one is; of equals the slope goes to `a`. */
    Min, "min", |a, b| if a <= b || a.is_nan() { a } else { b },
    |g, a, b, y| Slope::Node(g.less_equal(a, b)), Slope::Node(g.less(b, a)));

/// d p, but 0 wherever d is 0: the product of the chain rule, with `d` the derivative that came in and `p` the slope.
#[derive(Clone, Copy, Debug)]
pub struct GatedMul;

impl Binary for GatedMul {
    const NAME: &'static str = "gated_mul";
    #[inline(always)]
    fn value(self, d: f64, p: f64) -> f64 {
        if d == 0.0 { 0.0 } else { d * p }
    }
    fn slope_a(self, _g: &mut Graph, _d: Node, p: Node, _y: Node) -> Slope {
        Slope::Node(p)
    }
    fn slope_b(self, _g: &mut Graph, d: Node, _p: Node, _y: Node) -> Slope {
        Slope::Node(d)
    }
    /// d stays the gate: where it is 0 the slope of the slope does not matter either.
    fn along_b(self, g: &mut Graph, [d, _, _]: [Node; 3], incoming: Node) -> Option<Node> {
        Some(g.gated_mul(d, incoming))
    }
}

impl Graph {
    pub fn add(&mut self, a: Node, b: Node) -> Node {
        if let Some(same) = self.unless_neutral(0.0, a, b).or_else(|| self.unless_neutral(0.0, b, a)) {
            return same;
        }
        match (self.negated(a), self.negated(b)) {
            (_, Some(b)) => self.sub(a, b),
            (Some(a), None) => self.sub(b, a),
            (None, None) => self.map2(Add, a.min(b), a.max(b)),
        }
    }

    pub fn sub(&mut self, a: Node, b: Node) -> Node {
        if let Some(same) = self.unless_neutral(0.0, b, a) {
            return same;
        }
        match self.negated(b) {
            Some(b) => self.add(a, b),
            None => self.map2(Sub, a, b),
        }
    }

    /// Known factors are collected in one.
    pub fn mul(&mut self, a: Node, b: Node) -> Node {
        if let Some(same) = self.unless_neutral(1.0, a, b).or_else(|| self.unless_neutral(1.0, b, a)) {
            return same;
        }
        if a == b {
            return self.square(a);
        }
        for (known, x) in [(a, b), (b, a)] {
            if let Some(c) = self.scalar_value(known)
                && self.shape(known).len() <= self.shape(x).len()
            {
                if let Some((own, x)) = self.scaled(x) {
                    return self.mul_scalar(x, c * own);
                }
                if c == -1.0 {
                    return self.neg(x);
                }
            }
        }
        // Signs go to the front, where sums take them up.
        for (negative, other) in [(a, b), (b, a)] {
            if self.size(negative) >= self.size(other)
                && let Some(x) = self.negated(negative)
            {
                let product = self.mul(x, other);
                return self.neg(product);
            }
        }
        self.map2(Mul, a.min(b), a.max(b))
    }

    /// x of -x.
    fn negated(&self, n: Node) -> Option<Node> {
        let (op, args) = self.application(n)?;
        is::<Map1<Neg>>(&**op).then(|| args[0])
    }

    /// (c, x) of c x or -x with a known number c.
    pub(in crate::tape) fn scaled(&self, n: Node) -> Option<(f64, Node)> {
        if let Some(x) = self.negated(n) {
            return Some((-1.0, x));
        }
        let (_, args) = self.application(n).filter(|(op, _)| is::<Map2<Mul>>(&***op))?;
        [(args[0], args[1]), (args[1], args[0])].into_iter().find_map(|(known, x)| {
            let fits = self.shape(x) == self.shape(n);
            self.scalar_value(known).filter(|c| fits && c.is_finite()).map(|c| (c, x))
        })
    }

    pub fn div(&mut self, a: Node, b: Node) -> Node {
        self.unless_neutral(1.0, b, a).unwrap_or_else(|| self.map2(Div, a, b))
    }

    /// The larger of each pair, NaN if one is.
    pub fn max(&mut self, a: Node, b: Node) -> Node {
        self.map2(Max, a, b)
    }

    /// The smaller of each pair, NaN if one is.
    pub fn min(&mut self, a: Node, b: Node) -> Node {
        self.map2(Min, a, b)
    }

    pub fn neg(&mut self, x: Node) -> Node {
        match self.scaled(x) {
            Some((c, x)) => self.mul_scalar(x, -c),
            None => self.map1(Neg, x),
        }
    }

    pub fn add_scalar(&mut self, x: Node, c: f64) -> Node {
        let c = self.scalar(c);
        self.add(x, c)
    }

    pub fn mul_scalar(&mut self, x: Node, c: f64) -> Node {
        if c == -1.0 {
            return self.neg(x);
        }
        let c = self.scalar(c);
        self.mul(x, c)
    }

    /// d p, but 0 wherever d is 0 even if p is not finite; see [`Graph::chain`].
    pub fn gated_mul(&mut self, d: Node, p: Node) -> Node {
        let finite = |g: &Graph, n| g.value(n).is_some_and(|v| v.iter().all(|x| x.is_finite()));
        let nonzero = |g: &Graph, n| g.scalar_value(n).is_some_and(|x| x != 0.0);
        if finite(self, p) || nonzero(self, d) {
            return self.mul(d, p);
        }
        // Known factors go to the smaller of the two, else to the front, where others are.
        let factor = |g: &Graph, n: Node| g.scaled(n).filter(|(c, _)| *c != 0.0).unwrap_or((1.0, n));
        let ((c, gate), (e, slope)) = (factor(self, d), factor(self, p));
        if [gate, slope] == [d, p] {
            return self.map2(GatedMul, d, p);
        }
        match self.size(d).cmp(&self.size(p)) {
            Ordering::Less => {
                let gate = self.mul_scalar(gate, c * e);
                self.map2(GatedMul, gate, slope)
            }
            Ordering::Greater => {
                let slope = self.mul_scalar(slope, c * e);
                self.map2(GatedMul, gate, slope)
            }
            Ordering::Equal => {
                let product = self.map2(GatedMul, gate, slope);
                self.mul_scalar(product, c * e)
            }
        }
    }

    /// `x`, if combining it with the constant `c` changes neither its elements nor its shape.
    fn unless_neutral(&self, neutral: f64, c: Node, x: Node) -> Option<Node> {
        let is_neutral = self.scalar_value(c) == Some(neutral) && self.shape(c).len() <= self.shape(x).len();
        is_neutral.then_some(x)
    }
}
