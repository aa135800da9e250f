//! Powers, and products with a logarithm.

use super::arithmetic::binary;
use super::elementwise::Slope;
use crate::tape::graph::{Graph, Node};
use crate::tape::math;

binary!(/** a^b */ Pow, "pow", |a, b| a.powf(b),
|g, a, b, y| {
    // b a^(b-1), which is 0 for b = 0 whatever a is
    let less_one = g.add_scalar(b, -1.0);
    let power = g.pow(a, less_one);
    let product = g.mul(b, power);
    let zero = g.scalar(0.0);
    let flat = g.equal(b, zero);
    Slope::Node(g.select(flat, zero, product))
},
{
    // y log a, which is 0 for a = 0
    let log = g.log(a);
    let product = g.mul(y, log);
    let zero = g.scalar(0.0);
    let flat = g.equal(a, zero);
    Slope::Node(g.select(flat, zero, product))
});

binary!(/** x log y, 0 where x = 0 */ costly XLogY, "xlogy", |x, y| {
    let product = x * math::ln(y);
    if x == 0.0 { 0.0 } else { product }
},
|g, x, y, value| {
    let log = g.log(y);
    Slope::Node(zero_where_both_zero(g, x, y, log))
},
{
    let ratio = g.div(x, y);
    Slope::Node(zero_where_zero(g, x, ratio))
});

binary!(/** x log(1 + y), 0 where x = 0 */ costly XLog1pY, "xlog1py", |x, y| {
    let product = x * math::ln_1p(y);
    if x == 0.0 { 0.0 } else { product }
},
|g, x, y, value| {
    let log = g.log1p(y);
    let beyond = g.add_scalar(y, 1.0);
    Slope::Node(zero_where_both_zero(g, x, beyond, log))
},
{
    let beyond = g.add_scalar(y, 1.0);
    let ratio = g.div(x, beyond);
    Slope::Node(zero_where_zero(g, x, ratio))
});

impl Graph {
    /// a^b; with a constant exponent of 0, 1, 2, 1/2 or -1 a cheaper operation.
    pub fn pow(&mut self, a: Node, b: Node) -> Node {
        if self.value(a).is_none()
            && self.shape(b).len() <= self.shape(a).len()
            && let Some(exponent) = self.scalar_value(b)
        {
            if exponent == 0.0 {
                let shape = self.shape(a).to_vec();
                return self.full(&shape, 1.0);
            } else if exponent == 1.0 {
                return a;
            } else if exponent == 2.0 {
                return self.square(a);
            } else if exponent == 0.5 {
                return self.sqrt(a);
            } else if exponent == -1.0 {
                return self.recip(a);
            }
        }
        self.map2(Pow, a, b)
    }

    /// x log y, 0 where x = 0 (also where y = 0).
    pub fn xlogy(&mut self, x: Node, y: Node) -> Node {
        self.map2(XLogY, x, y)
    }

    /// x log(1 + y), 0 where x = 0 (also where y = -1).
    pub fn xlog1py(&mut self, x: Node, y: Node) -> Node {
        self.map2(XLog1pY, x, y)
    }
}

fn zero_where_zero(g: &mut Graph, x: Node, slope: Node) -> Node {
    let zero = g.scalar(0.0);
    let flat = g.equal(x, zero);
    g.select(flat, zero, slope)
}

fn zero_where_both_zero(g: &mut Graph, x: Node, y: Node, slope: Node) -> Node {
    let zero = g.scalar(0.0);
    let (x, y) = (g.equal(x, zero), g.equal(y, zero));
    let flat = g.and(x, y);
    g.select(flat, zero, slope)
}
