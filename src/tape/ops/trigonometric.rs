//! Circular and hyperbolic functions and their inverses.

use super::arithmetic::unary;
use super::elementwise::Slope;
use crate::tape::graph::{Graph, Node};
use crate::tape::math;

unary!(/** sin x */ costly Sin, sin, |x| math::sin(x), but x.sin(), if math::has_many_turns(x), |g, x, y| Slope::Node(g.cos(x)));
unary!(/** cos x */ costly Cos, cos, |x| math::cos(x), but x.cos(), if math::has_many_turns(x), |g, x, y| {
    let sin = g.sin(x);
    Slope::Node(g.neg(sin))
});
unary!(/** tan x */ costly Tan, tan, |x| math::tan(x), but x.tan(), if math::has_many_turns(x), |g, x, y| {
    let square = g.square(y);
    Slope::Node(g.add_scalar(square, 1.0))
});
unary!(/** The inverse of sin, in [-pi/2, pi/2]. */ Asin, asin, |x| x.asin(), |g, x, y| {
    let height = distance_to_unit_circle(g, x);
    Slope::Node(g.recip(height))
});
unary!(/** The inverse of cos, in [0, pi]. */ Acos, acos, |x| x.acos(), |g, x, y| {
    let height = distance_to_unit_circle(g, x);
    let inverse = g.recip(height);
    Slope::Node(g.neg(inverse))
});
unary!(/** The inverse of tan, in (-pi/2, pi/2). */ Atan, atan, |x| x.atan(), |g, x, y| {
    let square = g.square(x);
    let sum = g.add_scalar(square, 1.0);
    Slope::Node(g.recip(sum))
});
unary!(/** sinh x */ costly Sinh, sinh, |x| math::sinh(x), |g, x, y| Slope::Node(g.cosh(x)));
unary!(/** cosh x */ costly Cosh, cosh, |x| math::cosh(x), |g, x, y| Slope::Node(g.sinh(x)));
unary!(/** tanh x */ costly Tanh, tanh, |x| math::tanh(x), |g, x, y| {
    let cosh = g.cosh(x);
    let sech = g.recip(cosh);
    Slope::Node(g.square(sech))
});
unary!(/** The inverse of sinh. */ Asinh, asinh, |x| x.asinh(), |g, x, y| {
    let square = g.square(x);
    let sum = g.add_scalar(square, 1.0);
    let root = g.sqrt(sum);
    Slope::Node(g.recip(root))
});

/// sqrt(1 - x^2) = sqrt((1 - x)(1 + x)), exact near 1.
fn distance_to_unit_circle(g: &mut Graph, x: Node) -> Node {
    let (one, above) = (g.scalar(1.0), g.add_scalar(x, 1.0));
    let below = g.sub(one, x);
    let product = g.mul(below, above);
    g.sqrt(product)
}
